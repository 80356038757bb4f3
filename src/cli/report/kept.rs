//! Reports that the service keeps.

use serde_json::Value;

use super::super::client::Client;
use super::super::exit::Exit;
use super::super::listing::{minute, show as show_list, text};
use super::{FormArgs, hand_over};

/// Lists them, newest first.
pub(super) async fn list(
    client: &Client,
    before: Option<String>,
    json: bool,
) -> Result<Exit, Exit> {
    let before = before.map(|id| format!("&before={}", plain(&id))).unwrap_or_default();
    let list = client.read(&format!("/v1/reports?limit=500{before}")).await?;
    let headers = ["id", "about", "from", "to", "why", "by", ""];
    Ok(show_list(&list, "reports", json, headers, row))
}

fn row(entry: &Value) -> [String; 7] {
    let occasion = &entry["occasion"];
    let why = match occasion["kind"].as_str() {
        Some("schedule") => text(&occasion["line"]),
        Some("stage_exit") => {
            format!("{} {}", text(&occasion["component"]), text(&occasion["what"]))
        }
        Some(_) | None => "asked for".to_owned(),
    };
    [
        text(&entry["id"]),
        text(&entry["scope"]),
        minute(&entry["period"]["from"]),
        minute(&entry["period"]["to"]),
        why,
        text(&entry["made_by"]),
        if entry["alarm"] == true { "security alarm".to_owned() } else { String::new() },
    ]
}

/// Shows one.
pub(super) async fn show(client: &Client, id: &str, form: &FormArgs) -> Result<Exit, Exit> {
    let path = format!("/v1/reports/{}?format=", plain(id));
    let format = form.format.as_str();
    let reply = client.get(&format!("{path}{format}"), form.format.media_type()).await?;
    hand_over(client, reply, &format!("{path}json"), form).await
}

/// What of a text can be an id; the service says that there is no such report.
fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).collect()
}
