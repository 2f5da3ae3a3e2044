//! Makes a certificate that is its own issuer, for a local network where nobody else would issue
//! one.

use std::fs::File;
use std::io;
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use if_addrs::get_if_addrs;
use rcgen::{
    CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use tempfile::NamedTempFile;

use super::{TlsError, provider, read};
use owt_system::private;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How long it is valid; browsers refuse what is valid for much longer than a year.
const VALID: Duration = DAY.saturating_mul(397);
/// How long before its end it is made anew.
const AHEAD: Duration = DAY.saturating_mul(7);
/// It begins that much earlier, for clients whose clocks are late.
const LATE: Duration = DAY;

/// Whom it is for, and where it is kept.
#[derive(Debug)]
pub(super) struct SelfSigned {
    pub folder: PathBuf,
    /// What the server listens on.
    pub address: IpAddr,
    /// Other names that the server is reached by.
    pub names: Vec<String>,
}

impl SelfSigned {
    pub fn certificate(&self) -> PathBuf {
        self.folder.join("cert.pem")
    }

    fn key(&self) -> PathBuf {
        self.folder.join("key.pem")
    }

    /// The kept one if it is good for another while, else a new one.
    ///
    /// # Errors
    /// It cannot be made or kept.
    pub fn load(&self) -> Result<CertifiedKey, TlsError> {
        private::folder(&self.folder)?;
        let keep = |source| TlsError::Keep { folder: self.folder.clone(), source };
        let names = names(self.address, &self.names)?;
        // Of two servers that start at once, one makes it and the other finds it.
        let folder = File::open(&self.folder).map_err(keep)?;
        folder.lock().map_err(keep)?;
        match read(&self.certificate(), &self.key()) {
            Ok(kept) if is_good(&kept, &names) => return Ok(kept),
            Ok(_) | Err(TlsError::Read { .. }) => {}
            Err(error) => tracing::warn!(%error, "a kept certificate is made anew"),
        }
        let (certificate, key) = make(&names)?;
        put(&self.folder, &self.key(), &key).map_err(keep)?;
        put(&self.folder, &self.certificate(), &certificate).map_err(keep)?;
        read(&self.certificate(), &self.key())
    }
}

/// What clients on this machine and others on its network may call it.
fn names(address: IpAddr, more: &[String]) -> Result<Vec<ServerName<'static>>, TlsError> {
    let loopback = [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()];
    let mut texts = vec!["localhost".to_owned()];
    let uname = rustix::system::uname();
    // A machine may be called what is no name in a URL.
    let host = uname.nodename().to_str().ok().filter(|host| ServerName::try_from(*host).is_ok());
    texts.extend(host.map(str::to_owned));
    texts.extend(loopback.iter().map(IpAddr::to_string));
    if address.is_unspecified() {
        let interfaces = get_if_addrs().unwrap_or_else(|error| {
            tracing::warn!(%error, "the certificate is not for this machine's addresses");
            Vec::new()
        });
        let reached = interfaces.iter().map(if_addrs::Interface::ip).filter(|ip| match ip {
            IpAddr::V4(ip) => !ip.is_link_local(),
            IpAddr::V6(ip) => address.is_ipv6() && !ip.is_unicast_link_local(),
        });
        texts.extend(reached.map(|ip| ip.to_string()));
    } else {
        texts.push(address.to_canonical().to_string());
    }
    texts.extend(more.iter().map(|name| name.to_ascii_lowercase()));
    texts.sort_unstable();
    texts.dedup();
    let name = |text: String| ServerName::try_from(text.clone()).map_err(|_| TlsError::Name(text));
    texts.into_iter().map(name).collect()
}

/// True when clients that trust it will take it for each of these names for another while.
fn is_good(kept: &CertifiedKey, names: &[ServerName<'_>]) -> bool {
    let Ok(certificate) = kept.end_entity_cert() else { return false };
    let Ok(parsed) = ParsedCertificate::try_from(certificate) else { return false };
    let mut roots = RootCertStore::empty();
    if roots.add(certificate.clone().into_owned()).is_err() {
        return false;
    }
    let algorithms = provider().signature_verification_algorithms.all;
    let holds = |moment: SystemTime| {
        let since = moment.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let moment = UnixTime::since_unix_epoch(since);
        verify_server_cert_signed_by_trust_anchor(&parsed, &roots, &[], moment, algorithms).is_ok()
    };
    names.iter().all(|name| verify_server_name(&parsed, name).is_ok())
        && holds(SystemTime::now())
        && holds(SystemTime::now() + AHEAD)
}

/// A certificate and its key, in PEM.
fn make(names: &[ServerName<'_>]) -> Result<(String, String), TlsError> {
    let names: Vec<String> = names.iter().map(|name| name.to_str().into_owned()).collect();
    let now = SystemTime::now();
    let mut about = CertificateParams::new(names)?;
    about.distinguished_name = DistinguishedName::new();
    about.distinguished_name.push(DnType::CommonName, "owt, signed by itself");
    about.not_before = (now - LATE).into();
    about.not_after = (now + VALID).into();
    // Whoever trusts it trusts nothing else by it.
    about.is_ca = IsCa::ExplicitNoCa;
    about.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    about.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate()?;
    Ok((about.self_signed(&key)?.pem(), key.serialize_pem()))
}

/// Writes a whole file or none, for its owner alone.
fn put(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}
