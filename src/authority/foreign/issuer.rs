//! One foreign issuer: its settings, its keys, and what its tokens are held against.

use std::slice;
use std::sync::Arc;

use crate::authority::claims::Tolerance;
use crate::authority::header::Header;
use crate::authority::prove::Signed;
use crate::authority::rules::Rules;
use crate::authority::{Algorithm, AuthorityError, IssuerSettings, Settings};
use crate::domain::{Jws, PathError, Reason, Timestamp, Token, TokenType};
use crate::outbound::Outbound;

use super::keys::{Asked, Cause, IssuerKeys};

/// A trusted issuer that is not ours.
#[derive(Debug)]
pub(in crate::authority) struct ForeignIssuer {
    pub(super) settings: IssuerSettings,
    pub(super) keys: Arc<IssuerKeys>,
    /// The names of all issuers: no bare subject may begin like one of theirs.
    names: Arc<[Box<str>]>,
}

impl ForeignIssuer {
    /// The names of all issuers.
    pub(super) fn all_names(&self) -> &[Box<str>] {
        &self.names
    }

    pub(super) fn new(settings: IssuerSettings, names: Arc<[Box<str>]>) -> Self {
        let keys = Arc::new(IssuerKeys::of(&settings, None));
        Self { settings, keys, names }
    }

    pub(super) fn reach(&mut self, outbound: &Outbound) -> Result<(), AuthorityError> {
        outbound.check(&self.settings.jwks_url).map_err(|source| {
            let name = self.settings.name.clone();
            AuthorityError::IssuerOutOfReach { name, source }
        })?;
        self.keys = Arc::new(IssuerKeys::of(&self.settings, Some(outbound.clone())));
        Ok(())
    }

    pub(super) fn name(&self) -> &str {
        &self.settings.name
    }

    /// What the claims of its tokens are held against. The kinds that it may vouch for are fewer
    /// than those that a door may want.
    pub(in crate::authority) fn rules<'a>(
        &'a self,
        ours: &'a Settings,
        wanted: Option<&'a TokenType>,
    ) -> Rules<'a> {
        let settings = &self.settings;
        let accepted = settings.accepted_types.as_slice();
        Rules {
            name: Some(&settings.name),
            issuers: slice::from_ref(&settings.issuer),
            audiences: &settings.audiences,
            environment: None,
            environment_required: false,
            service_id: None,
            tolerance: Tolerance {
                expiry_s: ours.expiry_tolerance_s,
                skew_s: ours.skew_tolerance_s,
                lifetime_max_s: settings.lifetime_max_s,
            },
            subject_bytes_max: ours.subject_bytes_max,
            accepted_types: match wanted {
                None => accepted,
                Some(kind) if accepted.contains(kind) => slice::from_ref(kind),
                Some(_) => &[],
            },
            default_type: settings.default_type,
            subject_claim: settings.subject_claim,
            subject_prefix: (!settings.same_subjects).then_some(&*settings.name),
            reserved_prefixes: &self.names,
            permissions_claim: settings.permissions_claim,
        }
    }

    /// The header by the rules of form, with the issuer's algorithms and none of ours.
    pub(super) fn header<'t>(&self, jws: &'t Jws) -> Result<Header<'t>, Reason> {
        let members = jws.header.as_ref().map_err(Reason::clone)?;
        Header::read(members, |algorithm| self.settings.algorithms.contains(&algorithm))
    }

    /// Header, key and signature with the keys that are held, however old: for those who take
    /// tokens back.
    pub(in crate::authority) fn verify_held<'t>(
        &self,
        token: &Token,
        jws: &'t Jws,
    ) -> Result<Header<'t>, Reason> {
        let header = self.header(jws)?;
        let signature = jws.signature.as_ref().map_err(Reason::clone)?;
        let keys = self.keys.held().ok_or(Reason::KeyUnknown)?;
        keys.verify(&header, jws.split(token).0.as_bytes(), signature)?;
        Ok(header)
    }

    /// True for an algorithm that its tokens may be signed with.
    pub(in crate::authority) fn allows(&self, algorithm: Algorithm) -> bool {
        self.settings.algorithms.contains(&algorithm)
    }

    /// What the keys that are held say about a signature over `message`; nothing where a decision
    /// would fetch newer ones first.
    pub(in crate::authority) fn signed(
        &self,
        header: &Header<'_>,
        message: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Signed {
        let Some(keys) = self.keys.usable(now) else { return Signed::Unknown };
        let verdict = keys.verify(header, message, signature);
        if newer_may_help(&verdict, header) {
            return Signed::Unknown;
        }
        match verdict {
            Ok(()) => Signed::Well,
            Err(Reason::Signature) if keys.tries_all(header) => Signed::Badly,
            Err(_) => Signed::Unknown,
        }
    }

    /// The signature over `message`, with keys that are fetched when a newer key may be needed.
    /// The outer error is that nothing can be said.
    pub(super) async fn verify(
        &self,
        header: &Header<'_>,
        message: &[u8],
        signature: &[u8],
        now: Timestamp,
    ) -> Result<Result<(), Reason>, PathError> {
        if self.keys.usable(now).is_none() {
            self.keys.refresh(Cause::Missing, now).await;
        }
        let keys = self.keys.usable(now).ok_or_else(|| self.out_of_reach())?;
        let verdict = keys.verify(header, message, signature);
        if !newer_may_help(&verdict, header) {
            return Ok(verdict);
        }
        let asked = self.keys.refresh(Cause::UnknownKey, now).await;
        let keys = self.keys.usable(now).ok_or_else(|| self.out_of_reach())?;
        match keys.verify(header, message, signature) {
            // Nobody could tell whether the issuer has such a key.
            Err(Reason::KeyUnknown) if asked == Asked::Late || self.keys.is_failing() => {
                Err(self.out_of_reach())
            }
            verdict => Ok(verdict),
        }
    }

    fn out_of_reach(&self) -> PathError {
        let why = self.keys.calls().last_error;
        let why = why.as_deref().unwrap_or("no answer yet");
        PathError::Unreachable(format!("the keys of issuer {}: {why}", self.name()).into())
    }
}

/// True when a key that was published a moment ago could make this signature good. A token that
/// names no key does not tell a new key from a forgery.
fn newer_may_help(verdict: &Result<(), Reason>, header: &Header<'_>) -> bool {
    match verdict {
        Ok(()) => false,
        Err(Reason::KeyUnknown) => true,
        Err(_) => header.key_id.is_none(),
    }
}
