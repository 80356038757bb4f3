//! The ruling: a pure function of limits and evidence.

use super::error_rate::{Counts, FAILED_MIN};
use super::outcomes::Sum;
use super::regression::Regression;
use super::ruling::{Found, GuardRule, Ruling, Standing};
use super::subjects::DISTINCT_MIN;
use super::{Case, Held, Promise, alpha};
use crate::domain::Timestamp;
use crate::flags::{GuardMode, Kind, Stage};

/// What the guard says.
pub fn rule(case: &Case, held: &Held<'_>, now: Timestamp) -> Ruling {
    if held.limits.mode == GuardMode::Off {
        return Ruling::Wait { missing: "the guard is switched off for this component".to_owned() };
    }
    let (tripping, holding) = found(case, held, now);
    if let Some(found) = tripping.into_iter().next() {
        return Ruling::Trip { found };
    }
    if !holding.is_empty() {
        return Ruling::Hold { found: holding };
    }
    let promise = Promise::of(held.stage);
    if case.cleanness.value() >= 1.0 / promise.beta {
        return Ruling::Pass;
    }
    let (subjects, failed) = (case.cleanness.subjects, case.cleanness.failed);
    let missing = format!(
        "{subjects} distinct subjects so far, {failed} of them failed: not enough to certify less \
         than {} % at {} %",
        promise.bad * 100.0,
        (1.0 - promise.beta) * 100.0
    );
    Ruling::Wait { missing }
}

/// Every rule that says that the component must go back now, in the order in which they are asked.
pub fn tripping(case: &Case, held: &Held<'_>, now: Timestamp) -> Vec<Found> {
    match held.limits.mode {
        GuardMode::Off => Vec::new(),
        GuardMode::Act | GuardMode::DryRun => found(case, held, now).0,
    }
}

/// What trips, and what holds.
fn found(case: &Case, held: &Held<'_>, now: Timestamp) -> (Vec<Found>, Vec<Found>) {
    let serves = held.stage.ssot_serves() && held.stage != Stage::Complete;
    let found = standings(case, held, now).into_iter().filter_map(|standing| {
        let what = standing.finds?;
        Some(Found { rule: standing.rule, what })
    });
    found.partition(|found| serves && acts(found, case))
}

/// True for what rolls back where SSOT serves; the rest holds.
fn acts(found: &Found, case: &Case) -> bool {
    match found.rule {
        GuardRule::Outcomes => false,
        GuardRule::ErrorRate => !case.error_rate.is_common(),
        GuardRule::Regression
        | GuardRule::Security
        | GuardRule::Divergence
        | GuardRule::Latency
        | GuardRule::Sockets
        | GuardRule::GoldenPath
        | GuardRule::Harm
        | GuardRule::Failover
        | GuardRule::Window => true,
    }
}

/// How each rule stands, in the order in which they are asked: first those that are certain, then
/// the statistical ones.
pub fn standings(case: &Case, held: &Held<'_>, now: Timestamp) -> Vec<Standing> {
    let mut all = vec![
        security(case, held),
        golden_path(case, held),
        failover(case, held, now),
        harm(case, held),
        windows(case, held, now),
        outcomes(case, held),
    ];
    let enough = case.subjects.are_enough(now);
    let statistical = [
        regression(case, held),
        error_rate(case, held),
        divergence(case, held),
        latency(case, held),
        sockets(case, held),
    ];
    all.extend(statistical.into_iter().map(|standing| independent(standing, enough)));
    all
}

/// A statistical rule concludes nothing from a few people.
fn independent(standing: Standing, enough: bool) -> Standing {
    let is_certain = standing.rule == GuardRule::Sockets && standing.value.is_none();
    if enough || standing.unarmed.is_some() || is_certain {
        return standing;
    }
    let unarmed =
        Some(format!("not enough independent subjects: fewer than {DISTINCT_MIN} within a day"));
    Standing { unarmed, finds: None, ..standing }
}

fn plain(rule: GuardRule, seen: String, finds: Option<String>) -> Standing {
    Standing { rule, unarmed: None, value: None, acts_at: None, seen, finds }
}

fn off(rule: GuardRule, why: &str) -> Standing {
    let unarmed = Some(why.to_owned());
    Standing { rule, unarmed, value: None, acts_at: None, seen: String::new(), finds: None }
}

/// How a bet stands; `failed`: the failing subjects behind it, of which there must be a few.
fn bet(
    rule: GuardRule,
    (value, failed): (f64, u64),
    alpha: f64,
    seen: String,
    finds: &str,
) -> Standing {
    let acts_at = 1.0 / alpha;
    let finds = (value >= acts_at && failed >= FAILED_MIN).then(|| format!("{finds}: {seen}"));
    Standing { rule, unarmed: None, value: Some(value), acts_at: Some(acts_at), seen, finds }
}

const SWITCHED_OFF: &str = "switched off by the limits";

fn of(counts: Counts) -> String {
    format!("{} of {}", counts.failed, counts.trials)
}

fn regression(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Regression;
    let Some(ratio) = held.limits.regression_percent else { return off(rule, SWITCHED_OFF) };
    match held.stage {
        Stage::Canary(share) if Regression::can_compare(share, ratio) => {}
        Stage::Canary(_) | Stage::Live | Stage::Sealed | Stage::Complete => {
            return off(rule, "no arm of legacy is left to compare with");
        }
        Stage::Off | Stage::Shadow => return off(rule, "ssot does not serve"),
    }
    let alpha = alpha::of_attempt(alpha::REGRESSION, case.attempt);
    let (ssot, legacy) = (case.regression.ssot_failed, case.regression.legacy_failed);
    let seen = format!("{ssot} failing subjects of ssot, {legacy} of legacy");
    bet(rule, (case.regression.value(), ssot), alpha, seen, "ssot fails more often than legacy")
}

fn error_rate(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::ErrorRate;
    let Some(limit) = case.rate_limit(held) else { return off(rule, SWITCHED_OFF) };
    if !held.stage.ssot_serves() {
        return off(rule, "ssot does not serve");
    }
    let legacy_serves =
        matches!(held.stage, Stage::Canary(share) if Regression::has_two_arms(share));
    let (ssot, legacy) = (of(case.error_rate.ssot), of(case.error_rate.legacy));
    let seen = format!("{ssot} trials of ssot failed, {legacy} of legacy");
    let (value, acts_at) = (case.error_rate.reached(&limit) / limit.alpha, 1.0 / limit.alpha);
    let finds = if case.error_rate.is_common() {
        Some(format!("both sides break the limit, the cause is common: {seen}"))
    } else if case.error_rate.trips(&limit, case.regression_reached(held), legacy_serves) {
        let whose = if value >= acts_at {
            "the limit allows"
        } else {
            "the limit and legacy, taken together, allow"
        };
        Some(format!("ssot fails more often than {whose}: {seen}"))
    } else {
        None
    };
    Standing { rule, unarmed: None, value: Some(value), acts_at: Some(acts_at), seen, finds }
}

fn security(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Security;
    if !held.limits.security {
        return off(rule, SWITCHED_OFF);
    }
    let (grave, others) = (case.security.grave, case.security.others);
    let seen = format!("{grave} grave, {others} less so");
    let finds = case
        .security
        .trips()
        .then(|| format!("ssot lets in what legacy refuses, or somebody else: {seen}"));
    plain(rule, seen, finds)
}

fn divergence(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Divergence;
    if held.limits.divergence.is_none() {
        return off(rule, SWITCHED_OFF);
    }
    match held.stage {
        Stage::Shadow | Stage::Canary(_) | Stage::Live => {}
        Stage::Off | Stage::Sealed | Stage::Complete => {
            return off(rule, "nothing is compared for it at this stage");
        }
    }
    let alpha = alpha::of_attempt(alpha::DIVERGENCE, case.attempt);
    let seen = format!("{} comparisons differ to somebody's harm", of(case.divergence.counts));
    bet(
        rule,
        (case.divergence.value(), case.divergence.counts.failed),
        alpha,
        seen,
        "the sides differ more than is tolerated",
    )
}

fn latency(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Latency;
    if held.limits.slow_ms.is_none() && held.limits.latency_percent.is_none() {
        return off(rule, SWITCHED_OFF);
    }
    let alpha = alpha::of_attempt(alpha::LATENCY, case.attempt) / 2.0;
    let worth = case.latency.worth();
    let seen = format!(
        "{} answers slow, {} so many times slower than legacy",
        of(case.latency.slow_counts),
        of(case.latency.slower_counts)
    );
    bet(rule, worth, alpha, seen, "ssot is slow")
}

fn sockets(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Sockets;
    if held.limits.socket_faults.is_none() {
        return off(rule, SWITCHED_OFF);
    }
    match held.kind {
        Kind::Connections | Kind::Events => {}
        Kind::Auth | Kind::Session | Kind::Tokens => {
            return off(rule, "no data source: the component delivers no events");
        }
    }
    if case.sockets.counts.trials == 0 && case.sockets.misdelivered == 0 {
        return off(rule, "no data source: no delivery was seen");
    }
    if case.sockets.misdelivered > 0 {
        let seen = format!("{} events reached somebody else", case.sockets.misdelivered);
        return plain(rule, seen.clone(), Some(seen));
    }
    let alpha = alpha::of_attempt(alpha::SOCKETS, case.attempt);
    let seen = format!("{} deliveries went wrong", of(case.sockets.counts));
    bet(
        rule,
        (case.sockets.value(), case.sockets.counts.failed),
        alpha,
        seen,
        "events do not reach people",
    )
}

fn golden_path(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::GoldenPath;
    let Some(failed_max) = held.limits.walks_failed else { return off(rule, SWITCHED_OFF) };
    if !case.walks.is_walked() {
        return off(rule, "no data source: nobody walks the golden path");
    }
    let seen = format!("{} walks on ssot failed in a row", case.walks.failed);
    let finds = case.walks.trips(failed_max).then(|| format!("{seen}, and legacy's pass"));
    plain(rule, seen, finds)
}

fn harm(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Harm;
    let (Some(budget), Some(_)) = (held.limits.harm_max, held.limits.error_rate) else {
        return off(rule, SWITCHED_OFF);
    };
    let (people, balance) = (case.harm.people, case.harm.balance());
    let seen =
        format!("{people} people failed in this step, {balance:.1} beyond what is tolerated");
    let finds = (balance >= f64::from(budget))
        .then(|| format!("the budget of {budget} is used up: {seen}"));
    plain(rule, seen, finds)
}

fn outcomes(case: &Case, held: &Held<'_>) -> Standing {
    let rule = GuardRule::Outcomes;
    let Some(drop_percent) = held.limits.outcome_drop_percent else {
        return off(rule, SWITCHED_OFF);
    };
    let (ssot, legacy) = (&case.outcomes.ssot, &case.outcomes.legacy);
    if ssot.runs_started + ssot.active_users == 0 {
        return off(rule, "no data source: nobody reports business outcomes");
    }
    let runs = |sum: &Sum| format!("{} of {} runs", sum.runs_completed, sum.runs_started);
    let seen = format!("{} completed on ssot, {} on legacy", runs(ssot), runs(legacy));
    plain(rule, seen, case.outcomes.complaint(drop_percent))
}

fn failover(case: &Case, held: &Held<'_>, now: Timestamp) -> Standing {
    let rule = GuardRule::Failover;
    let Some(max) = held.limits.failover_max else { return off(rule, SWITCHED_OFF) };
    let seen =
        format!("legacy answered {} times in ssot's place in a minute", case.failovers.count(now));
    let finds = case.failovers.trips(max, now).then(|| format!("{seen}, {max} are allowed"));
    plain(rule, seen, finds)
}

fn windows(case: &Case, held: &Held<'_>, now: Timestamp) -> Standing {
    let rule = GuardRule::Window;
    if held.limits.windows.is_empty() {
        return off(rule, "none is set");
    }
    let pairs = || case.windows.iter().zip(&held.limits.windows);
    let broken: Vec<String> =
        pairs().map(|(window, rule)| window.broken_by(now, rule).to_string()).collect();
    let seen = format!("{} windows in a row over the limit", broken.join(", "));
    let finds = pairs().any(|(window, rule)| window.trips(now, rule)).then(|| seen.clone());
    plain(rule, seen, finds)
}
