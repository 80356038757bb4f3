//! How often legacy has had to answer in SSOT's place within a minute: a net is not a floor.

use std::collections::VecDeque;

use super::subjects::SubjectSet;
use crate::domain::{SubjectKey, Timestamp};

/// The time that is looked at, in seconds.
const WITHIN_S: i64 = 60;
/// Subjects that must have been failed before it counts: one client alone is no outage.
const SUBJECTS_MIN: usize = 3;
/// Subjects told apart within a second.
const SUBJECTS_MAX: usize = 10_000;

/// Rescues of the last minute, each subject once a second.
#[derive(Clone, Debug, Default)]
pub struct Failovers {
    second: i64,
    in_second: SubjectSet,
    /// Seconds with how many each had, the latest last.
    seconds: VecDeque<(i64, u32)>,
    /// Who was failed in this minute, or the one before; a few are enough.
    subjects: VecDeque<(SubjectKey, i64)>,
}

impl Failovers {
    /// Takes in a rescue.
    pub fn observe(&mut self, subject: SubjectKey, at: Timestamp) {
        let second = at.seconds();
        if second > self.second {
            self.second = second;
            self.in_second.clear();
        }
        if self.in_second.len() >= SUBJECTS_MAX || !self.in_second.insert(subject) {
            return;
        }
        match self.seconds.back_mut() {
            Some((last, count)) if *last >= second => *count += 1,
            Some(_) | None => self.seconds.push_back((second, 1)),
        }
        self.subjects.retain(|(known, moment)| *known != subject && second - moment < WITHIN_S);
        self.subjects.push_back((subject, second));
        if self.subjects.len() > SUBJECTS_MIN {
            self.subjects.pop_front();
        }
        self.forget(second);
    }

    fn forget(&mut self, now: i64) {
        while self.seconds.front().is_some_and(|(second, _)| now - second >= WITHIN_S) {
            self.seconds.pop_front();
        }
    }

    /// Rescues of the last minute.
    pub fn count(&self, now: Timestamp) -> u32 {
        let within = |second: i64| now.seconds() - second < WITHIN_S;
        self.seconds.iter().filter(|(second, _)| within(*second)).map(|(_, count)| count).sum()
    }

    /// True when there were more than `max`, of several subjects.
    pub fn trips(&self, max: u32, now: Timestamp) -> bool {
        self.count(now) > max && self.subjects.len() >= SUBJECTS_MIN
    }

    /// Bytes that it takes, about.
    pub fn memory_bytes(&self) -> usize {
        self.in_second.capacity() * (size_of::<SubjectKey>() + 1)
            + self.seconds.capacity() * size_of::<(i64, u32)>()
    }
}
