//! What is written and removed from time to time.

use std::time::Duration;

use tokio::sync::watch;

use crate::authority::Authority;
use crate::flags::Flags;
use crate::ledger::{Keeper, Round};
use crate::web::{Rooms, stopped};

/// The ledger is written this often.
const LEDGER_INTERVAL: Duration = Duration::from_millis(500);

/// Old minutes of the ledger and expired revocations are removed this often.
const PRUNE_INTERVAL: Duration = Duration::from_mins(1);

/// Keeps what must be kept from time to time, until a stop is asked for. A failure is logged
/// when it begins and when it ends, not every half second.
pub(super) async fn keep(
    keeper: &Keeper,
    authority: &Authority,
    rooms: &Rooms,
    mut stop: watch::Receiver<bool>,
) {
    let mut writing = tokio::time::interval(LEDGER_INTERVAL);
    let mut pruning = tokio::time::interval(PRUNE_INTERVAL);
    let mut rounds = 0_u64;
    let mut failing = false;
    loop {
        let result = tokio::select! {
            _ = writing.tick() => {
                rounds += 1;
                let round = if rounds.is_multiple_of(10) { Round::Groups } else { Round::Minutes };
                if round == Round::Groups && rooms.flags.unsaved() > 0 {
                    save(&rooms.flags).await;
                }
                keeper.write(&rooms.ledger, round).await
            }
            _ = pruning.tick() => {
                if let Err(error) = authority.purge(rooms.clock.now()).await {
                    tracing::error!(%error, "expired revocations cannot be purged");
                }
                if let Err(error) = authority.tend_keys(rooms.clock.now()).await {
                    tracing::error!(%error, "keys are not tended");
                }
                if let Err(error) = rooms.access.purge().await {
                    tracing::error!(%error, "what has expired of who may do what stays");
                }
                keeper.prune(&rooms.ledger, rooms.clock.now()).await
            }
            () = stopped(&mut stop) => return,
        };
        match result {
            Ok(()) if failing => tracing::info!("the ledger is written again"),
            Err(ref error) if !failing => tracing::error!(%error, "the ledger cannot be written"),
            Ok(()) | Err(_) => {}
        }
        failing = result.is_err();
    }
}

/// Tries again to make durable what serves but is not on the disk.
async fn save(flags: &Flags) {
    match flags.save().await {
        Ok(()) => tracing::info!("the flag table is on the disk again"),
        Err(error) => tracing::error!(%error, "changes of the flag table are not on the disk"),
    }
}
