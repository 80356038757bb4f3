//! `crossfade verify-jws`: does a key verify a raw signature?

use std::path::PathBuf;

use serde_json::{Value, json};

use super::exit::{Exit, complain, say};
use super::keys::read_text;
use crate::authority::{Algorithm, JwsKeys, VerifiedJws, verify_jws};
use crate::domain::{Reason, decode_base64url, encode_base64url};

const HELP: &str = "\
Algorithms: HS256, RS256, PS256, ES256, EdDSA. The rules of form are those for tokens: canonical
base64url, no member twice, no crit, no b64; the key's algorithm and kid, not the header's choice.

Exit codes: 0 valid, 1 invalid (standard error names the reason), 2 the command line or the key
file is wrong.

Examples:
  crossfade verify-jws --jwk public.jwk \"$TOKEN\"
  curl -s https://auth.example/.well-known/jwks.json |
    crossfade verify-jws --jwk - --json \"$TOKEN\"";

/// Verify a compact JWS of any payload against a JWK or a JWK set.
///
/// Asks no service. Says nothing about claims: an expired token has a good signature.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub struct VerifyJwsArgs {
    /// The key: a JWK or a JWK set, public or private; `-` for standard input.
    #[arg(long, value_name = "FILE")]
    jwk: PathBuf,
    /// Read shared secrets that are short or well known: for test vectors.
    #[arg(long)]
    allow_weak_secret: bool,
    /// Header and payload in base64url, and which key it was, as JSON; else the payload as it is.
    #[arg(long)]
    json: bool,
    /// The JWS; `-` for standard input.
    #[arg(allow_hyphen_values = true)]
    token: String,
}

/// Runs it.
pub fn run(args: &VerifyJwsArgs) -> Exit {
    match verified(args) {
        Ok(verified) if args.json => {
            say(as_json(&verified));
            Exit::Fine
        }
        Ok(verified) => shown(&verified.payload),
        Err(exit) => exit,
    }
}

fn verified(args: &VerifyJwsArgs) -> Result<VerifiedJws, Exit> {
    if args.token == "-" && args.jwk.as_os_str() == "-" {
        return Err(complain(
            Exit::Usage,
            "one of key and JWS comes from standard input, not both",
        ));
    }
    let usage = |problem: String| complain(Exit::Usage, problem);
    let jwk = read_text(&args.jwk).map_err(usage)?;
    let keys = JwsKeys::read(&jwk, args.allow_weak_secret);
    let keys = keys.map_err(|error| usage(error.to_string()))?;
    let token = if args.token == "-" {
        let text = read_text(&PathBuf::from("-")).map_err(usage)?;
        text.strip_suffix('\n').map(str::to_owned).unwrap_or(text)
    } else {
        args.token.clone()
    };
    verify_jws(&keys, &token).map_err(|reason| {
        let problem = match unsupported(&token) {
            Some(name) if reason == Reason::Algorithm => {
                format!("invalid: {}: {name:?} is not supported", reason.code())
            }
            Some(_) | None => format!("invalid: {}", reason.code()),
        };
        complain(Exit::Found, problem)
    })
}

/// The algorithm that a header names, when it is none of ours.
fn unsupported(token: &str) -> Option<String> {
    let header = decode_base64url(token.split('.').next()?)?;
    let header: Value = serde_json::from_slice(&header).ok()?;
    let name: String = header["alg"].as_str()?.chars().take(32).collect();
    Algorithm::parse(&name).is_none().then_some(name)
}

/// Writes the payload, whatever bytes it is, and nothing else.
fn shown(payload: &[u8]) -> Exit {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    match out.write_all(payload).and_then(|()| out.flush()) {
        Ok(()) => Exit::Fine,
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Fine,
        Err(error) => complain(Exit::Failed, error),
    }
}

fn as_json(verified: &VerifiedJws) -> String {
    let shown = json!({
        "algorithm": verified.algorithm.as_str(),
        "key_id": verified.key_id,
        "header": encode_base64url(&verified.header),
        "payload": encode_base64url(&verified.payload),
    });
    format!("{shown:#}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_algorithm_that_is_not_ours_is_named_and_no_longer_than_a_name() {
        let token = |header: &str| format!("{}.e30.AA", encode_base64url(header.as_bytes()));
        assert_eq!(unsupported(&token(r#"{"alg":"HS384"}"#)).as_deref(), Some("HS384"));
        assert_eq!(unsupported(&token(r#"{"alg":"HS256"}"#)), None);
        let long = token(&format!(r#"{{"alg":"{}"}}"#, "x".repeat(500)));
        assert_eq!(unsupported(&long).map(|name| name.len()), Some(32));
    }
}
