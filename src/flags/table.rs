//! The open flag table.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

use super::room::{Change, Order, Room, Step};
use super::{Cause, Flag, FlagsError, HistoryFilter, HistoryPage, HistoryRow, Linked, Move, Seeds};
use super::{Settings, Snapshot, history};
use crate::domain::{Clock, ComponentId, Revision};
use crate::store::Store;

/// The open flag table. Cheap to clone; all clones are the same table.
#[derive(Clone)]
pub struct Flags {
    pub(super) room: Arc<Room>,
}

/// A change that was acknowledged.
#[derive(Clone, Debug, PartialEq)]
pub struct Applied {
    /// The flag as it is since then.
    pub flag: Arc<Flag>,
    /// What a rollback took along, deepest first.
    pub dependents: Vec<Arc<Flag>>,
}

impl Flags {
    /// Reads the table, and creates the segments and rows of `seeds` that are not there yet. A seeded stage is
    /// lowered to what the required components have come to.
    pub async fn open(
        store: &Store,
        seeds: Seeds,
        settings: Settings,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, FlagsError> {
        let room = Room::open(store, &seeds, settings, clock).await?;
        Ok(Self { room: Arc::new(room) })
    }

    /// The table as it is now. A question takes it once and keeps it to its end.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.room.snapshot()
    }

    /// Changes a flag. When this returns `Ok`, the change is on the disk (what is lowered: at least
    /// as a note) and the next snapshot has it; when the caller stops waiting, it happens all the same.
    ///
    /// `expected` is the revision the caller has seen; a rollback does not ask for it. Texts of
    /// `cause` are cut to [`Cause::TEXT_MAX`]. Nobody is told here when legacy last answered, so a
    /// rollback from `complete` is refused unless two people want it: see [`Flags::roll_back`].
    pub async fn apply(
        &self,
        component: &ComponentId,
        change: Move,
        expected: Option<Revision>,
        cause: Cause,
    ) -> Result<Applied, FlagsError> {
        let room = Arc::clone(&self.room);
        let mut cause = cause.bounded();
        let step = match change {
            Move::RollBack => {
                // Published here and now, before anything that can wait.
                let lowered = room.roll_back(component, &cause, |_| None)?;
                return to_the_end(async move { room.keep(lowered).await }).await;
            }
            Move::To(stage) => Step::To(stage),
            Move::Hold => Step::Hold,
            Move::Release => Step::Release,
            Move::Settings(patch) => Step::Settings(patch),
            Move::Restore(revision) => {
                let earlier = self.history_line(component, revision)?.into_line().after;
                cause = cause.with_deed(&format!("restores revision {revision}")).bounded();
                Step::Restore(Box::new(earlier))
            }
        };
        let order = Order { component: component.clone(), step, expected, cause };
        to_the_end(async move { room.change(Change::One(order)).await }).await
    }

    /// The lines of [`Flags::history_page`] alone.
    pub fn history(&self, filter: &HistoryFilter) -> Result<Vec<Linked<HistoryRow>>, FlagsError> {
        Ok(self.history_page(filter)?.lines)
    }

    /// A page of the audit log, newest first. Reads the disk.
    pub fn history_page(&self, filter: &HistoryFilter) -> Result<HistoryPage, FlagsError> {
        Ok(history::page(&self.room.lines(), filter)?)
    }

    /// What of the audit log comes after a revision, oldest first: so much as fits into a part.
    /// Reads the disk.
    pub fn history_part(
        &self,
        filter: &HistoryFilter,
        after: Revision,
    ) -> Result<HistoryPage, FlagsError> {
        Ok(history::part(&self.room.lines(), filter, after)?)
    }

    /// The line of one change of a component. Error: there is none of that revision.
    pub fn history_line(
        &self,
        component: &ComponentId,
        revision: Revision,
    ) -> Result<Linked<HistoryRow>, FlagsError> {
        let found = history::line(&self.room.lines(), revision)?;
        let unknown = || FlagsError::UnknownLine { component: component.clone(), revision };
        found.filter(|line| line.component == *component).ok_or_else(unknown)
    }

    /// Wakes its holder when the table has changed.
    pub fn watch(&self) -> watch::Receiver<Revision> {
        self.room.watch()
    }

    /// How many changes serve but are not on the disk, or only as a note: anything but zero is an
    /// alarm.
    pub fn unsaved(&self) -> usize {
        self.room.unsaved() + self.room.policies.unsaved()
    }

    /// Tries again to make durable what [`Flags::unsaved`] counts.
    pub async fn save(&self) -> Result<(), FlagsError> {
        let room = Arc::clone(&self.room);
        to_the_end(async move { room.save().await }).await
    }
}

/// Runs to its end even when nobody waits for it any more.
pub(super) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, FlagsError>> + Send + 'static,
) -> Result<T, FlagsError> {
    match tokio::spawn(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(FlagsError::Ending),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::samples::{
        NOW, assert_history_is_whole, assert_order_holds, canary, id, operator, seeds, trip,
    };
    use super::super::{MoveRefusal, SettingsPatch, Stage};
    use super::*;
    use crate::domain::{Timestamp, TokioClock};
    use crate::store::VALUE_BYTES_MAX;

    const CHAIN: [&str; 4] = ["base", "middle: base", "top: middle", "beside"];

    async fn open(dir: &TempDir, lines: &[&str], cool_down: Duration) -> Flags {
        let store = Store::open(dir.path()).expect("a store");
        let clock = Arc::new(TokioClock::starting_at(NOW));
        let settings = Settings { cool_down, ..Settings::default() };
        Flags::open(&store, seeds(lines), settings, clock).await.expect("flags")
    }

    fn refused(outcome: Result<Applied, FlagsError>) -> MoveRefusal {
        match outcome {
            Err(FlagsError::NotAllowed(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_change_is_in_the_next_snapshot_and_in_the_history_and_outlives_a_restart() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        let before = flags.snapshot();
        let applied = flags.to("base", canary(100)).await.expect("applied");
        assert_eq!(before.flag("base").expect("a flag").stage, Stage::Shadow);
        assert_eq!(flags.stage("base"), canary(100));
        assert_eq!(flags.snapshot().revision(), applied.flag.revision);
        assert_history_is_whole(&flags);
        let snapshot = flags.snapshot();
        drop(flags);
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        for flag in snapshot.iter() {
            assert_eq!(flags.snapshot().flag(flag.component.as_str()), Some(flag));
        }
        assert_history_is_whole(&flags);
    }

    #[tokio::test]
    async fn a_seed_creates_what_is_missing_and_changes_nothing_that_is_there() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &["base"], Duration::ZERO).await;
        flags.to("base", Stage::Off).await.expect("applied");
        drop(flags);
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        assert_eq!(flags.stage("base"), Stage::Off);
        assert_eq!(flags.stage("middle"), Stage::Off, "no higher than what it requires");
        assert_eq!(flags.stage("beside"), Stage::Shadow);
        let filter = HistoryFilter { component: Some(id("top")), ..HistoryFilter::default() };
        let lines = flags.history(&filter).expect("a page");
        assert_eq!((lines.len(), &lines[0].cause), (1, &Cause::Seed));
        assert_history_is_whole(&flags);
    }

    #[tokio::test]
    async fn a_slot_is_the_same_after_a_restart() {
        let dir = TempDir::new().expect("a folder");
        let slots = |flags: &Flags| {
            let snapshot = flags.snapshot();
            let flag = snapshot.flag("base").expect("a flag");
            ["a", "b", "c"].map(|subject| snapshot.slot_of_subject(flag, subject).expect("a slot"))
        };
        let first = slots(&open(&dir, &CHAIN, Duration::ZERO).await);
        assert_eq!(slots(&open(&dir, &CHAIN, Duration::ZERO).await), first);
    }

    #[tokio::test]
    async fn of_two_who_have_seen_the_same_revision_one_loses() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        let seen = Some(flags.snapshot().flag("base").expect("a flag").revision);
        let (base, cause) = (id("base"), operator("test"));
        let raise = |share| flags.apply(&base, Move::To(canary(share)), seen, cause.clone());
        let (one, other) = tokio::join!(raise(100), raise(200));
        let current = flags.snapshot().flag("base").expect("a flag").revision;
        let outcomes =
            [one.map(|applied| applied.flag.revision), other.map(|applied| applied.flag.revision)];
        assert!(outcomes.contains(&Ok(current)));
        assert!(outcomes.contains(&Err(FlagsError::Conflict { current })));
        let rollback = flags.apply(&base, Move::RollBack, seen, trip()).await;
        assert!(rollback.is_ok(), "a rollback does not ask for the revision");
    }

    #[tokio::test]
    async fn a_child_never_goes_beyond_its_parent_nor_a_parent_behind_its_child() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        let above = refused(flags.to("middle", canary(1)).await);
        assert!(
            matches!(above, MoveRefusal::AboveRequired { ref parent, .. } if parent.as_str() == "base")
        );
        flags.climb("base", canary(1000)).await;
        assert!(matches!(
            refused(flags.to("middle", canary(1001)).await),
            MoveRefusal::AboveRequired { .. }
        ));
        flags.to("middle", canary(1000)).await.expect("as far as its parent");
        let below = refused(flags.to("base", canary(999)).await);
        assert!(
            matches!(below, MoveRefusal::BelowDependent { ref child, .. } if child.as_str() == "middle")
        );
    }

    #[tokio::test]
    async fn a_rollback_takes_dependents_along_in_one_change_and_touches_nothing_else() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        for component in ["base", "middle", "top", "beside"] {
            flags.climb(component, canary(500)).await;
        }
        let applied =
            flags.apply(&id("base"), Move::RollBack, None, trip()).await.expect("applied");
        let order: Vec<_> = applied.dependents.iter().map(|flag| flag.component.as_str()).collect();
        assert_eq!((order, applied.flag.component.as_str()), (vec!["top", "middle"], "base"));
        for component in ["base", "middle", "top"] {
            assert_eq!(flags.stage(component), Stage::Shadow);
            let latch = flags.latch(component).expect("a latch");
            assert_eq!(latch.cause, trip());
            assert_eq!(latch.revision, flags.snapshot().flag(component).expect("a flag").revision);
        }
        assert_eq!((flags.stage("beside"), flags.latch("beside")), (canary(500), None));
        let lines = flags.history(&HistoryFilter { limit: Some(3), ..HistoryFilter::default() });
        let lines = lines.expect("a page");
        assert!(lines.iter().all(|line| line.change == applied.flag.revision));
        assert_history_is_whole(&flags);
    }

    #[tokio::test]
    async fn a_rollback_does_not_touch_a_dependent_that_is_behind_already() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        flags.climb("base", canary(500)).await;
        flags.to("top", Stage::Off).await.expect("back");
        let applied = flags.goes("base", Move::RollBack).await.expect("rolled back");
        assert_eq!(applied.dependents, []);
        assert_eq!((flags.stage("middle"), flags.latch("middle")), (Stage::Shadow, None));
        assert_eq!((flags.stage("top"), flags.latch("top")), (Stage::Off, None));
    }

    #[tokio::test(start_paused = true)]
    async fn a_latch_is_released_after_its_cool_down_and_then_shares_grow_again() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::from_mins(30)).await;
        flags.climb("base", Stage::Live).await;
        flags.goes("base", Move::RollBack).await.expect("rolled back");
        let until = NOW.plus(Duration::from_mins(30));
        assert_eq!(refused(flags.to("base", canary(1)).await), MoveRefusal::Latched { until });
        assert_eq!(
            refused(flags.goes("base", Move::Release).await),
            MoveRefusal::CoolingDown { until }
        );
        tokio::time::advance(Duration::from_mins(30)).await;
        assert!(matches!(refused(flags.to("base", canary(1)).await), MoveRefusal::Latched { .. }));
        flags.goes("base", Move::Release).await.expect("released");
        flags.to("base", canary(1)).await.expect("raised");
        flags.goes("base", Move::RollBack).await.expect("rolled back");
        assert_eq!(flags.latch("base").expect("a latch").rollbacks, 2);
        flags.goes("base", Move::RollBack).await.expect("from shadow to off");
        assert_eq!(
            refused(flags.goes("base", Move::RollBack).await),
            MoveRefusal::NothingToRollBack
        );
    }

    #[tokio::test]
    async fn an_unknown_component_is_an_error_for_every_move() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        let patch = Move::Settings(SettingsPatch::default());
        for change in [Move::To(Stage::Off), Move::RollBack, Move::Release, patch] {
            let outcome = flags.goes("nobody", change).await;
            assert_eq!(outcome, Err(FlagsError::UnknownComponent(id("nobody"))));
        }
    }

    #[tokio::test]
    async fn the_largest_flag_fits_into_a_line_of_the_log() {
        let dir = TempDir::new().expect("a folder");
        let flags = open(&dir, &CHAIN, Duration::ZERO).await;
        let wide = "\"".repeat(200);
        let code = "x".repeat(78);
        let accepted = (10..26).map(|n| super::super::AcceptedDifference {
            name: format!("{code}{n}"),
            class: "reason_differs".to_owned(),
            legacy_reason: Some(code.clone()),
            ssot_reason: Some(code.clone()),
            claim_shape: None,
            max_per_hour: None,
            owner: wide.clone(),
            reason: wide.clone(),
            expires_at: NOW.plus_seconds(60),
        });
        let patch =
            SettingsPatch { accepted: Some(accepted.collect()), ..SettingsPatch::default() };
        let long = Cause::Operator { name: "\"".repeat(9000), note: "\u{1}\"".repeat(9000) };
        let beside = id("beside");
        flags.climb("beside", canary(1)).await;
        flags.apply(&beside, Move::Settings(patch), None, long.clone()).await.expect("patched");
        for _ in 0..2 {
            let rollback = flags.apply(&beside, Move::RollBack, None, long.clone()).await;
            assert!(rollback.is_ok(), "{rollback:?}");
        }
        let filter = HistoryFilter { limit: Some(1), ..HistoryFilter::default() };
        let line = serde_json::to_vec(&flags.history(&filter).expect("a page")).expect("json");
        assert!(line.len() < VALUE_BYTES_MAX, "{} bytes", line.len());
    }

    /// One step of a random story.
    fn any_move() -> impl Strategy<Value = Move> {
        prop_oneof![
            4 => (1u16..=10_000).prop_map(|points| Move::To(canary(points))),
            2 => Just(Move::To(Stage::Shadow)),
            1 => Just(Move::To(Stage::Off)),
            3 => Just(Move::To(Stage::Live)),
            2 => Just(Move::To(Stage::Sealed)),
            1 => Just(Move::To(Stage::Complete)),
            1 => Just(Move::RollBack),
            3 => Just(Move::Release),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

        #[test]
        fn no_story_breaks_the_order_or_passes_a_latch(
            story in proptest::collection::vec((0usize..4, any_move()), 1..60),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(async {
                let dir = TempDir::new().expect("a folder");
                let flags = open(&dir, &CHAIN, Duration::ZERO).await;
                for (component, change) in story {
                    let component = ["base", "middle", "top", "beside"][component];
                    let before = flags.snapshot();
                    let outcome = flags.goes(component, change.clone()).await;
                    let after = flags.snapshot();
                    assert_order_holds(&after);
                    assert_eq!(outcome.is_ok(), after.revision() > before.revision());
                    for flag in after.iter() {
                        let was = before.flag(flag.component.as_str()).expect("a flag");
                        assert!(was.latch.is_none() || flag.stage <= was.stage, "raised past a latch");
                        let released = was.latch.is_some() && flag.latch.is_none();
                        assert!(!released || change == Move::Release);
                    }
                }
                assert_history_is_whole(&flags);
            });
        }
    }

    #[test]
    fn the_time_of_a_row_survives_being_written() {
        let odd = Timestamp::from_micros(1_800_000_000_123_456);
        let kept = super::super::history::to_the_millisecond(odd);
        assert_eq!(Timestamp::parse(&kept.rfc3339()), Some(kept));
    }
}
