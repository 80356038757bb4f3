//! Socket managers that are to be left behind: who, by their doing, receives which event.
//!
//! [`ManagerProfile`] declares one, [`ManagerPath`] does what it declares over a registry of its
//! own, in process. It is told who comes and goes, and answers with the frames that the manager
//! would write; it never writes. [`HttpManagerPath`] asks a service that knows. [`build`] makes a
//! path from [`Settings`].

mod counts;
mod flush;
mod http;
mod keeping;
mod mirror;
mod path;
mod profile;
mod queue;
mod registry;
mod retry;
mod rules;
mod sending;
mod settings;
mod shipped;
#[cfg(test)]
mod tests;
mod wire;

pub use counts::ManagerCounts;
pub use http::HttpManagerPath;
pub use path::ManagerPath;
pub use profile::ManagerProfile;
pub use rules::{
    Again, ClientRules, Failed, FlushRules, Hung, Overflow, QueueOrder, QueueRules, Registry,
    Report, RetryRules, RewriteRules, TypeRules,
};
pub use settings::{HttpManagerSettings, ManagerProfileSettings, Settings, build};
pub use shipped::{named, shipped, shipped_text};
pub use wire::frame_text;
