//! From the command line to the recording.

use std::io::{self, Write};
use std::path::Path;

use super::{QuestionsArgs, QuestionsError, Traffic, keys};
use crate::authority::specimens::Mint;
use crate::cli::whole_file::WholeFile;
use crate::cli::{Console, Exit};

/// Audiences that the core validator of the modelled system accepts besides its own.
const LEGACY_AUDIENCES: [&str; 4] =
    ["netra-platform", "netra-backend", "netra-services", "netra-admin"];

/// Runs `crossfade questions` on the process' own console.
pub fn run(args: &QuestionsArgs) -> Exit {
    Console::of_process(|console| run_on(args, console))
}

/// Runs `crossfade questions` on any console.
pub fn run_on(args: &QuestionsArgs, console: &mut Console<'_>) -> Exit {
    match asked(args, console) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            writeln!(console.err, "error: {error}").ok();
            Exit::Usage
        }
    }
}

fn asked(args: &QuestionsArgs, console: &mut Console<'_>) -> Result<(), QuestionsError> {
    let mut traffic = Traffic::new(args.seed, args.at, args.rate);
    let place = args.out.as_deref();
    let unwritable = |source| QuestionsError::Unwritable {
        place: place.unwrap_or(Path::new("standard output")).to_owned(),
        source,
    };
    let options = args.keys_out.as_deref().map(|folder| keys::write(traffic.mint(), folder));
    let options = options.transpose()?;
    match place {
        None => match write_lines(&mut traffic, args.count, console.out) {
            // Whoever reads has seen enough, as `head` does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
            written => written.map_err(unwritable)?,
        },
        Some(place) => {
            let mut file = WholeFile::begin(place).map_err(unwritable)?;
            write_lines(&mut traffic, args.count, &mut file).map_err(unwritable)?;
            file.finish().map_err(unwritable)?;
        }
    }
    if let (Some(options), Some(place)) = (options, place) {
        suggest(traffic.mint(), place, &options, console.err).ok();
    }
    Ok(())
}

fn write_lines(traffic: &mut Traffic, count: u64, out: &mut dyn Write) -> io::Result<()> {
    for _ in 0..count {
        let Some(asked) = traffic.next() else { break };
        out.write_all(asked.line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

/// The command that judges what was written.
fn suggest(mint: &Mint, place: &Path, keys: &[String], err: &mut dyn Write) -> io::Result<()> {
    let mut options = vec![
        format!("--issuer {} --audience {}", mint.issuer, mint.audience),
        format!("--environment {} --service-id {}", mint.environment, mint.service_id),
    ];
    options.extend(LEGACY_AUDIENCES.map(|audience| format!("--legacy-audience {audience}")));
    options.extend_from_slice(keys);
    writeln!(err, "To judge them:\n  crossfade replay {} \\", place.display())?;
    writeln!(err, "    {}", options.join(" \\\n    "))
}
