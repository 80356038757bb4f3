//! A line of the history as a row of a table (RFC 4180), safe to open in a spreadsheet.

use super::{Cause, Flag, HistoryRow, Linked};

/// The names of the columns, with the end of their line.
pub const CSV_HEADER: &str = "revision,change,at,component,phase,stage_before,share_before,stage,share,by,name,approved_by,note,prev,hash\r\n";

/// A line of the history under the columns of [`CSV_HEADER`], with its end.
pub fn csv_line(line: &Linked<HistoryRow>) -> String {
    let [by, name, approved_by, note] = words(&line.cause);
    let [stage_before, share_before] = line.before.as_ref().map(stage).unwrap_or_default();
    let [stage, share] = stage(&line.after);
    let hash = |hash: Option<super::LineHash>| hash.map(|hash| hash.to_string());
    let cells = [
        line.revision.to_string(),
        line.change.to_string(),
        line.at.rfc3339(),
        line.component.to_string(),
        u8::from(line.after.phase).to_string(),
        stage_before,
        share_before,
        stage,
        share,
        by.to_owned(),
        name.to_owned(),
        approved_by.to_owned(),
        note.to_owned(),
        hash(line.link().map(|link| link.prev)).unwrap_or_default(),
        hash(line.link().map(|link| link.hash)).unwrap_or_default(),
    ];
    cells.map(|cell| quoted(&cell)).join(",") + "\r\n"
}

/// The stage's name, and its share in basis points.
fn stage(flag: &Flag) -> [String; 2] {
    [flag.stage.name().to_owned(), flag.stage.share().basis_points().to_string()]
}

fn words(cause: &Cause) -> [&str; 4] {
    let by = cause.kind().as_str();
    match cause {
        Cause::Operator { name, note } => [by, name, "", note],
        Cause::TwoPeople { asked_by, approved_by, note } => [by, asked_by, approved_by, note],
        Cause::Seed => [by, "", "", ""],
        Cause::Guard { trip } => [by, "", "", trip],
        Cause::Schedule { plan } => [by, "", "", plan],
    }
}

/// A cell in quotes where it must be. What a spreadsheet would take for a formula gets an
/// apostrophe before it.
fn quoted(cell: &str) -> String {
    let cell = if is_formula(cell) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\r', '\n', '\'']) {
        return format!("\"{}\"", cell.replace('"', "\"\""));
    }
    cell
}

fn is_formula(cell: &str) -> bool {
    cell.trim_start().starts_with(['=', '+', '-', '@', '|', '%', '＝', '＋', '－', '＠'])
        || cell.starts_with(['\t', '\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Revision;
    use crate::flags::chain::Chain;
    use crate::flags::samples::{NOW, canary, flag, id, operator};

    #[test]
    fn what_a_spreadsheet_would_run_is_made_a_text() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\rx", "=cmd|' /C calc'!A0"] {
            let shown = quoted(cell);
            assert!(shown.starts_with("\"'"), "{cell} became {shown}");
        }
        assert_eq!(quoted("a, \"b\""), "\"a, \"\"b\"\"\"");
        assert_eq!(quoted("plain - text = fine"), "plain - text = fine");
    }

    #[test]
    fn a_line_has_a_cell_for_every_column() {
        let note = "=HYPERLINK(\"http://x\")";
        let before = flag("http-auth");
        let after = Flag { stage: canary(250), ..before.clone() };
        let line = HistoryRow {
            revision: Revision(7),
            change: Revision(7),
            at: NOW,
            component: id("http-auth"),
            before: Some(before),
            after,
            cause: operator(note),
        };
        let mut chain = Chain::new("history");
        let line = chain.add(line).expect("a line");
        let hashes = line.link().expect("a link");
        let expected = format!(
            "7,7,2027-01-15T08:00:00.000Z,http-auth,1,off,0,canary,250,operator,ada,,\"'=HYPERLINK(\"\"http://x\"\")\",{},{}\r\n",
            hashes.prev, hashes.hash
        );
        assert_eq!(csv_line(&line), expected);
        assert_eq!(CSV_HEADER.split(',').count(), 15);
    }
}
