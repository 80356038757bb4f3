//! Tests of several files of the room together.

mod audit;
mod cohorts;
mod documents;
mod drifting;
mod evaluation;
mod evaluations;
mod feed;
mod forms;
mod notes;
mod races;
mod seeds;
mod segments;
mod stories;
mod targets;
mod whole;
