//! Killed at any moment, what was taken back stays so, no refresh token works twice, and no
//! successor that somebody was given is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use crossfade::authority::{Authority, KeySource, Settings};
use crossfade::domain::{
    AuthPath as _, Clock as _, ComponentId, Credentials, FingerprintKey, IssueOrder, Operation,
    Outcome, Performed, Question, Reason, RefreshOrder, RequestId, Revocation, RevocationOutcome,
    Scopes, Subject, SystemClock, Timestamp, Token, TokenForm, TokenPath as _, TokenType,
    encode_base64url,
};
use crossfade::store::Store;
use serde::{Deserialize, Serialize};

use super::kit::{TIME_MAX, acknowledge, directory, run_and_kill};

const CHILD: &str = "sessions::the_child_keeps_sessions_until_it_is_killed";
const KILLS: u32 = 20;
const TOLD_MIN: usize = 1500;
const SECRET: &[u8] = b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe";

/// What the child tells about one session.
#[derive(Debug, Serialize, Deserialize)]
struct Told {
    session: String,
    step: Step,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
enum Step {
    /// Acknowledged: this refresh token is the one to use next.
    Waits { refresh: String, access: String },
    /// About to be used.
    Using,
    /// About to be revoked.
    Revoking,
    /// Acknowledged: nothing of the session is let in any more.
    Revoked,
}

/// What is known of a session.
#[derive(Default)]
struct Known {
    /// Refresh tokens that were given out, the newest last.
    given: Vec<String>,
    access: Vec<String>,
    using: bool,
    revoking: bool,
    revoked: bool,
}

#[test]
fn a_kill_at_any_moment_brings_no_token_back_and_loses_no_session() {
    let dir = tempfile::tempdir().expect("a folder");
    let started = Instant::now();
    let mut known: BTreeMap<String, Known> = BTreeMap::new();
    let (mut kills, mut told) = (0, 0);
    while kills < KILLS || told < TOLD_MIN {
        assert!(started.elapsed() < TIME_MAX, "too slow: {kills} kills, {told} told");
        for line in run_and_kill(dir.path(), CHILD) {
            let Told { session, step } = serde_json::from_str(&line).expect("told");
            learn(known.entry(session).or_default(), step);
            told += 1;
        }
        kills += 1;
        check(dir.path(), &mut known);
        no_secret_in(dir.path(), &known);
    }
    let (sessions, took) = (known.len(), started.elapsed().as_secs_f32());
    let revoked = known.values().filter(|session| session.revoked).count();
    println!("{kills} kills, {told} told, {sessions} sessions, {revoked} revoked, {took:.1} s");
}

fn learn(session: &mut Known, step: Step) {
    match step {
        Step::Waits { refresh, access } => {
            session.given.push(refresh);
            session.access.push(access);
            session.using = false;
        }
        Step::Using => session.using = true,
        Step::Revoking => session.revoking = true,
        Step::Revoked => session.revoked = true,
    }
}

/// Opens the room as a new process does, and asks about everything that is known.
fn check(dir: &Path, known: &mut BTreeMap<String, Known>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let authority = open(dir).await;
        let now = SystemClock.now();
        for (id, session) in &mut *known {
            let (newest, used) = session.given.split_last().expect("one at least");
            let why = asked(&authority, newest, TokenType::Refresh, now).await;
            let access = asked(&authority, &session.access[0], TokenType::Access, now).await;
            if session.revoked {
                assert_eq!(why, Some(Reason::Revoked), "{id} is back");
                assert_eq!(access, Some(Reason::Revoked), "{id} is back");
            } else if !session.revoking {
                assert_eq!(access, None, "{id} is lost");
                // Where the use was not acknowledged, either is right.
                let lost = why.is_some() && !session.using;
                assert!(!lost, "the successor of {id} is lost: {why:?}");
            }
            for used in used {
                let why = asked(&authority, used, TokenType::Refresh, now).await;
                let refused = matches!(why, Some(Reason::Replayed | Reason::Revoked));
                assert!(refused, "a used token of {id} works again: {why:?}");
            }
        }
        go_on(&authority, known, now).await;
    });
}

/// One session that was cut off in its use goes on: its client tries again, in time, with the
/// token that it has.
async fn go_on(authority: &Authority, known: &mut BTreeMap<String, Known>, now: Timestamp) {
    let cut_off = |session: &&mut Known| session.using && !session.revoking && !session.revoked;
    for session in known.values_mut().filter(cut_off) {
        let newest = session.given.last().expect("one at least");
        match perform(authority, &refresh_of(newest), now).await {
            Ok(pair) => {
                let (refresh, access) = texts(&pair);
                session.given.push(refresh);
                session.access.push(access);
                session.using = false;
            }
            Err(reason) => panic!("a retry in time is refused: {}", reason.code()),
        }
    }
}

/// Tokens stand nowhere in the files.
fn no_secret_in(dir: &Path, known: &BTreeMap<String, Known>) {
    let signatures: Vec<&str> = known
        .values()
        .take(20)
        .flat_map(|session| session.given.iter().chain(&session.access))
        .filter_map(|token| token.rsplit('.').next())
        .collect();
    for file in std::fs::read_dir(dir).expect("files") {
        let path = file.expect("a file").path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for secret in &signatures {
            assert!(!text.contains(secret), "a token stands in {}", path.display());
        }
        assert!(!text.contains("crash-subject"), "a subject stands in {}", path.display());
    }
}

async fn asked(
    authority: &Authority,
    token: &str,
    wanted: TokenType,
    now: Timestamp,
) -> Option<Reason> {
    let component = ComponentId::parse("token-operations").expect("an id");
    let credentials = Credentials::Token(Token::new(token));
    let question = Question::new(RequestId::new(1, 1), component, now, credentials);
    match authority.decide(&question.wanting(wanted)).await.expect("an answer") {
        crossfade::domain::Decision::Allow(_) => None,
        crossfade::domain::Decision::Deny(denial) => Some(denial.reason),
    }
}

async fn open(dir: &Path) -> Authority {
    let store = Store::open(dir).expect("the store");
    let settings = Settings {
        keys: vec![KeySource::Secret { id: "crash".into(), bytes: SECRET.to_vec() }],
        fingerprint_key: Some(FingerprintKey::new([5; 32])),
        // A retry is in time however long the machine takes.
        retry_s: 60,
        retry_unauthenticated_s: 60,
        ..Settings::new("issuer", "audience")
    };
    Authority::open(settings, &store, Arc::new(SystemClock)).await.expect("the room")
}

fn refresh_of(token: &str) -> Operation {
    Operation::Refresh(RefreshOrder {
        token: Token::new(token),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Own,
    })
}

async fn perform(
    authority: &Authority,
    operation: &Operation,
    now: Timestamp,
) -> Result<Performed, Reason> {
    match authority.perform(operation, now).await.expect("performed") {
        Outcome::Done(pair) => Ok(pair),
        Outcome::Denied(reason) => Err(reason),
    }
}

fn texts(pair: &Performed) -> (String, String) {
    let refresh = pair.refresh.as_ref().expect("a refresh token");
    (refresh.reveal().to_owned(), pair.access.reveal().to_owned())
}

/// Does nothing unless the test above has started it.
#[test]
fn the_child_keeps_sessions_until_it_is_killed() {
    let Some(dir) = directory(CHILD) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let authority = Arc::new(open(&dir).await);
        let lives: Vec<_> =
            (0..8).map(|kind| tokio::spawn(live(Arc::clone(&authority), kind))).collect();
        for life in lives {
            life.await.expect("no panic");
        }
    });
}

fn tell(session: &str, step: Step) {
    acknowledge(&Told { session: session.to_owned(), step });
}

/// Begins sessions, refreshes each a few times, and revokes it in one of four ways or leaves it.
async fn live(authority: Arc<Authority>, kind: u32) {
    loop {
        let name = encode_base64url(&rand::random::<[u8; 9]>());
        let subject = Subject::parse(&format!("crash-subject-{name}")).expect("a subject");
        let order = IssueOrder {
            subject: subject.clone(),
            scopes: Scopes::parse("read"),
            email: None,
            client: None,
            form: TokenForm::Own,
        };
        let mut pair = perform(&authority, &Operation::Issue(order), SystemClock.now()).await;
        for _ in 0..=kind {
            let (refresh, access) = texts(pair.as_ref().expect("done"));
            tell(&name, Step::Waits { refresh: refresh.clone(), access });
            tell(&name, Step::Using);
            pair = perform(&authority, &refresh_of(&refresh), SystemClock.now()).await;
        }
        let pair = pair.expect("done");
        let (refresh, access) = texts(&pair);
        tell(&name, Step::Waits { refresh, access });
        if let Some(revocation) = revocation(&authority, kind, &subject, &pair) {
            tell(&name, Step::Revoking);
            let revoked = authority_revokes(&authority, &revocation).await;
            assert_eq!(revoked, RevocationOutcome::Done);
            tell(&name, Step::Revoked);
        }
    }
}

async fn authority_revokes(authority: &Authority, revocation: &Revocation) -> RevocationOutcome {
    let path: &dyn crossfade::domain::TokenPath = authority;
    path.revoke(revocation, SystemClock.now()).await.expect("revoked")
}

fn revocation(
    authority: &Authority,
    kind: u32,
    subject: &Subject,
    pair: &Performed,
) -> Option<Revocation> {
    match kind % 4 {
        0 => Some(Revocation::Token(pair.refresh.clone()?)),
        1 => Some(Revocation::Family(authority.introspection(&pair.access)?.family?)),
        2 => {
            // Everything of the second in which the session was made.
            let issued_before = SystemClock.now().plus_seconds(2);
            Some(Revocation::Subject { subject: subject.clone(), issued_before })
        }
        _ => None,
    }
}
