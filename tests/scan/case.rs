//! The labelled trees: what people say is to be found, and where.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crossfade::scan::{Category, Class};

/// What a label says of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    pub class: Class,
    pub canonical: bool,
}

/// A line of a file, and what is found there.
pub type At = (String, u32, Category);

/// A made-up code base, laid out without its labels.
pub struct Case {
    pub name: String,
    pub labels: BTreeMap<At, Label>,
    pub faults: Vec<String>,
    folder: tempfile::TempDir,
}

const SIGNS: [(&str, &str); 4] =
    [("{/* finds: ", " */}"), ("# finds: ", ""), ("// finds: ", ""), ("# finds below: ", "")];

impl Case {
    /// Every one, by name.
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scan/cases");
        let topics = fs::read_dir(folder).expect("a folder of cases");
        let mut topics: Vec<PathBuf> = topics.map(|topic| topic.expect("a topic").path()).collect();
        topics.sort();
        topics.iter().map(|topic| Self::lay_out(topic)).collect()
    }

    /// Where it is laid out.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    fn lay_out(topic: &Path) -> Self {
        let mut case = Self {
            name: topic.file_name().expect("a name").to_string_lossy().into_owned(),
            labels: BTreeMap::new(),
            faults: Vec::new(),
            folder: tempfile::tempdir().expect("a folder"),
        };
        for file in files_below(topic) {
            let inner = file.strip_prefix(topic).expect("below the topic");
            let path = inner.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&file).expect("a fixture");
            let bare = case.without_labels(&path, &text);
            let place = case.folder.path().join(inner);
            fs::create_dir_all(place.parent().expect("a folder")).expect("made");
            fs::write(place, bare).expect("written");
        }
        case
    }

    /// Labels must not help: a scanner that looks for words would find them in a label.
    fn without_labels(&mut self, path: &str, text: &str) -> String {
        let mut bare = String::with_capacity(text.len());
        for (number, line) in (1..).zip(text.lines()) {
            let sign = SIGNS.iter().find_map(|(begin, end)| Some((line.find(begin)?, begin, end)));
            let Some((at, begin, end)) = sign else {
                bare.push_str(line);
                bare.push('\n');
                continue;
            };
            let below = u32::from(begin.contains("below"));
            let names = line[at + begin.len()..].trim_end();
            for name in names.strip_suffix(end).unwrap_or(names).split(',') {
                self.label(path, number + below, name.trim());
            }
            bare.push_str(line[..at].trim_end());
            bare.push('\n');
        }
        bare
    }

    fn label(&mut self, path: &str, line: u32, text: &str) {
        let (name, aside) = match text.split_once(" (") {
            Some((name, aside)) => (name, aside.trim_end_matches(')')),
            None => (text, ""),
        };
        let canonical = aside == "canonical";
        let class = if canonical || aside.is_empty() {
            Some(Class::Production)
        } else {
            Class::parse(aside)
        };
        match (Category::parse(name), class) {
            (Some(category), Some(class)) => {
                let twice = self
                    .labels
                    .insert((path.to_owned(), line, category), Label { class, canonical });
                if twice.is_some() {
                    self.faults.push(format!("{path}:{line} says {name} twice"));
                }
            }
            _ => self.faults.push(format!("{path}:{line} says {text:?}")),
        }
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}
