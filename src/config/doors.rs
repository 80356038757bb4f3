//! `[doors]`: which components are behind the doors that name none.

use super::reader::{Faults, Section};
use crate::domain::ComponentId;

/// What the section says; where nothing is said of a URL, the service uses where it is bound.
#[derive(Clone, Debug)]
pub struct DoorSettings {
    /// Decides about tokens.
    pub component: ComponentId,
    /// Makes tokens and takes them back.
    pub tokens: ComponentId,
    /// Tells browsers who they are.
    pub session: ComponentId,
    /// The cookie in which a browser may carry its access token.
    pub session_cookie: String,
    /// Where clients reach the data listener.
    pub url: Option<String>,
}

/// Reads the section.
pub fn doors(mut section: Section, faults: &mut Faults) -> DoorSettings {
    let mut component = |name: &str, otherwise: &str| {
        let text = section.optional(name, faults).unwrap_or_else(|| otherwise.to_owned());
        let parsed = ComponentId::parse(&text).or_else(|error| {
            faults.add(section.place(name), format!("names no component: {error}"));
            ComponentId::parse(otherwise)
        });
        parsed.ok()
    };
    let components = (component("component", "http-auth"), component("tokens", "token-operations"));
    let session = component("session", "frontend-session");
    let (Some(component), Some(tokens), Some(session)) = (components.0, components.1, session)
    else {
        unreachable!("the names of the shipped components are components")
    };
    let cookie: Option<String> = section.optional("session_cookie", faults);
    let session_cookie = cookie.unwrap_or_else(|| "access_token".to_owned());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if session_cookie.is_empty() || !session_cookie.chars().all(plain) {
        let problem = "is a cookie's name: letters, digits, dashes, dots and underscores";
        faults.add(section.place("session_cookie"), problem);
    }
    let url: Option<String> = section.optional("url", faults);
    let url = url.map(|url| url.trim_end_matches('/').to_owned());
    if url.as_ref().is_some_and(|url| !url.starts_with("http://") && !url.starts_with("https://")) {
        faults.add(section.place("url"), "begins with http:// or https://");
    }
    section.end(faults);
    DoorSettings { component, tokens, session, session_cookie, url }
}
