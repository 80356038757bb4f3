//! What the shipped profiles wrongly accept and wrongly refuse: the reason to leave them.

mod core;
mod delegates;
mod libraries;
mod sockets;
