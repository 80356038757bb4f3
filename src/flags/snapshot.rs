//! The flag table as one question sees it: immutable, and the same to the question's end.

use std::collections::HashMap;
use std::sync::Arc;

use super::order::below_sealed;
use super::{Flag, Issuers, Plan, Salt, Stage};
use crate::domain::{ComponentId, GroupId, Presented, Question, Revision, Slot, TokenForm};

/// The flag table at one moment. Finding a flag costs the same among one and among a thousand.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    flags: HashMap<ComponentId, Arc<Flag>>,
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

    /// The plan for `question` under `flag`. `draw` is random, 0 to 9,999.
    pub fn plan(&self, flag: &Arc<Flag>, question: &Question, draw: u16) -> Plan {
        Plan::of(flag, self.slot(flag, question.presented()), draw)
    }

    /// The slot of what a caller presents, in the flag's group.
    pub fn slot(&self, flag: &Flag, presented: &Presented) -> Option<Slot> {
        self.salts.get(flag.group.as_str())?.slot(presented, &self.issuers)
    }

    /// The slot of a subject as the authority grants it, in the flag's group.
    pub fn slot_of_subject(&self, flag: &Flag, subject: &str) -> Option<Slot> {
        Some(self.salts.get(flag.group.as_str())?.granted_slot(subject, &self.issuers))
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

    /// This table with `flag` in place of the row of its component.
    pub(super) fn put(&mut self, flag: Arc<Flag>) {
        self.revision = self.revision.max(flag.revision);
        self.flags.insert(flag.component.clone(), flag);
    }
}
