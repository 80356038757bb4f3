//! What stands for a subject, or for the network a caller is in, where they are only told apart.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Slot;

/// A subject under the secret salt of its group: 64 bits of a keyed hash. Tells subjects apart, and
/// says nothing about them without the salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SubjectKey(u64);

impl SubjectKey {
    /// From 64 bits of a keyed hash.
    pub const fn from_hash(hash: u64) -> Self {
        Self(hash)
    }

    /// The bits.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The place of the subject.
    pub const fn slot(self) -> Slot {
        Slot::from_hash(self.0)
    }
}

/// The network that a caller is in: the first 24 bits of an IPv4 address, the first 48 of another.
/// Whoever holds one such network is taken for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientNetwork(u64);

impl ClientNetwork {
    /// The network of an address; an IPv4 address met as IPv6 is itself again.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(u64::from(u32::from(address) >> 8)),
            // Above whatever 24 bits can be.
            IpAddr::V6(address) => Self(
                (1 << 48)
                    | (u64::from(address.segments()[0]) << 32)
                    | (u64::from(address.segments()[1]) << 16)
                    | u64::from(address.segments()[2]),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_24_bits_of_an_old_address_and_48_of_a_new_one() {
        let of = |text: &str| ClientNetwork::of(text.parse().expect("an address"));
        assert_eq!(of("192.0.2.1"), of("192.0.2.254"));
        assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
        assert_eq!(of("::ffff:192.0.2.9"), of("192.0.2.1"));
        assert_eq!(of("2001:db8:1::1"), of("2001:db8:1:ffff::2"));
        assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
        assert_ne!(of("::"), of("0.0.0.0"));
    }
}
