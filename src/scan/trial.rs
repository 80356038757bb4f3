//! For tests of rules: a small tree, and what is found in it.

use std::fs;

use super::category::Category;
use super::run::{Scan, scan};
use super::settings::Settings;

/// Scans files that are written down here.
pub(super) fn scanned(files: &[(&str, &str)]) -> Scan {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let place = folder.path().join(path);
        fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        fs::write(place, text).expect("written");
    }
    scan(folder.path(), &Settings::default(), &|_, _| {}).expect("a tree")
}

/// The lines of the last file at which something of these categories is found, as
/// `line category`, in order.
pub(super) fn told(files: &[(&str, &str)], categories: &[Category]) -> Vec<String> {
    let last = files.last().map_or("", |(path, _)| path);
    let scan = scanned(files);
    let of_last = scan.findings.iter().filter(|finding| &*finding.path == last);
    of_last
        .filter(|finding| categories.contains(&finding.category))
        .map(|finding| format!("{} {}", finding.line, finding.category))
        .collect()
}

/// Holds that exactly the lines of the last file are found that say so in a comment at their end:
/// `# finds: encode, validator` or `// finds: …`. Only these categories are looked at.
pub(super) fn holds(files: &[(&str, &str)], categories: &[Category]) {
    let last = files.last().map_or("", |(_, text)| text);
    let mut wanted = Vec::new();
    for (number, line) in last.lines().enumerate() {
        let names = line.split_once("finds: ").map_or("", |(_, names)| names);
        let mut names: Vec<&str> = names
            .trim_end_matches("*/}")
            .split(',')
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .collect();
        names.sort_unstable();
        wanted.extend(names.iter().map(|name| format!("{} {name}", number + 1)));
    }
    let mut found = told(files, categories);
    found.sort_by_key(|found| {
        let (line, name) = found.split_once(' ').unwrap_or_default();
        (line.parse::<usize>().unwrap_or(0), name.to_owned())
    });
    assert_eq!(found, wanted, "in\n{last}");
}
