//! One story for each manager of the catalogue.

use crossfade::domain::{Condition, Standing};
use serde_json::json;

use super::story::{FIVE, Story};

/// What nobody should notice: several users, sockets of every kind, somebody who comes again, a
/// name that is used again.
fn everyday(story: &mut Story) {
    story.connect("a1", "ada");
    story.connect("a2", "ada");
    story.connect("b1", "bob");
    story.run("ada", "r1");
    story.run("bob", "r2");
    story.turns("a2", Condition::Slow);
    story.run("ada", "r3");
    story.turns("a2", Condition::Ready);
    story.disconnect("b1");
    story.connect("c1", "cy");
    story.run("cy", "r4");
    story.pass(2_000);
}

#[test]
fn the_mirror_does_nothing_wrong() {
    let mut story = Story::of("mirror");
    everyday(&mut story);
    // Nobody is there.
    story.run("bob", "r5");
    story.pass(60_000);
    story.reconnect("b2", "bob", "b1");
    story.run("bob", "r6");
    // A socket that hangs and goes on, one that hangs and ends, one that breaks.
    story.turns("a2", Condition::Hung);
    story.run("ada", "r7");
    story.pass(2_000);
    story.turns("a2", Condition::Ready);
    story.run("ada", "r8");
    for condition in [Condition::Hung, Condition::Broken] {
        story.turns("a2", condition);
        story.run("ada", "r9");
        story.pass(2_000);
        story.disconnect("a2");
        story.reconnect("a2", "ada", "a2");
        story.run("ada", "r10");
    }
    // A connection that is somebody else's under the same name, and one told of twice.
    story.vanish("b2");
    assert_eq!(story.connect("b2", "dan"), Standing::Replaced);
    story.run("bob", "r11");
    story.register_again("b2");
    story.run("dan", "r12");
    assert_eq!(story.faults(), []);
}

#[test]
fn m01_loses_beyond_fifty_on_a_slow_flush_and_on_some_sockets_overtakes_doubles_and_leaks() {
    // Sixty that nobody was there for: ten are dropped.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    for _ in 0..12 {
        story.run("bob", "r5");
    }
    story.reconnect("b2", "bob", "b1");
    story.pass(5_000);
    assert_eq!(story.counts().overflowed, 10);
    assert_eq!(story.faults(), [("lost", 10)]);

    // Ten on a socket that takes a second for each: four go out in the five seconds there are.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.run("bob", "r5");
    story.run("bob", "r6");
    story.reconnect("b2", "bob", "b1");
    story.turns("b2", Condition::Slow);
    story.publish("bob", "r7", "agent_started");
    story.pass(6_000);
    assert_eq!(story.counts().cut_short, 6);
    assert_eq!(story.faults(), [("lost", 6)]);

    // Live events do not wait for those that do.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.publish("bob", "r5", "agent_started");
    story.publish("bob", "r5", "agent_thinking");
    story.reconnect("b2", "bob", "b1");
    story.publish("bob", "r5", "tool_executing");
    assert_eq!(story.faults(), [("reordered", 2)]);

    // One of two sockets is broken: what the other one gets never reaches it.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.turns("a2", Condition::Broken);
    story.run("ada", "r5");
    story.disconnect("a2");
    story.reconnect("a3", "ada", "a2");
    assert_eq!(story.faults(), [("lost", 5)]);

    // All are broken: everything waits.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.turns("c1", Condition::Broken);
    story.run("cy", "r5");
    story.disconnect("c1");
    story.reconnect("c2", "cy", "c1");
    assert_eq!(story.faults(), []);

    // One hangs: nothing reaches either.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.turns("a2", Condition::Hung);
    story.run("ada", "r5");
    story.pass(2_000);
    story.disconnect("a2");
    story.reconnect("a3", "ada", "a2");
    assert_eq!(story.counts().blocked, 5);
    assert_eq!(story.faults(), [("lost", 10)]);

    // One socket under two names.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.register_again("c1");
    story.run("cy", "r5");
    assert_eq!(story.faults(), [("repeated", 5)]);

    // Somebody else comes under a name that is still bob's.
    let mut story = Story::of("unified-manager");
    everyday(&mut story);
    story.vanish("c1");
    assert_eq!(story.connect("c1", "dan"), Standing::Connected);
    story.run("cy", "r5");
    story.run("dan", "r6");
    assert!(story.counts().silent > 0);
    assert_eq!(story.faults(), [("misdelivered", 5)]);
}

#[test]
fn m02_loses_everything_and_says_nothing() {
    let mut story = Story::of("throwaway-instance");
    assert_eq!(story.connect("a1", "ada"), Standing::Connected);
    story.connect("a2", "ada");
    story.run("ada", "r1");
    assert_eq!(story.counts().silent, 5);
    assert_eq!(story.faults(), [("lost", 10)]);
}

#[test]
fn m03_loses_what_it_cannot_send_at_once_and_repeats_what_it_could() {
    let mut story = Story::of("unified-emitter");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    story.run("ada", "r1");
    // Not connected, and not queued.
    story.disconnect("b1");
    story.run("bob", "r2");
    story.reconnect("b2", "bob", "b1");
    // What goes out slowly goes out three times.
    story.turns("a1", Condition::Slow);
    story.publish("ada", "r3", "agent_started");
    story.pass(2_000);
    story.turns("a1", Condition::Ready);
    story.run("ada", "r4");
    assert_eq!(story.counts().unregistered, 5);
    assert_eq!(story.faults(), [("lost", 5), ("repeated", 2)]);
}

#[test]
fn m04_delivers_none_or_one_of_five_and_takes_threads_for_users() {
    let thread = |story: &mut Story, owner: &str, run: &str, thread: &str| {
        for kind in FIVE {
            let payload = json!({"tool_name": "t", "reasoning": run});
            story.publish_with(owner, run, kind, &payload, thread);
        }
    };
    for (name, arrived) in [("t-1", 0), ("thread_ada", 0), ("ada", 1)] {
        let mut story = Story::of("agent-bridge");
        story.connect("a1", "ada");
        thread(&mut story, "ada", "r1", name);
        assert_eq!(story.arrived(), arrived, "{name}");
        assert_eq!(story.faults(), [("lost", 5 - arrived)], "{name}");
    }
    // A thread that is called like somebody else, and a socket that is slow for three tries.
    let mut story = Story::of("agent-bridge");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    thread(&mut story, "ada", "r1", "bob");
    story.turns("b1", Condition::Slow);
    thread(&mut story, "bob", "r2", "bob");
    story.turns("b1", Condition::Ready);
    assert_eq!(story.faults(), [("lost", 9), ("repeated", 2), ("misdelivered", 1)]);
}

#[test]
fn m05_loses_on_a_failure_repeats_after_half_a_write_and_interleaves() {
    let mut story = Story::of("route-direct-send");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    story.connect("c1", "cy");
    story.run("ada", "r1");
    // Half a write, seen as a failure.
    story.turns("a1", Condition::Slow);
    story.publish("ada", "r2", "agent_started");
    story.turns("a1", Condition::Ready);
    story.publish("ada", "r2", "agent_thinking");
    // Nothing is taken while the first is written; the second does not wait for it.
    story.turns("b1", Condition::Hung);
    story.publish("bob", "r3", "agent_started");
    story.turns("b1", Condition::Ready);
    story.publish("bob", "r3", "agent_thinking");
    // Nothing is taken for all its tries.
    story.turns("c1", Condition::Broken);
    story.run("cy", "r4");
    story.pass(2_000);
    story.disconnect("c1");
    story.reconnect("c2", "cy", "c1");
    assert_eq!(story.faults(), [("lost", 5), ("repeated", 1), ("reordered", 1)]);
}

#[test]
fn m06_rewrites_whose_things_are_and_boasts() {
    let mut story = Story::of("broadcast-service");
    everyday(&mut story);
    let payload = json!({"status": "s", "sender_id": "bob", "owner_id": "ada", "note": "n"});
    story.publish_with("ada", "r5", "agent_started", &payload, "t-1");
    story.run("nobody", "r6");
    assert_eq!(story.counts().overstated, 5);
    assert_eq!(story.faults(), [("body_differs", 2)]);
}

#[test]
fn m07_loses_everything_and_says_nothing() {
    let mut story = Story::of("migration-adapter");
    assert_eq!(story.connect("a1", "ada"), Standing::Unknown);
    story.run("ada", "r1");
    assert_eq!(story.counts().silent, 5);
    assert_eq!(story.faults(), [("lost", 5)]);
}

#[test]
fn m08_drops_the_important_or_the_old_and_flushes_by_importance() {
    // What is important goes first.
    let mut story = Story::of("priority-queue");
    everyday(&mut story);
    story.run("bob", "r5");
    story.reconnect("b2", "bob", "b1");
    assert_eq!(story.faults(), [("reordered", 3)]);

    // A thousand fit; of what is above the important gives way.
    let mut story = Story::of("priority-queue");
    everyday(&mut story);
    for _ in 0..1_000 {
        story.publish("bob", "r5", "agent_started");
    }
    story.publish("bob", "r6", "agent_completed");
    story.publish("bob", "r7", "agent_started");
    story.publish("bob", "r8", "agent_started");
    story.reconnect("b2", "bob", "b1");
    assert_eq!(story.counts().overflowed, 3);
    assert_eq!(story.faults(), [("lost", 3)]);

    // After five minutes nobody gets anything.
    let mut story = Story::of("priority-queue");
    everyday(&mut story);
    story.publish("bob", "r5", "agent_started");
    story.pass(301_000);
    story.publish("bob", "r5", "agent_thinking");
    story.reconnect("b2", "bob", "b1");
    assert_eq!(story.counts().expired, 1);
    assert_eq!(story.faults(), [("lost", 1)]);
}

#[test]
fn m09_gives_the_first_user_what_is_everybodys() {
    let mut story = Story::of("bridge-factory-singleton");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    story.run("ada", "r1");
    story.run("bob", "r2");
    assert_eq!(story.faults(), [("lost", 5), ("misdelivered", 5)]);
}

#[test]
fn m10_swallows_most_types_and_serves_all_by_the_first_users_handler() {
    let mut story = Story::of("router-globals");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    story.run("ada", "r1");
    story.run("bob", "r2");
    story.publish_with("ada", "r3", "user_message", &json!({"text": "hello"}), "t-1");
    assert_eq!(story.counts().swallowed, 1);
    assert_eq!(story.faults(), [("lost", 6), ("misdelivered", 5)]);
}

#[test]
fn m11_gives_everything_to_everybody_until_they_were_silent_for_five_minutes() {
    let mut story = Story::of("topic-broadcast");
    story.connect("a1", "ada");
    story.connect("b1", "bob");
    story.connect("c1", "cy");
    story.run("ada", "r1");
    story.pass(300_000);
    story.publish("bob", "r2", "agent_started");
    story.pass(301_000);
    story.publish("bob", "r2", "agent_thinking");
    assert_eq!(story.counts().stale, 3);
    assert_eq!(story.faults(), [("lost", 1), ("misdelivered", 12)]);
}

#[test]
fn m12_stops_looking_repeats_on_reconnecting_and_sorts_by_times_in_payloads() {
    // Five hundred in a session.
    let mut story = Story::of("browser-client");
    story.connect("a1", "ada");
    for _ in 0..101 {
        story.run("ada", "r1");
    }
    assert_eq!(story.counts().not_looked_at, 5);
    assert_eq!(story.faults(), [("lost", 5)]);

    // The last three once more, but for one that the client knows by its message's name.
    let mut story = Story::of("browser-client");
    everyday(&mut story);
    let payload = json!({"message_id": story.next_name(), "status": "s"});
    story.publish_with("cy", "r5", "agent_started", &payload, "t-1");
    story.disconnect("c1");
    story.reconnect("c2", "cy", "c1");
    assert_eq!(story.counts().not_looked_at, 1);
    assert_eq!(story.faults(), [("repeated", 2)]);

    // What waited is sorted by a time in the payload, where it is a number.
    let mut story = Story::of("browser-client");
    story.connect("a1", "ada");
    story.disconnect("a1");
    for stamp in [json!(3), json!("2027-01-15"), json!(1)] {
        let payload = json!({"timestamp": stamp, "status": "s"});
        story.publish_with("ada", "r1", "agent_started", &payload, "t-1");
    }
    story.reconnect("a2", "ada", "a1");
    assert_eq!(story.faults(), [("reordered", 2)]);

    // A hundred wait; the newest give way.
    let mut story = Story::of("browser-client");
    story.connect("a1", "ada");
    story.disconnect("a1");
    for _ in 0..21 {
        story.run("ada", "r1");
    }
    story.reconnect("a2", "ada", "a1");
    assert_eq!(story.faults(), [("lost", 5)]);
}
