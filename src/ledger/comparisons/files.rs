//! A file that is begun anew when it is full, and the full ones before it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use super::ComparisonsSettings;

/// The file that is written, and where the full ones go.
pub(super) struct Files {
    settings: ComparisonsSettings,
    file: File,
    bytes: u64,
}

impl Files {
    pub(super) fn open(settings: ComparisonsSettings) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(&settings.path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { settings, file, bytes })
    }

    /// Writes whole lines.
    pub(super) fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.bytes >= self.settings.file_bytes_max {
            self.begin_anew()?;
        }
        self.file.write_all(lines)?;
        self.bytes += lines.len() as u64;
        Ok(())
    }

    /// Gives each full file the next number; the last one makes room.
    fn begin_anew(&mut self) -> io::Result<()> {
        let oldest = self.settings.files_max.saturating_sub(1);
        for number in (0..oldest).rev() {
            match fs::rename(self.full(number), self.full(number + 1)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(true).open(&self.settings.path)?;
        (self.file, self.bytes) = (file, 0);
        Ok(())
    }

    /// The file of that number; 0 is the one that is written.
    fn full(&self, number: u32) -> PathBuf {
        let mut name = self.settings.path.clone().into_os_string();
        if number > 0 {
            name.push(format!(".{number}"));
        }
        name.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(folder: &std::path::Path, files_max: u32) -> Files {
        let path = folder.join("c");
        Files::open(ComparisonsSettings { path, file_bytes_max: 4, files_max }).expect("opened")
    }

    fn read(folder: &std::path::Path, name: &str) -> Option<String> {
        fs::read_to_string(folder.join(name)).ok()
    }

    #[test]
    fn full_files_grow_older_and_the_oldest_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = files(folder.path(), 3);
        for line in ["one\n", "two\n", "tri\n", "for\n"] {
            files.write(line.as_bytes()).expect("written");
        }
        let each = ["c", "c.1", "c.2", "c.3"].map(|name| read(folder.path(), name));
        let told = ["for\n", "tri\n", "two\n"].map(|text| Some(text.to_owned()));
        assert_eq!((&each[..3], &each[3]), (&told[..], &None));
    }

    #[test]
    fn a_single_file_is_emptied_when_it_is_full() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut files = files(folder.path(), 1);
        files.write(b"one\n").expect("written");
        files.write(b"two\n").expect("written");
        assert_eq!(read(folder.path(), "c").as_deref(), Some("two\n"));
        assert_eq!(read(folder.path(), "c.1"), None);
    }
}
