//! From the command line to the report.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use super::fault::Fault;
use super::judge::Judge;
use super::progress::{Progress, grouped};
use super::reader::{Lines, Next};
use super::{Format, ReplayArgs, ReplayError, sides};
use crate::cli::whole_file::WholeFile;
use crate::cli::{Console, Exit};
use crate::report::{Report, markdown};

/// Bad lines that are reported one by one; all are counted.
const COMPLAINTS_MAX: u64 = 20;

/// Bytes read from the recording at a time.
const READ_AHEAD: usize = 256 * 1024;

/// What became of the recording's lines.
#[derive(Default)]
struct Counts {
    good: u64,
    bad: u64,
}

/// Runs `crossfade replay` on the process' own console.
pub fn run(args: &ReplayArgs) -> Exit {
    Console::of_process(|console| run_on(args, console))
}

/// Runs `crossfade replay` on any console.
pub fn run_on(args: &ReplayArgs, console: &mut Console<'_>) -> Exit {
    replayed(args, console).unwrap_or_else(|error| {
        // A closed standard error leaves nobody to tell.
        writeln!(console.err, "error: {error}").ok();
        Exit::Usage
    })
}

fn replayed(args: &ReplayArgs, console: &mut Console<'_>) -> Result<Exit, ReplayError> {
    spare_the_recording(args)?;
    let secrets = sides::secrets(args)?;
    let authority = sides::authority(args, &secrets)?;
    let mut judge = Judge::new(authority, sides::legacy(args, &secrets)?);
    let unreadable = |source| ReplayError::Recording { path: args.file.clone(), source };
    let (mut opened, length);
    let source: &mut dyn BufRead = if args.file == Path::new("-") {
        length = None;
        console.input
    } else {
        let file = File::open(&args.file).map_err(unreadable)?;
        let known = file.metadata().map_err(unreadable)?;
        length = known.is_file().then_some(known.len());
        opened = BufReader::with_capacity(READ_AHEAD, file);
        &mut opened
    };
    let progress = Progress::new(console.watched && !args.quiet, length);
    let counts = read_all(source, &mut judge, &progress, console.err).map_err(unreadable)?;
    progress.done();
    let report = (counts.good > 0).then(|| judge.report());
    if let Some(report) = &report {
        write_report(args, report, console.out)?;
    }
    let exit = match &report {
        None => Exit::Failed,
        Some(report) if report.alarm => Exit::Found,
        Some(_) => Exit::Fine,
    };
    summarise(&counts, &progress, exit, console.err).ok();
    Ok(exit)
}

/// A slip of the pen must not cost a day's traffic.
fn spare_the_recording(args: &ReplayArgs) -> Result<(), ReplayError> {
    let same = |out: &&PathBuf| {
        let (out, file) = (out.canonicalize(), args.file.canonicalize());
        out.is_ok_and(|out| file.is_ok_and(|file| file == out))
    };
    let out = args.out.as_ref().filter(same);
    out.map_or(Ok(()), |out| Err(ReplayError::Overwrite(out.clone())))
}

/// Puts every line to the judge; the error is the recording's.
fn read_all(
    source: &mut dyn BufRead,
    judge: &mut Judge,
    progress: &Progress,
    err: &mut dyn Write,
) -> io::Result<Counts> {
    let mut lines = Lines::of(source);
    let mut counts = Counts::default();
    loop {
        let taken = match lines.advance()? {
            Next::End => return Ok(counts),
            Next::TooLong => Err(Fault::TooLong),
            Next::Line if lines.line().trim_ascii().is_empty() => continue,
            Next::Line => judge.take(lines.line(), lines.number),
        };
        match taken {
            Ok(()) => counts.good += 1,
            Err(fault) => {
                counts.bad += 1;
                progress.beside(|| complain(lines.number, &fault, counts.bad, err));
            }
        }
        progress.at(lines.number, lines.bytes);
    }
}

fn complain(number: u64, fault: &Fault, bad: u64, err: &mut dyn Write) {
    let written = match bad {
        ..=COMPLAINTS_MAX => writeln!(err, "line {number}: {fault}"),
        bad if bad == COMPLAINTS_MAX + 1 => {
            writeln!(err, "more bad lines follow; they are counted, not shown")
        }
        _ => Ok(()),
    };
    // Whoever closed standard error does not want to know.
    written.ok();
}

fn write_report(
    args: &ReplayArgs,
    report: &Report,
    out: &mut dyn Write,
) -> Result<(), ReplayError> {
    let place = args.out.as_deref();
    let failed = |source| ReplayError::Report {
        place: place.unwrap_or(Path::new("standard output")).to_owned(),
        source,
    };
    match place {
        None => written(args.format, report, out).and_then(|()| out.flush()).map_err(failed),
        Some(place) => {
            let mut file = WholeFile::begin(place).map_err(failed)?;
            written(args.format, report, &mut file).map_err(failed)?;
            file.finish().map_err(failed)
        }
    }
}

fn written(format: Format, report: &Report, out: &mut dyn Write) -> io::Result<()> {
    match format {
        Format::Markdown => out.write_all(markdown(report).as_bytes()),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, report)?;
            out.write_all(b"\n")
        }
    }
}

fn summarise(
    counts: &Counts,
    progress: &Progress,
    exit: Exit,
    err: &mut dyn Write,
) -> io::Result<()> {
    let lines = counts.good + counts.bad;
    let (seconds, rate) = progress.speed(lines);
    let noun = if lines == 1 { "line" } else { "lines" };
    let (lines, rate) = (grouped(lines), grouped(rate));
    let bad = match counts.bad {
        0 => "none bad".to_owned(),
        bad => format!("{} bad and left out", grouped(bad)),
    };
    writeln!(err, "{lines} {noun}, {bad}, in {seconds:.1} s ({rate} lines/s)")?;
    match exit {
        Exit::Found => {
            writeln!(err, "security alarm: ssot is looser than legacy, or sees another subject")
        }
        Exit::Failed => writeln!(err, "no line could be read: there is no report"),
        Exit::Fine | Exit::Usage => Ok(()),
    }
}
