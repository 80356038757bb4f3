//! Stories against the running service, over real sockets.

mod accepted;
mod access_api;
mod approvals;
mod attacks;
mod bad_input;
mod command_line;
mod data_tokens;
mod decide;
mod door_matrix;
mod doors;
mod endpoint;
mod events;
mod evidence;
mod fallback;
mod flag_table;
mod forward_auth;
mod guard;
mod guard_told;
mod guarding;
mod history;
mod invariants;
mod issuers;
mod keys;
mod kit;
#[path = "../corpus/doors.rs"]
#[expect(dead_code, reason = "the stories only knock; the corpus hears what the doors say")]
mod knocking;
mod matrix;
mod network;
mod next_request;
mod ofrep;
mod people;
mod policies;
mod restart;
mod rollouts;
mod secrets;
mod socket_client;
mod socket_doors;
mod socket_ends;
mod sockets;
mod streams;
mod targeting;
mod token_load;
mod token_operations;
mod token_post;
mod whole_table;
