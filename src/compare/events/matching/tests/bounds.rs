//! What falls out is counted, and not held against anybody.

use super::*;

#[test]
fn the_oldest_events_of_a_user_make_room() {
    let mut world =
        world_with(MatchSettings { events_per_user_max: 2, ..MatchSettings::default() });
    world.connect("c", "ada");
    for id in ["r1", "r2", "r3"] {
        world.publish("ada", id);
    }
    world.publish("bob", "s1");
    assert_eq!(world.in_the_end(), ["c r2 lost", "c r3 lost"]);
    assert_eq!(world.matcher.counts().unjudged, 1);
}

#[test]
fn the_oldest_events_of_all_make_room() {
    let mut world = world_with(MatchSettings { events_max: 2, ..MatchSettings::default() });
    for owner in ["ada", "bob", "cy"] {
        world.connect(owner, owner);
        world.publish(owner, "r1");
    }
    assert_eq!(world.in_the_end(), ["bob r1 lost", "cy r1 lost"]);
    assert_eq!(world.matcher.counts().unjudged, 1);
}

#[test]
fn after_its_time_an_event_is_forgotten_and_counted_when_nobody_came_for_it() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.deliver("c", "ada", "r1");
    world.publish("bob", "s1");
    assert_eq!(world.in_the_end(), ["c r1 match"]);
    world.pass(600_000);
    assert_eq!(world.matcher.counts().unclaimed, 1);
    world.connect("d", "bob");
    assert_eq!(world.in_the_end(), [""; 0]);
}

#[test]
fn a_frame_that_may_be_of_a_forgotten_event_is_not_unexpected() {
    let mut world = world();
    world.connect("c", "ada");
    let event = json!({"type": "note", "event_id": "e", "payload": {},
        "timestamp": "2027-01-15T08:00:01Z"});
    world.pass(1_000);
    world.publish_event("ada", &event);
    world.pass(600_000);
    world.said();
    world.write("c", "ada", &event);
    assert_eq!((world.in_the_end(), world.matcher.counts().unplaced), (vec![], 1));
}

#[test]
fn connections_beyond_the_bound_are_not_followed_but_still_watched_for_what_is_not_theirs() {
    let mut world = world_with(MatchSettings { connections_max: 1, ..MatchSettings::default() });
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.publish("bob", "s1");
    world.deliver("d", "bob", "s1");
    world.publish("ada", "r1");
    world.write("d", "bob", &event("ada", "r1"));
    assert_eq!(world.in_the_end(), ["d r1 misdelivered", "c r1 lost"]);
    let counts = world.matcher.counts();
    assert_eq!((counts.connections_left_out, counts.unplaced), (1, 1));
    world.disconnect("c");
    world.connect("e", "ada");
    assert_eq!(world.matcher.counts().connections_left_out, 1);
}

#[test]
fn no_more_is_waited_for_than_the_bound() {
    let mut world = world_with(MatchSettings { awaited_max: 1, ..MatchSettings::default() });
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.deliver("c", "ada", "r2");
    assert_eq!(world.in_the_end(), ["c r2 match", "c r1 lost"]);
    assert_eq!(world.matcher.counts().not_awaited, 1);
    world.publish("ada", "r3");
    assert_eq!(world.in_the_end(), ["c r3 lost"], "what is settled makes room");
}

#[test]
fn unknown_frames_make_room_for_each_other() {
    let mut world = world_with(MatchSettings { strays_max: 1, ..MatchSettings::default() });
    world.connect("c", "ada");
    world.write("c", "ada", &event("bob", "r1"));
    world.write("c", "ada", &event("cy", "r2"));
    assert_eq!(world.in_the_end(), ["c r2 misdelivered"]);
    assert_eq!(world.matcher.counts().strays_dropped, 1);
}

#[test]
fn whoever_has_neither_events_nor_connections_is_forgotten() {
    let mut world = world();
    for number in 0..100 {
        let owner = format!("user-{number}");
        world.connect("c", &owner);
        world.publish(&owner, "r1");
        world.disconnect("c");
    }
    world.pass(600_000);
    assert!(world.matcher.is_empty());
}
