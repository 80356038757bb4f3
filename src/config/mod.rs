//! Raw settings in, proven settings out.
//!
//! A configuration is one TOML file; any of its values can be set by an environment variable
//! named after its path (`CROSSFADE__LISTEN__DATA`). All faults are reported at once, each with
//! its place. This room reads the environment and the secrets' files; no other does.

mod access;
mod doors;
mod environment;
mod events;
mod evidence;
mod fault;
mod issuers;
mod ledger;
mod listen;
mod load;
mod probe;
mod reader;
mod reports;
mod secret;
mod sections;
mod sessions;
mod shown;
mod sign_in;
mod sockets;
mod webhooks;

pub use doors::DoorSettings;
pub use environment::Environment;
pub use events::EventsConfig;
pub use evidence::EvidenceSettings;
pub use fault::{ConfigError, Fault};
pub use listen::Listen;
pub use load::{Config, LogFormat, LogSettings, RequestLogTarget, load, parse};
pub use probe::{ProbeConfig, load_probe};
pub use secret::{make_private_key_file, read_private_file};
pub use sockets::SocketsConfig;
