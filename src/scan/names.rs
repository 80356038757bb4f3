//! From a name in a file to what it really is, through aliases and re-exports.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::exports::{Bound, Exports, exports_of};
use super::language::parse;
use super::modules::{Modules, Place};
use super::settings::Settings;
use super::tree::{FileId, SourceTree};

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
    known: RwLock<HashMap<FileId, Arc<Exports>>>,
}

/// Longest way from import to import.
const STEPS_MAX: usize = 24;

impl<'t> Names<'t> {
    /// Knows nothing yet.
    pub fn new(tree: &'t SourceTree, modules: &'t Modules, settings: &'t Settings) -> Self {
        Self { tree, settings, modules, known: RwLock::new(HashMap::new()) }
    }

    /// The modules that names are followed through.
    pub const fn modules(&self) -> &'t Modules {
        self.modules
    }

    /// Keeps the names of a file that was parsed for another reason.
    pub fn remember(&self, id: FileId, exports: Exports) {
        self.known.write().insert(id, Arc::new(exports));
    }

    /// The names of a file; it is read if it was not.
    pub fn exports(&self, id: FileId) -> Arc<Exports> {
        if let Some(known) = self.known.read().get(&id) {
            return Arc::clone(known);
        }
        let read = self.tree.read(id, self.settings);
        // What cannot be read may hold any name.
        let exports = read.map_or(Exports { opaque: true, ..Exports::default() }, |text| {
            let language = self.tree.file(id).language;
            exports_of(language, &text, &parse(language, &text))
        });
        Arc::clone(self.known.write().entry(id).or_insert_with(|| Arc::new(exports)))
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
            Place::Missing => Definition::Missing,
            Place::Outside => Definition::Library(module.to_owned(), path),
            Place::File(id) if path.is_empty() => Definition::Module(id),
            Place::File(id) => match self.offered(id, &path, steps) {
                Definition::Missing => self.below(from, module, &path, steps),
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
        let exports = self.exports(file);
        let (first, rest) = path.split_once('.').unwrap_or((path, ""));
        let bound = match &exports.exported {
            Some(exported) => exported.get(first).map(|bound| &**bound),
            None => Some(first),
        };
        if let Some(bound) = bound
            && exports.bound.contains_key(bound)
        {
            return self.bound(file, &exports, bound, rest, steps);
        }
        for star in exports.stars.iter().filter(|_| first != "default") {
            match self.through_import(file, star, Some(first), rest, steps) {
                Definition::Missing => {}
                // Whether a library has that name is not ours to tell, unless nobody else has.
                Definition::Library(..) if exports.stars.len() > 1 => {}
                found => return found,
            }
        }
        if exports.opaque { Definition::Unknown } else { Definition::Missing }
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
            Some(Bound::From { module, name }) => {
                self.through_import(file, module, name.as_deref(), members, steps)
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
