//! Every kind about which a profile differs.

use std::fmt::Write as _;

use super::outcome::Outcome;
use super::table::{Cell, Column, Row, Table};
use super::{answer, summary};

/// For a terminal, 80 columns wide.
pub fn text(table: &Table, place: &str) -> String {
    let mut text = String::new();
    for column in &table.columns {
        let (all, matching) = (table.rows.len(), column.count(Outcome::Match));
        let title = column.title();
        writeln!(text, "{title} {place}: agrees about {matching} of {all} kinds.").ok();
        for outcome in Outcome::ALL.into_iter().skip(1) {
            let differing: Vec<_> = of(table, column, outcome).collect();
            if differing.is_empty() {
                continue;
            }
            let count = differing.len();
            writeln!(text, "\n{} ({count}): {}", outcome.head(), outcome.meaning()).ok();
            for (row, cell) in differing {
                let (legacy, ssot) = both(row, cell);
                writeln!(text, "  {:<26}{}", row.specimen.kind, row.specimen.note).ok();
                writeln!(text, "    legacy {legacy}, ssot {ssot}").ok();
            }
        }
    }
    text
}

/// A table for a ticket.
pub fn markdown(table: &Table, place: &str) -> String {
    let mut text = format!("{} kinds of token, {place}.\n\n", table.rows.len());
    text.push_str(&summary::counts(&table.columns));
    for column in &table.columns {
        text.push_str("\n| verdict | kind | legacy | ssot | about |\n|---|---|---|---|---|\n");
        for outcome in Outcome::ALL.into_iter().skip(1) {
            for (row, cell) in of(table, column, outcome) {
                let (legacy, ssot) = both(row, cell);
                let (kind, note) = (row.specimen.kind, row.specimen.note.replace('|', "\\|"));
                let verdict = outcome.head();
                writeln!(text, "| {verdict} | {kind} | {legacy} | {ssot} | {note} |").ok();
            }
        }
    }
    text
}

fn of<'t>(
    table: &'t Table,
    column: &'t Column,
    outcome: Outcome,
) -> impl Iterator<Item = (&'t Row, &'t Cell)> {
    table.rows.iter().zip(&column.cells).filter(move |(_, cell)| cell.outcome() == outcome)
}

fn both(row: &Row, cell: &Cell) -> (String, String) {
    let outcome = cell.outcome();
    (answer::words(&cell.legacy, outcome), answer::words(&row.ssot, outcome))
}
