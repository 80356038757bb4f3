//! Keys at rest: AES-256-GCM under the master key.

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::domain::{decode_base64url, encode_base64url};

use super::MasterKey;

/// Seals `plain` in the name of `place`, so that one sealed text cannot stand in for another.
/// The result is base64url of nonce, ciphertext and tag; `None` when the library fails.
pub(super) fn seal(master: &MasterKey, place: &str, plain: &[u8]) -> Option<String> {
    let mut sealed = plain.to_vec();
    let nonce = key(master)?.seal_in_place_append_tag(Aad::from(aad(place)), &mut sealed).ok()?;
    Some(encode_base64url(&[nonce.as_ref().as_slice(), &sealed].concat()))
}

/// Opens what was sealed in the name of `place`; `None` under another master key, in another
/// place, or when a bit has changed.
pub(super) fn unseal(master: &MasterKey, place: &str, sealed: &str) -> Option<Vec<u8>> {
    let mut sealed = decode_base64url(sealed)?;
    let nonce = Nonce::try_assume_unique_for_key(sealed.get(..NONCE_LEN)?).ok()?;
    let text = sealed.get_mut(NONCE_LEN..)?;
    let plain = key(master)?.open_in_place(nonce, Aad::from(aad(place)), text).ok()?;
    Some(plain.to_vec())
}

/// Seals other rooms' texts under the master key.
#[derive(Clone, Debug)]
pub struct Sealer(MasterKey);

impl Sealer {
    /// A sealer under this master key.
    pub const fn new(master: MasterKey) -> Self {
        Self(master)
    }

    /// Seals `plain` in the name of `place`; `None` when the library fails.
    pub fn seal(&self, place: &str, plain: &[u8]) -> Option<String> {
        seal(&self.0, &in_the_room_of_others(place), plain)
    }

    /// Opens what was sealed in the name of `place`; `None` for anything else.
    pub fn open(&self, place: &str, sealed: &str) -> Option<Vec<u8>> {
        unseal(&self.0, &in_the_room_of_others(place), sealed)
    }
}

/// No such place is that of a key.
fn in_the_room_of_others(place: &str) -> String {
    format!("other/{place}")
}

fn key(master: &MasterKey) -> Option<RandomizedNonceKey> {
    RandomizedNonceKey::new(&AES_256_GCM, master.bytes()).ok()
}

fn aad(place: &str) -> Vec<u8> {
    [b"crossfade key 1 ", place.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_key_opens_only_whole_in_its_place_and_under_its_master_key() {
        let master = MasterKey::new([1; 32]);
        let sealed = seal(&master, "signing/a EdDSA", b"private").expect("sealed");
        assert_eq!(unseal(&master, "signing/a EdDSA", &sealed).as_deref(), Some(&b"private"[..]));
        assert_eq!(unseal(&master, "signing/b EdDSA", &sealed), None);
        assert_eq!(unseal(&MasterKey::new([2; 32]), "signing/a EdDSA", &sealed), None);
        let other = format!("{}{}", if sealed.starts_with('A') { 'B' } else { 'A' }, &sealed[1..]);
        assert_eq!(unseal(&master, "signing/a EdDSA", &other), None);
        assert_eq!(unseal(&master, "signing/a EdDSA", "AA"), None);
    }

    #[test]
    fn the_same_key_is_sealed_differently_each_time() {
        let master = MasterKey::new([1; 32]);
        assert_ne!(seal(&master, "x", b"private"), seal(&master, "x", b"private"));
    }
}
