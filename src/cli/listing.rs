//! Tables and fields for people, and secrets for whoever asked for them.

use comfy_table::{Table, presets};
use serde_json::Value;

use super::exit::{Exit, say, tell};

/// A table without lines.
pub fn table_of<const N: usize>(headers: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headers);
    table
}

/// A value as text; nothing for `null`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A moment to the minute: nobody waits for the second.
pub fn minute(value: &Value) -> String {
    let text = text(value);
    text.get(..16).map_or(text.clone(), |minute| format!("{}Z", minute.replace('T', " ")))
}

/// Shows the rows of a list, or all of it as JSON.
pub fn show<const N: usize>(
    list: &Value,
    member: &str,
    as_json: bool,
    headers: [&str; N],
    row: impl Fn(&Value) -> [String; N],
) -> Exit {
    if as_json {
        say(format_args!("{list:#}"));
        return Exit::Fine;
    }
    let mut table = table_of(headers);
    for each in list[member].as_array().into_iter().flatten() {
        table.add_row(row(each));
    }
    say(&table);
    Exit::Fine
}

/// Shows what is shown once: the secret alone on standard output, for whoever pipes it, and what
/// to do with it on standard error. With `as_json` everything as JSON.
pub fn hand_over(made: &Value, secret: &str, as_json: bool, advice: &str) -> Exit {
    if as_json {
        say(format_args!("{made:#}"));
    } else {
        say(text(&made[secret]));
        tell(advice);
    }
    Exit::Fine
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_moment_is_shown_to_the_minute_and_its_absence_as_nothing() {
        assert_eq!(minute(&json!("2026-11-24T14:42:28.144Z")), "2026-11-24 14:42Z");
        assert_eq!(minute(&Value::Null), "");
    }
}
