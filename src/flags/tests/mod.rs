//! Tests of several files of the room together.

mod forms;
mod notes;
mod races;
mod seeds;
