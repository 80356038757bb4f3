//! `crossfade capabilities`: what the old way can do, and what stands in for it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::client::Service;
use super::exit::{Exit, complain, say, tell};
use super::listing::table_of;
use super::on_runtime;
use crate::domain::{Clock as _, SystemClock, Timestamp};
use crate::ledger::CallSite;
use crate::scan::capabilities::{Audit, Calls, Capability, Place, Served, audit};
use crate::scan::{Settings, SourceTree};

const HELP: &str = "\
Exit codes: 0 done; 1 with --strict, when something that is called has nothing in its place or is
not in the table; 2 the command line or a file is wrong; 3 the service does not answer.

Examples:
  crossfade capabilities .                      the table
  crossfade capabilities . --idle               what nobody calls
  crossfade capabilities . --calls counts.jsonl with live counts: one line for each name,
        {\"name\":\"POST /auth/validate\",\"calls\":0,\"days\":14}
  crossfade capabilities . --from-service       with the places that the service has heard of";

/// A place that was silent for longer is not called any more.
const SILENT_DAYS: u32 = 14;

/// List the endpoints, token operations and manager methods of a source tree: which have an
/// equivalent in Crossfade, which have none, and which nobody calls.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct CapabilitiesArgs {
    /// The source tree.
    path: PathBuf,
    /// Counts of live calls, as JSON lines.
    #[arg(long, value_name = "FILE")]
    calls: Option<PathBuf>,
    /// Add the places that a running service has heard of (`Crossfade-Call-Site`).
    #[arg(long)]
    from_service: bool,
    /// Only what nobody calls.
    #[arg(long)]
    idle: bool,
    /// Where each is defined and named.
    #[arg(long)]
    explain: bool,
    /// Exit with 1 when something that is called has nothing in its place.
    #[arg(long)]
    strict: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    service: Service,
}

/// Runs it.
pub fn run(args: &CapabilitiesArgs) -> Exit {
    let mut heard = Vec::new();
    if args.from_service {
        let asked = on_runtime(async {
            heard = call_sites(&args.service).await?;
            Ok(Exit::Fine)
        });
        if asked != Exit::Fine {
            return asked;
        }
    }
    let mut audit = match audited(args, &heard) {
        Ok(audit) => audit,
        Err(problem) => return complain(Exit::Usage, problem),
    };
    let missing = audit.capabilities.iter().any(|each| !each.is_idle() && lacks(each));
    if args.idle {
        audit.capabilities.retain(Capability::is_idle);
    }
    if args.json {
        say(format_args!("{:#}", as_json(&audit)));
    } else {
        show(args, &audit);
    }
    if args.strict && missing { Exit::Found } else { Exit::Fine }
}

async fn call_sites(service: &Service) -> Result<Vec<CallSite>, Exit> {
    let mut page = service.client()?.read("/v1/call-sites").await?;
    serde_json::from_value(page["call_sites"].take())
        .map_err(|_| complain(Exit::Failed, "the service answered as another version does"))
}

/// Adds the calls of a place since it was heard of first, or none in the days that it was silent.
fn add(calls: &mut Calls, site: CallSite, now: Timestamp) {
    const DAY_S: i64 = 24 * 3600;
    let days = |since: Timestamp| {
        let seconds = now.seconds().saturating_sub(since.seconds());
        u32::try_from(seconds / DAY_S).unwrap_or_default().max(1)
    };
    let silent = days(site.last_at);
    if silent > SILENT_DAYS {
        calls.add(site.name, 0, silent);
    } else {
        calls.add(site.name, site.calls, days(site.first_at));
    }
}

fn audited(args: &CapabilitiesArgs, heard: &[CallSite]) -> Result<Audit, String> {
    let settings = Settings::of_tree(&args.path).map_err(|error| error.to_string())?;
    let mut calls = match &args.calls {
        Some(file) => {
            let text = fs::read_to_string(file)
                .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            Calls::read(&text).map_err(|error| error.to_string())?
        }
        None => Calls::default(),
    };
    for site in heard {
        add(&mut calls, site.clone(), SystemClock.now());
    }
    let tree = SourceTree::walk(&args.path, &settings).map_err(|error| error.to_string())?;
    audit(&tree, &settings, &calls).map_err(|error| error.to_string())
}

const fn lacks(capability: &Capability) -> bool {
    match capability.served {
        Served::Same(_) | Served::By(_) => false,
        Served::Nothing(_) | Served::Unknown => true,
    }
}

fn show(args: &CapabilitiesArgs, audit: &Audit) {
    if args.explain {
        for each in &audit.capabilities {
            explain(each);
        }
    } else {
        let mut table = table_of(["kind", "name", "stands in", "by", "code", "tests", "live"]);
        for each in &audit.capabilities {
            table.add_row([
                each.kind.as_str().to_owned(),
                each.name.clone(),
                each.served.code().to_owned(),
                each.served.text().to_owned(),
                each.production.len().to_string(),
                each.elsewhere.to_string(),
                live(each),
            ]);
        }
        say(&table);
    }
    let count =
        |what: &dyn Fn(&&Capability) -> bool| audit.capabilities.iter().filter(what).count();
    tell(format_args!(
        "{} found in {} files: {} have an equivalent, {} have none on purpose, {} are not in the \
         table; nobody calls {}",
        audit.capabilities.len(),
        audit.files,
        count(&|each| !lacks(each)),
        count(&|each| matches!(each.served, Served::Nothing(_))),
        count(&|each| each.served == Served::Unknown),
        count(&|each| each.is_idle()),
    ));
    if audit.unread > 0 {
        tell(format_args!("{} files could not be read", audit.unread));
    }
}

fn live(each: &Capability) -> String {
    match each.live {
        Some((0, days)) => format!("none in {days} days"),
        Some((calls, days)) => format!("{calls} in {days} days"),
        None => String::new(),
    }
}

fn explain(each: &Capability) {
    say(format_args!("{} {}", each.kind.as_str(), each.name));
    say(format_args!("  defined  {}:{}", each.defined.path, each.defined.line));
    say(format_args!("  {:<8} {}", each.served.code(), each.served.text()));
    for place in each.production.iter().take(10) {
        say(format_args!("  named    {}:{}", place.path, place.line));
    }
    match each.production.len() {
        0 => say("  no production code names it"),
        more if more > 10 => say(format_args!("  and in {} more places", more - 10)),
        _ => {}
    }
    if each.elsewhere > 0 {
        say(format_args!("  tests and tooling name it {} times", each.elsewhere));
    }
    if each.live.is_some() {
        say(format_args!("  live     {}", live(each)));
    }
}

fn as_json(audit: &Audit) -> Value {
    let place = |place: &Place| json!({ "path": place.path, "line": place.line });
    let row = |each: &Capability| {
        json!({
            "kind": each.kind.as_str(),
            "name": each.name,
            "defined": place(&each.defined),
            "served": each.served.code(),
            "by": each.served.text(),
            "named": each.production.iter().map(place).collect::<Vec<_>>(),
            "named_in_tests": each.elsewhere,
            "live": each.live.map(|(calls, days)| json!({ "calls": calls, "days": days })),
            "idle": each.is_idle(),
        })
    };
    json!({
        "files": audit.files,
        "unread": audit.unread,
        "capabilities": audit.capabilities.iter().map(row).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_was_silent_for_two_weeks_is_not_called() {
        let now = Timestamp::from_seconds(100 * 24 * 3600);
        let site = |name: &str, first: i64, last: i64| CallSite {
            name: name.to_owned(),
            calls: 7,
            first_at: now.plus_seconds(-first * 24 * 3600),
            last_at: now.plus_seconds(-last * 24 * 3600),
        };
        let mut calls = Calls::default();
        add(&mut calls, site("a.py:old", 40, 15), now);
        add(&mut calls, site("a.py:live", 40, 2), now);
        add(&mut calls, site("a.py:new", 0, 0), now);
        let told = ["a.py:old", "a.py:live", "a.py:new"].map(|name| calls.of(name));
        assert_eq!(told, [Some((0, 15)), Some((7, 40)), Some((7, 1))]);
    }
}
