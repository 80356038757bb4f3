//! Proof that somebody was let in.

use super::{Decision, Grant, Subject, Timestamp};

/// Proof that an allow was served, for a known person. Made of a decision and of nothing else, so
/// that a connection nobody has admitted cannot be attached.
#[derive(Clone, Debug)]
pub struct Admission {
    subject: Subject,
    grant: Grant,
}

impl Admission {
    /// Who was let in.
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The same, ending no later than the token says itself. An allow may not tell when it ends.
    #[must_use]
    pub fn until(mut self, expires_at: Option<Timestamp>) -> Self {
        self.grant.expires_at = match (self.grant.expires_at, expires_at) {
            (Some(granted), Some(told)) => Some(granted.min(told)),
            (granted, told) => granted.or(told),
        };
        self
    }

    /// What the allow said.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }
}

impl Decision {
    /// The proof that this is an allow; `None` for a deny, and for an allow that does not say
    /// whom.
    pub fn admit(&self) -> Option<Admission> {
        match self {
            Self::Allow(grant) => {
                Some(Admission { subject: grant.subject.clone()?, grant: grant.clone() })
            }
            Self::Deny(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Reason;

    #[test]
    fn an_admission_ends_no_later_than_the_token() {
        let ada = Subject::parse("ada");
        let admission = |granted| {
            let expires_at = granted;
            let grant = Grant { subject: ada.clone(), expires_at, ..Grant::default() };
            Decision::Allow(grant).admit().expect("an allow")
        };
        let at = |seconds| Some(Timestamp::from_seconds(seconds));
        for (granted, told, ends) in [
            (at(9), at(5), at(5)),
            (at(5), at(9), at(5)),
            (None, at(5), at(5)),
            (at(5), None, at(5)),
        ] {
            assert_eq!(admission(granted).until(told).grant().expires_at, ends);
        }
    }

    #[test]
    fn only_an_allow_of_somebody_admits() {
        let ada = Subject::parse("ada");
        let allow = Decision::Allow(Grant { subject: ada.clone(), ..Grant::default() });
        assert_eq!(allow.admit().map(|admission| admission.subject().clone()), ada);
        assert!(Decision::Allow(Grant::default()).admit().is_none());
        assert!(Decision::deny(Reason::TokenMissing).admit().is_none());
    }
}
