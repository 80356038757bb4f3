//! Rules over fixed windows, as they are commonly documented, for comparison. They count requests,
//! not people.

use crate::domain::Timestamp;

/// A rule over fixed windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rival {
    /// What it is called.
    pub name: &'static str,
    /// The length of a window, in seconds.
    pub over_s: u32,
    /// The part of failures that is too many, in parts per million.
    pub rate_ppm: u32,
    /// Requests without which a window does not count.
    pub at_least: u64,
    /// Windows that must break the limit.
    pub times: u32,
    /// They must do so in a row.
    pub in_a_row: bool,
}

/// Those that are shown.
pub const RIVALS: [Rival; 7] = [
    rival("Flagger's example: 1 m > 1 %, ten checks", 60, 10_000, 1, 10, false),
    rival("Flagger, threshold 1: 1 m > 1 %", 60, 10_000, 1, 1, false),
    rival("Argo's example: 5 m > 5 %, failureLimit 3", 300, 50_000, 1, 4, false),
    rival("Argo, the same with 1 %", 300, 10_000, 1, 4, false),
    rival("1 m > 1 % of at least 100", 60, 10_000, 100, 1, true),
    rival("1 m > 2 % of at least 100", 60, 20_000, 100, 1, true),
    rival("5 m > 2 % of at least 500, twice", 300, 20_000, 500, 2, true),
];

const fn rival(
    name: &'static str,
    over_s: u32,
    rate_ppm: u32,
    at_least: u64,
    times: u32,
    in_a_row: bool,
) -> Rival {
    Rival { name, over_s, rate_ppm, at_least, times, in_a_row }
}

/// What such a rule has seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct RivalCase {
    rival: Rival,
    began: Timestamp,
    requests: u64,
    failed: u64,
    broken: u32,
}

impl RivalCase {
    pub(super) const fn new(rival: Rival, began: Timestamp) -> Self {
        Self { rival, began, requests: 0, failed: 0, broken: 0 }
    }

    /// Takes in a request of SSOT, and says whether the rule would have rolled back by then.
    pub(super) fn observe(&mut self, at: Timestamp, bad: bool) -> bool {
        let trips = self.look(at);
        self.requests += 1;
        self.failed += u64::from(bad);
        trips
    }

    /// Ends the windows that are over.
    pub(super) fn look(&mut self, now: Timestamp) -> bool {
        while now.since(self.began).as_secs() >= u64::from(self.rival.over_s) {
            let rival = self.rival;
            let counts = self.requests >= rival.at_least;
            let breaks =
                counts && self.failed * 1_000_000 > self.requests * u64::from(rival.rate_ppm);
            if breaks {
                self.broken += 1;
            } else if rival.in_a_row {
                self.broken = 0;
            }
            if self.broken >= rival.times {
                return true;
            }
            (self.requests, self.failed) = (0, 0);
            self.began = self.began.plus_seconds(i64::from(rival.over_s));
        }
        false
    }
}
