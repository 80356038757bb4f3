//! How legacy makes tokens and takes them back, behind the same seam as SSOT.
//!
//! [`HttpTokens`] asks endpoints; what it does has effects, so it cannot say what it would do.
//! Revocations go to legacy by the outbox: kept on the disk, the token in them sealed, and sent
//! until they arrive. [`ModelledTokens`] is a model in process, which can plan. [`NoTokens`] stands
//! where nothing is configured.

mod absent;
mod body;
mod http;
mod modelled;
mod reading;
mod revoking;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use absent::NoTokens;
pub use http::HttpTokens;
pub use modelled::{ModelSettings, ModelledTokens};
pub use revoking::{PARCEL_PREFIX, Post, Sealer, secret_source};
pub use settings::{Endpoint, HttpTokenSettings, Pointers, RevokeEndpoint, Settings};

use super::LegacyError;
use super::profile::ProfilePath;
use crate::domain::TokenPath;
use crate::outbound::Outbound;

/// The path that `settings` describe; `name` is its name in the configuration, in errors and in
/// the ids of parcels. A model takes back tokens for `validator` as well.
pub fn build(
    name: &str,
    settings: Settings,
    outbound: &Outbound,
    post: &Post,
    validator: Option<Arc<ProfilePath>>,
) -> Result<Arc<dyn TokenPath>, LegacyError> {
    Ok(match settings {
        Settings::Http(settings) => Arc::new(HttpTokens::new(name, *settings, outbound, post)?),
        Settings::Modelled(settings) => Arc::new(ModelledTokens::new(settings, validator)?),
    })
}

/// What is wrong with `settings`, without building anything that keeps parcels.
pub fn check(name: &str, settings: &Settings, outbound: &Outbound) -> Result<(), LegacyError> {
    match settings {
        Settings::Http(settings) => settings.checked(name, outbound).map(drop),
        Settings::Modelled(settings) => ModelledTokens::new(settings.clone(), None).map(drop),
    }
}
