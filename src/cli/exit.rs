//! How a command ended, for scripts.

use std::process::ExitCode;

/// Shown below `--help`.
pub const HELP: &str = "\
Exit codes:
  0  done, nothing found
  1  done, and found what should worry you (a security alarm, a refused move)
  2  the command line, the configuration or an input file is wrong
  3  it could not be done: nobody answers, the disk refuses, the address is taken";

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing found.
    Fine,
    /// Done, and found what should worry somebody.
    Found,
    /// What was typed or configured is wrong.
    Usage,
    /// It could not be done.
    Failed,
}

impl Exit {
    /// The number that the process ends with.
    pub const fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Found => 1,
            Self::Usage => 2,
            Self::Failed => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// Writes a line to standard output at once. A reader that is gone (`| head`) is no reason to
/// stop: the exit code still tells.
pub fn say(line: impl std::fmt::Display) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _gone = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes a line for people to standard error, beside what scripts read.
pub fn tell(line: impl std::fmt::Display) {
    eprintln!("{line}");
}

/// Says on standard error what went wrong.
pub fn complain(exit: Exit, problem: impl std::fmt::Display) -> Exit {
    eprintln!("crossfade: {problem}");
    exit
}
