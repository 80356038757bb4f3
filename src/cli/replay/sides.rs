//! The two sides, built from what was typed.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::{Named, ReplayArgs, ReplayError};
use crate::authority::{Algorithm, Authority, KeySource, Settings};
use crate::legacy::profile::{self, Profile, ProfilePath};
use crate::legacy::{LegacyError, ProfileSettings, Secret, shipped};

/// Longest file with a key or a profile, in bytes.
const FILE_MAX: u64 = 1024 * 1024;

/// The authority, with nothing on disk.
pub(super) fn authority(
    args: &ReplayArgs,
    secrets: &[(String, Vec<u8>)],
) -> Result<Authority, ReplayError> {
    let shared = |(id, bytes): &(String, Vec<u8>)| KeySource::Secret {
        id: id.clone(),
        bytes: bytes.clone(),
    };
    let mut keys: Vec<KeySource> = secrets.iter().map(shared).collect();
    for file in &args.key_file {
        keys.push(key(file)?);
    }
    Ok(Authority::in_memory(Settings {
        audiences: args.audience.clone(),
        environment: args.environment.clone(),
        service_id: args.service_id.clone(),
        keys,
        ..Settings::new(&args.issuer, "")
    })?)
}

/// The model of legacy; `None` when it cannot verify anything, for want of a secret.
pub(super) fn legacy(
    args: &ReplayArgs,
    secrets: &[(String, Vec<u8>)],
) -> Result<Option<ProfilePath>, ReplayError> {
    let key = |(id, bytes): &(String, Vec<u8>)| {
        profile::Key::read(id, profile::Algorithm::HS256, &Secret::new(bytes))
    };
    let keys = secrets.iter().map(key).collect::<Result<Vec<_>, _>>()?;
    let overruled = !args.legacy_audience.is_empty();
    let audiences = if overruled { &args.legacy_audience } else { &args.audience };
    let settings = ProfileSettings {
        definition: definition(&args.legacy)?.map(Box::new),
        issuer: Some(args.issuer.clone()),
        audiences: Some(audiences.clone()),
        environment: args.environment.clone(),
        ..ProfileSettings::of(&args.legacy, keys)
    };
    match settings.build() {
        Ok(path) => Ok(Some(path)),
        Err(LegacyError::UnknownProfile(name)) => {
            let known: Vec<_> = shipped().map(|(name, _)| name).collect();
            Err(ReplayError::Profile { name, known: known.join(", ") })
        }
        Err(LegacyError::Faults { .. }) if secrets.is_empty() => Ok(None),
        Err(other) => Err(other.into()),
    }
}

/// A profile of one's own, when a file is named instead of a shipped one.
fn definition(legacy: &str) -> Result<Option<Profile>, ReplayError> {
    let path = Path::new(legacy);
    if path.extension().is_none_or(|extension| extension != "toml") {
        return Ok(None);
    }
    let text = String::from_utf8(contents(path)?);
    let text = text.map_err(|_| LegacyError::ProfileText("not UTF-8".to_owned()))?;
    Ok(Some(Profile::from_toml(&text)?))
}

/// The shared secrets, by key id.
pub(super) fn secrets(args: &ReplayArgs) -> Result<Vec<(String, Vec<u8>)>, ReplayError> {
    let secret = |file: &Named| {
        let id = file.id.clone().ok_or_else(|| nameless("--secret-file", &file.path))?;
        let mut bytes = contents(&file.path)?;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
            bytes.pop_if(|last| *last == b'\r');
        }
        Ok((id, bytes))
    };
    args.secret_file.iter().map(secret).collect()
}

/// A PEM does not say in plain words what its key is for: the algorithm is the one that takes it.
fn key(file: &Named) -> Result<KeySource, ReplayError> {
    let unknown = || ReplayError::KeyUnknown(file.path.clone());
    let text = String::from_utf8(contents(&file.path)?).map_err(|_| unknown())?;
    if text.trim_start().starts_with('{') {
        return Ok(KeySource::Jwk { text });
    }
    let id = file.id.clone().ok_or_else(|| nameless("--key-file", &file.path))?;
    let pairs = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa];
    let mut sources = pairs.into_iter().map(|algorithm| KeySource::Pem {
        id: id.clone(),
        algorithm,
        text: text.clone(),
    });
    let fits = |source: &KeySource| {
        let keys = vec![source.clone()];
        Authority::in_memory(Settings { keys, ..Settings::new("any", "any") }).is_ok()
    };
    sources.find(fits).ok_or_else(unknown)
}

fn nameless(option: &'static str, path: &Path) -> ReplayError {
    ReplayError::KeyNameless { option, path: path.to_owned() }
}

fn contents(path: &Path) -> Result<Vec<u8>, ReplayError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(path)?.take(FILE_MAX + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = read().map_err(|source| ReplayError::SideFile { path: path.to_owned(), source })?;
    if bytes.len() as u64 > FILE_MAX {
        return Err(ReplayError::SideFileLong(path.to_owned()));
    }
    Ok(bytes)
}
