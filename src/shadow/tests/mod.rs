//! Operations between two sides that follow a script.

mod answers;
mod breaking;
mod comparing;
mod enforcing;
mod health;
mod importing;
mod performing;
mod revoking;
mod showing;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;

use super::{
    Lanes, Paths, RevocationSink, RoomForUsed, ServedOperation, Settings, Shadow, TokenPaths,
};
use crate::domain::FingerprintKey;
use crate::domain::{
    BoxFuture, ComponentId, Credentials, Decision, Grant, IssueOrder, Operation, Outcome,
    PathError, Performed, Proof, Question, Reason, RefreshOrder, RequestId, Revocation,
    RevocationOutcome, Scopes, Share, Side, Subject, Timestamp, Token, TokenForm, TokenPath,
    TokenType, TokioClock,
};
use crate::flags::testing::open_in;
use crate::flags::{Cause, Flags, Move, Seed, SettingsPatch, Stage};
use crate::ledger::{Counter, Ledger, Tally};

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const MAKES_TOKENS: &str = "token-operations";
const ASKED: &str = "http-auth";

fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("an id")
}

fn subject(text: &str) -> Subject {
    Subject::parse(text).expect("a subject")
}

fn grant(of: &str) -> Grant {
    Grant {
        subject: Some(subject(of)),
        scopes: Some(Scopes::parse("read")),
        token_type: Some(TokenType::Access),
        expires_at: None,
        email: None,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a script holds failures as well")]
fn done(of: &str) -> Result<Outcome, PathError> {
    Ok(Outcome::Done(Performed {
        access: Token::new("access"),
        refresh: Some(Token::new("next")),
        grant: grant(of),
        expires_in_s: 900,
    }))
}

fn unreachable() -> Result<Outcome, PathError> {
    Err(PathError::Unreachable("nobody there".into()))
}

fn issue(of: &str) -> Operation {
    Operation::Issue(IssueOrder {
        subject: subject(of),
        scopes: Scopes::parse("read"),
        email: None,
        client: None,
        form: TokenForm::Own,
    })
}

fn refresh(token: &str) -> Operation {
    Operation::Refresh(RefreshOrder {
        token: Token::new(token),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Own,
    })
}

fn question(component: &str, token: &str) -> Question {
    let credentials = Credentials::Token(Token::new(token));
    Question::new(RequestId::new(1, 1), id(component), NOW, credentials)
}

/// A side that does what it was told to, and panics when it performs without a script.
#[derive(Default)]
struct Scripted {
    outcomes: Mutex<VecDeque<Result<Outcome, PathError>>>,
    plan: Mutex<Option<Result<Decision, PathError>>>,
    revoked: Mutex<Option<PathError>>,
    owns: bool,
    /// What it proves of refresh tokens; nothing unless said otherwise.
    proof: Mutex<Option<Proof>>,
    /// How long a performance takes.
    takes: Duration,
    seen: Mutex<Vec<String>>,
    forms: Mutex<Vec<TokenForm>>,
}

impl Scripted {
    fn performing(outcomes: impl IntoIterator<Item = Result<Outcome, PathError>>) -> Self {
        Self { outcomes: Mutex::new(outcomes.into_iter().collect()), ..Self::default() }
    }

    fn planning(decision: Decision) -> Self {
        Self { plan: Mutex::new(Some(Ok(decision))), ..Self::default() }
    }

    fn see(&self, what: impl Into<String>) {
        self.seen.lock().push(what.into());
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().clone()
    }
}

impl TokenPath for Scripted {
    fn perform<'a>(
        &'a self,
        operation: &'a Operation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>> {
        self.see("perform");
        self.forms.lock().push(match operation {
            Operation::Issue(order) => order.form,
            Operation::Refresh(order) => order.form,
        });
        let outcome = self.outcomes.lock().pop_front().expect("this side must not perform");
        Box::pin(async move {
            tokio::time::sleep(self.takes).await;
            outcome
        })
    }

    fn plan<'a>(
        &'a self,
        _operation: &'a Operation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>> {
        self.see("plan");
        Box::pin(std::future::ready(self.plan.lock().clone().transpose()))
    }

    fn revoke<'a>(
        &'a self,
        revocation: &'a Revocation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>> {
        self.see(match revocation {
            Revocation::Token(token) => format!("revoke {}", token.reveal()),
            other => format!("revoke {other:?}"),
        });
        let refused = self.revoked.lock().clone();
        Box::pin(std::future::ready(refused.map_or(Ok(RevocationOutcome::Done), Err)))
    }

    fn prove<'a>(&'a self, _operation: &'a Operation, _now: Timestamp) -> BoxFuture<'a, Proof> {
        self.see("prove");
        let proof = self.proof.lock().clone().unwrap_or(Proof::Undecided);
        Box::pin(std::future::ready(proof))
    }

    fn owns(&self, _operation: &Operation) -> bool {
        self.owns
    }
}

/// A shadow between two sides.
struct World {
    shadow: Arc<Shadow>,
    flags: Arc<Flags>,
    ledger: Ledger,
    legacy: Arc<Scripted>,
    ssot: Arc<Scripted>,
    has_room: Arc<AtomicBool>,
    _dir: TempDir,
}

impl World {
    async fn at(stage: Stage, legacy: Scripted, ssot: Scripted) -> Self {
        Self::with(stage, legacy, ssot, (Vec::new(), None)).await
    }

    async fn with(
        stage: Stage,
        legacy: Scripted,
        ssot: Scripted,
        (paths, sink): (Vec<(ComponentId, Paths)>, Option<RevocationSink>),
    ) -> Self {
        let dir = TempDir::new().expect("a folder");
        let clock = Arc::new(TokioClock::starting_at(NOW));
        let seeds = format!(
            "[component.{MAKES_TOKENS}]\nkind = \"tokens\"\nphase = 1\n\
             [component.{ASKED}]\nkind = \"auth\"\nphase = 1\nstage = \"shadow\"\n"
        );
        let seeds = Seed::parse_all(&seeds, "test.toml").expect("seeds");
        let flags = Arc::new(open_in(dir.path(), seeds, Arc::clone(&clock) as _).await);
        let ledger = Ledger::new(FingerprintKey::new([1; 32]));
        let (legacy, ssot) = (Arc::new(legacy), Arc::new(ssot));
        let both = TokenPaths { legacy: Arc::clone(&legacy) as _, ssot: Arc::clone(&ssot) as _ };
        let has_room = Arc::new(AtomicBool::new(true));
        let free = Arc::clone(&has_room);
        let room: Option<RoomForUsed> = Some(Arc::new(move |_| free.load(Ordering::SeqCst)));
        let lanes = Lanes { paths, token_paths: vec![(id(MAKES_TOKENS), both)], sink, room };
        let settings = Settings { settle: Duration::from_millis(10), ..Settings::default() };
        let shadow = Shadow::new(Arc::clone(&flags), &ledger, lanes, clock, settings);
        let world =
            Self { shadow: Arc::new(shadow), flags, ledger, legacy, ssot, has_room, _dir: dir };
        world.climb(stage).await;
        world
    }

    async fn climb(&self, stage: Stage) {
        let all = Stage::Canary(Share::ALL);
        for step in [Stage::Shadow, all, Stage::Live, Stage::Sealed] {
            if step <= stage {
                self.change(Move::To(step)).await;
            }
        }
    }

    async fn change(&self, change: Move) {
        let cause = Cause::Operator { name: "ada".to_owned(), note: "test".to_owned() };
        self.flags.apply(&id(MAKES_TOKENS), change, None, cause).await.expect("changed");
    }

    async fn compare_everything(&self) {
        let patch = SettingsPatch { sample: Some(Some(Share::ALL)), ..SettingsPatch::default() };
        self.change(Move::Settings(patch)).await;
    }

    /// Operates, and waits for what happens behind the caller's back.
    async fn operate(&self, operation: Operation) -> ServedOperation {
        let token = match &operation {
            Operation::Issue(_) => String::new(),
            Operation::Refresh(order) => order.token.reveal().to_owned(),
        };
        let question = question(MAKES_TOKENS, &token);
        let served = self.shadow.operate(question, operation).await.expect("served");
        self.shadow.idle().await;
        served
    }

    fn tally(&self) -> Tally {
        self.ledger.book(&id(MAKES_TOKENS)).total()
    }

    fn count(&self, counter: Counter) -> u64 {
        self.tally().count(counter)
    }

    fn told(&self, name: &str) -> u64 {
        let all = self.shadow.counts().all();
        all.into_iter().find(|(known, ..)| *known == name).expect("a count").2
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a script holds failures as well")]
fn denied(reason: Reason) -> Result<Outcome, PathError> {
    Ok(Outcome::Denied(reason))
}

fn allow(of: &str) -> Decision {
    Decision::Allow(grant(of))
}

const ALL: Stage = Stage::Canary(Share::ALL);

fn is_done(served: &ServedOperation, by: Side) -> bool {
    matches!(served.outcome, Some(Outcome::Done(_))) && served.by == by
}
