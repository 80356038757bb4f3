//! The copies that are known of, in a file that may only become shorter.
//!
//! One line of JSON for each, so that what goes reads well in a diff. A copy is known by its
//! fingerprint, which stays while its code moves within the file; a copy in another file is
//! another copy.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::category::Category;
use super::finding::Finding;
use super::run::Scan;

/// The first line of the file.
const HEAD: &str = r#"{"crossfade":"scan baseline","version":1}"#;

/// A copy that is known of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCopy {
    /// The file, from the root.
    pub path: String,
    /// What it is.
    pub category: Category,
    /// The function or class around it.
    pub owner: String,
    /// Its code.
    pub code: String,
    /// What it is known by.
    pub fingerprint: String,
}

impl KnownCopy {
    fn of(finding: &Finding) -> Self {
        Self {
            path: finding.path.to_string(),
            category: finding.category,
            owner: finding.owner.clone(),
            code: finding.code.clone(),
            fingerprint: finding.fingerprint.clone(),
        }
    }
}

/// Why a file is no baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct BaselineError {
    /// The line, from 1.
    line: usize,
    fault: String,
}

/// What a scan looks like beside a baseline.
#[derive(Debug, PartialEq, Eq)]
pub struct Beside<'s> {
    /// Copies that it does not know.
    pub new: Vec<&'s Finding>,
    /// How many of those that are there it knows.
    pub known: usize,
    /// What it knows and is not there any more.
    pub gone: Vec<&'s KnownCopy>,
    /// What it knows and may be there: the file was not understood.
    pub unsure: Vec<&'s KnownCopy>,
}

/// The copies that are known of: rivals in production code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    copies: Vec<KnownCopy>,
}

impl Baseline {
    /// Every copy of a scan.
    pub fn of(scan: &Scan) -> Self {
        Self::sorted(scan.rivals().map(KnownCopy::of).collect())
    }

    fn sorted(mut copies: Vec<KnownCopy>) -> Self {
        copies.sort();
        Self { copies }
    }

    /// Reads what [`Baseline::write_to`] wrote.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let fault = |line: usize, fault: String| BaselineError { line, fault };
        let mut lines = text.lines().enumerate().map(|(place, line)| (place + 1, line.trim()));
        let first = lines.next().map_or("", |(_, line)| line);
        if first != HEAD {
            return Err(fault(1, format!("begins with {HEAD}")));
        }
        let mut copies = Vec::new();
        for (number, line) in lines.filter(|(_, line)| !line.is_empty()) {
            let copy: KnownCopy =
                serde_json::from_str(line).map_err(|error| fault(number, error.to_string()))?;
            let digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
            if copy.fingerprint.len() != 32 || !copy.fingerprint.bytes().all(digit) {
                return Err(fault(number, "a fingerprint has 32 hexadecimal digits".to_owned()));
            }
            copies.push(copy);
        }
        Ok(Self::sorted(copies))
    }

    /// Writes the file.
    pub fn write_to(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "{HEAD}")?;
        for copy in &self.copies {
            serde_json::to_writer(&mut *out, copy)?;
            writeln!(out)?;
        }
        Ok(())
    }

    /// How many copies it knows.
    pub const fn len(&self) -> usize {
        self.copies.len()
    }

    /// True when it knows none.
    pub const fn is_empty(&self) -> bool {
        self.copies.is_empty()
    }

    /// Compares a scan with it. A copy that is there twice must be known twice.
    pub fn beside<'s>(&'s self, scan: &'s Scan) -> Beside<'s> {
        let mut known: BTreeMap<&str, Vec<&KnownCopy>> = BTreeMap::new();
        for copy in self.copies.iter().rev() {
            known.entry(&copy.fingerprint).or_default().push(copy);
        }
        let (mut new, mut matched) = (Vec::new(), 0);
        for finding in scan.rivals() {
            match known.get_mut(&*finding.fingerprint).and_then(Vec::pop) {
                Some(_) => matched += 1,
                None => new.push(finding),
            }
        }
        let unread: BTreeSet<&str> = scan.unread.iter().map(|(path, _)| &**path).collect();
        let mut left: Vec<&KnownCopy> = known.into_values().flatten().collect();
        left.sort();
        let (unsure, gone) = left.into_iter().partition(|copy| unread.contains(&*copy.path));
        Beside { new, known: matched, gone, unsure }
    }

    /// The same without what has gone. What it does not know is not taken up.
    #[must_use]
    pub fn without_gone(&self, beside: &Beside<'_>) -> Self {
        let mut gone: BTreeMap<&KnownCopy, usize> = BTreeMap::new();
        for copy in &beside.gone {
            *gone.entry(copy).or_default() += 1;
        }
        let mut stays = |copy: &&KnownCopy| match gone.get_mut(*copy) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        };
        Self { copies: self.copies.iter().filter(&mut stays).cloned().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::made_up::finding;
    use crate::scan::{Class, Unread};

    fn scan(findings: &[Finding]) -> Scan {
        Scan { findings: findings.to_vec(), ..Scan::default() }
    }

    fn text(baseline: &Baseline) -> String {
        let mut out = Vec::new();
        baseline.write_to(&mut out).expect("written");
        String::from_utf8(out).expect("UTF-8")
    }

    fn two() -> [Finding; 2] {
        [
            finding(Category::Validator, "app/b.py", "check", "def check(token):"),
            finding(Category::Encode, "app/a.py", "make", "jwt.encode(\"ü\")"),
        ]
    }

    #[test]
    fn a_baseline_is_read_back_as_it_was_written_sorted_by_path() {
        let baseline = Baseline::of(&scan(&two()));
        let written = text(&baseline);
        let lines: Vec<&str> = written.lines().collect();
        assert_eq!((lines.len(), lines[0]), (3, HEAD));
        assert!(lines[1].contains("app/a.py") && lines[2].contains("app/b.py"), "{written}");
        assert_eq!(Baseline::read(&written).expect("read"), baseline);
        let windows = written.replace('\n', "\r\n");
        assert_eq!(Baseline::read(&windows).expect("read"), baseline);
    }

    #[test]
    fn only_rivals_in_production_are_kept() {
        let [mut test, mut canonical] = two();
        test.class = Class::Test;
        canonical.canonical = true;
        let delegate = finding(Category::Delegate, "app/a.py", "f", "def f():");
        assert!(Baseline::of(&scan(&[test, canonical, delegate])).is_empty());
    }

    #[test]
    fn a_moved_line_is_not_new_and_a_second_copy_is() {
        let [first, second] = two();
        let baseline = Baseline::of(&scan(&[first.clone(), second]));
        let mut moved = first.clone();
        (moved.line, moved.end_line) = (80, 90);
        let now = scan(&[moved, first]);
        let beside = baseline.beside(&now);
        assert_eq!((beside.new.len(), beside.known, beside.gone.len()), (1, 1, 1));
        assert_eq!(beside.gone[0].path, "app/a.py");
    }

    #[test]
    fn what_is_gone_goes_and_what_is_new_is_not_taken_up() {
        let [first, second] = two();
        let baseline = Baseline::of(&scan(&[first.clone(), second.clone(), second.clone()]));
        let other = finding(Category::HandParse, "app/c.py", "f", "x.split('.')");
        let now = scan(&[second, other]);
        let fallen = baseline.without_gone(&baseline.beside(&now));
        assert_eq!(fallen.len(), 1);
        assert!(text(&fallen).contains("app/a.py"));
        assert_eq!(fallen.beside(&now).new.len(), 1);
    }

    #[test]
    fn a_file_that_is_not_understood_keeps_its_copies() {
        let [first, second] = two();
        let baseline = Baseline::of(&scan(&[first.clone(), second]));
        let mut now = scan(&[]);
        now.unread = vec![(first.path, Unread::SyntaxError)];
        let beside = baseline.beside(&now);
        assert_eq!((beside.gone.len(), beside.unsure.len()), (1, 1));
        let fallen = baseline.without_gone(&beside);
        assert!(text(&fallen).contains("app/b.py") && fallen.len() == 1);
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_the_line() {
        let good = text(&Baseline::of(&scan(&two())));
        let fault = |text: &str| Baseline::read(text).expect_err("refused").to_string();
        assert!(fault("").starts_with("line 1: begins with"), "{}", fault(""));
        assert!(fault("[]").starts_with("line 1: "));
        let conflict = good.replacen("\n{", "\n<<<<<<< HEAD\n{", 1);
        assert!(fault(&conflict).starts_with("line 2: "), "{}", fault(&conflict));
        assert!(fault(&good.replace("encode\"", "encoding\"")).starts_with("line 2: "));
        assert!(fault(&format!("{good}{{\"path\":\"a\"}}")).starts_with("line 4: "));
        let short = good.replacen("\"fingerprint\":\"", "\"fingerprint\":\"Z", 1);
        assert!(fault(&short).contains("32 hexadecimal"), "{}", fault(&short));
    }
}
