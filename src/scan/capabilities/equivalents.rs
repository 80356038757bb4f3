//! What Crossfade has for each endpoint, operation and method of the old way.

/// What stands in for something of the old way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Served {
    /// The same path, fields and statuses: only a base URL changes.
    Same(&'static str),
    /// Something else does it.
    By(&'static str),
    /// Nothing does it, on purpose.
    Nothing(&'static str),
    /// The table does not know it: somebody has to decide.
    Unknown,
}

impl Served {
    /// For machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Same(_) => "same",
            Self::By(_) => "by",
            Self::Nothing(_) => "nothing",
            Self::Unknown => "unknown",
        }
    }

    /// By what, or why not.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Same(text) | Self::By(text) | Self::Nothing(text) => text,
            Self::Unknown => "not in the table: decide what becomes of it",
        }
    }
}

use Served::{By, Nothing, Same};

/// Endpoints, by method and path. `*` as method: every one.
const ENDPOINTS: &[(&str, &str, Served)] = &[
    ("POST", "/auth/validate", Same("POST /auth/validate")),
    ("*", "/auth/verify", Same("GET, POST /auth/verify")),
    ("POST", "/auth/refresh", Same("POST /auth/refresh")),
    ("POST", "/auth/logout", Same("POST /auth/logout")),
    ("POST", "/auth/service-token", Same("POST /auth/service-token")),
    ("POST", "/auth/check-blacklist", Same("POST /auth/check-blacklist")),
    ("POST", "/auth/validate-service-token", Same("POST /auth/validate-service-token")),
    ("POST", "/api/v1/jwt/validate", Same("POST /api/v1/jwt/validate")),
    ("POST", "/api/v1/jwt/validate-batch", Same("POST /api/v1/jwt/validate-batch")),
    ("POST", "/api/v1/jwt/check-blacklist", Same("POST /api/v1/jwt/check-blacklist")),
    ("POST", "/api/v1/jwt/blacklist-token", Same("POST /api/v1/jwt/blacklist-token, with a grant")),
    ("*", "/ws", Same("GET /ws")),
    ("*", "/websocket", By("GET /ws")),
    (
        "POST",
        "/auth/create-token",
        Nothing("lets anybody make a token; a client issues by POST /v1/issue"),
    ),
    ("*", "/auth/me", By("GET /v1/session")),
    ("GET", "/auth/session", By("GET /v1/session")),
    ("*", "/auth/token", By("POST /oauth/token")),
    ("POST", "/api/v1/jwt/extract-user-id", By("POST /v1/decide/{component}, verified")),
    ("POST", "/api/v1/auth/websocket/authenticate", By("GET /ws, or POST /v1/decide/socket-auth")),
    ("POST", "/api/v1/auth/websocket/extract-token", By("GET /ws looks for the token itself")),
    ("POST", "/api/v1/auth/websocket/refresh-context", By("the socket's authenticate message")),
    ("POST", "/api/v1/service/validate-service-token", By("POST /v1/decide/{component}")),
    ("POST", "/api/v1/service/authenticate", By("POST /oauth/token")),
    ("POST", "/api/v1/service/revoke-token", By("POST /oauth/revoke")),
    (
        "POST",
        "/auth/login",
        Nothing("passwords stay where the users are; tokens by POST /v1/issue"),
    ),
    ("GET", "/auth/login", Nothing("sign-in stays with the identity provider")),
    ("POST", "/auth/register", Nothing("users stay where they are")),
    ("POST", "/auth/dev/login", Nothing("a way round authentication")),
    ("POST", "/auth/e2e/test-auth", Nothing("a way round authentication")),
    ("*", "/auth/verify-password", Nothing("passwords stay where the users are")),
    ("*", "/auth/hash-password", Nothing("passwords stay where the users are")),
    (
        "*",
        "/auth/callback",
        Nothing("carries tokens in the URL; the code flow stays with the provider"),
    ),
    (
        "*",
        "/auth/oauth/callback",
        Nothing("carries tokens in the URL; the code flow stays with the provider"),
    ),
    ("GET", "/auth/health", By("GET /healthz")),
    ("GET", "/auth/status", By("GET /readyz")),
];

/// Operations on tokens, by the name of a function or method.
const OPERATIONS: &[(&str, Served)] = &[
    ("create_access_token", By("POST /v1/issue")),
    ("create_refresh_token", By("POST /v1/issue, which makes a family")),
    ("create_service_token", By("POST /oauth/token, /auth/service-token")),
    ("create_token", By("POST /v1/issue")),
    ("validate_token", By("POST /v1/decide/{component}")),
    ("validate_token_jwt", By("POST /v1/decide/{component}")),
    ("validate_access_token", By("POST /v1/decide/{component}")),
    ("verify_token", By("POST /v1/decide/{component}")),
    ("decode_token", By("POST /v1/decide/{component}; GET /v1/session in browsers")),
    ("validate_and_decode_jwt", By("POST /v1/decide/{component}")),
    ("validate_token_for_consumption", By("POST /auth/refresh, which uses a token up")),
    ("refresh_access_token", By("POST /auth/refresh")),
    ("refresh_token", By("POST /auth/refresh")),
    ("blacklist_token", By("POST /oauth/revoke, /v1/revocations")),
    ("blacklist_user", By("POST /v1/revocations, of a subject")),
    ("revoke_token", By("POST /oauth/revoke")),
    ("is_token_blacklisted", By("POST /oauth/introspect")),
    ("extract_user_id", By("the subject of a decision; unverified it is nobody's")),
    ("validate_id_token", Nothing("an ID token is for whoever signed in, not for an API")),
    ("get_performance_stats", By("GET /metrics")),
    ("parseJWTToken", By("GET /v1/session")),
    ("validateToken", By("GET /v1/session")),
    ("decodeToken", By("GET /v1/session")),
];

/// Methods of socket managers.
const METHODS: &[(&str, Served)] = &[
    ("add_connection", By("GET /ws attaches what was admitted")),
    ("connect_user", By("GET /ws attaches what was admitted")),
    ("connect", By("GET /ws attaches what was admitted")),
    ("register_connection", By("GET /ws attaches what was admitted")),
    ("remove_connection", By("the end of the socket detaches it")),
    ("disconnect_user", By("the end of the session closes its sockets")),
    ("disconnect", By("the end of the socket detaches it")),
    ("unregister_connection", By("the end of the socket detaches it")),
    ("send_to_user", By("POST /v1/events")),
    ("send_to_user_with_wait", By("POST /v1/events, kept until it is read")),
    ("send_to_thread", By("POST /v1/events with a thread_id")),
    ("emit_critical_event", By("POST /v1/events")),
    ("send_agent_event", By("POST /v1/events")),
    ("send_event", By("POST /v1/events")),
    ("send_event_after_commit", By("POST /v1/events after the commit")),
    ("send_message", By("POST /v1/events")),
    ("send_personal_message", By("POST /v1/events")),
    ("handle_message", By("[sockets.forward] passes on what clients say")),
    ("attempt_message_recovery", By("resume with epoch and after")),
    ("broadcast", Nothing("an event has a user: publish one for each")),
    ("broadcast_to_all", Nothing("an event has a user: publish one for each")),
];

/// What there is for an endpoint. The path may lack a prefix that is set elsewhere.
pub fn of_endpoint(method: &str, path: &str) -> Served {
    let path = path.trim_end_matches('/');
    let fits = |row: &&(&str, &str, Served)| row.0 == "*" || method == "*" || row.0 == method;
    let rows = || ENDPOINTS.iter().filter(fits);
    let whole = rows().find(|row| row.1 == path);
    let tail = || rows().find(|row| path.matches('/').count() > 1 && path.ends_with(row.1));
    whole.or_else(tail).map_or(Served::Unknown, |row| row.2)
}

/// What there is for an operation on tokens.
pub fn of_operation(name: &str) -> Served {
    of(OPERATIONS, name)
}

/// What there is for a method of a socket manager.
pub fn of_method(name: &str) -> Served {
    of(METHODS, name)
}

fn of(table: &[(&str, Served)], name: &str) -> Served {
    table.iter().find(|row| row.0 == name).map_or(Served::Unknown, |row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_known_by_method_and_path_also_behind_a_prefix() {
        assert_eq!(of_endpoint("POST", "/auth/validate").code(), "same");
        assert_eq!(of_endpoint("POST", "/api/auth/validate/").code(), "same");
        assert_eq!(of_endpoint("GET", "/auth/validate"), Served::Unknown);
        assert_eq!(of_endpoint("POST", "/auth/create-token").code(), "nothing");
        assert_eq!(of_endpoint("WEBSOCKET", "/ws").code(), "same");
        assert_eq!(of_endpoint("POST", "/auth/revalidate"), Served::Unknown);
    }

    #[test]
    fn no_row_stands_twice() {
        let mut rows: Vec<_> = ENDPOINTS.iter().map(|row| (row.0, row.1)).collect();
        rows.extend(OPERATIONS.iter().map(|row| ("operation", row.0)));
        rows.extend(METHODS.iter().map(|row| ("method", row.0)));
        let all = rows.len();
        rows.sort_unstable();
        rows.dedup();
        assert_eq!(rows.len(), all);
    }
}
