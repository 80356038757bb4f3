//! What a module exports that uses `exports` and `module.exports`.

use super::{Bound, Exports, dotted};
use crate::scan::code::Code;
use crate::scan::kind::Kind;

impl Exports {
    /// A statement at the top that exports something, perhaps.
    pub(super) fn common_js(&mut self, code: Code<'_>) {
        match code.kind() {
            Kind::Assign => self.assigned_exports(code),
            Kind::Call => self.called_on_exports(code),
            _ => {}
        }
    }

    /// Exports the value of an expression.
    pub(super) fn offer(&mut self, name: &str, value: Code<'_>) {
        let hidden = format!("export {name}");
        let bound = dotted(value.bare()).map_or(Bound::Own, |path| Bound::Alias(path.into()));
        self.bound.insert(hidden.as_str().into(), bound);
        self.export(name, &hidden);
    }

    /// `module.exports = …`, `exports.a = …`
    fn assigned_exports(&mut self, code: Code<'_>) {
        let (Some(target), Some(value)) = (code.target(), code.value()) else { return };
        let target = target.text();
        if let Some(name) =
            target.strip_prefix("module.").unwrap_or(target).strip_prefix("exports.")
        {
            self.offer(name, value);
        } else if target == "module.exports" {
            self.offer("default", value);
            if value.kind() == Kind::Dict {
                self.members(value);
            } else {
                self.opaque = true;
            }
        }
    }

    fn members(&mut self, object: Code<'_>) {
        for member in object.children() {
            match member.kind() {
                Kind::Shorthand => self.export(member.text(), member.text()),
                Kind::Pair => {
                    let key = member.field(member.fields().key).map(Code::text);
                    if let (Some(key), Some(value)) = (key, member.value()) {
                        self.offer(key, value);
                    }
                }
                Kind::Function => {
                    let name = member.name().unwrap_or_default().to_owned();
                    self.bind(&name, Bound::Own);
                    self.export(&name, &name);
                }
                Kind::Spread => self.opaque = true,
                _ => {}
            }
        }
    }

    /// `Object.defineProperty(exports, "a", …)`; `Object.assign(exports, …)` may export anything.
    fn called_on_exports(&mut self, call: Code<'_>) {
        let Some(callee) = call.callee() else { return };
        let arguments = call.arguments();
        let on_exports = arguments
            .first()
            .is_some_and(|first| matches!(first.value.text(), "exports" | "module.exports"));
        match callee.text() {
            "Object.defineProperty" if on_exports => {
                match arguments.get(1).and_then(|name| name.value.literal()) {
                    Some(name) => self.define(name),
                    None => self.opaque = true,
                }
            }
            "Object.assign" if on_exports => self.opaque = true,
            _ => {}
        }
    }

    fn define(&mut self, name: &str) {
        let hidden = format!("export {name}");
        self.bound.entry(hidden.as_str().into()).or_insert(Bound::Own);
        self.export(name, &hidden);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::exports::exports_of;
    use crate::scan::language::{Language, parse};

    fn told(text: &str) -> Exports {
        exports_of(Language::Tsx, text, &parse(Language::Tsx, text))
    }

    #[test]
    fn common_js_exports_are_read_as_well() {
        let exports = told(
            "const a = require('b');\nmodule.exports = { a, c: a.d, e() {} };\nexports.f = a;\n",
        );
        let exported = exports.exported.expect("a script");
        let from = Bound::From { module: "b".into(), name: None };
        assert_eq!(exports.bound[&exported["a"]], from);
        assert_eq!(exports.bound[&exported["c"]], Bound::Alias("a.d".into()));
        assert_eq!(exports.bound[&exported["e"]], Bound::Own);
        assert_eq!(exports.bound[&exported["f"]], Bound::Alias("a".into()));
    }

    #[test]
    fn what_is_defined_on_the_exports_is_exported() {
        let exports = told(
            "Object.defineProperty(exports, 'a', { get() { return b; } });\n\
             Object.defineProperty(module.exports, \"c\", {});\n\
             Object.defineProperty(other, 'd', {});\nObject.assign(other, e);\n",
        );
        let exported = exports.exported.expect("a script");
        assert!(exported.contains_key("a") && exported.contains_key("c"));
        assert!(!exported.contains_key("d") && !exports.opaque);
        assert!(told("Object.assign(module.exports, require('./a'));\n").opaque);
        assert!(told("Object.defineProperty(exports, name, {});\n").opaque);
    }
}
