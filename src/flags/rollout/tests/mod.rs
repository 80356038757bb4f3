//! Plans as they are kept, moved and stopped.

mod promise;
mod stories;
mod world;
