//! The names that a file offers to others.

mod common_js;
mod runtime;

use std::collections::{HashMap, HashSet};

use tree_sitter::Tree;

use super::code::{Code, Text};
use super::import::{Import, ImportForm, imports_at};
use super::kind::Kind;
use super::language::Language;

/// What a name at the top of a file stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Something that this file makes.
    Own,
    /// Something imported; without a name the module itself.
    From {
        /// The module as it is written.
        module: Box<str>,
        /// The name in it.
        name: Option<Box<str>>,
    },
    /// Another name, possibly with members: `a.b`.
    Alias(Box<str>),
}

/// The names of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exports {
    /// Every name that is bound at the top of the file.
    pub bound: HashMap<Box<str>, Bound>,
    /// What is exported, and under which name it is bound; in Python everything bound is.
    pub exported: Option<HashMap<Box<str>, Box<str>>>,
    /// Modules all of whose names are exported as well.
    pub stars: Vec<Box<str>>,
    /// Constants that are texts, also those in classes, enums and objects: `KEY`, `Kind.STARTED`.
    pub texts: HashMap<Box<str>, Box<str>>,
    /// True when names may appear that are nowhere written: a module's `__getattr__`, exports that
    /// are computed.
    pub opaque: bool,
    /// Names that a `try` binds, and an `except` of it when that fails.
    pub fallbacks: HashSet<Box<str>>,
    /// True when a package extends its path: modules of it may lie in other distributions.
    pub extended: bool,
}

/// Reads the names of a file.
pub fn exports_of(language: Language, text: &str, tree: &Tree) -> Exports {
    let root = Text::new(language, text).code(tree.root_node());
    let mut exports = Exports::default();
    if language.is_python() {
        exports.python(root, 0);
        exports.runs(root);
    } else {
        exports.exported = Some(HashMap::new());
        for code in root.children() {
            exports.script(code);
        }
    }
    exports
}

impl Exports {
    fn bind(&mut self, name: &str, bound: Bound) {
        // `__getattr__, __all__ = attach(…)` answers as well as a function does.
        self.opaque |= name == "__getattr__";
        // `try: import a` with `except: a = None` still is that import.
        let stays = matches!(self.bound.get(name), Some(Bound::From { .. }));
        if !(stays && bound == Bound::Own) {
            self.bound.insert(name.into(), bound);
        }
    }

    fn import(&mut self, import: &Import<'_>) {
        let module: Box<str> = import.module.into();
        match (import.form, import.local) {
            (ImportForm::Star, _) => self.stars.push(module),
            (ImportForm::Module, Some(local)) => {
                let plain =
                    local != import.module && import.module.split('.').next() == Some(local);
                let module = if plain && !import.dynamic { local.into() } else { module };
                self.bind(local, Bound::From { module, name: None });
            }
            (ImportForm::Name, Some(local)) => {
                let name = import.name.map(Into::into);
                self.bind(local, Bound::From { module, name });
            }
            (ImportForm::ReExport, Some(local)) => {
                // A name of its own, so that it hides nothing that is bound here.
                let hidden: Box<str> = format!("export {local}").into();
                let name = import.name.map(Into::into);
                self.bound.insert(hidden.clone(), Bound::From { module, name });
                self.export(local, &hidden);
            }
            (
                ImportForm::Effects | ImportForm::Module | ImportForm::Name | ImportForm::ReExport,
                _,
            ) => {}
        }
    }

    fn export(&mut self, name: &str, bound: &str) {
        self.exported.get_or_insert_default().insert(name.into(), bound.into());
    }

    /// A statement at the top, or in an `if`, `try` or `with` there.
    fn python(&mut self, code: Code<'_>, depth: usize) {
        for child in code.children() {
            match child.kind() {
                Kind::Import => self.imports(child),
                Kind::Class | Kind::Function => {
                    let name = child.name().unwrap_or_default();
                    self.texts_in(child, name);
                    self.bind(name, Bound::Own);
                }
                Kind::Assign => self.assigned(child),
                Kind::For | Kind::As => {
                    for name in names_in(child.field(child.fields().left).unwrap_or(child)) {
                        self.bind(name, Bound::Own);
                    }
                    self.python(child, depth + 1);
                }
                _ if depth < 12 => {
                    self.python(child, depth + 1);
                    if child.word() == "try_statement" {
                        self.falls_back(child, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    fn imports(&mut self, code: Code<'_>) {
        let mut found = Vec::new();
        imports_at(code, None, &mut found);
        for import in &found {
            self.import(import);
        }
    }

    fn assigned(&mut self, code: Code<'_>) {
        let mut next = Some(code);
        while let Some(code) = next {
            self.assigned_once(code);
            next = code.value().filter(|value| value.kind() == Kind::Assign);
        }
    }

    fn assigned_once(&mut self, code: Code<'_>) {
        let mut found = Vec::new();
        imports_at(code, None, &mut found);
        for import in &found {
            self.import(import);
        }
        let Some(target) = code.target().filter(|_| found.is_empty()) else { return };
        if let Some(value) = code.value().filter(|_| target.kind() == Kind::Name) {
            match value.literal() {
                Some(text) => drop(self.texts.insert(target.text().into(), text.into())),
                None => self.texts_in(value, target.text()),
            }
        }
        let path = code.value().and_then(dotted);
        match (target.kind(), path) {
            (Kind::Name, Some(path)) if path != target.text() => {
                self.bind(target.text(), Bound::Alias(path.into()));
            }
            _ => {
                for name in names_in(target) {
                    self.bind(name, Bound::Own);
                }
            }
        }
    }

    /// Texts that stand at once in a class, an enum or an object.
    fn texts_in(&mut self, code: Code<'_>, of: &str) {
        let holder = match code.kind() {
            Kind::Class | Kind::Enum => code.body(),
            Kind::Dict => Some(code),
            _ => None,
        };
        for part in holder.map(Code::children).unwrap_or_default() {
            let part = if part.kind() == Kind::Statement { part.first() } else { Some(part) };
            let Some(part) = part else { continue };
            let name = match part.kind() {
                Kind::Pair => part.field(part.fields().key),
                _ => part.target().or_else(|| part.field(part.fields().name)),
            };
            if let (Some(name), Some(text)) = (name, part.value().and_then(Code::literal)) {
                let name = name.literal().unwrap_or(name.text());
                self.texts.insert(format!("{of}.{name}").into(), text.into());
            }
        }
    }

    fn script(&mut self, code: Code<'_>) {
        match code.kind() {
            Kind::Import => self.imports(code),
            Kind::Export => self.exporting(code),
            Kind::Statement => {
                if let Some(inner) = code.first() {
                    self.common_js(inner);
                }
            }
            _ => {
                self.declared(code);
            }
        }
    }

    /// Binds what a declaration declares, and says under which names.
    fn declared(&mut self, code: Code<'_>) -> Vec<String> {
        match code.kind() {
            Kind::Class | Kind::Function | Kind::Interface | Kind::Enum => {
                let name = code.name().unwrap_or_default();
                self.bind(name, Bound::Own);
                self.texts_in(code, name);
                vec![name.to_owned()]
            }
            // `export import A = B.C`
            _ if code.word() == "import_alias" => {
                let name = code.first().map_or("", Code::text);
                self.bind(name, Bound::Own);
                vec![name.to_owned()]
            }
            _ if matches!(code.word(), "lexical_declaration" | "variable_declaration") => {
                let mut names = Vec::new();
                for declarator in code.children() {
                    if declarator.kind() == Kind::Assign {
                        self.assigned(declarator);
                        names.extend(declarator.target().into_iter().flat_map(names_in));
                    }
                }
                names.into_iter().map(str::to_owned).collect()
            }
            _ if matches!(
                code.word(),
                "ambient_declaration" | "function_signature" | "internal_module"
            ) =>
            {
                let inner = code.first().filter(|_| code.word() == "ambient_declaration");
                match (inner, code.name()) {
                    (Some(inner), _) => self.declared(inner),
                    (None, Some(name)) => {
                        self.bind(name, Bound::Own);
                        vec![name.to_owned()]
                    }
                    (None, None) => Vec::new(),
                }
            }
            _ => Vec::new(),
        }
    }

    fn exporting(&mut self, code: Code<'_>) {
        let fields = code.fields();
        if code.field(fields.source).is_some() {
            self.imports(code);
            return;
        }
        let default = code.has_sign("default");
        if let Some(declaration) = code.field(fields.declaration) {
            let names = self.declared(declaration);
            if default {
                let bound = names.first().map_or("export default", String::as_str).to_owned();
                self.bound.entry(bound.as_str().into()).or_insert(Bound::Own);
                self.export("default", &bound);
            } else {
                for name in names {
                    self.export(&name, &name);
                }
            }
            return;
        }
        for part in code.children() {
            if part.word() == "import_alias" {
                for name in self.declared(part) {
                    self.export(&name, &name);
                }
            } else if part.word() == "export_clause" {
                for item in part.children() {
                    let Some(name) = item.name() else { continue };
                    let alias = item.field(fields.alias).map_or(name, Code::text);
                    self.export(alias, name);
                }
            } else if default || code.has_sign("=") {
                self.offer("default", part);
            }
        }
    }
}

/// Longest path of names that is followed.
const PARTS_MAX: usize = 24;

/// `a.b.c` of names and members alone.
pub(super) fn dotted(mut code: Code<'_>) -> Option<String> {
    let mut parts = Vec::new();
    while code.kind() == Kind::Attribute && parts.len() < PARTS_MAX {
        parts.push(code.member()?);
        code = code.object()?;
    }
    parts.push((code.kind() == Kind::Name).then(|| code.text())?);
    parts.reverse();
    Some(parts.join("."))
}

/// The names that a target binds.
pub(super) fn names_in(target: Code<'_>) -> Vec<&str> {
    let mut names = Vec::new();
    let mut waiting = vec![target];
    while let Some(code) = waiting.pop() {
        match code.kind() {
            Kind::Name => names.push(code.text()),
            Kind::Attribute | Kind::Index | Kind::Call => {}
            _ if code.word() == "shorthand_property_identifier_pattern" => names.push(code.text()),
            _ if matches!(code.word(), "pair_pattern") => {
                waiting.extend(code.field(code.fields().value));
            }
            _ if matches!(code.word(), "assignment_pattern" | "object_assignment_pattern") => {
                waiting.extend(code.field(code.fields().left));
            }
            _ => waiting.extend(code.children().into_iter().rev()),
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::language::parse;

    fn told(language: Language, text: &str) -> Exports {
        let tree = parse(language, text);
        assert!(!tree.root_node().has_error(), "{text}");
        exports_of(language, text, &tree)
    }

    fn from(module: &str, name: Option<&str>) -> Bound {
        Bound::From { module: module.into(), name: name.map(Into::into) }
    }

    #[test]
    fn python_offers_whatever_is_bound_at_the_top() {
        let exports = told(
            Language::Python,
            "import a.b\nimport c.d as e\ntry:\n    from .f import g as h\nexcept E:\n    h = None\n\
             class I: pass\n@x\ndef j(): k = 1\nl = m = h.n\nwith o() as p: pass\n\
             from .q import *\n",
        );
        assert_eq!(exports.bound["a"], from("a", None));
        assert_eq!(exports.bound["e"], from("c.d", None));
        assert_eq!(exports.bound["h"], from(".f", Some("g")));
        for own in ["I", "j", "p"] {
            assert_eq!(exports.bound[own], Bound::Own, "{own}");
        }
        assert_eq!(exports.bound["m"], Bound::Alias("h.n".into()));
        assert!(!exports.bound.contains_key("k"));
        assert_eq!(exports.fallbacks, HashSet::from(["h".into()]));
        assert_eq!(exports.stars, [".q".into()]);
        assert!(!exports.opaque);
        assert!(told(Language::Python, "def __getattr__(name): ...\n").opaque);
    }

    #[test]
    fn scripts_offer_what_they_export_under_its_name_there() {
        let exports = told(
            Language::TypeScript,
            "import a, { b } from './c';\nexport { b as d };\nexport { e as f } from './g';\n\
             export * from './h';\nexport default a.i;\nexport const { j, k: l } = m;\n\
             export class N {}\nconst o = b;\nexport { o };\n",
        );
        let exported = exports.exported.expect("a script");
        let bound = |name: &str| exports.bound[&exported[name]].clone();
        assert_eq!(bound("d"), from("./c", Some("b")));
        assert_eq!(bound("f"), from("./g", Some("e")));
        assert_eq!(bound("default"), Bound::Alias("a.i".into()));
        assert_eq!(bound("l"), Bound::Own);
        assert_eq!(bound("N"), Bound::Own);
        assert_eq!(bound("o"), Bound::Alias("b".into()));
        assert!(!exported.contains_key("b"));
        assert_eq!(exports.stars, ["./h".into()]);
    }
}
