//! What the scanner finds in code that people labelled by the definitions of `docs/scan.md`.

mod case;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use case::{At, Case};
use crossfade::scan::{Category, Finding, Scan, Settings, Unread, scan};

/// Labelled cases that every category has.
const CASES_MIN: usize = 12;

/// Found and labelled, found alone, labelled alone.
#[derive(Default)]
struct Score {
    right: usize,
    wrong: Vec<String>,
    missed: Vec<String>,
}

fn ratio(part: usize, all: usize) -> f64 {
    let number = |count: usize| f64::from(u32::try_from(count).expect("a small number"));
    if all == 0 { 1.0 } else { number(part) / number(all) }
}

impl Score {
    fn precision(&self) -> f64 {
        ratio(self.right, self.right + self.wrong.len())
    }

    fn recall(&self) -> f64 {
        ratio(self.right, self.cases())
    }

    fn cases(&self) -> usize {
        self.right + self.missed.len()
    }
}

fn scanned(case: &Case) -> Scan {
    let settings = Settings::of_tree(case.root()).expect("sound settings");
    scan(case.root(), &settings, &|_, _| {}).expect("a tree")
}

fn at(finding: &Finding) -> At {
    (finding.path.to_string(), finding.line, finding.category)
}

fn scores() -> BTreeMap<Category, Score> {
    let mut scores: BTreeMap<Category, Score> =
        Category::ALL.into_iter().map(|category| (category, Score::default())).collect();
    for case in Case::all() {
        let found: BTreeMap<At, Finding> =
            scanned(&case).findings.into_iter().map(|found| (at(&found), found)).collect();
        for (at, finding) in &found {
            let score = scores.entry(at.2).or_default();
            if case.labels.contains_key(at) {
                score.right += 1;
            } else {
                let what = &finding.what;
                score.wrong.push(format!("{}/{}:{} {what}", case.name, at.0, at.1));
            }
        }
        for at in case.labels.keys().filter(|at| !found.contains_key(*at)) {
            let score = scores.entry(at.2).or_default();
            score.missed.push(format!("{}/{}:{}", case.name, at.0, at.1));
        }
    }
    scores
}

#[test]
fn every_category_finds_what_is_labelled_and_nothing_else() {
    let (mut table, mut faults) = (String::new(), String::new());
    writeln!(table, "{:<24}{:>6}{:>11}{:>9}", "category", "cases", "precision", "recall")
        .expect("a string");
    for (category, score) in scores() {
        let (precision, recall) = (score.precision(), score.recall());
        writeln!(table, "{category:<24}{:>6}{precision:>11.3}{recall:>9.3}", score.cases())
            .expect("a string");
        if !score.wrong.is_empty() {
            writeln!(faults, "{category}: found and not labelled\n  {}", score.wrong.join("\n  "))
                .expect("a string");
        }
        if !score.missed.is_empty() {
            writeln!(faults, "{category}: labelled and missed\n  {}", score.missed.join("\n  "))
                .expect("a string");
        }
    }
    println!("{table}");
    assert!(faults.is_empty(), "\n{table}\n{faults}");
}

#[test]
fn every_category_has_enough_cases_and_every_label_a_category() {
    let mut cases: BTreeMap<Category, usize> = BTreeMap::new();
    for case in Case::all() {
        assert!(case.faults.is_empty(), "{}: {:#?}", case.name, case.faults);
        for (_, _, category) in case.labels.keys() {
            *cases.entry(*category).or_default() += 1;
        }
    }
    for category in Category::ALL {
        let count = cases.get(&category).copied().unwrap_or_default();
        assert!(count >= CASES_MIN, "{category}: {count} cases");
    }
}

#[test]
fn every_category_is_labelled_in_lines_that_others_would_take_for_it() {
    for (category, word) in [
        (Category::VerifiedDecode, "jwt.decode("),
        (Category::UnverifiedDecode, "jwtDecode"),
        (Category::Encode, "jwt.encode("),
        (Category::HandParse, ".split("),
        (Category::KeyRead, "JWT_SECRET"),
        (Category::StorageTokenRead, "localStorage"),
        (Category::UrlToken, "token="),
        (Category::SocketManager, "WebSocket]"),
        (Category::SocketSend, ".send("),
        (Category::SocketAccept, ".accept("),
        (Category::SocketClose, ".close("),
        (Category::SocketReceive, "message"),
        (Category::AccessorUse, "get_websocket_manager("),
        (Category::ManagerAlias, "Manager ="),
        (Category::EventEmission, "agent_started"),
    ] {
        let mut bare = 0;
        for case in Case::all() {
            let tree = crossfade::scan::SourceTree::walk(case.root(), &Settings::default());
            for file in tree.expect("walked").files() {
                let text = std::fs::read_to_string(case.root().join(&*file.path));
                for (line, text) in (1..).zip(text.expect("a fixture").lines()) {
                    let labelled =
                        case.labels.contains_key(&(file.path.to_string(), line, category));
                    bare += usize::from(text.contains(word) && !labelled);
                }
            }
        }
        assert!(bare >= 4, "{category}: {bare} lines with {word:?} that are none");
    }
}

#[test]
fn each_finding_has_the_class_of_its_file_and_knows_the_canonical_module() {
    for case in Case::all() {
        for finding in scanned(&case).findings {
            let Some(label) = case.labels.get(&at(&finding)) else { continue };
            let place = format!("{}/{}:{}", case.name, finding.path, finding.line);
            assert_eq!(finding.class, label.class, "{place}");
            assert_eq!(finding.canonical, label.canonical, "{place}");
            let service = ["frontend", "auth_service", "netra_backend"]
                .into_iter()
                .find(|folder| finding.path.starts_with(folder));
            let named = match service {
                Some("auth_service") => "auth",
                Some("netra_backend") => "backend",
                other => other.unwrap_or_default(),
            };
            assert_eq!(finding.service, named, "{place}");
        }
    }
}

#[test]
fn no_place_is_named_twice_and_no_fingerprint_is_shared() {
    for case in Case::all() {
        let findings = scanned(&case).findings;
        let places: BTreeSet<_> = findings.iter().map(|found| (at(found), found.column)).collect();
        assert_eq!(places.len(), findings.len(), "{}: a place twice", case.name);
        let fingerprints: BTreeSet<_> = findings.iter().map(|found| &found.fingerprint).collect();
        assert_eq!(fingerprints.len(), findings.len(), "{}: a fingerprint twice", case.name);
    }
}

#[test]
fn a_fingerprint_stays_when_the_code_moves_down() {
    for case in Case::all() {
        let before = scanned(&case).findings;
        let tree = crossfade::scan::SourceTree::walk(case.root(), &Settings::default());
        for file in tree.expect("walked").files() {
            let path = case.root().join(&*file.path);
            let text = std::fs::read_to_string(&path).expect("a fixture");
            std::fs::write(path, format!("\n\n\n{text}")).expect("written");
        }
        let after = scanned(&case).findings;
        let kept = |findings: &[Finding]| -> BTreeSet<String> {
            findings.iter().map(|found| found.fingerprint.clone()).collect()
        };
        assert_eq!(kept(&before), kept(&after), "{}", case.name);
    }
}

#[test]
fn two_scans_of_a_tree_are_alike() {
    for case in Case::all() {
        assert_eq!(scanned(&case), scanned(&case), "{}", case.name);
    }
}

#[test]
fn a_file_that_does_not_parse_is_listed_and_read_as_far_as_it_goes() {
    const BROKEN: &str = "frontend/lib/broken.ts";
    for case in Case::all() {
        let done = scanned(&case);
        let broken: Vec<_> = done.unread.iter().map(|(path, why)| (&**path, *why)).collect();
        if case.name == "classes" {
            assert_eq!(broken, [(BROKEN, Unread::SyntaxError)]);
            assert!(done.findings.iter().any(|found| &*found.path == BROKEN));
        } else {
            assert_eq!(broken, [], "{}", case.name);
        }
    }
}
