//! From text to proven settings.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::doors::{self, DoorSettings};
use super::events::{self, EventsConfig};
use super::evidence::{self, EvidenceSettings};
use super::probe::{self, ProbeConfig};
use super::reader::{Faults, Section};
use super::reports::reports;
use super::sockets::{self, SocketsConfig};
use super::{
    ConfigError, Environment, Listen, issuers, ledger, listen, sections, sign_in, webhooks,
};
use crate::access::{self, ConfiguredToken, ProviderSettings};
use crate::flags::{Seed, Seeds};
use crate::guard::Webhook;
use crate::ledger::ComparisonsSettings;
use crate::web::SettingShown;
use crate::{authority, flags, legacy, outbound, report, shadow};

/// Everything a service needs to know before it starts.
#[derive(Debug)]
pub struct Config {
    /// Where the store is.
    pub data_dir: PathBuf,
    /// The listeners.
    pub listen: Listen,
    /// Times and rates of who may do what.
    pub access: access::Settings,
    /// API tokens that the configuration brings along.
    pub tokens: Vec<ConfiguredToken>,
    /// The authority's settings, keys read.
    pub authority: authority::Settings,
    /// Where the first start makes a master key, when none is configured or there yet.
    pub new_master_key: Option<PathBuf>,
    /// Legacy paths by name, keys and secrets read.
    pub legacy: Vec<(String, legacy::Settings)>,
    /// How legacy makes tokens, by the name of its path, secrets read.
    pub legacy_tokens: Vec<(String, legacy::tokens::Settings)>,
    /// How legacy delivers events, by the name of its path, secrets read.
    pub legacy_managers: Vec<(String, legacy::managers::Settings)>,
    /// The outbound client's settings.
    pub outbound: outbound::Settings,
    /// Who is told what the guard did, keys read.
    pub webhooks: Vec<Webhook>,
    /// Who else may say who an operator is.
    pub sign_in_provider: Option<ProviderSettings>,
    /// The flag table's settings.
    pub flags: flags::Settings,
    /// Rows for components that the table does not have yet.
    pub seeds: Seeds,
    /// Which components are behind the doors that name none.
    pub doors: DoorSettings,
    /// Whose certificates are trusted, and under which name they are issued here.
    pub evidence: EvidenceSettings,
    /// Sockets: who may open one, what it may do, what is kept for it.
    pub sockets: SocketsConfig,
    /// The legacy manager beside the new one.
    pub events: EventsConfig,
    /// How long reports are kept, and when they are due by themselves.
    pub reports: report::Settings,
    /// Walks of the golden path.
    pub probe: ProbeConfig,
    /// Bounds of the shadow.
    pub shadow: shadow::Settings,
    /// Where every comparison is written out, if it is.
    pub comparisons: Option<ComparisonsSettings>,
    /// Logging.
    pub log: LogSettings,
    /// Every setting as it may be shown, without secrets.
    pub shown: Vec<SettingShown>,
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
    let (list, looked) = faults.into_parts();
    match (config, list) {
        (Some(config), faults) if faults.is_empty() => {
            Ok(Config { shown: looked.into_shown(environment), ..config })
        }
        (_, faults) => Err(ConfigError::Faults(faults)),
    }
}

/// Line and message, without the line's text: it may hold a secret.
pub(super) fn syntax(text: &str, error: &toml::de::Error) -> String {
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

    let (listen_section, tls) = (root.section("listen", faults), root.section("tls", faults));
    let listen = listen::listen(listen_section, tls, folder, faults);
    let (access, tokens) =
        super::access::access(root.section("access", faults), folder, environment, faults);
    let authority = root.section("authority", faults);
    let data_dir = data_dir.map(|dir| folder.join(dir));
    let authority =
        sections::authority(authority, folder, data_dir.as_deref(), environment, faults);
    let legacy_section = root.section("legacy", faults);
    let legacy = sections::legacy(legacy_section, folder, environment, faults);
    check_legacy_names(&seeds.components, &legacy.names, faults);

    let outbound = sections::outbound(root.section("outbound", faults), faults);
    let list = root.list("webhook", faults);
    let webhooks = webhooks::webhooks(list, folder, environment, &outbound, faults);
    let mut sign_in = root.section("sign_in", faults);
    let provider = sign_in.section("provider", faults);
    let sign_in_provider = sign_in::provider(provider, folder, environment, faults);
    sign_in.end(faults);
    let doors = doors::doors(root.section("doors", faults), faults);
    let evidence =
        evidence::evidence(root.section("evidence", faults), name.as_deref(), folder, faults);
    let events = events::events(root.section("events", faults), faults);
    let sockets = root.section("sockets", faults);
    let sockets = sockets::sockets(sockets, folder, environment, &outbound, faults);
    let reports = reports(root.section("reports", faults), faults);
    let probe = probe::probe(root.section("probe", faults), folder, environment, faults);
    let probe = probe.behind(&doors, &sockets, &events);
    let shadow = shadow_settings(root.section("shadow", faults), faults);
    let comparisons = ledger::comparisons(root.section("ledger", faults), folder, faults);
    let log = log_settings(root.section("log", faults), folder, faults);
    let mut flags = flags::Settings::default();
    if let Some(settings) = &authority {
        flags.own_issuers.insert(settings.issuer.clone());
        flags.own_issuers.extend(settings.compatible.iter().map(|form| form.issuer.clone()));
        flags.foreign_issuers.extend(issuers::for_slots(&settings.issuers));
        flags.policy_issuers.extend(settings.issuers.iter().map(|issuer| issuer.name.clone()));
    }
    root.end(faults);
    Some(Config {
        listen,
        access,
        tokens,
        new_master_key: new_master_key(authority.as_ref(), data_dir.as_deref()),
        authority: authority?,
        data_dir: data_dir?,
        legacy: legacy.paths,
        legacy_tokens: legacy.token_paths,
        legacy_managers: legacy.managers,
        outbound,
        webhooks,
        sign_in_provider,
        flags,
        seeds,
        doors,
        evidence,
        sockets,
        events,
        reports,
        probe,
        shadow,
        comparisons,
        log,
        shown: Vec::new(),
    })
}

fn new_master_key(
    authority: Option<&authority::Settings>,
    data_dir: Option<&Path>,
) -> Option<PathBuf> {
    let missing = authority.is_some_and(|settings| settings.master_key.is_none());
    missing.then(|| data_dir.map(sections::own_master_key)).flatten()
}

fn seeds(name: Option<&str>, file: Option<PathBuf>, faults: &mut Faults) -> Seeds {
    let shipped = match name {
        Some("demo") => include_str!("../../flags/demo.toml"),
        Some("development") => include_str!("../../flags/development.toml"),
        Some("staging") => include_str!("../../flags/staging.toml"),
        Some("production") => include_str!("../../flags/production.toml"),
        Some(_) if file.is_some() => "",
        Some(_) => {
            let known = "is demo, development, staging or production, unless `seeds` names a file";
            faults.add("environment", known);
            return Seeds::default();
        }
        None => return Seeds::default(),
    };
    let (text, shown) = match file {
        None => (shipped.to_owned(), format!("flags/{}.toml", name.unwrap_or_default())),
        Some(file) => match std::fs::read_to_string(&file) {
            Ok(text) => (text, file.display().to_string()),
            Err(error) => {
                faults.add("seeds", format!("cannot read {}: {error}", file.display()));
                return Seeds::default();
            }
        },
    };
    Seed::parse_all(&text, &shown).unwrap_or_else(|list| {
        for fault in list {
            faults.add("seeds", fault.to_string());
        }
        Seeds::default()
    })
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
