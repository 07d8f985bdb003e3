//! MySQL and MariaDB by URL.

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, DriverErrorKind, Error};
use mysql_async::{Conn, Opts, OptsBuilder, UrlError};

/// Where to connect, and as whom.
pub(super) struct Config(Opts);

impl Config {
    /// Reads a URL. What is wrong with one is said without its text, which may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, Diagnostic> {
        let invalid = |problem: &str| {
            Diagnostic::new(
                Code::InvalidUrl,
                format!("the MySQL URL cannot be used: {problem}"),
                "write `mysql://user@host:3306/database`; encode special characters of a password, such as `%40` for `@`",
            )
        };
        let opts = Opts::from_url(url).map_err(|error| match error {
            UrlError::UnknownParameter { .. } | UrlError::FeatureRequired { .. } => {
                invalid("it has a parameter that is not known here")
            }
            UrlError::InvalidParamValue { .. } => invalid("a parameter has a value that is not known here"),
            _ => invalid("it is not well formed"),
        })?;
        if opts.db_name().is_none_or(str::is_empty) {
            return Err(invalid("it names no database"));
        }
        // Several statements go to the server at once, so that one message is one round trip.
        Ok(Self(OptsBuilder::from_opts(opts).prefer_socket(false).into()))
    }

    /// Engine, host, database and user; never the password.
    pub(super) fn describe(&self) -> String {
        let opts = &self.0;
        let host = match opts.socket() {
            Some(socket) => socket.to_owned(),
            None => format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port()),
        };
        let (database, user) = (opts.db_name().unwrap_or_default(), opts.user().unwrap_or("of the system"));
        format!("mysql {host}, database {database}, user {user}")
    }

    pub(super) async fn connect(&self) -> Result<Conn, Failure> {
        Conn::new(self.0.clone()).await.map_err(failure)
    }
}

fn failure(error: mysql_async::Error) -> Failure {
    let mut driver = DriverError::from(error);
    if driver.code.is_none() && driver.kind == DriverErrorKind::ConnectionLost {
        driver.kind = DriverErrorKind::Unreachable;
    }
    Error::Driver { doing: "the database cannot be reached", driver }.into()
}
