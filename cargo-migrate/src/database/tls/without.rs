//! A build without TLS: `prefer` goes on without it, and who asks for more is refused when the URL is read.

use std::error::Error;

use migrate_plan::Diagnostic;

use super::{Explained, Roots, Tls};

/// Whether this build has TLS.
pub(super) const BUILT: bool = false;

/// What `tokio-postgres` connects with.
#[cfg(feature = "postgres")]
pub(crate) fn connector(_tls: &Tls) -> Result<tokio_postgres::NoTls, Diagnostic> {
    Ok(tokio_postgres::NoTls)
}

/// What `mysql_async` connects with.
#[cfg(feature = "mysql")]
pub(crate) fn options(_tls: &Tls, _host: &str) -> Result<Option<mysql_async::SslOpts>, Diagnostic> {
    Ok(None)
}

/// The same for a server whose certificate is for another name.
#[cfg(feature = "mysql")]
pub(crate) fn options_for_any_name(options: mysql_async::SslOpts) -> mysql_async::SslOpts {
    options
}

/// Whether a connection failed for TLS.
pub(crate) fn is_tls_failure(_error: &(dyn Error + 'static)) -> bool {
    false
}

/// Whether nothing but the name in the server's certificate was wrong.
#[cfg(feature = "mysql")]
pub(crate) fn is_wrong_name(_error: &(dyn Error + 'static)) -> bool {
    false
}

/// What went wrong in a handshake.
pub(super) fn explain(error: &(dyn Error + 'static), _roots: &Roots) -> Explained {
    Explained { problem: error.to_string(), help: "install cargo-migrate with its default features" }
}
