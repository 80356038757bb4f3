//! Which subprotocol is answered with. Never one that carries a token: answers are logged by
//! whoever stands between.

use axum::http::{HeaderMap, HeaderValue, header};

use crate::domain::carries_token;

/// What carries a one-time ticket.
const TICKET: &str = "ticket.";

/// Most subprotocols of one offer.
const ITEMS_MAX: usize = 32;

/// The subprotocols that are spoken here; all of them mean the same.
const SPOKEN: [&str; 4] = ["crossfade", "jwt-auth", "jwt", "bearer"];

/// What a client offers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer<'h> {
    /// What it is answered with.
    pub answer: Option<&'static str>,
    /// The ticket in it.
    pub ticket: Option<&'h str>,
}

/// What is wrong with an offer: fits behind "the subprotocols".
pub(super) type OfferFault = &'static str;

impl<'h> Offer<'h> {
    /// Reads `Sec-WebSocket-Protocol`. An offer of nothing but tokens cannot be answered, and a
    /// browser that gets no answer to its offer gives up.
    pub fn read(headers: &'h HeaderMap) -> Result<Self, OfferFault> {
        let (mut answer, mut ticket, mut secret) = (None, None, false);
        let values = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
        let mut items = 0;
        for value in values {
            let list = value.to_str().map_err(|_| "are not ASCII")?;
            for item in list.split(',').map(str::trim).filter(|item| !item.is_empty()) {
                items += 1;
                if items > ITEMS_MAX {
                    return Err("are more than 32");
                }
                if let Some(id) = item.strip_prefix(TICKET) {
                    if ticket.is_some_and(|known| known != id) {
                        return Err("hold two tickets");
                    }
                    ticket = Some(id);
                    secret = true;
                } else if carries_token(item) {
                    secret = true;
                } else if answer.is_none() {
                    answer = SPOKEN.into_iter().find(|spoken| *spoken == item);
                }
            }
        }
        if secret && answer.is_none() {
            return Err(
                "hold a token and nothing to answer with: offer `jwt-auth` or `crossfade` \
                        beside it",
            );
        }
        Ok(Self { answer, ticket })
    }
}

/// The offer in which a token stands where a ticket stood, so that both sides find it as ever.
pub(super) fn in_place_of_ticket(headers: &HeaderMap, token: &str) -> Option<HeaderValue> {
    let encoded = crate::domain::encode_base64url(token.as_bytes());
    let mut items = Vec::new();
    for value in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let list = value.to_str().ok()?;
        items.extend(list.split(',').map(str::trim).filter(|item| !item.starts_with(TICKET)));
    }
    let encoded = format!("jwt.{encoded}");
    items.push(&encoded);
    HeaderValue::from_str(&items.join(", ")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(offers: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for offer in offers {
            let value = HeaderValue::from_static(offer);
            headers.append(header::SEC_WEBSOCKET_PROTOCOL, value);
        }
        headers
    }

    fn answer(offers: &[&'static str]) -> Result<Option<&'static str>, OfferFault> {
        Offer::read(&headers(offers)).map(|offer| offer.answer)
    }

    #[test]
    fn the_first_known_item_without_a_token_is_the_answer() {
        assert_eq!(answer(&[]), Ok(None));
        assert_eq!(answer(&["jwt-auth, jwt.YS5iLmM"]), Ok(Some("jwt-auth")));
        assert_eq!(answer(&["jwt.a.b.c, crossfade, jwt-auth"]), Ok(Some("crossfade")));
        assert_eq!(answer(&["bearer.a.b.c", "x, bearer"]), Ok(Some("bearer")));
        assert_eq!(answer(&["graphql-ws"]), Ok(None), "unknown, and nothing secret in it");
    }

    #[test]
    fn an_offer_of_nothing_but_tokens_is_told_what_to_offer_beside() {
        for offer in ["jwt.a.b.c", "jwt-auth.YS5iLmM", "bearer.x", "ticket.x", "x, jwt.a.b.c"] {
            let fault = Offer::read(&headers(&[])).and(answer(&[offer])).expect_err(offer);
            assert!(fault.contains("`jwt-auth`"), "{fault}");
        }
    }

    #[test]
    fn one_ticket_is_taken_and_two_are_not() {
        let one = headers(&["crossfade, ticket.abc"]);
        assert_eq!(Offer::read(&one).expect("an offer").ticket, Some("abc"));
        assert!(answer(&["crossfade, ticket.abc, ticket.def"]).is_err());
        assert!(answer(&["crossfade", &"x,".repeat(33).leak()[..]]).is_err());
    }

    #[test]
    fn a_token_takes_the_place_of_the_ticket_and_of_nothing_else() {
        let offer = headers(&["crossfade, ticket.abc", "jwt.x.y.z"]);
        let rewritten = in_place_of_ticket(&offer, "a.b.c").expect("a value");
        assert_eq!(rewritten, "crossfade, jwt.x.y.z, jwt.YS5iLmM");
    }
}
