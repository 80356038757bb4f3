//! `crossfade evidence`: what was seen elsewhere and may be required before a component advances.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{Client, Reply, Service};
use super::exit::{Exit, complain, say, tell};
use super::keys::{escaped, read_text};
use super::listing::{hand_over, minute, table_of, text};
use super::on_runtime;
use super::span::parse_span;
use crate::domain::{ComponentId, Timestamp};
use crate::guard::REPORT_BYTES_MAX;
use crate::outbound::Method;

const ADVICE: &str = "The certificate is above. On the other installation: \
                      crossfade evidence certificate COMPONENT FILE";

/// Evidence from outside: test reports, certificates of other installations, golden-path walks.
///
/// Exit code 1 says that what was handed in, or certified, is not good.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade evidence tests http-auth report.xml --require tests.test_login.test_password
  crossfade evidence issue http-auth --span 24h > http-auth.jws     (on staging)
  crossfade evidence certificate http-auth http-auth.jws            (on production)
  crossfade evidence golden-path --walks 50 --passed 49
  crossfade evidence baseline --note 'before the canary'")]
pub struct EvidenceArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What there is, for all components or with its past for one.
    Show {
        /// The component; all of them when left out.
        #[arg(value_parser = component)]
        component: Option<ComponentId>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Hand in a JUnit report of the team's own critical tests.
    Tests {
        /// The component.
        #[arg(value_parser = component)]
        component: ComponentId,
        /// The report; `-` for standard input.
        file: PathBuf,
        /// A test, CLASSNAME.NAME, that must be in it and have passed; may be given more than
        /// once.
        #[arg(long = "require", value_name = "TEST")]
        required: Vec<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Hand in a certificate of another installation.
    Certificate {
        /// The component.
        #[arg(value_parser = component)]
        component: ComponentId,
        /// The certificate; `-` for standard input.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Certify how a component did here, for another installation.
    Issue {
        /// The component.
        #[arg(value_parser = component)]
        component: ComponentId,
        /// Over which time: 1m to 48h; at the earliest since its flag last changed.
        #[arg(long, default_value = "24h", value_parser = parse_span)]
        span: Duration,
        /// How long it is worth something: 1m to 30d.
        #[arg(long = "for", value_name = "SPAN", default_value = "7d", value_parser = parse_span)]
        valid_for: Duration,
        /// The claims as well, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show how often users get through the golden path, or add walks that were seen.
    GoldenPath {
        /// Walks that were seen.
        #[arg(long, requires = "passed")]
        walks: Option<u32>,
        /// Those of them that reached the end.
        #[arg(long, requires = "walks")]
        passed: Option<u32>,
        /// When, in RFC 3339; now when left out.
        #[arg(long, requires = "walks", value_parser = moment)]
        at: Option<Timestamp>,
        /// As JSON, what is shown.
        #[arg(long, conflicts_with = "walks")]
        json: bool,
    },
    /// Record the present pass rate as what later ones are held against.
    Baseline {
        /// Why.
        #[arg(long)]
        note: String,
    },
    /// Let the latest import of a kind count no more.
    Withdraw {
        /// The component.
        #[arg(value_parser = component)]
        component: ComponentId,
        /// What to withdraw.
        #[arg(value_parser = ["tests", "certificate"])]
        kind: String,
        /// Why.
        #[arg(long, default_value = "")]
        note: String,
    },
}

/// Runs one verb.
pub fn run(args: EvidenceArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: EvidenceArgs) -> Result<Exit, Exit> {
    let client = || args.service.client();
    match args.verb {
        Verb::Show { component: None, json } => {
            Ok(list(&client()?.read("/v1/evidence").await?, json))
        }
        Verb::Show { component: Some(id), json } => {
            Ok(one(&client()?.read(&format!("/v1/evidence/{id}")).await?, json))
        }
        Verb::Tests { component, file, required, json } => {
            let xml = bytes(&file).map_err(|problem| complain(Exit::Usage, problem))?;
            let query: Vec<String> =
                required.iter().map(|name| format!("require={}", escaped(name))).collect();
            let path = format!("/v1/evidence/{component}/tests?{}", query.join("&"));
            let path = path.trim_end_matches('?');
            let reply = client()?.send_as(Method::Post, path, "application/xml", xml).await?;
            Ok(taken_in(&answered(&reply)?, json))
        }
        Verb::Certificate { component, file, json } => {
            let certificate = read_text(&file).map_err(|wrong| complain(Exit::Usage, wrong))?;
            let body = json!({ "certificate": certificate.trim() });
            let path = format!("/v1/evidence/{component}/certificate");
            Ok(taken_in(&send(&client()?, Method::Post, &path, &body).await?, json))
        }
        Verb::Issue { component, span, valid_for, json } => {
            let body = json!({ "span_s": span.as_secs(), "valid_for_s": valid_for.as_secs() });
            let path = format!("/v1/evidence/{component}/certificate/issue");
            let issued = send(&client()?, Method::Post, &path, &body).await?;
            hand_over(&issued, "certificate", json, ADVICE);
            Ok(judged(&issued["claims"]["good"], &issued["claims"]["why"]))
        }
        Verb::GoldenPath { walks: Some(walks), passed, at, json: _ } => {
            let mut body = json!({ "walks": walks, "passed": passed });
            if let Some(at) = at {
                body["at"] = json!(at);
            }
            client()?.done(Method::Post, "/v1/evidence/golden-path", Some(&body)).await?;
            say(format_args!("{walks} walks are added"));
            Ok(Exit::Fine)
        }
        Verb::GoldenPath { json, .. } => {
            let shown = client()?.read("/v1/evidence/golden-path").await?;
            let rate = if json { format!("{shown:#}") } else { rate(&shown["rate"]) };
            say(rate);
            Ok(Exit::Fine)
        }
        Verb::Baseline { note } => {
            let path = "/v1/evidence/golden-path/baseline";
            let baseline = send(&client()?, Method::Post, path, &json!({ "note": note })).await?;
            let (permille, walks) = (&baseline["permille"], &baseline["walks"]);
            say(format_args!("the baseline is {permille} of 1000, from {walks} walks"));
            Ok(Exit::Fine)
        }
        Verb::Withdraw { component, kind, note } => {
            let path = format!("/v1/evidence/{component}/{kind}");
            send(&client()?, Method::Delete, &path, &json!({ "note": note })).await?;
            say(format_args!("{kind} of {component}: withdrawn"));
            Ok(Exit::Fine)
        }
    }
}

async fn send(client: &Client, method: Method, path: &str, body: &Value) -> Result<Value, Exit> {
    answered(&client.send_json(method, path, None, body).await?)
}

fn answered(reply: &Reply) -> Result<Value, Exit> {
    match reply.status {
        200 => Ok(reply.json()),
        _ => Err(complain(reply.exit(), reply.problem())),
    }
}

/// What the latest import comes to.
fn taken_in(record: &Value, as_json: bool) -> Exit {
    let finding = &record["finding"];
    if as_json {
        say(format_args!("{record:#}"));
    } else {
        say(words(finding));
        let remarks = record["entries"][0]["tests"]["remarks"].as_array();
        for remark in remarks.into_iter().flatten() {
            tell(format_args!("note: {}", text(remark)));
        }
    }
    if finding["good"] == true { Exit::Fine } else { Exit::Found }
}

fn judged(good: &Value, why: &Value) -> Exit {
    if *good == true {
        return Exit::Fine;
    }
    let why: Vec<String> = why.as_array().into_iter().flatten().map(text).collect();
    complain(Exit::Found, format!("the certificate is not good: {}", why.join("; ")))
}

fn list(list: &Value, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{list:#}"));
        return Exit::Fine;
    }
    let mut table = table_of(["component", "certificate", "tests"]);
    for row in list["components"].as_array().into_iter().flatten() {
        let [certificate, tests] = ["certificate", "tests"].map(|kind| words(&row[kind]));
        table.add_row([text(&row["component"]), certificate, tests]);
    }
    say(&table);
    say(format_args!("golden path: {}", rate(&list["golden_path"])));
    Exit::Fine
}

fn one(shown: &Value, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{shown:#}"));
        return Exit::Fine;
    }
    for kind in ["certificate", "tests"] {
        say(format_args!("{kind}: {}", words(&shown[kind]["finding"])));
        for entry in shown[kind]["entries"].as_array().into_iter().flatten() {
            let what = if entry["withdrawn"].is_null() { "handed in" } else { "withdrawn" };
            say(format_args!("  {} {what} by {}", minute(&entry["at"]), text(&entry["by"])));
        }
    }
    say(format_args!("golden path: {}", rate(&shown["golden_path"])));
    Exit::Fine
}

fn words(finding: &Value) -> String {
    if finding.is_null() {
        return "none".to_owned();
    }
    let good = if finding["good"] == true { "good" } else { "NOT GOOD" };
    format!("{good}, {}: {}", minute(&finding["at"]), text(&finding["what"]))
}

fn rate(rate: &Value) -> String {
    if rate.is_null() {
        return "no walk was seen in the last day".to_owned();
    }
    let passed = format!("{} of {} walks passed", rate["passed"], rate["walks"]);
    let baseline = match &rate["baseline_permille"] {
        Value::Null => "no baseline is recorded".to_owned(),
        permille => format!("the baseline is {permille} of 1000"),
    };
    format!("{passed}, the latest at {}; {baseline}", minute(&rate["at"]))
}

fn component(text: &str) -> Result<ComponentId, String> {
    ComponentId::parse(text).map_err(|error| error.to_string())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "a moment is such as 2026-11-24T14:42:00Z".to_owned())
}

/// The bytes of a file, or of standard input for `-`; no more than the service reads.
fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| format!("cannot read {shown}: {error}");
    let limit = u64::try_from(REPORT_BYTES_MAX).unwrap_or(u64::MAX) + 1;
    let mut bytes = Vec::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(limit).read_to_end(&mut bytes)
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(limit).read_to_end(&mut bytes)
    };
    if read.map_err(unreadable)? > REPORT_BYTES_MAX {
        return Err(format!("{shown} has more than {REPORT_BYTES_MAX} bytes"));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_and_a_rate_are_told_in_a_line() {
        let finding = json!({ "at": "2026-11-24T14:42:28.144Z", "good": false, "what": "x" });
        assert_eq!(words(&finding), "NOT GOOD, 2026-11-24 14:42Z: x");
        assert_eq!(words(&Value::Null), "none");
        let seen = json!({ "at": "2026-11-24T14:42:28.144Z", "walks": 10, "passed": 9,
                           "baseline_permille": 990 });
        let told = "9 of 10 walks passed, the latest at 2026-11-24 14:42Z; \
                    the baseline is 990 of 1000";
        assert_eq!(rate(&seen), told);
    }

    #[test]
    fn what_is_not_good_ends_with_an_exit_code_of_its_own() {
        let record = |good: bool| json!({ "finding": { "good": good } });
        assert_eq!(taken_in(&record(true), true), Exit::Fine);
        assert_eq!(taken_in(&record(false), true), Exit::Found);
        assert_eq!(judged(&json!(false), &json!(["few"])), Exit::Found);
    }
}
