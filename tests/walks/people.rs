//! Everybody who may stand at the door: operators with sessions, tokens of each scope, nobody.

use std::net::{IpAddr, Ipv4Addr};

use crossfade::access::{
    Caller, Name, NewSession, Origin, Permission, Role, Scope, Scopes, Secret,
};
use crossfade::domain::{Clock as _, SystemClock};

use super::kit::{ORIGIN, World};

/// The password of every operator of the stories.
pub const PASSWORD: &str = "a password for the walks";

/// Somebody, as a request shows him.
#[derive(Clone, Debug)]
pub struct Person {
    /// `admin`, `token:read`, `nobody`, ...
    pub name: String,
    /// Header lines that say who he is.
    pub headers: String,
    /// The mark of his session's forms.
    pub form_token: Option<String>,
}

impl Person {
    /// Somebody who shows nothing.
    pub fn nobody() -> Self {
        Self { name: "nobody".to_owned(), headers: String::new(), form_token: None }
    }

    /// Somebody with an API token.
    pub fn bearer(name: &str, token: &str) -> Self {
        let headers = format!("authorization: Bearer {token}\r\n");
        Self { name: name.to_owned(), headers, form_token: None }
    }

    /// The header lines of a request of his that changes something through the API.
    pub fn api_headers(&self) -> String {
        let mark = self
            .form_token
            .as_ref()
            .map_or(String::new(), |mark| format!("origin: {ORIGIN}\r\nx-form-token: {mark}\r\n"));
        format!("{}{mark}content-type: application/json\r\n", self.headers)
    }

    /// The header lines of a form that his browser posts.
    pub fn form_headers(&self) -> String {
        let kind = "content-type: application/x-www-form-urlencoded\r\n";
        format!("{}origin: {ORIGIN}\r\nsec-fetch-site: same-origin\r\n{kind}", self.headers)
    }

    /// The body of such a form.
    pub fn form(&self, fields: &str) -> String {
        let mark = self.form_token.as_deref().unwrap_or_default();
        format!("form_token={mark}&{fields}")
    }
}

/// From where the people of the stories come.
pub fn origin() -> Origin<'static> {
    Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "walks", device: None }
}

/// Adds an operator, who sets a password and is signed in by that.
pub async fn operator(world: &World, name: &str, role: Role) -> Person {
    let access = &world.rooms.access;
    let pass = Caller::machine().permit(Permission::Administer, SystemClock.now()).expect("a pass");
    let name = Name::parse(name).expect("a name");
    let link = access.people.add(&pass, name.clone(), role).await.expect("added");
    let password = Secret::new(PASSWORD);
    let session = access.people.set_up(&link.secret, None, &password, &origin()).await;
    signed_in(world, name.as_str(), &session.expect("set up"))
}

/// Somebody with this session.
pub fn signed_in(world: &World, name: &str, session: &NewSession) -> Person {
    let cookie = session.secret.reveal();
    let session = world.rooms.access.people.session(cookie).expect("a session");
    Person {
        name: name.to_owned(),
        headers: format!("cookie: crossfade-session={cookie}\r\n"),
        form_token: Some(session.form_token.written()),
    }
}

/// An API token of one scope, made by the machine.
pub async fn token(world: &World, name: &str, scope: Scope) -> Person {
    let now = SystemClock.now();
    let pass = Caller::machine().permit(Permission::Administer, now).expect("a pass");
    let scopes = Scopes::new(vec![scope]).expect("scopes");
    let (name, until) = (Name::parse(name).expect("a name"), now.plus_seconds(3600));
    let made = world.rooms.access.tokens.make(&pass, name, scopes, until).await.expect("made");
    Person::bearer(&format!("token:{}", scope.as_str()), made.secret.reveal())
}

/// One operator of each role and one token of each scope, and nobody.
pub async fn everybody(world: &World) -> Vec<Person> {
    let mut people = vec![Person::nobody()];
    for role in Role::ALL {
        people.push(operator(world, role.as_str(), role).await);
    }
    for scope in Scope::ALL {
        let name = scope.as_str().replace('_', "-");
        people.push(token(world, &name, scope).await);
    }
    people
}
