//! Secrets: from a file that others cannot read, or from the environment.

use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use super::Environment;
use super::reader::{Faults, Section};

/// Largest accepted secret, in bytes.
const SECRET_MAX: u64 = 64 * 1024;

/// Reads the secret that `section` points to by `file = "..."` or `env = "..."`. A file must be
/// readable by its owner alone. Surrounding white space is not part of the secret.
pub fn read_secret(
    section: &mut Section,
    environment: &Environment,
    faults: &mut Faults,
) -> Option<String> {
    let file: Option<String> = section.optional("file", faults);
    let variable: Option<String> = section.optional("env", faults);
    match (file, variable) {
        (Some(file), None) => match read_private_file(Path::new(&file)) {
            Ok(text) => Some(text),
            Err(problem) => {
                faults.add(section.place("file"), problem);
                None
            }
        },
        (None, Some(variable)) => {
            let value = environment.value(&variable).map(|value| value.trim().to_owned());
            if value.is_none() {
                faults.add(section.place("env"), format!("{variable} is not set"));
            }
            value
        }
        (Some(_), Some(_)) => {
            faults.add(section.place("env"), "stands beside `file`: name one of them");
            None
        }
        (None, None) => {
            faults.add(section.place("file"), "is missing: name a `file` or an `env` variable");
            None
        }
    }
}

/// Makes a file with 32 random bytes as hexadecimal digits, readable by its owner alone. The
/// error is that of the file system, with the file's name.
pub fn make_private_key_file(path: &Path) -> Result<String, String> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path);
    let written = file.and_then(|mut file| {
        let bytes: [u8; 32] = rand::random();
        let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        file.write_all(digits.concat().as_bytes())?;
        file.sync_all()?;
        Ok(digits.concat())
    });
    written.map_err(|error| format!("cannot make {}: {error}", path.display()))
}

/// Reads a file that only its owner can read.
pub fn read_private_file(path: &Path) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |error: std::io::Error| format!("cannot read {shown}: {error}");
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if about.permissions().mode() & 0o077 != 0 {
        return Err(format!("others can read {shown}: chmod 600 it"));
    }
    if about.len() > SECRET_MAX {
        return Err(format!("{shown} has more than {SECRET_MAX} bytes"));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    Ok(text.trim().to_owned())
}
