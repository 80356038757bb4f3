//! What is there though no file of the tree says so.

use super::Names;
use crate::scan::disk::is_on_disk;
use crate::scan::modules::Place;
use crate::scan::tree::FileId;

/// Names that are in every Python module.
const GIVEN: [&str; 7] =
    ["__dict__", "__doc__", "__file__", "__loader__", "__name__", "__package__", "__spec__"];

impl Names<'_> {
    /// True when a module stands where nothing is read, or in another distribution: the package
    /// it is in extends its path.
    pub(in crate::scan) fn may_be_elsewhere(&self, from: FileId, module: &str) -> bool {
        if is_on_disk(self.tree, from, module) {
            return true;
        }
        let bare = module.trim_start_matches('.');
        let dots = module.len() - bare.len();
        let inner = bare.rmatch_indices('.').map(|(at, _)| dots + at);
        let mut around = inner.chain((dots > 0).then_some(dots));
        self.tree.file(from).language.is_python()
            && around.find_map(|end| self.extends(from, &module[..end])).unwrap_or(false)
    }

    /// Whether a package extends its path, if it is one.
    fn extends(&self, from: FileId, package: &str) -> Option<bool> {
        match self.modules.place(from, package) {
            Place::File(id) => Some(self.exports(id).extended),
            Place::Folder | Place::Outside | Place::Missing => None,
        }
    }

    /// True for what every Python module has, and every package.
    pub(super) fn is_given(&self, file: FileId, name: &str) -> bool {
        let file = self.tree.file(file);
        let package = || file.path.rsplit('/').next().is_some_and(|name| name == "__init__.py");
        file.language.is_python() && (GIVEN.contains(&name) || (name == "__path__" && package()))
    }

    /// True when a module gives everything and nothing says whether this name is among it.
    pub(super) fn is_unwritten(&self, file: FileId, module: &str, name: &str) -> bool {
        match self.modules.place(file, module) {
            Place::Missing => true,
            Place::File(id) => {
                let exports = self.exports(id);
                exports.opaque && exports.stars.is_empty() && !exports.bound.contains_key(name)
            }
            Place::Folder | Place::Outside => false,
        }
    }
}
