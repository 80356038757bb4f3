//! From the name of a module to a file of the tree.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::sync::Arc;

use serde_json::Value;

use super::settings::Settings;
use super::tree::{FileId, SourceTree};

/// Where a module is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In this file.
    File(FileId),
    /// A folder of Python files without an `__init__.py`.
    Folder,
    /// Not of this tree: a library.
    Outside,
    /// It names a place in this tree at which there is nothing.
    Missing,
}

/// The modules of a tree.
#[derive(Debug)]
pub struct Modules {
    files: HashMap<Arc<str>, FileId>,
    /// Folders with files in or below them.
    folders: HashSet<Box<str>>,
    /// Folders from which Python imports may begin, outermost first.
    roots: Vec<Box<str>>,
    /// `paths` of `tsconfig.json`, by the folder it stands in, deepest first.
    aliases: Vec<Aliases>,
    paths: Vec<Arc<str>>,
}

#[derive(Debug)]
struct Aliases {
    folder: String,
    /// Pattern and replacement, each with at most one `*`.
    paths: Vec<(String, String)>,
}

/// Endings that a script import may leave out, in the order in which they are tried.
const ENDINGS: [&str; 9] = [".ts", ".tsx", ".d.ts", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts"];

impl Modules {
    /// Knows all files of the tree, and reads its `tsconfig.json`s.
    pub fn of(tree: &SourceTree, settings: &Settings) -> Self {
        let mut files = HashMap::with_capacity(tree.files().len());
        let mut folders = HashSet::new();
        for id in tree.ids() {
            let path = &tree.file(id).path;
            files.insert(Arc::clone(path), id);
            let mut rest = &**path;
            while let Some((folder, _)) = rest.rsplit_once('/') {
                if !folders.insert(Box::from(folder)) {
                    break;
                }
                rest = folder;
            }
        }
        let roots = settings.roots.iter().map(|root| root.trim_matches('/').into());
        let roots = std::iter::once(Box::from("")).chain(roots).collect();
        let aliases = aliases_of(tree, &folders);
        let paths = tree.files().iter().map(|file| Arc::clone(&file.path)).collect();
        Self { files, folders, roots, aliases, paths }
    }

    /// The file at a path from the root.
    pub fn file(&self, path: &str) -> Option<FileId> {
        self.files.get(path).copied()
    }

    fn path(&self, id: FileId) -> &str {
        &self.paths[id.0 as usize]
    }

    /// Where a module is that a file names.
    pub fn place(&self, from: FileId, module: &str) -> Place {
        let path = self.path(from);
        let python = [".py", ".pyi", ".pyw"].iter().any(|ending| path.ends_with(ending));
        if python { self.python(path, module) } else { self.script(path, module) }
    }

    /// Where the name of a Python module lies that is imported from another, as in
    /// `from package import module`.
    pub fn submodule(&self, from: FileId, module: &str, name: &str) -> Place {
        let dot = if module.ends_with('.') { "" } else { "." };
        self.place(from, &format!("{module}{dot}{name}"))
    }

    /// The package that a Python file belongs to, in dots from the outermost root that fits.
    pub fn dotted(&self, id: FileId) -> String {
        let path = self.path(id);
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
        let under = |root: &str| stem.strip_prefix(root).and_then(|rest| rest.strip_prefix('/'));
        let inner = self.roots.iter().filter(|root| !root.is_empty()).find_map(|root| under(root));
        inner.unwrap_or(stem).replace('/', ".")
    }

    fn python(&self, path: &str, module: &str) -> Place {
        let bare = module.trim_start_matches('.');
        let dots = module.len() - bare.len();
        let inner = bare.replace('.', "/");
        if dots > 0 {
            let mut folder = parent(path);
            for _ in 1..dots {
                if folder.is_empty() {
                    return Place::Missing;
                }
                folder = parent(folder);
            }
            return self.python_at(&join(folder, &inner)).unwrap_or(Place::Missing);
        }
        let mut known = false;
        for root in self.roots_for(path) {
            if let Some(place) = self.python_at(&join(root, &inner)) {
                return place;
            }
            let first = inner.split('/').next().unwrap_or_default();
            known |=
                !first.is_empty() && inner.contains('/') && self.is_package(&join(root, first));
        }
        if known { Place::Missing } else { Place::Outside }
    }

    /// The root of the tree, what the settings name, and each folder around the file that is no
    /// package itself and in none: such folders stand on the path of whoever runs what is in them.
    fn roots_for<'a>(&'a self, path: &'a str) -> Vec<&'a str> {
        let mut roots: Vec<&str> = self.roots.iter().map(|root| &**root).collect();
        let mut around = Vec::new();
        let mut folder = parent(path);
        while !folder.is_empty() {
            if self.is_package(folder) {
                around.clear();
            } else {
                around.push(folder);
            }
            folder = parent(folder);
        }
        roots.extend(around.into_iter().rev());
        roots
    }

    fn is_package(&self, folder: &str) -> bool {
        self.files.contains_key(&*join(folder, "__init__.py"))
    }

    fn python_at(&self, stem: &str) -> Option<Place> {
        let file = |path: &str| self.files.get(path).copied().map(Place::File);
        file(&format!("{stem}.py"))
            .or_else(|| file(&join(stem, "__init__.py")))
            .or_else(|| file(&format!("{stem}.pyi")))
            .or_else(|| (stem.is_empty() || self.folders.contains(stem)).then_some(Place::Folder))
    }

    fn script(&self, path: &str, module: &str) -> Place {
        if module.starts_with('.') {
            let Some(stem) = joined(parent(path), module) else { return Place::Missing };
            return self.script_at(&stem).map_or(Place::Missing, Place::File);
        }
        let mut known = false;
        let around = self.aliases.iter().filter(|aliases| is_below(path, &aliases.folder));
        for (pattern, replacement) in around.flat_map(|aliases| &aliases.paths) {
            let Some(rest) = rest_of(pattern, module) else { continue };
            let target = replacement.replacen('*', rest, 1);
            if let Some(id) = joined("", &target).and_then(|stem| self.script_at(&stem)) {
                return Place::File(id);
            }
            known |= pattern != "*";
        }
        if known { Place::Missing } else { Place::Outside }
    }

    fn script_at(&self, stem: &str) -> Option<FileId> {
        if let Some(id) = self.file(stem) {
            return Some(id);
        }
        let written = [".js", ".jsx", ".mjs", ".cjs"];
        let bare = written.iter().find_map(|ending| stem.strip_suffix(ending)).unwrap_or(stem);
        let with =
            |stem: &str| ENDINGS.iter().find_map(|ending| self.file(&format!("{stem}{ending}")));
        with(stem).or_else(|| with(bare)).or_else(|| with(&join(stem, "index")))
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, inner: &str) -> String {
    match (folder, inner) {
        ("", inner) => inner.to_owned(),
        (folder, "") => folder.to_owned(),
        (folder, inner) => format!("{folder}/{inner}"),
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

/// A path with `.` and `..` taken out; `None` when it leaves the tree.
fn joined(folder: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What `*` of a pattern stands for.
fn rest_of<'m>(pattern: &str, module: &'m str) -> Option<&'m str> {
    match pattern.split_once('*') {
        None => (pattern == module).then_some(""),
        Some((before, after)) => module.strip_prefix(before)?.strip_suffix(after),
    }
}

fn aliases_of(tree: &SourceTree, folders: &HashSet<Box<str>>) -> Vec<Aliases> {
    let scripts: HashSet<&str> = tree
        .files()
        .iter()
        .filter(|file| !file.language.is_python())
        .flat_map(|file| {
            std::iter::successors(Some(parent(&file.path)), |f| (!f.is_empty()).then(|| parent(f)))
        })
        .collect();
    let known = |folder: &&str| folder.is_empty() || folders.contains(*folder);
    let mut all: Vec<Aliases> =
        scripts.into_iter().filter(known).filter_map(|folder| aliases_in(tree, folder)).collect();
    all.sort_by(|a, b| b.folder.len().cmp(&a.folder.len()).then(a.folder.cmp(&b.folder)));
    all
}

/// `baseUrl` and `paths` of a `tsconfig.json`; what it extends is not followed.
fn aliases_in(tree: &SourceTree, folder: &str) -> Option<Aliases> {
    let read = |name: &str| fs::read_to_string(tree.root().join(folder).join(name)).ok();
    let text = read("tsconfig.json").or_else(|| read("jsconfig.json"))?;
    let json: Value = serde_json::from_str(&without_comments(&text)).ok()?;
    let options = &json["compilerOptions"];
    let base = options["baseUrl"].as_str();
    let start = joined(folder, base.unwrap_or("."))?;
    let mut paths = Vec::new();
    for (pattern, targets) in options["paths"].as_object().into_iter().flatten() {
        for target in targets.as_array().into_iter().flatten().filter_map(Value::as_str) {
            paths.push((pattern.clone(), join(&start, target.trim_start_matches("./"))));
        }
    }
    if base.is_some() {
        paths.push(("*".to_owned(), join(&start, "*")));
    }
    Some(Aliases { folder: folder.to_owned(), paths })
}

/// JSON as `tsconfig.json` has it: without comments and trailing commas.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if next == '"' {
            let end = string_end(rest);
            out.push_str(&rest[..end]);
            rest = &rest[end..];
        } else if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("/*") {
            rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
        } else {
            if matches!(next, '}' | ']') {
                let kept = out.trim_end().trim_end_matches(',').len();
                out.truncate(kept);
            }
            out.push(next);
            rest = &rest[next.len_utf8()..];
        }
    }
    out
}

/// The length of the string that a text begins with, with its quotes.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn tree(files: &[(&str, &str)]) -> (tempfile::TempDir, SourceTree) {
        let folder = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let place = folder.path().join(path);
            fs::create_dir_all(place.parent().unwrap_or(Path::new(""))).expect("made");
            fs::write(place, text).expect("written");
        }
        let tree = SourceTree::walk(folder.path(), &Settings::default()).expect("walked");
        (folder, tree)
    }

    fn told(tree: &SourceTree, from: &str, module: &str) -> String {
        let modules = Modules::of(tree, &Settings::default());
        match modules.place(tree.id_of(from).expect("there"), module) {
            Place::File(id) => tree.file(id).path.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn python_modules_are_found_from_roots_and_by_dots() {
        let (_folder, tree) = tree(&[
            ("be/app/core/a.py", ""),
            ("be/app/core/__init__.py", ""),
            ("be/app/__init__.py", ""),
            ("be/app/jwt.py", ""),
            ("src/lib/__init__.py", ""),
            ("src/lib/b.py", ""),
            ("shared/c.py", ""),
            ("be/app/ai/mcp/d.py", ""),
        ]);
        for (from, module, place) in [
            ("be/app/core/a.py", ".", "be/app/core/__init__.py"),
            ("be/app/core/a.py", "..jwt", "be/app/jwt.py"),
            ("be/app/core/a.py", "...app.core.a", "be/app/core/a.py"),
            ("be/app/core/a.py", "..none", "Missing"),
            ("be/app/core/a.py", "......x", "Missing"),
            ("be/app/core/a.py", "be.app.jwt", "be/app/jwt.py"),
            ("be/app/core/a.py", "app.jwt", "be/app/jwt.py"),
            ("be/app/core/a.py", "jwt", "Outside"),
            ("be/app/core/a.py", "app.gone", "Missing"),
            ("be/app/core/a.py", "lib.b", "src/lib/b.py"),
            ("be/app/core/a.py", "shared", "Folder"),
            ("shared/c.py", "c", "shared/c.py"),
            ("shared/c.py", "os.path", "Outside"),
            ("be/app/ai/mcp/d.py", "mcp.d", "Outside"),
            ("be/app/ai/mcp/d.py", "app.ai.mcp.d", "be/app/ai/mcp/d.py"),
        ] {
            assert_eq!(told(&tree, from, module), place, "{from}: {module}");
        }
    }

    #[test]
    fn script_modules_are_found_by_path_ending_index_and_alias() {
        let config = "{ // the app\n \"compilerOptions\": { \"baseUrl\": \".\", /* x */\
                      \"paths\": { \"@/*\": [\"./src/*\"], \"~conf\": [\"src/conf.ts\"], }, } }";
        let (_folder, tree) = tree(&[
            ("ui/tsconfig.json", config),
            ("ui/src/lib/index.ts", ""),
            ("ui/src/lib/a.tsx", ""),
            ("ui/src/conf.ts", ""),
            ("ui/main.mts", ""),
        ]);
        for (from, module, place) in [
            ("ui/src/lib/a.tsx", ".", "ui/src/lib/index.ts"),
            ("ui/src/lib/index.ts", "./a", "ui/src/lib/a.tsx"),
            ("ui/src/lib/index.ts", "./a.js", "ui/src/lib/a.tsx"),
            ("ui/src/lib/index.ts", "../../main.mjs", "ui/main.mts"),
            ("ui/src/lib/index.ts", "./gone", "Missing"),
            ("ui/src/lib/index.ts", "../../../../x", "Missing"),
            ("ui/main.mts", "@/lib", "ui/src/lib/index.ts"),
            ("ui/main.mts", "@/gone", "Missing"),
            ("ui/main.mts", "~conf", "ui/src/conf.ts"),
            ("ui/main.mts", "src/lib/a", "ui/src/lib/a.tsx"),
            ("ui/main.mts", "react", "Outside"),
        ] {
            assert_eq!(told(&tree, from, module), place, "{from}: {module}");
        }
    }

    #[test]
    fn a_file_knows_its_dotted_name() {
        let (_folder, tree) = tree(&[("be/app/__init__.py", ""), ("src/lib/b.py", "")]);
        let modules = Modules::of(&tree, &Settings::default());
        let dotted = |path| modules.dotted(tree.id_of(path).expect("there"));
        assert_eq!(dotted("be/app/__init__.py"), "be.app");
        assert_eq!(dotted("src/lib/b.py"), "lib.b");
    }
}
