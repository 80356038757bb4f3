//! `[evidence]`: the name under which this installation certifies, and whose certificates it
//! trusts.

use std::path::{Path, PathBuf};

use super::reader::{Faults, Section};
use crate::authority::{Algorithm, StatementKeys};

/// Longest name of an installation, in characters.
const NAME_MAX: usize = 64;

/// Largest file with public keys, in bytes.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What the section says.
#[derive(Debug)]
pub struct EvidenceSettings {
    /// The `iss` of the certificates issued here; the environment's name without a choice.
    pub name: String,
    /// The installations whose certificates are trusted.
    pub staging_keys: StatementKeys,
}

/// Reads the section.
pub fn evidence(
    mut section: Section,
    environment: Option<&str>,
    folder: &Path,
    faults: &mut Faults,
) -> EvidenceSettings {
    let name: Option<String> = section.optional("name", faults);
    let name = name.or_else(|| environment.map(str::to_owned)).unwrap_or_default();
    check_name(&section.place("name"), &name, faults);
    let mut staging_keys = StatementKeys::default();
    for signer in section.list("staging_keys", faults) {
        trust(&mut staging_keys, signer, folder, faults);
    }
    section.end(faults);
    EvidenceSettings { name, staging_keys }
}

fn check_name(place: &str, name: &str, faults: &mut Faults) {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.:/".contains(c);
    if name.is_empty() || name.len() > NAME_MAX || !name.chars().all(plain) {
        faults.add(place, "is 1 to 64 letters, digits and -_.:/");
    }
}

fn trust(keys: &mut StatementKeys, mut signer: Section, folder: &Path, faults: &mut Faults) {
    let name: Option<String> = signer.required("name", faults);
    let algorithm = algorithm(&mut signer, faults);
    let file: Option<PathBuf> = signer.optional("file", faults);
    let inline = [signer.optional("jwk", faults), signer.optional("pem", faults)];
    let inline: Vec<String> = inline.into_iter().flatten().collect();
    let place = signer.place("file");
    let text = match (file, &*inline) {
        (Some(file), []) => read(&folder.join(file)),
        (None, [text]) => Ok(text.clone()),
        (None | Some(_), _) => Err("name one of `file`, `jwk` and `pem`".to_owned()),
    };
    if let Some(name) = name {
        check_name(&signer.place("name"), &name, faults);
        let trusted = text.and_then(|text| {
            keys.trust(&name, &text, algorithm).map_err(|error| error.to_string())
        });
        if let Err(problem) = trusted {
            faults.add(place, problem);
        }
    }
    signer.end(faults);
}

fn algorithm(signer: &mut Section, faults: &mut Faults) -> Option<Algorithm> {
    let name: String = signer.optional("algorithm", faults)?;
    let parsed = Algorithm::parse(&name).filter(|algorithm| *algorithm != Algorithm::Hs256);
    if parsed.is_none() {
        faults.add(signer.place("algorithm"), "is RS256, PS256, ES256 or EdDSA");
    }
    parsed
}

/// Public keys are no secret: whoever may read the file may.
fn read(file: &Path) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", file.display());
    let about = std::fs::metadata(file).map_err(unreadable)?;
    if about.len() > FILE_BYTES_MAX {
        return Err(format!("{} has more than {FILE_BYTES_MAX} bytes", file.display()));
    }
    std::fs::read_to_string(file).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authority::specimens::Mint;

    fn parsed(text: &str, folder: &Path) -> (EvidenceSettings, Vec<String>) {
        let mut faults = Faults::default();
        let table = toml::from_str(text).expect("TOML");
        let settings = evidence(Section::root(table), Some("staging"), folder, &mut faults);
        (settings, faults.into_list().iter().map(ToString::to_string).collect())
    }

    #[test]
    fn without_a_section_nobody_is_trusted_and_the_name_is_the_environments() {
        let (settings, faults) = parsed("", Path::new("."));
        assert_eq!((&*settings.name, settings.staging_keys.is_empty()), ("staging", true));
        assert!(faults.is_empty(), "{faults:?}");
    }

    #[test]
    fn keys_come_from_a_file_or_stand_in_the_configuration() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("keys.json"), Mint::seeded(1).key_set())
            .expect("written");
        let inline = Mint::seeded(2).key_set();
        let text = format!(
            "[[staging_keys]]\nname = \"one\"\nfile = \"keys.json\"\n\
             [[staging_keys]]\nname = \"two\"\njwk = '{inline}'\n"
        );
        let (settings, faults) = parsed(&text, folder.path());
        assert!(faults.is_empty() && !settings.staging_keys.is_empty(), "{faults:?}");
    }

    #[test]
    fn what_is_no_public_key_of_one_installation_is_refused_with_its_place() {
        let set = Mint::seeded(1).key_set();
        let secret = r#"{"kty":"oct","k":"cThadDN2SzF5UDZtV2MwUmJYbjdMaEpkMnNHZjl1QWU"}"#;
        for (lines, about) in [
            ("name = \"a\"".to_owned(), "name one of"),
            (format!("name = \"a\"\njwk = '{secret}'"), "private or shared"),
            (format!("name = \"a b\"\njwk = '{set}'"), "letters, digits"),
            ("name = \"a\"\nfile = \"none.json\"".to_owned(), "cannot read"),
            ("name = \"a\"\npem = \"-----BEGIN PUBLIC KEY-----\"".to_owned(), "algorithm"),
            (format!("name = \"a\"\nalgorithm = \"HS256\"\njwk = '{set}'"), "is RS256"),
            (format!("name = \"a\"\njwk = '{set}'\nother = 1"), "not a setting"),
        ] {
            let (_, faults) = parsed(&format!("[[staging_keys]]\n{lines}\n"), Path::new("."));
            let told = faults
                .iter()
                .any(|fault| fault.contains(about) && fault.starts_with("staging_keys[0]."));
            assert!(told, "{lines}: {faults:?}");
            assert!(!faults.concat().contains("cThadDN2"), "{faults:?}");
        }
    }
}
