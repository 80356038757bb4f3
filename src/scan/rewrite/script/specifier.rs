//! Module specifiers of TypeScript and JavaScript, and the files they mean.

/// Endings that an import may leave out.
const ENDINGS: [&str; 10] =
    [".d.ts", ".tsx", ".jsx", ".mts", ".cts", ".mjs", ".cjs", ".ts", ".js", ".json"];

/// How the files of a tree name each other.
#[derive(Clone, Copy, Debug)]
pub struct Specifiers<'a> {
    /// The folder of the file that imports, from the root of the tree, with `/`.
    pub folder: &'a str,
    /// Path aliases and the folders they stand for.
    pub aliases: &'a [(String, String)],
}

impl Specifiers<'_> {
    /// The module that a specifier means: a path in the tree without ending, or a package.
    pub fn module(&self, specifier: &str) -> Option<String> {
        let path = if is_relative(specifier) {
            joined(self.folder, specifier)?
        } else if let Some((alias, base)) = self.alias_of(specifier) {
            joined(base.trim_end_matches('/'), &specifier[alias.len()..])?
        } else {
            return Some(specifier.to_owned());
        };
        Some(plain(&path).to_owned())
    }

    fn alias_of(&self, specifier: &str) -> Option<&(String, String)> {
        let fitting =
            self.aliases.iter().filter(|(alias, _)| specifier.starts_with(alias.as_str()));
        fitting.max_by_key(|(alias, _)| alias.len())
    }

    /// How the module `to` is named in the place of `specifier`; `in_tree` says whether it is a
    /// path in the tree.
    pub fn spelled(&self, specifier: &str, to: &str, in_tree: bool) -> String {
        let ending = ENDINGS.iter().find(|ending| specifier.ends_with(**ending));
        let ending = ending.copied().unwrap_or_default();
        if !in_tree {
            return to.to_owned();
        }
        if is_relative(specifier) {
            return format!("{}{ending}", relative(self.folder, to));
        }
        match self.alias_of(specifier) {
            Some((alias, base)) => match to.strip_prefix(base.as_str()) {
                Some(rest) => format!("{alias}{rest}{ending}"),
                None => format!("{}{ending}", relative(self.folder, to)),
            },
            None => format!("{to}{ending}"),
        }
    }
}

/// A module in the tree as it is named from a folder.
pub fn relative(folder: &str, to: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = to.split('/').collect();
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let shared = shared.min(to.len() - 1);
    let up = from.len() - shared;
    let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    format!("{start}{}", to[shared..].join("/"))
}

/// A path in the tree without ending and without `/index`.
pub fn plain(path: &str) -> &str {
    let bare = ENDINGS.iter().find_map(|ending| path.strip_suffix(ending)).unwrap_or(path);
    bare.strip_suffix("/index").unwrap_or(bare)
}

/// The endings under which a module may be a file.
pub fn files_of(module: &str) -> impl Iterator<Item = String> + '_ {
    let direct = ENDINGS.iter().map(move |ending| format!("{module}{ending}"));
    direct.chain(ENDINGS.iter().map(move |ending| format!("{module}/index{ending}")))
}

fn is_relative(specifier: &str) -> bool {
    specifier == "."
        || specifier == ".."
        || specifier.starts_with("./")
        || specifier.starts_with("../")
}

fn joined(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases() -> Vec<(String, String)> {
        vec![("@/".to_owned(), "web/".to_owned()), ("~".to_owned(), String::new())]
    }

    #[test]
    fn a_specifier_means_a_path_or_a_package() {
        let aliases = aliases();
        let at = Specifiers { folder: "web/app", aliases: &aliases };
        let module = |specifier| at.module(specifier).expect("a module");
        assert_eq!(module("./old"), "web/app/old");
        assert_eq!(module("../lib/old.js"), "web/lib/old");
        assert_eq!(module("../lib/old/index"), "web/lib/old");
        assert_eq!(module("@/lib/old"), "web/lib/old");
        assert_eq!(module("jsonwebtoken"), "jsonwebtoken");
        assert_eq!(module("@scope/pack"), "@scope/pack");
        assert_eq!(at.module("../../../old"), None);
    }

    #[test]
    fn a_module_is_named_in_the_way_of_the_one_it_replaces() {
        let aliases = aliases();
        let at = Specifiers { folder: "web/app", aliases: &aliases };
        assert_eq!(at.spelled("./old", "web/app/new", true), "./new");
        assert_eq!(at.spelled("./old.js", "web/lib/new", true), "../lib/new.js");
        assert_eq!(at.spelled("@/app/old", "web/lib/new", true), "@/lib/new");
        assert_eq!(at.spelled("@/app/old", "shared/new", true), "../../shared/new");
        assert_eq!(at.spelled("./old", "@netra/ws", false), "@netra/ws");
        assert_eq!(at.spelled("./a", "web/app", true), "../app");
    }
}
