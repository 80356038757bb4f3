//! How sockets are opened and kept.

use std::time::Duration;

use super::origins::Origins;
use super::talk::Manners;
use super::upgrade::WireLimits;
use crate::domain::{ComponentId, EVENT_BYTES_MAX};

/// What refuses a handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Refuse {
    /// The status of the answer, which a browser shows to nobody.
    Status,
    /// A close code behind an answer that switches protocols, which a browser does show.
    Close,
}

/// What `[sockets]` says about the doors.
#[derive(Clone, Debug)]
pub struct SocketSettings {
    /// Decides about handshakes.
    pub component: ComponentId,
    /// What refuses one.
    pub refuse: Refuse,
    /// From which pages browsers may come.
    pub origins: Origins,
    /// The parameter of the query in which a token is taken; `None`: tokens do not belong there.
    pub query_token: Option<String>,
    /// Largest message of a client, in bytes.
    pub message_bytes_max: usize,
    /// Messages a second of a client.
    pub messages_per_second: u32,
    /// The same for a service's token.
    pub service_messages_per_second: u32,
    /// A ping is sent this often.
    pub ping_every: Duration,
    /// How long a client may take nothing while something waits for it.
    pub write_time: Duration,
    /// Tickets that may wait to be redeemed.
    pub tickets_max: usize,
    /// True for `GET /echo`, which says everything back.
    pub echo: bool,
}

/// A frame holds an event, its place, its name once more, and little else.
const FRAME_BYTES_MAX: usize = EVENT_BYTES_MAX + 16 * 1024;

/// Read at once from a socket that says little.
const READ_BYTES: usize = 4 * 1024;

/// Largest message that is said back.
const ECHO_BYTES_MAX: usize = 32 * 1024 * 1024;

impl SocketSettings {
    pub(super) fn wire(&self) -> WireLimits {
        WireLimits {
            message_bytes_max: self.message_bytes_max,
            frame_bytes_max: FRAME_BYTES_MAX,
            read_bytes: READ_BYTES,
            write_time: self.write_time,
        }
    }

    pub(super) fn manners(&self, is_service: bool) -> Manners {
        let per_second =
            if is_service { self.service_messages_per_second } else { self.messages_per_second };
        Manners { ping_every: self.ping_every, messages_per_second: Some(per_second) }
    }

    pub(super) fn echo_wire(&self) -> WireLimits {
        WireLimits {
            message_bytes_max: ECHO_BYTES_MAX,
            frame_bytes_max: ECHO_BYTES_MAX,
            read_bytes: 32 * READ_BYTES,
            write_time: self.write_time,
        }
    }

    pub(super) fn echo_manners(&self) -> Manners {
        Manners { ping_every: self.ping_every, messages_per_second: None }
    }
}
