//! What is walked, and as whom.

use std::time::Duration;

use super::call::Template;
use crate::domain::{ComponentId, JourneyStep, Side, Token};
use crate::outbound::{self, HostRule, Outbound, OutboundError, Url};

/// Subjects that are tried for a side, where they are named by number.
pub(super) const NUMBERED_MAX: u32 = 500;

/// What is walked, and as whom.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The data listener, without a slash at its end.
    pub data: String,
    /// How a token is got.
    pub login: Login,
    /// What is asked with it.
    pub http: HttpStep,
    /// Where it is renewed.
    pub refresh: RefreshDoor,
    /// How a run begins.
    pub run: RunStep,
    /// An API token for the data listener, where it asks for one.
    pub door_token: Option<Token>,
    /// Which component is behind each door.
    pub components: Components,
    /// Who walks.
    pub subjects: Subjects,
    /// What is left out.
    pub omitted: Omitted,
    /// How long a step may take.
    pub step_time: Duration,
    /// How long nothing must come before it counts that nothing more comes.
    pub settle: Duration,
}

/// How a token is got.
#[derive(Clone, Debug)]
pub enum Login {
    /// `POST /v1/issue`, as this client.
    Issue(Client),
    /// A call to whoever signs people in.
    Call {
        /// The call; `{subject}` stands for who signs in, `{secret}` for the secret.
        call: Template,
        /// Where in its answer the tokens are.
        pointers: Pointers,
    },
}

/// A client of the authority.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its name.
    pub name: String,
    /// Its secret.
    pub secret: Token,
}

/// JSON pointers (RFC 6901) into the answer to a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointers {
    /// To the access token.
    pub access: String,
    /// To the refresh token.
    pub refresh: String,
}

impl Default for Pointers {
    fn default() -> Self {
        Self { access: "/access_token".to_owned(), refresh: "/refresh_token".to_owned() }
    }
}

/// What is asked with a token over HTTP.
#[derive(Clone, Debug)]
pub enum HttpStep {
    /// `POST /v1/decide/{component}`.
    Decide,
    /// A call to an application, which decides by the component; `{token}` stands for the token.
    Call(Template),
}

/// Where a token is renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefreshDoor {
    /// `POST /oauth/token`.
    Oauth,
    /// `POST /auth/refresh`.
    Compatible,
}

/// How a run begins.
#[derive(Clone, Debug)]
pub enum RunStep {
    /// The prober publishes the five events itself, by `POST /v1/events`.
    Publish,
    /// A call to an application that starts one and publishes them; `{subject}`, `{token}` and
    /// `{run_id}` stand for the user, his token and the name that the run is to have.
    Trigger(Template),
}

/// Which component is behind each door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// Makes tokens.
    pub tokens: ComponentId,
    /// Decides about requests.
    pub http: ComponentId,
    /// Tells who somebody is.
    pub session: ComponentId,
    /// Decides about handshakes.
    pub sockets: ComponentId,
    /// Delivers events.
    pub events: ComponentId,
}

impl Default for Components {
    fn default() -> Self {
        let id = |name| ComponentId::parse(name).expect("a shipped component");
        Self {
            tokens: id("token-operations"),
            http: id("http-auth"),
            session: id("frontend-session"),
            sockets: id("socket-auth"),
            events: id("event-delivery"),
        }
    }
}

impl Components {
    /// Each once.
    pub fn all(&self) -> Vec<ComponentId> {
        let mut all = Vec::new();
        for id in [&self.tokens, &self.http, &self.session, &self.sockets, &self.events] {
            if !all.contains(id) {
                all.push(id.clone());
            }
        }
        all
    }

    /// The one behind a step's door.
    pub const fn of(&self, step: JourneyStep) -> &ComponentId {
        match step {
            JourneyStep::Login | JourneyStep::Refresh | JourneyStep::Logout => &self.tokens,
            JourneyStep::Http | JourneyStep::Refusal => &self.http,
            JourneyStep::Session => &self.session,
            JourneyStep::Handshake => &self.sockets,
            JourneyStep::Subscribe
            | JourneyStep::Events
            | JourneyStep::Answer
            | JourneyStep::Resume => &self.events,
        }
    }
}

/// Who walks. Nobody of flesh and blood: what is walked is deployed, and has effects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subjects {
    /// Subjects for walks on legacy; numbered ones where it is empty.
    pub legacy: Vec<String>,
    /// Subjects for walks on SSOT; numbered ones where it is empty.
    pub ssot: Vec<String>,
    /// Who must not see the events of others.
    pub witness: String,
}

impl Default for Subjects {
    fn default() -> Self {
        let witness = "crossfade-probe-witness".to_owned();
        Self { legacy: Vec::new(), ssot: Vec::new(), witness }
    }
}

impl Subjects {
    /// Those that may walk on a side, in the order in which they are tried.
    pub(super) fn of(&self, side: Side) -> Vec<String> {
        let named = match side {
            Side::Legacy => &self.legacy,
            Side::Ssot => &self.ssot,
        };
        if !named.is_empty() {
            return named.clone();
        }
        (1..=NUMBERED_MAX).map(|number| format!("crossfade-probe-{number}")).collect()
    }
}

/// What is left out of walks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Omitted {
    /// On both sides.
    pub both: Vec<JourneyStep>,
    /// On legacy, for what legacy has never done.
    pub legacy: Vec<JourneyStep>,
}

impl Omitted {
    /// True for a step that is not walked on this side, or that has nothing to stand on then.
    pub(super) fn is(&self, step: JourneyStep, side: Side) -> bool {
        let named = |step: JourneyStep| {
            self.both.contains(&step) || (side == Side::Legacy && self.legacy.contains(&step))
        };
        let needs = match step {
            JourneyStep::Login
            | JourneyStep::Http
            | JourneyStep::Session
            | JourneyStep::Handshake
            | JourneyStep::Refresh
            | JourneyStep::Logout => None,
            JourneyStep::Subscribe | JourneyStep::Resume | JourneyStep::Events => {
                Some(JourneyStep::Handshake)
            }
            JourneyStep::Answer => Some(JourneyStep::Events),
            JourneyStep::Refusal => Some(JourneyStep::Logout),
        };
        named(step) || needs.is_some_and(|needed| self.is(needed, side))
    }
}

/// Why nothing can be walked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProbeFault {
    /// An address.
    #[error("{what} is no address to call: {problem}")]
    Address {
        /// Which.
        what: &'static str,
        /// Why not.
        problem: OutboundError,
    },
    /// The client.
    #[error("the client cannot start: {0}")]
    Client(#[from] OutboundError),
    /// The login cannot be left out: whatever follows shows its token.
    #[error("the login is left out, and everything after it needs its token")]
    NoLogin,
}

impl Settings {
    /// A client that may go where the settings say, and nowhere else.
    pub(super) fn outbound(&self, control: Option<&str>) -> Result<Outbound, ProbeFault> {
        if self.omitted.is(JourneyStep::Login, Side::Ssot)
            || self.omitted.is(JourneyStep::Login, Side::Legacy)
        {
            return Err(ProbeFault::NoLogin);
        }
        let mut allowed_hosts = vec![rule("the data listener", &self.data)?];
        if let Login::Call { call, .. } = &self.login {
            allowed_hosts.push(rule("the login", &call.url)?);
        }
        if let HttpStep::Call(call) = &self.http {
            allowed_hosts.push(rule("the application's call", &call.url)?);
        }
        if let RunStep::Trigger(call) = &self.run {
            allowed_hosts.push(rule("the call that starts a run", &call.url)?);
        }
        if let Some(control) = control {
            allowed_hosts.push(rule("the control listener", control)?);
        }
        let settings = outbound::Settings { allowed_hosts, ..outbound::Settings::default() };
        Ok(Outbound::new(settings)?)
    }
}

/// Scheme, host and port of an address, and nothing else.
fn rule(what: &'static str, url: &str) -> Result<HostRule, ProbeFault> {
    let fault = |problem| ProbeFault::Address { what, problem };
    // What stands for something in a call is not in its host.
    let url = Url::configured(&url.replace(['{', '}'], "")).map_err(fault)?;
    let place = format!("{}://{}:{}", url.scheme(), url.host(), url.port());
    HostRule::parse(&place).map_err(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_on_an_omitted_step_is_omitted_too() {
        let omitted = Omitted {
            both: vec![JourneyStep::Handshake],
            legacy: vec![JourneyStep::Logout, JourneyStep::Session],
        };
        let of = |side| {
            let all = JourneyStep::ALL.into_iter();
            all.filter(|step| omitted.is(*step, side)).map(JourneyStep::as_str).collect::<Vec<_>>()
        };
        assert_eq!(of(Side::Ssot), ["handshake", "subscribe", "events", "answer", "resume"]);
        assert_eq!(
            of(Side::Legacy),
            [
                "session",
                "handshake",
                "subscribe",
                "events",
                "answer",
                "resume",
                "logout",
                "refusal"
            ]
        );
    }

    #[test]
    fn only_what_is_named_may_be_called() {
        let rule = |url: &str| rule("it", url).map(|rule| rule.to_string());
        assert_eq!(rule("http://127.0.0.1:7/x/{run_id}").expect("a rule"), "http://127.0.0.1:7");
        assert_eq!(rule("https://app.example/").expect("a rule"), "https://app.example:443");
        assert!(rule("ftp://app.example").is_err() && rule("").is_err());
    }

    #[test]
    fn subjects_are_those_that_are_named_or_numbered_ones() {
        let named = Subjects { ssot: vec!["ada".to_owned()], ..Subjects::default() };
        assert_eq!(named.of(Side::Ssot), ["ada"]);
        let numbered = named.of(Side::Legacy);
        assert_eq!(numbered.len(), NUMBERED_MAX as usize);
        assert_eq!(numbered[0], "crossfade-probe-1");
    }
}
