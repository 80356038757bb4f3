//! What a finding is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of places that the scanner points at. `docs/scan.md` defines each by what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// An import of a library that reads, verifies or signs JWTs.
    JwtImport,
    /// A library call that reads a token and verifies its signature.
    VerifiedDecode,
    /// A library call that reads a token without verifying its signature.
    UnverifiedDecode,
    /// A library call that signs a token.
    Encode,
    /// Code that takes the segments of a token apart itself.
    HandParse,
    /// A function or class that decides about tokens with cryptography of its own.
    Validator,
    /// A function or class named like a validator that asks another one.
    Delegate,
    /// A key of tokens read from the environment or from settings, by its name.
    KeyRead,
    /// Code of a browser that reads what is in a token.
    FrontendDecode,
    /// A token read from the storage of a browser.
    StorageTokenRead,
    /// A token put into a URL.
    UrlToken,
    /// A class that keeps a registry of sockets.
    SocketManager,
    /// A class named like a manager that keeps none: an enum, a protocol, a shim, a double.
    SocketManagerNamesake,
    /// A name bound to a manager under another name.
    ManagerAlias,
    /// The definition of a function or class that makes or hands out managers.
    FactoryDefinition,
    /// A call of the sanctioned accessor.
    AccessorUse,
    /// A frame written to a socket.
    SocketSend,
    /// A socket accepted.
    SocketAccept,
    /// A socket closed.
    SocketClose,
    /// A frame read from a socket.
    SocketReceive,
    /// An import of a name of the manager or the authority from elsewhere than its module.
    LegacyImport,
    /// An import that leads to a place in the tree where there is nothing.
    UnresolvableImport,
    /// One of the five critical events is emitted.
    EventEmission,
}

impl Category {
    /// Every one, in the order of tables.
    pub const ALL: [Self; 23] = [
        Self::JwtImport,
        Self::VerifiedDecode,
        Self::UnverifiedDecode,
        Self::Encode,
        Self::HandParse,
        Self::Validator,
        Self::Delegate,
        Self::KeyRead,
        Self::FrontendDecode,
        Self::StorageTokenRead,
        Self::UrlToken,
        Self::SocketManager,
        Self::SocketManagerNamesake,
        Self::ManagerAlias,
        Self::FactoryDefinition,
        Self::AccessorUse,
        Self::SocketSend,
        Self::SocketAccept,
        Self::SocketClose,
        Self::SocketReceive,
        Self::LegacyImport,
        Self::UnresolvableImport,
        Self::EventEmission,
    ];

    /// Its name in output, in baselines and in what is posted.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::JwtImport => "jwt-import",
            Self::VerifiedDecode => "verified-decode",
            Self::UnverifiedDecode => "unverified-decode",
            Self::Encode => "encode",
            Self::HandParse => "hand-parse",
            Self::Validator => "validator",
            Self::Delegate => "delegate",
            Self::KeyRead => "key-read",
            Self::FrontendDecode => "frontend-decode",
            Self::StorageTokenRead => "storage-token-read",
            Self::UrlToken => "url-token",
            Self::SocketManager => "socket-manager",
            Self::SocketManagerNamesake => "socket-manager-namesake",
            Self::ManagerAlias => "manager-alias",
            Self::FactoryDefinition => "factory-definition",
            Self::AccessorUse => "accessor-use",
            Self::SocketSend => "socket-send",
            Self::SocketAccept => "socket-accept",
            Self::SocketClose => "socket-close",
            Self::SocketReceive => "socket-receive",
            Self::LegacyImport => "legacy-import",
            Self::UnresolvableImport => "unresolvable-import",
            Self::EventEmission => "event-emission",
        }
    }

    /// Reads a name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|category| category.as_str() == text)
    }

    /// What it is, in one sentence for people.
    pub const fn says(self) -> &'static str {
        match self {
            Self::JwtImport => "A JWT library is imported.",
            Self::VerifiedDecode => "A token is read and its signature verified.",
            Self::UnverifiedDecode => "A token is read and its signature is not verified.",
            Self::Encode => "A token is signed.",
            Self::HandParse => "A token's segments are taken apart by hand.",
            Self::Validator => "Tokens are decided about with cryptography of its own.",
            Self::Delegate => "Named like a validator; it asks another one.",
            Self::KeyRead => "A key of tokens is read by its name.",
            Self::FrontendDecode => "A browser reads what is in a token.",
            Self::StorageTokenRead => "A token is read from the storage of a browser.",
            Self::UrlToken => "A token is put into a URL.",
            Self::SocketManager => "A class keeps a registry of sockets.",
            Self::SocketManagerNamesake => "Named like a manager; it keeps no sockets.",
            Self::ManagerAlias => "A manager is bound to another name.",
            Self::FactoryDefinition => "Managers are made or handed out here.",
            Self::AccessorUse => "The sanctioned accessor is called.",
            Self::SocketSend => "A frame is written to a socket.",
            Self::SocketAccept => "A socket is accepted.",
            Self::SocketClose => "A socket is closed.",
            Self::SocketReceive => "A frame is read from a socket.",
            Self::LegacyImport => "A name is imported from elsewhere than its one module.",
            Self::UnresolvableImport => "An import leads to a place where there is nothing.",
            Self::EventEmission => "One of the five critical events is emitted.",
        }
    }

    /// False for what is counted alone: it is no copy of anything.
    pub const fn is_rival(self) -> bool {
        !matches!(
            self,
            Self::Delegate | Self::SocketManagerNamesake | Self::AccessorUse | Self::EventEmission
        )
    }
}

impl fmt::Display for Category {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_is_read_by_its_name_and_written_alike() {
        for category in Category::ALL {
            assert_eq!(Category::parse(category.as_str()), Some(category));
            let json = serde_json::to_value(category).expect("a word");
            assert_eq!(json, category.as_str());
        }
    }
}
