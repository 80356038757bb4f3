//! The report as text that reads well in a terminal and in a ticket.

use std::fmt::Write as _;

use super::{
    AcceptedReport, ComponentReport, EndingReport, GroupReport, Report, WindowReport, latency_text,
    quiet_components,
};
use crate::compare::MismatchClass;
use crate::domain::Share;
use crate::flags::{AcceptedDifference, AcceptedState};
use crate::ledger::{Counter, LatencySummary};

/// Columns of a terminal.
const WIDTH: usize = 80;

/// Renders the report as Markdown.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, report);
    out
}

fn write(out: &mut String, report: &Report) -> std::fmt::Result {
    writeln!(out, "# Crossfade report, {}\n", report.generated_at)?;
    if report.alarm {
        writeln!(
            out,
            "**Security alarm**: ssot lets somebody in whom legacy refuses, or as somebody\nelse, or \
             an event went to somebody else.\n"
        )?;
    }
    write_ending(out, report)?;
    for component in report.components.iter().filter(|component| component.is_busy()) {
        write_component(out, component)?;
    }
    let quiet = quiet_components(report);
    if !quiet.is_empty() {
        write_wrapped(out, "No traffic yet: ", ", ", quiet)?;
    }
    Ok(())
}

fn write_component(out: &mut String, component: &ComponentReport) -> std::fmt::Result {
    writeln!(out, "## {}\n", component.component)?;
    if let Some(flag) = &component.flag {
        let share = Share::from_basis_points(flag.share).unwrap_or(Share::ALL);
        writeln!(
            out,
            "Stage **{}**, {share} on ssot, revision {}, since {}.",
            flag.stage, flag.revision, flag.changed_at
        )?;
        if let Some(hold) = &flag.hold {
            writeln!(out, "Held since {}; nothing is raised until it is released.", hold.at)?;
        }
        if let Some(latch) = &flag.latch {
            writeln!(out, "Rolled back at {}; may be released from {}.", latch.at, latch.until)?;
        }
        writeln!(out)?;
    }
    write_counts(out, &component.total)?;
    write_latency(out, "legacy", &component.legacy_latency)?;
    write_latency(out, "ssot", &component.ssot_latency)?;
    writeln!(out)?;
    write_differences(out, &component.differences)?;
    for accepted in &component.accepted {
        write_accepted(out, accepted)?;
    }
    if !component.accepted.is_empty() {
        writeln!(out)?;
    }
    Ok(())
}

fn write_accepted(out: &mut String, accepted: &AcceptedReport) -> std::fmt::Result {
    let AcceptedDifference { class, reason, owner, expires_at, .. } = &accepted.difference;
    let expired = if accepted.state == AcceptedState::Expired.as_str() { " EXPIRED" } else { "" };
    writeln!(out, "- accepted: {class}{expired} - {reason} ({owner}, until {expires_at})")?;
    let over = match (accepted.over_rate, accepted.difference.max_per_hour) {
        (0, None) => String::new(),
        (over, None) => format!(", {over} over a former rate"),
        (over, Some(max)) => format!(", {over} over its rate of {max} an hour"),
    };
    writeln!(out, "  - applied {} times{over}", accepted.used)
}

/// What somebody must renew or mend soon.
fn write_ending(out: &mut String, report: &Report) -> std::fmt::Result {
    if report.ending.is_empty() {
        return Ok(());
    }
    writeln!(out, "Accepted differences that have ended or end within 14 days:\n")?;
    for EndingReport { component, name, owner, expires_at, state } in &report.ending {
        let text = format!("{component}: {name} ({owner}), {state}, {expires_at}");
        write_wrapped(out, "- ", " ", text.split(' '))?;
    }
    writeln!(out)
}

fn write_counts(out: &mut String, total: &WindowReport) -> std::fmt::Result {
    let count = |counter| total.counts.count(counter);
    writeln!(
        out,
        "- {} requests: {} allowed, {} denied, {} undecided",
        total.requests,
        count(Counter::Allowed),
        count(Counter::Denied),
        count(Counter::Undecided)
    )?;
    let (enforced, unsure) = (count(Counter::Enforced), count(Counter::EnforceUndecided));
    if enforced + unsure > 0 {
        writeln!(out, "- {enforced} denied by an enforced proof, {unsure} that proved nothing")?;
    }
    let rate = total.match_rate.map_or("-".to_owned(), |rate| format!("{:.3} %", rate * 100.0));
    writeln!(out, "- {} compared, match rate {rate}:", total.compared)?;
    writeln!(
        out,
        "  {} matched, {} accepted, {} differed, {} inconclusive",
        count(Counter::Matched),
        total.counts.accepted(),
        total.counts.mismatches(),
        total.counts.inconclusive()
    )?;
    let differed = |class: MismatchClass| count(Counter::Mismatched(class));
    let classes = total.classes().map(|class| format!("{} {}", class.code(), differed(class)));
    write_wrapped(out, "- differences: ", ", ", classes)?;
    let lost = [
        Counter::Shed,
        Counter::SampledOut,
        Counter::ByTarget,
        Counter::CannotPlan,
        Counter::Late,
        Counter::SampleDropped,
    ];
    let lost = lost.map(|counter| format!("{} {}", counter.code(), count(counter)));
    write_wrapped(out, "- not compared or not kept: ", ", ", lost)
}

/// Writes pieces one after another, in lines of at most [`WIDTH`] characters, the later ones
/// indented as the first line's text is.
fn write_wrapped<S: AsRef<str>>(
    out: &mut String,
    head: &str,
    separator: &str,
    pieces: impl IntoIterator<Item = S>,
) -> std::fmt::Result {
    let indent = head.len() - head.trim_start().len() + 2;
    let mut line = head.to_owned();
    let mut empty = true;
    for piece in pieces {
        let piece = piece.as_ref();
        if !empty {
            line.push_str(separator);
        }
        if !empty && line.chars().count() + piece.chars().count() > WIDTH {
            writeln!(out, "{}", line.trim_end())?;
            line = " ".repeat(indent);
        }
        line.push_str(piece);
        empty = false;
    }
    writeln!(out, "{line}")
}

fn write_latency(out: &mut String, side: &str, latency: &LatencySummary) -> std::fmt::Result {
    writeln!(
        out,
        "- {side} latency: p50 {}, p99 {}, max {} over {} answers",
        latency_text(latency.p50_us),
        latency_text(latency.p99_us),
        latency_text(latency.max_us),
        latency.count
    )
}

fn write_differences(out: &mut String, groups: &[GroupReport]) -> std::fmt::Result {
    const SHOWN: usize = 20;
    for group in groups.iter().take(SHOWN) {
        let mark = if group.accepted { " (accepted)" } else { "" };
        let head = format!("- {} x {}{mark}: ", group.count, group.class);
        write_wrapped(out, &head, " ", group.explanation.split(' '))?;
        write_wrapped(out, "  - claims: ", " ", group.claim_shape.split(' '))?;
        if let Some(latest) = group.exemplars.last() {
            let (legacy, ssot) = (&latest.legacy.answer, &latest.ssot.answer);
            let text = format!(
                "request {} at {}, legacy {legacy}, ssot {ssot}",
                latest.request_id, latest.asked_at
            );
            write_wrapped(out, "  - latest: ", " ", text.split(' '))?;
        }
    }
    if groups.len() > SHOWN {
        writeln!(out, "- and {} kinds more; the JSON report has all", groups.len() - SHOWN)?;
    }
    if groups.is_empty() { Ok(()) } else { writeln!(out) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_wrapped_at_the_width_of_a_terminal() {
        let mut out = String::new();
        let words = vec!["subject_differs 12"; 20];
        write_wrapped(&mut out, "  - differences: ", ", ", words).expect("written");
        assert!(out.lines().count() > 3);
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert!(out.lines().skip(1).all(|line| line.starts_with("    subject")), "{out}");
    }
}
