//! `crossfade policy`: which rules about tokens are enforced.

mod diff;

use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::client::{Client, Reply, Service};
use super::exit::{Exit, complain, say};
use super::listing::{minute, show, table_of, text};
use super::on_runtime;
use crate::domain::{Mode, Policy, Rule, TokenType};
use crate::outbound::Method;

/// Look at how strict the rules about tokens are, and change that one rule at a time.
///
/// A rule is off, observed (the token is let in, and counted as one that would be denied) or
/// enforced, for an issuer (`own`, or the name of a foreign one) and a kind of token. What makes a
/// token a token (signature, algorithm, key, crit, duplicate members, encoding, expiry,
/// revocation) cannot be switched.
///
/// Exit code 1 when the service refuses a change: somebody was faster, nothing would change.
#[derive(Debug, clap::Args)]
pub struct PolicyArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Every policy, or one of them rule by rule.
    Show {
        /// own, or the name of a foreign issuer.
        #[arg(value_parser = issuer, requires = "kind")]
        issuer: Option<String>,
        /// access, refresh, service, admin or id.
        #[arg(value_parser = kind)]
        kind: Option<TokenType>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Change how far some rules go. To loosen one takes a token of scope admin.
    #[command(after_help = "Examples:
  crossfade policy set own access audience=observe --note 'who still sends none?'
  crossfade policy set own access audience=enforce --note 'nobody for two weeks'
  crossfade policy set own access --profile pyjwt-2 --note 'first reproduce'")]
    Set {
        #[command(flatten)]
        of: Place,
        /// A rule and off, observe or enforce: audience=observe.
        #[arg(value_name = "RULE=MODE", value_parser = switch, required_unless_present = "profile")]
        switches: Vec<(Rule, Mode)>,
        /// All rules as this profile has them.
        #[arg(long, value_parser = profile_name, conflicts_with = "switches")]
        profile: Option<String>,
        /// Change it only at this revision [default: the one it has now].
        #[arg(long)]
        revision: Option<u64>,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put back what was in force before the last change.
    Rollback {
        #[command(flatten)]
        of: Place,
        /// Why; stands in the history.
        #[arg(long, default_value = "")]
        note: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The changes of one policy, newest first.
    History {
        #[command(flatten)]
        of: Place,
        /// How many.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// What was let in and would be denied if the observed rules were enforced, by client.
    Observed {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// How a profile differs from the strict one, and what cannot be matched; with --url from
    /// what is in force there.
    Diff {
        /// The profile, such as pyjwt-2.
        #[arg(value_parser = profile_name)]
        profile: String,
        /// Whose tokens, with --url: own, or the name of a foreign issuer.
        #[arg(long, default_value = "own")]
        issuer: String,
        /// Which kind of token, with --url.
        #[arg(long, default_value = "access", value_parser = kind)]
        kind: TokenType,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// The ready-made policies.
    Profiles {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Whose tokens.
#[derive(Clone, Debug, clap::Args)]
struct Place {
    /// own, or the name of a foreign issuer.
    #[arg(value_parser = issuer)]
    issuer: String,
    /// access, refresh, service, admin or id.
    #[arg(value_parser = kind)]
    kind: TokenType,
}

impl Place {
    fn path(&self) -> String {
        format!("/v1/policies/{}/{}", self.issuer, self.kind.as_str())
    }

    fn is(&self, row: &Value) -> bool {
        row["issuer"] == self.issuer && row["kind"] == self.kind.as_str()
    }
}

fn issuer(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = (1..=64).contains(&text.len()) && text.chars().all(plain);
    fits.then(|| text.to_owned()).ok_or_else(|| "own, or a name of the configuration".to_owned())
}

fn kind(text: &str) -> Result<TokenType, String> {
    let known = || format!("one of {}", TokenType::ALL.map(TokenType::as_str).join(", "));
    TokenType::parse(text).ok_or_else(known)
}

fn switch(text: &str) -> Result<(Rule, Mode), String> {
    let (rule, mode) = text.split_once('=').ok_or("a rule and its mode: audience=observe")?;
    let rules = || format!("the rules are {}", Rule::ALL.map(Rule::as_str).join(", "));
    let mode = Mode::parse(mode).ok_or("a mode is off, observe or enforce")?;
    Ok((Rule::parse(rule).ok_or_else(rules)?, mode))
}

fn profile_name(text: &str) -> Result<String, String> {
    let names = || crate::authority::profiles().iter().map(|each| each.name).collect::<Vec<_>>();
    let known = crate::authority::profile(text).map(|profile| profile.name.to_owned());
    known.ok_or_else(|| format!("one of {}", names().join(", ")))
}

/// Runs one verb.
pub fn run(args: PolicyArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: PolicyArgs) -> Result<Exit, Exit> {
    let service = &args.service;
    match args.verb {
        Verb::Show { issuer, kind, json } => {
            let of = issuer.zip(kind).map(|(issuer, kind)| Place { issuer, kind });
            show_policies(&service.client()?, of, json).await
        }
        Verb::Set { of, switches, profile, revision, note, json } => {
            let client = service.client()?;
            let revision = match revision {
                Some(revision) => revision,
                None => running(&client, &of).await?["revision"].as_u64().unwrap_or_default(),
            };
            let mut body = json!({ "revision": revision, "note": note });
            if let Some(profile) = profile {
                body["profile"] = profile.into();
            } else {
                let modes = switches.iter().map(|(rule, mode)| (rule.to_string(), json!(mode)));
                body["modes"] = modes.collect::<Map<_, _>>().into();
            }
            report(&client.send_json(Method::Put, &of.path(), None, &body).await?, json)
        }
        Verb::Rollback { of, note, json } => {
            let path = format!("{}/rollback", of.path());
            let body = json!({ "note": note });
            report(&service.client()?.send_json(Method::Post, &path, None, &body).await?, json)
        }
        Verb::History { of, limit, json } => {
            let path = format!("{}/history?limit={limit}", of.path());
            let page = service.client()?.read(&path).await?;
            let headers = ["revision", "when", "by", "change", "note"];
            Ok(show(&page, "changes", json, headers, history_row))
        }
        Verb::Observed { json } => {
            let list = service.client()?.read("/v1/policies/observed").await?;
            let headers = ["issuer", "kind", "rule", "client", "count", "first", "last"];
            let exit = show(&list, "observed", json, headers, observed_row);
            if !json && list["other"].as_u64().is_some_and(|other| other > 0) {
                say(format_args!("and {} of others, for whom there was no row", list["other"]));
            }
            Ok(exit)
        }
        Verb::Diff { profile, issuer, kind, json } => {
            let place = Place { issuer, kind };
            let beside = if service.is_named() {
                Some(modes_of(&running(&service.client()?, &place).await?)?)
            } else {
                None
            };
            diff::run(&profile, beside, json)
        }
        Verb::Profiles { json } => Ok(diff::profiles(json)),
    }
}

async fn running(client: &Client, place: &Place) -> Result<Value, Exit> {
    let list = client.read("/v1/policies").await?;
    let row = list["policies"].as_array().into_iter().flatten().find(|row| place.is(row));
    let unknown = || format!("there is no issuer {:?} with policies", place.issuer);
    row.cloned().ok_or_else(|| complain(Exit::Usage, unknown()))
}

fn modes_of(row: &Value) -> Result<Policy, Exit> {
    let policy = serde_json::from_value(row["modes"].clone());
    policy.map_err(|_| complain(Exit::Failed, "the service answered with rules of another version"))
}

async fn show_policies(client: &Client, of: Option<Place>, as_json: bool) -> Result<Exit, Exit> {
    if let Some(place) = of {
        let row = running(client, &place).await?;
        if as_json {
            say(format_args!("{row:#}"));
        } else {
            say(one(&row));
        }
        return Ok(Exit::Fine);
    }
    let list = client.read("/v1/policies").await?;
    let headers = ["issuer", "kind", "profile", "not enforced", "revision", "changed"];
    Ok(show(&list, "policies", as_json, headers, |row| {
        [
            text(&row["issuer"]),
            text(&row["kind"]),
            text(&row["profile"]),
            not_enforced(&row["modes"]),
            text(&row["revision"]),
            minute(&row["changed_at"]),
        ]
    }))
}

/// One policy, rule by rule.
fn one(row: &Value) -> String {
    let mut table = table_of(["rule", "mode", "what it takes"]);
    for rule in Rule::ALL {
        let mode = text(&row["modes"][rule.as_str()]);
        table.add_row([rule.as_str(), mode.as_str(), rule.meaning()]);
    }
    format!("{table}\nrevision {}", text(&row["revision"]))
}

fn not_enforced(modes: &Value) -> String {
    let modes = modes.as_object().into_iter().flatten();
    let words = modes.filter(|(_, mode)| *mode != "enforce");
    words.map(|(rule, mode)| format!("{rule}={}", text(mode))).collect::<Vec<_>>().join(" ")
}

/// Says what a change came to.
fn report(reply: &Reply, as_json: bool) -> Result<Exit, Exit> {
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    let row = reply.json();
    if as_json {
        say(format_args!("{row:#}"));
    } else {
        let (issuer, kind) = (text(&row["issuer"]), text(&row["kind"]));
        let (off, revision) = (not_enforced(&row["modes"]), text(&row["revision"]));
        let but = if off.is_empty() { String::new() } else { format!(" but {off}") };
        say(format_args!("{issuer} {kind}: everything is enforced{but}, revision {revision}"));
    }
    Ok(Exit::Fine)
}

fn history_row(change: &Value) -> [String; 5] {
    let cause = &change["cause"];
    let who = cause["name"].as_str().or(cause["by"].as_str());
    [
        text(&change["revision"]),
        minute(&change["at"]),
        who.unwrap_or_default().to_owned(),
        changed(change),
        text(&cause["note"]),
    ]
}

/// The rules that a change has changed.
fn changed(change: &Value) -> String {
    let rules = Rule::ALL.into_iter().map(Rule::as_str);
    let pairs = rules.map(|rule| (rule, &change["before"][rule], &change["after"][rule]));
    let differing = pairs.filter(|(_, before, after)| before != after);
    let words = differing
        .map(|(rule, before, after)| format!("{rule} {} to {}", text(before), text(after)));
    words.collect::<Vec<_>>().join(", ")
}

fn observed_row(row: &Value) -> [String; 7] {
    [
        text(&row["issuer"]),
        text(&row["kind"]),
        text(&row["rule"]),
        text(&row["client"]),
        text(&row["count"]),
        minute(&row["first_seen"]),
        minute(&row["last_seen"]),
    ]
}
