//! The log: what happens, on standard error.

use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};

/// What is wrong with the settings, if anything.
pub fn check(settings: &LogSettings) -> Result<(), String> {
    filter(settings).map(drop)
}

/// What the WebSocket library says of single frames is never logged, whatever is asked for: there may
/// be tokens in them.
const NEVER: [&str; 2] = ["tungstenite=warn", "tokio_tungstenite=warn"];

fn filter(settings: &LogSettings) -> Result<EnvFilter, String> {
    if settings.filter.contains("tungstenite") {
        return Err(
            "log.filter: frames of sockets are not logged: tokens may be in them".to_owned()
        );
    }
    let filter = EnvFilter::try_new(&settings.filter)
        .map_err(|error| format!("log.filter {:?}: {error}", settings.filter))?;
    let never = NEVER.into_iter().filter_map(|directive| directive.parse().ok());
    Ok(never.fold(filter, EnvFilter::add_directive))
}

/// Starts logging. The error says what is wrong with the filter.
pub fn start(settings: &LogSettings) -> Result<(), String> {
    let filter = filter(settings)?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
        LogFormat::Text => builder.try_init(),
    };
    started.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{LogFormat, RequestLogTarget};

    fn shown(filter: &str) -> Result<String, String> {
        let (filter, requests) = (filter.to_owned(), RequestLogTarget::Off);
        let settings = LogSettings { filter, format: LogFormat::Text, requests };
        super::filter(&settings).map(|filter| filter.to_string())
    }

    #[test]
    fn frames_of_sockets_are_not_logged_even_where_everything_is() {
        let all = shown("trace").expect("a filter");
        assert!(NEVER.iter().all(|directive| all.contains(directive)), "{all}");
        assert!(shown("info,tungstenite::protocol=trace").is_err());
    }
}
