//! One scan of a tree.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use super::category::Category;
use super::class::Classes;
use super::code::Text;
use super::echo::{Wanted, echoes_of};
use super::error::ScanError;
use super::finding::Finding;
use super::modules::Modules;
use super::names::Names;
use super::place::{Placed, findings_of};
use super::rules;
use super::seen::Seen;
use super::settings::Settings;
use super::sieve::Sieve;
use super::tree::{FileId, SourceTree, Unread};
use super::walk::walk;
use super::ways::Ways;

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scan {
    /// By path, then by place, then by category.
    pub findings: Vec<Finding>,
    /// Files that were read.
    pub files: usize,
    /// Their lines.
    pub lines: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that were not read or not wholly understood, and why, by path.
    pub unread: Vec<(Arc<str>, Unread)>,
}

impl Scan {
    /// Copies in production code outside the canonical modules.
    pub fn rivals(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_rival())
    }
}

/// Scans a tree. `progress` is told files done and files in all, from several threads.
pub fn scan(
    root: &Path,
    settings: &Settings,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Scan, ScanError> {
    scan_sieved(root, settings, progress, true)
}

/// Without the sieve every file is parsed.
pub(super) fn scan_sieved(
    root: &Path,
    settings: &Settings,
    progress: &(dyn Fn(usize, usize) + Sync),
    sieved: bool,
) -> Result<Scan, ScanError> {
    let tree = SourceTree::walk(root, settings)?;
    let modules = Modules::of(&tree, settings);
    let names = Names::new(&tree, &modules, settings);
    let run = Run {
        ways: Ways::new(&names, &tree),
        names: &names,
        classes: Classes::of(settings)?,
        sieve: Sieve::of(settings),
        tree: &tree,
        settings,
        sieved,
    };
    let done = AtomicUsize::new(0);
    let ids: Vec<FileId> = tree.ids().collect();
    let first = |id: &FileId| {
        let read = run.file(*id, None);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, ids.len());
        read
    };
    let mut read: Vec<Read> = ids.par_iter().map(first).collect();
    // Files that name what another file hands on under a name of its own.
    let mut known: HashSet<String> = HashSet::new();
    for _ in 0..ROUNDS_MAX {
        let echoes: HashSet<String> = read.iter_mut().flat_map(|r| r.echoes.drain(..)).collect();
        let fresh: HashSet<String> = echoes.difference(&known).cloned().collect();
        if fresh.is_empty() {
            break;
        }
        known.extend(fresh.iter().cloned());
        let wanted = Wanted::new(&fresh);
        let again = |(id, read): (&FileId, &mut Read)| {
            if !read.parsed && read.unread.is_none() {
                let more = run.file(*id, Some((&wanted, &known)));
                if more.parsed {
                    *read = more;
                }
            }
        };
        ids.par_iter().zip(read.par_iter_mut()).for_each(again);
    }
    Ok(gather(&tree, read))
}

/// Longest way from file to file under names that do not tell.
const ROUNDS_MAX: usize = 6;

/// What came of a file.
#[derive(Default)]
struct Read {
    lines: u64,
    bytes: u64,
    parsed: bool,
    findings: Vec<Placed>,
    unread: Option<Unread>,
    /// Names under which it hands on what rules look for.
    echoes: Vec<String>,
}

/// Names that are new, and all that are known, of what other files hand on.
type Echoes<'e> = (&'e Wanted<'e>, &'e HashSet<String>);

struct Run<'r> {
    tree: &'r SourceTree,
    settings: &'r Settings,
    classes: Classes,
    sieve: Sieve,
    names: &'r Names<'r>,
    ways: Ways<'r>,
    sieved: bool,
}

impl Run<'_> {
    /// A file that brings the scanner down is listed, and the run goes on.
    fn file(&self, id: FileId, echoes: Option<Echoes<'_>>) -> Read {
        catch_unwind(AssertUnwindSafe(|| self.understood(id, echoes)))
            .unwrap_or(Read { unread: Some(Unread::Failed), ..Read::default() })
    }

    /// Whether the file must be parsed.
    fn is_of_interest(&self, id: FileId, text: &str, echoes: Option<Echoes<'_>>) -> bool {
        match echoes {
            Some((wanted, _)) => wanted.stand_in(text),
            None => {
                !self.sieved
                    || self.sieve.holds(self.tree.file(id).language, text)
                    || self.ways.may_end(id, text)
            }
        }
    }

    fn understood(&self, id: FileId, echoes: Option<Echoes<'_>>) -> Read {
        let file = self.tree.file(id);
        let text = match self.tree.read(id, self.settings) {
            Ok(text) => text,
            Err(unread) => return Read { unread: Some(unread), ..Read::default() },
        };
        let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64;
        let mut read = Read { lines, bytes: text.len() as u64, ..Read::default() };
        if !self.is_of_interest(id, &text, echoes) {
            self.names.leave(id);
            return read;
        }
        read.parsed = true;
        let parsed = self.names.parsed(id, text);
        let text = Text::new(file.language, &parsed.text);
        if parsed.tree.root_node().has_error() {
            read.unread = Some(Unread::SyntaxError);
        }
        let walked = walk(text, &parsed.tree);
        let seen = Seen {
            id,
            path: &file.path,
            class: self.classes.of_file(Path::new(&*file.path), &parsed.text),
            text,
            settings: self.settings,
            names: self.names,
            frames: walked.frames,
            spots: walked.spots,
            found: RefCell::default(),
            imported: RefCell::new(HashMap::new()),
            browser: OnceCell::new(),
            speaks: OnceCell::new(),
        };
        rules::apply(&seen);
        read.findings = findings_of(&seen, &file.path);
        if self.sieved {
            let none = HashSet::new();
            let known = echoes.map_or(&none, |(_, known)| known);
            let exports = self.names.exports(id);
            let found = read.findings.iter().map(|(finding, _)| finding);
            read.echoes = echoes_of(&self.sieve, file.language, &exports, found, known);
        }
        read
    }
}

fn gather(tree: &SourceTree, read: Vec<Read>) -> Scan {
    let managers: HashSet<(FileId, String)> = tree
        .ids()
        .zip(&read)
        .flat_map(|(id, read)| read.findings.iter().map(move |(finding, _)| (id, finding)))
        .filter(|(_, finding)| finding.category == Category::SocketManager)
        .map(|(id, finding)| (id, finding.owner.clone()))
        .collect();
    let mut scan = Scan { unread: tree.unread().to_vec(), ..Scan::default() };
    for (id, read) in tree.ids().zip(read) {
        let taken = matches!(read.unread, None | Some(Unread::SyntaxError));
        scan.files += usize::from(taken);
        scan.lines += read.lines;
        scan.bytes += read.bytes;
        let sure = read
            .findings
            .into_iter()
            .filter(|(_, needs)| needs.as_ref().is_none_or(|class| managers.contains(class)));
        scan.findings.extend(sure.map(|(finding, _)| finding));
        scan.unread.extend(read.unread.map(|why| (Arc::clone(&tree.file(id).path), why)));
    }
    scan.unread.sort();
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares what is found in a tree with and without the sieve.
    fn nothing_is_lost(root: &Path) {
        let told = |sieved| {
            scan_sieved(root, &Settings::default(), &|_, _| {}, sieved).expect("a tree").findings
        };
        let (some, all) = (told(true), told(false));
        let lost: Vec<&Finding> = all.iter().filter(|found| !some.contains(found)).collect();
        assert!(lost.is_empty(), "{} lost: {lost:#?}", lost.len());
        assert_eq!(some, all);
    }

    #[test]
    fn the_sieve_loses_nothing_of_the_labelled_trees() {
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scan/cases");
        for tree in std::fs::read_dir(cases).expect("labelled trees") {
            nothing_is_lost(&tree.expect("a tree").path());
        }
    }

    /// Needs a tree of its own: `SCAN_TREE=… cargo test --release --lib -- --ignored any_tree`.
    #[test]
    #[ignore = "reads the tree that SCAN_TREE names"]
    #[expect(
        clippy::disallowed_methods,
        reason = "a tree of one's own is named by the environment"
    )]
    fn the_sieve_loses_nothing_of_any_tree() {
        nothing_is_lost(Path::new(&std::env::var("SCAN_TREE").expect("SCAN_TREE names a tree")));
    }
}
