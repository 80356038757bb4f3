//! Names under which files hand on what a rule looks for, though the name itself does not tell:
//! `unpack = jwt.decode` makes a call of `unpack` in another file a decode. Files that mention such
//! a name are parsed as well.

use std::collections::HashSet;

use super::category::Category;
use super::exports::{Bound, Exports};
use super::finding::Finding;
use super::language::Language;
use super::sieve::Sieve;

/// Shorter names stand everywhere; they are not followed.
const LENGTH_MIN: usize = 2;

/// Longest way through aliases of one file.
const STEPS_MAX: usize = 8;

/// The names of a file that hand something on, and those of managers that it makes.
pub(super) fn echoes_of<'f>(
    sieve: &Sieve,
    language: Language,
    exports: &Exports,
    findings: impl Iterator<Item = &'f Finding>,
    known: &HashSet<String>,
) -> Vec<String> {
    let tells = |text: &str| sieve.holds(language, text) || known.contains(text);
    let mut names: Vec<String> = Vec::new();
    for (name, bound) in &exports.bound {
        let name = name.strip_prefix("export ").unwrap_or(name);
        if !tells(name) && hands_on(exports, bound, &tells, STEPS_MAX) {
            names.push(name.to_owned());
        }
    }
    for (shown, hidden) in exports.exported.iter().flatten() {
        let bound = exports.bound.get(hidden);
        let told = tells(hidden) || bound.is_some_and(|b| hands_on(exports, b, &tells, STEPS_MAX));
        if shown != hidden && **shown != *"default" && !tells(shown) && told {
            names.push(shown.to_string());
        }
    }
    for (path, text) in &exports.texts {
        let name = path.rsplit('.').next().unwrap_or(path);
        if !tells(name) && tells(text) {
            names.push(name.to_owned());
        }
    }
    for manager in findings.filter(|found| found.category == Category::SocketManager) {
        let name = manager.owner.rsplit('.').next().unwrap_or("");
        if !name.is_empty() && !tells(name) {
            names.push(name.to_owned());
        }
    }
    names.retain(|name| name.len() >= LENGTH_MIN);
    names
}

fn hands_on(exports: &Exports, bound: &Bound, tells: &dyn Fn(&str) -> bool, steps: usize) -> bool {
    let Some(steps) = steps.checked_sub(1) else { return false };
    match bound {
        Bound::Own => false,
        Bound::From { module, name } => {
            tells(module) || name.as_deref().is_some_and(|name| name.split('.').any(tells))
        }
        Bound::Alias(path) => {
            let root = path.split('.').next().unwrap_or(path);
            path.split('.').any(tells)
                || exports
                    .bound
                    .get(root)
                    .is_some_and(|inner| inner != bound && hands_on(exports, inner, tells, steps))
        }
    }
}

/// Names that texts are searched for.
pub(super) struct Wanted<'n> {
    names: &'n HashSet<String>,
    /// Whether one of them begins with this byte.
    begins: [bool; 256],
    /// A bit for each length that one of them has; the last stands for all that are longer.
    lengths: u64,
}

impl<'n> Wanted<'n> {
    pub(super) fn new(names: &'n HashSet<String>) -> Self {
        let mut wanted = Self { names, begins: [false; 256], lengths: 0 };
        for name in names {
            wanted.lengths |= 1 << name.len().min(63);
            if let Some(first) = name.bytes().next() {
                wanted.begins[usize::from(first)] = true;
            }
        }
        wanted
    }

    /// True when a text has one of the names as a name of its own.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            if !OF_NAME[usize::from(bytes[at])] {
                at += 1;
                continue;
            }
            let start = at;
            while at < bytes.len() && OF_NAME[usize::from(bytes[at])] {
                at += 1;
            }
            if self.begins[usize::from(bytes[start])]
                && self.lengths & (1 << (at - start).min(63)) != 0
                && self.names.contains(&text[start..at])
            {
                return true;
            }
        }
        false
    }
}

/// The bytes that names are made of.
const OF_NAME: [bool; 256] = {
    let mut of_name = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        of_name[byte as usize] = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$';
        byte += 1;
    }
    of_name
};
