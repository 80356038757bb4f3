//! What was found, sent to the service, and what that says about deleting copies.

use std::path::Path;

use serde_json::Value;

use super::super::client::Service;
use super::super::exit::{Exit, complain, say, tell};
use super::super::listing::text;
use crate::outbound::Method;
use crate::scan::{Scan, Settings, posted};

/// Copies that are listed for deletion, at most.
const LISTED_MAX: usize = 50;

/// What the service has answered.
pub(super) struct Answer {
    counts: usize,
    sites: usize,
    left_out: usize,
    /// What nobody calls; null where the token may not read it.
    pub(super) unused: Value,
}

/// The services of the settings that are in this tree.
pub(super) fn services<'s>(root: &Path, settings: &'s Settings) -> Vec<&'s str> {
    let there = settings.services.iter().filter(|service| root.join(&service.path).exists());
    there.map(|service| service.name.as_str()).collect()
}

/// The name of a folder.
pub(super) fn name_of(root: &Path) -> String {
    let whole = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned());
    name.filter(|name| name.len() <= 300).unwrap_or_else(|| "tree".to_owned())
}

/// Posts a scan, and asks what nobody calls.
pub(super) async fn post(
    service: &Service,
    scan: &Scan,
    tree: &str,
    services: &[&str],
) -> Result<Answer, Exit> {
    let client = service.client()?;
    let posted = posted(scan, tree, services);
    let body = serde_json::to_value(&posted).map_err(|error| complain(Exit::Failed, error))?;
    let reply = client.send_json(Method::Post, "/v1/scans", None, &body).await?;
    if reply.status != 204 {
        let exit = if reply.status == 409 { Exit::Failed } else { reply.exit() };
        return Err(complain(exit, format_args!("the scan was not kept: {}", reply.problem())));
    }
    // A token that may post need not be one that may read.
    let reply = client.get("/v1/scans", "application/json").await?;
    let unused = match reply.status {
        200 => reply.json()["unused"].clone(),
        401 | 403 => Value::Null,
        _ => return Err(complain(reply.exit(), reply.problem())),
    };
    let (counts, sites, left_out) = (posted.counts.len(), posted.sites.len(), posted.left_out);
    Ok(Answer { counts, sites, left_out, unused })
}

/// Says what was sent and what came back. `quiet` when standard output holds something else.
pub(super) fn tell_sent(answer: &Answer, quiet: bool) {
    let Answer { counts, sites, left_out, unused } = answer;
    tell(format_args!("posted {counts} counts and the places of {sites} copies"));
    if *left_out > 0 {
        tell(format_args!("{left_out} copies were left out: too many, or no name for a header"));
    }
    if unused.is_null() {
        tell("what nobody calls is told to a token that may read as well");
        return;
    }
    let copies = unused["sites"].as_array().map_or(&[][..], Vec::as_slice);
    if unused["is_known"] != true {
        tell(
            "what can be deleted is not known yet: call sites have been heard for less than 14 \
             days (docs/api.md, Crossfade-Call-Site)",
        );
        return;
    }
    if copies.is_empty() || quiet {
        tell(format_args!("{} copies have not been called in 14 days", copies.len()));
        return;
    }
    say(format_args!("delete these {}: no calls in 14 days", copies.len()));
    for copy in copies.iter().take(LISTED_MAX) {
        say(format_args!("  {}  {}", text(&copy["name"]), text(&copy["category"])));
    }
    if copies.len() > LISTED_MAX {
        say(format_args!("  and {} more: GET /v1/scans", copies.len() - LISTED_MAX));
    }
}
