//! What new tokens look like: as our own, or as legacy's while legacy may have to read them.

use crate::domain::{TokenForm, TokenType};

use super::{AuthorityError, Settings};

/// Legacy's tokens, as far as new ones must look like them: a token that we issue is let in by
/// legacy, and after a rollback nobody has to sign in again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompatibleForm {
    /// The imported key that signs.
    pub key_id: String,
    /// Legacy's `iss`.
    pub issuer: String,
    /// The `aud` of access tokens.
    pub access_audience: String,
    /// The `aud` of refresh tokens.
    pub refresh_audience: String,
    /// The `aud` of service tokens.
    pub service_audience: String,
    /// Longest `exp - iat` that legacy accepts, in seconds, whatever the kind of token.
    pub lifetime_max_s: u32,
}

impl CompatibleForm {
    pub(super) fn check(&self) -> Result<(), AuthorityError> {
        let fault = |setting, why| Err(AuthorityError::Setting { setting, why });
        let words = [
            (&self.issuer, "compatible.issuer"),
            (&self.access_audience, "compatible.access_audience"),
            (&self.refresh_audience, "compatible.refresh_audience"),
            (&self.service_audience, "compatible.service_audience"),
        ];
        if let Some((_, setting)) = words.into_iter().find(|(word, _)| word.is_empty()) {
            return fault(setting, "must not be empty");
        }
        if self.lifetime_max_s == 0 {
            return fault("compatible.lifetime_max_s", "at least one second");
        }
        Ok(())
    }
}

/// Every issuer and audience that is ours, whatever the form.
#[derive(Debug)]
pub(super) struct OwnNames {
    pub(super) issuers: Vec<String>,
    pub(super) audiences: Vec<String>,
}

impl OwnNames {
    pub(super) fn of(settings: &Settings) -> Self {
        let mut issuers = vec![settings.issuer.clone()];
        let mut audiences = settings.audiences.clone();
        if let Some(form) = &settings.compatible {
            issuers.push(form.issuer.clone());
            let legacy = [&form.access_audience, &form.refresh_audience, &form.service_audience];
            audiences.extend(legacy.into_iter().cloned());
        }
        issuers.dedup();
        audiences.sort_unstable();
        audiences.dedup();
        Self { issuers, audiences }
    }
}

/// The words of one kind of token in one form.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wording<'s> {
    /// `None`: the key that signs by default.
    pub(super) key_id: Option<&'s str>,
    pub(super) issuer: &'s str,
    pub(super) audience: &'s str,
    pub(super) lifetime_s: u32,
    /// Legacy's access tokens always name an e-mail address, if an empty one.
    pub(super) email_always: bool,
}

impl Settings {
    /// How a token of `kind` is worded in `form`. Without a compatible form there is only one.
    pub(super) fn wording(&self, form: TokenForm, kind: TokenType) -> Wording<'_> {
        let lifetime_s = match kind {
            TokenType::Refresh => self.refresh_lifetime_s,
            TokenType::Service => self.service_lifetime_s.min(self.lifetime_max_s),
            TokenType::Access | TokenType::Admin | TokenType::Id => {
                self.access_lifetime_s.min(self.lifetime_max_s)
            }
        };
        match (form, &self.compatible) {
            (TokenForm::Compatible, Some(form)) => Wording {
                key_id: Some(&form.key_id),
                issuer: &form.issuer,
                audience: match kind {
                    TokenType::Refresh => &form.refresh_audience,
                    TokenType::Service => &form.service_audience,
                    TokenType::Access | TokenType::Admin | TokenType::Id => &form.access_audience,
                },
                lifetime_s: lifetime_s.min(form.lifetime_max_s),
                email_always: kind == TokenType::Access,
            },
            (TokenForm::Own, _) | (TokenForm::Compatible, None) => Wording {
                key_id: None,
                issuer: &self.issuer,
                audience: self.audiences.first().map_or("", String::as_str),
                lifetime_s,
                email_always: false,
            },
        }
    }
}
