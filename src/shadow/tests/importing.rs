//! Revocations that only legacy knows.

use super::*;
use crate::compare::{Inconclusive, MismatchClass};
use crate::domain::AuthPath;

/// Refuses for a reason.
struct Refusing(Reason);

impl AuthPath for Refusing {
    fn decide<'a>(&'a self, _question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        Box::pin(std::future::ready(Ok(Decision::deny(self.0.clone()))))
    }
}

/// Lets everybody in whose token was not taken back.
#[derive(Default)]
struct Remembering(Mutex<Vec<String>>);

impl AuthPath for Remembering {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        let token = question.presented().token().expect("a token").reveal();
        let revoked = self.0.lock().iter().any(|known| known == token);
        let decision = if revoked { Decision::deny(Reason::Revoked) } else { allow("a") };
        Box::pin(std::future::ready(Ok(decision)))
    }
}

async fn asked(reason: Reason, works: bool) -> (World, Arc<Remembering>) {
    let ssot = Arc::new(Remembering::default());
    let kept = Arc::clone(&ssot);
    let sink: RevocationSink = Arc::new(move |token, _now| {
        let outcome = if works {
            kept.0.lock().push(token.reveal().to_owned());
            Ok(RevocationOutcome::Done)
        } else {
            Err(PathError::Unreadable("the disk is full".into()))
        };
        Box::pin(std::future::ready(outcome))
    });
    let both = Paths { legacy: Arc::new(Refusing(reason)), ssot: Arc::clone(&ssot) as _ };
    let lanes = (vec![(id(ASKED), both)], Some(sink));
    let world = World::with(Stage::Off, Scripted::default(), Scripted::default(), lanes).await;
    world.shadow.decide(question(ASKED, "t")).await.expect("served");
    world.shadow.idle().await;
    (world, ssot)
}

fn count(world: &World, counter: Counter) -> u64 {
    world.ledger.book(&id(ASKED)).total().count(counter)
}

#[tokio::test(start_paused = true)]
async fn ssot_is_told_of_a_revocation_that_legacy_knows_and_asked_again() {
    let (world, ssot) = asked(Reason::Revoked, true).await;
    assert_eq!(*ssot.0.lock(), ["t"]);
    assert_eq!(world.told("revocations_imported"), 1);
    assert_eq!(count(&world, Counter::Inconclusive(Inconclusive::Momentary)), 1);
    assert_eq!(count(&world, Counter::AskedAgain), 1);
    world.shadow.decide(question(ASKED, "t")).await.expect("served");
    world.shadow.idle().await;
    assert_eq!((count(&world, Counter::Matched), world.told("revocations_imported")), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_revocation_that_ssot_cannot_keep_stays_a_difference() {
    let (world, _ssot) = asked(Reason::Revoked, false).await;
    assert_eq!(world.told("revocations_not_imported"), 1);
    assert_eq!(count(&world, Counter::Mismatched(MismatchClass::Looser)), 1);
}

#[tokio::test(start_paused = true)]
async fn no_other_refusal_is_taken_for_a_revocation() {
    for reason in [Reason::Replayed, Reason::Expired, Reason::Unspecified, Reason::Signature] {
        let (world, ssot) = asked(reason, true).await;
        assert!(ssot.0.lock().is_empty());
        assert_eq!(world.told("revocations_imported"), 0);
    }
}
