//! Which profiles there are, and what is in them.

use std::fmt::Write as _;

use crate::legacy::profile::Profile;
use crate::legacy::{shipped, shipped_text};

/// Widest line of a text for people, in characters.
const WIDTH: usize = 80;

/// One entry a profile.
pub fn list() -> String {
    let mut text = String::new();
    for (name, profile) in shipped() {
        let number = number(name, &profile).unwrap_or("-");
        let lines = wrapped(&profile.description, WIDTH - 25).join("\n                         ");
        writeln!(text, "{number:<4} {name:<19} {lines}").ok();
    }
    text
}

/// The catalogue number, where there is one.
pub fn number<'p>(name: &str, profile: &'p Profile) -> Option<&'p str> {
    Some(&*profile.id).filter(|id| *id != name)
}

/// A shipped profile by name or by number.
pub fn find(name: &str) -> Option<(&'static str, Profile)> {
    shipped().find(|(known, profile)| *known == name || profile.id.eq_ignore_ascii_case(name))
}

/// What to say when there is no such profile.
pub fn unknown(name: &str) -> String {
    format!("no profile is named {name:?}; crossfade profiles list shows them all")
}

/// A profile's TOML; as the definition of a configured path when one is named.
pub fn show(name: &str, path: Option<&str>) -> Option<String> {
    let (name, _) = find(name)?;
    let text = shipped_text(name)?;
    let Some(path) = path else { return Some(text.to_owned()) };
    let mut definition =
        format!("[{path}]\nkind = \"profile\"\nprofile = \"my-{name}\"\n\n[{path}.definition]\n");
    for line in text.lines() {
        match (line.strip_prefix("[["), line.strip_prefix('[')) {
            (Some(rest), _) => writeln!(definition, "[[{path}.definition.{rest}"),
            (None, Some(rest)) => writeln!(definition, "[{path}.definition.{rest}"),
            (None, None) => writeln!(definition, "{line}"),
        }
        .ok();
    }
    Some(definition)
}

/// A dotted path of bare TOML keys.
pub fn path(text: &str) -> Result<String, String> {
    let bare = |key: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !key.is_empty() && key.chars().all(plain)
    };
    if text.split('.').all(bare) {
        Ok(text.to_owned())
    } else {
        Err("a path is names with dots between them, like legacy.old".to_owned())
    }
}

/// Lines of at most `width` characters, broken between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let last = lines.len() - 1;
        let line = &mut lines[last];
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_fits_a_terminal() {
        for line in list().lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }

    #[test]
    fn every_shipped_profile_can_be_shown_by_name_and_by_number_and_read_back() {
        for (name, profile) in shipped() {
            let text = show(name, None).expect("a text");
            assert_eq!(show(&profile.id, None).as_ref(), Some(&text));
            assert_eq!(Profile::from_toml(&text), Ok(profile));
        }
        assert_eq!(show("core", None), None);
    }

    #[test]
    fn a_definition_stands_below_the_path_that_it_defines() {
        let text = show("ws-ladder", Some("legacy.old")).expect("a text");
        let heads = text.lines().filter(|line| line.starts_with('['));
        for head in heads.skip(1) {
            assert!(head.trim_start_matches('[').starts_with("legacy.old.definition"), "{head}");
        }
        assert!(path("legacy.old").is_ok());
        for odd in ["", "legacy.", "legacy old", "a]\nb"] {
            assert!(path(odd).is_err(), "{odd}");
        }
    }
}
