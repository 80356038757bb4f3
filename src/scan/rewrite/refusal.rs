//! What the rewriter leaves to people, and why.

use std::path::PathBuf;

/// Why something was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// `from a.b import *` of a module that moved, or whose names moved.
    Star,
    /// The name is bound again by something else, so that a use cannot be told apart.
    Shadowed,
    /// An attribute of a moved module is assigned to or deleted.
    Stored,
    /// The module is passed on as a value, or reached through another one.
    Chain,
    /// A factory is used other than by calling it, and its arguments change.
    Uncalled,
    /// The arguments of a call cannot be told one by one, or dropping one would drop an effect.
    Arguments,
    /// `await` must come or go and cannot.
    Await,
    /// Other files take the name from here, so that it must stay.
    Exported,
    /// The new name already means something else in this file.
    Taken,
    /// The new module itself takes it from the old one.
    Itself,
    /// What is imported is a module below the one that moved.
    Below,
    /// A string names what moved.
    Named,
    /// The file is not in an encoding that can be edited.
    Encoding,
    /// The file does not parse.
    Unparsed,
    /// The file would not parse afterwards.
    Broken,
    /// An alias is asked for and the new module is not in the tree.
    NoTarget,
    /// An alias is asked for and the old module is still there.
    OldStays,
}

impl Why {
    /// The name of the reason for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Star => "star",
            Self::Shadowed => "shadowed",
            Self::Stored => "stored",
            Self::Chain => "chain",
            Self::Uncalled => "uncalled",
            Self::Arguments => "arguments",
            Self::Await => "await",
            Self::Exported => "exported",
            Self::Taken => "taken",
            Self::Itself => "itself",
            Self::Below => "below",
            Self::Named => "named",
            Self::Encoding => "encoding",
            Self::Unparsed => "unparsed",
            Self::Broken => "broken",
            Self::NoTarget => "no-target",
            Self::OldStays => "old-stays",
        }
    }

    /// What a person should do about it.
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Star => "name what is imported instead of *",
            Self::Shadowed => "the name is bound more than once: rename one of them",
            Self::Stored => "assign to the name where it lives now",
            Self::Chain => "the module is reached in a way that cannot be followed",
            Self::Uncalled => "the factory is passed on, and the accessor takes other arguments",
            Self::Arguments => "the arguments cannot be carried over one by one",
            Self::Await => "an await must come or go, and cannot here",
            Self::Exported => "others take the name from this file: move them first",
            Self::Taken => "the new name already means something else here",
            Self::Itself => "the new module takes it from the old one: move the definition first",
            Self::Below => "a module below the one that moved: say `below = true`, or map it",
            Self::Named => "a string names what moved: --strings rewrites whole paths",
            Self::Encoding => "not in UTF-8 and no encoding declared that can be edited",
            Self::Unparsed => "the file does not parse, so it is not touched",
            Self::Broken => "the file would not parse afterwards, so it is not touched",
            Self::NoTarget => "no alias: the new module is not in this tree",
            Self::OldStays => "no alias: the old module is still there, move it first",
        }
    }
}

/// One place that was left as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The file, from the root of the tree.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// Why.
    pub why: Why,
    /// What it is about: a name, a module, a path.
    pub what: String,
    /// The line itself, shortened.
    pub code: String,
}
