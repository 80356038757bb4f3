//! A queue on its way out.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::queue::Waiting;
use super::rules::FlushRules;
use crate::domain::{Condition, Timestamp};

/// A queue on its way out to one socket.
#[derive(Debug)]
pub(super) struct Flush {
    waiting: VecDeque<Waiting>,
    /// When the next frame begins.
    next_at: Timestamp,
    /// When the rest is given up.
    ends_at: Option<Timestamp>,
}

impl Flush {
    pub fn new(waiting: VecDeque<Waiting>, rules: &FlushRules, now: Timestamp) -> Self {
        let next_at = now.plus(Duration::from_millis(rules.delay_ms));
        let total = rules.total_timeout_ms.map(Duration::from_millis);
        Self { waiting, next_at, ends_at: total.map(|total| next_at.plus(total)) }
    }

    pub fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// What is left.
    pub fn into_waiting(self) -> VecDeque<Waiting> {
        self.waiting
    }

    /// The frames that have gone out by now, each with its time, and how many are lost.
    pub fn advance(
        &mut self,
        rules: &FlushRules,
        condition: Condition,
        now: Timestamp,
    ) -> (Vec<(Timestamp, Arc<str>)>, u64) {
        let (mut out, mut lost) = (Vec::new(), 0);
        let timeout = rules.frame_timeout_ms.map(Duration::from_millis);
        while self.next_at <= now && !self.waiting.is_empty() {
            let takes = match condition {
                Condition::Ready => Some(Duration::ZERO),
                Condition::Slow => Some(Duration::from_millis(rules.slow_frame_ms)),
                Condition::Hung => None,
                Condition::Broken => {
                    lost += self.waiting.len() as u64;
                    self.waiting.clear();
                    break;
                }
            };
            let in_time = takes.filter(|takes| timeout.is_none_or(|most| *takes <= most));
            // A frame that never ends, and is not given up either, ends with the whole.
            let Some(spent) = in_time.or(timeout) else { break };
            let finish = self.next_at.plus(spent);
            if self.ends_at.is_some_and(|end| finish >= end) {
                break;
            }
            if finish > now {
                return (out, lost);
            }
            self.next_at = finish;
            match self.waiting.pop_front() {
                Some(waiting) if in_time.is_some() => out.push((finish, waiting.text)),
                Some(_) => lost += 1,
                None => {}
            }
        }
        if self.ends_at.is_some_and(|end| end <= now) {
            lost += self.waiting.len() as u64;
            self.waiting.clear();
        }
        (out, lost)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::legacy::managers::rules::QueueRules;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn rules() -> FlushRules {
        toml::from_str(
            "delay_ms = 100\nslow_frame_ms = 1000\nframe_timeout_ms = 3000\n\
             total_timeout_ms = 5000",
        )
        .expect("rules")
    }

    fn flush(frames: usize) -> Flush {
        let queue: QueueRules = toml::from_str("cap = 100").expect("rules");
        let frame = json!({});
        let frame = frame.as_object().expect("an object");
        let waiting = vec![Waiting::new(frame, "x", &queue, NOW); frames];
        Flush::new(waiting.into(), &rules(), NOW)
    }

    /// How many frames have gone out and were lost after so many milliseconds.
    fn after(flush: &mut Flush, condition: Condition, milliseconds: u64) -> (usize, u64) {
        let now = NOW.plus(Duration::from_millis(milliseconds));
        let (out, lost) = flush.advance(&rules(), condition, now);
        (out.len(), lost)
    }

    #[test]
    fn on_a_ready_socket_all_go_out_behind_the_delay() {
        let mut flush = flush(10);
        assert_eq!(after(&mut flush, Condition::Ready, 99), (0, 0));
        assert_eq!(after(&mut flush, Condition::Ready, 100), (10, 0));
        assert!(flush.is_over());
    }

    #[test]
    fn on_a_slow_socket_the_rest_is_lost_when_the_time_is_over() {
        let mut flush = flush(10);
        assert_eq!(after(&mut flush, Condition::Slow, 1_099), (0, 0));
        assert_eq!(after(&mut flush, Condition::Slow, 2_100), (2, 0));
        assert_eq!(after(&mut flush, Condition::Slow, 5_099), (2, 0));
        assert_eq!(after(&mut flush, Condition::Slow, 5_100), (0, 6));
        assert!(flush.is_over());
    }

    #[test]
    fn on_a_hung_socket_frames_are_given_up_one_by_one_and_then_all() {
        let mut flush = flush(10);
        assert_eq!(after(&mut flush, Condition::Hung, 3_100), (0, 1));
        assert_eq!(after(&mut flush, Condition::Ready, 3_101), (9, 0));
        let mut flush = self::flush(10);
        assert_eq!(after(&mut flush, Condition::Hung, 60_000), (0, 10));
    }

    #[test]
    fn on_a_broken_socket_all_are_lost() {
        let mut flush = flush(3);
        assert_eq!(after(&mut flush, Condition::Broken, 100), (0, 3));
    }
}
