//! Speaks HTTP; decides nothing.
//!
//! Three listeners: the *data* listener answers questions about tokens, the *control* listener
//! moves flags and shows reports, the *metrics* listener is read by Prometheus, so that each can
//! be bound and firewalled apart.

mod answers;
mod api;
mod api_json;
mod approved;
mod authority_problem;
mod client;
mod client_address;
mod compat;
mod cookies;
mod decide;
mod doors;
mod evidence;
mod evidence_problem;
mod figure;
mod flags;
mod form;
mod forward_auth;
mod guard;
mod guard_problem;
mod health;
mod listener;
mod making;
mod metrics;
mod modelled;
mod named;
mod network;
mod oauth;
mod ofrep;
mod openapi;
mod pages;
mod problem;
mod provider;
mod public_url;
mod report;
mod request_log;
mod rooms;
mod routes;
mod session;
mod sockets;
mod streams;
mod tls;

pub use client_address::{Peer, TrustedProxies, client_address};
pub use doors::Doors;
pub use evidence::EvidenceDoor;
pub use figure::{Figure, Figures};
pub use listener::{
    HEADER_FIELDS_MAX, Limits, ListenError, Listener, ListenerCounts, ListenerEvent,
    ListenerSettings, stopped,
};
pub use modelled::{Modelled, modelled_routes};
pub use network::{DataAccess, Network, TargetHeader, TargetHeaders};
pub use ofrep::{OfrepCounts, OfrepOutcome};
pub use pages::report_page;
pub use problem::Problem;
pub use provider::{CallbackQuery, SignInProvider};
pub use public_url::PublicUrl;
pub use request_log::{RequestLog, RequestLogStats};
pub use rooms::Rooms;
pub use routes::{
    Kind, Listens, Needs, Route, control_routes, data_routes, metrics_routes, routes,
};
pub use sockets::{
    OldManager, Origins, Refuse, SocketCounts, SocketDoor, SocketEvent, SocketSettings,
};
pub use streams::{STREAMS_MAX, Streams};
pub use tls::{CertificateFiles, Certificates, ReadPrivateFile, Tls, TlsError};
