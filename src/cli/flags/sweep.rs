//! `crossfade flags kill` and `crossfade flags rollback`: back to legacy, at once and unasked.

use clap::Subcommand;
use serde_json::{Value, json};

use super::{ComponentArg, report, share_of};
use crate::cli::client::{Client, Reply};
use crate::cli::exit::{Exit, complain, say, tell};
use crate::cli::listing::text;
use crate::outbound::Method;

#[derive(Debug, Subcommand)]
pub(super) enum SweepVerb {
    /// The kill switch: put every component back on legacy at once.
    ///
    /// Does what it says without a question. A component whose legacy has not answered within the
    /// last minute is left alone and told, and the exit code is 1.
    #[command(after_help = "Examples:
  crossfade flags kill --note 'everybody is logged out'
  crossfade flags kill --off --note 'the shadows are too much for the database'")]
    Kill {
        /// Do not even ask ssot afterwards.
        #[arg(long)]
        off: bool,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
        /// Ask for a second person about what is left alone.
        #[arg(long)]
        force: bool,
        /// Accepted, and not needed: there is no question.
        #[arg(long, hide = true)]
        yes: bool,
    },
    /// Put a component, a phase or all of them, with whatever requires them, back on legacy at once.
    #[command(after_help = "Examples:
  crossfade flags rollback http-auth --note 'users are logged out'
  crossfade flags rollback --phase 2 --note 'sockets drop'
  crossfade flags rollback --all")]
    Rollback {
        /// The component, such as http-auth.
        #[arg(required_unless_present_any = ["phase", "all"])]
        component: Option<ComponentArg>,
        /// The phase: 1, 2 or 3.
        #[arg(long, conflicts_with_all = ["component", "all"],
              value_parser = clap::value_parser!(u8).range(1..=3))]
        phase: Option<u8>,
        /// Every component: the kill switch.
        #[arg(long, conflicts_with = "component")]
        all: bool,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
        /// Ask for a second person about what is left alone; with --phase or --all.
        #[arg(long, conflicts_with = "component")]
        force: bool,
    },
}

pub(super) async fn act(client: &Client, verb: SweepVerb) -> Result<Exit, Exit> {
    match verb {
        SweepVerb::Kill { off, note, force, yes: _ } => {
            let to = if off { "off" } else { "shadow" };
            let wish = json!({ "to": to, "note": note, "force": force });
            swept(&client.send_json(Method::Post, "/v1/kill", None, &wish).await?)
        }
        SweepVerb::Rollback { component: Some(ComponentArg(id)), note, .. } => {
            let path = format!("/v1/flags/{id}/rollback");
            report(&client.send_json(Method::Post, &path, None, &json!({ "note": note })).await?)
        }
        SweepVerb::Rollback { component: None, phase, all: _, note, force } => {
            let path = phase.map_or_else(
                || "/v1/kill".to_owned(),
                |phase| format!("/v1/phases/{phase}/rollback"),
            );
            let wish = json!({ "note": note, "force": force });
            swept(&client.send_json(Method::Post, &path, None, &wish).await?)
        }
    }
}

/// Says what moved and what did not.
fn swept(reply: &Reply) -> Result<Exit, Exit> {
    if !matches!(reply.status, 200 | 202) {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let answer = reply.json();
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    for moved in list("moved") {
        let (from, to) = (stage_of(&moved["from"]), stage_of(&moved["to"]));
        let (component, revision) = (text(&moved["component"]), text(&moved["revision"]));
        say(format_args!("{component} is at {to} (was {from}), revision {revision}, latched"));
    }
    let left = list("not_moved");
    for stays in &left {
        let (component, why) = (text(&stays["component"]), text(&stays["why"]));
        say(format_args!("{component} stays at {}: {why}", stage_of(stays)));
    }
    if list("moved").is_empty() && left.is_empty() {
        say("nothing to move: legacy serves already");
    }
    if let Some(id) = answer["second_person"]["id"].as_str() {
        let until = text(&answer["second_person"]["expires_at"]);
        tell(format_args!(
            "asked for the rest; a second person approves {id} in the browser until {until}"
        ));
    }
    if let Some(problem) = answer["second_person_refused"].as_str() {
        tell(format_args!("no second person was asked about the rest: {problem}"));
    }
    Ok(if left.is_empty() { Exit::Fine } else { Exit::Found })
}

fn stage_of(stage: &Value) -> String {
    match stage["stage"].as_str() {
        Some("canary") => format!("canary {}", share_of(stage)),
        Some(name) => name.to_owned(),
        None => String::new(),
    }
}
