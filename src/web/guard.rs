//! The door: who asks, and may he? Every route of the control listener names what it needs in
//! the table of `routes`, and this is the one place that compares the two.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::client_address::{client_address, told_client};
use super::form::{Form, read_form};
use super::pages::send_elsewhere;
use super::routes::{Kind, Needs};
use super::{DataAccess, Problem, Rooms, cookies};
use crate::access::{AccessError, Caller, Pass, Permission, Refusal, Session};
use crate::domain::ClientNetwork;

/// What a route needs, and what kind of route it is.
#[derive(Clone)]
pub(super) struct Guarded {
    pub rooms: Arc<Rooms>,
    pub needs: Needs,
    pub kind: Kind,
}

/// Who asks. Handlers of routes that anybody may use must not ask for it.
#[derive(Clone, Debug)]
pub struct Asker(pub Caller);

/// The session of a signed-in operator, and the text of its cookie.
#[derive(Clone, Debug)]
pub struct Signed {
    /// Who, and the mark of this session's forms.
    pub session: Session,
    /// The cookie.
    pub cookie: String,
}

/// The pass for what the route needs.
#[derive(Clone, Debug)]
pub struct Granted(pub Pass);

/// Where a request comes from, as far as trusted proxies tell.
#[derive(Clone, Copy, Debug)]
pub struct From(pub IpAddr);

impl Signed {
    /// True while the session holds and its owner may do that.
    pub fn may_still(&self, rooms: &Rooms, permission: Permission) -> bool {
        rooms.access.people.may_still(&self.cookie, permission)
    }
}

impl Asker {
    /// A pass for one thing, or the problem that says why not.
    pub fn permit(&self, rooms: &Rooms, permission: Permission) -> Result<Pass, Problem> {
        let permitted = self.0.permit(permission, rooms.clock.now());
        permitted.map_err(|refusal| rooms.refused(refusal))
    }
}

/// Names the place in a service's source code that asks, as the scanner does.
const CALL_SITE: HeaderName = HeaderName::from_static("crossfade-call-site");

impl Rooms {
    /// Refuses who may not ask on the data listener.
    pub(super) fn admit_data(
        &self,
        token: Option<&str>,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        self.admit_data_to(Permission::Decide, token, extensions, headers)?;
        self.note_call_site(headers);
        Ok(())
    }

    /// Remembers the place in a service's source code that a question says it comes from.
    pub(super) fn note_call_site(&self, headers: &HeaderMap) {
        if let Some(name) = headers.get(CALL_SITE) {
            self.call_sites.called(name.to_str().unwrap_or_default(), self.clock.now());
        }
    }

    /// The same for something else than a question about a token.
    pub(super) fn admit_data_to(
        &self,
        permission: Permission,
        token: Option<&str>,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        self.pace_data(extensions, headers)?;
        match self.network.data_access {
            DataAccess::Open => Ok(()),
            DataAccess::Token => {
                let token = token.ok_or(Refusal::NoCredentials)?;
                self.access.tokens.check(token, permission)
            }
        }
    }

    /// The network of whoever a question is about, where somebody who is trusted tells it: a proxy
    /// that is believed, or a caller who shows an API token that may ask. Never the caller's own.
    pub(super) fn told_network(
        &self,
        token: Option<&str>,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Option<ClientNetwork> {
        let may_ask = |token| self.access.tokens.may_still(token, Permission::Decide);
        let trusted = &self.network.trusted_proxies;
        told_client(extensions, headers, trusted, || token.is_some_and(may_ask))
            .map(ClientNetwork::of)
    }

    /// Refuses an address that asks too often on the data listener.
    pub(super) fn pace_data(
        &self,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Result<(), Refusal> {
        if self.access.rates.limits_data() {
            let from = client_address(extensions, headers, &self.network.trusted_proxies);
            self.access.rates.data(from)?;
        }
        Ok(())
    }

    /// Says why a change of who may do what did not happen; a refusal is counted.
    pub(super) fn access_problem(&self, error: AccessError) -> Problem {
        match error {
            AccessError::Refused(refusal) => self.refused(refusal),
            other => Problem::from(other),
        }
    }

    /// Counts a refusal, and says it.
    pub(super) fn refused(&self, refusal: Refusal) -> Problem {
        self.access.refusals.count(refusal);
        Problem::from(refusal)
    }
}

/// Lets a request through to its handler, with what was found out about the one who sends it.
pub(super) async fn guard(
    State(guarded): State<Guarded>,
    mut request: Request,
    next: Next,
) -> Response {
    match admit(&guarded, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            guarded.rooms.access.refusals.count(refusal);
            match guarded.kind {
                Kind::Api | Kind::File => Problem::from(refusal).into_response(),
                Kind::Page => send_elsewhere(refusal, request.method(), request.uri()),
            }
        }
    }
}

async fn admit(guarded: &Guarded, request: &mut Request) -> Result<(), Refusal> {
    let Guarded { rooms, needs, kind } = guarded;
    let from =
        client_address(request.extensions(), request.headers(), &rooms.network.trusted_proxies);
    if *needs != Needs::Nothing || *kind == Kind::Page {
        // Health, files and the description cost nothing, and watchers must not be sent away.
        rooms.access.rates.control(from)?;
    }
    request.extensions_mut().insert(From(from));
    let shown = identify(rooms, request.headers());
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let signed = shown.as_ref().ok().and_then(|shown| shown.signed.as_ref());
        check_page(rooms, *kind, signed, request).await?;
    }
    let shown = match (needs, shown) {
        (Needs::Nothing | Needs::DataToken | Needs::TokenTo(_) | Needs::Client, shown) => {
            if let Ok(shown) = shown {
                insert(request, shown);
            }
            return Ok(());
        }
        (Needs::Caller | Needs::Session | Needs::To(_), shown) => shown?,
    };
    shown.caller.may_come_to_control()?;
    if shown.signed.is_none() && (*kind == Kind::Page || *needs == Needs::Session) {
        return Err(Refusal::NeedsPerson);
    }
    if let Needs::To(permission) = needs {
        let pass = shown.caller.permit(*permission, rooms.clock.now())?;
        request.extensions_mut().insert(Granted(pass));
    }
    insert(request, shown);
    Ok(())
}

/// What a browser sends comes from a page of ours, and of its own session if it has one. A
/// request without a session that is no form can do nothing by its cookies.
async fn check_page(
    rooms: &Rooms,
    kind: Kind,
    signed: Option<&Signed>,
    request: &mut Request,
) -> Result<(), Refusal> {
    match (kind, signed) {
        (Kind::Page, signed) => {
            check_origin(rooms, request.headers())?;
            let form = read_form(request).await;
            signed.map_or(Ok(()), |signed| form.is_of(&signed.session))?;
            request.extensions_mut().insert(form);
        }
        (Kind::Api | Kind::File, Some(signed)) => {
            check_origin(rooms, request.headers())?;
            let sent = request.headers().get("x-form-token").and_then(|sent| sent.to_str().ok());
            if !sent.is_some_and(|sent| signed.session.form_token.is_written(sent)) {
                return Err(Refusal::Forged);
            }
        }
        (Kind::Api | Kind::File, None) => {}
    }
    Ok(())
}

/// What a request shows.
struct Shown {
    caller: Caller,
    signed: Option<Signed>,
}

fn insert(request: &mut Request, shown: Shown) {
    request.extensions_mut().insert(Asker(shown.caller));
    if let Some(signed) = shown.signed {
        request.extensions_mut().insert(signed);
    }
}

/// A bearer token, else the cookie of a session: a request that sends a token is judged by it.
fn identify(rooms: &Rooms, headers: &HeaderMap) -> Result<Shown, Refusal> {
    if headers.contains_key(header::AUTHORIZATION) {
        let token = bearer(headers).ok_or(Refusal::Unknown)?;
        return Ok(Shown { caller: rooms.access.tokens.admit(token)?, signed: None });
    }
    let cookie =
        cookies::session(headers, &rooms.network.public_url).ok_or(Refusal::NoCredentials)?;
    let session = rooms.access.people.session(cookie).ok_or(Refusal::Unknown)?;
    let (caller, cookie) = (session.caller.clone(), cookie.to_owned());
    Ok(Shown { caller, signed: Some(Signed { session, cookie }) })
}

/// The session of whoever asks, if there is one.
pub(super) fn signed_in(rooms: &Rooms, headers: &HeaderMap) -> Option<Signed> {
    identify(rooms, headers).ok()?.signed
}

/// In which a proxy, or whoever passes on a caller's own `Authorization`, shows its API token.
const DOOR_TOKEN: &str = "x-crossfade-token";

/// The API token of a door at which `Authorization` is the caller's.
pub(super) fn door_token(headers: &HeaderMap) -> Option<&str> {
    headers.get(DOOR_TOKEN).map(|value| value.to_str().unwrap_or_default())
}

/// True for a header that is meant for us alone and goes no further.
pub(super) fn is_ours(name: &HeaderName) -> bool {
    name.as_str() == DOOR_TOKEN || *name == super::provenance::PROVENANCE
}

/// The token of `Authorization: Bearer ...` (RFC 6750 §2.1).
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (value, None) = (values.next()?.to_str().ok()?, values.next()) else { return None };
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// The pass of an observer on the data listener: an API token of scope `observe`, whatever the
/// configuration asks of others.
pub(super) fn observer(
    rooms: &Rooms,
    extensions: &Extensions,
    headers: &HeaderMap,
) -> Result<Pass, Problem> {
    let refused = |refusal| rooms.refused(refusal);
    rooms.pace_data(extensions, headers).map_err(refused)?;
    let token = bearer(headers).or_else(|| door_token(headers));
    let token = token.ok_or(Refusal::NoCredentials).map_err(refused)?;
    let caller = rooms.access.tokens.admit(token).map_err(refused)?;
    caller.permit(Permission::Observe, rooms.clock.now()).map_err(refused)
}

/// Browsers name the page that sends a form; only our own pages may.
fn check_origin(rooms: &Rooms, headers: &HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let same_site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let ours = text("origin").is_some_and(|origin| origin == rooms.network.public_url.origin());
    if same_site && ours { Ok(()) } else { Err(Refusal::Forged) }
}

macro_rules! from_extensions {
    ($($kind:ty),*) => {$(
        impl<S: Send + Sync> FromRequestParts<S> for $kind {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                let found = Extension::<Self>::from_request_parts(parts, state).await;
                // The guard puts it there where the route's needs say so: no caller can do this.
                found.map(|Extension(found)| found).map_err(|_| Problem::from(Refusal::NoCredentials))
            }
        }
    )*};
}

from_extensions!(Asker, Signed, Granted, From, Form);
