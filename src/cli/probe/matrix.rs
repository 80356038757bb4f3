//! `crossfade probe --matrix`: does each side let in what the other signs?

use serde_json::{Value, json};

use crate::cli::client::Client;
use crate::cli::exit::{Exit, complain, say};
use crate::cli::listing::{table_of, text};
use crate::outbound::Method;

/// Has it judged, and shows it.
pub(super) async fn judge(client: &Client, as_json: bool) -> Result<Exit, Exit> {
    let reply = client.send_json(Method::Post, "/v1/matrix", None, &json!({})).await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let matrix = reply.json();
    if as_json {
        say(format_args!("{matrix:#}"));
    } else {
        show(&matrix);
    }
    match matrix["signs_out"].as_str() {
        Some(why) => Err(complain(Exit::Found, why)),
        None => Ok(Exit::Fine),
    }
}

fn show(matrix: &Value) {
    let mut table = table_of(["component", "kind", "signed by", "shown to", "", "why"]);
    for cell in matrix["cells"].as_array().into_iter().flatten() {
        let why = if cell["reason"].is_null() { &cell["why"] } else { &cell["reason"] };
        table.add_row([
            text(&cell["component"]),
            text(&cell["kind"]),
            text(&cell["signs"]),
            text(&cell["verifies"]),
            text(&cell["outcome"]).replace('_', " "),
            text(why),
        ]);
    }
    say(&table);
}
