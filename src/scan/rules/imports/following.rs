//! Where imports lead.

use crate::scan::disk::is_on_disk;
use crate::scan::import::{Import, ImportForm};
use crate::scan::modules::Place;
use crate::scan::names::{Definition, Names};
use crate::scan::place::is_at;
use crate::scan::settings::{Canon, Settings};
use crate::scan::tree::{FileId, SourceTree};
use crate::scan::wildcard::any_fits;

/// Where imports are followed from.
#[derive(Clone, Copy)]
pub(super) struct Following<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) tree: &'a SourceTree,
    pub(super) settings: &'a Settings,
    pub(super) from: FileId,
}

impl Following<'_> {
    /// Why an import is legacy, if it is.
    pub(super) fn legacy(&self, import: &Import<'_>) -> Option<String> {
        let canons = [&self.settings.manager, &self.settings.authority];
        canons.into_iter().find_map(|canon| self.legacy_of(canon, import))
    }

    fn legacy_of(&self, canon: &Canon, import: &Import<'_>) -> Option<String> {
        let name = match (import.name, import.local) {
            (Some("default"), local) => local,
            (name, _) => name,
        };
        let named = name.is_some_and(|name| any_fits(&canon.names, name));
        let by_module = self.is_legacy_module(canon, import);
        if !named && !by_module {
            return None;
        }
        let found = self.definition(import);
        if matches!(found, Definition::Missing) {
            return None;
        }
        if by_module && !self.ends_in(canon, &self.module_itself(import)) {
            return Some(format!(
                "{} of the legacy module {}",
                name.unwrap_or("all"),
                import.module
            ));
        }
        if !named {
            return None;
        }
        let name = name.unwrap_or_default();
        match &found {
            Definition::In(file, _) | Definition::Module(file) => {
                let path = &self.tree.file(*file).path;
                (!is_in(canon, path)).then(|| format!("{name} comes from {path}"))
            }
            Definition::Unknown => match self.names.modules().place(self.from, import.module) {
                Place::File(file) if !is_in(canon, &self.tree.file(file).path) => {
                    Some(format!("{name} comes by way of {}", self.tree.file(file).path))
                }
                Place::File(_) | Place::Folder | Place::Outside | Place::Missing => None,
            },
            Definition::Library(..) | Definition::Missing => None,
        }
    }

    fn definition(&self, import: &Import<'_>) -> Definition {
        self.names.imported(self.from, import.module, import.name)
    }

    fn module_itself(&self, import: &Import<'_>) -> Definition {
        self.names.imported(self.from, import.module, None)
    }

    fn ends_in(&self, canon: &Canon, found: &Definition) -> bool {
        match found {
            Definition::In(file, _) | Definition::Module(file) => {
                is_in(canon, &self.tree.file(*file).path)
            }
            Definition::Library(..) | Definition::Missing | Definition::Unknown => false,
        }
    }

    /// True when the module, or the module that is imported as a name, is one of the legacy ones.
    fn is_legacy_module(&self, canon: &Canon, import: &Import<'_>) -> bool {
        let fits = |module: &str| {
            let dotted = format!(".{module}");
            any_fits(&canon.legacy_modules, module) || any_fits(&canon.legacy_modules, &dotted)
        };
        let bare = import.module.trim_start_matches('.');
        if !bare.is_empty() && fits(bare) {
            return true;
        }
        let of_file = |file: FileId| {
            let path = &self.tree.file(file).path;
            let stem = path.rsplit_once('.').map_or(&**path, |(stem, _)| stem);
            fits(stem) || fits(&self.names.modules().dotted(file))
        };
        let place = self.names.modules().place(self.from, import.module);
        if matches!(place, Place::File(file) if of_file(file)) {
            return true;
        }
        match import.name.map(|_| self.definition(import)) {
            Some(Definition::Module(file)) => of_file(file),
            _ => false,
        }
    }

    /// What is missing where an import leads, if anything is.
    pub(super) fn missing(&self, import: &Import<'_>) -> Option<Missing> {
        let path = &self.tree.file(self.from).path;
        let stub = path.ends_with(".pyi") || path.ends_with(".d.ts");
        if stub || is_asset(import.module) {
            return None;
        }
        let place = self.names.modules().place(self.from, import.module);
        if place == Place::Missing {
            return (!self.names.may_be_elsewhere(self.from, import.module))
                .then(|| Missing::Module(note_of(import.module)));
        }
        let name = import.name.filter(|_| import.form != ImportForm::Star)?;
        if self.definition(import) != Definition::Missing {
            return None;
        }
        if place == Place::Folder && !import.module.starts_with('.') {
            // A library goes before a folder without an `__init__.py`.
            return None;
        }
        if let Place::File(file) = place {
            let target = &self.tree.file(file).path;
            if self.is_by_chance(file, import.module) {
                return None;
            }
            let script = [".js", ".cjs", ".jsx"].iter().any(|ending| target.ends_with(ending));
            // A module of CommonJS is its own default.
            if name == "default" && script {
                return None;
            }
        }
        let below = format!("{}.{name}", import.module.trim_end_matches('.'));
        let below =
            if import.module.ends_with('.') { format!("{}{name}", import.module) } else { below };
        (!is_on_disk(self.tree, self.from, &below)).then(|| Missing::Name(note_of(name)))
    }

    /// True when a file is reached only because it stands in a folder around this one that is no
    /// package: a library of the same name may be meant.
    fn is_by_chance(&self, file: FileId, module: &str) -> bool {
        let target = &self.tree.file(file).path;
        let python = target.ends_with(".py") || target.ends_with(".pyi");
        python && !module.starts_with('.') && self.names.modules().dotted(file) != module
    }
}

/// What an import does not find.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The module; with a remark.
    Module(&'static str),
    /// The name in it; with a remark.
    Name(&'static str),
}

/// A build may write it later.
fn note_of(name: &str) -> &'static str {
    let last = name.rsplit(['.', '/']).next().unwrap_or(name);
    let generated = matches!(last, "_version" | "version" | "__version__")
        || ["generated", "_pb2", "_pb2_grpc"].iter().any(|mark| name.contains(mark));
    if generated { ", perhaps generated" } else { "" }
}

/// True for the files that a canon names, and what is in its folders.
fn is_in(canon: &Canon, path: &str) -> bool {
    canon.canonical.iter().any(|place| is_at(path, place))
}

/// Style sheets, pictures, data and workers, which bundlers import.
pub(super) fn is_asset(module: &str) -> bool {
    const ENDINGS: [&str; 36] = [
        "css", "scss", "sass", "less", "styl", "svg", "png", "jpg", "jpeg", "gif", "webp", "avif",
        "ico", "json", "json5", "md", "mdx", "html", "txt", "vue", "svelte", "astro", "graphql",
        "gql", "wasm", "yaml", "yml", "woff", "woff2", "ttf", "mp3", "mp4", "wav", "pdf", "glsl",
        "node",
    ];
    let last = module.rsplit('/').next().unwrap_or(module);
    if module.contains(['?', '!']) || module.contains('/') && last.contains(".worker") {
        return true;
    }
    // A dotted Python module has no slash and no ending.
    module.contains('/')
        && module.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_and_style_sheets_are_no_modules() {
        for module in
            ["./a.css", "./a.svg?react", "../data.json", "@/x.module.scss", "./a.worker.ts"]
        {
            assert!(is_asset(module), "{module}");
        }
        for module in ["./a", "./user.service", "pkg.json", ".css", "./a.js"] {
            assert!(!is_asset(module), "{module}");
        }
    }
}
