//! Reports, signed by the authority.

use std::sync::Arc;

use crate::authority::Authority;
use crate::domain::{Clock, ComponentId};
use crate::flags::Flags;
use crate::ledger::{Journeys, Ledger};
use crate::report::checks::{CheckEvidence, Scans, judge};
use crate::report::{CheckSource, Claims, Reports, SEAL_TYP, Settings, Signer, Sources};
use crate::store::Store;

/// The latest walks that checks look at.
const WALKS_MAX: usize = 200;

/// The reports, drawn up from `sources`.
pub(super) fn reports(
    store: &Store,
    sources: Sources,
    settings: Settings,
    authority: &Arc<Authority>,
    clock: &Arc<dyn Clock>,
) -> Arc<Reports> {
    let signer = signer(Arc::clone(authority));
    Arc::new(Reports::open(store, sources, settings, signer, Arc::clone(clock)))
}

/// Signs with the key that signs tokens, where that is none that whoever verifies could sign with.
fn signer(authority: Arc<Authority>) -> Signer {
    Arc::new(move |claims: &Claims| {
        authority.sign_statement(SEAL_TYP, claims).map_err(|error| error.to_string())
    })
}

/// The twelve checks as they are at a moment. `handshake` is the component that decides about
/// handshakes.
pub(super) fn checks(
    (flags, ledger, scans): (&Arc<Flags>, &Arc<Ledger>, &Arc<Scans>),
    journeys: &Arc<Journeys>,
    handshake: ComponentId,
) -> CheckSource {
    let (flags, ledger, scans) = (Arc::clone(flags), Arc::clone(ledger), Arc::clone(scans));
    let journeys = Arc::clone(journeys);
    Arc::new(move |now| {
        let snapshot = flags.snapshot();
        let scan = scans.latest().map(|scan| (*scan).clone());
        let seen = (&*snapshot, &*ledger);
        let walks = journeys.latest(None, WALKS_MAX).into_iter().map(|kept| kept.journey);
        judge(&CheckEvidence::gather(seen, handshake.clone(), scan, walks.collect(), now))
    })
}
