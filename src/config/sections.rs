//! The sections in which keys and secrets stand.

use std::path::{Path, PathBuf};

use super::Environment;
use super::issuers::issuers;
use super::reader::{Faults, Section};
use super::secret::{read_private_file, read_secret};
use super::sessions;
use crate::authority::{self, KeySource, MasterKey};
use crate::domain::ComponentId;
use crate::{legacy, outbound};

/// `[authority]`.
pub fn authority(
    mut section: Section,
    folder: &Path,
    data_dir: Option<&Path>,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<authority::Settings> {
    let issuer: Option<String> = section.required("issuer", faults);
    let audiences: Option<Vec<String>> = section.required("audiences", faults);
    let defaults = authority::Settings::new("", "");
    let settings = authority::Settings {
        environment: section.optional("environment", faults),
        environment_required: section.optional("environment_required", faults).unwrap_or(false),
        service_id: section.optional("service_id", faults),
        expiry_tolerance_s: section.within("expiry_tolerance_s", 0, 0..=300, faults),
        skew_tolerance_s: section.within("skew_tolerance_s", 5, 0..=300, faults),
        lifetime_max_s: section.within("lifetime_max_s", 86_400, 1..=31_622_400, faults),
        subject_bytes_max: section.within("subject_bytes_max", 255, 1..=4096, faults),
        signing_key: section.optional("signing_key", faults),
        key_publish_s: section.within("key_publish_s", 3600, 0..=31_622_400, faults),
        rotate_every_s: section.within("rotate_every_s", 0, 0..=315_360_000, faults),
        keys_without_kid: section.optional("keys_without_kid", faults).unwrap_or_default(),
        keys: keys(&mut section, folder, environment, faults),
        master_key: master_key(&mut section, folder, data_dir, environment, faults),
        compatible: sessions::compatible(section.section("compatible", faults), faults),
        clients: sessions::clients(section.section("clients", faults), folder, environment, faults),
        ..sessions::sessions(&mut section, defaults, faults)
    };
    let issuers = issuers(section.section("issuers", faults), faults);
    section.end(faults);
    Some(authority::Settings { issuer: issuer?, audiences: audiences?, issuers, ..settings })
}

fn keys(
    section: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<KeySource> {
    let list = section.list("keys", faults);
    list.into_iter().filter_map(|key| key_source(key, folder, environment, faults)).collect()
}

fn key_source(
    mut key: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<KeySource> {
    let kind: Option<String> = key.required("kind", faults);
    let id: Option<String> = key.optional("id", faults);
    let algorithm: Option<String> = key.optional("algorithm", faults);
    let text = read_secret_in(&mut key, folder, environment, faults);
    let place = key.place("kind");
    let named = |faults: &mut Faults| {
        if id.is_none() {
            faults.add(key.place("id"), "is missing");
        }
        id.clone()
    };
    let source = match kind.as_deref()? {
        "secret" => {
            let (id, text) = (named(faults)?, text?);
            Some(KeySource::Secret { id, bytes: text.into_bytes() })
        }
        "pem" => {
            let parsed = algorithm.as_deref().and_then(authority::Algorithm::parse);
            if parsed.is_none() {
                faults.add(key.place("algorithm"), "is RS256, PS256, ES256 or EdDSA");
            }
            Some(KeySource::Pem { id: named(faults)?, algorithm: parsed?, text: text? })
        }
        "jwk" => Some(KeySource::Jwk { text: text? }),
        other => {
            faults.add(place, format!("is secret, pem or jwk, not {other:?}"));
            None
        }
    };
    key.end(faults);
    source
}

/// A secret whose file may be named relative to the configuration.
pub fn read_secret_in(
    section: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<String> {
    section.rebase("file", folder);
    read_secret(section, environment, faults)
}

/// The key that seals keys: from a file or the environment; when neither is named, a file beside
/// the data, once there is one. The first start makes it.
fn master_key(
    section: &mut Section,
    folder: &Path,
    data_dir: Option<&Path>,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<MasterKey> {
    let mut master = section.section("master_key", faults);
    let place = master.place("file");
    let text = if master.is_empty() {
        let file = own_master_key(data_dir?);
        if !file.exists() {
            return None;
        }
        match read_private_file(&file) {
            Ok(text) => Some(text),
            Err(problem) => {
                faults.add(place.clone(), problem);
                None
            }
        }
    } else {
        read_secret_in(&mut master, folder, environment, faults)
    };
    master.end(faults);
    match MasterKey::parse(&text?) {
        Ok(key) => Some(key),
        Err(error) => {
            faults.add(place, error.to_string());
            None
        }
    }
}

/// Where the master key is when nothing else is said: beside the data, not in it.
pub fn own_master_key(data_dir: &Path) -> PathBuf {
    data_dir.with_extension("master-key")
}

/// What `[legacy]` holds.
#[derive(Default)]
pub struct LegacySections {
    /// Every path that is named, readable or not.
    pub names: Vec<String>,
    /// Those that could be read.
    pub paths: Vec<(String, legacy::Settings)>,
    /// How tokens are made there, of those that say.
    pub token_paths: Vec<(String, legacy::tokens::Settings)>,
    /// How events are delivered there, of those that say.
    pub managers: Vec<(String, legacy::managers::Settings)>,
}

/// `[legacy.<name>]`, one section a path. Keys and secrets are taken out of it before the room
/// reads the rest.
pub fn legacy(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> LegacySections {
    let mut sections = LegacySections::default();
    for (name, mut path) in section.sections(faults) {
        let tokens = path.section("tokens", faults);
        let manager = path.section("manager", faults);
        let only_these = path.is_empty() && !(tokens.is_empty() && manager.is_empty());
        if !tokens.is_empty() {
            let settings = legacy_tokens(tokens, folder, environment, faults);
            sections.token_paths.extend(settings.map(|settings| (name.clone(), settings)));
        }
        if !manager.is_empty() {
            let settings = legacy_manager(manager, folder, environment, faults);
            sections.managers.extend(settings.map(|settings| (name.clone(), settings)));
        }
        if only_these {
            continue;
        }
        sections.names.push(name.clone());
        let keys = legacy_keys(&mut path, folder, environment, faults);
        let secret = client_secret(&mut path, folder, environment, faults);
        let headers = secret_headers(&mut path, folder, environment, faults);
        let Some(mut settings) = path.rest::<legacy::Settings>(faults) else { continue };
        match &mut settings {
            legacy::Settings::Profile(profile) => profile.keys = keys,
            legacy::Settings::Http(http) => http.secret_headers = headers,
            legacy::Settings::Introspection(introspection) => introspection.secret = secret,
        }
        sections.paths.push((name, settings));
    }
    sections
}

/// `[legacy.<name>.tokens]`: how legacy makes tokens, its secrets taken out first.
fn legacy_tokens(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<legacy::tokens::Settings> {
    let headers = secret_headers(&mut section, folder, environment, faults);
    let secret = client_secret(&mut section, folder, environment, faults);
    let mut settings = section.rest::<legacy::tokens::Settings>(faults)?;
    match &mut settings {
        legacy::tokens::Settings::Http(http) => http.secret_headers = headers,
        legacy::tokens::Settings::Modelled(model) => model.secret = secret,
    }
    Some(settings)
}

/// `[legacy.<name>.manager]`: how legacy delivers events, its secrets taken out first.
fn legacy_manager(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<legacy::managers::Settings> {
    let headers = secret_headers(&mut section, folder, environment, faults);
    let mut settings = section.rest::<legacy::managers::Settings>(faults)?;
    match &mut settings {
        legacy::managers::Settings::Http(http) => http.secret_headers = headers,
        legacy::managers::Settings::Profile(_) => {}
    }
    Some(settings)
}

/// `[[legacy.<name>.keys]]`: what a modelled validator verifies with.
fn legacy_keys(
    path: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<legacy::profile::Key> {
    let mut keys = Vec::new();
    for mut key in path.list("keys", faults) {
        let id: Option<String> = key.required("id", faults);
        let algorithm: Option<legacy::profile::Algorithm> = key.required("algorithm", faults);
        let text = read_secret_in(&mut key, folder, environment, faults);
        if let (Some(id), Some(algorithm), Some(text)) = (id, algorithm, text) {
            let secret = legacy::Secret::new(text.as_bytes());
            match legacy::profile::Key::read(&id, algorithm, &secret) {
                Ok(key) => keys.push(key),
                Err(error) => faults.add(key.place("file"), error.to_string()),
            }
        }
        key.end(faults);
    }
    keys
}

/// `[legacy.<name>.secret]`: how an introspection client shows who it is, or what a model signs
/// with.
fn client_secret(
    path: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<legacy::Secret> {
    let mut section = path.section("secret", faults);
    if section.is_empty() {
        return None;
    }
    let text = read_secret_in(&mut section, folder, environment, faults);
    section.end(faults);
    text.map(|text| legacy::Secret::new(text.as_bytes()))
}

/// `[[legacy.<name>.secret_headers]]`: headers of an HTTP path whose values are secrets.
fn secret_headers(
    path: &mut Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<(String, legacy::Secret)> {
    let mut headers = Vec::new();
    for mut header in path.list("secret_headers", faults) {
        let name: Option<String> = header.required("name", faults);
        let text = read_secret_in(&mut header, folder, environment, faults);
        if let (Some(name), Some(text)) = (name, text) {
            headers.push((name, legacy::Secret::new(text.as_bytes())));
        }
        header.end(faults);
    }
    headers
}

/// The component that a setting names, or the shipped one.
pub fn named_component(
    section: &mut Section,
    (setting, otherwise): (&'static str, &str),
    faults: &mut Faults,
) -> ComponentId {
    let text: Option<String> = section.optional(setting, faults);
    let parsed = ComponentId::parse(text.as_deref().unwrap_or(otherwise)).or_else(|error| {
        faults.add(section.place(setting), format!("names no component: {error}"));
        ComponentId::parse(otherwise)
    });
    match parsed {
        Ok(component) => component,
        Err(_) => unreachable!("the name of a shipped component is a component"),
    }
}

/// `[outbound]`.
pub fn outbound(mut section: Section, faults: &mut Faults) -> outbound::Settings {
    let default = outbound::Settings::default();
    let settings = outbound::Settings {
        allowed_hosts: section.optional("allowed_hosts", faults).unwrap_or_default(),
        private_addresses: section.optional("private_addresses", faults).unwrap_or_default(),
        connect_timeout_ms: section.within(
            "connect_timeout_ms",
            default.connect_timeout_ms,
            10..=60_000,
            faults,
        ),
        idle_connections_max: section.within(
            "idle_connections_max",
            default.idle_connections_max,
            0..=10_000,
            faults,
        ),
        calls_max: section.within("calls_max", default.calls_max, 1..=100_000, faults),
        ..default
    };
    section.end(faults);
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (LegacySections, Vec<String>) {
        let mut faults = Faults::default();
        let section = Section::root(toml::from_str(text).expect("TOML"));
        let environment = Environment::from([("SERVICE", "hush")]);
        let sections = legacy(section, Path::new("."), &environment, &mut faults);
        (sections, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_manager_stands_beside_a_validator_or_alone() {
        let (sections, faults) = read(
            r#"
            [both]
            kind = "profile"
            profile = "payload-delegate"
            [both.manager]
            kind = "profile"
            profile = "unified-manager"
            [alone.manager]
            kind = "http"
            url = "http://127.0.0.1:9/who"
            read_only = true
            [[alone.manager.secret_headers]]
            name = "x-service-secret"
            env = "SERVICE"
            "#,
        );
        assert_eq!(faults, [""; 0]);
        assert_eq!(
            (sections.names.as_slice(), sections.paths.len()),
            (&["both".to_owned()][..], 1)
        );
        let names: Vec<&str> = sections.managers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["alone", "both"]);
        let legacy::managers::Settings::Http(http) = &sections.managers[0].1 else {
            panic!("a service")
        };
        assert_eq!(http.secret_headers.len(), 1);
    }

    #[test]
    fn what_nobody_knows_about_a_manager_is_a_fault() {
        let (sections, faults) = read("[old.manager]\nkind = 'profile'\nprofil = 'mirror'");
        assert!(sections.managers.is_empty());
        assert!(
            faults
                .iter()
                .any(|fault| fault.contains("legacy.old") || fault.contains("old.manager")),
            "{faults:?}"
        );
    }
}
