//! Names of events, runs, threads and connections, as their makers chose them.

use std::fmt;
use std::sync::Arc;

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Longest accepted name, in bytes.
            pub const MAX: usize = 128;

            /// `None` unless the text has 1 to 128 bytes, none of them a control character.
            pub fn parse(text: &str) -> Option<Self> {
                let fits = !text.is_empty() && text.len() <= Self::MAX;
                (fits && !text.chars().any(char::is_control)).then(|| Self(text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        // Hashes and compares as its text, so that maps can be asked with a `&str`.
        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name! {
    /// Names one event, once: whoever publishes the same name again means the same event.
    EventId
}

name! {
    /// One walk of an agent, from its start to its answer.
    RunId
}

name! {
    /// A conversation.
    ThreadId
}

name! {
    /// One open socket.
    ConnectionId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_printable() {
        assert_eq!(EventId::parse("e-1").expect("a name").as_str(), "e-1");
        for odd in ["", "a\nb", "a\0", &"x".repeat(129)] {
            assert_eq!(EventId::parse(odd), None, "{odd:?}");
        }
    }
}
