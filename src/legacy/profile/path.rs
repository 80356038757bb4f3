//! The model at work.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::breaker::Breaker;
use super::claims::expiry;
use super::decode::Segments;
use super::memory::{Cache, Remembered, Replays, Revocations};
use super::{Algorithm, Drops, InProduction, Key, KidRule, Profile, Reasons, Rule, Situation};
use crate::domain::{
    AuthPath, BoxFuture, Decision, Denial, Grant, Members, PathError, Question, Reason, Timestamp,
    Token,
};
use crate::legacy::source::extract;
use crate::legacy::{LegacyError, Secret};

/// One instance of a modelled validator, with its private memory.
///
/// Deterministic: what it remembers is dated by the questions. A replay set counts every question,
/// so a path with one must not be asked twice for one request.
pub struct ProfilePath {
    profile: Arc<Profile>,
    keys: Arc<[Key]>,
    cache: Option<Arc<Cache>>,
    revocations: Option<Revocations>,
    replays: Option<Replays>,
    breaker: Option<Breaker>,
}

/// What validation learned from an accepted token.
struct Accepted {
    grant: Grant,
    ends: Option<Timestamp>,
}

impl ProfilePath {
    /// An instance of `profile` that verifies with `keys`, or with the profile's own literal.
    /// The error is [`LegacyError::Faults`] for a profile that does not fit together and for one
    /// that verifies signatures but has no key.
    pub fn new(profile: Profile, keys: Vec<Key>) -> Result<Self, LegacyError> {
        // Somebody else may have been first: every room installs the same one.
        jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER.install_default().ok();
        profile.check()?;
        let keys = match &profile.key.literal {
            Some(secret) => {
                let secret = Secret::new(secret.as_bytes());
                vec![Key::read("literal", Algorithm::HS256, &secret)?]
            }
            None => keys,
        };
        if profile.rule_needs_keys() && keys.is_empty() {
            let faults = vec!["signatures are checked but no key was given".to_owned()];
            return Err(LegacyError::Faults { path: profile.id, faults });
        }
        let cache = profile.cache.clone().map(|rules| Arc::new(Cache::new(rules)));
        Ok(Self::assemble(Arc::new(profile), keys.into(), cache))
    }

    /// Another instance beside this one, as in another module or process of the same system: its
    /// revocations, replay set and breaker are its own, a shared cache is not.
    #[must_use]
    pub fn another_instance(&self) -> Self {
        let shared = self.cache.clone().filter(|cache| cache.is_shared());
        let own = || self.profile.cache.clone().map(|rules| Arc::new(Cache::new(rules)));
        Self::assemble(Arc::clone(&self.profile), Arc::clone(&self.keys), shared.or_else(own))
    }

    fn assemble(profile: Arc<Profile>, keys: Arc<[Key]>, cache: Option<Arc<Cache>>) -> Self {
        let revocations = profile.revocation.as_ref().map(Revocations::new);
        let replays = profile.replay.as_ref().map(Replays::new);
        let breaker = profile.breaker.clone().map(Breaker::new);
        Self { profile, keys, cache, revocations, replays, breaker }
    }

    /// The declaration this instance follows.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Revokes this very token text on this instance; false when the validator keeps no
    /// revocations, so that the token lives on.
    pub fn revoke(&self, token: &Token) -> bool {
        let kept = self.revocations.as_ref();
        kept.inspect(|revocations| revocations.add(token.reveal())).is_some()
    }

    /// What was forgotten for lack of room so far.
    pub fn drops(&self) -> Drops {
        Drops {
            verdicts: self.cache.as_ref().map_or(0, |cache| cache.dropped()),
            revocations: self.revocations.as_ref().map_or(0, Revocations::dropped),
            token_ids: self.replays.as_ref().map_or(0, Replays::dropped),
        }
    }

    /// Answers at once; `decide` wraps this.
    pub fn answer(&self, question: &Question) -> Result<Decision, PathError> {
        let token = self.find_token(question);
        let text = token.as_deref().ok();
        match &self.profile.rule {
            Rule::RefuseEveryone => return Ok(self.deny(Reason::RefusesAll)),
            Rule::AdmitEveryone { identity } => {
                return Ok(Decision::Allow(identity.grant(question, text)));
            }
            Rule::AdmitText { contains, identity }
                if text.is_some_and(|text| text.contains(&**contains)) =>
            {
                return Ok(Decision::Allow(identity.grant(question, text)));
            }
            Rule::Validate | Rule::AdmitText { .. } => {}
        }
        if let Some(decision) = text.and_then(|text| self.waved_through(question, text)) {
            return Ok(decision);
        }
        self.climb(question, token)
    }

    fn find_token<'q>(&self, question: &'q Question) -> Result<Cow<'q, str>, Reason> {
        if !self.profile.gate.is_empty() {
            extract(&self.profile.gate, question)?;
        }
        extract(&self.profile.sources, question)
    }

    fn waved_through(&self, question: &Question, token: &str) -> Option<Decision> {
        let bypass = self.profile.bypass.as_ref()?;
        if !bypass.is_triggered(question) {
            return None;
        }
        match bypass.in_production {
            InProduction::Skip if self.profile.production => return None,
            InProduction::Refuse if self.profile.production => {
                return Some(self.deny(Reason::RefusesAll));
            }
            InProduction::Same | InProduction::Skip | InProduction::Refuse => {}
        }
        let segments = Segments::split(&self.profile.token, token, question.presented()).ok()?;
        let claims = segments.claims().ok();
        let grant = bypass.grant(question, token, claims.as_deref(), &self.profile.grant);
        Some(Decision::Allow(grant))
    }

    /// Asks the ladder, and validates only when a rung or the end of the ladder needs to know.
    fn climb(
        &self,
        question: &Question,
        token: Result<Cow<'_, str>, Reason>,
    ) -> Result<Decision, PathError> {
        let mut validated = None;
        for rung in self.profile.ladder.iter().filter(|rung| rung.enabled) {
            let situation = match (&token, &validated) {
                (Err(_), _) => Situation::Missing,
                (Ok(_), Some(Ok(Decision::Allow(_)))) => Situation::Valid,
                (Ok(_), Some(_)) => Situation::Invalid,
                // Both kinds are let in, or neither: no need to look at the token.
                (Ok(_), None) if rung.treats_tokens_alike() => Situation::Valid,
                (Ok(text), None) => match validated.insert(self.validated(question, text)) {
                    Ok(Decision::Allow(_)) => Situation::Valid,
                    Ok(Decision::Deny(_)) | Err(_) => Situation::Invalid,
                },
            };
            let text = token.as_deref().ok();
            let identity = |identity: &super::Identity| identity.grant(question, text);
            if let Some(decision) = rung.answer(situation, self.profile.production, identity) {
                return Ok(self.told(decision));
            }
        }
        match (token, validated) {
            (Err(reason), _) => Ok(self.deny(reason)),
            (Ok(_), Some(answer)) => answer,
            (Ok(text), None) => self.validated(question, &text),
        }
    }

    fn validated(&self, question: &Question, token: &str) -> Result<Decision, PathError> {
        let now = question.asked_at;
        if let Some(breaker) = &self.breaker {
            breaker.check(now)?;
        }
        let decision = self.remembered_or_fresh(question, token);
        if let Some(breaker) = &self.breaker {
            breaker.note(&decision, now);
        }
        Ok(decision)
    }

    fn remembered_or_fresh(&self, question: &Question, token: &str) -> Decision {
        if self.profile.reject_prefixes.iter().any(|prefix| token.starts_with(&**prefix)) {
            return self.deny(Reason::Segments);
        }
        if self.revocations.as_ref().is_some_and(|revocations| revocations.holds(token)) {
            return self.deny(Reason::Revoked);
        }
        let now = question.asked_at;
        let Some(cache) = &self.cache else { return self.fresh(question, token).0 };
        let key = cache.key(token);
        match cache.recall(key, now) {
            Remembered::Decision(decision) => decision,
            Remembered::Ended => self.deny(Reason::Expired),
            Remembered::Nothing => {
                let (decision, ends) = self.fresh(question, token);
                cache.remember(key, &decision, ends, now);
                decision
            }
        }
    }

    /// A decision, and when the token that was let in ends.
    fn fresh(&self, question: &Question, token: &str) -> (Decision, Option<Timestamp>) {
        match self.examine(question, token) {
            Ok(accepted) => (Decision::Allow(accepted.grant), accepted.ends),
            Err(reason) => (self.deny(reason), None),
        }
    }

    /// The rules, in the order in which validators of this family apply them.
    fn examine(&self, question: &Question, token: &str) -> Result<Accepted, Reason> {
        let rules = &*self.profile;
        let segments = Segments::split(&rules.token, token, question.presented())?;
        let header = segments.header()?;
        let algorithm = rules.header.check(&header)?;
        if rules.key.signature_checked {
            self.verify(&segments, &header, algorithm)?;
        }
        let claims = segments.claims()?;
        rules.claims.check(&claims)?;
        rules.time.check(&claims, question.asked_at)?;
        rules.issuer.check(&claims)?;
        rules.audience.check(&claims, rules.production)?;
        rules.token_type.check(&claims)?;
        rules.environment.check(&claims)?;
        self.use_up(&claims)?;
        Ok(Accepted { grant: rules.grant.grant(&claims), ends: expiry(&claims) })
    }

    fn verify(
        &self,
        segments: &Segments<'_>,
        header: &Members,
        algorithm: Option<Algorithm>,
    ) -> Result<(), Reason> {
        let algorithm = algorithm.ok_or(Reason::Algorithm)?;
        let signature = segments.signature()?;
        let fits = |key: &Key| key.verifies(algorithm, segments.signed, &signature);
        let verified = match self.profile.header.kid {
            KidRule::Ignored | KidRule::Text => self.keys.iter().any(fits),
            KidRule::Known => {
                let kid = header.get("kid").and_then(Value::as_str).unwrap_or_default();
                let named = self.keys.iter().find(|key| key.is_named(kid));
                fits(named.ok_or(Reason::KeyUnknown)?)
            }
        };
        if verified { Ok(()) } else { Err(Reason::Signature) }
    }

    fn use_up(&self, claims: &Members) -> Result<(), Reason> {
        let Some(replays) = &self.replays else { return Ok(()) };
        let token_id = claims.get("jti").and_then(Value::as_str).unwrap_or_default();
        if replays.use_up(token_id) { Ok(()) } else { Err(Reason::Replayed) }
    }

    fn deny(&self, reason: Reason) -> Decision {
        let disclosed = match self.profile.reasons {
            Reasons::Told => true,
            Reasons::Merged => false,
        };
        Decision::Deny(Denial { reason, disclosed })
    }

    fn told(&self, decision: Decision) -> Decision {
        match decision {
            Decision::Deny(denial) => self.deny(denial.reason),
            Decision::Allow(grant) => Decision::Allow(grant),
        }
    }
}

impl std::fmt::Debug for ProfilePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ProfilePath({})", self.profile.id)
    }
}

impl AuthPath for ProfilePath {
    fn decide<'a>(&'a self, question: &'a Question) -> BoxFuture<'a, Result<Decision, PathError>> {
        Box::pin(std::future::ready(self.answer(question)))
    }

    fn verifies(&self) -> bool {
        self.profile.verifies()
    }
}
