//! API tokens: what machines show.

mod disk;
mod held;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use governor::Quota;

use self::disk::Disk;
use self::held::Held;
use super::event_log::EventLog;
use super::gate::Gate;
use super::mark::{Mark, Marker};
use super::rates::at_least_one;
use super::{AccessError, Caller, Name, Pass, Permission, Refusal, Scopes, Secret, Settings};
use crate::domain::{Clock, FingerprintKey, Timestamp};
use crate::store::Store;

/// Tokens there may be, configured ones included.
const TOKENS_MAX: usize = 10_000;

/// Longest life of a token.
const LIFE_MAX: Duration = Duration::from_hours(400 * 24);

/// A token that has expired is shown for this long.
const SHOWN_AFTER_END: Duration = Duration::from_hours(30 * 24);

/// Shortest and longest text of a token, in bytes.
const TEXT_BYTES: std::ops::RangeInclusive<usize> = 32..=256;

/// Who made those of the configuration file.
const CONFIGURATION: &str = "configuration";

/// A token from the configuration file.
#[derive(Clone, Debug)]
pub struct ConfiguredToken {
    /// The name it goes by.
    pub name: Name,
    /// Its text, 32 to 256 characters.
    pub secret: Secret,
    /// What it is for.
    pub scopes: Scopes,
    /// When it ends; `None` for as long as its section is there.
    pub expires_at: Option<Timestamp>,
}

/// One token, as people see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenView {
    /// The name it goes by.
    pub name: Name,
    /// What it is for.
    pub scopes: Scopes,
    /// Who made it; `configuration` for one from the configuration file.
    pub made_by: String,
    /// When it was made; for one from the configuration file, when the service started.
    pub made_at: Timestamp,
    /// When it ends, if ever.
    pub expires_at: Option<Timestamp>,
    /// When it was last let in, to the second; the last minute before a crash may be missing.
    pub last_used: Option<Timestamp>,
    /// True for one from the configuration file, which cannot be revoked here.
    pub configured: bool,
}

/// A token that was just made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// `cfd_` and 43 characters of base64url; shown once.
    pub secret: Secret,
    /// What it is.
    pub view: TokenView,
}

/// The API tokens.
///
/// The data path reads one immutable map, which is replaced as a whole when a token is made or
/// gone. Only keyed hashes of the tokens are in it, and on the disk.
pub struct ApiTokens {
    known: ArcSwap<Known>,
    marks: Marker,
    quota: Quota,
    clock: Arc<dyn Clock>,
    disk: Disk,
    /// Held while the map and the disk are changed; the data path never takes it.
    changing: tokio::sync::Mutex<()>,
}

type Known = HashMap<Mark, Arc<Held>>;

impl ApiTokens {
    /// All tokens of the store and of the configuration file.
    pub(super) fn open(
        store: &Store,
        settings: &Settings,
        configured: Vec<ConfiguredToken>,
        key: &FingerprintKey,
        clock: Arc<dyn Clock>,
        log: EventLog,
    ) -> Result<Self, AccessError> {
        let tokens = Self {
            known: ArcSwap::default(),
            marks: Marker::new(key, "api tokens"),
            quota: Quota::per_second(at_least_one(settings.token_per_second)),
            clock,
            disk: Disk::new(store, log),
            changing: tokio::sync::Mutex::new(()),
        };
        let mut all = tokens.disk.load()?;
        for token in configured {
            all.push(tokens.read(token)?);
        }
        tokens.hold(all)?;
        Ok(tokens)
    }

    /// Lets a token in that may do one thing. For the data path: nothing is copied.
    pub fn check(&self, text: &str, permission: Permission) -> Result<(), Refusal> {
        let known = self.known.load();
        let held = self.admitted(&known, text)?;
        if !held.caller.has(permission) {
            return Err(Refusal::NotPermitted(permission));
        }
        Ok(())
    }

    /// True while a token that was let in may still do that. Takes nothing from its pace.
    pub fn may_still(&self, text: &str, permission: Permission) -> bool {
        let held = self.known.load().get(&self.marks.of(text)).map(Arc::clone);
        held.is_some_and(|held| held.stands_for(permission, self.clock.now()))
    }

    /// Lets a token in, whatever it may do.
    pub fn admit(&self, text: &str) -> Result<Caller, Refusal> {
        let known = self.known.load();
        self.admitted(&known, text).map(|held| held.caller.clone())
    }

    /// Makes a token that ends in at most 400 days. Needs [`Permission::Administer`].
    pub async fn make(
        &self,
        pass: &Pass,
        name: Name,
        scopes: Scopes,
        expires_at: Timestamp,
    ) -> Result<NewToken, AccessError> {
        let now = self.now_for(pass)?;
        if expires_at <= now || expires_at > now.plus(LIFE_MAX) {
            return Err(AccessError::Unusable(
                "a token ends in the future, within 400 days".to_owned(),
            ));
        }
        let secret = Secret::new(format!("cfd_{}", Secret::random().reveal()));
        let made = TokenView {
            name,
            scopes,
            made_by: pass.actor().to_string(),
            made_at: now,
            expires_at: Some(expires_at),
            last_used: None,
            configured: false,
        };
        let changing = self.changing.lock().await;
        let mark = self.marks.of(secret.reveal());
        let held = Arc::new(Held::new(mark, made, Gate::new(self.quota)));
        // Held before it is on the disk, and let in after: should nobody wait for the disk, it is
        // on the list and can be revoked.
        self.add(&held)?;
        if let Err(error) = self.disk.add(&held, pass.actor(), now).await {
            self.remove(&[mark]);
            return Err(error.into());
        }
        held.begin();
        drop(changing);
        Ok(NewToken { secret, view: held.view() })
    }

    /// Takes a token back: refused from the moment this is called, for good when it returns. If
    /// the disk refuses, the token stays on the list, works no more until a restart, and can be
    /// revoked again. Needs [`Permission::Administer`].
    pub async fn revoke(&self, pass: &Pass, name: &Name) -> Result<(), AccessError> {
        let now = self.now_for(pass)?;
        self.revocable(name)?.end();
        let changing = self.changing.lock().await;
        let held = self.revocable(name)?;
        held.end();
        self.disk.revoke(name, pass.actor(), now).await?;
        self.remove(&[held.mark]);
        drop(changing);
        Ok(())
    }

    /// All tokens, by name.
    pub fn list(&self) -> Vec<TokenView> {
        let mut views: Vec<_> = self.known.load().values().map(|held| held.view()).collect();
        views.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        views
    }

    /// True when the token of that name works, may do that, and is the one that stood there at
    /// `since`.
    pub(super) fn still_may(&self, name: &Name, permission: Permission, since: Timestamp) -> bool {
        let now = self.clock.now();
        self.named(name).is_some_and(|held| held.still_may(permission, since, now))
    }

    /// Writes down when tokens were last used, and forgets those that ended long ago.
    pub(super) async fn purge(&self) -> Result<(), AccessError> {
        let changing = self.changing.lock().await;
        let known = self.known.load_full();
        self.disk.note_uses(known.values()).await?;
        let now = self.clock.now();
        let is_over = |held: &&Arc<Held>| {
            let expires_at = held.made().expires_at.filter(|_| !held.made().configured);
            expires_at.is_some_and(|expires_at| now >= expires_at.plus(SHOWN_AFTER_END))
        };
        let over: Vec<_> = known.values().filter(is_over).collect();
        self.remove(&over.iter().map(|held| held.mark).collect::<Vec<_>>());
        let names: Vec<_> = over.iter().map(|held| held.made().name.clone()).collect();
        self.disk.forget(&names).await?;
        drop(changing);
        Ok(())
    }

    fn admitted<'k>(&self, known: &'k Known, text: &str) -> Result<&'k Held, Refusal> {
        if !TEXT_BYTES.contains(&text.len()) {
            return Err(Refusal::Unknown);
        }
        let held = known.get(&self.marks.of(text)).ok_or(Refusal::Unknown)?;
        held.admit(self.clock.now())?;
        Ok(held)
    }

    fn now_for(&self, pass: &Pass) -> Result<Timestamp, Refusal> {
        let fits = pass.permission() == Permission::Administer;
        fits.then(|| self.clock.now()).ok_or(Refusal::NotPermitted(Permission::Administer))
    }

    fn named(&self, name: &Name) -> Option<Arc<Held>> {
        self.known.load().values().find(|held| held.made().name == *name).cloned()
    }

    fn revocable(&self, name: &Name) -> Result<Arc<Held>, AccessError> {
        let held = self.named(name);
        let held = held.ok_or_else(|| AccessError::NotFound(format!("API token {name}")))?;
        if held.made().configured {
            return Err(AccessError::Unusable(format!(
                "the token {name} is from the configuration file: remove its section there"
            )));
        }
        Ok(held)
    }

    fn read(&self, token: ConfiguredToken) -> Result<(Mark, TokenView), AccessError> {
        let ConfiguredToken { name, secret, scopes, expires_at } = token;
        if !TEXT_BYTES.contains(&secret.reveal().len()) {
            let (least, most) = (TEXT_BYTES.start(), TEXT_BYTES.end());
            return Err(AccessError::Unusable(format!(
                "the text of the configured token {name} is not {least} to {most} characters long"
            )));
        }
        let view = TokenView {
            name,
            scopes,
            made_by: CONFIGURATION.to_owned(),
            made_at: self.clock.now(),
            expires_at,
            last_used: None,
            configured: true,
        };
        Ok((self.marks.of(secret.reveal()), view))
    }

    /// Takes all into the map, with their last uses.
    fn hold(&self, all: Vec<(Mark, TokenView)>) -> Result<(), AccessError> {
        let uses = self.disk.last_uses();
        let mut known = Known::new();
        for (mark, mut view) in all {
            view.last_used = uses.get(&(view.name.to_string(), mark)).copied();
            let held = Arc::new(Held::new(mark, view, Gate::new(self.quota)));
            held.begin();
            insert(&mut known, held)?;
        }
        self.known.store(Arc::new(known));
        Ok(())
    }

    fn add(&self, held: &Arc<Held>) -> Result<(), AccessError> {
        let mut changed = Known::clone(&self.known.load());
        insert(&mut changed, Arc::clone(held))?;
        self.known.store(Arc::new(changed));
        Ok(())
    }

    fn remove(&self, marks: &[Mark]) {
        let mut changed = Known::clone(&self.known.load());
        changed.retain(|mark, _| !marks.contains(mark));
        self.known.store(Arc::new(changed));
    }
}

impl fmt::Debug for ApiTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiTokens({})", self.known.load().len())
    }
}

/// Inserts a token, unless its name or text is taken.
fn insert(known: &mut Known, held: Arc<Held>) -> Result<(), AccessError> {
    let name = &held.made().name;
    if known.len() >= TOKENS_MAX {
        return Err(AccessError::Full { what: "API tokens", max: TOKENS_MAX });
    }
    if known.values().any(|other| other.made().name == *name) {
        return Err(AccessError::NameTaken(name.clone()));
    }
    if let Some(other) = known.get(&held.mark) {
        let other = &other.made().name;
        return Err(AccessError::Unusable(format!("{name} and {other} are the same token")));
    }
    known.insert(held.mark, held);
    Ok(())
}
