//! What to do about a finding.

use super::category::Category;

impl Category {
    /// Why it matters, and what to do about it, for people.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::JwtImport => {
                "Whoever imports a JWT library can decide about tokens. It goes when the last use \
                 of it in the file has gone."
            }
            Self::VerifiedDecode => {
                "A second place that decides which tokens are good will differ from the first one \
                 some day. Ask the authority, and use the identity in its answer."
            }
            Self::UnverifiedDecode => {
                "Anybody can write what is read here. Ask the authority, or use what the door in \
                 front of this code has already found out."
            }
            Self::Encode => {
                "Tokens that are signed here know nothing of sessions, revocation and the change \
                 of keys. Let the authority make them."
            }
            Self::HandParse => {
                "Reading a token by hand verifies nothing and takes what a library would refuse. \
                 Ask the authority."
            }
            Self::Validator => {
                "This rivals the authority. Turn it into a call of the authority, then move its \
                 callers there and delete it; `Crossfade-Call-Site` tells when nobody calls it."
            }
            Self::Delegate => {
                "It decides nothing by itself, and may stay. Where it only passes on, its callers \
                 can ask the authority directly."
            }
            Self::KeyRead => {
                "Whoever holds the key can make and check tokens past the authority. Delete it \
                 here with the last use of the key, then change the key."
            }
            Self::FrontendDecode => {
                "A browser cannot verify a token. Ask the service who is signed in."
            }
            Self::StorageTokenRead => {
                "Every script of the page can read what is in the storage. Use a session cookie \
                 that scripts cannot read."
            }
            Self::UrlToken => {
                "URLs stand in logs, histories and referrers. Send the token in a header; for a \
                 WebSocket use a subprotocol or a one-time ticket."
            }
            Self::SocketManager => {
                "A user whose sockets are in two registries gets some events at one of them alone. \
                 Move its users to the one manager and delete it."
            }
            Self::SocketManagerNamesake => {
                "It keeps no sockets. Give it another name, so that nobody takes it for a manager."
            }
            Self::ManagerAlias => {
                "Under two names one manager looks like two. Use the name of the canonical module; \
                 `crossfade rewrite` can change the imports."
            }
            Self::FactoryDefinition => {
                "A factory makes a manager of its own for whoever asks. Call the accessor instead; \
                 `crossfade rewrite` can change the calls."
            }
            Self::AccessorUse => "This is how the manager is to be reached.",
            Self::SocketSend => {
                "A frame that is written past the manager is not in its log: it is not repeated \
                 after a reconnect and keeps no order with the others. Publish an event."
            }
            Self::SocketAccept => {
                "The manager does not know of a socket that is accepted here. Let it accept."
            }
            Self::SocketClose => {
                "The manager takes a socket that is closed here for alive. Let it close, with its \
                 close codes."
            }
            Self::SocketReceive => {
                "What is read here does not reach the manager. Take messages from it."
            }
            Self::LegacyImport => {
                "The name has one home now. `crossfade rewrite` can change the import."
            }
            Self::UnresolvableImport => {
                "It fails when this line runs, perhaps in a branch that no test takes. Mend or \
                 delete it."
            }
            Self::EventEmission => {
                "No fault: these are the events that must reach the user, and their shapes."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_is_whole_sentences() {
        for category in Category::ALL {
            let advice = category.advice();
            assert!(advice.ends_with('.') && !advice.contains("  "), "{category}: {advice}");
        }
    }
}
