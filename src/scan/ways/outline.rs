//! What a file surely has at its top, read line by line. What is odd is left out: a name that is
//! missing here is looked for in the syntax tree.

use std::collections::{HashMap, HashSet};

use super::{name_at, python, script};
use crate::scan::language::Language;

/// The names of a file.
#[derive(Default)]
pub(in crate::scan) struct Outline {
    /// What it makes.
    pub(in crate::scan) made: HashSet<Box<str>>,
    /// Other names for what another name stands for, with the first part of that.
    pub(in crate::scan) aliases: HashMap<Box<str>, Box<str>>,
    /// What it imports, wherever in it; of scripts only what they hand on at once.
    pub(in crate::scan) imported: HashMap<Box<str>, Vec<Imported>>,
    /// Modules of which it hands on everything.
    pub(in crate::scan) stars: Vec<Box<str>>,
    /// Names that it binds to something that cannot be told.
    pub(in crate::scan) doubtful: HashSet<Box<str>>,
    /// Beside stars: names that it may bind as well.
    pub(in crate::scan) perhaps: HashSet<Box<str>>,
}

/// Where a name comes from.
pub(in crate::scan) struct Imported {
    pub(in crate::scan) module: Box<str>,
    pub(in crate::scan) name: Option<Box<str>>,
    /// Surely a name of the file, and not of a function in it.
    pub(in crate::scan) top: bool,
}

/// What a name is made to stand for.
#[derive(Debug, PartialEq, Eq)]
enum Value<'t> {
    Own,
    /// A path that begins with this name.
    Alias(&'t str),
    Doubtful,
}

impl Outline {
    pub(in crate::scan) fn surely_makes(&self, name: &str) -> bool {
        self.made.contains(name)
            && !self.imported.contains_key(name)
            && !self.aliases.contains_key(name)
            && !self.doubtful.contains(name)
    }

    /// The one import that surely gives the file this name.
    pub(in crate::scan) fn surely_imports(&self, name: &str) -> Option<&Imported> {
        let told = [&self.made, &self.doubtful].iter().any(|names| names.contains(name))
            || self.aliases.contains_key(name);
        match self.imported.get(name)?.as_slice() {
            [import] if import.top && !told => Some(import),
            _ => None,
        }
    }
}

pub(in crate::scan) fn outline(language: Language, text: &str) -> Option<Outline> {
    let mut outline = Outline::default();
    let lines = top_lines(language, text);
    let is_top = |at: usize| {
        let top = lines.binary_search_by_key(&at, |(at, _)| *at).is_ok();
        top || (language.is_python() && stands_open(text, at))
    };
    let imports = if language.is_python() { python(text)? } else { script(text)? };
    for import in imports.iter().filter(|import| language.is_python() || import.exported) {
        let top = !language.is_python() || is_top(import.at);
        if import.star && top {
            outline.stars.push(import.module.into());
        }
        let names = import.names.iter().map(|named| (named.local, Some(named.name)));
        for (local, name) in names.chain(import.local.map(|local| (local, None))) {
            // `import a.b` makes `a` known, and that alone.
            let plain = name.is_none() && import.module.split('.').next() == Some(local);
            let module = if plain { local } else { import.module };
            let imported = Imported { module: module.into(), name: name.map(Box::from), top };
            outline.imported.entry(local.into()).or_default().push(imported);
        }
    }
    for (_, line) in &lines {
        let bound = if language.is_python() { python_line(line) } else { script_line(line) };
        match bound {
            Some((name, Value::Own)) => drop(outline.made.insert(name.into())),
            Some((name, Value::Alias(root))) => {
                outline.aliases.insert(name.into(), root.into());
            }
            Some((name, Value::Doubtful)) => drop(outline.doubtful.insert(name.into())),
            None => {}
        }
    }
    if !outline.stars.is_empty() {
        let names = text.lines().map(|line| name_at(line.trim_start()));
        outline.perhaps.extend(names.filter(|name| !name.is_empty()).map(Box::from));
    }
    Some(outline)
}

/// What a line at the top of a Python file binds.
fn python_line(line: &str) -> Option<(&str, Value<'_>)> {
    let rest = line.strip_prefix("async ").unwrap_or(line);
    if let Some(rest) = rest.strip_prefix("def ").or_else(|| rest.strip_prefix("class ")) {
        return Some((name_at(rest), Value::Own)).filter(|(name, _)| !name.is_empty());
    }
    let name = name_at(line);
    let rest = line[name.len()..].trim_start();
    if let Some(value) = rest.strip_prefix('=').filter(|value| !value.starts_with('=')) {
        return Some((name, python_value(value)));
    }
    let annotation = rest.strip_prefix(':')?;
    match annotation.split_once(" = ") {
        Some((_, value)) => Some((name, python_value(value))),
        None if annotation.contains(['=', '[', '(', '\\']) => Some((name, Value::Doubtful)),
        None => Some((name, Value::Own)).filter(|_| !annotation.trim().is_empty()),
    }
}

fn python_value(value: &str) -> Value<'_> {
    let value = value.trim_start_matches([' ', '\t']);
    let end = value.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
    let (path, rest) = value.split_at(end.unwrap_or(value.len()));
    if path.is_empty() {
        let inner = value.strip_prefix('(').unwrap_or(value);
        let told = inner.starts_with(['"', '\'']) || value.starts_with(['[', '{', '-']);
        return if told { Value::Own } else { Value::Doubtful };
    }
    let plain = matches!(path, "None" | "True" | "False" | "lambda" | "not");
    if plain
        || path.starts_with(|c: char| c.is_ascii_digit())
        || rest.starts_with(['(', '[', '"', '\''])
    {
        return Value::Own;
    }
    let rest = rest.trim_start_matches([' ', '\t']);
    let words = ["if ", "or ", "and ", "in ", "is ", "not "];
    if path == "await" {
        Value::Doubtful
    } else if rest.trim().is_empty() || rest.starts_with('#') {
        Value::Alias(name_at(path))
    } else if rest.starts_with(['+', '-', '*', '/', '%', '|', '&', '<', '>', ','])
        || words.iter().any(|word| rest.starts_with(word))
    {
        Value::Own
    } else {
        Value::Doubtful
    }
}

/// What a line at the top of a script exports.
fn script_line(line: &str) -> Option<(&str, Value<'_>)> {
    let mut rest = line.strip_prefix("export ")?;
    let mut default = false;
    for word in ["default ", "declare ", "abstract ", "async "] {
        if let Some(behind) = rest.strip_prefix(word) {
            default |= word == "default ";
            rest = behind;
        }
    }
    let makers = ["function", "class ", "interface ", "enum ", "type "];
    let made = makers.iter().find_map(|maker| rest.strip_prefix(maker));
    if default {
        let value = if made.is_some() { Value::Own } else { script_value(rest) };
        return Some(("default", value));
    }
    if let Some(rest) = made {
        let name = name_at(rest.trim_start_matches(['*', ' ']));
        return Some((name, Value::Own)).filter(|(name, _)| !name.is_empty());
    }
    let kept = ["const ", "let ", "var "].iter().find_map(|word| rest.strip_prefix(word))?;
    let kept = kept.strip_prefix("enum ").unwrap_or(kept);
    let name = name_at(kept);
    let value = match kept.split_once(" = ") {
        Some((_, value)) => script_value(value),
        None if kept[name.len()..].starts_with(" {") => Value::Own,
        None => Value::Doubtful,
    };
    Some((name, value)).filter(|(name, _)| !name.is_empty())
}

fn script_value(value: &str) -> Value<'_> {
    if value.contains("require") || value.contains("import(") {
        return Value::Doubtful;
    }
    let value = value.trim();
    if value.starts_with(['"', '\'', '`', '[', '{']) || value.starts_with("()") {
        return Value::Own;
    }
    if let Some(inner) = value.strip_prefix('(') {
        let rest = inner[name_at(inner).len()..].trim_start_matches('?');
        let takes = inner.starts_with('{') || rest.starts_with([':', ',']);
        return if takes { Value::Own } else { Value::Doubtful };
    }
    let end = value.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '$' | '.'));
    let (path, rest) = value.split_at(end.unwrap_or(value.len()));
    let maker = matches!(path, "async" | "function" | "new" | "class") && rest.starts_with(' ');
    if maker
        || path.starts_with(|c: char| c.is_ascii_digit())
        || (!path.is_empty() && path != "await" && rest.starts_with(['(', '[', '<', '`']))
        || rest.trim_start().starts_with("=>")
    {
        Value::Own
    } else if !path.is_empty() && matches!(rest.trim(), "" | ";") {
        Value::Alias(name_at(path))
    } else {
        Value::Doubtful
    }
}

/// True for an indented line that stands in an `if`, a `try` or the like and in nothing else.
fn stands_open(text: &str, at: usize) -> bool {
    let indent_of = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let mut indent = indent_of(&text[at..]);
    for line in text[..at].lines().rev() {
        let own = indent_of(line);
        let said = line[own..].trim_end();
        if indent == 0 {
            break;
        }
        if own >= indent || said.is_empty() || said.starts_with(['#', ')']) {
            continue;
        }
        let word = name_at(said);
        if !matches!(word, "if" | "elif" | "else" | "try" | "except" | "finally" | "with") {
            return false;
        }
        indent = own;
    }
    indent == 0
}

/// The lines that begin without space and not within a text of several lines, with their places.
fn top_lines(language: Language, text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut within: Option<&str> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let begins = line.as_bytes().first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
        if within.is_none() && begins {
            lines.push((at, line));
        }
        within = after(language, line, within);
        at += line.len();
    }
    lines
}

/// Whether a line ends within a text or comment of several lines, and by what it is closed.
fn after<'s>(language: Language, line: &str, within: Option<&'s str>) -> Option<&'s str> {
    let quotes = if language.is_python() { [b'"', b'\''] } else { [b'*', b'`'] };
    if memchr::memchr2(quotes[0], quotes[1], line.as_bytes()).is_none() {
        return within;
    }
    let marks: &[(&'s str, &'s str)] = if language.is_python() {
        &[("\"\"\"", "\"\"\""), ("'''", "'''")]
    } else {
        &[("/*", "*/"), ("`", "`")]
    };
    if within.is_none() && line.trim_start().starts_with(['#', '/']) && !line.contains("/*") {
        return None;
    }
    let mut within = within;
    let mut rest = line;
    loop {
        if let Some(end) = within {
            let Some(at) = rest.find(end) else { return within };
            rest = &rest[at + end.len()..];
        }
        let opening = marks
            .iter()
            .filter_map(|(open, close)| rest.find(open).map(|at| (at, *open, *close)))
            .min_by_key(|(at, ..)| *at);
        let (at, open, close) = opening?;
        rest = &rest[at + open.len()..];
        within = Some(close);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_at_the_top_is_surely_made() {
        let text = "\"\"\"\nclass Said:\n\"\"\"\nclass Made:\n    def inner(self): ...\n\
                    async def run(): ...\nclass Twice: ...\nfrom .x import Twice\nONE = 1\n\
                    def f():\n    from .y import hidden\n\
                    try:\n    from .z import open\nexcept E:\n    open = None\n";
        let outline = outline(Language::Python, text).expect("readable");
        for name in ["Made", "run", "ONE"] {
            assert!(outline.surely_makes(name), "{name}");
        }
        for name in ["Said", "inner", "Twice"] {
            assert!(!outline.surely_makes(name), "{name}");
        }
        assert!(outline.imported["open"][0].top && !outline.imported["hidden"][0].top);
    }

    #[test]
    fn a_value_that_may_be_another_name_is_told_apart() {
        for (value, wanted) in [
            ("1\n", Value::Own),
            ("f(x)\n", Value::Own),
            ("a.b | c\n", Value::Own),
            ("a.b  # c\n", Value::Alias("a")),
            ("(a.b)\n", Value::Doubtful),
            ("\\\n", Value::Doubtful),
        ] {
            assert_eq!(python_value(value), wanted, "{value}");
        }
        for (value, wanted) in [
            ("(a: b) => {", Value::Own),
            ("create<T>(", Value::Own),
            ("a.b;", Value::Alias("a")),
            ("a as B;", Value::Doubtful),
            ("require('a')", Value::Doubtful),
            ("", Value::Doubtful),
        ] {
            assert_eq!(script_value(value), wanted, "{value}");
        }
        assert_eq!(script_line("export default X;\n"), Some(("default", Value::Alias("X"))));
        assert_eq!(script_line("export const a: B = {\n"), Some(("a", Value::Own)));
    }
}
