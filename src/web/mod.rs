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
mod charts;
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
mod live;
mod making;
mod metrics;
mod modelled;
mod named;
mod network;
mod nowhere;
mod oauth;
mod ofrep;
mod openapi;
mod pages;
mod problem;
mod provenance;
mod provider;
mod public_url;
mod replay_line;
mod report;
mod report_problem;
mod reports;
mod request_log;
mod rooms;
mod routes;
mod scans_problem;
mod session;
mod setting_shown;
mod sockets;
mod streams;
mod tls;

pub use charts::{
    Chart, Limit, MARKS_MAX, Mark, MarkKind, SERIES_MAX, Series, Sparkline, Stroke, Unit,
    value_text,
};
pub use client_address::{Peer, TrustedProxies, client_address};
pub use doors::Doors;
pub use evidence::EvidenceDoor;
pub use figure::{Figure, Figures};
pub use listener::{
    HEADER_FIELDS_MAX, Limits, ListenError, Listener, ListenerCounts, ListenerEvent,
    ListenerSettings, stopped,
};
pub use live::Live;
pub use modelled::{Modelled, modelled_routes};
pub use network::{DataAccess, Network, TargetHeader, TargetHeaders};
pub use ofrep::{OfrepCounts, OfrepOutcome};
pub use pages::report_page;
pub use problem::Problem;
pub use provider::{CallbackQuery, SignInProvider};
pub use public_url::PublicUrl;
pub use request_log::{RequestLog, RequestLogStats};
pub use rooms::{MatrixJudge, Rooms};
pub use routes::{
    Kind, Listens, Needs, Route, control_routes, data_routes, metrics_routes, routes,
};
pub use setting_shown::{SettingShown, SettingSource};
pub use sockets::{
    OldManager, Origins, Refuse, SocketCounts, SocketDoor, SocketEvent, SocketSettings,
};
pub use streams::{STREAMS_MAX, Streams};
pub use tls::{CertificateFiles, Certificates, ReadPrivateFile, Tls, TlsError};
