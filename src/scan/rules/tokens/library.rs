//! Imports of libraries that read, verify or sign JWTs.

use crate::scan::category::Category;
use crate::scan::code::Code;
use crate::scan::import::{Import, ImportForm, dynamic_module, imports_at};
use crate::scan::kind::Kind;
use crate::scan::language::Language;
use crate::scan::names::Definition;
use crate::scan::rules::Anchor;
use crate::scan::seen::{Seen, Spot};

const PYTHON: [&str; 5] = ["jwt", "jose", "joserfc", "jwcrypto", "python_jwt"];
const SCRIPT: [&str; 6] = ["jsonwebtoken", "jose", "jwt-decode", "jwt-simple", "njwt", "fast-jwt"];

/// What a file must contain for a library to be used in it. What reaches a file by re-export has
/// its name there, or is found out when the exporting file is read.
pub(super) fn anchors(language: Language) -> Vec<Anchor> {
    let names: &[&str] = if language.is_python() {
        &["jwt", "jose", "JWT"]
    } else {
        &["jwt", "jose", "Jwt", "JWT", "jsonwebtoken", "@auth0/"]
    };
    names.iter().map(|name| Anchor::one(name)).collect()
}

/// The library that a module and a name in it belong to.
pub(super) fn library_of(python: bool, module: &str, path: &str) -> Option<String> {
    if python {
        let top = module.split('.').next().unwrap_or(module);
        let inner = module.strip_prefix("authlib").unwrap_or("").trim_start_matches('.');
        let authlib = top == "authlib"
            && (inner.split('.').next() == Some("jose")
                || (inner.is_empty() && path.split('.').next() == Some("jose")));
        return match top {
            _ if authlib => Some("authlib.jose".to_owned()),
            top if PYTHON.contains(&top) => Some(top.to_owned()),
            _ => None,
        };
    }
    // Most others of that house are HTTP clients.
    if module.starts_with("@auth0/") {
        return module.contains("jwt").then(|| module.to_owned());
    }
    let top = module.split('/').next().unwrap_or(module);
    SCRIPT.contains(&top).then(|| top.to_owned())
}

fn imported(seen: &Seen<'_>, import: &Import<'_>) -> Option<String> {
    let name = import.name.unwrap_or_default();
    let library = library_of(seen.is_python(), import.module, name)?;
    let outside = matches!(seen.definition(import.module, None), Definition::Library(..));
    outside.then_some(library)
}

/// An import, a re-export, `const … = require(…)`.
pub(super) fn at_import<'t>(seen: &Seen<'t>, at: Spot<'t>) {
    let code = at.code;
    if code.kind() == Kind::Assign && code.value().is_none_or(|value| value.kind() != Kind::Call) {
        return;
    }
    let mut imports = Vec::new();
    imports_at(code, None, &mut imports);
    let mut told: Vec<String> = Vec::new();
    for import in &imports {
        let Some(library) = imported(seen, import) else { continue };
        if told.contains(&library) {
            continue;
        }
        let item = code.children().into_iter().find(|item| item.span() == import.item);
        let own = import.form == ImportForm::Module && seen.is_python();
        let place = item.filter(|_| own).unwrap_or(code);
        seen.report(Category::JwtImport, at.with(place), library.clone());
        told.push(library);
    }
}

/// `require("…")`, `import("…")`, `import_module("…")` that no declaration takes up.
pub(super) fn at_call<'t>(seen: &Seen<'t>, call: Spot<'t>) {
    let Some((module, _)) = dynamic_module(call.code) else { return };
    let Some(library) = library_of(seen.is_python(), module, "") else { return };
    if !matches!(seen.definition(module, None), Definition::Library(..)) {
        return;
    }
    let mut around = call.code.parent();
    while let Some(code) = around.filter(|code| code.kind() == Kind::Wrapper) {
        around = code.parent();
    }
    let declared = around.filter(|code| code.kind() == Kind::Assign).is_some_and(|assign| {
        let mut imports = Vec::new();
        imports_at(assign, None, &mut imports);
        !imports.is_empty() && assign.value().map(Code::id) == Some(call.code.id())
    });
    if !declared {
        seen.report(Category::JwtImport, call, library);
    }
}
