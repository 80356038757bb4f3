//! The service walks its own golden path, and tells whoever acts on that; and it judges whether
//! each side lets in what the other signs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::AppError;
use crate::authority::Authority;
use crate::config::ProbeConfig;
use crate::domain::{
    Clock, ComponentId, FingerprintKey, Journey, JourneyEnd, RequestIds, Side, SignMatrix, Subject,
    Token, TokenForm, TokenPath,
};
use crate::flags::{Facts, Flag, Flags, Kind, SignOut};
use crate::guard::{Guard, MatrixKnown, Walked};
use crate::ledger::{Journeys, LedgerError, WalkSeen};
use crate::legacy::tokens::NoTokens;
use crate::probe::{Mint, Mints, Placed, Placing, Prober, Verifier};
use crate::shadow::Lanes;
use crate::store::Store;
use crate::web::{MatrixJudge, Rooms, stopped};

/// For whom tokens are minted.
const SUBJECT: &str = "crossfade-probe-matrix";

/// By whom walks are seen.
const SEEN_BY: &str = "the service's own prober";

/// What walks and matrices are kept in, and what judges them.
pub(super) struct Walking {
    pub journeys: Arc<Journeys>,
    pub matrix: MatrixJudge,
}

impl Walking {
    /// Reads what was kept; from now on flags and guard know of it.
    pub fn open(
        store: &Store,
        mints: Mints,
        (flags, tokens, guard): (&Arc<Flags>, &ComponentId, &Guard),
        config: &ProbeConfig,
        clock: &Arc<dyn Clock>,
    ) -> Result<Self, LedgerError> {
        let journeys = Arc::new(Journeys::open(store)?);
        flags.set_sign_out(sign_out(&journeys));
        guard.know_matrix(known(&journeys, config.matrix_every.is_some()));
        let matrix = judge(mints, (flags, tokens), &journeys, clock);
        Ok(Self { journeys, matrix })
    }
}

/// What is walked, and how often.
pub struct Walks {
    prober: Prober,
    every: Duration,
    sides: Vec<Side>,
}

impl Walks {
    /// `None` where the service is not to walk. `data` is where its data listener is.
    pub fn new(
        config: &ProbeConfig,
        data: &str,
        flags: &Arc<Flags>,
        fingerprints: FingerprintKey,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, AppError> {
        let (Some(every), Some(settings)) = (config.every, &config.settings) else {
            return Ok(None);
        };
        let mut settings = settings.clone();
        if settings.data.is_empty() {
            data.clone_into(&mut settings.data);
        }
        let placing = placing(flags, settings.components.all());
        let prober = Prober::new(settings, placing, fingerprints, Arc::clone(clock))?;
        Ok(Some(Self { prober, every, sides: config.sides.clone() }))
    }

    /// Walks until a stop is asked for.
    pub async fn run(self, rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stopped(&mut stop) => return,
            }
            for side in &self.sides {
                let journey = tokio::select! {
                    journey = self.prober.walk(*side) => journey,
                    () = stopped(&mut stop) => return,
                };
                take(&rooms, journey).await;
            }
        }
    }
}

/// Who serves a subject, by the flag table.
fn placing(flags: &Arc<Flags>, components: Vec<ComponentId>) -> Placing {
    let flags = Arc::clone(flags);
    Placing::Known(Arc::new(move |subject| {
        let snapshot = flags.snapshot();
        let known = components.iter().filter_map(|id| snapshot.flag(id.as_str()));
        let placed = |flag: &Arc<Flag>| {
            let explained = snapshot.explain(flag, &Facts::of_subject(subject));
            let side =
                if explained.side == Side::Ssot.as_str() { Side::Ssot } else { Side::Legacy };
            let divided = explained.decided_by != "stage" || !flag.targets.is_empty();
            Placed { component: flag.component.clone(), side, divided }
        };
        known.map(placed).collect()
    }))
}

/// Keeps a walk, and tells the guard and the golden path's rate of it, unless it says nothing of
/// the side that was walked.
async fn take(rooms: &Rooms, journey: Journey) {
    let (side, end, at) = (journey.side, journey.end(), rooms.clock.now());
    tell(&journey);
    let passed = match end {
        JourneyEnd::Passed => Some(true),
        JourneyEnd::Failed(_) => Some(false),
        JourneyEnd::Astray(_) | JourneyEnd::Unplaced => None,
    };
    if let Some(passed) = passed {
        for component in concerned(&journey, passed) {
            let seen = WalkSeen { at, side, passed };
            // A component that has gone meanwhile is no longer watched.
            if let Err(error) = rooms.guard.walked(Some(component), seen) {
                tracing::warn!(flag.component = %component, %error, "a walk is not told");
            }
        }
        let by = SEEN_BY.to_owned();
        let walked = Walked { at, walks: 1, passed: u32::from(passed), by };
        if let Err(error) = rooms.evidence.evidence.observe(walked, at).await {
            tracing::warn!(%error, "a walk does not count for the golden path's rate");
        }
    }
    if let Err(error) = rooms.journeys.keep(journey).await {
        tracing::error!(%error, "a walk is not kept");
    }
}

/// The components that a walk says something of: where its subject was on the side that was walked.
/// One that failed says it of the one behind the step alone; of everybody where that is not known.
fn concerned(journey: &Journey, passed: bool) -> Vec<&ComponentId> {
    let here = journey.places.iter().filter(|place| place.side == journey.side);
    let all: Vec<&ComponentId> = here.map(|place| &place.component).collect();
    if passed {
        return all;
    }
    let failed = journey.steps.iter().find(|seen| seen.fault.is_some());
    let component = failed.and_then(|seen| seen.provenance.component.as_ref());
    match component.filter(|component| all.contains(component)) {
        Some(component) => vec![component],
        None => all,
    }
}

fn tell(journey: &Journey) {
    let (side, end) = (journey.side, journey.end());
    let step = end.step().map_or("", crate::domain::JourneyStep::as_str);
    let seen = journey.steps.iter().find(|seen| seen.fault.is_some());
    let fault = seen.and_then(|seen| seen.fault.as_deref()).unwrap_or_default();
    match end {
        JourneyEnd::Passed => tracing::debug!(%side, "the golden path is walked"),
        JourneyEnd::Failed(_) => {
            tracing::warn!(%side, step, fault, "the golden path cannot be walked");
        }
        JourneyEnd::Astray(_) => {
            tracing::warn!(%side, step, fault, "a walk ended at a step of the other side's");
        }
        JourneyEnd::Unplaced => {
            let why = journey.unplaced.as_deref().unwrap_or_default();
            tracing::info!(%side, why, "nobody can be walked");
        }
    }
}

/// What the matrix is judged by: every component that decides about tokens, and the paths that make
/// them.
pub(super) fn mints(lanes: &Lanes, tokens: &ComponentId, authority: &Arc<Authority>) -> Mints {
    let making = lanes.token_paths.iter().find(|(component, _)| component == tokens);
    let (legacy, ssot) = if let Some((_, paths)) = making {
        (Arc::clone(&paths.legacy), Arc::clone(&paths.ssot))
    } else {
        let ssot = Arc::clone(authority) as Arc<dyn TokenPath>;
        (Arc::new(NoTokens) as Arc<dyn TokenPath>, ssot)
    };
    let verifier = |(component, paths): &(ComponentId, crate::shadow::Paths)| Verifier {
        component: component.clone(),
        legacy: Arc::clone(&paths.legacy),
        ssot: Arc::clone(&paths.ssot),
    };
    let mut verifiers: Vec<Verifier> = lanes.paths.iter().map(verifier).collect();
    verifiers.sort_by(|one, other| one.component.cmp(&other.component));
    Mints {
        legacy,
        ssot,
        service: service(authority),
        verifiers,
        subject: Subject::parse(SUBJECT).expect("a subject"),
        ids: RequestIds::of_process(rand::random()),
    }
}

fn service(authority: &Arc<Authority>) -> Mint {
    let authority = Arc::clone(authority);
    Arc::new(move |form, now| match authority.specimen_of_service(form, now) {
        Some(Ok(token)) => Ok(Token::clone(&token)),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no client may ask for one".to_owned()),
    })
}

/// Judges the matrix whenever it is asked to, and keeps it.
fn judge(
    mints: Mints,
    (flags, tokens): (&Arc<Flags>, &ComponentId),
    journeys: &Arc<Journeys>,
    clock: &Arc<dyn Clock>,
) -> MatrixJudge {
    let (flags, tokens) = (Arc::clone(flags), tokens.clone());
    let (mints, journeys, clock) = (Arc::new(mints), Arc::clone(journeys), Arc::clone(clock));
    Arc::new(move || {
        let snapshot = flags.snapshot();
        let flag = snapshot.flag(tokens.as_str());
        let form = flag.map_or_else(TokenForm::default, |flag| snapshot.token_form(flag));
        let (mints, journeys, now) = (Arc::clone(&mints), Arc::clone(&journeys), clock.now());
        Box::pin(async move { journeys.keep_matrix(mints.judge(form, now).await).await })
    })
}

/// Judges it from time to time, until a stop is asked for.
pub(super) async fn judge_often(
    rooms: Arc<Rooms>,
    every: Duration,
    mut stop: watch::Receiver<bool>,
) {
    let mut ticks = tokio::time::interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut was_red = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let judged = tokio::select! {
            judged = (rooms.matrix)() => judged,
            () = stopped(&mut stop) => return,
        };
        match judged {
            Ok(matrix) => {
                let red = matrix.signs_out();
                match &red {
                    Some(why) if !was_red => tracing::warn!(why, "there is no way back"),
                    None if was_red => tracing::info!("legacy lets in again what ssot signs"),
                    Some(_) | None => {}
                }
                was_red = red.is_some();
            }
            Err(error) => tracing::error!(%error, "the matrix of signatures is not kept"),
        }
    }
}

/// Why a component cannot come back, for whoever would raise it.
fn sign_out(journeys: &Arc<Journeys>) -> SignOut {
    let journeys = Arc::clone(journeys);
    Arc::new(move |flag| {
        let matrix = journeys.matrix()?;
        match flag.kind {
            Kind::Tokens => matrix.signs_out(),
            Kind::Auth => matrix.signs_out_at(&flag.component),
            Kind::Session | Kind::Connections | Kind::Events => None,
        }
    })
}

/// What a plan is told of the matrix. `expected`: where it is judged from time to time, its absence
/// is something to wait for.
fn known(journeys: &Arc<Journeys>, expected: bool) -> MatrixKnown {
    let journeys = Arc::clone(journeys);
    let empty =
        Arc::new(SignMatrix { at: crate::domain::Timestamp::from_seconds(0), cells: Vec::new() });
    Arc::new(move || journeys.matrix().or_else(|| expected.then(|| Arc::clone(&empty))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{JourneyStep, Place, Provenance, StepSeen, Timestamp};

    fn id(text: &str) -> ComponentId {
        ComponentId::parse(text).expect("an id")
    }

    #[test]
    fn a_walk_says_something_of_the_components_that_its_side_serves() {
        let place = |name, side| Place { component: id(name), side };
        let places = vec![
            place("tokens", Side::Ssot),
            place("http", Side::Ssot),
            place("session", Side::Legacy),
        ];
        let step = |component: &str| StepSeen {
            step: JourneyStep::Http,
            fault: Some("broken".to_owned()),
            omitted: false,
            took: Duration::ZERO,
            provenance: Provenance { component: Some(id(component)), ..Provenance::default() },
        };
        let journey = |steps| Journey {
            side: Side::Ssot,
            begun_at: Timestamp::from_seconds(0),
            steps,
            places: places.clone(),
            unplaced: None,
        };
        let names = |journey: &Journey, passed| {
            let all = concerned(journey, passed);
            all.iter().map(|id| id.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(&journey(Vec::new()), true), ["tokens", "http"]);
        assert_eq!(names(&journey(vec![step("http")]), false), ["http"]);
        assert_eq!(names(&journey(vec![step("events")]), false), ["tokens", "http"]);
    }
}
