//! Tests of several files of the room together.

mod audit;
mod begun;
mod clearance;
mod cohorts;
mod documents;
mod drifting;
mod evaluation;
mod evaluations;
mod feed;
mod forms;
mod interleaved;
mod notes;
mod races;
mod refusing;
mod seeds;
mod segments;
mod stories;
mod targets;
mod whole;
