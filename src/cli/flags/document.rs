//! `crossfade flags export`, `diff`, `apply` and `drift`: the whole table as a file.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use serde_json::Value;

use super::read;
use crate::cli::client::{Client, Reply};
use crate::cli::exit::{Exit, complain, say, tell};
use crate::cli::listing::text;
use crate::cli::whole_file::WholeFile;
use crate::domain::{Clock as _, SystemClock};
use crate::flags::{Flag, Seed, Segment, drift};
use crate::outbound::Method;

#[derive(Debug, Subcommand)]
pub(super) enum DocumentVerb {
    /// The whole table as a document, in the shape of a seed file.
    Export {
        /// How it is written.
        #[arg(long, value_enum, default_value_t = Written::Toml)]
        format: Written,
        /// A file that is there as a whole or not at all [default: standard output].
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// What a document would change; exit code 1 when it is anything.
    ///
    /// What it would lower is told first: `takes traffic off ssot: COMPONENT (live to shadow)`.
    Diff {
        /// The document, TOML unless it ends in .json.
        file: PathBuf,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change the table as a document says: all flags in one change, or none.
    ///
    /// Segments of the document come before the flags, each as a change of its own, once nothing of
    /// the document is refused. A document may lower components, as a seed file does whose stages
    /// were left behind: each of them is told first, `takes traffic off ssot: COMPONENT (live to
    /// shadow)`.
    #[command(after_help = "Examples:
  crossfade flags export --out table.toml
  crossfade flags apply table.toml --dry-run
  crossfade flags apply table.toml --note 'limits of the autumn'")]
    Apply {
        /// The document, TOML unless it ends in .json. What it leaves out stays as it is.
        file: PathBuf,
        /// Only say what would change, as `diff` does.
        #[arg(long)]
        dry_run: bool,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
    },
    /// How far the table has gone from its seeds; exit code 1 when it has.
    Drift {
        /// Compare with this seed file instead of what the service was started with.
        #[arg(long, value_name = "FILE")]
        seeds: Option<PathBuf>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// How a document is written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Written {
    /// As a seed file is.
    Toml,
    /// The same members as JSON.
    Json,
}

pub(super) async fn act(client: &Client, verb: DocumentVerb) -> Result<Exit, Exit> {
    match verb {
        DocumentVerb::Export { format, out } => export(client, format, out.as_deref()).await,
        DocumentVerb::Diff { file, json } => look(client, &file, json).await,
        DocumentVerb::Apply { file, dry_run: true, .. } => look(client, &file, false).await,
        DocumentVerb::Apply { file, dry_run: false, note } => apply(client, &file, &note).await,
        DocumentVerb::Drift { seeds, json } => drifted(client, seeds.as_deref(), json).await,
    }
}

async fn export(client: &Client, format: Written, out: Option<&Path>) -> Result<Exit, Exit> {
    let name = match format {
        Written::Toml => "toml",
        Written::Json => "json",
    };
    let reply = client.get(&format!("/v1/table?format={name}"), "*/*").await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let body = match format {
        Written::Toml => reply.body,
        Written::Json => format!("{:#}\n", reply.json()).into_bytes(),
    };
    match out {
        None => {
            // A reader that is gone is no reason to complain.
            let _gone = io::stdout().lock().write_all(&body);
        }
        Some(place) => {
            let written = WholeFile::begin(place)
                .and_then(|mut file| file.write_all(&body).and_then(|()| file.finish()));
            written.map_err(|error| {
                complain(Exit::Failed, format!("cannot write {}: {error}", place.display()))
            })?;
        }
    }
    Ok(Exit::Fine)
}

async fn look(client: &Client, file: &Path, as_json: bool) -> Result<Exit, Exit> {
    let answer = send(client, file, "dry_run=true").await?;
    if as_json {
        say(format_args!("{answer:#}"));
    } else {
        warn(&answer);
        show(&answer);
    }
    let nothing = |name: &str| answer[name].as_array().is_none_or(Vec::is_empty);
    Ok(if nothing("changes") && nothing("refused") { Exit::Fine } else { Exit::Found })
}

async fn apply(client: &Client, file: &Path, note: &str) -> Result<Exit, Exit> {
    // Told before it happens, for whoever watches, and for the log of a pipeline that went wrong.
    let seen = post(client, file, "dry_run=true").await?;
    match seen.status {
        200 => warn(&seen.json()),
        // A token that may change and not read.
        403 => tell("what it takes off ssot is told afterwards: the token may not look before"),
        _ => return Err(complain(seen.exit(), seen.problem())),
    }
    let answer = send(client, file, &format!("note={}", encoded(note))).await?;
    if seen.status != 200 {
        warn(&answer);
    }
    show(&answer);
    if answer["applied"] == true {
        say(format_args!("applied, the table is at revision {}", text(&answer["revision"])));
    }
    Ok(Exit::Fine)
}

async fn send(client: &Client, file: &Path, query: &str) -> Result<Value, Exit> {
    let reply = post(client, file, query).await?;
    match reply.status {
        200 => Ok(reply.json()),
        _ => Err(complain(reply.exit(), reply.problem())),
    }
}

async fn post(client: &Client, file: &Path, query: &str) -> Result<Reply, Exit> {
    let document = fs::read_to_string(file);
    let document = document.map_err(|error| {
        complain(Exit::Usage, format!("cannot read {}: {error}", file.display()))
    })?;
    let is_json = file.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let kind = if is_json { "application/json" } else { "application/toml" };
    client.send_as(Method::Post, &format!("/v1/table?{query}"), kind, document.into_bytes()).await
}

/// Says which components a document takes off ssot, unless it is refused.
fn warn(answer: &Value) {
    if answer["refused"].as_array().is_none_or(Vec::is_empty) {
        for line in lowered(&answer["changes"]) {
            say(line);
        }
    }
}

/// A line for each component of which ssot serves less than before.
fn lowered(changes: &Value) -> Vec<String> {
    let changes = changes.as_array().map_or(&[][..], Vec::as_slice);
    let field = |component: &Value, name: &str| {
        let is_it = |change: &&Value| change["component"] == *component && change["field"] == name;
        changes.iter().find(is_it)
    };
    let line = |change: &Value| {
        let component = &change["component"];
        let shares = field(component, "share_percent");
        let at = |side: &str| {
            let percent = shares.map(|shares| &shares[side]).filter(|percent| !percent.is_null());
            let stage = text(&field(component, "stage").map_or(Value::Null, |of| of[side].clone()));
            let stage = if stage.is_empty() { "canary".to_owned() } else { stage };
            (served_percent(&stage, percent), told_stage(stage, percent))
        };
        let ((before, from), (after, to)) = (at("from"), at("to"));
        (after < before)
            .then(|| format!("takes traffic off ssot: {} ({from} to {to})", text(component)))
    };
    let moves = changes.iter().filter(|change| {
        let component = &change["component"];
        change["field"] == "stage"
            || change["field"] == "share_percent" && field(component, "stage").is_none()
    });
    moves.filter_map(line).collect()
}

/// How much of traffic ssot serves at a stage, in percent.
fn served_percent(stage: &str, share: Option<&Value>) -> f64 {
    match stage {
        "off" | "shadow" => 0.0,
        "canary" => share.and_then(Value::as_f64).unwrap_or(0.0),
        _ => 100.0,
    }
}

fn told_stage(stage: String, share: Option<&Value>) -> String {
    match (stage.as_str(), share) {
        ("canary", Some(share)) => format!("canary at {share} %"),
        _ => stage,
    }
}

/// What changes, what is refused, what stays.
fn show(answer: &Value) {
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    for change in list("changes") {
        let (component, field) = (text(&change["component"]), text(&change["field"]));
        say(format_args!(
            "{component}: {field}: {} -> {}",
            shown(&change["from"]),
            shown(&change["to"])
        ));
    }
    for refusal in list("refused") {
        let field = refusal["field"].as_str().map(|field| format!("{field}: "));
        let (component, problem) = (text(&refusal["component"]), text(&refusal["problem"]));
        say(format_args!("refused: {component}: {}{problem}", field.unwrap_or_default()));
    }
    for need in list("needs") {
        let of: Vec<String> =
            need["components"].as_array().into_iter().flatten().map(text).collect();
        tell(format_args!("takes: {} ({})", text(&need["permission"]), of.join(", ")));
    }
    let rest: Vec<String> = list("not_mentioned").iter().map(text).collect();
    if !rest.is_empty() {
        tell(format_args!("not mentioned, stay as they are: {}", rest.join(", ")));
    }
    if list("changes").is_empty() && list("refused").is_empty() {
        say("no difference");
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

async fn drifted(client: &Client, seeds: Option<&Path>, as_json: bool) -> Result<Exit, Exit> {
    let answer = match seeds {
        None => read(client, "/v1/drift").await?.json(),
        Some(file) => against(client, file).await?,
    };
    if as_json {
        say(format_args!("{answer:#}"));
    } else {
        show_drift(&answer);
    }
    Ok(if answer["drifted"] == true { Exit::Found } else { Exit::Fine })
}

/// The table of the service against a seed file of this machine.
async fn against(client: &Client, file: &Path) -> Result<Value, Exit> {
    let shown = file.display().to_string();
    let text = fs::read_to_string(file)
        .map_err(|error| complain(Exit::Usage, format!("cannot read {shown}: {error}")))?;
    let seeds = Seed::parse_all(&text, &shown).map_err(|faults| {
        let list: Vec<String> = faults.iter().map(ToString::to_string).collect();
        complain(Exit::Usage, list.join("\n"))
    })?;
    let table = read(client, "/v1/flags").await?.json();
    let flags: Vec<std::sync::Arc<Flag>> =
        serde_json::from_value(table["flags"].clone()).map_err(|error| {
            complain(Exit::Failed, format!("the service answered no flag table: {error}"))
        })?;
    let mut table = read(client, "/v1/segments").await?.json();
    for segment in table["segments"].as_array_mut().into_iter().flatten() {
        // Told beside the segment, and no part of it.
        segment.as_object_mut().and_then(|segment| segment.remove("targeted_by"));
    }
    let segments: Vec<std::sync::Arc<Segment>> = serde_json::from_value(table["segments"].clone())
        .map_err(|error| {
            complain(Exit::Failed, format!("the service answered no segments: {error}"))
        })?;
    let found = drift(&seeds, &flags, &segments, SystemClock.now());
    let mut answer = serde_json::to_value(&found).unwrap_or_default();
    answer["drifted"] = found.is_any().into();
    Ok(answer)
}

fn show_drift(answer: &Value) {
    let list = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    for field in list("fields") {
        say(format_args!(
            "{}: {}: seeded {}, is {}",
            text(&field["component"]),
            text(&field["field"]),
            shown(&field["from"]),
            shown(&field["to"])
        ));
    }
    for component in list("only_in_seeds") {
        say(format_args!("{}: seeded, and not in the table", text(&component)));
    }
    for component in list("only_in_table") {
        say(format_args!("{}: in the table, and not seeded", text(&component)));
    }
    for over in list("expired") {
        let (component, name) = (text(&over["component"]), text(&over["name"]));
        let since = text(&over["expired_at"]);
        say(format_args!("{component}: the accepted difference {name} has expired at {since}"));
    }
    for stage in list("stages") {
        let (component, seeded) = (text(&stage["component"]), text(&stage["seeded"]["stage"]));
        let now = text(&stage["now"]["stage"]);
        let counts = if stage["counts"] == true { "" } else { " (moved by people, no drift)" };
        say(format_args!("{component}: stage: seeded {seeded}, is {now}{counts}"));
    }
    if answer["drifted"] != true {
        say("no drift");
    }
}

/// A text as a value in a query (RFC 3986 §2.1).
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    encoded
}

fn digit(nibble: u8) -> char {
    char::from_digit(u32::from(nibble), 16).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{encoded, lowered};

    #[test]
    fn whoever_applies_a_document_is_told_what_it_takes_off_ssot() {
        fn change(component: &str, field: &str, from: &Value, to: &Value) -> Value {
            json!({ "component": component, "field": field, "from": from, "to": to })
        }
        let changes = json!([
            change("back", "stage", &json!("live"), &json!("shadow")),
            change("back", "deadline_ms", &json!(400), &json!(300)),
            change("off", "share_percent", &json!(12.5), &json!(null)),
            change("off", "stage", &json!("canary"), &json!("off")),
            change("less", "share_percent", &json!(50), &json!(5)),
            change("more", "share_percent", &json!(5), &json!(50)),
            change("canary", "share_percent", &json!(null), &json!(10)),
            change("canary", "stage", &json!("live"), &json!("canary")),
            change("unheard", "stage", &json!("shadow"), &json!("off")),
            change("same", "stage", &json!("sealed"), &json!("live")),
        ]);
        let expected = [
            "takes traffic off ssot: back (live to shadow)",
            "takes traffic off ssot: off (canary at 12.5 % to off)",
            "takes traffic off ssot: less (canary at 50 % to canary at 5 %)",
            "takes traffic off ssot: canary (live to canary at 10 %)",
        ];
        assert_eq!(lowered(&changes), expected);
        assert_eq!(lowered(&Value::Null), Vec::<String>::new());
    }

    #[test]
    fn a_note_survives_a_query() {
        assert_eq!(encoded("why & ü?"), "why%20%26%20%C3%BC%3F");
    }
}
