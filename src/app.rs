//! Builds the rooms from settings, runs them, shuts them down.

mod figures;
mod lanes;
mod reports;
mod sockets;
mod tasks;
mod walking;

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use self::figures::figures;
use self::lanes::{Legacy, Ssot};
use self::walking::Walking;
pub use self::walking::Walks;
use crate::access::{Access, AccessError, Provider, ProviderSettings};
use crate::authority::{Authority, AuthorityError, IdTokenSettings, IdTokens, MasterKey};
use crate::config::{
    Config, DoorSettings, EvidenceSettings, Listen, RequestLogTarget, make_private_key_file,
};
use crate::domain::{AuthPath, Clock, ComponentId, RequestIds, SystemClock};
use crate::flags::{Flags, FlagsError};
use crate::guard::{
    EvidenceError, EvidenceRoom, Guard, GuardError, Heard, ImportedSource, Notifier, Plans,
    webhook_sources,
};
use crate::ledger::{CallSites, Comparisons, Keeper, Ledger, LedgerError, Round, Timeline};
use crate::legacy::{self, LegacyError, managers, tokens};
use crate::outbound::{Outbound, OutboundError, Outbox};
use crate::probe::ProbeFault;
use crate::report::Sources;
use crate::report::checks::{Scans, ScansError};
use crate::shadow::Shadow;
use crate::sockets::SocketsError;
use crate::store::{Store, StoreError};
use crate::web::{
    Certificates, Doors, EvidenceDoor, ListenError, Listener, Live, Network, OfrepCounts,
    PublicUrl, RequestLog, Rooms, SignInProvider, Streams, control_routes, data_routes,
    metrics_routes, stopped,
};

/// The ledger is written this often.
const LEDGER_INTERVAL: Duration = Duration::from_millis(500);

/// Old minutes of the ledger and expired revocations are removed this often.
const PRUNE_INTERVAL: Duration = Duration::from_mins(1);

/// The files of certificates are looked at this often.
const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(30);

/// The listeners' names in metrics, in the order of [`Listeners::all`].
const LISTENERS: [&str; 3] = ["data", "control", "metrics"];

/// Why the service cannot start or end in order.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The store.
    #[error("failed to {0}")]
    Store(#[from] StoreError),
    /// The master key.
    #[error("{0}")]
    MasterKey(String),
    /// The authority.
    #[error("the authority cannot start: {0}")]
    Authority(#[from] AuthorityError),
    /// Who may do what.
    #[error("who may do what cannot be read: {0}")]
    Access(#[from] AccessError),
    /// The flag table.
    #[error("failed to {0}")]
    Flags(#[from] FlagsError),
    /// Imported evidence.
    #[error("failed to {0}")]
    Evidence(#[from] EvidenceError),
    /// The guard.
    #[error("failed to {0}")]
    Guard(#[from] GuardError),
    /// The ledger.
    #[error("failed to {0}")]
    Ledger(#[from] LedgerError),
    /// Posted scans.
    #[error("failed to {0}")]
    Scans(#[from] ScansError),
    /// A legacy path.
    #[error("legacy path {name:?} cannot be used: {source}")]
    Legacy {
        /// Its name in the configuration.
        name: String,
        /// Why not.
        source: LegacyError,
    },
    /// A component whose legacy path is not configured.
    #[error("component {component} is answered by legacy path {name:?}, which is not configured")]
    LegacyMissing {
        /// The component.
        component: ComponentId,
        /// The name its flag gives.
        name: String,
    },
    /// The manager of sockets.
    #[error("failed to {0}")]
    Sockets(#[from] SocketsError),
    /// Walks of the golden path.
    #[error("the golden path cannot be walked: {0}")]
    Probe(#[from] ProbeFault),
    /// The outbound client.
    #[error("the outbound client cannot start: {0}")]
    Outbound(#[from] OutboundError),
    /// An address.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The request log.
    #[error("cannot write the request log {}: {source}", path.display())]
    RequestLog {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

/// What keeps a configuration from starting, beyond its form: keys, legacy paths, hosts. Opens,
/// binds and writes nothing.
pub fn check(config: Config) -> Vec<AppError> {
    let mut problems = Vec::new();
    let authority = Authority::in_memory(config.authority).map_err(|error| {
        problems.push(AppError::from(error));
    });
    let outbound = match Outbound::new(config.outbound) {
        Ok(outbound) => outbound,
        Err(error) => {
            problems.push(AppError::from(error));
            return problems;
        }
    };
    if let Ok(Err(error)) = authority.map(|authority| authority.reaching(&outbound)) {
        problems.push(AppError::from(error));
    }
    for (name, settings) in config.legacy {
        if let Err(source) = legacy::build(&name, settings, &outbound) {
            problems.push(AppError::Legacy { name, source });
        }
    }
    for (name, settings) in config.legacy_tokens {
        if let Err(source) = tokens::check(&name, &settings, &outbound) {
            problems.push(AppError::Legacy { name, source });
        }
    }
    for (name, settings) in config.legacy_managers {
        let built = managers::build(&name, settings, &outbound, Arc::new(SystemClock));
        if let Err(source) = built {
            problems.push(AppError::Legacy { name, source });
        }
    }
    problems
}

/// Makes the master key where the first start has none.
pub fn ready_master_key(config: &mut Config) -> Result<(), AppError> {
    if let Some(file) = config.new_master_key.take() {
        let text = make_private_key_file(&file).map_err(AppError::MasterKey)?;
        tracing::warn!(
            file = %file.display(),
            "made a master key beside the data; keep a copy elsewhere, without it the kept keys \
             are lost"
        );
        config.authority.master_key = Some(MasterKey::parse(&text)?);
    }
    Ok(())
}

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

/// The bound listeners.
struct Listeners {
    data: Listener,
    control: Listener,
    metrics: Option<Listener>,
}

impl Listeners {
    fn all(&self) -> impl Iterator<Item = &Listener> {
        [&self.data, &self.control].into_iter().chain(&self.metrics)
    }

    fn serve(self, rooms: &Arc<Rooms>, stop: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut serving = JoinSet::new();
        serving.spawn(self.data.serve(data_routes(Arc::clone(rooms)), stop.clone()));
        serving.spawn(self.control.serve(control_routes(Arc::clone(rooms)), stop.clone()));
        if let Some(metrics) = self.metrics {
            serving.spawn(metrics.serve(metrics_routes(Arc::clone(rooms)), stop.clone()));
        }
        serving
    }
}

async fn listeners(listen: Listen) -> Result<(Listeners, Network), ListenError> {
    let has_tls = listen.control.certificate.is_some();
    let data = Listener::bind(listen.data).await?;
    let control = Listener::bind(listen.control).await?;
    let metrics = match listen.metrics {
        Some(settings) => Some(Listener::bind(settings).await?),
        None => None,
    };
    let bound = Listeners { data, control, metrics };
    let own_url = || PublicUrl::of(bound.control.address(), has_tls);
    let network = Network {
        trusted_proxies: listen.trusted_proxies,
        target_headers: listen.target_headers,
        data_access: listen.data_access,
        public_url: listen.public_url.unwrap_or_else(own_url),
        listeners: LISTENERS.into_iter().zip(bound.all().map(Listener::counts)).collect(),
    };
    Ok((bound, network))
}

/// The doors, with where they are when nobody has said it.
fn doors(settings: DoorSettings, listeners: &Listeners) -> Doors {
    let DoorSettings { component, tokens, session, session_cookie, url } = settings;
    let scheme = if listeners.data.tls().is_some() { "https" } else { "http" };
    let bound = || format!("{scheme}://{}", listeners.data.address());
    Doors { component, tokens, session, session_cookie, url: url.unwrap_or_else(bound) }
}

/// What was seen elsewhere, and whose certificates are trusted.
fn evidence_door(store: &Store, config: EvidenceSettings) -> Result<EvidenceDoor, EvidenceError> {
    let evidence = Arc::new(EvidenceRoom::open(store)?);
    Ok(EvidenceDoor { evidence, trusted: config.staging_keys, name: config.name })
}

/// The guard, which hears from the shadow when legacy last answered.
fn guard(
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
fn plans(
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

/// Takes new certificates into use as their files change.
async fn watch_certificates(certificates: Certificates, mut stop: watch::Receiver<bool>) {
    // They have just been read.
    let first = tokio::time::Instant::now() + CERTIFICATE_INTERVAL;
    let mut looking = tokio::time::interval_at(first, CERTIFICATE_INTERVAL);
    loop {
        tokio::select! {
            _ = looking.tick() => certificates.reload_changed().await,
            () = stopped(&mut stop) => return,
        }
    }
}

/// Keeps what must be kept from time to time, until a stop is asked for. A failure is logged
/// when it begins and when it ends, not every half second.
async fn keep(
    keeper: &Keeper,
    authority: &Authority,
    rooms: &Rooms,
    mut stop: watch::Receiver<bool>,
) {
    let mut writing = tokio::time::interval(LEDGER_INTERVAL);
    let mut pruning = tokio::time::interval(PRUNE_INTERVAL);
    let mut rounds = 0_u64;
    let mut failing = false;
    loop {
        let result = tokio::select! {
            _ = writing.tick() => {
                rounds += 1;
                let round = if rounds.is_multiple_of(10) { Round::Groups } else { Round::Minutes };
                if round == Round::Groups && rooms.flags.unsaved() > 0 {
                    save(&rooms.flags).await;
                }
                keeper.write(&rooms.ledger, round).await
            }
            _ = pruning.tick() => {
                if let Err(error) = authority.purge(rooms.clock.now()).await {
                    tracing::error!(%error, "expired revocations cannot be purged");
                }
                if let Err(error) = authority.tend_keys(rooms.clock.now()).await {
                    tracing::error!(%error, "keys are not tended");
                }
                if let Err(error) = rooms.access.purge().await {
                    tracing::error!(%error, "what has expired of who may do what stays");
                }
                keeper.prune(&rooms.ledger, rooms.clock.now()).await
            }
            () = stopped(&mut stop) => return,
        };
        match result {
            Ok(()) if failing => tracing::info!("the ledger is written again"),
            Err(ref error) if !failing => tracing::error!(%error, "the ledger cannot be written"),
            Ok(()) | Err(_) => {}
        }
        failing = result.is_err();
    }
}

/// Tries again to make durable what serves but is not on the disk.
async fn save(flags: &Flags) {
    match flags.save().await {
        Ok(()) => tracing::info!("the flag table is on the disk again"),
        Err(error) => tracing::error!(%error, "changes of the flag table are not on the disk"),
    }
}

/// Sign-in through an identity provider, which sends browsers back to where they came from.
fn sign_in_provider(
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

type RequestLogParts = (Arc<RequestLog>, Option<JoinHandle<()>>);

fn request_log(target: RequestLogTarget) -> Result<RequestLogParts, AppError> {
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
