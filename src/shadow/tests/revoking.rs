//! Revocations on both sides.

use super::*;
use crate::shadow::{RevokedBoth, ShadowError};

fn revocation() -> Revocation {
    Revocation::Token(Token::new("t"))
}

#[tokio::test]
async fn a_revocation_goes_to_both_sides_at_every_stage() {
    for stage in [Stage::Off, Stage::Shadow, ALL, Stage::Live, Stage::Sealed] {
        let world = World::at(stage, Scripted::default(), Scripted::default()).await;
        let outcome = world.shadow.revoke(&id(MAKES_TOKENS), revocation(), NOW).await;
        let (legacy, ssot) = (RevocationOutcome::Done, RevocationOutcome::Done);
        assert_eq!(outcome, Ok(RevokedBoth { ssot, legacy }), "{stage}");
        assert_eq!(
            (world.legacy.seen(), world.ssot.seen()),
            (vec!["revoke t".to_owned()], vec!["revoke t".to_owned()],)
        );
    }
}

#[tokio::test]
async fn the_failure_of_one_side_is_told_and_does_not_keep_the_other_from_it() {
    let failing =
        || Scripted { revoked: Mutex::new(Some(PathError::TimedOut)), ..Scripted::default() };
    let not = |ssot, legacy| Err(ShadowError::NotRevoked { ssot, legacy });
    let timed_out = Some(PathError::TimedOut);
    for (legacy, ssot, expected) in [
        (failing(), Scripted::default(), not(None, timed_out.clone())),
        (Scripted::default(), failing(), not(timed_out.clone(), None)),
        (failing(), failing(), not(timed_out.clone(), timed_out.clone())),
    ] {
        let world = World::at(Stage::Live, legacy, ssot).await;
        let outcome = world.shadow.revoke(&id(MAKES_TOKENS), revocation(), NOW).await;
        assert_eq!(outcome, expected);
        assert_eq!((world.legacy.seen().len(), world.ssot.seen().len()), (1, 1));
    }
}
