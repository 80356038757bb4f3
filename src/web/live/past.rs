//! What every component did within the last day, hour by hour.

use std::collections::BTreeMap;

use crate::domain::{ComponentId, Side, Timestamp};
use crate::ledger::{Counter, Grain, Latency, LatencySummary, LedgerError, Span, Stretch};
use crate::web::Rooms;

/// Hours that are looked at.
const HOURS: i64 = 24;

/// The last day of every component.
#[derive(Debug, Default)]
pub(in crate::web) struct Past {
    components: BTreeMap<ComponentId, PastLine>,
    /// Why it is not there and what to do, in sentences; `None` where it could be read.
    pub problem: Option<&'static str>,
}

/// The last day of a component.
#[derive(Clone, Debug)]
pub(in crate::web) struct PastLine {
    /// Answers an hour, the oldest first.
    pub answers: Vec<Option<f64>>,
    /// Differences that nobody has accepted, an hour.
    pub differing: Vec<Option<f64>>,
    /// All such differences.
    pub differed: u64,
    /// All answers.
    pub answered: u64,
    /// How long legacy took within this hour and the one before.
    pub legacy: LatencySummary,
    /// The same of SSOT.
    pub ssot: LatencySummary,
}

impl Past {
    /// Reads the disk.
    pub fn read(rooms: &Rooms) -> Self {
        let hour = rooms.clock.now().seconds().div_euclid(3_600);
        let from = hour + 1 - HOURS;
        let at = |hour: i64| Timestamp::from_seconds(hour * 3_600);
        let span = Span { from: at(from), to: at(hour + 1) };
        match rooms.timeline.of_all(span, Grain::Hour) {
            Ok(all) => {
                let each = all.into_iter().map(|(id, hours)| (id, PastLine::of(&hours, from)));
                Self { components: each.collect(), problem: None }
            }
            Err(error) => Self::unreadable(&error),
        }
    }

    fn unreadable(error: &LedgerError) -> Self {
        tracing::error!(%error, "the past of the components cannot be read");
        Self { problem: Some(advice(error)), ..Self::default() }
    }

    /// That of a component; `None` where nothing was ever counted.
    pub fn of(&self, component: &ComponentId) -> Option<&PastLine> {
        self.components.get(component)
    }
}

/// What is wrong and what to do, for whoever looks at a page. The log has the rest.
fn advice(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Store(_) | LedgerError::Comparisons { .. } => {
            "The disk does not give back what was counted within the last day. Answers, the guard and \
             the counts of the last hour go on. The service's log says which row and why: look there, \
             then at the disk and its free space. It is read again every 10 seconds."
        }
        LedgerError::Key(_) => {
            "A row of what was counted within the last day makes no sense to this release; the \
             service's log names it. Answers, the guard and the counts of the last hour go on. If \
             another release has written it, start that one again."
        }
    }
}

impl PastLine {
    /// The hours from `from` on, in hours since the epoch.
    pub fn of(hours: &[Stretch], from: i64) -> Self {
        let since = Timestamp::from_seconds((from + HOURS - 2) * 3_600);
        let nothing = vec![Some(0.0); usize::try_from(HOURS).unwrap_or(0)];
        let mut line = Self {
            answers: nothing.clone(),
            differing: nothing,
            differed: 0,
            answered: 0,
            legacy: LatencySummary::default(),
            ssot: LatencySummary::default(),
        };
        let (mut legacy, mut ssot) = (Latency::default(), Latency::default());
        for hour in hours {
            let number = hour.start.seconds().div_euclid(3_600) - from;
            let served = Side::BOTH.map(|side| hour.tally.count(Counter::Served(side)));
            let (answered, differed) = (served.iter().sum(), hour.tally.mismatches());
            line.answered += answered;
            line.differed += differed;
            let place = usize::try_from(number).ok();
            if let Some(place) = place.filter(|place| *place < line.answers.len()) {
                line.answers[place] = Some(count(answered));
                line.differing[place] = Some(count(differed));
            }
            if hour.start >= since {
                legacy.absorb(&hour.legacy);
                ssot.absorb(&hour.ssot);
            }
        }
        (line.legacy, line.ssot) = (legacy.summary(), ssot.summary());
        line
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
const fn count(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::ledger::Tally;

    #[test]
    fn what_cannot_be_read_is_told_in_sentences_without_the_words_of_the_store() {
        let past = Past::unreadable(&LedgerError::Key("minutes/\u{202e}x".to_owned()));
        let told = past.problem.expect("told");
        assert!(told.ends_with('.') && told.contains("log") && !told.contains("minutes/"));
    }

    #[test]
    fn a_day_has_a_value_for_each_hour_and_latencies_of_the_last_two() {
        let hour = |number: i64, answers: u32| {
            let mut tally = Tally::default();
            let mut ssot = Latency::default();
            for _ in 0..answers {
                tally.add(Counter::Served(Side::Ssot));
                ssot.record(Duration::from_millis(2));
            }
            let start = Timestamp::from_seconds(number * 3_600);
            Stretch { start, grain: Grain::Hour, tally, legacy: Latency::default(), ssot }
        };
        let line = PastLine::of(&[hour(100, 3), hour(122, 2), hour(123, 1)], 100);
        assert_eq!(
            (line.answers.len(), line.answers[0], line.answers[1]),
            (24, Some(3.0), Some(0.0))
        );
        assert_eq!((line.answered, line.ssot.count), (6, 3));
    }
}
