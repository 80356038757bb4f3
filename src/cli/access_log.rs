//! `crossfade access-log`: who was let in, added, changed, revoked.

use serde_json::Value;

use super::client::Service;
use super::exit::Exit;
use super::listing::{minute, show, text};
use super::on_runtime;

/// Who was let in, added, changed, revoked: the newest first.
///
/// What was done to flags stands in their history: crossfade flags history.
#[derive(Debug, clap::Args)]
pub struct AccessLogArgs {
    #[command(flatten)]
    service: Service,
    /// Only lines before this number, to go on from the last one shown.
    #[arg(long, value_name = "NUMBER")]
    before: Option<u64>,
    /// How many.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    limit: u16,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Shows the log.
pub fn run(args: AccessLogArgs) -> Exit {
    on_runtime(read(args))
}

async fn read(args: AccessLogArgs) -> Result<Exit, Exit> {
    let before = args.before.map(|number| format!("&before={number}")).unwrap_or_default();
    let path = format!("/v1/access-log?limit={}{before}", args.limit);
    let page = args.service.client()?.read(&path).await?;
    let headers = ["number", "when", "by", "event", "about"];
    Ok(show(&page, "events", args.json, headers, |each| {
        [
            text(&each["number"]),
            minute(&each["at"]),
            text(&each["actor"]),
            text(&each["event"]).replace('_', " "),
            about(each),
        ]
    }))
}

/// The members that make this event different from others of its kind, in words.
fn about(event: &Value) -> String {
    let known = ["number", "at", "actor", "event"];
    let members = event.as_object().into_iter().flatten();
    let own = members.filter(|(name, _)| !known.contains(&name.as_str()));
    let words: Vec<String> = own.map(|(name, value)| format!("{name}={}", text(value))).collect();
    words.join(" ")
}
