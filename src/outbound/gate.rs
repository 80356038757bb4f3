//! Which addresses a call may reach, whatever the name behind which they stand.

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use serde::Deserialize;

use super::address::embedded;
use super::{AddressKind, OutboundError, Trust, Url};

/// A range of addresses, read from `10.1.0.0/16` or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct AddressRange(IpNet);

impl AddressRange {
    /// Parses a range. One with bits behind its prefix is refused: it says less than it seems to.
    pub fn parse(text: &str) -> Result<Self, OutboundError> {
        let bad = OutboundError::BadAddressRange;
        let range = match text.parse::<IpAddr>() {
            Ok(address) => IpNet::from(address),
            Err(_) => text.parse().map_err(|_| bad("neither a range nor an address"))?,
        };
        if range.trunc() != range {
            return Err(bad("bits are set behind the prefix"));
        }
        Ok(Self(range))
    }

    fn contains(self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }
}

impl TryFrom<String> for AddressRange {
    type Error = OutboundError;
    fn try_from(text: String) -> Result<Self, OutboundError> {
        Self::parse(&text)
    }
}

/// Judges addresses by whose URL it is.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    private: Arc<[AddressRange]>,
}

impl Gate {
    pub fn new(private: Vec<AddressRange>) -> Self {
        Self { private: private.into() }
    }

    /// Judges a host that is an address itself: such a host never comes to the resolver. Where
    /// the configuration file names an address, the rule that lists it is enough.
    pub fn judge_literal(&self, url: &Url) -> Result<(), OutboundError> {
        match (url.trust(), url.literal()) {
            (Trust::Typed, Some(address)) => {
                self.judge(Trust::Typed, address).map_err(|kind| refused(url.host(), kind))
            }
            (Trust::Typed, None) | (Trust::Configured, _) => Ok(()),
        }
    }

    /// Judges an address that a name resolved to.
    ///
    /// A name in the configuration file may lead into the own network, that is what it is for;
    /// it has no business at link-local addresses and the other special ones.
    pub fn judge(&self, trust: Trust, address: IpAddr) -> Result<(), AddressKind> {
        match (trust, self.kind_unless_allowed(address)) {
            (Trust::Configured | Trust::Typed, None)
            | (
                Trust::Configured,
                Some(AddressKind::Loopback | AddressKind::Private | AddressKind::Shared),
            ) => Ok(()),
            (Trust::Configured | Trust::Typed, Some(kind)) => Err(kind),
        }
    }

    fn kind_unless_allowed(&self, address: IpAddr) -> Option<AddressKind> {
        let address = address.to_canonical();
        if self.private.iter().any(|range| range.contains(address)) {
            return None;
        }
        if let IpAddr::V6(outer) = address
            && let Some(inner) = embedded(outer)
        {
            return inner.into_iter().find_map(|inner| self.kind_unless_allowed(inner.into()));
        }
        AddressKind::of(address)
    }
}

pub(super) fn refused(host: &str, kind: AddressKind) -> OutboundError {
    OutboundError::AddressRefused { host: host.to_owned(), kind }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(ranges: &[&str]) -> Gate {
        Gate::new(ranges.iter().map(|range| AddressRange::parse(range).expect("a range")).collect())
    }

    fn judge(gate: &Gate, trust: Trust, address: &str) -> Result<(), AddressKind> {
        gate.judge(trust, address.parse().expect("an address"))
    }

    #[test]
    fn what_is_typed_reaches_public_addresses_only() {
        let gate = gate(&[]);
        assert_eq!(judge(&gate, Trust::Typed, "1.1.1.1"), Ok(()));
        for inside in ["127.0.0.1", "10.0.0.1", "100.64.0.1", "fd00::1", "169.254.169.254"] {
            assert!(judge(&gate, Trust::Typed, inside).is_err(), "{inside}");
        }
    }

    #[test]
    fn a_listed_range_is_open_to_what_is_typed_in_every_disguise() {
        let gate = gate(&["10.1.0.0/16", "127.0.0.1"]);
        for open in ["10.1.2.3", "127.0.0.1", "::ffff:10.1.2.3", "64:ff9b::10.1.2.3"] {
            assert_eq!(judge(&gate, Trust::Typed, open), Ok(()), "{open}");
        }
        for closed in ["10.2.0.1", "127.0.0.2", "::1", "2001:0:a01:1::80ff:fffd"] {
            assert!(judge(&gate, Trust::Typed, closed).is_err(), "{closed}");
        }
    }

    #[test]
    fn a_configured_name_may_lead_inside_and_not_to_the_metadata_service() {
        let gate = gate(&[]);
        for inside in ["127.0.0.1", "10.0.0.1", "100.64.0.1", "fd00::1", "1.1.1.1"] {
            assert_eq!(judge(&gate, Trust::Configured, inside), Ok(()), "{inside}");
        }
        for never in ["169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1", "64:ff9b::a9fe:a9fe"] {
            assert!(judge(&gate, Trust::Configured, never).is_err(), "{never}");
        }
    }

    #[test]
    fn a_range_is_a_range_or_an_address() {
        for odd in ["", "10.0.0.0/33", "10.1.2.3/16", "localhost", "10.0.0.0/8 "] {
            assert!(AddressRange::parse(odd).is_err(), "{odd:?}");
        }
        assert!(AddressRange::parse("fd00::/8").is_ok());
    }
}
