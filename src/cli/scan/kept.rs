//! The baseline on the disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::exit::{Exit, complain, tell};
use super::super::whole_file::WholeFile;
use super::shown::place;
use crate::scan::{Baseline, Scan, ScanError};

/// New rivals that are listed, at most.
const LISTED_MAX: usize = 100;

/// A baseline, and what is to become of its file.
pub(super) struct Kept {
    file: PathBuf,
    /// None where the file is to be made.
    baseline: Option<Baseline>,
    update: bool,
}

impl Kept {
    /// Reads the file. One that is not there is no fault when it is to be made.
    pub(super) fn read(file: &Path, update: bool) -> Result<Self, String> {
        let kept = |baseline| Self { file: file.to_owned(), baseline, update };
        let text = match fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && update => {
                return Ok(kept(None));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(format!("there is no {}: --update-baseline makes it", file.display()));
            }
            Err(error) => {
                return Err(ScanError::Unreadable { path: file.to_owned(), error }.to_string());
            }
        };
        match Baseline::read(&text) {
            Ok(baseline) => Ok(kept(Some(baseline))),
            Err(error) => {
                let (path, fault) = (file.to_owned(), error.to_string());
                Err(ScanError::Baseline { path, fault }.to_string())
            }
        }
    }

    /// Compares, says what is new and what has gone, and writes the file where that is asked for.
    pub(super) fn settle(&self, scan: &Scan) -> Exit {
        let Some(baseline) = &self.baseline else { return self.make(scan) };
        let beside = baseline.beside(scan);
        let file = self.file.display();
        if self.update && scan.files == 0 && !baseline.is_empty() {
            // More likely the wrong folder than the end of the migration.
            let problem = format_args!("nothing was read, so {file} stays as it is");
            return complain(Exit::Usage, problem);
        }
        if !beside.new.is_empty() {
            tell(format_args!("not in {file}:"));
            for finding in beside.new.iter().take(LISTED_MAX) {
                tell(format_args!("{}\n      {}", place(finding), finding.code));
            }
            if let Some(more) = beside.new.len().checked_sub(LISTED_MAX).filter(|more| *more > 0) {
                tell(format_args!("and {more} more"));
            }
            let written = if self.update { "; nothing was written" } else { "" };
            let new = rivals(beside.new.len());
            return complain(Exit::Found, format_args!("{new} not in {file}{written}"));
        }
        if !beside.unsure.is_empty() {
            let unsure = rivals(beside.unsure.len());
            tell(format_args!("{unsure} stay in {file}: their files were not understood"));
        }
        let (known, gone) = (rivals(beside.known), beside.gone.len());
        if self.update && gone > 0 {
            let fallen = baseline.without_gone(&beside);
            return self.write(&fallen, &format!("{known} left in {file}, {gone} taken out"));
        }
        match gone {
            0 => tell(format_args!("{known}, all known to {file}")),
            _ => tell(format_args!(
                "{known}, all known to {file}; {gone} of its own have gone: --update-baseline takes \
                 them out"
            )),
        }
        Exit::Fine
    }

    fn make(&self, scan: &Scan) -> Exit {
        let baseline = Baseline::of(scan);
        let told = format!("made {} with {}", self.file.display(), rivals(baseline.len()));
        self.write(&baseline, &told)
    }

    fn write(&self, baseline: &Baseline, told: &str) -> Exit {
        let write = || {
            let mut file = WholeFile::begin(&self.file)?;
            baseline.write_to(&mut file)?;
            file.finish()
        };
        match write() {
            Ok(()) => {
                tell(told);
                Exit::Fine
            }
            Err(error) => {
                let file = self.file.display();
                complain(Exit::Failed, format_args!("{file} cannot be written: {error}"))
            }
        }
    }

    /// What is known, new and gone.
    pub(super) fn as_json(&self, scan: &Scan) -> Value {
        let Some(baseline) = &self.baseline else {
            return json!({ "known": 0, "new": [], "gone": [], "unsure": [] });
        };
        let beside = baseline.beside(scan);
        let new = beside.new.iter().map(|finding| &finding.fingerprint).collect::<Vec<_>>();
        let (gone, unsure) = (&beside.gone, &beside.unsure);
        json!({ "known": beside.known, "new": new, "gone": gone, "unsure": unsure })
    }
}

fn rivals(number: usize) -> String {
    match number {
        1 => "1 rival".to_owned(),
        _ => format!("{number} rivals"),
    }
}
