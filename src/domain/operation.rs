//! What is done with tokens beyond deciding about them, and the seam behind which both sides do it.

use serde::{Deserialize, Serialize};

use super::{
    BoxFuture, Decision, Grant, PathError, Proof, Reason, Scopes, Subject, Timestamp, Token,
};

/// Something that makes tokens. Revoking is none of these: it goes to both sides, always.
#[derive(Clone, Debug)]
pub enum Operation {
    /// A new session: an access token and a refresh token.
    Issue(IssueOrder),
    /// The next pair of a session.
    Refresh(RefreshOrder),
}

/// For whom a session begins, as a trusted caller says.
#[derive(Clone, Debug)]
pub struct IssueOrder {
    /// The user.
    pub subject: Subject,
    /// What the access token allows.
    pub scopes: Scopes,
    /// The user's e-mail address, for services that read it from the token.
    pub email: Option<String>,
    /// The client that asks, by its registered name.
    pub client: Option<String>,
    /// In which form SSOT makes the tokens.
    pub form: TokenForm,
}

/// A refresh as it was asked for.
#[derive(Clone, Debug)]
pub struct RefreshOrder {
    /// The refresh token.
    pub token: Token,
    /// The client that authenticated, by its registered name; `None` without authentication.
    pub client: Option<String>,
    /// The caller's name for this attempt: a retry carries the same.
    pub idempotency_key: Option<String>,
    /// Fewer scopes than before, if asked for; more are refused.
    pub scopes: Option<Scopes>,
    /// In which form SSOT makes the tokens.
    pub form: TokenForm,
}

/// What SSOT's new tokens look like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenForm {
    /// As legacy's: its key, algorithm, issuer, audiences and lifetimes, so that a rollback logs
    /// nobody out.
    #[default]
    Compatible,
    /// By our own signing key and settings. Only once nothing can roll back.
    Own,
}

/// What came of an operation.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Tokens were made.
    Done(Performed),
    /// Refused.
    Denied(Reason),
}

/// New tokens.
#[derive(Clone, Debug)]
pub struct Performed {
    /// The access token.
    pub access: Token,
    /// The refresh token.
    pub refresh: Option<Token>,
    /// What the access token grants; what is compared.
    pub grant: Grant,
    /// Seconds from the operation to the access token's end.
    pub expires_in_s: u64,
}

/// What is to be refused from now on.
#[derive(Clone, Debug)]
pub enum Revocation {
    /// This token, by what it decodes to and never by its text.
    Token(Token),
    /// The token of this `jti`.
    TokenId {
        /// The `jti`.
        id: String,
        /// When the token ends by itself; `None`: after the longest lifetime.
        expires_at: Option<Timestamp>,
    },
    /// Every token of a subject that was issued before a moment.
    Subject {
        /// Whose.
        subject: Subject,
        /// Tokens issued at this moment or later stay good.
        issued_before: Timestamp,
    },
    /// Every token of a session, by its family.
    Family(String),
}

/// What came of a revocation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RevocationOutcome {
    /// Refused from now on, and on the disk.
    Done,
    /// On the disk, and on its way to whom it concerns.
    Kept,
    /// Nothing to revoke: it would be refused anyway.
    Nothing(Reason),
    /// This path cannot revoke in this way.
    Unsupported,
}

/// One way to make tokens and to take them back. Only the side that serves performs; the other
/// plans. Revocations go to both, always.
pub trait TokenPath: Send + Sync {
    /// Does it, with every effect. [`PathError::Unreachable`] says that nothing was done, so that
    /// the other side may do it; any other failure leaves open what was.
    fn perform<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>>;

    /// What would come of it, as a decision about the access token: nothing is stored, nothing is
    /// signed for use. `None` when this path cannot tell without doing it.
    fn plan<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>>;

    /// Revokes. Durable when it returns.
    fn revoke<'a>(
        &'a self,
        revocation: &'a Revocation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>>;

    /// What this path can prove about the refresh token of an operation, whatever time it is:
    /// signature, algorithm and revocation alone. A path that proves nothing is undecided.
    fn prove<'a>(&'a self, operation: &'a Operation, now: Timestamp) -> BoxFuture<'a, Proof> {
        let _ = (operation, now);
        Box::pin(std::future::ready(Proof::Undecided))
    }

    /// True when the operation belongs to this path whoever serves: the refresh of a session that
    /// it keeps.
    fn owns(&self, operation: &Operation) -> bool;
}
