//! Times and bounds.

use std::time::Duration;

/// Times and bounds of the room.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A session ends after this long without a request.
    pub session_idle: Duration,
    /// A session ends after this long in any case.
    pub session_max: Duration,
    /// Dangerous things need a proof of identity at most this old.
    pub fresh: Duration,
    /// A setup link ends after this long.
    pub setup_link: Duration,
    /// An action link ends after this long, unless it is made for less.
    pub action_link: Duration,
    /// A request for a second person's approval ends after this long.
    pub approval: Duration,
    /// Requests a minute and client address, on the control listener.
    pub control_per_minute: u32,
    /// Requests a second and API token.
    pub token_per_second: u32,
    /// Requests a second and client address on the data listener; `None` for no limit, as
    /// proxies send everything from one address.
    pub data_per_second: Option<u32>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            session_idle: Duration::from_mins(30),
            session_max: Duration::from_hours(12),
            fresh: Duration::from_mins(5),
            setup_link: Duration::from_hours(1),
            action_link: Duration::from_mins(15),
            approval: Duration::from_hours(24),
            control_per_minute: 600,
            token_per_second: 50_000,
            data_per_second: None,
        }
    }
}
