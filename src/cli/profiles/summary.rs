//! One line a profile: how often it agrees, and how it does not.

use std::fmt::Write as _;

use super::outcome::Outcome;
use super::table::{Column, Table};

/// For a terminal, 80 columns wide.
pub fn text(table: &Table, place: &str) -> String {
    let mut text = format!("{}\n\n{:<22}", title(table, place), "profile");
    for outcome in Outcome::ALL {
        write!(text, "{:>width$}", outcome.head(), width = width(outcome)).ok();
    }
    for column in &table.columns {
        write!(text, "\n{:<22}", column.title()).ok();
        for outcome in Outcome::ALL {
            write!(text, "{:>width$}", column.count(outcome), width = width(outcome)).ok();
        }
    }
    text.push_str("\n\n");
    for outcome in Outcome::ALL {
        writeln!(text, "{:<9} {}", outcome.head(), outcome.meaning()).ok();
    }
    text.push_str(
        "\n--profile NAME shows every kind about which it differs, --matrix all kinds.\n",
    );
    text
}

/// A table for a ticket.
pub fn markdown(table: &Table, place: &str) -> String {
    let mut text = format!("{}\n\n", title(table, place));
    text.push_str(&counts(&table.columns));
    text.push('\n');
    for outcome in Outcome::ALL {
        writeln!(text, "- {}: {}", outcome.head(), outcome.meaning()).ok();
    }
    text
}

/// The counts alone, in Markdown.
pub fn counts(columns: &[Column]) -> String {
    let heads = Outcome::ALL.map(Outcome::head).join(" | ");
    let mut text = format!("| profile | {heads} |\n|---|{}\n", "--:|".repeat(Outcome::ALL.len()));
    for column in columns {
        let counts = Outcome::ALL.map(|outcome| column.count(outcome).to_string()).join(" | ");
        writeln!(text, "| {} | {counts} |", column.title()).ok();
    }
    text
}

fn title(table: &Table, place: &str) -> String {
    format!("Legacy profiles beside the authority: {} kinds of token, {place}.", table.rows.len())
}

fn width(outcome: Outcome) -> usize {
    outcome.head().len() + 1
}
