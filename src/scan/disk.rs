//! What stands in the folder of a tree and is not read.

use std::path::Path;

use super::tree::{FileId, SourceTree};

/// True when something stands there that is not read: a compiled module, an ignored folder.
pub(super) fn is_on_disk(tree: &SourceTree, from: FileId, module: &str) -> bool {
    let file = tree.file(from);
    let here = Path::new(&*file.path).parent().unwrap_or(Path::new(""));
    let python = file.language.is_python();
    let bare = module.trim_start_matches('.');
    let inner = if python { bare.replace('.', "/") } else { module.to_owned() };
    let mut starts = Vec::new();
    if python {
        let dots = module.len() - bare.len();
        if dots > 0 {
            starts.extend(here.ancestors().nth(dots - 1));
        } else {
            starts.extend(here.ancestors());
        }
    } else if module.starts_with('.') {
        starts.push(here);
    } else {
        return false;
    }
    let written = [".js", ".jsx", ".mjs", ".cjs"];
    let bare = written.iter().find_map(|ending| inner.strip_suffix(ending));
    let inner = bare.filter(|_| !python).unwrap_or(&inner);
    starts.into_iter().any(|start| exists(&tree.root().join(start).join(inner)))
}

/// A file or folder, or a file of that name with an ending.
fn exists(path: &Path) -> bool {
    if path.exists() {
        return true;
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let Ok(entries) = folder.read_dir() else { return false };
    let name = name.to_string_lossy();
    entries.flatten().any(|entry| {
        let there = entry.file_name();
        let there = there.to_string_lossy();
        there.strip_prefix(&*name).is_some_and(|rest| rest.starts_with('.'))
    })
}
