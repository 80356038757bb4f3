//! The fields of a form that a browser posts.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;

use super::api_json::read_bounded;
use crate::access::{Refusal, Secret, Session};

/// Field names and values, in the order of the body; empty when the body is no form, is too
/// large or does not arrive.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The first value of a field, without surrounding blanks; empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a field as it was typed.
    pub fn secret(&self, name: &str) -> Secret {
        Secret::new(self.raw(name))
    }

    /// All values of a field.
    pub fn all<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> + 'f {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A name that is there more than once, which a token endpoint refuses (RFC 6749 §3.2).
    pub(super) fn repeated(&self) -> Option<&str> {
        let names = self.0.iter().map(|(name, _)| name.as_str()).enumerate();
        let mut again = names
            .filter(|(place, name)| self.0[..*place].iter().any(|(earlier, _)| earlier == name));
        again.next().map(|(_, name)| name)
    }

    /// Refuses a form that is not of a page of this session.
    pub(super) fn is_of(&self, session: &Session) -> Result<(), Refusal> {
        let sent = self.raw("form_token");
        if session.form_token.is_written(sent) { Ok(()) } else { Err(Refusal::Forged) }
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

impl std::fmt::Debug for Form {
    /// Values may be passwords: only names are shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// Takes the body of a request and reads it as a form.
pub(super) async fn read_form(request: &mut Request) -> Form {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Form::default();
    }
    let body = std::mem::replace(request.body_mut(), Body::empty());
    let Ok(bytes) = read_bounded(body).await else { return Form::default() };
    let pairs = form_urlencoded::parse(&bytes);
    Form(pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_form_keeps_repeated_fields_and_shows_no_values() {
        let mut request = Request::new(Body::from("scope=read&scope=raise&password=+hush+&x=%3C"));
        let kind = "application/x-www-form-urlencoded";
        request.headers_mut().insert(header::CONTENT_TYPE, kind.parse().expect("a value"));
        let form = read_form(&mut request).await;
        assert_eq!(form.all("scope").collect::<Vec<_>>(), ["read", "raise"]);
        assert_eq!((form.secret("password").reveal(), form.text("x")), (" hush ", "<"));
        assert!(!format!("{form:?}").contains("hush"));
    }

    #[tokio::test]
    async fn what_is_no_form_has_no_fields() {
        let mut request = Request::new(Body::from("a=1"));
        assert_eq!(read_form(&mut request).await.text("a"), "");
    }
}
