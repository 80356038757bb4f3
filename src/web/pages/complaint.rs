//! What was wrong with a form, in words, and where on the page they stand.

use askama::Template;
use askama::filters::HtmlSafe;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::message::MessagePage;
use super::words::sentence;
use super::{Frame, page, see_other};
use crate::access::{AccessError, Refusal};
use crate::web::{Problem, Rooms};

/// What came of a form.
pub type Outcome<T> = Result<T, Complaint>;

/// What was wrong with a form.
#[derive(Clone, Debug)]
pub struct Complaint {
    status: StatusCode,
    place: &'static str,
    about: String,
    text: String,
    retry_after_s: Option<u32>,
    refusal: Option<Refusal>,
    is_about_password: bool,
}

/// A complaint where it stands, or nothing.
#[derive(Template)]
#[template(
    source = r#"{% if !text.is_empty() %}<p class="complaint" role="alert">{{ text }}</p>{% endif %}"#,
    ext = "html"
)]
pub struct Beside<'a> {
    text: &'a str,
}

impl HtmlSafe for Beside<'_> {}

impl Complaint {
    /// Nothing to complain about.
    pub fn none() -> Self {
        Self {
            status: StatusCode::OK,
            place: "",
            about: String::new(),
            text: String::new(),
            retry_after_s: None,
            refusal: None,
            is_about_password: false,
        }
    }

    /// Something typed makes no sense: what, and what to do.
    pub fn typed(place: &'static str, text: impl Into<String>) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { status, place, text: text.into(), ..Self::none() }
    }

    /// Nothing is wrong with what was asked; it cannot be answered yet.
    pub fn unavailable(text: impl Into<String>) -> Self {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Self { status, place: "page", text: text.into(), ..Self::none() }
    }

    /// The rules do not allow it as things are.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self { status: StatusCode::CONFLICT, ..Self::unavailable(text) }
    }

    /// The same complaint in a place of the page, unless it has one of its own.
    #[must_use]
    pub fn in_place(self, place: &'static str) -> Self {
        if self.place == "page" { self.at(place) } else { self }
    }

    /// Something that is not there.
    pub fn not_found(text: impl Into<String>) -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::unavailable(text) }
    }

    /// The same complaint in a place of the page.
    #[must_use]
    pub fn at(self, place: &'static str) -> Self {
        Self { place, ..self }
    }

    /// The same complaint, about one row of several.
    #[must_use]
    pub fn about(self, place: &'static str, about: &str) -> Self {
        Self { place, about: about.to_owned(), ..self }
    }

    /// What stands in a place of the page.
    pub fn beside(&self, place: &str) -> Beside<'_> {
        self.of(place, "")
    }

    /// What stands in a place of one row.
    pub fn of(&self, place: &str, about: &str) -> Beside<'_> {
        Beside { text: if self.is_at(place, about) { &self.text } else { "" } }
    }

    /// True when the complaint stands there.
    pub fn is_at(&self, place: &str, about: &str) -> bool {
        !self.text.is_empty() && self.place == place && self.about == about
    }

    /// The status of the page that shows it.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when a new password is what is wrong.
    pub fn is_about_password(&self) -> bool {
        self.is_about_password
    }

    /// The same complaint to somebody whose name is known: a wrong password is that alone.
    #[must_use]
    pub fn for_the_known(self) -> Self {
        match self.refusal {
            Some(Refusal::WrongPassword) => {
                Self { text: "That is not your password. Try again.".to_owned(), ..self }
            }
            _ => self,
        }
    }

    /// The same complaint after a sentence that says how far things came.
    #[must_use]
    pub fn before(self, sentence: &str) -> Self {
        let text = format!("{sentence} {}", self.text);
        Self { text, ..self }
    }

    /// True when a new proof of identity is all that is missing.
    pub fn needs_proof(&self) -> bool {
        self.refusal == Some(Refusal::Stale)
    }

    /// A page that says nothing else.
    pub fn page(self, frame: Frame, title: &str) -> Response {
        let (back, back_text) = ("/".to_owned(), "To the overview");
        let Self { status, text, .. } = self;
        page(status, &MessagePage { frame, title: title.to_owned(), text, back, back_text })
    }

    /// The page with the form and the complaint on it; or, where a new proof of identity is all
    /// that is missing, the way to it and back to the page at `path`.
    pub fn answer(self, path: &str, page: impl FnOnce(Self) -> Response) -> Response {
        if self.needs_proof() {
            return see_other(&format!("/prove?next={path}"));
        }
        let retry_after_s = self.retry_after_s;
        let mut response = page(self);
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    /// A refusal in words.
    pub fn refused(refusal: Refusal) -> Self {
        let retry_after_s = match refusal {
            Refusal::TooMany { retry_after_s } => Some(retry_after_s),
            _ => None,
        };
        let status = if retry_after_s.is_some() {
            StatusCode::TOO_MANY_REQUESTS
        } else {
            StatusCode::FORBIDDEN
        };
        let text = refusal_text(refusal);
        Self { status, place: "page", text, retry_after_s, refusal: Some(refusal), ..Self::none() }
    }
}

fn refusal_text(refusal: Refusal) -> String {
    match refusal {
        Refusal::NoCredentials | Refusal::Unknown | Refusal::Expired => {
            "Your session has ended. Sign in again, then send the form again."
        }
        Refusal::NotPermitted(permission) => {
            let may = permission.as_text();
            return format!("Your role may not {may}. Ask an admin to do it, or for another role.");
        }
        Refusal::Stale => "Confirm that it is you, then send the form again.",
        Refusal::NeedsPerson => "Only a signed-in operator does this, not a token.",
        Refusal::SamePerson => "You asked for this yourself: somebody else has to approve it.",
        Refusal::Forged => {
            "This form is not of your present session, perhaps because you have signed in again \
             since you opened it. Reload the page, then send it again."
        }
        Refusal::WrongPassword => "Name and password do not fit. Check both, then try again.",
        Refusal::TooMany { retry_after_s } => {
            let wait = wait_text(retry_after_s);
            return format!("Too many tries. Wait {wait}, then try again.");
        }
        Refusal::LinkOver => {
            "This link has been used, has expired or was never made. Ask for a new one."
        }
        Refusal::ForeignIdentity => {
            "The identity provider's answer is not accepted, or gives you no role here. Ask an \
             admin which groups may sign in."
        }
    }
    .to_owned()
}

fn wait_text(seconds: u32) -> String {
    match seconds {
        0..90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}

impl Complaint {
    /// What went wrong in words; a refusal is counted.
    pub fn of_error(rooms: &Rooms, error: AccessError) -> Self {
        if let AccessError::Refused(refusal) = error {
            rooms.access.refusals.count(refusal);
        }
        Self::from(error)
    }
}

impl From<AccessError> for Complaint {
    fn from(error: AccessError) -> Self {
        let text = match &error {
            AccessError::Refused(refusal) => return Self::refused(*refusal),
            AccessError::NameTaken(name) => {
                format!("There is already {name}. Choose another name, or change that one.")
            }
            AccessError::NotFound(what) => {
                format!("There is no {what}, or no longer. Reload the page to see what there is.")
            }
            AccessError::LastAdmin(name) => format!(
                "{name} is the last admin; without one nobody could let anybody in. Make somebody \
                 else admin first."
            ),
            AccessError::BadPassword(why) => format!("The password {why}."),
            AccessError::Unusable(text) => sentence(text),
            AccessError::Full { what, max } => {
                format!("There are {max} {what}, and no room for more. Remove one first.")
            }
            AccessError::ProposalOver => {
                "Somebody has decided this already, or it has expired. Nothing was done now."
                    .to_owned()
            }
            AccessError::Store(error) => {
                tracing::error!(%error, "a change of who has access was not saved");
                "Nothing was changed: the disk refuses to save it. Look at the service's log and \
                 at the disk's free space, then try again."
                    .to_owned()
            }
            AccessError::Provider(error) => {
                tracing::warn!(%error, "identity provider cannot be asked");
                "The identity provider does not answer. Try again in a minute, or sign in with a \
                 password."
                    .to_owned()
            }
        };
        let status = match error {
            AccessError::Store(_) | AccessError::Provider(_) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let is_about_password = matches!(error, AccessError::BadPassword(_));
        Self { status, place: "page", text, is_about_password, ..Self::none() }
    }
}

impl From<Problem> for Complaint {
    fn from(problem: Problem) -> Self {
        let text = sentence(problem.detail());
        Self { status: problem.status(), place: "page", text, ..Self::none() }
    }
}
