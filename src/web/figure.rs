//! Figures of rooms that this one does not see, for the metrics.

use std::borrow::Cow;

/// One figure: a counter, or a gauge.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The metric's name, without `crossfade_` and `_total`.
    pub name: &'static str,
    /// What it says; the same for all figures of a name.
    pub help: &'static str,
    /// A label and its value.
    pub label: Option<(&'static str, Cow<'static, str>)>,
    /// True when it only grows.
    pub counts: bool,
    /// How much.
    pub value: u64,
}

/// Where figures come from; those of a name stand together.
pub type Figures = Box<dyn Fn() -> Vec<Figure> + Send + Sync>;
