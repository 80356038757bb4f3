//! What a Python module does to its own names while it runs.

use std::collections::HashSet;

use super::Exports;
use crate::scan::code::Code;
use crate::scan::kind::Kind;

/// A text without any of these does nothing of the kind.
const WORDS: [&str; 6] =
    ["globals", "locals", "vars", "sys.modules", "__path__", "declare_namespace"];

/// Functions that look at the names of a module and make none.
const READERS: [&str; 7] = ["dir", "eval", "getattr", "hasattr", "len", "list", "sorted"];

/// A piece of a module that is still to be looked at.
struct Waiting<'t> {
    code: Code<'t>,
    /// In no function and no class.
    top: bool,
    /// What stands around it only reads.
    read: bool,
}

impl Exports {
    /// Looks for names that are made while the module runs, and for a path that is extended.
    pub(super) fn runs(&mut self, root: Code<'_>) {
        let text = root.text().as_bytes();
        if !WORDS.iter().any(|word| memchr::memmem::find(text, word.as_bytes()).is_some()) {
            return;
        }
        let mut waiting = vec![Waiting { code: root, top: true, read: false }];
        while let Some(Waiting { code, top, read }) = waiting.pop() {
            self.extended |= top && extends_path(code);
            self.opaque |= writes_names(code, top) || (!read && is_namespace(code, top));
            let read = reads(code, read);
            let top = top && !matches!(code.kind(), Kind::Function | Kind::Class);
            waiting.extend(code.children().into_iter().map(|code| Waiting { code, top, read }));
        }
        // A name may be that of a module elsewhere.
        self.opaque |= self.extended;
    }

    /// Remembers what a `try` binds and an `except` of it as well.
    pub(super) fn falls_back(&mut self, attempt: Code<'_>, depth: usize) {
        let bound_in = |part: Code<'_>| {
            let mut inner = Self::default();
            inner.python(part, depth);
            inner.bound.into_keys()
        };
        let clauses = attempt.children().into_iter().filter(|part| part.word() == "except_clause");
        let caught: HashSet<Box<str>> = clauses.flat_map(bound_in).collect();
        let tried = attempt.body().into_iter().flat_map(bound_in);
        self.fallbacks.extend(tried.filter(|name| caught.contains(name)));
    }
}

/// `globals()`, `sys.modules[__name__]`; outside functions and classes `vars()` and `locals()`.
fn is_namespace(code: Code<'_>, top: bool) -> bool {
    match code.kind() {
        Kind::Call => {
            let callee = code.callee().map_or("", Code::text);
            let own = callee == "globals" || (top && matches!(callee, "vars" | "locals"));
            own && code.arguments().is_empty()
        }
        Kind::Index => {
            is_module_table(code) && code.index().is_some_and(|index| index.text() == "__name__")
        }
        _ => false,
    }
}

/// `sys.modules[…]`
fn is_module_table(index: Code<'_>) -> bool {
    index.object().is_some_and(|object| object.text() == "sys.modules")
}

/// `globals()[…] = a`, `sys.modules[…] = a`
fn writes_names(code: Code<'_>, top: bool) -> bool {
    let target = if code.kind() == Kind::Assign { code.target() } else { None };
    target.filter(|target| target.kind() == Kind::Index).is_some_and(|target| {
        is_module_table(target) || target.object().is_some_and(|object| is_namespace(object, top))
    })
}

/// True when what stands at once in this code is only read by it.
fn reads(code: Code<'_>, read: bool) -> bool {
    match code.kind() {
        Kind::Index | Kind::Compare | Kind::For => true,
        Kind::Attribute => {
            let member = code.member().unwrap_or_default();
            let table = code.object().is_some_and(|object| object.kind() == Kind::Index);
            let changes = matches!(member, "__dict__" | "__class__" | "__setattr__");
            let looks = matches!(member, "copy" | "get" | "items" | "keys" | "values");
            if table { !changes } else { looks }
        }
        Kind::Call => READERS.contains(&code.callee().map_or("", Code::text)),
        _ => read && code.word() == "argument_list",
    }
}

/// `__path__ = …`, `__path__.append(…)`, `declare_namespace(…)`
fn extends_path(code: Code<'_>) -> bool {
    match code.kind() {
        Kind::Assign | Kind::Augment => {
            code.target().is_some_and(|target| target.text() == "__path__")
        }
        Kind::Call => code.callee().is_some_and(|callee| {
            let name = callee.text();
            let extends = callee.object().is_some_and(|object| object.text() == "__path__");
            extends || name.rsplit('.').next() == Some("declare_namespace")
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::exports::exports_of;
    use crate::scan::language::{Language, parse};

    fn told(text: &str) -> Exports {
        let tree = parse(Language::Python, text);
        assert!(!tree.root_node().has_error(), "{text}");
        exports_of(Language::Python, text, &tree)
    }

    #[test]
    fn names_that_are_made_at_run_time_cannot_be_known() {
        for text in [
            "_globals = globals()\n",
            "_builder.BuildTopDescriptorsAndMessages(D, 'a', globals())\n",
            "globals()[name] = 1\n",
            "def add():\n    globals().update(a=1)\n",
            "vars().update(a)\n",
            "locals()['a'] = 1\n",
            "setattr(sys.modules[__name__], name, 1)\n",
            "this = sys.modules[__name__]\n",
            "sys.modules[__name__] = Lazy()\n",
            "sys.modules[__name__].__class__ = Lazy\n",
            "__getattr__, __all__ = attach(__name__)\n",
        ] {
            assert!(told(text).opaque, "{text}");
        }
        for text in [
            "a = globals().get('b')\n",
            "a = globals()['b']\n",
            "a = 'b' in globals()\n",
            "__all__ = [name for name in globals() if name]\n",
            "a = getattr(sys.modules[__name__], 'b')\n",
            "a = sys.modules[__name__].b\n",
            "def f():\n    return vars()\n",
            "a = vars(b)\n",
            "a = 'globals()'  # vars()\n",
        ] {
            assert!(!told(text).opaque, "{text}");
        }
    }

    #[test]
    fn a_package_may_extend_its_path() {
        for text in [
            "__path__ = __import__('pkgutil').extend_path(__path__, __name__)\n",
            "try:\n    __import__('pkg_resources').declare_namespace(__name__)\n\
             except ImportError:\n    from pkgutil import extend_path\n\
             \x20   __path__ = extend_path(__path__, __name__)\n",
            "import pkg_resources\npkg_resources.declare_namespace(__name__)\n",
            "__path__.append(elsewhere)\n",
        ] {
            assert!(told(text).extended && told(text).opaque, "{text}");
        }
        assert!(!told("a = list(iter_modules(__path__))\n").extended);
    }
}
