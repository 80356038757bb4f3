//! What is canonical, what is old, and which files are tests: `[scan]` of `crossfade.toml`.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ScanError;
use super::wildcard::Wildcard;

/// How a tree is read. Every list that a file sets replaces the default one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Folders below which nothing is read, by name or as a path from the root, as in an ignore
    /// file.
    pub skip: Vec<String>,
    /// Test files, as in an ignore file.
    pub tests: Vec<String>,
    /// Scripts and other tooling, as in an ignore file.
    pub tooling: Vec<String>,
    /// Generated files, as in an ignore file.
    pub generated: Vec<String>,
    /// Folders that Python imports begin at, beside the root and the parents of packages.
    pub roots: Vec<String>,
    /// Services by the beginning of a path; the longest one counts.
    pub services: Vec<Service>,
    /// The one place that decides about tokens, and the names that are to come from it.
    pub authority: Canon,
    /// The one place that writes to sockets, and the names that are to come from it.
    pub manager: Canon,
    /// Names of functions that make or fetch a manager.
    pub factories: Vec<Wildcard>,
    /// Names of functions that write to or close a socket which is handed to them.
    pub helpers: Vec<Wildcard>,
    /// Environment names that hold keys of tokens.
    pub keys: Vec<Wildcard>,
    /// Query parameters that carry tokens.
    pub url_tokens: Vec<String>,
    /// Larger files are listed and not read, in bytes.
    pub file_bytes_max: u64,
}

/// A service of the code base.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The beginning of its paths, such as `frontend/`.
    pub path: String,
    /// True when it runs in browsers, so that decoding a token there is a front-end decode.
    #[serde(default)]
    pub browser: bool,
}

/// Where something must come from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Canon {
    /// Files of the canonical module, as paths from the root; a folder means all in it.
    pub canonical: Vec<String>,
    /// Names that are to be imported from there alone.
    pub names: Vec<Wildcard>,
    /// Names of the sanctioned accessors.
    pub accessors: Vec<String>,
    /// Modules whose every import is legacy, as dotted paths or script paths with `*`.
    pub legacy_modules: Vec<Wildcard>,
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn wildcards(text: &str) -> Vec<Wildcard> {
    text.split_whitespace().map(Wildcard::new).collect()
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            skip: words(
                "node_modules bower_components .next .nuxt .svelte-kit .turbo .yarn dist build \
                 site-packages dist-packages .venv venv virtualenv __pycache__ .tox .nox .eggs \
                 .mypy_cache .ruff_cache .pytest_cache coverage htmlcov vendor vendored \
                 third_party storybook-static target .git .hg .svn",
            ),
            tests: words(
                "test/ tests/ testing/ __tests__/ __mocks__/ e2e/ cypress/ fixtures/ mocks/ \
                 test_framework/ test_*.py *_test.py *_tests.py conftest.py *.test.* *.spec.* \
                 *.stories.* setupTests.* jest.setup.*",
            ),
            tooling: words(
                "scripts/ tools/ tooling/ ci/ .github/ docs/ examples/ benchmarks/ deployment/ \
                 migrations/ alembic/ setup.py noxfile.py tasks.py *.config.* .eslintrc.*",
            ),
            generated: words(
                "generated/ __generated__/ *_pb2.py *_pb2.pyi *_pb2_grpc.py *.gen.* *.generated.* \
                 *.min.js",
            ),
            roots: words("src"),
            services: vec![
                Service::new("backend", "netra_backend/", false),
                Service::new("auth", "auth_service/", false),
                Service::new("frontend", "frontend/", true),
                Service::new("shared", "shared/", false),
            ],
            authority: Canon::authority(),
            manager: Canon::manager(),
            factories: wildcards(
                "*_websocket_manager *_websocket_manager_sync *websocket_manager_factory \
                 *_socket_manager create*WebSocketManager get*WebSocketManager \
                 make*WebSocketManager build*WebSocketManager use*WebSocketManager \
                 create*SocketManager get*SocketManager",
            ),
            helpers: wildcards(
                "safe_websocket_send safe_websocket_close safe_websocket_accept \
                 websocket_send_* websocket_close_*",
            ),
            keys: wildcards("*JWT*SECRET* *JWT*KEY* AUTH_SECRET NEXTAUTH_SECRET"),
            url_tokens: words("token access_token auth_token id_token refresh_token jwt jwt_token"),
            file_bytes_max: 2 * 1024 * 1024,
        }
    }
}

impl Service {
    fn new(name: &str, path: &str, browser: bool) -> Self {
        Self { name: name.to_owned(), path: path.to_owned(), browser }
    }
}

impl Canon {
    fn authority() -> Self {
        Self {
            canonical: words("auth_service/auth_core/"),
            names: wildcards("JWTHandler UnifiedJWTValidator JWTValidator JWTService"),
            accessors: words("validate_token_jwt get_current_user"),
            legacy_modules: wildcards("*.jwt_handler *.jwt_validator *.unified_jwt_validator"),
        }
    }

    fn manager() -> Self {
        Self {
            canonical: words(
                "netra_backend/app/websocket_core/websocket_manager.py \
                 netra_backend/app/websocket_core/unified_manager.py",
            ),
            names: wildcards(
                "*WebSocketManager *WebSocketManagerImplementation *WebSocketManagerFactory \
                 *WebSocketConnectionManager *SocketManager get_websocket_manager* \
                 create_websocket_manager* get_websocket_manager_factory",
            ),
            accessors: words("get_websocket_manager getWebSocketManager"),
            legacy_modules: wildcards("*websocket_manager_factory"),
        }
    }
}

#[derive(Default, Deserialize)]
struct File {
    #[serde(default)]
    scan: Settings,
}

impl Settings {
    /// The name of the file, in the root of the scanned tree.
    pub const FILE: &'static str = "crossfade.toml";

    /// What the tree says about itself; the defaults when it says nothing.
    pub fn of_tree(root: &Path) -> Result<Self, ScanError> {
        let path = root.join(Self::FILE);
        match fs::read_to_string(&path) {
            Ok(text) => Self::parse(&text)
                .map_err(|fault| ScanError::Settings { path: path.clone(), fault }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(ScanError::Unreadable { path, error }),
        }
    }

    /// Reads the text of a `crossfade.toml`. Tables other than `[scan]` are somebody else's.
    pub fn parse(text: &str) -> Result<Self, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        Ok(file.scan)
    }

    /// The service that a path belongs to.
    pub fn service_of(&self, path: &str) -> Option<&Service> {
        let fitting = self.services.iter().filter(|service| path.starts_with(&service.path));
        fitting.max_by_key(|service| service.path.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaces_what_it_names_and_keeps_the_rest() {
        let text = r#"
[rewrite]
other = 1
[scan]
tests = ["checks/"]
[[scan.services]]
name = "ui"
path = "ui/"
browser = true
[scan.manager]
canonical = ["core/manager.py"]
"#;
        let settings = Settings::parse(text).expect("sound");
        assert_eq!(settings.tests, ["checks/"]);
        assert_eq!(settings.skip, Settings::default().skip);
        assert!(settings.service_of("ui/a.ts").is_some_and(|service| service.browser));
        assert_eq!(settings.service_of("frontend/a.ts"), None);
        assert_eq!(settings.manager.canonical, ["core/manager.py"]);
    }

    #[test]
    fn a_setting_that_is_none_is_refused_by_name() {
        let fault = Settings::parse("[scan]\ntset = []\n").expect_err("a typing error");
        assert!(fault.contains("tset"), "{fault}");
    }
}
