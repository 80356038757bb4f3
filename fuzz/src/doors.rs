//! The routers of the data and the control listener, asked in process.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use crossfade::app::App;
use crossfade::authority::{MasterKey, Settings};
use crossfade::config::{self, Environment};
use crossfade::web::{Listens, Rooms, control_routes, data_routes};
use http_body_util::BodyExt as _;
use tempfile::TempDir;
use tower::ServiceExt as _;

use super::{Standing, mint, wait};

const CONTROL: &str = "control-token-of-the-fuzz-targets-as-long-as-it-must-be";

const SEEDS: &str = r#"
[component.modelled]
kind = "auth"
phase = 1
legacy = "model"
stage = "shadow"
"#;

const CONFIG: &str = r#"
data_dir = "store"
environment = "fuzzing"
seeds = "seeds.toml"
[listen]
data = "127.0.0.1:0"
control = "127.0.0.1:0"
metrics = "off"
[access]
control_per_minute = 1000000
[access.tokens.fuzzer]
scopes = ["admin"]
env = "FUZZ_CONTROL"
[authority]
issuer = "placeholder"
audiences = ["placeholder"]
[log]
requests = "off"
[legacy.model]
kind = "profile"
profile = "core-validate"
[[legacy.model.keys]]
id = "main"
algorithm = "HS256"
file = "secret"
"#;

/// The service without its sockets.
pub struct Doors {
    data: Router,
    control: Router,
    rooms: Arc<Rooms>,
    _app: App,
    _dir: TempDir,
}

/// What a door answered.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The media type.
    pub kind: String,
    /// The body.
    pub body: Vec<u8>,
}

/// The one service of this process.
pub fn doors() -> &'static Doors {
    static DOORS: OnceLock<Doors> = OnceLock::new();
    DOORS.get_or_init(Doors::open)
}

impl Doors {
    fn open() -> Self {
        let dir = TempDir::new().expect("a directory");
        std::fs::write(dir.path().join("seeds.toml"), SEEDS).expect("written");
        let secret = dir.path().join("secret");
        std::fs::write(&secret, "a secret of nobody, as long as it must be").expect("written");
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("set");
        let environment = Environment::from([("FUZZ_CONTROL", CONTROL)]);
        let mut config = match config::parse(CONFIG, dir.path(), &environment) {
            Ok(config) => config,
            Err(error) => panic!("{error}"),
        };
        let master_key = Some(MasterKey::new([9; 32]));
        config.authority = Settings { master_key, ..mint().settings() };
        config.flags.own_issuers = [mint().issuer.clone()].into();
        let app = wait(App::start(config, Arc::new(Standing))).expect("a service");
        let rooms = app.rooms();
        let (data, control) = (data_routes(Arc::clone(&rooms)), control_routes(Arc::clone(&rooms)));
        Self { data, control, rooms, _app: app, _dir: dir }
    }

    /// Sends a body to a route of the table; `{names}` in its path become the only component.
    pub fn post(&self, to: (Listens, &str, &str), media_type: &str, body: &[u8]) -> Answer {
        let (listener, method, path) = to;
        let mut target = String::new();
        for segment in path.split('/').skip(1) {
            target.push('/');
            target += if segment.starts_with('{') { "modelled" } else { segment };
        }
        let router = match listener {
            Listens::Data => &self.data,
            Listens::Control | Listens::Metrics => &self.control,
        };
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("content-type", media_type)
            .header("authorization", format!("Bearer {CONTROL}"))
            .header("if-match", self.revision());
        let request = request.body(Body::from(body.to_vec())).expect("a request");
        wait(async {
            let response = router.clone().oneshot(request).await.expect("an answer");
            let (parts, body) = response.into_parts();
            let kind = parts.headers.get("content-type").and_then(|kind| kind.to_str().ok());
            let kind = kind.unwrap_or_default().to_owned();
            let body = body.collect().await.expect("a body").to_bytes().to_vec();
            self.rooms.shadow.idle().await;
            Answer { status: parts.status, kind, body }
        })
    }

    /// The ETag of the component's flag.
    fn revision(&self) -> String {
        let request = Request::builder()
            .uri("/v1/flags/modelled")
            .header("authorization", format!("Bearer {CONTROL}"));
        let request = request.body(Body::empty()).expect("a request");
        let response = wait(self.control.clone().oneshot(request)).expect("an answer");
        let etag = response.headers().get("etag").expect("an ETag");
        etag.to_str().expect("text").to_owned()
    }
}
