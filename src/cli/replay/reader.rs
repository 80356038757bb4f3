//! Lines of bounded length from a stream of any.

use std::io::{self, BufRead, Read as _};

/// Longest line that is read, in bytes, without its line break.
pub(super) const LINE_MAX: usize = 64 * 1024;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A line, now in the buffer, without its line break.
    Line,
    /// A line over [`LINE_MAX`]; passed over without being kept.
    TooLong,
    /// Nothing more.
    End,
}

/// Reads one line at a time into one buffer.
pub(super) struct Lines<'r> {
    source: &'r mut dyn BufRead,
    line: Vec<u8>,
    /// Lines begun so far: the number of the current one.
    pub(super) number: u64,
    /// Bytes read so far, line breaks included.
    pub(super) bytes: u64,
}

impl<'r> Lines<'r> {
    pub(super) fn of(source: &'r mut dyn BufRead) -> Self {
        Self { source, line: Vec::with_capacity(4096), number: 0, bytes: 0 }
    }

    /// Goes to the next line.
    pub(super) fn advance(&mut self) -> io::Result<Next> {
        self.line.clear();
        let limit = LINE_MAX as u64 + 1;
        let read = (&mut *self.source).take(limit).read_until(b'\n', &mut self.line)?;
        self.bytes += read as u64;
        if read == 0 {
            return Ok(Next::End);
        }
        self.number += 1;
        if self.line.last() == Some(&b'\n') {
            self.line.pop();
        } else if read > LINE_MAX {
            self.bytes += self.source.skip_until(b'\n')? as u64;
            return Ok(Next::TooLong);
        }
        Ok(Next::Line)
    }

    /// The line found last.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut bytes: &[u8]) -> Vec<(Next, usize)> {
        let mut lines = Lines::of(&mut bytes);
        let mut found = Vec::new();
        loop {
            match lines.advance().expect("readable") {
                Next::End => return found,
                next => found.push((next, lines.line().len())),
            }
        }
    }

    #[test]
    fn the_longest_line_is_read_and_a_longer_one_passed_over() {
        let text = format!("{}\n{}\nab", "x".repeat(LINE_MAX), "y".repeat(3 * LINE_MAX));
        let found = read(text.as_bytes());
        let kinds: Vec<_> = found.iter().map(|(next, _)| next).collect();
        assert_eq!(kinds, [&Next::Line, &Next::TooLong, &Next::Line]);
        assert_eq!((found[0].1, found[2].1), (LINE_MAX, 2));
    }

    #[test]
    fn a_long_last_line_without_a_line_break_is_too_long_as_well() {
        let text = "y".repeat(LINE_MAX + 1);
        assert_eq!(read(text.as_bytes())[0].0, Next::TooLong);
        assert_eq!(read(b""), []);
    }

    #[test]
    fn every_byte_is_counted() {
        let text = format!("a\n\n{}\nb", "y".repeat(2 * LINE_MAX));
        let mut bytes = text.as_bytes();
        let mut lines = Lines::of(&mut bytes);
        while lines.advance().expect("readable") != Next::End {}
        assert_eq!((lines.bytes, lines.number), (text.len() as u64, 4));
    }
}
