//! `crossfade capabilities`: what the old way can do, and what stands in for it.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::exit::{Exit, complain, say, tell};
use super::listing::table_of;
use crate::scan::capabilities::{Audit, Calls, Capability, Place, Served, audit};
use crate::scan::{Settings, SourceTree};

const HELP: &str = "\
Exit codes: 0 done; 1 with --strict, when something that is called has nothing in its place or is
not in the table; 2 the command line or a file is wrong.

Examples:
  crossfade capabilities .                      the table
  crossfade capabilities . --idle               what nobody calls
  crossfade capabilities . --calls counts.jsonl with live counts: one line for each name,
        {\"name\":\"POST /auth/validate\",\"calls\":0,\"days\":14}";

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
}

/// Runs it.
pub fn run(args: &CapabilitiesArgs) -> Exit {
    let mut audit = match audited(args) {
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

fn audited(args: &CapabilitiesArgs) -> Result<Audit, String> {
    let settings = Settings::of_tree(&args.path).map_err(|error| error.to_string())?;
    let calls = match &args.calls {
        Some(file) => {
            let text = fs::read_to_string(file)
                .map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
            Calls::read(&text).map_err(|error| error.to_string())?
        }
        None => Calls::default(),
    };
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
