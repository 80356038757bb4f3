//! `crossfade scan`: the copies of the old way in a source tree.

mod kept;
mod post;
mod progress;
mod shown;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::Service;
use super::exit::{Exit, complain, say};
use super::on_runtime;
use super::whole_file::WholeFile;
use crate::scan::{Category, Class, Finding, Scan, Settings, counts, sarif, scan};
use kept::Kept;

const HELP: &str = "\
A rival is a copy in production code outside the canonical modules. What each category means, the
JSON and the baseline stand in docs/scan.md; what is canonical stands in [scan] of
PATH/crossfade.toml.

Exit codes: 0 done; 1 with --baseline, a rival that it does not know, with --strict any rival;
2 the command line, the tree or the baseline is wrong; 3 the service or the disk refuses.

Examples:
  crossfade scan .                                       how much of what
  crossfade scan . --explain --category validator,encode where, and what to do about it
  crossfade scan . --class production --strict           fail while there is any rival
  crossfade scan . --baseline scan.jsonl --update-baseline
                                                         remember the rivals there are
  crossfade scan . --baseline scan.jsonl                 fail on a new one
  crossfade scan . --sarif scan.sarif                    for editors and code scanning
  crossfade scan . --report-to --url https://crossfade.example:8081 --token-file scan.token";

/// Find the copies of the old way in Python, TypeScript and JavaScript: whatever reads, checks or
/// makes tokens beside the authority, keeps or writes to sockets beside the manager, or imports
/// either from where it is not.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct ScanArgs {
    /// The root of the source tree.
    path: PathBuf,
    /// Each finding, with its place and its code, and what to do about it.
    #[arg(long)]
    explain: bool,
    /// Only these categories: validator,encode.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = category)]
    category: Vec<Category>,
    /// Only files of these classes: production, test, tooling, generated.
    #[arg(long, value_name = "A,B", value_delimiter = ',', value_parser = class)]
    class: Vec<Class>,
    /// Only these services; `other` for files of none.
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    service: Vec<String>,
    /// As JSON; everything.
    #[arg(long, conflicts_with = "explain")]
    json: bool,
    /// Write SARIF 2.1.0 to a file, or with `-` to standard output.
    #[arg(long, value_name = "FILE")]
    sarif: Option<PathBuf>,
    /// Exit with 1 when there is any rival.
    #[arg(long)]
    strict: bool,
    /// Exit with 1 when there is a rival that this file does not know.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["category", "class", "service"])]
    baseline: Option<PathBuf>,
    /// Take out of the baseline what has gone; nothing comes in. Makes the file where there is none.
    #[arg(long, requires = "baseline")]
    update_baseline: bool,
    /// Post what was found to the service, by which its checks are judged. URL is that of --url.
    #[arg(
        long,
        value_name = "URL",
        num_args = 0..=1,
        default_missing_value = "",
        value_parser = url,
        conflicts_with_all = ["category", "class", "service"],
    )]
    report_to: Option<String>,
    /// What the service is to call the tree [default: the name of its folder].
    #[arg(long, value_name = "NAME", requires = "report_to")]
    tree: Option<String>,
    #[command(flatten)]
    to: Service,
}

fn category(text: &str) -> Result<Category, String> {
    let known = || format!("one of {}", Category::ALL.map(Category::as_str).join(", "));
    Category::parse(text).ok_or_else(known)
}

fn class(text: &str) -> Result<Class, String> {
    let known = || format!("one of {}", Class::ALL.map(Class::as_str).join(", "));
    Class::parse(text).ok_or_else(known)
}

/// Whatever stands behind `--report-to` is taken for its URL, the tree as well; empty for none.
fn url(text: &str) -> Result<String, String> {
    let fits = text.is_empty() || text.starts_with("https://") || text.starts_with("http://");
    let wrong = "this is no URL; the tree comes before --report-to";
    fits.then(|| text.to_owned()).ok_or_else(|| wrong.to_owned())
}

/// A scan, and how it was made.
struct Scanned {
    scan: Scan,
    settings: Settings,
    took: Duration,
}

/// Runs it.
pub fn run(args: &ScanArgs) -> Exit {
    if args.json && args.sarif.as_deref() == Some(Path::new("-")) {
        let problem = "--json and --sarif - both write to standard output: name a file";
        return complain(Exit::Usage, problem);
    }
    // A broken baseline is known before a long scan, not after it.
    let kept = match args.baseline.as_deref().map(|file| Kept::read(file, args.update_baseline)) {
        None => None,
        Some(Ok(kept)) => Some(kept),
        Some(Err(problem)) => return complain(Exit::Usage, problem),
    };
    match scanned(args) {
        Ok(scanned) => finish(args, &scanned, kept.as_ref()),
        Err(problem) => complain(Exit::Usage, problem),
    }
}

fn scanned(args: &ScanArgs) -> Result<Scanned, String> {
    let settings = Settings::of_tree(&args.path).map_err(|error| error.to_string())?;
    let start = Instant::now();
    let bar = progress::Bar::default();
    let scan = scan(&args.path, &settings, &|done, all| bar.at(done, all));
    bar.done();
    let mut scan = scan.map_err(|error| error.to_string())?;
    scan.findings.retain(|finding| wanted(args, finding));
    Ok(Scanned { scan, settings, took: start.elapsed() })
}

fn wanted(args: &ScanArgs, finding: &Finding) -> bool {
    let service = if finding.service.is_empty() { "other" } else { &finding.service };
    let among_categories = args.category.is_empty() || args.category.contains(&finding.category);
    let among_classes = args.class.is_empty() || args.class.contains(&finding.class);
    let among_services = args.service.is_empty() || args.service.iter().any(|each| each == service);
    among_categories && among_classes && among_services
}

/// Posts, shows and compares; the worst of it decides how it ends.
fn finish(args: &ScanArgs, scanned: &Scanned, kept: Option<&Kept>) -> Exit {
    let scan = &scanned.scan;
    let answer = args.report_to.as_ref().map(|url| {
        let services = post::services(&args.path, &scanned.settings);
        let service = args.to.at(Some(url.as_str()).filter(|url| !url.is_empty()));
        let tree = args.tree.clone().unwrap_or_else(|| post::name_of(&args.path));
        let mut answer = None;
        let exit = on_runtime(async {
            answer = Some(post::post(&service, scan, &tree, &services).await?);
            Ok(Exit::Fine)
        });
        (exit, answer)
    });
    let posted = answer.as_ref().and_then(|(_, answer)| answer.as_ref());
    let mut ends = vec![show(args, scanned, kept, posted.map(|answer| &answer.unused))];
    if let Some(answer) = posted {
        post::tell_sent(answer, args.json || to_stdout(args));
    }
    ends.extend(answer.as_ref().map(|(exit, _)| *exit));
    ends.extend(kept.map(|kept| kept.settle(scan)));
    if args.strict && scan.rivals().next().is_some() {
        ends.push(Exit::Found);
    }
    let rank = |exit: &Exit| match exit {
        Exit::Fine => 0,
        Exit::Found => 1,
        Exit::Failed => 2,
        Exit::Usage => 3,
    };
    ends.into_iter().max_by_key(rank).unwrap_or(Exit::Fine)
}

fn to_stdout(args: &ScanArgs) -> bool {
    args.sarif.as_deref() == Some(Path::new("-"))
}

fn show(args: &ScanArgs, scanned: &Scanned, kept: Option<&Kept>, unused: Option<&Value>) -> Exit {
    let scan = &scanned.scan;
    if args.json {
        say(format_args!("{:#}", as_json(scan, kept, unused)));
    } else if to_stdout(args) {
        say(sarif(scan));
    } else if args.explain {
        say(shown::explained(scan));
    } else {
        say(shown::table(scan));
    }
    shown::summarise(&args.path, scan, scanned.took, args.explain);
    match &args.sarif {
        Some(file) if !to_stdout(args) => written(file, &sarif(scan)),
        _ => Exit::Fine,
    }
}

fn written(place: &Path, document: &Value) -> Exit {
    let write = || {
        let mut file = WholeFile::begin(place)?;
        writeln!(file, "{document}")?;
        file.finish()
    };
    let wrong = |error: std::io::Error| {
        complain(Exit::Failed, format_args!("{} cannot be written: {error}", place.display()))
    };
    write().map_or_else(wrong, |()| Exit::Fine)
}

/// Everything. The same tree gives the same bytes.
fn as_json(scan: &Scan, kept: Option<&Kept>, unused: Option<&Value>) -> Value {
    let unread = scan.unread.iter();
    let unread = unread.map(|(path, why)| json!({ "path": path, "reason": why.as_str() }));
    let mut all = json!({
        "schema": "crossfade.scan/1",
        "files": scan.files,
        "lines": scan.lines,
        "bytes": scan.bytes,
        "rivals": scan.rivals().count(),
        "counts": counts(&scan.findings),
        "findings": scan.findings,
        "unread": unread.collect::<Vec<_>>(),
    });
    if let Some(kept) = kept {
        all["baseline"] = kept.as_json(scan);
    }
    if let Some(unused) = unused {
        all["unused"] = unused.clone();
    }
    all
}
