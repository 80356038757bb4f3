//! Walks a source tree and finds what must exist once.

pub mod capabilities;
mod class;
#[expect(
    dead_code,
    reason = "rules about calls and classes, which are not there yet, read the rest"
)]
mod code;
mod error;
mod exports;
mod import;
#[expect(
    dead_code,
    reason = "rules about calls and classes, which are not there yet, read the rest"
)]
mod kind;
mod language;
mod modules;
mod names;
pub mod rewrite;
mod settings;
mod tree;
#[expect(
    dead_code,
    reason = "rules about calls and classes, which are not there yet, read the rest"
)]
mod wildcard;

pub use class::{Class, Classes};
pub use error::ScanError;
pub use exports::{Bound, Exports, exports_of};
pub use import::{Import, ImportForm, imports_of};
pub use language::{Language, parse};
pub use modules::{Modules, Place};
pub use names::{Definition, Names};
pub use settings::{Canon, Service, Settings};
pub use tree::{FileId, SourceFile, SourceTree, Unread};
pub use wildcard::Wildcard;
