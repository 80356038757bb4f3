//! The order of events within a run.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::domain::{EventKind, RunId};

/// Runs that are followed for each user; the one without news for longest gives way.
const RUNS_MAX: usize = 32;

/// Tools of one run that may be executing at once.
const TOOLS_MAX: usize = 32;

/// A broken rule of a run. The event is delivered all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Anomaly {
    /// The first event of the run is not `agent_started`.
    NotStarted,
    /// `agent_started` a second time.
    StartedAgain,
    /// An event behind `agent_completed`.
    AfterCompleted,
    /// `tool_completed` of a tool that was not executing.
    ToolNotExecuting,
    /// `agent_completed` while a tool is executing.
    ToolStillExecuting,
    /// The number within the run is not the next one: some are missing.
    NumberSkipped,
    /// The number within the run is not above the last one.
    NumberRepeated,
}

impl Anomaly {
    /// Every anomaly.
    pub const ALL: [Self; 7] = [
        Self::NotStarted,
        Self::StartedAgain,
        Self::AfterCompleted,
        Self::ToolNotExecuting,
        Self::ToolStillExecuting,
        Self::NumberSkipped,
        Self::NumberRepeated,
    ];

    /// The machine-readable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotStarted => "not_started",
            Self::StartedAgain => "started_again",
            Self::AfterCompleted => "after_completed",
            Self::ToolNotExecuting => "tool_not_executing",
            Self::ToolStillExecuting => "tool_still_executing",
            Self::NumberSkipped => "number_skipped",
            Self::NumberRepeated => "number_repeated",
        }
    }

    /// The place in [`Anomaly::ALL`].
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

/// What is known of a user's runs.
#[derive(Debug, Default)]
pub(super) struct Runs(VecDeque<Run>);

#[derive(Debug)]
struct Run {
    id: RunId,
    started: bool,
    completed: bool,
    number: Option<u64>,
    /// By the hash of their names, which may be long.
    executing: Vec<u64>,
}

/// What of an event the order of its run depends on.
pub(super) struct Step<'a> {
    pub kind: &'a EventKind,
    pub run: Option<&'a RunId>,
    pub number: Option<u64>,
    pub tool: Option<&'a str>,
}

impl Runs {
    /// True for a run that is followed.
    pub fn knows(&self, run: &RunId) -> bool {
        self.0.iter().any(|known| known.id == *run)
    }

    /// Takes note of an event; the rules that it breaks.
    pub fn observe(&mut self, step: &Step<'_>) -> Vec<Anomaly> {
        let Some(id) = step.run else { return Vec::new() };
        let known = self.0.iter().position(|run| run.id == *id);
        let mut run = known.and_then(|place| self.0.remove(place)).unwrap_or_else(|| Run::new(id));
        let mut broken = Vec::new();
        run.take(step, &mut broken);
        if self.0.len() == RUNS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(run);
        broken
    }
}

impl Run {
    fn new(id: &RunId) -> Self {
        let id = id.clone();
        Self { id, started: false, completed: false, number: None, executing: Vec::new() }
    }

    fn take(&mut self, step: &Step<'_>, broken: &mut Vec<Anomaly>) {
        match (self.started, step.kind) {
            (true, EventKind::AgentStarted) => broken.push(Anomaly::StartedAgain),
            (false, kind) if kind.is_critical() && *kind != EventKind::AgentStarted => {
                broken.push(Anomaly::NotStarted);
            }
            (true | false, _) => {}
        }
        self.started |= step.kind.is_critical();
        if self.completed && step.kind.is_critical() {
            broken.push(Anomaly::AfterCompleted);
        }
        if let (Some(last), Some(number)) = (self.number, step.number) {
            if number <= last {
                broken.push(Anomaly::NumberRepeated);
            } else if number > last + 1 {
                broken.push(Anomaly::NumberSkipped);
            }
        }
        self.number = self.number.max(step.number);
        let tool = hash(step.tool.unwrap_or_default());
        match step.kind {
            EventKind::ToolExecuting => {
                if self.executing.len() < TOOLS_MAX {
                    self.executing.push(tool);
                }
            }
            EventKind::ToolCompleted => {
                match self.executing.iter().position(|executing| *executing == tool) {
                    Some(place) => {
                        self.executing.swap_remove(place);
                    }
                    None => broken.push(Anomaly::ToolNotExecuting),
                }
            }
            EventKind::AgentCompleted => {
                if !self.executing.is_empty() {
                    broken.push(Anomaly::ToolStillExecuting);
                }
                self.executing.clear();
                self.completed = true;
            }
            EventKind::AgentStarted => self.completed = false,
            EventKind::AgentThinking | EventKind::Other(_) => {}
        }
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The anomalies of a story of `(kind, tool, number)` in one run.
    fn broken(story: &[(&str, &str, u64)]) -> Vec<Anomaly> {
        let run = RunId::parse("r").expect("a name");
        let mut runs = Runs::default();
        let steps = story.iter().flat_map(|(kind, tool, number)| {
            runs.observe(&Step {
                kind: &EventKind::parse(kind).expect("a kind"),
                run: Some(&run),
                number: (*number > 0).then_some(*number),
                tool: Some(tool),
            })
        });
        steps.collect()
    }

    #[test]
    fn the_golden_path_breaks_no_rule() {
        let story = [
            ("agent_started", "", 1),
            ("agent_thinking", "", 2),
            ("tool_executing", "a", 3),
            ("tool_executing", "b", 4),
            ("tool_completed", "a", 5),
            ("tool_completed", "b", 6),
            ("agent_completed", "", 7),
        ];
        assert_eq!(broken(&story), []);
        assert_eq!(broken(&[("agent_started", "", 0), ("agent_completed", "", 0)]), []);
    }

    #[test]
    fn each_rule_is_seen_broken() {
        use Anomaly::*;
        let start = ("agent_started", "", 1);
        let end = ("agent_completed", "", 2);
        let stories: [(&[_], &[Anomaly]); 7] = [
            (&[("agent_thinking", "", 1)], &[NotStarted]),
            (&[start, ("agent_started", "", 2)], &[StartedAgain]),
            (&[start, end, ("agent_thinking", "", 3)], &[AfterCompleted]),
            (&[start, ("tool_completed", "a", 2)], &[ToolNotExecuting]),
            (
                &[start, ("tool_executing", "a", 2), ("agent_completed", "", 3)],
                &[ToolStillExecuting],
            ),
            (&[start, ("agent_thinking", "", 3)], &[NumberSkipped]),
            (&[start, ("agent_thinking", "", 1)], &[NumberRepeated]),
        ];
        for (story, anomalies) in stories {
            assert_eq!(broken(story), anomalies, "{story:?}");
        }
    }

    #[test]
    fn an_open_event_may_come_at_any_time() {
        assert_eq!(broken(&[("queued", "", 0), ("agent_started", "", 0)]), []);
        let story = [("agent_started", "", 0), ("agent_completed", "", 0), ("rated", "", 0)];
        assert_eq!(broken(&story), []);
    }
}
