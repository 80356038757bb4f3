//! What is looked after from time to time, until a stop is asked for.

mod expiry;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::expiry::ExpiryWatch;
use crate::domain::ComponentId;
use crate::shadow::Probe;
use crate::web::{Rooms, stopped};

/// Accepted differences are looked at this often.
const EXPIRY_INTERVAL: Duration = Duration::from_mins(1);

/// Which places in source code call is written this often.
const CALL_SITES_INTERVAL: Duration = Duration::from_secs(5);

/// It is looked this often whether legacy must be asked.
const PROBE_INTERVAL: Duration = Duration::from_secs(5);

/// A legacy that has answered within this time need not be asked.
const ANSWERED_LATELY: Duration = Duration::from_secs(20);

/// How long legacy may take to answer.
const PROBE_TIME: Duration = Duration::from_secs(5);

/// Warns of accepted differences that end.
pub(super) async fn watch_accepted(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut looking = tokio::time::interval(EXPIRY_INTERVAL);
    let mut watching = ExpiryWatch::default();
    loop {
        tokio::select! {
            _ = looking.tick() => watching.look(&rooms.flags.snapshot(), rooms.clock.now()),
            () = stopped(&mut stop) => return,
        }
    }
}

/// Writes which places in source code call. A failure is logged when it begins.
pub(super) async fn keep_call_sites(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut writing = tokio::time::interval(CALL_SITES_INTERVAL);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = writing.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let written = rooms.call_sites.keep(rooms.clock.now()).await;
        if let Err(ref error) = written
            && !failing
        {
            tracing::error!(%error, "which places call cannot be written");
        }
        failing = written.is_err();
    }
}

/// Keeps knowing whether legacy still answers where it is no longer asked all the time.
pub(super) async fn probe_legacy(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut looking = tokio::time::interval(PROBE_INTERVAL);
    let mut probes = JoinSet::new();
    let mut failing = HashSet::new();
    loop {
        tokio::select! {
            _ = looking.tick() => {
                for component in due(&rooms) {
                    let rooms = Arc::clone(&rooms);
                    probes.spawn(async move {
                        let probe = rooms.shadow.probe_legacy(&component, PROBE_TIME).await;
                        (component, probe)
                    });
                }
            }
            Some(Ok((component, probe))) = probes.join_next() => {
                tell(&mut failing, component, &probe);
            }
            // What is still being asked is broken off with the set.
            () = stopped(&mut stop) => return,
        }
    }
}

/// Components that ssot serves and whose legacy has not answered lately.
fn due(rooms: &Rooms) -> Vec<ComponentId> {
    let (snapshot, now) = (rooms.flags.snapshot(), rooms.clock.now());
    let is_due = |component: &ComponentId| {
        let answered_at = rooms.shadow.legacy_answered_at(component);
        answered_at.is_none_or(|at| now.since(at) >= ANSWERED_LATELY)
    };
    let served = snapshot.iter().filter(|flag| flag.stage.ssot_serves());
    served.map(|flag| flag.component.clone()).filter(is_due).collect()
}

/// Logs when a legacy stops answering and when it begins again, not every time.
fn tell(failing: &mut HashSet<ComponentId>, component: ComponentId, probe: &Probe) {
    match probe {
        Probe::NotAsked => {}
        Probe::Answered => {
            if failing.remove(&component) {
                tracing::info!(flag.component = %component, "legacy answers again");
            }
        }
        Probe::Failed(problem) => {
            if !failing.contains(&component) {
                tracing::warn!(
                    flag.component = %component, %problem,
                    "legacy does not answer: the kill switch and a rollback from complete leave \
                     the component alone"
                );
                failing.insert(component);
            }
        }
    }
}
