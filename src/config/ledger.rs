//! `[ledger]`: whether every comparison is written out.

use std::path::{Path, PathBuf};

use super::reader::{Faults, Section};
use crate::ledger::ComparisonsSettings;

/// Reads the section; `None` when comparisons are only counted.
pub fn comparisons(
    mut section: Section,
    folder: &Path,
    faults: &mut Faults,
) -> Option<ComparisonsSettings> {
    let path: Option<PathBuf> = section.optional("comparisons", faults);
    let file_mib = section.within("comparisons_file_mib", 256, 1..=65_536, faults);
    let files_max = section.within("comparisons_files", 8, 1..=1_000, faults);
    if path.as_ref().is_some_and(|path| path.as_os_str().is_empty()) {
        faults.add(section.place("comparisons"), "names no file");
    }
    section.end(faults);
    let path = folder.join(path?);
    Some(ComparisonsSettings { path, file_bytes_max: file_mib << 20, files_max })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<ComparisonsSettings>, Vec<String>) {
        let mut faults = Faults::default();
        let section = Section::root(toml::from_str(text).expect("TOML"));
        let settings = comparisons(section, Path::new("/etc/crossfade"), &mut faults);
        (settings, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_file_nothing_is_written_out() {
        assert_eq!(read("comparisons_files = 3"), (None, Vec::new()));
    }

    #[test]
    fn the_file_is_relative_to_the_configuration_and_bounded() {
        let (settings, faults) = read("comparisons = 'c.jsonl'\ncomparisons_file_mib = 2");
        let settings = settings.expect("settings");
        assert_eq!(settings.path, Path::new("/etc/crossfade/c.jsonl"));
        assert_eq!((settings.file_bytes_max, settings.files_max), (2 << 20, 8));
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn what_cannot_be_is_a_fault() {
        for text in ["comparisons = ''", "comparisons_files = 0", "comparison = 'c'"] {
            assert_eq!(read(text).1.len(), 1, "{text}");
        }
    }
}
