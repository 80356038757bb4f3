//! Why somebody is not let in, and how often that happened.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Permission;

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nothing was shown.
    #[error("nobody has signed in, and no token was sent")]
    NoCredentials,
    /// A token, session or link that is not known, or no longer.
    #[error("the token or session is not known, or has ended")]
    Unknown,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// The caller lacks the right.
    #[error("you may not {}", .0.as_text())]
    NotPermitted(Permission),
    /// The last proof of who it is is too long ago.
    #[error("prove again who you are")]
    Stale,
    /// Only a signed-in operator does this.
    #[error("only a signed-in operator does this, not a token")]
    NeedsPerson,
    /// The second person is the first one.
    #[error("a second person is needed, not the one who asked")]
    SamePerson,
    /// A form without the session's mark, or from another site.
    #[error("the form is not one of this session's pages")]
    Forged,
    /// Wrong name or password; nobody learns which.
    #[error("name and password do not fit")]
    WrongPassword,
    /// Too many tries or requests; it says in how many seconds to try again.
    #[error("too many requests, try again in {retry_after_s} s")]
    TooMany {
        /// Whole seconds, at least one.
        retry_after_s: u32,
    },
    /// The single-use link was used, has expired or was never made.
    #[error("the link has been used or has expired")]
    LinkOver,
    /// The identity provider's answer does not fit, or gives no role.
    #[error("the identity provider's answer is not accepted")]
    ForeignIdentity,
}

impl Refusal {
    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        CODES[self.place()]
    }

    const fn place(self) -> usize {
        match self {
            Self::NoCredentials => 0,
            Self::Unknown => 1,
            Self::Expired => 2,
            Self::NotPermitted(_) => 3,
            Self::Stale => 4,
            Self::NeedsPerson => 5,
            Self::SamePerson => 6,
            Self::Forged => 7,
            Self::WrongPassword => 8,
            Self::TooMany { .. } => 9,
            Self::LinkOver => 10,
            Self::ForeignIdentity => 11,
        }
    }
}

const CODES: [&str; 12] = [
    "no_credentials",
    "unknown",
    "expired",
    "not_permitted",
    "stale",
    "needs_person",
    "same_person",
    "forged",
    "wrong_password",
    "too_many",
    "link_over",
    "foreign_identity",
];

/// How often each refusal happened since the start.
#[derive(Debug, Default)]
pub struct RefusalCounts([AtomicU64; CODES.len()]);

impl RefusalCounts {
    /// Counts one.
    pub fn count(&self, refusal: Refusal) {
        self.0[refusal.place()].fetch_add(1, Ordering::Relaxed);
    }

    /// Word and count of each.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        CODES.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_counted_under_its_own_word() {
        let counts = RefusalCounts::default();
        counts.count(Refusal::TooMany { retry_after_s: 3 });
        let counted: Vec<_> = counts.all().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counted, [("too_many", 1)]);
        assert_eq!(Refusal::ForeignIdentity.code(), "foreign_identity");
    }
}
