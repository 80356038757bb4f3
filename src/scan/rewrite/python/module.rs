//! Where a Python file stands among the modules.

use std::path::Path;

/// The names that a file goes by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    modules: Vec<String>,
    init: bool,
}

impl Package {
    /// The names of a file, given from the root of the tree: one for each root below which it
    /// lies, and one that begins at the topmost folder with an `__init__.py` above it.
    pub fn of(file: &Path, roots: &[String], is_package: &dyn Fn(&Path) -> bool) -> Self {
        let stem = file.file_stem().unwrap_or_default();
        let init = stem == "__init__";
        let mut modules = Vec::new();
        let mut add = |base: &Path| {
            let Ok(inside) = file.strip_prefix(base) else { return };
            let inside = if init { inside.parent() } else { Some(inside) };
            let Some(inside) = inside else { return };
            let parts = inside.with_extension("");
            let parts: Vec<_> = parts.iter().map(|part| part.to_string_lossy()).collect();
            let name = parts.join(".");
            if !name.is_empty() && !modules.contains(&name) {
                modules.push(name);
            }
        };
        let mut top = file.parent();
        while let Some(folder) = top.filter(|folder| is_package(folder)) {
            top = folder.parent();
        }
        // Without an `__init__.py` beside it a file is no part of a package of its own.
        if let Some(base) = top.filter(|top| Some(*top) != file.parent()) {
            add(base);
        }
        for root in roots {
            add(Path::new(root));
        }
        Self { modules, init }
    }

    /// The names.
    pub fn modules(&self) -> &[String] {
        &self.modules
    }

    /// True for an `__init__` file.
    pub const fn is_init(&self) -> bool {
        self.init
    }

    /// What a name behind `dots` dots can mean here.
    pub fn meant(&self, dots: usize, name: &str) -> Vec<String> {
        if dots == 0 {
            return vec![name.to_owned()];
        }
        let above = self.modules.iter().filter_map(|module| self.above(module, dots));
        let joined = above.map(|base| match (base.is_empty(), name.is_empty()) {
            (true, _) => name.to_owned(),
            (false, true) => base.to_owned(),
            (false, false) => format!("{base}.{name}"),
        });
        joined.filter(|module| !module.is_empty()).collect()
    }

    /// The package that `dots` dots mean for one of the file's names.
    fn above<'m>(&self, module: &'m str, dots: usize) -> Option<&'m str> {
        let up = if self.init { dots - 1 } else { dots };
        let mut base = module;
        for _ in 0..up {
            base = match base.rsplit_once('.') {
                Some((base, _)) => base,
                None if base.is_empty() => return None,
                None => "",
            };
        }
        Some(base)
    }

    /// A module written with `dots` dots, as seen from here; `None` when the dots do not reach it.
    pub fn relative(&self, dots: usize, module: &str) -> Option<String> {
        let base =
            self.modules.iter().filter_map(|own| self.above(own, dots)).find_map(|base| {
                let rest = module.strip_prefix(base)?;
                (!base.is_empty()).then_some(rest)
            })?;
        let dotted = ".".repeat(dots);
        match base.strip_prefix('.') {
            Some(rest) => Some(format!("{dotted}{rest}")),
            None => base.is_empty().then_some(dotted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str, roots: &[&str], packages: &[&str]) -> Package {
        let roots: Vec<String> = roots.iter().map(|&root| root.to_owned()).collect();
        let is_package = |folder: &Path| packages.iter().any(|each| Path::new(each) == folder);
        Package::of(Path::new(file), &roots, &is_package)
    }

    #[test]
    fn a_file_goes_by_a_name_for_each_root() {
        assert_eq!(of("a/b/c.py", &[""], &[]).modules(), ["a.b.c"]);
        assert_eq!(of("src/a/c.py", &["", "src"], &["src/a"]).modules(), ["a.c", "src.a.c"]);
        assert_eq!(of("a/__init__.py", &[""], &["a"]).modules(), ["a"]);
        assert_eq!(of("svc/x/a/c.py", &[], &["svc/x/a"]).modules(), ["a.c"]);
    }

    #[test]
    fn dots_count_from_the_package() {
        let module = of("a/b/c.py", &[""], &[]);
        assert_eq!(module.meant(1, "d"), ["a.b.d"]);
        assert_eq!(module.meant(2, ""), ["a"]);
        assert_eq!(module.meant(1, ""), ["a.b"]);
        assert!(module.meant(4, "d").is_empty());
        let init = of("a/b/__init__.py", &[""], &[]);
        assert_eq!(init.meant(1, "d"), ["a.b.d"]);
        assert_eq!(init.meant(2, "d"), ["a.d"]);
    }

    #[test]
    fn a_module_is_written_with_the_dots_that_reach_it() {
        let module = of("a/b/c.py", &[""], &[]);
        assert_eq!(module.relative(1, "a.b.d").as_deref(), Some(".d"));
        assert_eq!(module.relative(2, "a.d.e").as_deref(), Some("..d.e"));
        assert_eq!(module.relative(1, "a.b").as_deref(), Some("."));
        assert_eq!(module.relative(1, "a.bd"), None);
        assert_eq!(module.relative(1, "x.y"), None);
    }
}
