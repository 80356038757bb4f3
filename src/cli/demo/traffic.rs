//! The callers: real requests at a steady rate, and a count of what became of each.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::mix::{Asking, Component, Mix};
use super::wire::Wire;
use crate::domain::Clock;
use crate::outbound::{Method, OutboundError};

/// Requests under way at one time; further ones wait.
const UNDER_WAY_MAX: usize = 1_500;

/// How often it is looked whether a request is due.
const TICK: Duration = Duration::from_millis(4);

/// Requests that are made up for at once after the machine was busy with something else.
const BACKLOG_MAX: u64 = 50;

/// What the callers sent and got.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests sent.
    pub sent: u64,
    /// HTTP answers of any status.
    pub answered: u64,
    /// Answers that let the caller in.
    pub allowed: u64,
    /// Answers that did not.
    pub denied: u64,
    /// Answers given by legacy.
    pub by_legacy: u64,
    /// Answers given by ssot.
    pub by_ssot: u64,
    /// Answers with a 5xx.
    pub server_errors: u64,
    /// Answers that are none of these.
    pub odd: u64,
    /// Requests to which no answer came.
    pub unanswered: u64,
}

impl Counts {
    /// Requests that are still under way.
    pub const fn open(&self) -> u64 {
        self.sent - self.answered - self.unanswered
    }

    fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.answered += other.answered;
        self.allowed += other.allowed;
        self.denied += other.denied;
        self.by_legacy += other.by_legacy;
        self.by_ssot += other.by_ssot;
        self.server_errors += other.server_errors;
        self.odd += other.odd;
        self.unanswered += other.unanswered;
    }
}

/// The counts of one leg of the story, by component.
type Leg = [Counts; Component::ALL.len()];

/// All callers together.
pub struct Traffic {
    wire: Wire,
    mix: Mutex<Mix>,
    clock: Arc<dyn Clock>,
    per_second: u32,
    legs: Mutex<Vec<Leg>>,
    answered: Notify,
}

/// The part of an answer that a caller looks at.
#[derive(Deserialize)]
struct Heard<'a> {
    decision: &'a str,
    served_by: &'a str,
}

impl Traffic {
    /// Callers of the data listener behind `wire`.
    pub fn new(wire: Wire, mix: Mix, clock: Arc<dyn Clock>, per_second: u32) -> Arc<Self> {
        let legs = Mutex::new(vec![Leg::default()]);
        let answered = Notify::new();
        Arc::new(Self { wire, mix: Mutex::new(mix), clock, per_second, legs, answered })
    }

    /// Sends until `stop` turns true or nobody is left to turn it, then waits for every answer.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        let mut under_way = JoinSet::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let started = Instant::now();
        let mut due_before = 0;
        loop {
            tokio::select! {
                _ = tick.tick() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            let due = due(started.elapsed(), self.per_second);
            for _ in 0..(due - due_before).min(BACKLOG_MAX) {
                let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
                let this = Arc::clone(&self);
                under_way.spawn(async move {
                    this.ask().await;
                    drop(place);
                });
            }
            due_before = due;
            while under_way.try_join_next().is_some() {}
        }
        while under_way.join_next().await.is_some() {}
    }

    async fn ask(&self) {
        let Asking { component, body } = self.mix.lock().next(self.clock.now());
        let leg = self.count(None, component, |counts| counts.sent += 1);
        let path = format!("/v1/decide/{}", component.as_str());
        let answer = self.wire.send(Method::Post, &path, None, body).await;
        self.count(Some(leg), component, |counts| match answer {
            Ok(answer) => counts.hear(answer.status, &answer.body),
            Err(error) => counts.miss(&error),
        });
        self.answered.notify_waiters();
    }

    /// Counts in a leg, or in the present one; tells which it was.
    fn count(
        &self,
        leg: Option<usize>,
        component: Component,
        change: impl FnOnce(&mut Counts),
    ) -> usize {
        let mut legs = self.legs.lock();
        let leg = leg.unwrap_or(legs.len() - 1);
        change(&mut legs[leg][component as usize]);
        leg
    }

    /// What is sent from now on is counted apart; waits until what was sent before is answered.
    pub async fn begin_leg(&self) {
        self.legs.lock().push(Leg::default());
        self.wait_until(|legs| {
            legs.iter().rev().skip(1).flatten().all(|counts| counts.open() == 0)
        })
        .await;
    }

    /// Waits until `answers` requests of the present leg are answered by a component.
    pub async fn wait_for(&self, component: Component, answers: u64) {
        self.wait_until(|legs| {
            legs.last().is_some_and(|leg| leg[component as usize].answered >= answers)
        })
        .await;
    }

    async fn wait_until(&self, come: impl Fn(&[Leg]) -> bool) {
        loop {
            let answered = self.answered.notified();
            if come(&self.legs.lock()) {
                return;
            }
            answered.await;
        }
    }

    /// What was counted of a component in the present leg.
    pub fn leg(&self, component: Component) -> Counts {
        self.legs.lock().last().map(|leg| leg[component as usize]).unwrap_or_default()
    }

    /// What was counted of a component in all legs.
    pub fn total(&self, component: Component) -> Counts {
        let mut total = Counts::default();
        for leg in self.legs.lock().iter() {
            total.add(&leg[component as usize]);
        }
        total
    }
}

impl Counts {
    fn hear(&mut self, status: u16, body: &[u8]) {
        self.answered += 1;
        if status >= 500 {
            self.server_errors += 1;
            return;
        }
        let heard = serde_json::from_slice::<Heard<'_>>(body).ok();
        match heard.as_ref().map(|heard| heard.decision) {
            Some("allow") => self.allowed += 1,
            Some("deny") => self.denied += 1,
            Some(_) | None => self.odd += 1,
        }
        match heard.as_ref().map(|heard| heard.served_by) {
            Some("legacy") => self.by_legacy += 1,
            Some("ssot") => self.by_ssot += 1,
            Some(_) | None => {}
        }
    }

    fn miss(&mut self, error: &OutboundError) {
        self.unanswered += 1;
        tracing::warn!(%error, "a caller got no answer");
    }
}

/// Requests that should have been sent after this long.
fn due(elapsed: Duration, per_second: u32) -> u64 {
    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
    micros.saturating_mul(per_second.into()) / 1_000_000
}
