//! Who may do what, of a service that is stopped: straight in its data directory.

use std::path::Path;
use std::sync::Arc;

use super::exit::{Exit, complain};
use crate::access::{Access, AccessError, Caller, Pass, Permission};
use crate::app;
use crate::authority::Authority;
use crate::config::{self, Environment};
use crate::domain::{Clock as _, SystemClock};
use crate::store::{Store, StoreError};
use crate::web::PublicUrl;

/// The data directory of a stopped service.
pub struct Stopped {
    /// Who may do what there.
    pub access: Access,
    /// Where its pages are once it runs.
    pub public_url: PublicUrl,
    store: Store,
}

impl Stopped {
    /// Opens the directory that a configuration file names. Whoever can do that may do anything,
    /// so nothing else is asked.
    pub async fn open(file: &Path) -> Result<Self, Exit> {
        let usage = |problem: &dyn std::fmt::Display| complain(Exit::Usage, problem);
        let failed = |problem: &dyn std::fmt::Display| complain(Exit::Failed, problem);
        let mut config =
            config::load(file, &Environment::of_process()).map_err(|error| usage(&error))?;
        app::ready_master_key(&mut config).map_err(|error| failed(&error))?;
        let store = Store::open(&config.data_dir).map_err(|error| in_use_or_worse(&error))?;
        let clock = Arc::new(SystemClock);
        let authority = Authority::open(config.authority, &store, Arc::clone(&clock) as _).await;
        let key = authority.map_err(|error| failed(&error))?.fingerprint_key().clone();
        let access = Access::open(&store, config.access, Vec::new(), key, clock).await;
        let access = access.map_err(|error| failed(&error))?;
        // The service that answers there says the same of itself.
        let control = &config.listen.control;
        let own_url = || PublicUrl::of(control.address, control.certificate.is_some());
        let public_url = config.listen.public_url.clone().unwrap_or_else(own_url);
        Ok(Self { access, public_url, store })
    }

    /// Closes the directory, so that the service can have it. What was acknowledged is in it.
    pub async fn close(self) -> Result<(), Exit> {
        drop(self.access);
        let closed = self.store.close().await;
        closed.map_err(|error| complain(Exit::Failed, format!("failed to {error}")))
    }
}

/// A pass for managing operators and tokens.
pub fn pass() -> Result<Pass, Exit> {
    let pass = Caller::machine().permit(Permission::Administer, SystemClock.now());
    pass.map_err(|refusal| complain(Exit::Failed, refusal))
}

/// Says what could not be changed, and whether it was what was typed.
pub fn refused(error: AccessError) -> Exit {
    let exit = match error {
        AccessError::NameTaken(_)
        | AccessError::LastAdmin(_)
        | AccessError::Full { .. }
        | AccessError::ProposalOver => Exit::Found,
        AccessError::Refused(_)
        | AccessError::NotFound(_)
        | AccessError::BadPassword(_)
        | AccessError::Unusable(_) => Exit::Usage,
        AccessError::Store(_) | AccessError::Provider(_) => Exit::Failed,
    };
    complain(exit, error)
}

fn in_use_or_worse(error: &StoreError) -> Exit {
    if matches!(error, StoreError::InUse { .. }) {
        let advice = "the service is running: leave --config out and ask it, with --url and \
                      --token-file";
        return complain(Exit::Failed, format!("failed to {error}; {advice}"));
    }
    complain(Exit::Failed, format!("failed to {error}"))
}
