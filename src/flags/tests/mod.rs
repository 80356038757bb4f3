//! Tests of several files of the room together.

mod notes;
mod races;
mod seeds;
