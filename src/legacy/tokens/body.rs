//! Bodies with the parts of an operation put in.

use crate::domain::Scopes;
use crate::legacy::remote::encode_form;

/// A part of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Token,
    Subject,
    Email,
    Permissions,
}

impl Part {
    const ALL: [Self; 4] = [Self::Token, Self::Subject, Self::Email, Self::Permissions];

    const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Subject => "subject",
            Self::Email => "email",
            Self::Permissions => "permissions",
        }
    }
}

/// What is put in; parts that an operation does not have are empty.
#[derive(Default)]
pub(super) struct Values<'v> {
    pub token: &'v str,
    pub subject: &'v str,
    pub email: &'v str,
    pub permissions: Option<&'v Scopes>,
}

/// A body with placeholders.
#[derive(Debug)]
pub(super) struct Body(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Text(String),
    Part { part: Part, form: bool },
}

impl Body {
    /// Reads a body in which `allowed` parts may stand and `needed` must. Braces that are no
    /// placeholder stay.
    pub fn parse(text: &str, allowed: &[Part], needed: Part) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, from) = rest.split_at(at);
            pieces.push(Piece::Text(before.to_owned()));
            if let Some((part, form, length)) = placeholder(from) {
                if !allowed.contains(&part) {
                    return Err(format!("{{{}}} has no meaning here", part.name()));
                }
                pieces.push(Piece::Part { part, form });
                rest = &from[length..];
            } else {
                pieces.push(Piece::Text("{".to_owned()));
                rest = &from[1..];
            }
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let is_needed =
            |piece: &Piece| matches!(piece, Piece::Part { part, .. } if *part == needed);
        if !pieces.iter().any(is_needed) {
            return Err(format!("does not hold {{{}}}", needed.name()));
        }
        Ok(Self(pieces))
    }

    pub fn fill(&self, values: &Values<'_>) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Part { part, form } => values.written(*part, *form),
        };
        self.0.iter().map(text).collect()
    }
}

impl Values<'_> {
    fn written(&self, part: Part, form: bool) -> String {
        let text = match part {
            Part::Token => self.token,
            Part::Subject => self.subject,
            Part::Email => self.email,
            Part::Permissions => return self.permissions_written(form),
        };
        if form { encode_form(text) } else { inside_quotes(text) }
    }

    fn permissions_written(&self, form: bool) -> String {
        let names = self.permissions.map_or(&[][..], Scopes::names);
        if form { encode_form(&names.join(" ")) } else { serde_json::json!(names).to_string() }
    }
}

/// As it stands inside a JSON string.
fn inside_quotes(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// The placeholder that `text` begins with, whether it is for a form, and its length.
fn placeholder(text: &str) -> Option<(Part, bool, usize)> {
    Part::ALL.into_iter().find_map(|part| {
        let behind = text.strip_prefix('{')?.strip_prefix(part.name())?;
        let form = behind.starts_with(":form}");
        let length = part.name().len() + if form { ":form".len() } else { 0 } + 2;
        (form || behind.starts_with('}')).then_some((part, form, length))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: [Part; 3] = [Part::Subject, Part::Email, Part::Permissions];

    #[test]
    fn what_is_put_in_cannot_leave_its_place() {
        let scopes: Scopes = ["a\"b", "c"].iter().collect();
        let values = Values {
            subject: "x\",\"admin\":\"y",
            email: "a&b=c",
            permissions: Some(&scopes),
            ..Values::default()
        };
        let text = r#"{"user":"{subject}","mail":"{email}","permissions":{permissions}}"#;
        let body = Body::parse(text, &ORDER, Part::Subject).expect("a body").fill(&values);
        let value: serde_json::Value = serde_json::from_str(&body).expect("json");
        assert_eq!(value["user"], "x\",\"admin\":\"y");
        assert_eq!(value["permissions"], serde_json::json!(["a\"b", "c"]));
        assert_eq!(value.as_object().map(serde_json::Map::len), Some(3));
        let form = "u={subject:form}&m={email:form}&p={permissions:form}";
        let body = Body::parse(form, &ORDER, Part::Subject).expect("a body").fill(&values);
        assert_eq!(body, "u=x%22%2C%22admin%22%3A%22y&m=a%26b%3Dc&p=a%22b+c");
    }

    #[test]
    fn a_body_without_its_part_or_with_another_one_is_refused() {
        let parse = |text| Body::parse(text, &ORDER, Part::Subject).map(drop);
        assert!(parse("{}").expect_err("a fault").contains("{subject}"));
        assert!(parse("{subject}{token}").expect_err("a fault").contains("{token}"));
        assert!(parse("{subjects}{subject}{{").is_ok());
    }
}
