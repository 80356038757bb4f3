//! `crossfade approvals`: what waits for a second person.

use clap::Subcommand;

use super::client::Service;
use super::exit::Exit;
use super::listing::{minute, show, text};
use super::on_runtime;

/// What waits for a second person.
///
/// Some changes take two admins: one asks, another one approves. Approving and rejecting is for
/// people who have signed in, in the browser, on the page /approvals: a token is no person, so
/// there is no verb for it here.
#[derive(Debug, clap::Args)]
pub struct ApprovalsArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// What is asked for, by whom, until when.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Runs one verb.
pub fn run(args: ApprovalsArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: ApprovalsArgs) -> Result<Exit, Exit> {
    let Verb::List { json } = args.verb;
    let list = args.service.client()?.read("/v1/approvals").await?;
    let headers = ["id", "what", "asked by", "until", "note"];
    Ok(show(&list, "approvals", json, headers, |each| {
        [
            text(&each["id"]),
            text(&each["summary"]),
            text(&each["asked_by"]),
            minute(&each["expires_at"]),
            text(&each["note"]),
        ]
    }))
}
