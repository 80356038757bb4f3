//! `crossfade links`: buttons for messages and runbooks.

use std::time::Duration;

use clap::Subcommand;
use serde_json::json;

use super::client::Service;
use super::exit::Exit;
use super::listing::hand_over;
use super::span::parse_span;
use super::{on_runtime, words};

const ADVICE: &str = "Whoever has the link above can do this one thing, once. Send it where only \
                      those read who may; its secret stands behind # and reaches no log.";

/// Links that do one thing, once: a button for a message or a runbook.
///
/// A link does what its maker may do, as long as its maker still may. Opening it shows a page;
/// only the button on it acts, so that previews of chat programs press nothing.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade links make roll-back http-auth --for 8h
  crossfade links make hold http-auth")]
pub struct LinksArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Make a link, and show it this once.
    Make {
        /// What the link does.
        #[arg(value_enum)]
        action: Action,
        /// A component, or for approve the id of the approval.
        #[arg(value_parser = words::id)]
        of: String,
        /// How long: 8h, 15m [default: as configured].
        #[arg(long = "for", value_name = "SPAN", value_parser = parse_span)]
        valid_for: Option<Duration>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Action {
    /// Puts a component, and what requires it, back on legacy.
    RollBack,
    /// Holds a component where it is.
    Hold,
    /// Leads a second person to an approval; grants nothing by itself.
    Approve,
}

/// Runs one verb.
pub fn run(args: LinksArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: LinksArgs) -> Result<Exit, Exit> {
    let Verb::Make { action, of, valid_for, json } = args.verb;
    let action = match action {
        Action::RollBack => json!({ "do": "roll_back", "component": of }),
        Action::Hold => json!({ "do": "hold", "component": of }),
        Action::Approve => json!({ "do": "approve", "approval": of }),
    };
    let mut body = json!({ "action": action });
    if let Some(span) = valid_for {
        body["valid_for_s"] = span.as_secs().into();
    }
    let made = args.service.client()?.make("/v1/links", &body).await?;
    Ok(hand_over(&made, "url", json, ADVICE))
}
