//! The directory in which the demonstration lives: gone when it is over, unless it is to be kept.

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

/// A directory that only its owner can read.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    kept: bool,
}

impl Scratch {
    /// `keep`, made if need be and left behind, or a new one among the temporary files.
    pub fn make(keep: Option<&Path>) -> io::Result<Self> {
        let mut builder = std::fs::DirBuilder::new();
        builder.mode(0o700);
        if let Some(path) = keep {
            builder.recursive(true).create(path)?;
            return Ok(Self { path: path.to_owned(), kept: true });
        }
        let name = format!("crossfade-demo-{:016x}", rand::random::<u64>());
        let path = std::env::temp_dir().join(name);
        builder.create(&path)?;
        Ok(Self { path, kept: false })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = std::fs::remove_dir_all(&self.path)
        {
            eprintln!("crossfade: cannot remove {}: {error}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_temporary_directory_is_the_owners_alone_and_goes_with_its_contents() {
        let scratch = Scratch::make(None).expect("a directory");
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").expect("a file");
        let mode = path.metadata().expect("metadata").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(scratch);
        assert!(!path.exists());
    }

    #[test]
    fn a_directory_that_is_to_be_kept_stays() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("a/b");
        drop(Scratch::make(Some(&path)).expect("a directory"));
        assert!(path.exists());
    }
}
