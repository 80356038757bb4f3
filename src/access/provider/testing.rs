//! For tests: a provider on a real socket that has nothing but a discovery document.

use std::sync::Arc;

use super::{Provider, ProviderSettings};
use crate::access::Role;
use crate::domain::{Timestamp, TokioClock};
use crate::outbound::scripted::{Script, Server};
use crate::outbound::{HostRule, Outbound, Settings};

/// A provider, how it is asked, and the client that asks; its clock begins at `now`.
pub(crate) async fn bare_provider(now: Timestamp) -> (Server, Provider, Outbound) {
    let script = Script::chosen(|request| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: "));
        let base = format!("http://{}", host.expect("a host"));
        let endpoint = |name| format!(r#","{name}":"{base}/{name}""#);
        let names = ["authorization_endpoint", "token_endpoint", "jwks_uri"];
        let body = names.map(endpoint).concat();
        Script::answer(200, &format!(r#"{{"issuer":"{base}"{body}}}"#))
    });
    let server = Server::start(script).await;
    let allowed_hosts = vec![HostRule::parse("127.0.0.1").expect("a rule")];
    let outbound =
        Outbound::new(Settings { allowed_hosts, ..Settings::default() }).expect("a client");
    let mut settings = ProviderSettings::new(&server.url(""), "crossfade");
    settings.roles.push(("ops".into(), Role::Operator));
    let clock = Arc::new(TokioClock::starting_at(now));
    let redirect = "http://127.0.0.1/sign-in/provider/callback".to_owned();
    let provider = Provider::new(settings, redirect, outbound.clone(), clock).expect("settings");
    (server, provider, outbound)
}
