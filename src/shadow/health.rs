//! Whether legacy still answers: seen in passing, and asked where nobody else does.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use super::Shadow;
use super::ask::timed;
use super::lane::{Lane, Paths, TokenPaths};
use crate::domain::{
    ComponentId, Credentials, Operation, PathError, Question, RefreshOrder, RequestId,
    RequestParts, Timestamp, Token, TokenForm,
};

/// When legacy last answered, and whether it is being asked.
#[derive(Debug)]
pub(super) struct Health {
    /// Microseconds since the epoch; the smallest number before the first answer.
    answered_at: AtomicI64,
    probing: AtomicBool,
}

impl Default for Health {
    fn default() -> Self {
        Self { answered_at: AtomicI64::new(i64::MIN), probing: AtomicBool::new(false) }
    }
}

impl Health {
    /// Notes an answer; an earlier one changes nothing.
    pub(super) fn note(&self, at: Timestamp) {
        self.answered_at.fetch_max(at.micros(), Ordering::Relaxed);
    }

    fn answered_at(&self) -> Option<Timestamp> {
        let micros = self.answered_at.load(Ordering::Relaxed);
        (micros != i64::MIN).then(|| Timestamp::from_micros(micros))
    }

    /// The right to ask; `None` while somebody has it.
    fn begin(&self) -> Option<Probing<'_>> {
        (!self.probing.swap(true, Ordering::AcqRel)).then_some(Probing(&self.probing))
    }
}

/// Ends with its holder, even one that is broken off.
struct Probing<'h>(&'h AtomicBool);

impl Drop for Probing<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// What came of asking legacy whether it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Probe {
    /// It does.
    Answered,
    /// It does not.
    Failed(PathError),
    /// It cannot be asked without an effect, there is no such component, or it is being asked.
    NotAsked,
}

impl Shadow {
    /// True when the component has paths that can be asked.
    pub fn asks(&self, component: &ComponentId) -> bool {
        self.health(component).is_some()
    }

    /// The last moment at which a component's legacy path is known to have answered, allow or
    /// deny; a failure is no answer. `None` before the first since the start.
    pub fn legacy_answered_at(&self, component: &ComponentId) -> Option<Timestamp> {
        self.health(component)?.answered_at()
    }

    /// Asks legacy, in a way that has no effect, whether it answers. One question at a time a
    /// component; the ledger does not count it.
    pub async fn probe_legacy(&self, component: &ComponentId, time: Duration) -> Probe {
        let Some(_probing) = self.health(component).and_then(Health::begin) else {
            return Probe::NotAsked;
        };
        let now = self.desk.clock.now();
        if let Some(lane) = self.lanes.get(component) {
            probe_decisions(lane, component, now, time).await
        } else if let Some(lane) = self.token_lanes.get(component) {
            probe_plans(lane, now, time).await
        } else {
            Probe::NotAsked
        }
    }

    fn health(&self, component: &ComponentId) -> Option<&Health> {
        let asked = self.lanes.get(component).map(|lane| &lane.legacy);
        asked.or_else(|| self.token_lanes.get(component).map(|lane| &lane.legacy))
    }
}

/// A question without a token.
async fn probe_decisions(
    lane: &Lane<Paths>,
    component: &ComponentId,
    now: Timestamp,
    time: Duration,
) -> Probe {
    let nothing = Credentials::Request(RequestParts {
        method: "GET".into(),
        target: "/".into(),
        ..RequestParts::default()
    });
    let id = RequestId::new(0, 0);
    let question = Question::new(id, component.clone(), now, nothing);
    let asking = async {
        match lane.paths.legacy.probe(&question) {
            Some(answering) => answering.await.map(Some),
            None => Ok(None),
        }
    };
    let (answer, took) = timed(asking, time).await;
    seen(&lane.legacy, answer.map(|answer| answer.map(drop)), now.plus(took))
}

/// What would come of a refresh without a token. Whoever cannot tell is not asked to do it.
async fn probe_plans(lane: &Lane<TokenPaths>, now: Timestamp, time: Duration) -> Probe {
    let operation = Operation::Refresh(RefreshOrder {
        token: Token::new(""),
        client: None,
        idempotency_key: None,
        scopes: None,
        form: TokenForm::Compatible,
    });
    let asking = async { lane.paths.legacy.plan(&operation, now).await };
    let (answer, took) = timed(asking, time).await;
    seen(&lane.legacy, answer.map(|answer| answer.map(drop)), now.plus(took))
}

fn seen(health: &Health, answer: Result<Option<()>, PathError>, at: Timestamp) -> Probe {
    match answer {
        Ok(Some(())) => {
            health.note(at);
            Probe::Answered
        }
        Ok(None) => Probe::NotAsked,
        Err(failure) => Probe::Failed(failure),
    }
}
