//! Any bytes as somebody else's key set, and any text as keys to import: no panic, bounded, and
//! nobody else's set brings a shared secret.

#![no_main]

use crossfade::authority::{Algorithm, Authority, KeySource, Settings, fuzzing};
use libfuzzer_sys::fuzz_target;

fn import(key: KeySource) {
    let settings = Settings { keys: vec![key], ..Settings::new("issuer", "audience") };
    if let Err(error) = Authority::in_memory(settings) {
        assert!(error.to_string().len() < 1000, "an error is bounded");
    }
}

fuzz_target!(|bytes: &[u8]| {
    if let Some(keys) = fuzzing::foreign_keys(bytes) {
        assert!(keys.len() <= 64);
        assert!(keys.iter().all(|(id, _)| !id.is_empty() && id.len() <= 128));
        assert!(keys.iter().all(|(_, algorithm)| *algorithm != Algorithm::Hs256));
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    if text.contains("-----BEGIN") {
        for algorithm in Algorithm::ALL {
            import(KeySource::Pem { id: "key".into(), algorithm, text: text.clone() });
        }
    } else {
        import(KeySource::Jwk { text });
    }
});
