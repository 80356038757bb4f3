//! Imports of what is to come from one module, and imports that lead nowhere.

mod following;

use std::collections::HashSet;
use std::ops::Range;

use super::Anchor;
use crate::scan::category::Category;
use crate::scan::class::Class;
use crate::scan::code::Code;
use crate::scan::import::imports_at;
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::seen::{Seen, Spot};
use crate::scan::settings::Settings;

use following::{Following, Missing};

/// What a file must contain for a legacy import. Imports that lead nowhere are looked for by
/// [`crate::scan::ways`].
pub(super) fn anchors(settings: &Settings, _language: Language) -> Vec<Anchor> {
    let canons = [&settings.manager, &settings.authority];
    let patterns = canons.iter().flat_map(|canon| canon.names.iter().chain(&canon.legacy_modules));
    // `*.jwt_handler` is also `from . import jwt_handler`.
    patterns.map(|pattern| Anchor::of_pattern(&pattern.as_str().replace(['.', '/'], "*"))).collect()
}

/// An import, an export, an assignment or a call: `imports_at` tells which imports it is.
pub(super) fn at_import<'t>(seen: &Seen<'t>, import: Spot<'t>) {
    let code = import.code;
    let mut found = Vec::new();
    match code.kind() {
        Kind::Assign if code.value().is_none_or(|value| value.kind() != Kind::Call) => return,
        // The assignment around it tells more.
        _ if is_own_require(seen, import) => return,
        Kind::Call if crate::scan::import::dynamic_module(code).is_none() || is_assigned(code) => {
            return;
        }
        _ => imports_at(code, None, &mut found),
    }
    let following = Following {
        names: seen.names,
        tree: seen.names.tree(),
        settings: seen.settings,
        from: seen.id,
    };
    let mut gone = HashSet::new();
    for import_of in &found {
        let at = import.with(smallest(code, &import_of.item));
        if let Some(what) = following.legacy(import_of) {
            seen.report(Category::LegacyImport, at, what);
        }
        let Some(missing) = following.missing(import_of) else { continue };
        if expects_to_fail(code) {
            continue;
        }
        let generated = if seen.class == Class::Generated { ", in a generated file" } else { "" };
        match missing {
            Missing::Module(note) => {
                if gone.insert(import_of.module) {
                    let what = format!("there is no module {}{note}{generated}", import_of.module);
                    let at = import.with(smallest(code, &import_of.module_span));
                    seen.report(Category::UnresolvableImport, at, what);
                }
            }
            Missing::Name(note) => {
                let name = import_of.name.unwrap_or_default();
                let what = format!("{} has no {name}{note}{generated}", import_of.module);
                seen.report(Category::UnresolvableImport, at, what);
            }
        }
    }
}

/// `require` is a parameter in what a bundler wrote.
fn is_own_require<'t>(seen: &Seen<'t>, at: Spot<'t>) -> bool {
    let call = if at.code.kind() == Kind::Assign { at.code.value() } else { Some(at.code) };
    let callee = call.filter(|call| call.kind() == Kind::Call).and_then(Code::callee);
    callee.is_some_and(|callee| {
        callee.text() == "require" && super::sockets::binding(seen, at.frame, "require").is_some()
    })
}

fn is_assigned(call: Code<'_>) -> bool {
    let mut around = call.parent();
    while let Some(code) = around {
        match code.kind() {
            Kind::Wrapper => around = code.parent(),
            kind => return kind == Kind::Assign,
        }
    }
    false
}

/// The smallest piece that spans this much of the text.
pub(super) fn smallest<'t>(code: Code<'t>, span: &Range<usize>) -> Code<'t> {
    let mut code = code;
    loop {
        let inner = code.children().into_iter().find(|child| {
            let own = child.span();
            own.start <= span.start && span.end <= own.end
        });
        match inner {
            Some(inner) => code = inner,
            None => return code,
        }
    }
}

/// `try: import a` with `except ImportError` or wider; `with suppress(ImportError)`.
fn expects_to_fail(code: Code<'_>) -> bool {
    let mut inner = code;
    while let Some(around) = inner.parent() {
        match around.word() {
            "try_statement" if !is_handler(inner) && catches(around) => return true,
            "with_statement" if suppresses(around) => return true,
            // `.catch(…)` of a dynamic import is not looked for.
            "function_definition" | "program" | "module" if around.parent().is_none() => {
                return false;
            }
            _ => {}
        }
        inner = around;
    }
    false
}

fn is_handler(code: Code<'_>) -> bool {
    matches!(code.word(), "except_clause" | "finally_clause" | "else_clause" | "catch_clause")
}

fn catches(attempt: Code<'_>) -> bool {
    attempt.children().into_iter().any(|clause| match clause.word() {
        "catch_clause" => true,
        "except_clause" => {
            let parts = clause.children();
            let caught = parts.first().filter(|first| first.word() != "block");
            caught.is_none_or(|caught| is_failed_import(caught.text()))
        }
        _ => false,
    })
}

fn is_failed_import(text: &str) -> bool {
    ["ImportError", "ModuleNotFoundError", "Exception"].iter().any(|name| text.contains(name))
}

fn suppresses(with: Code<'_>) -> bool {
    let clause = with.children().into_iter().find(|part| part.word() == "with_clause");
    clause
        .is_some_and(|clause| clause.text().contains("suppress") && is_failed_import(clause.text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::trial::holds;

    const BOTH: [Category; 2] = [Category::LegacyImport, Category::UnresolvableImport];

    #[test]
    fn what_does_not_end_in_the_canonical_module_is_legacy() {
        let core = "netra_backend/app/websocket_core/websocket_manager.py";
        let text = r"
from netra_backend.app.websocket_core.websocket_manager import WebSocketManager
from netra_backend.app.facade import WebSocketManager
from netra_backend.app.old import WebSocketManager as Old  # finds: legacy-import
from netra_backend.app import websocket_manager_factory  # finds: legacy-import
from outside import WebSocketManager
from netra_backend.app.old import other
";
        let files = [
            ("netra_backend/__init__.py", ""),
            ("netra_backend/app/__init__.py", ""),
            ("netra_backend/app/websocket_core/__init__.py", ""),
            (core, "class WebSocketManager: ...\n"),
            ("netra_backend/app/facade.py", "from .websocket_core.websocket_manager import *\n"),
            ("netra_backend/app/old.py", "class WebSocketManager: ...\ndef other(): ...\n"),
            ("netra_backend/app/websocket_manager_factory.py", ""),
            ("netra_backend/app/uses.py", text),
        ];
        holds(&files, &BOTH);
    }

    #[test]
    fn what_is_expected_to_fail_is_no_fault() {
        let text = r"
import contextlib
from pkg.gone import a  # finds: unresolvable-import
from pkg import there, missing  # finds: unresolvable-import
try:
    from pkg.gone import b
except (ImportError, OSError):
    from pkg.gone_too import b  # finds: unresolvable-import
with contextlib.suppress(ImportError):
    import pkg.gone
try:
    import pkg.gone  # finds: unresolvable-import
except ValueError:
    pass
from library import anything
";
        holds(&[("pkg/__init__.py", "there = 1\n"), ("a.py", text)], &BOTH);
    }

    #[test]
    fn barrels_of_libraries_bundles_and_assets_are_not_accused() {
        let text = r"
import { Anything } from './barrel';
import './style.css';
import logo from './logo.svg';
import { Short } from './own';
import { gone } from './own'; // finds: unresolvable-import
import x from './nowhere'; // finds: unresolvable-import
const late = await import('./nowhere'); // finds: unresolvable-import
(function (require) { require('./inner'); })(loader);
";
        let files = [
            ("barrel.ts", "export * from '@lumino/widgets';\nexport * from 'react';\n"),
            ("own.ts", "export const there = 1;\nexport import Short = Long.Name;\n"),
            ("a.ts", text),
        ];
        holds(&files, &BOTH);
    }
}
