//! Tells cheaply whether all imports of a file lead somewhere: what is written as an import is
//! read line by line, without a syntax tree, and only what is in doubt is followed in earnest.
//! Whatever is odd counts as doubtful, so that no import that leads nowhere is passed over.

pub(super) mod outline;

use super::language::Language;
use super::modules::Place;
use super::names::{Definition, Names};
use super::tree::{FileId, SourceTree};

/// Follows imports.
pub(super) struct Ways<'t> {
    names: &'t Names<'t>,
    tree: &'t SourceTree,
}

/// Longest way from file to file that is followed without a syntax tree.
const STEPS_MAX: usize = 6;

/// An import as it is written.
struct Written<'t> {
    module: &'t str,
    names: Vec<Named<'t>>,
    /// Everything: `from a import *`, `export * from "a"`.
    star: bool,
    /// The name that stands for the module itself.
    local: Option<&'t str>,
    /// Handed on at once: `export … from "a"`.
    exported: bool,
    /// Where the line begins on which it stands.
    at: usize,
}

/// A name of a module, and what it is called where it is imported.
#[derive(Clone, Copy)]
struct Named<'t> {
    name: &'t str,
    local: &'t str,
}

impl<'t> Named<'t> {
    const fn plain(name: &'t str) -> Self {
        Self { name, local: name }
    }
}

/// The imports of a text; `None` when something in it cannot be read line by line.
fn written(language: Language, text: &str) -> Option<Vec<Written<'_>>> {
    if language.is_python() { python(text) } else { script(text) }
}

impl<'t> Ways<'t> {
    pub(super) const fn new(names: &'t Names<'t>, tree: &'t SourceTree) -> Self {
        Self { names, tree }
    }

    /// True when an import of the file may lead nowhere.
    pub(super) fn may_end(&self, id: FileId, text: &str) -> bool {
        let Some(imports) = written(self.tree.file(id).language, text) else { return true };
        imports.iter().any(|import| self.ends(id, import))
    }

    fn ends(&self, from: FileId, import: &Written<'_>) -> bool {
        match self.names.modules().place(from, import.module) {
            Place::Outside => false,
            Place::Missing => true,
            Place::Folder => import.names.iter().any(|named| self.is_missing(from, import, named)),
            Place::File(target) => import.names.iter().any(|named| {
                !self.surely_has(target, named.name, STEPS_MAX)
                    && self.is_missing(from, import, named)
            }),
        }
    }

    fn is_missing(&self, from: FileId, import: &Written<'_>, named: &Named<'_>) -> bool {
        !self.is_module(from, import.module, named.name)
            && self.names.imported(from, import.module, Some(named.name)) == Definition::Missing
    }

    /// `from package import module`
    fn is_module(&self, from: FileId, module: &str, name: &str) -> bool {
        self.tree.file(from).language.is_python()
            && matches!(
                self.names.modules().submodule(from, module, name),
                Place::File(_) | Place::Folder
            )
    }

    /// True when an import surely leads somewhere.
    fn surely_leads(&self, from: FileId, module: &str, name: Option<&str>, steps: usize) -> bool {
        match self.names.modules().place(from, module) {
            Place::Outside => true,
            Place::Missing => false,
            Place::Folder => name.is_none_or(|name| self.is_module(from, module, name)),
            Place::File(target) => name.is_none_or(|name| {
                self.surely_has(target, name, steps) || self.is_module(from, module, name)
            }),
        }
    }

    /// True when the file surely has this name at its top, and it leads somewhere.
    fn surely_has(&self, target: FileId, name: &str, steps: usize) -> bool {
        let Some(steps) = steps.checked_sub(1) else { return false };
        let outline = self.names.outline(target);
        let imports = outline.imported.get(name).map_or(&[][..], Vec::as_slice);
        let lead = |import: &outline::Imported| {
            self.surely_leads(target, &import.module, import.name.as_deref(), steps)
        };
        if outline.doubtful.contains(name) || !imports.iter().all(lead) {
            return false;
        }
        if let Some(root) = outline.aliases.get(name) {
            return **root == *name || outline.surely_makes(root);
        }
        if outline.made.contains(name) || imports.iter().any(|import| import.top) {
            return true;
        }
        imports.is_empty()
            && name != "default"
            && !outline.perhaps.contains(name)
            && outline.stars.iter().any(|star| self.surely_leads(target, star, Some(name), steps))
    }
}

fn name_at(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    &text[..end.unwrap_or(text.len())]
}

/// `import a.b`, `from a import b, c as d`, also over several lines.
fn python(text: &str) -> Option<Vec<Written<'_>>> {
    if text.contains("import_module") || text.contains("__import__") {
        return None;
    }
    let mut found = Vec::new();
    for at in memchr::memmem::find_iter(text.as_bytes(), "import") {
        let line_start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = text[line_start..at].trim_start();
        let behind = &text[at + "import".len()..];
        if !behind.starts_with([' ', '\t', '(', '*', '\\']) {
            continue;
        }
        // `if a: import b`, `a = 1; import b`
        let (before, alone) = match before.rfind([':', ';']) {
            Some(end) => (before[end + 1..].trim_start(), false),
            None => (before, true),
        };
        if before.is_empty() {
            modules(behind, line_start, &mut found);
        } else if let Some(module) = before.strip_prefix("from") {
            if !module.starts_with([' ', '\t', '.']) {
                continue;
            }
            let module = module.trim();
            if module.contains([' ', '\\', '#', '"', '\'']) {
                continue;
            }
            let names = names(behind);
            let star = names.iter().any(|named| named.name == "*");
            let names = names.into_iter().filter(|named| named.name != "*").collect();
            let (local, exported, at) = (None, false, line_start);
            found.push(Written { module, names, star, local, exported, at });
        } else if !alone && before.contains("from") {
            return None;
        } else if text[line_start..at].trim().is_empty() && text[..line_start].ends_with("\\\n") {
            // `from a \` and `import b` below.
            return None;
        }
    }
    Some(found)
}

/// The statement behind `import`: to the end of the line, or of the parentheses.
fn statement(behind: &str) -> &str {
    let trimmed = behind.trim_start_matches([' ', '\t']);
    if let Some(inner) = trimmed.strip_prefix('(') {
        return inner.split(')').next().unwrap_or(inner);
    }
    let mut end = 0;
    for line in behind.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end_matches(['\n', '\r']).ends_with('\\') {
            break;
        }
    }
    &behind[..end]
}

fn items(behind: &str) -> impl Iterator<Item = &str> {
    statement(behind)
        .lines()
        .map(|line| line.split(['#', ';']).next().unwrap_or(line))
        .flat_map(|line| line.split(','))
        .map(|item| item.trim_matches(|c: char| c.is_whitespace() || c == '\\'))
        .filter(|item| !item.is_empty())
}

/// `a.b` binds `a`; `a.b as c` binds `c`.
fn modules<'t>(behind: &'t str, at: usize, into: &mut Vec<Written<'t>>) {
    for item in items(behind) {
        let Named { name: module, local } = named(item);
        let local = if module == local { module.split('.').next() } else { Some(local) };
        let (names, star, exported) = (Vec::new(), false, false);
        into.push(Written { module, names, star, local, exported, at });
    }
}

fn names(behind: &str) -> Vec<Named<'_>> {
    items(behind).map(named).collect()
}

/// `a`, `a as b`
fn named(item: &str) -> Named<'_> {
    let mut words = item.split_whitespace();
    let name = words.next().unwrap_or(item);
    let local = words.next().filter(|word| *word == "as").and_then(|_| words.next());
    Named { name, local: local.unwrap_or(name) }
}

/// `… from "a"`, `import "a"`, `require("a")`, `import("a")`.
fn script(text: &str) -> Option<Vec<Written<'_>>> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for word in ["from", "import", "require"] {
        for at in memchr::memmem::find_iter(bytes, word) {
            let behind = text[at + word.len()..].trim_start();
            let behind = behind.strip_prefix('(').map_or(behind, str::trim_start);
            let Some(quote) = behind.chars().next().filter(|c| matches!(c, '"' | '\'' | '`'))
            else {
                continue;
            };
            let module = behind[1..].split(quote).next()?;
            let before = &text[..at];
            let at = before.rfind('\n').map_or(0, |end| end + 1);
            let mut import = match word {
                "from" => clause(before)?,
                "require" => Written::of(required_names(before)),
                _ => Written::of(awaited_names(before)),
            };
            (import.module, import.at) = (module, at);
            found.push(import);
        }
    }
    Some(found)
}

impl<'t> Written<'t> {
    /// An import of names, the module of which is still to be told.
    const fn of(names: Vec<Named<'t>>) -> Self {
        Self { module: "", names, star: false, local: None, exported: false, at: 0 }
    }
}

/// What stands between `import` or `export` and `from`.
fn clause(before: &str) -> Option<Written<'_>> {
    let (import, export) = (before.rfind("import"), before.rfind("export"));
    let exported = export > import;
    let Some(start) = import.max(export) else { return Some(Written::of(Vec::new())) };
    let clause = &before[start + "import".len()..];
    if clause.contains(['=', '"', '\'', ';']) {
        return Some(Written::of(Vec::new()));
    }
    if clause.contains("/*") || clause.contains("//") {
        return None;
    }
    let (outer, inner) = match clause.split_once('{') {
        Some((outer, inner)) => (outer, inner.split('}').next().unwrap_or(inner)),
        None => (clause, ""),
    };
    let mut names: Vec<Named<'_>> =
        inner.split(',').map(str::trim).filter(|item| !item.is_empty()).map(item_named).collect();
    let outer = outer.trim().trim_start_matches("type ").trim_end_matches(',').trim();
    if !outer.is_empty() && !outer.starts_with('*') && outer != "type" {
        names.push(Named::plain("default"));
    }
    Some(Written { star: outer == "*", exported, ..Written::of(names) })
}

/// `a`, `a as b`, each perhaps behind `type`.
fn item_named(item: &str) -> Named<'_> {
    let rest = item.strip_prefix("type").filter(|rest| rest.starts_with(char::is_whitespace));
    match rest.map(str::trim_start) {
        Some(rest) if !rest.starts_with("as ") => named(rest),
        _ => named(item),
    }
}

/// `const { a, b: c } = require(…)`
fn required_names(before: &str) -> Vec<Named<'_>> {
    let Some(before) = before.trim_end().strip_suffix('=') else { return Vec::new() };
    let Some(inner) = before.trim_end().strip_suffix('}') else { return Vec::new() };
    let inner = inner.rsplit('{').next().unwrap_or(inner);
    let name = |part: &'_ str| name_at(part.trim_start()).len();
    inner
        .split(',')
        .map(|part| &part.trim_start()[..name(part)])
        .filter(|name| !name.is_empty())
        .map(Named::plain)
        .collect()
}

/// `const { a } = await import(…)`
fn awaited_names(before: &str) -> Vec<Named<'_>> {
    let before = before.trim_end();
    required_names(before.strip_suffix("await").unwrap_or(before))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(language: Language, text: &str) -> Option<Vec<String>> {
        let tell = |import: &Written<'_>| {
            let names: Vec<&str> = import.names.iter().map(|named| named.name).collect();
            format!("{} {}", import.module, names.join(" "))
        };
        written(language, text).map(|all| all.iter().map(tell).collect())
    }

    #[test]
    fn imports_of_python_are_read_without_a_tree() {
        let text = "import a.b as c, d  # e\nfrom .f import (g,  # h\n    i as j,\n)\n\
                    try: from k import l\nexcept E: pass\nfrom m import *\nimportant = 1\n";
        let told = told(Language::Python, text).expect("readable");
        assert_eq!(told, ["a.b ", "d ", ".f g i", "k l", "m "]);
        assert!(written(Language::Python, "import_module('a')").is_none());
    }

    #[test]
    fn imports_of_scripts_are_read_without_a_tree() {
        let text = "import a, { b as c, type d } from './e';\nimport * as f from \"g\";\n\
                    export { h } from './i';\nexport * from './j';\nimport './k.css';\n\
                    const { l, m: n } = require('./o');\nconst p = await import('./q');\n";
        let mut told = told(Language::TypeScript, text).expect("readable");
        told.sort();
        assert_eq!(told, ["./e b d default", "./i h", "./j ", "./k.css ", "./o l m", "./q ", "g "]);
    }
}
