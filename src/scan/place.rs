//! From what a rule found to a finding: where it is, what it says, and what stays the same of it.

use std::collections::HashMap;
use std::sync::Arc;

use super::category::Category;
use super::finding::Finding;
use super::seen::{Found, Seen};
use super::settings::{Canon, Settings};
use super::tree::FileId;
use crate::domain::Fingerprint;

/// Longest piece of code that is shown, in characters.
const CODE_MAX: usize = 160;

/// A finding, and the class of another file that must keep sockets for it to be one.
pub(super) type Placed = (Finding, Option<(FileId, String)>);

/// The findings of a file, in the order of the text, each place once for each category.
pub(super) fn findings_of(seen: &Seen<'_>, path: &Arc<str>) -> Vec<Placed> {
    let mut found = seen.found.take();
    // What is sure comes before what depends on another file.
    found.sort_by_key(|found| (found.at.code.start(), found.category, found.needs.is_some()));
    found.dedup_by(|a, b| a.category == b.category && a.at.code.id() == b.at.code.id());
    let service = seen.service().map(|service| service.name.clone()).unwrap_or_default();
    let mut equals: HashMap<String, usize> = HashMap::new();
    found
        .iter()
        .map(|found| {
            let mut finding = place(seen, found, path);
            finding.service.clone_from(&service);
            let Finding { category, owner, code, .. } = &finding;
            let same = format!("{category}\n{path}\n{owner}\n{code}");
            let number = equals.entry(same.clone()).or_default();
            let content = format!("{same}\n{number}");
            *number += 1;
            finding.fingerprint = Fingerprint::of_content(content.as_bytes()).to_string();
            (finding, found.needs.clone())
        })
        .collect()
}

fn place(seen: &Seen<'_>, found: &Found<'_>, path: &Arc<str>) -> Finding {
    let node = found.at.code.node();
    let (start, end) = (node.start_position(), node.end_position());
    let text = seen.text.text;
    let column = |byte: usize, column: usize| {
        let line = &text[byte - column..byte];
        number(line.chars().count() + 1)
    };
    let own = matches!(
        found.category,
        Category::Validator
            | Category::Delegate
            | Category::SocketManager
            | Category::SocketManagerNamesake
            | Category::FactoryDefinition
    );
    let frame = if own { seen.frame_made_by(found.at.code) } else { None };
    Finding {
        category: found.category,
        path: Arc::clone(path),
        line: number(start.row + 1),
        column: column(node.start_byte(), start.column),
        end_line: number(end.row + 1),
        end_column: column(node.end_byte(), end.column),
        owner: seen.qualified(frame.unwrap_or(found.at.frame)),
        class: seen.class,
        service: String::new(),
        canonical: is_canonical(found.category, path, seen.settings),
        what: found.what.clone(),
        code: shown(found.at.code.text()),
        fingerprint: String::new(),
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn is_canonical(category: Category, path: &str, settings: &Settings) -> bool {
    let lies_in = |canon: &Canon| canon.canonical.iter().any(|place| is_at(path, place));
    match category {
        Category::JwtImport
        | Category::VerifiedDecode
        | Category::UnverifiedDecode
        | Category::Encode
        | Category::HandParse
        | Category::Validator
        | Category::Delegate
        | Category::KeyRead
        | Category::FrontendDecode
        | Category::StorageTokenRead
        | Category::UrlToken => lies_in(&settings.authority),
        Category::SocketManager
        | Category::SocketManagerNamesake
        | Category::ManagerAlias
        | Category::FactoryDefinition
        | Category::AccessorUse
        | Category::SocketSend
        | Category::SocketAccept
        | Category::SocketClose
        | Category::SocketReceive
        | Category::EventEmission => lies_in(&settings.manager),
        Category::LegacyImport | Category::UnresolvableImport => {
            lies_in(&settings.manager) || lies_in(&settings.authority)
        }
    }
}

/// True for the file itself, and for what lies in the folder.
pub(super) fn is_at(path: &str, place: &str) -> bool {
    let place = place.trim_end_matches('/');
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The first line, without literals that look like tokens or keys.
fn shown(code: &str) -> String {
    let line = code.lines().next().unwrap_or_default().trim_end();
    let mut out = String::with_capacity(line.len().min(CODE_MAX));
    let mut run = String::new();
    for letter in line.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '+' | '/' | '=') {
            run.push(letter);
            continue;
        }
        out.push_str(redacted(&run));
        run.clear();
        out.push(letter);
    }
    out.push_str(redacted(&run));
    out.chars().take(CODE_MAX).collect()
}

/// A run of letters that is no word: it begins as a token does, or is long and mixed.
fn redacted(run: &str) -> &str {
    let token = run.starts_with("eyJ") && run.len() >= 16;
    let longest = run.split(['.', '_', '-', '/']).max_by_key(|part| part.len()).unwrap_or("");
    let digits = longest.bytes().filter(u8::is_ascii_digit).count();
    let letters = longest.bytes().filter(u8::is_ascii_alphabetic).count();
    if token || (longest.len() >= 24 && digits >= 3 && letters >= 3) { "…" } else { run }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_look_like_tokens_are_not_shown() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1In0.c2ln";
        assert_eq!(shown(&format!("jwt.decode('{token}', key)")), "jwt.decode('…', key)");
        assert_eq!(shown("f('9f86d081884c7d659a2feaa0c55ad015a3bf4f1b')"), "f('…')");
        let plain = "settings.authority.validate_token_with_a_long_name_of_its_own(token)";
        assert_eq!(shown(plain), plain);
        assert_eq!(shown("a\nb"), "a");
        assert_eq!(shown(&"ä ".repeat(200)).chars().count(), CODE_MAX);
    }

    #[test]
    fn a_place_is_a_file_or_a_folder() {
        assert!(is_at("a/b.py", "a/b.py") && is_at("a/b.py", "a/") && is_at("a/b.py", "a"));
        assert!(!is_at("ab/c.py", "a") && !is_at("a/b.pyi", "a/b.py"));
    }
}
