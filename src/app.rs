//! Builds the rooms from settings, runs them, shuts them down.

use std::fs::OpenOptions;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::authority::{Authority, AuthorityError, MasterKey};
use crate::config::{Config, RequestLogTarget, make_private_key_file};
use crate::domain::{AuthPath, Clock, ComponentId, RequestIds};
use crate::flags::{Flags, FlagsError};
use crate::ledger::{Keeper, Ledger, LedgerError, Round};
use crate::legacy::{self, LegacyError};
use crate::outbound::{Outbound, OutboundError};
use crate::shadow::{Paths, Shadow};
use crate::store::{Store, StoreError};
use crate::web::{
    ControlTokens, ListenError, Listener, RequestLog, Rooms, control_routes, data_routes, stopped,
};

/// The ledger is written this often.
const LEDGER_INTERVAL: Duration = Duration::from_millis(500);

/// Old minutes of the ledger and expired revocations are removed this often.
const PRUNE_INTERVAL: Duration = Duration::from_mins(1);

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
    /// The flag table.
    #[error("failed to {0}")]
    Flags(#[from] FlagsError),
    /// The ledger.
    #[error("failed to {0}")]
    Ledger(#[from] LedgerError),
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
    if let Err(error) = Authority::in_memory(config.authority) {
        problems.push(AppError::from(error));
    }
    let outbound = match Outbound::new(config.outbound) {
        Ok(outbound) => outbound,
        Err(error) => {
            problems.push(AppError::from(error));
            return problems;
        }
    };
    for (name, settings) in config.legacy {
        if let Err(source) = legacy::build(&name, settings, &outbound) {
            problems.push(AppError::Legacy { name, source });
        }
    }
    problems
}

/// A service that is ready to run.
pub struct App {
    rooms: Arc<Rooms>,
    store: Store,
    authority: Arc<Authority>,
    keeper: Keeper,
    data: Listener,
    control: Listener,
    request_log_writer: Option<JoinHandle<()>>,
}

impl App {
    /// Opens the store, builds the rooms and binds the addresses.
    pub async fn start(config: Config, clock: Arc<dyn Clock>) -> Result<Self, AppError> {
        Self::start_with(config, clock, |ssot| ssot).await
    }

    /// The same with something between the shadow and the SSOT side of every component, such as
    /// a switch that breaks it on purpose.
    pub async fn start_with(
        config: Config,
        clock: Arc<dyn Clock>,
        wrap_ssot: impl Fn(Arc<dyn AuthPath>) -> Arc<dyn AuthPath> + Send,
    ) -> Result<Self, AppError> {
        let mut config = config;
        if let Some(file) = config.new_master_key.take() {
            let text = make_private_key_file(&file).map_err(AppError::MasterKey)?;
            tracing::warn!(
                file = %file.display(),
                "made a master key beside the data; keep a copy elsewhere, without it the kept \
                 keys are lost"
            );
            config.authority.master_key = Some(MasterKey::parse(&text)?);
        }
        let data_dir = config.data_dir.clone();
        let opened = tokio::task::spawn_blocking(move || Store::open(&data_dir)).await;
        let store = opened.unwrap_or(Err(StoreError::Closed))?;
        let authority = Authority::open(config.authority, &store, Arc::clone(&clock)).await?;
        let authority = Arc::new(authority);
        let flags = Flags::open(&store, config.seeds, config.flags, Arc::clone(&clock)).await?;
        let ledger = Ledger::new(authority.fingerprint_key().clone());
        let keeper = Keeper::new(&store);
        keeper.load(&ledger)?;
        let outbound = Outbound::new(config.outbound)?;
        let ssot = wrap_ssot(Arc::clone(&authority) as Arc<dyn AuthPath>);
        let paths = paths(&flags, config.legacy, &outbound, &ssot)?;
        let flags = Arc::new(flags);
        let shadow =
            Shadow::new(Arc::clone(&flags), &ledger, paths, Arc::clone(&clock), config.shadow);
        let data = Listener::bind(config.data_address, config.limits).await?;
        let control = Listener::bind(config.control_address, config.limits).await?;
        let (request_log, request_log_writer) = request_log(config.log.requests)?;
        let rooms = Arc::new(Rooms {
            shadow,
            flags,
            ledger: Arc::new(ledger),
            clock,
            request_ids: RequestIds::of_process(rand::random()),
            request_log,
            control: ControlTokens::new(config.control_tokens),
        });
        Ok(Self { rooms, store, authority, keeper, data, control, request_log_writer })
    }

    /// Where the data listener is bound.
    pub const fn data_address(&self) -> SocketAddr {
        self.data.address()
    }

    /// Where the control listener is bound.
    pub const fn control_address(&self) -> SocketAddr {
        self.control.address()
    }

    /// The rooms, for whoever runs the service in its own process.
    pub fn rooms(&self) -> Arc<Rooms> {
        Arc::clone(&self.rooms)
    }

    /// The authority, for whoever runs the service in its own process.
    pub fn authority(&self) -> Arc<Authority> {
        Arc::clone(&self.authority)
    }

    /// Serves until `stop` turns true; then open requests end, shadows are awaited, and what is
    /// in memory is written.
    pub async fn run(self, stop: watch::Receiver<bool>) -> Result<(), AppError> {
        let mut serving = JoinSet::new();
        serving.spawn(self.data.serve(data_routes(Arc::clone(&self.rooms)), stop.clone()));
        serving.spawn(self.control.serve(control_routes(Arc::clone(&self.rooms)), stop.clone()));
        keep(&self.keeper, &self.authority, &self.rooms, stop).await;
        while serving.join_next().await.is_some() {}
        self.rooms.shadow.idle().await;
        self.keeper.write(&self.rooms.ledger, Round::Last).await?;
        self.rooms.request_log.close();
        if let Some(writer) = self.request_log_writer {
            // A writer that panicked has nothing left to write.
            let _ended = tokio::task::spawn_blocking(|| writer.join()).await;
        }
        // A stop with rows that are only noted is not one in order.
        self.rooms.flags.save().await?;
        self.store.close().await?;
        Ok(())
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
                keeper.prune(rooms.clock.now()).await
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

fn paths(
    flags: &Flags,
    legacy: Vec<(String, legacy::Settings)>,
    outbound: &Outbound,
    ssot: &Arc<dyn AuthPath>,
) -> Result<Vec<(ComponentId, Paths)>, AppError> {
    let mut built: Vec<(String, Arc<dyn AuthPath>)> = Vec::new();
    for (name, settings) in legacy {
        match legacy::build(&name, settings, outbound) {
            Ok(path) => built.push((name, path)),
            Err(source) => return Err(AppError::Legacy { name, source }),
        }
    }
    let snapshot = flags.snapshot();
    let mut paths = Vec::new();
    for flag in snapshot.iter().filter(|flag| flag.kind.is_asked()) {
        let Some((_, legacy)) = built.iter().find(|(name, _)| *name == flag.legacy) else {
            let (component, name) = (flag.component.clone(), flag.legacy.clone());
            return Err(AppError::LegacyMissing { component, name });
        };
        let both = Paths { legacy: Arc::clone(legacy), ssot: Arc::clone(ssot) };
        paths.push((flag.component.clone(), both));
    }
    Ok(paths)
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
