//! What kind of address a call would reach.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address that is not a host of the public internet, and why not. The registries are IANA's
/// special-purpose ones (RFC 6890).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressKind {
    /// This machine: 127.0.0.0/8, `::1`.
    #[error("a loopback address")]
    Loopback,
    /// A private network: RFC 1918, `fc00::/7`, `fec0::/10`.
    #[error("a private address")]
    Private,
    /// This link, with the metadata services of most clouds: 169.254.0.0/16, `fe80::/10`.
    #[error("a link-local address")]
    LinkLocal,
    /// A carrier's or a cluster's inside: 100.64.0.0/10 (RFC 6598).
    #[error("a shared address")]
    Shared,
    /// "This host": 0.0.0.0/8, `::`. Many systems take it for loopback.
    #[error("an unspecified address")]
    Unspecified,
    /// Everybody on the link.
    #[error("a broadcast address")]
    Broadcast,
    /// A group: 224.0.0.0/4, `ff00::/8`.
    #[error("a multicast address")]
    Multicast,
    /// Examples: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24, `2001:db8::/32`, `3fff::/20`.
    #[error("a documentation address")]
    Documentation,
    /// Test networks: 198.18.0.0/15, `2001:2::/48`.
    #[error("a benchmarking address")]
    Benchmarking,
    /// Anything else that is not handed out to hosts.
    #[error("a reserved address")]
    Reserved,
}

impl AddressKind {
    /// The kind of an address; `None` for one of the public internet. An IPv6 address that stands
    /// for an IPv4 address is judged by that one.
    pub fn of(address: IpAddr) -> Option<Self> {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => match embedded(address) {
                Some(inner) => inner.into_iter().find_map(of_v4),
                None => of_v6(address),
            },
        }
    }

    /// Its word in metrics.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::LinkLocal => "link_local",
            Self::Shared => "shared",
            Self::Unspecified => "unspecified",
            Self::Broadcast => "broadcast",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Reserved => "reserved",
        }
    }
}

fn of_v4(address: Ipv4Addr) -> Option<AddressKind> {
    let kind = match address.octets() {
        [0, ..] => AddressKind::Unspecified,
        [127, ..] => AddressKind::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => AddressKind::Private,
        // The metadata service of one cloud is among the shared addresses.
        [169, 254, ..] | [100, 100, 100, 200] => AddressKind::LinkLocal,
        [100, 64..=127, ..] => AddressKind::Shared,
        [255, 255, 255, 255] => AddressKind::Broadcast,
        [224..=239, ..] => AddressKind::Multicast,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => AddressKind::Documentation,
        [198, 18 | 19, ..] => AddressKind::Benchmarking,
        // Protocol assignments, old 6to4 relays, and the address of Azure's own platform.
        [192, 0, 0, _] | [192, 88, 99, _] | [168, 63, 129, 16] | [240..=255, ..] => {
            AddressKind::Reserved
        }
        _ => return None,
    };
    Some(kind)
}

fn of_v6(address: Ipv6Addr) -> Option<AddressKind> {
    let kind = match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => AddressKind::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => AddressKind::Loopback,
        // The metadata service of another is among the private ones.
        [0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254] | [0xfe80..=0xfebf, ..] => AddressKind::LinkLocal,
        [0xfc00..=0xfdff | 0xfec0..=0xfeff, ..] => AddressKind::Private,
        [0xff00..=0xffff, ..] => AddressKind::Multicast,
        [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => AddressKind::Documentation,
        [0x2001, 2, 0, ..] => AddressKind::Benchmarking,
        [0x64, 0xff9b, 1, ..] | [0x2001, 0..=0x01ff, ..] => AddressKind::Reserved,
        [0x2000..=0x3fff, ..] => return None,
        _ => AddressKind::Reserved,
    };
    Some(kind)
}

/// The IPv4 addresses in an IPv6 address of a transition mechanism: both ends of a Teredo tunnel
/// (RFC 4380 §4), twice the same for the others.
pub(super) fn embedded(address: Ipv6Addr) -> Option<[Ipv4Addr; 2]> {
    let pair = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        // Compatible (RFC 4291 §2.5.5.1), mapped, translated (RFC 2765), NAT64 (RFC 6052).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        // 6to4 (RFC 3056).
        | [0x2002, high, low, ..] => Some([pair(high, low); 2]),
        [0x2001, 0, server_high, server_low, _, _, high, low] => {
            Some([pair(!high, !low), pair(server_high, server_low)])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> Option<AddressKind> {
        AddressKind::of(text.parse().expect("an address"))
    }

    #[test]
    fn hosts_of_the_public_internet_have_no_kind() {
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450::1",
            "2001:4860:4860::8888",
        ] {
            assert_eq!(kind(public), None, "{public}");
        }
    }

    #[test]
    fn every_other_address_has_one() {
        use AddressKind as Kind;
        for (text, expected) in [
            ("0.0.0.0", Kind::Unspecified),
            ("0.1.2.3", Kind::Unspecified),
            ("127.0.0.1", Kind::Loopback),
            ("127.255.255.254", Kind::Loopback),
            ("10.0.0.0", Kind::Private),
            ("172.16.0.1", Kind::Private),
            ("172.31.255.255", Kind::Private),
            ("192.168.255.255", Kind::Private),
            ("169.254.169.254", Kind::LinkLocal),
            ("100.64.0.0", Kind::Shared),
            ("100.100.100.200", Kind::LinkLocal),
            ("255.255.255.255", Kind::Broadcast),
            ("224.0.0.1", Kind::Multicast),
            ("239.255.255.250", Kind::Multicast),
            ("192.0.2.1", Kind::Documentation),
            ("198.51.100.1", Kind::Documentation),
            ("203.0.113.1", Kind::Documentation),
            ("198.19.255.255", Kind::Benchmarking),
            ("192.0.0.192", Kind::Reserved),
            ("168.63.129.16", Kind::Reserved),
            ("240.0.0.1", Kind::Reserved),
            ("::", Kind::Unspecified),
            ("::1", Kind::Loopback),
            ("fd00:ec2::254", Kind::LinkLocal),
            ("fd00:ec2::255", Kind::Private),
            ("fec0::1", Kind::Private),
            ("64:ff9b:1::a00:1", Kind::Reserved),
            ("fe80::1", Kind::LinkLocal),
            ("ff02::1", Kind::Multicast),
            ("2001:db8::1", Kind::Documentation),
            ("3fff::1", Kind::Documentation),
            ("2001:2::1", Kind::Benchmarking),
            ("2001:20::1", Kind::Reserved),
            ("100::1", Kind::Reserved),
            ("5f00::1", Kind::Reserved),
        ] {
            assert_eq!(kind(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn an_ipv4_address_inside_an_ipv6_address_decides() {
        for loopback in [
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::127.0.0.1",
            "2002:7f00:1::",
            "2002:7f00:1:5::9",
            // Teredo: the client's address is inverted, the server's is plain.
            "2001:0:102:304::80ff:fffe",
            "2001:0:7f00:1::fefd:fcfb",
        ] {
            assert_eq!(kind(loopback), Some(AddressKind::Loopback), "{loopback}");
        }
        for public in ["::ffff:1.1.1.1", "64:ff9b::1.1.1.1", "2002:101:101::1"] {
            assert_eq!(kind(public), None, "{public}");
        }
        assert_eq!(kind("64:ff9b::a9fe:a9fe"), Some(AddressKind::LinkLocal));
    }
}
