//! From text to proven settings.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::reader::{Faults, Section};
use super::secret::read_secret;
use super::{ConfigError, Environment, sections};
use crate::flags::Seed;
use crate::web::{ControlToken, Limits};
use crate::{authority, flags, legacy, outbound, shadow};

/// Everything a service needs to know before it starts.
#[derive(Debug)]
pub struct Config {
    /// Where the store is.
    pub data_dir: PathBuf,
    /// Address of the data listener.
    pub data_address: SocketAddr,
    /// Address of the control listener; loopback.
    pub control_address: SocketAddr,
    /// Bounds of both listeners.
    pub limits: Limits,
    /// Who may use the control listener.
    pub control_tokens: Vec<ControlToken>,
    /// The authority's settings, keys read.
    pub authority: authority::Settings,
    /// Where the first start makes a master key, when none is configured or there yet.
    pub new_master_key: Option<PathBuf>,
    /// Legacy paths by name, keys and secrets read.
    pub legacy: Vec<(String, legacy::Settings)>,
    /// The outbound client's settings.
    pub outbound: outbound::Settings,
    /// The flag table's settings.
    pub flags: flags::Settings,
    /// Rows for components that the table does not have yet.
    pub seeds: Vec<Seed>,
    /// Bounds of the shadow.
    pub shadow: shadow::Settings,
    /// Logging.
    pub log: LogSettings,
}

/// What is logged, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSettings {
    /// A filter such as `info` or `crossfade=debug,warn`.
    pub filter: String,
    /// JSON lines or text.
    pub format: LogFormat,
    /// Where request lines go.
    pub requests: RequestLogTarget,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Where request lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestLogTarget {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// The end of a file.
    File(PathBuf),
}

/// Reads a configuration file, overlaid with the environment.
pub fn load(path: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let folder = path.parent().unwrap_or(Path::new("."));
    parse(&text, folder, environment)
}

/// Reads a configuration's text. Relative paths in it are relative to `folder`.
pub fn parse(text: &str, folder: &Path, environment: &Environment) -> Result<Config, ConfigError> {
    let mut table: toml::Table =
        toml::from_str(text).map_err(|error| ConfigError::Syntax(syntax(text, &error)))?;
    environment.overlay(&mut table).map_err(ConfigError::Syntax)?;
    let mut faults = Faults::default();
    let config = read(Section::root(table), folder, environment, &mut faults);
    match (config, faults.into_list()) {
        (Some(config), faults) if faults.is_empty() => Ok(config),
        (_, faults) => Err(ConfigError::Faults(faults)),
    }
}

/// Line and message, without the line's text: it may hold a secret.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
    format!("line {line}: {}", error.message())
}

fn read(
    mut root: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Config> {
    let data_dir: Option<PathBuf> = root.required("data_dir", faults);
    let name = root.required::<String>("environment", faults);
    let seeds_file: Option<PathBuf> = root.optional("seeds", faults);
    let seeds = seeds(name.as_deref(), seeds_file.map(|file| folder.join(file)), faults);

    let mut listen = root.section("listen", faults);
    let (data_address, control_address, limits) = listeners(&mut listen, faults);
    listen.end(faults);

    let control_tokens =
        control_tokens(root.section("control", faults), folder, environment, faults);
    let authority = root.section("authority", faults);
    let data_dir = data_dir.map(|dir| folder.join(dir));
    let authority =
        sections::authority(authority, folder, data_dir.as_deref(), environment, faults);
    let legacy_section = root.section("legacy", faults);
    let legacy = sections::legacy(legacy_section, folder, environment, faults);
    check_legacy_names(&seeds, &legacy.names, faults);

    let outbound = sections::outbound(root.section("outbound", faults), faults);
    let shadow = shadow_settings(root.section("shadow", faults), faults);
    let log = log_settings(root.section("log", faults), folder, faults);
    let mut flags = flags::Settings::default();
    flags.own_issuers.extend(authority.as_ref().map(|settings| settings.issuer.clone()));
    root.end(faults);
    Some(Config {
        data_address,
        control_address,
        limits,
        control_tokens,
        new_master_key: new_master_key(authority.as_ref(), data_dir.as_deref()),
        authority: authority?,
        data_dir: data_dir?,
        legacy: legacy.paths,
        outbound,
        flags,
        seeds,
        shadow,
        log,
    })
}

fn new_master_key(
    authority: Option<&authority::Settings>,
    data_dir: Option<&Path>,
) -> Option<PathBuf> {
    let missing = authority.is_some_and(|settings| settings.master_key.is_none());
    missing.then(|| data_dir.map(sections::own_master_key)).flatten()
}

fn seeds(name: Option<&str>, file: Option<PathBuf>, faults: &mut Faults) -> Vec<Seed> {
    let shipped = match name {
        Some("demo") => include_str!("../../flags/demo.toml"),
        Some("development") => include_str!("../../flags/development.toml"),
        Some("staging") => include_str!("../../flags/staging.toml"),
        Some("production") => include_str!("../../flags/production.toml"),
        Some(_) if file.is_some() => "",
        Some(_) => {
            let known = "is demo, development, staging or production, unless `seeds` names a file";
            faults.add("environment", known);
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let (text, shown) = match file {
        None => (shipped.to_owned(), format!("flags/{}.toml", name.unwrap_or_default())),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => (text, file.display().to_string()),
            Err(error) => {
                faults.add("seeds", format!("cannot read {}: {error}", file.display()));
                return Vec::new();
            }
        },
    };
    Seed::parse_all(&text, &shown).unwrap_or_else(|list| {
        for fault in list {
            faults.add("seeds", fault.to_string());
        }
        Vec::new()
    })
}

fn listeners(listen: &mut Section, faults: &mut Faults) -> (SocketAddr, SocketAddr, Limits) {
    let mut address = |name: &str, default: &str| {
        let text = listen.optional(name, faults).unwrap_or_else(|| default.to_owned());
        text.parse::<SocketAddr>().unwrap_or_else(|_| {
            faults.add(listen.place(name), format!("is an address and port, not {text:?}"));
            SocketAddr::from(([127, 0, 0, 1], 0))
        })
    };
    let data = address("data", "127.0.0.1:8080");
    let control = address("control", "127.0.0.1:8081");
    if !control.ip().is_loopback() {
        let problem = "must be a loopback address: the control routes have no operators yet";
        faults.add(listen.place("control"), problem);
    }
    let default = Limits::default();
    let limits = Limits {
        connections_max: listen.within(
            "connections_max",
            default.connections_max,
            1..=100_000,
            faults,
        ),
        head_bytes_max: listen.within(
            "head_bytes_max",
            default.head_bytes_max,
            8_192..=1_048_576,
            faults,
        ),
        head_time: Duration::from_millis(listen.within("head_ms", 30_000, 100..=600_000, faults)),
        drain_time: Duration::from_millis(listen.within("drain_ms", 10_000, 0..=600_000, faults)),
    };
    (data, control, limits)
}

fn control_tokens(
    mut control: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Vec<ControlToken> {
    let mut tokens = Vec::new();
    let mut section = control.section("tokens", faults);
    for (name, mut token) in section.sections(faults) {
        token.rebase("file", folder);
        if let Some(secret) = read_secret(&mut token, environment, faults) {
            if secret.len() < 16 {
                faults.add(token.place("file"), "the token has fewer than 16 characters");
            }
            tokens.push(ControlToken { name, secret });
        }
        token.end(faults);
    }
    section.end(faults);
    control.end(faults);
    tokens
}

fn check_legacy_names(seeds: &[Seed], names: &[String], faults: &mut Faults) {
    for seed in seeds.iter().filter(|seed| seed.kind.is_asked()) {
        if !names.contains(&seed.legacy) {
            let problem = format!("is missing: component {} is answered by it", seed.component);
            faults.add(format!("legacy.{}", seed.legacy), problem);
        }
    }
}

fn shadow_settings(mut section: Section, faults: &mut Faults) -> shadow::Settings {
    let default = shadow::Settings::default();
    let settings = shadow::Settings {
        in_flight_max: section.within("in_flight_max", default.in_flight_max, 1..=100_000, faults),
        settle: Duration::from_millis(section.within("settle_ms", 1_000, 0..=60_000, faults)),
    };
    section.end(faults);
    settings
}

fn log_settings(mut section: Section, folder: &Path, faults: &mut Faults) -> LogSettings {
    let requests: Option<String> = section.optional("requests", faults);
    let settings = LogSettings {
        filter: section.optional("filter", faults).unwrap_or_else(|| "info".to_owned()),
        format: section.optional("format", faults).unwrap_or(LogFormat::Json),
        requests: match requests.as_deref() {
            None | Some("stdout") => RequestLogTarget::Stdout,
            Some("off") => RequestLogTarget::Off,
            Some(file) => RequestLogTarget::File(folder.join(file)),
        },
    };
    section.end(faults);
    settings
}
