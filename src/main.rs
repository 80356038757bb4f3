//! The command line's front door.

use std::process::ExitCode;

/// Answers are made of many small, short-lived pieces, which this allocator hands out for less
/// than the C library's does.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    crossfade::cli::main()
}
