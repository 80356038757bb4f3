//! What stands around the content of every page.

use crate::access::Role;
use crate::web::Rooms;
use crate::web::guard::Signed;

/// What stands around the content of every page.
#[derive(Default)]
pub struct Frame {
    /// Whoever is signed in.
    pub who: Option<Who>,
    /// The mark of the session's forms; empty where nobody is signed in.
    pub form_token: String,
    /// Which page of the navigation this is.
    pub here: &'static str,
    /// How many requests wait for a second person.
    pub approvals: usize,
    /// What has just been done.
    pub notice: Option<&'static str>,
}

/// Whoever is signed in.
pub struct Who {
    /// His name.
    pub name: String,
    /// His role's name.
    pub role: &'static str,
}

impl Frame {
    /// The frame of a page for a signed-in operator.
    pub fn of(rooms: &Rooms, signed: &Signed, here: &'static str) -> Self {
        let caller = &signed.session.caller;
        let who = caller.person().map(|name| Who {
            name: name.to_string(),
            role: caller.role().map_or("", Role::as_str),
        });
        Self {
            who,
            form_token: signed.session.form_token.clone(),
            here,
            // A page is worth more than its count.
            approvals: rooms.access.approvals.list().map_or(0, |open| open.len()),
            notice: None,
        }
    }

    /// The frame of a page that anybody may see.
    pub fn for_anybody(rooms: &Rooms, signed: Option<&Signed>) -> Self {
        signed.map_or_else(Self::default, |signed| Self::of(rooms, signed, ""))
    }

    /// The frame of a page that is about somebody else than whoever is signed in: without his
    /// name, but with the mark that forms of his browser must carry.
    pub fn unnamed(signed: Option<&Signed>) -> Self {
        let form_token = signed.map(|signed| signed.session.form_token.clone());
        Self { form_token: form_token.unwrap_or_default(), ..Self::default() }
    }

    /// The same with word of what has just been done: `?done=word` of the address, of a closed
    /// set, so that nobody's link puts words of his own on our pages.
    #[must_use]
    pub fn after(mut self, query: Option<&str>) -> Self {
        self.notice = query.and_then(|query| query.strip_prefix("done=")).and_then(notice);
        self
    }
}

fn notice(word: &str) -> Option<&'static str> {
    Some(match word {
        "password" => "Your password is changed, and your other sessions have ended.",
        "session" => "The session has ended.",
        "asked" => "Asked for. It happens when another admin approves.",
        "role" => "The role is changed.",
        "removed" => "The operator is removed and signed out everywhere.",
        "revoked" => "The token is revoked.",
        "approved" => "Approved, and done.",
        "rejected" => "The request is closed; nothing was changed.",
        _ => return None,
    })
}
