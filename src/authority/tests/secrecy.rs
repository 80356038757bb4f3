use super::*;
use crate::authority::specimens::Mint;
use crate::authority::{Algorithm, AuthorityError, MasterKey};
use crate::domain::encode_base64url;

/// Every way in which the secret could be written down.
fn gives_away(shown: &str, secret: &[u8]) -> bool {
    let text = String::from_utf8_lossy(secret).into_owned();
    let list = format!("{secret:?}");
    let list = list.trim_matches(['[', ']']);
    [text.as_str(), &encode_base64url(secret), list].iter().any(|form| shown.contains(form))
}

#[test]
fn nothing_that_holds_a_key_shows_it() {
    let mint = Mint::seeded(4).with_secret(SECRET);
    let master = MasterKey::new(SECRET.try_into().expect("32 bytes"));
    let settings = Settings { master_key: Some(master.clone()), ..mint.settings() };
    let before = format!("{settings:?} {:?} {mint:?} {master:?}", mint.key_sources());
    let authority = Authority::in_memory(settings).expect("opened");
    let shown = format!("{before} {authority:?} {:?}", issued(&authority));
    assert!(!gives_away(&shown, SECRET), "{shown}");
    assert!(!shown.contains("-----BEGIN"), "{shown}");
    for source in mint.key_sources() {
        if let KeySource::Pem { text, .. } = source {
            let line = text.lines().nth(1).expect("a line of the key");
            assert!(!shown.contains(line));
        }
    }
    let token = issued(&authority).token;
    assert!(!shown.contains("eyJ") && !format!("{token:?}").contains("eyJ"), "a token is shown");
}

#[test]
fn no_error_shows_a_key_or_a_token() {
    let weak: &[u8] = b"password-password-and-more-of-it-42";
    let short: &[u8] = b"Xy7!short";
    let id = || "k".to_owned();
    let pem = |text: &str| KeySource::Pem {
        id: id(),
        algorithm: Algorithm::Rs256,
        text: text.to_owned(),
    };
    let sources = [
        (KeySource::Secret { id: id(), bytes: weak.to_vec() }, weak),
        (KeySource::Secret { id: id(), bytes: short.to_vec() }, short),
        (pem("Xy7!no-pem"), b"Xy7!no-pem"),
        (pem("-----BEGIN PRIVATE KEY-----\nQUJDRA==\n-----END PRIVATE KEY-----"), b"QUJDRA=="),
        (KeySource::Jwk { text: r#"{"kty":"oct","k":"QUJDRA"}"#.into() }, b"QUJDRA"),
        (KeySource::Jwk { text: "Xy7!no-json".into() }, b"Xy7!no-json"),
    ];
    for (source, secret) in sources {
        let settings = Settings { keys: vec![source], ..settings() };
        let error: AuthorityError = Authority::in_memory(settings).expect_err("refused");
        let shown = format!("{error} {error:?}");
        assert!(!gives_away(&shown, secret), "{shown}");
    }
    let error = MasterKey::parse("Xy7!not-32-bytes").expect_err("refused");
    assert!(!format!("{error} {error:?}").contains("Xy7!"));
}
