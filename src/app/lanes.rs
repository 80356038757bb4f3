//! Whom the shadow can ask, and by what it tells one side of the other.

use std::collections::HashMap;
use std::sync::Arc;

use super::AppError;
use crate::authority::{Authority, AuthorityError, MasterKey, Revoked, Sealer};
use crate::domain::{AuthPath, ComponentId, PathError, RevocationOutcome, Side, TokenPath};
use crate::flags::{Flag, Flags};
use crate::legacy::profile::ProfilePath;
use crate::legacy::tokens::{self, NoTokens, Post};
use crate::legacy::{self, LegacyError};
use crate::outbound::{Outbound, Outbox, SecretSources};
use crate::shadow::{Lanes, Paths, RevocationSink, RoomForUsed, TokenPaths};

/// The old way, as configured.
pub(super) struct Legacy {
    pub paths: Vec<(String, legacy::Settings)>,
    pub tokens: Vec<(String, tokens::Settings)>,
}

/// The new way.
pub(super) struct Ssot {
    pub path: Arc<dyn AuthPath>,
    pub tokens: Arc<dyn TokenPath>,
    pub sink: RevocationSink,
    pub room: RoomForUsed,
}

impl Ssot {
    /// The authority, asked through `path`.
    pub fn of(authority: &Arc<Authority>, path: Arc<dyn AuthPath>, outbox: &Outbox) -> Self {
        let tokens: Arc<dyn TokenPath> = Arc::clone(authority) as Arc<dyn TokenPath>;
        Self { path, tokens, sink: sink(authority), room: room(authority, outbox) }
    }
}

/// The paths of every component of the flag table that has any.
pub(super) fn lanes(
    flags: &Flags,
    legacy: Legacy,
    outbound: &Outbound,
    post: &Post,
    ssot: &Ssot,
) -> Result<Lanes, AppError> {
    let mut built: HashMap<String, Arc<dyn AuthPath>> = HashMap::new();
    let mut validators = HashMap::new();
    for (name, settings) in legacy.paths {
        let path = build(&name, settings, outbound, &mut validators);
        let path = path.map_err(|source| AppError::Legacy { name: name.clone(), source })?;
        built.insert(name, path);
    }
    let mut token_paths: HashMap<String, Arc<dyn TokenPath>> = HashMap::new();
    for (name, settings) in legacy.tokens {
        let validator = validators.get(&name).cloned();
        let path = tokens::build(&name, settings, outbound, post, validator);
        let path = path.map_err(|source| AppError::Legacy { name: name.clone(), source })?;
        token_paths.insert(name, path);
    }
    let mut lanes = Lanes {
        sink: Some(Arc::clone(&ssot.sink)),
        room: Some(Arc::clone(&ssot.room)),
        ..Lanes::default()
    };
    for flag in flags.snapshot().iter() {
        if flag.kind.is_asked() {
            lanes.paths.push(auth_lane(flag, &built, &ssot.path)?);
        } else if flag.kind.makes_tokens() {
            lanes.token_paths.push(token_lane(flag, &token_paths, &ssot.tokens));
        }
    }
    Ok(lanes)
}

/// A path; one that is modelled in process is also remembered among the validators.
fn build(
    name: &str,
    settings: legacy::Settings,
    outbound: &Outbound,
    validators: &mut HashMap<String, Arc<ProfilePath>>,
) -> Result<Arc<dyn AuthPath>, LegacyError> {
    match settings {
        legacy::Settings::Profile(settings) => {
            let path = Arc::new(settings.build()?);
            validators.insert(name.to_owned(), Arc::clone(&path));
            Ok(path)
        }
        remote @ (legacy::Settings::Http(_) | legacy::Settings::Introspection(_)) => {
            legacy::build(name, remote, outbound)
        }
    }
}

fn auth_lane(
    flag: &Flag,
    built: &HashMap<String, Arc<dyn AuthPath>>,
    ssot: &Arc<dyn AuthPath>,
) -> Result<(ComponentId, Paths), AppError> {
    let Some(legacy) = built.get(&flag.legacy) else {
        let (component, name) = (flag.component.clone(), flag.legacy.clone());
        return Err(AppError::LegacyMissing { component, name });
    };
    let both = Paths { legacy: Arc::clone(legacy), ssot: Arc::clone(ssot) };
    Ok((flag.component.clone(), both))
}

/// Without a legacy path, callers are answered only where SSOT serves.
fn token_lane(
    flag: &Flag,
    built: &HashMap<String, Arc<dyn TokenPath>>,
    ssot: &Arc<dyn TokenPath>,
) -> (ComponentId, TokenPaths) {
    let legacy = built.get(&flag.legacy).cloned().unwrap_or_else(|| {
        tracing::warn!(component = %flag.component, legacy = flag.legacy,
            "no legacy token path is configured: tokens are made only where ssot serves");
        Arc::new(NoTokens)
    });
    (flag.component.clone(), TokenPaths { legacy, ssot: Arc::clone(ssot) })
}

/// Used refresh tokens take up at most half of what either side can remember.
fn room(authority: &Arc<Authority>, outbox: &Outbox) -> RoomForUsed {
    let (authority, outbox) = (Arc::clone(authority), outbox.clone());
    Arc::new(move |side| match side {
        Side::Legacy => outbox.is_half_free(),
        Side::Ssot => authority.revoked_count() < authority.revocations_max() / 2,
    })
}

/// Where revocations go that only legacy knows.
fn sink(authority: &Arc<Authority>) -> RevocationSink {
    let authority = Arc::clone(authority);
    Arc::new(move |token, now| {
        let authority = Arc::clone(&authority);
        Box::pin(async move {
            match authority.revoke(&token, now).await {
                Ok(Revoked::Done { .. }) => Ok(RevocationOutcome::Done),
                Ok(Revoked::Nothing(reason)) => Ok(RevocationOutcome::Nothing(reason)),
                Err(error) => Err(unkept(&error)),
            }
        })
    })
}

fn unkept(error: &AuthorityError) -> PathError {
    PathError::Unreadable(error.to_string().into())
}

/// Seals parcels under the master key; without one nothing can be sealed, and so nothing is kept.
pub(super) fn sealer(master: Option<MasterKey>) -> tokens::Sealer {
    let seals = master.map(Sealer::new);
    let opens = seals.clone();
    tokens::Sealer {
        seal: Arc::new(move |place, plain| seals.as_ref()?.seal(place, plain)),
        open: Arc::new(move |place, sealed| opens.as_ref()?.open(place, sealed)),
    }
}

/// What the outbox must know to send what legacy is told.
pub(super) fn secret_sources(
    settings: &[(String, tokens::Settings)],
    sealer: &tokens::Sealer,
) -> SecretSources {
    let source = |(name, settings): &(String, tokens::Settings)| {
        tokens::secret_source(name, settings, sealer)
    };
    settings.iter().filter_map(source).collect()
}

#[cfg(test)]
mod cost;
#[cfg(test)]
mod tests;
