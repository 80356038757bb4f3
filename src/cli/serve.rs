//! `crossfade serve`.

use std::path::PathBuf;
use std::sync::Arc;

use super::exit::{Exit, complain, say, tell};
use super::{logging, reload, runtime, stop};
use crate::app::{self, App};
use crate::config::{self, Config, Environment};
use crate::domain::SystemClock;

/// Run the service.
///
/// Reads one TOML file; every value in it can be set by an environment variable named after its
/// path: `CROSSFADE__LISTEN__DATA=127.0.0.1:8080` sets `data` of `[listen]`. All faults are
/// reported at once. docs/crossfade.example.toml is a file to begin with.
///
/// The data listener answers POST /v1/decide/{component} and /v1/forward-auth/{component}; the
/// control listener moves flags and shows reports; the metrics listener is for Prometheus. SIGTERM
/// and Ctrl-C let open requests end; SIGHUP reads the TLS certificates again.
#[derive(Debug, clap::Args)]
pub struct ServeArgs {
    /// The configuration file.
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
    /// Read the configuration, report what is wrong with it, and end.
    #[arg(long)]
    check: bool,
    /// Open GET /echo on the data listener, which says every WebSocket message back, up to 32 MiB,
    /// to anybody: for suites that test the protocol.
    #[arg(long)]
    echo: bool,
}

/// Runs the service until it is told to stop.
pub fn run(args: &ServeArgs) -> Exit {
    let mut config = match config::load(&args.config, &Environment::of_process()) {
        Ok(config) => config,
        Err(error) => return complain(Exit::Usage, error),
    };
    config.sockets.doors.echo = args.echo;
    if args.check {
        return check(args, config);
    }
    if let Err(problem) = logging::start(&config.log) {
        return complain(Exit::Usage, problem);
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(Exit::Failed, error),
    };
    match runtime.block_on(serve(config)) {
        Ok(()) => Exit::Fine,
        Err(error) => complain(Exit::Failed, error),
    }
}

fn check(args: &ServeArgs, config: Config) -> Exit {
    let mut problems: Vec<String> = logging::check(&config.log).err().into_iter().collect();
    problems.extend(app::check(config).into_iter().map(|problem| problem.to_string()));
    if problems.is_empty() {
        say(format_args!("{} is fine", args.config.display()));
        return Exit::Fine;
    }
    problems.iter().fold(Exit::Fine, |_, problem| complain(Exit::Usage, problem))
}

async fn serve(config: Config) -> Result<(), Box<dyn std::error::Error>> {
    let stop = stop::on_signal()?;
    let app = Box::pin(App::start(config, Arc::new(SystemClock))).await?;
    tracing::info!(
        data.address = %app.data_address(),
        control.address = %app.control_address(),
        metrics.address = app.metrics_address().map(tracing::field::display),
        version = env!("CARGO_PKG_VERSION"),
        "listening"
    );
    if let Some(link) = app.first_link().await? {
        // On standard error itself, not in the log: whoever reads logs is no admin.
        tell(format_args!(
            "\nThere is no operator yet. Become the first admin, once and soon:\n\n  {link}\n"
        ));
    }
    reload::on_hangup(app.certificates())?;
    app.run(stop).await?;
    Ok(())
}
