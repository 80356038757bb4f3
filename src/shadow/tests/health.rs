//! When legacy last answered.

use super::super::Probe;
use super::*;
use crate::domain::{Answering, AuthPath, Presented};

/// Answers as told, or not at all.
struct Told {
    answer: Mutex<Option<Result<Decision, PathError>>>,
    has_effects: bool,
    probed_with_nothing: AtomicBool,
}

impl Told {
    fn new(answer: Option<Result<Decision, PathError>>) -> Arc<Self> {
        let answer = Mutex::new(answer);
        Arc::new(Self { answer, has_effects: false, probed_with_nothing: AtomicBool::new(false) })
    }
}

impl AuthPath for Told {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        let nothing = matches!(question.presented(), Presented::Nothing);
        self.probed_with_nothing.fetch_or(nothing, Ordering::SeqCst);
        let answer = self.answer.lock().clone();
        Box::pin(async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        })
    }

    fn probe<'a>(&'a self, question: &'a Question) -> Option<Answering<'a>> {
        (!self.has_effects).then(|| self.decide(question))
    }
}

async fn world(legacy: &Arc<Told>) -> World {
    let ssot = Told::new(Some(Ok(allow("a"))));
    let both = Paths { legacy: Arc::clone(legacy) as _, ssot };
    let lanes = (vec![(id(ASKED), both)], None);
    World::with(Stage::Off, Scripted::planning(allow("a")), Scripted::default(), lanes).await
}

const TIME: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn an_answer_in_passing_is_noted_be_it_a_deny_and_a_failure_is_none() {
    let legacy = Told::new(Some(Err(PathError::TimedOut)));
    let world = world(&legacy).await;
    let ask = || async {
        world.shadow.decide(question(ASKED, "t")).await.expect("served");
        world.shadow.idle().await;
        world.shadow.legacy_answered_at(&id(ASKED))
    };
    assert_eq!(ask().await, None);
    *legacy.answer.lock() = Some(Ok(Decision::deny(Reason::Expired)));
    assert_eq!(ask().await, Some(NOW));
    *legacy.answer.lock() = Some(Err(PathError::TimedOut));
    assert_eq!(ask().await, Some(NOW), "the last answer stays the last");
    assert_eq!(world.shadow.legacy_answered_at(&id("nobody")), None);
}

#[tokio::test(start_paused = true)]
async fn a_probe_asks_without_a_token_is_bounded_and_counts_nothing() {
    let legacy = Told::new(None);
    let world = world(&legacy).await;
    let asked = id(ASKED);
    let probe = || world.shadow.probe_legacy(&asked, TIME);
    let (first, second) = tokio::join!(probe(), probe());
    assert_eq!((first, second), (Probe::Failed(PathError::TimedOut), Probe::NotAsked));
    assert!(legacy.probed_with_nothing.load(Ordering::SeqCst));
    *legacy.answer.lock() = Some(Ok(Decision::deny(Reason::TokenMissing)));
    assert_eq!(world.shadow.probe_legacy(&id(ASKED), TIME).await, Probe::Answered);
    assert!(world.shadow.legacy_answered_at(&id(ASKED)).is_some_and(|at| at >= NOW.plus(TIME)));
    assert_eq!(world.ledger.book(&id(ASKED)).total(), Tally::default());
}

#[tokio::test(start_paused = true)]
async fn what_has_effects_is_not_asked() {
    let quiet = Arc::new(Told {
        answer: Mutex::new(Some(Ok(allow("a")))),
        has_effects: true,
        probed_with_nothing: AtomicBool::new(false),
    });
    let world = world(&quiet).await;
    assert_eq!(world.shadow.probe_legacy(&id(ASKED), TIME).await, Probe::NotAsked);
    assert_eq!(world.shadow.legacy_answered_at(&id(ASKED)), None);
    assert_eq!(world.shadow.probe_legacy(&id("nobody"), TIME).await, Probe::NotAsked);
}

#[tokio::test(start_paused = true)]
async fn a_token_path_is_asked_for_a_plan_and_never_to_perform() {
    let legacy = Told::new(Some(Ok(allow("a"))));
    let world = world(&legacy).await;
    assert_eq!(world.shadow.probe_legacy(&id(MAKES_TOKENS), TIME).await, Probe::Answered);
    assert_eq!(world.legacy.seen(), ["plan"]);
    assert!(world.shadow.legacy_answered_at(&id(MAKES_TOKENS)).is_some());
    *world.legacy.plan.lock() = None;
    assert_eq!(world.shadow.probe_legacy(&id(MAKES_TOKENS), TIME).await, Probe::NotAsked);
}
