//! Walks a source tree and finds what must exist once.

mod advice;
mod baseline;
mod bind;
pub mod capabilities;
mod category;
mod class;
mod code;
mod count;
mod disk;
mod echo;
mod error;
mod exports;
mod finding;
mod frame;
mod import;
mod kind;
mod language;
mod members;
mod modules;
mod names;
mod origin;
mod place;
mod posted;
pub mod rewrite;
mod rules;
mod run;
mod sarif;
mod seen;
mod settings;
mod sieve;
mod tree;
#[cfg(test)]
mod trial;
mod walk;
mod ways;
mod wildcard;

pub use baseline::{Baseline, BaselineError, Beside, KnownCopy};
pub use category::Category;
pub use class::{Class, Classes};
pub use count::{COPIES, Count, Group, counts};
pub use error::ScanError;
pub use exports::{Bound, Exports, exports_of};
pub use finding::Finding;
#[cfg(test)]
pub(crate) use finding::made_up;
pub use import::{Import, ImportForm, imports_of};
pub use language::{Language, parse};
pub use modules::{Modules, Place};
pub use names::{Definition, Names};
pub use posted::{POSTED_COUNTS_MAX, POSTED_SITES_MAX, Posted, PostedSite, posted};
pub use run::{Scan, scan};
pub use sarif::sarif;
pub use settings::{Canon, Service, Settings};
pub use tree::{FileId, SourceFile, SourceTree, Unread};
pub use wildcard::Wildcard;
