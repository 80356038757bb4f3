//! Bytes that are never shown.

use std::fmt;
use std::sync::Arc;

/// A secret as it was read by the configuration. `Debug` is redacted, `Display` is missing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Arc<[u8]>);

impl Secret {
    /// Wraps bytes that were read from wherever secrets are kept.
    pub fn new(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }

    /// The bytes. Whoever calls this keeps them out of logs, pages and the disk.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show_itself_in_debug_output() {
        assert_eq!(format!("{:?}", Secret::new(b"hush")), "Secret(..)");
    }
}
