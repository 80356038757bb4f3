//! Browsers that have signed in before: a cookie that says so, and nothing more.
//!
//! It opens nothing; it only has the browser's tries counted apart from those of strangers. As its
//! mark covers the hash of the password, a new password makes every browser a stranger again.

use crate::domain::Timestamp;

use super::mark::{Mark, Marker};
use super::{Name, Secret};

/// How long a browser is known, in seconds: 180 days.
const KNOWN_FOR_S: i64 = 180 * 24 * 60 * 60;

/// Longest text worth looking at, in bytes.
const TEXT_MAX: usize = 128;

/// A new cookie for a browser in which the owner of `password_hash` has just proved himself.
pub(super) fn make(marker: &Marker, name: &Name, password_hash: &str, now: Timestamp) -> Secret {
    let until_s = now.plus_seconds(KNOWN_FOR_S).seconds();
    let browser = Secret::random();
    let mark = mark(marker, name, password_hash, browser.reveal(), until_s);
    Secret::new(format!("{}.{until_s}.{}", browser.reveal(), mark.to_base64url()))
}

/// What names the browser, if the cookie was made for this account and password and still holds.
pub(super) fn known<'a>(
    marker: &Marker,
    name: &Name,
    password_hash: &str,
    cookie: &'a str,
    now: Timestamp,
) -> Option<&'a str> {
    let mut parts = cookie.split('.').filter(|_| cookie.len() <= TEXT_MAX);
    let (browser, until_s, shown) = (parts.next()?, parts.next()?, parts.next()?);
    let until_s: i64 = until_s.parse().ok()?;
    let fits = mark(marker, name, password_hash, browser, until_s).is_written(shown);
    (fits && parts.next().is_none() && now.seconds() < until_s).then_some(browser)
}

fn mark(marker: &Marker, name: &Name, password_hash: &str, browser: &str, until_s: i64) -> Mark {
    marker.of(&format!("{name}\0{password_hash}\0{browser}\0{until_s}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::domain::FingerprintKey;

    const NOW: Timestamp = Timestamp::from_seconds(1_000);

    fn marker() -> Marker {
        Marker::new(&FingerprintKey::new([5; 32]), "browsers")
    }

    fn name(text: &str) -> Name {
        Name::parse(text).expect("a name")
    }

    #[test]
    fn a_browser_is_known_for_one_account_and_one_password() {
        let cookie = make(&marker(), &name("ada"), "hash", NOW);
        let cookie = cookie.reveal();
        assert!(known(&marker(), &name("ada"), "hash", cookie, NOW).is_some());
        assert_eq!(known(&marker(), &name("bob"), "hash", cookie, NOW), None);
        assert_eq!(known(&marker(), &name("ada"), "other", cookie, NOW), None);
        assert_eq!(known(&marker(), &name("ada"), "hash", &cookie.replace('.', ".1"), NOW), None);
        assert_eq!(known(&marker(), &name("ada"), "hash", &format!("{cookie}.x"), NOW), None);
    }

    #[test]
    fn a_browser_is_forgotten_after_half_a_year() {
        let cookie = make(&marker(), &name("ada"), "hash", NOW);
        let last = NOW.plus_seconds(KNOWN_FOR_S - 1);
        assert!(known(&marker(), &name("ada"), "hash", cookie.reveal(), last).is_some());
        let over = last.plus_seconds(1);
        assert_eq!(known(&marker(), &name("ada"), "hash", cookie.reveal(), over), None);
    }
}
