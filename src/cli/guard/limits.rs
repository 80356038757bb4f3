//! `crossfade guard limits`: what the guard holds a component to.

use serde_json::{Value, json};

use crate::cli::client::{Client, Reply};
use crate::cli::exit::{Exit, complain, say, tell};
use crate::cli::listing::table_of;
use crate::cli::words;
use crate::domain::ComponentId;
use crate::flags::Limits;
use crate::outbound::Method;

/// What the guard holds a component to; with --set or --reset, change it.
///
/// Rates are percentages (`0.5`, `0.5%`), `off` switches a rule off. What is not named stays as it
/// is. To let the guard let more through takes what a raise takes, and is refused while a component
/// that serves is held.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade guard limits http-auth
  crossfade guard limits http-auth --set error_rate_percent=0.5 --note 'paying users'
  crossfade guard limits http-auth --set mode=dry_run --note 'a week of watching first'
  crossfade guard limits http-auth --set harm_max=off --set error_rate_percent=off --note 'R1 only'
  crossfade guard limits http-auth --note 'as it was' \\
    --set 'windows=[{over=\"60s\",error_rate_percent=2,at_least=100,times=3}]'
  crossfade guard limits http-auth --reset --note 'the defaults will do'")]
pub struct LimitsArgs {
    /// The component, such as http-auth.
    #[arg(value_parser = words::component)]
    component: ComponentId,
    /// A limit and its new value; may be given more than once.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = setting, requires = "note")]
    changes: Vec<(String, String)>,
    /// All of them as they are without a word, before --set.
    #[arg(long, requires = "note")]
    reset: bool,
    /// Change them only at this revision [default: the one it has now].
    #[arg(long)]
    revision: Option<u64>,
    /// Why; stands in the history.
    #[arg(long)]
    note: Option<String>,
    /// As JSON, with rates in parts per million as the API has them.
    #[arg(long)]
    json: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Shows or changes them.
pub(super) async fn limits(
    client: impl FnOnce() -> Result<Client, Exit>,
    wish: LimitsArgs,
) -> Result<Exit, Exit> {
    let client = client()?;
    let path = format!("/v1/flags/{}", wish.component);
    let changes = wish.reset || !wish.changes.is_empty();
    // Whoever sends all of them, to a revision that he names, need not read them first.
    let present = match wish.revision {
        Some(revision) if wish.reset => (Limits::default(), Some(format!("\"{revision}\""))),
        _ => present(&client, &path).await?,
    };
    let (before, etag) = present;
    if !changes {
        return Ok(show(&before, wish.json));
    }
    let base = if wish.reset { Limits::default() } else { before.clone() };
    let after = base.with(&wish.changes).map_err(|wrong| complain(Exit::Usage, wrong))?;
    let etag = wish.revision.map(|revision| format!("\"{revision}\"")).or(etag);
    let body = json!({ "limits": after, "note": wish.note.unwrap_or_default() });
    let reply = client.send_json(Method::Put, &path, etag.as_deref(), &body).await?;
    changed(&reply, (&before, &after), wish.json)
}

/// The limits of a flag, and its entity tag.
async fn present(client: &Client, path: &str) -> Result<(Limits, Option<String>), Exit> {
    let reply = client.get(path, "application/json").await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let limits = limits_of(&reply.json()).map_err(|wrong| complain(Exit::Failed, wrong))?;
    Ok((limits, reply.etag))
}

/// A flag says nothing of limits that are the default.
fn limits_of(flag: &Value) -> Result<Limits, String> {
    match &flag["limits"] {
        Value::Null => Ok(Limits::default()),
        told => serde_json::from_value(told.clone())
            .map_err(|error| format!("the service has limits that this version lacks: {error}")),
    }
}

fn changed(
    reply: &Reply,
    (before, after): (&Limits, &Limits),
    as_json: bool,
) -> Result<Exit, Exit> {
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    if as_json {
        return Ok(show(after, true));
    }
    for line in after.told_against(before) {
        say(line);
    }
    if let Some(weaker) = after.weakened_against(before) {
        tell(format_args!("note: the guard lets more through than before ({weaker})"));
    }
    say(format_args!("revision {}", reply.json()["flag"]["revision"]));
    Ok(Exit::Fine)
}

fn show(limits: &Limits, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{:#}", json!(limits)));
        return Exit::Fine;
    }
    let default = Limits::default().as_written();
    let mut table = table_of(["limit", "value", "default"]);
    for ((name, value), (_, default)) in limits.as_written().into_iter().zip(default) {
        let default = if value == default { String::new() } else { default };
        table.add_row([name, value, default]);
    }
    say(&table);
    Exit::Fine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_a_name_and_a_value() {
        assert_eq!(setting("harm_max = off"), Ok(("harm_max".to_owned(), "off".to_owned())));
        let windows = setting("windows=[{over=\"60s\"}]").expect("a setting");
        assert_eq!(windows.1, "[{over=\"60s\"}]");
        assert!(setting("harm_max").is_err());
    }

    #[test]
    fn a_flag_without_a_word_about_limits_has_the_default_ones() {
        assert_eq!(limits_of(&json!({})), Ok(Limits::default()));
        let told = limits_of(&json!({ "limits": { "harm_max": 7 } })).expect("limits");
        assert_eq!(told, Limits { harm_max: Some(7), ..Limits::default() });
        assert!(limits_of(&json!({ "limits": { "harm_maximum": 7 } })).is_err());
    }
}
