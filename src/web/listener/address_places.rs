//! How many connections one address may hold.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// Connections held by each address. There are never more entries than connections.
#[derive(Debug)]
pub struct AddressPlaces {
    max: u32,
    held: Mutex<HashMap<IpAddr, u32>>,
}

/// One connection's place; given back when it is dropped.
#[derive(Debug)]
pub struct AddressPlace(Option<(Arc<AddressPlaces>, IpAddr)>);

impl AddressPlaces {
    /// At most `max` places an address.
    pub fn new(max: u32) -> Arc<Self> {
        Arc::new(Self { max, held: Mutex::default() })
    }

    /// A place for one more connection from this address, unless it holds as many as it may.
    pub fn take(self: &Arc<Self>, address: IpAddr) -> Option<AddressPlace> {
        let address = counted_as(address);
        let mut held = self.held.lock();
        let count = held.entry(address).or_default();
        if *count >= self.max {
            return None;
        }
        *count += 1;
        Some(AddressPlace(Some((Arc::clone(self), address))))
    }
}

impl AddressPlace {
    /// The place of a connection whose address may hold any number.
    pub const fn uncounted() -> Self {
        Self(None)
    }
}

impl Drop for AddressPlace {
    fn drop(&mut self) {
        let Some((places, address)) = &self.0 else { return };
        let mut held = places.held.lock();
        if let Some(count) = held.get_mut(address) {
            *count -= 1;
            if *count == 0 {
                held.remove(address);
            }
        }
    }
}

/// A host has one IPv4 address, but a whole /64 of IPv6 addresses to choose from.
fn counted_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_as_many_places_as_it_may_and_gives_them_back() {
        let places = AddressPlaces::new(2);
        let take = |address: &str| places.take(address.parse().expect("an address"));
        let (first, second) = (take("192.0.2.1"), take("192.0.2.1"));
        assert!(first.is_some() && second.is_some());
        assert!(take("192.0.2.1").is_none(), "both places are held");
        assert!(take("192.0.2.2").is_some(), "another address has its own");
        drop(first);
        let again = take("192.0.2.1");
        assert!(again.is_some());
        drop((second, again));
        assert!(places.held.lock().is_empty(), "nothing is left of who went");
    }

    #[test]
    fn the_addresses_of_an_ipv6_network_of_64_bits_share_their_places() {
        let places = AddressPlaces::new(1);
        let take = |address: &str| places.take(address.parse().expect("an address"));
        let _held = take("2001:db8:0:1::1");
        assert!(take("2001:db8:0:1:ffff::2").is_none());
        assert!(take("2001:db8:0:2::1").is_some());
    }
}
