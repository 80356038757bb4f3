//! What is done with keys: generate, import, rotate, retire, tend.

use std::sync::Arc;

use super::kept_keys::{generated, new_id};
use super::key::Key;
use super::key_life::{KeyState, Life};
use super::keyring::{Held, Keyring, read_one};
use super::keys::{Keys, oldest_next};
use super::{Algorithm, Authority, AuthorityError, KeySource, KeyView, Rotated};
use crate::domain::Timestamp;
use crate::store::BATCH_ROWS_MAX;

/// Records of retired keys that are kept, beside those of revoked ones.
const RETIRED_MAX: usize = 256;

impl Authority {
    /// How long the JWK set may be cached, in seconds.
    pub const JWKS_MAX_AGE_S: u32 = 3600;

    /// Every key: configured ones, kept ones, and those that have retired.
    pub fn keys(&self) -> Vec<KeyView> {
        let ring = self.keys.load();
        ring.held().iter().map(|held| ring.view(held)).collect()
    }

    /// The JWK set to publish, as JSON: the public parts of all keys that verify.
    pub fn jwks(&self) -> Arc<str> {
        Arc::clone(self.keys.load().jwks())
    }

    /// The public part of a key as a JWK, also of a retired one. Error: there is no such key, or
    /// it is a shared secret.
    pub fn public_jwk(&self, id: &str) -> Result<Arc<str>, AuthorityError> {
        let ring = self.keys.load();
        let held = ring.record(id).ok_or_else(|| AuthorityError::KeyUnknown(id.into()))?;
        held.public.clone().ok_or_else(|| AuthorityError::KeyNotPublic(id.into()))
    }

    /// Makes a key that is published and verifies, and does not sign yet.
    pub async fn generate_key(
        &self,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<KeyView, AuthorityError> {
        let keys = Arc::clone(&self.keys);
        detached(async move { keys.generate(algorithm, now).await }).await
    }

    /// Takes in keys that somebody else made. Private ones and secrets are to sign next. Public
    /// ones never sign and verify until somebody retires them: only their owner knows when the
    /// last token that they have signed is dead.
    pub async fn import_key(
        &self,
        source: KeySource,
        now: Timestamp,
    ) -> Result<Vec<KeyView>, AuthorityError> {
        let keys = Arc::clone(&self.keys);
        detached(async move { keys.import(&source, now).await }).await
    }

    /// Lets the oldest next key sign, and those that signed verify until their last token is
    /// dead. Makes a next key first when there is none. Refuses until that key has been published
    /// for [`Settings::key_publish_s`](super::Settings::key_publish_s), unless forced.
    pub async fn rotate_keys(
        &self,
        force: bool,
        now: Timestamp,
    ) -> Result<Rotated, AuthorityError> {
        let keys = Arc::clone(&self.keys);
        detached(async move { keys.rotate(force, now).await }).await
    }

    /// Lets a key sign no more, and verify until its last token is dead. With `at_once` it does
    /// not verify either, from the moment this is called and for good when it returns: every
    /// token that it has signed is revoked. What signs is only retired when another key can take
    /// over: the oldest next one, at once or when it has been published for long enough.
    pub async fn retire_key(
        &self,
        id: &str,
        at_once: bool,
        now: Timestamp,
    ) -> Result<KeyView, AuthorityError> {
        let (keys, id) = (Arc::clone(&self.keys), id.to_owned());
        detached(async move { keys.retire(&id, at_once, now).await }).await
    }

    /// Does what is due: retires keys whose last token is dead, rotates kept keys by schedule. To
    /// be called each minute.
    pub async fn tend_keys(&self, now: Timestamp) -> Result<(), AuthorityError> {
        let keys = Arc::clone(&self.keys);
        detached(async move { keys.tend(now).await }).await
    }
}

/// Brings a change to its end even when nobody waits for it any more: between the disk and the
/// ring nothing may be left.
async fn detached<T: Send + 'static>(
    change: impl Future<Output = Result<T, AuthorityError>> + Send + 'static,
) -> Result<T, AuthorityError> {
    tokio::spawn(change).await.unwrap_or(Err(AuthorityError::ChangeBroken))
}

impl Keys {
    async fn generate(
        &self,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<KeyView, AuthorityError> {
        let changing = self.changing.lock().await;
        let next = self.make_next(algorithm, now).await?;
        let ring = self.commit(&self.current(), std::slice::from_ref(&next)).await?;
        drop(changing);
        Ok(ring.view(&next))
    }

    /// A key that is in no ring yet. An RSA key takes its time.
    async fn make_next(
        &self,
        algorithm: Algorithm,
        now: Timestamp,
    ) -> Result<Held, AuthorityError> {
        self.check_can_keep()?;
        let made = tokio::task::spawn_blocking(move || generated(&new_id(), algorithm)).await;
        let key = made.unwrap_or(Err(AuthorityError::ChangeBroken))?;
        Ok(Held::new(key, false, Life::next(now)))
    }

    async fn import(
        &self,
        source: &KeySource,
        now: Timestamp,
    ) -> Result<Vec<KeyView>, AuthorityError> {
        self.check_can_keep()?;
        let new = read_one("import", source)?;
        let changing = self.changing.lock().await;
        let ring = self.current();
        let mut imported: Vec<Held> = Vec::new();
        for key in new {
            check_new(&ring, &imported, &key)?;
            let life = if key.signer().is_some() { Life::next(now) } else { Life::verifying(now) };
            imported.push(Held::new(key, false, life));
        }
        let ring = self.commit(&ring, &imported).await?;
        drop(changing);
        Ok(imported.iter().map(|held| ring.view(held)).collect())
    }

    async fn rotate(&self, force: bool, now: Timestamp) -> Result<Rotated, AuthorityError> {
        let changing = self.changing.lock().await;
        let mut ring = self.current();
        if let Some(pinned) = self.pinned(&ring) {
            return Err(AuthorityError::KeyPinned(pinned.into()));
        }
        let waiting = oldest_next(ring.held()).cloned();
        let made = waiting.is_none();
        let next = if let Some(next) = waiting {
            next
        } else {
            let next = self.make_next(self.algorithm_of_next(&ring), now).await?;
            ring = self.commit(&ring, std::slice::from_ref(&next)).await?;
            next
        };
        if !force {
            self.check_published(&next, made, now)?;
        }
        let changed = self.relieved(&ring, &next, now);
        let ring = self.commit(&ring, &changed).await?;
        drop(changing);
        let mut views = changed.iter().map(|held| ring.view(held));
        let active = views.next().ok_or(AuthorityError::NothingSigns)?;
        Ok(Rotated { active, retiring: views.collect() })
    }

    /// The key that the settings want to sign, when it does.
    fn pinned<'r>(&'r self, ring: &Keyring) -> Option<&'r str> {
        let pinned = self.rules.pinned.as_deref();
        pinned.filter(|pinned| ring.signing().is_some_and(|key| key.id() == *pinned))
    }

    fn algorithm_of_next(&self, ring: &Keyring) -> Algorithm {
        let active = active(ring).next();
        active.map_or(self.rules.generated, |held| held.algorithm)
    }

    fn check_published(
        &self,
        next: &Held,
        made: bool,
        now: Timestamp,
    ) -> Result<(), AuthorityError> {
        let published_at = next.life.published_at.unwrap_or(now);
        let ready_at = published_at.plus_seconds(self.rules.publish_s);
        if now < ready_at {
            return Err(AuthorityError::KeyNotPublished {
                id: next.id.to_string(),
                ready_at,
                made,
            });
        }
        Ok(())
    }

    /// `next` as the key that signs, then those that it relieves.
    fn relieved(&self, ring: &Keyring, next: &Held, now: Timestamp) -> Vec<Held> {
        let until = now.plus_seconds(self.rules.verifies_for_s);
        let compatible = |held: &&Held| self.rules.compatible.as_deref() == Some(&*held.id);
        let relieved = active(ring).filter(|held| !compatible(held));
        let old = relieved.map(|held| held.at(held.life.retiring(now, until)));
        std::iter::once(next.at(next.life.active(now))).chain(old).collect()
    }

    async fn retire(
        &self,
        id: &str,
        at_once: bool,
        now: Timestamp,
    ) -> Result<KeyView, AuthorityError> {
        let changing = self.changing.lock().await;
        let ring = self.current();
        let held = ring.record(id).ok_or_else(|| AuthorityError::KeyUnknown(id.into()))?;
        if !at_once && self.rules.compatible.as_deref() == Some(id) {
            return Err(AuthorityError::KeyPinned(id.into()));
        }
        let changed = self.retired(&ring, held, at_once, now)?;
        let new = Arc::new(self.planned(&ring, &changed)?);
        if ring.signing().is_some() && new.signing().is_none() {
            return Err(AuthorityError::KeyWithoutSuccessor(id.into()));
        }
        if at_once {
            // Whatever the disk says: who has the key must not get in with the next request.
            self.publish(&new);
            self.write(&changed).await?;
        } else {
            self.write(&changed).await?;
            self.publish(&new);
        }
        drop(changing);
        let view = changed.first().map(|held| new.view(held));
        Ok(view.unwrap_or_else(|| new.view(held)))
    }

    /// `held` further on in its life, and its successor if it signs.
    fn retired(
        &self,
        ring: &Keyring,
        held: &Held,
        at_once: bool,
        now: Timestamp,
    ) -> Result<Vec<Held>, AuthorityError> {
        let life = held.life;
        let has_end = life.state == KeyState::Retired || life.verifies_until.is_some();
        if has_end && !at_once {
            return Ok(Vec::new());
        }
        let further = |life: Life| {
            if at_once {
                // Also when it was retired before: its first write may have failed.
                let retired_at = life.retired_at.unwrap_or(now);
                Life { revoked: true, ..life.retired(retired_at) }
            } else {
                life.retiring(now, now.plus_seconds(self.rules.verifies_for_s))
            }
        };
        let mut changed = vec![held.at(further(life))];
        // The same key may be there under other names.
        let others = ring.held().iter().filter(|other| other.key.is_some());
        let others = others.filter(|other| other.identity == held.identity && other.id != held.id);
        changed.extend(others.map(|other| other.at(further(other.life))));
        let signed = held.key.is_some() && ring.view(held).signs;
        let alone = self.planned(ring, &changed)?.signing().is_none();
        let next = oldest_next(ring.held()).filter(|next| next.identity != held.identity);
        if signed
            && (alone || !held.configured)
            && let Some(next) = next
        {
            if !at_once {
                self.check_published(next, false, now)?;
            }
            changed.push(next.at(next.life.active(now)));
        }
        Ok(changed)
    }

    async fn tend(&self, now: Timestamp) -> Result<(), AuthorityError> {
        let changing = self.changing.lock().await;
        let ring = self.current();
        let over = ring.held().iter().filter(|held| held.life.is_over(now));
        let over: Vec<Held> = over.map(|held| held.at(held.life.retired(now))).collect();
        if !over.is_empty() {
            self.commit(&ring, &over).await?;
        }
        self.rotate_by_schedule(now).await?;
        self.forget_oldest().await?;
        drop(changing);
        Ok(())
    }

    /// Makes a next key ahead of time, and promotes it when it is due and everybody has had the
    /// time to learn of it. Only a kept key is relieved: from a configured one, somebody takes the
    /// first step.
    async fn rotate_by_schedule(&self, now: Timestamp) -> Result<(), AuthorityError> {
        let ring = self.current();
        let Some(since) = active(&ring).filter_map(|held| held.life.active_at).max() else {
            return Ok(());
        };
        if self.rules.rotate_every_s == 0 || self.pinned(&ring).is_some() {
            return Ok(());
        }
        let due_at = since.plus_seconds(self.rules.rotate_every_s);
        let Some(next) = oldest_next(ring.held()) else {
            if now >= due_at.plus_seconds(-self.rules.publish_s) {
                let next = self.make_next(self.algorithm_of_next(&ring), now).await?;
                self.commit(&ring, std::slice::from_ref(&next)).await?;
                tracing::info!(key = &*next.id, "a next key is published, as scheduled");
            }
            return Ok(());
        };
        if now >= due_at && self.check_published(next, false, now).is_ok() {
            let changed = self.relieved(&ring, next, now);
            self.commit(&ring, &changed).await?;
            tracing::info!(key = &*next.id, "another key signs, as scheduled");
        }
        Ok(())
    }

    /// Forgets the oldest retired keys over the bound; revoked ones are never forgotten.
    async fn forget_oldest(&self) -> Result<(), AuthorityError> {
        let ring = self.current();
        let retired = ring.held().iter().filter(|held| held.key.is_none() && !held.configured);
        let mut retired: Vec<&Held> = retired.filter(|held| !held.life.revoked).collect();
        retired.sort_by_key(|held| held.life.retired_at);
        let over = retired.len().saturating_sub(RETIRED_MAX);
        if over == 0 {
            return Ok(());
        }
        let gone: Vec<Held> = retired.into_iter().take(over.min(BATCH_ROWS_MAX)).cloned().collect();
        self.forget(&gone).await
    }
}

/// Kept keys that may sign.
fn active(ring: &Keyring) -> impl Iterator<Item = &Held> {
    let kept = ring.held().iter().filter(|held| !held.configured && held.signs());
    kept.filter(|held| held.life.state == KeyState::Active)
}

/// Refuses a key that is known already, by its name or by what it is.
fn check_new(ring: &Keyring, imported: &[Held], key: &Key) -> Result<(), AuthorityError> {
    let id = || key.id().to_owned();
    for held in ring.held().iter().chain(imported) {
        if held.identity.as_ref() == key.identity() {
            return Err(match held.life.state {
                KeyState::Retired => AuthorityError::KeyRetired(id()),
                KeyState::Next | KeyState::Active | KeyState::Retiring => {
                    AuthorityError::KeyHeld { id: id(), held: held.id.to_string() }
                }
            });
        }
        if &*held.id == key.id() {
            return Err(AuthorityError::KeyIdTwice(id()));
        }
    }
    Ok(())
}
