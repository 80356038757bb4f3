//! All kinds as rows, profiles as columns, one letter a verdict.

use std::fmt::Write as _;

use super::outcome::Outcome;
use super::table::{Column, Table};

/// Letters of a column's head, one below the other.
const HEAD: usize = 3;

/// The legend and the table.
pub fn text(table: &Table, place: &str) -> String {
    let mut text = format!(
        "Legacy profiles beside the authority: {} kinds of token, {place}.\n\n",
        table.rows.len()
    );
    for outcome in Outcome::ALL {
        writeln!(text, "{}  {}", outcome.letter(), outcome.meaning()).ok();
    }
    text.push_str("+  the authority lets this kind in; all others it refuses\n\n");
    for column in &table.columns {
        writeln!(text, "{}  {}", head(column), column.name).ok();
    }
    let kinds = table.rows.iter().map(|row| row.specimen.kind.len());
    let width = kinds.max().unwrap_or_default();
    for line in 0..HEAD {
        let letters = table.columns.iter().filter_map(|column| head(column).chars().nth(line));
        write!(text, "\n{:width$}  ", "").ok();
        push_spaced(&mut text, letters);
    }
    for (number, row) in table.rows.iter().enumerate() {
        let mark = if row.specimen.honest { '+' } else { ' ' };
        write!(text, "\n{:<width$} {mark}", row.specimen.kind).ok();
        let cells = table.columns.iter().filter_map(|column| column.cells.get(number));
        push_spaced(&mut text, cells.map(|cell| cell.outcome().letter()));
    }
    text.push('\n');
    text
}

fn push_spaced(text: &mut String, letters: impl Iterator<Item = char>) {
    for letter in letters {
        text.push(' ');
        text.push(letter);
    }
}

/// The number, or the first letters of the name.
fn head(column: &Column) -> String {
    let name = column.number.as_deref().unwrap_or(&column.name);
    let letters: String = name.chars().take(HEAD).collect();
    format!("{letters:<HEAD$}")
}
