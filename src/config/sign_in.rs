//! `[sign_in.provider]`: who else may say who an operator is.

use std::path::Path;

use super::Environment;
use super::reader::{Faults, Section};
use super::secret::read_secret;
use crate::access::{ProviderSettings, Role, Secret};

/// `[sign_in.provider]`; `None` when it is not there.
pub fn provider(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<ProviderSettings> {
    if section.is_empty() {
        return None;
    }
    let issuer: Option<String> = section.required("issuer", faults);
    let client_id: Option<String> = section.required("client_id", faults);
    let client_secret =
        client_secret(section.section("secret", faults), folder, environment, faults);
    let scopes = section.optional("scopes", faults);
    let name_claim = section.optional("name_claim", faults);
    let groups_claim = section.optional("groups_claim", faults);
    let roles = roles(section.section("roles", faults), faults);
    section.end(faults);
    let default = ProviderSettings::new(&issuer?, &client_id?);
    Some(ProviderSettings {
        client_secret,
        scopes: scopes.unwrap_or(default.scopes),
        name_claim: name_claim.unwrap_or(default.name_claim),
        groups_claim: groups_claim.unwrap_or(default.groups_claim),
        roles,
        ..default
    })
}

fn client_secret(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Secret> {
    if section.is_empty() {
        return None;
    }
    section.rebase("file", folder);
    let text = read_secret(&mut section, environment, faults);
    section.end(faults);
    text.map(Secret::new)
}

/// `"group" = "role"`, one line a group.
fn roles(mut section: Section, faults: &mut Faults) -> Vec<(String, Role)> {
    if section.is_empty() {
        faults.add(section.place("\"group\""), "no group has a role: nobody would get in");
    }
    let mut roles = Vec::new();
    for group in section.names() {
        let Some(name) = section.optional::<String>(&group, faults) else { continue };
        if let Some(role) = Role::parse(&name) {
            roles.push((group, role));
        } else {
            let known = Role::ALL.map(Role::as_str).join(", ");
            faults.add(section.place(&group), format!("is one of {known}, not {name:?}"));
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<ProviderSettings>, Vec<String>) {
        let table = toml::from_str(text).expect("TOML");
        let environment = Environment::from([("CLIENT_SECRET", "s3cret")]);
        let mut faults = Faults::default();
        let settings = provider(Section::root(table), Path::new("."), &environment, &mut faults);
        (settings, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_provider_is_read_with_its_defaults() {
        let text = "issuer = \"https://id.example\"\nclient_id = \"crossfade\"\n\
                    secret = { env = \"CLIENT_SECRET\" }\n\
                    [roles]\n\"crossfade admins\" = \"admin\"\n\"all.staff\" = \"viewer\"";
        let (settings, faults) = read(text);
        let settings = settings.expect("settings");
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(settings.client_secret, Some(Secret::new("s3cret")));
        assert_eq!(settings.scopes, ["openid", "profile", "email"]);
        assert_eq!(settings.groups_claim, "groups");
        assert!(settings.roles.contains(&("crossfade admins".into(), Role::Admin)));
        assert!(settings.roles.contains(&("all.staff".into(), Role::Viewer)));
    }

    #[test]
    fn without_the_section_there_is_no_provider() {
        let (settings, faults) = read("");
        assert!(settings.is_none() && faults.is_empty());
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let text = "client_id = \"c\"\nsecret = { env = \"NOT_THERE\" }\nscope = \"openid\"\n\
                    [roles]\nops = \"root\"";
        let (_, faults) = read(text);
        let faults = faults.join("\n");
        for part in [
            "issuer: is missing",
            "secret.env: ",
            "scope: is not a setting",
            "roles.ops: is one of",
        ] {
            assert!(faults.contains(part), "{part} in {faults}");
        }
    }
}
