//! A file that is there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Written beside its place and moved there at the end; what is not finished is removed.
pub(super) struct WholeFile {
    file: BufWriter<File>,
    place: PathBuf,
    partial: Option<PathBuf>,
}

impl WholeFile {
    /// Begins a file that is to stand at `place`, in a folder that exists.
    pub(super) fn begin(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(io::ErrorKind::InvalidFilename)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".{}.partial", std::process::id()));
        let partial = place.with_file_name(hidden);
        let file = BufWriter::with_capacity(256 * 1024, File::create(&partial)?);
        Ok(Self { file, place: place.to_owned(), partial: Some(partial) })
    }

    /// Moves the finished file to its place.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        if let Some(partial) = &self.partial {
            fs::rename(partial, &self.place)?;
        }
        self.partial = None;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some(partial) = &self.partial {
            // Already failing: a leftover is all that can still go wrong.
            fs::remove_file(partial).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_leaves_what_was_there_before() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("report.md");
        fs::write(&place, "before").expect("written");
        let mut file = WholeFile::begin(&place).expect("begun");
        file.write_all(b"half").expect("written");
        drop(file);
        assert_eq!(fs::read_to_string(&place).expect("read"), "before");
        let mut file = WholeFile::begin(&place).expect("begun");
        file.write_all(b"after").expect("written");
        file.finish().expect("finished");
        assert_eq!(fs::read_to_string(&place).expect("read"), "after");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
