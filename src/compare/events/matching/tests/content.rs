//! Events without names.

use super::*;

#[test]
fn a_frame_without_a_name_is_recognised_by_what_it_says_and_that_is_uncertain() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    world.write("c", "ada", &nameless("ada", "r2"));
    world.write("c", "ada", &nameless("ada", "r1"));
    assert_eq!(world.in_the_end(), ["c r2 uncertain", "c r1 reordered"]);
}

#[test]
fn of_two_that_say_the_same_the_older_comes_first_and_a_third_is_a_repetition() {
    let mut world = world();
    world.connect("c", "ada");
    let same = json!({"type": "note", "run_id": "r", "payload": {"text": "hm"}});
    for id in ["a", "b"] {
        let mut event = same.clone();
        event["event_id"] = id.into();
        world.publish_event("ada", &event);
    }
    for _ in 0..3 {
        world.write("c", "ada", &same);
    }
    assert_eq!(world.in_the_end(), ["c a uncertain", "c b uncertain", "c b repeated"]);
}

#[test]
fn a_frame_that_tells_no_run_is_recognised_among_its_users_events() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.write("c", "ada", &json!({"type": "note", "data": {"text": "r1"}}));
    assert_eq!(world.in_the_end(), ["c r1 uncertain"]);
}

#[test]
fn a_frame_that_says_what_somebody_else_was_told_in_the_same_run_is_misdelivered() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.publish("ada", "r1");
    let mut anybodys = nameless("ada", "r1");
    anybodys.as_object_mut().expect("an object").remove("user_id");
    world.write("d", "bob", &anybodys);
    world.write("d", "bob", &json!({"type": "note", "data": {"text": "r1"}}));
    assert_eq!(world.in_the_end(), ["d r1 misdelivered", "c r1 lost"]);
    assert_eq!(world.matcher.counts().unplaced, 1, "without a run anybody may have said that");
}

#[test]
fn the_same_words_in_the_same_run_are_first_of_all_ones_own() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "bob");
    for owner in ["ada", "bob"] {
        world.publish_event(owner, &nameless(owner, "r1"));
    }
    world.write("d", "bob", &nameless("bob", "r1"));
    world.write("c", "ada", &nameless("ada", "r1"));
    assert_eq!(world.in_the_end(), ["d (note) uncertain", "c (note) uncertain"]);
}

#[test]
fn another_body_at_the_same_step_takes_the_place_of_what_did_not_come() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    let mut other = nameless("ada", "r1");
    other["payload"]["text"] = "else".into();
    world.write("c", "ada", &other);
    world.pass(4_999);
    assert_eq!(world.said(), [""; 0]);
    world.pass(1);
    assert_eq!(world.in_the_end(), ["c r1 body_differs payload.text"]);
}

#[test]
fn another_body_at_the_same_step_is_nothing_where_the_right_one_comes() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    let mut other = nameless("ada", "r1");
    other["payload"]["text"] = "else".into();
    other["timestamp"] = "2027-01-15T08:00:01Z".into();
    world.write("c", "ada", &other);
    world.write("c", "ada", &nameless("ada", "r1"));
    assert_eq!(world.in_the_end(), ["c r1 uncertain", "c (note) unexpected"]);
}

#[test]
fn a_name_that_nobody_gave_does_not_hide_what_a_frame_says() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    let mut renamed = event("ada", "r1");
    renamed["event_id"] = "made-up".into();
    world.write("c", "ada", &renamed);
    assert_eq!(world.said(), [""; 0], "its own name may yet come");
    assert_eq!(world.in_the_end(), ["c r1 uncertain"]);
}

#[test]
fn an_event_without_a_name_is_recognised_by_what_it_says() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish_event("ada", &nameless("ada", "r1"));
    world.deliver("c", "ada", "r1");
    assert_eq!(world.in_the_end(), ["c (note) uncertain"]);
}
