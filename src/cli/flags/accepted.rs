//! `crossfade flags accepted`: what is accepted, and for how long still.

use clap::Subcommand;
use serde_json::Value;

use super::{Client, read, table_of, text};
use crate::cli::exit::{Exit, say};

/// Verbs about accepted differences.
#[derive(Debug, Subcommand)]
pub enum AcceptedVerb {
    /// Every accepted difference, those that end first before the others.
    Accepted {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one of them.
pub async fn act(client: &Client, verb: AcceptedVerb) -> Result<Exit, Exit> {
    let AcceptedVerb::Accepted { json } = verb;
    let list = read(client, "/v1/accepted").await?.json();
    if json {
        say(format_args!("{list:#}"));
        return Ok(Exit::Fine);
    }
    let mut rows = table_of(["component", "name", "class", "used", "state", "ends", "owner"]);
    for row in list["accepted"].as_array().into_iter().flatten() {
        rows.add_row([
            text(&row["component"]),
            text(&row["name"]),
            text(&row["class"]),
            used(row),
            text(&row["state"]),
            ends(row),
            text(&row["owner"]),
        ]);
    }
    say(&rows);
    Ok(Exit::Fine)
}

/// `12`, or `12 (3 over rate)`.
fn used(row: &Value) -> String {
    match row["over_rate"].as_u64() {
        None | Some(0) => text(&row["used"]),
        Some(over) => format!("{} ({over} over rate)", text(&row["used"])),
    }
}

/// The time left in the largest unit that fits: `in 13d`, `in 5h`, `2d ago`.
fn ends(row: &Value) -> String {
    let seconds = row["expires_in"].as_i64().unwrap_or_default();
    let length = match seconds.unsigned_abs() {
        seconds @ 0..3_600 => format!("{}m", seconds / 60),
        seconds @ 3_600..86_400 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    };
    if seconds > 0 { format!("in {length}") } else { format!("{length} ago") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_left_is_shown_in_a_unit_that_fits() {
        let shown = [1_209_599, 90_000, 7_199, 59, 0, -200_000];
        let shown = shown.map(|seconds| ends(&json!({ "expires_in": seconds })));
        assert_eq!(shown, ["in 13d", "in 1d", "in 1h", "in 0m", "0m ago", "2d ago"]);
    }

    #[test]
    fn what_is_over_the_rate_is_not_hidden() {
        assert_eq!(used(&json!({ "used": 12, "over_rate": 0 })), "12");
        assert_eq!(used(&json!({ "used": 12, "over_rate": 3 })), "12 (3 over rate)");
    }
}
