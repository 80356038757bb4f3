//! The profiles that come with the house: twelve validators from the wild, and four libraries at
//! their defaults.

use super::profile::Profile;

macro_rules! profiles {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("profiles/", $name, ".toml")))),+]
    };
}

const SHIPPED: &[(&str, &str)] = profiles![
    "core-validate",
    "core-consume",
    "http-facade",
    "unverified-decode",
    "hardcoded-key",
    "library-default",
    "remote-delegate",
    "payload-delegate",
    "ws-strict",
    "ws-ladder",
    "ws-bypass",
    "format-or-nothing",
    "pyjwt-2",
    "python-jose",
    "node-jsonwebtoken",
    "rust-jsonwebtoken",
];

/// Every shipped profile by name, in the order of the catalogue.
pub fn shipped() -> impl Iterator<Item = (&'static str, Profile)> {
    SHIPPED.iter().map(|(name, text)| (*name, read(text)))
}

/// The shipped profile of that name.
pub fn named(name: &str) -> Option<Profile> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| read(text))
}

/// The shipped profile of that name as it is written, in TOML.
pub fn shipped_text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn read(text: &str) -> Profile {
    Profile::from_toml(text).expect("shipped profiles are read by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_reads_and_has_its_own_number() {
        for (name, text) in SHIPPED {
            if let Err(error) = Profile::from_toml(text) {
                panic!("{name}: {error}");
            }
        }
        let mut ids: Vec<String> = shipped().map(|(_, profile)| profile.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SHIPPED.len());
    }

    #[test]
    fn no_profile_has_a_name_that_is_not_shipped() {
        assert!(named("core-validate").is_some());
        assert!(named("core").is_none());
    }
}
