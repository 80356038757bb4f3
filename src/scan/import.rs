//! The imports of a file: what is imported, under which name, and where each part is written.

use std::ops::Range;

use tree_sitter::Tree;

use super::code::{Code, Text};
use super::kind::Kind;
use super::language::Language;

/// How something is imported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ImportForm {
    /// `import a.b`, `import * as n from 'a'`, `const n = require('a')`: the module itself.
    Module,
    /// `from a import b`, `import { b } from 'a'`, `const { b } = require('a')`.
    Name,
    /// `from a import *`, `export * from 'a'`.
    Star,
    /// `export { b } from 'a'`: bound under no name in this file.
    ReExport,
    /// `import 'a'`: for its effects.
    Effects,
}

/// One imported thing. Spans are in bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import<'t> {
    /// How.
    pub form: ImportForm,
    /// The module as it is written: `a.b`, `..a`, `./a`.
    pub module: &'t str,
    /// Where the module is written, without quotes.
    pub module_span: Range<usize>,
    /// The name in the module; `default` for a default import. Only where the form has one.
    pub name: Option<&'t str>,
    /// Where that name is written.
    pub name_span: Option<Range<usize>>,
    /// The name it is bound to here, or exported under when it is a re-export. `import a.b` binds
    /// `a`.
    pub local: Option<&'t str>,
    /// Where the item is written with its alias: `b as c`.
    pub item: Range<usize>,
    /// Where the whole statement is written; for `require`, the declarator.
    pub statement: Range<usize>,
    /// True when it is evaluated as an expression: `require`, `import()`, `import_module()`.
    pub dynamic: bool,
    /// True for `import type`.
    pub type_only: bool,
}

/// Every import of a file, in the order in which they stand.
pub fn imports_of<'t>(language: Language, text: &'t str, tree: &'t Tree) -> Vec<Import<'t>> {
    let mut found = Vec::new();
    let mut waiting = vec![(Text::new(language, text).code(tree.root_node()), None)];
    while let Some((code, parent)) = waiting.pop() {
        imports_at(code, parent, &mut found);
        waiting.extend(code.children().into_iter().rev().map(|child| (child, Some(code))));
    }
    found
}

/// The imports that this very node is; `parent` is the one around it.
pub(super) fn imports_at<'t>(code: Code<'t>, parent: Option<Code<'t>>, into: &mut Vec<Import<'t>>) {
    match code.kind() {
        Kind::Import if code.language().is_python() => python(code, into),
        Kind::Import => script(code, into),
        Kind::Export => re_exports(code, into),
        Kind::Assign => declared(code, into),
        Kind::Call => {
            let bound = parent.is_some_and(|parent| {
                parent.kind() == Kind::Assign || parent.kind() == Kind::Wrapper
            });
            if !bound && let Some(module) = dynamic_module(code) {
                let item = code.span();
                into.push(Import { dynamic: true, ..effects(module, item.clone(), item) });
            }
        }
        _ => {}
    }
}

/// A module as written, and where.
type Module<'t> = (&'t str, Range<usize>);

const fn effects(module: Module<'_>, item: Range<usize>, statement: Range<usize>) -> Import<'_> {
    Import {
        form: ImportForm::Effects,
        module: module.0,
        module_span: module.1,
        name: None,
        name_span: None,
        local: None,
        item,
        statement,
        dynamic: false,
        type_only: false,
    }
}

fn python<'t>(code: Code<'t>, into: &mut Vec<Import<'t>>) {
    let fields = code.fields();
    let from = code.field(fields.module_name);
    for item in code.all(fields.name) {
        let aliased = item.word() == "aliased_import";
        let named = if aliased { item.field(fields.name).unwrap_or(item) } else { item };
        let alias = item.field(fields.alias).filter(|_| aliased).map(Code::text);
        let module = from.unwrap_or(named);
        let base = effects((module.text(), module.span()), item.span(), code.span());
        into.push(if from.is_some() {
            Import {
                form: ImportForm::Name,
                name: Some(named.text()),
                name_span: Some(named.span()),
                local: Some(alias.unwrap_or(named.text())),
                ..base
            }
        } else {
            let first = named.text().split('.').next();
            Import { form: ImportForm::Module, local: alias.or(first), ..base }
        });
    }
    let star = code.children().into_iter().find(|child| child.word() == "wildcard_import");
    if let (Some(module), Some(star)) = (from, star) {
        let base = effects((module.text(), module.span()), star.span(), code.span());
        into.push(Import { form: ImportForm::Star, ..base });
    }
}

/// The module that a string names.
fn module_of(string: Code<'_>) -> Option<Module<'_>> {
    let name = string.literal()?;
    let start = string.start() + string.text().find(name)?;
    Some((name, start..start + name.len()))
}

fn script<'t>(code: Code<'t>, into: &mut Vec<Import<'t>>) {
    let children = code.children();
    if let Some(clause) = children.iter().find(|child| child.word() == "import_require_clause") {
        let source = clause.field(clause.fields().source);
        if let (Some(module), Some(name)) = (source.and_then(module_of), clause.first()) {
            let base = effects(module, clause.span(), code.span());
            into.push(Import { form: ImportForm::Module, local: Some(name.text()), ..base });
        }
        return;
    }
    let Some(module) = code.field(code.fields().source).and_then(module_of) else { return };
    let type_only = code.has_sign("type");
    let base = Import { type_only, ..effects(module, code.span(), code.span()) };
    let Some(clause) = children.iter().find(|child| child.word() == "import_clause") else {
        into.push(base);
        return;
    };
    for part in clause.children() {
        match part.word() {
            "identifier" => into.push(Import {
                form: ImportForm::Name,
                name: Some("default"),
                local: Some(part.text()),
                item: part.span(),
                ..base.clone()
            }),
            "namespace_import" => into.push(Import {
                form: ImportForm::Module,
                local: part.first().map(Code::text),
                item: part.span(),
                ..base.clone()
            }),
            "named_imports" => {
                into.extend(
                    part.children()
                        .into_iter()
                        .filter_map(|item| specifier(item, ImportForm::Name, &base)),
                );
            }
            _ => {}
        }
    }
}

/// `name as alias` between braces.
fn specifier<'t>(item: Code<'t>, form: ImportForm, base: &Import<'t>) -> Option<Import<'t>> {
    let name = item.field(item.fields().name)?;
    let alias = item.field(item.fields().alias).map_or(name.text(), Code::text);
    Some(Import {
        form,
        name: Some(name.text()),
        name_span: Some(name.span()),
        local: Some(alias),
        item: item.span(),
        type_only: base.type_only || item.has_sign("type"),
        ..base.clone()
    })
}

fn re_exports<'t>(code: Code<'t>, into: &mut Vec<Import<'t>>) {
    let Some(module) = code.field(code.fields().source).and_then(module_of) else { return };
    let base =
        Import { type_only: code.has_sign("type"), ..effects(module, code.span(), code.span()) };
    for part in code.children() {
        match part.word() {
            "export_clause" => into.extend(
                part.children()
                    .into_iter()
                    .filter_map(|item| specifier(item, ImportForm::ReExport, &base)),
            ),
            "namespace_export" => into.push(Import {
                form: ImportForm::ReExport,
                name: None,
                local: part.first().map(Code::text),
                item: part.span(),
                ..base.clone()
            }),
            _ => {}
        }
    }
    if code.has_sign("*") {
        into.push(Import { form: ImportForm::Star, ..base });
    }
}

/// The module of `require('a')`, `import('a')`, `__import__('a')`, `importlib.import_module('a')`.
pub(super) fn dynamic_module(call: Code<'_>) -> Option<Module<'_>> {
    let callee = call.callee()?;
    let imports = if call.language().is_python() {
        let name = callee.text();
        name == "__import__" || name == "import_module" || name.ends_with(".import_module")
    } else {
        callee.text() == "require" || callee.word() == "import"
    };
    let first = || call.arguments().into_iter().next();
    if imports { first().and_then(|first| module_of(first.value)) } else { None }
}

/// `const a = require('m')`, `const { a: b } = await import('m')`, `a = import_module('m')`.
fn declared<'t>(code: Code<'t>, into: &mut Vec<Import<'t>>) {
    let (Some(target), Some(value)) = (code.target(), code.value()) else { return };
    if value.kind() != Kind::Call {
        return;
    }
    let Some(module) = dynamic_module(value) else { return };
    let base = Import { dynamic: true, ..effects(module, code.span(), code.span()) };
    if target.kind() == Kind::Name {
        into.push(Import { form: ImportForm::Module, local: Some(target.text()), ..base });
        return;
    }
    for part in target.children() {
        let fields = part.fields();
        let (name, local) = match part.word() {
            "shorthand_property_identifier_pattern" => (part, Some(part.text())),
            "pair_pattern" => match part.field(fields.key) {
                Some(key) => (key, part.field(fields.value).map(Code::text)),
                None => continue,
            },
            "object_assignment_pattern" => match part.field(fields.left) {
                Some(left) => (left, Some(left.text())),
                None => continue,
            },
            _ => continue,
        };
        into.push(Import {
            form: ImportForm::Name,
            name: Some(name.text()),
            name_span: Some(name.span()),
            local,
            item: part.span(),
            ..base.clone()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::language::parse;

    /// Form, module, name and local name of each import.
    fn told(language: Language, text: &str) -> Vec<String> {
        let tree = parse(language, text);
        assert!(!tree.root_node().has_error(), "{text}");
        let tell = |import: Import<'_>| {
            assert_eq!(&text[import.module_span.clone()], import.module);
            if let (Some(span), Some(name)) = (import.name_span.clone(), import.name) {
                assert_eq!(&text[span], name);
            }
            let name = import.name.unwrap_or("-");
            let local = import.local.unwrap_or("-");
            format!("{:?} {} {name} {local}", import.form, import.module)
        };
        imports_of(language, text, &tree).into_iter().map(tell).collect()
    }

    #[test]
    fn python_imports_are_read_in_every_form() {
        let text = "\
import a.b, c as d
from .e import (f,  # first
    g as h)
from .. import i
from j import *
k = importlib.import_module('l.m')
if TYPE_CHECKING:
    from n import o
__import__('p')
";
        assert_eq!(
            told(Language::Python, text),
            [
                "Module a.b - a",
                "Module c - d",
                "Name .e f f",
                "Name .e g h",
                "Name .. i i",
                "Star j - -",
                "Module l.m - k",
                "Name n o o",
                "Effects p - -",
            ]
        );
    }

    #[test]
    fn script_imports_are_read_in_every_form() {
        let text = "\
import a, { b as c, type d } from './e';
import * as f from \"g\";
import type { h } from 'i';
import 'j';
import k = require('l');
export { m as n, default as o } from './p';
export * from './q';
export * as r from './s';
const { t: u, v } = require('w');
const x = await import('y');
";
        assert_eq!(
            told(Language::TypeScript, text),
            [
                "Name ./e default a",
                "Name ./e b c",
                "Name ./e d d",
                "Module g - f",
                "Name i h h",
                "Effects j - -",
                "Module l - k",
                "ReExport ./p m n",
                "ReExport ./p default o",
                "Star ./q - -",
                "ReExport ./s - r",
                "Name w t u",
                "Name w v v",
                "Module y - x",
            ]
        );
    }
}
