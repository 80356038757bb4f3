//! `crossfade operators`: the people who may do something.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::{Client, Service};
use super::exit::{Exit, say};
use super::listing::{hand_over, minute, show, text};
use super::stopped::{self, Stopped};
use super::{on_runtime, words};
use crate::access::{Name, Role};
use crate::outbound::Method;

const ADVICE: &str = "The link above sets the operator's password, once and soon. Hand it \
                      over where only the operator reads it, and let it be opened in a browser.";

/// The people who may look, and turn things: who they are, their roles, their sessions.
///
/// A viewer reads. An operator also lowers exposure: rolls back, holds, releases. A promoter also
/// raises it and changes settings. An admin also forces changes together with a second admin, and
/// manages operators and tokens.
///
/// Nobody types a password here: a new operator gets a link, opens it in a browser and chooses
/// one. A lost password is a new link.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade operators add ada --role operator
  crossfade operators link ada | wl-copy
  crossfade operators add root2 --role admin --config /etc/crossfade/crossfade.toml

The last one needs no token, and a stopped service: it is the way back in when no admin is left.")]
pub struct OperatorsArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Everybody: role, last request, sessions.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Add an operator, and show the link that sets a password.
    Add {
        /// 1 to 64 of a-z, 0-9, ., _, - and @.
        #[arg(value_parser = words::name)]
        name: Name,
        /// What the operator may do.
        #[arg(long, value_parser = words::role)]
        role: Role,
        #[command(flatten)]
        form: Form,
    },
    /// Give an operator another role; it holds for the next request.
    Role {
        /// The operator.
        #[arg(value_parser = words::name)]
        name: Name,
        /// viewer, operator, promoter or admin.
        #[arg(value_parser = words::role)]
        role: Role,
    },
    /// Make a new setup link, for a lost password; the old password works until it is used.
    Link {
        /// The operator.
        #[arg(value_parser = words::name)]
        name: Name,
        #[command(flatten)]
        form: Form,
    },
    /// Remove an operator; sessions and links end at once.
    Remove {
        /// The operator.
        #[arg(value_parser = words::name)]
        name: Name,
    },
    /// Who is signed in, where and since when.
    Sessions {
        /// End this session instead.
        #[arg(long, value_name = "ID", value_parser = words::id)]
        end: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the change is made, and how its secret is shown.
#[derive(Debug, clap::Args)]
struct Form {
    /// Change the data directory of a stopped service; this is its configuration.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Runs one verb.
pub fn run(args: OperatorsArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: OperatorsArgs) -> Result<Exit, Exit> {
    let service = &args.service;
    match args.verb {
        Verb::List { json } => {
            let list = service.client()?.read("/v1/operators").await?;
            Ok(show(&list, "operators", json, ["name", "role", "last seen", "sessions", ""], row))
        }
        Verb::Add { name, role, form } => {
            let made = if let Some(file) = service.or_stopped(form.config.as_deref())? {
                add_stopped(file, name, role).await?
            } else {
                let body = json!({ "name": name, "role": role });
                service.client()?.make("/v1/operators", &body).await?
            };
            Ok(hand_over(&made, "url", form.json, ADVICE))
        }
        Verb::Link { name, form } => {
            let made = if let Some(file) = service.or_stopped(form.config.as_deref())? {
                link_stopped(file, name).await?
            } else {
                let path = format!("/v1/operators/{name}/link");
                service.client()?.make(&path, &json!({})).await?
            };
            Ok(hand_over(&made, "url", form.json, ADVICE))
        }
        Verb::Role { name, role } => {
            let path = format!("/v1/operators/{name}");
            let body = json!({ "role": role });
            service.client()?.done(Method::Put, &path, Some(&body)).await?;
            say(format_args!("{name} is {} now", role.as_str()));
            Ok(Exit::Fine)
        }
        Verb::Remove { name } => {
            let path = format!("/v1/operators/{name}");
            service.client()?.done(Method::Delete, &path, None).await?;
            say(format_args!("{name} is removed, and signed out everywhere"));
            Ok(Exit::Fine)
        }
        Verb::Sessions { end, json } => sessions(&service.client()?, end, json).await,
    }
}

async fn sessions(client: &Client, end: Option<String>, as_json: bool) -> Result<Exit, Exit> {
    if let Some(id) = end {
        client.done(Method::Delete, &format!("/v1/sessions/{id}"), None).await?;
        say(format_args!("session {id} has ended"));
        return Ok(Exit::Fine);
    }
    let list = client.read("/v1/sessions").await?;
    let headers = ["id", "name", "since", "last seen", "from", "browser"];
    Ok(show(&list, "sessions", as_json, headers, |each| {
        [
            text(&each["id"]),
            text(&each["name"]),
            minute(&each["began_at"]),
            minute(&each["last_seen"]),
            text(&each["address"]),
            text(&each["agent"]).chars().take(40).collect(),
        ]
    }))
}

async fn add_stopped(file: &Path, name: Name, role: Role) -> Result<Value, Exit> {
    let stopped = Stopped::open(file).await?;
    let added = stopped.access.people.add(&stopped::pass()?, name.clone(), role).await;
    invitation(stopped, &name, added).await
}

async fn link_stopped(file: &Path, name: Name) -> Result<Value, Exit> {
    let stopped = Stopped::open(file).await?;
    let made = stopped.access.people.new_link(&stopped::pass()?, &name).await;
    invitation(stopped, &name, made).await
}

/// The same words as those of a running service.
async fn invitation(
    stopped: Stopped,
    name: &Name,
    link: Result<crate::access::SetupLink, crate::access::AccessError>,
) -> Result<Value, Exit> {
    let url = link.as_ref().ok().map(|link| stopped.public_url.setup_link(&link.secret));
    stopped.close().await?;
    let link = link.map_err(stopped::refused)?;
    Ok(json!({ "name": name, "url": url, "expires_at": link.expires_at }))
}

fn row(operator: &Value) -> [String; 5] {
    let mark = match (operator["foreign"] == true, operator["has_password"] == true) {
        (true, _) => "by identity provider",
        (false, false) => "has no password yet",
        (false, true) => "",
    };
    [
        text(&operator["name"]),
        text(&operator["role"]),
        minute(&operator["last_seen"]),
        text(&operator["sessions"]),
        mark.to_owned(),
    ]
}
