//! Finds somebody to walk, and walks.

use std::sync::Arc;

use super::place::{fits, nobody};
use super::walker::Walker;
use super::{Placed, Placing, ProbeFault, Settings};
use crate::domain::{
    Clock, FingerprintKey, Journey, JourneyStep, Place, Side, StepSeen, Timestamp,
};
use crate::outbound::Outbound;

/// Subjects that sign in to see which side serves them, where nobody tells it before.
const TRIED_MAX: usize = 16;

/// Walks the golden path of one deployment.
pub struct Prober {
    pub(super) outbound: Outbound,
    pub(super) settings: Settings,
    pub(super) fingerprints: FingerprintKey,
    placing: Placing,
    clock: Arc<dyn Clock>,
}

impl Prober {
    /// A prober that calls what its settings name, and nothing else. `fingerprints` stand for
    /// tokens in what it tells.
    pub fn new(
        settings: Settings,
        placing: Placing,
        fingerprints: FingerprintKey,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ProbeFault> {
        let control = match &placing {
            Placing::Asked(control) => Some(&*control.url),
            Placing::Unknown | Placing::Known(_) => None,
        };
        let outbound = settings.outbound(control)?;
        Ok(Self { outbound, settings, fingerprints, placing, clock })
    }

    /// Walks once as somebody whom `side` serves.
    pub async fn walk(&self, side: Side) -> Journey {
        let begun_at = self.clock.now();
        let candidates = self.settings.subjects.of(side);
        match &self.placing {
            Placing::Unknown => self.walk_by_trying(side, begun_at, &candidates).await,
            Placing::Asked(_) | Placing::Known(_) => match self.place(side, &candidates).await {
                Ok((subject, places)) => {
                    let steps = self.steps(side, subject, &places).await;
                    journey(side, begun_at, steps, &places)
                }
                Err(why) => unplaced(side, begun_at, why),
            },
        }
    }

    /// The first of the candidates that `side` serves.
    async fn place<'c>(
        &self,
        side: Side,
        candidates: &'c [String],
    ) -> Result<(&'c str, Vec<Placed>), String> {
        let components = self.settings.components.all();
        let calling = (&self.outbound, self.settings.step_time);
        let mut last = Vec::new();
        for candidate in candidates {
            let places = self.placing.of(candidate, &components, calling).await?;
            if fits(&places, side) {
                return Ok((candidate, places));
            }
            let divided = places.iter().any(|place| place.divided);
            last = places;
            if !divided {
                // All subjects are alike.
                break;
            }
        }
        Err(nobody(&last, side, candidates.len()))
    }

    /// Lets one after another sign in and ask, until `side` answers one of them.
    async fn walk_by_trying(
        &self,
        side: Side,
        begun_at: Timestamp,
        candidates: &[String],
    ) -> Journey {
        let tried = candidates.len().min(TRIED_MAX);
        for candidate in &candidates[..tried] {
            let steps = self.steps(side, candidate, &[]).await;
            let elsewhere = |seen: &StepSeen| {
                seen.step == JourneyStep::Http
                    && seen.provenance.side.is_some_and(|answered| answered != side)
            };
            if !steps.iter().any(elsewhere) {
                return journey(side, begun_at, steps, &[]);
            }
        }
        let http = &self.settings.components.http;
        let why = format!(
            "none of {tried} subjects is on {side} at {http}, by what its answers tell: name some, \
             and target them"
        );
        unplaced(side, begun_at, why)
    }

    async fn steps(&self, side: Side, subject: &str, places: &[Placed]) -> Vec<StepSeen> {
        let due = |step: JourneyStep| {
            let component = self.settings.components.of(step);
            places.iter().find(|place| place.component == *component).map(|place| place.side)
        };
        let mut walker = Walker::new(self, side, subject);
        let mut steps = Vec::new();
        for step in JourneyStep::ALL {
            let mut seen = walker.take(step).await;
            Self::check_side(side, due(step), &mut seen);
            let elsewhere = places.is_empty()
                && step == JourneyStep::Http
                && seen.provenance.side.is_some_and(|answered| answered != side);
            let ends = seen.fault.is_some() || elsewhere;
            steps.push(seen);
            if ends {
                break;
            }
        }
        steps
    }

    /// An answer of the other side, where `side` was to give it, is none of this walk's.
    fn check_side(side: Side, due: Option<Side>, seen: &mut StepSeen) {
        let answered = seen.provenance.side;
        if due == Some(side) && answered == Some(side.other()) && seen.fault.is_none() {
            let other = side.other();
            seen.fault = Some(format!("{other} has answered, though {side} serves the subject"));
        }
    }
}

fn journey(side: Side, begun_at: Timestamp, steps: Vec<StepSeen>, places: &[Placed]) -> Journey {
    let place = |placed: &Placed| Place { component: placed.component.clone(), side: placed.side };
    let places = places.iter().map(place).collect();
    Journey { side, begun_at, steps, places, unplaced: None }
}

fn unplaced(side: Side, begun_at: Timestamp, why: String) -> Journey {
    Journey { side, begun_at, steps: Vec::new(), places: Vec::new(), unplaced: Some(why) }
}
