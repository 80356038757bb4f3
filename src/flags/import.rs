//! From a document to one change of the table: what differs, what the rules refuse, what it takes.
//! Pure; the room makes the change.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use toml::Table;

use super::clearance::{Clearance, check_cleared, check_segment_cleared};
use super::document::{Document, Wanted};
use super::limits::form;
use super::order::{check_above, check_below, check_form};
use super::room::Change;
use super::seed::Expiry;
use super::segments::check_held;
use super::table::{Flags, to_the_end};
use super::{
    AcceptedDifference, Applied, Cause, Flag, FlagsError, Limits, Move, MoveRefusal, SEGMENTS_MAX,
    SeededDifference, SegmentDraft, SettingsPatch, Snapshot, export,
};
use crate::domain::{ComponentId, Revision, Timestamp};
use crate::store::StoreError;

/// What a document would change, and whether it may.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportPlan {
    /// The revision of the table that was looked at.
    pub revision: Revision,
    /// Field by field, in the order of the components.
    pub changes: Vec<FieldChange>,
    /// What the rules refuse: with one of them nothing of the document happens.
    pub refused: Vec<ImportRefusal>,
    /// Components that the document leaves as they are, because it does not name them.
    pub not_mentioned: Vec<ComponentId>,
    /// Segments to make or to change, with the revisions of those that are there. They come first,
    /// each as a change of its own.
    pub segments: Vec<(SegmentDraft, Option<Revision>)>,
    /// The moves that it comes to, with the flags as they are now.
    pub moves: Vec<(Arc<Flag>, Move)>,
}

/// A field that a document changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// Which component, or `segment NAME`.
    pub component: String,
    /// Which field, as the document names it; `accepted.NAME` for one accepted difference.
    pub field: String,
    /// What it is; `null` for what is not there.
    pub from: Value,
    /// What it would be.
    pub to: Value,
}

/// Why a document is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ImportRefusal {
    /// Which component, or `segment NAME`.
    pub component: String,
    /// Which field, where it is one.
    pub field: Option<String>,
    /// What is wrong.
    pub problem: String,
}

impl fmt::Display for ImportRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.component)?;
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.problem)
    }
}

/// A document, by whom, and why.
pub(super) struct Import {
    pub document: Document,
    pub expected: Option<Revision>,
    pub cause: Cause,
}

impl Flags {
    /// What a document would change now, on behalf of `cause`.
    pub fn plan_import(&self, document: &Document, cause: &Cause) -> ImportPlan {
        let (snapshot, now) = (self.snapshot(), self.room.now());
        ImportPlan::of(document, &snapshot, cause, now, self.room.clearance.get())
    }

    /// Changes the table as a document says: all flags in one change, or none. On the disk first,
    /// then in traffic; a rollback that touches one of its components meanwhile overtakes all of
    /// it. Segments come before, once it is clear that nothing of the document is refused: what
    /// overtakes the flags after that leaves them changed. `expected` is the revision of the table
    /// that the caller has seen.
    ///
    /// The flags that changed; a document that changes nothing is no error.
    pub async fn import(
        &self,
        document: Document,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<Vec<Arc<Flag>>, FlagsError> {
        let (flags, cause) = (self.clone(), cause.bounded());
        let work = async move {
            let expected = flags.import_segments(&document, expected, &cause).await?;
            let import = Import { document, expected, cause };
            flags.room.change(Change::Many(import)).await
        };
        match to_the_end(work).await {
            Ok(Applied { flag, dependents }) => Ok(dependents.into_iter().chain([flag]).collect()),
            Err(FlagsError::NotAllowed(MoveRefusal::NothingToChange)) => Ok(Vec::new()),
            Err(FlagsError::Store(StoreError::BatchTooLarge { .. })) => {
                Err(FlagsError::ImportTooLarge)
            }
            Err(FlagsError::Conflict { .. }) => {
                Err(FlagsError::Conflict { current: self.snapshot().revision() })
            }
            Err(other) => Err(other),
        }
    }

    /// Changes the segments of a document of which nothing is refused; the revision of the table
    /// that is expected from then on.
    async fn import_segments(
        &self,
        document: &Document,
        expected: Option<Revision>,
        cause: &Cause,
    ) -> Result<Option<Revision>, FlagsError> {
        if document.segments.is_empty() {
            return Ok(expected);
        }
        let plan = self.plan_import(document, cause);
        if expected.is_some_and(|expected| expected != plan.revision) {
            return Err(FlagsError::Conflict { current: plan.revision });
        }
        if !plan.refused.is_empty() {
            return Err(FlagsError::ImportRefused(plan.refused));
        }
        let mut reached = expected;
        for (draft, known) in plan.segments {
            let segment = self.put_segment(draft, known, cause.clone()).await?;
            reached = expected.map(|_| segment.revision);
        }
        Ok(reached)
    }
}

impl ImportPlan {
    /// What a document would change of a table at `now`, on behalf of `cause`.
    pub(super) fn of(
        document: &Document,
        published: &Snapshot,
        cause: &Cause,
        now: Timestamp,
        clearance: Option<&Clearance>,
    ) -> Self {
        Draft::of(document, published, cause, now, clearance).plan
    }
}

impl Import {
    /// The flags before and after, by the rules and by what the caller has seen.
    pub fn compute(
        &self,
        published: &Snapshot,
        now: Timestamp,
        clearance: Option<&Clearance>,
    ) -> Result<Vec<(Arc<Flag>, Flag)>, FlagsError> {
        let current = published.revision();
        if self.expected.is_some_and(|expected| expected != current) {
            return Err(FlagsError::Conflict { current });
        }
        let draft = Draft::of(&self.document, published, &self.cause, now, clearance);
        let Draft { plan, changed, .. } = draft;
        if plan.refused.is_empty() {
            if changed.is_empty() { Err(MoveRefusal::NothingToChange.into()) } else { Ok(changed) }
        } else {
            Err(FlagsError::ImportRefused(plan.refused))
        }
    }
}

/// A plan in the making, and what would be written.
struct Draft<'a> {
    /// The table, with the segments of the document.
    published: Snapshot,
    cause: &'a Cause,
    now: Timestamp,
    clearance: Option<&'a Clearance>,
    plan: ImportPlan,
    changed: Vec<(Arc<Flag>, Flag)>,
}

impl<'a> Draft<'a> {
    fn of(
        document: &Document,
        published: &Snapshot,
        cause: &'a Cause,
        now: Timestamp,
        clearance: Option<&'a Clearance>,
    ) -> Self {
        let plan = ImportPlan { revision: published.revision(), ..ImportPlan::default() };
        let changed = Vec::new();
        let mut draft = Self { published: published.clone(), cause, now, clearance, plan, changed };
        draft.segments(document);
        for (id, wanted) in &document.components {
            match published.flag(id.as_str()) {
                Some(flag) => draft.component(flag, wanted),
                None => draft.refuse(
                    id,
                    None,
                    "is no component of this table; seeds and a restart make one",
                ),
            }
        }
        let rest = published.sorted().into_iter().map(|flag| &flag.component);
        let rest = rest.filter(|id| !document.components.contains_key(*id)).cloned();
        draft.plan.not_mentioned = rest.collect();
        draft.check_together();
        draft
    }

    fn refuse(&mut self, of: impl fmt::Display, field: Option<&str>, problem: impl fmt::Display) {
        let field = field.map(str::to_owned);
        let (component, problem) = (of.to_string(), problem.to_string());
        self.plan.refused.push(ImportRefusal { component, field, problem });
    }

    /// Segments of the document that differ from those of the table.
    fn segments(&mut self, document: &Document) {
        for draft in document.segments.values() {
            let known = self.published.segment(draft.name.as_str()).cloned();
            let revision = known.as_ref().map(|known| known.revision);
            let (name, cause) = (draft.name.clone(), self.cause.clone());
            let after = draft.clone().into_segment(revision.unwrap_or_default(), self.now, cause);
            let (before, wanted) =
                (known.map(|known| export::segment(&known)), export::segment(&after));
            if before.as_ref() == Some(&wanted) {
                continue;
            }
            let place = format!("segment {name}");
            self.compare(&place, &before.unwrap_or_default(), &wanted);
            if let Err(refusal) = check_held(&self.published, &name) {
                self.refuse(&place, None, refusal);
            }
            let cleared = check_segment_cleared(self.clearance, &self.published, &after);
            if let Err(refusal) = cleared {
                self.refuse(&place, None, refusal);
            }
            self.published.put_segment(Arc::new(after));
            if self.published.segments().len() > SEGMENTS_MAX {
                self.refuse(&place, None, FlagsError::SegmentsFull);
            }
            self.plan.segments.push((draft.clone(), revision));
        }
    }

    fn component(&mut self, flag: &Arc<Flag>, wanted: &Wanted) {
        let id = &flag.component;
        let after = wanted.over(flag, self.now);
        self.compare(id.as_str(), &export::component(flag), &export::component(&after));
        self.compare_limits(id.as_str(), &flag.limits, &after.limits);
        if let Some(field) = wanted.other_structure(flag) {
            self.refuse(id, Some(field), "is part of the structure; seeds and a restart change it");
            return;
        }
        let stage = (after.stage != flag.stage).then_some(after.stage);
        // What the stage alone brings along is no change of its own.
        let patch = patch(&flag.at_stage(after.stage), &after);
        let steps = stage.map(Move::To).into_iter();
        let steps: Vec<Move> = steps.chain(patch.map(Move::Settings)).collect();
        match self.moved(flag, &steps) {
            Ok(after) if steps.is_empty() || after == **flag => {}
            Ok(after) => self.changed.push((Arc::clone(flag), after)),
            Err(refusal) => self.refuse(id, field_of(&refusal), &refusal),
        }
        self.plan.moves.extend(steps.into_iter().map(|step| (Arc::clone(flag), step)));
    }

    /// The flag after all steps, in the order in which the rules allow them: a target must be
    /// there before a share may be empty, and its like.
    fn moved(&self, flag: &Flag, steps: &[Move]) -> Result<Flag, MoveRefusal> {
        let step = |flag: Flag, step: &Move| self.stepped(&flag, step);
        let forward = steps.iter().try_fold(flag.clone(), step);
        let backward = || steps.iter().rev().try_fold(flag.clone(), step);
        forward.or_else(|refusal| backward().map_err(|_| refusal))
    }

    fn stepped(&self, flag: &Flag, step: &Move) -> Result<Flag, MoveRefusal> {
        match step {
            Move::To(stage) => flag.moved_to(*stage, self.cause),
            Move::Settings(patch) => flag.patched(patch, self.cause, self.now),
            // A document says neither.
            Move::RollBack | Move::Hold | Move::Release | Move::Restore(_) => Ok(flag.clone()),
        }
    }

    /// What only the whole table can tell, once all of the document holds.
    fn check_together(&mut self) {
        let mut next = self.published.clone();
        for (_, after) in &self.changed {
            next.put(Arc::new(after.clone()));
        }
        let mut refused = Vec::new();
        for (before, after) in &self.changed {
            let mut note = |refusal: Result<(), FlagsError>| {
                refused.extend(refusal.err().map(|error| (after.component.clone(), error)));
            };
            note(self.published.check_segments(after));
            note(check_cleared(self.clearance, before, after).map_err(Into::into));
            note(check_above(&next, after).map_err(Into::into));
            note(check_below(&next, after).map_err(Into::into));
            if after.token_form != before.token_form {
                note(check_form(&next, after).map_err(Into::into));
            }
        }
        for (component, error) in refused {
            match error {
                FlagsError::NotAllowed(refusal) => {
                    self.refuse(component, field_of(&refusal), &refusal);
                }
                FlagsError::UnknownSegment(name) => {
                    let problem = format!("there is no segment {name}");
                    self.refuse(component, Some("targets"), problem);
                }
                other => self.refuse(component, None, other),
            }
        }
    }

    /// Notes what differs between two tables of one component.
    fn compare(&mut self, component: &str, before: &Table, after: &Table) {
        let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for field in fields.into_iter().filter(|field| before.get(*field) != after.get(*field)) {
            if field == "accepted" {
                self.compare_accepted(component, before, after);
                continue;
            }
            // Told one by one, with what the default is.
            if field == "limits" {
                continue;
            }
            let change = (json(before.get(field)), json(after.get(field)));
            self.note(component, field.clone(), change);
        }
    }

    fn compare_accepted(&mut self, component: &str, before: &Table, after: &Table) {
        let list =
            |table: &Table| table.get("accepted").map(|list| json(Some(list))).unwrap_or_default();
        let (before, after) = (list(before), list(after));
        let of = |list: &Value, name: &str| {
            let all = list.as_array().into_iter().flatten();
            all.clone().find(|each| each["name"] == name).cloned().unwrap_or_default()
        };
        let all = before.as_array().into_iter().chain(after.as_array()).flatten();
        let names: BTreeSet<&str> = all.filter_map(|each| each["name"].as_str()).collect();
        let mut differs = false;
        for name in names {
            let (from, to) = (of(&before, name), of(&after, name));
            if from != to {
                differs = true;
                self.note(component, format!("accepted.{name}"), (from, to));
            }
        }
        if !differs {
            self.note(component, "accepted".to_owned(), (before, after));
        }
    }

    fn compare_limits(&mut self, component: &str, before: &Limits, after: &Limits) {
        let (before, after) = (form::table(before), form::table(after));
        for (name, from) in before.iter().filter(|(name, from)| after.get(*name) != Some(*from)) {
            let change = (json(Some(from)), json(after.get(name)));
            self.note(component, format!("limits.{name}"), change);
        }
    }

    fn note(&mut self, component: &str, field: String, (from, to): (Value, Value)) {
        let component = component.to_owned();
        self.plan.changes.push(FieldChange { component, field, from, to });
    }
}

fn json(value: Option<&toml::Value>) -> Value {
    value.and_then(|value| serde_json::to_value(value).ok()).unwrap_or_default()
}

/// Which field of a document a refusal is about.
fn field_of(refusal: &MoveRefusal) -> Option<&str> {
    match refusal {
        MoveRefusal::Setting { field, .. } => Some(field),
        MoveRefusal::TokenFormTooEarly { .. } => Some("token_form"),
        MoveRefusal::AcceptingNeedsTwoPeople { .. } => Some("accepted"),
        MoveRefusal::SkipsAStage { .. }
        | MoveRefusal::AlreadyThere(_)
        | MoveRefusal::ShareEmpty
        | MoveRefusal::Latched { .. }
        | MoveRefusal::AboveRequired { .. }
        | MoveRefusal::BelowDependent { .. }
        | MoveRefusal::NeedsTwoPeople
        | MoveRefusal::NotCleared { .. }
        | MoveRefusal::WouldSignOut { .. }
        | MoveRefusal::HeldBack { .. } => Some("stage"),
        MoveRefusal::Held { .. }
        | MoveRefusal::AlreadyHeld { .. }
        | MoveRefusal::CoolingDown { .. }
        | MoveRefusal::NotLatched
        | MoveRefusal::NoteMissing
        | MoveRefusal::NeedsOperator
        | MoveRefusal::NothingToRollBack
        | MoveRefusal::LegacySilent { .. }
        | MoveRefusal::NothingToUndo
        | MoveRefusal::NothingToChange => None,
    }
}

impl Wanted {
    /// The flag as the document wants it, rules aside.
    fn over(&self, flag: &Flag, now: Timestamp) -> Flag {
        let flag = flag.at_stage(self.stage.unwrap_or(flag.stage));
        Flag {
            kind: self.kind.unwrap_or(flag.kind),
            phase: self.phase.unwrap_or(flag.phase),
            group: self.group.clone().unwrap_or_else(|| flag.group.clone()),
            requires: self.requires.clone().unwrap_or_else(|| flag.requires.clone()),
            legacy: self.legacy.clone().unwrap_or_else(|| flag.legacy.clone()),
            rescue: self.rescue.unwrap_or(flag.rescue),
            sample: self.sample.unwrap_or(flag.sample),
            deadline_ms: self.deadline_ms.unwrap_or(flag.deadline_ms),
            rescues_per_second_max: self
                .rescues_per_second_max
                .unwrap_or(flag.rescues_per_second_max),
            invariants: self.invariants.unwrap_or(flag.invariants),
            accepted: match &self.accepted {
                Some(list) => list.iter().map(|each| each.beside(&flag.accepted, now)).collect(),
                None => flag.accepted.clone(),
            },
            targets: self.targets.clone().unwrap_or_else(|| flag.targets.clone()),
            token_form: self.token_form.unwrap_or(flag.token_form),
            limits: self.limits.clone().unwrap_or_else(|| flag.limits.clone()),
            ..flag
        }
    }

    /// A part of the structure that the document says otherwise.
    fn other_structure(&self, flag: &Flag) -> Option<&'static str> {
        let differs = [
            ("kind", self.kind.is_some_and(|kind| kind != flag.kind)),
            ("phase", self.phase.is_some_and(|phase| phase != flag.phase)),
            ("group", self.group.as_ref().is_some_and(|group| *group != flag.group)),
            ("requires", self.requires.as_ref().is_some_and(|list| *list != flag.requires)),
            ("legacy", self.legacy.as_ref().is_some_and(|legacy| *legacy != flag.legacy)),
        ];
        differs.into_iter().find(|(_, differs)| *differs).map(|(field, _)| field)
    }
}

impl SeededDifference {
    /// The difference beside those that are there: an end counted in days is counted from the day
    /// on which it was accepted first.
    fn beside(&self, there: &[AcceptedDifference], now: Timestamp) -> AcceptedDifference {
        let new = self.starting(now);
        let same = |old: &&AcceptedDifference| {
            let expires_at = new.expires_at;
            AcceptedDifference { expires_at, ..AcceptedDifference::clone(old) } == new
        };
        match (self.expiry, there.iter().find(same)) {
            (Expiry::InDays(_), Some(old)) => old.clone(),
            (Expiry::InDays(_) | Expiry::At(_), _) => new,
        }
    }
}

/// The settings in which two rows of a component differ.
fn patch(before: &Flag, after: &Flag) -> Option<SettingsPatch> {
    fn other<T: Clone + PartialEq>(before: &T, after: &T) -> Option<T> {
        (before != after).then(|| after.clone())
    }
    let patch = SettingsPatch {
        sample: other(&before.sample, &after.sample),
        deadline_ms: other(&before.deadline_ms, &after.deadline_ms),
        rescue: other(&before.rescue, &after.rescue),
        rescues_per_second_max: other(
            &before.rescues_per_second_max,
            &after.rescues_per_second_max,
        ),
        accepted: other(&before.accepted, &after.accepted),
        targets: other(&before.targets, &after.targets),
        invariants: other(&before.invariants, &after.invariants),
        token_form: other(&before.token_form, &after.token_form),
        limits: other(&before.limits, &after.limits),
    };
    (patch != SettingsPatch::default()).then_some(patch)
}
