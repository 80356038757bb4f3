//! `crossfade keys`: the keys that sign and verify.

mod import;

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use self::import::Kind;
pub(super) use self::import::{read as read_text, read_at_most as read_text_at_most};
use super::client::{Client, Service};
use super::exit::{Exit, complain, say, tell};
use super::listing::{minute, show, text};
use super::on_runtime;
use crate::authority::Algorithm;
use crate::outbound::Method;

const HELP: &str = "\
States: next (published, verifies, does not sign), active (signs), retiring (verifies what it has
signed), retired (gone; only its public part is remembered). Private parts never leave the service.

To rotate, step by step:
  1. crossfade keys generate --note 'yearly rotation'
     A next key is published in the JWK set. It does not sign yet.
  2. Wait until every cache of the set knows it: key_publish_s, an hour unless configured.
     Verifiers that copy keys by hand get it with: crossfade keys export-public ID
  3. crossfade keys rotate --note 'yearly rotation'
     The next key signs. The one before verifies until its last token is dead, then it retires by
     itself. Nobody is logged out.
  4. crossfade keys list
     The new key signs; the old one is retiring, with the moment of its end.
To skip the wait after a leak, whatever outside caches know: crossfade keys rotate --force, then
crossfade keys retire ID --at-once, which revokes every token that the leaked key has signed.
With rotate_every_s in the configuration all of this happens by itself.";

/// Keys: list, make, take in, rotate, retire, show the public part.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct KeysArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// All keys: state, which one signs, until when each verifies.
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a key: published from now on, signing after a rotation.
    Generate {
        /// What it is for.
        #[arg(long, default_value = "EdDSA", value_parser = algorithm)]
        algorithm: Algorithm,
        /// Why, for the access log.
        #[arg(long)]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take in a key that somebody else made; a public one verifies and never signs.
    Import {
        /// The key; `-` for standard input. A private key's file must be readable by you alone.
        file: PathBuf,
        /// What the file holds; told from its beginning when left out.
        #[arg(long, value_enum)]
        kind: Option<Kind>,
        /// The key's id, for pem and secret; a JWK has its own.
        #[arg(long)]
        id: Option<String>,
        /// What a PEM key is for.
        #[arg(long, value_parser = algorithm)]
        algorithm: Option<Algorithm>,
        /// Why, for the access log.
        #[arg(long)]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let the next key sign, and the one before verify until its last token is dead.
    Rotate {
        /// Also when caches of the JWK set may not know the next key yet.
        #[arg(long)]
        force: bool,
        /// Why, for the access log.
        #[arg(long)]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Let a key sign no more and verify until its last token is dead.
    Retire {
        /// The key's id.
        id: String,
        /// Not even verify: every token that it has signed is revoked, with the next request.
        #[arg(long)]
        at_once: bool,
        /// Why, for the access log.
        #[arg(long)]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show the public part of a key as a JWK.
    ExportPublic {
        /// The key's id.
        id: String,
    },
}

/// Runs one verb.
pub fn run(args: KeysArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: KeysArgs) -> Result<Exit, Exit> {
    let client = || args.service.client();
    match args.verb {
        Verb::List { json } => {
            let list = client()?.read("/v1/keys").await?;
            let headers = ["id", "algorithm", "state", "", "since", "verifies until", ""];
            Ok(show(&list, "keys", json, headers, row))
        }
        Verb::Generate { algorithm, note, json } => {
            let body = json!({ "generate": { "algorithm": algorithm.as_str() }, "note": note });
            let made = client()?.make("/v1/keys", &body).await?;
            Ok(told(&made, json, ADDED))
        }
        Verb::Import { file, kind, id, algorithm, note, json } => {
            let import = import::body(&file, kind, id, algorithm)?;
            let body = json!({ "import": import, "note": note });
            let made = client()?.make("/v1/keys", &body).await?;
            Ok(told(&made, json, ADDED))
        }
        Verb::Rotate { force, note, json } => {
            let body = json!({ "force": force, "note": note });
            let rotated = post(&client()?, "/v1/keys/rotate", &body).await?;
            Ok(told_rotated(&rotated, json))
        }
        Verb::Retire { id, at_once, note, json } => {
            let path = format!("/v1/keys/{}/retire", escaped(&id));
            let body = json!({ "at_once": at_once, "note": note });
            let retired = post(&client()?, &path, &body).await?;
            Ok(told(&json!({ "keys": [retired] }), json, ""))
        }
        Verb::ExportPublic { id } => {
            let jwk = client()?.read(&format!("/v1/keys/{}/public", escaped(&id))).await?;
            say(jwk);
            Ok(Exit::Fine)
        }
    }
}

const ADDED: &str = "It signs after `crossfade keys rotate`, when caches of the JWK set know it.";

fn algorithm(text: &str) -> Result<Algorithm, String> {
    let known = || Algorithm::ALL.map(Algorithm::as_str).join(", ");
    Algorithm::parse(text).ok_or_else(|| format!("algorithms are {}", known()))
}

/// Changes something and reads what came of it, or says why not.
async fn post(client: &Client, path: &str, body: &Value) -> Result<Value, Exit> {
    let reply = client.send_json(Method::Post, path, None, body).await?;
    match reply.status {
        200 => Ok(reply.json()),
        _ => Err(complain(reply.exit(), reply.problem())),
    }
}

fn told(changed: &Value, as_json: bool, advice: &str) -> Exit {
    if as_json {
        say(format_args!("{changed:#}"));
        return Exit::Fine;
    }
    let keys = changed["keys"].as_array().into_iter().flatten();
    let mut is_next = false;
    for key in keys {
        say(format_args!("key {} is {}", text(&key["id"]), standing(key)));
        is_next |= key["state"] == "next";
    }
    if is_next {
        tell(advice);
    }
    Exit::Fine
}

fn told_rotated(rotated: &Value, as_json: bool) -> Exit {
    if as_json {
        say(format_args!("{rotated:#}"));
        return Exit::Fine;
    }
    say(format_args!("key {} signs", text(&rotated["active"]["id"])));
    for key in rotated["retiring"].as_array().into_iter().flatten() {
        say(format_args!("key {} is {}", text(&key["id"]), standing(key)));
    }
    Exit::Fine
}

/// The state in words, with its end.
fn standing(key: &Value) -> String {
    let state = text(&key["state"]);
    match (key["revoked"] == true, key["verifies_until"].is_null()) {
        (true, _) => "revoked: it verifies nothing any more".to_owned(),
        (false, false) if state == "retiring" => {
            format!("retiring, and verifies until {}", minute(&key["verifies_until"]))
        }
        (false, _) if state == "retiring" => "retiring, and verifies until it is retired".into(),
        (false, _) => state,
    }
}

fn row(key: &Value) -> [String; 7] {
    let what = match (key["signs"] == true, key["private"] == true) {
        (true, _) => "signs",
        (false, false) if key["state"] != "retired" => "public only",
        (false, _) => "",
    };
    let since = ["retired_at", "retiring_at", "active_at", "published_at"];
    let since = since.iter().map(|name| &key[*name]).find(|value| !value.is_null());
    let marks = [("configured", "in the configuration"), ("revoked", "revoked")];
    let marks = marks.iter().filter(|(name, _)| key[*name] == true).map(|(_, mark)| *mark);
    [
        text(&key["id"]),
        text(&key["algorithm"]),
        text(&key["state"]),
        what.to_owned(),
        since.map(minute).unwrap_or_default(),
        minute(&key["verifies_until"]),
        marks.collect::<Vec<_>>().join(", "),
    ]
}

/// A key id as one segment of a path (RFC 3986 §2.1).
pub(super) fn escaped(id: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~".contains(&byte);
    let escape = |byte| if plain(byte) { char::from(byte).into() } else { format!("%{byte:02X}") };
    id.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_id_is_one_segment_of_a_path() {
        assert_eq!(escaped("k-1_a"), "k-1_a");
        assert_eq!(escaped("../a b?"), "%2E%2E%2Fa%20b%3F");
    }

    #[test]
    fn a_state_is_told_with_its_end() {
        let retiring = |until: Value| json!({ "state": "retiring", "verifies_until": until });
        let ends = standing(&retiring(json!("2026-11-24T14:42:28.144Z")));
        assert_eq!(ends, "retiring, and verifies until 2026-11-24 14:42Z");
        assert_eq!(standing(&retiring(Value::Null)), "retiring, and verifies until it is retired");
        assert_eq!(standing(&json!({ "state": "next" })), "next");
    }
}
