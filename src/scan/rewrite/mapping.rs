//! What moves where: the `[rewrite]` part of a tree's `crossfade.toml`, proven.

mod raw;
mod rule;

use std::collections::BTreeSet;
use std::path::Path;

pub use rule::{Argument, At, Await, CallShape, Language, Moved, Rule, Uses};

/// The file at the root of a tree in which the mapping stands.
pub const FILE_NAME: &str = "crossfade.toml";

/// A mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("{0} cannot be read: {1}")]
    Unreadable(String, std::io::Error),
    /// The file is not TOML, or the section has members that nobody knows.
    #[error("the mapping cannot be read: {0}")]
    Malformed(String),
    /// Nothing is mapped.
    #[error("no [[rewrite.import]] and no [[rewrite.call]]: there is nothing to rewrite")]
    Empty,
    /// A rule does not say enough, or says what cannot be done.
    #[error("the rule for {0}: {1}")]
    Rule(String, &'static str),
    /// Two rules speak of the same thing.
    #[error("two rules move {0}")]
    Twice(String),
    /// A second run would move again what the first has moved.
    #[error("{0} is where one rule leads to and where another begins: name the last place at once")]
    Chained(String),
}

/// All that moves.
#[derive(Debug)]
pub struct Mapping {
    rules: Vec<Rule>,
    /// Folders in which absolute Python names begin, from the root of the tree.
    pub roots: Vec<String>,
    /// What path aliases of TypeScript stand for: `@/` and `frontend/`.
    pub paths: Vec<(String, String)>,
}

impl Mapping {
    /// Reads the mapping of a tree, or another file.
    pub fn of(file: &Path) -> Result<Self, MappingError> {
        let text = std::fs::read_to_string(file)
            .map_err(|error| MappingError::Unreadable(file.display().to_string(), error))?;
        Self::parse(&text)
    }

    /// Reads TOML; sections other than `[rewrite]` are others'.
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        raw::parse(text)
    }

    fn proven(
        rules: Vec<Rule>,
        roots: Vec<String>,
        paths: Vec<(String, String)>,
    ) -> Result<Self, MappingError> {
        if rules.is_empty() {
            return Err(MappingError::Empty);
        }
        let mut known = BTreeSet::new();
        for rule in &rules {
            if !known.insert((rule.language, rule.from.clone(), rule.name.clone())) {
                return Err(MappingError::Twice(rule.source()));
            }
        }
        let mapping = Self { rules, roots, paths };
        for rule in &mapping.rules {
            if mapping.moves_again(rule) {
                return Err(MappingError::Chained(rule.target()));
            }
        }
        Ok(mapping)
    }

    fn moves_again(&self, rule: &Rule) -> bool {
        let (language, to) = (rule.language, rule.to.as_str());
        let named = rule.new_name.as_deref();
        self.module(language, to).is_some()
            || named.is_some_and(|name| self.name(language, to, name).is_some())
            || (named.is_none() && self.has_names(language, to))
    }

    /// Every rule.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rules of a language.
    pub fn of_language(&self, language: Language) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |rule| rule.language == language)
    }

    /// Where a whole module has moved.
    pub fn module(&self, language: Language, module: &str) -> Option<Moved<'_>> {
        let mut best: Option<Moved<'_>> = None;
        for rule in self.of_language(language).filter(|rule| rule.name.is_none()) {
            let Some(to) = rule.moved(module) else { continue };
            if best.as_ref().is_none_or(|best| rule.from.len() > best.rule.from.len()) {
                best = Some(Moved { to, rule });
            }
        }
        best
    }

    /// Where one name of a module has moved.
    pub fn name(&self, language: Language, module: &str, name: &str) -> Option<&Rule> {
        self.of_language(language)
            .find(|rule| rule.from == module && rule.name.as_deref() == Some(name))
    }

    /// True when single names of a module have moved.
    pub fn has_names(&self, language: Language, module: &str) -> bool {
        self.of_language(language).any(|rule| rule.from == module && rule.name.is_some())
    }

    /// True when something below a module has moved.
    pub fn has_below(&self, language: Language, module: &str) -> bool {
        self.of_language(language).any(|rule| {
            let rest = rule.from.strip_prefix(module);
            rest.is_some_and(|rest| rest.starts_with(language.separator()))
        })
    }

    /// Words of which a file must hold one to be of interest.
    pub fn words(&self) -> BTreeSet<&str> {
        let last = |rule: &'_ Rule| rule.from.rfind(rule.language.separator()).map_or(0, |n| n + 1);
        let modules = self.rules.iter().map(|rule| &rule.from[last(rule)..]);
        modules.chain(self.rules.iter().filter_map(|rule| rule.name.as_deref())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        Mapping::parse(text).expect_err("refused").to_string()
    }

    #[test]
    fn a_rule_that_begins_where_another_leads_to_is_refused() {
        let text = "[[rewrite.import]]\nfrom='a.b'\nto='c.d'\n\
                    [[rewrite.import]]\nfrom='c.d'\nto='e.f'\n";
        assert!(refused(text).contains("c.d is where one rule leads to"));
        let below = "[[rewrite.import]]\nfrom='a'\nto='a.b'\nbelow=true\n";
        assert!(refused(below).contains("a.b is where"));
    }

    #[test]
    fn a_name_may_take_another_name_in_the_same_module() {
        let text = "[[rewrite.import]]\nfrom='a.b'\nname='X'\nto='a.b'\nas='Y'\n";
        assert_eq!(Mapping::parse(text).expect("proven").rules().len(), 1);
    }

    #[test]
    fn what_is_missing_twice_or_unknown_is_named() {
        assert!(refused("[rewrite]\n").contains("nothing to rewrite"));
        assert!(refused("").contains("nothing to rewrite"));
        let twice = "[[rewrite.import]]\nfrom='a'\nto='c'\n[[rewrite.import]]\nfrom='a'\nto='d'\n";
        assert!(refused(twice).contains("two rules move a"));
        assert!(refused("[[rewrite.import]]\nform='a'\nto='c'\n").contains("form"));
        assert!(refused("[[rewrite.call]]\nfrom='a'\nto='c'\n").contains("name"));
        assert!(refused("[[rewrite.import]]\nfrom='a b'\nto='c'\n").contains("a b"));
        assert!(refused("[[rewrite.import]]\nfrom='a'\nas='X'\nto='c'\n").contains("as"));
    }

    #[test]
    fn the_longest_module_wins_and_names_are_found_apart() {
        let text = "[[rewrite.import]]\nfrom='a'\nto='x'\nbelow=true\n\
                    [[rewrite.import]]\nfrom='a.b'\nto='y'\n\
                    [[rewrite.import]]\nfrom='a.c'\nname='N'\nto='z'\n";
        let mapping = Mapping::parse(text).expect("proven");
        let to = |module| mapping.module(Language::Python, module).map(|moved| moved.to);
        assert_eq!(to("a.b").as_deref(), Some("y"));
        assert_eq!(to("a.d.e").as_deref(), Some("x.d.e"));
        assert_eq!(to("ab"), None);
        assert!(mapping.name(Language::Python, "a.c", "N").is_some());
        assert!(mapping.has_below(Language::Python, "a"));
    }
}
