//! `[events]`: the legacy manager beside the new one, while there is one.

use std::time::Duration;

use super::reader::{Faults, Section};
use super::sections::named_component;
use crate::domain::ComponentId;
use crate::legacy::tunnel::{Source, TunnelSettings};

/// What the section says.
#[derive(Debug)]
pub struct EventsConfig {
    /// Whose flag says who serves.
    pub component: ComponentId,
    /// Under which component connections are compared.
    pub connections: ComponentId,
    /// Legacy's manager, where it is a server of its own.
    pub tunnel: Option<TunnelSettings>,
}

/// Reads the section.
pub fn events(mut section: Section, faults: &mut Faults) -> EventsConfig {
    let component = named_component(&mut section, ("component", "event-delivery"), faults);
    let connections = ("connections", "socket-connections");
    let connections = named_component(&mut section, connections, faults);
    let tunnel = section.section("tunnel", faults);
    let tunnel = if tunnel.is_empty() { None } else { tunnel_settings(tunnel, faults) };
    section.end(faults);
    EventsConfig { component, connections, tunnel }
}

fn tunnel_settings(mut section: Section, faults: &mut Faults) -> Option<TunnelSettings> {
    let url: Option<String> = section.required("url", faults);
    let shape = section.optional("shape", faults);
    let source = section.optional("source", faults).unwrap_or(Source::App);
    let mut time = |name, default_ms: u64| {
        Duration::from_millis(section.within(name, default_ms, 10..=60_000, faults))
    };
    let (handshake_time, write_time) = (time("handshake_ms", 5_000), time("write_ms", 1_000));
    let message_bytes_max =
        section.within("message_bytes_max", 1024 * 1024, 128..=16 * 1024 * 1024, faults);
    section.end(faults);
    url.map(|url| TunnelSettings {
        url,
        shape,
        source,
        handshake_time,
        write_time,
        message_bytes_max,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (EventsConfig, Vec<String>) {
        let mut faults = Faults::default();
        let mut root = Section::root(toml::from_str(&format!("[events]\n{text}")).expect("TOML"));
        let section = root.section("events", &mut faults);
        let config = events(section, &mut faults);
        (config, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_word_ssot_alone_delivers() {
        let (config, faults) = read("");
        assert_eq!((config.component.as_str(), faults.len()), ("event-delivery", 0));
        assert!(config.tunnel.is_none());
    }

    #[test]
    fn a_tunnel_needs_an_address() {
        let (config, faults) =
            read("[events.tunnel]\nurl = \"http://chat:8000/ws\"\nsource = \"tunnel\"");
        assert_eq!(faults, Vec::<String>::new());
        assert_eq!(config.tunnel.map(|tunnel| tunnel.source), Some(Source::Tunnel));
        assert_eq!(read("[events.tunnel]\nshape = \"bridge\"").1.len(), 1);
        assert_eq!(
            read("profile = \"mirror\"\n[events.tunnel]\nurl = \"http://chat/ws\"").1.len(),
            1
        );
        assert_eq!(read("[events.tunnel]\nurl = \"http://chat/ws\"\nshape = \"round\"").1.len(), 1);
    }
}
