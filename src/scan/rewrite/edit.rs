//! Changes of a text by byte ranges: what no edit touches stays as it was, byte for byte.

use std::ops::Range;

/// New text for a range of bytes; an empty range inserts, an empty text removes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// The bytes that go.
    pub span: Range<usize>,
    /// What comes in their place.
    pub text: String,
}

/// The edits of one file.
#[derive(Debug, Default)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// Puts `text` in the place of `span`.
    pub fn replace(&mut self, span: Range<usize>, text: impl Into<String>) {
        self.0.push(Edit { span, text: text.into() });
    }

    /// Puts `text` before the byte `at`.
    pub fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// Takes a range out.
    pub fn remove(&mut self, span: Range<usize>) {
        self.replace(span, String::new());
    }

    /// Takes over the edits of another list.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// True when nothing is to change.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when every new text is ASCII.
    pub fn is_ascii(&self) -> bool {
        self.0.iter().all(|edit| edit.text.is_ascii())
    }

    /// The edits in the order of the text.
    pub fn in_order(mut self) -> Vec<Edit> {
        self.0.sort_by_key(|edit| (edit.span.start, edit.span.end));
        // A use of what two imports bind is decided on twice, in the same way.
        self.0.dedup();
        self.0
    }

    /// The text with all edits made, or `None` when two of them want the same bytes.
    pub fn applied(self, text: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(text.len() + 256);
        let mut done = 0;
        for edit in self.in_order() {
            if edit.span.start < done || edit.span.end > text.len() {
                return None;
            }
            out.extend_from_slice(&text[done..edit.span.start]);
            out.extend_from_slice(edit.text.as_bytes());
            done = edit.span.end;
        }
        out.extend_from_slice(&text[done..]);
        Some(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn edits_are_made_in_the_order_of_the_text_whatever_order_they_came_in() {
        let mut edits = Edits::default();
        edits.replace(4..7, "two");
        edits.insert(0, ">");
        edits.remove(7..8);
        assert_eq!(edits.applied(b"one 222 three").as_deref(), Some(&b">one twothree"[..]));
    }

    #[test]
    fn two_edits_of_the_same_bytes_are_refused() {
        let mut edits = Edits::default();
        edits.replace(0..3, "a");
        edits.replace(2..4, "b");
        assert_eq!(edits.applied(b"abcdef"), None);
    }

    proptest! {
        #[test]
        fn bytes_outside_the_edits_stay(text in prop::collection::vec(any::<u8>(), 0..200),
                                        cuts in prop::collection::vec(0usize..200, 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|at| *at <= text.len()).collect();
            cuts.sort_unstable();
            cuts.dedup();
            let mut edits = Edits::default();
            let mut kept = text.clone();
            for pair in cuts.chunks_exact(2).rev() {
                edits.replace(pair[0]..pair[1], "+");
                kept.splice(pair[0]..pair[1], *b"+");
            }
            prop_assert_eq!(edits.applied(&text), Some(kept));
        }
    }
}
