//! The outbox against a scripted server, a real disk, and a time that the test moves by hand.

mod delivering;
mod keeping;

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use bytes::Bytes;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::*;
use crate::domain::{Clock, Timestamp, TokioClock};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Method, Outbound, OutboundError, Settings, Url};
use crate::store::{FaultSwitch, Store};

const START: Timestamp = Timestamp::from_seconds(1_700_000_000);

/// Everything but the other end.
struct World {
    outbox: Outbox,
    faults: FaultSwitch,
    clock: TokioClock,
    dir: TempDir,
    stop: watch::Sender<bool>,
    worker: Option<JoinHandle<()>>,
    /// Without it paused time would run off to the next timer while the disk or a socket works.
    _time_stands: SyncSender<()>,
}

async fn world() -> World {
    world_with(SecretSources::new()).await
}

async fn world_with(sources: SecretSources) -> World {
    tokio::time::pause();
    let (hold, released) = sync_channel::<()>(0);
    tokio::task::spawn_blocking(move || released.recv());
    let (dir, faults) = (TempDir::new().expect("a folder"), FaultSwitch::new());
    let clock = TokioClock::starting_at(START);
    let outbox = open(dir.path(), &faults, sources, clock).await;
    let (stop, _) = watch::channel(false);
    World { outbox, faults, clock, dir, stop, worker: None, _time_stands: hold }
}

/// Opens the folder, as soon as nobody has it any more.
async fn open(
    dir: &Path,
    faults: &FaultSwitch,
    sources: SecretSources,
    clock: TokioClock,
) -> Outbox {
    let store = loop {
        match Store::open_with(dir, faults.clone()) {
            Ok(store) => break store,
            Err(crate::store::StoreError::InUse { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error}"),
        }
    };
    let rules = ["127.0.0.1", "http://localhost", "http://127.0.0.2"];
    let outbound = Outbound::new(Settings {
        allowed_hosts: rules.map(|rule| HostRule::parse(rule).expect("a rule")).into(),
        connect_timeout_ms: 3_600_000,
        ..Settings::default()
    });
    Outbox::open(&store, outbound.expect("a client"), sources, Arc::new(clock)).expect("an outbox")
}

impl World {
    fn run(&mut self) {
        let (outbox, stop) = (self.outbox.clone(), self.stop.subscribe());
        self.worker = Some(tokio::spawn(async move { outbox.run(stop).await }));
    }

    /// The process dies, and starts again.
    async fn die_and_start(self) -> Self {
        self.die_and_start_with(SecretSources::new()).await
    }

    async fn die_and_start_with(mut self, sources: SecretSources) -> Self {
        if let Some(worker) = self.worker.take() {
            worker.abort();
            let _aborted = worker.await;
        }
        let Self { outbox, faults, clock, dir, stop, _time_stands: hold, .. } = self;
        drop(outbox);
        let outbox = open(dir.path(), &faults, sources, clock).await;
        Self { outbox, faults, clock, dir, stop, worker: None, _time_stands: hold }
    }

    fn parcel(&self, id: &str, url: &str) -> Parcel {
        Parcel {
            id: ParcelId::parse(id).expect("an id"),
            url: Url::configured(url).expect("a url"),
            method: Method::Post,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: Bytes::from_static(b"{}"),
            landed: None,
            secrets: None,
            expires_at: self.clock.now().plus_seconds(86_400),
        }
    }

    async fn send(&self, id: &str, url: &str) {
        self.outbox.send_later(self.parcel(id, url)).await.expect("kept");
    }

    /// Waits until the numbers are so.
    async fn until(&self, fits: impl Fn(OutboxStats) -> bool) -> OutboxStats {
        loop {
            let stats = self.outbox.stats();
            if fits(stats) {
                return stats;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn failed(&self, attempts: u64) -> WaitingParcel {
        self.until(|stats| stats.failed_attempts == attempts && stats.under_way == 0).await;
        self.outbox.waiting(1).remove(0)
    }

    /// Moves to the moment of the next attempt.
    async fn go_to_next(&self) {
        let due = self.outbox.waiting(1).remove(0).due_at;
        let wait = due.since(self.clock.now()) + Duration::from_millis(1);
        tokio::time::advance(wait).await;
    }
}
