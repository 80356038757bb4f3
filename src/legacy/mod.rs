//! The paths we are leaving, behind the same seam as the new one.
//!
//! Three adapters ask the old way the questions that the authority is asked: [`profile`] models a
//! legacy validator in process, from a declaration; [`http`] asks any endpoint;
//! [`introspection`] asks an RFC 7662 one. [`build`] makes a path from [`Settings`]. [`tokens`] makes
//! tokens the old way, [`managers`] deliver events the old way, [`tunnel`] stands before a legacy
//! WebSocket server.

mod error;
pub mod http;
pub mod introspection;
pub mod managers;
pub mod profile;
mod remote;
mod secret;
mod settings;
mod shipped;
mod source;
mod template;
#[cfg(test)]
mod testing;
pub mod tokens;
pub mod tunnel;

pub use error::LegacyError;
pub use remote::{CallLimits, MissingToken};
pub use secret::Secret;
pub use settings::{ProfileSettings, Settings, build};
pub use shipped::{named, shipped, shipped_text};
pub use source::{Prefixed, SchemeCase, Source};
pub use template::Template;
