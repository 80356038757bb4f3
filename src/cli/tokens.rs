//! `crossfade tokens`: what machines show.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Subcommand;
use serde_json::{Value, json};

use super::client::Service;
use super::exit::{Exit, complain, say};
use super::listing::{hand_over, minute, show, text};
use super::on_runtime;
use super::span::parse_span;
use super::stopped::{self, Stopped};
use super::words;
use crate::access::{Name, Scope, Scopes};
use crate::domain::{Clock as _, SystemClock};
use crate::outbound::Method;

const ADVICE: &str = "The token above is shown this once; the service keeps only a hash of it. Put \
                      it where nobody else reads it: crossfade tokens make ... > file.";

/// API tokens: what pipelines, proxies and services show.
///
/// Control: read (flags, history, reports), roll-back (lower exposure), raise (raise it, release,
/// settings), admin (all that one person may do alone). Data: evaluate, decide, publish, observe.
/// A token is for control or for data, never for both.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  (umask 077; crossfade tokens make ci --scope read --scope roll-back --for 30d > ci.token)
  crossfade tokens make first --scope admin --config /etc/crossfade/crossfade.toml
  crossfade tokens revoke ci")]
pub struct TokensArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// All tokens: scopes, end, last use.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a token, and show it this once.
    Make {
        /// Stands in the history as token:NAME.
        #[arg(value_parser = words::name)]
        name: Name,
        /// What it is for; give it more than once for more.
        #[arg(long = "scope", required = true, value_parser = words::scope)]
        scopes: Vec<Scope>,
        /// How long: 90d, 12h, 30m; at most 400 days.
        #[arg(long = "for", value_name = "SPAN", default_value = "90d", value_parser = parse_span)]
        valid_for: Duration,
        /// Change the data directory of a stopped service; this is its configuration.
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Revoke a token; the next request with it is refused.
    Revoke {
        /// The token's name.
        #[arg(value_parser = words::name)]
        name: Name,
    },
}

/// Runs one verb.
pub fn run(args: TokensArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: TokensArgs) -> Result<Exit, Exit> {
    let service = &args.service;
    match args.verb {
        Verb::List { json } => {
            let list = service.client()?.read("/v1/tokens").await?;
            let headers = ["name", "scopes", "made by", "ends", "last used", ""];
            Ok(show(&list, "tokens", json, headers, row))
        }
        Verb::Make { name, scopes, valid_for, config, json } => {
            let scopes = Scopes::new(scopes).map_err(|wrong| complain(Exit::Usage, wrong))?;
            let made = if let Some(file) = service.or_stopped(config.as_deref())? {
                make_stopped(file, name, scopes, valid_for).await?
            } else {
                let valid_for_s = valid_for.as_secs();
                let body = json!({ "name": name, "scopes": scopes, "valid_for_s": valid_for_s });
                service.client()?.make("/v1/tokens", &body).await?
            };
            Ok(hand_over(&made, "token", json, ADVICE))
        }
        Verb::Revoke { name } => {
            let path = format!("/v1/tokens/{name}");
            service.client()?.done(Method::Delete, &path, None).await?;
            say(format_args!("token {name} is revoked"));
            Ok(Exit::Fine)
        }
    }
}

async fn make_stopped(
    file: &Path,
    name: Name,
    scopes: Scopes,
    valid_for: Duration,
) -> Result<Value, Exit> {
    let stopped = Stopped::open(file).await?;
    let expires_at = SystemClock.now().plus(valid_for);
    let made = stopped.access.tokens.make(&stopped::pass()?, name, scopes, expires_at).await;
    stopped.close().await?;
    let made = made.map_err(stopped::refused)?;
    let (token, view) = (made.secret.reveal(), &made.view);
    Ok(json!({
        "token": token,
        "name": view.name,
        "scopes": view.scopes,
        "expires_at": view.expires_at,
    }))
}

fn row(token: &Value) -> [String; 6] {
    let scopes: Vec<String> = token["scopes"].as_array().into_iter().flatten().map(text).collect();
    let mark = if token["configured"] == true { "in the configuration" } else { "" };
    [
        text(&token["name"]),
        scopes.join(" "),
        text(&token["made_by"]),
        minute(&token["expires_at"]),
        minute(&token["last_used"]),
        mark.to_owned(),
    ]
}
