//! The keys of made-up traffic, for whoever is to judge it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::QuestionsError;
use crate::authority::KeySource;
use crate::authority::specimens::Mint;

/// Writes every key of the mint into `folder`, readable by its owner only, and says with which
/// options `crossfade replay` reads them.
pub(super) fn write(mint: &Mint, folder: &Path) -> Result<Vec<String>, QuestionsError> {
    fs::create_dir_all(folder).map_err(|source| unwritable(folder.to_owned(), source))?;
    let mut options = Vec::new();
    for key in mint.key_sources() {
        let (option, id, name, bytes) = match key {
            KeySource::Secret { id, bytes } => ("--secret-file", id, "secret", bytes),
            KeySource::Pem { id, text, .. } => ("--key-file", id, "pem", text.into_bytes()),
            // A mint holds none of these.
            KeySource::Jwk { .. } => continue,
        };
        let place = folder.join(format!("{id}.{name}"));
        private(&place, &bytes).map_err(|source| unwritable(place.clone(), source))?;
        options.push(format!("{option} {id}={}", place.display()));
    }
    Ok(options)
}

fn private(place: &Path, bytes: &[u8]) -> io::Result<()> {
    // The mode counts at creation only: a file that others can read must not stay.
    match fs::remove_file(place) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
    file.write_all(bytes)
}

fn unwritable(place: PathBuf, source: io::Error) -> QuestionsError {
    QuestionsError::Unwritable { place, source }
}
