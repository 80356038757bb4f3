//! The profiles that come with the house: twelve managers from the wild, and one that does
//! everything right.

use super::ManagerProfile;

macro_rules! profiles {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("shipped/", $name, ".toml")))),+]
    };
}

const SHIPPED: &[(&str, &str)] = profiles![
    "unified-manager",
    "throwaway-instance",
    "unified-emitter",
    "agent-bridge",
    "route-direct-send",
    "broadcast-service",
    "migration-adapter",
    "priority-queue",
    "bridge-factory-singleton",
    "router-globals",
    "topic-broadcast",
    "browser-client",
    "mirror",
];

/// Every shipped profile by name, in the order of the catalogue.
pub fn shipped() -> impl Iterator<Item = (&'static str, ManagerProfile)> {
    SHIPPED.iter().map(|(name, text)| (*name, read(text)))
}

/// The shipped profile of that name.
pub fn named(name: &str) -> Option<ManagerProfile> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| read(text))
}

/// The shipped profile of that name as it is written, in TOML.
pub fn shipped_text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

fn read(text: &str) -> ManagerProfile {
    ManagerProfile::from_toml(text).expect("shipped profiles are read by a test")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_reads_and_has_its_own_number() {
        for (name, text) in SHIPPED {
            if let Err(error) = ManagerProfile::from_toml(text) {
                panic!("{name}: {error}");
            }
        }
        let mut ids: Vec<String> = shipped().map(|(_, profile)| profile.id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), SHIPPED.len());
        assert!(named("mirror").is_some() && named("other").is_none());
    }
}
