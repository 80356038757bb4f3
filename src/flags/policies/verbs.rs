//! What callers do with the kept policies.

use std::sync::Arc;

use super::super::table::{Flags, to_the_end};
use super::super::{Cause, FlagsError, HistoryFilter};
use super::row::{PolicyChange, PolicyPlace, PolicyRow};
use crate::domain::{Mode, Revision, Rule};

impl Flags {
    /// The policies about tokens: a row for every known issuer and kind of token.
    pub fn policies(&self) -> Vec<PolicyRow> {
        self.room.policies.rows()
    }

    /// One of them. Error: [`FlagsError::UnknownIssuer`].
    pub fn policy(&self, place: &PolicyPlace) -> Result<PolicyRow, FlagsError> {
        self.room.policies.row(place)
    }

    /// Sets the modes of some rules. When this returns `Ok`, the change is on the disk and holds
    /// for the next question; when the caller stops waiting, it happens all the same.
    ///
    /// `expected` is the revision the caller has seen.
    pub async fn set_policy(
        &self,
        place: &PolicyPlace,
        modes: &[(Rule, Mode)],
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<PolicyRow, FlagsError> {
        let (room, place, modes) = (Arc::clone(&self.room), place.clone(), modes.to_vec());
        let cause = cause.bounded();
        to_the_end(async move { room.policies.set(place, &modes, expected, cause).await }).await
    }

    /// Puts back the policy that was in force before the last change, as a change of its own: a
    /// second rollback takes back the first. It holds for the next question before it is on the
    /// disk, and is acknowledged when it is there.
    pub async fn roll_back_policy(
        &self,
        place: &PolicyPlace,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<PolicyRow, FlagsError> {
        let (room, place, cause) = (Arc::clone(&self.room), place.clone(), cause.bounded());
        to_the_end(async move { room.policies.roll_back(place, expected, cause).await }).await
    }

    /// A page of the changes of one policy, newest first; the page's component does not matter.
    /// Reads the disk.
    pub fn policy_history(
        &self,
        place: &PolicyPlace,
        page: &HistoryFilter,
    ) -> Result<Vec<PolicyChange>, FlagsError> {
        self.room.policies.row(place)?;
        Ok(self.room.policy_history(place, page)?)
    }
}
