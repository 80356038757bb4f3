//! What is counted while a test report is read, and what it comes to.

use std::collections::HashMap;

use super::TestReport;
use super::report::{Names, say, shown};
use crate::domain::Timestamp;

/// What a suite says of itself, and what was counted in it.
pub(super) struct Suite {
    name: String,
    /// Tests, failures and errors together, and skipped tests; where it says so.
    told: [Option<u64>; 3],
    tests: u64,
    bad: u64,
    skipped: u64,
}

/// What became of a test: the worst that is said of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Passed,
    Skipped,
    Erred,
    Failed,
}

/// A test that is being read.
pub(super) struct Test {
    /// `classname.name`.
    name: String,
    verdict: Verdict,
    rerun: bool,
}

/// What became of the required test of that name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Required {
    Missing,
    Passed,
    /// At least once.
    NotPassed,
}

/// What has been counted so far.
pub(super) struct Counted<'r> {
    pub(super) tests: u32,
    required: HashMap<&'r str, Required>,
    order: &'r [String],
    oldest: Option<Timestamp>,
    undated: bool,
    passed: u32,
    skipped: u32,
    flaky: u32,
    failed: Names,
    erred: Names,
    /// Failures of which only a summary tells.
    hidden: Vec<String>,
    remarks: Vec<String>,
}

/// Elements of a test that say nothing about how it went.
const SILENT_ELEMENTS: [&str; 5] =
    ["system-out", "system-err", "properties", "property", "description"];

impl Suite {
    pub(super) fn new(name: &str, told: [Option<u64>; 3]) -> Self {
        Self { name: shown(name), told, tests: 0, bad: 0, skipped: 0 }
    }
}

impl Test {
    pub(super) const fn new(name: String) -> Self {
        Self { name, verdict: Verdict::Passed, rerun: false }
    }

    /// By an element below it; what is no verdict says nothing.
    pub(super) fn judge(&mut self, element: &str) {
        match element {
            "failure" | "rerunFailure" => self.is_at_best(Verdict::Failed),
            "error" | "rerunError" => self.is_at_best(Verdict::Erred),
            "skipped" => self.is_at_best(Verdict::Skipped),
            "flakyFailure" | "flakyError" | "rerun" => self.rerun = true,
            // `timeout`, `aborted` and whatever else a tool may call it.
            other if !SILENT_ELEMENTS.contains(&other) => self.is_at_best(Verdict::Erred),
            _ => {}
        }
    }

    /// By what some tools write instead of an element.
    pub(super) fn mark(&mut self, word: &str) {
        match word.trim().to_ascii_lowercase().as_str() {
            "failed" | "failure" | "fail" => self.is_at_best(Verdict::Failed),
            "notrun" | "skipped" | "suppressed" | "disabled" | "ignored" => {
                self.is_at_best(Verdict::Skipped);
            }
            "" | "run" | "completed" | "passed" | "pass" | "success" | "successful" | "ok" => {}
            // `error`, `broken`; and what is not known to be good is not good.
            _ => self.is_at_best(Verdict::Erred),
        }
    }

    fn is_at_best(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(verdict);
    }
}

impl<'r> Counted<'r> {
    pub(super) fn requiring(required: &'r [String]) -> Self {
        Self {
            tests: 0,
            required: required.iter().map(|name| (&**name, Required::Missing)).collect(),
            order: required,
            oldest: None,
            undated: false,
            passed: 0,
            skipped: 0,
            flaky: 0,
            failed: Names::default(),
            erred: Names::default(),
            hidden: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// A timestamp was found; `None` when it cannot be read.
    pub(super) fn dated(&mut self, at: Option<Timestamp>) {
        match at {
            Some(at) => self.oldest = Some(self.oldest.map_or(at, |oldest| oldest.min(at))),
            None => self.undated = true,
        }
    }

    /// Some tools say of a suite itself that it could not even begin.
    pub(super) fn broken(&mut self, suite: &mut Suite) {
        suite.bad += 1;
        self.erred.add(&format!("suite {}", suite.name));
    }

    pub(super) fn end_suite(&mut self, suite: &Suite, outer: Option<&mut Suite>) {
        let whats = ["tests", "failures and errors", "skipped"];
        let counts = [suite.tests, suite.bad, suite.skipped];
        for (what, (told, counted)) in whats.iter().zip(suite.told.iter().zip(counts)) {
            let Some(told) = told.filter(|told| *told != counted) else { continue };
            let name = &suite.name;
            let sentence =
                format!("the summary of suite {name:?} tells of {told} {what}, it has {counted}");
            if *what == whats[1] && told > counted {
                say(&mut self.hidden, sentence);
            } else {
                say(&mut self.remarks, sentence);
            }
        }
        if let Some(outer) = outer {
            outer.tests += suite.tests;
            outer.bad += suite.bad;
            outer.skipped += suite.skipped;
        }
    }

    pub(super) fn end_test(&mut self, test: &Test, suite: Option<&mut Suite>) {
        let (mut bad, mut skipped) = (0, 0);
        match test.verdict {
            Verdict::Passed => {
                self.passed += 1;
                self.flaky += u32::from(test.rerun);
            }
            Verdict::Skipped => {
                self.skipped += 1;
                skipped = 1;
            }
            Verdict::Erred => {
                self.erred.add(&test.name);
                bad = 1;
            }
            Verdict::Failed => {
                self.failed.add(&test.name);
                bad = 1;
            }
        }
        if let Some(suite) = suite {
            suite.tests += 1;
            suite.bad += bad;
            suite.skipped += skipped;
        }
        if let Some(known) = self.required.get_mut(&*test.name) {
            let whole = test.verdict == Verdict::Passed && *known != Required::NotPassed;
            *known = if whole { Required::Passed } else { Required::NotPassed };
        }
    }

    pub(super) fn report(mut self, now: Timestamp) -> TestReport {
        if self.undated {
            say(&mut self.remarks, "a timestamp in it cannot be read".to_owned());
        }
        let at = self.oldest.unwrap_or(now);
        if at > now {
            say(&mut self.remarks, "it is dated in the future: taken as of now".to_owned());
        }
        let faults = self.faults();
        TestReport {
            at: at.min(now),
            tests: self.tests,
            passed: self.passed,
            failed: self.failed.count(),
            errors: self.erred.count(),
            skipped: self.skipped,
            flaky: self.flaky,
            good: faults.is_empty(),
            faults,
            remarks: self.remarks,
        }
    }

    /// Why it is not good.
    fn faults(&self) -> Vec<String> {
        let (mut missing, mut not_passed) = (Names::default(), Names::default());
        for name in self.order {
            match self.required.get(&**name) {
                Some(Required::Missing) => missing.add(name),
                Some(Required::NotPassed) => not_passed.add(name),
                Some(Required::Passed) | None => {}
            }
        }
        let ran = self.passed > 0 || self.failed.count() > 0 || self.erred.count() > 0;
        let told = [
            (!ran).then(|| "no test ran".to_owned()),
            self.failed.sentence("failed"),
            self.erred.sentence("ended in an error"),
            missing.sentence("required and not in it"),
            not_passed.sentence("required and not passed"),
        ];
        told.into_iter().flatten().chain(self.hidden.iter().cloned()).collect()
    }
}
