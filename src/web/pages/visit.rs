//! Where a browser comes from, for whoever paces sign-ins and lists sessions.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use axum::response::Response;

use super::see_other;
use crate::access::{NewSession, Origin};
use crate::web::{Problem, Rooms, cookies, guard};

/// Where a browser comes from.
pub struct Visit {
    address: IpAddr,
    agent: String,
    device: Option<String>,
}

impl Visit {
    /// The same for the room that judges it.
    pub fn origin(&self) -> Origin<'_> {
        Origin { address: self.address, agent: &self.agent, device: self.device.as_deref() }
    }
}

impl FromRequestParts<Arc<Rooms>> for Visit {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, rooms: &Arc<Rooms>) -> Result<Self, Problem> {
        let guard::From(address) = guard::From::from_request_parts(parts, rooms).await?;
        let headers = &parts.headers;
        let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        let device = cookies::device(headers, &rooms.network.public_url).map(str::to_owned);
        Ok(Self { address, agent: agent.unwrap_or_default().to_owned(), device })
    }
}

/// The way to the next page, with the cookies of a new session.
pub fn signed_in(rooms: &Rooms, session: &NewSession, to: &str) -> Response {
    let mut response = see_other(to);
    for cookie in cookies::signed_in(session, &rooms.network.public_url) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
