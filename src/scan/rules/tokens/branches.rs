//! Whether what is set in a branch is still so at another place.

use crate::scan::code::Code;
use crate::scan::kind::Kind;

/// Most levels that are looked at around what is set.
const LEVELS_MAX: usize = 64;

/// False when a value that is set somewhere cannot be there at a place of the same function: it is
/// set further down, the branch in which it is set returns or raises, or the place is in another
/// branch of the same `if`.
pub(super) fn reaches(set: Code<'_>, place: Code<'_>) -> bool {
    if set.start() > place.start() && !is_repeated(set) {
        return false;
    }
    let mut in_branch = false;
    let mut ended = false;
    for around in levels(set) {
        // What catches may run after any part of what it guards, and a function at any time.
        if around.word() == "try_statement" {
            return true;
        }
        if around.span().contains(&place.start()) {
            let beside = in_branch && around.word() == "if_statement";
            return !ended && (!beside || is_repeated(around));
        }
        if around.kind() == Kind::Function {
            return true;
        }
        if is_branch(around) {
            in_branch = true;
            ended |= leaves(around);
        }
    }
    true
}

/// What a piece of code stands in, innermost first.
fn levels(code: Code<'_>) -> impl Iterator<Item = Code<'_>> {
    std::iter::successors(code.parent(), |code| code.parent()).take(LEVELS_MAX)
}

/// The block of an `if`, an `elif` or an `else`.
fn is_branch(code: Code<'_>) -> bool {
    matches!(code.word(), "block" | "statement_block")
        && code.parent().is_some_and(|parent| {
            matches!(parent.word(), "if_statement" | "elif_clause" | "else_clause")
        })
}

/// True when the last thing that a block does is to leave the function.
fn leaves(block: Code<'_>) -> bool {
    block.children().last().is_some_and(|last| {
        last.kind() == Kind::Return || matches!(last.word(), "raise_statement" | "throw_statement")
    })
}

/// True inside a loop of the same function, where what comes later in the text may come first.
fn is_repeated(code: Code<'_>) -> bool {
    levels(code).take_while(|code| code.kind() != Kind::Function).any(|code| {
        matches!(
            code.word(),
            "for_statement" | "for_in_statement" | "while_statement" | "do_statement"
        )
    })
}
