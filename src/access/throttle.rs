//! How fast passwords may be tried.
//!
//! A stranger's try counts against his address and against the account as seen from there, so
//! nobody can use up the owner's tries from elsewhere. A browser that has signed in before counts
//! apart from all strangers.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use crate::domain::FingerprintKey;

use super::Refusal;
use super::mark::{Mark, Marker};
use super::pace::Pace;

/// Keys with a pace of their own, of each kind.
const KEYS_MAX: usize = 100_000;

const fn burst(tries: u32) -> NonZeroU32 {
    match NonZeroU32::new(tries) {
        Some(tries) => tries,
        None => NonZeroU32::MIN,
    }
}

/// Who tries.
#[derive(Clone, Copy, Debug)]
pub(super) enum Tries<'a> {
    /// A browser, or a session, that has shown the password before.
    Known(&'a str),
    /// Anybody else.
    Stranger(IpAddr),
}

/// A try that was let through, and what it counts against.
#[derive(Debug)]
pub(super) enum Ticket {
    Known(Mark),
    Stranger { address: Mark, account: Mark },
}

/// Paces of tries.
pub(super) struct Throttle {
    marker: Marker,
    addresses: Pace,
    accounts: Pace,
    known: Pace,
}

impl Throttle {
    pub fn new(key: &FingerprintKey) -> Self {
        let marker = Marker::new(key, "tries at passwords");
        let pace =
            |tries, period_s| Pace::new(burst(tries), Duration::from_secs(period_s), KEYS_MAX);
        let (addresses, accounts, known) = (pace(30, 10), pace(5, 600), pace(10, 60));
        Self { marker, addresses, accounts, known }
    }

    /// Takes a try at an account, whether or not there is such an account.
    pub fn take(&self, account: &str, by: Tries<'_>) -> Result<Ticket, Refusal> {
        match by {
            Tries::Known(browser) => {
                let known = self.mark("known", account, browser);
                self.known.take(known)?;
                Ok(Ticket::Known(known))
            }
            Tries::Stranger(address) => {
                let prefix = prefix(address);
                let (address, account) =
                    (self.mark("from", "", &prefix), self.mark("at", account, &prefix));
                // The address first: it bounds how many accounts one address can name.
                self.addresses.take(address)?;
                self.accounts.take(account)?;
                Ok(Ticket::Stranger { address, account })
            }
        }
    }

    /// The password was not looked at: the try does not count.
    pub fn give_back(&self, ticket: &Ticket) {
        match *ticket {
            Ticket::Known(known) => self.known.give_back(known),
            Ticket::Stranger { address, account } => {
                self.addresses.give_back(address);
                self.accounts.give_back(account);
            }
        }
    }

    /// The password was right: mistakes before it are forgiven at this account. The address gets
    /// only this try back, or one account of his own would free a guesser to try all others.
    pub fn proved(&self, ticket: &Ticket) {
        match *ticket {
            Ticket::Known(known) => self.known.forget(known),
            Ticket::Stranger { address, account } => {
                self.addresses.give_back(address);
                self.accounts.forget(account);
            }
        }
    }

    /// Forgets what no longer counts.
    pub fn purge(&self) {
        [&self.addresses, &self.accounts, &self.known].into_iter().for_each(Pace::purge);
    }

    fn mark(&self, kind: &str, account: &str, other: &str) -> Mark {
        self.marker.of(&format!("{kind}\0{}\0{account}\0{other}", account.len()))
    }
}

/// One IPv4 address, or the IPv6 network of one customer (RFC 6177).
fn prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("{:x}/64", address.to_bits() >> 64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    fn throttle() -> Throttle {
        Throttle::new(&FingerprintKey::new([3; 32]))
    }

    fn taken(throttle: &Throttle, account: &str, address: &str) -> usize {
        let address = address.parse().expect("an address");
        (0..50).take_while(|_| throttle.take(account, Tries::Stranger(address)).is_ok()).count()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_has_five_tries_at_an_account_then_one_in_ten_minutes() {
        let throttle = throttle();
        assert_eq!(taken(&throttle, "ada", "192.0.2.1"), 5);
        tokio::time::advance(Duration::from_mins(10)).await;
        assert_eq!(taken(&throttle, "ada", "192.0.2.1"), 1);
        assert_eq!(taken(&throttle, "ada", "192.0.2.2"), 5, "from elsewhere nothing is used up");
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_has_thirty_tries_over_all_accounts() {
        let throttle = throttle();
        let accounts = ["a", "b", "c", "d", "e", "f", "g", "h"];
        let all: usize = accounts.iter().map(|name| taken(&throttle, name, "192.0.2.1")).sum();
        assert!((25..=30).contains(&all), "{all} looked at: refused ones count as well");
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(taken(&throttle, "z", "192.0.2.1"), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn addresses_of_one_ipv6_network_are_one() {
        let throttle = throttle();
        assert_eq!(taken(&throttle, "ada", "2001:db8::1"), 5);
        assert_eq!(taken(&throttle, "ada", "2001:db8::ffff:1"), 0);
        assert_eq!(taken(&throttle, "ada", "2001:db8:0:1::1"), 5);
        assert_eq!(taken(&throttle, "ada", "192.0.2.1"), 5);
        assert_eq!(taken(&throttle, "ada", "::ffff:192.0.2.1"), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_success_forgives_the_account_and_not_the_address() {
        let throttle = throttle();
        let address = "192.0.2.1".parse().expect("an address");
        assert_eq!(taken(&throttle, "ada", "192.0.2.1"), 5);
        tokio::time::advance(Duration::from_mins(10)).await;
        let ticket = throttle.take("ada", Tries::Stranger(address)).expect("one try");
        throttle.proved(&ticket);
        assert_eq!(taken(&throttle, "ada", "192.0.2.1"), 5);
    }
}
