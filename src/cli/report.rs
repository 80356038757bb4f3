//! `crossfade report`.

use super::client::Service;
use super::exit::{Exit, complain, say};
use super::runtime;

/// Show legacy against SSOT: stages, match rates, differences, latency.
///
/// Asks the control listener of a running service. Exit code 1 when a security alarm is up: SSOT
/// lets somebody in whom legacy refuses, or as somebody else.
#[derive(Debug, clap::Args)]
pub struct ReportArgs {
    #[command(flatten)]
    service: Service,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal or a ticket.
    Markdown,
    /// For machines; everything.
    Json,
    /// One page without outside parts.
    Html,
}

/// Shows the report.
pub fn run(args: &ReportArgs) -> Exit {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Failed, error),
    };
    runtime.block_on(show(args)).unwrap_or_else(|exit| exit)
}

async fn show(args: &ReportArgs) -> Result<Exit, Exit> {
    let client = args.service.client()?;
    let accept = match args.format {
        Format::Markdown => "text/markdown",
        Format::Json => "application/json",
        Format::Html => "text/html",
    };
    let reply = client.get("/v1/report", accept).await?;
    if reply.status != 200 {
        return Err(complain(reply.exit(), reply.problem()));
    }
    say(String::from_utf8_lossy(&reply.body));
    let json = match args.format {
        Format::Json => reply.json(),
        Format::Markdown | Format::Html => {
            client.get("/v1/report", "application/json").await?.json()
        }
    };
    Ok(if json["alarm"] == true { Exit::Found } else { Exit::Fine })
}
