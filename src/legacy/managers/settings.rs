//! What the configuration says about a legacy manager, and the path made from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;

use super::{HttpManagerPath, ManagerPath, ManagerProfile, named};
use crate::domain::{Clock, EventPath};
use crate::legacy::remote::CallLimits;
use crate::legacy::{LegacyError, Secret};
use crate::outbound::{Headers, Outbound, Url};

/// `[legacy.<name>.manager]`. Secrets are not in here: they are handed in beside it.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Settings {
    /// A model in process.
    Profile(ManagerProfileSettings),
    /// A service that says whom it would send an event to.
    Http(Box<HttpManagerSettings>),
}

/// A model.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagerProfileSettings {
    /// The name of a shipped profile; see [`super::shipped`].
    pub profile: String,
    /// A profile of one's own, which then takes the place of the shipped one.
    pub definition: Option<Box<ManagerProfile>>,
}

/// A service. It is sent `{"event": .., "audience": [{"connection": .., "condition": ..}]}`, and
/// answers with `{"frames": [{"connection": .., "frame": ..}]}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpManagerSettings {
    /// The target.
    pub url: String,
    /// Says that asking has no effect. Nothing is asked without it: whoever sends when asked would
    /// send twice.
    #[serde(default)]
    pub read_only: bool,
    /// Header fields that are no secrets.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Time and size. An answer holds a frame for each connection.
    #[serde(default = "limits")]
    pub limits: CallLimits,
    /// Header fields whose values are secret, already read.
    #[serde(skip)]
    pub secret_headers: Vec<(String, Secret)>,
}

fn limits() -> CallLimits {
    CallLimits { response_bytes_max: 1_024 * 1_024, ..CallLimits::default() }
}

impl HttpManagerSettings {
    /// The target and the fields, and everything that is wrong.
    pub(super) fn checked(&self, outbound: &Outbound) -> (Option<Url>, Headers, Vec<String>) {
        let mut faults: Vec<String> = self.limits.faults().collect();
        if !self.read_only {
            faults.push("read_only is not true: a service that sends is not asked".to_owned());
        }
        let url = Url::configured(&self.url)
            .map_err(|error| error.to_string())
            .and_then(|url| outbound.check(&url).map(|()| url).map_err(|error| error.to_string()));
        let url = url.map_err(|error| faults.push(format!("url: {error}"))).ok();
        let mut headers = Headers::default();
        if !self.headers.keys().any(|name| name.eq_ignore_ascii_case("content-type")) {
            // A name and a value that HTTP carries.
            drop(headers.append("content-type", "application/json"));
        }
        let secret = ["authorization", "proxy-authorization", "cookie"];
        for (name, value) in &self.headers {
            if secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)) {
                faults.push(format!("headers: {name} belongs to secret_headers"));
            } else if let Err(error) = headers.append(name, value) {
                faults.push(format!("headers: {error}"));
            }
        }
        for (name, secret) in &self.secret_headers {
            let text = std::str::from_utf8(secret.reveal()).unwrap_or("\n").trim_end();
            if text.is_empty() || headers.append(name, text).is_err() {
                faults.push(format!("secret header {name} cannot be sent"));
            }
        }
        (url, headers, faults)
    }
}

/// The path that `settings` describe; `name` is its name in the configuration and in errors.
pub fn build(
    name: &str,
    settings: Settings,
    outbound: &Outbound,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn EventPath>, LegacyError> {
    Ok(match settings {
        Settings::Profile(ManagerProfileSettings { profile, definition }) => {
            let own = definition.map(|definition| *definition);
            let found = own.or_else(|| named(&profile));
            let profile = found.ok_or(LegacyError::UnknownProfile(profile))?;
            Arc::new(ManagerPath::new(profile, clock)?)
        }
        Settings::Http(settings) => Arc::new(HttpManagerPath::new(name, *settings, outbound)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SystemClock;
    use crate::legacy::testing::loopback;

    fn built(text: &str) -> Result<Arc<dyn EventPath>, LegacyError> {
        let settings = toml::from_str(text).expect("settings");
        build("old", settings, &loopback(), Arc::new(SystemClock))
    }

    #[test]
    fn each_kind_of_manager_is_built_from_its_settings() {
        assert!(built("kind = 'profile'\nprofile = 'unified-manager'").is_ok());
        let unknown = built("kind = 'profile'\nprofile = 'mine'").map(drop).expect_err("unknown");
        assert_eq!(unknown, LegacyError::UnknownProfile("mine".into()));
        let own = "kind = 'profile'\nprofile = 'mine'\n[definition]\nid = 'X'\ndescription = 'd'";
        assert!(built(own).is_ok());
        assert!(built(&format!("{own}\nall_failed = 'queued'")).is_err());
        let http = "kind = 'http'\nurl = 'http://127.0.0.1:9/'\nread_only = ";
        assert!(built(&format!("{http}true")).is_ok());
        assert!(built(&format!("{http}false")).is_err());
        assert!(toml::from_str::<Settings>(&format!("{http}true\nodd = 1")).is_err());
    }
}
