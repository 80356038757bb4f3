//! Builds the rooms from settings, runs them, shuts them down.

mod check;
mod error;
mod figures;
mod keeping;
mod lanes;
mod listening;
mod opening;
mod reports;
mod sockets;
mod tasks;
mod walking;

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

pub use self::check::{check, ready_master_key};
pub use self::error::AppError;
use self::figures::figures;
use self::keeping::keep;
use self::lanes::{Legacy, Ssot};
use self::listening::{Listeners, doors, listeners, watch_certificates};
use self::opening::{evidence_door, guard, plans, request_log, sign_in_provider};
use self::walking::Walking;
pub use self::walking::Walks;
use crate::access::Access;
use crate::authority::Authority;
use crate::config::Config;
use crate::domain::{AuthPath, Clock, RequestIds};
use crate::flags::Flags;
use crate::guard::{Notifier, webhook_sources};
use crate::ledger::{CallSites, Comparisons, Keeper, Ledger, Round, Timeline};
use crate::legacy::tokens;
use crate::outbound::{Outbound, Outbox};
use crate::report::Sources;
use crate::report::checks::Scans;
use crate::shadow::Shadow;
use crate::store::{Store, StoreError};
use crate::web::{Certificates, Listener, Live, OfrepCounts, Rooms, Streams};

/// A service that is ready to run.
pub struct App {
    rooms: Arc<Rooms>,
    store: Store,
    authority: Arc<Authority>,
    outbox: Outbox,
    notifier: Notifier,
    keeper: Keeper,
    walks: Option<Walks>,
    matrix_every: Option<Duration>,
    listeners: Listeners,
    request_log_writer: Option<JoinHandle<()>>,
    comparisons_writer: Option<JoinHandle<()>>,
}

impl App {
    /// Opens the store, builds the rooms and binds the addresses.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        Self::start_with(config, clock, |ssot| ssot).await
    }

    /// The same with something between the shadow and the SSOT side of every component, such as
    /// a switch that breaks it on purpose.
    #[expect(clippy::too_many_lines, reason = "what is opened, in the order in which it is")]
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
        wrap_ssot: impl Fn(Arc<dyn AuthPath>) -> Arc<dyn AuthPath> + Send,
    ) -> Result<Self, AppError> {
        let mut config = config;
        ready_master_key(&mut config)?;
        let data_dir = config.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&data_dir)).await;
        let store = opened.unwrap_or(Err(StoreError::Closed))?;
        let outbound = Outbound::new(config.outbound)?;
        let sealer = lanes::sealer(config.authority.master_key.clone());
        let authority = Authority::open(config.authority, &store, Arc::clone(&clock)).await?;
        let authority = Arc::new(authority.reaching(&outbound)?);
        let key = authority.fingerprint_key().clone();
        let clock_of_access = Arc::clone(&clock);
        let access =
            Access::open(&store, config.access, config.tokens, key, clock_of_access).await?;
        config.flags.policies = Arc::clone(authority.policies());
        let flags = Flags::open(&store, config.seeds, config.flags, Arc::clone(&clock)).await?;
        let (comparisons, comparisons_writer) =
            config.comparisons.map(Comparisons::open).transpose()?.unzip();
        let ledger = Ledger::new(authority.fingerprint_key().clone()).telling(comparisons);
        let keeper = Keeper::new(&store);
        keeper.load(&ledger)?;
        let evidence = evidence_door(&store, config.evidence)?;
        let ssot = wrap_ssot(Arc::clone(&authority) as Arc<dyn AuthPath>);
        let mut sources = lanes::secret_sources(&config.legacy_tokens, &sealer);
        sources.extend(webhook_sources(&config.webhooks, &clock));
        sources.extend(config.sockets.forward.iter().map(|forward| forward.source(&clock)));
        let outbox = Outbox::open(&store, outbound.clone(), sources, Arc::clone(&clock))?;
        let notifier = Notifier::new(config.webhooks, outbox.clone());
        let fingerprints = authority.fingerprint_key().clone();
        let post = tokens::Post { outbox: outbox.clone(), sealer, fingerprints };
        let ssot = Ssot::of(&authority, ssot, &outbox);
        let legacy = Legacy { paths: config.legacy, tokens: config.legacy_tokens };
        let lanes = lanes::lanes(&flags, legacy, &outbound, &post, &ssot)?;
        let mints = walking::mints(&lanes, &config.doors.tokens, &authority);
        let flags = Arc::new(flags);
        let shadow =
            Shadow::new(Arc::clone(&flags), &ledger, lanes, Arc::clone(&clock), config.shadow);
        let shadow = Arc::new(shadow);
        let old = (config.events, config.legacy_managers);
        let old = sockets::old_manager(old, &outbound, (&flags, &ledger), &clock)?;
        let sockets = sockets::door(config.sockets, &store, &outbox, old, &clock).await?;
        let (listeners, network) = listeners(config.listen).await?;
        let (request_log, request_log_writer) = request_log(config.log.requests)?;
        let provider = config
            .sign_in_provider
            .map(|settings| sign_in_provider(settings, &network, &outbound, &clock))
            .transpose()?;
        let ledger = Arc::new(ledger);
        let guard = guard(&store, &flags, &ledger, &notifier, &shadow, &clock)?;
        let told = (&flags, &config.doors.tokens, &guard);
        let walking = Walking::open(&store, mints, told, &config.probe, &clock)?;
        let plans = plans(&store, &flags, &ledger, &evidence, &guard, &clock)?;
        let timeline = Timeline::new(&store, Arc::clone(&ledger));
        let scans = Arc::new(Scans::open(&store)?);
        let handshake = sockets.settings.component.clone();
        let checks = reports::checks((&flags, &ledger, &scans), &walking.journeys, handshake);
        let reports = reports::reports(
            &store,
            Sources {
                flags: Arc::clone(&flags),
                ledger: Arc::clone(&ledger),
                timeline: timeline.clone(),
                guard: guard.clone(),
                plans: Arc::clone(&plans),
                evidence: Arc::clone(&evidence.evidence),
                journeys: Arc::clone(&walking.journeys),
                checks: Arc::clone(&checks),
                installation: evidence.name.clone(),
            },
            config.reports,
            &authority,
            &clock,
        );
        let figures = figures(
            (Arc::clone(&plans), Arc::clone(&reports)),
            outbound,
            outbox.clone(),
            notifier.clone(),
            Arc::clone(&authority),
            Arc::clone(&shadow),
            Arc::clone(&clock),
        );
        let doors = doors(config.doors, &listeners);
        let fingerprints = authority.fingerprint_key().clone();
        let walks = Walks::new(&config.probe, &doors.url, &flags, fingerprints, &clock)?;
        let rooms = Arc::new(Rooms {
            shadow,
            authority: Arc::clone(&authority),
            flags,
            plans,
            guard,
            call_sites: CallSites::open(&store)?,
            timeline,
            reports,
            checks,
            scans,
            ledger,
            clock: Arc::clone(&clock),
            request_ids: RequestIds::of_process(rand::random()),
            request_log,
            access,
            provider,
            figures,
            evidence,
            doors,
            journeys: walking.journeys,
            matrix: walking.matrix,
            sockets: Arc::new(sockets),
            ofrep: OfrepCounts::default(),
            streams: Streams::default(),
            live: Live::default(),
            network,
            settings: config.shown,
        });
        Ok(Self {
            rooms,
            store,
            authority,
            outbox,
            notifier,
            keeper,
            walks,
            matrix_every: config.probe.matrix_every,
            listeners,
            request_log_writer,
            comparisons_writer,
        })
    }

    /// Where the data listener is bound.
    pub const fn data_address(&self) -> SocketAddr {
        self.listeners.data.address()
    }

    /// Where the control listener is bound.
    pub const fn control_address(&self) -> SocketAddr {
        self.listeners.control.address()
    }

    /// Where the metrics listener is bound, unless it is off.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.listeners.metrics.as_ref().map(Listener::address)
    }

    /// The listeners' certificates, for whoever knows that there are new ones.
    pub fn certificates(&self) -> Certificates {
        Certificates::of(self.listeners.all().filter_map(Listener::tls))
    }

    /// The rooms, for whoever runs the service in its own process.
    pub fn rooms(&self) -> Arc<Rooms> {
        Arc::clone(&self.rooms)
    }

    /// While there is no operator: the link by which the first one signs in.
    pub async fn first_link(&self) -> Result<Option<String>, AppError> {
        let link = self.rooms.access.people.first_link().await?;
        Ok(link.map(|link| self.rooms.network.public_url.setup_link(&link.secret)))
    }

    /// The authority, for whoever runs the service in its own process.
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Serves until `stop` turns true; then open requests end, shadows are awaited, and what is
    /// in memory is written.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), AppError> {
        let watching = watch_certificates(self.certificates(), stop.clone());
        let mut serving = self.listeners.serve(&self.rooms, &stop);
        serving.spawn(watching);
        let (outbox, stop_of_outbox) = (self.outbox.clone(), stop.clone());
        serving.spawn(async move { outbox.run(stop_of_outbox).await });
        let (authority, clock) = (Arc::clone(&self.authority), Arc::clone(&self.rooms.clock));
        let stop_of_issuers = stop.clone();
        serving.spawn(async move { authority.follow_issuers(clock, stop_of_issuers).await });
        serving.spawn(Arc::clone(&self.rooms.plans).run(stop.clone()));
        serving.spawn(Arc::clone(&self.rooms.reports).run(stop.clone()));
        // It watches until the last answer is given.
        let (end_guard, guarded_until) = watch::channel(false);
        let guarding = tokio::spawn(self.rooms.guard.clone().run(guarded_until));
        serving.spawn(sockets::tend(Arc::clone(&self.rooms), stop.clone()));
        serving.spawn(sockets::forget(Arc::clone(&self.rooms), stop.clone()));
        serving.spawn(sockets::follow_flags(Arc::clone(&self.rooms), stop.clone()));
        serving.spawn(tasks::watch_accepted(Arc::clone(&self.rooms), stop.clone()));
        serving.spawn(tasks::keep_call_sites(Arc::clone(&self.rooms), stop.clone()));
        serving.spawn(tasks::probe_legacy(Arc::clone(&self.rooms), stop.clone()));
        if let Some(walks) = self.walks {
            serving.spawn(walks.run(Arc::clone(&self.rooms), stop.clone()));
        }
        if let Some(every) = self.matrix_every {
            serving.spawn(walking::judge_often(Arc::clone(&self.rooms), every, stop.clone()));
        }
        keep(&self.keeper, &self.authority, &self.rooms, stop).await;
        // They would go on until the drain time is over.
        self.rooms.streams.end();
        self.rooms.sockets.manager.shutdown();
        while serving.join_next().await.is_some() {}
        self.rooms.sockets.manager.end().await;
        self.rooms.shadow.idle().await;
        end_guard.send_replace(true);
        // A guard that panicked has said so already.
        let _ended = guarding.await;
        self.notifier.idle().await;
        self.keeper.write(&self.rooms.ledger, Round::Last).await?;
        self.rooms.call_sites.keep(self.rooms.clock.now()).await?;
        self.rooms.request_log.close();
        if let Some(comparisons) = self.rooms.ledger.comparisons() {
            comparisons.close();
        }
        for writer in self.request_log_writer.into_iter().chain(self.comparisons_writer) {
            // A writer that panicked has nothing left to write.
            let _ended = tokio::task::spawn_blocking(|| writer.join()).await;
        }
        // A stop with rows that are only noted is not one in order.
        self.rooms.flags.save().await?;
        self.store.close().await?;
        Ok(())
    }
}
