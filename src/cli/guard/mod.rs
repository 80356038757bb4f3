//! `crossfade guard`: what the guard says of components, why it did what it did, and what it holds
//! them to.

mod cards;
mod explain;
mod limits;
mod simulate;

use clap::Subcommand;

use super::client::Service;
use super::exit::Exit;
use super::on_runtime;

/// Ask the guard of a running service: what it has seen, why it rolled back, what it is held to.
///
/// Exit code 1 when it holds or trips a component that was asked about, and when the service
/// refuses a change; 0 while it waits for more or lets the component pass.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  crossfade guard explain http-auth
  crossfade guard cards --component http-auth --limit 5
  crossfade guard limits http-auth --set error_rate_percent=0.5 --set harm_max=20 --note 'paying users'")]
pub struct GuardArgs {
    #[command(flatten)]
    service: Service,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Explain(explain::ExplainArgs),
    List(explain::ListArgs),
    Cards(cards::CardsArgs),
    Card(cards::CardArgs),
    Limits(limits::LimitsArgs),
    Simulate(Box<simulate::SimulateArgs>),
}

/// Runs one verb.
pub fn run(args: GuardArgs) -> Exit {
    on_runtime(act(args))
}

async fn act(args: GuardArgs) -> Result<Exit, Exit> {
    let client = || args.service.client();
    match args.verb {
        Verb::Explain(wish) => explain::explain(&client()?, &wish).await,
        Verb::List(wish) => explain::list(&client()?, &wish).await,
        Verb::Cards(wish) => cards::list(&client()?, &wish).await,
        Verb::Card(wish) => cards::show(&client()?, &wish).await,
        Verb::Limits(wish) => limits::limits(client, wish).await,
        Verb::Simulate(wish) => simulate::run(client, &wish).await,
    }
}
