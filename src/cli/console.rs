//! Standard input, output and error as arguments, so that a test owns the world it runs in.

use std::io::{BufRead, BufReader, BufWriter, IsTerminal as _, Write, stderr, stdin, stdout};

/// Where a subcommand reads and writes.
pub struct Console<'c> {
    /// Standard input.
    pub input: &'c mut dyn BufRead,
    /// Standard output: results only.
    pub out: &'c mut dyn Write,
    /// Standard error: progress, complaints, summaries.
    pub err: &'c mut dyn Write,
    /// Whether a person watches standard error.
    pub watched: bool,
}

impl Console<'_> {
    const BUFFER: usize = 256 * 1024;

    /// Runs a subcommand on the process' own console.
    pub fn of_process<T>(command: impl FnOnce(&mut Console<'_>) -> T) -> T {
        let mut out = BufWriter::with_capacity(Self::BUFFER, stdout().lock());
        let done = command(&mut Console {
            input: &mut BufReader::with_capacity(Self::BUFFER, stdin().lock()),
            out: &mut out,
            // Not locked: a progress bar writes there as well.
            err: &mut stderr(),
            watched: stderr().is_terminal(),
        });
        // Nobody is left to tell when the reader of a pipe has gone.
        out.flush().ok();
        done
    }
}

impl std::fmt::Debug for Console<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Console(watched: {})", self.watched)
    }
}
