//! A report as things are now.

use serde_json::{Map, Value};

use super::super::client::Client;
use super::super::exit::{Exit, tell};
use super::{FormArgs, Format, hand_over};
use crate::domain::{ComponentId, Timestamp};
use crate::report::Preset;

/// Which report.
#[derive(Debug, clap::Args)]
pub(super) struct Wanted {
    /// Of the last 1h, 24h, 7d or 30d.
    #[arg(long, value_parser = preset, conflicts_with_all = ["from", "to"])]
    period: Option<Preset>,
    /// From when, such as 2027-01-15T08:00:00Z; up to 400 days ago.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<Timestamp>,
    /// Until when [default: now].
    #[arg(long, value_name = "TIME", value_parser = moment, requires = "from")]
    to: Option<Timestamp>,
    /// About one component alone.
    #[arg(long, value_parser = component, conflicts_with = "phase")]
    component: Option<ComponentId>,
    /// About the components of one phase alone: 1, 2 or 3.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=3))]
    phase: Option<u8>,
    /// Keep it in the service, sealed, and say its id.
    #[arg(long)]
    keep: bool,
}

fn preset(text: &str) -> Result<Preset, String> {
    Preset::parse(text).ok_or_else(|| "a period is 1h, 24h, 7d or 30d".to_owned())
}

fn moment(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(text).ok_or_else(|| "a time is like 2027-01-15T08:00:00Z".to_owned())
}

fn component(text: &str) -> Result<ComponentId, String> {
    ComponentId::parse(text).map_err(|error| error.to_string())
}

impl Wanted {
    /// True when nothing is said: then the report is that since the ledger was begun.
    fn is_everything(&self) -> bool {
        let Self { period, from, to, component, phase, keep } = self;
        period.is_none()
            && from.is_none()
            && to.is_none()
            && component.is_none()
            && phase.is_none()
            && !keep
    }

    fn members(&self) -> Vec<(&'static str, String)> {
        let scope = match (&self.component, self.phase) {
            (Some(component), _) => Some(format!("component:{component}")),
            (None, Some(phase)) => Some(format!("phase:{phase}")),
            (None, None) => None,
        };
        let members = [
            ("scope", scope),
            ("period", self.period.map(|period| period.as_str().to_owned())),
            ("from", self.from.map(Timestamp::rfc3339)),
            ("to", self.to.map(Timestamp::rfc3339)),
        ];
        members.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// None of the values has a character that a query does not.
    fn query(&self) -> String {
        let pairs = self.members().into_iter();
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={value}")).collect();
        pairs.join("&")
    }
}

/// Shows a report, and keeps it where that is wanted.
pub(super) async fn show(client: &Client, wanted: &Wanted, form: &FormArgs) -> Result<Exit, Exit> {
    let has_period = match form.format {
        Format::Csv | Format::Series => true,
        Format::Markdown | Format::Json | Format::Html => !wanted.is_everything(),
    };
    if !has_period {
        let reply = client.get("/v1/report", form.format.media_type()).await?;
        return hand_over(client, reply, "/v1/report", form).await;
    }
    let format = form.format.as_str();
    let path = if wanted.keep {
        let members = wanted.members().into_iter();
        let body: Map<String, Value> =
            members.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let entry = client.make("/v1/reports", &body.into()).await?;
        let id = entry["id"].as_str().unwrap_or_default().to_owned();
        tell(format_args!("kept as {id}"));
        format!("/v1/reports/{id}?format=")
    } else {
        format!("/v1/reports/now?{}&format=", wanted.query())
    };
    let path = path.replace("?&", "?");
    let reply = client.get(&format!("{path}{format}"), form.format.media_type()).await?;
    hand_over(client, reply, &format!("{path}json"), form).await
}
