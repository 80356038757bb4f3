//! What the configuration says about a legacy path, and the path made from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::http::{HttpPath, HttpSettings};
use super::introspection::{IntrospectionPath, IntrospectionSettings};
use super::profile::{AudienceCheck, Key, Profile, ProfilePath};
use super::{LegacyError, named};
use crate::domain::AuthPath;
use crate::outbound::Outbound;

/// One legacy path, as configured. Secrets are not in here: they are handed in beside it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// A model in process.
    Profile(ProfileSettings),
    /// Any HTTP endpoint.
    Http(Box<HttpSettings>),
    /// An RFC 7662 endpoint.
    Introspection(IntrospectionSettings),
}

/// A model, and what differs from the profile as shipped.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileSettings {
    /// The name of a shipped profile; see [`super::shipped`].
    pub profile: String,
    /// A profile of one's own, which then takes the place of the shipped one.
    pub definition: Option<Box<Profile>>,
    /// Takes the place of the accepted issuers, where the profile looks at them.
    pub issuer: Option<String>,
    /// Takes the place of the accepted audiences, where the profile looks at them.
    pub audiences: Option<Vec<String>>,
    /// The environment that tokens must be bound to, where the profile looks at it.
    pub environment: Option<String>,
    /// The expected `token_type`, where the profile looks at it.
    pub token_type: Option<String>,
    /// False: the looser modes of development hold.
    #[serde(default = "yes")]
    pub production: bool,
    /// Modes of the profile's ladder switched on or off, such as `demo = false`.
    #[serde(default)]
    pub modes: BTreeMap<String, bool>,
    /// Keys that signatures are verified with, already read.
    #[serde(skip)]
    pub keys: Vec<Key>,
}

const fn yes() -> bool {
    true
}

impl ProfileSettings {
    /// A shipped profile as it is, with these keys.
    pub fn of(profile: &str, keys: Vec<Key>) -> Self {
        Self {
            profile: profile.to_owned(),
            definition: None,
            issuer: None,
            audiences: None,
            environment: None,
            token_type: None,
            production: true,
            modes: BTreeMap::new(),
            keys,
        }
    }

    /// The path. The errors are [`LegacyError::UnknownProfile`], and [`LegacyError::Faults`] for
    /// a mode that the profile does not have and for missing keys.
    pub fn build(mut self) -> Result<ProfilePath, LegacyError> {
        let own = self.definition.take().map(|profile| *profile);
        let profile = own.or_else(|| named(&self.profile));
        let mut profile =
            profile.ok_or_else(|| LegacyError::UnknownProfile(self.profile.clone()))?;
        self.overlay(&mut profile)?;
        ProfilePath::new(profile, self.keys)
    }

    fn overlay(&self, profile: &mut Profile) -> Result<(), LegacyError> {
        profile.production = self.production;
        if let Some(issuer) = self.issuer.as_ref().filter(|_| profile.issuer.configurable) {
            profile.issuer.values = vec![issuer.clone()];
        }
        let listed = profile.audience.check == AudienceCheck::Listed;
        if let Some(audiences) = self.audiences.as_ref().filter(|_| listed) {
            profile.audience.values.clone_from(audiences);
        }
        if self.environment.is_some() {
            profile.environment.value.clone_from(&self.environment);
        }
        if self.token_type.is_some() && profile.token_type.expected.is_some() {
            profile.token_type.expected.clone_from(&self.token_type);
        }
        let mut faults = Vec::new();
        for (name, enabled) in &self.modes {
            match profile.ladder.iter_mut().find(|rung| rung.name == *name) {
                Some(rung) => rung.enabled = *enabled,
                None => faults.push(format!("{} has no mode {name:?}", self.profile)),
            }
        }
        if faults.is_empty() {
            return Ok(());
        }
        Err(LegacyError::Faults { path: self.profile.clone(), faults })
    }
}

/// The path that `settings` describe; `name` is its name in the configuration and in errors.
pub fn build(
    name: &str,
    settings: Settings,
    outbound: &Outbound,
) -> Result<Arc<dyn AuthPath>, LegacyError> {
    Ok(match settings {
        Settings::Profile(settings) => Arc::new(settings.build()?),
        Settings::Http(settings) => Arc::new(HttpPath::new(name, *settings, outbound)?),
        Settings::Introspection(settings) => {
            Arc::new(IntrospectionPath::new(name, settings, outbound)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::Reason;
    use crate::legacy::testing::{answer, keys, loopback, reason, token};

    fn read(text: &str) -> Result<Settings, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn each_kind_of_path_is_built_from_its_settings() {
        let introspection = "kind = 'introspection'\nurl = 'http://127.0.0.1:9/'\n\
                             client = { by = 'bearer' }";
        let http = "kind = 'http'\nmethod = 'GET'\nurl = 'http://127.0.0.1:9/'\n\
                    headers = { authorization = 'Bearer {token}' }\n\
                    allow = { status = [200] }\ndeny = { status = [401] }";
        let profile = "kind = 'profile'\nprofile = 'payload-delegate'";
        for (text, complete) in [(introspection, false), (http, true), (profile, true)] {
            let settings = read(text).expect("settings");
            // Only the introspection client cannot do without a secret.
            assert_eq!(build("old", settings, &loopback()).is_ok(), complete, "{text}");
            assert!(read(&format!("{text}\nunknown = 1")).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_take_the_place_of_what_the_profile_looks_at_and_of_nothing_else() {
        let overlaid = |name: &str| {
            let mut settings = ProfileSettings::of(name, keys());
            settings.issuer = Some("us".into());
            settings.audiences = Some(vec!["ours".into()]);
            settings.build().expect("a path")
        };
        let ours = token(&json!({"iss": "us", "aud": "ours"}));
        assert!(answer(&overlaid("core-validate"), &ours).is_allow());
        let theirs = answer(&overlaid("core-validate"), &token(&json!({})));
        assert_eq!(reason(&theirs), Some(&Reason::Issuer));
        let refused = answer(&overlaid("library-default"), &ours);
        assert_eq!(reason(&refused), Some(&Reason::Audience));
    }

    #[test]
    fn a_profile_of_ones_own_can_be_written_into_the_settings() {
        let text = "kind = 'profile'\nprofile = 'mine'\n[definition]\nid = 'X1'\n\
                    description = 'everybody'\n\
                    rule = { kind = 'admit-text', contains = 'test_token', identity = {} }\n\
                    [definition.key]\nsignature_checked = false";
        let Settings::Profile(settings) = read(text).expect("settings") else {
            panic!("a profile")
        };
        let path = settings.build().expect("a path");
        assert!(answer(&path, "my-test_token").is_allow());
        assert_eq!(reason(&answer(&path, "other")), Some(&Reason::Segments));
        let unknown = ProfileSettings::of("mine", keys()).build().expect_err("not shipped");
        assert_eq!(unknown, LegacyError::UnknownProfile("mine".into()));
    }

    #[test]
    fn a_profile_that_verifies_needs_a_key() {
        let error = ProfileSettings::of("core-validate", Vec::new()).build().expect_err("no key");
        assert!(error.to_string().contains("no key"), "{error}");
    }

    #[test]
    fn a_path_says_whether_its_allow_means_that_a_signature_was_verified() {
        let verifies = |name: &str, production| {
            let settings = ProfileSettings { production, ..ProfileSettings::of(name, keys()) };
            settings.build().expect("a path").verifies()
        };
        for (name, in_production, elsewhere) in [
            ("core-validate", true, true),
            ("hardcoded-key", true, true),
            ("payload-delegate", true, true),
            ("unverified-decode", false, false),
            ("format-or-nothing", false, false),
            ("ws-strict", true, true),
            ("ws-ladder", true, false),
            ("ws-bypass", true, false),
        ] {
            let found = (verifies(name, true), verifies(name, false));
            assert_eq!(found, (in_production, elsewhere), "{name}");
        }
        let mut emergency = ProfileSettings::of("ws-ladder", keys());
        emergency.modes.insert("emergency".to_owned(), true);
        assert!(!emergency.build().expect("a path").verifies());
    }

    #[test]
    fn a_remote_path_is_taken_to_verify_unless_its_settings_say_otherwise() {
        let http = "kind = 'http'\nmethod = 'GET'\nurl = 'http://127.0.0.1:9/'\n\
                    headers = { authorization = 'Bearer {token}' }\n\
                    allow = { status = [200] }\ndeny = { status = [401] }\n";
        let introspection = "kind = 'introspection'\nurl = 'http://127.0.0.1:9/'\n\
                             client = { by = 'bearer' }\n";
        for text in [http, introspection] {
            for (says, verifies) in [
                ("", true),
                ("verifies_signatures = true", true),
                ("verifies_signatures = false", false),
            ] {
                let mut settings = read(&format!("{text}{says}")).expect("settings");
                if let Settings::Introspection(settings) = &mut settings {
                    settings.secret = Some(crate::legacy::Secret::new(b"hush"));
                }
                let path = build("old", settings, &loopback()).expect("a path");
                assert_eq!(path.verifies(), verifies, "{text}{says}");
            }
        }
    }
}
