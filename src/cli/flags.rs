//! `crossfade flags`: the flag table of a running service.

mod accepted;
mod document;
mod export;
mod past;
mod plan;
mod segments;
mod sweep;
mod targeting;
mod verify;

use clap::Subcommand;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::client::{Client, Reply, Service};
use super::exit::{Exit, complain, say, tell};
use super::runtime;
use crate::domain::{ComponentId, Share};
use crate::outbound::Method;

/// Look at the flag table of a running service, and move it.
///
/// Exit code 1 when the service refuses a move: the component is latched, the stage would be
/// skipped, somebody was faster.
#[derive(Debug, clap::Args)]
pub struct FlagsArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    #[command(flatten)]
    Plan(plan::PlanVerbs),
    /// All components: stage, share, revision.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// One flag, as JSON.
    Show {
        /// The component, such as http-auth.
        component: ComponentArg,
    },
    /// Move a component one stage forward, or any number back.
    #[command(after_help = "Examples:
  crossfade flags set http-auth shadow --note 'first look'
  crossfade flags set http-auth canary --share 10% --note 'a week without differences'
  crossfade flags set http-auth live --note 'certified'")]
    Set {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// off, shadow, canary, live, sealed or complete.
        stage: String,
        /// Part of traffic on ssot, with canary: 0.5%, 10%, 100%.
        #[arg(long, value_parser = percent)]
        share: Option<Share>,
        /// Change it only at this revision [default: the one it has now].
        #[arg(long)]
        revision: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    #[command(flatten)]
    Sweep(sweep::SweepVerb),
    #[command(flatten)]
    Document(document::DocumentVerb),
    /// Keep a component from being raised until it is released; what serves goes on.
    Hold {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// Why; required.
        #[arg(long)]
        note: String,
    },
    /// Let a rolled-back or held component try again, after its cool-down.
    Release {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// Why it may try again; required.
        #[arg(long)]
        note: String,
    },
    #[command(flatten)]
    Past(past::PastVerb),
    #[command(flatten)]
    Targeting(targeting::TargetingVerb),
    #[command(flatten)]
    Accepted(accepted::AcceptedVerb),
}

/// A component id on the command line.
#[derive(Clone, Debug)]
struct ComponentArg(ComponentId);

impl std::str::FromStr for ComponentArg {
    type Err = crate::domain::IdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ComponentId::parse(text).map(Self)
    }
}

fn percent(text: &str) -> Result<Share, String> {
    Share::parse_percent(text).ok_or_else(|| "a share is 0 to 100 %, like 0.5% or 10%".to_owned())
}

/// Runs one verb.
pub fn run(args: FlagsArgs) -> Exit {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Failed, error),
    };
    runtime.block_on(act(args)).unwrap_or_else(|exit| exit)
}

async fn act(args: FlagsArgs) -> Result<Exit, Exit> {
    if let Verb::Past(past::PastVerb::Verify(verify)) = &args.verb
        && let Some(exit) = verify.without_service().await
    {
        return exit;
    }
    let client = args.service.client()?;
    match args.verb {
        Verb::Plan(verb) => plan::act(&client, verb).await,
        Verb::Accepted(verb) => accepted::act(&client, verb).await,
        Verb::List { json } => list(&client, json).await,
        Verb::Show { component: ComponentArg(id) } => {
            say(format_args!("{:#}", read(&client, &format!("/v1/flags/{id}")).await?.json()));
            Ok(Exit::Fine)
        }
        Verb::Set { component: ComponentArg(id), stage, share, revision, note } => {
            let path = format!("/v1/flags/{id}");
            let etag = match revision {
                Some(revision) => format!("\"{revision}\""),
                None => read(&client, &path).await?.etag.unwrap_or_default(),
            };
            let mut body = json!({ "stage": stage, "note": note });
            if let Some(share) = share {
                body["share"] = share.basis_points().into();
            }
            let reply = client.send_json(Method::Put, &path, Some(&etag), &body).await?;
            if is_not_cleared(&reply) {
                tell(format_args!("`crossfade guard explain {id}` tells what the guard has seen"));
            }
            report(&reply)
        }
        Verb::Sweep(verb) => sweep::act(&client, verb).await,
        Verb::Document(verb) => document::act(&client, verb).await,
        Verb::Hold { component: ComponentArg(id), note } => {
            let path = format!("/v1/flags/{id}/hold");
            report(&client.send_json(Method::Post, &path, None, &json!({ "note": note })).await?)
        }
        Verb::Release { component: ComponentArg(id), note } => {
            let path = format!("/v1/flags/{id}/release");
            report(&client.send_json(Method::Post, &path, None, &json!({ "note": note })).await?)
        }
        Verb::Past(verb) => past::act(&client, verb).await,
        Verb::Targeting(verb) => targeting::act(&client, verb).await,
    }
}

/// True where the guard holds a component, or has no certificate for it.
fn is_not_cleared(reply: &Reply) -> bool {
    reply.json()["type"].as_str().is_some_and(|kind| kind.ends_with(":not-cleared"))
}

async fn read(client: &Client, path: &str) -> Result<Reply, Exit> {
    let reply = client.get(path, "application/json").await?;
    if reply.status == 200 { Ok(reply) } else { Err(complain(reply.exit(), reply.problem())) }
}

async fn list(client: &Client, as_json: bool) -> Result<Exit, Exit> {
    let table = read(client, "/v1/flags").await?.json();
    if as_json {
        say(format_args!("{table:#}"));
        return Ok(Exit::Fine);
    }
    let mut rows = table_of(["component", "phase", "stage", "share", "revision", "mark"]);
    for flag in table["flags"].as_array().into_iter().flatten() {
        rows.add_row([
            text(&flag["component"]),
            text(&flag["phase"]),
            text(&flag["stage"]),
            share_of(flag),
            text(&flag["revision"]),
            mark(flag),
        ]);
    }
    say(&rows);
    Ok(Exit::Fine)
}

/// Says what a change came to.
fn report(reply: &Reply) -> Result<Exit, Exit> {
    if reply.status == 202 {
        let (id, expires) = (text(&reply.json()["id"]), text(&reply.json()["expires_at"]));
        say(format_args!(
            "asked for; a second person approves {id} in the browser until {expires}"
        ));
        return Ok(Exit::Fine);
    }
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let json = reply.json();
    let before = json["rolled_back_before"].as_array().into_iter().flatten();
    for flag in before.chain([&json["flag"]]) {
        say(format_args!(
            "{} is at {} ({} on ssot), revision {}{}",
            text(&flag["component"]),
            text(&flag["stage"]),
            share_of(flag),
            text(&flag["revision"]),
            mark(flag)
        ));
    }
    Ok(Exit::Fine)
}

fn table_of<const N: usize>(headers: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(headers);
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn share_of(flag: &Value) -> String {
    let points = flag["share"].as_u64().and_then(|points| u16::try_from(points).ok());
    let share = match (flag["stage"].as_str(), points) {
        (_, Some(points)) => Share::from_basis_points(points),
        (Some("live" | "sealed" | "complete"), None) => Some(Share::ALL),
        (_, None) => Some(Share::NONE),
    };
    share.unwrap_or(Share::NONE).to_string()
}

fn mark(flag: &Value) -> String {
    let until = flag["latch"]["until"].as_str();
    // To the minute: nobody waits for the second.
    let minute = until.map(|until| until.get(..16).unwrap_or(until));
    let latched = minute.map(|minute| format!(" latched until {minute}Z"));
    let held = flag["hold"].is_object().then(|| " held".to_owned());
    [latched, held].into_iter().flatten().collect()
}
