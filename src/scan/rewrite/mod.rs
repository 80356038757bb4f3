//! Carries the imports of a source tree over from old modules to the one that is left.
//!
//! A mapping says what moved where. Every file that names something of it is parsed, each import
//! is decided on by itself, and only the bytes of what changes are touched. What cannot be told
//! for certain stays as it is and is listed with a reason. A second run changes nothing.

mod alias;
mod change;
mod edit;
mod file;
mod list;
mod mapping;
mod outside;
mod python;
mod refusal;
mod run;
mod script;
mod source;

pub use change::{Change, WriteError};
pub use mapping::{FILE_NAME, Mapping, MappingError};
pub use refusal::{Refusal, Why};
pub use run::{Options, Rewrite, rewrite};
