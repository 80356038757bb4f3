//! Shared secrets that are none.

use super::AuthorityError;

/// RFC 7518 §3.2: at least as long as the hash.
const BYTES_MIN: usize = 32;

/// Beginnings of secrets that stand in tutorials, test suites and fall-back branches, without
/// case and punctuation.
const WELL_KNOWN: &[&str] = &[
    "0123456789abcdef0123456789abcdef",
    "abcdefghijklmnopqrstuvwxyz",
    "changeme",
    "changethis",
    "defaultsecret",
    "devsecret",
    "emergency",
    "examplesecret",
    "fallback",
    "jwtsecret",
    "mysecret",
    "mysupersecret",
    "netradevjwtkey",
    "netrajwtkey",
    "password",
    "pleasechange",
    "secretkey",
    "supersecret",
    "testonly",
    "testsecret",
    "verysecret",
    "your256bitsecret",
    "yoursecret",
    "yoursupersecret",
];

/// Refuses a secret that is short, known or repeats itself. A PEM text is refused as well: with
/// a public key as the secret, everybody could sign.
pub(super) fn check(id: &str, secret: &[u8]) -> Result<(), AuthorityError> {
    if secret.len() < BYTES_MIN {
        return Err(AuthorityError::SecretShort { id: id.into(), bytes: secret.len() });
    }
    if repeats(secret) || well_known(secret) || secret.starts_with(b"-----BEGIN") {
        return Err(AuthorityError::SecretWeak(id.into()));
    }
    Ok(())
}

/// True when the secret is a piece of up to eight bytes over and over.
fn repeats(secret: &[u8]) -> bool {
    (1..=8).any(|period| secret.iter().zip(&secret[period..]).all(|(one, other)| one == other))
}

fn well_known(secret: &[u8]) -> bool {
    let letters = secret.iter().filter(|byte| byte.is_ascii_alphanumeric());
    let plain: String = letters.map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    WELL_KNOWN.iter().any(|known| plain.starts_with(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_a_known_and_a_repetitive_secret_are_refused() {
        let long = "test-secret-key-that-is-long-enough-for-hs256";
        for weak in [
            "",
            "secret",
            "test-secret-key",
            long,
            &"x".repeat(64),
            &"secret".repeat(9),
            "Your-256-Bit-Secret, but longer than that",
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS",
        ] {
            assert!(check("k", weak.as_bytes()).is_err(), "{weak}");
        }
    }

    #[test]
    fn a_random_secret_of_32_bytes_is_accepted() {
        assert!(check("k", &rand::random::<[u8; 32]>()).is_ok());
        assert!(check("k", b"q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe").is_ok());
    }
}
