//! Stories of many moves: whoever wins, `requires` and the latches hold.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use crate::domain::TokioClock;
use crate::flags::samples::{
    NOW, assert_history_is_whole, assert_order_holds, canary, id, operator, seeds,
};
use crate::flags::{
    BackTo, Document, Flags, Format, Move, Phase, Selection, Settings, Snapshot, Stage,
};
use crate::store::Store;

const LINES: [&str; 5] = ["base", "middle: base", "top: middle", "twin: base", "beside"];
const IDS: [&str; 5] = ["base", "middle", "top", "twin", "beside"];

async fn open(dir: &TempDir) -> Flags {
    let store = Store::open(dir.path()).expect("a store");
    let settings = Settings { cool_down: Duration::ZERO, ..Settings::default() };
    let clock = Arc::new(TokioClock::starting_at(NOW));
    Flags::open(&store, seeds(&LINES), settings, clock).await.expect("flags")
}

#[derive(Clone, Debug)]
enum Act {
    Move(usize, Move),
    Import(Vec<(usize, Stage)>),
    /// Of the kill switch or of a phase; the components whose legacy is silent.
    Sweep(bool, BackTo, Vec<usize>),
}

impl Act {
    /// True when it was acknowledged.
    async fn of(self, flags: &Flags) -> bool {
        match self {
            Self::Move(component, change) => flags.goes(IDS[component], change).await.is_ok(),
            Self::Import(wanted) => {
                let part = |(component, stage): &(usize, Stage)| match stage {
                    Stage::Canary(share) => format!(
                        "[component.{}]\nstage = \"canary\"\nshare_percent = \"{share}\"\n",
                        IDS[*component]
                    ),
                    stage => format!("[component.{}]\nstage = \"{stage}\"\n", IDS[*component]),
                };
                let text: String = wanted.iter().map(part).collect();
                let document = Document::parse(&text, Format::Toml).expect("a document");
                flags.import(document, None, operator("import")).await.is_ok()
            }
            Self::Sweep(is_kill, to, silent) => {
                let phase = Selection::Phase(Phase::Tokens);
                let of = if is_kill { Selection::All } else { phase };
                let silent: Vec<_> = silent.into_iter().map(|each| id(IDS[each])).collect();
                let answered = |id: &_| (!silent.contains(id)).then_some(NOW);
                flags.roll_back_many(of, to, operator("sweep"), answered).await.is_ok()
            }
        }
    }
}

fn any_stage() -> impl Strategy<Value = Stage> {
    prop_oneof![
        1 => Just(Stage::Off),
        2 => Just(Stage::Shadow),
        4 => (1u16..=10_000).prop_map(canary),
        2 => Just(Stage::Live),
        1 => Just(Stage::Sealed),
    ]
}

fn any_act() -> impl Strategy<Value = Act> {
    let change = prop_oneof![
        3 => any_stage().prop_map(Move::To),
        1 => Just(Move::RollBack),
        3 => Just(Move::Release),
        1 => Just(Move::Hold),
    ];
    let wanted = proptest::collection::btree_map(0usize..5, any_stage(), 1..5);
    let silent = proptest::collection::vec(0usize..5, 0..3);
    let to = prop_oneof![3 => Just(BackTo::Shadow), 1 => Just(BackTo::Off)];
    prop_oneof![
        4 => (0usize..5, change).prop_map(|(component, change)| Act::Move(component, change)),
        4 => wanted.prop_map(|wanted| Act::Import(wanted.into_iter().collect())),
        1 => (any::<bool>(), to, silent).prop_map(|(kill, to, silent)| Act::Sweep(kill, to, silent)),
    ]
}

fn assert_no_latch_was_passed(before: &Snapshot, after: &Snapshot, act: &Act) {
    for flag in after.iter() {
        let was = before.flag(flag.component.as_str()).expect("a flag");
        assert!(was.latch.is_none() || flag.stage <= was.stage, "raised past a latch: {act:?}");
        let released = was.latch.is_some() && flag.latch.is_none();
        assert!(!released || matches!(act, Act::Move(_, Move::Release)), "{act:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_story_of_many_moves_breaks_the_order_or_passes_a_latch(
        story in proptest::collection::vec(any_act(), 1..50),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let dir = TempDir::new().expect("a folder");
            let flags = open(&dir).await;
            for act in story {
                let before = flags.snapshot();
                let done = act.clone().of(&flags).await;
                let after = flags.snapshot();
                assert_order_holds(&after);
                assert_no_latch_was_passed(&before, &after, &act);
                assert!(done || after.revision() == before.revision(), "{act:?} left something");
            }
            assert_history_is_whole(&flags);
            let published = flags.snapshot();
            drop(flags);
            let flags = open(&dir).await;
            for flag in published.iter() {
                assert_eq!(flags.snapshot().flag(flag.component.as_str()), Some(flag));
            }
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_imports_and_raises_that_race_leave_a_whole_history_and_no_order_broken() {
    let dir = TempDir::new().expect("a folder");
    let flags = open(&dir).await;
    let (watched, mut published) = (flags.clone(), flags.watch());
    let observer = tokio::spawn(async move {
        while published.changed().await.is_ok() {
            assert_order_holds(&watched.snapshot());
        }
    });
    let mut tasks = Vec::new();
    for worker in 0..4usize {
        for step in 0..40usize {
            let component = (worker + step) % 5;
            let share = u16::try_from(step * 100 + worker + 1).expect("a share");
            // Those that nobody requires go back as others go on.
            let goes_back = |each| step % 3 == 0 && matches!(each, 2 | 3);
            let wanted = |each| if goes_back(each) { Stage::Shadow } else { canary(share) };
            let all = || (0..5).map(|each| (each, wanted(each))).collect();
            let act = match (worker * 3 + step) % 8 {
                0 => Act::Sweep(worker % 2 == 0, BackTo::Shadow, vec![component]),
                1..=3 => Act::Move(component, Move::Release),
                4 => Act::Move(component, Move::To(canary(share))),
                5 => Act::Move(component, Move::RollBack),
                _ => Act::Import(all()),
            };
            let flags = flags.clone();
            tasks.push(tokio::spawn(async move { act.of(&flags).await }));
        }
    }
    let mut done = 0;
    for task in tasks {
        done += usize::from(task.await.expect("no panic"));
    }
    assert!(done > 0);
    observer.abort();
    assert!(!observer.await.is_err_and(|error| error.is_panic()), "requires held throughout");
    assert_eq!(flags.unsaved(), 0);
    assert_history_is_whole(&flags);
    let published = flags.snapshot();
    drop(flags);
    let flags = open(&dir).await;
    for flag in published.iter() {
        assert_eq!(flags.snapshot().flag(flag.component.as_str()), Some(flag));
    }
}
