//! Policies as they are kept.

use std::sync::Arc;

use tempfile::TempDir;

use super::{PolicyPlace, PolicyRow};
use crate::domain::{LivePolicies, Mode, Policy, Revision, Rule, TokenType, TokioClock};
use crate::flags::samples::{NOW, operator};
use crate::flags::{Flags, FlagsError, HistoryFilter, MoveRefusal, Seeds, Settings};
use crate::store::{FaultSwitch, Store};

const WATCHED: [(Rule, Mode); 1] = [(Rule::Audience, Mode::Observe)];

struct House {
    dir: TempDir,
    disk: FaultSwitch,
    live: LivePolicies,
    flags: Flags,
}

impl House {
    async fn new() -> Self {
        Self::on(TempDir::new().expect("a folder")).await
    }

    async fn on(dir: TempDir) -> Self {
        let disk = FaultSwitch::new();
        let store = Store::open_with(dir.path(), disk.clone()).expect("a store");
        let live = LivePolicies::default();
        let settings = Settings {
            policies: Arc::clone(&live),
            policy_issuers: vec!["idp".to_owned(), "own".to_owned(), "a/b".to_owned()],
            ..Settings::default()
        };
        let clock = Arc::new(TokioClock::starting_at(NOW));
        let flags = Flags::open(&store, Seeds::default(), settings, clock).await.expect("flags");
        Self { dir, disk, live, flags }
    }

    /// The house as a new process finds it.
    async fn restarted(self) -> Self {
        let Self { dir, disk, live, flags } = self;
        disk.heal();
        drop((flags, live));
        Self::on(dir).await
    }

    async fn set(&self, modes: &[(Rule, Mode)]) -> Result<PolicyRow, FlagsError> {
        self.flags.set_policy(&own(), modes, None, operator("why")).await
    }

    async fn back(&self) -> Result<PolicyRow, FlagsError> {
        self.flags.roll_back_policy(&own(), None, operator("back")).await
    }

    /// What is in force for our own access tokens.
    fn in_force(&self) -> Policy {
        *self.live.load().of(None, TokenType::Access)
    }

    fn history(&self) -> Vec<(Policy, Policy)> {
        let lines = self.flags.policy_history(&own(), &HistoryFilter::default()).expect("a page");
        assert!(lines.is_sorted_by(|a, b| a.revision > b.revision));
        lines.into_iter().map(|line| (line.before, line.after)).collect()
    }
}

fn own() -> PolicyPlace {
    PolicyPlace::named("own", TokenType::Access)
}

fn watched() -> Policy {
    Policy::STRICT.with(Rule::Audience, Mode::Observe)
}

#[tokio::test]
async fn a_policy_is_strict_until_it_is_changed_and_outlives_a_restart() {
    let house = House::new().await;
    let before = house.flags.policy(&own()).expect("a row");
    assert_eq!((before.policy, before.revision), (Policy::STRICT, Revision(0)));
    let row = house.set(&WATCHED).await.expect("set");
    assert_eq!((row.policy, row.previous), (watched(), Some(Policy::STRICT)));
    assert!(row.revision > Revision(0));
    assert_eq!(house.in_force(), watched());
    let house = house.restarted().await;
    assert_eq!(house.in_force(), watched(), "published before anything is asked");
    assert_eq!(house.flags.policy(&own()).expect("a row"), row);
    assert_eq!(house.history(), [(Policy::STRICT, watched())]);
}

#[tokio::test]
async fn each_issuer_and_kind_is_changed_by_itself() {
    let house = House::new().await;
    let idp = PolicyPlace::named("idp", TokenType::Service);
    house.flags.set_policy(&idp, &WATCHED, None, operator("why")).await.expect("set");
    house.set(&[(Rule::TokenId, Mode::Off)]).await.expect("set");
    let house = house.restarted().await;
    let live = house.live.load();
    assert_eq!(*live.of(Some("idp"), TokenType::Service), watched());
    assert_eq!(*live.of(Some("idp"), TokenType::Access), Policy::STRICT);
    assert_eq!(*live.of(None, TokenType::Service), Policy::STRICT);
    assert_eq!(house.in_force(), Policy::STRICT.with(Rule::TokenId, Mode::Off));
    let rows = house.flags.policies();
    let changed = rows.iter().filter(|row| row.revision > Revision(0)).count();
    assert_eq!((changed, house.history().len()), (2, 1));
    assert!(rows.iter().any(|row| row.place == PolicyPlace::named("idp", TokenType::Id)));
}

#[tokio::test]
async fn only_issuers_that_are_configured_and_can_be_named_have_policies() {
    let house = House::new().await;
    for issuer in ["nobody", "a/b", ""] {
        let place = PolicyPlace::named(issuer, TokenType::Access);
        let outcome = house.flags.set_policy(&place, &WATCHED, None, operator("why")).await;
        assert_eq!(outcome, Err(FlagsError::UnknownIssuer(issuer.to_owned())));
    }
}

#[tokio::test]
async fn a_rollback_puts_back_what_was_there_and_a_second_one_takes_it_back() {
    let house = House::new().await;
    assert_eq!(house.back().await, Err(MoveRefusal::NothingToRollBack.into()));
    house.set(&WATCHED).await.expect("set");
    assert_eq!(house.set(&WATCHED).await, Err(MoveRefusal::NothingToChange.into()));
    house.back().await.expect("rolled back");
    assert_eq!(house.in_force(), Policy::STRICT);
    house.back().await.expect("rolled back");
    assert_eq!(house.in_force(), watched());
    let (strict, watched) = (Policy::STRICT, watched());
    let lines = [(strict, watched), (watched, strict), (strict, watched)];
    assert_eq!(house.history(), lines);
    let house = house.restarted().await;
    assert_eq!((house.in_force(), house.history().len()), (watched, 3));
}

#[tokio::test]
async fn of_two_who_have_seen_the_same_policy_one_loses() {
    let house = House::new().await;
    let seen = Some(Revision(0));
    let place = own();
    let off = [(Rule::TokenId, Mode::Off)];
    let set = |modes| house.flags.set_policy(&place, modes, seen, operator("why"));
    let (one, other) = tokio::join!(set(&WATCHED), set(&off));
    let current = house.flags.policy(&own()).expect("a row").revision;
    assert!(one.is_ok() != other.is_ok());
    let lost = one.and(other).expect_err("one has lost");
    assert_eq!(lost, FlagsError::Conflict { current });
    let back = house.flags.roll_back_policy(&own(), seen, operator("back")).await;
    assert_eq!(back, Err(FlagsError::Conflict { current }));
}

#[tokio::test]
async fn a_setting_that_the_disk_refuses_does_not_hold() {
    let house = House::new().await;
    house.disk.refuse();
    assert!(matches!(house.set(&WATCHED).await, Err(FlagsError::Store(_))));
    assert_eq!((house.in_force(), house.flags.unsaved()), (Policy::STRICT, 0));
}

#[tokio::test]
async fn a_rollback_that_the_disk_refuses_holds_in_memory_and_is_saved_later() {
    let house = House::new().await;
    house.set(&WATCHED).await.expect("set");
    house.disk.refuse();
    let outcome = house.back().await;
    assert!(matches!(outcome, Err(FlagsError::PolicyNotDurable { .. })), "{outcome:?}");
    assert_eq!((house.in_force(), house.flags.unsaved()), (Policy::STRICT, 1));
    assert!(house.set(&[(Rule::TokenId, Mode::Off)]).await.is_err(), "nothing overtakes it");
    house.disk.heal();
    house.flags.save().await.expect("saved");
    assert_eq!(house.flags.unsaved(), 0);
    let house = house.restarted().await;
    assert_eq!((house.in_force(), house.history().len()), (Policy::STRICT, 2));
}

#[tokio::test]
async fn a_rollback_holds_before_the_disk_has_it() {
    let house = House::new().await;
    house.set(&WATCHED).await.expect("set");
    let held = house.disk.hold();
    let flags = house.flags.clone();
    let rollback =
        tokio::spawn(async move { flags.roll_back_policy(&own(), None, operator("back")).await });
    let disk = house.disk.clone();
    tokio::task::spawn_blocking(move || disk.wait_until_stalled()).await.expect("stalled");
    assert_eq!(house.in_force(), Policy::STRICT);
    drop(held);
    rollback.await.expect("joined").expect("rolled back");
}
