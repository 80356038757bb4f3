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

/// A part of the navigation.
pub struct Group {
    /// What its pages have in common.
    pub name: &'static str,
    /// Its pages.
    pub links: Vec<Link>,
}

/// The way to a page.
pub struct Link {
    /// Where it is.
    pub path: &'static str,
    /// What it is called.
    pub text: &'static str,
    /// True on the page itself.
    pub is_here: bool,
    /// How much waits there for somebody.
    pub count: usize,
}

/// Key, path and name of a page.
type Row = (&'static str, &'static str, &'static str);

/// Every page of the navigation, in the order in which a migration asks for them.
const NAVIGATION: [(&str, &[Row]); 4] = [
    (
        "Migration",
        &[
            ("overview", "/", "Overview"),
            ("mismatches", "/mismatches", "Mismatches"),
            ("golden-path", "/golden-path", "Golden path"),
            ("checks", "/checks", "Checks"),
            ("explain", "/explain", "Explain"),
        ],
    ),
    ("Systems", &[("sockets", "/sockets", "Sockets"), ("authority", "/authority", "Authority")]),
    ("Record", &[("history", "/history", "History"), ("reports", "/reports", "Reports")]),
    (
        "Access",
        &[
            ("approvals", "/approvals", "Approvals"),
            ("operators", "/operators", "Operators"),
            ("tokens", "/tokens", "Tokens"),
            ("settings", "/settings", "Settings"),
        ],
    ),
];

impl Frame {
    /// The navigation as this page shows it.
    pub fn groups(&self) -> Vec<Group> {
        let link = |&(key, path, text): &Row| Link {
            path,
            text,
            is_here: key == self.here,
            count: if key == "approvals" { self.approvals } else { 0 },
        };
        let group = |(name, rows): &(&'static str, &[Row])| Group {
            name,
            links: rows.iter().map(link).collect(),
        };
        NAVIGATION.iter().map(group).collect()
    }

    /// The frame of a page for a signed-in operator.
    pub fn of(rooms: &Rooms, signed: &Signed, here: &'static str) -> Self {
        let caller = &signed.session.caller;
        let who = caller.person().map(|name| Who {
            name: name.to_string(),
            role: caller.role().map_or("", Role::as_str),
        });
        Self {
            who,
            form_token: signed.session.form_token.written(),
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
        let form_token = signed.map(|signed| signed.session.form_token.written());
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
        "accepted" => "The difference is accepted, until its end.",
        "approved" => "Approved, and done.",
        "held-all" => "Everything is held: nothing is raised until it is released.",
        "to-legacy" => "Done: legacy serves everybody.",
        "to-legacy-but" => "What legacy answers for is back on legacy. The rest is listed here.",
        "moved" => "Done, and on disk.",
        "held" => "Held: it is not raised until it is released.",
        "released" => "Released.",
        "rolled-back" => "Rolled back: legacy serves, from the next request on.",
        "settings" => "The settings are changed.",
        "plan" => "The plan is changed.",
        "kept" => "The report is kept.",
        "report-removed" => "The report is removed.",
        "rejected" => "The request is closed; nothing was changed.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_navigation_marks_where_one_is_and_counts_what_waits() {
        let frame = Frame { here: "approvals", approvals: 3, ..Frame::default() };
        let groups = frame.groups();
        let here: Vec<&Link> =
            groups.iter().flat_map(|group| &group.links).filter(|link| link.is_here).collect();
        assert_eq!(here.len(), 1);
        assert_eq!((here[0].path, here[0].count), ("/approvals", 3));
    }
}
