//! `crossfade flags target` and `explain`: who is served otherwise than the share says, and why.

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::exit::{Exit, complain, say};
use super::super::listing::{table_of, text};
use super::segments::{self, SegmentsVerb};
use super::{ComponentArg, read};
use crate::domain::{ComponentId, SegmentId};
use crate::flags::Serve;
use crate::outbound::Method;

#[derive(Debug, Subcommand)]
pub enum TargetingVerb {
    /// Named sets of people and requests, which targets name.
    #[command(subcommand)]
    Segments(SegmentsVerb),
    /// Serve segments otherwise than the share says; the first that somebody belongs to decides.
    #[command(after_help = "Examples:
  crossfade flags target http-auth staff=ssot bigcorp=legacy --note 'staff first, bigcorp last'
  crossfade flags target http-auth --none --note 'everybody by share'")]
    Target {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// A segment and ssot, legacy or shadow; the whole list, in the order of asking.
        #[arg(value_name = "SEGMENT=SERVE", value_parser = target, required_unless_present = "none")]
        targets: Vec<(SegmentId, Serve)>,
        /// No targets any more.
        #[arg(long, conflicts_with = "targets")]
        none: bool,
        /// Change it only at this revision [default: the one it has now].
        #[arg(long)]
        revision: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Which side serves somebody, and which rule says so.
    #[command(after_help = "Examples:
  crossfade flags explain http-auth --subject alice
  crossfade flags explain http-auth --subject 'corp|1' --scope staff --header x-region=eu1")]
    Explain {
        /// The component, such as http-auth.
        component: ComponentArg,
        /// The subject as the authority grants it; none can be read without.
        #[arg(long, default_value = "")]
        subject: String,
        /// The tenant of a token that is proved to be sound.
        #[arg(long)]
        tenant: Option<String>,
        /// A scope of such a token; give it more than once for more.
        #[arg(long = "scope")]
        scopes: Vec<String>,
        /// A header of a request with such a token; each name once.
        #[arg(long = "header", value_name = "NAME=VALUE", value_parser = segments::header)]
        headers: Vec<(String, String)>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

fn target(text: &str) -> Result<(SegmentId, Serve), String> {
    let (segment, serve) = text.split_once('=').ok_or("a target is SEGMENT=SERVE: staff=ssot")?;
    let segment = SegmentId::parse(segment).map_err(|error| error.to_string())?;
    let serve = Serve::parse(serve).ok_or("somebody is served by ssot, legacy or shadow")?;
    Ok((segment, serve))
}

pub async fn act(client: &Client, verb: TargetingVerb) -> Result<Exit, Exit> {
    match verb {
        TargetingVerb::Segments(verb) => segments::act(client, verb).await,
        TargetingVerb::Target { component: ComponentArg(id), targets, none: _, revision, note } => {
            set_targets(client, &id, &targets, revision, &note).await
        }
        TargetingVerb::Explain {
            component: ComponentArg(id),
            subject,
            tenant,
            scopes,
            headers,
            json,
        } => {
            let headers = each_once(headers)?;
            let body = json!({ "subject": subject, "tenant": tenant, "scopes": scopes, "headers": headers });
            explain(client, &id, &body, json).await
        }
    }
}

/// Headers by their names. A request may repeat one; what is asked here is about one value.
fn each_once(headers: Vec<(String, String)>) -> Result<Map<String, Value>, Exit> {
    let mut found = Map::new();
    for (name, value) in headers {
        if found.contains_key(&name) {
            return Err(complain(Exit::Usage, format!("the header {name} is given twice")));
        }
        found.insert(name, value.into());
    }
    Ok(found)
}

async fn set_targets(
    client: &Client,
    id: &ComponentId,
    targets: &[(SegmentId, Serve)],
    revision: Option<u64>,
    note: &str,
) -> Result<Exit, Exit> {
    let path = format!("/v1/flags/{id}");
    let etag = match revision {
        Some(revision) => format!("\"{revision}\""),
        None => read(client, &path).await?.etag.unwrap_or_default(),
    };
    let target = |(segment, serve): &(SegmentId, Serve)| json!({ "segment": segment.as_str(), "serve": serve.as_str() });
    let targets: Vec<Value> = targets.iter().map(target).collect();
    let body = json!({ "targets": targets, "note": note });
    let reply = client.send_json(Method::Put, &path, Some(&etag), &body).await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let flag = &reply.json()["flag"];
    say(format_args!("{id} has {} targets, revision {}", targets.len(), text(&flag["revision"])));
    say_targets(&flag["targets"]);
    Ok(Exit::Fine)
}

async fn explain(
    client: &Client,
    id: &ComponentId,
    body: &Value,
    as_json: bool,
) -> Result<Exit, Exit> {
    let path = format!("/v1/flags/{id}/explain");
    let reply = client.send_json(Method::Post, &path, None, body).await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let explanation = reply.json();
    if as_json {
        say(format_args!("{explanation:#}"));
        return Ok(Exit::Fine);
    }
    say(text(&explanation["sentence"]));
    say_targets(&explanation["targets"]);
    Ok(Exit::Fine)
}

/// Shows targets in their order; those of an explanation with what they make of somebody.
fn say_targets(targets: &Value) {
    let targets = targets.as_array().map_or(&[][..], Vec::as_slice);
    if targets.is_empty() {
        return;
    }
    let mut rows = table_of(["", "segment", "serve", "matched by", ""]);
    for (place, target) in targets.iter().enumerate() {
        let decided = if target["decided"] == true { "decides" } else { "" };
        rows.add_row([
            (place + 1).to_string(),
            text(&target["segment"]),
            text(&target["serve"]),
            text(&target["matched_by"]),
            decided.to_owned(),
        ]);
    }
    say(&rows);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_given_once() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let two = each_once(vec![header("a", "1"), header("b", "2")]).expect("headers");
        assert_eq!(Value::from(two), json!({ "a": "1", "b": "2" }));
        let twice = each_once(vec![header("a", "1"), header("a", "1")]);
        assert_eq!(twice, Err(Exit::Usage));
    }
}
