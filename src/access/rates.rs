//! How often one client address may ask.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;

use governor::Quota;

use super::gate::Gates;
use super::{Refusal, Settings};

/// Addresses that are told apart; those beyond share one pace.
const ADDRESSES_MAX: usize = 100_000;

/// The bits of an IPv6 address that one household or server has for itself.
const V6_PREFIX: u128 = !0 << 64;

/// The pace of each client address, on both listeners. An IPv6 address counts by its /64.
#[derive(Debug)]
pub struct Rates {
    control: Gates<IpAddr>,
    data: Option<Gates<IpAddr>>,
}

impl Rates {
    pub(super) fn new(settings: &Settings) -> Self {
        let control = Quota::per_minute(at_least_one(settings.control_per_minute));
        let data = settings.data_per_second.map(|count| Quota::per_second(at_least_one(count)));
        Self {
            control: Gates::new(control, ADDRESSES_MAX),
            data: data.map(|quota| Gates::new(quota, ADDRESSES_MAX)),
        }
    }

    /// One request on the control listener; a minute's worth may come at once.
    pub fn control(&self, address: IpAddr) -> Result<(), Refusal> {
        self.control.take(&prefix(address))
    }

    /// True when requests on the data listener have a pace at all.
    pub const fn limits_data(&self) -> bool {
        self.data.is_some()
    }

    /// One request on the data listener; a second's worth may come at once. Always let through
    /// when no limit is set.
    pub fn data(&self, address: IpAddr) -> Result<(), Refusal> {
        self.data.as_ref().map_or(Ok(()), |data| data.take(&prefix(address)))
    }

    /// Forgets addresses that have been quiet.
    pub(super) fn purge(&self) {
        self.control.forget_quiet();
        if let Some(data) = &self.data {
            data.forget_quiet();
        }
    }
}

pub(super) fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

fn prefix(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & V6_PREFIX).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        let settings =
            Settings { control_per_minute: 2, data_per_second: None, ..Settings::default() };
        Rates::new(&settings)
    }

    fn at(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_has_its_own_pace() {
        let rates = rates();
        for _ in 0..2 {
            assert_eq!(rates.control(at("192.0.2.1")), Ok(()));
        }
        let refused = Err(Refusal::TooMany { retry_after_s: 30 });
        assert_eq!(rates.control(at("192.0.2.1")), refused);
        assert_eq!(rates.control(at("::ffff:192.0.2.1")), refused, "the same one in other clothes");
        assert_eq!(rates.control(at("192.0.2.2")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn an_ipv6_address_counts_by_its_prefix() {
        let rates = rates();
        for text in ["2001:db8::1", "2001:db8::2"] {
            assert_eq!(rates.control(at(text)), Ok(()));
        }
        assert!(rates.control(at("2001:db8:0:0:ffff::3")).is_err());
        assert_eq!(rates.control(at("2001:db8:0:1::1")), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn the_data_listener_has_no_limit_unless_one_is_set() {
        let rates = rates();
        assert!((0..10_000).all(|_| rates.data(at("192.0.2.1")).is_ok()));
        let settings = Settings { data_per_second: Some(3), ..Settings::default() };
        let rates = Rates::new(&settings);
        let let_in = (0..10).filter(|_| rates.data(at("192.0.2.1")).is_ok()).count();
        assert_eq!(let_in, 3);
    }
}
