//! One-time tickets: what a page that cannot set headers shows in the place of its token.
//!
//! In memory only, for half a minute, each good once. The token behind a ticket is wiped when the
//! ticket goes.

use std::collections::HashMap;
use std::time::Duration;

use axum::http::HeaderValue;
use parking_lot::Mutex;
use zeroize::Zeroizing;

use crate::domain::{Subject, Timestamp, Token, encode_base64url};

/// How long a ticket is good.
pub(super) const LIFE: Duration = Duration::from_secs(30);

/// Tickets of one user.
const PER_USER_MAX: usize = 16;

/// Why there is no ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoTicket {
    /// As many wait as may.
    Full,
    /// As many of this user.
    FullOfUser,
}

/// The tickets that wait.
pub(super) struct Tickets {
    max: usize,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    tickets: HashMap<String, Ticket>,
    of_user: HashMap<Subject, usize>,
}

struct Ticket {
    token: Zeroizing<String>,
    user: Subject,
    origin: Option<HeaderValue>,
    expires_at: Timestamp,
}

impl Tickets {
    pub fn new(max: usize) -> Self {
        Self { max, waiting: Mutex::default() }
    }

    /// A ticket for this token, good for whoever comes from the same page.
    pub fn make(
        &self,
        token: &Token,
        user: &Subject,
        origin: Option<HeaderValue>,
        now: Timestamp,
    ) -> Result<String, NoTicket> {
        let id = encode_base64url(&rand::random::<[u8; 32]>());
        let token = Zeroizing::new(token.reveal().to_owned());
        let ticket = Ticket { token, user: user.clone(), origin, expires_at: now.plus(LIFE) };
        let mut waiting = self.waiting.lock();
        if waiting.tickets.len() >= self.max {
            return Err(NoTicket::Full);
        }
        let of_user = waiting.of_user.entry(user.clone()).or_default();
        if *of_user >= PER_USER_MAX {
            return Err(NoTicket::FullOfUser);
        }
        *of_user += 1;
        waiting.tickets.insert(id.clone(), ticket);
        Ok(id)
    }

    /// The token behind a ticket, once. A ticket that was shown is gone, whoever has shown it.
    pub fn redeem(&self, id: &str, origin: Option<&HeaderValue>, now: Timestamp) -> Option<Token> {
        let ticket = self.waiting.lock().take(id)?;
        let good = now < ticket.expires_at && ticket.origin.as_ref() == origin;
        good.then(|| Token::new(&ticket.token))
    }

    /// Takes away what has expired; how many.
    pub fn expire(&self, now: Timestamp) -> usize {
        let mut waiting = self.waiting.lock();
        let over = waiting.tickets.iter().filter(|(_, ticket)| ticket.expires_at <= now);
        let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
        over.iter().filter(|id| waiting.take(id).is_some()).count()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting.lock().tickets.len()
    }
}

impl Waiting {
    fn take(&mut self, id: &str) -> Option<Ticket> {
        let ticket = self.tickets.remove(id)?;
        if let Some(count) = self.of_user.get_mut(&ticket.user) {
            *count -= 1;
            if *count == 0 {
                self.of_user.remove(&ticket.user);
            }
        }
        Some(ticket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn user(name: &str) -> Subject {
        Subject::parse(name).expect("a subject")
    }

    fn page(name: &'static str) -> HeaderValue {
        HeaderValue::from_static(name)
    }

    fn made(tickets: &Tickets, origin: Option<HeaderValue>) -> String {
        tickets.make(&Token::new("a.b.c"), &user("ada"), origin, NOW).expect("a ticket")
    }

    #[test]
    fn a_ticket_is_good_once_and_only_for_the_page_that_asked() {
        let tickets = Tickets::new(10);
        let app = page("https://app.example");
        let id = made(&tickets, Some(app.clone()));
        assert_eq!(tickets.redeem(&id, Some(&app), NOW), Some(Token::new("a.b.c")));
        assert_eq!(tickets.redeem(&id, Some(&app), NOW), None);
        for origin in [None, Some(page("https://evil.example"))] {
            let id = made(&tickets, Some(app.clone()));
            assert_eq!(tickets.redeem(&id, origin.as_ref(), NOW), None);
            assert_eq!(tickets.redeem(&id, Some(&app), NOW), None, "shown is gone");
        }
        let id = made(&tickets, None);
        assert_eq!(tickets.redeem(&id, Some(&app), NOW), None, "asked for by no page");
        assert_eq!(tickets.waiting(), 0);
    }

    #[test]
    fn a_ticket_ends_after_half_a_minute_and_leaves_its_room() {
        let tickets = Tickets::new(10);
        let (first, second) = (made(&tickets, None), made(&tickets, None));
        let end = NOW.plus(LIFE);
        assert_eq!(tickets.redeem(&first, None, end), None);
        assert_eq!((tickets.expire(end.plus_seconds(-1)), tickets.expire(end)), (0, 1));
        assert_eq!(tickets.redeem(&second, None, NOW), None);
        assert_eq!(tickets.waiting.lock().of_user.len(), 0);
    }

    #[test]
    fn as_many_wait_as_may_over_all_and_of_each_user() {
        let tickets = Tickets::new(PER_USER_MAX + 1);
        for _ in 0..PER_USER_MAX {
            made(&tickets, None);
        }
        let token = Token::new("a.b.c");
        let refused = tickets.make(&token, &user("ada"), None, NOW);
        assert_eq!(refused, Err(NoTicket::FullOfUser));
        assert!(tickets.make(&token, &user("bob"), None, NOW).is_ok());
        assert_eq!(tickets.make(&token, &user("eve"), None, NOW), Err(NoTicket::Full));
        assert_eq!(tickets.expire(NOW.plus(LIFE)), PER_USER_MAX + 1);
        assert!(tickets.make(&token, &user("ada"), None, NOW).is_ok());
    }
}
