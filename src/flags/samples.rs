//! Flags for tests.

use super::{
    Applied, Cause, Flag, Flags, FlagsError, HistoryFilter, Invariants, Kind, Latch, Limits, Move,
};
use super::{Phase, Rescue, Seed, Seeds, Snapshot, Stage};
use crate::domain::{ComponentId, GroupId, Revision, Share, Timestamp, TokenForm};

pub(super) const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

pub(super) fn id(text: &str) -> ComponentId {
    ComponentId::parse(text).expect("an id")
}

pub(super) fn canary(points: u16) -> Stage {
    Stage::Canary(Share::from_basis_points(points).expect("a share"))
}

pub(super) fn operator(note: &str) -> Cause {
    Cause::Operator { name: "ada".to_owned(), note: note.to_owned() }
}

pub(super) fn trip() -> Cause {
    Cause::Guard { trip: "looser: signature".to_owned() }
}

pub(super) fn flag(component: &str) -> Flag {
    Flag {
        component: id(component),
        kind: Kind::Auth,
        phase: Phase::Tokens,
        group: GroupId::parse("main").expect("a group"),
        requires: Vec::new(),
        legacy: component.to_owned(),
        stage: Stage::Off,
        rescue: Rescue::Ssot,
        sample: None,
        deadline_ms: 1000,
        rescues_per_second_max: 50,
        latch: None,
        hold: None,
        rolled_back_at: Vec::new(),
        served_until: None,
        accepted: Vec::new(),
        targets: Vec::new(),
        invariants: Invariants::Report,
        token_form: TokenForm::Compatible,
        limits: Limits::default(),
        revision: Revision(1),
        changed_at: NOW,
        cause: Cause::Seed,
    }
}

/// Seeds from `id` or `id: parent, ..` lines, all in shadow.
pub(super) fn seeds(lines: &[&str]) -> Seeds {
    let table = |line: &&str| {
        let (id, requires) = line.split_once(": ").unwrap_or((line, ""));
        let requires: Vec<&str> = requires.split(", ").filter(|id| !id.is_empty()).collect();
        format!(
            "[component.{id}]\nkind = \"auth\"\nphase = 1\nstage = \"shadow\"\nrequires = {requires:?}\n"
        )
    };
    let text: String = lines.iter().map(table).collect();
    Seed::parse_all(&text, "test.toml").expect("seeds")
}

/// Lines of each component form a chain, and the last one is the row.
pub(super) fn assert_history_is_whole(flags: &Flags) {
    let mut lines = Vec::new();
    let mut before = None;
    loop {
        let filter = HistoryFilter { before, limit: Some(7), ..HistoryFilter::default() };
        let page = flags.history(&filter).expect("a page");
        let Some(last) = page.last() else { break };
        before = Some(last.revision);
        lines.extend(page);
    }
    assert!(lines.is_sorted_by(|a, b| a.revision > b.revision));
    for flag in flags.snapshot().iter() {
        let mut known = None;
        for line in lines.iter().rev().filter(|line| line.component == flag.component) {
            assert_eq!(line.before, known, "{}", line.revision);
            known = Some(line.after.clone());
        }
        assert_eq!(known.as_ref(), Some(&**flag));
    }
}

impl Flags {
    pub(super) async fn goes(&self, component: &str, change: Move) -> Result<Applied, FlagsError> {
        self.apply(&id(component), change, None, operator("test")).await
    }

    pub(super) async fn to(&self, component: &str, stage: Stage) -> Result<Applied, FlagsError> {
        self.goes(component, Move::To(stage)).await
    }

    pub(super) fn stage(&self, component: &str) -> Stage {
        self.snapshot().flag(component).expect("a flag").stage
    }

    pub(super) fn latch(&self, component: &str) -> Option<Latch> {
        self.snapshot().flag(component).expect("a flag").latch.clone()
    }

    pub(super) async fn climb(&self, component: &str, stage: Stage) {
        for step in [canary(1000), canary(10_000), Stage::Live, Stage::Sealed] {
            if self.stage(component) < step && step <= stage {
                self.to(component, step).await.expect("a step");
            }
        }
        if self.stage(component) < stage {
            self.to(component, stage).await.expect("the last step");
        }
    }
}

pub(super) fn assert_order_holds(snapshot: &Snapshot) {
    for flag in snapshot.iter() {
        for parent in &flag.requires {
            let parent = snapshot.flag(parent.as_str()).expect("a parent");
            assert!(flag.stage <= parent.stage, "{} over {}", flag.component, parent.component);
        }
    }
}
