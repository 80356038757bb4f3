//! What is asked of whoever watches, and what is not.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tempfile::TempDir;

use crate::domain::{Revision, SegmentId, TokioClock};
use crate::flags::samples::{NOW, canary, id, operator, seeds, trip};
use crate::flags::{
    Cause, Document, Flag, Flags, FlagsError, Format, Move, MoveRefusal, SegmentDraft, Serve,
    Settings, SettingsPatch, Stage, Target,
};
use crate::store::Store;

/// A table whose raises are refused while a reason is set, and which notes what was asked.
struct House {
    _dir: TempDir,
    flags: Flags,
    why: Arc<Mutex<Option<&'static str>>>,
    asked: Arc<Mutex<Vec<(Stage, Stage)>>>,
}

const HELD: &str = "R1 holds";

impl House {
    async fn new() -> Self {
        let dir = TempDir::new().expect("a folder");
        let store = Store::open(dir.path()).expect("a store");
        let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
        let clock = Arc::new(TokioClock::starting_at(NOW));
        let lines = ["parent", "child: parent"];
        let flags = Flags::open(&store, seeds(&lines), settings, clock).await.expect("flags");
        let (why, asked) = (Arc::new(Mutex::new(None)), Arc::new(Mutex::new(Vec::new())));
        let (reason, noted) = (Arc::clone(&why), Arc::clone(&asked));
        let clearance = move |before: &Flag, after: &Flag, _| {
            noted.lock().push((before.stage, after.stage));
            reason.lock().map_or(Ok(()), |why: &str| Err(why.to_owned()))
        };
        assert!(flags.set_clearance(Arc::new(clearance)));
        assert!(!flags.set_clearance(Arc::new(|_, _, _| Ok(()))), "set once");
        Self { _dir: dir, flags, why, asked }
    }

    fn hold(&self) {
        *self.why.lock() = Some(HELD);
        self.asked.lock().clear();
    }

    fn asked(&self) -> Vec<(Stage, Stage)> {
        std::mem::take(&mut self.asked.lock())
    }

    async fn settings(&self, patch: SettingsPatch) -> Result<(), FlagsError> {
        self.flags.goes("parent", Move::Settings(patch)).await.map(|_| ())
    }

    async fn targets(&self, targets: &[(&str, Serve)]) -> Result<(), FlagsError> {
        self.settings(SettingsPatch { targets: Some(list(targets)), ..SettingsPatch::default() })
            .await
    }

    async fn segment(
        &self,
        name: &str,
        subjects: &[&str],
        expected: Option<Revision>,
    ) -> Result<Revision, FlagsError> {
        let draft = SegmentDraft {
            name: SegmentId::parse(name).expect("a name"),
            description: String::new(),
            subjects: subjects.iter().map(|&subject| subject.to_owned()).collect(),
            tenants: [].into(),
            scopes: [].into(),
            headers: [].into(),
        };
        let put = self.flags.put_segment(draft, expected, operator("test")).await;
        put.map(|segment| segment.revision)
    }
}

fn list(targets: &[(&str, Serve)]) -> Vec<Target> {
    let target = |(name, serve): &(&str, Serve)| Target {
        segment: SegmentId::parse(name).expect("a name"),
        serve: *serve,
    };
    targets.iter().map(target).collect()
}

fn document(text: &str) -> Document {
    Document::parse(text, Format::Toml).expect("a document")
}

fn not_cleared<T: std::fmt::Debug>(outcome: Result<T, FlagsError>) {
    let refusal = MoveRefusal::NotCleared { why: HELD.to_owned() };
    assert_eq!(outcome.map(|_| ()), Err(FlagsError::NotAllowed(refusal)));
}

#[tokio::test]
async fn no_raise_of_stage_or_share_comes_through_and_every_way_back_does() {
    let house = House::new().await;
    house.flags.climb("parent", canary(1000)).await;
    house.hold();
    not_cleared(house.flags.to("parent", canary(1001)).await);
    not_cleared(house.flags.to("parent", Stage::Live).await);
    not_cleared(house.flags.to("child", canary(1)).await);
    let before = house.flags.snapshot().flag("parent").expect("a flag").revision;
    house.asked();
    house.flags.to("parent", canary(500)).await.expect("back");
    let deadline = SettingsPatch { deadline_ms: Some(77), ..SettingsPatch::default() };
    house.settings(deadline).await.expect("no exposure");
    house.flags.goes("parent", Move::Hold).await.expect("held");
    house.flags.goes("parent", Move::Release).await.expect("released");
    assert!(house.asked().is_empty(), "nothing of it raises");
    not_cleared(house.flags.goes("parent", Move::Restore(before)).await);
    house.flags.goes("parent", Move::RollBack).await.expect("rolled back");
    house.flags.goes("parent", Move::Release).await.expect("a release raises nothing");
    not_cleared(house.flags.to("parent", canary(1)).await);
    assert_eq!(house.asked(), [(canary(500), canary(1000)), (Stage::Shadow, canary(1))]);
    *house.why.lock() = None;
    house.flags.to("parent", canary(1)).await.expect("cleared");
}

#[tokio::test]
async fn a_document_is_asked_about_flag_by_flag_and_says_so_beforehand() {
    let house = House::new().await;
    house.hold();
    let text = "[component.parent]\nstage = \"canary\"\nshare_percent = 1\n";
    let plan = house.flags.plan_import(&document(text), &operator("test"));
    assert_eq!(plan.refused.len(), 1);
    assert!(plan.refused[0].problem.contains(HELD), "{:?}", plan.refused);
    let import = house.flags.import(document(text), None, operator("test")).await;
    assert!(matches!(import, Err(FlagsError::ImportRefused(_))), "{import:?}");
    let back = "[component.child]\nstage = \"off\"\n";
    house.flags.import(document(back), None, operator("test")).await.expect("back");
    assert_eq!(
        (house.flags.stage("parent"), house.flags.stage("child")),
        (Stage::Shadow, Stage::Off)
    );
}

#[tokio::test]
async fn targets_and_segments_that_may_bring_more_people_are_asked_about() {
    let house = House::new().await;
    let first = house.segment("beta", &["a", "b"], None).await.expect("made");
    let kept = house.segment("kept", &["c", "d"], None).await.expect("made");
    house.flags.climb("parent", canary(1000)).await;
    let both = [("kept", Serve::Legacy), ("beta", Serve::Ssot)];
    house.targets(&both).await.expect("cleared");
    house.hold();
    not_cleared(house.targets(&[("beta", Serve::Ssot), ("kept", Serve::Legacy)]).await);
    not_cleared(house.targets(&[("beta", Serve::Ssot)]).await);
    not_cleared(house.targets(&[("kept", Serve::Ssot), ("beta", Serve::Ssot)]).await);
    not_cleared(house.segment("beta", &["a", "b", "e"], Some(first)).await);
    not_cleared(house.segment("kept", &["c"], Some(kept)).await);
    house.asked();
    house.segment("beta", &["a"], Some(first)).await.expect("fewer on ssot");
    house.segment("kept", &["c", "d", "e"], Some(kept)).await.expect("more on legacy");
    house.targets(&[("kept", Serve::Shadow), ("beta", Serve::Ssot)]).await.expect("as many");
    house.targets(&[("kept", Serve::Shadow)]).await.expect("fewer");
    house.targets(&[("beta", Serve::Legacy), ("kept", Serve::Shadow)]).await.expect("fewer");
    assert!(house.asked().is_empty());
    house.flags.goes("parent", Move::RollBack).await.expect("rolled back");
    house.asked();
    house.targets(&both).await.expect("nobody is on ssot in shadow");
    assert!(house.asked().is_empty());
}

#[tokio::test]
async fn whoever_is_asked_may_roll_back_and_that_wins() {
    let dir = TempDir::new().expect("a folder");
    let store = Store::open(dir.path()).expect("a store");
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let flags = Flags::open(&store, seeds(&["parent"]), Settings::default(), clock).await;
    let flags = flags.expect("flags");
    flags.to("parent", canary(1000)).await.expect("raised");
    let attempt = flags.snapshot().flag("parent").expect("a flag").revision;
    let (there, begun) = (flags.clone(), Arc::new(Mutex::new(None)));
    let noted = Arc::clone(&begun);
    let clearance = move |_: &Flag, _: &Flag, _| {
        let rolled_back = there.begin_roll_back(&id("parent"), trip(), attempt);
        *noted.lock() = rolled_back.expect("a component");
        Ok(())
    };
    assert!(flags.set_clearance(Arc::new(clearance)));
    let raise = flags.to("parent", canary(2000)).await;
    let refused = matches!(raise, Err(FlagsError::NotAllowed(MoveRefusal::Latched { .. })));
    assert!(refused, "{raise:?}");
    assert_eq!(flags.stage("parent"), Stage::Shadow);
    let begun = begun.lock().take().expect("rolled back");
    begun.keep().await.expect("kept");
}

#[tokio::test]
async fn what_would_sign_people_out_comes_to_canary_by_two_people_alone() {
    let house = House::new().await;
    assert!(house.flags.set_sign_out(Arc::new(|flag| {
        (flag.component.as_str() == "parent").then(|| "legacy refuses it".to_owned())
    })));
    house.flags.climb("parent", Stage::Shadow).await;
    let canary_move = Move::To(canary(100));
    let refused = house.flags.goes("parent", canary_move.clone()).await.expect_err("refused");
    let why = "legacy refuses it".to_owned();
    assert_eq!(refused, FlagsError::NotAllowed(MoveRefusal::WouldSignOut { why }));
    let two = Cause::TwoPeople {
        asked_by: "ada".to_owned(),
        approved_by: "bob".to_owned(),
        note: "everybody signs in again anyway".to_owned(),
    };
    house.flags.apply(&id("parent"), canary_move, None, two).await.expect("two people will it");
    let more = Move::To(canary(5_000));
    let refused = house.flags.goes("parent", more).await.expect_err("more of the same");
    assert!(matches!(refused, FlagsError::NotAllowed(MoveRefusal::WouldSignOut { .. })));
    house.flags.goes("parent", Move::To(Stage::Shadow)).await.expect("back is free");
}
