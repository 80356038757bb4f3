//! Taking items out of a list with commas, without touching the ones that stay.

use std::ops::Range;

use super::source::Source;

/// What goes with the items of a list that go.
#[derive(Debug, Default)]
pub struct Taken {
    /// The bytes to remove.
    pub spans: Vec<Range<usize>>,
    /// Comments that stood behind them on lines of their own.
    pub comments: Vec<String>,
}

/// The bytes that go when the items marked in `gone` go. An item on a line of its own takes the
/// line with it; in every other case line breaks and comments stay.
pub fn take(source: &Source, items: &[Range<usize>], gone: &[bool]) -> Taken {
    let mut taken = Taken::default();
    let mut first = 0;
    while first < items.len() {
        if !gone[first] {
            first += 1;
            continue;
        }
        let mut last = first;
        while gone.get(last + 1) == Some(&true) {
            last += 1;
        }
        take_run(source, items, first..last + 1, &mut taken);
        first = last + 1;
    }
    taken
}

fn take_run(source: &Source, items: &[Range<usize>], run: Range<usize>, taken: &mut Taken) {
    let (start, end) = (items[run.start].start, items[run.end - 1].end);
    let behind = behind_comma(source, end);
    if let Some((span, comment)) = own_lines(source, start, behind) {
        taken.spans.push(span);
        taken.comments.extend(comment);
        return;
    }
    let breaks = |span: Range<usize>| {
        let between = source.slice(span);
        between.contains('\n') && !between.contains('\\')
    };
    let span = if let Some(next) = items.get(run.end) {
        if breaks(behind..next.start) { start..behind } else { start..next.start }
    } else if run.start > 0 {
        let kept = items[run.start - 1].end;
        if breaks(kept..start) { start..behind } else { kept..end }
    } else {
        start..behind
    };
    taken.spans.push(span);
}

/// The position behind the comma that follows an item, or behind the item.
fn behind_comma(source: &Source, end: usize) -> usize {
    let rest = &source.text()[end..];
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    if rest[blank..].starts_with(',') { end + blank + 1 } else { end }
}

/// The lines of a run that shares them with nothing but a comment, and that comment.
fn own_lines(
    source: &Source,
    start: usize,
    behind: usize,
) -> Option<(Range<usize>, Option<String>)> {
    source.indent(start)?;
    let line = source.line_start(start);
    if line == 0 || source.slice(0..line).trim_end_matches(['\r', '\n']).ends_with('\\') {
        return None;
    }
    let rest = source.slice(behind..source.line_end(behind)).trim();
    let comment = match rest {
        "" => None,
        comment if comment.starts_with('#') || comment.starts_with("//") => {
            Some(comment.to_owned())
        }
        _ => return None,
    };
    Some((line..source.next_line(behind), comment))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::rewrite::edit::Edits;

    /// `list` without the items named in `gone`; items are the single letters of the list.
    fn without(list: &str, gone: &str) -> String {
        let source = Source::read(list.as_bytes().to_vec()).expect("UTF-8");
        let code = |at: usize| !list[..at].rsplit('\n').next().unwrap_or_default().contains('#');
        let letters = list.char_indices().filter(|(at, c)| c.is_ascii_uppercase() && code(*at));
        let (spans, letters): (Vec<_>, Vec<_>) = letters.map(|(at, c)| (at..at + 1, c)).unzip();
        let marks: Vec<bool> = letters.iter().map(|c| gone.contains(*c)).collect();
        let mut edits = Edits::default();
        for span in take(&source, &spans, &marks).spans {
            edits.remove(span);
        }
        String::from_utf8(edits.applied(list.as_bytes()).expect("apart")).expect("UTF-8")
    }

    #[test]
    fn items_go_from_a_list_on_one_line() {
        assert_eq!(without("(A, B, C)", "A"), "(B, C)");
        assert_eq!(without("(A, B, C)", "B"), "(A, C)");
        assert_eq!(without("(A, B, C)", "C"), "(A, B)");
        assert_eq!(without("(A, B, C,)", "BC"), "(A,)");
        assert_eq!(without("(A, B, C)", "AC"), "(B)");
        assert_eq!(without("(A, B)", "AB"), "()");
    }

    #[test]
    fn items_on_lines_of_their_own_take_their_lines_with_them() {
        assert_eq!(without("(\n  A,\n  B,  # why\n  C,\n)", "B"), "(\n  A,\n  C,\n)");
        assert_eq!(without("(\n  A,\n  B,\n  C\n)", "BC"), "(\n  A,\n)");
        assert_eq!(without("(\r\n  A,\r\n  B,\r\n)", "A"), "(\r\n  B,\r\n)");
    }

    #[test]
    fn comments_of_others_and_continued_lines_stay() {
        assert_eq!(without("(A,  # one\n B)", "A"), "(  # one\n B)");
        assert_eq!(without("(A,  # one\n B)", "B"), "(A,  # one\n )");
        assert_eq!(without("A, \\\n  B", "A"), "B");
        assert_eq!(without("A, \\\n  B", "B"), "A");
    }
}
