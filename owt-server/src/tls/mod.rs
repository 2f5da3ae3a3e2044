//! TLS: the certificate that a server shows, which can be exchanged while it serves.

mod self_signed;

use std::fmt::{self, Write};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use rustls::ServerConfig;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use sha2::{Digest, Sha256};

use owt_system::private::FolderError;
use self_signed::SelfSigned;

/// A certificate with its key. [`Tls::reload`] exchanges it; connections go on with what they
/// began with.
pub struct Tls {
    source: Source,
    current: RwLock<Arc<CertifiedKey>>,
}

#[derive(Debug)]
enum Source {
    Files { certificate: PathBuf, key: PathBuf },
    SelfSigned(SelfSigned),
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// No certificates.
    #[error("{} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)", .0.display())]
    NoCertificate(PathBuf),
    /// No key, or one that is encrypted.
    #[error(
        "{} holds no private key in PEM (-----BEGIN PRIVATE KEY-----); one with a passphrase is \
         written without by: openssl pkey -in FILE -out FILE",
        .0.display()
    )]
    NoKey(PathBuf),
    /// One is not the other's, or of a kind that is not known.
    #[error("{} and {} cannot be used together: {source}", certificate.display(), key.display())]
    Pair {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// Why.
        source: rustls::Error,
    },
    /// A name that no certificate can hold.
    #[error("{0:?} is neither a host's name nor an IP address, as a certificate needs it")]
    Name(String),
    /// A certificate cannot be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
    /// The folder of made certificates is not safe.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A made certificate cannot be kept.
    #[error("cannot keep a certificate in {}: {source}", folder.display())]
    Keep {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Tls {
    /// The certificate of that file, with the chain below it, and its key; both in PEM.
    ///
    /// # Errors
    /// One cannot be read, or they are not a pair.
    pub fn from_files(certificate: PathBuf, key: PathBuf) -> Result<Self, TlsError> {
        Self::new(Source::Files { certificate, key })
    }

    /// A certificate that is its own issuer, for a server that listens on that address: for
    /// `localhost`, the machine's name, the addresses it is reached by, and these other names.
    /// It is kept in that folder, so that the next server has the same.
    ///
    /// # Errors
    /// It cannot be made or kept; others could write to the folder.
    pub fn self_signed(
        folder: PathBuf,
        address: IpAddr,
        names: Vec<String>,
    ) -> Result<Self, TlsError> {
        Self::new(Source::SelfSigned(SelfSigned { folder, address, names }))
    }

    fn new(source: Source) -> Result<Self, TlsError> {
        let current = RwLock::new(Arc::new(source.load()?));
        Ok(Self { source, current })
    }

    /// The certificate's file.
    #[must_use]
    pub fn certificate(&self) -> PathBuf {
        match &self.source {
            Source::Files { certificate, .. } => certificate.clone(),
            Source::SelfSigned(made) => made.certificate(),
        }
    }

    /// The certificate's SHA-256, as browsers show it: `1F:3A:…`.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let current = self.current.read();
        let digest = Sha256::digest(current.cert.first().map_or(&[][..], AsRef::as_ref));
        let mut text = String::new();
        for byte in digest {
            // Writing to a text does not fail.
            let _ = write!(text, "{}{byte:02X}", if text.is_empty() { "" } else { ":" });
        }
        text
    }

    /// Reads the files again, or renews what is made here if it ends soon.
    ///
    /// # Errors
    /// They cannot be used; then the old ones stay.
    pub fn reload(&self) -> Result<(), TlsError> {
        let new = Arc::new(self.source.load()?);
        *self.current.write() = new;
        Ok(())
    }

    /// What a listener needs: TLS 1.2 and 1.3.
    pub(crate) fn config(self: &Arc<Self>) -> Result<ServerConfig, rustls::Error> {
        let resolver = Arc::clone(self) as Arc<dyn ResolvesServerCert>;
        Ok(ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(resolver))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("source", &self.source).finish_non_exhaustive()
    }
}

impl ResolvesServerCert for Tls {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.current.read()))
    }
}

impl Source {
    fn load(&self) -> Result<CertifiedKey, TlsError> {
        match self {
            Self::Files { certificate, key } => read(certificate, key),
            Self::SelfSigned(made) => made.load(),
        }
    }
}

fn provider() -> CryptoProvider {
    ring::default_provider()
}

fn read(certificate: &Path, key: &Path) -> Result<CertifiedKey, TlsError> {
    let bytes = |path: &Path| {
        std::fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
    };
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&bytes(certificate)?)
        .collect::<Result<_, _>>()
        .map_err(|_| TlsError::NoCertificate(certificate.to_owned()))?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    // What the parser says could hold a part of the key.
    let private =
        PrivateKeyDer::from_pem_slice(&bytes(key)?).map_err(|_| TlsError::NoKey(key.to_owned()))?;
    CertifiedKey::from_der(chain, private, &provider()).map_err(|source| TlsError::Pair {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    })
}
