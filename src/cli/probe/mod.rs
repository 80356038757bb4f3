//! `crossfade probe`: walks the golden path from outside.

mod matrix;
mod settings;
mod show;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use self::show::Show;
use super::client::{Client, Service};
use super::exit::{Exit, complain};
use super::{on_runtime, stop};
use crate::domain::{ComponentId, FingerprintKey, Journey, JourneyEnd, Side, SystemClock};
use crate::outbound::Method;
use crate::probe::Prober;

const HELP: &str = "\
Subjects are synthetic. A walk on a side needs a subject that this side serves: name some in the
file, and target them (`crossfade flags target`), or let the prober look for one. Where a control
listener is named, it is asked who serves whom; else the answers tell. A subject that is not on the
side is told as such, and nothing is held against the side.

Exit codes: 0 every walk passed, 1 one of them failed (standard error names the step) or the matrix
is red, 2 the command line or the file is wrong, 3 nobody could be walked, or nobody answers.

Examples:
  crossfade probe --data http://127.0.0.1:8080 --client probe --client-secret-file probe.secret
  crossfade probe --config probe.toml --side ssot --count 10 --json
  crossfade probe --config probe.toml --every 1m --report
  crossfade probe --matrix";

/// Walk the golden path: sign in, be decided about, open a socket, have five events arrive, renew,
/// come back, leave, be refused.
///
/// Once a side, with what decided at every step. As a table on a terminal, else as JSON lines: one
/// a step and one a walk. Secrets come from files alone.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct ProbeArgs {
    #[command(flatten)]
    service: Service,
    /// A file that says how it is walked, with the settings of `[probe]`.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data listener.
    #[arg(long, value_name = "URL")]
    data: Option<String>,
    /// A client of the authority with the grant `issue`, to sign in by.
    #[arg(long, value_name = "NAME", requires = "client_secret_file")]
    client: Option<String>,
    /// Its secret, in a file that you alone can read.
    #[arg(long, value_name = "FILE", requires = "client")]
    client_secret_file: Option<PathBuf>,
    /// An API token for the data listener, where it asks for one, in such a file.
    #[arg(long, value_name = "FILE")]
    door_token_file: Option<PathBuf>,
    /// The component that is asked about the token [default: http-auth].
    #[arg(long, value_name = "ID", value_parser = super::words::component)]
    component: Option<ComponentId>,
    /// Walk on this side alone, `legacy` or `ssot`.
    #[arg(long, value_parser = side)]
    side: Option<Side>,
    /// Walks on each side.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// Walk again so often, until Ctrl-C unless `--count` says how many times.
    #[arg(long, value_name = "TIME", value_parser = interval)]
    every: Option<Duration>,
    /// Tell the service what came of each walk, for the guard and the golden path's rate.
    #[arg(long)]
    report: bool,
    /// Have the service judge whether each side lets in what the other signs, and show it.
    #[arg(long, conflicts_with_all = ["every", "report", "side"])]
    matrix: bool,
    /// JSON lines also on a terminal.
    #[arg(long)]
    json: bool,
}

fn side(text: &str) -> Result<Side, String> {
    let known = Side::BOTH.into_iter().find(|side| side.as_str() == text);
    known.ok_or_else(|| "a side is legacy or ssot".to_owned())
}

fn interval(text: &str) -> Result<Duration, String> {
    let (digits, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3_600),
        _ => None,
    };
    let length = digits.parse::<u64>().ok().zip(seconds).and_then(|(n, s)| n.checked_mul(s));
    match length {
        Some(length @ 1..=86_400) => Ok(Duration::from_secs(length)),
        Some(_) | None => Err("a time is 1s to 24h, like 30s or 5m".to_owned()),
    }
}

/// Runs it.
pub fn run(args: ProbeArgs) -> Exit {
    if args.matrix {
        return on_runtime(async move { matrix::judge(&args.service.client()?, args.json).await });
    }
    on_runtime(walks(args))
}

async fn walks(args: ProbeArgs) -> Result<Exit, Exit> {
    let (settings, placing) = settings::settings(&args)?;
    let usage = |problem: String| complain(Exit::Usage, problem);
    let fingerprints = FingerprintKey::new(rand::random());
    let prober = Prober::new(settings, placing, fingerprints, Arc::new(SystemClock));
    let prober = prober.map_err(|fault| usage(fault.to_string()))?;
    let client = args.report.then(|| args.service.client()).transpose()?;
    let sides = args.side.map_or_else(|| Side::BOTH.to_vec(), |side| vec![side]);
    let mut show = Show::new(args.json);
    let mut interrupted =
        stop::on_signal().map_err(|error| complain(Exit::Failed, error.to_string()))?;
    let endless = args.every.is_some() && args.count == 1;
    let mut worst = Exit::Fine;
    let mut round = 0_u32;
    while endless || round < args.count {
        if round > 0
            && let Some(pause) = args.every
        {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = interrupted.wait_for(|stop| *stop) => break,
            }
        }
        round = round.saturating_add(1);
        for side in &sides {
            let walking = prober.walk(*side);
            let journey = tokio::select! {
                journey = walking => journey,
                _ = interrupted.wait_for(|stop| *stop) => return Ok(worst),
            };
            show.journey(round, &journey);
            worst = worse(worst, exit_of(&journey));
            if let Some(client) = &client {
                report(client, &journey).await?;
            }
        }
    }
    Ok(worst)
}

/// Tells the service. A walk that says nothing of its side is not told.
async fn report(client: &Client, journey: &Journey) -> Result<(), Exit> {
    let passed = match journey.end() {
        JourneyEnd::Passed => 1,
        JourneyEnd::Failed(_) => 0,
        JourneyEnd::Astray(_) | JourneyEnd::Unplaced => return Ok(()),
    };
    let body =
        json!({ "walks": 1, "passed": passed, "side": journey.side, "at": journey.begun_at });
    client.done(Method::Post, "/v1/evidence/golden-path", Some(&body)).await
}

fn exit_of(journey: &Journey) -> Exit {
    let side = journey.side;
    let about = |step| {
        let fault = journey.steps.iter().find(|seen| seen.step == step);
        fault.and_then(|seen| seen.fault.as_deref()).unwrap_or("not taken").to_owned()
    };
    match journey.end() {
        JourneyEnd::Passed => Exit::Fine,
        JourneyEnd::Failed(step) => {
            complain(Exit::Found, format!("the walk on {side} failed at {step}: {}", about(step)))
        }
        JourneyEnd::Astray(step) => {
            let other = side.other();
            let problem = format!(
                "the walk on {side} ended at {step}, which is {other}'s to answer: {}",
                about(step)
            );
            complain(Exit::Failed, problem)
        }
        JourneyEnd::Unplaced => {
            let why = journey.unplaced.as_deref().unwrap_or("nobody is there");
            complain(Exit::Failed, format!("nobody can be walked on {side}: {why}"))
        }
    }
}

/// A walk that failed is worse than one that could not be walked.
const fn worse(one: Exit, other: Exit) -> Exit {
    match (one, other) {
        (Exit::Found, _) | (_, Exit::Found) => Exit::Found,
        (Exit::Failed, _) | (_, Exit::Failed) => Exit::Failed,
        (Exit::Usage, _) | (_, Exit::Usage) => Exit::Usage,
        (Exit::Fine, Exit::Fine) => Exit::Fine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_has_a_unit_or_is_in_seconds() {
        let seconds = |text| interval(text).ok().map(|length| length.as_secs());
        assert_eq!(
            ["30s", "90", "5m", "24h"].map(seconds),
            [Some(30), Some(90), Some(300), Some(86_400)]
        );
        for odd in ["", "0s", "25h", "s", "1d", "-1s"] {
            assert_eq!(seconds(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn a_failed_walk_outweighs_everything() {
        assert_eq!(worse(Exit::Found, Exit::Failed), Exit::Found);
        assert_eq!(worse(Exit::Fine, Exit::Failed), Exit::Failed);
        assert_eq!(worse(Exit::Fine, Exit::Fine), Exit::Fine);
    }
}
