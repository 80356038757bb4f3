//! From a value to its members.

use super::frame::{Binding, Bound, FrameId, FrameKind};
use super::kind::Kind;
use super::names::Definition;
use super::origin::{Origin, Root};
use super::seen::{Seen, Spot};
use super::tree::FileId;

impl<'t> Seen<'t> {
    /// Where a member of something comes from.
    pub(super) fn member(&self, of: Origin<'t>, member: &str, steps: usize) -> Origin<'t> {
        let Some(steps) = steps.checked_sub(1) else { return Origin::at(Root::Unknown) };
        let straight = of.path.is_empty();
        match of.root {
            Root::This(class) | Root::Own(class) if straight => {
                match self.member_of_class(class, member) {
                    Some((bound, holder)) => self.bound(bound, holder, steps),
                    None => of.push(member),
                }
            }
            Root::Value(value) if straight && value.code.kind() == Kind::Dict => {
                match Self::member_of_dict(value, member) {
                    Some(found) => self.follow(found, steps),
                    None => of.push(member),
                }
            }
            Root::Folder("") => Origin::at(Root::Unknown),
            Root::Module(file, module) if !module.is_empty() => {
                match self.definition(module, Some(member)) {
                    Definition::Missing => self.member_of_module(file, member),
                    found => self.defined(found, ""),
                }
            }
            Root::Module(file, _) => self.member_of_module(file, member),
            Root::Folder(module) => {
                let path =
                    if straight { member.to_owned() } else { format!("{}.{member}", of.path) };
                match self.definition(module, Some(&path)) {
                    Definition::Missing | Definition::Unknown => of.push(member),
                    found => self.defined(found, ""),
                }
            }
            Root::Library(_) if straight && member == "default" && !self.is_python() => of,
            _ => of.push(member),
        }
    }

    /// A name of a module, or a module in the same package.
    fn member_of_module(&self, file: FileId, member: &str) -> Origin<'t> {
        let found = match self.names.exported(file, member) {
            Definition::Missing if self.is_python() => self.names.imported(file, ".", Some(member)),
            found => found,
        };
        self.defined(found, "")
    }

    /// What a member of a class is bound to, and the scope that binds it.
    pub(super) fn member_of_class(
        &self,
        class: FrameId,
        member: &str,
    ) -> Option<(&Bound<'t>, FrameId)> {
        let frame = self.frame(class);
        if frame.kind != FrameKind::Class {
            return None;
        }
        let empty = |bound: &&Bound<'t>| match &bound.binding {
            Binding::Value(value) => matches!(value.text(), "None" | "null" | "undefined"),
            Binding::Opaque | Binding::Declared(_) => true,
            _ => false,
        };
        let all = || frame.members.iter().chain(&frame.bound).filter(|b| b.name == member);
        let bound = all().find(|bound| !empty(bound)).or_else(|| all().next())?;
        // A parameter that became a member is bound in its function.
        Some((bound, bound.frame))
    }

    /// The value of a key that is written out.
    pub(super) fn member_of_dict(dict: Spot<'t>, key: &str) -> Option<Spot<'t>> {
        dict.code.children().into_iter().rev().find_map(|part| match part.kind() {
            Kind::Pair => {
                let name = part.field(part.fields().key)?;
                let fits = name.literal().unwrap_or(name.text()) == key;
                part.value().filter(|_| fits).map(|value| dict.with(value))
            }
            Kind::Shorthand if part.text() == key => Some(dict.with(part)),
            Kind::Function if part.name() == Some(key) => Some(dict.with(part)),
            _ => None,
        })
    }
}
