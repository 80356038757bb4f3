//! What a test report comes to.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::flags::Finding;

/// Names that are listed in a sentence, at most.
const NAMES_MAX: usize = 10;

/// Longest name in a sentence, in characters.
const NAME_CHARS_MAX: usize = 120;

/// Sentences of a kind, at most.
const SENTENCES_MAX: usize = 10;

/// A test report, as far as it matters: counted test by test, its own summary not believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestReport {
    /// When the tests were run: the oldest timestamp in the report, else when it was handed in.
    pub at: Timestamp,
    /// Tests in it.
    pub tests: u32,
    /// Tests that passed, flaky ones too.
    pub passed: u32,
    /// Tests that failed.
    pub failed: u32,
    /// Tests, and suites themselves, that ended in an error.
    pub errors: u32,
    /// Tests that did not run.
    pub skipped: u32,
    /// Tests that passed only when they were run again.
    pub flaky: u32,
    /// At least one test ran, none failed, and every required one passed.
    pub good: bool,
    /// Why it is not good.
    pub faults: Vec<String>,
    /// What is odd about it, such as a summary that does not add up.
    pub remarks: Vec<String>,
}

impl TestReport {
    /// What it says for its component.
    pub(super) fn finding(&self) -> Finding {
        let what = if self.good { self.counts() } else { self.faults.join("; ") };
        Finding { at: self.at, good: self.good, what }
    }

    fn counts(&self) -> String {
        let more = [(self.skipped, "skipped"), (self.flaky, "only when run again")];
        let more = more.iter().filter(|(count, _)| *count > 0);
        let more: Vec<String> = more.map(|(count, what)| format!(", {count} {what}")).collect();
        format!("{} of {} tests passed{}", self.passed, self.tests, more.concat())
    }
}

/// A list of names that stays short.
#[derive(Debug, Default)]
pub(super) struct Names {
    shown: Vec<String>,
    count: u32,
}

impl Names {
    pub(super) fn add(&mut self, name: &str) {
        self.count = self.count.saturating_add(1);
        if self.shown.len() < NAMES_MAX {
            self.shown.push(shown(name));
        }
    }

    /// How many there are, shown or not.
    pub(super) const fn count(&self) -> u32 {
        self.count
    }

    /// `2 tests failed: a, b`, with `and more` where the list was cut; `None` when it is empty.
    pub(super) fn sentence(&self, what: &str) -> Option<String> {
        let more = if self.shown.len() < self.count as usize { " and more" } else { "" };
        let list = self.shown.join(", ");
        (self.count > 0).then(|| format!("{} {what}: {list}{more}", self.count))
    }
}

/// As much of a name from outside as a sentence shows, on one line.
pub(super) fn shown(name: &str) -> String {
    let printable = name.chars().map(|c| if c.is_control() { '?' } else { c });
    printable.take(NAME_CHARS_MAX).collect()
}

/// Adds a sentence to a list that stays short.
pub(super) fn say(sentences: &mut Vec<String>, sentence: String) {
    if sentences.len() < SENTENCES_MAX {
        sentences.push(sentence);
    }
}
