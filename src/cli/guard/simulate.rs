//! `crossfade guard simulate`: a rehearsal of the guard on described or recorded traffic.

use std::path::PathBuf;

use comfy_table::Table;

use crate::cli::client::Client;
use crate::cli::exit::{Exit, complain, say, tell};
use crate::cli::keys::read_text;
use crate::cli::listing::table_of;
use crate::domain::{ComponentId, Share, Timestamp};
use crate::flags::{Kind, Limits, Rate};
use crate::guard::simulate::{
    Described, FailureKind, Rehearsal, RuleOutcome, SharedOutage, foretell, read_recorded,
    rehearse, replay,
};

/// Rehearse the guard: how soon would it roll back, whom would that hurt, and how often would it
/// cry wolf, beside the fixed-window rules that are commonly documented?
///
/// Describe traffic with the flags below, or give recorded traffic with --file. It runs through the
/// very code that watches the real traffic, on a clock of its own. Nothing is changed anywhere.
///
/// SUBJECTS are those whom SSOT serves from the moment it becomes worse until the rollback, HARMED
/// those of them whom it fails; FALSE are healthy runs that were rolled back, MISSED runs that
/// became worse and were not rolled back. This guard's delay is a number of subjects, whatever the
/// traffic; a fixed window's is a number of minutes, so with more traffic it hurts more people.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade guard simulate                                  (5 % of traffic, a regression to 5 %)
  crossfade guard simulate --share 50 --regression 50 --requests 1200
  crossfade guard simulate --onset 25000 --runs 50          (after 25,000 healthy requests)
  crossfade guard simulate --outage 60..120@20              (both sides fail 20 % for a minute)
  crossfade guard simulate --limits limits.json --json
  crossfade guard simulate --file trials.jsonl --since 2026-03-01T12:00:00Z

A line of recorded traffic, in the order of record:
  {\"at\":\"2026-03-01T12:00:00.125Z\",\"subject\":\"8d1f\",\"arm\":\"ssot\",\"share\":500,
   \"outcome\":\"good\"}
outcome: good, failed, wrongly_denied or nothing; share in basis points, left out where it has not
chosen the side; besides, compared (true unless said otherwise), ssot_ms and legacy_ms.")]
pub struct SimulateArgs {
    /// The part of subjects whom SSOT serves, in percent.
    #[arg(long, default_value = "5", value_parser = share)]
    share: Share,
    /// Requests a minute, of both sides together.
    #[arg(long, default_value_t = 12_000, value_parser = clap::value_parser!(u32).range(1..))]
    requests: u32,
    /// How often legacy fails, in percent.
    #[arg(long, default_value = "0.5", value_parser = percent)]
    legacy: Rate,
    /// How often SSOT fails while it is healthy, in percent.
    #[arg(long, default_value = "0.5", value_parser = percent)]
    ssot: Rate,
    /// How often SSOT fails once it has become worse, in percent.
    #[arg(long, default_value = "5", value_parser = percent)]
    regression: Rate,
    /// Requests that SSOT serves before it becomes worse.
    #[arg(long, default_value_t = 0)]
    onset: u64,
    /// What a failure looks like: failed (no answer) or denied (though legacy lets in).
    #[arg(long, default_value = "failed", value_parser = kind)]
    kind: FailureKind,
    /// Requests that a failing subject makes in all, one a second.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    tries: u32,
    /// What hits both sides: FROM..TO@PERCENT, in seconds from the beginning of a run.
    #[arg(long, value_parser = outage)]
    outage: Option<SharedOutage>,
    /// Different subjects; 0: every request is somebody else's.
    #[arg(long, default_value_t = 0)]
    subjects: u64,
    /// Requests after which a run that became worse ends.
    #[arg(long, default_value_t = 600_000, value_parser = clap::value_parser!(u64).range(1..))]
    requests_max: u64,
    /// Requests of a healthy run.
    #[arg(long, default_value_t = 300_000, value_parser = clap::value_parser!(u64).range(1..))]
    healthy_requests: u64,
    /// Runs of each kind.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    runs: u32,
    /// Chooses one set of runs of all that are possible; the same seed gives the same table.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Limits as JSON, as on a flag; what is left out has its default. `-` for standard input.
    #[arg(long, value_name = "FILE", conflicts_with = "component")]
    limits: Option<PathBuf>,
    /// Take the limits of this component of the running service.
    #[arg(long, value_parser = component)]
    component: Option<ComponentId>,
    /// Recorded traffic instead of described: JSON lines; `-` for standard input.
    #[arg(long, value_name = "RECORDED")]
    file: Option<PathBuf>,
    /// When SSOT is known to have become worse in recorded traffic, in RFC 3339.
    #[arg(long, requires = "file", value_parser = moment)]
    since: Option<Timestamp>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs it; only `--component` asks the service.
pub async fn run(
    client: impl Fn() -> Result<Client, Exit>,
    args: &SimulateArgs,
) -> Result<Exit, Exit> {
    let limits = limits(client, args).await?;
    let rehearsal = match &args.file {
        None => rehearse(&described(args), &limits),
        Some(file) => {
            let text = read_text(file).map_err(|wrong| complain(Exit::Usage, wrong))?;
            let trials = read_recorded(&text).map_err(|wrong| complain(Exit::Usage, wrong))?;
            replay(&trials, &limits, Kind::Auth, args.since)
        }
    };
    show(args, &limits, &rehearsal);
    Ok(Exit::Fine)
}

async fn limits(
    client: impl Fn() -> Result<Client, Exit>,
    args: &SimulateArgs,
) -> Result<Limits, Exit> {
    let wrong = |problem: String| complain(Exit::Usage, problem);
    let limits = match (&args.limits, &args.component) {
        (None, None) => Limits::default(),
        (Some(file), _) => {
            let text = read_text(file).map_err(wrong)?;
            serde_json::from_str(&text).map_err(|problem| wrong(format!("limits: {problem}")))?
        }
        (None, Some(component)) => {
            let flag = client()?.read(&format!("/v1/flags/{component}")).await?;
            match flag.get("limits").filter(|limits| !limits.is_null()) {
                None => Limits::default(),
                Some(limits) => serde_json::from_value(limits.clone())
                    .map_err(|problem| wrong(format!("limits: {problem}")))?,
            }
        }
    };
    match limits.fault() {
        None => Ok(limits),
        Some((field, problem)) => Err(wrong(format!("limits: {field} {problem}"))),
    }
}

fn described(args: &SimulateArgs) -> Described {
    Described {
        share: args.share,
        requests_per_minute: args.requests,
        legacy_rate: args.legacy,
        ssot_rate: args.ssot,
        regression_rate: args.regression,
        onset: args.onset,
        kind: args.kind,
        tries: args.tries,
        outage: args.outage,
        subjects: args.subjects,
        requests_max: args.requests_max,
        healthy_requests: args.healthy_requests,
        runs: args.runs,
        seed: args.seed,
    }
}

fn show(args: &SimulateArgs, limits: &Limits, rehearsal: &Rehearsal) {
    if args.json {
        say(format_args!("{:#}", serde_json::json!(rehearsal)));
        return;
    }
    say(table(rehearsal));
    let per_minute = f64::from(args.requests) * f64::from(args.share.basis_points()) / 10_000.0;
    for window in &limits.windows {
        let told = foretell(window, per_minute, args.ssot.fraction());
        tell(format_args!(
            "The component's window of {} s over {}: {:.2} false rollbacks a day are to be expected.",
            window.over_s, window.error_rate, told.false_alarms_per_day
        ));
    }
}

fn table(rehearsal: &Rehearsal) -> Table {
    let mut table = table_of([
        "RULE", "SUBJECTS", "P50", "P95", "P99", "HARMED", "P99", "MINUTES", "FALSE", "MISSED",
    ]);
    for rule in &rehearsal.rules {
        table.add_row(row(rule, rehearsal));
    }
    table
}

fn row(rule: &RuleOutcome, rehearsal: &Rehearsal) -> Vec<String> {
    let seen = |number: f64, digits: usize| {
        if rule.detected == 0 { "-".to_owned() } else { format!("{number:.digits$}") }
    };
    let of =
        |count: u32, all: u32| if all == 0 { "-".to_owned() } else { format!("{count}/{all}") };
    vec![
        rule.rule.clone(),
        seen(rule.subjects.mean, 0),
        seen(rule.subjects.p50, 0),
        seen(rule.subjects.p95, 0),
        seen(rule.subjects.p99, 0),
        seen(rule.harmed.mean, 0),
        seen(rule.harmed.p99, 0),
        seen(rule.minutes.mean, 2),
        of(rule.false_rollbacks + rule.too_early, rehearsal.healthy_runs + rehearsal.runs),
        of(rule.missed, rehearsal.runs),
    ]
}

fn share(text: &str) -> Result<Share, String> {
    Share::parse_percent(text).filter(|share| *share != Share::NONE).ok_or_else(|| {
        "a share is more than 0 and at most 100, with at most two decimals".to_owned()
    })
}

fn percent(text: &str) -> Result<Rate, String> {
    Rate::parse_percent(text)
        .ok_or_else(|| "a rate is 0 to 100, with at most four decimals".to_owned())
}

fn kind(text: &str) -> Result<FailureKind, String> {
    match text {
        "failed" => Ok(FailureKind::Failed),
        "denied" => Ok(FailureKind::WronglyDenied),
        other => Err(format!("failed or denied, not {other}")),
    }
}

fn component(text: &str) -> Result<ComponentId, String> {
    ComponentId::parse(text).map_err(|problem| problem.to_string())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "a moment is a date and time in RFC 3339".to_owned())
}

fn outage(text: &str) -> Result<SharedOutage, String> {
    let wrong = || "an outage is FROM..TO@PERCENT, such as 60..120@20".to_owned();
    let (span, rate) = text.split_once('@').ok_or_else(wrong)?;
    let (from, to) = span.split_once("..").ok_or_else(wrong)?;
    let from_s = from.parse().map_err(|_| wrong())?;
    let to_s = to.parse().map_err(|_| wrong())?;
    let rate = Rate::parse_percent(rate).ok_or_else(wrong)?;
    if to_s > from_s { Ok(SharedOutage { from_s, to_s, rate }) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_read_as_it_is_written() {
        let read = outage("60..120@20").expect("an outage");
        assert_eq!((read.from_s, read.to_s, read.rate.ppm()), (60, 120, 200_000));
        for wrong in ["60..120", "120..60@20", "a..b@1", "1..2@101"] {
            assert!(outage(wrong).is_err(), "{wrong}");
        }
    }
}
