//! `crossfade report verify`: is a saved report as it was sealed?

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::exit::{Exit, complain, say};
use super::super::keys::{read_text, read_text_at_most};
use crate::authority::{JwsKeys, verify_jws};
use crate::domain::{Reason, Timestamp};
use crate::outbound::{Call, Headers, HostRule, Method, Outbound, OutboundError, Settings, Url};
use crate::report::{
    Claims, Document, Form, SealFault, check, components_csv, series_csv, unseal_json, unseal_text,
};

/// Longer reports are not read.
const REPORT_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// Key sets longer than this are not read.
const KEYS_BYTES_MAX: usize = 1024 * 1024;

const HELP: &str = "\
JSON, HTML and Markdown carry a seal of their own. A table is verified against the same report in
JSON: that must be as it was sealed, and the table is made from it once more.

Exit codes: 0 as it was sealed, 1 changed, not sealed, or signed by another key (standard error
says which), 2 a file cannot be read, 3 the keys cannot be fetched.

Examples:
  crossfade report verify report.html --jwks https://auth.example/.well-known/jwks.json
  crossfade report verify report.csv --report report.json --jwks jwks.json";

/// Say whether a saved report is as it was sealed.
///
/// Asks no service but for the public keys, where they are named by their address. Keep the key set
/// with the reports: a key that has retired is no longer published.
#[derive(Debug, clap::Args)]
#[command(after_help = HELP)]
pub(super) struct VerifyArgs {
    /// The saved report; `-` for standard input.
    file: PathBuf,
    /// The public keys: a file with a JWK set, or its address (http or https).
    #[arg(long, value_name = "FILE|URL")]
    jwks: String,
    /// The same report in JSON, for a table.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// A seal that holds.
struct Sealed {
    claims: Claims,
    key_id: String,
}

pub(super) async fn verify(args: VerifyArgs) -> Result<Exit, Exit> {
    let usage = |problem: String| complain(Exit::Usage, problem);
    let text = read_text_at_most(&args.file, REPORT_BYTES_MAX).map_err(usage)?;
    let keys = keys(&args.jwks).await?;
    let shown = args.file.display();
    let found = |fault: String| complain(Exit::Found, format!("{shown}: {fault}"));
    let sealed = match form_of(&text) {
        Some(form) => of_text(&text, form, &keys).map_err(found)?,
        None => of_table(&text, args.report.as_deref(), &keys, &shown.to_string())?,
    };
    let Sealed { claims, key_id } = sealed;
    let id =
        claims.sub.map_or("a report that was not kept".to_owned(), |id| format!("report {id}"));
    let (iss, at) = (&claims.iss, Timestamp::from_seconds(claims.iat));
    say(format_args!("{shown}: as it was sealed: {id} of {iss}, by key {key_id} at {at}"));
    Ok(Exit::Fine)
}

/// What kind of saved report it is; `None` for a table, which has no seal.
fn form_of(text: &str) -> Option<Form> {
    let start = text.trim_start();
    if start.starts_with('{') {
        Some(Form::Json)
    } else if start.get(..9).is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
        Some(Form::Html)
    } else if start.starts_with("# ") {
        Some(Form::Markdown)
    } else {
        None
    }
}

fn of_text(text: &str, form: Form, keys: &JwsKeys) -> Result<Sealed, String> {
    let told = |fault: SealFault| fault.to_string();
    let (sha256, jws) = match form {
        Form::Json => unseal_json(text),
        Form::Html | Form::Markdown => unseal_text(text),
    }
    .map_err(told)?;
    let verified = verify_jws(keys, &jws).map_err(|reason| match reason {
        Reason::KeyUnknown => "signed by a key that is not among those named: use the key set of \
                               the day it was sealed"
            .to_owned(),
        other => format!("the seal's signature is not good: {}", other.code()),
    })?;
    let header: serde_json::Value = serde_json::from_slice(&verified.header).unwrap_or_default();
    let claims = check(header["typ"].as_str(), &verified.payload, form, &sha256).map_err(told)?;
    Ok(Sealed { claims, key_id: verified.key_id })
}

/// A table is as it was made when the sealed report makes the same one.
fn of_table(
    table: &str,
    report: Option<&Path>,
    keys: &JwsKeys,
    shown: &str,
) -> Result<Sealed, Exit> {
    let usage = |problem: String| complain(Exit::Usage, problem);
    let Some(report) = report else {
        let told = "a table has no seal of its own: name the same report in JSON with --report";
        return Err(usage(format!("{shown}: {told}")));
    };
    let json = read_text_at_most(report, REPORT_BYTES_MAX).map_err(usage)?;
    let found = |fault: String| complain(Exit::Found, format!("{}: {fault}", report.display()));
    let sealed = of_text(&json, Form::Json, keys).map_err(found)?;
    let document: Document = serde_json::from_str(&json)
        .map_err(|error| usage(format!("{}: {error}", report.display())))?;
    // Some who save a text leave out the carriage returns.
    let lines = |text: &str| text.replace("\r\n", "\n");
    if [components_csv(&document), series_csv(&document)]
        .iter()
        .any(|made| lines(made) == lines(table))
    {
        return Ok(sealed);
    }
    Err(complain(Exit::Found, format!("{shown}: not the table of {}", report.display())))
}

/// Reads the keys from a file or an address.
async fn keys(named: &str) -> Result<JwsKeys, Exit> {
    let is_address = named.starts_with("http://") || named.starts_with("https://");
    let text = if is_address {
        fetched(named).await.map_err(|problem| complain(Exit::Failed, problem))?
    } else {
        read_text(Path::new(named)).map_err(|problem| complain(Exit::Usage, problem))?
    };
    JwsKeys::read(&text, false).map_err(|error| complain(Exit::Usage, format!("{named}: {error}")))
}

async fn fetched(address: &str) -> Result<String, String> {
    let told = |error: OutboundError| format!("{address} cannot be asked: {error}");
    let url = Url::configured(address).map_err(told)?;
    let rule = HostRule::parse(url.host()).map_err(told)?;
    let settings = Settings { allowed_hosts: vec![rule], ..Settings::default() };
    let call = Call {
        method: Method::Get,
        url,
        headers: Headers::default(),
        body: Vec::new().into(),
        timeout: Duration::from_secs(10),
        response_bytes_max: KEYS_BYTES_MAX,
    };
    let outbound = Outbound::new(settings).map_err(told)?;
    let answer = outbound.send(call).await;
    let answer = answer.map_err(|error| format!("{address} cannot be asked: {error}"))?;
    if answer.status != 200 {
        return Err(format!("{address} answered {}", answer.status));
    }
    Ok(String::from_utf8_lossy(&answer.body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_report_is_told_by_how_it_begins() {
        assert_eq!(form_of("{\"schema\":1}"), Some(Form::Json));
        assert_eq!(form_of("<!DOCTYPE html>"), Some(Form::Html));
        assert_eq!(form_of("# Legacy against SSOT"), Some(Form::Markdown));
        assert_eq!(form_of("schema,report,from"), None);
    }
}
