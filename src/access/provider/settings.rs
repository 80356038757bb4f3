//! Which provider, and what its groups may do here.

use super::discovery::checked_endpoint;
use crate::access::{Role, Secret};
use crate::outbound::Outbound;

/// Most groups with a role.
const ROLES_MAX: usize = 100;

/// Settings of a [`Provider`](super::Provider).
#[derive(Clone, Debug)]
pub struct ProviderSettings {
    /// The provider's name for itself, a URL; compared exactly.
    pub issuer: String,
    /// Its name for us.
    pub client_id: String,
    /// What we show at its token endpoint; without it we are a public client.
    pub client_secret: Option<Secret>,
    /// What is asked for; default `openid`, `profile` and `email`.
    pub scopes: Vec<String>,
    /// The claim with the operator's name; default `preferred_username`. Where it is missing or
    /// no name, `email` is taken, unless the provider says that it is not verified, then `sub`.
    pub name_claim: String,
    /// The claim with his groups, a list or one text; default `groups`.
    pub groups_claim: String,
    /// Groups, and the role of their members.
    pub roles: Vec<(String, Role)>,
}

impl ProviderSettings {
    /// The defaults, for one provider and us. No group has a role yet.
    pub fn new(issuer: &str, client_id: &str) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: None,
            scopes: ["openid", "profile", "email"].map(str::to_owned).into(),
            name_claim: "preferred_username".into(),
            groups_claim: "groups".into(),
            roles: Vec::new(),
        }
    }

    /// The error names the setting and what is wrong with it.
    pub(super) fn check(&self, outbound: &Outbound) -> Result<(), String> {
        if self.issuer.contains(['?', '#']) {
            return Err("issuer: has a query or a fragment".into());
        }
        checked_endpoint(&self.issuer, outbound).map_err(|why| format!("issuer: {why}"))?;
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        if !self.client_id.chars().all(|c| (' '..='~').contains(&c)) || self.client_id.is_empty() {
            return Err("client_id: is empty or not printable ASCII".into());
        }
        if !self.scopes.iter().any(|scope| scope == "openid") {
            return Err("scopes: `openid` is missing".into());
        }
        if !self.scopes.iter().all(|scope| plain(scope)) {
            return Err("scopes: one is empty or not printable ASCII".into());
        }
        if self.name_claim.is_empty() || self.groups_claim.is_empty() {
            return Err("name_claim and groups_claim: must not be empty".into());
        }
        if self.roles.is_empty() || self.roles.len() > ROLES_MAX {
            return Err(format!("roles: 1 to {ROLES_MAX} groups have a role, or nobody gets in"));
        }
        Ok(())
    }
}
