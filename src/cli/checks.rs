//! `crossfade checks`.

use super::client::Service;
use super::exit::{Exit, complain, say};
use super::listing::{table_of, text};
use super::on_runtime;

/// Judge the twelve checks of the migration: passed, failed, or no evidence.
///
/// Asks the control listener of a running service, which judges from posted scans, live traffic and
/// walks of the golden path. Exit code 1 when any has failed.
#[derive(Debug, clap::Args)]
pub struct ChecksArgs {
    #[command(flatten)]
    service: Service,
    /// For machines; everything.
    #[arg(long)]
    json: bool,
}

/// Shows the checks.
pub fn run(args: &ChecksArgs) -> Exit {
    on_runtime(show(args))
}

async fn show(args: &ChecksArgs) -> Result<Exit, Exit> {
    let reply = args.service.client()?.get("/v1/checks", "application/json").await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let judged = reply.json();
    let checks = judged["checks"].as_array().map_or(&[][..], Vec::as_slice);
    if args.json {
        say(format_args!("{judged:#}"));
    } else {
        let mut table = table_of(["PHASE", "CHECK", "JUDGED", "WHY"]);
        for check in checks {
            let judged = text(&check["judged"]).replace('_', " ");
            table.add_row([
                text(&check["phase"]),
                text(&check["name"]),
                judged,
                text(&check["says"]),
            ]);
        }
        say(&table);
        say("");
        let mut table = table_of(["RATE", "", "95 % CONFIDENCE", "COUNTED"]);
        for name in RATES {
            table.add_row(rate(name, &judged["metrics"][name]));
        }
        say(&table);
    }
    let failed = checks.iter().any(|check| check["judged"] == "failed");
    Ok(if failed { Exit::Found } else { Exit::Fine })
}

/// In the order in which they are shown.
const RATES: [&str; 5] = [
    "jwt_consistency",
    "authority_coverage",
    "manager_consistency",
    "auth_consistency",
    "compliance",
];

fn rate(name: &str, rate: &serde_json::Value) -> [String; 4] {
    if rate.is_null() {
        return [name.to_owned(), "no evidence".to_owned(), String::new(), String::new()];
    }
    let percent = |part: &str| format!("{:.1}", rate[part].as_f64().unwrap_or(0.0) * 100.0);
    let between = format!("{} to {} %", percent("low"), percent("high"));
    let counted = format!("{} of {}", rate["good"], rate["all"]);
    [name.to_owned(), format!("{} %", percent("rate")), between, counted]
}
