//! A listener's certificate, and how it is replaced while connections go on.

use std::fs::Metadata;
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use super::listener::{ListenerCounts, ListenerEvent};

/// Largest accepted certificate chain, in bytes.
const CHAIN_MAX: u64 = 256 * 1024;

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The file of the chain cannot be read.
    #[error("{0}")]
    Chain(String),
    /// The file of the key cannot be read, or others can read it.
    #[error("{0}")]
    Key(String),
    /// Both can be read, and do not fit each other, or are of a kind that is not known.
    #[error("{0}")]
    Pair(String),
}

/// Reads a file that only its owner can read; the error names it.
pub type ReadPrivateFile = fn(&Path) -> Result<String, String>;

/// Where a certificate chain and its key are.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    certificate: PathBuf,
    key: PathBuf,
    read_private: ReadPrivateFile,
}

impl CertificateFiles {
    /// Both files in PEM form: the chain with the server's own certificate first, and the key.
    pub const fn new(certificate: PathBuf, key: PathBuf, read_private: ReadPrivateFile) -> Self {
        Self { certificate, key, read_private }
    }

    /// Reads both and proves that they belong together.
    pub fn check(&self) -> Result<(), TlsError> {
        self.load().map(|_config| ())
    }

    fn load(&self) -> Result<ServerConfig, TlsError> {
        let (chain, key) = (self.chain()?, self.private_key()?);
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .and_then(|versions| versions.with_no_client_auth().with_single_cert(chain, key));
        let mut config = config.map_err(|error| {
            let (certificate, key) = (self.certificate.display(), self.key.display());
            TlsError::Pair(format!("{key} does not fit {certificate}: {error}"))
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn chain(&self) -> Result<Vec<CertificateDer<'static>>, TlsError> {
        let shown = self.certificate.display();
        let unreadable = |error| TlsError::Chain(format!("cannot read {shown}: {error}"));
        let mut text = Vec::new();
        let file = std::fs::File::open(&self.certificate).map_err(unreadable)?;
        file.take(CHAIN_MAX + 1).read_to_end(&mut text).map_err(unreadable)?;
        if text.len() as u64 > CHAIN_MAX {
            return Err(TlsError::Chain(format!("{shown} has more than {CHAIN_MAX} bytes")));
        }
        let chain = CertificateDer::pem_slice_iter(&text).collect::<Result<Vec<_>, _>>();
        match chain {
            Ok(chain) if !chain.is_empty() => Ok(chain),
            Ok(_) | Err(_) => {
                Err(TlsError::Chain(format!("{shown} holds no certificate in PEM form")))
            }
        }
    }

    fn private_key(&self) -> Result<PrivateKeyDer<'static>, TlsError> {
        let text = (self.read_private)(&self.key).map_err(TlsError::Key)?;
        PrivateKeyDer::from_pem_slice(text.as_bytes())
            .map_err(|_| TlsError::Key(format!("{} holds no key in PEM form", self.key.display())))
    }

    /// How both files looked; `None` stands for one that is not there.
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [&self.certificate, &self.key]
            .map(|path| std::fs::metadata(path).ok().map(|about| Stamp::of(&about)))
    }
}

/// Tells one state of a file from another. The time of change, unlike that of modification, also
/// moves with permissions and when another file takes the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    changed_at: (i64, i64),
    bytes: u64,
}

impl Stamp {
    fn of(about: &Metadata) -> Self {
        let changed_at = (about.ctime(), about.ctime_nsec());
        Self { inode: about.ino(), changed_at, bytes: about.len() }
    }
}

/// A listener's certificate; handshakes take the current one.
#[derive(Debug)]
pub struct Tls {
    files: CertificateFiles,
    /// How the files looked before they were read last. Held while they are read.
    read: Mutex<[Option<Stamp>; 2]>,
    /// Replaced as a whole, so that no session of an old certificate is resumed under a new one.
    current: RwLock<Arc<ServerConfig>>,
    counts: Arc<ListenerCounts>,
}

impl Tls {
    /// Reads the first certificate.
    pub fn open(files: CertificateFiles, counts: Arc<ListenerCounts>) -> Result<Self, TlsError> {
        let stamps = files.stamps();
        let current = RwLock::new(Arc::new(files.load()?));
        Ok(Self { files, read: Mutex::new(stamps), current, counts })
    }

    /// For the next handshake.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.read()))
    }

    /// Reads the files again. What cannot be used is logged and counted, and the old certificate
    /// stays. Blocks on the disk.
    pub fn reload(&self) {
        let mut read = self.read.lock();
        *read = self.files.stamps();
        self.replace();
    }

    /// The same, unless both files look as they did when they were read last: a faulty pair is
    /// told once.
    pub fn reload_if_changed(&self) {
        let mut read = self.read.lock();
        // Taken before reading: what changes meanwhile is seen at the next look.
        let stamps = self.files.stamps();
        if *read != stamps {
            *read = stamps;
            self.replace();
        }
    }

    fn replace(&self) {
        let certificate = self.files.certificate.display();
        match self.files.load() {
            Ok(config) => {
                *self.current.write() = Arc::new(config);
                self.counts.count(ListenerEvent::Reloaded);
                tracing::info!(%certificate, "a certificate was read again");
            }
            Err(error) => {
                self.counts.count(ListenerEvent::ReloadFailed);
                tracing::error!(%certificate, %error, "a new certificate cannot be used; the old one stays");
            }
        }
    }
}

/// The certificates of all listeners.
#[derive(Clone, Debug)]
pub struct Certificates(Arc<[Arc<Tls>]>);

impl Certificates {
    /// Those of these listeners that have one.
    pub fn of(listeners: impl IntoIterator<Item = Arc<Tls>>) -> Self {
        Self(listeners.into_iter().collect())
    }

    /// Reads all of them again, changed or not.
    pub async fn reload(&self) {
        self.each(Tls::reload).await;
    }

    /// Reads those again whose files changed.
    pub async fn reload_changed(&self) {
        self.each(Tls::reload_if_changed).await;
    }

    async fn each(&self, act: fn(&Tls)) {
        let list = Arc::clone(&self.0);
        // Nothing is handed back: a panic in there has been logged by its hook.
        let _done = tokio::task::spawn_blocking(move || list.iter().for_each(|tls| act(tls))).await;
    }
}
