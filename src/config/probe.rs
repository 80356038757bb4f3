//! `[probe]`: how the golden path is walked, by the service itself and by `crossfade probe`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::doors::DoorSettings;
use super::events::EventsConfig;
use super::load::syntax;
use super::reader::{Faults, Section};
use super::sections::read_secret_in;
use super::sockets::SocketsConfig;
use super::{ConfigError, Environment};
use crate::domain::{ComponentId, JourneyStep, Side, Subject, Token};
use crate::outbound::Method;
use crate::probe::{
    Client, Components, Control, HttpStep, Login, Omitted, Pointers, RefreshDoor, RunStep,
    Settings, Subjects, Template,
};

/// Most subjects that are named for a side.
const SUBJECTS_MAX: usize = 500;

/// What the section says.
#[derive(Clone, Debug, Default)]
pub struct ProbeConfig {
    /// How it is walked; `None` where no login is configured. Where the file names no data
    /// listener, `data` is empty.
    pub settings: Option<Settings>,
    /// The service walks this often; `None`: never.
    pub every: Option<Duration>,
    /// The sides that it walks.
    pub sides: Vec<Side>,
    /// The service judges this often whether each side lets in what the other signs; `None`:
    /// never by itself.
    pub matrix_every: Option<Duration>,
    /// Who tells which side serves a subject.
    pub control: Option<Control>,
    /// The file names the components; else those are meant that are behind the service's doors.
    pub names_components: bool,
}

/// Reads a file that holds what the section holds, for a walk from outside.
pub fn load_probe(path: &Path, environment: &Environment) -> Result<ProbeConfig, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.to_owned(), source })?;
    let table: toml::Table =
        toml::from_str(&text).map_err(|error| ConfigError::Syntax(syntax(&text, &error)))?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut faults = Faults::default();
    let config = probe(Section::root(table), folder, environment, &mut faults);
    match faults.into_list() {
        faults if faults.is_empty() => Ok(config),
        faults => Err(ConfigError::Faults(faults)),
    }
}

/// Reads the section.
pub(super) fn probe(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> ProbeConfig {
    let every = section
        .has("every_s")
        .then(|| Duration::from_secs(section.within("every_s", 60, 5..=86_400, faults)));
    let matrix_every = section
        .has("matrix_every_s")
        .then(|| Duration::from_secs(section.within("matrix_every_s", 300, 10..=86_400, faults)));
    let sides: Option<Vec<Side>> = section.optional("sides", faults);
    let sides = sides.filter(|sides| !sides.is_empty()).unwrap_or_else(|| Side::BOTH.to_vec());
    let control = control(section.section("control", faults), folder, environment, faults);
    let login = login(section.section("login", faults), folder, environment, faults);
    if every.is_some() && login.is_none() {
        faults.add(section.place("login"), "is missing: who walks must sign in");
    }
    let names_components = section.has("components");
    let settings = Settings {
        data: base(&mut section, "data", faults).unwrap_or_default(),
        login: login.clone().unwrap_or_else(nobody),
        http: match template(section.section("http", faults), folder, environment, faults) {
            Some(call) => HttpStep::Call(call),
            None => HttpStep::Decide,
        },
        refresh: section.optional("refresh", faults).unwrap_or(RefreshDoor::Oauth),
        run: match template(section.section("run", faults), folder, environment, faults) {
            Some(call) => RunStep::Trigger(call),
            None => RunStep::Publish,
        },
        door_token: secret(section.section("door_token", faults), folder, environment, faults),
        components: components(section.section("components", faults), faults),
        subjects: subjects(section.section("subjects", faults), faults),
        omitted: Omitted {
            both: steps(&mut section, "omit", faults),
            legacy: steps(&mut section, "omit_on_legacy", faults),
        },
        step_time: Duration::from_millis(section.within("step_ms", 5_000, 50..=60_000, faults)),
        settle: Duration::from_millis(section.within("settle_ms", 300, 10..=10_000, faults)),
    };
    section.end(faults);
    let settings = login.map(|_| settings);
    ProbeConfig { settings, every, sides, matrix_every, control, names_components }
}

impl ProbeConfig {
    /// The same with the components that are behind the service's own doors, where it names none.
    pub(super) fn behind(
        mut self,
        doors: &DoorSettings,
        sockets: &SocketsConfig,
        events: &EventsConfig,
    ) -> Self {
        if let Some(settings) = self.settings.as_mut().filter(|_| !self.names_components) {
            settings.components = Components {
                tokens: doors.tokens.clone(),
                http: doors.component.clone(),
                session: doors.session.clone(),
                sockets: sockets.doors.component.clone(),
                events: events.component.clone(),
            };
        }
        self
    }
}

/// Stands where no login is configured, and is thrown away with the rest.
fn nobody() -> Login {
    Login::Issue(Client { name: String::new(), secret: Token::new("") })
}

/// An address without a slash at its end.
fn base(section: &mut Section, name: &str, faults: &mut Faults) -> Option<String> {
    let url: String = section.optional(name, faults)?;
    let url = url.trim_end_matches('/').to_owned();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        faults.add(section.place(name), "begins with http:// or https://");
    }
    Some(url)
}

fn secret(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Token> {
    if section.is_empty() {
        return None;
    }
    let text = read_secret_in(&mut section, folder, environment, faults);
    section.end(faults);
    text.map(|text| Token::new(&text))
}

fn control(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Control> {
    if section.is_empty() {
        return None;
    }
    if !section.has("url") {
        faults.add(section.place("url"), "is missing");
    }
    let url = base(&mut section, "url", faults);
    let token = read_secret_in(&mut section, folder, environment, faults);
    section.end(faults);
    Some(Control { url: url?, token: Token::new(&token?) })
}

/// `client` with its secret, or a call.
fn login(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Login> {
    if section.is_empty() {
        return None;
    }
    if !section.has("client") {
        let default = Pointers::default();
        let pointer = |section: &mut Section, name: &str, default: String, faults: &mut Faults| {
            let pointer = section.optional(name, faults).unwrap_or(default);
            if !pointer.starts_with('/') {
                faults.add(section.place(name), "is a JSON pointer, which begins with a slash");
            }
            pointer
        };
        let pointers = Pointers {
            access: pointer(&mut section, "access_token", default.access, faults),
            refresh: pointer(&mut section, "refresh_token", default.refresh, faults),
        };
        let call = template(section, folder, environment, faults)?;
        return Some(Login::Call { call, pointers });
    }
    let name: Option<String> = section.required("client", faults);
    let secret = read_secret_in(&mut section, folder, environment, faults);
    section.end(faults);
    Some(Login::Issue(Client { name: name?, secret: Token::new(&secret?) }))
}

/// A call; `None` where the section is empty.
fn template(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<Template> {
    if section.is_empty() {
        return None;
    }
    if !section.has("url") {
        faults.add(section.place("url"), "is missing");
    }
    let url = base(&mut section, "url", faults);
    let headers: BTreeMap<String, String> = section.optional("headers", faults).unwrap_or_default();
    let body: String = section.optional("body", faults).unwrap_or_default();
    let secret = if section.has("file") || section.has("env") {
        read_secret_in(&mut section, folder, environment, faults).map(|text| Token::new(&text))
    } else {
        None
    };
    let call = Template {
        method: section.optional("method", faults).unwrap_or(Method::Post),
        url: url.unwrap_or_default(),
        headers: headers.iter().map(|(name, value)| (name.clone(), Token::new(value))).collect(),
        body: Token::new(&body),
        secret,
        status: section.optional("status", faults).unwrap_or_default(),
    };
    section.end(faults);
    (!call.url.is_empty()).then_some(call)
}

fn components(mut section: Section, faults: &mut Faults) -> Components {
    let mut named = |name: &str, otherwise: ComponentId| {
        let Some(text) = section.optional::<String>(name, faults) else { return otherwise };
        ComponentId::parse(&text).unwrap_or_else(|error| {
            faults.add(section.place(name), format!("names no component: {error}"));
            otherwise
        })
    };
    let default = Components::default();
    let components = Components {
        tokens: named("tokens", default.tokens),
        http: named("http", default.http),
        session: named("session", default.session),
        sockets: named("sockets", default.sockets),
        events: named("events", default.events),
    };
    section.end(faults);
    components
}

fn subjects(mut section: Section, faults: &mut Faults) -> Subjects {
    let default = Subjects::default();
    let mut list = |name: &str| {
        let subjects: Vec<String> = section.optional(name, faults).unwrap_or_default();
        let fits = |subject: &String| Subject::parse(subject).is_some();
        if subjects.len() > SUBJECTS_MAX || !subjects.iter().all(fits) {
            faults.add(section.place(name), "is a list of at most 500 subjects");
        }
        subjects
    };
    let (legacy, ssot) = (list("legacy"), list("ssot"));
    let witness = section.optional("witness", faults).unwrap_or(default.witness);
    if legacy.contains(&witness) || ssot.contains(&witness) {
        faults.add(section.place("witness"), "is somebody who does not walk");
    }
    section.end(faults);
    Subjects { legacy, ssot, witness }
}

fn steps(section: &mut Section, name: &str, faults: &mut Faults) -> Vec<JourneyStep> {
    let names: Vec<String> = section.optional(name, faults).unwrap_or_default();
    let mut steps = Vec::new();
    for text in names {
        match JourneyStep::parse(&text) {
            Some(step) if step != JourneyStep::Login => steps.push(step),
            Some(_) | None => {
                let known = JourneyStep::ALL[1..].iter().map(|step| step.as_str());
                let known = known.collect::<Vec<_>>().join(", ");
                faults.add(section.place(name), format!("is a list of {known}"));
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (ProbeConfig, Vec<String>) {
        let mut faults = Faults::default();
        let section = Section::root(toml::from_str(text).expect("TOML"));
        let environment = Environment::from([("SECRET", "of-the-prober")]);
        let config = probe(section, Path::new("."), &environment, &mut faults);
        (config, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn nothing_is_walked_unless_it_is_said_how_often_and_as_whom() {
        let (config, faults) = read("");
        assert!(faults.is_empty() && config.settings.is_none(), "{faults:?}");
        assert_eq!((config.every, config.matrix_every), (None, None));
        let (_, faults) = read("every_s = 60");
        assert!(faults.concat().contains("login"), "{faults:?}");
    }

    #[test]
    fn a_client_walks_by_our_own_doors_and_a_call_by_those_of_others() {
        let (config, faults) = read(
            "every_s = 30\nsides = [\"ssot\"]\nomit_on_legacy = [\"refusal\"]\n\
             [login]\nclient = \"probe\"\nenv = \"SECRET\"\n[subjects]\nssot = [\"ada\"]",
        );
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(
            (config.every, &*config.sides),
            (Some(Duration::from_secs(30)), &[Side::Ssot][..])
        );
        let settings = config.settings.expect("settings");
        assert!(matches!(&settings.login, Login::Issue(client) if client.name == "probe"));
        assert_eq!(settings.omitted.legacy, [JourneyStep::Refusal]);
        let (config, faults) = read(
            "[login]\nurl = \"http://app.example/login\"\nbody = \"{}\"\nenv = \"SECRET\"\n\
             access_token = \"/token\"",
        );
        assert!(faults.is_empty(), "{faults:?}");
        let settings = config.settings.expect("settings");
        let Login::Call { call, pointers } = settings.login else { panic!("a call") };
        assert_eq!((pointers.access.as_str(), call.secret.is_some()), ("/token", true));
        assert!(!format!("{call:?}").contains("of-the-prober"));
    }

    #[test]
    fn what_makes_no_sense_is_told_with_its_place() {
        let login = "[login]\nclient = \"probe\"\nenv = \"SECRET\"\n";
        for (text, place) in [
            (format!("omit = [\"login\"]\n{login}"), "omit"),
            (format!("omit = [\"walking\"]\n{login}"), "omit"),
            (format!("data = \"ftp://x\"\n{login}"), "data"),
            (format!("step_ms = 1\n{login}"), "step_ms"),
            ("[login]\nclient = \"probe\"".to_owned(), "login.file"),
            ("[login]\nbody = \"{}\"".to_owned(), "login.url"),
            (format!("{login}[components]\nhttp = \"no such name\""), "components.http"),
            (format!("{login}[subjects]\nssot = [\"w\"]\nwitness = \"w\""), "subjects.witness"),
            (format!("{login}[control]\nenv = \"SECRET\""), "control.url"),
            (format!("{login}[other]\nx = 1"), "other"),
        ] {
            let (_, faults) = read(&text);
            assert!(faults.iter().any(|fault| fault.contains(place)), "{place}: {faults:?}");
        }
    }
}
