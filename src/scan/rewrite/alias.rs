//! Modules that stay at the old place for a transition and pass on what moved.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::change::Change;
use super::mapping::{Language, Mapping, Rule};
use super::refusal::{Refusal, Why};
use super::script::files_of;

/// Stands in every alias, so that it is known again.
const MARK: &str = "stays for a transition";

/// The alias modules that a mapping asks for and that are not there yet, and those that cannot be.
pub fn aliases(
    root: &Path,
    mapping: &Mapping,
    paths: &HashSet<String>,
) -> (Vec<Change>, Vec<Refusal>) {
    let (mut changes, mut refusals) = (Vec::new(), Vec::new());
    let mut done: HashSet<(Language, &str)> = HashSet::new();
    for rule in mapping.rules().iter().filter(|rule| rule.alias) {
        if !done.insert((rule.language, &rule.from)) {
            continue;
        }
        let ours: Vec<&Rule> = mapping
            .of_language(rule.language)
            .filter(|other| other.alias && other.from == rule.from)
            .collect();
        let made = match rule.language {
            Language::Python => python(root, mapping, &ours, paths),
            Language::Script => script(root, &ours, paths),
        };
        match made {
            Ok(change) => changes.extend(change),
            Err((place, why)) => refusals.push(Refusal {
                path: place.into(),
                line: 1,
                column: 1,
                why,
                what: rule.source(),
                code: String::new(),
            }),
        }
    }
    (changes, refusals)
}

/// True for a module that was left for a transition: it names the old place, and may.
pub fn is_alias(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, MARK.as_bytes()).is_some()
}

type Made = Result<Option<Change>, (String, Why)>;

/// The files that a Python module may be.
pub fn python_places<'a>(
    roots: &'a [String],
    module: &str,
) -> impl Iterator<Item = String> + use<'a> {
    let path = module.replace('.', "/");
    roots.iter().flat_map(move |root| {
        let base = if root.is_empty() { path.clone() } else { format!("{root}/{path}") };
        [format!("{base}.py"), format!("{base}/__init__.py")]
    })
}

fn python(root: &Path, mapping: &Mapping, rules: &[&Rule], paths: &HashSet<String>) -> Made {
    let first = rules[0];
    let written = first.from.replace('.', "/") + ".py";
    let under = mapping.roots.iter().find(|root| {
        let base = std::slice::from_ref(*root);
        rules.iter().all(|rule| python_places(base, &rule.to).any(|path| paths.contains(&path)))
    });
    let Some(under) = under else { return Err((written, Why::NoTarget)) };
    let old: Vec<String> = python_places(std::slice::from_ref(under), &first.from).collect();
    let package = old[1].trim_end_matches("__init__.py");
    let is_package = paths.iter().any(|path| path.starts_with(package));
    let place = old.iter().find(|path| paths.contains(*path));
    let place = place.unwrap_or(&old[usize::from(is_package)]);
    made(root, place, &python_text(rules))
}

/// The change that puts an alias at its place, unless it is there already.
fn made(root: &Path, place: &str, text: &str) -> Made {
    let before = fs::read(root.join(place)).ok();
    match &before {
        Some(bytes) if bytes == text.as_bytes() => return Ok(None),
        Some(bytes) if !is_alias(bytes) => {
            return Err((place.to_owned(), Why::OldStays));
        }
        Some(_) | None => {}
    }
    Ok(Some(Change { path: place.into(), before, after: text.as_bytes().to_vec() }))
}

fn python_text(rules: &[&Rule]) -> String {
    use std::fmt::Write as _;
    let first = rules[0];
    let targets: Vec<&str> = unique(rules.iter().map(|rule| rule.to.as_str()));
    let whole = rules.iter().find(|rule| rule.name.is_none());
    let mut text = format!(
        "\"\"\"Moved to {}; this module {MARK}.\"\"\"\n\nimport warnings\n\n",
        targets.join(" and ")
    );
    if let Some(whole) = whole {
        let _ = writeln!(text, "import {} as _moved", whole.to);
        let _ = writeln!(text, "from {} import *  # noqa: F401,F403", whole.to);
    }
    for rule in rules.iter().filter(|rule| rule.name.is_some()) {
        let (name, new) = (rule.name.as_deref().unwrap_or_default(), rule.renamed(""));
        let item = if name == new { name.to_owned() } else { format!("{new} as {name}") };
        let _ = writeln!(text, "from {} import {item}  # noqa: F401", rule.to);
    }
    let _ = write!(
        text,
        "\nwarnings.warn(\n    \"{} has moved to {}\",\n    DeprecationWarning,\n    \
         stacklevel=2,\n)\n",
        first.from,
        targets.join(" and ")
    );
    if whole.is_some() {
        text.push_str(
            "\n\ndef __getattr__(name):\n    return getattr(_moved, name)\n\n\n\
             def __dir__():\n    return dir(_moved)\n",
        );
    }
    text
}

fn script(root: &Path, rules: &[&Rule], paths: &HashSet<String>) -> Made {
    let first = rules[0];
    let target = |rule: &&Rule| files_of(&rule.to).find(|path| paths.contains(path));
    let targets: Option<Vec<String>> = rules.iter().map(target).collect();
    let Some(targets) = targets else { return Err((first.from.clone(), Why::NoTarget)) };
    let ending = if targets[0].rsplit('.').next().is_some_and(|ending| ending.starts_with("js")) {
        "js"
    } else {
        "ts"
    };
    let old = files_of(&first.from).find(|path| paths.contains(path));
    let place = old.unwrap_or_else(|| format!("{}.{ending}", first.from));
    let content = fs::read_to_string(root.join(&targets[0])).unwrap_or_default();
    made(root, &place, &script_text(rules, &place, content.contains("export default")))
}

fn script_text(rules: &[&Rule], place: &str, with_default: bool) -> String {
    use super::script::relative;
    use std::fmt::Write as _;
    let folder = place.rsplit_once('/').map_or("", |(folder, _)| folder);
    let targets: Vec<&str> = unique(rules.iter().map(|rule| rule.to.as_str()));
    let mut text =
        format!("/** @deprecated Moved to {}; this module {MARK}. */\n", targets.join(" and "));
    for rule in rules {
        let to = relative(folder, &rule.to);
        match &rule.name {
            None => {
                let _ = writeln!(text, "export * from \"{to}\";");
                if with_default {
                    let _ = writeln!(text, "export {{ default }} from \"{to}\";");
                }
            }
            Some(name) => {
                let new = rule.renamed(name);
                let item = if new == name { name.clone() } else { format!("{new} as {name}") };
                let _ = writeln!(text, "export {{ {item} }} from \"{to}\";");
            }
        }
    }
    text
}

fn unique<'a>(items: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = Vec::new();
    for item in items {
        if !seen.contains(&item) {
            seen.push(item);
        }
    }
    seen
}
