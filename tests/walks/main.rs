//! Stories against the running service, over real sockets.

mod bad_input;
mod decide;
mod endpoint;
mod fallback;
mod flag_table;
mod forward_auth;
mod kit;
mod restart;
mod secrets;
