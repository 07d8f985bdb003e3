//! TLS by rustls, with ring: what the drivers are given, and what its errors mean.
//!
//! A handshake proves in every mode that the server holds the key of the certificate that it shows. Without that, one who
//! stands between could show the true server's certificate, and channel binding, which looks at no more, would pass.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use migrate_plan::{Code, Diagnostic};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use super::{Explained, Identity, Mode, Roots, Tls};

/// Whether this build has TLS.
pub(super) const BUILT: bool = true;

/// A host that no certificate names; see [`options_for_any_name`].
#[cfg(feature = "mysql")]
const ANY_NAME: &str = "NotValidForName.invalid";

/// What `tokio-postgres` connects with.
#[cfg(feature = "postgres")]
pub(crate) fn connector(tls: &Tls) -> Result<tokio_postgres_rustls_improved::MakeRustlsConnect, Diagnostic> {
    let mut config = client_config(tls)?;
    // Servers that are called without their own request for TLS, by `sslnegotiation=direct`, want it.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(tokio_postgres_rustls_improved::MakeRustlsConnect::new(config))
}

/// What `mysql_async` connects with; nothing for a connection without TLS.
#[cfg(feature = "mysql")]
pub(crate) fn options(tls: &Tls, host: &str) -> Result<Option<mysql_async::SslOpts>, Diagnostic> {
    use mysql_async::{ClientIdentity, SslOpts};

    if tls.mode == Mode::Disable {
        return Ok(None);
    }
    // The driver reads the files again, and says less about what is wrong with them.
    client_config(tls)?;
    // The driver takes an IPv6 address with the brackets of a URL for a name.
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let options = SslOpts::default().with_danger_tls_hostname_override(Some(host)).with_client_identity(
        tls.identity
            .as_ref()
            .map(|Identity { certificates, key }| ClientIdentity::new(certificates.clone().into(), key.clone().into())),
    );
    Ok(Some(match tls.mode {
        Mode::VerifyCa | Mode::VerifyFull => options
            .with_disable_built_in_roots(true)
            .with_root_certs(certificates(&tls.roots)?.into_iter().map(|root| root.to_vec().into()).collect()),
        _ => options.with_danger_accept_invalid_certs(true),
    }))
}

/// The same for a server whose certificate is for another name, which `verify-ca` takes.
///
/// The driver forgives a wrong name if the error's text holds `NotValidForName`, which rustls no longer writes: it writes
/// the name that was wanted. A wanted name with that word in it brings the forgiveness back. The chain of signatures is
/// looked at before any name, and its errors quote none.
#[cfg(feature = "mysql")]
pub(crate) fn options_for_any_name(options: mysql_async::SslOpts) -> mysql_async::SslOpts {
    options.with_danger_skip_domain_validation(true).with_danger_tls_hostname_override(Some(ANY_NAME))
}

/// Whether a connection failed for TLS, so that one without could succeed.
pub(crate) fn is_tls_failure(error: &(dyn Error + 'static)) -> bool {
    rustls_error(error).is_some()
}

/// Whether nothing but the name in the server's certificate was wrong.
#[cfg(feature = "mysql")]
pub(crate) fn is_wrong_name(error: &(dyn Error + 'static)) -> bool {
    matches!(
        rustls_error(error),
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        ))
    )
}

/// What went wrong in a handshake, and how to mend it.
pub(super) fn explain(error: &(dyn Error + 'static), roots: &Roots) -> Explained {
    use CertificateError as Certificate;
    let Some(error) = rustls_error(error) else {
        let problem = format!("the TLS handshake failed: {}", innermost(error));
        return Explained { problem, help: "look into the server's log, and see that its TLS is set up" };
    };
    match error {
        rustls::Error::InvalidCertificate(Certificate::UnknownIssuer) => Explained {
            problem: "the server's certificate is not trusted: its issuer is unknown".to_owned(),
            help: match roots {
                Roots::System => "name the certificate of its authority: `sslrootcert=/path/ca.pem`",
                Roots::File(_) => "see that host and port are those of your server, and the file that of its authority",
            },
        },
        rustls::Error::InvalidCertificate(Certificate::NotValidForNameContext { expected, presented }) => Explained {
            problem: format!("the server's certificate is not for `{}`, {}", expected.to_str(), hosts(presented)),
            help: "write a host that the certificate names, or `sslmode=verify-ca`, which does not look at the name",
        },
        rustls::Error::InvalidCertificate(problem) => Explained {
            problem: format!("the server's certificate cannot be used: {problem}"),
            help: "give it one of version 3 that is valid now, signed by an authority and none itself (`CA:FALSE`)",
        },
        rustls::Error::AlertReceived(_) => Explained {
            problem: format!("the server ended the TLS handshake: {error}"),
            help: "look into its log; a server that wants to see a certificate gets it by `sslcert` and `sslkey`",
        },
        other => Explained {
            problem: format!("the TLS handshake failed: {other}"),
            help: "look into the server's log, and see that its TLS is set up",
        },
    }
}

/// The hosts of a certificate, which rustls gives as it would print them for itself.
fn hosts(presented: &[String]) -> String {
    let bare = |host: &String| {
        let host = host.strip_prefix("DnsName(\"").and_then(|host| host.strip_suffix("\")")).unwrap_or(host);
        format!("`{host}`")
    };
    match presented {
        [] => "and names no host as `subjectAltName`".to_owned(),
        hosts => format!("but for {}", hosts.iter().map(bare).collect::<Vec<_>>().join(", ")),
    }
}

/// What rustls said, wherever the drivers have put it.
fn rustls_error<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

fn innermost<'e>(error: &'e (dyn Error + 'static)) -> &'e (dyn Error + 'static) {
    causes(error).last().unwrap_or(error)
}

/// An error and its causes; the one inside of an I/O error is not its source, but that error itself.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'e (dyn Error + 'static)| {
        let error: &'e (dyn Error + 'static) = *error;
        match error.downcast_ref::<std::io::Error>() {
            Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// What a connection is made with; the files that it needs are read here.
fn client_config(tls: &Tls) -> Result<ClientConfig, Diagnostic> {
    build(tls).map_err(|problem| problem.because(format!("{} needs it", tls.asked)))
}

fn build(tls: &Tls) -> Result<ClientConfig, Diagnostic> {
    // mysql_async takes the provider of the process.
    let _ = ring::default_provider().install_default();
    let builder = ClientConfig::builder();
    let provider = builder.crypto_provider().clone();
    let verifier = |roots| Arc::new(AnyName { roots, provider });
    let builder = match tls.mode {
        Mode::VerifyFull => builder.with_root_certificates(root_store(&tls.roots)?),
        Mode::VerifyCa => builder.dangerous().with_custom_certificate_verifier(verifier(Some(root_store(&tls.roots)?))),
        _ => builder.dangerous().with_custom_certificate_verifier(verifier(None)),
    };
    let Some(Identity { certificates, key }) = tls.identity.as_ref().filter(|_| tls.mode > Mode::Disable) else {
        return Ok(builder.with_no_client_auth());
    };
    let private_key = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| {
        unusable(
            &format!("`{}` holds no private key that can be used", key.display()),
            "give the key in PEM, without a password",
        )
    })?;
    builder.with_client_auth_cert(in_file(certificates)?, private_key).map_err(|error| {
        unusable(
            &format!("`{}` and `{}` cannot be used: {error}", certificates.display(), key.display()),
            "give a certificate and the key that it was made for",
        )
    })
}

fn root_store(roots: &Roots) -> Result<RootCertStore, Diagnostic> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(roots)? {
        // Each has been added once before.
        let _ = store.add(certificate);
    }
    Ok(store)
}

/// The certificates of roots, at least one, all of them usable.
fn certificates(roots: &Roots) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let is_usable = |certificate: &CertificateDer<'static>| RootCertStore::empty().add(certificate.clone()).is_ok();
    match roots {
        Roots::File(path) => {
            let certificates = in_file(path)?;
            if !certificates.iter().all(is_usable) {
                let problem = format!("`{}` holds a certificate that cannot be used", path.display());
                return Err(unusable(&problem, "give certificates of authorities in PEM"));
            }
            Ok(certificates)
        }
        Roots::System => {
            // Systems carry odd ones along, and one missing file is no reason to do without the others.
            let mut found = rustls_native_certs::load_native_certs();
            found.certs.retain(is_usable);
            if found.certs.is_empty() {
                let why = found.errors.first().map(|error| format!(": {error}")).unwrap_or_default();
                let problem = format!("this system has no root certificates{why}");
                return Err(unusable(
                    &problem,
                    "install them, such as `ca-certificates`, or write `sslrootcert=/path/ca.pem`",
                ));
            }
            Ok(found.certs)
        }
    }
}

fn in_file(path: &Path) -> Result<Vec<CertificateDer<'static>>, Diagnostic> {
    let text = read(path)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    certificates.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(|| {
        unusable(&format!("`{}` holds no certificate that can be read", path.display()), "give certificates in PEM")
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    std::fs::read(path).map_err(|error| {
        unusable(
            &format!("`{}` cannot be read: {error}", path.display()),
            "check `sslrootcert`, `sslcert` and `sslkey`",
        )
    })
}

fn unusable(problem: &str, help: &str) -> Diagnostic {
    Diagnostic::new(Code::TlsRefused, problem, help)
}

/// Looks at whose certificate it is, if roots are given, and not at its name.
#[derive(Debug)]
struct AnyName {
    roots: Option<RootCertStore>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _revocation: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Some(roots) = &self.roots {
            verify_server_cert_signed_by_trust_anchor(
                &ParsedCertificate::try_from(certificate)?,
                roots,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
