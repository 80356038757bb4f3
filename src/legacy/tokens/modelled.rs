//! A model of a service that makes tokens, in process.
//!
//! It signs with a shared secret, gives out an access and a refresh token at a time, takes a
//! refresh token once per instance, and forgets who the user is when the refresh token does not
//! say. Refresh tokens are read by a profile like any other token.

use std::sync::Arc;

use jsonwebtoken::{Algorithm as Library, EncodingKey};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::domain::{
    BoxFuture, ComponentId, Credentials, Decision, Grant, IssueOrder, Operation, Outcome,
    PathError, Performed, Question, Reason, RequestId, Revocation, RevocationOutcome, Scopes,
    Subject, Timestamp, Token, TokenPath, TokenType, encode_base64url,
};
use crate::legacy::profile::{Algorithm, Key, ProfilePath, ReplayRules, Replays};
use crate::legacy::{LegacyError, ProfileSettings, Secret, named};

/// The profile that refresh tokens are read by, but for its replay set: that is kept here, so that
/// a plan does not use a token up.
const PROFILE: &str = "core-consume";

/// Whose address stands in tokens that were refreshed from one without.
const EMAIL: &str = "user@example.com";

/// What the model puts into tokens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// The `iss`.
    pub issuer: String,
    /// The `aud`.
    pub audience: String,
    /// The `env`.
    pub environment: String,
    /// The `svc_id`.
    pub service_id: String,
    /// Lifetime of access tokens, in seconds.
    pub access_s: u32,
    /// Lifetime of refresh tokens, in seconds; after a day they are refused whatever it is.
    pub refresh_s: u32,
    /// The shared secret, already read.
    #[serde(skip)]
    pub secret: Option<Secret>,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            issuer: "netra-auth-service".to_owned(),
            audience: "netra-platform".to_owned(),
            environment: "production".to_owned(),
            service_id: "netra_auth_service_prod".to_owned(),
            access_s: 900,
            refresh_s: 604_800,
            secret: None,
        }
    }
}

/// One instance of the model, with its private memory.
pub struct ModelledTokens {
    settings: ModelSettings,
    key: EncodingKey,
    reader: ProfilePath,
    used: Replays,
    validator: Option<Arc<ProfilePath>>,
    component: ComponentId,
}

/// What a session is about.
struct Session {
    subject: Subject,
    email: String,
    scopes: Scopes,
}

impl ModelledTokens {
    /// An instance; the tokens that it takes back, `validator` refuses as well. The error is
    /// [`LegacyError::Faults`] without a secret.
    pub fn new(
        mut settings: ModelSettings,
        validator: Option<Arc<ProfilePath>>,
    ) -> Result<Self, LegacyError> {
        let fault = |text: &str| LegacyError::Faults {
            path: "modelled tokens".to_owned(),
            faults: vec![text.to_owned()],
        };
        let secret = settings.secret.take().ok_or_else(|| fault("no secret to sign with"))?;
        if settings.access_s == 0 || settings.refresh_s == 0 {
            return Err(fault("a lifetime is 0"));
        }
        let mut profile =
            named(PROFILE).ok_or_else(|| LegacyError::UnknownProfile(PROFILE.to_owned()))?;
        let replay = profile.replay.take().unwrap_or(ReplayRules { entries_max: 10_000 });
        profile.token_type.expected = Some("refresh".to_owned());
        let reader = ProfileSettings {
            definition: Some(Box::new(profile)),
            issuer: Some(settings.issuer.clone()),
            audiences: Some(vec![settings.audience.clone()]),
            ..ProfileSettings::of(PROFILE, vec![Key::read("shared", Algorithm::HS256, &secret)?])
        };
        Ok(Self {
            settings,
            key: EncodingKey::from_secret(secret.reveal()),
            reader: reader.build()?,
            used: Replays::new(&replay),
            validator,
            component: ComponentId::parse("token-operations")
                .map_err(|error| fault(&error.to_string()))?,
        })
    }

    fn performed(&self, operation: &Operation, now: Timestamp) -> Result<Outcome, PathError> {
        let session = match operation {
            Operation::Issue(order) => Session::of(order),
            Operation::Refresh(order) => match self.read(&order.token, now)? {
                Ok((session, id)) if self.used.use_up(&id) => session,
                Ok(_) => return Ok(Outcome::Denied(Reason::Replayed)),
                Err(reason) => return Ok(Outcome::Denied(reason)),
            },
        };
        let access = self.token(&session, TokenType::Access, now)?;
        let refresh = self.token(&session, TokenType::Refresh, now)?;
        Ok(Outcome::Done(Performed {
            access,
            refresh: Some(refresh),
            grant: self.grant(session, now),
            expires_in_s: self.settings.access_s.into(),
        }))
    }

    fn planned(&self, operation: &Operation, now: Timestamp) -> Result<Decision, PathError> {
        let session = match operation {
            Operation::Issue(order) => Session::of(order),
            Operation::Refresh(order) => match self.read(&order.token, now)? {
                Ok((session, id)) if !self.used.holds(&id) => session,
                Ok(_) => return Ok(Decision::deny(Reason::Replayed)),
                Err(reason) => return Ok(Decision::deny(reason)),
            },
        };
        Ok(Decision::Allow(self.grant(session, now)))
    }

    /// The session that a refresh token goes on with and the token's id, or why it is refused.
    fn read(
        &self,
        token: &Token,
        now: Timestamp,
    ) -> Result<Result<(Session, String), Reason>, PathError> {
        let credentials = Credentials::Token(token.clone());
        let id = RequestId::new(0, 0);
        let question = Question::new(id, self.component.clone(), now, credentials);
        let grant = match self.reader.answer(&question)? {
            Decision::Allow(grant) => grant,
            Decision::Deny(denial) => return Ok(Err(denial.reason)),
        };
        let Some(subject) = grant.subject else { return Ok(Err(Reason::ClaimEmpty("sub"))) };
        let text = |name| {
            let claims = question.presented().claims();
            claims.and_then(|claims| claims.get(name)?.as_str()).filter(|text| !text.is_empty())
        };
        let email = text("email").unwrap_or(EMAIL).to_owned();
        let scopes = grant.scopes.unwrap_or_default();
        let id = text("jti").unwrap_or_default().to_owned();
        Ok(Ok((Session { subject, email, scopes }, id)))
    }

    fn grant(&self, session: Session, now: Timestamp) -> Grant {
        Grant {
            subject: Some(session.subject),
            scopes: Some(session.scopes),
            token_type: Some(TokenType::Access),
            expires_at: Some(now.plus_seconds(self.settings.access_s.into())),
            email: Some(session.email.into()),
        }
    }

    fn token(
        &self,
        session: &Session,
        token_type: TokenType,
        now: Timestamp,
    ) -> Result<Token, PathError> {
        let is_access = token_type == TokenType::Access;
        let lifetime_s = if is_access { self.settings.access_s } else { self.settings.refresh_s };
        let claims = json!({
            "sub": session.subject.as_str(),
            "iat": now.seconds(),
            "exp": now.seconds().saturating_add(lifetime_s.into()),
            "iss": self.settings.issuer,
            "aud": self.settings.audience,
            "jti": encode_base64url(&rand::random::<[u8; 16]>()),
            "token_type": token_type.as_str(),
            "type": token_type.as_str(),
            "env": self.settings.environment,
            "svc_id": self.settings.service_id,
        });
        let Value::Object(mut claims) = claims else { return Err(PathError::Panicked) };
        session.tell(is_access, &mut claims);
        self.signed(&Value::Object(claims))
    }

    fn signed(&self, claims: &Value) -> Result<Token, PathError> {
        let header = encode_base64url(br#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", encode_base64url(claims.to_string().as_bytes()));
        let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &self.key, Library::HS256);
        let signature = signature.map_err(|_| PathError::Unreadable("cannot sign".into()))?;
        Ok(Token::new(&format!("{signed}.{signature}")))
    }
}

impl Session {
    fn of(order: &IssueOrder) -> Self {
        Self {
            subject: order.subject.clone(),
            email: order.email.clone().unwrap_or_default(),
            scopes: order.scopes.clone(),
        }
    }

    /// Access tokens always tell address and permissions, refresh tokens only where there are any.
    fn tell(&self, always: bool, claims: &mut Map<String, Value>) {
        if always || !self.email.is_empty() {
            claims.insert("email".to_owned(), json!(self.email));
        }
        if always || !self.scopes.names().is_empty() {
            claims.insert("permissions".to_owned(), json!(self.scopes));
        }
    }
}

impl std::fmt::Debug for ModelledTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ModelledTokens(..)")
    }
}

impl TokenPath for ModelledTokens {
    fn perform<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Outcome, PathError>> {
        Box::pin(std::future::ready(self.performed(operation, now)))
    }

    fn plan<'a>(
        &'a self,
        operation: &'a Operation,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Decision>, PathError>> {
        Box::pin(std::future::ready(self.planned(operation, now).map(Some)))
    }

    /// In memory, as the original does: gone with the process.
    fn revoke<'a>(
        &'a self,
        revocation: &'a Revocation,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<RevocationOutcome, PathError>> {
        let outcome = match revocation {
            Revocation::Token(token) => {
                let validator = self.validator.as_ref();
                let by_validator = validator.is_some_and(|validator| validator.revoke(token));
                let here = self.reader.revoke(token);
                if here || by_validator {
                    RevocationOutcome::Done
                } else {
                    RevocationOutcome::Unsupported
                }
            }
            Revocation::TokenId { .. } | Revocation::Subject { .. } | Revocation::Family(_) => {
                RevocationOutcome::Unsupported
            }
        };
        Box::pin(std::future::ready(Ok(outcome)))
    }

    fn owns(&self, _operation: &Operation) -> bool {
        false
    }
}
