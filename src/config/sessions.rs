//! What of `[authority]` is about sessions and about those who ask for them.

use std::path::Path;

use super::Environment;
use super::reader::{Faults, Section};
use super::secret::read_secret;
use crate::authority::{ClientGrant, CompatibleForm, ConfiguredClient, Settings};
use crate::domain::Scopes;

/// Fewest characters of a client's secret.
const SECRET_MIN: usize = 32;

/// Longest life of anything, in seconds: 366 days.
const LIFETIME_MAX_S: u32 = 31_622_400;

/// The lifetimes and limits of sessions; the rest of the settings as in `defaults`.
pub fn sessions(section: &mut Section, defaults: Settings, faults: &mut Faults) -> Settings {
    let lifetime = 1..=LIFETIME_MAX_S;
    let mut seconds =
        |name, default, range| -> u32 { section.within(name, default, range, faults) };
    let access_lifetime_s =
        seconds("access_lifetime_s", defaults.access_lifetime_s, lifetime.clone());
    let refresh_lifetime_s =
        seconds("refresh_lifetime_s", defaults.refresh_lifetime_s, lifetime.clone());
    let family_lifetime_s =
        seconds("family_lifetime_s", defaults.family_lifetime_s, lifetime.clone());
    let service_lifetime_s = seconds("service_lifetime_s", defaults.service_lifetime_s, lifetime);
    let retry_s = seconds("retry_s", defaults.retry_s, 0..=60);
    let retry_unauthenticated_s =
        seconds("retry_unauthenticated_s", defaults.retry_unauthenticated_s, 0..=60);
    Settings {
        access_lifetime_s,
        refresh_lifetime_s,
        family_lifetime_s,
        service_lifetime_s,
        retry_s,
        retry_unauthenticated_s,
        families_max: section.within(
            "families_max",
            defaults.families_max,
            1..=100_000_000,
            faults,
        ),
        revocations_max: section.within(
            "revocations_max",
            defaults.revocations_max,
            1..=100_000_000,
            faults,
        ),
        ..defaults
    }
}

/// `[authority.compatible]`: how legacy's tokens look.
pub fn compatible(mut section: Section, faults: &mut Faults) -> Option<CompatibleForm> {
    if section.is_empty() {
        return None;
    }
    let key_id = section.required("key_id", faults);
    let issuer = section.required("issuer", faults);
    let access_audience = section.required("access_audience", faults);
    let refresh_audience = section.required("refresh_audience", faults);
    let service_audience = section.required("service_audience", faults);
    let lifetime_max_s = section.within("lifetime_max_s", 86_400, 1..=LIFETIME_MAX_S, faults);
    section.end(faults);
    Some(CompatibleForm {
        key_id: key_id?,
        issuer: issuer?,
        access_audience: access_audience?,
        refresh_audience: refresh_audience?,
        service_audience: service_audience?,
        lifetime_max_s,
    })
}

/// `[authority.clients.<name>]`: where the secret is, and what the client may ask for.
pub fn clients(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<ConfiguredClient> {
    let mut clients = Vec::new();
    for (name, mut client) in section.sections(faults) {
        let grants = grants(&mut client, faults);
        let scopes: Vec<String> = client.optional("scopes", faults).unwrap_or_default();
        if scopes.iter().any(|scope| !is_scope(scope)) {
            faults.add(client.place("scopes"), "is a list of names without spaces");
        }
        let audience = client.optional("audience", faults);
        let service = client.optional("service", faults);
        client.rebase("file", folder);
        let secret = read_secret(&mut client, environment, faults);
        if secret.as_ref().is_some_and(|secret| secret.len() < SECRET_MIN) {
            faults.add(client.place("file"), "the secret has fewer than 32 characters");
        }
        client.end(faults);
        if let (Some(grants), Some(secret)) = (grants, secret) {
            let scopes: Scopes = scopes.iter().collect();
            clients.push(ConfiguredClient { name, secret, grants, scopes, audience, service });
        }
    }
    section.end(faults);
    clients
}

fn grants(client: &mut Section, faults: &mut Faults) -> Option<Vec<ClientGrant>> {
    let names: Vec<String> = client.required("grants", faults)?;
    let read: Option<Vec<ClientGrant>> =
        names.iter().map(|name| ClientGrant::parse(name)).collect();
    if read.is_none() {
        let known = ClientGrant::ALL.map(ClientGrant::as_str).join(", ");
        faults.add(client.place("grants"), format!("is a list of {known}"));
    }
    read
}

/// One name of a scope (RFC 6749 §3.3): printable, no space, no quotation mark, no backslash.
fn is_scope(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    !text.is_empty() && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "a-secret-of-the-shop-that-is-long-enough";

    fn read(text: &str) -> (Settings, Vec<String>) {
        let mut faults = Faults::default();
        let mut section = Section::root(toml::from_str(text).expect("TOML"));
        let environment = Environment::from([("SHOP", SECRET)]);
        let settings = Settings {
            compatible: compatible(section.section("compatible", &mut faults), &mut faults),
            clients: clients(
                section.section("clients", &mut faults),
                Path::new("."),
                &environment,
                &mut faults,
            ),
            ..sessions(&mut section, Settings::new("i", "a"), &mut faults)
        };
        section.end(&mut faults);
        (settings, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_need_be_said_about_sessions() {
        let (settings, faults) = read("");
        assert!(faults.is_empty() && settings.compatible.is_none() && settings.clients.is_empty());
        assert_eq!((settings.access_lifetime_s, settings.retry_s), (900, 10));
    }

    #[test]
    fn the_compatible_form_and_a_client_are_read() {
        let (settings, faults) = read(
            r#"
            refresh_lifetime_s = 60
            compatible.key_id = "legacy"
            compatible.issuer = "old"
            compatible.access_audience = "platform"
            compatible.refresh_audience = "platform"
            compatible.service_audience = "services"
            clients.shop.env = "SHOP"
            clients.shop.grants = ["client_credentials", "refresh_token", "introspect"]
            clients.shop.scopes = ["read"]
            "#,
        );
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(settings.refresh_lifetime_s, 60);
        assert_eq!(settings.compatible.map(|form| form.lifetime_max_s), Some(86_400));
        let shop = &settings.clients[0];
        assert_eq!((shop.name.as_str(), shop.secret.as_str()), ("shop", SECRET));
        assert_eq!(shop.grants.len(), 3);
    }

    #[test]
    fn every_fault_is_named_by_its_place() {
        let (_, faults) = read(
            r#"
            retry_s = 61
            compatible.key_id = "legacy"
            clients.shop.env = "SHOP"
            clients.shop.grants = ["everything"]
            clients.shop.scopes = ["a b"]
            clients.till.env = "NOT_SET"
            "#,
        );
        let all = faults.join("\n");
        for place in [
            "retry_s",
            "compatible.issuer",
            "compatible.service_audience",
            "clients.shop.grants",
            "clients.shop.scopes",
            "clients.till.grants",
            "clients.till.env",
        ] {
            assert!(all.contains(place), "{place} is not in\n{all}");
        }
        assert!(!all.contains(SECRET));
    }
}
