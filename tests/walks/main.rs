//! Stories against the running service, over real sockets.

mod access_api;
mod approvals;
mod attacks;
mod bad_input;
mod command_line;
mod data_tokens;
mod decide;
mod endpoint;
mod fallback;
mod flag_table;
mod forward_auth;
mod kit;
mod matrix;
mod network;
mod people;
mod restart;
mod secrets;
