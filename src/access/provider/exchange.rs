//! From a code to an ID token (RFC 6749 §4.1.3, OpenID Connect Core §3.1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::discovery::Endpoints;
use super::{Provider, fetch, refused};
use crate::access::{AccessError, Secret};
use crate::domain::{Members, Reason, parse_strict};
use crate::outbound::Answer;

impl Provider {
    pub(super) async fn exchange(
        &self,
        endpoints: &Endpoints,
        code: &str,
        verifier: &Secret,
    ) -> Result<Secret, AccessError> {
        let authorization = self.settings.client_secret.as_ref();
        let authorization = authorization.map(|secret| basic(&self.settings.client_id, secret));
        let form = self.form(code, verifier);
        let sent =
            fetch::post_form(&self.outbound, &endpoints.token, authorization.as_deref(), form);
        let answer = sent.await.map_err(|error| AccessError::Provider(error.to_string()))?;
        read(&answer)
    }

    fn form(&self, code: &str, verifier: &Secret) -> String {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.redirect_uri)
            .append_pair("code_verifier", verifier.reveal());
        if self.settings.client_secret.is_none() {
            form.append_pair("client_id", &self.settings.client_id);
        }
        form.finish()
    }
}

/// `client_secret_basic`: both parts form-encoded first (RFC 6749 §2.3.1).
fn basic(client_id: &str, secret: &Secret) -> String {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = format!("{}:{}", encoded(client_id), encoded(secret.reveal()));
    format!("Basic {}", STANDARD.encode(pair))
}

fn read(answer: &Answer) -> Result<Secret, AccessError> {
    let unreadable = || AccessError::Provider("its token endpoint does not answer in JSON".into());
    let members = parse_strict(&answer.body, Reason::ClaimsJson);
    if answer.status != 200 {
        return Err(failure(answer.status, members.ok().as_ref()));
    }
    let members = members.map_err(|_| unreadable())?;
    let text = |name| members.get(name).and_then(Value::as_str);
    if !text("token_type").is_some_and(|kind| kind.eq_ignore_ascii_case("bearer")) {
        return Err(AccessError::Provider("its tokens are of an unknown type".into()));
    }
    let id_token = text("id_token").ok_or("its token endpoint gives no id token");
    id_token.map(Secret::new).map_err(|why| AccessError::Provider(why.into()))
}

/// A code that is no good refuses the browser; everything else is between the provider and us.
fn failure(status: u16, members: Option<&Members>) -> AccessError {
    match members.and_then(|members| members.get("error")).and_then(Value::as_str) {
        Some("invalid_grant") => refused("the provider does not take the code"),
        Some(error) => {
            let code = Reason::foreign(error).code().into_owned();
            AccessError::Provider(format!("its token endpoint says {code}"))
        }
        None => AccessError::Provider(format!("its token endpoint answers with status {status}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_secret_are_form_encoded_before_base64() {
        let header = basic("cross fade", &Secret::new("a:b%/ü"));
        let pair = STANDARD.decode(header.strip_prefix("Basic ").expect("a scheme"));
        assert_eq!(pair.expect("base64"), b"cross+fade:a%3Ab%25%2F%C3%BC");
    }
}
