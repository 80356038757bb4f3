//! Talking to the control listener of a running service.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use super::exit::{Exit, complain};
use crate::config::{Environment, read_private_file};
use crate::outbound::{Call, Headers, HostRule, Method, Outbound, Settings, Url};

/// Answers longer than this are not read.
const ANSWER_MAX: usize = 16 * 1024 * 1024;

/// Where the service is and who asks.
#[derive(Debug, clap::Args)]
pub struct Service {
    /// The control listener [default: `$CROSSFADE_URL`, or <http://127.0.0.1:8081>].
    #[arg(long, value_name = "URL", global = true)]
    url: Option<String>,
    /// A file with an API token, readable by you alone [default: `$CROSSFADE_TOKEN`].
    #[arg(long, value_name = "FILE", global = true)]
    token_file: Option<PathBuf>,
}

/// An answer of the service.
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The entity tag, where there is one.
    pub etag: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    /// The body as JSON; `null` when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// What a problem says, in words.
    pub fn problem(&self) -> String {
        let json = self.json();
        let text = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        match (text("title"), text("detail")) {
            (title, detail) if !title.is_empty() => format!("{title}: {detail}"),
            _ => format!("the service answered {}", self.status),
        }
    }

    /// The exit code of a refusal: 1 for what the service refused, 2 for what was typed, 3 else.
    pub const fn exit(&self) -> Exit {
        match self.status {
            409 | 412 => Exit::Found,
            429 => Exit::Failed,
            400..=499 => Exit::Usage,
            _ => Exit::Failed,
        }
    }
}

/// A client for one service.
pub struct Client {
    outbound: Outbound,
    base: String,
    token: String,
}

impl Service {
    /// The same at this address, where one is told.
    #[must_use]
    pub fn at(&self, url: Option<&str>) -> Self {
        let url = url.map(str::to_owned).or_else(|| self.url.clone());
        Self { url, token_file: self.token_file.clone() }
    }

    /// True when the command line names a service.
    pub const fn is_named(&self) -> bool {
        self.url.is_some()
    }

    /// Its address and a token, where both are told.
    pub fn told(&self) -> Result<Option<(String, String)>, Exit> {
        let environment = Environment::of_process();
        let url = self.url.as_deref().or(environment.value("CROSSFADE_URL"));
        let Some(url) = url.filter(|url| !url.is_empty()) else { return Ok(None) };
        let token = self.token(&environment)?;
        Ok((!token.is_empty()).then(|| (url.trim_end_matches('/').to_owned(), token)))
    }

    fn token(&self, environment: &Environment) -> Result<String, Exit> {
        match &self.token_file {
            Some(file) => read_private_file(file).map_err(|problem| complain(Exit::Usage, problem)),
            None => Ok(environment.value("CROSSFADE_TOKEN").unwrap_or_default().trim().to_owned()),
        }
    }

    /// A client, or what is wrong with how it was asked for.
    pub fn client(&self) -> Result<Client, Exit> {
        let environment = Environment::of_process();
        let url = self.url.as_deref().or(environment.value("CROSSFADE_URL"));
        let base = url.unwrap_or("http://127.0.0.1:8081").trim_end_matches('/').to_owned();
        let token = self.token(&environment)?;
        if token.is_empty() {
            let problem = "no API token: name a --token-file or set CROSSFADE_TOKEN";
            return Err(complain(Exit::Usage, problem));
        }
        let outbound = outbound_to(&base).map_err(|error| complain(Exit::Usage, error))?;
        Ok(Client { outbound, base, token })
    }
}

impl Service {
    /// The configuration of a stopped service, where one was named; `None` for a running one.
    /// Error: both were named.
    pub fn or_stopped<'p>(&self, config: Option<&'p Path>) -> Result<Option<&'p Path>, Exit> {
        if config.is_some() && (self.url.is_some() || self.token_file.is_some()) {
            let problem = "--config is for a stopped service, --url and --token-file are for one \
                           that runs: name one of them";
            return Err(complain(Exit::Usage, problem));
        }
        Ok(config)
    }
}

fn outbound_to(base: &str) -> Result<Outbound, crate::outbound::OutboundError> {
    let url = Url::configured(base)?;
    let rule = HostRule::parse(url.host())?;
    Outbound::new(Settings { allowed_hosts: vec![rule], ..Settings::default() })
}

impl Client {
    /// Reads a path.
    pub async fn get(&self, path: &str, accept: &str) -> Result<Reply, Exit> {
        self.send(Method::Get, path, &[("accept", accept)], None).await
    }

    /// Sends JSON to a path.
    pub async fn send_json(
        &self,
        method: Method,
        path: &str,
        etag: Option<&str>,
        body: &Value,
    ) -> Result<Reply, Exit> {
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(etag.map(|etag| ("if-match", etag)));
        self.send(method, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// Sends JSON to a path at which there must be nothing yet.
    pub async fn make_json(&self, path: &str, body: &Value) -> Result<Reply, Exit> {
        let headers = [("content-type", "application/json"), ("if-none-match", "*")];
        self.send(Method::Put, path, &headers, Some(body.to_string().into_bytes())).await
    }

    /// Sends bytes of some media type to a path.
    pub async fn send_as(
        &self,
        method: Method,
        path: &str,
        media_type: &str,
        body: Vec<u8>,
    ) -> Result<Reply, Exit> {
        self.send(method, path, &[("content-type", media_type)], Some(body)).await
    }

    /// Reads JSON from a path, or says why not.
    pub async fn read(&self, path: &str) -> Result<Value, Exit> {
        let reply = self.get(path, "application/json").await?;
        match reply.status {
            200 => Ok(reply.json()),
            _ => Err(complain(reply.exit(), reply.problem())),
        }
    }

    /// Makes something, or says why not.
    pub async fn make(&self, path: &str, body: &Value) -> Result<Value, Exit> {
        let reply = self.send_json(Method::Post, path, None, body).await?;
        match reply.status {
            201 => Ok(reply.json()),
            _ => Err(complain(reply.exit(), reply.problem())),
        }
    }

    /// Changes or removes something, or says why not.
    pub async fn done(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(), Exit> {
        let reply = match body {
            Some(body) => self.send_json(method, path, None, body).await?,
            None => self.send(method, path, &[], None).await?,
        };
        match reply.status {
            204 => Ok(()),
            _ => Err(complain(reply.exit(), reply.problem())),
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Result<Reply, Exit> {
        let failed =
            |error| complain(Exit::Failed, format!("{} cannot be asked: {error}", self.base));
        let url = Url::configured(&format!("{}{path}", self.base)).map_err(failed)?;
        let mut all = Headers::default();
        all.append("authorization", &format!("Bearer {}", self.token)).map_err(failed)?;
        for (name, value) in headers {
            all.append(name, value).map_err(failed)?;
        }
        let call = Call {
            method,
            url,
            headers: all,
            body: body.unwrap_or_default().into(),
            timeout: Duration::from_secs(30),
            response_bytes_max: ANSWER_MAX,
        };
        let answer = self.outbound.send(call).await.map_err(failed)?;
        Ok(Reply {
            status: answer.status,
            etag: answer.headers.value("etag").map(str::to_owned),
            body: answer.body.to_vec(),
        })
    }
}
