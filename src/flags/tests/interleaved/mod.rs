//! Rollbacks that race with everything else, in every order there is.
//!
//! The flag room itself is gone through, on a real store whose disk confirms one batch at a time
//! and when it is told to. What is taken apart is what can be seen apart by others: a change that
//! waits for the disk's lock; one that is handed to the disk; one that the disk has confirmed and
//! that has not been published yet. Between them everything happens under one lock. Each run takes
//! one way through a race, and every way is taken; after every step every snapshot that was
//! published is looked at, and at the end what another process finds in the folder.

mod choices;
mod deed;
mod house;
mod run;

use self::choices::Choices;
use self::deed::{Deed, Part};
use self::house::{House, Start};
use self::run::{Race, Run};

/// Goes every way through a race; how many there are.
fn explore(house: &mut House, race: Race<'_>) -> usize {
    let (mut choices, mut ways) = (Choices::default(), 0);
    loop {
        Run::new(house, race).go(&mut choices);
        ways += 1;
        if !choices.advance() {
            return ways;
        }
    }
}

/// A race that has lost its ways shows less than it did.
fn assert_gone(expected: usize, ways: usize) {
    assert_eq!(ways, expected, "other ways were gone than there were when this was written");
}

const ROLLBACKS: [Part; 5] =
    [(Deed::Guard, 0), (Deed::Guard, 1), (Deed::RollBack, 0), (Deed::RollBack, 1), (Deed::Kill, 0)];

/// Every change of the parent and of the child.
fn changes() -> impl Iterator<Item = Part> {
    let both = |deed| [(deed, 0), (deed, 1)];
    let of_two = |part: &Part| *part != (Deed::Import, 1);
    Deed::CHANGES.into_iter().flat_map(both).filter(of_two)
}

#[test]
fn a_rollback_wins_over_every_change_whatever_the_disk_and_the_process_do() {
    let mut house = House::new(Start::Serving);
    let mut ways = 0;
    for rollback in ROLLBACKS {
        for change in changes() {
            let parts = [rollback, change];
            let race = Race { parts: &parts, in_turn: false, refusals: true, crashes: true };
            ways += explore(&mut house, race);
        }
    }
    house.close();
    assert_gone(4_610, ways);
}

#[test]
fn two_rollbacks_and_a_change_end_in_one_rollback_or_two() {
    let mut house = House::new(Start::Serving);
    let mut ways = 0;
    let pairs = [
        [(Deed::Guard, 0), (Deed::RollBack, 0)],
        [(Deed::Guard, 1), (Deed::RollBack, 0)],
        [(Deed::Guard, 0), (Deed::Kill, 0)],
        [(Deed::Guard, 1), (Deed::Guard, 0)],
    ];
    for [one, other] in pairs {
        for change in [(Deed::Raise, 0), (Deed::Raise, 1), (Deed::Import, 0), (Deed::Hold, 1)] {
            let parts = [one, other, change];
            let race = Race { parts: &parts, in_turn: false, refusals: false, crashes: false };
            ways += explore(&mut house, race);
        }
    }
    house.close();
    assert_gone(1_060, ways);
}

#[test]
fn a_rollback_wins_over_two_changes_that_race_with_each_other() {
    let mut house = House::new(Start::Serving);
    let mut ways = 0;
    let pairs = [
        [(Deed::Raise, 0), (Deed::PlanRaise, 1)],
        [(Deed::Import, 0), (Deed::Raise, 1)],
        [(Deed::Restore, 0), (Deed::Targets, 1)],
        [(Deed::Hold, 1), (Deed::Import, 0)],
    ];
    for rollback in [(Deed::Guard, 0), (Deed::Guard, 1), (Deed::Kill, 0)] {
        for [one, other] in pairs {
            let parts = [one, other, rollback];
            let race = Race { parts: &parts, in_turn: false, refusals: false, crashes: false };
            ways += explore(&mut house, race);
        }
    }
    house.close();
    assert_gone(902, ways);
}

#[test]
fn after_a_release_a_raise_serves_until_the_next_rollback_and_no_older_one() {
    let mut house = House::new(Start::Latched);
    let mut ways = 0;
    for rollback in ROLLBACKS {
        let parts = [(Deed::Release, 0), (Deed::Raise, 0), rollback];
        let race = Race { parts: &parts, in_turn: true, refusals: false, crashes: true };
        ways += explore(&mut house, race);
    }
    house.close();
    assert_gone(322, ways);
}
