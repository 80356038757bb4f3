//! What is asked of an auth path.

use std::fmt;
use std::sync::Arc;

use super::{ClientNetwork, ComponentId, Credentials, Presented, RequestId, Timestamp, TokenType};

/// A token as it was sent. Shows itself to nobody: `Debug` is redacted, `Display` is missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(Arc<str>);

impl Token {
    /// Wraps the text of a token, whatever it is.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text. Whoever calls this keeps it out of logs, pages and the disk.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} bytes)", self.0.len())
    }
}

/// May this caller come in? Asked of both sides with one reading of the clock.
#[derive(Debug)]
pub struct Question {
    /// Names the request.
    pub id: RequestId,
    /// Whose traffic this is.
    pub component: ComponentId,
    /// The one reading of the clock that both sides decide by.
    pub asked_at: Timestamp,
    /// The kind of token that is to be let in; `None`: those that open this door by default.
    wanted: Option<TokenType>,
    /// The network of whoever wants to come in, where somebody who is trusted has told it.
    client: Option<ClientNetwork>,
    credentials: Credentials,
    presented: Presented,
}

impl Question {
    /// Reads the presented token out of the credentials once, for everybody who needs it.
    pub fn new(
        id: RequestId,
        component: ComponentId,
        asked_at: Timestamp,
        credentials: Credentials,
    ) -> Self {
        let presented = credentials.presented();
        Self { id, component, asked_at, wanted: None, client: None, credentials, presented }
    }

    /// The same question about one kind of token only.
    #[must_use]
    pub fn wanting(self, token_type: TokenType) -> Self {
        Self { wanted: Some(token_type), ..self }
    }

    /// The same question of somebody in this network.
    #[must_use]
    pub fn from_network(self, client: Option<ClientNetwork>) -> Self {
        Self { client, ..self }
    }

    /// The network of whoever wants to come in; `None` where nobody who is trusted tells it.
    pub const fn client(&self) -> Option<ClientNetwork> {
        self.client
    }

    /// The one kind of token that is to be let in, if the caller named one.
    pub const fn wanted(&self) -> Option<TokenType> {
        self.wanted
    }

    /// What the caller sent.
    pub const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The token that the SSOT side takes from the credentials, decoded but not verified.
    pub const fn presented(&self) -> &Presented {
        &self.presented
    }

    /// The same question at another moment, for asking again.
    #[must_use]
    pub fn asked_again_at(&self, asked_at: Timestamp) -> Self {
        Self {
            id: self.id,
            component: self.component.clone(),
            asked_at,
            wanted: self.wanted,
            client: self.client,
            credentials: self.credentials.clone(),
            presented: self.presented.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_not_show_itself_in_debug_output() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(6 bytes)");
    }
}
