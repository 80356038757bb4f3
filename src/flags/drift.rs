//! How far the table has gone from the seed files it was started from. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use toml::Table;

use super::limits::form;
use super::seed::Expiry;
use super::table::Flags;
use super::{Cause, FieldChange, Flag, Seed, Seeds, Segment, SegmentDraft, Stage, export};
use crate::domain::{ComponentId, Revision, SegmentId, Timestamp};

/// What differs between seeds and table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Drift {
    /// Settings and structure, field by field: `from` the seed, `to` what the table has.
    pub fields: Vec<FieldChange>,
    /// Components of which the table has nothing.
    pub only_in_seeds: Vec<ComponentId>,
    /// Components of which the seeds have nothing.
    pub only_in_table: Vec<ComponentId>,
    /// Stages that differ. Beyond shadow they are moves that people have made, and no drift.
    pub stages: Vec<StageDrift>,
    /// Accepted differences of the table that have expired: they are mismatches again.
    pub expired: Vec<Expired>,
}

/// A stage that is not the seeded one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageDrift {
    /// Which component.
    pub component: ComponentId,
    /// What it started as.
    pub seeded: Stage,
    /// Where it is.
    pub now: Stage,
    /// False for whatever is further than shadow: no seed says that.
    pub counts: bool,
}

/// An accepted difference past its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expired {
    /// Which component.
    pub component: ComponentId,
    /// Which difference.
    pub name: String,
    /// Since when.
    pub expired_at: Timestamp,
}

impl Drift {
    /// True when there is anything that should not be.
    pub fn is_any(&self) -> bool {
        let lists = [self.only_in_seeds.is_empty(), self.only_in_table.is_empty()];
        !(self.fields.is_empty() && self.expired.is_empty())
            || lists.contains(&false)
            || self.stages.iter().any(|stage| stage.counts)
    }
}

impl Flags {
    /// What differs between the table and the seeds that it was opened with.
    pub fn drift(&self) -> Drift {
        let snapshot = self.snapshot();
        let segments = snapshot.segments().into_iter();
        drift(&self.room.seeds, snapshot.iter(), segments, self.room.now())
    }
}

/// What differs between seeds and a table at `now`.
pub fn drift<'a>(
    seeds: &Seeds,
    flags: impl IntoIterator<Item = &'a Arc<Flag>>,
    segments: impl IntoIterator<Item = &'a Arc<Segment>>,
    now: Timestamp,
) -> Drift {
    let Seeds { components: seeds, segments: seeded_segments } = seeds;
    let mut flags: Vec<&Arc<Flag>> = flags.into_iter().collect();
    flags.sort_by(|a, b| a.component.cmp(&b.component));
    let seeded: HashMap<&ComponentId, &Seed> =
        seeds.iter().map(|seed| (&seed.component, seed)).collect();
    let mut found = Drift::default();
    for flag in &flags {
        match seeded.get(&flag.component) {
            Some(seed) => found.compare(seed, flag),
            None => found.only_in_table.push(flag.component.clone()),
        }
        found.note_expired(flag, now);
    }
    let there: HashSet<&ComponentId> = flags.iter().map(|flag| &flag.component).collect();
    let missing = seeds.iter().filter(|seed| !there.contains(&seed.component));
    found.only_in_seeds = missing.map(|seed| seed.component.clone()).collect();
    found.only_in_seeds.sort();
    found.compare_segments(seeded_segments, segments.into_iter().collect());
    found
}

impl Drift {
    fn compare(&mut self, seed: &Seed, flag: &Flag) {
        let sample = |share: Option<crate::domain::Share>| {
            share.map_or_else(|| "default".to_owned(), |share| share.to_string())
        };
        let fields = [
            ("kind", json!(seed.kind), json!(flag.kind)),
            ("phase", json!(seed.phase), json!(flag.phase)),
            ("group", json!(seed.group), json!(flag.group)),
            ("requires", json!(seed.requires), json!(flag.requires)),
            ("legacy", json!(seed.legacy), json!(flag.legacy)),
            ("rescue", json!(seed.rescue), json!(flag.rescue)),
            ("sample_percent", json!(sample(seed.sample)), json!(sample(flag.sample))),
            ("deadline_ms", json!(seed.deadline_ms), json!(flag.deadline_ms)),
            (
                "rescues_per_second_max",
                json!(seed.rescues_per_second_max),
                json!(flag.rescues_per_second_max),
            ),
            ("invariants", json!(seed.invariants), json!(flag.invariants)),
            ("targets", json!(seed.targets), json!(flag.targets)),
        ];
        for (field, from, to) in fields {
            self.note(flag, field.to_owned(), from, to);
        }
        let there = form::table(&flag.limits);
        for (name, wanted) in form::table(&seed.limits) {
            self.note(flag, format!("limits.{name}"), json!(wanted), json!(there.get(&name)));
        }
        self.compare_accepted(seed, flag);
        if seed.stage != flag.stage {
            self.stages.push(StageDrift {
                component: flag.component.clone(),
                seeded: seed.stage,
                now: flag.stage,
                counts: flag.stage <= Stage::Shadow,
            });
        }
    }

    /// Segments are compared list by list; one that is on one side only has lists on that side.
    fn compare_segments(&mut self, seeded: &[SegmentDraft], there: Vec<&Arc<Segment>>) {
        let seed = |draft: &SegmentDraft| {
            let zero = Timestamp::from_seconds(0);
            export::segment(&draft.clone().into_segment(Revision::default(), zero, Cause::Seed))
        };
        let mut sides: BTreeMap<&SegmentId, [Table; 2]> = BTreeMap::new();
        for draft in seeded {
            sides.entry(&draft.name).or_default()[0] = seed(draft);
        }
        for segment in there {
            sides.entry(&segment.name).or_default()[1] = export::segment(segment);
        }
        for (name, [from, to]) in sides {
            let fields: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
            for field in fields.into_iter().filter(|field| from.get(*field) != to.get(*field)) {
                let component = format!("segment {name}");
                let (from, to) = (json!(from.get(field)), json!(to.get(field)));
                self.fields.push(FieldChange { component, field: field.clone(), from, to });
            }
        }
    }

    /// An end that is counted from the day the row was made is not compared.
    fn compare_accepted(&mut self, seed: &Seed, flag: &Flag) {
        for seeded in &seed.accepted {
            let name = &seeded.difference.name;
            let there = flag.accepted.iter().find(|each| each.name == *name);
            let expires_at = match (seeded.expiry, there) {
                (Expiry::InDays(_), Some(there)) => there.expires_at,
                (Expiry::InDays(_) | Expiry::At(_), _) => {
                    seeded.starting(flag.changed_at).expires_at
                }
            };
            let wanted = super::AcceptedDifference { expires_at, ..seeded.difference.clone() };
            self.note(flag, format!("accepted.{name}"), json!(wanted), json!(there));
        }
        let of_seed = |name: &str| seed.accepted.iter().any(|each| each.difference.name == name);
        for added in flag.accepted.iter().filter(|each| !of_seed(&each.name)) {
            self.note(flag, format!("accepted.{}", added.name), Value::Null, json!(added));
        }
    }

    fn note(&mut self, flag: &Flag, field: String, from: Value, to: Value) {
        if from != to {
            let component = flag.component.to_string();
            self.fields.push(FieldChange { component, field, from, to });
        }
    }

    fn note_expired(&mut self, flag: &Flag, now: Timestamp) {
        let over = flag.accepted.iter().filter(|difference| difference.expires_at <= now);
        self.expired.extend(over.map(|difference| Expired {
            component: flag.component.clone(),
            name: difference.name.clone(),
            expired_at: difference.expires_at,
        }));
    }
}
