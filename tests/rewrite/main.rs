//! The rewriter on small trees: before, after, and what it leaves to people.

mod case;
mod made_up;

use case::{Case, files};
use crossfade::scan::rewrite::{Change, Refusal, Rewrite};

fn left(rewrite: &Rewrite) -> Vec<String> {
    let shown = |r: &Refusal| format!("{}:{} {}", r.path.display(), r.line, r.why.code());
    rewrite.refusals.iter().map(shown).collect()
}

#[test]
fn every_case_comes_out_as_written_and_a_second_run_finds_nothing() {
    let mut faults = Vec::new();
    let cases = Case::all();
    for case in &cases {
        let folder = tempfile::tempdir().expect("a folder");
        case.lay_out(folder.path());
        let first = case.run(folder.path());
        if files(folder.path()) != *case.before() {
            faults.push(format!("{}: planning wrote something", case.name));
        }
        if left(&first) != case.left() {
            faults.push(format!("{}: left {:#?}, not {:#?}", case.name, left(&first), case.left()));
        }
        for change in &first.changes {
            change.write(folder.path()).expect("written");
        }
        let (found, expected) = (files(folder.path()), case.expected());
        for (path, text) in &expected {
            if found.get(path) != Some(text) {
                let found = found.get(path).map_or("nothing", String::as_str);
                faults.push(format!("{}: {path} is\n{found}\nnot\n{text}", case.name));
            }
        }
        if found.len() != expected.len() {
            faults.push(format!("{}: files {:?}", case.name, found.keys()));
        }
        let second = case.run(folder.path());
        if !second.changes.is_empty() {
            let diffs: Vec<_> = second.changes.iter().map(Change::diff).collect();
            let diffs = String::from_utf8_lossy(&diffs.concat()).into_owned();
            faults.push(format!("{}: the second run changes\n{diffs}", case.name));
        }
    }
    assert!(faults.is_empty(), "{} of {} cases:\n{}", faults.len(), cases.len(), faults.join("\n"));
    assert!(cases.len() >= 40, "{} cases", cases.len());
}

#[test]
fn every_case_has_a_name_of_its_own() {
    let mut names: Vec<String> = Case::all().into_iter().map(|case| case.name).collect();
    let all = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
}
