//! What is looked at before anything is opened.

use std::sync::Arc;

use super::AppError;
use crate::authority::{Authority, MasterKey};
use crate::config::{Config, make_private_key_file};
use crate::domain::SystemClock;
use crate::legacy::{self, managers, tokens};
use crate::outbound::Outbound;

/// What keeps a configuration from starting, beyond its form: keys, legacy paths, hosts. Opens,
/// binds and writes nothing.
pub fn check(config: Config) -> Vec<AppError> {
    let mut problems = Vec::new();
    let authority = Authority::in_memory(config.authority).map_err(|error| {
        problems.push(AppError::from(error));
    });
    let outbound = match Outbound::new(config.outbound) {
        Ok(outbound) => outbound,
        Err(error) => {
            problems.push(AppError::from(error));
            return problems;
        }
    };
    if let Ok(Err(error)) = authority.map(|authority| authority.reaching(&outbound)) {
        problems.push(AppError::from(error));
    }
    for (name, settings) in config.legacy {
        if let Err(source) = legacy::build(&name, settings, &outbound) {
            problems.push(AppError::Legacy { name, source });
        }
    }
    for (name, settings) in config.legacy_tokens {
        if let Err(source) = tokens::check(&name, &settings, &outbound) {
            problems.push(AppError::Legacy { name, source });
        }
    }
    for (name, settings) in config.legacy_managers {
        let built = managers::build(&name, settings, &outbound, Arc::new(SystemClock));
        if let Err(source) = built {
            problems.push(AppError::Legacy { name, source });
        }
    }
    problems
}

/// Makes the master key where the first start has none.
pub fn ready_master_key(config: &mut Config) -> Result<(), AppError> {
    if let Some(file) = config.new_master_key.take() {
        let text = make_private_key_file(&file).map_err(AppError::MasterKey)?;
        tracing::warn!(
            file = %file.display(),
            "made a master key beside the data; keep a copy elsewhere, without it the kept keys \
             are lost"
        );
        config.authority.master_key = Some(MasterKey::parse(&text)?);
    }
    Ok(())
}
