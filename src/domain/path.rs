//! The seam behind which both sides stand.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use super::{Decision, Question, Reason};

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One way to answer a question about a token. Answers; never acts.
pub trait AuthPath: Send + Sync {
    /// Answers `question`, which carries its own reading of the clock.
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>>;

    /// What this path can prove about the presented token, whatever time it is and whoever it is
    /// for: signature, algorithm and revocation alone. A path that proves nothing is undecided.
    fn prove<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Proof> {
        let _ = question;
        Box::pin(std::future::ready(Proof::Undecided))
    }

    /// True when an allow of this path means that it has verified a signature. One that does not
    /// look at signatures lets in whatever a forger writes, and so its allow proves nobody.
    fn verifies(&self) -> bool {
        true
    }

    /// Asks whoever stands behind this path, in a way that has no effect, whether there are still
    /// answers. `question` presents no token. `None` when nobody can be asked so.
    fn probe<'a>(&'a self, question: &'a Question) -> Option<Answering<'a>> {
        Some(self.decide(question))
    }
}

/// An answer on its way.
pub type Answering<'a> = BoxFuture<'a, Result<Decision, PathError>>;

/// What is known of a token for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The signature verifies under an allowed algorithm, and the token is not revoked. Its claims
    /// are its issuer's; they may be out of date or for somebody else.
    Sound,
    /// The signature is bad, the algorithm is not allowed, or the token is revoked.
    Refuted(Reason),
    /// Neither can be said: no token, or no key that would tell.
    Undecided,
}

/// Why a path could not answer. Only these fall back to the other side.
///
/// The text is for the operator's log; it never reaches a caller and never holds a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// No answer within the time it had.
    #[error("no answer in time")]
    TimedOut,
    /// Nobody there, or refused before an answer.
    #[error("unreachable: {0}")]
    Unreachable(Cow<'static, str>),
    /// An answer that means neither yes nor no.
    #[error("unreadable answer: {0}")]
    Unreadable(Cow<'static, str>),
    /// The path broke while answering.
    #[error("panicked while answering")]
    Panicked,
}

impl PathError {
    /// `timed_out`, `unreachable`, `unreadable` or `panicked`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Unreachable(_) => "unreachable",
            Self::Unreadable(_) => "unreadable",
            Self::Panicked => "panicked",
        }
    }
}
