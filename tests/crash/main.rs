//! Killed at any moment, nothing is lost that was acknowledged.
//!
//! Each test starts this binary again as a child that changes things from many tasks and prints a
//! line for each change it was acknowledged. The parent kills the child with SIGKILL at a random
//! moment, opens the store itself, and compares what it finds with what was acknowledged.

mod access;
mod flags;
mod kit;
mod sessions;
