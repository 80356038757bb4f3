//! Builds the doors to sockets, and looks after what is behind them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::AppError;
use crate::compare::events::MatchSettings;
use crate::config::{EventsConfig, SocketsConfig};
use crate::domain::Clock;
use crate::flags::Flags;
use crate::ledger::Ledger;
use crate::legacy::managers;
use crate::legacy::tunnel::Tunnel;
use crate::outbound::{Outbound, Outbox};
use crate::shadow::{Beside, EventComponents, Events};
use crate::sockets::{Forwarder, Manager};
use crate::store::Store;
use crate::web::{OldManager, Rooms, SocketDoor, stopped};

/// Tokens that have run out or were revoked, and silent clients, are looked for this often: within
/// a second each has ended.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);

/// Old events are forgotten this often.
const FORGET_INTERVAL: Duration = Duration::from_secs(1);

/// Opens the manager and the doors to it.
pub(super) async fn door(
    config: SocketsConfig,
    store: &Store,
    outbox: &Outbox,
    old: Option<OldManager>,
    clock: &Arc<dyn Clock>,
) -> Result<SocketDoor, AppError> {
    let SocketsConfig { manager, doors, forward } = config;
    if let Some(parameter) = &doors.query_token {
        tracing::warn!(
            parameter,
            "sockets take tokens out of queries: they stand in the logs of whoever is in between"
        );
    }
    if doors.echo {
        tracing::warn!("GET /echo says everything back: this is for testing the protocol");
    }
    let manager = Manager::open(store, manager, Arc::clone(clock)).await?;
    let forwarder = forward.map(|settings| Forwarder::new(settings, outbox.clone()));
    Ok(SocketDoor::new(manager, doors, forwarder, old))
}

/// Legacy's manager, if there is one: a server of its own, or the manager of the path that the
/// component's flag names.
pub(super) fn old_manager(
    (config, managers): (EventsConfig, Vec<(String, managers::Settings)>),
    outbound: &Outbound,
    (flags, ledger): (&Arc<Flags>, &Ledger),
    clock: &Arc<dyn Clock>,
) -> Result<Option<OldManager>, AppError> {
    let EventsConfig { component, connections, tunnel } = config;
    let snapshot = flags.snapshot();
    let named = snapshot.flag(component.as_str()).map(|flag| flag.legacy.clone());
    let asked = managers.into_iter().find(|(name, _)| Some(name) == named.as_ref());
    let (beside, tunnel) = match (tunnel, asked) {
        (None, None) => return Ok(None),
        (Some(settings), _) => {
            let shape = settings.shape;
            let tunnel = Tunnel::new(settings, outbound)
                .map_err(|source| AppError::Legacy { name: "events.tunnel".to_owned(), source })?;
            (Beside::Observed { shape }, Some(tunnel))
        }
        (None, Some((name, settings))) => {
            let path = managers::build(&name, settings, outbound, Arc::clone(clock));
            let path = path.map_err(|source| AppError::Legacy { name, source })?;
            (Beside::Asked(path), None)
        }
    };
    let (rooms, clock) = ((Arc::clone(flags), ledger), Arc::clone(clock));
    let components = EventComponents { events: component, connections };
    let events = Events::new(rooms, components, beside, MatchSettings::default(), clock);
    Ok(Some(OldManager::new(Arc::new(events), tunnel)))
}

/// Asks legacy's manager what has become due and forgets what is old, once a second, until a stop
/// is asked for. Apart from [`tend`]: none of this may keep a socket open.
pub(super) async fn forget(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut looking = tokio::time::interval(FORGET_INTERVAL);
    looking.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = looking.tick() => {}
            () = stopped(&mut stop) => return,
        }
        rooms.sockets.look_at_old().await;
        let forgotten = rooms.sockets.manager.forget_old().await;
        match &forgotten {
            Ok(()) if failing => tracing::info!("old events are forgotten again"),
            Err(error) if !failing => tracing::error!(%error, "old events cannot be forgotten"),
            Ok(()) | Err(_) => {}
        }
        failing = forgotten.is_err();
    }
}

/// Serves each connection by the side that its user's flag says as soon as a flag changes, until a
/// stop is asked for.
pub(super) async fn follow_flags(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut revisions = rooms.flags.watch();
    loop {
        tokio::select! {
            change = revisions.changed() => if change.is_err() { return },
            () = stopped(&mut stop) => return,
        }
        rooms.sockets.assign();
    }
}

/// Ends what has run out, until a stop is asked for.
pub(super) async fn tend(rooms: Arc<Rooms>, mut stop: watch::Receiver<bool>) {
    let mut looking = tokio::time::interval(LOOK_INTERVAL);
    looking.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        tokio::select! {
            _ = looking.tick() => {}
            () = stopped(&mut stop) => return,
        }
        let here = Arc::clone(&rooms);
        let look = move || here.sockets.end_overdue(&here.authority, here.clock.now());
        if let Err(error) = tokio::task::spawn_blocking(look).await {
            tracing::error!(%error, "sockets that have run out were not looked for");
        }
    }
}
