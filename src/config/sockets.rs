//! `[sockets]`: who may open a socket, what it may do, what is kept for it.

use std::path::Path;
use std::time::Duration;

use super::Environment;
use super::reader::{Faults, Section};
use super::sections::named_component;
use super::webhooks::{key, url};
use crate::domain::EVENT_BYTES_MAX;
use crate::outbound;
use crate::sockets::{ForwardSettings, Settings};
use crate::web::{Origins, Refuse, SocketSettings};

/// Most pages on the list.
const ORIGINS_MAX: usize = 100;

/// Longest name of a query's parameter, in characters.
const PARAMETER_MAX: usize = 64;

/// What the section says.
#[derive(Debug)]
pub struct SocketsConfig {
    /// Bounds of the manager.
    pub manager: Settings,
    /// How sockets are opened and kept.
    pub doors: SocketSettings,
    /// Where clients' messages go; `None`: nowhere.
    pub forward: Option<ForwardSettings>,
}

/// Reads the section.
pub fn sockets(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    outbound: &outbound::Settings,
    faults: &mut Faults,
) -> SocketsConfig {
    let forward = section.section("forward", faults);
    let forward = forward_settings(forward, folder, environment, outbound, faults);
    let manager = manager(&mut section, faults);
    let doors = doors(&mut section, faults);
    if doors.ping_every >= manager.idle_timeout {
        let (ping_s, idle_s) = (doors.ping_every.as_secs(), manager.idle_timeout.as_secs());
        let problem = format!(
            "is {ping_s}, and idle_s is {idle_s}: a client that only listens would be taken for gone"
        );
        faults.add(section.place("ping_s"), problem);
    }
    section.end(faults);
    SocketsConfig { manager, doors, forward }
}

fn manager(section: &mut Section, faults: &mut Faults) -> Settings {
    let default = Settings::default();
    let mut count = |name, default: u32, range| section.within(name, default, range, faults);
    let settings = Settings {
        connections_max: count("connections_max", default.connections_max, 1..=1_000_000),
        connections_per_user_max: count(
            "connections_per_user_max",
            default.connections_per_user_max,
            1..=10_000,
        ),
        queue_max: count("queue_max", default.queue_max, 1..=100_000),
        retained_max: count("retained_max", default.retained_max, 1..=1_000_000),
        users_max: count("users_max", default.users_max, 1..=10_000_000),
        publishing_max: count("publishing_max", default.publishing_max, 1..=1_000_000),
        subscriptions_max: count("subscriptions_max", default.subscriptions_max, 1..=1_000),
        ..default
    };
    let default = settings.clone();
    let mut seconds = |name, default: Duration, range| {
        Duration::from_secs(section.within(name, default.as_secs(), range, faults))
    };
    Settings {
        retained_for: seconds("retained_s", default.retained_for, 1..=30 * 86_400),
        forgotten_after: seconds("forgotten_s", default.forgotten_after, 60..=400 * 86_400),
        idle_timeout: seconds("idle_s", default.idle_timeout, 2..=86_400),
        ..settings
    }
}

fn doors(section: &mut Section, faults: &mut Faults) -> SocketSettings {
    SocketSettings {
        component: named_component(section, ("component", "socket-auth"), faults),
        refuse: section.optional("refuse", faults).unwrap_or(Refuse::Status),
        origins: origins(section, faults),
        query_token: query_token(section, faults),
        message_bytes_max: section.within(
            "message_bytes_max",
            EVENT_BYTES_MAX + 8 * 1024,
            128..=1024 * 1024,
            faults,
        ),
        messages_per_second: section.within("messages_per_second", 50, 1..=100_000, faults),
        service_messages_per_second: section.within(
            "service_messages_per_second",
            1_000,
            1..=100_000,
            faults,
        ),
        ping_every: Duration::from_secs(section.within("ping_s", 25, 1..=3_600, faults)),
        write_time: Duration::from_millis(section.within("write_ms", 10_000, 10..=600_000, faults)),
        tickets_max: section.within("tickets_max", 10_000, 1..=1_000_000, faults),
        echo: false,
    }
}

fn origins(section: &mut Section, faults: &mut Faults) -> Origins {
    let texts: Vec<String> = section.optional("origins", faults).unwrap_or_default();
    if texts.len() > ORIGINS_MAX {
        let problem = format!("has more than {ORIGINS_MAX} entries");
        faults.add(section.place("origins"), problem);
        return Origins::default();
    }
    Origins::parse(&texts).unwrap_or_else(|problem| {
        faults.add(section.place("origins"), problem);
        Origins::default()
    })
}

fn query_token(section: &mut Section, faults: &mut Faults) -> Option<String> {
    let name: String = section.optional("query_token", faults)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let taken = ["epoch", "after", "resume"].contains(&&*name);
    if name.is_empty() || name.len() > PARAMETER_MAX || !name.chars().all(plain) || taken {
        let problem = "is the name of a query's parameter: 1 to 64 letters, digits, dashes, dots \
                       and underscores, and not `epoch`, `after` or `resume`";
        faults.add(section.place("query_token"), problem);
        return None;
    }
    Some(name)
}

/// `[sockets.forward]`.
fn forward_settings(
    mut section: Section,
    folder: &Path,
    environment: &Environment,
    outbound: &outbound::Settings,
    faults: &mut Faults,
) -> Option<ForwardSettings> {
    if section.is_empty() {
        return None;
    }
    let url = url(&mut section, outbound, faults);
    let key = key(&mut section, folder, environment, faults);
    let kept_s = section.within("kept_s", 3_600, 1..=7 * 86_400, faults);
    let in_flight_max = section.within("in_flight_max", 64, 1..=1_024, faults);
    section.end(faults);
    Some(ForwardSettings {
        url: url?,
        key: key?,
        kept_for: Duration::from_secs(kept_s),
        in_flight_max,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbound::HostRule;

    const KEY: &str = "whsec_AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB";

    fn parsed(text: &str) -> (SocketsConfig, Vec<String>) {
        let mut faults = Faults::default();
        let section = Section::root(toml::from_str(text).expect("TOML"));
        let environment = Environment::from([("KEY", KEY)]);
        let allowed_hosts = vec![HostRule::parse("chat.example").expect("a rule")];
        let outbound = outbound::Settings { allowed_hosts, ..outbound::Settings::default() };
        let read = sockets(section, Path::new("."), &environment, &outbound, &mut faults);
        (read, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_section_sockets_are_open_to_the_pages_of_the_host_itself() {
        let (read, faults) = parsed("");
        assert!(faults.is_empty(), "{faults:?}");
        assert_eq!(read.manager, Settings::default());
        assert_eq!(read.doors.component.as_str(), "socket-auth");
        assert_eq!((read.doors.refuse, read.doors.echo), (Refuse::Status, false));
        assert_eq!(read.doors.origins, Origins::default());
        assert!(read.doors.query_token.is_none() && read.forward.is_none());
    }

    #[test]
    fn every_setting_is_taken() {
        let (read, faults) = parsed(
            "component = \"ws\"\nrefuse = \"close\"\norigins = [\"https://app.example\"]\n\
             query_token = \"access_token\"\nmessage_bytes_max = 1024\nmessages_per_second = 5\n\
             service_messages_per_second = 6\nping_s = 7\nwrite_ms = 800\ntickets_max = 9\n\
             connections_max = 10\nconnections_per_user_max = 11\nqueue_max = 12\n\
             retained_max = 13\nretained_s = 14\nforgotten_s = 150\nidle_s = 16\nusers_max = 17\n\
             publishing_max = 18\nsubscriptions_max = 19\n[forward]\n\
             url = \"https://chat.example/in\"\nenv = \"KEY\"\nkept_s = 20\nin_flight_max = 21\n",
        );
        assert!(faults.is_empty(), "{faults:?}");
        let (doors, manager) = (&read.doors, &read.manager);
        assert_eq!((doors.component.as_str(), doors.refuse), ("ws", Refuse::Close));
        assert_eq!(doors.query_token.as_deref(), Some("access_token"));
        assert_eq!((doors.messages_per_second, doors.service_messages_per_second), (5, 6));
        assert_eq!((doors.ping_every.as_secs(), doors.write_time.as_millis()), (7, 800));
        assert_eq!((doors.message_bytes_max, doors.tickets_max), (1024, 9));
        assert_eq!((manager.connections_max, manager.connections_per_user_max), (10, 11));
        assert_eq!((manager.queue_max, manager.retained_max), (12, 13));
        assert_eq!(manager.retained_for.as_secs(), 14);
        assert_eq!(manager.forgotten_after.as_secs(), 150);
        assert_eq!((manager.idle_timeout.as_secs(), manager.users_max), (16, 17));
        assert_eq!((manager.publishing_max, manager.subscriptions_max), (18, 19));
        let forward = read.forward.expect("a backend");
        assert_eq!((forward.kept_for.as_secs(), forward.in_flight_max), (20, 21));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place_and_without_the_secret() {
        let forward = "[forward]\nurl = \"https://chat.example/in\"\nenv = \"KEY\"\n";
        for (text, about) in [
            ("component = \"No\"".to_owned(), "component: names no component"),
            ("refuse = \"never\"".to_owned(), "refuse: "),
            ("origins = [\"*\"]".to_owned(), "origins: \"*\" is no origin"),
            ("origins = [\"https://a.example/\"]".to_owned(), "origins: \"https://a.example/\""),
            ("query_token = \"a b\"".to_owned(), "query_token: is the name"),
            ("query_token = \"epoch\"".to_owned(), "query_token: is the name"),
            ("connections_max = 0".to_owned(), "connections_max: is 1 to"),
            ("ping_s = 0".to_owned(), "ping_s: is 1 to"),
            ("ping_s = 75".to_owned(), "ping_s: is 75, and idle_s is 75"),
            ("message_bytes_max = 9999999".to_owned(), "message_bytes_max: is 128 to"),
            ("colour = 1".to_owned(), "colour: is not a setting"),
            (forward.replace("chat.example", "other.example"), "forward.url: https://other"),
            (forward.replace("KEY", "NONE"), "forward.env: NONE is not set"),
            (format!("{forward}in_flight_max = 0"), "forward.in_flight_max: is 1 to"),
            (format!("{forward}colour = 1"), "forward.colour: is not a setting"),
        ] {
            let (_, faults) = parsed(&text);
            assert!(faults.iter().any(|fault| fault.starts_with(about)), "{about}: {faults:?}");
            assert!(!faults.concat().contains("AQEB"), "{faults:?}");
        }
    }
}
