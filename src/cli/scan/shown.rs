//! A scan for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use comfy_table::CellAlignment;

use super::super::exit::tell;
use super::super::listing::table_of;
use super::super::replay::grouped;
use crate::scan::{Category, Class, Count, Finding, Group, Scan, counts};

/// Files that are named when nobody asked for all, at most.
const UNREAD_SHOWN: usize = 5;

/// How much of what, and which services the rivals are in.
pub(super) fn table(scan: &Scan) -> String {
    let counts = counts(&scan.findings);
    let mut table =
        table_of(["CATEGORY", "PRODUCTION", "CANONICAL", "TEST", "TOOLING", "GENERATED"]);
    for group in Group::ALL {
        table.add_row([group.as_str()]);
        for category in group.categories() {
            let mut row = vec![format!("  {category}")];
            row.extend(columns(&counts, category).map(shown));
            table.add_row(row);
        }
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let mut text = table.to_string();
    let mut services: BTreeMap<&str, u64> = BTreeMap::new();
    for count in counts.iter().filter(|count| count.is_rival()) {
        *services.entry(&count.service).or_default() += count.count;
    }
    if !services.is_empty() {
        let mut table = table_of(["SERVICE", "RIVALS"]);
        for (service, rivals) in services {
            table.add_row([if service.is_empty() { "other" } else { service }, &shown(rivals)]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        // A string takes every write.
        let _ = write!(text, "\n\n{table}");
    }
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// In production outside the canonical modules, in production in them, then by class.
fn columns(counts: &[Count], category: Category) -> [u64; 5] {
    let sum = |fits: &dyn Fn(&Count) -> bool| -> u64 {
        let fitting = counts.iter().filter(|count| count.category == category && fits(count));
        fitting.map(|count| count.count).sum()
    };
    [
        sum(&|count| count.class == Class::Production && !count.canonical),
        sum(&|count| count.class == Class::Production && count.canonical),
        sum(&|count| count.class == Class::Test),
        sum(&|count| count.class == Class::Tooling),
        sum(&|count| count.class == Class::Generated),
    ]
}

fn shown(count: u64) -> String {
    if count == 0 { "-".to_owned() } else { grouped(count) }
}

/// Each finding, by category, with what to do about it.
pub(super) fn explained(scan: &Scan) -> String {
    let mut text = String::new();
    for category in Category::ALL {
        let of_it: Vec<&Finding> =
            scan.findings.iter().filter(|finding| finding.category == category).collect();
        if of_it.is_empty() {
            continue;
        }
        let (says, advice) = (category.says(), category.advice());
        // A string takes every write, here and below.
        let _ = writeln!(text, "{category} ({}): {says}\n{advice}", grouped(number(of_it.len())));
        for finding in of_it {
            let _ = writeln!(text, "{}\n      {}", place(finding), finding.code);
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text
}

/// Where a finding is and what it is: one line, which editors and terminals follow.
pub(super) fn place(finding: &Finding) -> String {
    let Finding { path, line, column, category, what, .. } = finding;
    let owner = if finding.owner.is_empty() { "" } else { &format!(" in {}", finding.owner) };
    let canonical = if finding.canonical { "canonical, " } else { "" };
    let service = if finding.service.is_empty() { "other" } else { &finding.service };
    let class = finding.class;
    format!("{path}:{line}:{column}: {category}: {what}{owner} ({canonical}{class}, {service})")
}

fn number(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// What was read and how long it took, what was not understood, and what to do next.
pub(super) fn summarise(root: &Path, scan: &Scan, took: Duration, explained: bool) {
    let (files, lines) = (grouped(number(scan.files)), grouped(scan.lines));
    let rivals = scan.rivals().count();
    let seconds = took.as_secs_f64();
    tell(format_args!(
        "{files} files, {lines} lines in {seconds:.2} s: {} findings, {} of them rivals",
        grouped(number(scan.findings.len())),
        grouped(number(rivals)),
    ));
    let named = if explained { scan.unread.len() } else { UNREAD_SHOWN };
    for (path, why) in scan.unread.iter().take(named) {
        tell(format_args!("not understood: {path}: {}", why.as_str()));
    }
    if scan.unread.len() > named {
        let more = scan.unread.len() - named;
        tell(format_args!("and {more} more that were not understood: --explain lists them"));
    }
    if scan.files == 0 && scan.unread.is_empty() {
        tell("there is no Python, TypeScript or JavaScript here that is not skipped");
    } else if rivals > 0 && !explained {
        let root = root.display();
        tell(format_args!("next: crossfade scan {root} --explain --class production"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::made_up::finding;

    fn scan() -> Scan {
        let rival = finding(Category::Encode, "app/a.py", "make", "jwt.encode(x)");
        let mut canonical = finding(Category::Encode, "auth/a.py", "issue", "jwt.encode(x)");
        canonical.canonical = true;
        let mut top = finding(Category::LegacyImport, "b.ts", "", "import x from './old'");
        (top.class, top.service) = (Class::Test, String::new());
        Scan { findings: vec![rival, canonical, top], ..Scan::default() }
    }

    #[test]
    fn the_table_tells_rivals_from_the_canonical_and_from_tests() {
        let text = table(&scan());
        let row = |start: &str| -> Vec<String> {
            let row = text.lines().find(|line| line.trim_start().starts_with(start));
            row.expect(start).split_whitespace().map(str::to_owned).collect()
        };
        assert_eq!(row("encode"), ["encode", "1", "1", "-", "-", "-"]);
        assert_eq!(row("legacy-import"), ["legacy-import", "-", "-", "1", "-", "-"]);
        assert_eq!(row("backend"), ["backend", "1"]);
        for category in Category::ALL {
            assert!(text.contains(&format!("  {category} ")), "{category}");
        }
    }

    #[test]
    fn each_finding_is_explained_on_a_line_that_begins_with_its_place() {
        let text = explained(&scan());
        let line = "app/a.py:3:5: encode: encode by make in make (production, backend)";
        assert!(text.lines().any(|each| each == line), "{text}");
        assert!(text.contains("(canonical, production, backend)\n      jwt.encode(x)"), "{text}");
        assert!(
            text.contains("b.ts:3:5: legacy-import: legacy-import by  (test, other)"),
            "{text}"
        );
        assert!(text.starts_with("encode (2): A token is signed.\nTokens "), "{text}");
    }
}
