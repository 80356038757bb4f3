//! The table for machines.

use serde_json::{Map, Value, json};

use super::answer;
use super::outcome::Outcome;
use super::table::{Column, MOMENT, SEED, Table};

/// Everything: the kinds with the authority's answers, and each profile's counts and differences.
pub fn text(table: &Table, production: bool) -> String {
    let kinds = table.rows.iter().map(|row| {
        json!({
            "kind": row.specimen.kind,
            "honest": row.specimen.honest,
            "note": row.specimen.note,
            "ssot": answer::json(&row.ssot),
        })
    });
    let document = json!({
        "asked_at": MOMENT.rfc3339(),
        "seed": SEED,
        "production": production,
        "kinds": kinds.collect::<Value>(),
        "profiles": table.columns.iter().map(|column| profile(table, column)).collect::<Value>(),
    });
    format!("{document:#}\n")
}

fn profile(table: &Table, column: &Column) -> Value {
    let count = |outcome: Outcome| (outcome.code().to_owned(), column.count(outcome).into());
    let differences = table.rows.iter().zip(&column.cells).filter_map(|(row, cell)| {
        let outcome = cell.outcome();
        (outcome != Outcome::Match).then(|| {
            json!({
                "kind": row.specimen.kind,
                "verdict": outcome.code(),
                "legacy": answer::json(&cell.legacy),
                "ssot": answer::json(&row.ssot),
                "note": row.specimen.note,
            })
        })
    });
    json!({
        "number": column.number,
        "name": column.name,
        "counts": Outcome::ALL.into_iter().map(count).collect::<Map<String, Value>>(),
        "differences": differences.collect::<Value>(),
    })
}
