//! What waits for somebody who is not connected.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::rules::{Overflow, QueueOrder, QueueRules};
use crate::domain::Timestamp;

/// What waits for somebody who is not connected.
#[derive(Debug, Default)]
pub(super) struct Queue(VecDeque<Waiting>);

/// A frame that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    pub text: Arc<str>,
    since: Timestamp,
    important: bool,
    /// The payload's own number.
    stamp: Option<f64>,
}

impl Waiting {
    pub fn new(frame: &Map<String, Value>, kind: &str, rules: &QueueRules, now: Timestamp) -> Self {
        let mut frame = frame.clone();
        let stamp = frame.get("payload").and_then(|payload| payload.get("timestamp"));
        let stamp = stamp.and_then(Value::as_f64);
        if rules.recovered {
            frame.insert("recovered".to_owned(), true.into());
        }
        let important = rules.important.iter().any(|name| name == kind);
        Self { text: Value::Object(frame).to_string().into(), since: now, important, stamp }
    }

    /// A frame that was on its way to a socket.
    pub const fn again(text: Arc<str>, now: Timestamp) -> Self {
        Self { text, since: now, important: false, stamp: None }
    }
}

impl Queue {
    /// Puts a frame behind the others; how many had to give way.
    pub fn push(&mut self, waiting: Waiting, rules: &QueueRules) -> u64 {
        if self.0.len() < rules.cap {
            self.0.push_back(waiting);
            return 0;
        }
        match rules.overflow {
            Overflow::DropNewest => return 1,
            Overflow::DropOldest => drop(self.0.pop_front()),
            Overflow::DropImportant => {
                let important = self.0.iter().position(|waiting| waiting.important);
                drop(self.0.remove(important.unwrap_or(0)));
            }
        }
        self.0.push_back(waiting);
        1
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All that still counts, in the order in which it goes out, and how many do not.
    pub fn into_outgoing(self, rules: &QueueRules, now: Timestamp) -> (VecDeque<Waiting>, u64) {
        let queued = self.0.len();
        let expiry = rules.expiry_s.map(Duration::from_secs);
        let counts = |waiting: &Waiting| expiry.is_none_or(|most| now.since(waiting.since) <= most);
        let mut waiting: Vec<Waiting> = self.0.into_iter().filter(counts).collect();
        let expired = queued - waiting.len();
        match rules.order {
            QueueOrder::Arrival => {}
            QueueOrder::Priority => waiting.sort_by_key(|waiting| !waiting.important),
            QueueOrder::Timestamp => {
                let stamp = |waiting: &Waiting| waiting.stamp.unwrap_or(f64::INFINITY);
                waiting.sort_by(|one, other| stamp(one).total_cmp(&stamp(other)));
            }
        }
        (waiting.into(), expired as u64)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn rules(text: &str) -> QueueRules {
        toml::from_str(&format!("cap = 3\nimportant = ['vip']\n{text}")).expect("rules")
    }

    /// What goes out of what came in, each a type and a time stamp.
    fn outgoing(rules: &QueueRules, came: &[(&str, u32)], later_s: i64) -> (Vec<String>, u64, u64) {
        let mut queue = Queue::default();
        let mut dropped = 0;
        for (place, (kind, stamp)) in came.iter().enumerate() {
            let frame = json!({"place": place, "payload": {"timestamp": stamp}});
            let frame = frame.as_object().expect("an object");
            dropped += queue.push(Waiting::new(frame, kind, rules, NOW), rules);
        }
        let (waiting, expired) = queue.into_outgoing(rules, NOW.plus_seconds(later_s));
        let place = |waiting: &Waiting| {
            let frame: Value = serde_json::from_str(&waiting.text).expect("JSON");
            frame["place"].to_string()
        };
        (waiting.iter().map(place).collect(), dropped, expired)
    }

    #[test]
    fn a_full_queue_drops_what_its_rules_say() {
        let came = [("a", 0), ("vip", 0), ("a", 0), ("a", 0)];
        for (overflow, left) in [
            ("drop-oldest", ["1", "2", "3"]),
            ("drop-newest", ["0", "1", "2"]),
            ("drop-important", ["0", "2", "3"]),
        ] {
            let rules = rules(&format!("overflow = '{overflow}'"));
            let (places, dropped, expired) = outgoing(&rules, &came, 0);
            assert_eq!((places, dropped, expired), (left.map(str::to_owned).to_vec(), 1, 0));
        }
    }

    #[test]
    fn a_queue_goes_out_in_the_order_of_its_rules() {
        let came = [("a", 3), ("a", 1), ("vip", 2)];
        for (order, out) in [
            ("arrival", ["0", "1", "2"]),
            ("priority", ["2", "0", "1"]),
            ("timestamp", ["1", "2", "0"]),
        ] {
            let rules = rules(&format!("order = '{order}'"));
            assert_eq!(outgoing(&rules, &came, 0).0, out);
        }
    }

    #[test]
    fn what_is_too_old_does_not_go_out() {
        let rules = rules("expiry_s = 300");
        assert_eq!(outgoing(&rules, &[("a", 0)], 300), (vec!["0".to_owned()], 0, 0));
        assert_eq!(outgoing(&rules, &[("a", 0)], 301), (vec![], 0, 1));
    }

    #[test]
    fn what_waited_says_so_where_the_rules_do() {
        let marked = |text: &str| {
            let frame = json!({"type": "x"});
            let frame = frame.as_object().expect("an object");
            Waiting::new(frame, "x", &rules(text), NOW).text.contains("\"recovered\":true")
        };
        assert!(marked("recovered = true") && !marked(""));
    }
}
