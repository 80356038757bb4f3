//! The kept policies: which rules about tokens are enforced for which issuer and kind of token.
//!
//! A setting goes to the disk first and then to traffic, a rollback the other way round, as with
//! flags. One change at a time: whoever comes second waits. When the disk refuses a rollback it
//! holds in memory, is counted by [`Flags::unsaved`](super::Flags::unsaved) and tried again.

mod disk;
mod row;
#[cfg(test)]
mod tests;
mod verbs;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use disk::Disk;
pub use row::{PolicyChange, PolicyPlace, PolicyRow};

use super::history::to_the_millisecond;
use super::{Cause, FlagsError, HistoryFilter, MoveRefusal};
use crate::domain::{Clock, LivePolicies, Mode, Policy, Revision, Rule, Timestamp, TokenType};
use crate::store::{Store, StoreError};

/// The kept policies and the handle into which they are published.
pub(super) struct Policies {
    live: LivePolicies,
    /// Names of the foreign issuers that may have policies.
    issuers: Vec<String>,
    /// What is published, by place; only the holder of the disk changes it.
    rows: Mutex<BTreeMap<PolicyPlace, PolicyRow>>,
    disk: tokio::sync::Mutex<Disk>,
    /// Rollbacks that serve and are not on the disk.
    unsaved: AtomicUsize,
    clock: Arc<dyn Clock>,
}

impl Policies {
    /// Reads and publishes what is kept.
    pub fn open(
        store: &Store,
        live: LivePolicies,
        issuers: Vec<String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let disk = Disk::open(store)?;
        let rows = disk.rows()?;
        let (rows_kept, unsaved) = (Mutex::default(), AtomicUsize::new(0));
        let policies = Self { live, issuers, rows: rows_kept, disk: disk.into(), unsaved, clock };
        for row in rows {
            policies.publish(row);
        }
        Ok(policies)
    }

    /// A row for every issuer and kind, whether it was ever changed or not.
    pub fn rows(&self) -> Vec<PolicyRow> {
        let kept = self.rows.lock().clone();
        let foreign = self.issuers.iter().map(|name| Some(name.clone()));
        let places = std::iter::once(None).chain(foreign).flat_map(|issuer| {
            TokenType::ALL.map(|kind| PolicyPlace { issuer: issuer.clone(), kind })
        });
        let mut rows: BTreeMap<PolicyPlace, PolicyRow> =
            places.map(|place| (place.clone(), PolicyRow::untouched(place))).collect();
        rows.extend(kept);
        rows.into_values().collect()
    }

    /// One row. Error: there is no such issuer.
    pub fn row(&self, place: &PolicyPlace) -> Result<PolicyRow, FlagsError> {
        if let Some(row) = self.rows.lock().get(place) {
            return Ok(row.clone());
        }
        let known = place.issuer.as_ref().is_none_or(|name| self.issuers.contains(name));
        if known && place.is_nameable() {
            Ok(PolicyRow::untouched(place.clone()))
        } else {
            Err(FlagsError::UnknownIssuer(place.issuer.clone().unwrap_or_default()))
        }
    }

    /// Sets the modes of some rules: on the disk, then in traffic.
    pub async fn set(
        &self,
        place: PolicyPlace,
        modes: &[(Rule, Mode)],
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<PolicyRow, FlagsError> {
        let mut disk = self.disk.lock().await;
        // What serves and is not on the disk goes there before what follows it.
        self.save_holding(&mut disk).await?;
        let before = self.expected(&place, expected)?;
        let change = |policy: Policy, (rule, mode): &(Rule, Mode)| policy.with(*rule, *mode);
        let policy = modes.iter().fold(before.policy, change);
        if policy == before.policy {
            return Err(MoveRefusal::NothingToChange.into());
        }
        let after = before.changed(policy, disk.take_revision()?, self.now(), cause);
        disk.write(&after).await?;
        self.publish(after.clone());
        Ok(after)
    }

    /// Puts back what was in force before the last change: in traffic, then on the disk.
    pub async fn roll_back(
        &self,
        place: PolicyPlace,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<PolicyRow, FlagsError> {
        let mut disk = self.disk.lock().await;
        let before = self.expected(&place, expected)?;
        let previous = before.previous.ok_or(MoveRefusal::NothingToRollBack)?;
        let after = before.changed(previous, disk.take_revision()?, self.now(), cause);
        self.publish(after.clone());
        disk.keep(&after);
        if let Err(problem) = self.save_holding(&mut disk).await {
            tracing::error!(policy.place = %place, %problem, "rolled back in memory only");
            return Err(FlagsError::PolicyNotDurable { place: place.to_string(), problem });
        }
        Ok(after)
    }

    /// A page of the changes of one place, newest first. Reads the disk.
    pub fn history(
        store: &Store,
        place: &PolicyPlace,
        page: &HistoryFilter,
    ) -> Result<Vec<PolicyChange>, StoreError> {
        Disk::page(store, place, page)
    }

    /// Does something while nothing is written. Blocks, and must not be called by a task.
    pub fn while_quiet<T>(&self, work: impl FnOnce() -> T) -> T {
        let _quiet = self.disk.blocking_lock();
        work()
    }

    /// How many rollbacks serve and are not on the disk.
    pub fn unsaved(&self) -> usize {
        self.unsaved.load(Ordering::Relaxed)
    }

    /// Tries again to make them durable.
    pub async fn save(&self) -> Result<(), StoreError> {
        self.save_holding(&mut *self.disk.lock().await).await
    }

    async fn save_holding(&self, disk: &mut Disk) -> Result<(), StoreError> {
        let saved = disk.save_unsaved().await;
        self.unsaved.store(disk.unsaved(), Ordering::Relaxed);
        saved
    }

    fn expected(
        &self,
        place: &PolicyPlace,
        expected: Option<Revision>,
    ) -> Result<PolicyRow, FlagsError> {
        let row = self.row(place)?;
        match expected {
            Some(expected) if expected != row.revision => {
                Err(FlagsError::Conflict { current: row.revision })
            }
            Some(_) | None => Ok(row),
        }
    }

    /// The caller holds the disk, or is the only one.
    fn publish(&self, row: PolicyRow) {
        let mut next = crate::domain::Policies::clone(&self.live.load());
        next.put(row.place.issuer.as_deref(), row.place.kind, row.policy);
        self.rows.lock().insert(row.place.clone(), row);
        self.live.store(Arc::new(next));
    }

    fn now(&self) -> Timestamp {
        to_the_millisecond(self.clock.now())
    }
}
