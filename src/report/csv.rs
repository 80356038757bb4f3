//! Reports as tables for spreadsheets (RFC 4180).

use super::document::{ComponentPart, Document, Point};

/// The columns of a table of components.
pub const COMPONENT_COLUMNS: [&str; 45] = [
    "schema",
    "report",
    "from",
    "to",
    "component",
    "kind",
    "phase",
    "stage",
    "share_basis_points",
    "requests",
    "served_by_legacy",
    "served_by_ssot",
    "allowed",
    "denied",
    "undecided",
    "compared",
    "conclusive",
    "matched",
    "mismatched",
    "accepted",
    "inconclusive",
    "match_rate",
    "match_rate_low",
    "match_rate_high",
    "mismatch_rate_below",
    "mismatches",
    "asked_legacy",
    "failed_legacy",
    "asked_ssot",
    "failed_ssot",
    "latency_legacy_count",
    "latency_legacy_p50_us",
    "latency_legacy_p95_us",
    "latency_legacy_p99_us",
    "latency_legacy_max_us",
    "latency_ssot_count",
    "latency_ssot_p50_us",
    "latency_ssot_p95_us",
    "latency_ssot_p99_us",
    "latency_ssot_max_us",
    "changes",
    "rollbacks",
    "answers_spared",
    "verdict",
    "missing",
];

/// The columns of a table of points in time.
pub const SERIES_COLUMNS: [&str; 20] = [
    "component",
    "at",
    "step_s",
    "requests",
    "served_by_legacy",
    "served_by_ssot",
    "conclusive",
    "matched",
    "accepted",
    "mismatched",
    "asked_legacy",
    "failed_legacy",
    "asked_ssot",
    "failed_ssot",
    "legacy_p50_us",
    "legacy_p95_us",
    "legacy_p99_us",
    "ssot_p50_us",
    "ssot_p95_us",
    "ssot_p99_us",
];

/// One row a component.
pub fn components_csv(document: &Document) -> String {
    let rows = document.components.iter().map(|part| component_row(document, part).to_vec());
    table(&COMPONENT_COLUMNS, rows)
}

/// One row a point in time of each component.
pub fn series_csv(document: &Document) -> String {
    let rows = document.components.iter().flat_map(|part| {
        let step_s = part.series.step_s;
        part.series
            .points
            .iter()
            .map(move |point| point_row(&part.component, step_s, point).to_vec())
    });
    table(&SERIES_COLUMNS, rows)
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut out = columns.join(",") + "\r\n";
    for row in rows {
        out.push_str(&row.join(","));
        out.push_str("\r\n");
    }
    out
}

fn component_row(document: &Document, part: &ComponentPart) -> [String; 45] {
    let decided = |name: &str| part.decisions.get(name).copied().unwrap_or(0).to_string();
    let (legacy, ssot) = (&part.latency.legacy, &part.latency.ssot);
    let listed = part.mismatches.iter().filter(|(_, count)| **count > 0);
    let listed: Vec<String> = listed.map(|(class, count)| format!("{class}={count}")).collect();
    let missing: Vec<&str> = part.readiness.missing.iter().map(|missing| &*missing.what).collect();
    let rollbacks = part.changes.iter().filter(|change| change.what == "rolled_back").count();
    [
        cell(&document.schema),
        cell(document.id.as_deref().unwrap_or_default()),
        document.period.from.rfc3339(),
        document.period.to.rfc3339(),
        cell(&part.component),
        cell(&part.kind),
        part.phase.to_string(),
        cell(&part.stage),
        part.share_basis_points.to_string(),
        part.requests.to_string(),
        part.served_by.legacy.to_string(),
        part.served_by.ssot.to_string(),
        decided("allowed"),
        decided("denied"),
        decided("undecided"),
        part.compared.to_string(),
        part.conclusive.to_string(),
        part.matched.to_string(),
        part.mismatched().to_string(),
        part.accepted.values().sum::<u64>().to_string(),
        part.inconclusive.values().sum::<u64>().to_string(),
        number(part.match_rate),
        number(part.match_rate_low),
        number(part.match_rate_high),
        number(part.mismatch_rate_below),
        cell(&listed.join(" ")),
        part.asked.legacy.to_string(),
        part.error_rate.legacy.failed.to_string(),
        part.asked.ssot.to_string(),
        part.error_rate.ssot.failed.to_string(),
        legacy.count.to_string(),
        number(legacy.p50_us),
        number(legacy.p95_us),
        number(legacy.p99_us),
        number(legacy.max_us),
        ssot.count.to_string(),
        number(ssot.p50_us),
        number(ssot.p95_us),
        number(ssot.p99_us),
        number(ssot.max_us),
        part.changes.len().to_string(),
        rollbacks.to_string(),
        part.harm_prevented.answers_spared.to_string(),
        cell(part.readiness.verdict.code()),
        cell(&missing.join("; ")),
    ]
}

fn point_row(component: &str, step_s: i64, point: &Point) -> [String; 20] {
    let (legacy, ssot) = (&point.latency.legacy, &point.latency.ssot);
    [
        cell(component),
        point.at.rfc3339(),
        step_s.to_string(),
        point.requests.to_string(),
        point.served_by.legacy.to_string(),
        point.served_by.ssot.to_string(),
        point.conclusive.to_string(),
        point.matched.to_string(),
        point.accepted.to_string(),
        point.mismatches.values().sum::<u64>().to_string(),
        point.asked.legacy.to_string(),
        point.failures.legacy.to_string(),
        point.asked.ssot.to_string(),
        point.failures.ssot.to_string(),
        number(legacy.p50_us),
        number(legacy.p95_us),
        number(legacy.p99_us),
        number(ssot.p50_us),
        number(ssot.p95_us),
        number(ssot.p99_us),
    ]
}

/// Nothing for what is not known.
fn number<T: std::fmt::Display>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// A text as a cell: quoted where it must be, and never the beginning of a formula. Spreadsheets
/// take a cell for one that begins with `=`, `+`, `-`, `@`, a tab or a line end, some also after
/// blanks; an apostrophe before it makes it text.
pub fn cell(text: &str) -> String {
    let is_formula = text
        .trim_start_matches([' ', '\u{a0}'])
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n', ';', '\t']) || text.starts_with('\'') {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing;
    use super::*;
    use crate::domain::Timestamp;

    /// Reads one cell back as a reader of RFC 4180 does.
    fn read(cell: &str) -> String {
        match cell.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(quoted) => quoted.replace("\"\"", "\""),
            None => cell.to_owned(),
        }
    }

    #[test]
    fn a_row_has_a_cell_for_every_column_and_no_formula() {
        let document =
            testing::document("=HYPERLINK(\"x\")", Timestamp::from_seconds(1_800_000_000));
        for table in [components_csv(&document), series_csv(&document)] {
            assert!(!table.contains(",=") && !table.contains("\n="), "{table}");
        }
        assert_eq!(series_csv(&document).lines().count(), 5);
        assert!(components_csv(&document).contains(r#""'=HYPERLINK(""x"")""#));
        let rows = components_csv(&document);
        let quiet = rows.lines().last().expect("a row");
        assert!(quiet.contains("socket-auth") && quiet.matches(',').count() >= 44, "{quiet}");
    }

    #[test]
    fn no_cell_begins_a_formula() {
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =cmd|' /C calc'!A0", "＝1"]
        {
            assert!(read(&cell(text)).starts_with('\''), "{text:?}");
        }
        assert_eq!(cell("http-auth"), "http-auth");
        assert_eq!(cell("a,b"), "\"a,b\"");
    }

    proptest! {
        #[test]
        fn a_cell_is_one_cell_and_reads_back_as_its_text(text in "[ -~\\t\\r\\n＝é]{0,24}") {
            let cell = cell(&text);
            let back = read(&cell);
            prop_assert!(back == text || back.strip_prefix('\'') == Some(&*text));
            if !cell.starts_with('"') {
                prop_assert!(!cell.contains([',', '"', '\r', '\n']));
            }
            let shown = back.trim_start_matches([' ', '\u{a0}']);
            prop_assert!(!shown.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']));
        }
    }
}
