//! Reports of a period as they are asked for and sent, through the API and from pages.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};

use super::pages::{period_file, period_text};
use super::session::uncached;
use super::{Problem, Rooms};
use crate::domain::Timestamp;
use crate::report::{
    Document, Entry, Form, Occasion, Period, Preset, Scope, Wish, components_csv, sealed_json,
    sealed_text, series_csv, story,
};

/// What a report is sent as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For machines; everything, sealed.
    Json,
    /// One page without outside parts, sealed.
    Html,
    /// For a terminal or a ticket, sealed.
    Markdown,
    /// One row a component.
    Csv,
    /// One row a component and point in time.
    Series,
}

impl Format {
    /// Every one, in the order in which they are offered.
    pub const ALL: [Self; 5] = [Self::Html, Self::Markdown, Self::Json, Self::Csv, Self::Series];

    /// `json`, `html`, `markdown`, `csv` or `series`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Html => "html",
            Self::Markdown => "markdown",
            Self::Csv => "csv",
            Self::Series => "series",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Html => "HTML",
            Self::Markdown => "Markdown",
            Self::Csv => "CSV, by component",
            Self::Series => "CSV, over time",
        }
    }

    const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Html => "text/html; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Csv | Self::Series => "text/csv; charset=utf-8; header=present",
        }
    }

    const fn ending(self) -> &'static str {
        match self {
            Self::Json => ".json",
            Self::Html => ".html",
            Self::Markdown => ".md",
            Self::Csv => ".csv",
            Self::Series => "-series.csv",
        }
    }

    /// The format of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// The format that a query names, else the first that `Accept` prefers, else JSON. Error: 400
    /// for a name of none.
    pub fn wanted(query: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        if let Some(name) = query {
            let told = "`format` is json, html, markdown, csv or series";
            return Self::parse(name).ok_or_else(|| Problem::bad_request(told));
        }
        let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        Ok(match accept.unwrap_or_default().split([',', ';']).next().unwrap_or_default().trim() {
            "text/html" => Self::Html,
            "text/markdown" => Self::Markdown,
            "text/csv" => Self::Csv,
            _ => Self::Json,
        })
    }
}

/// Which report somebody wants, as it was typed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Asked {
    /// `all`, `phase:1`, `component:NAME`; all when left out.
    pub scope: Option<String>,
    /// `1h`, `24h`, `7d`, `30d`; a day when left out.
    pub period: Option<String>,
    /// From when, in place of `period`.
    pub from: Option<String>,
    /// Until when; now when left out.
    pub to: Option<String>,
}

impl Asked {
    /// What is wanted, or what is wrong with how it was asked for: where, and in words.
    pub fn wish(&self, by: String, now: Timestamp) -> Result<Wish, (&'static str, String)> {
        let scope = match &self.scope {
            None => Scope::All,
            Some(text) => Scope::parse(text).ok_or_else(|| {
                let told = "`scope` is all, phase:1 to phase:3, or component:NAME";
                ("scope", told.to_owned())
            })?,
        };
        let period = self.period(now)?;
        Ok(Wish { scope, period, by, occasion: Occasion::Asked })
    }

    fn period(&self, now: Timestamp) -> Result<Period, (&'static str, String)> {
        let moment = |name: &'static str, text: &Option<String>| {
            let read = |text: &String| {
                Timestamp::parse(text).ok_or_else(|| {
                    let told = format!("`{name}` is a date and time such as 2027-01-15T08:00:00Z");
                    (name, told)
                })
            };
            text.as_ref().map(read).transpose()
        };
        let (from, to) = (moment("from", &self.from)?, moment("to", &self.to)?);
        let wrong = |told: &str| ("period", told.to_owned());
        match (from, to, &self.period) {
            (Some(from), to, None) => Period::between(from, to.unwrap_or(now), now)
                .map_err(|fault| ("period", fault.to_string())),
            (None, None, period) => {
                let preset = period.as_deref().map(Preset::parse);
                let preset = preset.unwrap_or(Some(Preset::Day));
                let preset = preset.ok_or_else(|| wrong("`period` is 1h, 24h, 7d or 30d"))?;
                Ok(Period::last(preset, now))
            }
            (Some(_), _, Some(_)) => Err(wrong("name a `period`, or `from` and `to`, not both")),
            (None, Some(_), _) => Err(wrong("a `to` needs a `from`")),
        }
    }
}

impl Rooms {
    /// A report in a format; `entry` and its canonical text where it is kept.
    pub(super) fn sent(
        &self,
        document: &Document,
        kept: Option<(&Entry, &str)>,
        format: Format,
    ) -> Result<Response, Problem> {
        let text = match format {
            Format::Json => match kept {
                Some((entry, canonical)) => sealed_json(canonical, &entry.seal),
                None => self.reports.json_of(document)?,
            },
            Format::Html => {
                let page = period_text(document, kept.map(|(entry, _)| entry));
                let sealed = self.sealed(Form::Html, &page, document);
                return Ok(uncached(period_file(sealed)));
            }
            Format::Markdown => self.sealed(Form::Markdown, &story(document), document),
            Format::Csv => components_csv(document),
            Format::Series => series_csv(document),
        };
        let kind = HeaderValue::from_static(format.media_type());
        Ok(uncached(([(header::CONTENT_TYPE, kind)], text).into_response()))
    }

    /// A text with its seal. What is signed ends in a line end, as the text does then.
    fn sealed(&self, form: Form, text: &str, document: &Document) -> String {
        let text = format!("{}\n", text.trim_end());
        let seal = self.reports.seal(form, &text, document);
        sealed_text(&text, &seal)
    }
}

/// The same answer as a file to save.
pub(super) fn as_file(mut response: Response, document: &Document, format: Format) -> Response {
    let id = document.id.as_deref().unwrap_or("now");
    let name = format!("attachment; filename=\"crossfade-report-{id}{}\"", format.ending());
    if let Ok(name) = HeaderValue::from_str(&name) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn asked(scope: &str, period: &str, from: &str, to: &str) -> Asked {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Asked { scope: some(scope), period: some(period), from: some(from), to: some(to) }
    }

    #[test]
    fn whoever_says_nothing_gets_a_day_of_everything() {
        let wish = Asked::default().wish("ada".to_owned(), NOW).expect("a wish");
        assert_eq!((wish.scope, wish.period.seconds()), (Scope::All, 86_400));
        let from = "2027-01-15T06:00:00Z";
        let wish = asked("phase:2", "", from, "").wish("ada".to_owned(), NOW).expect("a wish");
        assert_eq!((wish.scope.to_string(), wish.period.seconds()), ("phase:2".to_owned(), 7_200));
    }

    #[test]
    fn what_cannot_be_is_refused_with_its_place() {
        let from = "2027-01-15T06:00:00Z";
        for (asked, place) in [
            (asked("none", "", "", ""), "scope"),
            (asked("", "2h", "", ""), "period"),
            (asked("", "1h", from, ""), "period"),
            (asked("", "", "", from), "period"),
            (asked("", "", "yesterday", ""), "from"),
            (asked("", "", from, "soon"), "to"),
            (asked("", "", from, from), "period"),
        ] {
            let refused = asked.wish("ada".to_owned(), NOW).expect_err("refused");
            assert_eq!(refused.0, place, "{asked:?}");
        }
    }

    #[test]
    fn a_format_is_named_in_the_query_or_preferred_by_accept() {
        let accept = |text: &'static str| {
            [(header::ACCEPT, HeaderValue::from_static(text))].into_iter().collect::<HeaderMap>()
        };
        let wanted = |query, text| Format::wanted(query, &accept(text)).expect("a format");
        assert_eq!(wanted(None, "text/html,application/xhtml+xml;q=0.9"), Format::Html);
        assert_eq!(wanted(None, "*/*"), Format::Json);
        assert_eq!(wanted(Some("series"), "text/html"), Format::Series);
        assert!(Format::wanted(Some("pdf"), &HeaderMap::new()).is_err());
    }
}
