//! `/sign-in/provider`: a browser goes to the identity provider and comes back.
//!
//! The room `access` runs the flow, the authority verifies the ID token; here they meet.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use crate::access::{
    AccessError, Begun, Exchanged, ForeignIdentity, Provider, ProviderAnswer, Refusal, Secret,
};
use crate::authority::{IdClaims, IdToken, IdTokenRefusal, IdTokens};
use crate::domain::Timestamp;

/// How long the browser keeps the cookie of a sign-in under way, in seconds.
const COOKIE_S: u32 = 600;

/// What `GET /sign-in/provider/callback` may say. Each parameter stands once at most (RFC 6749
/// §3.1); others are left alone.
#[derive(Default, Deserialize)]
pub struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl CallbackQuery {
    fn answer(&self) -> ProviderAnswer<'_> {
        ProviderAnswer {
            code: self.code.as_deref(),
            state: self.state.as_deref(),
            iss: self.iss.as_deref(),
            error: self.error.as_deref(),
        }
    }
}

/// Sign-in through a provider, as the pages use it.
#[derive(Debug)]
pub struct SignInProvider {
    provider: Provider,
    id_tokens: IdTokens,
    /// Whether browsers come by https only.
    secure: bool,
}

impl SignInProvider {
    /// `secure`: whether browsers reach this site by https.
    pub const fn new(provider: Provider, id_tokens: IdTokens, secure: bool) -> Self {
        Self { provider, id_tokens, secure }
    }

    /// What people know the provider by.
    pub fn host(&self) -> &str {
        self.provider.host()
    }

    /// Sends the browser to the provider, with a cookie that it must show when it comes back.
    pub async fn begin(&self, next: &str) -> Result<Response, AccessError> {
        let Begun { authorization_url, cookie } = self.provider.begin(next).await?;
        let location = HeaderValue::from_str(&authorization_url)
            .map_err(|_| AccessError::Provider("its address is no header".into()))?;
        let headers = [
            (header::LOCATION, location),
            (header::SET_COOKIE, self.cookie(&cookie, COOKIE_S)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        Ok((StatusCode::SEE_OTHER, headers).into_response())
    }

    /// Who comes back, verified, and the path on this site where he goes on.
    pub async fn identify(
        &self,
        query: &CallbackQuery,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(ForeignIdentity, String), AccessError> {
        let cookie = self.shown(headers).ok_or(Refusal::ForeignIdentity)?;
        let exchanged = self.provider.finish(&query.answer(), cookie).await?;
        let verified = self.verified(&exchanged, now).await?;
        Ok((self.provider.identity(&verified.claims)?, exchanged.next))
    }

    async fn verified(
        &self,
        exchanged: &Exchanged,
        now: Timestamp,
    ) -> Result<IdClaims, AccessError> {
        let token = IdToken {
            text: exchanged.id_token.reveal(),
            nonce: exchanged.nonce.reveal(),
            keys_at: &exchanged.keys_at,
        };
        self.id_tokens.verify(token, now).await.map_err(|refusal| {
            tracing::warn!(code = %refusal.code(), "an id token is not believed");
            match refusal {
                IdTokenRefusal::KeysUnavailable(why) => AccessError::Provider(why),
                IdTokenRefusal::Token(_)
                | IdTokenRefusal::AuthorizedParty
                | IdTokenRefusal::Nonce => Refusal::ForeignIdentity.into(),
            }
        })
    }

    /// `Set-Cookie` that ends what [`SignInProvider::begin`] began.
    pub fn forget(&self) -> HeaderValue {
        self.cookie(&Secret::new(""), 0)
    }

    /// Sign-ins that were pushed out by later ones before they ended.
    pub fn dropped(&self) -> u64 {
        self.provider.dropped()
    }

    /// `__Host-` keeps other hosts of the same domain from setting it (RFC 6265bis §4.1.3.2).
    const fn name(&self) -> &'static str {
        if self.secure { "__Host-crossfade-provider" } else { "crossfade-provider" }
    }

    /// Lax: the browser comes back from another site.
    fn cookie(&self, value: &Secret, age_s: u32) -> HeaderValue {
        let secure = if self.secure { "; Secure" } else { "" };
        let (name, value) = (self.name(), value.reveal());
        let text =
            format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}");
        // Secrets are base64url: this cannot fail.
        HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
    }

    /// The cookie's value; `None` when it is not there, or there twice.
    fn shown<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let pairs = lines.flat_map(|line| line.split(';'));
        let mut values = pairs
            .filter_map(|pair| pair.trim().split_once('='))
            .filter_map(|(name, value)| (name == self.name()).then_some(value));
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::bare_provider;
    use crate::authority::IdTokenSettings;

    const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

    /// A provider that answers every request with a discovery document, and its base address.
    async fn provider(secure: bool) -> (impl Fn() -> usize, String, SignInProvider) {
        let (server, provider, outbound) = bare_provider(NOW).await;
        let base = server.url("");
        let id_tokens = IdTokens::new(IdTokenSettings::new(&base, "crossfade"), outbound);
        let provider = SignInProvider::new(provider, id_tokens.expect("settings"), secure);
        (move || server.requests().len(), base, provider)
    }

    fn header(response: &Response, name: header::HeaderName) -> &str {
        response.headers()[name].to_str().expect("text")
    }

    fn cookies(text: &str) -> HeaderMap {
        let value = HeaderValue::from_str(text).expect("a header");
        HeaderMap::from_iter([(header::COOKIE, value)])
    }

    fn query(state: &str) -> CallbackQuery {
        let (code, state) = (Some("code".into()), Some(state.into()));
        CallbackQuery { code, state, ..CallbackQuery::default() }
    }

    #[tokio::test]
    async fn a_sign_in_may_move_between_threads() {
        const fn movable<T: Send>(future: T) -> T {
            future
        }
        let (_calls, _, provider) = provider(false).await;
        let (query, headers) = (query("s"), HeaderMap::new());
        assert!(movable(provider.begin("/")).await.is_ok());
        assert!(movable(provider.identify(&query, &headers, NOW)).await.is_err());
    }

    #[tokio::test]
    async fn a_browser_is_sent_away_with_a_cookie_of_its_own() {
        let (_calls, base, provider) = provider(true).await;
        let response = provider.begin("/").await.expect("a redirect");
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert!(header(&response, header::LOCATION).starts_with(&format!("{base}/auth")));
        let cookie = header(&response, header::SET_COOKIE);
        assert!(cookie.starts_with("__Host-crossfade-provider="), "{cookie}");
        let ends = "; Path=/; HttpOnly; SameSite=Lax; Max-Age=600; Secure";
        assert!(cookie.ends_with(ends), "{cookie}");
        assert!(provider.forget().to_str().expect("text").contains("Max-Age=0"));
    }

    #[tokio::test]
    async fn who_comes_back_without_the_cookie_is_nobody() {
        let (calls, _, provider) = provider(false).await;
        let response = provider.begin("/").await.expect("a redirect");
        let location = header(&response, header::LOCATION);
        let state = location.split_once("state=").expect("a state").1.split('&').next();
        let query = query(state.expect("a state"));
        let cookie = header(&response, header::SET_COOKIE).split(';').next().expect("a pair");
        let asked = calls();
        for odd in
            ["a=b", "crossfade-provider=", "crossfade-provider=x", &format!("{cookie}; {cookie}")]
        {
            let error = provider.identify(&query, &cookies(odd), NOW).await;
            let refused = AccessError::Refused(Refusal::ForeignIdentity);
            assert_eq!(error.err(), Some(refused), "{odd}");
        }
        assert_eq!(calls(), asked);
        // With it, the code is exchanged: this provider has no token for it.
        let error = provider.identify(&query, &cookies(cookie), NOW).await;
        assert!(matches!(error, Err(AccessError::Provider(_))), "{error:?}");
    }
}
