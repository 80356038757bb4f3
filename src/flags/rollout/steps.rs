//! Which steps make a plan.

use std::time::Duration;

use serde::Deserialize;

use super::super::Stage;
use super::{Needs, RolloutRefusal, Step};
use crate::domain::Share;

/// Most steps of a plan.
pub const STEPS_MAX: usize = 32;

/// The longest hold.
const HOLD_MAX: Duration = Duration::from_hours(30 * 24);

/// The longest time for which evidence may be taken as fresh.
const FRESH_MAX: Duration = Duration::from_hours(30 * 24);

/// Most comparisons that can be asked for.
const COMPARISONS_MAX: u64 = 1_000_000_000;

/// Most classes with a limit, and the longest code of one: a plan must fit into a line of the log
/// twice.
const CLASSES_MAX: usize = 8;
const CODE_MAX: usize = 32;

/// Refuses steps that make no plan: too many, not rising, not legal one after another, or with
/// figures out of their range.
pub(super) fn check_steps(steps: &[Step]) -> Result<(), RolloutRefusal> {
    let refused = |field: String, problem: &str| {
        Err(RolloutRefusal::Steps { field, problem: problem.to_owned() })
    };
    if steps.is_empty() || steps.len() > STEPS_MAX {
        return refused("steps".to_owned(), "has 1 to 32 entries");
    }
    for (at, step) in steps.iter().enumerate() {
        let fault = fault_of(step)
            .or_else(|| at.checked_sub(1).and_then(|before| fault_after(&steps[before], step)));
        if let Some((field, problem)) = fault {
            return refused(format!("steps[{at}].{field}"), problem);
        }
    }
    Ok(())
}

fn fault_of(step: &Step) -> Option<(&'static str, &'static str)> {
    let Needs { mismatches_per_10000_max: classes, golden_path, .. } = &step.needs;
    let is_code = |code: &String| {
        let letter = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
        (1..=CODE_MAX).contains(&code.len()) && code.bytes().all(letter)
    };
    match step.to {
        Stage::Canary(Share::NONE) => return Some(("share", "is at least 1 basis point")),
        Stage::Shadow | Stage::Canary(_) | Stage::Live => {}
        Stage::Off | Stage::Sealed | Stage::Complete => {
            return Some(("stage", "is shadow, canary or live"));
        }
    }
    if step.hold > HOLD_MAX {
        return Some(("hold_s", "is at most 2592000, which is 30 days"));
    }
    if step.needs.comparisons_min > COMPARISONS_MAX {
        return Some(("needs.comparisons_min", "is at most 1000000000"));
    }
    if classes.len() > CLASSES_MAX || !classes.keys().all(is_code) {
        return Some(("needs.mismatches_per_10000_max", "names at most 8 classes of difference"));
    }
    if classes.values().any(|limit| *limit > 10_000) {
        return Some(("needs.mismatches_per_10000_max", "has limits of 0 to 10000"));
    }
    if step.needs.failures_per_10000_max > 10_000 {
        return Some(("needs.failures_per_10000_max", "is at most 10000"));
    }
    if !(Duration::from_secs(1)..=FRESH_MAX).contains(&step.needs.fresh_for) {
        return Some(("needs.fresh_for_s", "is 1 to 2592000, which is 30 days"));
    }
    let beyond = |need: &super::GoldenPathNeed| need.below_baseline_max_percent_points > 100;
    golden_path
        .as_ref()
        .is_some_and(beyond)
        .then_some(("needs.golden_path.below_baseline_max_percent_points", "is at most 100"))
}

fn fault_after(before: &Step, step: &Step) -> Option<(&'static str, &'static str)> {
    if step.to <= before.to {
        return Some(("stage", "goes no further than the step before it"));
    }
    (step.to.rank() > before.to.rank() + 1)
        .then_some(("stage", "skips a stage; shadow, canary and live come one after another"))
}

/// Reads the steps of a plan from TOML: `[[steps]]` with the members of [`Step`].
pub fn parse_steps(text: &str) -> Result<Vec<Step>, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct PlanFile {
        steps: Vec<Step>,
    }
    let file: PlanFile = toml::from_str(text).map_err(|error| error.to_string())?;
    check_steps(&file.steps).map_err(|refusal| refusal.to_string())?;
    Ok(file.steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        parse_steps(text).expect_err("no plan")
    }

    #[test]
    fn a_plan_is_read_from_toml() {
        let steps = parse_steps(
            r#"
            [[steps]]
            stage = "shadow"
            hold_s = 3600
            needs = { comparisons_min = 500, mismatches_per_10000_max = { stricter = 5 } }
            [[steps]]
            stage = "canary"
            share = 100
            approval = true
            "#,
        );
        let steps = steps.expect("a plan");
        assert_eq!(steps[0].hold, Duration::from_hours(1));
        assert_eq!(steps[0].needs.mismatches_per_10000_max["stricter"], 5);
        assert!(steps[1].approval);
        assert_eq!(steps[1].needs, Needs::default());
    }

    #[test]
    fn steps_that_make_no_plan_are_refused_and_named() {
        let one = |lines: &str| format!("[[steps]]\n{lines}\n");
        let after = |lines: &str| one("stage = \"shadow\"") + &one(lines);
        for (text, names) in [
            ("steps = []".to_owned(), "steps has 1 to 32"),
            (one("stage = \"off\""), "steps[0].stage is"),
            (one("stage = \"sealed\""), "steps[0].stage is"),
            (one("stage = \"canary\"\nshare = 0"), "steps[0].share is"),
            (after("stage = \"shadow\""), "steps[1].stage goes no further"),
            (after("stage = \"live\""), "steps[1].stage skips"),
            (one("stage = \"live\"\nhold_s = 2592001"), "steps[0].hold_s is"),
            (one("stage = \"live\"\nneeds = { fresh_for_s = 0 }"), "steps[0].needs.fresh_for_s is"),
            (one("stage = \"live\"\nneeds = { gaurd = true }"), "gaurd"),
            (one("stage = \"live\"\nhold = 5"), "hold"),
        ] {
            let told = refusal(&text);
            assert!(told.contains(names), "{told}");
        }
        let many: String =
            (1..=33).map(|share| one(&format!("stage = \"canary\"\nshare = {share}"))).collect();
        assert!(refusal(&many).starts_with("steps has 1 to 32"));
    }
}
