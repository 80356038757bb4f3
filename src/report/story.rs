//! The report of a period as Markdown.

use std::fmt::Write as _;

use super::document::{BySide, ChangePart, ComponentPart, Document, HarmPart};
use super::latency_text;
use crate::domain::Share;

/// Groups of differences that are shown of one component.
const GROUPS_SHOWN: usize = 10;

/// Renders a report of a period as Markdown, without its seal.
pub fn story(document: &Document) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write(&mut out, document);
    out
}

fn write(out: &mut String, document: &Document) -> std::fmt::Result {
    writeln!(out, "# {}\n", plain(&document.title()))?;
    writeln!(out, "- from {} to {}", document.period.from, document.period.to)?;
    writeln!(
        out,
        "- {} on {}, at {}, flag table at revision {}",
        plain(&document.occasion.words()),
        plain(&document.installation),
        document.made_at,
        document.revision.0
    )?;
    if let Some(id) = &document.id {
        writeln!(out, "- report {id}, {}", document.schema)?;
    }
    writeln!(out)?;
    if document.alarm {
        writeln!(
            out,
            "**Security alarm**: ssot let somebody in whom legacy refuses, or as somebody else, or \
             an event went to somebody else.\n"
        )?;
    }
    write_overview(out, document)?;
    for part in document.components.iter().filter(|part| part.is_busy()) {
        write_component(out, part)?;
    }
    write_rest(out, document)
}

fn write_overview(out: &mut String, document: &Document) -> std::fmt::Result {
    writeln!(out, "| component | stage | share | requests | match rate | differences | ready |")?;
    writeln!(out, "|---|---|---:|---:|---:|---:|---|")?;
    for part in &document.components {
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            plain(&part.component),
            plain(&part.stage),
            share(part.share_basis_points),
            part.requests,
            percent(part.match_rate),
            part.mismatched(),
            part.readiness.verdict.code()
        )?;
    }
    writeln!(out)
}

fn write_component(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    writeln!(out, "## {}\n", plain(&part.component))?;
    writeln!(
        out,
        "Stage **{}**, {} on ssot, revision {}.",
        plain(&part.stage),
        share(part.share_basis_points),
        part.flag_revision.0
    )?;
    write_readiness(out, part)?;
    let decided = |name: &str| part.decisions.get(name).copied().unwrap_or(0);
    writeln!(
        out,
        "- {} requests, {} served by legacy, {} by ssot: {} allowed, {} denied, {} undecided",
        part.requests,
        part.served_by.legacy,
        part.served_by.ssot,
        decided("allowed"),
        decided("denied"),
        decided("undecided")
    )?;
    write_match(out, part)?;
    for (side, rate, how) in [
        ("legacy", &part.error_rate.legacy, &part.failures.legacy),
        ("ssot", &part.error_rate.ssot, &part.failures.ssot),
    ] {
        let how = how.iter().filter(|(_, count)| **count > 0);
        let how: Vec<String> = how.map(|(how, count)| format!("{count} {how}")).collect();
        let told = if how.is_empty() { String::new() } else { format!(" ({})", how.join(", ")) };
        writeln!(
            out,
            "- {side} failed {} times{told}: {} of what it was asked (95 %: {} to {})",
            rate.failed,
            percent(rate.rate),
            percent(rate.low),
            percent(rate.high)
        )?;
    }
    writeln!(out)?;
    write_latency(out, part)?;
    write_groups(out, part)?;
    write_accepted(out, part)?;
    write_changes(out, part)?;
    write_harm(out, &part.harm_prevented)
}

fn write_readiness(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    let readiness = &part.readiness;
    match &readiness.next {
        Some(next) => {
            writeln!(out, "Next is {}: **{}**.\n", plain(next), readiness.verdict.code())?;
        }
        None => writeln!(out, "It has arrived.\n")?,
    }
    for missing in &readiness.missing {
        writeln!(out, "- missing: {} - {}", plain(&missing.what), plain(&missing.how))?;
    }
    if let Some(certificate) = &readiness.certificate {
        writeln!(
            out,
            "- certificate: error rate below {} at {} confidence; {} subjects so far, {} failed, \
             {} clean ones missing",
            percent(Some(certificate.below)),
            percent(Some(certificate.confidence)),
            certificate.subjects,
            certificate.failed,
            certificate.clean_subjects_missing
        )?;
    }
    Ok(())
}

fn write_match(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    writeln!(
        out,
        "- {} compared, match rate {} (95 %: {} to {})",
        part.compared,
        percent(part.match_rate),
        percent(part.match_rate_low),
        percent(part.match_rate_high)
    )?;
    if let Some(below) = part.mismatch_rate_below {
        writeln!(out, "- no difference was seen: their rate is below {}", percent(Some(below)))?;
    }
    for class in part.classes.iter().filter(|class| class.count + class.accepted > 0) {
        writeln!(
            out,
            "- {} `{}`, {} accepted: {} ({})",
            class.count,
            class.class,
            class.accepted,
            class.meaning,
            class.direction.replace('_', " ")
        )?;
    }
    Ok(())
}

fn write_latency(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    let BySide { legacy, ssot } = &part.latency;
    if legacy.count + ssot.count == 0 {
        return Ok(());
    }
    writeln!(out, "| latency | legacy | ssot | ssot / legacy |")?;
    writeln!(out, "|---|---:|---:|---:|")?;
    let ratio = |ratio: Option<f64>| ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
    for (name, old, new, times) in [
        ("p50", legacy.p50_us, ssot.p50_us, part.latency_ratio.p50),
        ("p95", legacy.p95_us, ssot.p95_us, part.latency_ratio.p95),
        ("p99", legacy.p99_us, ssot.p99_us, part.latency_ratio.p99),
    ] {
        let (old, new) = (latency_text(old), latency_text(new));
        writeln!(out, "| {name} | {old} | {new} | {} |", ratio(times))?;
    }
    writeln!(out, "| times | {} | {} | |\n", legacy.count, ssot.count)
}

fn write_groups(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    if part.groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "### What differed\n")?;
    for group in part.groups.iter().take(GROUPS_SHOWN) {
        let mark = if group.accepted { ", accepted" } else { "" };
        writeln!(
            out,
            "- `{}`{mark}, {} times ever: {} (claims {})",
            group.class,
            group.count_ever,
            plain(&group.explanation),
            plain(&group.claim_shape)
        )?;
        if let Some(latest) = group.exemplars.last() {
            writeln!(
                out,
                "  - latest: request {} at {}, legacy {}, ssot {}",
                plain(&latest.request_id),
                latest.asked_at,
                plain(&latest.legacy.answer),
                plain(&latest.ssot.answer)
            )?;
        }
    }
    let more = part.groups.len().saturating_sub(GROUPS_SHOWN) as u64 + part.groups_left_out;
    if more > 0 {
        writeln!(out, "- and {more} kinds more")?;
    }
    writeln!(out)
}

fn write_accepted(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    if part.accepted_differences.is_empty() {
        return Ok(());
    }
    writeln!(out, "### Accepted differences\n")?;
    for accepted in &part.accepted_differences {
        let difference = &accepted.difference;
        writeln!(
            out,
            "- {} {}: {} ({}, {}, until {}), applied {} times ever",
            plain(&difference.class),
            plain(&difference.name),
            plain(&difference.reason),
            plain(&difference.owner),
            accepted.state,
            difference.expires_at,
            accepted.used_ever
        )?;
    }
    writeln!(out)
}

fn write_changes(out: &mut String, part: &ComponentPart) -> std::fmt::Result {
    if part.changes.is_empty() && part.other_cards.is_empty() {
        return Ok(());
    }
    writeln!(out, "### What was done\n")?;
    for change in &part.changes {
        write_change(out, change)?;
    }
    for card in &part.other_cards {
        let found: Vec<String> = card.found.iter().map(|found| plain(&found.what)).collect();
        let deed = card.deed.replace('_', " ");
        writeln!(out, "- {} the guard {deed}: {}", card.at, found.join("; "))?;
    }
    if part.changes_left_out > 0 {
        writeln!(out, "- and {} older changes", part.changes_left_out)?;
    }
    writeln!(out)
}

fn write_change(out: &mut String, change: &ChangePart) -> std::fmt::Result {
    let from = change.before.as_ref().map_or("nothing".to_owned(), |before| {
        format!("{} {}", before.stage, share(before.share_basis_points))
    });
    let by = if change.by.is_empty() { &change.cause } else { &change.by };
    writeln!(
        out,
        "- {} **{}** from {} to {} {}, revision {}, by {}: {}",
        change.at,
        change.what.replace('_', " "),
        plain(&from),
        plain(&change.after.stage),
        share(change.after.share_basis_points),
        change.revision.0,
        plain(by),
        plain(&change.why)
    )?;
    let Some(card) = &change.decision_card else { return Ok(()) };
    for found in &card.found {
        writeln!(out, "  - {}: {}", found.rule.code(), plain(&found.what))?;
    }
    if let Some(without) = &card.without {
        writeln!(
            out,
            "  - without it: {} of {:.1} trials a minute would go on failing",
            percent(Some(without.failure_rate)),
            without.trials_per_minute
        )?;
    }
    Ok(())
}

fn write_harm(out: &mut String, harm: &HarmPart) -> std::fmt::Result {
    if harm.rollbacks.is_empty() {
        return Ok(());
    }
    writeln!(out, "At least **{}** answers were spared by rollbacks.\n", harm.answers_spared)?;
    for of in &harm.rollbacks {
        writeln!(
            out,
            "- {}: ssot's rate at least {}, legacy's at most {}, {} of {} answers would have been \
             ssot's{}: {} spared",
            of.at,
            percent(Some(of.ssot_rate_low)),
            percent(Some(of.legacy_rate_high)),
            of.would_be_ssot,
            of.served_by_legacy,
            if of.is_over { "" } else { " (the hour is not over)" },
            of.answers_spared
        )?;
    }
    writeln!(out)
}

fn write_rest(out: &mut String, document: &Document) -> std::fmt::Result {
    let quiet = document.components.iter().filter(|part| !part.is_busy());
    let quiet: Vec<&str> = quiet.map(|part| &*part.component).collect();
    if !quiet.is_empty() {
        writeln!(out, "Nothing happened in: {}.\n", quiet.join(", "))?;
    }
    if let Some(walked) = &document.golden_path {
        writeln!(
            out,
            "Golden path, last day: {} of {} walks came through ({}, 95 %: {} to {}).\n",
            walked.rate.passed,
            walked.rate.walks,
            percent(walked.pass_rate),
            percent(walked.pass_rate_low),
            percent(walked.pass_rate_high)
        )?;
    }
    for (side, walks) in [("legacy", &document.walks.legacy), ("ssot", &document.walks.ssot)] {
        let judged = walks.passed + walks.failed;
        if judged > 0 {
            writeln!(
                out,
                "Walks of the prober on {side}: {} of {judged} came through ({}, 95 %: {} to {}).\n",
                walks.passed,
                percent(walks.pass_rate),
                percent(walks.pass_rate_low),
                percent(walks.pass_rate_high)
            )?;
        }
    }
    for missing in &document.no_evidence {
        let (of, how) = (plain(&missing.of), plain(&missing.how));
        writeln!(out, "- no evidence yet of {of}: {how}")?;
    }
    for left_out in &document.left_out {
        writeln!(out, "- {}", plain(left_out))?;
    }
    if !document.checks.is_empty() {
        writeln!(out, "\n## The twelve checks\n")?;
    }
    for check in &document.checks {
        let judged = check.judged.replace('_', " ");
        writeln!(out, "- **{judged}** {}: {}", plain(&check.title), plain(&check.says))?;
    }
    writeln!(out, "\n## How answers spared are estimated\n\n{}\n", document.harm_method)?;
    writeln!(out, "Not counted:\n")?;
    for not in &document.harm_not_counted {
        writeln!(out, "- {not}")?;
    }
    Ok(())
}

fn share(basis_points: u16) -> String {
    Share::from_basis_points(basis_points).unwrap_or(Share::ALL).to_string()
}

fn percent(rate: Option<f64>) -> String {
    rate.map_or("-".to_owned(), percent_text)
}

/// A rate as people read it, rounded so that what is not all, or not nothing, does not look so.
pub fn percent_text(rate: f64) -> String {
    let text = format!("{:.3}", rate * 100.0);
    match &*text {
        "100.000" if rate < 1.0 => "> 99.999 %".to_owned(),
        "0.000" if rate > 0.0 => "< 0.001 %".to_owned(),
        _ => {
            let short = text.trim_end_matches('0').trim_end_matches('.');
            format!("{short} %")
        }
    }
}

/// Words of people in one line, without meaning to Markdown or HTML.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&' | '!' | '~' | '$' => {
                out.push('\\');
                out.push(character);
            }
            character if character.is_control() => out.push(' '),
            character => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn hostile_words_stay_words_and_every_part_is_told() {
        let hostile = "<script>x</script> [a](javascript:b) |c|\n# d";
        let text = story(&testing::document(hostile, Timestamp::from_seconds(1_800_000_000)));
        assert!(!text.contains("<script>") && !text.contains("[a](j"), "{text}");
        assert!(!text.contains("\n# d"), "{text}");
        for part in [
            "match rate",
            "p95",
            "What differed",
            "Accepted",
            "What was done",
            "spared",
            "Golden path",
            "no evidence yet",
            "How answers spared are estimated",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn a_rate_that_is_not_all_does_not_look_so() {
        let shown = [1.0, 0.999_999_9, 0.5, 0.123_456, 0.000_001, 0.0].map(percent_text);
        assert_eq!(shown, ["100 %", "> 99.999 %", "50 %", "12.346 %", "< 0.001 %", "0 %"]);
    }

    #[test]
    fn words_of_people_stay_words() {
        assert_eq!(plain("<b>&\n[a](x)"), "\\<b\\>\\& \\[a\\](x)");
        assert_eq!(plain("`x` | *y*"), "\\`x\\` \\| \\*y\\*");
    }
}
