//! Events that wait for somebody to come.

use super::*;

#[test]
fn what_nobody_has_received_is_due_on_the_next_connection() {
    let mut world = world();
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.pass(60_000);
    world.connect("c", "ada");
    world.deliver("c", "ada", "r2");
    assert_eq!(world.in_the_end(), ["c r2 match", "c r1 lost"]);
    world.connect("d", "ada");
    assert_eq!(world.in_the_end(), [""; 0], "what is told lost is not asked for again");
}

#[test]
fn what_somebody_has_received_or_is_about_to_is_not_due_on_the_next_connection() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.deliver("c", "ada", "r1");
    world.publish("ada", "r2");
    world.connect("d", "ada");
    world.deliver("c", "ada", "r2");
    assert_eq!(world.in_the_end(), ["c r1 match", "c r2 match"]);
}

#[test]
fn what_was_due_on_a_connection_that_broke_is_due_on_the_next() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.disconnect("c");
    world.connect("d", "ada");
    assert_eq!(world.in_the_end(), ["d r1 lost"]);
}

#[test]
fn who_says_where_they_are_is_owed_all_behind_it() {
    let mut world = world();
    world.connect("c", "ada");
    for id in ["r1", "r2", "r3"] {
        world.publish("ada", id);
        world.deliver("c", "ada", id);
    }
    world.said();
    world.disconnect("c");
    world.resume("d", "ada", 1);
    world.deliver("d", "ada", "r2");
    assert_eq!(world.in_the_end(), ["d r2 match", "d r3 lost"]);
}

#[test]
fn who_is_given_what_they_said_they_had_is_given_it_again() {
    let mut world = world();
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.resume("c", "ada", 1);
    world.deliver("c", "ada", "r1");
    world.deliver("c", "ada", "r2");
    assert_eq!(world.in_the_end(), ["c r1 repeated", "c r2 match"]);
}

#[test]
fn who_is_in_another_life_of_the_log_is_owed_what_nobody_has() {
    let mut world = world();
    world.publish("ada", "r1");
    world.come("c", "ada", Some(Position { epoch: Epoch(2), after: Sequence(9) }));
    assert_eq!(world.in_the_end(), ["c r1 lost"]);
}

#[test]
fn what_waited_is_late_by_when_somebody_came() {
    let mut world = world();
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.pass(60_000);
    world.connect("c", "ada");
    world.pass(500);
    world.deliver("c", "ada", "r1");
    world.pass(1_000);
    world.deliver("c", "ada", "r2");
    assert_eq!(world.in_the_end(), ["c r1 match", "c r2 late"]);
}

#[test]
fn what_is_live_may_not_overtake_what_waited_in_its_run() {
    let mut world = world();
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.connect("c", "ada");
    world.publish("ada", "r3");
    for id in ["r3", "r1", "r2"] {
        world.deliver("c", "ada", id);
    }
    assert_eq!(world.in_the_end(), ["c r3 match", "c r1 reordered", "c r2 reordered"]);
}

#[test]
fn each_side_owes_what_it_has_not_delivered() {
    let mut world = world();
    world.asked = Sides::BOTH;
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.deliver("c", "ada", "r1");
    world.disconnect("c");
    world.connect("d", "ada");
    assert_eq!(world.in_the_end(), ["c r1 match", "ssot d r1 lost"]);
}
