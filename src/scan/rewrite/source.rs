//! The text of one file: bytes as they are on the disk, and the same as something a parser reads.

use std::ops::Range;

/// A source file. Positions in `text` are positions in `bytes`.
#[derive(Debug)]
pub struct Source {
    bytes: Vec<u8>,
    text: String,
    exact: bool,
}

impl Source {
    /// Reads bytes in UTF-8, or in a single-byte encoding that the first two lines name as Python
    /// does. `None`: in no encoding whose ASCII part can be found without decoding it.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        if let Ok(text) = std::str::from_utf8(&bytes) {
            let text = text.to_owned();
            return Some(Self { bytes, text, exact: true });
        }
        let single = declared(&bytes).is_some_and(|name| is_single_byte(&name));
        if !single {
            return None;
        }
        // For the parser each letter that is not ASCII is one of ASCII: positions stay.
        let letters =
            bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { 'x' });
        let text = letters.collect();
        Some(Self { bytes, text, exact: false })
    }

    /// What the parser reads.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What is on the disk.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// True when text that is not ASCII can be written into this file.
    pub const fn takes_unicode(&self) -> bool {
        self.exact
    }

    /// The text in a range.
    pub fn slice(&self, span: Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// Where the line of a position begins.
    pub fn line_start(&self, at: usize) -> usize {
        let start = self.bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |n| n + 1);
        if start == 0 && self.bytes.starts_with(b"\xef\xbb\xbf") { 3.min(at) } else { start }
    }

    /// Where the line of a position ends, before its line break.
    pub fn line_end(&self, at: usize) -> usize {
        let rest = &self.bytes[at..];
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(self.bytes.len(), |n| at + n);
        if end > at && self.bytes.get(end) == Some(&b'\n') && self.bytes[end - 1] == b'\r' {
            end - 1
        } else {
            end
        }
    }

    /// Where the next line begins.
    pub fn next_line(&self, at: usize) -> usize {
        let end = self.line_end(at);
        match &self.bytes[end..] {
            [b'\r', b'\n', ..] => end + 2,
            [b'\n', ..] => end + 1,
            _ => end,
        }
    }

    /// The line break that the line of a position ends with, else the file's first one.
    pub fn newline(&self, at: usize) -> &'static str {
        let of = |end: usize| match &self.bytes[end..] {
            [b'\r', b'\n', ..] => Some("\r\n"),
            [b'\n', ..] => Some("\n"),
            _ => None,
        };
        of(self.line_end(at)).or_else(|| of(self.line_end(0))).unwrap_or("\n")
    }

    /// The blanks at the beginning of the line of a position, if only blanks stand before it.
    pub fn indent(&self, at: usize) -> Option<&str> {
        let before = self.slice(self.line_start(at)..at);
        before.chars().all(|c| matches!(c, ' ' | '\t' | '\u{c}')).then_some(before)
    }

    /// Line and column of a position, both from 1; columns count characters.
    pub fn place(&self, at: usize) -> (usize, usize) {
        let before = &self.text[..at];
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        let column = self.text[self.line_start(at)..at].chars().count() + 1;
        (line, column)
    }

    /// The line of a position, without what surrounds it, at most 160 characters.
    pub fn line(&self, at: usize) -> String {
        self.slice(self.line_start(at)..self.line_end(at)).trim().chars().take(160).collect()
    }
}

/// The encoding that a comment in the first two lines names (PEP 263).
fn declared(bytes: &[u8]) -> Option<String> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.by_ref().take(2) {
        let line = String::from_utf8_lossy(line);
        let Some(comment) = line.trim_start().strip_prefix('#') else { continue };
        let Some((_, name)) = comment.split_once("coding") else { continue };
        let Some(name) = name.strip_prefix([':', '=']) else { continue };
        let name = name.trim_start_matches([' ', '\t']);
        let end = name.find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
        return Some(name[..end.unwrap_or(name.len())].to_lowercase().replace('_', "-"));
    }
    None
}

/// Encodings in which every byte below 128 is ASCII, wherever it stands.
fn is_single_byte(name: &str) -> bool {
    let starts = ["latin", "iso-8859", "iso8859", "cp125", "windows-125", "koi8", "l1", "ascii"];
    starts.iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_declared_single_byte_encoding_is_read_and_an_undeclared_one_is_not() {
        let latin = b"# -*- coding: latin-1 -*-\nname = 'bj\xf8rn'\n";
        let source = Source::read(latin.to_vec()).expect("declared");
        assert_eq!(source.text().len(), latin.len());
        assert!(!source.takes_unicode());
        assert!(Source::read(b"name = 'bj\xf8rn'\n".to_vec()).is_none());
        assert!(Source::read(b"# coding: utf-16\n\xff\xfe".to_vec()).is_none());
    }

    #[test]
    fn lines_are_found_with_every_kind_of_line_break() {
        let source = Source::read(b"\xef\xbb\xbfone\r\n  two\nthree".to_vec()).expect("UTF-8");
        assert_eq!(source.line_start(4), 3);
        assert_eq!(source.slice(source.line_start(11)..source.line_end(11)), "  two");
        assert_eq!(source.newline(3), "\r\n");
        assert_eq!(source.newline(17), "\r\n");
        assert_eq!(source.indent(10), Some("  "));
        assert_eq!(source.place(10), (2, 3));
    }
}
