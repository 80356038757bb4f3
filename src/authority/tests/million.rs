//! What a million live revocations cost. Run by hand, in a release build:
//! `cargo test --release --lib million -- --ignored --nocapture --test-threads 1`

use std::hint::black_box;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;

use super::vectors::ED25519_PRIVATE;
use super::{
    Authority, ComponentId, Credentials, Decision, KeySource, Question, RequestId, Scopes,
    Settings, Subject, Token, secret, settings,
};
use crate::authority::issue::NewToken;
use crate::authority::marks::{Mark, Marks};
use crate::authority::revocations::{RevocationRow, Revocations};
use crate::domain::{AuthPath as _, Fingerprint, FingerprintKey, Timestamp, TokenForm, TokenType};
use crate::store::{BATCH_ROWS_MAX, Durability, Expect, Store};

const MILLION: u32 = 1_000_000;
const LATER: Timestamp = Timestamp::from_micros(1_900_000_000_000_000);
const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

fn mark(number: u32) -> Fingerprint {
    FingerprintKey::new([3; 32]).of_text(&number.to_string())
}

fn marks(count: u32) -> Vec<Mark> {
    (0..count).map(|number| *mark(number).bytes()).collect()
}

/// Memory of this process in KiB.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

fn each(took: Duration, count: u32) -> String {
    format!("{:.0} ns", took.as_secs_f64() * 1e9 / f64::from(count))
}

#[test]
#[ignore = "prints figures, judges nothing"]
fn what_a_million_live_revocations_cost_in_memory_and_time() {
    let (known, unknown) = (marks(MILLION), {
        let others = MILLION..2 * MILLION;
        others.map(|number| *mark(number).bytes()).collect::<Vec<_>>()
    });
    let before = resident_kib();
    let set = Marks::new();
    let mut done = 0;
    for target in [1_000, 10_000, 100_000, MILLION] {
        let started = Instant::now();
        for mark in &known[done as usize..target as usize] {
            set.add(*mark, LATER, (), usize::MAX).expect("room");
        }
        let insert = each(started.elapsed(), target - done);
        done = target;
        let mut lookups = Vec::new();
        for asked in [&known[..target as usize], &unknown] {
            let started = Instant::now();
            for mark in asked.iter().cycle().take(MILLION as usize) {
                black_box(set.value(black_box(mark)));
            }
            lookups.push(each(started.elapsed(), MILLION));
        }
        let memory = resident_kib().saturating_sub(before);
        println!("{target} live: insert {insert}, look-up {lookups:?} (there, not), {memory} KiB");
    }
}

/// Different tokens that are asked about in turn, so that no cache knows what comes next.
const TOKENS: u32 = 10_000;

const ROUNDS: usize = 9;

/// An authority with so many live revocations, a quarter of them of subjects.
async fn with_revoked(key: KeySource, count: u32) -> Authority {
    let settings = Settings { keys: vec![key], ..settings() };
    let authority = Authority::in_memory(settings).expect("an authority");
    for number in 0..count {
        let (mark, revocations) = (mark(number), &authority.revocations);
        let done = match number % 4 {
            0 => revocations.revoke_subject(mark, NOW, LATER, NOW).await,
            _ => revocations.revoke(mark, LATER, NOW).await,
        };
        done.expect("room");
    }
    authority
}

/// Tokens of which all four questions are asked: signed text, `jti`, session and subject.
fn tokens(authority: &Authority) -> Vec<Token> {
    let scopes = Scopes::parse("read write");
    let token = |number: u32| {
        let subject = Subject::parse(&format!("subject-{number}")).expect("a subject");
        let family = format!("session-{number}");
        let wording = authority.settings.wording(TokenForm::Own, TokenType::Access);
        let worded = NewToken::worded(wording, TokenType::Access, &subject, &scopes);
        let new = NewToken { family: Some(&family), ..worded };
        authority.mint(&new, NOW).expect("a token").token
    };
    (0..TOKENS).map(token).collect()
}

/// What one decision takes, from the text of the token on.
fn decided(authority: &Authority, tokens: &[Token]) -> Duration {
    let component = ComponentId::parse("http-auth").expect("an id");
    let started = Instant::now();
    for token in tokens {
        let credentials = Credentials::Token(token.clone());
        let question = Question::new(RequestId::new(1, 1), component.clone(), NOW, credentials);
        let decision = authority.decide(black_box(&question)).now_or_never();
        assert!(matches!(decision, Some(Ok(Decision::Allow(_)))));
    }
    started.elapsed() / TOKENS
}

#[tokio::test]
#[ignore = "prints figures, judges nothing"]
async fn what_a_decision_costs_beside_a_million_live_revocations() {
    let ed_dsa = || KeySource::Jwk { text: ED25519_PRIVATE.into() };
    for (name, key) in [("HS256", &(|| secret("one")) as &dyn Fn() -> _), ("EdDSA", &ed_dsa)] {
        let mut all = Vec::new();
        for count in [0, 1, 1_000, 100_000, MILLION] {
            all.push((count, with_revoked(key(), count).await, Vec::new()));
        }
        let tokens = tokens(&all[0].1);
        for _ in 0..ROUNDS {
            for (_, authority, took) in &mut all {
                took.push(decided(authority, &tokens));
            }
        }
        for (count, _, took) in &mut all {
            took.sort_unstable();
            println!("{name}, {count} live: {:?} (best {:?})", took[ROUNDS / 2], took[0]);
        }
    }
}

#[tokio::test]
#[ignore = "prints figures, judges nothing"]
async fn how_long_a_start_with_a_million_live_revocations_takes() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let table = store.table::<RevocationRow>("revocations");
    let row = RevocationRow { forget_at_us: LATER.micros() };
    let names: Vec<String> = (0..MILLION).map(|number| mark(number).to_string()).collect();
    for some in names.chunks(BATCH_ROWS_MAX) {
        let mut batch = store.batch();
        for name in some {
            batch.put(&table, name, &row, Expect::Anything, None).expect("room");
        }
        batch.commit(Durability::Relaxed).await.expect("written");
    }
    drop(table);
    store.close().await.expect("closed");
    let before = resident_kib();
    let started = Instant::now();
    let store = Store::open(dir.path()).expect("the store");
    let opened = started.elapsed();
    let revocations = Revocations::open(&store, 2 * MILLION as usize, NOW).await.expect("opened");
    let memory = resident_kib().saturating_sub(before);
    assert_eq!(revocations.len(), MILLION as usize);
    println!("store opened in {opened:?}, all in {:?}; {memory} KiB", started.elapsed());
}
