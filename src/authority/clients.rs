//! Who may ask for tokens and about them: the registered clients (RFC 6749 §2).

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::domain::{
    Fingerprint, FingerprintKey, Scopes, Subject, Timestamp, Token, TokenForm, TokenType,
};

use super::issue::{Issued, NewToken};
use super::{Authority, AuthorityError};

/// Most clients.
const CLIENTS_MAX: usize = 10_000;

/// Fewest bytes of a secret.
const SECRET_BYTES_MIN: usize = 32;

/// Most bytes of a name or secret that is looked at.
const TEXT_BYTES_MAX: usize = 1024;

/// What a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientGrant {
    /// Tokens for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// The next tokens of a session (RFC 6749 §6).
    RefreshToken,
    /// A new session for a user whom it has signed in.
    Issue,
    /// What a token says (RFC 7662).
    Introspect,
    /// That a token is taken back (RFC 7009).
    Revoke,
}

impl ClientGrant {
    /// Every grant.
    pub const ALL: [Self; 5] =
        [Self::ClientCredentials, Self::RefreshToken, Self::Issue, Self::Introspect, Self::Revoke];

    /// The name, as in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::RefreshToken => "refresh_token",
            Self::Issue => "issue",
            Self::Introspect => "introspect",
            Self::Revoke => "revoke",
        }
    }

    /// Reads a grant by its name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// A client as it was configured.
#[derive(Clone)]
pub struct ConfiguredClient {
    /// The name it goes by: `client_id`, and `sub` of its own tokens.
    pub name: String,
    /// Its secret, at least 32 bytes.
    pub secret: String,
    /// What it may ask for.
    pub grants: Vec<ClientGrant>,
    /// The most that its own tokens may allow.
    pub scopes: Scopes,
    /// The `aud` of its own tokens, one of ours; the form's without a choice.
    pub audience: Option<String>,
    /// The `service` of its own tokens; its name without a choice.
    pub service: Option<String>,
}

impl fmt::Debug for ConfiguredClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ConfiguredClient({:?}, ..)", self.name)
    }
}

/// A client that has shown who it is.
#[derive(Debug)]
pub struct Client {
    /// Its registered name.
    pub name: Box<str>,
    /// What it may ask for.
    pub grants: Vec<ClientGrant>,
    /// The most that its own tokens may allow.
    pub scopes: Scopes,
    /// The `aud` of its own tokens, when it is not the form's.
    pub audience: Option<Box<str>>,
    /// The `service` of its own tokens.
    pub service: Box<str>,
    subject: Subject,
    /// Keyed hash of its secret.
    mark: Fingerprint,
}

impl Client {
    /// True when the client may ask for this.
    pub fn may(&self, grant: ClientGrant) -> bool {
        self.grants.contains(&grant)
    }

    /// True when all of these are among the scopes that the client may have or give.
    pub fn may_have(&self, scopes: &Scopes) -> bool {
        within(scopes, &self.scopes)
    }
}

/// No client of that name, or not its secret: which of both is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown client or wrong secret")]
pub struct ClientRefusal;

/// The registered clients. Only keyed hashes of their secrets are kept.
#[derive(Debug)]
pub(super) struct Clients(HashMap<Box<str>, Arc<Client>>);

impl Clients {
    pub(super) fn new(
        configured: Vec<ConfiguredClient>,
        key: &FingerprintKey,
        audiences: &[String],
    ) -> Result<Self, AuthorityError> {
        if configured.len() > CLIENTS_MAX {
            return Err(AuthorityError::Setting { setting: "clients", why: "at most 10000" });
        }
        let mut clients = HashMap::new();
        for each in configured {
            let client = Arc::new(read(each, key, audiences)?);
            if let Some(other) = clients.insert(client.name.clone(), client) {
                return Err(unusable(&other.name, "is there twice"));
            }
        }
        Ok(Self(clients))
    }
}

fn unusable(name: &str, why: &'static str) -> AuthorityError {
    AuthorityError::ClientUnusable { name: name.chars().take(64).collect(), why }
}

fn read(
    configured: ConfiguredClient,
    key: &FingerprintKey,
    audiences: &[String],
) -> Result<Client, AuthorityError> {
    let ConfiguredClient { name, secret, grants, scopes, audience, service } = configured;
    let plain = |text: &str| {
        (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if !plain(&name) {
        return Err(unusable(&name, "needs a name of 1 to 128 printable ASCII characters"));
    }
    if !service.as_deref().is_none_or(plain) {
        return Err(unusable(&name, "needs a service of 1 to 128 printable ASCII characters"));
    }
    if !(SECRET_BYTES_MIN..=TEXT_BYTES_MAX).contains(&secret.len()) {
        return Err(unusable(&name, "needs a secret of 32 to 1024 bytes"));
    }
    if audience.as_ref().is_some_and(|audience| !audiences.contains(audience)) {
        return Err(unusable(&name, "has an audience that is none of ours"));
    }
    let subject = Subject::parse(&name).ok_or_else(|| unusable(&name, "needs a name"))?;
    Ok(Client {
        mark: mark(key, &name, &secret),
        service: service.unwrap_or_else(|| name.clone()).into(),
        name: name.into(),
        grants,
        scopes,
        audience: audience.map(Into::into),
        subject,
    })
}

fn mark(key: &FingerprintKey, name: &str, secret: &str) -> Fingerprint {
    key.of_text(&format!("client {} {name} {secret}", name.len()))
}

impl Authority {
    /// The client of that name, if this is its secret. An unknown name takes as long as a wrong
    /// secret, and no comparison stops early.
    pub fn client(&self, name: &str, secret: &str) -> Result<Arc<Client>, ClientRefusal> {
        if name.len() > TEXT_BYTES_MAX || secret.len() > TEXT_BYTES_MAX {
            return Err(ClientRefusal);
        }
        let shown = mark(&self.fingerprints, name, secret);
        let known = self.clients.0.get(name);
        // For a name that is not there, something that nothing shown can be equal to but itself.
        let expected = known.map_or(!u128::from_be_bytes(*shown.bytes()), |client| {
            u128::from_be_bytes(*client.mark.bytes())
        });
        let same = verify_slices_are_equal(shown.bytes(), &expected.to_be_bytes()).is_ok();
        known.filter(|_| same).cloned().ok_or(ClientRefusal)
    }

    /// A service token without any scope, for the first client that may ask for one: to see what
    /// others make of it. `None` where no client may.
    pub fn specimen_of_service(
        &self,
        form: TokenForm,
        now: Timestamp,
    ) -> Option<Result<Token, AuthorityError>> {
        let may = |client: &&Arc<Client>| client.may(ClientGrant::ClientCredentials);
        let client = self.clients.0.values().filter(may).min_by_key(|client| &client.name)?;
        let issued = self.client_credentials(client, Some(&Scopes::default()), form, now);
        Some(issued.map(|issued| issued.token))
    }

    /// A service token for a client itself (RFC 6749 §4.4), with the scopes it asks for or, when
    /// it asks for none, all that it may have. Whether it may ask at all ([`Client::may`]) is the
    /// caller's to check.
    pub fn client_credentials(
        &self,
        client: &Client,
        scopes: Option<&Scopes>,
        form: TokenForm,
        now: Timestamp,
    ) -> Result<Issued, AuthorityError> {
        let scopes = scopes.unwrap_or(&client.scopes);
        if !within(scopes, &client.scopes) {
            let why = "are more than the client may ask for";
            return Err(AuthorityError::Order { part: "scopes", why });
        }
        let wording = self.settings.wording(form, TokenType::Service);
        let new = NewToken {
            audience: client.audience.as_deref().unwrap_or(wording.audience),
            client_id: Some(&client.name),
            service: Some(&client.service),
            ..NewToken::worded(wording, TokenType::Service, &client.subject, scopes)
        };
        self.mint(&new, now)
    }
}

/// True when every one of `asked` is among `granted`.
pub(super) fn within(asked: &Scopes, granted: &Scopes) -> bool {
    asked.names().iter().all(|name| granted.names().binary_search(name).is_ok())
}
