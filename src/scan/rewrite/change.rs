//! One file as it is and as it is to be.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use similar::TextDiff;

/// A file that changes, or that comes new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file, from the root of the tree.
    pub path: PathBuf,
    /// Its bytes; `None` for a file that is not there yet.
    pub before: Option<Vec<u8>>,
    /// What it is to hold.
    pub after: Vec<u8>,
}

/// A file could not be replaced. It holds what it held before.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody wrote to it since it was read.
    #[error("{} has changed meanwhile: run it again", .0.display())]
    Changed(PathBuf),
    /// The disk refused.
    #[error("{} cannot be written: {}", .0.display(), .1)]
    Refused(PathBuf, io::Error),
}

impl Change {
    /// A unified diff, as `git apply` and `patch -p1` read it.
    pub fn diff(&self) -> Vec<u8> {
        let name = self.path.to_string_lossy().replace('\\', "/");
        let empty = Vec::new();
        let before = self.before.as_ref().unwrap_or(&empty);
        let old = if self.before.is_some() { format!("a/{name}") } else { "/dev/null".to_owned() };
        let diff = TextDiff::configure().diff_lines(before.as_slice(), self.after.as_slice());
        let mut text = Vec::new();
        let written = diff.unified_diff().header(&old, &format!("b/{name}")).to_writer(&mut text);
        written.expect("a vector takes every byte");
        text
    }

    /// Puts the new content in the place of the old one at once: whoever reads sees one of the
    /// two. Permissions stay.
    pub fn write(&self, root: &Path) -> Result<(), WriteError> {
        let place = root.join(&self.path);
        let refused = |error| WriteError::Refused(self.path.clone(), error);
        if self.is_stale(&place).map_err(refused)? {
            return Err(WriteError::Changed(self.path.clone()));
        }
        let partial = partial(&place);
        let written = self.write_to(&partial, &place);
        if written.is_err() {
            // Already failing: a leftover is all that can still go wrong.
            fs::remove_file(&partial).ok();
        }
        written.map_err(refused)
    }

    fn is_stale(&self, place: &Path) -> io::Result<bool> {
        match (fs::read(place), &self.before) {
            (Ok(now), Some(before)) => Ok(now != *before),
            (Err(error), None) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            (Ok(_), None) => Ok(true),
            (Err(error), _) => Err(error),
        }
    }

    fn write_to(&self, partial: &Path, place: &Path) -> io::Result<()> {
        if let (None, Some(folder)) = (&self.before, place.parent()) {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().write(true).create_new(true).open(partial)?;
        if self.before.is_some() {
            file.set_permissions(fs::metadata(place)?.permissions())?;
        }
        file.write_all(&self.after)?;
        file.sync_all()?;
        drop(file);
        fs::rename(partial, place)
    }
}

fn partial(place: &Path) -> PathBuf {
    let mut hidden = OsString::from(".");
    hidden.push(place.file_name().unwrap_or_default());
    hidden.push(format!(".{}.partial", std::process::id()));
    place.with_file_name(hidden)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn change(before: Option<&str>, after: &str) -> Change {
        let before = before.map(|text| text.as_bytes().to_vec());
        Change { path: "a.py".into(), before, after: after.as_bytes().to_vec() }
    }

    #[test]
    fn a_diff_has_the_names_that_patch_expects_and_keeps_line_breaks() {
        let diff = String::from_utf8(change(Some("one\r\ntwo"), "one\r\n2").diff()).expect("UTF-8");
        let expected = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n one\r\n-two\n\
                        \\ No newline at end of file\n+2\n\\ No newline at end of file\n";
        assert_eq!(diff, expected);
        let new = String::from_utf8(change(None, "one\n").diff()).expect("UTF-8");
        assert!(new.starts_with("--- /dev/null\n+++ b/a.py\n@@ -0,0 +1 @@\n+one\n"), "{new}");
    }

    #[test]
    fn a_written_file_keeps_its_permissions_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("a.py");
        fs::write(&place, "one").expect("written");
        fs::set_permissions(&place, fs::Permissions::from_mode(0o750)).expect("set");
        change(Some("one"), "two").write(folder.path()).expect("written");
        assert_eq!(fs::read_to_string(&place).expect("read"), "two");
        assert_eq!(fs::metadata(&place).expect("there").permissions().mode() & 0o777, 0o750);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_file_that_somebody_else_wrote_to_meanwhile_is_left_to_him() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("a.py");
        fs::write(&place, "theirs").expect("written");
        let refused = change(Some("one"), "two").write(folder.path());
        assert!(matches!(refused, Err(WriteError::Changed(_))));
        assert!(matches!(change(None, "two").write(folder.path()), Err(WriteError::Changed(_))));
        assert_eq!(fs::read_to_string(&place).expect("read"), "theirs");
    }
}
