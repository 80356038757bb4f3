//! `crossfade rewrite`: carries imports over to where things live now.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use console::{Style, style};
use serde_json::{Value, json};

use super::exit::{Exit, complain, say, tell};
use crate::scan::Settings;
use crate::scan::rewrite::{Change, FILE_NAME, Mapping, Options, Refusal, Rewrite, rewrite};

const HELP: &str = "\
Exit codes: 0 nothing to do, or written; 1 changes are pending (without --write), or with --strict
something is left to people; 2 the command line, the mapping or a file is wrong.

Examples:
  crossfade rewrite .                       what would change, as a diff
  crossfade rewrite . | git apply           the same, made by git
  crossfade rewrite . --write               make the changes
  crossfade rewrite . --json | jq .left     what is left to people";

/// Rewrite imports of old modules to the one that is left, in Python, TypeScript and JavaScript.
///
/// What moved where stands in [rewrite] of PATH/crossfade.toml (docs/rewrite.md). Shows a unified
/// diff and writes nothing unless told so. What cannot be told for certain stays and is listed on
/// standard error. A second run changes nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct RewriteArgs {
    /// The source tree.
    path: PathBuf,
    /// The mapping, when it is not PATH/crossfade.toml.
    #[arg(long, value_name = "FILE")]
    mapping: Option<PathBuf>,
    /// Make the changes, each file at once.
    #[arg(long)]
    write: bool,
    /// Rewrite strings, too, that are the whole path of what moved: targets of mock.patch.
    #[arg(long)]
    strings: bool,
    /// Exit with 1 when something is left to people.
    #[arg(long)]
    strict: bool,
    /// As JSON: files with their diffs, and what is left.
    #[arg(long)]
    json: bool,
}

/// Runs it.
pub fn run(args: &RewriteArgs) -> Exit {
    match planned(args) {
        Ok(rewrite) => finish(args, &rewrite),
        Err(problem) => complain(Exit::Usage, problem),
    }
}

fn planned(args: &RewriteArgs) -> Result<Rewrite, String> {
    let settings = Settings::of_tree(&args.path).map_err(|error| error.to_string())?;
    let file = args.mapping.clone().unwrap_or_else(|| args.path.join(FILE_NAME));
    let mapping = Mapping::of(&file).map_err(|error| error.to_string())?;
    let options = Options { strings: args.strings };
    rewrite(&args.path, &settings, &mapping, options).map_err(|error| error.to_string())
}

fn finish(args: &RewriteArgs, rewrite: &Rewrite) -> Exit {
    let mut written = 0;
    let mut failed = Vec::new();
    for change in rewrite.changes.iter().filter(|_| args.write) {
        match change.write(&args.path) {
            Ok(()) => written += 1,
            Err(error) => failed.push(error.to_string()),
        }
    }
    if args.json {
        say(format_args!("{:#}", as_json(rewrite, written, &failed)));
    } else {
        if !args.write {
            show_diffs(&rewrite.changes);
        }
        tell_left(rewrite);
        summarise(args, rewrite, written);
        for problem in &failed {
            complain(Exit::Usage, problem);
        }
    }
    if !failed.is_empty() {
        return Exit::Usage;
    }
    let pending = !args.write && !rewrite.changes.is_empty();
    let left = args.strict && !rewrite.refusals.is_empty();
    if pending || left { Exit::Found } else { Exit::Fine }
}

/// Writes the diffs byte for byte, so that they can be applied; in colours on a terminal.
fn show_diffs(changes: &[Change]) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let coloured = std::io::stdout().is_terminal();
    for change in changes {
        let diff = change.diff();
        let written = if coloured {
            let text = String::from_utf8_lossy(&diff).into_owned();
            text.split_inclusive('\n').try_for_each(|line| write!(out, "{}", painted(line)))
        } else {
            out.write_all(&diff)
        };
        // A reader that is gone (`| head`) is no reason to stop: the exit code still tells.
        if written.is_err() {
            return;
        }
    }
    out.flush().ok();
}

fn painted(line: &str) -> String {
    let (text, end) = line.strip_suffix('\n').map_or((line, ""), |text| (text, "\n"));
    let look = match text.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Style::new().bold(),
        [b'+', ..] => Style::new().green(),
        [b'-', ..] => Style::new().red(),
        [b'@', ..] => Style::new().cyan(),
        _ => Style::new(),
    };
    format!("{}{end}", look.apply_to(text))
}

fn tell_left(rewrite: &Rewrite) {
    let mut by_reason: BTreeMap<_, Vec<&Refusal>> = BTreeMap::new();
    for left in &rewrite.refusals {
        by_reason.entry(left.why).or_default().push(left);
    }
    for (why, places) in by_reason {
        tell(format_args!("{} ({})", style(why.advice()).for_stderr().bold(), why.code()));
        for left in places {
            let place = format!("{}:{}:{}", left.path.display(), left.line, left.column);
            tell(format_args!("  {place}  {}  {}", left.what, left.code));
        }
    }
    for (path, why) in &rewrite.unread {
        tell(format_args!("not read: {}: {}", path.display(), why.as_str()));
    }
}

fn summarise(args: &RewriteArgs, rewrite: &Rewrite, written: usize) {
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let changed = if args.write {
        format!("{} written", count(written, "file"))
    } else {
        format!("{} would change", count(rewrite.changes.len(), "file"))
    };
    let left = count(rewrite.refusals.len(), "place");
    tell(format_args!("{changed}, {left} left to people, of {}", count(rewrite.files, "file")));
}

fn as_json(rewrite: &Rewrite, written: usize, failed: &[String]) -> Value {
    let change = |change: &Change| {
        json!({
            "path": change.path,
            "new": change.before.is_none(),
            "diff": String::from_utf8_lossy(&change.diff()),
        })
    };
    let left = |left: &Refusal| {
        json!({
            "path": left.path,
            "line": left.line,
            "column": left.column,
            "reason": left.why.code(),
            "advice": left.why.advice(),
            "what": left.what,
            "code": left.code,
        })
    };
    let unread = rewrite.unread.iter();
    json!({
        "files": rewrite.files,
        "written": written,
        "changes": rewrite.changes.iter().map(change).collect::<Vec<_>>(),
        "left": rewrite.refusals.iter().map(left).collect::<Vec<_>>(),
        "unread": unread
            .map(|(path, why)| json!({ "path": path, "reason": why.as_str() }))
            .collect::<Vec<_>>(),
        "failed": failed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MAPPING: &str = "[[rewrite.import]]\nfrom = 'a.old'\nto = 'a.new'\n";

    fn args(path: &std::path::Path, write: bool) -> RewriteArgs {
        let path = path.to_owned();
        RewriteArgs { path, mapping: None, write, strings: false, strict: false, json: false }
    }

    #[test]
    fn pending_changes_are_found_written_ones_are_done_and_then_there_is_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(run(&args(folder.path(), false)), Exit::Usage);
        fs::write(folder.path().join(FILE_NAME), MAPPING).expect("written");
        assert_eq!(run(&args(folder.path(), false)), Exit::Fine);
        let place = folder.path().join("app.py");
        fs::write(&place, "import a.old\n").expect("written");
        assert_eq!(run(&args(folder.path(), false)), Exit::Found);
        assert_eq!(fs::read_to_string(&place).expect("read"), "import a.old\n");
        assert_eq!(run(&args(folder.path(), true)), Exit::Fine);
        assert_eq!(fs::read_to_string(&place).expect("read"), "import a.new\n");
        assert_eq!(run(&args(folder.path(), false)), Exit::Fine);
    }

    #[test]
    fn what_is_left_is_found_when_asked_to_be_strict() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(FILE_NAME), MAPPING).expect("written");
        fs::write(folder.path().join("app.py"), "from a.old import *\n").expect("written");
        let mut args = args(folder.path(), true);
        assert_eq!(run(&args), Exit::Fine);
        args.strict = true;
        assert_eq!(run(&args), Exit::Found);
        let rewrite = planned(&args).expect("planned");
        assert_eq!(as_json(&rewrite, 0, &[])["left"][0]["reason"], "star");
    }
}
