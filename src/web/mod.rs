//! Speaks HTTP; decides nothing.
//!
//! Two listeners: the *data* listener answers questions about tokens, the *control* listener
//! moves flags and shows reports, so that each can be bound and firewalled apart.

mod api_json;
mod control;
mod decide;
mod flags;
mod forward_auth;
mod health;
mod listener;
mod metrics;
mod modelled;
mod named;
mod openapi;
mod pages;
mod problem;
mod report;
mod request_log;
mod rooms;
mod routes;

pub use control::{ControlToken, ControlTokens};
pub use listener::{Limits, ListenError, Listener, stopped};
pub use modelled::{Modelled, modelled_routes};
pub use pages::report_page;
pub use problem::Problem;
pub use request_log::{RequestLog, RequestLogStats};
pub use rooms::Rooms;
pub use routes::{control_routes, data_routes};
