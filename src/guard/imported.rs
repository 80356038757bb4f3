//! Evidence that comes from outside the house.

use std::sync::Arc;

use crate::domain::{ComponentId, Timestamp};
use crate::flags::{Finding, PassRate};

/// What was imported about a component, as far as it is known at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// The last certificate.
    pub certificate: Option<Finding>,
    /// The last test report.
    pub tests: Option<Finding>,
    /// The last walks of the golden path.
    pub golden_path: Option<PassRate>,
}

/// Where imported evidence is asked for: what is known of a component, with walks of the golden path
/// since one moment, at another one.
pub type ImportedSource = Arc<dyn Fn(&ComponentId, Timestamp, Timestamp) -> Imported + Send + Sync>;

impl Imported {
    /// A source that knows nothing.
    pub fn nothing() -> ImportedSource {
        Arc::new(|_, _, _| Self::default())
    }
}
