//! What keeps questions from being made.

use std::io;
use std::path::PathBuf;

/// Why there are no questions.
#[derive(Debug, thiserror::Error)]
pub enum QuestionsError {
    /// A file cannot be written.
    #[error("cannot write {}: {source}", place.display())]
    Unwritable {
        /// Where to.
        place: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
