//! From a name in a file to what it really is, through aliases and re-exports.

mod unwritten;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use tree_sitter::Tree;

use super::exports::{Bound, Exports, exports_of};
use super::language::parse;
use super::modules::{Modules, Place};
use super::settings::Settings;
use super::tree::{FileId, SourceTree, Unread};
use super::ways::outline::{Outline, outline};

/// What a name really is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Definition {
    /// Made in this file, under this name, possibly with members behind it: `a.b`.
    In(FileId, String),
    /// This file itself.
    Module(FileId),
    /// Something of a library: the module, and the name with its members, empty for the module.
    Library(String, String),
    /// Its way leads to a place where there is nothing of that name.
    Missing,
    /// Not to be told by reading: computed names, circles.
    Unknown,
}

/// Follows names through a tree. Files are read and parsed when a way leads through them, once.
pub struct Names<'t> {
    tree: &'t SourceTree,
    settings: &'t Settings,
    modules: &'t Modules,
    known: Vec<OnceLock<Arc<Exports>>>,
    /// Files that were parsed for their names alone and may be asked for as a whole.
    kept: Mutex<HashMap<FileId, Parsed>>,
    outlines: Vec<OnceLock<Outline>>,
    /// Files that nobody will ask for as a whole.
    left: Vec<AtomicBool>,
}

/// A text and its syntax tree.
pub(super) struct Parsed {
    pub(super) text: String,
    pub(super) tree: Tree,
}

/// Longest way from import to import.
const STEPS_MAX: usize = 24;

impl<'t> Names<'t> {
    /// Knows nothing yet.
    pub fn new(tree: &'t SourceTree, modules: &'t Modules, settings: &'t Settings) -> Self {
        let known = tree.ids().map(|_| OnceLock::new()).collect();
        let left = tree.ids().map(|_| AtomicBool::new(false)).collect();
        let outlines = tree.ids().map(|_| OnceLock::new()).collect();
        Self { tree, settings, modules, known, kept: Mutex::default(), outlines, left }
    }

    /// The modules that names are followed through.
    pub const fn modules(&self) -> &'t Modules {
        self.modules
    }

    /// The files that names are followed through.
    pub(super) const fn tree(&self) -> &'t SourceTree {
        self.tree
    }

    /// Keeps the names of a file that was parsed for another reason.
    pub fn remember(&self, id: FileId, exports: Exports) {
        let _ = self.known[id.0 as usize].set(Arc::new(exports));
    }

    /// The names of a file; it is read if it was not.
    pub fn exports(&self, id: FileId) -> Arc<Exports> {
        let known = self.known[id.0 as usize].get_or_init(|| {
            let read = self.read(id);
            // What cannot be read may hold any name.
            let opaque = || Arc::new(Exports { opaque: true, ..Exports::default() });
            read.map_or_else(
                |_| opaque(),
                |text| {
                    let (exports, parsed) = self.parse(id, text);
                    let mut kept = self.kept.lock();
                    if !self.left[id.0 as usize].load(Ordering::Relaxed) {
                        kept.insert(id, parsed);
                    }
                    drop(kept);
                    exports
                },
            )
        });
        Arc::clone(known)
    }

    /// What can be told of a file without a syntax tree.
    pub(super) fn outline(&self, id: FileId) -> &Outline {
        self.outlines[id.0 as usize].get_or_init(|| {
            let read = self.read(id).ok();
            let language = self.tree.file(id).language;
            read.and_then(|text| outline(language, &text)).unwrap_or_default()
        })
    }

    /// The text of a file.
    pub(super) fn read(&self, id: FileId) -> Result<String, Unread> {
        self.tree.read(id, self.settings)
    }

    /// Says that a file is not needed as a whole: its syntax tree is not kept.
    pub(super) fn leave(&self, id: FileId) {
        let mut kept = self.kept.lock();
        self.left[id.0 as usize].store(true, Ordering::Relaxed);
        kept.remove(&id);
    }

    /// The syntax tree of a file, which is handed out once; its names are kept.
    pub(super) fn parsed(&self, id: FileId, text: String) -> Parsed {
        let mut own = None;
        let mut text = Some(text);
        self.known[id.0 as usize].get_or_init(|| {
            let (exports, parsed) = self.parse(id, text.take().unwrap_or_default());
            own = Some(parsed);
            exports
        });
        let kept = own.or_else(|| self.kept.lock().remove(&id));
        kept.unwrap_or_else(|| self.parse(id, text.unwrap_or_default()).1)
    }

    fn parse(&self, id: FileId, text: String) -> (Arc<Exports>, Parsed) {
        let language = self.tree.file(id).language;
        let tree = parse(language, &text);
        let exports = exports_of(language, &text, &tree);
        (Arc::new(exports), Parsed { text, tree })
    }

    /// The text that a constant of a file stands for: `KEY`, `Kind.STARTED`.
    pub(super) fn text(&self, file: FileId, path: &str) -> Option<String> {
        self.exports(file).texts.get(path).map(ToString::to_string)
    }

    /// What a file gets when it imports `name` from `module`, or the module itself.
    pub fn imported(&self, from: FileId, module: &str, name: Option<&str>) -> Definition {
        self.through_import(from, module, name, "", STEPS_MAX)
    }

    /// What a path of names is that another file asks of this one.
    pub fn exported(&self, file: FileId, path: &str) -> Definition {
        self.offered(file, path, STEPS_MAX)
    }

    fn through_import(
        &self,
        from: FileId,
        module: &str,
        name: Option<&str>,
        members: &str,
        steps: usize,
    ) -> Definition {
        let path = joined(name.unwrap_or_default(), members);
        match self.modules.place(from, module) {
            // What another file hands on may be elsewhere; what this one asks for is not here.
            Place::Missing if steps < STEPS_MAX && self.may_be_elsewhere(from, module) => {
                Definition::Unknown
            }
            Place::Missing => Definition::Missing,
            Place::Outside => Definition::Library(module.to_owned(), path),
            Place::File(id) if path.is_empty() => Definition::Module(id),
            Place::File(id) => match self.offered(id, &path, steps) {
                Definition::Missing => self.below(from, module, &path, steps),
                // Beside names that nobody can tell, a module of the package is there.
                Definition::Unknown => match self.below(from, module, &path, steps) {
                    Definition::Missing => Definition::Unknown,
                    found => found,
                },
                found => found,
            },
            Place::Folder if path.is_empty() => Definition::Unknown,
            Place::Folder => self.below(from, module, &path, steps),
        }
    }

    /// `from package import module`: the name is that of a file.
    fn below(&self, from: FileId, module: &str, path: &str, steps: usize) -> Definition {
        if !self.tree.file(from).language.is_python() || steps == 0 {
            return Definition::Missing;
        }
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        match self.modules.submodule(from, module, first) {
            Place::File(id) if rest.is_empty() => Definition::Module(id),
            Place::File(id) => self.offered(id, rest, steps - 1),
            Place::Folder if rest.is_empty() => Definition::Unknown,
            Place::Folder => self.below(from, &format!("{module}.{first}"), rest, steps - 1),
            Place::Outside | Place::Missing => Definition::Missing,
        }
    }

    fn offered(&self, file: FileId, path: &str, steps: usize) -> Definition {
        let Some(steps) = steps.checked_sub(1) else { return Definition::Unknown };
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        if let Some(told) = self.told(file, first, rest, steps) {
            return told;
        }
        let exports = self.exports(file);
        let bound = match &exports.exported {
            Some(exported) => exported.get(first).map(|bound| &**bound),
            None => Some(first),
        };
        if let Some(bound) = bound
            && exports.bound.contains_key(bound)
        {
            return self.bound(file, &exports, bound, rest, steps);
        }
        let mut untold = exports.opaque;
        for star in exports.stars.iter().filter(|_| first != "default") {
            match self.through_import(file, star, Some(first), rest, steps) {
                Definition::Missing => {}
                // Whether a library has that name is not ours to tell, unless nobody else can.
                Definition::Library(..) if exports.stars.len() > 1 => untold = true,
                Definition::Unknown if self.is_unwritten(file, star, first) => untold = true,
                found => return found,
            }
        }
        if self.is_given(file, first) {
            Definition::In(file, path.to_owned())
        } else if untold {
            Definition::Unknown
        } else {
            Definition::Missing
        }
    }

    /// The same for what its outline tells, so that the file need not be parsed.
    fn told(&self, file: FileId, name: &str, members: &str, steps: usize) -> Option<Definition> {
        let unknown = self.known[file.0 as usize].get().is_none();
        if !unknown || !self.tree.file(file).language.is_python() {
            return None;
        }
        let outline = self.outline(file);
        if outline.surely_makes(name) {
            return Some(Definition::In(file, joined(name, members)));
        }
        let import = outline.surely_imports(name)?;
        let steps = steps.checked_sub(1)?;
        let told =
            self.through_import(file, &import.module, import.name.as_deref(), members, steps);
        // What an `except` binds instead is told by the syntax tree alone.
        (told != Definition::Missing).then_some(told)
    }

    /// What a name is that is bound at the top of a file.
    fn bound(
        &self,
        file: FileId,
        exports: &Exports,
        name: &str,
        members: &str,
        steps: usize,
    ) -> Definition {
        let Some(steps) = steps.checked_sub(1) else { return Definition::Unknown };
        match exports.bound.get(name) {
            Some(Bound::From { module, name: of }) => {
                match self.through_import(file, module, of.as_deref(), members, steps) {
                    Definition::Missing if exports.fallbacks.contains(name) => Definition::Unknown,
                    found => found,
                }
            }
            Some(Bound::Alias(path)) => {
                let (root, inner) = path.split_once('.').unwrap_or((path, ""));
                let circle = root == name || !exports.bound.contains_key(root);
                if circle {
                    return Definition::In(file, joined(name, members));
                }
                self.bound(file, exports, root, &joined(inner, members), steps)
            }
            Some(Bound::Own) | None => {
                let name = name.strip_prefix("export ").unwrap_or(name);
                Definition::In(file, joined(name, members))
            }
        }
    }
}

fn joined(path: &str, members: &str) -> String {
    match (path, members) {
        ("", members) => members.to_owned(),
        (path, "") => path.to_owned(),
        (path, members) => format!("{path}.{members}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn told(files: &[(&str, &str)], asks: &[(&str, &str, Option<&str>, &str)]) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().expect("a parent")).expect("made");
            fs::write(place, text).expect("written");
        }
        let settings = Settings::default();
        let tree = SourceTree::walk(folder.path(), &settings).expect("walked");
        let modules = Modules::of(&tree, &settings);
        let names = Names::new(&tree, &modules, &settings);
        for (from, module, name, wanted) in asks {
            let id = tree.id_of(from).expect("there");
            let told = match names.imported(id, module, *name) {
                Definition::In(file, name) => format!("{}:{name}", tree.file(file).path),
                Definition::Module(file) => tree.file(file).path.to_string(),
                Definition::Library(module, path) => format!("<{module}>:{path}"),
                other => format!("{other:?}"),
            };
            assert_eq!(told, *wanted, "{from}: {module} {name:?}");
        }
    }

    #[test]
    fn python_names_are_followed_through_packages_and_aliases() {
        told(
            &[
                ("p/__init__.py", "from .real import Manager as M\nfrom .deep import *\n"),
                ("p/real.py", "class Manager: pass\nAlias = Manager\n"),
                ("p/deep.py", "from jose import jwt as j\nunpack = j.decode\nloop = loop\n"),
                ("p/lazy.py", "def __getattr__(name): ...\n"),
                ("p/both.py", "from .made import *\nfrom .real import *\n"),
                ("p/made.py", "globals().update(read())\n"),
                ("p/ring.py", "from .ring2 import x\n"),
                ("p/ring2.py", "from .ring import x\n"),
                ("main.py", ""),
            ],
            &[
                ("main.py", "p", Some("M"), "p/real.py:Manager"),
                ("main.py", "p.real", Some("Alias"), "p/real.py:Manager"),
                ("main.py", "p", Some("real"), "p/real.py"),
                ("main.py", "p", Some("unpack"), "<jose>:jwt.decode"),
                ("main.py", "p.deep", Some("loop"), "p/deep.py:loop"),
                ("main.py", "p", Some("gone"), "Missing"),
                ("main.py", "p.lazy", Some("any"), "Unknown"),
                ("main.py", "p.both", Some("Manager"), "p/real.py:Manager"),
                ("main.py", "p.both", Some("any"), "Unknown"),
                ("main.py", "p.ring", Some("x"), "Unknown"),
                ("main.py", "p", None, "p/__init__.py"),
                ("main.py", "jwt", Some("decode"), "<jwt>:decode"),
                ("p/real.py", ".", Some("M"), "p/real.py:Manager"),
            ],
        );
    }

    #[test]
    fn script_names_are_followed_through_barrels() {
        told(
            &[
                ("a/index.ts", "export * from './b';\nexport { default as V } from './c';\n"),
                ("a/b.ts", "import jwt from 'jsonwebtoken';\nexport const check = jwt.verify;\n"),
                ("a/c.ts", "class V {}\nexport default V;\n"),
                (
                    "a/d.js",
                    "const jose = require('jose');\nmodule.exports = { d: jose.decodeJwt };\n",
                ),
                ("m.ts", ""),
            ],
            &[
                ("m.ts", "./a", Some("check"), "<jsonwebtoken>:default.verify"),
                ("m.ts", "./a", Some("V"), "a/c.ts:V"),
                ("m.ts", "./a", Some("gone"), "Missing"),
                ("m.ts", "./a/d", Some("d"), "<jose>:decodeJwt"),
                ("m.ts", "./gone", Some("x"), "Missing"),
            ],
        );
    }
}
