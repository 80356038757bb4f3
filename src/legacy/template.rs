//! Subjects that a legacy path makes up.

use serde::Deserialize;

use super::source::query_parameter;
use crate::domain::{Credentials, Question, Subject};

/// A subject with placeholders: `{unix}` the second of the question, `{request}` the request's
/// id, `{token_hash}` 0 to 9,999 from the token's text, `{query:name}` a query parameter,
/// `{path}` the last segment of the path.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Unix,
    Request,
    TokenHash,
    Query(String),
    LastPathSegment,
}

impl Template {
    /// The subject for a question; `None` when nothing is left of it.
    pub fn subject(&self, question: &Question, token: Option<&str>) -> Option<Subject> {
        let texts = self.0.iter().map(|piece| piece.text(question, token));
        Subject::parse(&texts.collect::<String>())
    }
}

impl TryFrom<String> for Template {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = &*text;
        while let Some((before, behind)) = rest.split_once('{') {
            let (name, after) = behind.split_once('}').ok_or("a brace is not closed")?;
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::named(name)?);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }
}

impl Piece {
    fn named(name: &str) -> Result<Self, String> {
        Ok(match name {
            "unix" => Self::Unix,
            "request" => Self::Request,
            "token_hash" => Self::TokenHash,
            "path" => Self::LastPathSegment,
            _ => match name.strip_prefix("query:") {
                Some(parameter) => Self::Query(parameter.to_owned()),
                None => return Err(format!("no placeholder is named {name:?}")),
            },
        })
    }

    fn text(&self, question: &Question, token: Option<&str>) -> String {
        let target = match question.credentials() {
            Credentials::Request(parts) => &*parts.target,
            Credentials::Token(_) => "",
        };
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        match self {
            Self::Text(text) => text.clone(),
            Self::Unix => question.asked_at.seconds().to_string(),
            Self::Request => question.id.to_string(),
            Self::TokenHash => (fnv1a(token.unwrap_or_default()) % 10_000).to_string(),
            Self::Query(name) => query_parameter(query, name).unwrap_or_default(),
            Self::LastPathSegment => path.rsplit('/').next().unwrap_or_default().to_owned(),
        }
    }
}

/// A small hash that is the same in every run; it stands for one that the original salts per
/// process, and collides as that one does.
fn fnv1a(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::legacy::testing::{NOW, question_with, request};

    fn filled(template: &str, target: &str) -> Option<String> {
        let template = Template::try_from(template.to_owned()).expect("a template");
        let question = question_with(request(&[], target));
        template.subject(&question, Some("t")).map(|subject| subject.as_str().to_owned())
    }

    #[test]
    fn placeholders_are_filled_from_the_question() {
        assert_eq!(filled("demo-user-001", "/"), Some("demo-user-001".into()));
        assert_eq!(filled("e_{unix}", "/"), Some(format!("e_{}", NOW.seconds())));
        assert_eq!(filled("{query:user}", "/ws?user=bob"), Some("bob".into()));
        assert_eq!(filled("{path}", "/ws/bob?x=1"), Some("bob".into()));
        assert_eq!(filled("{query:user}", "/ws"), None);
        assert_eq!(filled("r_{token_hash}", "/"), filled("r_{token_hash}", "/other"));
    }

    #[test]
    fn an_unknown_placeholder_is_refused() {
        for odd in ["{who}", "{unix", "{}"] {
            assert!(Template::try_from(odd.to_owned()).is_err(), "{odd}");
        }
    }
}
