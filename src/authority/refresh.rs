//! The next pair of a session (RFC 6749 §6), each refresh token once (RFC 9700 §4.14.2).
//!
//! 1. The token itself: signature and claims as for any token, and not revoked.
//! 2. Its place in the session: next, used just now by the same caller, or used before. The last
//!    ends the session: two people have its tokens, and nobody knows which of them is honest.
//! 3. Who asks, and for how much.
//! 4. Only then, and on the disk before anybody is answered, the session goes one step on.
//!
//! A refresh token that names no session is legacy's, signed by a key that we hold. Its first use
//! here opens a session, and it is remembered until it expires that it was used. From then on it
//! is that session's token before the first.
//!
//! Steps 1 to 3 change nothing: a plan is what they come to.

use serde_json::Value;

use crate::domain::{
    Fingerprint, Grant, Jws, Members, Outcome, Reason, RefreshOrder, Scopes, Subject, Timestamp,
    Token, TokenType,
};
use crate::store::StoreError;

use super::clients::within;
use super::families::Kept;
use super::family::{Attempt, FamilyRow, FirstUse, Holder, RetryWindow, Turn};
use super::family_id::FamilyId;
use super::session::{Beginning, granted};
use super::{Authority, AuthorityError, claims};

/// How often a step is tried that somebody else's change was in the way of.
const TRIES_MAX: usize = 4;

/// A refresh token that is good by itself.
struct Shown {
    identity: Fingerprint,
    expires_at: Timestamp,
    subject: Subject,
    scopes: Scopes,
    email: Option<Box<str>>,
    token_id: Box<str>,
    place: Place,
}

/// Where a refresh token belongs.
enum Place {
    /// To this session, as the token of this generation.
    Family(FamilyId, u32),
    /// To none yet: legacy's.
    Nowhere,
}

/// What a refresh comes to.
enum Step {
    Denied(Reason),
    /// The session ends.
    Replayed(FamilyId),
    /// The session goes on, or what came of its last step is told again.
    Next(Box<Next>),
    /// A session begins from legacy's token.
    Adopt(Scopes),
}

struct Next {
    id: FamilyId,
    holder: Holder,
    row: FamilyRow,
    /// The revision to replace; `None` for a retry.
    replaces: Option<u64>,
    /// What the access token allows.
    scopes: Scopes,
}

impl Authority {
    /// Answers a refresh.
    pub(super) async fn refresh(
        &self,
        order: &RefreshOrder,
        now: Timestamp,
    ) -> Result<Outcome, AuthorityError> {
        let shown = match self.shown(&order.token, true, now) {
            Ok(shown) => shown,
            Err(reason) => return Ok(Outcome::Denied(reason)),
        };
        let mut tries = 1;
        loop {
            match self.take(order, &shown, now).await {
                Err(AuthorityError::Store(StoreError::Conflict { .. })) if tries < TRIES_MAX => {
                    tries += 1;
                }
                answer => return answer,
            }
        }
    }

    async fn take(
        &self,
        order: &RefreshOrder,
        shown: &Shown,
        now: Timestamp,
    ) -> Result<Outcome, AuthorityError> {
        let turnstile = self.families.turnstile(&shown.name()).await;
        match self.consider(order, shown, now)? {
            Step::Denied(reason) => Ok(Outcome::Denied(reason)),
            Step::Replayed(id) => {
                self.revoke_family(id.as_str(), now).await?;
                Ok(Outcome::Denied(Reason::Replayed))
            }
            Step::Next(next) => {
                let Next { id, holder, row, replaces, scopes } = *next;
                if let Some(revision) = replaces {
                    self.families.replace(&id, row.clone(), revision, turnstile).await?;
                }
                Ok(Outcome::Done(self.pair(&id, &row, &holder, &scopes, now)?))
            }
            Step::Adopt(scopes) => {
                let mut new = self.new_family(&shown.beginning(order), now)?;
                let attempt = attempt(&new.holder, order)?;
                new.row.first_use = Some(FirstUse { at_us: now.micros(), attempt });
                let adopted = Some((shown.identity, shown.expires_at));
                self.keep(&new, adopted, Some(turnstile), now).await?;
                // A revocation marks the token, then looks for its session; we keep the session,
                // then look for the mark: one of the two finds the other.
                if self.revocations.holds(&shown.identity) {
                    self.revoke_family(new.id.as_str(), now).await?;
                    return Ok(Outcome::Denied(Reason::Revoked));
                }
                Ok(Outcome::Done(self.pair(&new.id, &new.row, &new.holder, &scopes, now)?))
            }
        }
    }

    /// What a refresh would grant; nothing changes.
    pub(super) fn would_refresh(
        &self,
        order: &RefreshOrder,
        now: Timestamp,
    ) -> Result<Result<Grant, Reason>, AuthorityError> {
        let shown = match self.shown(&order.token, false, now) {
            Ok(shown) => shown,
            Err(reason) => return Ok(Err(reason)),
        };
        Ok(match self.consider(order, &shown, now)? {
            Step::Denied(reason) => Err(reason),
            Step::Replayed(_) => Err(Reason::Replayed),
            Step::Next(next) => {
                let subject = next.holder.subject().ok_or(AuthorityError::FamilyUnreadable)?;
                let end_s = self.access_end_s(&next.row, now);
                Ok(granted(subject, next.scopes, next.holder.email.as_deref(), end_s))
            }
            Step::Adopt(scopes) => {
                let new = self.new_family(&shown.beginning(order), now)?;
                let end_s = self.access_end_s(&new.row, now);
                Ok(granted(shown.subject, scopes, shown.email.as_deref(), end_s))
            }
        })
    }

    /// Step 1: the token by itself. What rules would deny is `counted` when it is meant.
    fn shown(&self, token: &Token, counted: bool, now: Timestamp) -> Result<Shown, Reason> {
        let jws = Jws::decode(token)?;
        // With our own keys: nobody else's token becomes a session of ours, whatever the policy.
        let header = self.verify_own(token, &jws)?;
        let members = jws.claims.as_ref().map_err(Reason::clone)?;
        let rules = self.rules(Some(&TokenType::Refresh));
        let policies = self.policies().load();
        let checked = claims::check(members, header.typ, &rules, &policies, now)?;
        if self.is_revoked(token, &jws, members, checked.grant.subject.as_ref(), now) {
            return Err(Reason::Revoked);
        }
        if counted && !checked.broken.is_empty() {
            self.observed.note(rules.name, &checked, members, now);
        }
        let grant = checked.grant;
        Ok(Shown {
            identity: self.identity(token, &jws),
            expires_at: grant.expires_at.ok_or(Reason::ClaimMissing("exp"))?,
            subject: grant.subject.ok_or(Reason::ClaimMissing("sub"))?,
            scopes: grant.scopes.unwrap_or_default(),
            email: grant.email.filter(|email| !email.is_empty()),
            token_id: text(members, "jti").unwrap_or_default().into(),
            place: place(members)?,
        })
    }

    /// Steps 2 and 3: what it comes to.
    fn consider(
        &self,
        order: &RefreshOrder,
        shown: &Shown,
        now: Timestamp,
    ) -> Result<Step, AuthorityError> {
        let (id, generation) = match &shown.place {
            Place::Family(id, generation) => (id.clone(), *generation),
            Place::Nowhere => match self.families.adopter(&shown.identity, shown.expires_at)? {
                Some(id) => (id, 0),
                None => return Ok(adoption(order, shown)),
            },
        };
        let Some(Kept { revision, value: row }) = self.families.family(&id)? else {
            return Ok(Step::Denied(Reason::Revoked));
        };
        if self.family_is_revoked(&id) {
            return Ok(Step::Denied(Reason::Revoked));
        }
        if now >= Timestamp::from_seconds(row.ends_at_s) {
            return Ok(Step::Denied(Reason::Expired));
        }
        let holder = self.families.holder(&id, &row)?;
        let own = matches!(shown.place, Place::Nowhere)
            || holder.token_id(generation).as_deref() == Some(&shown.token_id);
        if !own {
            // Signed by a key of ours, but not by us: nobody's token, and no reason to end a
            // session.
            return Ok(Step::Denied(Reason::Revoked));
        }
        let attempt = attempt(&holder, order)?;
        let turn = row.turn(generation, &attempt, self.retry_window(), now);
        if turn == Turn::Replay {
            return Ok(Step::Replayed(id));
        }
        let scopes = match asked(order, row.client.as_deref(), &row.scopes()) {
            Ok(scopes) => scopes,
            Err(reason) => return Ok(Step::Denied(reason)),
        };
        let (row, replaces) = if turn == Turn::First {
            let first_use = FirstUse { at_us: now.micros(), attempt };
            (self.advanced(&row, order.form, first_use, now), Some(revision))
        } else {
            (row, None)
        };
        Ok(Step::Next(Box::new(Next { id, holder, row, replaces, scopes })))
    }

    const fn retry_window(&self) -> RetryWindow {
        RetryWindow {
            authenticated_s: self.settings.retry_s,
            unauthenticated_s: self.settings.retry_unauthenticated_s,
        }
    }

    /// Refuses a verified refresh token that was used; for those who only ask about it. Where the
    /// disk cannot tell, it counts as used.
    pub(super) fn unused(&self, token: &Token, jws: &Jws, members: &Members) -> Result<(), Reason> {
        let unread = |problem: AuthorityError| {
            tracing::error!(%problem, "a refresh token is refused: its session cannot be read");
            Reason::Revoked
        };
        let Place::Family(id, generation) = place(members)? else {
            let expires_at = claims::moment(members, "exp")?.ok_or(Reason::ClaimMissing("exp"))?;
            let adopter = self.families.adopter(&self.identity(token, jws), expires_at);
            return match adopter.map_err(unread)? {
                Some(_) => Err(Reason::Replayed),
                None => Ok(()),
            };
        };
        let kept = self.families.family(&id).map_err(unread)?.ok_or(Reason::Revoked)?;
        let holder = self.families.holder(&id, &kept.value).map_err(unread)?;
        if holder.token_id(generation).as_deref() != text(members, "jti") {
            return Err(Reason::Revoked);
        }
        if kept.value.generation == generation { Ok(()) } else { Err(Reason::Replayed) }
    }

    /// Whether a refresh token is of a session that is kept here, or has become one. Nothing
    /// about it is verified.
    pub(super) fn keeps(&self, token: &Token) -> bool {
        let Ok(jws) = Jws::decode(token) else { return false };
        let Ok(members) = &jws.claims else { return false };
        match place(members) {
            Ok(Place::Family(..)) => true,
            Ok(Place::Nowhere) => {
                let expires_at = claims::moment(members, "exp").ok().flatten();
                expires_at.is_some_and(|expires_at| {
                    let adopter = self.families.adopter(&self.identity(token, &jws), expires_at);
                    // Whoever cannot tell keeps it: better refused than used twice.
                    adopter.map_or(true, |adopter| adopter.is_some())
                })
            }
            Err(_) => false,
        }
    }
}

impl Shown {
    /// What goes through one turnstile.
    fn name(&self) -> String {
        match &self.place {
            Place::Family(id, _) => id.as_str().to_owned(),
            Place::Nowhere => self.identity.to_string(),
        }
    }

    fn beginning<'b>(&'b self, order: &'b RefreshOrder) -> Beginning<'b> {
        Beginning {
            subject: &self.subject,
            scopes: &self.scopes,
            email: self.email.as_deref(),
            client: order.client.as_deref(),
            form: order.form,
        }
    }
}

fn adoption(order: &RefreshOrder, shown: &Shown) -> Step {
    match asked(order, None, &shown.scopes) {
        Ok(scopes) => Step::Adopt(scopes),
        Err(reason) => Step::Denied(reason),
    }
}

/// Step 3: the client that the session was given to, and no more scopes than it has.
fn asked(order: &RefreshOrder, client: Option<&str>, granted: &Scopes) -> Result<Scopes, Reason> {
    if client.is_some() && client != order.client.as_deref() {
        return Err(Reason::Client);
    }
    let scopes = order.scopes.as_ref().unwrap_or(granted);
    if within(scopes, granted) { Ok(scopes.clone()) } else { Err(Reason::Scope) }
}

fn attempt(holder: &Holder, order: &RefreshOrder) -> Result<Attempt, AuthorityError> {
    let attempt = holder.attempt(order.client.as_deref(), order.idempotency_key.as_deref());
    attempt.ok_or(AuthorityError::FamilyUnreadable)
}

fn text<'m>(members: &'m Members, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}

/// The session in a refresh token's claims. A name that is none of ours is nobody's.
fn place(members: &Members) -> Result<Place, Reason> {
    let Some(id) = members.get("fid") else { return Ok(Place::Nowhere) };
    let id = id.as_str().and_then(FamilyId::parse).ok_or(Reason::ClaimType("fid"))?;
    let generation = members.get("gen").ok_or(Reason::ClaimMissing("gen"))?;
    let generation = generation.as_u64().and_then(|number| u32::try_from(number).ok());
    Ok(Place::Family(id, generation.ok_or(Reason::ClaimType("gen"))?))
}
