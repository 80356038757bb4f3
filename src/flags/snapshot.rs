//! The flag table as one question sees it: immutable, and the same to the question's end.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::order::below_sealed;
use super::{Cause, Facts, Flag, FlagsError, Issuers, Plan, Salt, Segment, SettingsPatch, Stage};
use crate::domain::{
    ComponentId, GroupId, Presented, Revision, SegmentId, Slot, SubjectKey, Timestamp, TokenForm,
};

/// The flag table at one moment. Finding a flag costs the same among one and among a thousand.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    flags: HashMap<ComponentId, Arc<Flag>>,
    segments: HashMap<SegmentId, Arc<Segment>>,
    salts: Arc<HashMap<GroupId, Salt>>,
    issuers: Arc<Issuers>,
    revision: Revision,
}

impl Snapshot {
    /// A snapshot of these flags; its revision is the newest among theirs.
    pub fn new(
        flags: impl IntoIterator<Item = Flag>,
        salts: HashMap<GroupId, Salt>,
        issuers: Issuers,
    ) -> Self {
        let mut snapshot = Self {
            flags: HashMap::new(),
            segments: HashMap::new(),
            salts: Arc::new(salts),
            issuers: Arc::new(issuers),
            revision: Revision::default(),
        };
        flags.into_iter().for_each(|flag| snapshot.put(Arc::new(flag)));
        snapshot
    }

    /// The flag of a component.
    pub fn flag(&self, id: &str) -> Option<&Arc<Flag>> {
        self.flags.get(id)
    }

    /// All flags, in no order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<Flag>> {
        self.flags.values()
    }

    /// All flags by phase, then by id.
    pub fn sorted(&self) -> Vec<&Arc<Flag>> {
        let mut flags: Vec<_> = self.iter().collect();
        flags.sort_by(|a, b| (a.phase, &a.component).cmp(&(b.phase, &b.component)));
        flags
    }

    /// The newest revision among the flags. Grows with every change, except while the disk refuses
    /// so long that no revision is left: then lowered rows wait for theirs.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// The plan for whoever `facts` are of, under `flag`. `draw` is random, 0 to 9,999.
    pub fn plan(&self, flag: &Flag, facts: &Facts<'_>, draw: u16) -> Plan {
        Plan::of(flag, &self.evaluate(flag, facts), draw)
    }

    /// A segment by its name.
    pub fn segment(&self, name: &str) -> Option<&Arc<Segment>> {
        self.segments.get(name)
    }

    /// What keeps two people from setting this, if anything does; so that nobody is asked to
    /// approve what cannot be done.
    pub fn check_settings(
        &self,
        flag: &Flag,
        patch: &SettingsPatch,
        now: Timestamp,
    ) -> Result<(), FlagsError> {
        let cause = Cause::TwoPeople {
            asked_by: "one".to_owned(),
            approved_by: "another".to_owned(),
            note: String::new(),
        };
        self.check_segments(&flag.patched(patch, &cause, now)?)
    }

    /// Refuses targets whose segment is not there.
    pub(super) fn check_segments(&self, flag: &Flag) -> Result<(), FlagsError> {
        let missing =
            flag.targets.iter().find(|target| !self.segments.contains_key(&target.segment));
        missing.map_or(Ok(()), |target| Err(FlagsError::UnknownSegment(target.segment.clone())))
    }

    /// All segments, by name.
    pub fn segments(&self) -> Vec<&Arc<Segment>> {
        let mut segments: Vec<_> = self.segments.values().collect();
        segments.sort_by(|a, b| a.name.cmp(&b.name));
        segments
    }

    /// The flags that target a segment, in the order of their ids.
    pub fn targeting(&self, segment: &SegmentId) -> Vec<&Arc<Flag>> {
        let names = |flag: &&Arc<Flag>| flag.targets.iter().any(|to| to.segment == *segment);
        let mut flags: Vec<_> = self.iter().filter(names).collect();
        flags.sort_by(|a, b| a.component.cmp(&b.component));
        flags
    }

    /// How issuers name people.
    pub(super) fn issuers(&self) -> &Issuers {
        &self.issuers
    }

    /// True when targets of the flag, or of what it requires near or far, may tell people apart.
    pub fn targets_reach(&self, flag: &Flag) -> bool {
        if !flag.targets.is_empty() || flag.requires.is_empty() {
            return !flag.targets.is_empty();
        }
        let (mut left, mut known) = (vec![flag], HashSet::new());
        while let Some(flag) = left.pop() {
            if !flag.targets.is_empty() {
                return true;
            }
            let new = flag.requires.iter().filter(|id| known.insert(*id));
            left.extend(new.filter_map(|id| self.flag(id.as_str()).map(|flag| &**flag)));
        }
        false
    }

    /// True when places can be computed for the flag's group.
    pub fn has_salt(&self, flag: &Flag) -> bool {
        self.salts.contains_key(flag.group.as_str())
    }

    /// The slot of what a caller presents, in the flag's group.
    pub fn slot(&self, flag: &Flag, presented: &Presented) -> Option<Slot> {
        self.salts.get(flag.group.as_str())?.slot(presented, &self.issuers)
    }

    /// What stands for whoever `facts` are of, in the flag's group.
    pub(super) fn key_of(&self, flag: &Flag, facts: &Facts<'_>) -> Option<SubjectKey> {
        facts.key(self.salts.get(flag.group.as_str())?, &self.issuers)
    }

    /// The slot of a subject as the authority grants it, in the flag's group.
    pub fn slot_of_subject(&self, flag: &Flag, subject: &str) -> Option<Slot> {
        self.salts
            .get(flag.group.as_str())?
            .granted_key(subject, &self.issuers)
            .map(SubjectKey::slot)
    }

    /// In which form SSOT makes tokens for a component: its own only while neither the component
    /// nor anything that requires it may roll back, whatever the flag says.
    pub fn token_form(&self, flag: &Flag) -> TokenForm {
        match flag.token_form {
            TokenForm::Own if flag.stage >= Stage::Sealed && below_sealed(self, flag).is_none() => {
                TokenForm::Own
            }
            TokenForm::Own | TokenForm::Compatible => TokenForm::Compatible,
        }
    }

    /// This table with `segment` in place of the one of its name.
    pub(super) fn put_segment(&mut self, segment: Arc<Segment>) {
        self.revision = self.revision.max(segment.revision);
        self.segments.insert(segment.name.clone(), segment);
    }

    /// This table without a segment, since a revision.
    pub(super) fn remove_segment(&mut self, name: &str, revision: Revision) {
        self.revision = self.revision.max(revision);
        self.segments.remove(name);
    }

    /// This table with `flag` in place of the row of its component.
    pub(super) fn put(&mut self, flag: Arc<Flag>) {
        self.revision = self.revision.max(flag.revision);
        self.flags.insert(flag.component.clone(), flag);
    }
}
