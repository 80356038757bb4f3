//! A key from a file, as the service takes it.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::authority::Algorithm;
use crate::cli::exit::{Exit, complain};
use crate::config::read_private_file;

/// Most bytes of a key file.
const BYTES_MAX: u64 = 48 * 1024;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Kind {
    /// A PEM block, private or public.
    Pem,
    /// A JWK or a JWK set.
    Jwk,
    /// A shared secret for HS256.
    Secret,
}

impl Kind {
    /// By the beginning of the text; anything may be a secret, so nothing is taken for one.
    fn of(text: &str) -> Option<Self> {
        let text = text.trim_start();
        if text.starts_with("-----BEGIN ") {
            Some(Self::Pem)
        } else {
            text.starts_with('{').then_some(Self::Jwk)
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Jwk => "jwk",
            Self::Secret => "secret",
        }
    }
}

/// The part `import` of the request.
pub(super) fn body(
    file: &Path,
    kind: Option<Kind>,
    id: Option<String>,
    algorithm: Option<Algorithm>,
) -> Result<Value, Exit> {
    let text = read(file).map_err(|problem| complain(Exit::Usage, problem))?;
    let Some(kind) = kind.or_else(|| Kind::of(&text)) else {
        return Err(complain(Exit::Usage, "neither PEM nor JSON: say --kind secret if it is one"));
    };
    let needed = match kind {
        Kind::Pem if id.is_none() || algorithm.is_none() => "a PEM key needs --id and --algorithm",
        Kind::Secret if id.is_none() => "a secret needs --id",
        Kind::Jwk if id.is_some() || algorithm.is_some() => {
            "a JWK has its own kid and alg: leave --id and --algorithm out"
        }
        Kind::Pem | Kind::Secret | Kind::Jwk => "",
    };
    if !needed.is_empty() {
        return Err(complain(Exit::Usage, needed));
    }
    let text = if is_private(kind, &text) && file != Path::new("-") {
        read_private_file(file).map_err(|problem| complain(Exit::Usage, problem))?
    } else {
        text.trim().to_owned()
    };
    let mut import = json!({ "kind": kind.as_str(), "text": text });
    let named = [("id", id), ("algorithm", algorithm.map(|each| each.as_str().to_owned()))];
    for (name, value) in named.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        import[name] = value.into();
    }
    Ok(import)
}

/// The text of a file, or of standard input for `-`; bounded as a key is.
pub(in crate::cli) fn read(file: &Path) -> Result<String, String> {
    read_at_most(file, BYTES_MAX)
}

/// The text of a file, or of standard input for `-`, of at most so many bytes.
pub(in crate::cli) fn read_at_most(file: &Path, bytes_max: u64) -> Result<String, String> {
    let shown = file.display();
    let unreadable = |error: std::io::Error| format!("cannot read {shown}: {error}");
    let mut text = String::new();
    let read = if file == Path::new("-") {
        std::io::stdin().take(bytes_max + 1).read_to_string(&mut text)
    } else {
        let opened = std::fs::File::open(file).map_err(unreadable)?;
        opened.take(bytes_max + 1).read_to_string(&mut text)
    };
    let bytes = read.map_err(unreadable)?;
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > bytes_max) {
        return Err(format!("{shown} has more than {bytes_max} bytes"));
    }
    Ok(text)
}

/// True for what nobody else may be able to read.
fn is_private(kind: Kind, text: &str) -> bool {
    match kind {
        Kind::Secret => true,
        Kind::Pem => !text.contains("PUBLIC KEY-----"),
        Kind::Jwk => {
            let json: Value = serde_json::from_str(text).unwrap_or_default();
            let secret = |jwk: &Value| jwk.get("d").is_some() || jwk.get("k").is_some();
            secret(&json) || json["keys"].as_array().is_some_and(|keys| keys.iter().any(secret))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_tells_what_it_holds_unless_it_may_be_a_secret() {
        assert_eq!(Kind::of("\n-----BEGIN PUBLIC KEY-----"), Some(Kind::Pem));
        assert_eq!(Kind::of(" {\"kty\":\"RSA\"}"), Some(Kind::Jwk));
        assert_eq!(Kind::of("q8Zt3vK1yP6mWc0RbXn7LhJd2sGf9uAe"), None);
    }

    #[test]
    fn what_holds_a_secret_is_told_from_what_is_public() {
        assert!(is_private(Kind::Pem, "-----BEGIN EC PRIVATE KEY-----"));
        assert!(!is_private(Kind::Pem, "-----BEGIN PUBLIC KEY-----"));
        assert!(is_private(Kind::Jwk, r#"{"kty":"OKP","d":"AA"}"#));
        assert!(is_private(Kind::Jwk, r#"{"keys":[{"kty":"RSA"},{"kty":"oct","k":"AA"}]}"#));
        assert!(!is_private(Kind::Jwk, r#"{"keys":[{"kty":"RSA","n":"AA"}]}"#));
    }
}
