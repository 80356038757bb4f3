//! Trusted issuers that are not ours: a deployment's identity provider stays what it is.
//!
//! The unverified `iss` of a token chooses whose rules and whose keys it is held against, and
//! nothing else: a token that names a foreign issuer is never tried with our keys, and one that
//! names us, nobody or somebody unknown is never tried with theirs.
//!
//! While an issuer's keys are held, reading them takes no lock and waits for nobody. They are
//! fetched in the background; a token whose key is not among them has them fetched at most once a
//! minute. When an issuer has been out of reach for too long, nothing can be said about its
//! tokens: that is a failure and never a denial.

mod decide;
mod issuer;
mod keys;
mod other_kind;
mod run;
mod settings;
mod view;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::Jws;
use crate::outbound::Outbound;

use super::AuthorityError;
pub(super) use issuer::ForeignIssuer;
pub(super) use settings::check;
pub use settings::{IssuerSettings, PERMISSIONS_CLAIMS, SUBJECT_CLAIMS};
pub use view::IssuerView;

/// The trusted issuers by their `iss`.
#[derive(Debug, Default)]
pub(super) struct Issuers(HashMap<Box<str>, ForeignIssuer>);

impl Issuers {
    /// The issuers of checked settings, whose keys nobody can fetch yet.
    pub(super) fn new(all: Vec<IssuerSettings>) -> Self {
        let names: Arc<[Box<str>]> = all.iter().map(|each| each.name.as_str().into()).collect();
        let issuers = all.into_iter().map(|settings| {
            let iss = settings.issuer.as_str().into();
            (iss, ForeignIssuer::new(settings, Arc::clone(&names)))
        });
        Self(issuers.collect())
    }

    /// The same issuers, whose keys are fetched through `outbound`. Refused when one of them is
    /// at a host that may not be called.
    pub(super) fn reaching(mut self, outbound: &Outbound) -> Result<Self, AuthorityError> {
        for issuer in self.0.values_mut() {
            issuer.reach(outbound)?;
        }
        Ok(self)
    }

    /// The foreign issuer that a token names; `None` for one of ours, and for everybody else's,
    /// which ours refuses. An `iss` that occurs twice names nobody.
    pub(super) fn named_in(&self, jws: &Jws, own: &[String]) -> Option<&ForeignIssuer> {
        if self.0.is_empty() {
            return None;
        }
        let iss = jws.claims.as_ref().ok()?.get("iss").and_then(Value::as_str)?;
        if own.iter().any(|issuer| issuer == iss) {
            return None;
        }
        self.0.get(iss)
    }

    /// Their names: no subject of anybody else begins like one of them and a bar.
    pub(super) fn names(&self) -> &[Box<str>] {
        self.0.values().next().map_or(&[], ForeignIssuer::all_names)
    }

    /// The longest life of a token of any of them, in seconds; 0 without any.
    pub(super) fn longest_s(&self) -> u32 {
        self.0.values().map(|issuer| issuer.settings.lifetime_max_s).max().unwrap_or(0)
    }

    /// All of them, by name.
    pub(super) fn sorted(&self) -> Vec<&ForeignIssuer> {
        let mut all: Vec<_> = self.0.values().collect();
        all.sort_by_key(|issuer| issuer.name());
        all
    }
}
