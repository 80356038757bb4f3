//! `GET /echo`: says everything back, by the very loop that serves `GET /ws`. For suites that test
//! the protocol; only where the service was started with `--echo`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::offer::Offer;
use super::talk::{Echo, Party, talk};
use super::upgrade::Upgrade;
use crate::web::Rooms;

/// Says everything back.
pub async fn echo(State(rooms): State<Arc<Rooms>>, request: Request) -> Response {
    let mut parts = request.into_parts().0;
    let upgrade = match Upgrade::of(&mut parts) {
        Ok(upgrade) => upgrade,
        Err(problem) => return problem.into_response(),
    };
    let answer = Offer::read(&parts.headers).map_or(None, |offer| offer.answer);
    let settings = &rooms.sockets.settings;
    let manners = settings.echo_manners();
    upgrade.accept(answer, settings.echo_wire(), move |wire| {
        talk(wire, Party::Echo(Echo::default()), manners)
    })
}
