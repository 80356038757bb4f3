//! SIGHUP reads the certificates again.

use tokio::signal::unix::{SignalKind, signal};

use crate::web::Certificates;

/// From now on SIGHUP does not end the process, but reads all certificates again.
pub fn on_hangup(certificates: Certificates) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            certificates.reload().await;
        }
    });
    Ok(())
}
