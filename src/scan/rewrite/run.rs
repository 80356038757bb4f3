//! One run over a tree.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::alias;
use super::change::Change;
use super::file::{Outcome, Parsed, Surroundings};
use super::mapping::Mapping;
use super::outside::Outside;
use super::refusal::{Refusal, Why};
use super::script::{files_of, plain};
use super::source::Source;
use crate::scan::{Language, ScanError, Settings, SourceFile, SourceTree, Unread};

/// What a run may do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Rewrite strings that are whole paths of what moved.
    pub strings: bool,
}

/// What a run would change, and what it leaves.
#[derive(Debug, Default)]
pub struct Rewrite {
    /// Files that change or come new, in the order of their paths.
    pub changes: Vec<Change>,
    /// What is left to people.
    pub refusals: Vec<Refusal>,
    /// Files that could not be read, and why.
    pub unread: Vec<(PathBuf, Unread)>,
    /// Files that were looked at.
    pub files: usize,
}

/// Plans the rewriting of a tree. Nothing is written.
pub fn rewrite(
    root: &Path,
    settings: &Settings,
    mapping: &Mapping,
    options: Options,
) -> Result<Rewrite, ScanError> {
    let tree = SourceTree::walk(root, settings)?;
    let found = Files::of(&tree, mapping);
    let words = mapping.words();
    let read: Vec<_> =
        tree.files().par_iter().map(|file| read(root, file, &words, &found, mapping)).collect();
    let mut rewrite = Rewrite { files: tree.files().len(), ..Rewrite::default() };
    rewrite.unread =
        tree.unread().iter().map(|(path, why)| (PathBuf::from(&**path), *why)).collect();
    let (mut parsed, mut outside) = (Vec::new(), Outside::default());
    for (file, read) in tree.files().iter().zip(read) {
        let path = PathBuf::from(&*file.path);
        match read {
            Read::Idle => {}
            Read::Unreadable => rewrite.unread.push((path, Unread::Unreadable)),
            Read::Odd => rewrite.refusals.push(unreadable(path)),
            Read::Parsed(file, takes) => {
                outside.absorb(takes);
                parsed.push((path, file));
            }
        }
    }
    let around = Surroundings {
        mapping,
        outside: &outside,
        is_module: &|module| found.has_python(module),
        in_tree: &|module| found.has_script(module),
        strings: options.strings,
    };
    let outcomes: Vec<Outcome> =
        parsed.par_iter().map(|(path, file)| file.outcome(path, &around)).collect();
    for outcome in outcomes {
        rewrite.changes.extend(outcome.change);
        rewrite.refusals.extend(outcome.refusals);
    }
    let (changes, refusals) = alias::aliases(root, mapping, &found.paths);
    rewrite.changes.extend(changes);
    rewrite.refusals.extend(refusals);
    rewrite.changes.sort_by(|a, b| a.path.cmp(&b.path));
    rewrite.refusals.sort();
    Ok(rewrite)
}

fn unreadable(path: PathBuf) -> Refusal {
    let what = path.display().to_string();
    Refusal { path, line: 1, column: 1, why: Why::Encoding, what, code: String::new() }
}

enum Read {
    /// Nothing in it can be meant.
    Idle,
    /// The system refused.
    Unreadable,
    /// In an encoding that cannot be edited.
    Odd,
    Parsed(Parsed, Outside),
}

fn read(
    root: &Path,
    file: &SourceFile,
    words: &std::collections::BTreeSet<&str>,
    found: &Files,
    mapping: &Mapping,
) -> Read {
    let path = Path::new(&*file.path);
    let Ok(bytes) = fs::read(root.join(path)) else { return Read::Unreadable };
    if alias::is_alias(&bytes)
        || !words.iter().any(|word| memchr::memmem::find(&bytes, word.as_bytes()).is_some())
    {
        return Read::Idle;
    }
    let Some(source) = Source::read(bytes) else { return Read::Odd };
    let is_package = |folder: &Path| found.packages.contains(folder);
    let parsed = Parsed::read(path, file.language, source, &mapping.roots, &is_package);
    let takes = parsed.takes();
    Read::Parsed(parsed, takes)
}

/// The files of a tree, by what they can be asked for.
struct Files {
    paths: HashSet<String>,
    packages: HashSet<PathBuf>,
    folders: HashSet<String>,
    scripts: HashSet<String>,
    roots: Vec<String>,
}

impl Files {
    fn of(tree: &SourceTree, mapping: &Mapping) -> Self {
        let mut files = Self {
            paths: HashSet::new(),
            packages: HashSet::new(),
            folders: HashSet::new(),
            scripts: HashSet::new(),
            roots: mapping.roots.clone(),
        };
        for file in tree.files() {
            let path: &str = &file.path;
            files.paths.insert(path.to_owned());
            if let Some((first, _)) = path.split_once('/') {
                files.folders.insert(first.to_owned());
            }
            match file.language {
                Language::Python if path.ends_with("__init__.py") => {
                    let folder = Path::new(path).parent().unwrap_or(Path::new(""));
                    files.packages.insert(folder.to_owned());
                }
                Language::Python => {}
                Language::TypeScript | Language::Tsx => {
                    files.scripts.insert(plain(path).to_owned());
                }
            }
        }
        files
    }

    fn has_python(&self, module: &str) -> bool {
        alias::python_places(&self.roots, module).any(|path| self.paths.contains(&path))
    }

    /// True for a module that is a file, or that stands in a folder of the tree.
    fn has_script(&self, module: &str) -> bool {
        self.scripts.contains(module)
            || files_of(module).any(|path| self.paths.contains(&path))
            || module.split_once('/').is_some_and(|(first, _)| self.folders.contains(first))
    }
}
