//! The mapping as it is written, before it is proven.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rule::{Argument, At, Await, CallShape, Language, Rule, Uses};
use super::{Mapping, MappingError};

#[derive(Default, Deserialize)]
struct Document {
    #[serde(default)]
    rewrite: Section,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    #[serde(default)]
    import: Vec<RawRule>,
    #[serde(default)]
    call: Vec<RawCall>,
    roots: Option<Vec<String>>,
    #[serde(default)]
    paths: BTreeMap<String, String>,
    uses: Option<RawUses>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    from: String,
    name: Option<String>,
    to: String,
    r#as: Option<String>,
    language: Option<RawLanguage>,
    #[serde(default)]
    below: bool,
    #[serde(default)]
    alias: bool,
    uses: Option<RawUses>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCall {
    from: String,
    name: String,
    to: String,
    r#as: Option<String>,
    language: Option<RawLanguage>,
    #[serde(default)]
    alias: bool,
    #[serde(default)]
    r#await: RawAwait,
    #[serde(default)]
    argument: Vec<RawArgument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawArgument {
    name: Option<String>,
    at: Option<usize>,
    r#as: Option<String>,
    #[serde(default)]
    drop: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawLanguage {
    Python,
    Typescript,
    Javascript,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawUses {
    Keep,
    Rename,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RawAwait {
    #[default]
    Keep,
    Drop,
    Add,
}

/// Reads and proves the section.
pub(super) fn parse(text: &str) -> Result<Mapping, MappingError> {
    let document: Document =
        toml::from_str(text).map_err(|error| MappingError::Malformed(error.to_string()))?;
    let section = document.rewrite;
    let uses = section.uses.map_or(Uses::Keep, uses_of);
    let mut rules = Vec::new();
    for raw in section.import {
        rules.push(import_rule(raw, uses)?);
    }
    for raw in section.call {
        rules.push(call_rule(raw)?);
    }
    let roots = section.roots.unwrap_or_else(|| vec![String::new(), "src".to_owned()]);
    let roots = roots.iter().map(|root| tree_path(root)).collect();
    let paths = section.paths.into_iter().map(|(alias, path)| (alias, with_slash(&path)));
    Mapping::proven(rules, roots, paths.collect())
}

const fn uses_of(raw: RawUses) -> Uses {
    match raw {
        RawUses::Keep => Uses::Keep,
        RawUses::Rename => Uses::Rename,
    }
}

fn import_rule(raw: RawRule, uses: Uses) -> Result<Rule, MappingError> {
    if raw.name.is_none() && raw.r#as.is_some() {
        return Err(MappingError::Rule(raw.from, "`as` is for a rule with a `name`"));
    }
    if raw.name.is_some() && raw.below {
        return Err(MappingError::Rule(raw.from, "`below` is for a rule without a `name`"));
    }
    let language = language_of(raw.language, &raw.from);
    let rule = Rule {
        language,
        new_name: raw.name.clone().map(|name| raw.r#as.unwrap_or(name)),
        from: module(language, raw.from)?,
        name: raw.name,
        to: module(language, raw.to)?,
        below: raw.below,
        alias: raw.alias,
        uses: raw.uses.map_or(uses, uses_of),
        call: None,
    };
    named(rule)
}

fn call_rule(raw: RawCall) -> Result<Rule, MappingError> {
    let language = language_of(raw.language, &raw.from);
    let source = format!("{} {}", raw.from, raw.name);
    let wrong = |why| MappingError::Rule(source.clone(), why);
    let mut arguments = Vec::new();
    for argument in raw.argument {
        if argument.name.is_none() && argument.at.is_none() {
            return Err(wrong("an argument has a `name`, a place `at`, or both"));
        }
        let becomes = match (argument.r#as, argument.drop) {
            (Some(name), false) if language == Language::Python && is_identifier(&name) => {
                At::Keyword(name)
            }
            (None, true) => At::Dropped,
            _ => return Err(wrong("an argument takes a name with `as` (in Python), or `drop`")),
        };
        arguments.push(Argument { name: argument.name, at: argument.at, becomes });
    }
    let awaits = match raw.r#await {
        RawAwait::Keep => Await::Keep,
        RawAwait::Drop => Await::Drop,
        RawAwait::Add => Await::Add,
    };
    let new_name = raw.r#as.unwrap_or_else(|| raw.name.clone());
    let rule = Rule {
        language,
        from: module(language, raw.from)?,
        name: Some(raw.name),
        to: module(language, raw.to)?,
        new_name: Some(new_name),
        below: false,
        alias: raw.alias,
        uses: Uses::Rename,
        call: Some(CallShape { awaits, arguments }),
    };
    named(rule)
}

fn named(rule: Rule) -> Result<Rule, MappingError> {
    let names = [rule.name.as_deref(), rule.new_name.as_deref()];
    if !names.into_iter().flatten().all(is_identifier) {
        return Err(MappingError::Rule(rule.source(), "a name is one identifier"));
    }
    if rule.from == rule.to && rule.name == rule.new_name && rule.shape().is_none() {
        return Err(MappingError::Rule(rule.source(), "it leads to where it begins"));
    }
    Ok(rule)
}

/// The language that is named, else that of the module's form.
fn language_of(raw: Option<RawLanguage>, module: &str) -> Language {
    let path = module.contains('/') || module.starts_with('@');
    let script = match raw {
        Some(RawLanguage::Python) => false,
        Some(RawLanguage::Typescript | RawLanguage::Javascript) => true,
        None => path,
    };
    if script { Language::Script } else { Language::Python }
}

fn module(language: Language, text: String) -> Result<String, MappingError> {
    let proper = match language {
        Language::Python => text.split('.').all(is_identifier),
        Language::Script => !text.is_empty() && !text.contains(['"', '\'', '\\', '\n', ' ', '`']),
    };
    if !proper {
        return Err(MappingError::Rule(text, "a module is a dotted name, or a path with slashes"));
    }
    Ok(match language {
        Language::Python => text,
        Language::Script => text.trim_start_matches("./").trim_end_matches('/').to_owned(),
    })
}

fn is_identifier(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$')
        && letters.all(|c| c.is_alphanumeric() || c == '_' || c == '$')
}

fn tree_path(path: &str) -> String {
    path.trim_start_matches("./").trim_matches('/').trim_end_matches('.').to_owned()
}

fn with_slash(path: &str) -> String {
    let path = tree_path(path);
    if path.is_empty() { path } else { format!("{path}/") }
}
