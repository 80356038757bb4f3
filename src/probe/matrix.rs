//! Mints a token of each kind on each side, and shows it to both.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::domain::{
    AuthPath, ComponentId, Credentials, Decision, IssueOrder, Operation, Outcome, Question,
    RequestIds, Revocation, Scopes, Side, SignCell, SignMatrix, SignSeen, Subject, Timestamp,
    Token, TokenForm, TokenPath, TokenType,
};

/// How long a path may take.
const TIME: Duration = Duration::from_secs(5);

/// The kinds that are minted.
const KINDS: [TokenType; 3] = [TokenType::Access, TokenType::Refresh, TokenType::Service];

/// Mints a token outside a session, such as a service's. Error: why not.
pub type Mint = Arc<dyn Fn(TokenForm, Timestamp) -> Result<Token, String> + Send + Sync>;

/// What makes tokens on both sides, and whom they are shown to.
pub struct Mints {
    /// Makes legacy's.
    pub legacy: Arc<dyn TokenPath>,
    /// Makes SSOT's.
    pub ssot: Arc<dyn TokenPath>,
    /// Makes SSOT's for services.
    pub service: Mint,
    /// Whom they are shown to.
    pub verifiers: Vec<Verifier>,
    /// For whom they are made: nobody of flesh and blood.
    pub subject: Subject,
    /// Names the questions.
    pub ids: RequestIds,
}

/// Both paths of a component that decides about tokens.
pub struct Verifier {
    /// The component.
    pub component: ComponentId,
    /// Legacy's.
    pub legacy: Arc<dyn AuthPath>,
    /// SSOT's.
    pub ssot: Arc<dyn AuthPath>,
}

impl fmt::Debug for Mints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mints({} verifiers)", self.verifiers.len())
    }
}

/// A token of one kind, or why there is none.
struct Minted {
    kind: TokenType,
    signs: Side,
    token: Result<Token, String>,
}

impl Mints {
    /// Mints, shows, and takes back what was minted. SSOT's are in the form in which it would make
    /// them at the component that makes tokens.
    pub async fn judge(&self, form: TokenForm, now: Timestamp) -> SignMatrix {
        let mut minted = Vec::new();
        for side in Side::BOTH {
            minted.extend(self.mint(side, form, now).await);
        }
        let mut cells = Vec::new();
        for verifier in &self.verifiers {
            for kind in KINDS {
                for token in minted.iter().filter(|token| token.kind == kind) {
                    for verifies in Side::BOTH {
                        cells.push(self.show(token, verifier, verifies, now).await);
                    }
                }
            }
        }
        for side in Side::BOTH {
            let session = minted.iter().filter(|token| token.signs == side);
            let tokens = session.filter_map(|token| token.token.as_ref().ok());
            for token in tokens {
                let revocation = Revocation::Token(token.clone());
                let revoking = self.path(side).revoke(&revocation, now);
                // What stays is good for a synthetic subject, for as long as any token is.
                if tokio::time::timeout(TIME, revoking).await.is_err() {
                    tracing::warn!(%side, "a token of the matrix is not taken back");
                }
            }
        }
        SignMatrix { at: now, cells }
    }

    fn path(&self, side: Side) -> &Arc<dyn TokenPath> {
        match side {
            Side::Legacy => &self.legacy,
            Side::Ssot => &self.ssot,
        }
    }

    async fn mint(&self, side: Side, form: TokenForm, now: Timestamp) -> [Minted; 3] {
        let (access, refresh) = self.session(side, form, now).await;
        let service = match side {
            Side::Ssot => (self.service)(form, now),
            Side::Legacy => Err("no call by which legacy makes one is configured".to_owned()),
        };
        let minted = |kind, token| Minted { kind, signs: side, token };
        [
            minted(TokenType::Access, access),
            minted(TokenType::Refresh, refresh),
            minted(TokenType::Service, service),
        ]
    }

    /// An access token and a refresh token.
    async fn session(
        &self,
        side: Side,
        form: TokenForm,
        now: Timestamp,
    ) -> (Result<Token, String>, Result<Token, String>) {
        let order = Operation::Issue(IssueOrder {
            subject: self.subject.clone(),
            scopes: Scopes::default(),
            email: None,
            client: None,
            form,
        });
        let made = tokio::time::timeout(TIME, self.path(side).perform(&order, now)).await;
        let why = match made {
            Ok(Ok(Outcome::Done(made))) => {
                let refresh = made.refresh.ok_or_else(|| format!("{side} gives no refresh token"));
                return (Ok(made.access), refresh);
            }
            Ok(Ok(Outcome::Denied(reason))) => format!("{side} makes none: {}", reason.code()),
            Ok(Err(failure)) => format!("{side} makes none: {failure}"),
            Err(_) => format!("{side} makes none in time"),
        };
        (Err(why.clone()), Err(why))
    }

    async fn show(
        &self,
        minted: &Minted,
        asked: &Verifier,
        verifies: Side,
        now: Timestamp,
    ) -> SignCell {
        let Minted { kind, signs, token } = minted;
        let seen = match token {
            Ok(token) => self.ask(asked, verifies, (token, *kind), now).await,
            Err(why) => SignSeen::NotSeen { why: why.clone() },
        };
        let component = asked.component.clone();
        SignCell { component, kind: *kind, signs: *signs, verifies, seen }
    }

    async fn ask(
        &self,
        asked: &Verifier,
        verifies: Side,
        (token, kind): (&Token, TokenType),
        now: Timestamp,
    ) -> SignSeen {
        let path = match verifies {
            Side::Legacy => &asked.legacy,
            Side::Ssot => &asked.ssot,
        };
        let credentials = Credentials::Token(token.clone());
        let (id, component) = (self.ids.next(), asked.component.clone());
        let question = Question::new(id, component, now, credentials);
        let question = match kind {
            TokenType::Access => question,
            TokenType::Refresh | TokenType::Service | TokenType::Admin | TokenType::Id => {
                question.wanting(kind)
            }
        };
        let Some(asking) = path.probe(&question) else {
            return SignSeen::NotSeen { why: "asking it has effects".to_owned() };
        };
        match tokio::time::timeout(TIME, asking).await {
            Ok(Ok(Decision::Allow(_))) => SignSeen::LetIn,
            Ok(Ok(Decision::Deny(denial))) => {
                SignSeen::Refused { reason: denial.reason.code().into_owned() }
            }
            Ok(Err(failure)) => SignSeen::NotSeen { why: failure.to_string() },
            Err(_) => SignSeen::NotSeen { why: "no answer in time".to_owned() },
        }
    }
}
