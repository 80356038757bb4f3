//! How far a scan has come, for whoever watches.

use std::sync::OnceLock;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Smaller trees are done before anybody has read a bar.
const FILES_MIN: usize = 2_000;

/// A bar on standard error where that is a terminal; told of from several threads.
#[derive(Default)]
pub(super) struct Bar(OnceLock<ProgressBar>);

impl Bar {
    /// Shows how many files are done.
    pub(super) fn at(&self, done: usize, all: usize) {
        if all < FILES_MIN {
            return;
        }
        let number = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
        let bar = self.0.get_or_init(|| bar(number(all)));
        // Threads tell in any order: it never goes back.
        if number(done) > bar.position() {
            bar.set_position(number(done));
        }
    }

    /// Takes the bar away.
    pub(super) fn done(&self) {
        if let Some(bar) = self.0.get() {
            bar.finish_and_clear();
        }
    }
}

fn bar(all: u64) -> ProgressBar {
    // It is hidden where nobody watches.
    let bar = ProgressBar::new(all);
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} %  {pos} of {len} files");
    // The template is constant; the plain style is as good as any.
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("##-"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_tree_has_no_bar_and_a_large_one_never_goes_back() {
        let small = Bar::default();
        small.at(10, FILES_MIN - 1);
        assert!(small.0.get().is_none());
        let large = Bar::default();
        large.at(20, FILES_MIN);
        large.at(10, FILES_MIN);
        assert_eq!(large.0.get().map(ProgressBar::position), Some(20));
        large.done();
    }
}
