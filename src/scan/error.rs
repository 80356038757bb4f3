//! What keeps a tree from being scanned.

use std::io;
use std::path::PathBuf;

/// Why there is no result. A file that cannot be read is no reason: it is listed.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// There is no such folder.
    #[error("`{}` is not a folder", path.display())]
    NoTree {
        /// What was named.
        path: PathBuf,
    },
    /// A file that decides about the scan cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// `crossfade.toml` says something odd.
    #[error("`{}`: {fault}", path.display())]
    Settings {
        /// The file.
        path: PathBuf,
        /// What is odd, and where.
        fault: String,
    },
    /// A pattern of `crossfade.toml` is none.
    #[error("`{pattern}` is not a pattern of an ignore file: {fault}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// Why.
        fault: String,
    },
    /// A baseline is not of this program.
    #[error("`{}` is not a baseline: {fault}", path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// Why.
        fault: String,
    },
}
