//! The files of a source tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ignore::{WalkBuilder, WalkState};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use super::class::patterns;
use super::error::ScanError;
use super::language::Language;
use super::settings::Settings;

/// A file of a tree, by its place in [`SourceTree::files`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(pub(super) u32);

/// A file that is to be read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path from the root, with `/`.
    pub path: Arc<str>,
    /// What it is written in.
    pub language: Language,
    /// Its length when the tree was walked.
    pub bytes: u64,
}

/// Why a file was not read, or not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unread {
    /// Longer than the settings allow.
    TooBig,
    /// Lines of hundreds of bytes: a build wrote it.
    Minified,
    /// Its bytes are not UTF-8.
    NotUtf8,
    /// The system refused.
    Unreadable,
    /// Read, with a syntax error: what stands around the error was understood.
    SyntaxError,
    /// Reading it brought the scanner down; nothing in it was looked at.
    Failed,
}

impl Unread {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooBig => "too big",
            Self::Minified => "minified",
            Self::NotUtf8 => "not UTF-8",
            Self::Unreadable => "unreadable",
            Self::SyntaxError => "syntax error",
            Self::Failed => "scanner failed",
        }
    }
}

/// The files of a tree that hold code of a known language, in the order of their paths.
#[derive(Debug)]
pub struct SourceTree {
    root: PathBuf,
    files: Vec<SourceFile>,
    unread: Vec<(Arc<str>, Unread)>,
}

impl SourceTree {
    /// Walks a folder. Ignore files are honoured, with or without a repository around them; links
    /// are not followed; build output and vendored folders are left out.
    pub fn walk(root: &Path, settings: &Settings) -> Result<Self, ScanError> {
        if !root.is_dir() {
            return Err(ScanError::NoTree { path: root.to_owned() });
        }
        let skip = patterns(&settings.skip)?;
        let base = root.to_owned();
        let walk = WalkBuilder::new(root)
            .follow_links(false)
            .require_git(false)
            .git_global(false)
            .filter_entry(move |entry| {
                let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
                let path = entry.path().strip_prefix(&base).unwrap_or(entry.path());

                path.as_os_str().is_empty() || !folder || {
                    !skip.matched(path, true).is_ignore()
                        && !entry.path().join("pyvenv.cfg").exists()
                }
            })
            .build_parallel();
        let found = Mutex::new((Vec::new(), Vec::new()));
        walk.run(|| {
            Box::new(|entry| {
                match entry {
                    Ok(entry) => {
                        if let Some(file) = source_file(root, &entry) {
                            found.lock().0.push(file);
                        }
                    }
                    Err(error) => {
                        found.lock().1.push((error.to_string().into(), Unread::Unreadable));
                    }
                }
                WalkState::Continue
            })
        });
        let (mut files, mut unread) = found.into_inner();
        files.retain(|file| {
            let fits = file.bytes <= settings.file_bytes_max;
            if !fits {
                unread.push((Arc::clone(&file.path), Unread::TooBig));
            }
            fits
        });
        files.sort_by(|a, b| a.path.cmp(&b.path));
        unread.sort();
        Ok(Self { root: root.to_owned(), files, unread })
    }

    /// Where it was walked.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Its files.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// One of its files.
    pub fn file(&self, id: FileId) -> &SourceFile {
        &self.files[id.0 as usize]
    }

    /// The numbers of its files.
    pub fn ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..u32::try_from(self.files.len()).unwrap_or(u32::MAX)).map(FileId)
    }

    /// What was seen and not taken up.
    pub fn unread(&self) -> &[(Arc<str>, Unread)] {
        &self.unread
    }

    /// The number of the file at a path from the root.
    pub fn id_of(&self, path: &str) -> Option<FileId> {
        let place = self.files.binary_search_by(|file| (*file.path).cmp(path)).ok()?;
        u32::try_from(place).ok().map(FileId)
    }

    /// The text of a file. It may have grown since the walk: the limit holds all the same.
    pub fn read(&self, id: FileId, settings: &Settings) -> Result<String, Unread> {
        let place = self.root.join(&*self.file(id).path);
        let bytes = fs::read(place).map_err(|_| Unread::Unreadable)?;
        if bytes.len() as u64 > settings.file_bytes_max {
            return Err(Unread::TooBig);
        }
        if is_minified(&bytes) {
            return Err(Unread::Minified);
        }
        String::from_utf8(bytes).map_err(|_| Unread::NotUtf8)
    }
}

fn source_file(root: &Path, entry: &ignore::DirEntry) -> Option<SourceFile> {
    if !entry.file_type().is_some_and(|kind| kind.is_file()) {
        return None;
    }
    let language = Language::of(entry.path())?;
    let path = entry.path().strip_prefix(root).ok()?.to_str()?;
    let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
    Some(SourceFile { path: path.into(), language, bytes })
}

/// More than 20 KiB in lines of more than 400 bytes on average.
fn is_minified(bytes: &[u8]) -> bool {
    bytes.len() > 20 * 1024 && {
        let lines = memchr::memchr_iter(b'\n', bytes).count() + 1;
        bytes.len() / lines > 400
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn write(root: &Path, path: &str, text: &[u8]) {
        let place = root.join(path);
        fs::create_dir_all(place.parent().expect("a parent")).expect("made");
        fs::write(place, text).expect("written");
    }

    #[test]
    fn vendored_ignored_and_linked_files_are_not_walked() {
        let folder = tempfile::tempdir().expect("a folder");
        let outside = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        write(root, ".gitignore", b"ignored/\n");
        for path in [
            "app/a.py",
            "app/node_modules/x/index.js",
            "frontend/.next/a.js",
            "ignored/b.py",
            "env3/pyvenv.cfg",
            "env3/c.py",
            "ui/d.tsx",
            "readme.txt",
        ] {
            write(root, path, b"x = 1\n");
        }
        write(outside.path(), "e.py", b"x = 1\n");
        symlink(outside.path(), root.join("app/out")).expect("linked");
        symlink(outside.path().join("e.py"), root.join("app/e.py")).expect("linked");
        let tree = SourceTree::walk(root, &Settings::default()).expect("walked");
        let paths: Vec<&str> = tree.files().iter().map(|file| &*file.path).collect();
        assert_eq!(paths, ["app/a.py", "ui/d.tsx"]);
        assert_eq!(tree.id_of("ui/d.tsx"), Some(FileId(1)));
    }

    #[test]
    fn what_cannot_be_read_is_listed_with_its_reason() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        write(root, "big.py", &b"x = 1\n".repeat(100));
        write(root, "latin.py", b"x = '\xe9'\n");
        write(root, "min.js", &b"x".repeat(30_000));
        let mut settings = Settings { file_bytes_max: 599, ..Settings::default() };
        let tree = SourceTree::walk(root, &settings).expect("walked");
        assert_eq!(tree.unread().len(), 2);
        settings.file_bytes_max = 100_000;
        let tree = SourceTree::walk(root, &settings).expect("walked");
        let read = |path| tree.read(tree.id_of(path).expect("there"), &settings);
        assert_eq!(read("latin.py"), Err(Unread::NotUtf8));
        assert_eq!(read("min.js"), Err(Unread::Minified));
        assert!(read("big.py").is_ok());
        assert!(SourceTree::walk(&root.join("none"), &settings).is_err());
    }
}
