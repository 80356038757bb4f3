//! What is typed after `crossfade replay`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  Yesterday's traffic against the shipped model of the core validator:
    crossfade replay yesterday.ndjson \\
      --issuer https://auth.example --audience api --secret-file main=jwt.secret

  The same as JSON, into a file:
    crossfade replay yesterday.ndjson --format json --out report.json ...

  Only some requests, straight from a log:
    grep '\"target\":\"/api' log.ndjson | crossfade replay - ...

A line of FILE, all in one line, is one of:
  {\"at\":\"2026-03-01T09:00:00Z\",\"token\":\"eyJ...\"}
  {\"at\":1772355600.5,\"headers\":[[\"Authorization\",\"Bearer eyJ...\"]],
   \"method\":\"GET\",\"target\":\"/api\"}
to which may be added what legacy answered, whose traffic it is, and a note:
   \"legacy\":{\"decision\":\"allow\",\"subject\":\"alice\",\"scopes\":[\"read\"],
             \"token_type\":\"access\",\"took_us\":850}
   \"legacy\":{\"decision\":\"deny\",\"reason\":\"expired\",\"took_us\":850}
   \"component\":\"socket-auth\"     (without it: http-auth)
   \"note\":\"free text, ignored\"
Of `legacy`, only `decision` must be there; what is left out is not compared.
Where a line has no `legacy`, the model answers. A sample in the report is named
by its line's number, in hexadecimal.

Exit codes:
  0  done
  1  done, and ssot is looser than legacy somewhere, or sees another subject
  2  could not start, or not finish
  3  not one line could be read";

/// Try recorded questions on both sides, offline, and report where they differ
///
/// Every line of FILE is one question. Legacy's answer is the recorded one, or that of a model
/// of a legacy validator; the new authority answers at the recorded time with the keys that you
/// name. Nothing is sent anywhere, and no token appears in the report.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct ReplayArgs {
    /// The recording, one JSON object a line; `-` reads standard input
    pub file: PathBuf,

    /// The `iss` that the authority accepts
    #[arg(long, value_name = "TEXT", help_heading = "The authority")]
    pub issuer: String,

    /// An `aud` that the authority accepts; may be repeated
    #[arg(long, value_name = "TEXT", required = true, help_heading = "The authority")]
    pub audience: Vec<String>,

    /// Refuse tokens whose `env` is another one
    #[arg(long, value_name = "TEXT", help_heading = "The authority")]
    pub environment: Option<String>,

    /// Refuse tokens whose `svc_id` is another one
    #[arg(long, value_name = "TEXT", help_heading = "The authority")]
    pub service_id: Option<String>,

    /// A file with an HS256 secret, and its key id; may be repeated
    ///
    /// The model of legacy verifies with it as well. One line break at the file's end does not
    /// count.
    #[arg(long, value_name = "ID=PATH", help_heading = "The authority")]
    pub secret_file: Vec<Named>,

    /// A file with RS256, ES256 or EdDSA keys; may be repeated
    ///
    /// PEM, with its key id; or a JWK or a JWK set, whose ids are in it. Public keys suffice.
    #[arg(long, value_name = "[ID=]PATH", help_heading = "The authority")]
    pub key_file: Vec<Named>,

    /// The model that answers where a line does not say what legacy did
    ///
    /// A shipped profile, or a file of your own that ends in `.toml`; a name that does not exist
    /// brings the list.
    #[arg(long, value_name = "PROFILE", default_value = "core-validate", help_heading = "Legacy")]
    pub legacy: String,

    /// An `aud` that the model accepts; may be repeated [default: those of --audience]
    #[arg(long, value_name = "TEXT", help_heading = "Legacy")]
    pub legacy_audience: Vec<String>,

    /// How the report is written
    #[arg(long, value_enum, default_value = "markdown", help_heading = "The report")]
    pub format: Format,

    /// Write the report to this file, whole or not at all, instead of standard output
    #[arg(long, value_name = "FILE", help_heading = "The report")]
    pub out: Option<PathBuf>,

    /// Show no progress
    #[arg(long, help_heading = "The report")]
    pub quiet: bool,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Markdown,
    /// For programs
    Json,
}

/// A file, perhaps with a name for what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// What stands before the first `=`.
    pub id: Option<String>,
    /// The file.
    pub path: PathBuf,
}

impl std::str::FromStr for Named {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text.split_once('=') {
            Some((id, path)) => Self { id: Some(id.to_owned()), path: path.into() },
            None => Self { id: None, path: text.into() },
        })
    }
}
