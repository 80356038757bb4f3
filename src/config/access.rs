//! `[access]`: time-outs, rates, and API tokens that the configuration brings along.

use std::path::Path;
use std::time::Duration;

use super::Environment;
use super::reader::{Faults, Section};
use super::secret::read_secret;
use crate::access::{ConfiguredToken, Name, Scope, Scopes, Secret, Settings};
use crate::domain::Timestamp;

/// Fewest characters of a token that somebody else has made up.
const SECRET_MIN: usize = 32;

/// Reads the section.
pub fn access(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> (Settings, Vec<ConfiguredToken>) {
    let tokens = tokens(section.section("tokens", faults), folder, environment, faults);
    let default = Settings::default();
    let minutes = |section: &mut Section, name, default: Duration, max, faults: &mut Faults| {
        let minutes = section.within(name, default.as_secs() / 60, 1..=max, faults);
        Duration::from_mins(minutes)
    };
    let settings = Settings {
        session_idle: minutes(
            &mut section,
            "session_idle_min",
            default.session_idle,
            1_440,
            faults,
        ),
        session_max: minutes(&mut section, "session_max_min", default.session_max, 10_080, faults),
        fresh: minutes(&mut section, "fresh_min", default.fresh, 60, faults),
        setup_link: minutes(&mut section, "setup_link_min", default.setup_link, 10_080, faults),
        action_link: minutes(&mut section, "action_link_min", default.action_link, 1_440, faults),
        approval: minutes(&mut section, "approval_min", default.approval, 10_080, faults),
        control_per_minute: section.within(
            "control_per_minute",
            default.control_per_minute,
            1..=1_000_000,
            faults,
        ),
        token_per_second: section.within(
            "token_per_second",
            default.token_per_second,
            1..=10_000_000,
            faults,
        ),
        data_per_second: section.optional("data_per_second", faults),
    };
    if settings.data_per_second == Some(0) {
        faults.add(section.place("data_per_second"), "is at least 1; leave it out for no limit");
    }
    section.end(faults);
    (settings, tokens)
}

/// `[access.tokens.<name>]`: where the secret is, what it is for, and until when.
fn tokens(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<ConfiguredToken> {
    let mut tokens = Vec::new();
    for (name, mut token) in section.sections(faults) {
        let place = token.place("");
        let Some(name) = Name::parse(&name) else {
            faults.add(place, "is no name: 1 to 64 of a-z, 0-9, `.`, `_`, `-` and `@`");
            continue;
        };
        let scopes = scopes(&mut token, faults);
        let expires_at = expiry(&mut token, faults);
        token.rebase("file", folder);
        let secret = read_secret(&mut token, environment, faults);
        if secret.as_ref().is_some_and(|secret| secret.len() < SECRET_MIN) {
            faults.add(token.place("file"), "the token has fewer than 32 characters");
        }
        token.end(faults);
        if let (Some(scopes), Some(secret)) = (scopes, secret) {
            let secret = Secret::new(secret);
            tokens.push(ConfiguredToken { name, secret, scopes, expires_at });
        }
    }
    section.end(faults);
    tokens
}

fn scopes(token: &mut Section, faults: &mut Faults) -> Option<Scopes> {
    let names: Vec<String> = token.required("scopes", faults)?;
    let read: Option<Vec<Scope>> = names.iter().map(|name| Scope::parse(name)).collect();
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    let scopes = read.ok_or(format!("is a list of {known}"));
    match scopes.and_then(|scopes| Scopes::new(scopes).map_err(str::to_owned)) {
        Ok(scopes) => Some(scopes),
        Err(problem) => {
            faults.add(token.place("scopes"), problem);
            None
        }
    }
}

/// `expires = "2027-06-30T00:00:00Z"`.
fn expiry(token: &mut Section, faults: &mut Faults) -> Option<Timestamp> {
    let text: String = token.optional("expires", faults)?;
    let moment = Timestamp::parse(&text);
    if moment.is_none() {
        faults.add(token.place("expires"), "is a moment like \"2027-06-30T00:00:00Z\"");
    }
    moment
}
