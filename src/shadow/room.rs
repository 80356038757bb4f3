//! The room: who can be asked, and what bounds the asking.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use tokio::sync::Semaphore;

use super::counts::ShadowCounts;
use super::import::RevocationSink;
use super::lane::{Lane, Paths, TokenPaths};
use super::told::Told;
use crate::domain::{Clock, ComponentId, PathError, Share, Side};
use crate::flags::{By, Flag, Flags, Plan, Serve};
use crate::ledger::{Ledger, NotCompared, Sightings};

/// Of a deadline, how much the serving side gets when the other may have to answer in its place.
pub(super) const SERVING_PERCENT: u32 = 60;

/// Bounds of the shadow.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Shadows in flight, over all components; a further one is shed. Likewise operations under
    /// way; a further one waits.
    pub in_flight_max: u32,
    /// How long a difference that a moment can explain is left alone before it is asked again.
    pub settle: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { in_flight_max: 1024, settle: Duration::from_secs(1) }
    }
}

/// Why a question cannot be put.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShadowError {
    /// The flag table has no such component.
    #[error("there is no component {0:?}")]
    UnknownComponent(String),
    /// The component is moved by other means than questions about tokens.
    #[error("component {0} does not answer questions about tokens")]
    NotAsked(ComponentId),
    /// The component makes no tokens and takes none back.
    #[error("component {0} makes no tokens")]
    MakesNoTokens(ComponentId),
    /// A revocation is not kept on both sides; on the side without a failure it holds.
    #[error("revoke on both sides: {}", failed_sides(ssot.as_ref(), legacy.as_ref()))]
    NotRevoked {
        /// Why not on SSOT.
        ssot: Option<PathError>,
        /// Why not on legacy.
        legacy: Option<PathError>,
    },
}

fn failed_sides(ssot: Option<&PathError>, legacy: Option<&PathError>) -> String {
    let ssot = ssot.map(|error| format!("ssot: {error}"));
    let legacy = legacy.map(|error| format!("legacy: {error}"));
    ssot.into_iter().chain(legacy).collect::<Vec<_>>().join("; ")
}

/// Asks one side, answers the caller, asks the other, compares, records.
pub struct Shadow {
    pub(super) flags: Arc<Flags>,
    pub(super) lanes: HashMap<ComponentId, Arc<Lane<Paths>>>,
    pub(super) token_lanes: HashMap<ComponentId, Arc<Lane<TokenPaths>>>,
    pub(super) desk: Arc<Desk>,
    pub(super) permits: Arc<Semaphore>,
    /// One for each operation until whoever must hear of it has.
    pub(super) operations: Arc<Semaphore>,
    settings: Settings,
}

/// What work behind the caller's back needs.
pub(super) struct Desk {
    pub clock: Arc<dyn Clock>,
    pub settle: Duration,
    pub sink: Option<RevocationSink>,
    pub room: Option<RoomForUsed>,
    pub counts: Arc<ShadowCounts>,
    pub told: Told,
    pub sightings: Arc<Sightings>,
}

impl Shadow {
    /// A shadow over `flags` that can ask the components of `paths`, and make tokens by those of
    /// `token_paths`. Revocations that only legacy knows go to `sink`.
    pub fn new(
        flags: Arc<Flags>,
        ledger: &Ledger,
        lanes: Lanes,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Self {
        let Lanes { paths, token_paths, sink, room } = lanes;
        let counts = Arc::default();
        let (settle, told) = (settings.settle, Told::default());
        let sightings = ledger.sightings();
        let desk = Desk { clock, settle, sink, room, counts, told, sightings };
        let in_flight_max = settings.in_flight_max as usize;
        Self {
            flags,
            lanes: with_books(paths, ledger),
            token_lanes: with_books(token_paths, ledger),
            desk: Arc::new(desk),
            permits: Arc::new(Semaphore::new(in_flight_max)),
            operations: Arc::new(Semaphore::new(in_flight_max)),
            settings,
        }
    }

    /// Shadows in flight.
    pub fn in_flight(&self) -> usize {
        self.settings.in_flight_max as usize - self.permits.available_permits()
    }

    /// What one side was told because of the other.
    pub fn counts(&self) -> Arc<ShadowCounts> {
        Arc::clone(&self.desk.counts)
    }

    /// Waits until no operation is under way and no shadow in flight.
    pub async fn idle(&self) {
        // The semaphores are never closed, so that the only outcome is all permits.
        let _operations = self.operations.acquire_many(self.settings.in_flight_max).await;
        let _shadows = self.permits.acquire_many(self.settings.in_flight_max).await;
    }
}

/// Whom a shadow can ask.
#[derive(Default)]
pub struct Lanes {
    /// The paths of components that answer questions about tokens.
    pub paths: Vec<(ComponentId, Paths)>,
    /// The paths of components that make tokens.
    pub token_paths: Vec<(ComponentId, TokenPaths)>,
    /// Where revocations go that only legacy knows; `None`: nowhere.
    pub sink: Option<RevocationSink>,
    /// Whether a side has room for one more used token; `None`: always.
    pub room: Option<RoomForUsed>,
}

/// Whether a side has room for one more used refresh token. What people revoke must always find
/// room there; what is only used gives way.
pub type RoomForUsed = Arc<dyn Fn(Side) -> bool + Send + Sync>;

fn with_books<P>(
    paths: Vec<(ComponentId, P)>,
    ledger: &Ledger,
) -> HashMap<ComponentId, Arc<Lane<P>>> {
    let lane = |(component, paths): (ComponentId, P)| {
        let book = ledger.book(&component);
        (component, Arc::new(Lane::new(paths, book)))
    };
    paths.into_iter().map(lane).collect()
}

/// Decides whether a question is in the sample; chance is not asked where all are.
pub(super) fn draw(flag: &Flag) -> u16 {
    if flag.effective_sample() == Share::ALL { 0 } else { rand::rng().random_range(0..10_000) }
}

/// Why a question that is in no sample is not compared.
pub(super) fn why_alone(flag: &Flag, plan: &Plan) -> NotCompared {
    if let By::Target(place) = plan.by
        && flag.targets.get(usize::from(place)).map(|target| target.serve) == Some(Serve::Legacy)
    {
        return NotCompared::ByTarget;
    }
    let by_stage = flag.stage.default_sample() == Share::NONE;
    if by_stage { NotCompared::ByStage } else { NotCompared::SampledOut }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Revision, SegmentId};
    use crate::flags::testing::open_in;
    use crate::flags::{OnFailure, Seed, Target};

    #[tokio::test]
    async fn whoever_a_target_keeps_on_legacy_is_told_apart_from_a_sample() {
        let dir = tempfile::tempdir().expect("a folder");
        let clock: Arc<dyn Clock> = Arc::new(crate::domain::SystemClock);
        let text = "[component.a]\nkind = \"auth\"\nphase = 1\nstage = \"shadow\"\n";
        let flags = open_in(dir.path(), Seed::parse_all(text, "t").expect("seeds"), clock).await;
        let mut flag = Flag::clone(flags.snapshot().flag("a").expect("a flag"));
        let segment = SegmentId::parse("held-back").expect("a name");
        let plan = |by| Plan {
            serving: Side::Legacy,
            compare: false,
            on_failure: OnFailure::Unavailable,
            by,
            slot: None,
            subject: None,
            revision: Revision(1),
        };
        for (serve, why) in
            [(Serve::Legacy, NotCompared::ByTarget), (Serve::Shadow, NotCompared::SampledOut)]
        {
            flag.targets = vec![Target { segment: segment.clone(), serve }];
            assert_eq!(why_alone(&flag, &plan(By::Target(0))), why);
            assert_eq!(why_alone(&flag, &plan(By::Stage)), NotCompared::SampledOut);
        }
    }
}
