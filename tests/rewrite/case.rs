//! A case: one text file with a mapping, files before and after, and what is left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crossfade::scan::Settings;
use crossfade::scan::rewrite::{Mapping, Options, Rewrite, rewrite};

/// What a case file holds.
pub struct Case {
    pub name: String,
    mapping: String,
    strings: bool,
    before: BTreeMap<String, String>,
    after: BTreeMap<String, String>,
    left: Vec<String>,
}

impl Case {
    /// Every case, by name.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rewrite/cases");
        let files = fs::read_dir(folder).expect("a folder of cases");
        let mut files: Vec<PathBuf> = files.map(|file| file.expect("a file").path()).collect();
        files.sort();
        files.iter().flat_map(|file| Self::of_file(file)).collect()
    }

    /// The cases of a file; each begins with `=== name`.
    fn of_file(file: &Path) -> Vec<Self> {
        let text = fs::read_to_string(file).expect("a case file");
        text.split("\n=== ").skip(1).map(Self::parse).collect()
    }

    fn parse(text: &str) -> Self {
        let (name, rest) = text.split_once('\n').expect("a name, then the mapping");
        let mut case = Self {
            name: name.trim().to_owned(),
            mapping: String::new(),
            strings: name.contains("(strings)"),
            before: BTreeMap::new(),
            after: BTreeMap::new(),
            left: Vec::new(),
        };
        let rest = rest.strip_suffix('\n').unwrap_or(rest);
        let mut parts = rest.split("\n--- ");
        case.mapping = parts.next().unwrap_or_default().to_owned() + "\n";
        for part in parts {
            let (head, body) = part.split_once('\n').unwrap_or((part, ""));
            let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
            let body = body.replace("\\r\n", "\r\n").replace("\\ufeff", "\u{feff}");
            match head.trim().split_once(' ') {
                Some(("before", path)) => drop(case.before.insert(path.to_owned(), body)),
                Some(("after", path)) => drop(case.after.insert(path.to_owned(), body)),
                _ if head.trim() == "left" => {
                    case.left = body.lines().map(|line| line.trim().to_owned()).collect();
                    case.left.retain(|line| !line.is_empty());
                }
                other => panic!("{name}: what is {other:?}?"),
            }
        }
        case
    }

    /// Every file as it is to be after a run: what has no `after` stays as it is.
    pub fn expected(&self) -> BTreeMap<String, String> {
        let mut files = self.before.clone();
        files.extend(self.after.clone());
        files
    }

    /// What is to be left, as `path:line why`.
    pub fn left(&self) -> &[String] {
        &self.left
    }

    /// The contents of the files before the run.
    pub fn before(&self) -> &BTreeMap<String, String> {
        &self.before
    }

    /// Lays the files out in a folder.
    pub fn lay_out(&self, folder: &Path) {
        for (path, text) in &self.before {
            let place = folder.join(path);
            fs::create_dir_all(place.parent().expect("a folder")).expect("made");
            fs::write(place, text).expect("written");
        }
    }

    /// Plans a run over the folder.
    pub fn run(&self, folder: &Path) -> Rewrite {
        let mapping = Mapping::parse(&self.mapping);
        let mapping = mapping.unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let options = Options { strings: self.strings };
        rewrite(folder, &Settings::default(), &mapping, options).expect("walked")
    }
}

/// Every file below a folder.
pub fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").display().to_string();
                found.insert(name, fs::read_to_string(&path).expect("UTF-8"));
            }
        }
    }
    found
}
