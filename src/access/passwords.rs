//! Passwords: which are accepted, how they are hashed, and how many at a time.
//!
//! Hashing takes 19 MiB and some ten milliseconds of a core, so it waits in two lanes of one
//! place each. Whoever has shown the password or a link before does not wait behind strangers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{AccessError, Name, Refusal, Secret};

/// Shortest accepted password, in characters (NIST SP 800-63B asks for eight at least).
const CHARS_MIN: usize = 12;

/// Longest accepted password, in characters.
const CHARS_MAX: usize = 256;

/// Hashes that may wait in a lane, besides the one that is made.
const WAITING_MAX: usize = 16;

/// Passwords of at least twelve characters that everybody tries first.
const COMMON: [&str; 20] = [
    "123456789012",
    "1234567890123",
    "1234567891011",
    "123123123123",
    "abcdefghijkl",
    "administrator",
    "adminadminadmin",
    "adminpassword",
    "changemechangeme",
    "crossfadecrossfade",
    "iloveyouiloveyou",
    "letmeinletmein",
    "passwordpassword",
    "password1234",
    "password12345",
    "password123456",
    "q1w2e3r4t5y6",
    "qwertyqwerty",
    "qwertyuiop123",
    "1q2w3e4r5t6y",
];

/// Refuses what is too short, too long, or guessed first.
pub(super) fn check(name: &Name, password: &Secret) -> Result<(), AccessError> {
    let text = password.reveal().to_lowercase();
    let chars = text.chars().count();
    let first = text.chars().next();
    if chars < CHARS_MIN {
        return Err(AccessError::BadPassword("needs at least 12 characters"));
    }
    if chars > CHARS_MAX {
        return Err(AccessError::BadPassword("has more than 256 characters"));
    }
    if COMMON.contains(&text.as_str()) || text.chars().all(|c| Some(c) == first) {
        return Err(AccessError::BadPassword("is one of those that are guessed first"));
    }
    if text == name.as_str() {
        return Err(AccessError::BadPassword("is the name"));
    }
    Ok(())
}

/// What a hash costs; its own parameters stand beside each hash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cost {
    memory_kib: u32,
    passes: u32,
}

/// Argon2id (RFC 9106) with 19 MiB and two passes, as OWASP advises.
pub(super) const STRONG: Cost = Cost { memory_kib: 19 * 1024, passes: 2 };

/// For stories that hash by the thousand.
#[cfg(test)]
pub(super) const CHEAP: Cost = Cost { memory_kib: 8, passes: 1 };

/// In which lane to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Holders of a session, a link or a known browser.
    Known,
    /// Anybody else.
    Strangers,
}

/// Hashes passwords and compares them with hashes.
pub(super) struct Passwords {
    /// Compared with when there is nobody of that name, so that it takes as long.
    nobody: Arc<str>,
    known: Places,
    strangers: Places,
    compared: AtomicU64,
    argon2: Argon2<'static>,
}

impl Passwords {
    /// Makes a hash; takes some ten milliseconds at [`STRONG`].
    pub async fn open(cost: Cost) -> Result<Self, AccessError> {
        let (known, strangers) = (Places::new(), Places::new());
        let params = Params::new(cost.memory_kib, cost.passes, 1, None);
        let params = params.map_err(|_| unhashable())?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let compared = AtomicU64::new(0);
        let mut new = Self { nobody: Arc::from(""), known, strangers, compared, argon2 };
        new.nobody = new.hash(&Secret::random()).await?.into();
        Ok(new)
    }

    /// The hash of a new password, in the PHC string format with its own salt.
    pub async fn hash(&self, password: &Secret) -> Result<String, AccessError> {
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let work = move || {
            let hash = argon2.hash_password(password.reveal().as_bytes());
            Ok(hash.map_err(|_| unhashable())?.to_string())
        };
        in_background(self.known.queue()?.turn().await?, work).await
    }

    /// A place in the queue of a lane, unless too many wait.
    pub fn queue(&self, lane: Lane) -> Result<Queued, Refusal> {
        match lane {
            Lane::Known => self.known.queue(),
            Lane::Strangers => self.strangers.queue(),
        }
    }

    /// True when the password is the one of the hash. Without a hash it takes as long, and the
    /// answer is no.
    pub async fn fits(
        &self,
        hash: Option<Arc<str>>,
        password: &Secret,
        queued: Queued,
    ) -> Result<bool, AccessError> {
        let place = queued.turn().await?;
        self.compared.fetch_add(1, Ordering::Relaxed);
        let somebody = hash.is_some();
        let hash = hash.unwrap_or_else(|| Arc::clone(&self.nobody));
        let (argon2, password) = (self.argon2.clone(), password.clone());
        let work = move || Ok(compare(&argon2, &hash, password.reveal()));
        let fits = in_background(place, work).await?;
        Ok(fits && somebody)
    }

    /// Keeps the strangers' lane busy while the returned value lives.
    #[cfg(test)]
    pub async fn busy_with_strangers(&self) -> OwnedSemaphorePermit {
        let hashing = Arc::clone(&self.strangers.hashing);
        hashing.acquire_owned().await.expect("never closed")
    }

    /// How many passwords were compared with a hash since the start.
    pub fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }
}

/// A place in a lane, and one in its queue.
type Place = (OwnedSemaphorePermit, OwnedSemaphorePermit);

struct Places {
    queue: Arc<Semaphore>,
    hashing: Arc<Semaphore>,
}

impl Places {
    fn new() -> Self {
        let queue = Arc::new(Semaphore::new(1 + WAITING_MAX));
        Self { queue, hashing: Arc::new(Semaphore::new(1)) }
    }

    /// A place in the queue, unless too many wait.
    fn queue(&self) -> Result<Queued, Refusal> {
        let place = Arc::clone(&self.queue).try_acquire_owned().map_err(|_| FULL)?;
        Ok(Queued { place, hashing: Arc::clone(&self.hashing) })
    }
}

const FULL: Refusal = Refusal::TooMany { retry_after_s: 1 };

/// A place in the queue of a lane.
pub(super) struct Queued {
    place: OwnedSemaphorePermit,
    hashing: Arc<Semaphore>,
}

impl Queued {
    /// Waits for its turn.
    async fn turn(self) -> Result<Place, Refusal> {
        let turn = self.hashing.acquire_owned().await.map_err(|_| FULL)?;
        Ok((self.place, turn))
    }
}

/// Keeps the place until the work is done, also when nobody waits for it any more.
async fn in_background<T: Send + 'static>(
    place: Place,
    work: impl FnOnce() -> Result<T, AccessError> + Send + 'static,
) -> Result<T, AccessError> {
    let work = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(place);
        done
    });
    work.await.unwrap_or_else(|_| Err(unhashable()))
}

fn compare(argon2: &Argon2<'_>, hash: &str, password: &str) -> bool {
    // No accepted password is longer, and the shortest takes as long.
    let password = if password.len() <= 4 * CHARS_MAX { password } else { "" };
    argon2.verify_password(password.as_bytes(), hash).is_ok()
}

fn unhashable() -> AccessError {
    AccessError::Unusable("the password could not be hashed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(password: &str) -> Option<AccessError> {
        let name = Name::parse("ada.lovelace@example.com").expect("a name");
        check(&name, &Secret::new(password)).err()
    }

    #[test]
    fn a_password_is_long_enough_and_not_guessed_first() {
        assert_eq!(problem("correct horse battery"), None);
        assert_eq!(problem("ünïcödé pässwörter"), None);
        let bad = ["short", "PasswordPassword", "aaaaaaaaaaaaa", "Ada.Lovelace@example.com"];
        for odd in bad.into_iter().chain([&*"ab".repeat(129)]) {
            assert!(matches!(problem(odd), Some(AccessError::BadPassword(_))), "{odd}");
        }
    }

    #[tokio::test]
    async fn a_password_fits_its_own_hash_and_nobody_fits_none() {
        let passwords = Passwords::open(STRONG).await.expect("hashes");
        let right = Secret::new("correct horse battery");
        let hash: Arc<str> = passwords.hash(&right).await.expect("a hash").into();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let fits = async |hash: Option<&Arc<str>>, password: &Secret| {
            let place = passwords.queue(Lane::Strangers).expect("a place");
            passwords.fits(hash.cloned(), password, place).await.expect("compared")
        };
        assert!(fits(Some(&hash), &right).await);
        assert!(!fits(Some(&hash), &Secret::new("wrong")).await);
        assert!(!fits(None, &right).await);
        assert_eq!(passwords.compared(), 3);
    }

    #[tokio::test]
    async fn a_full_lane_refuses_and_the_other_one_does_not() {
        let passwords = Passwords::open(STRONG).await.expect("hashes");
        let first = passwords.strangers.queue().expect("a place");
        let turn = first.turn().await.expect("the first");
        let queue = Arc::clone(&passwords.strangers.queue);
        let waiting = u32::try_from(WAITING_MAX).expect("small");
        let queued = queue.try_acquire_many_owned(waiting).expect("the rest of the queue");
        let guess = Secret::new("guess");
        assert_eq!(passwords.queue(Lane::Strangers).err(), Some(FULL));
        let known = passwords.queue(Lane::Known).expect("a place");
        assert_eq!(passwords.fits(None, &guess, known).await, Ok(false));
        drop((turn, queued));
        let stranger = passwords.queue(Lane::Strangers).expect("a place again");
        assert_eq!(passwords.fits(None, &guess, stranger).await, Ok(false));
    }
}
