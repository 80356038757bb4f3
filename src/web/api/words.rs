//! Reading what was typed: names, roles, scopes, spans of time.

use std::time::Duration;

use crate::access::{Name, Role, Scope, Scopes};
use crate::web::Problem;

/// A name in a body. Error: 422.
pub fn name(text: &str) -> Result<Name, Problem> {
    Name::parse(text).ok_or_else(|| {
        Problem::unprocessable(
            "a name is 1 to 64 of `a-z`, `0-9`, `.`, `_`, `-` and `@`, a letter or digit first",
        )
    })
}

/// A name in a path. Error: 404, for nobody has such a name.
pub fn named(text: &str) -> Result<Name, Problem> {
    Name::parse(text).ok_or_else(|| Problem::not_found("nobody and nothing has such a name"))
}

/// A role. Error: 422.
pub fn role(text: &str) -> Result<Role, Problem> {
    Role::parse(text).ok_or_else(|| {
        Problem::unprocessable("a role is `viewer`, `operator`, `promoter` or `admin`")
    })
}

/// The scopes of a token. Error: 422.
pub fn scopes(texts: &[String]) -> Result<Scopes, Problem> {
    let read = |text: &String| Scope::parse(text);
    let scopes: Option<Vec<Scope>> = texts.iter().map(read).collect();
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    let scopes = scopes.ok_or_else(|| Problem::unprocessable(format!("scopes are {known}")))?;
    Scopes::new(scopes).map_err(Problem::unprocessable)
}

/// Longest note, in bytes.
pub(super) const NOTE_MAX: usize = 512;

/// Why something is done, for the log. Error: 422 for none, and for one over 512 bytes.
pub fn note(text: &str) -> Result<String, Problem> {
    let note = text.trim();
    if note.is_empty() || note.len() > NOTE_MAX {
        let wrong = format!("`note` says why, in 1 to {NOTE_MAX} bytes");
        return Err(Problem::unprocessable(wrong));
    }
    Ok(note.to_owned())
}

/// A span of at least a second. Error: 422.
pub fn span(seconds: u64) -> Result<Duration, Problem> {
    let longest = Duration::from_hours(24 * 400).as_secs();
    if !(1..=longest).contains(&seconds) {
        let wrong = format!("`valid_for_s` is 1 to {longest}, which is 400 days");
        return Err(Problem::unprocessable(wrong));
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_wrong_is_told_with_what_would_be_right() {
        assert_eq!(name("ada lovelace").expect_err("no name").status(), 422);
        assert_eq!(named("ada lovelace").expect_err("no name").status(), 404);
        assert_eq!(role("root").expect_err("no role").status(), 422);
        assert_eq!(note(" ").expect_err("no note").status(), 422);
        assert_eq!(span(0).expect_err("too short").status(), 422);
        assert_eq!(span(401 * 86_400).expect_err("too long").status(), 422);
    }

    #[test]
    fn a_token_is_for_data_or_for_control() {
        let of = |texts: &[&str]| {
            scopes(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
        };
        assert!(of(&["read", "roll_back"]).is_ok());
        for wrong in [&["read", "decide"][..], &[], &["everything"]] {
            assert_eq!(of(wrong).expect_err("refused").status(), 422, "{wrong:?}");
        }
    }
}
