//! One way through a race: who goes on when, and what must hold after every step.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::choices::Choices;
use super::deed::{Deed, Outcome, Part, Work};
use super::house::{House, Woken};
use crate::domain::{ComponentId, Revision};
use crate::flags::memory::Lowered;
use crate::flags::samples::assert_order_holds;
use crate::flags::{Flag, FlagsError, Snapshot, Stage};
use crate::store::StoreError;

/// A step that takes longer has gone wrong.
const TIME_MAX: Duration = Duration::from_mins(1);

/// A race.
#[derive(Clone, Copy, Debug)]
pub(super) struct Race<'r> {
    pub parts: &'r [Part],
    /// Part 1 begins only when part 0 has ended.
    pub in_turn: bool,
    /// The disk may refuse, once.
    pub refusals: bool,
    /// The process may end, at any point.
    pub crashes: bool,
}

/// How far a part has come.
enum State {
    Waiting,
    Open(Work, Arc<Woken>),
    Ended,
}

struct Running {
    deed: Deed,
    who: usize,
    state: State,
    /// A rollback has touched what it has on its way to the disk.
    overtaken: bool,
}

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Action {
    Start(usize),
    GoOn(usize),
    /// The disk confirms or refuses what it was given.
    Answer(bool),
    Crash,
}

pub(super) struct Run<'h> {
    house: &'h mut House,
    race: Race<'h>,
    pair: [ComponentId; 2],
    /// The revisions that the pair starts with.
    first: [Revision; 2],
    parts: Vec<Running>,
    /// Who waits for the disk's lock, or has it: the first.
    queue: VecDeque<usize>,
    last: Arc<Snapshot>,
    /// Rolled back to there and not released.
    floors: HashMap<ComponentId, Stage>,
    /// The same, and acknowledged.
    kept_floors: HashMap<ComponentId, Stage>,
    /// The latest revision that somebody was told.
    told: HashMap<ComponentId, Revision>,
    /// What has served and ceased to since the start.
    ceased: HashSet<ComponentId>,
    refused: bool,
    /// What has happened, for whoever reads a failure.
    story: Vec<Action>,
}

impl<'h> Run<'h> {
    pub fn new(house: &'h mut House, race: Race<'h>) -> Self {
        let pair = house.pair();
        let last = house.flags.snapshot();
        let revision = |id: &ComponentId| last.flag(id.as_str()).expect("a flag").revision;
        let first = [revision(&pair[0]), revision(&pair[1])];
        let latched = pair.iter().filter_map(|id| {
            let flag = last.flag(id.as_str()).expect("a flag");
            flag.latch.as_ref().map(|_| (id.clone(), flag.stage))
        });
        let floors: HashMap<_, _> = latched.collect();
        let running =
            |&(deed, who): &Part| Running { deed, who, state: State::Waiting, overtaken: false };
        let parts = race.parts.iter().map(running).collect();
        Self {
            house,
            race,
            pair,
            first,
            parts,
            queue: VecDeque::new(),
            last,
            kept_floors: floors.clone(),
            floors,
            told: HashMap::new(),
            ceased: HashSet::new(),
            refused: false,
            story: Vec::new(),
        }
    }

    /// Goes one way to its end.
    pub fn go(mut self, choices: &mut Choices) {
        loop {
            let actions = self.actions();
            if actions.is_empty() {
                return self.end();
            }
            let action = actions[choices.choose(actions.len())];
            self.story.push(action);
            match action {
                Action::Start(part) => self.start(part),
                Action::GoOn(part) => self.go_on(part),
                Action::Answer(confirmed) => self.answer(confirmed),
                Action::Crash => return self.crash(),
            }
            self.look();
        }
    }

    fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        for (at, part) in self.parts.iter().enumerate() {
            let may_start =
                !(self.race.in_turn && at == 1) || matches!(self.parts[0].state, State::Ended);
            match &part.state {
                State::Waiting if may_start => actions.push(Action::Start(at)),
                State::Open(_, woken) if woken.is_woken() => actions.push(Action::GoOn(at)),
                State::Waiting | State::Open(..) | State::Ended => {}
            }
        }
        if self.house.disk.is_stalled() {
            actions.push(Action::Answer(true));
            if self.race.refusals && !self.refused {
                actions.push(Action::Answer(false));
            }
        }
        let open = |part: &Running| !matches!(part.state, State::Waiting);
        if self.race.crashes && !actions.is_empty() && self.parts.iter().any(open) {
            actions.push(Action::Crash);
        }
        actions
    }

    fn start(&mut self, at: usize) {
        let Running { deed, who, .. } = self.parts[at];
        let room = Arc::clone(&self.house.flags.room);
        let work: Work = if deed.is_rollback() {
            match self.roll_back(deed, who) {
                Ok(Some(lowered)) => Box::pin(async move { room.keep(lowered).await.map(Some) }),
                Ok(None) => return self.ended(at, Ok(None)),
                Err(error) => return self.ended(at, Err(error)),
            }
        } else {
            let change = deed.change(self.house, &self.pair, who, self.first[who]);
            Box::pin(async move { room.change(change).await.map(Some) })
        };
        self.parts[at].state = State::Open(work, Arc::default());
        self.queue.push_back(at);
        self.go_on(at);
    }

    /// Publishes a rollback: it wins over whatever is on its way.
    fn roll_back(&mut self, deed: Deed, who: usize) -> Result<Option<Lowered>, FlagsError> {
        let coming = self.coming();
        let stage = |at: usize| self.last.flag(self.pair[at].as_str()).expect("a flag").stage;
        let highest = |at: usize| coming[at].map_or(stage(at), |coming| coming.max(stage(at)));
        let lowered = deed.roll_back(self.house, &self.pair, who, self.first[who]);
        let has_acted = matches!(lowered, Ok(Some(_)));
        let acts = if deed == Deed::Guard {
            highest(who).ssot_serves() && !self.ceased.contains(&self.pair[who])
        } else if deed == Deed::RollBack {
            highest(who) > Stage::Off
        } else {
            highest(0).max(highest(1)) > Stage::Shadow
        };
        assert_eq!(has_acted, acts, "{deed:?}: {:?}", self.story);
        let Some(lowered) = lowered? else { return Ok(None) };
        let published = self.house.flags.snapshot();
        for row in lowered.rows() {
            assert_eq!(published.flag(row.component.as_str()), Some(row), "{:?}", self.story);
            assert!(row.stage <= Stage::Shadow && row.latch.is_some());
            self.floors.insert(row.component.clone(), row.stage);
            let at = self.pair.iter().position(|id| *id == row.component).expect("of the pair");
            if let (Some(_), Some(&holder)) = (coming[at], self.queue.front()) {
                self.parts[holder].overtaken = true;
            }
        }
        if deed == Deed::Kill || who == 0 {
            let fell = |id: &ComponentId| {
                !published.flag(id.as_str()).expect("a flag").stage.ssot_serves()
            };
            assert!(self.pair.iter().all(fell), "{:?}", self.story);
        }
        Ok(Some(lowered))
    }

    /// The stages of the pair in the change that is on its way to the disk.
    fn coming(&self) -> [Option<Stage>; 2] {
        let memory = self.house.flags.room.memory.lock();
        [0, 1].map(|at| memory.pending.as_ref().and_then(|pending| pending.stage(&self.pair[at])))
    }

    /// As far as the next wait for the lock or for the disk. A note is written before anybody else
    /// goes on.
    fn go_on(&mut self, at: usize) {
        loop {
            let State::Open(work, woken) = &mut self.parts[at].state else { panic!("not open") };
            let runtime = self.house.enter();
            let poll = woken.poll(work.as_mut());
            drop(runtime);
            if let Poll::Ready(outcome) = poll {
                self.queue.retain(|waiting| *waiting != at);
                return self.ended(at, outcome);
            }
            if self.queue.front() != Some(&at) {
                return;
            }
            self.settle(at);
            if self.house.disk.is_stalled() {
                return;
            }
        }
    }

    /// Waits until the disk has been asked, or the note is written.
    fn settle(&self, at: usize) {
        let State::Open(_, woken) = &self.parts[at].state else { panic!("not open") };
        let started = Instant::now();
        while !woken.is_woken() && !self.house.disk.is_stalled() {
            assert!(started.elapsed() < TIME_MAX, "nothing goes on: {:?}", self.story);
            std::thread::yield_now();
        }
    }

    fn answer(&mut self, confirmed: bool) {
        self.refused |= !confirmed;
        self.house.held.as_ref().expect("held").answer(confirmed);
        let holder = *self.queue.front().expect("somebody writes");
        self.settle(holder);
    }

    fn ended(&mut self, at: usize, outcome: Outcome) {
        self.parts[at].state = State::Ended;
        self.look();
        let Running { deed, who, overtaken, .. } = self.parts[at];
        let story = &self.story;
        match outcome {
            Ok(Some(applied)) => {
                assert!(!overtaken, "{deed:?} was overtaken and not told: {story:?}");
                for flag in applied.dependents.iter().chain([&applied.flag]) {
                    let told = self.told.entry(flag.component.clone()).or_default();
                    *told = flag.revision.max(*told);
                    if let Some(floor) = self.floors.get(&flag.component)
                        && flag.latch.is_some()
                    {
                        self.kept_floors.insert(flag.component.clone(), *floor);
                    }
                }
                if deed != Deed::Lower && !deed.is_rollback() {
                    // It is served, or what was decided after it is.
                    let id = applied.flag.component.as_str();
                    let published = self.last.flag(id).expect("a flag");
                    let later = published.revision > applied.flag.revision;
                    assert!(later || *published == applied.flag, "{story:?}");
                }
            }
            Ok(None) => assert!(deed.is_rollback()),
            Err(FlagsError::Conflict { .. }) if deed == Deed::PlanRaise && !overtaken => {
                let now = self.last.flag(self.pair[who].as_str()).expect("a flag").revision;
                assert_ne!(now, self.first[who], "{story:?}");
            }
            Err(FlagsError::Conflict { .. }) => {
                assert!(overtaken, "{deed:?}: {story:?}");
                if deed == Deed::Release {
                    // It is on the disk until whoever has overtaken it is, too.
                    self.kept_floors.remove(&self.pair[who]);
                }
            }
            Err(FlagsError::Store(StoreError::Refused { .. })) => assert!(self.refused),
            Err(FlagsError::NotAllowed(refusal)) => {
                assert!(!overtaken && deed.may_refuse(&refusal), "{deed:?}: {refusal}: {story:?}");
            }
            Err(FlagsError::ImportRefused(_)) => {
                assert!(!overtaken && deed == Deed::Import, "{deed:?}: {story:?}");
            }
            Err(other) => panic!("{deed:?}: {other}: {story:?}"),
        }
    }

    /// Looks at every snapshot that was published since the last look.
    fn look(&mut self) {
        let shown = self.house.flags.room.shown.lock().as_mut().map(std::mem::take);
        for next in shown.expect("shown") {
            assert_order_holds(&next);
            for component in self.pair.clone() {
                let flag =
                    |table: &Snapshot| table.flag(component.as_str()).cloned().expect("a flag");
                self.compare(&component, &flag(&self.last), &flag(&next));
            }
            self.last = next;
        }
    }

    /// What may become of a flag from one snapshot to the next.
    fn compare(&mut self, component: &ComponentId, was: &Flag, is: &Flag) {
        let story = &self.story;
        assert!(is.revision >= was.revision, "{story:?}");
        if was.latch.is_some() && is.latch.is_none() {
            let releases =
                |part: &Running| part.deed == Deed::Release && self.pair[part.who] == *component;
            assert!(self.parts.iter().any(releases), "released by nobody: {story:?}");
            assert_eq!(is.stage, was.stage, "{story:?}");
            self.floors.remove(component);
            self.kept_floors.remove(component);
        }
        if (was.latch.is_some() && is.latch.is_some()) || (was.hold.is_some() && is.hold.is_some())
        {
            assert!(is.stage <= was.stage, "raised past a mark: {story:?}");
            assert!(is.latch.is_none() || !is.stage.ssot_serves(), "{story:?}");
        }
        let floor = self.floors.get(component);
        assert!(floor.is_none_or(|floor| is.stage <= *floor), "above a rollback: {story:?}");
        if was.stage.ssot_serves() && !is.stage.ssot_serves() {
            self.ceased.insert(component.clone());
        }
    }

    /// Everybody has ended: what is published is on the disk.
    fn end(mut self) {
        let ended = |part: &Running| matches!(part.state, State::Ended);
        assert!(self.parts.iter().all(ended), "stuck: {:?}", self.story);
        if self.house.flags.unsaved() > 0 {
            assert!(self.refused, "{:?}", self.story);
            self.house.save();
            self.look();
        }
        for component in &self.pair {
            let published = self.last.flag(component.as_str()).expect("a flag");
            assert_eq!(self.house.row(component), **published, "{:?}", self.story);
            self.house.expect(published);
        }
    }

    /// The process ends here, and what it has not confirmed is lost.
    fn crash(mut self) {
        if self.house.disk.is_stalled() {
            self.answer(false);
        }
        // What a release has on its way to the disk may be there or not.
        if let Some(writing) = self.queue.front().map(|at| &self.parts[*at])
            && writing.deed == Deed::Release
        {
            self.kept_floors.remove(&self.pair[writing.who]);
        }
        self.parts.clear();
        self.house.crash();
        let found = self.house.flags.snapshot();
        assert_order_holds(&found);
        for component in &self.pair {
            let flag = found.flag(component.as_str()).expect("a flag");
            if let Some(floor) = self.kept_floors.get(component) {
                let holds = flag.stage <= *floor && flag.latch.is_some();
                let (parts, story) = (self.race.parts, &self.story);
                assert!(holds, "an acknowledged rollback is gone: {parts:?} {story:?} {flag:?}");
            }
            let told = self.told.get(component);
            let is_there = told.is_none_or(|told| flag.revision >= *told);
            assert!(is_there, "an acknowledged change is gone: {:?}", self.story);
            self.house.expect(flag);
        }
    }
}
