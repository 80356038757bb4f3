//! The circuit breaker of SSOT: when it has failed several people in a row, nobody waits for it any
//! more where legacy stands by, until one question finds that it answers again.

use std::borrow::Cow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::Shadow;
use crate::domain::{ComponentId, PathError, SubjectKey, Timestamp};

/// So many people must have met a failure, that nobody opens it by himself.
const SUBJECTS_MIN: usize = 3;

/// The first pause; each probe that fails doubles it.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// The longest.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What keeps SSOT from being asked in vain.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    /// Closed, and the last answer was one: the way of nearly every question, without a lock.
    disturbed: AtomicBool,
    circuit: Mutex<Circuit>,
    opened: AtomicU64,
}

#[derive(Debug)]
enum Circuit {
    Closed(Streak),
    Open { until: Timestamp, pause: Duration },
    HalfOpen { pause: Duration },
}

impl Default for Circuit {
    fn default() -> Self {
        Self::Closed(Streak::default())
    }
}

/// Failures in a row.
#[derive(Debug, Default)]
struct Streak {
    failures: u32,
    /// Who has met them: enough to tell that they are several.
    subjects: [Option<SubjectKey>; SUBJECTS_MIN],
    /// Whose failures of this second have been counted.
    second: i64,
    counted: Vec<SubjectKey>,
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// SSOT is asked.
    Closed,
    /// SSOT is not asked where legacy stands by.
    Open,
    /// One question is finding out whether SSOT answers again.
    HalfOpen,
}

impl BreakerState {
    /// `closed`, `open` or `half_open`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half_open",
        }
    }
}

/// The breaker of one component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerView {
    /// Whose.
    pub component: ComponentId,
    /// Where it stands.
    pub state: BreakerState,
    /// How often it has opened since the start.
    pub opened: u64,
}

impl Breaker {
    /// Leave to ask SSOT; `None` while it is not to be asked. Whoever has asked says what came of
    /// it. `failures_max` failures in a row open the breaker.
    pub(super) fn leave(&self, failures_max: u32, now: Timestamp) -> Option<Leave<'_>> {
        let leave = |probes| Some(Leave { breaker: self, failures_max, probes, told: false });
        if !self.disturbed.load(Ordering::Acquire) {
            return leave(false);
        }
        let mut circuit = self.circuit.lock();
        match *circuit {
            Circuit::Closed(_) => leave(false),
            Circuit::Open { until, pause } if is_over(until, now) => {
                *circuit = Circuit::HalfOpen { pause };
                leave(true)
            }
            Circuit::Open { .. } | Circuit::HalfOpen { .. } => None,
        }
    }

    /// Where it stands.
    pub(super) fn state(&self) -> BreakerState {
        match *self.circuit.lock() {
            Circuit::Closed(_) => BreakerState::Closed,
            Circuit::Open { .. } => BreakerState::Open,
            Circuit::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// How often it has opened; a probe that fails opens nothing.
    pub(super) fn opened(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }

    fn failed(&self, subject: SubjectKey, failures_max: u32, at: Timestamp) {
        let mut circuit = self.circuit.lock();
        let Circuit::Closed(streak) = &mut *circuit else { return };
        self.disturbed.store(true, Ordering::Release);
        if streak.add(subject, at) && streak.is_long(failures_max) {
            *circuit = Circuit::Open { until: at.plus(PAUSE_MIN), pause: PAUSE_MIN };
            self.opened.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// An answer ends a row of failures; an open breaker is closed by a probe alone.
    fn answered(&self) {
        if !self.disturbed.load(Ordering::Acquire) {
            return;
        }
        let mut circuit = self.circuit.lock();
        if let Circuit::Closed(_) = *circuit {
            self.close(&mut circuit);
        }
    }

    fn probed(&self, answered: bool, at: Timestamp) {
        let mut circuit = self.circuit.lock();
        let Circuit::HalfOpen { pause } = *circuit else { return };
        if answered {
            self.close(&mut circuit);
        } else {
            let pause = pause.saturating_mul(2).min(PAUSE_MAX);
            *circuit = Circuit::Open { until: at.plus(pause), pause };
        }
    }

    fn close(&self, circuit: &mut Circuit) {
        *circuit = Circuit::default();
        self.disturbed.store(false, Ordering::Release);
    }

    /// Nothing came of a probe: the next question is one.
    fn abandoned(&self) {
        let mut circuit = self.circuit.lock();
        if let Circuit::HalfOpen { pause } = *circuit {
            *circuit = Circuit::Open { until: Timestamp::from_micros(i64::MIN), pause };
        }
    }
}

/// What SSOT is taken to have said while it is not asked.
pub(super) const fn not_asked() -> PathError {
    PathError::Unreachable(Cow::Borrowed("not asked: its circuit breaker is open"))
}

/// True once a pause has passed, and for one that lies further ahead than any pause: then the clock
/// was put back.
fn is_over(until: Timestamp, now: Timestamp) -> bool {
    now >= until || until.since(now) > PAUSE_MAX * 2
}

impl Streak {
    /// False for somebody whose failure of this second has been counted.
    fn add(&mut self, subject: SubjectKey, at: Timestamp) -> bool {
        if at.seconds() > self.second {
            self.second = at.seconds();
            self.counted.clear();
        }
        if self.counted.contains(&subject) {
            return false;
        }
        self.counted.push(subject);
        self.failures = self.failures.saturating_add(1);
        let known = self.subjects.contains(&Some(subject));
        if let Some(place) = self.subjects.iter_mut().find(|place| place.is_none())
            && !known
        {
            *place = Some(subject);
        }
        true
    }

    fn is_long(&self, failures_max: u32) -> bool {
        self.failures >= failures_max && self.subjects.iter().all(Option::is_some)
    }
}

/// Leave to ask SSOT once.
#[must_use]
pub(super) struct Leave<'b> {
    breaker: &'b Breaker,
    failures_max: u32,
    /// The one question that finds out whether SSOT answers again.
    probes: bool,
    told: bool,
}

impl Leave<'_> {
    /// Says whether SSOT has answered. Whoever cannot be told apart from others does not count
    /// among those who met a failure.
    pub(super) fn tell(mut self, answered: bool, subject: Option<SubjectKey>, at: Timestamp) {
        self.told = true;
        match (self.probes, answered, subject) {
            (true, answered, _) => self.breaker.probed(answered, at),
            (false, true, _) => self.breaker.answered(),
            (false, false, Some(subject)) => self.breaker.failed(subject, self.failures_max, at),
            (false, false, None) => {}
        }
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.probes && !self.told {
            self.breaker.abandoned();
        }
    }
}

impl Shadow {
    /// The circuit breakers of all components, by component.
    pub fn breakers(&self) -> Vec<BreakerView> {
        let view = |(component, breaker): (&ComponentId, &Breaker)| BreakerView {
            component: component.clone(),
            state: breaker.state(),
            opened: breaker.opened(),
        };
        let asked = self.lanes.iter().map(|(component, lane)| (component, &lane.breaker));
        let making = self.token_lanes.iter().map(|(component, lane)| (component, &lane.breaker));
        let mut all: Vec<_> = asked.chain(making).map(view).collect();
        all.sort_by(|a, b| a.component.cmp(&b.component));
        all
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AFTER: u32 = 5;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn subject(number: u64) -> SubjectKey {
        SubjectKey::from_hash(number)
    }

    fn fail(breaker: &Breaker, number: u64, now: Timestamp) {
        breaker.leave(AFTER, now).expect("leave").tell(false, Some(subject(number)), now);
    }

    fn answer(breaker: &Breaker, now: Timestamp) {
        breaker.leave(AFTER, now).expect("leave").tell(true, Some(subject(0)), now);
    }

    fn opened() -> Breaker {
        let breaker = Breaker::default();
        (0..u64::from(AFTER)).for_each(|number| fail(&breaker, number, at(0)));
        assert_eq!((breaker.state(), breaker.opened()), (BreakerState::Open, 1));
        breaker
    }

    #[test]
    fn so_many_failures_in_a_row_open_it_and_an_answer_between_begins_anew() {
        let breaker = Breaker::default();
        (0..4).for_each(|number| fail(&breaker, number, at(0)));
        answer(&breaker, at(0));
        (0..4).for_each(|number| fail(&breaker, number, at(0)));
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 4, at(0));
        assert_eq!(breaker.state(), BreakerState::Open);
        assert!(breaker.leave(AFTER, at(0)).is_none());
    }

    #[test]
    fn one_person_counts_once_a_second_and_two_never_open_it() {
        let breaker = Breaker::default();
        for second in 0..100 {
            (0..20).for_each(|number| fail(&breaker, number % 2, at(second)));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        fail(&breaker, 2, at(100));
        assert_eq!(breaker.state(), BreakerState::Open);

        let breaker = Breaker::default();
        (0..400).for_each(|number| fail(&breaker, number % 4, at(7)));
        assert_eq!(breaker.state(), BreakerState::Closed, "four failures count in this second");
        fail(&breaker, 0, at(8));
        assert_eq!(breaker.state(), BreakerState::Open);
    }

    #[test]
    fn whoever_has_no_subject_never_opens_it() {
        let breaker = Breaker::default();
        for second in 0..1_000 {
            breaker.leave(AFTER, at(second)).expect("leave").tell(false, None, at(second));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn pauses_double_up_to_half_a_minute_and_begin_anew_after_an_answer() {
        let breaker = opened();
        let mut now = 0;
        for pause in [1, 2, 4, 8, 16, 30, 30] {
            assert!(breaker.leave(AFTER, at(now + pause - 1)).is_none(), "{pause}");
            now += pause;
            let probe = breaker.leave(AFTER, at(now)).expect("a probe");
            probe.tell(false, None, at(now));
        }
        assert_eq!(breaker.opened(), 1, "a probe that fails opens nothing");
        breaker.leave(AFTER, at(now + 30)).expect("a probe").tell(true, None, at(now + 30));
        assert_eq!(breaker.state(), BreakerState::Closed);
        (0..5).for_each(|number| fail(&breaker, number, at(now + 30)));
        assert_eq!(breaker.opened(), 2);
        assert!(breaker.leave(AFTER, at(now + 31)).is_some());
    }

    #[test]
    fn one_question_probes_at_a_time_and_one_that_is_broken_off_leaves_it_to_the_next() {
        let breaker = opened();
        let probe = breaker.leave(AFTER, at(1)).expect("a probe");
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
        assert!(breaker.leave(AFTER, at(1)).is_none());
        drop(probe);
        assert_eq!(breaker.state(), BreakerState::Open);
        breaker.leave(AFTER, at(1)).expect("the next one").tell(true, None, at(1));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn what_was_asked_before_it_opened_neither_closes_nor_prolongs_it() {
        let breaker = Breaker::default();
        let mut earlier: Vec<_> =
            (0..8).map(|_| breaker.leave(AFTER, at(0)).expect("leave")).collect();
        (0..5).for_each(|number| fail(&breaker, number, at(0)));
        earlier.pop().expect("one").tell(true, Some(subject(9)), at(0));
        assert_eq!(breaker.state(), BreakerState::Open);
        earlier.drain(..).for_each(|leave| leave.tell(false, Some(subject(9)), at(0)));
        assert!(breaker.leave(AFTER, at(1)).is_some());
        assert_eq!(breaker.opened(), 1);
    }

    #[test]
    fn a_clock_that_is_put_back_does_not_keep_it_open() {
        let breaker = Breaker::default();
        (0..5).for_each(|number| fail(&breaker, number, at(10_000)));
        assert!(breaker.leave(AFTER, at(9_999)).is_none());
        assert!(breaker.leave(AFTER, at(5_000)).is_some());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Ask,
        Tell { place: usize, answered: bool, subject: Option<u64> },
        BreakOff(usize),
        Pass(i64),
    }

    fn step(subjects: u64) -> impl Strategy<Value = Step> {
        let tell = (any::<usize>(), prop::bool::weighted(0.2), prop::option::of(0..subjects));
        prop_oneof![
            4 => Just(Step::Ask),
            4 => tell.prop_map(|(place, answered, subject)| Step::Tell { place, answered, subject }),
            1 => any::<usize>().prop_map(Step::BreakOff),
            2 => (0i64..4).prop_map(Step::Pass),
        ]
    }

    /// Plays the steps, and looks after each of them.
    fn play(steps: Vec<Step>, mut look: impl FnMut(&Breaker, &[Leave<'_>])) {
        let (breaker, mut now) = (Breaker::default(), 0);
        let mut asked: Vec<Leave<'_>> = Vec::new();
        for step in steps {
            match step {
                Step::Ask => asked.extend(breaker.leave(3, at(now))),
                Step::Tell { place, answered, subject: number } if !asked.is_empty() => {
                    let leave = asked.swap_remove(place % asked.len());
                    leave.tell(answered, number.map(subject), at(now));
                }
                Step::BreakOff(place) if !asked.is_empty() => {
                    drop(asked.swap_remove(place % asked.len()));
                }
                Step::Tell { .. } | Step::BreakOff(_) => {}
                Step::Pass(seconds) => now += seconds,
            }
            look(&breaker, &asked);
        }
    }

    proptest! {
        #[test]
        fn fewer_than_three_people_never_open_it(
            steps in prop::collection::vec(step(2), 0..300),
        ) {
            play(steps, |breaker, _| assert_eq!(breaker.opened(), 0));
        }

        #[test]
        fn half_open_lets_exactly_one_through_at_a_time(
            steps in prop::collection::vec(step(9), 0..300),
        ) {
            play(steps, |breaker, asked| {
                let probing = asked.iter().filter(|leave| leave.probes).count();
                let half_open = breaker.state() == BreakerState::HalfOpen;
                assert_eq!(probing, usize::from(half_open));
            });
        }
    }
}
