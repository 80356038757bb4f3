//! The seam behind which both sides stand.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;

use super::{Decision, Question};

/// A boxed future that may be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One way to answer a question about a token. Answers; never acts.
pub trait AuthPath: Send + Sync {
    /// Answers `question`, which carries its own reading of the clock.
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>>;
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
