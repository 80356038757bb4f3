//! The keys of the authority, and their changes: one at a time, on the disk before it counts.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};
use tokio::sync::Mutex;

use super::kept_keys::{KeptKeys, Loaded, generated, new_id};
use super::key::Key;
use super::key_life::{KeyState, Life};
use super::keyring::{self, Held, Keyring};
use super::{Algorithm, AuthorityError, Settings};
use crate::domain::Timestamp;

/// What the settings say about keys.
#[derive(Clone, Debug)]
pub(super) struct KeyRules {
    /// [`Settings::signing_key`].
    pub(super) pinned: Option<String>,
    /// [`super::CompatibleForm::key_id`]: it signs until the form is left, and relieves nobody.
    pub(super) compatible: Option<String>,
    pub(super) publish_s: i64,
    /// Zero is never.
    pub(super) rotate_every_s: i64,
    /// Nothing that a key has signed lives longer after it stopped.
    pub(super) verifies_for_s: i64,
    pub(super) generated: Algorithm,
}

impl KeyRules {
    fn of(settings: &Settings) -> Self {
        Self {
            pinned: settings.signing_key.clone(),
            compatible: settings.compatible.as_ref().map(|form| form.key_id.clone()),
            publish_s: settings.key_publish_s.into(),
            rotate_every_s: settings.rotate_every_s.into(),
            verifies_for_s: settings.verifies_for_s(),
            generated: settings.generated_algorithm,
        }
    }
}

/// The keys: a ring that readers take as it is, and that a change replaces.
#[derive(Debug)]
pub(super) struct Keys {
    ring: ArcSwap<Keyring>,
    pub(super) rules: KeyRules,
    disk: Option<KeptKeys>,
    /// Held while keys are changed; readers never take it.
    pub(super) changing: Mutex<()>,
}

impl Keys {
    /// Configured keys and kept ones; at the very first start without configured ones a new one.
    pub(super) async fn open(
        settings: &mut Settings,
        disk: KeptKeys,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let rules = KeyRules::of(settings);
        let mut configured = configured(settings)?;
        let bare = configured.is_empty();
        if bare && !disk.has_master() {
            return Err(AuthorityError::KeyMissing);
        }
        let loaded = disk.load()?;
        if loaded.sealed > 0 {
            tracing::warn!(keys = loaded.sealed, "kept keys stay closed without a master key");
        }
        marked(&mut configured, &loaded);
        let can_sign = configured.iter().any(Held::signs);
        let (mut held, mut changed) = settled(configured, loaded, can_sign, &rules, now);
        if bare && let Some(first) = first(&held, &rules, now)? {
            held.retain(|each| each.configured || each.id != first.id);
            held.push(first.clone());
            changed.push(first);
        }
        check_names(settings, &held)?;
        let ring = Keyring::new(held, rules.pinned.as_deref())?;
        if !changed.is_empty() {
            disk.write(&changed).await?;
        }
        Ok(Self::with(ring, rules, Some(disk)))
    }

    /// Configured keys alone; without any, one that is gone with the process.
    pub(super) fn in_memory(settings: &mut Settings) -> Result<Self, AuthorityError> {
        let rules = KeyRules::of(settings);
        let mut held = configured(settings)?;
        if held.is_empty() {
            held.push(Held::new(generated("generated", rules.generated)?, false, Life::ACTIVE));
        }
        check_names(settings, &held)?;
        let ring = Keyring::new(held, rules.pinned.as_deref())?;
        Ok(Self::with(ring, rules, None))
    }

    fn with(ring: Keyring, rules: KeyRules, disk: Option<KeptKeys>) -> Self {
        Self { ring: ArcSwap::from_pointee(ring), rules, disk, changing: Mutex::new(()) }
    }

    /// The keys of this moment, without a lock and without a count.
    pub(super) fn load(&self) -> Guard<Arc<Keyring>> {
        self.ring.load()
    }

    /// The keys of this moment, to be held for longer.
    pub(super) fn current(&self) -> Arc<Keyring> {
        self.ring.load_full()
    }

    /// Refuses to make what could not be kept.
    pub(super) fn check_can_keep(&self) -> Result<(), AuthorityError> {
        match &self.disk {
            Some(disk) if !disk.has_master() => Err(AuthorityError::MasterKeyMissing),
            Some(_) | None => Ok(()),
        }
    }

    /// The ring that a change would make.
    pub(super) fn planned(
        &self,
        ring: &Keyring,
        changed: &[Held],
    ) -> Result<Keyring, AuthorityError> {
        ring.with(changed, self.rules.pinned.as_deref())
    }

    /// Makes a change: on the disk, then for everybody. The caller holds `changing`.
    pub(super) async fn commit(
        &self,
        ring: &Keyring,
        changed: &[Held],
    ) -> Result<Arc<Keyring>, AuthorityError> {
        let new = Arc::new(self.planned(ring, changed)?);
        self.write(changed).await?;
        self.publish(&new);
        Ok(new)
    }

    pub(super) async fn write(&self, changed: &[Held]) -> Result<(), AuthorityError> {
        match &self.disk {
            Some(disk) if !changed.is_empty() => disk.write(changed).await,
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn publish(&self, ring: &Arc<Keyring>) {
        self.ring.store(Arc::clone(ring));
    }

    /// Forgets records of retired keys. The caller holds `changing`.
    pub(super) async fn forget(&self, gone: &[Held]) -> Result<(), AuthorityError> {
        let new = self.current().without(gone, self.rules.pinned.as_deref())?;
        if let Some(disk) = &self.disk {
            disk.remove(gone).await?;
        }
        self.publish(&Arc::new(new));
        Ok(())
    }
}

/// The keys of the settings, which keep none of their texts.
fn configured(settings: &mut Settings) -> Result<Vec<Held>, AuthorityError> {
    let keys = keyring::read(&std::mem::take(&mut settings.keys))?;
    let held = |key: Key| Held::new(key, true, Life::ACTIVE);
    Ok(keys.into_iter().map(held).collect())
}

/// Applies what was decided about configured keys. It follows the key, not its name: a retired
/// key does not come back under another one.
fn marked(configured: &mut [Held], loaded: &Loaded) {
    for held in configured {
        let same = |other: &&Held| other.identity == held.identity;
        let gone = loaded.kept.iter().filter(|kept| kept.life.revoked).find(same);
        if let Some(mark) = loaded.marks.iter().find(same).or(gone) {
            *held = held.at(mark.life);
        }
    }
}

/// All keys, and those of them that the disk must learn about: keys of the first format, which
/// signed unless others were configured, and keys whose time was over before this start.
fn settled(
    configured: Vec<Held>,
    loaded: Loaded,
    can_sign: bool,
    rules: &KeyRules,
    now: Timestamp,
) -> (Vec<Held>, Vec<Held>) {
    let mut held = configured;
    let mut changed = Vec::new();
    for undated in loaded.undated {
        let since = undated.life.made_at.unwrap_or(now);
        let active = Life { published_at: Some(since), ..undated.life.active(since) };
        let until = now.plus_seconds(rules.verifies_for_s);
        let steps_back = can_sign && rules.pinned.as_deref() != Some(&*undated.id);
        let dated = undated.at(if steps_back { active.retiring(now, until) } else { active });
        changed.push(dated.clone());
        held.push(dated);
    }
    held.extend(loaded.kept);
    // Kept only to be shown: the configuration does not hold these keys any more.
    let absent = |mark: &Held| !held.iter().any(|held| held.identity == mark.identity);
    let absent: Vec<Held> = loaded.marks.into_iter().filter(absent).collect();
    held.extend(absent.into_iter().map(|mark| Held { key: None, ..mark }));
    for each in &mut held {
        if each.life.is_over(now) {
            *each = each.at(each.life.retired(now));
            changed.push(each.clone());
        }
    }
    (held, changed)
}

/// What is to sign where nothing is configured and nothing signs yet: the oldest next key, or a
/// new one.
fn first(held: &[Held], rules: &KeyRules, now: Timestamp) -> Result<Option<Held>, AuthorityError> {
    if held.iter().any(|held| held.signs() && held.life.state == KeyState::Active) {
        return Ok(None);
    }
    if let Some(next) = oldest_next(held) {
        return Ok(Some(next.at(next.life.active(now))));
    }
    let key = generated(&new_id(), rules.generated)?;
    Ok(Some(Held::new(key, false, Life::next(now).active(now))))
}

/// The next key that was published first.
pub(super) fn oldest_next(held: &[Held]) -> Option<&Held> {
    let next = held.iter().filter(|held| held.life.state == KeyState::Next && held.signs());
    next.min_by_key(|held| held.life.published_at)
}

/// Refuses settings that name keys which do not exist, or want a public key to sign. A retired
/// key may be named: its name stays in the settings longer than it works.
fn check_names(settings: &Settings, held: &[Held]) -> Result<(), AuthorityError> {
    let named = |id: &String| {
        let found = held.iter().find(|held| *held.id == **id);
        found.ok_or_else(|| AuthorityError::KeyUnknown(id.clone()))
    };
    for id in &settings.keys_without_kid {
        named(id)?;
    }
    if let Some(id) = &settings.signing_key {
        let key = named(id)?.key.as_ref();
        if key.is_some_and(|key| key.signer().is_none()) {
            return Err(AuthorityError::KeyCannotSign(id.clone()));
        }
    }
    Ok(())
}
