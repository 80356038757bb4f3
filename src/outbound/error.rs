//! What can go wrong outside the house.

use super::AddressKind;
use super::names::Refused;

/// Why a call brought no answer. Texts name hosts and headers at most: never a query string, a
/// header's value or a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OutboundError {
    /// The client itself cannot be built, such as without a certificate store.
    #[error("cannot set up the client: {0}")]
    Setup(String),
    /// Not an absolute `http` or `https` URL, or one with a user name in it.
    #[error("not a usable url: {0}")]
    BadUrl(&'static str),
    /// A rule that is not `[scheme://]host[:port]`.
    #[error("not a host rule: {0}")]
    BadHostRule(&'static str),
    /// A range that is not `address/prefix`.
    #[error("not a range of addresses: {0}")]
    BadAddressRange(&'static str),
    /// A header name or value that HTTP cannot carry.
    #[error("header {name} cannot be sent")]
    BadHeader {
        /// The header's name, at most 64 characters.
        name: String,
    },
    /// No rule names the host, its port and this scheme.
    #[error("{scheme} to {host} is not on the list of allowed hosts")]
    HostNotAllowed {
        /// `http` or `https`.
        scheme: &'static str,
        /// Host and port.
        host: String,
    },
    /// The host is, or leads to nothing but, addresses that this URL may not reach.
    #[error("{host} is {kind}, which may not be called")]
    AddressRefused {
        /// The host, as a name where it is one.
        host: String,
        /// What is wrong with its address, or with one of them.
        kind: AddressKind,
    },
    /// As many calls are under way as are allowed at a time.
    #[error("too many calls at a time")]
    Busy,
    /// No connection; not a byte of the call was sent.
    #[error("cannot connect: {0}")]
    Unreachable(&'static str),
    /// Connected, but no whole answer within the call's time.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke, or what came was not HTTP.
    #[error("the answer broke off or was not http")]
    Interrupted,
    /// The body is longer than the call allows; it was not read to its end.
    #[error("answer is over {max} bytes")]
    TooLarge {
        /// The call's cap, in bytes.
        max: usize,
    },
}

impl OutboundError {
    /// True when the other end cannot have seen any of the call, so that asking elsewhere is
    /// safe even for a call with effects.
    pub const fn nothing_was_sent(&self) -> bool {
        match self {
            Self::Setup(_)
            | Self::BadUrl(_)
            | Self::BadHostRule(_)
            | Self::BadHeader { .. }
            | Self::BadAddressRange(_)
            | Self::HostNotAllowed { .. }
            | Self::AddressRefused { .. }
            | Self::Busy
            | Self::Unreachable(_) => true,
            Self::TimedOut | Self::Interrupted | Self::TooLarge { .. } => false,
        }
    }

    /// Sorts what the HTTP library says; its own text, which may hold the URL, is dropped.
    pub(super) fn from_library(error: &reqwest::Error) -> Self {
        if let Some(Refused { host, kind }) = refusal(error) {
            Self::AddressRefused { host: host.clone(), kind: *kind }
        } else if error.is_connect() {
            Self::Unreachable(connect_failure(error))
        } else if error.is_timeout() {
            Self::TimedOut
        } else {
            Self::Interrupted
        }
    }
}

/// The resolver's refusal, as deep inside as the library wraps it.
fn refusal(error: &reqwest::Error) -> Option<&Refused> {
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref() {
            return Some(refused);
        }
        source = cause.source();
    }
    None
}

fn connect_failure(error: &reqwest::Error) -> &'static str {
    use std::io::ErrorKind as Io;
    if error.is_dns() {
        return "name not resolved";
    }
    if error.is_timeout() {
        return "no connection in time";
    }
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        match cause.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(Io::ConnectionRefused) => return "connection refused",
            Some(Io::NetworkUnreachable | Io::HostUnreachable) => return "no route",
            Some(Io::InvalidData) => return "tls handshake failed",
            _ => source = cause.source(),
        }
    }
    "connection failed"
}
