//! A page that says one thing, and where a browser goes instead of a page that it may not see.

use askama::Template;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;

use super::{Complaint, Frame, page, see_other};
use crate::access::Refusal;
use crate::web::Rooms;
use crate::web::guard::Signed;

/// A page that says one thing.
#[derive(Template)]
#[template(path = "pages/message.html")]
pub struct MessagePage {
    /// What stands around it.
    pub frame: Frame,
    /// In a few words.
    pub title: String,
    /// What it means, and what to do.
    pub text: String,
    /// Where to go on.
    pub back: String,
    /// The same in words.
    pub back_text: &'static str,
}

/// Where a browser goes instead of a page that it may not see: to sign in, to prove again who it
/// is, or to a page that says why not.
pub fn send_elsewhere(refusal: Refusal, method: &Method, uri: &Uri) -> Response {
    let back = page_behind(method, uri);
    match refusal {
        Refusal::NoCredentials | Refusal::Unknown | Refusal::Expired => {
            see_other(&format!("/sign-in?{}", next(&back)))
        }
        Refusal::Stale => see_other(&format!("/prove?{}", next(&back))),
        Refusal::NotPermitted(_)
        | Refusal::NeedsPerson
        | Refusal::SamePerson
        | Refusal::Forged
        | Refusal::WrongPassword
        | Refusal::TooMany { .. }
        | Refusal::LinkOver
        | Refusal::ForeignIdentity => refused(refusal, back),
    }
}

fn refused(refusal: Refusal, back: String) -> Response {
    let complaint = Complaint::refused(refusal);
    let (title, back, back_text) = match refusal {
        Refusal::TooMany { .. } => ("Too many requests", back, "Try again"),
        Refusal::Forged => ("Nothing was changed", back, "Reload the page"),
        _ => ("Not permitted", "/".to_owned(), "To the overview"),
    };
    let text = complaint.text().to_owned();
    let message =
        MessagePage { frame: Frame::default(), title: title.to_owned(), text, back, back_text };
    let mut response = page(complaint.status(), &message);
    if let Refusal::TooMany { retry_after_s } = refusal {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after_s));
    }
    response
}

/// `next=` with the path in it.
fn next(path: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("next", path).finish()
}

/// The page itself, or for a form the page that has it: forms post to a path below their page's.
fn page_behind(method: &Method, uri: &Uri) -> String {
    if *method == Method::GET {
        return uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
    }
    let mut segments = uri.path().split('/').skip(1);
    match (segments.next().unwrap_or_default(), segments.next()) {
        ("sign-out", _) => "/".to_owned(),
        ("components", Some(component)) => format!("/components/{component}"),
        (page, _) => format!("/{page}"),
    }
}

/// A page where there is none.
pub fn no_page(rooms: &Rooms, signed: Option<&Signed>) -> Response {
    let text = "There is no page at this address. Perhaps it was typed or copied in part, or comes \
                from another release.";
    Complaint::not_found(text).page(Frame::for_anybody(rooms, signed), "No such page")
}

/// A page at an address to which only forms are sent, with the way to the page that has the form.
pub fn only_forms(rooms: &Rooms, signed: Option<&Signed>, uri: &Uri) -> Response {
    let message = MessagePage {
        frame: Frame::for_anybody(rooms, signed),
        title: "Nothing to look at".to_owned(),
        text: "Forms are sent to this address, and opening it does nothing. Nothing was changed \
               now."
            .to_owned(),
        back: page_behind(&Method::POST, uri),
        back_text: "To the page with the form",
    };
    page(StatusCode::METHOD_NOT_ALLOWED, &message)
}

/// A page that says that something is done.
pub fn done(frame: Frame, title: impl Into<String>, text: impl Into<String>) -> Response {
    let (back, back_text) = ("/".to_owned(), "To the overview");
    let message = MessagePage { frame, title: title.into(), text: text.into(), back, back_text };
    page(StatusCode::OK, &message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(refusal: Refusal, method: &Method, path: &'static str) -> Response {
        send_elsewhere(refusal, method, &Uri::from_static(path))
    }

    #[test]
    fn whoever_has_not_signed_in_comes_back_to_the_page_he_wanted() {
        let to = |response: Response| response.headers()[header::LOCATION].clone();
        let read = sent(Refusal::NoCredentials, &Method::GET, "/tokens?a=b&c");
        assert_eq!(to(read), "/sign-in?next=%2Ftokens%3Fa%3Db%26c");
        let posted = sent(Refusal::Unknown, &Method::POST, "/tokens/make");
        assert_eq!(to(posted), "/sign-in?next=%2Ftokens");
        let stale = sent(Refusal::Stale, &Method::POST, "/operators/add");
        assert_eq!(to(stale), "/prove?next=%2Foperators");
        let moved = sent(Refusal::Unknown, &Method::POST, "/components/http-auth/move");
        assert_eq!(to(moved), "/sign-in?next=%2Fcomponents%2Fhttp-auth");
    }

    #[test]
    fn a_forged_form_changes_nothing_and_says_so() {
        let response = sent(Refusal::Forged, &Method::POST, "/tokens/make");
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let slow_down = Refusal::TooMany { retry_after_s: 7 };
        let response = sent(slow_down, &Method::GET, "/");
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    }
}
