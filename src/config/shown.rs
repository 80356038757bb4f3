//! What of a configuration may be shown: every setting that was looked for, without its secrets.
//!
//! A secret is pointed at by a `file` or an `env` variable, and neither is shown; no value is shown of
//! whatever else may carry one, such as headers and bodies of calls. Of an address its user, query and
//! fragment are left out. Only what is shown here is kept; values are not.

use toml::Value;

use super::Environment;
use crate::web::{SettingShown, SettingSource};

/// Longest value that is shown, in characters.
const VALUE_MAX: usize = 300;

/// Most settings that are shown; a configuration has some hundred.
const SETTINGS_MAX: usize = 5_000;

/// Parts of names whose values are secrets, or lead to them.
const SECRET_PARTS: [&str; 8] = [
    "secret",
    "password",
    "passphrase",
    "private",
    "credential",
    "authorization",
    "api_key",
    "pepper",
];

/// Tables whose values may carry a secret.
const SECRET_TABLES: [&str; 6] = ["headers", "body", "form", "query", "definition", "fields"];

/// Names that point at a secret.
const POINTERS: [&str; 2] = ["file", "env"];

/// What was looked for, and what was found.
#[derive(Default)]
pub(super) struct Looked(Vec<LookedFor>);

struct LookedFor {
    place: String,
    /// As it is shown; `None` where nothing is set.
    found: Option<String>,
    otherwise: Option<String>,
}

impl Looked {
    /// Notes a setting that was looked for.
    pub fn note(&mut self, place: String, found: Option<&Value>) {
        match found {
            Some(Value::Table(table)) if !is_secret(&place) => {
                for (name, value) in table {
                    self.note(format!("{place}.{name}"), Some(value));
                }
            }
            Some(Value::Array(list)) if list.iter().any(Value::is_table) && !is_secret(&place) => {
                for (number, value) in list.iter().enumerate() {
                    self.note(format!("{place}[{number}]"), Some(value));
                }
            }
            found => {
                let found = found.map(|value| shown(&place, value));
                self.push(LookedFor { place, found, otherwise: None });
            }
        }
    }

    /// What holds where the setting that was looked for last is not set.
    pub fn otherwise(&mut self, value: &dyn std::fmt::Display) {
        if let Some(last) = self.0.last_mut() {
            last.otherwise = Some(value.to_string());
        }
    }

    /// All of them, in the order in which they were looked for.
    pub fn into_shown(self, environment: &Environment) -> Vec<SettingShown> {
        let mut all: Vec<SettingShown> = Vec::with_capacity(self.0.len());
        for LookedFor { place, found, otherwise } in self.0 {
            let (section, name) = parted(&place);
            if all.iter().any(|known| known.section == section && known.name == name) {
                continue;
            }
            let source = match &found {
                None => SettingSource::Default,
                Some(_) if environment.sets(&place) => SettingSource::Environment,
                Some(_) => SettingSource::File,
            };
            let value = found.or(otherwise).unwrap_or_else(|| "not set".to_owned());
            all.push(SettingShown { section, name, value, source });
        }
        all
    }

    fn push(&mut self, looked: LookedFor) {
        if self.0.len() < SETTINGS_MAX {
            self.0.push(looked);
        }
    }
}

/// Section and name: what stands behind the last dot is the name.
fn parted(place: &str) -> (String, String) {
    match place.rsplit_once('.') {
        Some((section, name)) => (section.to_owned(), name.to_owned()),
        None => (String::new(), place.to_owned()),
    }
}

fn is_secret(place: &str) -> bool {
    let parts: Vec<&str> = place.split(['.', '[']).collect();
    let Some((name, tables)) = parts.split_last() else { return true };
    let carries = |part: &&str| SECRET_TABLES.contains(part);
    let speaks = |part: &&str| {
        let part = part.to_ascii_lowercase().replace('-', "_");
        SECRET_PARTS.iter().any(|secret| part.contains(secret))
    };
    POINTERS.contains(name)
        || SECRET_TABLES.contains(name)
        || *name == "key"
        || tables.iter().any(carries)
        || tables.iter().any(speaks)
        || speaks(name)
}

fn shown(place: &str, value: &Value) -> String {
    if is_secret(place) {
        return "set".to_owned();
    }
    let text = match value {
        Value::String(text) => addresses_only(text),
        Value::Array(list) => {
            let items = list.iter().map(|item| shown(place, item));
            items.collect::<Vec<_>>().join(", ")
        }
        Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Table(_) => value.to_string(),
    };
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{} (and more)", &text[..end]),
        None => text,
    }
}

/// An address without user, query and fragment; any other text as it is.
fn addresses_only(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else { return text.to_owned() };
    let end = rest.find(['?', '#']).unwrap_or(rest.len());
    let (kept, cut) = rest.split_at(end);
    let (authority, path) = kept.split_at(kept.find('/').unwrap_or(kept.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let mark = if cut.is_empty() { "" } else { "?..." };
    format!("{scheme}://{host}{path}{mark}")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::parse;

    /// Every place of a configuration that can hold or lead to a secret.
    const EVERYTHING: &str = r#"
        data_dir = "data"
        environment = "development"
        [access]
        session_idle_min = 45
        [access.tokens.ops]
        scopes = ["read"]
        file = "hush-token"
        [access.tokens.ci]
        scopes = ["read"]
        env = "HUSH_CI"
        [outbound]
        allowed_hosts = ["https://legacy.example", "https://hooks.example"]
        [authority]
        issuer = "https://auth.example"
        audiences = ["api", "admin"]
        [authority.master_key]
        env = "HUSH_MASTER"
        [[authority.keys]]
        kind = "secret"
        id = "main"
        env = "HUSH_KEY"
        [authority.clients.gateway]
        env = "HUSH_CLIENT"
        grants = ["introspect"]
        [legacy.http-auth]
        kind = "http"
        method = "POST"
        url = "https://legacy.example/check?api=hush-query"
        headers = { authorization = "Bearer {token}", x-api-key = "hush-literal" }
        allow = { status = [200] }
        deny = { status = [401] }
        [[legacy.http-auth.secret_headers]]
        name = "x-service-secret"
        env = "HUSH_SERVICE"
        [legacy.frontend-session]
        kind = "introspection"
        url = "https://legacy.example/introspect"
        client = { by = "bearer" }
        [legacy.frontend-session.secret]
        env = "HUSH_BEARER"
        [legacy.socket-auth]
        kind = "profile"
        profile = "ws-strict"
        [[legacy.socket-auth.keys]]
        id = "old"
        algorithm = "HS256"
        env = "HUSH_OLD"
        [[webhook]]
        name = "ops"
        url = "https://hooks.example/crossfade"
        env = "HUSH_HOOK"
    "#;

    fn settings() -> Vec<SettingShown> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("hush-token");
        std::fs::write(&file, "hush-of-a-file-as-long-as-a-token-must-be").expect("written");
        let owner = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&file, owner).expect("private");
        let environment = Environment::from([
            ("HUSH_CI", "hush-ci-0123456789abcdef0123456789abcdef"),
            ("HUSH_MASTER", "68757368686d61737465726868757368686d61737465726868757368686d6173"),
            ("HUSH_KEY", "hush-key-0123456789abcdef0123456789abcdef"),
            ("HUSH_CLIENT", "hush-client-0123456789abcdef0123456789ab"),
            ("HUSH_SERVICE", "hush-service"),
            ("HUSH_BEARER", "hush-bearer"),
            ("HUSH_OLD", "hush-old-0123456789abcdef0123456789abcdef"),
            ("HUSH_HOOK", "whsec_aHVzaC1ob29rLTAxMjM0NTY3ODlhYmNkZWY="),
            ("CROSSFADE__SHADOW__SETTLE_MS", "700"),
        ]);
        let config = parse(EVERYTHING, folder.path(), &environment);
        config.unwrap_or_else(|error| panic!("{error}")).shown
    }

    fn find<'s>(all: &'s [SettingShown], section: &str, name: &str) -> &'s SettingShown {
        let found = all.iter().find(|one| one.section == section && one.name == name);
        found.unwrap_or_else(|| panic!("{section}.{name} is not shown: {all:?}"))
    }

    #[test]
    fn no_secret_of_a_full_configuration_is_shown() {
        let all = settings();
        let text = serde_json::to_string(&all).expect("JSON");
        assert!(!text.to_lowercase().contains("hush"), "{text}");
        assert!(!text.contains("6875736868") && !text.contains("whsec_"), "{text}");
        for (section, name) in [
            ("access.tokens.ops", "file"),
            ("access.tokens.ci", "env"),
            ("authority.keys[0]", "env"),
            ("authority.master_key", "env"),
            ("authority.clients.gateway", "env"),
            ("legacy.frontend-session.secret", "env"),
            ("legacy.socket-auth.keys[0]", "env"),
            ("webhook[0]", "env"),
        ] {
            assert_eq!(find(&all, section, name).value, "set", "{section}.{name}");
        }
    }

    #[test]
    fn what_is_set_is_told_from_what_is_as_it_is_shipped() {
        let all = settings();
        let row = |section, name| {
            let one = find(&all, section, name);
            (one.value.as_str(), one.source)
        };
        assert_eq!(row("access", "session_idle_min"), ("45", SettingSource::File));
        assert_eq!(row("access", "fresh_min"), ("5", SettingSource::Default));
        assert_eq!(row("shadow", "settle_ms"), ("700", SettingSource::Environment));
        assert_eq!(row("access", "data_per_second"), ("not set", SettingSource::Default));
        assert_eq!(row("authority", "audiences"), ("api, admin", SettingSource::File));
        assert_eq!(row("legacy.socket-auth", "profile"), ("ws-strict", SettingSource::File));
        let url = "https://legacy.example/check?...";
        assert_eq!(row("legacy.http-auth", "url"), (url, SettingSource::File));
        assert_eq!(row("", "environment"), ("development", SettingSource::File));
    }

    #[test]
    fn an_address_is_shown_without_whoever_asks_and_what() {
        for (text, expected) in [
            ("https://ada:pw@host.example:8/a@b?c#d", "https://host.example:8/a@b?..."),
            ("wss://host.example", "wss://host.example"),
            ("no address?x=1", "no address?x=1"),
        ] {
            assert_eq!(addresses_only(text), expected);
        }
    }

    #[test]
    fn values_are_cut_and_not_torn() {
        let text = shown("a.b", &Value::String("é".repeat(VALUE_MAX + 1)));
        assert_eq!(text, format!("{} (and more)", "é".repeat(VALUE_MAX)));
        assert_eq!(parted("a.b[0].c"), ("a.b[0]".to_owned(), "c".to_owned()));
        assert_eq!(parted("data_dir"), (String::new(), "data_dir".to_owned()));
    }
}
