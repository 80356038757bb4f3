//! In which form SSOT's tokens are made, and when that may change.

use std::sync::Arc;

use tempfile::TempDir;

use crate::domain::{TokenForm, TokioClock};
use crate::flags::samples::{NOW, assert_history_is_whole, canary, id};
use crate::flags::{
    Applied, Flags, FlagsError, HistoryFilter, Move, MoveRefusal, Seed, Settings, SettingsPatch,
    Stage,
};
use crate::store::Store;

const SEEDS: &str = "
    [component.tokens]
    kind = 'tokens'
    phase = 1
    stage = 'shadow'
    [component.sessions]
    kind = 'session'
    phase = 1
    stage = 'shadow'
    requires = ['tokens']
    [component.pages]
    kind = 'auth'
    phase = 1
    stage = 'shadow'
    requires = ['sessions']
";

async fn open(dir: &TempDir) -> Flags {
    let store = Store::open(dir.path()).expect("a store");
    let clock = Arc::new(TokioClock::starting_at(NOW));
    let seeds = Seed::parse_all(SEEDS, "test.toml").expect("seeds");
    let settings = Settings { cool_down: std::time::Duration::ZERO, ..Settings::default() };
    Flags::open(&store, seeds, settings, clock).await.expect("flags")
}

async fn form(flags: &Flags, component: &str, form: TokenForm) -> Result<Applied, FlagsError> {
    let patch = SettingsPatch { token_form: Some(form), ..SettingsPatch::default() };
    flags.goes(component, Move::Settings(patch)).await
}

fn refused(outcome: Result<Applied, FlagsError>) -> MoveRefusal {
    match outcome {
        Err(FlagsError::NotAllowed(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

fn effective(flags: &Flags) -> TokenForm {
    let snapshot = flags.snapshot();
    snapshot.token_form(snapshot.flag("tokens").expect("a flag"))
}

fn stored(flags: &Flags) -> TokenForm {
    flags.snapshot().flag("tokens").expect("a flag").token_form
}

async fn all_sealed(dir: &TempDir) -> Flags {
    let flags = open(dir).await;
    for component in ["tokens", "sessions", "pages"] {
        flags.climb(component, Stage::Sealed).await;
    }
    form(&flags, "tokens", TokenForm::Own).await.expect("own");
    flags
}

#[tokio::test]
async fn own_tokens_need_the_component_and_all_that_requires_it_to_be_sealed() {
    let dir = TempDir::new().expect("a folder");
    let flags = open(&dir).await;
    let too_early =
        |component: &str, stage| MoveRefusal::TokenFormTooEarly { component: id(component), stage };
    for stage in [Stage::Shadow, canary(10_000), Stage::Live] {
        flags.climb("tokens", stage).await;
        let refusal = refused(form(&flags, "tokens", TokenForm::Own).await);
        assert_eq!(refusal, too_early("tokens", stage));
    }
    flags.climb("tokens", Stage::Sealed).await;
    flags.climb("sessions", Stage::Sealed).await;
    let refusal = refused(form(&flags, "tokens", TokenForm::Own).await);
    assert_eq!(refusal, too_early("pages", Stage::Shadow));
    flags.climb("pages", Stage::Sealed).await;
    form(&flags, "tokens", TokenForm::Own).await.expect("own");
    assert_eq!((stored(&flags), effective(&flags)), (TokenForm::Own, TokenForm::Own));
    assert_history_is_whole(&flags);
    drop(flags);
    let flags = open(&dir).await;
    assert_eq!(effective(&flags), TokenForm::Own);
    form(&flags, "tokens", TokenForm::Compatible).await.expect("back at any time");
}

#[tokio::test]
async fn stepping_back_makes_tokens_that_legacy_reads_in_the_same_change() {
    let dir = TempDir::new().expect("a folder");
    let flags = all_sealed(&dir).await;
    for component in ["pages", "sessions", "tokens"] {
        flags.goes(component, Move::To(Stage::Live)).await.expect("back");
    }
    assert_eq!(stored(&flags), TokenForm::Compatible);
    let filter =
        HistoryFilter { component: Some(id("tokens")), limit: Some(1), ..HistoryFilter::default() };
    let line = flags.history(&filter).expect("a page").remove(0);
    let before = line.before.as_ref().expect("a row");
    assert_eq!((before.stage, before.token_form), (Stage::Sealed, TokenForm::Own));
    assert_eq!((line.after.stage, line.after.token_form), (Stage::Live, TokenForm::Compatible));
    flags.goes("tokens", Move::To(Stage::Sealed)).await.expect("sealed again");
    assert_eq!(stored(&flags), TokenForm::Compatible, "it does not come back by itself");
}

#[tokio::test]
async fn a_rollback_makes_tokens_that_legacy_reads_in_the_same_change() {
    let dir = TempDir::new().expect("a folder");
    let flags = all_sealed(&dir).await;
    let applied = flags.goes("tokens", Move::RollBack).await.expect("rolled back");
    let (stage, token_form) = (applied.flag.stage, applied.flag.token_form);
    assert_eq!((stage, token_form), (Stage::Shadow, TokenForm::Compatible));
    assert_eq!((stored(&flags), effective(&flags)), (TokenForm::Compatible, TokenForm::Compatible));
    assert_history_is_whole(&flags);
}

#[tokio::test]
async fn a_rollback_of_what_requires_it_makes_tokens_that_legacy_reads_at_once() {
    let dir = TempDir::new().expect("a folder");
    let flags = all_sealed(&dir).await;
    flags.goes("pages", Move::RollBack).await.expect("rolled back");
    assert_eq!(effective(&flags), TokenForm::Compatible);
}

#[tokio::test]
async fn a_component_that_makes_no_tokens_has_no_form_of_them() {
    let dir = TempDir::new().expect("a folder");
    let flags = open(&dir).await;
    for wanted in [TokenForm::Own, TokenForm::Compatible] {
        let refusal = refused(form(&flags, "pages", wanted).await);
        assert!(matches!(refusal, MoveRefusal::Setting { field, .. } if field == "token_form"));
    }
}
