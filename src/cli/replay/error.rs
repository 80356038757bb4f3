//! What keeps a replay from being run, or from being finished.

use std::io;
use std::path::PathBuf;

use crate::authority::AuthorityError;
use crate::legacy::LegacyError;

/// Why there is no report. A bad line is none of this.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The recording cannot be opened or read to its end.
    #[error("cannot read {}: {source}", path.display())]
    Recording {
        /// The recording.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The file of a key or a profile cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    SideFile {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A key without an id where it needs one.
    #[error("{option} {} needs a key id: {option} ID={}", path.display(), path.display())]
    KeyNameless {
        /// The option.
        option: &'static str,
        /// The file.
        path: PathBuf,
    },
    /// A file over a megabyte is no key and no profile.
    #[error("{} is too long for a key or a profile", .0.display())]
    SideFileLong(PathBuf),
    /// A file that is neither PEM nor JWK, or whose key is of no supported kind.
    #[error("{} holds no RS256, ES256 or EdDSA key in PEM and no JWK", .0.display())]
    KeyUnknown(PathBuf),
    /// The authority does not take its settings.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The model does not take its settings.
    #[error(transparent)]
    Legacy(#[from] LegacyError),
    /// The name of a model that is not shipped.
    #[error("there is no legacy profile {name:?}; there are: {known}")]
    Profile {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// The report would take the recording's place.
    #[error("{} is the recording itself: choose another --out", .0.display())]
    Overwrite(PathBuf),
    /// The report cannot be written.
    #[error("cannot write {}: {source}", place.display())]
    Report {
        /// Where to.
        place: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
