//! `crossfade flags plan`: rollout plans of a running service.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::ComponentArg;
use crate::cli::client::{Client, Reply};
use crate::cli::exit::{Exit, complain, say};
use crate::cli::listing::{minute, table_of, text};
use crate::domain::{ComponentId, Share};
use crate::flags::parse_steps;
use crate::outbound::Method;

/// A plan file is not larger.
const FILE_MAX: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum PlanVerbs {
    /// Rollout plans: scheduled steps of a component, and what must be shown at each.
    Plan {
        #[command(subcommand)]
        verb: PlanVerb,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum PlanVerb {
    /// Every plan, or one of them with what it waits for.
    Show {
        /// The component, such as http-auth.
        component: Option<ComponentArg>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Define a plan and start it. One that is there is replaced.
    #[command(after_help = "Examples:
  crossfade flags plan start http-auth --template normal --note 'shadow was clean for a week'
  crossfade flags plan start http-auth --file plan.toml

A plan file:
  [[steps]]
  stage = 'canary'
  share = 500          # basis points
  hold_s = 3600
  approval = true
  needs = { comparisons_min = 1000, mismatches_per_10000_max = { stricter = 5 } }

A step with `needs.guard = true` waits until the guard has certified it.")]
    Start {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// cautious, normal or fast.
        #[arg(long, required_unless_present = "file")]
        template: Option<String>,
        /// A TOML file with steps.
        #[arg(long, value_name = "FILE", conflicts_with = "template")]
        file: Option<PathBuf>,
        /// Replace the plan only at this revision [default: the one it has now].
        #[arg(long)]
        revision: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Keep a plan from going on until it is resumed; what serves goes on.
    Pause(Named),
    /// Let a paused or stopped plan go on from where the component is.
    Resume(Named),
    /// Leave needs and hold of the present step behind; needs a note.
    Skip(Named),
    /// End a plan; the component stays where it is.
    Abort(Named),
    /// Approve the present step; takes a signed-in person who did not start the plan, not a token.
    Approve(Named),
    /// The ready-made plans.
    Templates {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct Named {
    /// The component, such as http-auth.
    component: ComponentArg,
    /// Why; stands in the history.
    #[arg(long, default_value = "")]
    note: String,
}

/// Runs one verb.
pub(super) async fn act(
    client: &Client,
    PlanVerbs::Plan { verb }: PlanVerbs,
) -> Result<Exit, Exit> {
    match verb {
        PlanVerb::Show { component: None, json } => list(client, json).await,
        PlanVerb::Show { component: Some(ComponentArg(id)), json } => {
            let plan = client.read(&format!("/v1/rollouts/{id}")).await?;
            Ok(show(&plan, json))
        }
        PlanVerb::Start { component: ComponentArg(id), template, file, revision, note } => {
            let mut body = json!({ "note": note });
            match (template, file) {
                (Some(template), _) => body["template"] = template.into(),
                (None, Some(file)) => body["steps"] = steps_of(&file)?,
                (None, None) => {}
            }
            start(client, &id, revision, &body).await
        }
        PlanVerb::Pause(named) => post(client, named, "pause").await,
        PlanVerb::Resume(named) => post(client, named, "resume").await,
        PlanVerb::Skip(named) => post(client, named, "skip").await,
        PlanVerb::Abort(named) => post(client, named, "abort").await,
        PlanVerb::Approve(named) => post(client, named, "approve").await,
        PlanVerb::Templates { json } => templates(client, json).await,
    }
}

/// The steps of a file, as the service takes them.
fn steps_of(file: &Path) -> Result<Value, Exit> {
    let refused = |problem: String| complain(Exit::Usage, format!("{}: {problem}", file.display()));
    let read = std::fs::metadata(file).and_then(|about| {
        if about.len() > FILE_MAX {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        std::fs::read_to_string(file)
    });
    let text = read.map_err(|error| refused(error.to_string()))?;
    let steps = parse_steps(&text).map_err(refused)?;
    serde_json::to_value(steps).map_err(|error| refused(error.to_string()))
}

async fn start(
    client: &Client,
    id: &ComponentId,
    revision: Option<u64>,
    body: &Value,
) -> Result<Exit, Exit> {
    let path = format!("/v1/rollouts/{id}");
    let etag = if let Some(revision) = revision {
        Some(format!("\"{revision}\""))
    } else {
        let reply = client.get(&path, "application/json").await?;
        match reply.status {
            200 => reply.etag,
            404 => None,
            _ => return Err(complain(reply.exit(), reply.problem())),
        }
    };
    let reply = match etag {
        Some(etag) => client.send_json(Method::Put, &path, Some(&etag), body).await?,
        None => client.make_json(&path, body).await?,
    };
    report(&reply)
}

async fn post(client: &Client, named: Named, verb: &str) -> Result<Exit, Exit> {
    let Named { component: ComponentArg(id), note } = named;
    let path = format!("/v1/rollouts/{id}/{verb}");
    report(&client.send_json(Method::Post, &path, None, &json!({ "note": note })).await?)
}

fn report(reply: &Reply) -> Result<Exit, Exit> {
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    Ok(show(&reply.json(), false))
}

async fn list(client: &Client, as_json: bool) -> Result<Exit, Exit> {
    let list = client.read("/v1/rollouts").await?;
    if as_json {
        say(format_args!("{list:#}"));
        return Ok(Exit::Fine);
    }
    let mut rows = table_of(["component", "plan", "state", "step", "at", "since", "waits for"]);
    for plan in list["rollouts"].as_array().into_iter().flatten() {
        let waits = plan["waits"].as_array().into_iter().flatten();
        let waits: Vec<String> = waits.map(|wait| text(&wait["for"])).collect();
        rows.add_row([
            text(&plan["component"]),
            name_of(plan),
            text(&plan["state"]),
            step_of(plan),
            stage_of(&plan["position"]),
            minute(&plan["position"]["since"]),
            if waits.is_empty() { text(&plan["told"]) } else { waits.join(", ") },
        ]);
    }
    say(&rows);
    Ok(Exit::Fine)
}

fn show(plan: &Value, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{plan:#}"));
        return Exit::Fine;
    }
    say(format_args!(
        "{}: {} plan, {}, step {} ({}) since {}, started by {}, revision {}",
        text(&plan["component"]),
        name_of(plan),
        text(&plan["state"]),
        step_of(plan),
        stage_of(&plan["position"]),
        minute(&plan["position"]["since"]),
        text(&plan["started_by"]),
        text(&plan["revision"]),
    ));
    let told = text(&plan["told"]);
    if !told.is_empty() {
        say(format_args!("  {told}"));
    }
    for wait in plan["waits"].as_array().into_iter().flatten() {
        say(format_args!("  waits for {}", text(&wait["text"])));
    }
    Exit::Fine
}

async fn templates(client: &Client, as_json: bool) -> Result<Exit, Exit> {
    let list = client.read("/v1/rollouts/templates").await?;
    if as_json {
        say(format_args!("{list:#}"));
        return Ok(Exit::Fine);
    }
    let mut rows = table_of(["template", "step", "hold", "comparisons", "approval"]);
    for template in list["templates"].as_array().into_iter().flatten() {
        for step in template["steps"].as_array().into_iter().flatten() {
            let hold = step["hold_s"].as_u64().unwrap_or(0);
            rows.add_row([
                text(&template["name"]),
                stage_of(step),
                format!("{} h {} min", hold / 3600, hold % 3600 / 60),
                text(&step["needs"]["comparisons_min"]),
                if step["approval"] == true { "yes" } else { "" }.to_owned(),
            ]);
        }
    }
    say(&rows);
    Ok(Exit::Fine)
}

fn name_of(plan: &Value) -> String {
    plan["template"].as_str().unwrap_or("own").to_owned()
}

/// `2 of 7`; `0 of 7` before the first.
fn step_of(plan: &Value) -> String {
    let step = plan["position"]["step"].as_u64().map_or(0, |step| step + 1);
    format!("{step} of {}", plan["steps"].as_array().map_or(0, Vec::len))
}

fn stage_of(place: &Value) -> String {
    let points = place["share"].as_u64().and_then(|points| u16::try_from(points).ok());
    let share = points.and_then(Share::from_basis_points);
    let share = share.map(|share| format!(" at {share}")).unwrap_or_default();
    format!("{}{share}", text(&place["stage"]))
}
