//! Why a legacy path cannot be built. Once built, it fails with `PathError` only.

/// Faults of the configuration, found before the first question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LegacyError {
    /// No shipped profile has this name.
    #[error("no profile is named {0:?}")]
    UnknownProfile(String),
    /// The text is not a profile; the fault names the place.
    #[error("not a profile: {0}")]
    ProfileText(String),
    /// The bytes are no key of that algorithm.
    #[error("key {id:?} is no {algorithm} key")]
    Key {
        /// The key's name.
        id: String,
        /// The algorithm it was said to be for.
        algorithm: &'static str,
    },
    /// Everything that is wrong with one path's settings, at once.
    #[error("legacy path {path:?}: {}", faults.join("; "))]
    Faults {
        /// The path's name in the configuration, or the profile's.
        path: String,
        /// One lowercase fragment each.
        faults: Vec<String>,
    },
}
