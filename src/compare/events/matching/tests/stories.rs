//! Events that have names.

use super::*;

#[test]
fn what_arrives_as_published_is_a_match() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.deliver("c", "ada", "r1");
    assert_eq!(world.in_the_end(), ["c r1 match"]);
}

#[test]
fn what_does_not_arrive_within_the_wait_is_lost() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.pass(4_999);
    assert_eq!(world.said(), [""; 0]);
    world.pass(1);
    assert_eq!(world.said(), ["c r1 lost"]);
    world.pass(60_000);
    assert_eq!(world.said(), [""; 0], "it is lost once");
}

#[test]
fn each_connection_counts_for_itself() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "ada");
    world.connect("e", "bob");
    world.publish("ada", "r1");
    world.deliver("d", "ada", "r1");
    assert_eq!(world.in_the_end(), ["d r1 match", "c r1 lost"]);
}

#[test]
fn on_a_connection_that_ends_within_the_wait_nothing_is_lost() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.pass(4_999);
    world.disconnect("c");
    assert_eq!(world.in_the_end(), [""; 0]);
}

#[test]
fn what_arrives_again_is_repeated_each_time() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    for _ in 0..3 {
        world.deliver("c", "ada", "r1");
    }
    assert_eq!(world.in_the_end(), ["c r1 match", "c r1 repeated", "c r1 repeated"]);
}

#[test]
fn what_comes_behind_a_later_event_of_its_run_is_reordered() {
    let mut world = world();
    world.connect("c", "ada");
    for id in ["r1", "r2", "r3", "s1"] {
        world.publish("ada", id);
    }
    for id in ["s1", "r2", "r3", "r1"] {
        world.deliver("c", "ada", id);
    }
    let expected = ["c s1 match", "c r2 match", "c r3 match", "c r1 reordered"];
    assert_eq!(world.in_the_end(), expected, "runs have no order among themselves");
}

#[test]
fn events_without_a_run_have_an_order_among_themselves() {
    let mut world = world();
    world.connect("c", "ada");
    let event = |id: &str| json!({"type": "note", "event_id": id, "payload": {}});
    for id in ["x", "y"] {
        world.publish_event("ada", &event(id));
    }
    for id in ["y", "x"] {
        world.write("c", "ada", &event(id));
    }
    assert_eq!(world.in_the_end(), ["c y match", "c x reordered"]);
}

#[test]
fn an_event_on_somebody_elses_socket_is_misdelivered_and_lost_on_its_own() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.publish("ada", "r1");
    world.write("d", "bob", &event("ada", "r1"));
    world.write("d", "bob", &event("bob", "r1"));
    let expected = ["d r1 misdelivered", "d r1 misdelivered", "c r1 lost"];
    assert_eq!(world.in_the_end(), expected, "whosever name it bears");
}

#[test]
fn an_event_is_misdelivered_to_a_socket_that_has_gone_as_well() {
    let mut world = world();
    world.publish("ada", "r1");
    world.write("d", "bob", &event("ada", "r1"));
    assert_eq!(world.said(), ["d r1 misdelivered"]);
    world.write("d", "ada", &event("ada", "r1"));
    assert_eq!((world.in_the_end(), world.matcher.counts().unplaced), (vec![], 1));
}

#[test]
fn a_name_that_two_users_have_is_each_ones_own() {
    let mut world = world();
    for (name, owner) in [("c", "ada"), ("d", "bob")] {
        world.connect(name, owner);
        world.publish(owner, "r1");
        world.deliver(name, owner, "r1");
    }
    assert_eq!(world.in_the_end(), ["c r1 match", "d r1 match"]);
}

#[test]
fn a_name_that_two_users_have_does_not_hide_what_is_the_others() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.publish("ada", "r1");
    world.publish_event("bob", &json!({"type": "memo", "event_id": "r1", "payload": {}}));
    world.write("d", "bob", &event("ada", "r1"));
    assert_eq!(world.said(), ["d r1 misdelivered"]);
}

#[test]
fn another_content_names_the_fields_that_differ() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    let mut other = event("bob", "r1");
    other["type"] = "memo".into();
    other["payload"] = json!({"text": "r2", "more": 1});
    world.write("c", "ada", &other);
    let expected = "c r1 body_differs type user_id payload.more payload.text";
    assert_eq!(world.in_the_end(), [expected]);
}

#[test]
fn what_a_frame_does_not_tell_is_not_compared() {
    let mut world = world();
    world.connect("c", "ada");
    let full = json!({"type": "note", "event_id": "e", "run_id": "r", "thread_id": "t",
        "agent_name": "a", "seq": 1, "timestamp": "2027-01-15T08:00:00Z", "payload": {}});
    world.publish_event("ada", &full);
    world.write("c", "ada", &json!({"type": "note", "event_id": "e", "payload": {}}));
    assert_eq!(world.in_the_end(), ["c e match"]);
}

#[test]
fn times_may_be_a_minute_apart_and_not_an_hour() {
    let mut world = world();
    world.connect("c", "ada");
    for (id, stamp) in [("a", "08:01:00"), ("b", "09:00:00")] {
        let event = |time: &str| {
            json!({"type": "note", "event_id": id, "payload": {},
                "timestamp": format!("2027-01-15T{time}Z")})
        };
        world.publish_event("ada", &event("08:00:00"));
        world.write("c", "ada", &event(stamp));
    }
    assert_eq!(world.in_the_end(), ["c a match", "c b body_differs timestamp"]);
}

#[test]
fn what_comes_after_a_second_is_late_and_after_the_wait_lost_and_late() {
    let mut world = world();
    world.connect("c", "ada");
    for (id, after) in [("r1", 1_000), ("r2", 1_001), ("r3", 5_000)] {
        world.publish("ada", id);
        world.pass(after);
        world.deliver("c", "ada", id);
    }
    assert_eq!(world.in_the_end(), ["c r1 match", "c r2 late", "c r3 lost", "c r3 late"]);
}

#[test]
fn a_frame_may_come_before_the_news_of_its_event() {
    let mut world = world();
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.deliver("c", "ada", "r1");
    world.write("d", "bob", &event("ada", "r1"));
    world.pass(100);
    assert_eq!(world.said(), [""; 0]);
    world.publish("ada", "r1");
    assert_eq!(world.said(), ["c r1 match", "d r1 misdelivered"]);
    assert_eq!(world.in_the_end(), [""; 0]);
}

#[test]
fn what_nobody_publishes_is_unexpected_and_an_alarm_when_it_bears_another_name() {
    let mut world = world();
    world.connect("c", "ada");
    let at = |frame: Value| {
        let mut frame = frame;
        frame["timestamp"] = "2027-01-15T08:00:01Z".into();
        frame
    };
    world.write("c", "ada", &at(event("ada", "r1")));
    world.write("c", "ada", &event("bob", "r2"));
    world.write("c", "ada", &event("ada", "r3"));
    assert_eq!(world.in_the_end(), ["c r1 unexpected", "c r2 misdelivered"]);
    assert_eq!(world.matcher.counts().unplaced, 1, "without a time it may be an old one");
}

#[test]
fn both_sides_are_judged_each_for_itself() {
    let mut world = world();
    world.asked = Sides::BOTH;
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.publish("ada", "r2");
    for id in ["r1", "r2"] {
        world.write_by(Side::Ssot, "c", "ada", &event("ada", id).to_string());
    }
    world.deliver("c", "ada", "r2");
    let expected = ["ssot c r1 match", "ssot c r2 match", "c r2 match", "c r1 lost"];
    assert_eq!(world.in_the_end(), expected);
    let counts = world.matcher.counts();
    assert_eq!(counts.outcomes(Side::Ssot, &Outcome::Match), 2);
    assert_eq!(counts.outcomes(Side::Legacy, &Outcome::Lost), 1);
}

#[test]
fn a_side_that_was_not_asked_loses_nothing_and_can_still_misdeliver() {
    let mut world = world();
    world.asked = Sides::only(Side::Ssot);
    world.connect("c", "ada");
    world.connect("d", "bob");
    world.publish("ada", "r1");
    world.write("d", "bob", &event("ada", "r1"));
    assert_eq!(world.in_the_end(), ["d r1 misdelivered", "ssot c r1 lost"]);
}

#[test]
fn an_event_published_again_is_the_same_event() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.publish("ada", "r1");
    world.deliver("c", "ada", "r1");
    world.deliver("c", "ada", "r1");
    assert_eq!(world.in_the_end(), ["c r1 match", "c r1 repeated"]);
    assert_eq!(world.matcher.counts().published_again, 1);
}

#[test]
fn a_connection_under_an_old_name_is_another_one() {
    let mut world = world();
    world.connect("c", "ada");
    world.publish("ada", "r1");
    world.connect("c", "bob");
    world.write("c", "bob", &event("ada", "r1"));
    assert_eq!(world.in_the_end(), ["c r1 misdelivered"], "and on ada's nothing is lost");
}

#[test]
fn frames_that_are_no_events_and_odd_ones_are_counted() {
    let mut world = world();
    world.connect("c", "ada");
    world.write_by(Side::Legacy, "c", "ada", "{\"type\":\"note\",\"payload\":{\"n\":NaN}}");
    world.write_by(Side::Legacy, "c", "ada", "{\"type\":\"pong\"}");
    world.publish_event(
        "ada",
        &json!({"type": "agent_thinking", "event_id": "e", "payload": {"reasoning": "hm"}}),
    );
    world.write("c", "ada", &json!({"type": "reasoning", "message_id": "e", "reasoning": "hm"}));
    assert_eq!(world.in_the_end(), ["c e match"]);
    let counts = world.matcher.counts();
    assert_eq!((counts.unreadable, counts.not_events, counts.renamed), ([1, 0], [1, 0], [1, 0]));
}
