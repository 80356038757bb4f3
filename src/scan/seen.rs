//! A file as the rules see it: its scopes, the places that rules ask about, and what they found.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use super::category::Category;
use super::class::Class;
use super::code::{Code, Text};
use super::frame::{Bound, Frame, FrameId, FrameKind};
use super::names::{Definition, Names};
use super::settings::{Service, Settings};
use super::tree::FileId;

/// A piece of code and the scope it stands in.
#[derive(Clone, Copy)]
pub(super) struct Spot<'t> {
    pub(super) code: Code<'t>,
    pub(super) frame: FrameId,
}

impl<'t> Spot<'t> {
    /// Another piece in the same scope.
    pub(super) const fn with(self, code: Code<'t>) -> Self {
        Self { code, frame: self.frame }
    }
}

/// Something that a rule found.
pub(super) struct Found<'t> {
    pub(super) category: Category,
    pub(super) at: Spot<'t>,
    pub(super) what: String,
    /// A class of another file on which it depends whether this is one: it must keep sockets.
    pub(super) needs: Option<(FileId, String)>,
}

/// A module, and a name in it.
type Asked = (Box<str>, Option<Box<str>>);

/// A file that has been walked.
pub(super) struct Seen<'t> {
    pub(super) id: FileId,
    pub(super) path: &'t str,
    pub(super) class: Class,
    pub(super) text: Text<'t>,
    pub(super) settings: &'t Settings,
    pub(super) names: &'t Names<'t>,
    pub(super) frames: Vec<Frame<'t>>,
    /// What rules ask about, in the order of the text.
    pub(super) spots: Vec<Spot<'t>>,
    pub(super) found: RefCell<Vec<Found<'t>>>,
    pub(super) imported: RefCell<HashMap<Asked, Definition>>,
    /// Whether it runs in a browser, once that was asked.
    pub(super) browser: OnceCell<bool>,
    pub(super) speaks: OnceCell<bool>,
}

impl<'t> Seen<'t> {
    /// True when the file may speak of sockets at all.
    pub(super) fn speaks_of_sockets(&self) -> bool {
        *self.speaks.get_or_init(|| {
            let text = self.text.text;
            ["ocket", " ws", "(ws", ".ws", "_ws"].iter().any(|word| text.contains(word))
        })
    }

    /// Says that something is there.
    pub(super) fn report(&self, category: Category, at: Spot<'t>, what: impl Into<String>) {
        self.found.borrow_mut().push(Found { category, at, what: what.into(), needs: None });
    }

    /// Says that something is there if a class of another file keeps sockets.
    pub(super) fn report_if_keeps(
        &self,
        category: Category,
        at: Spot<'t>,
        what: impl Into<String>,
        class: (FileId, String),
    ) {
        let needs = Some(class);
        self.found.borrow_mut().push(Found { category, at, what: what.into(), needs });
    }

    /// True when something of this category has been found in a piece of code.
    pub(super) fn has_within(&self, code: Code<'_>, category: Category) -> bool {
        let span = code.span();
        self.found.borrow().iter().any(|found| {
            found.category == category
                && span.start <= found.at.code.start()
                && found.at.code.start() < span.end
        })
    }

    /// True when the very same place has been found for this category already.
    pub(super) fn has_at(&self, code: Code<'_>, category: Category) -> bool {
        let found = self.found.borrow();
        found.iter().any(|found| found.category == category && found.at.code.id() == code.id())
    }

    pub(super) fn frame(&self, id: FrameId) -> &Frame<'t> {
        &self.frames[id.place()]
    }

    /// The scope and those around it, innermost first.
    pub(super) fn around(&self, id: FrameId) -> impl Iterator<Item = FrameId> + '_ {
        std::iter::successors(Some(id), |id| self.frame(*id).parent)
    }

    /// The innermost function around a scope, or the scope itself when it is one.
    pub(super) fn function_of(&self, id: FrameId) -> Option<FrameId> {
        self.around(id).find(|id| self.frame(*id).kind == FrameKind::Function)
    }

    /// The innermost function with a name.
    pub(super) fn named_function_of(&self, id: FrameId) -> Option<FrameId> {
        self.around(id).find(|id| {
            let frame = self.frame(*id);
            frame.kind == FrameKind::Function && !frame.name.is_empty()
        })
    }

    /// The innermost class around a scope.
    pub(super) fn class_of(&self, id: FrameId) -> Option<FrameId> {
        self.around(id).find(|id| self.frame(*id).kind == FrameKind::Class)
    }

    /// The scope that a function or class makes.
    pub(super) fn frame_made_by(&self, code: Code<'_>) -> Option<FrameId> {
        let place = self.frames.iter().position(|frame| frame.code.id() == code.id())?;
        u32::try_from(place).ok().map(FrameId)
    }

    /// The names of what stands around a scope and of itself, joined: `Manager.send`.
    pub(super) fn qualified(&self, id: FrameId) -> String {
        let mut names: Vec<&str> =
            self.around(id).map(|id| self.frame(id).name).filter(|name| !name.is_empty()).collect();
        names.reverse();
        names.join(".")
    }

    /// What a name is bound to in this very scope, in the order of the text.
    pub(super) fn bound_in<'s>(
        &'s self,
        id: FrameId,
        name: &'s str,
    ) -> impl Iterator<Item = &'s Bound<'t>> {
        self.frame(id).bound.iter().filter(move |bound| bound.name == name)
    }

    /// The service that the file belongs to.
    pub(super) fn service(&self) -> Option<&'t Service> {
        self.settings.service_of(self.path)
    }

    pub(super) fn is_python(&self) -> bool {
        self.text.language.is_python()
    }
}
