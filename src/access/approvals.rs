//! What takes two people.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event_log::EventLog;
use super::mark::short_id;
use super::standing::Begun;
use super::{AccessError, AccessEvent, Actor, Caller, EventRow};
use super::{Name, Permission, Refusal, Settings};
use crate::domain::{Clock, Timestamp};
use crate::store::{Durability, Expect, Row, Store, StoreError, Stored, Table};

/// Requests that may be open.
const OPEN_MAX: usize = 100;

/// Longest summary and longest note, in bytes.
const TEXT_BYTES_MAX: usize = 500;

/// Largest description of what is to be done, in bytes of JSON.
const WHAT_BYTES_MAX: usize = 48 * 1024;

/// Something that waits for a second person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Approval {
    /// Its id.
    pub id: String,
    /// What is to be done; this room does not read it. At most 48 KiB of JSON.
    pub what: Value,
    /// What is to be done, for people; at most 500 bytes.
    pub summary: String,
    /// Who asked.
    pub asked_by: Name,
    /// Why; at most 500 bytes.
    pub note: String,
    /// When it was asked.
    pub asked_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Something that a second person has approved; to be done now.
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    /// What.
    pub approval: Approval,
    /// By whom.
    pub approved_by: Name,
}

/// What waits for a second person.
///
/// A row is there as long as a request is open. Whoever removes it has decided; the log says how.
pub struct Approvals {
    store: Store,
    table: Table<Approval>,
    open_for: Duration,
    clock: Arc<dyn Clock>,
    log: EventLog,
    /// Held while requests are counted and made.
    asking: tokio::sync::Mutex<()>,
}

impl Row for Approval {
    const FORMAT: u8 = 1;
}

impl Approvals {
    pub(super) fn new(
        store: &Store,
        settings: &Settings,
        clock: Arc<dyn Clock>,
        log: EventLog,
    ) -> Self {
        Self {
            store: store.clone(),
            table: store.table("approvals"),
            open_for: settings.approval,
            clock,
            log,
            asking: tokio::sync::Mutex::new(()),
        }
    }

    /// Asks for a second person. The caller is a person who may [`Permission::Force`] himself.
    pub async fn ask(
        &self,
        caller: &Caller,
        summary: String,
        what: Value,
        note: String,
    ) -> Result<Approval, AccessError> {
        let now = self.clock.now();
        let asked_by = person_with_force(caller, now)?.clone();
        check_bounds(&summary, &what, &note)?;
        let expires_at = now.plus(self.open_for);
        let id = short_id();
        let approval = Approval { id, what, summary, asked_by, note, asked_at: now, expires_at };
        let asking = self.asking.lock().await;
        if self.list()?.len() >= OPEN_MAX {
            return Err(AccessError::Full { what: "open requests", max: OPEN_MAX });
        }
        let (id, what) = (approval.id.clone(), approval.summary.clone());
        let event = AccessEvent::ApprovalAsked { id, what };
        let mut batch = self.store.batch();
        batch.put(&self.table, &approval.id, &approval, Expect::Absent, None)?;
        self.log.add(&mut batch, &EventRow { at: now, actor: caller.actor().clone(), event })?;
        batch.commit(Durability::Durable).await?;
        drop(asking);
        Ok(approval)
    }

    /// What is open, the oldest first.
    pub fn list(&self) -> Result<Vec<Approval>, AccessError> {
        let now = self.clock.now();
        let rows = self.table.scan("").map(|row| row.map(|(_, stored)| stored.value));
        let mut all = rows.collect::<Result<Vec<_>, StoreError>>()?;
        all.retain(|approval| now < approval.expires_at);
        all.sort_by_key(|approval| approval.asked_at);
        Ok(all)
    }

    /// Approves, once and durably: only then may it be done. The caller is another person who may
    /// [`Permission::Force`]; `still_may` says whether the one who asked still may.
    pub(super) async fn approve(
        &self,
        caller: &Caller,
        id: &str,
        still_may: impl FnOnce(Begun<'_>) -> bool,
    ) -> Result<Approved, AccessError> {
        let now = self.clock.now();
        let approved_by = person_with_force(caller, now)?.clone();
        let Stored { revision, value: approval } = self.find(id, now)?;
        if approval.asked_by == approved_by {
            return Err(Refusal::SamePerson.into());
        }
        let by = &Actor::Operator(approval.asked_by.clone());
        if !still_may(Begun { by, permission: Permission::Force, at: approval.asked_at }) {
            return Err(AccessError::ProposalOver);
        }
        self.decide(caller, &approval, revision, true).await?;
        Ok(Approved { approval, approved_by })
    }

    /// Turns a request down, or takes it back: whoever asked, or may [`Permission::Force`].
    pub async fn reject(&self, caller: &Caller, id: &str) -> Result<(), AccessError> {
        let Stored { revision, value: approval } = self.find(id, self.clock.now())?;
        let own = caller.person().is_some_and(|name| *name == approval.asked_by);
        if !own && !caller.has(Permission::Force) {
            return Err(Refusal::NotPermitted(Permission::Force).into());
        }
        self.decide(caller, &approval, revision, false).await
    }

    /// Forgets requests that have expired.
    pub(super) async fn purge(&self) -> Result<(), AccessError> {
        let now = self.clock.now();
        let mut batch = self.store.batch();
        // What cannot be read is named wherever it is needed; here it only must not hold up others.
        for (id, stored) in self.table.scan("").filter_map(Result::ok) {
            if now >= stored.value.expires_at {
                batch.remove(&self.table, &id, Expect::Anything)?;
            }
        }
        Ok(batch.commit(Durability::Relaxed).await?)
    }

    /// An open request.
    fn find(&self, id: &str, now: Timestamp) -> Result<Stored<Approval>, AccessError> {
        let open = self.table.get(id)?.filter(|stored| now < stored.value.expires_at);
        open.ok_or(AccessError::ProposalOver)
    }

    /// Closes a request, if nobody else has.
    async fn decide(
        &self,
        caller: &Caller,
        approval: &Approval,
        revision: u64,
        approved: bool,
    ) -> Result<(), AccessError> {
        let (id, what) = (approval.id.clone(), approval.summary.clone());
        let event = AccessEvent::ApprovalDecided { id, what, approved };
        let row = EventRow { at: self.clock.now(), actor: caller.actor().clone(), event };
        let mut batch = self.store.batch();
        batch.remove(&self.table, &approval.id, Expect::Revision(revision))?;
        self.log.add(&mut batch, &row)?;
        match batch.commit(Durability::Durable).await {
            Err(StoreError::Conflict { .. }) => Err(AccessError::ProposalOver),
            other => Ok(other?),
        }
    }
}

/// The person, if it is one who may force and has just proved who he is.
fn person_with_force(caller: &Caller, now: Timestamp) -> Result<&Name, Refusal> {
    let person = caller.person().ok_or(Refusal::NeedsPerson)?;
    caller.permit(Permission::Force, now)?;
    Ok(person)
}

fn check_bounds(summary: &str, what: &Value, note: &str) -> Result<(), AccessError> {
    let long = summary.len() > TEXT_BYTES_MAX || note.len() > TEXT_BYTES_MAX;
    if summary.trim().is_empty() || long || what.to_string().len() > WHAT_BYTES_MAX {
        return Err(AccessError::Unusable(format!(
            "a request has a summary and a note of at most {TEXT_BYTES_MAX} bytes, and asks for \
             something of at most {WHAT_BYTES_MAX}"
        )));
    }
    Ok(())
}

impl fmt::Debug for Approvals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Approvals(..)")
    }
}
