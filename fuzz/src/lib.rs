//! What the fuzz targets share: keys, a moment, and the service's routers in process.

pub mod doors;

use std::sync::OnceLock;

use crossfade::authority::specimens::Mint;
use crossfade::domain::{Clock, Timestamp};

/// The moment at which everything happens; seeds of the corpus are good at it.
pub const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_250_000);

/// The keys of every algorithm; all but the RSA key are the same in every process.
pub fn mint() -> &'static Mint {
    static MINT: OnceLock<Mint> = OnceLock::new();
    MINT.get_or_init(|| Mint::seeded(7))
}

/// Stands at [`NOW`].
#[derive(Debug)]
pub struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Waits for what never waits long, on this thread.
pub fn wait<F: Future>(future: F) -> F::Output {
    static RUNTIME: OnceLock<tokio::runtime::Runtime> = OnceLock::new();
    let runtime = RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime")
    });
    runtime.block_on(future)
}
