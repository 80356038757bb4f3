//! R3: SSOT lets in what legacy refuses, or lets in somebody else. Not a statistic.

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::{SubjectKey, Timestamp};
use crate::ledger::Gravity;

/// So many subjects are too many.
const SUBJECTS: usize = 3;
/// Within this time.
const WITHIN: Duration = Duration::from_mins(10);

/// The evidence of R3.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Security {
    /// The latest subjects with a less grave one, each with its moment.
    recent: VecDeque<(Option<SubjectKey>, Timestamp)>,
    /// How often it was grave.
    pub grave: u64,
    /// How often it was less so.
    pub others: u64,
    /// Three subjects have come within ten minutes.
    pub three_subjects: bool,
}

impl Security {
    /// Takes in an alarm.
    pub fn observe(&mut self, gravity: Gravity, subject: Option<SubjectKey>, at: Timestamp) {
        match gravity {
            Gravity::AtOnce => self.grave += 1,
            Gravity::AfterThree => {
                self.others += 1;
                self.recent
                    .retain(|(known, moment)| *known != subject && at.distance(*moment) < WITHIN);
                self.recent.push_back((subject, at));
                if self.recent.len() > SUBJECTS {
                    self.recent.pop_front();
                }
                self.three_subjects |= self.recent.len() >= SUBJECTS;
            }
        }
    }

    /// True when it is more than an accident.
    pub const fn trips(&self) -> bool {
        self.grave > 0 || self.three_subjects
    }
}
