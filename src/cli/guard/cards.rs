//! `crossfade guard cards` and `card`: why the guard ruled as it did.

use serde_json::Value;

use super::explain::{number, stage};
use crate::cli::client::Client;
use crate::cli::exit::{Exit, say};
use crate::cli::listing::{minute, show as show_list, text};
use crate::cli::words;
use crate::domain::ComponentId;

/// What the guard has done, or would have: the newest first.
#[derive(Debug, clap::Args)]
pub struct CardsArgs {
    /// Of this component only.
    #[arg(long, value_parser = words::component)]
    component: Option<ComponentId>,
    /// Only cards older than this one, to go on from the last one shown.
    #[arg(long, value_name = "ID", value_parser = words::id)]
    before: Option<String>,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// One decision card: counts, how the evidence came about, and what would have happened without it.
#[derive(Debug, clap::Args)]
pub struct CardArgs {
    /// The id of the card.
    #[arg(value_parser = words::id)]
    id: String,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Lists cards.
pub(super) async fn list(client: &Client, wish: &CardsArgs) -> Result<Exit, Exit> {
    let of = |name: &str, value: Option<String>| {
        value.map(|value| format!("&{name}={value}")).unwrap_or_default()
    };
    let component = of("component", wish.component.as_ref().map(ToString::to_string));
    let before = of("before", wish.before.clone());
    let path = format!("/v1/guard/cards?limit={}{component}{before}", wish.limit);
    let page = client.read(&path).await?;
    let headers = ["card", "when", "component", "what", "why"];
    Ok(show_list(&page, "cards", wish.json, headers, |card| {
        [
            text(&card["id"]),
            minute(&card["at"]),
            text(&card["component"]),
            deed(&card["deed"]),
            found(card).into_iter().next().unwrap_or_default(),
        ]
    }))
}

/// Shows one.
pub(super) async fn show(client: &Client, wish: &CardArgs) -> Result<Exit, Exit> {
    let card = client.read(&format!("/v1/guard/cards/{}", wish.id)).await?;
    if wish.json {
        say(format_args!("{card:#}"));
    } else {
        say(told(&card));
    }
    Ok(Exit::Fine)
}

/// What became of a ruling, in words.
fn deed(deed: &Value) -> String {
    match deed["deed"].as_str() {
        Some("rolled_back") if deed["durable"] == false => "rolled back, NOT on disk".to_owned(),
        Some(name) => name.replace('_', " "),
        None => text(deed),
    }
}

fn found(card: &Value) -> Vec<String> {
    let found = card["found"].as_array().into_iter().flatten();
    found.map(|found| format!("{}: {}", text(&found["rule"]), text(&found["what"]))).collect()
}

/// A card in words: what, why, how it came about, and what it was worth.
fn told(card: &Value) -> String {
    let mut lines = vec![format!(
        "{}: {} at {}, from {}, flag revision {}",
        text(&card["component"]),
        deed(&card["deed"]),
        text(&card["at"]),
        stage(&card["stage"]),
        text(&card["revision"])
    )];
    lines.extend(found(card).into_iter().map(|found| format!("  {found}")));
    if let Some(microseconds) = card["published_after_us"].as_u64() {
        lines.push(format!(
            "published {microseconds} microseconds after the failure that crossed the line was \
             recorded"
        ));
    }
    lines.extend(without(&card["without"]));
    lines.push(format!(
        "attempt {} since {}; {} observations unseen since the start",
        text(&card["attempt"]),
        minute(&card["attempt_since"]),
        text(&card["unseen"])
    ));
    for standing in card["standings"].as_array().into_iter().flatten() {
        let armed = standing["unarmed"].as_str().map(|why| format!("not armed: {why}"));
        let seen = armed.unwrap_or_else(|| text(&standing["seen"]));
        let value = match &standing["value"] {
            Value::Null => String::new(),
            value => format!(" ({} of {})", number(value), number(&standing["acts_at"])),
        };
        lines.push(format!("  {}{value}: {seen}", text(&standing["rule"])));
    }
    let path = card["path"].as_array().map(Vec::as_slice).unwrap_or_default();
    if !path.is_empty() {
        lines.push("how it came about (failures, the latest last):".to_owned());
    }
    lines.extend(path.iter().map(|point| {
        let (at, trials) = (text(&point["at"]), text(&point["ssot_trials"]));
        format!("  {at}  {trials} trials of ssot  {}", number(&point["value"]))
    }));
    let samples: Vec<String> = card["samples"].as_array().into_iter().flatten().map(text).collect();
    if !samples.is_empty() {
        lines.push(format!("samples: {}", samples.join(", ")));
    }
    lines.join("\n")
}

fn without(without: &Value) -> Option<String> {
    let people = without["people_per_hour"].as_f64()?;
    let rate = without["failure_rate"].as_f64().unwrap_or_default() * 100.0;
    let trials = without["trials_per_minute"].as_f64().unwrap_or_default();
    Some(format!(
        "without it about {people:.0} people an hour would have failed ({rate:.2} % of \
         {trials:.0} trials a minute)"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_card_tells_what_was_done_why_and_what_it_was_worth() {
        let card = json!({
            "id": "7", "component": "http-auth", "at": "2027-01-15T08:00:00.250Z",
            "found": [{ "rule": "error_rate", "what": "12 of 240 trials of ssot failed" }],
            "deed": { "deed": "rolled_back", "revision": 9, "durable": true },
            "stage": { "stage": "canary", "share": 500 }, "revision": 8, "attempt": 1,
            "attempt_since": "2027-01-15T07:00:00Z",
            "standings": [{ "rule": "error_rate", "unarmed": null, "value": 4000.0,
                            "acts_at": 3333.3, "seen": "12 of 240", "finds": "x" },
                          { "rule": "sockets", "unarmed": "no data source", "value": null,
                            "acts_at": null, "seen": "", "finds": null }],
            "path": [{ "at": "2027-01-15T08:00:00.250Z", "ssot_trials": 240, "value": 4000.0 }],
            "samples": ["r-1", "r-2"],
            "without": { "failure_rate": 0.05, "trials_per_minute": 600.0,
                         "people_per_hour": 1800.0 },
            "published_after_us": 180, "unseen": 0,
        });
        let told = told(&card);
        for part in [
            "http-auth: rolled back at 2027-01-15T08:00:00.250Z, from canary 5 %",
            "  error_rate: 12 of 240 trials of ssot failed",
            "published 180 microseconds after",
            "about 1800 people an hour would have failed (5.00 % of 600 trials a minute)",
            "error_rate (4000.00 of 3333.30): 12 of 240",
            "sockets: not armed: no data source",
            "samples: r-1, r-2",
        ] {
            assert!(told.contains(part), "{part:?} in {told}");
        }
    }

    #[test]
    fn a_rollback_that_a_restart_may_forget_is_told_as_such() {
        let of = |durable: bool| deed(&json!({ "deed": "rolled_back", "durable": durable }));
        assert_eq!(
            (of(true).as_str(), of(false).as_str()),
            ("rolled back", "rolled back, NOT on disk")
        );
        assert_eq!(deed(&json!({ "deed": "would_have_rolled_back" })), "would have rolled back");
    }
}
