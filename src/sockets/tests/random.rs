//! Random stories against what they must come to.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Debug)]
enum Deed {
    Publish { user: u8, again: bool },
    Connect { user: u8 },
    Read { client: u8, frames: u8 },
    Drop { client: u8 },
    Reopen,
    Forget { minutes: u8 },
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        8 => (0..3_u8, prop::bool::weighted(0.2)).prop_map(|(user, again)| Deed::Publish { user, again }),
        3 => (0..3_u8).prop_map(|user| Deed::Connect { user }),
        6 => (0..6_u8, 1..9_u8).prop_map(|(client, frames)| Deed::Read { client, frames }),
        2 => (0..6_u8).prop_map(|client| Deed::Drop { client }),
        1 => Just(Deed::Reopen),
        1 => (0..90_u8).prop_map(|minutes| Deed::Forget { minutes }),
    ];
    prop::collection::vec(deed, 1..80)
}

/// A client that connects again with its position whenever it was closed.
struct Client {
    user: u8,
    connection: Option<Connection>,
    epoch: u64,
    /// Everything up to here has arrived, or was told to be lost.
    after: u64,
    lost: u64,
}

impl Client {
    async fn connected(&mut self, room: &Room) {
        if self.connection.is_none() {
            let at = position(self.epoch, self.after);
            self.connection = Some(room.resume(&format!("user-{}", self.user), at).await);
        }
    }

    /// Reads up to `frames` frames; every event is the next one.
    fn read(&mut self, frames: usize) {
        for _ in 0..frames {
            let Some(connection) = &mut self.connection else { return };
            let bytes = match connection.ready() {
                Some(Outgoing::Text(bytes)) => bytes,
                Some(Outgoing::Close(_)) => {
                    self.connection = None;
                    return;
                }
                None => return,
            };
            connection.written();
            let frame: serde_json::Value = serde_json::from_slice(&bytes).expect("JSON");
            if let Some(sequence) = frame["sequence"].as_u64() {
                assert_eq!(frame["user_id"], format!("user-{}", self.user), "nobody else's");
                assert_eq!(frame["epoch"], self.epoch);
                assert_eq!(sequence, self.after + 1, "in order, once, without a hole");
                let id = frame["event_id"].as_str().expect("a name");
                assert_eq!(id, format!("{}-{sequence}", self.user), "the event of that place");
                self.after = sequence;
            } else if frame["type"] == "gap" {
                assert_eq!(frame["lost_from"].as_u64(), Some(self.after + 1));
                let to = frame["lost_to"].as_u64().expect("an end");
                self.lost += to - self.after;
                self.after = to;
            }
        }
    }
}

async fn run(deeds: Vec<Deed>) {
    let settings = Settings { queue_max: 6, retained_max: 20, ..Settings::default() };
    let mut room = Room::with(settings).await;
    let epoch = room.publish("user-9", "x").await.position.epoch.0;
    let mut published: BTreeMap<u8, u64> = BTreeMap::new();
    let mut aged: BTreeSet<u8> = BTreeSet::new();
    let mut clients: Vec<Client> = Vec::new();
    for deed in deeds {
        match deed {
            Deed::Publish { user, again } => {
                let last = published.entry(user).or_default();
                let again = again && *last > 0 && !aged.remove(&user);
                let number = if again { *last } else { *last + 1 };
                let id = format!("{user}-{number}");
                let result = room.publish(&format!("user-{user}"), &id).await;
                assert_eq!(result.duplicate, again);
                assert_eq!(result.position, position(epoch, number));
                *last = number;
            }
            Deed::Connect { user } if clients.len() < 6 => {
                let after = published.get(&user).copied().unwrap_or(0);
                let mut client = Client { user, connection: None, epoch, after, lost: 0 };
                client.connected(&room).await;
                clients.push(client);
            }
            Deed::Connect { .. } => {}
            Deed::Read { client, frames } => {
                if let Some(client) = clients.get_mut(usize::from(client)) {
                    client.connected(&room).await;
                    client.read(usize::from(frames));
                }
            }
            Deed::Drop { client } => {
                if let Some(client) = clients.get_mut(usize::from(client)) {
                    client.connection = None;
                }
            }
            Deed::Reopen => {
                for client in &mut clients {
                    client.connection = None;
                }
                room = room.reopen().await;
            }
            Deed::Forget { minutes } => {
                room.clock.advance(Duration::from_mins(u64::from(minutes)));
                // By now a name may be forgotten: who publishes it again publishes another event.
                aged.extend(published.keys());
                room.manager.forget_old().await.expect("forgotten");
            }
        }
    }
    for client in &mut clients {
        for _ in 0..100 {
            client.connected(&room).await;
            client.read(100);
        }
        let published = published.get(&client.user).copied().unwrap_or(0);
        assert_eq!(client.after, published, "everything has arrived or was told to be lost");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_client_is_given_each_event_once_in_order_or_told_that_it_is_lost(deeds in deeds()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(run(deeds));
    }
}
