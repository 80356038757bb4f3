//! Everything that the demonstration runs: a legacy service, the controller, and a directory.

use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::mix::Component;
use super::scratch::Scratch;
use super::switch::{Breakable, Switch};
use crate::app::{App, AppError, Walks};
use crate::authority::Authority;
use crate::config::{self, Environment, ProbeConfig};
use crate::domain::{Clock, SystemClock};
use crate::legacy::profile::{Algorithm, Key};
use crate::legacy::{ProfileSettings, Secret};
use crate::web::{Limits, Listener, ListenerSettings, Modelled, Rooms, modelled_routes};

/// Where the legacy service validates the token of an HTTP request.
const VALIDATE: &str = "/auth/validate";

/// Where it validates that of a WebSocket handshake.
const AUTHENTICATE: &str = "/api/v1/auth/websocket/authenticate";

/// After a rollback a component can be released this soon, so that a visitor can go on.
const COOL_DOWN: Duration = Duration::from_secs(5);

/// Shorter than any listener waits for a next request, so that no call meets a closed connection.
const IDLE_MS: u64 = 5_000;

/// A controller and the legacy service that it leads away from.
pub struct Stand {
    /// The data listener.
    pub data: SocketAddr,
    /// The control listener.
    pub control: SocketAddr,
    /// The metrics listener.
    pub metrics: SocketAddr,
    /// By which the visitor signs in, once.
    pub link: String,
    /// The legacy service.
    pub legacy: SocketAddr,
    /// For the control listener.
    pub tokens: ControlTokens,
    /// The controller's rooms.
    pub rooms: Arc<Rooms>,
    /// The controller's authority.
    pub authority: Arc<Authority>,
    /// Breaks ssot.
    pub switch: Arc<Switch>,
    /// The one clock.
    pub clock: Arc<dyn Clock>,
    /// Holds the secret of the client by which the prober signs in.
    pub probe_secret: PathBuf,
    probe: ProbeConfig,
    controller: Running<Result<(), AppError>>,
    old: Running<()>,
    scratch: Scratch,
}

/// Who may move flags; the history tells them apart.
pub struct ControlTokens {
    /// The story's own.
    pub story: String,
    /// For whoever wants to go on.
    pub visitor: String,
}

impl ControlTokens {
    fn random() -> Self {
        Self { story: random_token(), visitor: random_token() }
    }
}

fn random_token() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A file that only its owner can read.
fn make_private_file(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// A task that ends when it is told to.
struct Running<T> {
    stop: watch::Sender<bool>,
    task: JoinHandle<T>,
}

impl Stand {
    /// Starts the legacy service and the controller. Both sides accept what is signed under
    /// `secret`. `keep` names a directory that is to be left behind.
    pub async fn start(
        secret: &str,
        keep: Option<&Path>,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let scratch = Scratch::make(keep)?;
        let (old, legacy) = start_legacy(secret, &clock).await?;
        let tokens = ControlTokens::random();
        let probe_secret = scratch.path().join("probe.secret");
        let secret_of_probe = random_token();
        make_private_file(&probe_secret, &secret_of_probe)?;
        let mut config = config::parse(
            include_str!("crossfade.toml"),
            scratch.path(),
            &Environment::from([
                ("DEMO_STORY_TOKEN", &*tokens.story),
                ("DEMO_VISITOR_TOKEN", &tokens.visitor),
                ("DEMO_SIGNING_SECRET", secret),
                ("DEMO_PROBE_SECRET", &secret_of_probe),
                ("CROSSFADE__OUTBOUND__ALLOWED_HOSTS", &format!("[\"{legacy}\"]")),
                ("CROSSFADE__LEGACY__HTTP-AUTH__URL", &format!("http://{legacy}{VALIDATE}")),
                ("CROSSFADE__LEGACY__SOCKET-AUTH__URL", &format!("http://{legacy}{AUTHENTICATE}")),
            ]),
        )?;
        config.flags.cool_down = COOL_DOWN;
        config.outbound.idle_timeout_ms = IDLE_MS;
        // The callers of the story account for every question; walks would be among them.
        let probe = config.probe.clone();
        (config.probe.every, config.probe.matrix_every) = (None, None);
        let switch = Arc::new(Switch::default());
        let between = Arc::clone(&switch);
        let app = App::start_with(config, Arc::clone(&clock), move |path| {
            Arc::new(Breakable { path, switch: Arc::clone(&between) })
        })
        .await?;
        let (data, control) = (app.data_address(), app.control_address());
        let metrics = app.metrics_address().ok_or("the metrics listener is off")?;
        let (rooms, authority) = (app.rooms(), app.authority());
        let link = app.first_link().await?.unwrap_or_default();
        let (stop, stopped) = watch::channel(false);
        let controller = Running { stop, task: tokio::spawn(app.run(stopped)) };
        Ok(Self {
            data,
            control,
            metrics,
            link,
            legacy,
            tokens,
            rooms,
            authority,
            switch,
            clock,
            probe_secret,
            probe,
            controller,
            old,
            scratch,
        })
    }

    /// Walks the golden path from time to time, until `stop` turns true.
    pub fn walk(
        &self,
        stop: watch::Receiver<bool>,
    ) -> Result<JoinHandle<()>, Box<dyn std::error::Error>> {
        let data = format!("http://{}", self.data);
        let fingerprints = self.authority.fingerprint_key().clone();
        let walks = Walks::new(&self.probe, &data, &self.rooms.flags, fingerprints, &self.clock)?;
        let walks = walks.ok_or("the demo's configuration walks nothing")?;
        Ok(tokio::spawn(walks.run(Arc::clone(&self.rooms), stop)))
    }

    /// Stops the controller, then the legacy service, and removes the directory.
    pub async fn stop(self) -> Result<(), Box<dyn std::error::Error>> {
        let Self { rooms, controller, old, scratch, .. } = self;
        drop(rooms);
        controller.end().await??;
        old.end().await?;
        drop(scratch);
        Ok(())
    }
}

impl<T> Running<T> {
    async fn end(self) -> Result<T, tokio::task::JoinError> {
        self.stop.send_replace(true);
        self.task.await
    }
}

/// The core validator and one that does not verify, on one socket.
async fn start_legacy(
    secret: &str,
    clock: &Arc<dyn Clock>,
) -> Result<(Running<()>, SocketAddr), Box<dyn std::error::Error>> {
    let key = Key::read("legacy-hs256", Algorithm::HS256, &Secret::new(secret.as_bytes()))?;
    let model = |profile, route| {
        let validator = ProfileSettings::of(profile, vec![key.clone()]).build()?;
        Ok::<_, crate::legacy::LegacyError>(Modelled { route, validator: Arc::new(validator) })
    };
    let validators =
        vec![model("core-validate", VALIDATE)?, model("unverified-decode", AUTHENTICATE)?];
    let routes = modelled_routes(validators, &Component::HttpAuth.id(), clock);
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let limits = Limits { drain_time: Duration::from_secs(2), ..Limits::default() };
    let listener = Listener::bind(ListenerSettings::plain(any_port, limits)).await?;
    let address = listener.address();
    let (stop, stopped) = watch::channel(false);
    Ok((Running { stop, task: tokio::spawn(listener.serve(routes, stopped)) }, address))
}
