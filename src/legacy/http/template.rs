//! Headers and body with the token put in.

use std::borrow::Cow;

use crate::legacy::remote::encode_form;

/// A text with placeholders for the token.
#[derive(Debug)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Token(Escape),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// As it is.
    Plain,
    /// Inside a JSON string.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

const TOKEN: &str = "{token}";
const TOKEN_FORM: &str = "{token:form}";

impl Template {
    /// `plain` is what `{token}` means here.
    pub(super) fn parse(text: &str, plain: Escape) -> Self {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("{token") {
            let (before, from) = rest.split_at(at);
            let found = [(TOKEN, plain), (TOKEN_FORM, Escape::Form)];
            let known = found.into_iter().find(|(mark, _)| from.starts_with(mark));
            let Some((mark, escape)) = known else {
                let brace = at + 1;
                pieces.push(Piece::Text(rest[..brace].to_owned()));
                rest = &rest[brace..];
                continue;
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Token(escape));
            rest = &from[mark.len()..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Self(pieces)
    }

    pub(super) fn mentions_token(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Token(_)))
    }

    pub(super) fn fill(&self, token: &str) -> String {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => Cow::Borrowed(text.as_str()),
            Piece::Token(escape) => escape.apply(token),
        });
        texts.collect()
    }
}

impl Escape {
    fn apply(self, token: &str) -> Cow<'_, str> {
        match self {
            Self::Plain => Cow::Borrowed(token),
            Self::Form => Cow::Owned(encode_form(token)),
            Self::Json => {
                let quoted = serde_json::Value::from(token).to_string();
                Cow::Owned(quoted[1..quoted.len() - 1].to_owned())
            }
        }
    }
}

/// True when the token can stand in a header field as it is: visible ASCII only.
pub(super) fn fits_header(token: &str) -> bool {
    token.bytes().all(|byte| byte.is_ascii_graphic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_is_escaped_for_the_place_it_stands_in() {
        let hostile = "a\"b&\u{1}";
        let json = Template::parse(r#"{"token":"{token}"}"#, Escape::Json).fill(hostile);
        let value: serde_json::Value = serde_json::from_str(&json).expect("json");
        assert_eq!(value["token"], hostile);
        let form = Template::parse("x={token:form}&y=1", Escape::Json).fill(hostile);
        assert_eq!(form, "x=a%22b%26%01&y=1");
        let header = Template::parse("Bearer {token}", Escape::Plain).fill("a.b.c");
        assert_eq!(header, "Bearer a.b.c");
    }

    #[test]
    fn braces_that_are_no_placeholder_stay() {
        let text = r#"{"tokens":{token_kind},{tokenless"#;
        assert_eq!(Template::parse(text, Escape::Json).fill("t"), text);
        assert!(!Template::parse(text, Escape::Json).mentions_token());
    }

    #[test]
    fn control_characters_and_spaces_do_not_fit_a_header() {
        assert!(fits_header("a.b-c_d="));
        for odd in ["a b", "a\r\nx: y", "a\0", "ä", "a\t"] {
            assert!(!fits_header(odd), "{odd:?}");
        }
    }
}
