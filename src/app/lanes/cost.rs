//! What it costs that the guard watches: what is shown to it, what it makes of that, and its rulings.

use std::sync::Arc;

use tempfile::TempDir;

use super::tests::{SECRET, authority_settings};
use crate::authority::{Authority, Order};
use crate::domain::{
    Clock, ComponentId, Credentials, Question, RequestId, Revision, Scopes, Share, Subject,
    SubjectKey, SystemClock, Token,
};
use crate::flags::{self, Cause, Flags, Kind, Limits, Move, Seed, Stage};
use crate::guard::Ruling;
use crate::guard::case::{Case, Held, rule};
use crate::ledger::{Book, Ledger, Seen};
use crate::legacy::profile::{Algorithm, Key};
use crate::legacy::{ProfileSettings, Secret};
use crate::shadow::{Lanes, Paths, Settings, Shadow};
use crate::store::Store;

const PEOPLE: usize = 256;
const DECISIONS: usize = 4_000;
const ROUNDS: usize = 80;
/// Decisions between two looks of the guard: more looks than there are at a hundred milliseconds.
const LOOK: usize = 500;

/// Nanoseconds that this thread has had a processor, by the kernel's account.
fn cpu_ns() -> u64 {
    let text =
        std::fs::read_to_string("/proc/thread-self/schedstat").expect("the kernel's account");
    text.split(' ').next().and_then(|first| first.parse().ok()).expect("a number")
}

/// A component at a stage, between the authority and a legacy that verifies in process.
async fn between(stage: Stage, dir: &TempDir) -> (Shadow, Arc<Book>, Vec<Token>) {
    let store = Store::open(dir.path()).expect("a store");
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let authority = Authority::in_memory(authority_settings()).expect("an authority");
    let token = |person| {
        let subject = Subject::parse(&format!("person-{person}")).expect("a subject");
        let order = Order::access(subject, Scopes::parse("read write"), 600);
        authority.issue(&order, SystemClock.now()).expect("a token").token
    };
    let tokens = (0..PEOPLE).map(token).collect();
    let key = Key::read("shared", Algorithm::HS256, &Secret::new(SECRET)).expect("a key");
    let legacy = ProfileSettings::of("core-validate", vec![key]).build().expect("legacy");
    let seeds = "[component.http-auth]\nkind = 'auth'\nphase = 1\n";
    let seeds = Seed::parse_all(seeds, "test.toml").expect("seeds");
    let flags = Flags::open(&store, seeds, flags::Settings::default(), Arc::clone(&clock)).await;
    let ledger = Ledger::new(authority.fingerprint_key().clone());
    let component = ComponentId::parse("http-auth").expect("an id");
    let both = Paths { legacy: Arc::new(legacy), ssot: Arc::new(authority) };
    let lanes = Lanes { paths: vec![(component.clone(), both)], ..Lanes::default() };
    let flags = Arc::new(flags.expect("flags"));
    for step in [Stage::Shadow, Stage::Canary(Share::ALL), Stage::Live] {
        if step <= stage {
            let cause = Cause::Operator { name: "ada".to_owned(), note: "test".to_owned() };
            flags.apply(&component, Move::To(step), None, cause).await.expect("raised");
        }
    }
    let shadow = Shadow::new(flags, &ledger, lanes, clock, Settings::default());
    (shadow, ledger.book(&component), tokens)
}

/// Processor time of so many decisions, their comparisons and the guard's part, in nanoseconds.
async fn round(
    shadow: &Shadow,
    book: &Book,
    tokens: &[Token],
    case: &mut Case,
    held: &Held<'_>,
) -> u64 {
    let component = book.component();
    let mut seen = Vec::new();
    let mut people = case.absorbed << 8;
    let started = cpu_ns();
    for number in 0..DECISIONS {
        let credentials = Credentials::Token(tokens[number % tokens.len()].clone());
        let id = RequestId::new(1, 1);
        let question = Question::new(id, component.clone(), SystemClock.now(), credentials);
        let served = shadow.decide(question).await.expect("served");
        assert!(served.decision.is_some_and(|decision| decision.is_allow()));
        if number % LOOK == LOOK - 1 {
            shadow.idle().await;
            book.take_seen(&mut seen);
            if !seen.is_empty() {
                for mut each in seen.drain(..) {
                    if let Seen::Answer(trial) = &mut each {
                        // Somebody new each time: nobody is passed over as known.
                        people += 1;
                        trial.subject = Some(SubjectKey::from_hash(people));
                    }
                    case.absorb(&each, held);
                }
                assert!(!matches!(rule(case, held, SystemClock.now()), Ruling::Trip { .. }));
            }
        }
    }
    let spent = cpu_ns() - started;
    assert_eq!(book.unseen(), 0);
    spent
}

#[tokio::test(flavor = "current_thread")]
#[ignore = "prints figures, judges no time: run it with --release and --nocapture"]
async fn processor_time_of_a_decision_with_and_without_a_watcher() {
    for stage in [Stage::Shadow, Stage::Canary(Share::ALL), Stage::Live] {
        let dir = TempDir::new().expect("a folder");
        let (shadow, book, tokens) = between(stage, &dir).await;
        let limits = Limits::default();
        let held = Held { limits: &limits, stage, kind: Kind::Auth };
        let mut case = Case::new(1, SystemClock.now(), Revision::default());
        round(&shadow, &book, &tokens, &mut case, &held).await;
        let (mut watched, mut unwatched) = (0, 0);
        for number in 0..ROUNDS * 2 {
            // In pairs that begin with either, so that neither has the colder cache.
            let on = matches!(number % 4, 1 | 2);
            book.watch(on);
            let spent = round(&shadow, &book, &tokens, &mut case, &held).await;
            *(if on { &mut watched } else { &mut unwatched }) += spent;
        }
        // The kernel counts in ticks: only sums over many rounds say something.
        let each = |sum: u64| sum / (DECISIONS * ROUNDS) as u64;
        let (with, without) = (each(watched), each(unwatched));
        println!(
            "{:8} watched {with:7} ns, unwatched {without:7} ns, {} permille",
            stage.name(),
            watched * 1_000 / unwatched
        );
    }
}
