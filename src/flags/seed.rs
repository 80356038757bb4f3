//! The first rows of the flag table, from one TOML file per environment.
//!
//! A seed only creates a row that is not there yet; afterwards the row belongs to its operators.
//! A file with faults seeds nothing, and all its faults are told at once.

mod segments;

use std::collections::{HashMap, HashSet};
use std::fmt;

use toml::{Table, Value};

use super::fields::Fields;
use super::history::to_the_millisecond;
use super::limits::form;
use super::{
    ACCEPTED_MAX, AcceptedDifference, Cause, Flag, Invariants, Kind, Limits, Phase, Rescue,
    SettingsPatch,
};
use super::{MoveRefusal, SegmentDraft, Stage, Target};
use crate::domain::{ComponentId, GroupId, Revision, Share, Timestamp, TokenForm};
use segments::read_segments;
pub(super) use segments::target_faults;
pub(super) use segments::{read_segment, read_targets};

/// Most components of one flag table.
pub const COMPONENTS_MAX: usize = 1000;

/// What a table starts as.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seeds {
    /// Its components.
    pub components: Vec<Seed>,
    /// The segments that their targets name.
    pub segments: Vec<SegmentDraft>,
}

/// What one component starts as.
#[derive(Clone, Debug, PartialEq)]
pub struct Seed {
    /// Which component.
    pub component: ComponentId,
    /// What kind of piece it is.
    pub kind: Kind,
    /// The phase it belongs to.
    pub phase: Phase,
    /// Its group; `main` unless said otherwise.
    pub group: GroupId,
    /// What it requires.
    pub requires: Vec<ComponentId>,
    /// The name of its legacy path; its own id unless said otherwise.
    pub legacy: String,
    /// `Off` or `Shadow`: only a person's move gives traffic to ssot.
    pub stage: Stage,
    /// Who may be rescued.
    pub rescue: Rescue,
    /// Part of answers that are compared; `None` for the stage's default.
    pub sample: Option<Share>,
    /// Time for a whole answer, in milliseconds.
    pub deadline_ms: u32,
    /// Budgeted rescues per second.
    pub rescues_per_second_max: u32,
    /// What becomes of a token that SSOT can prove to be bad while legacy serves.
    pub invariants: Invariants,
    /// Differences accepted from the start.
    pub accepted: Vec<SeededDifference>,
    /// Who is served otherwise than the share says.
    pub targets: Vec<Target>,
    /// What the guard holds it to.
    pub limits: Limits,
}

/// An accepted difference whose end may be counted from the day its row is created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeededDifference {
    pub(super) difference: AcceptedDifference,
    pub(super) expiry: Expiry,
}

/// When a seeded difference expires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Expiry {
    /// At a fixed date.
    At(Timestamp),
    /// So many days after the row is created.
    InDays(u16),
}

/// A fault of a seed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedFault {
    /// The file.
    pub file: String,
    /// The component, where the fault is inside one.
    pub component: Option<String>,
    /// The field, where the fault is in one.
    pub field: Option<String>,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for SeedFault {
    /// `staging.toml: http-auth: deadline_ms: must be 50 to 60000`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = Some(&self.file).filter(|file| !file.is_empty());
        for part in [file, self.component.as_ref(), self.field.as_ref()].into_iter().flatten() {
            write!(f, "{part}: ")?;
        }
        f.write_str(&self.problem)
    }
}

impl SeedFault {
    /// A fault of a seed whose file is not known any more.
    pub(super) fn of(seed: &Seed, problem: String) -> Self {
        fault(Some(seed.component.as_str()), None, problem)
    }

    /// A fault outside the components, of a file that is not known any more.
    pub(super) fn of_table(place: &str, problem: String) -> Self {
        fault(None, Some(place), problem)
    }
}

const DEADLINE_MS: u32 = 1000;
const RESCUES_PER_SECOND_MAX: u32 = 50;
pub(super) const REQUIRES_MAX: usize = 16;

/// Why a file cannot accept every difference.
const NEEDS_TWO_PEOPLE: &str =
    "may hide that ssot lets in more than legacy: two people accept it, and no file";

impl Seed {
    /// Reads the seeds of one file: `[component.<id>]` and `[segment.<name>]` tables. `file` names
    /// it in the faults.
    pub fn parse_all(text: &str, file: &str) -> Result<Seeds, Vec<SeedFault>> {
        let mut faults = Vec::new();
        let seeds = match read_toml(text) {
            Ok(table) => read_file(table, &mut faults),
            Err(fault) => {
                faults.push(fault);
                Seeds::default()
            }
        };
        if faults.is_empty() {
            let components: Vec<&Self> = seeds.components.iter().collect();
            let segments = seeds.segments.iter().map(|segment| segment.name.clone()).collect();
            faults = requirement_faults(&components, &HashMap::new());
            faults.extend(target_faults(&components, &segments));
        }
        for fault in &mut faults {
            file.clone_into(&mut fault.file);
        }
        if faults.is_empty() { Ok(seeds) } else { Err(faults) }
    }

    /// The row this seed creates at `now`, its revision still blank.
    pub(super) fn flag(&self, now: Timestamp) -> Result<Flag, MoveRefusal> {
        let accepted: Vec<_> = self.accepted.iter().map(|seeded| seeded.starting(now)).collect();
        let patch = SettingsPatch {
            accepted: Some(accepted.clone()),
            targets: Some(self.targets.clone()),
            limits: Some(self.limits.clone()),
            ..SettingsPatch::default()
        };
        patch.check(now)?;
        Ok(Flag {
            component: self.component.clone(),
            kind: self.kind,
            phase: self.phase,
            group: self.group.clone(),
            requires: self.requires.clone(),
            legacy: self.legacy.clone(),
            stage: self.stage,
            rescue: self.rescue,
            sample: self.sample,
            deadline_ms: self.deadline_ms,
            rescues_per_second_max: self.rescues_per_second_max,
            latch: None,
            hold: None,
            rolled_back_at: Vec::new(),
            served_until: None,
            accepted,
            targets: self.targets.clone(),
            invariants: self.invariants,
            token_form: TokenForm::default(),
            limits: self.limits.clone(),
            revision: Revision::default(),
            changed_at: now,
            cause: Cause::Seed,
        })
    }
}

impl SeededDifference {
    /// The difference as accepted on the day of `now`.
    pub fn starting(&self, now: Timestamp) -> AcceptedDifference {
        let expires_at = match self.expiry {
            Expiry::At(moment) => to_the_millisecond(moment),
            Expiry::InDays(days) => now.plus_seconds(i64::from(days) * 86_400),
        };
        AcceptedDifference { expires_at, ..self.difference.clone() }
    }
}

/// A TOML text; the fault says where it ceases to be one.
pub(super) fn read_toml(text: &str) -> Result<Table, SeedFault> {
    text.parse::<Table>().map_err(|error| {
        let line = error.span().map_or(0, |span| text[..span.start].lines().count());
        fault(None, None, format!("line {line}: {}", error.message()))
    })
}

pub(super) fn fault(
    component: Option<&str>,
    field: Option<&str>,
    problem: impl Into<String>,
) -> SeedFault {
    SeedFault {
        file: String::new(),
        component: component.map(str::to_owned),
        field: field.map(str::to_owned),
        problem: problem.into(),
    }
}

fn read_file(mut table: Table, faults: &mut Vec<SeedFault>) -> Seeds {
    let segments = table.remove("segment").map(|value| read_segments(value, faults));
    let components = table.remove("component");
    faults.extend(table.keys().map(|key| fault(None, Some(key), "unknown key")));
    let components = read_components(components, faults);
    Seeds { components, segments: segments.unwrap_or_default() }
}

fn read_components(components: Option<Value>, faults: &mut Vec<SeedFault>) -> Vec<Seed> {
    let components = match components {
        Some(Value::Table(components)) if components.len() <= COMPONENTS_MAX => components,
        Some(Value::Table(_)) => {
            faults.push(fault(None, Some("component"), "more than 1000 components"));
            return Vec::new();
        }
        Some(_) | None => {
            faults.push(fault(None, Some("component"), "must be tables `[component.<id>]`"));
            return Vec::new();
        }
    };
    let mut seeds = Vec::new();
    for (id, value) in components {
        let Value::Table(table) = value else {
            faults.push(fault(Some(&id), None, "must be a table"));
            continue;
        };
        let mut fields = Fields::new(table);
        seeds.extend(read_component(&id, &mut fields));
        let found = fields.into_faults();
        faults.extend(
            found.into_iter().map(|(field, problem)| fault(Some(&id), field.as_deref(), problem)),
        );
    }
    seeds
}

/// Names beside which no component can be asked for: `/v1/rollouts/templates` and
/// `/v1/evidence/golden-path` are paths of their own.
const TAKEN_IDS: [&str; 2] = ["templates", "golden-path"];

/// Reads every field even after a fault, so that all faults are found.
fn read_component(id: &str, fields: &mut Fields) -> Option<Seed> {
    let component = ComponentId::parse(id);
    if let Err(error) = &component {
        fields.fault(None, error.to_string());
    }
    if TAKEN_IDS.contains(&id) {
        fields.fault(None, "is no name for a component: the API has a path of that name");
    }
    let kind = fields.required("kind", Fields::kind);
    let phase = fields.required("phase", Fields::phase);
    let group = fields.group("group");
    let requires = fields.components("requires", REQUIRES_MAX);
    let legacy = fields.slug("legacy").unwrap_or_else(|| id.to_owned());
    let stage = fields.first_stage("stage").unwrap_or(Stage::Off);
    let rescue = fields.rescue("rescue").unwrap_or_default();
    let sample = fields.sample("sample_percent").flatten();
    let deadline_ms = fields.number("deadline_ms", SettingsPatch::DEADLINE_MS);
    let rescues = fields.number("rescues_per_second_max", 0..=SettingsPatch::RESCUES_MAX);
    let invariants = fields.invariants("invariants").unwrap_or_default();
    let accepted = read_accepted(fields);
    for (at, seeded) in accepted.iter().enumerate() {
        if seeded.difference.may_let_in_more() {
            fields.fault(Some(format!("accepted[{at}].class")), NEEDS_TWO_PEOPLE);
        }
    }
    let targets = read_targets(fields);
    let limits = form::read(fields).unwrap_or_default();
    Some(Seed {
        component: component.ok()?,
        kind: kind?,
        phase: phase?,
        group: group?,
        requires,
        legacy,
        stage,
        rescue,
        sample,
        deadline_ms: deadline_ms.unwrap_or(DEADLINE_MS),
        rescues_per_second_max: rescues.unwrap_or(RESCUES_PER_SECOND_MAX),
        invariants,
        accepted,
        targets,
        limits,
    })
}

pub(super) fn read_accepted(fields: &mut Fields) -> Vec<SeededDifference> {
    let tables = fields.tables("accepted", ACCEPTED_MAX);
    let mut accepted: Vec<SeededDifference> = Vec::new();
    for (at, table) in tables.into_iter().enumerate() {
        let mut inner = Fields::new(table);
        let found = read_difference(&mut inner);
        fields.adopt(&format!("accepted[{at}]"), inner);
        let Some(found) = found else { continue };
        if accepted.iter().any(|other| other.difference.name == found.difference.name) {
            fields.fault(Some(format!("accepted[{at}].name")), "is there already");
        }
        accepted.push(found);
    }
    accepted
}

fn read_difference(fields: &mut Fields) -> Option<SeededDifference> {
    let name = fields.required("name", Fields::text);
    let class = fields.required("class", Fields::text);
    let legacy_reason = fields.text("legacy_reason");
    let ssot_reason = fields.text("ssot_reason");
    let claim_shape = fields.text("claim_shape");
    let max_per_hour = fields.number("max_per_hour", 1..=u32::MAX);
    let owner = fields.required("owner", Fields::text);
    let reason = fields.required("reason", Fields::text);
    let expiry = fields.expiry();
    let difference = AcceptedDifference {
        name: name?,
        class: class?,
        legacy_reason,
        ssot_reason,
        claim_shape,
        max_per_hour,
        owner: owner?,
        reason: reason?,
        expires_at: Timestamp::from_seconds(0),
    };
    if let Some((field, problem)) = difference.text_fault() {
        fields.fault(Some(field.to_owned()), problem);
    }
    Some(SeededDifference { difference, expiry: expiry? })
}

/// What is wrong with the requirements among `seeds` and the components that are there already.
pub(super) fn requirement_faults(
    seeds: &[&Seed],
    known: &HashMap<ComponentId, (GroupId, Vec<ComponentId>)>,
) -> Vec<SeedFault> {
    let mut all = known.clone();
    for seed in seeds {
        all.entry(seed.component.clone())
            .or_insert_with(|| (seed.group.clone(), seed.requires.clone()));
    }
    let mut faults = Vec::new();
    for seed in seeds {
        let id = seed.component.as_str();
        let mut wrong = |problem: String| faults.push(fault(Some(id), Some("requires"), problem));
        for parent in &seed.requires {
            match all.get(parent) {
                None => wrong(format!("{parent} is no component")),
                Some((group, _)) if *group != seed.group => {
                    wrong(format!("{parent} is of another group, cohorts would not nest"));
                }
                Some(_) => {}
            }
        }
        if is_above_itself(&seed.component, &all) {
            wrong("requires itself in a circle".to_owned());
        }
    }
    faults
}

fn is_above_itself(
    id: &ComponentId,
    all: &HashMap<ComponentId, (GroupId, Vec<ComponentId>)>,
) -> bool {
    let parents = |id: &ComponentId| all.get(id).map_or(&[][..], |(_, requires)| requires);
    let mut open: Vec<&ComponentId> = parents(id).iter().collect();
    let mut seen = HashSet::new();
    while let Some(next) = open.pop() {
        if next == id {
            return true;
        }
        if seen.insert(next) {
            open.extend(parents(next));
        }
    }
    false
}
