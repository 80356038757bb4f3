//! A setting of the running configuration, as it may be shown.

use serde::Serialize;

/// A setting of the running configuration. A secret is in here only as `set` or `not set`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SettingShown {
    /// The section it stands in, such as `authority.keys[0]`; empty for what stands in none.
    pub section: String,
    /// Its name.
    pub name: String,
    /// Its value; `not set` where nothing is said and the service chooses.
    pub value: String,
    /// Who says so.
    pub source: SettingSource,
}

/// Who says what a setting is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingSource {
    /// Nobody: it is as it is shipped.
    Default,
    /// The configuration's file.
    File,
    /// An environment variable.
    Environment,
}

impl SettingSource {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::File => "file",
            Self::Environment => "environment",
        }
    }
}
