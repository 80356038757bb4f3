//! A proxy that ill-treats the connections it carries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use rand::RngExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A connection is carried for up to so long before something is done to it.
const LIFE_MS: u64 = 1_500;

/// One that stands still does so for up to so long.
const STALL_MS: u64 = 400;

/// Carries connections to wherever the service is now.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    target: Mutex<SocketAddr>,
    /// False: everything is carried untouched.
    harms: std::sync::atomic::AtomicBool,
    cut: AtomicU64,
    stalled: AtomicU64,
    reset: AtomicU64,
}

/// What is done to a connection.
#[derive(Clone, Copy)]
enum Harm {
    Cut,
    Stall,
    Reset,
}

impl Proxy {
    pub async fn start(target: SocketAddr, harms: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            target: Mutex::new(target),
            harms: harms.into(),
            cut: AtomicU64::new(0),
            stalled: AtomicU64::new(0),
            reset: AtomicU64::new(0),
        });
        let carrying = Arc::clone(&shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(carry(stream, Arc::clone(&carrying)));
            }
        });
        Self { address, shared }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The service is somewhere else now.
    pub fn lead_to(&self, target: SocketAddr) {
        *self.shared.target.lock() = target;
    }

    /// From now on everything is carried untouched.
    pub fn calm(&self) {
        self.shared.harms.store(false, Ordering::SeqCst);
    }

    /// Connections cut, stalled and reset.
    pub fn harmed(&self) -> (u64, u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::SeqCst);
        (read(&self.shared.cut), read(&self.shared.stalled), read(&self.shared.reset))
    }
}

async fn carry(mut client: TcpStream, shared: Arc<Shared>) {
    let target = *shared.target.lock();
    let Ok(mut server) = TcpStream::connect(target).await else { return };
    loop {
        let (harm, life) = {
            let mut chance = rand::rng();
            let harm =
                [Harm::Cut, Harm::Stall, Harm::Stall, Harm::Reset][chance.random_range(0..4)];
            (harm, Duration::from_millis(chance.random_range(50..LIFE_MS)))
        };
        if pass(&mut client, &mut server, life).await.is_none() {
            return;
        }
        if !shared.harms.load(Ordering::SeqCst) {
            continue;
        }
        match harm {
            Harm::Stall => {
                shared.stalled.fetch_add(1, Ordering::SeqCst);
                let time = rand::rng().random_range(10..STALL_MS);
                tokio::time::sleep(Duration::from_millis(time)).await;
            }
            Harm::Cut => {
                shared.cut.fetch_add(1, Ordering::SeqCst);
                return;
            }
            Harm::Reset => {
                shared.reset.fetch_add(1, Ordering::SeqCst);
                // Closed without waiting for anything, a connection is reset.
                let _ = client.set_zero_linger();
                let _ = server.set_zero_linger();
                return;
            }
        }
    }
}

/// Carries bytes both ways for so long; `None` when one end is over. What was read is carried
/// whole.
async fn pass(client: &mut TcpStream, server: &mut TcpStream, time: Duration) -> Option<()> {
    let until = tokio::time::Instant::now() + time;
    let (mut up, mut down) = ([0; 4096], [0; 4096]);
    loop {
        tokio::select! {
            read = client.read(&mut up) => {
                let read = read.ok().filter(|read| *read > 0)?;
                server.write_all(&up[..read]).await.ok()?;
            }
            read = server.read(&mut down) => {
                let read = read.ok().filter(|read| *read > 0)?;
                client.write_all(&down[..read]).await.ok()?;
            }
            () = tokio::time::sleep_until(until) => return Some(()),
        }
    }
}
