//! Single rooms, opened with what they hear from others.

use std::fs::OpenOptions;
use std::io::Write;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::AppError;
use crate::access::{Provider, ProviderSettings};
use crate::authority::{IdTokenSettings, IdTokens};
use crate::config::{EvidenceSettings, RequestLogTarget};
use crate::domain::Clock;
use crate::flags::{Flags, FlagsError};
use crate::guard::{
    EvidenceError, EvidenceRoom, Guard, GuardError, Heard, ImportedSource, Notifier, Plans,
};
use crate::ledger::Ledger;
use crate::outbound::Outbound;
use crate::shadow::Shadow;
use crate::store::Store;
use crate::web::{EvidenceDoor, Network, RequestLog, SignInProvider};

/// What was seen elsewhere, and whose certificates are trusted.
pub(super) fn evidence_door(
    store: &Store,
    config: EvidenceSettings,
) -> Result<EvidenceDoor, EvidenceError> {
    let evidence = Arc::new(EvidenceRoom::open(store)?);
    Ok(EvidenceDoor { evidence, trusted: config.staging_keys, name: config.name })
}

/// The guard, which hears from the shadow when legacy last answered.
pub(super) fn guard(
    store: &Store,
    flags: &Arc<Flags>,
    ledger: &Arc<Ledger>,
    notifier: &Notifier,
    shadow: &Arc<Shadow>,
    clock: &Arc<dyn Clock>,
) -> Result<Guard, GuardError> {
    let (flags, ledger) = (Arc::clone(flags), Arc::clone(ledger));
    let guard = Guard::open(store, flags, ledger, notifier.clone(), Arc::clone(clock))?;
    guard.hear(heard(shadow));
    Ok(guard)
}

/// The rollout plans, which hear from the guard and from imported evidence.
pub(super) fn plans(
    store: &Store,
    flags: &Arc<Flags>,
    ledger: &Arc<Ledger>,
    evidence: &EvidenceDoor,
    guard: &Guard,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<Plans>, FlagsError> {
    let source = imported(&evidence.evidence);
    let (flags, ledger) = (Arc::clone(flags), Arc::clone(ledger));
    let plans = Plans::open(store, flags, ledger, source, guard.clone(), Arc::clone(clock))?;
    Ok(Arc::new(plans))
}

/// When legacy last answered, for the guard.
fn heard(shadow: &Arc<Shadow>) -> Heard {
    let shadow = Arc::clone(shadow);
    Arc::new(move |component| shadow.asks(component).then(|| shadow.legacy_answered_at(component)))
}

/// What a plan may be told of imported evidence.
fn imported(evidence: &Arc<EvidenceRoom>) -> ImportedSource {
    let evidence = Arc::clone(evidence);
    Arc::new(move |component, since, now| evidence.of_step(component, since, now))
}

/// Sign-in through an identity provider, which sends browsers back to where they came from.
pub(super) fn sign_in_provider(
    settings: ProviderSettings,
    network: &Network,
    outbound: &Outbound,
    clock: &Arc<dyn Clock>,
) -> Result<SignInProvider, AppError> {
    let url = &network.public_url;
    let id_tokens = IdTokenSettings::new(&settings.issuer, &settings.client_id);
    let id_tokens = IdTokens::new(id_tokens, outbound.clone())?;
    let back = format!("{url}/sign-in/provider/callback");
    let provider = Provider::new(settings, back, outbound.clone(), Arc::clone(clock))?;
    Ok(SignInProvider::new(provider, id_tokens, url.is_https()))
}

/// The log, and its writer unless it is off.
type RequestLogParts = (Arc<RequestLog>, Option<JoinHandle<()>>);

/// Where requests are logged, and who writes it.
pub(super) fn request_log(target: RequestLogTarget) -> Result<RequestLogParts, AppError> {
    let out: Box<dyn Write + Send> = match target {
        RequestLogTarget::Off => return Ok((RequestLog::off(), None)),
        RequestLogTarget::Stdout => Box::new(std::io::stdout()),
        RequestLogTarget::File(path) => {
            let file = OpenOptions::new().append(true).create(true).open(&path);
            Box::new(file.map_err(|source| AppError::RequestLog { path, source })?)
        }
    };
    let (log, writer) = RequestLog::onto(out);
    Ok((log, Some(writer)))
}
