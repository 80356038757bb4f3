//! How the story ended: the account of every request, and what to try next.

use serde::Serialize;
use serde_json::{Value, json};

use super::lines;
use super::mix::Component;
use super::reading::{Reading, report_of};
use super::stand::Stand;
use super::story::{Noted, Proof};
use super::traffic::{Counts, Traffic};
use super::words::{count, micros, wrap};
use crate::cli::exit::say;
use crate::domain::Side;
use crate::ledger::Counter;
use crate::report::{self, Report};

/// Columns of the text for people.
const WIDTH: usize = 80;

/// The account of one component.
struct Account {
    component: Component,
    callers: Counts,
    report: Reading,
}

/// How the story ended.
pub struct Ending {
    seed: u64,
    accounts: Vec<Account>,
    noted: Noted,
    report: Report,
    broken_off: bool,
    /// What did not go as told; empty when all is well.
    problems: Vec<String>,
    staying: bool,
}

/// A group of differences in short.
#[derive(Serialize)]
struct Difference<'r> {
    component: &'r str,
    class: &'r str,
    explanation: &'r str,
    accepted: bool,
    count: u64,
}

impl Ending {
    /// Draws up the account. Callers and shadows must be done.
    pub fn of(
        stand: &Stand,
        traffic: &Traffic,
        noted: Noted,
        broken_off: Option<&str>,
        (seed, staying): (u64, bool),
    ) -> Self {
        let of_component = |component| Account {
            component,
            callers: traffic.total(component),
            report: Reading::of(&stand.rooms, component),
        };
        let accounts: Vec<Account> = Component::ALL.map(of_component).into();
        let report = report_of(&stand.rooms);
        let mut problems: Vec<String> = broken_off.map(str::to_owned).into_iter().collect();
        problems.extend(accounts.iter().flat_map(Account::problems));
        if problems.is_empty() {
            problems.extend(story_problems(noted.proof.as_ref(), &accounts));
        }
        if report.alarm {
            problems.push("the report raises a security alarm".to_owned());
        }
        let broken_off = broken_off.is_some();
        Self { seed, accounts, noted, report, broken_off, problems, staying }
    }

    /// True when the story went as told.
    pub const fn is_good(&self) -> bool {
        self.problems.is_empty()
    }

    /// For people: the report, what was seen, what to try.
    pub fn print(&self) {
        if !self.broken_off {
            say(format_args!(
                "\n{}",
                wrap(report::markdown(&self.report).trim_end(), WIDTH).trim_end()
            ));
        }
        say(format_args!("\n{}", wrap(&self.words(), WIDTH)));
        if !self.staying && !self.broken_off {
            let program = program();
            say(format_args!("Next:  {program} demo --stay      # and then curl, flags, report"));
            say(format_args!("       {program} serve --help     # your own services"));
        }
    }

    fn words(&self) -> String {
        let mut lines = vec!["## What was seen\n".to_owned(), self.account()];
        lines.extend(self.noted.healthy.as_ref().map(speed));
        let rescued = self.total(|account| account.report.count(Counter::Rescued(Side::Ssot)));
        if rescued > 0 {
            let rescued = count(rescued);
            lines.push(format!(
                "- While ssot was broken, legacy answered {rescued} times in its place."
            ));
        }
        lines.extend(self.noted.proof.map(|proof| {
            format!(
                "- Revision {} is the rollback. Of the {} answers right after it, {} are legacy's \
                 own and {} had to be rescued.",
                proof.revision, proof.first_answers, proof.by_legacy, proof.rescued
            )
        }));
        if self.is_good() {
            let fine = "- No security alarm: ssot let nobody in whom legacy refused. What differs \
                        and is not accepted is for people to settle; only a demo goes live before.";
            lines.push(fine.to_owned());
        }
        lines.extend(self.problems.iter().map(|problem| format!("- NOT AS TOLD: {problem}.")));
        let seed = self.seed;
        lines.push(format!("- `--seed {seed}` brings the same people and tokens again."));
        lines.join("\n")
    }

    /// Callers and report side by side.
    fn account(&self) -> String {
        let errors = |account: &Account| account.callers.server_errors + account.callers.unanswered;
        format!(
            "- Callers sent {} requests and got {} answers; the report counts {}. Errors for \
             callers: {}.",
            count(self.total(|account| account.callers.sent)),
            count(self.total(|account| account.callers.answered)),
            count(self.total(|account| account.report.counts.requests())),
            count(self.total(errors)),
        )
    }

    fn total(&self, part: impl Fn(&Account) -> u64) -> u64 {
        self.accounts.iter().map(part).sum()
    }

    /// For machines: one line.
    pub fn print_json(&self) {
        let differences: Vec<Difference<'_>> = self.report.components.iter().flat_map(of).collect();
        let line = json!({
            "event": "end",
            "ok": self.is_good(),
            "problems": self.problems,
            "seed": self.seed,
            "sent": self.total(|account| account.callers.sent),
            "answered": self.total(|account| account.callers.answered),
            "reported": self.total(|account| account.report.counts.requests()),
            "server_errors": self.total(|account| account.callers.server_errors),
            "unanswered": self.total(|account| account.callers.unanswered),
            "alarm": self.report.alarm,
            "rollback": self.noted.proof,
            "components": self.accounts.iter().map(Account::json).collect::<Vec<Value>>(),
            "differences": differences,
        });
        say(line);
    }
}

fn of(component: &report::ComponentReport) -> impl Iterator<Item = Difference<'_>> {
    component.differences.iter().map(|group| Difference {
        component: &component.component,
        class: &group.class,
        explanation: &group.explanation,
        accepted: group.accepted,
        count: group.count,
    })
}

impl Account {
    fn json(&self) -> Value {
        lines::account(self.component, &self.callers, &self.report)
    }

    /// Every request is accounted for, on both sides of the wire.
    fn problems(&self) -> Vec<String> {
        let (callers, counts) = (&self.callers, &self.report.counts);
        let pairs = [
            ("answers", callers.answered, "requests sent", callers.sent),
            ("requests in the report", counts.requests(), "answers", callers.answered),
            ("allows in the report", counts.count(Counter::Allowed), "heard", callers.allowed),
            ("denies in the report", counts.count(Counter::Denied), "heard", callers.denied),
            (
                "answers by legacy in the report",
                counts.count(Counter::Served(Side::Legacy)),
                "heard",
                callers.by_legacy,
            ),
            (
                "answers by ssot in the report",
                counts.count(Counter::Served(Side::Ssot)),
                "heard",
                callers.by_ssot,
            ),
            ("5xx", callers.server_errors, "expected", 0),
            ("unexpected answers", callers.odd, "expected", 0),
        ];
        let name = self.component.as_str();
        let differ = pairs.into_iter().filter(|(_, found, _, wanted)| found != wanted);
        differ
            .map(|(what, found, of_what, wanted)| {
                format!("{name}: {found} {what}, {wanted} {of_what}")
            })
            .collect()
    }
}

/// How fast the two sides were while both worked.
fn speed(healthy: &Reading) -> String {
    let (ssot, legacy) = (&healthy.ssot, &healthy.legacy);
    format!(
        "- Until it broke, ssot answered in {} (p99 {}), in process; legacy in {} (p99 {}), over \
         a socket. The p99 of ssot in the report is the hang.",
        micros(ssot.p50_us),
        micros(ssot.p99_us),
        micros(legacy.p50_us),
        micros(legacy.p99_us)
    )
}

/// The rescue and the rollback happened as told.
fn story_problems(proof: Option<&Proof>, accounts: &[Account]) -> Vec<String> {
    let mut problems = Vec::new();
    let rescued = |account: &Account| account.report.count(Counter::Rescued(Side::Ssot));
    if accounts.iter().map(rescued).sum::<u64>() == 0 {
        problems.push("nothing was rescued while ssot was broken".to_owned());
    }
    match proof {
        None => problems.push("nothing was rolled back".to_owned()),
        Some(proof) if proof.by_legacy != proof.first_answers || proof.rescued > 0 => {
            problems.push("an answer after the rollback was not legacy's own".to_owned());
        }
        Some(_) => {}
    }
    problems
}

/// The program as it was called.
pub fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "crossfade".to_owned())
}
