//! MySQL and MariaDB by URL.

mod backup;
mod scratch;

use std::path::Path;

use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, DriverErrorKind, Error, LiveConnection, quoted_name};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, IoError, Opts, OptsBuilder, SslOpts, UrlError};

use super::tls::{self, Customs, Mode, Tls};
use super::{CONNECT_TIMEOUT, Done, Place};
use crate::interrupt::Cancel;

/// How MySQL's clients take the parameters about TLS.
const CUSTOMS: Customs<'_> = Customs { variable: &|_| None, roots_alone: Mode::VerifyCa };
/// The driver's own parameters about TLS: two ways to say the same could say two things.
const DRIVERS_WORDS: [&str; 4] = ["require_ssl", "verify_ca", "verify_identity", "built_in_roots"];
/// What MySQL says when it takes encrypted connections alone.
const SECURE_TRANSPORT_REQUIRED: u16 = 3159;

/// How long a drop waits for the transactions of others, in seconds; a server's own limit is a day.
const DROP_TIMEOUT: u32 = 5;

/// Where to connect, as whom, and how well protected.
pub(super) struct Config {
    opts: Opts,
    tls: Tls,
}

impl Config {
    /// Reads a URL. What is wrong with one is said without its text, which may hold a password.
    /// Relative paths in it are relative to `base`.
    pub(super) fn parse(url: &str, base: &Path) -> Result<Self, Diagnostic> {
        let invalid = |problem: &str| {
            Diagnostic::new(
                Code::InvalidUrl,
                format!("the MySQL URL cannot be used: {problem}"),
                "write `mysql://user@host:3306/database`; encode special characters of a password, such as `%40` for `@`",
            )
        };
        let (url, tls) = Tls::take(url, base, &CUSTOMS)?;
        let query = url.split_once('?').map_or("", |(_, query)| query);
        if query.split(['&', '=']).any(|word| DRIVERS_WORDS.contains(&word)) {
            return Err(invalid("write `sslmode` for what it says of TLS"));
        }
        let opts = Opts::from_url(&url).map_err(|error| match error {
            UrlError::UnknownParameter { param } => invalid(&format!("its parameter `{param}` is not known here")),
            UrlError::FeatureRequired { .. } => invalid("it has a parameter that is not known here"),
            UrlError::InvalidParamValue { .. } => invalid("a parameter has a value that is not known here"),
            _ => invalid("it is not well formed"),
        })?;
        if opts.db_name().is_none_or(str::is_empty) {
            return Err(invalid("it names no database"));
        }
        // Several statements go to the server at once, so that one message is one round trip.
        let tls = if opts.socket().is_some() { tls.for_socket() } else { tls };
        Ok(Self { opts: OptsBuilder::from_opts(opts).prefer_socket(false).into(), tls })
    }

    /// Engine, host, database, user and TLS; never the password.
    pub(super) fn describe(&self) -> String {
        let opts = &self.opts;
        let host = match opts.socket() {
            Some(socket) => socket.to_owned(),
            None => format!("{}:{}", opts.ip_or_hostname(), opts.tcp_port()),
        };
        let (database, user) = (opts.db_name().unwrap_or_default(), opts.user().unwrap_or("of the system"));
        format!("mysql {host}, database {database}, user {user}{}", self.tls.describe())
    }

    /// The database's name.
    pub(super) fn database(&self) -> &str {
        self.opts.db_name().unwrap_or_default()
    }

    /// Which database it leads to.
    pub(super) fn place(&self) -> Place {
        let host = self.opts.socket().map_or_else(|| Some(self.opts.ip_or_hostname()), |_| None);
        Place::on_server([(host, self.opts.tcp_port())], self.database())
    }

    pub(super) async fn connect(&self) -> Result<Conn, Failure> {
        match tokio::time::timeout(CONNECT_TIMEOUT, self.connect_patiently()).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let problem = format!("no MySQL server answered within {} s", CONNECT_TIMEOUT.as_secs());
                let driver = DriverError::new(DriverErrorKind::Unreachable, problem);
                Err(Error::Driver { doing: "the database cannot be reached", driver }.into())
            }
        }
    }

    async fn connect_patiently(&self) -> Result<Conn, Failure> {
        let options = tls::options(&self.tls, self.opts.ip_or_hostname())?;
        let error = match self.attempt(options.clone()).await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        let outcome = match self.tls.mode() {
            Mode::Prefer if is_not_offered(&error) || is_tls_failure(&error) => self.attempt(None).await,
            Mode::VerifyCa if tls::is_wrong_name(&error) => self.attempt(options.map(tls::options_for_any_name)).await,
            _ => Err(error),
        };
        outcome.map_err(|error| self.failure(error))
    }

    /// With options for TLS the driver refuses to go on without.
    async fn attempt(&self, options: Option<SslOpts>) -> mysql_async::Result<Conn> {
        Conn::new(OptsBuilder::from_opts(self.opts.clone()).ssl_opts(options)).await
    }

    fn failure(&self, error: mysql_async::Error) -> Failure {
        if is_not_offered(&error) {
            return self.tls.not_offered().into();
        }
        if is_tls_failure(&error) {
            return self.tls.failed(&error).into();
        }
        if let mysql_async::Error::Server(server) = &error
            && server.code == SECURE_TRANSPORT_REQUIRED
        {
            return self.tls.demanded(&server.message).into();
        }
        let mut driver = DriverError::from(error);
        if driver.code.is_none() && driver.kind == DriverErrorKind::ConnectionLost {
            driver.kind = DriverErrorKind::Unreachable;
        }
        let failure = Error::Driver { doing: "the database cannot be reached", driver }.into();
        // MariaDB, and MySQL for an account, say of a connection without TLS what they say of a wrong password.
        if self.opts.socket().is_some() { failure } else { self.tls.note_disabled(failure) }
    }
}

/// What makes a statement of the connection end with an error: another connection that asks for it.
pub(super) fn cancel(connection: &Conn) -> Cancel {
    let (opts, id) = (connection.opts().clone(), connection.id());
    Box::new(move || {
        let opts = opts.clone();
        Box::pin(async move {
            // A server that cannot be asked goes on with the statement, and the run stops behind it.
            if let Ok(mut other) = Conn::new(opts).await {
                let _ = other.query_drop(format!("KILL QUERY {id}")).await;
            }
        })
    })
}

/// A connection beside a database.
pub(super) struct Maintenance {
    connection: Conn,
    /// The name of the database that is meant.
    name: String,
}

impl Config {
    /// Connects to the server, and to no database of it.
    pub(super) async fn beside(&self) -> Result<Maintenance, Failure> {
        let name = self.database().to_owned();
        let opts = OptsBuilder::from_opts(self.opts.clone()).db_name(None::<String>).into();
        let connection = Self { opts, tls: self.tls.clone() }.connect().await?;
        Ok(Maintenance { connection, name })
    }
}

impl Maintenance {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn dialect(&self) -> Dialect {
        LiveConnection::dialect(&self.connection)
    }

    pub(super) async fn create(&mut self) -> Result<Done, Failure> {
        let name = quoted_name(self.dialect(), &self.name);
        // What a server takes by default may not hold every character.
        let sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4");
        match LiveConnection::batch_execute(&mut self.connection, &sql).await {
            Ok(()) => Ok(Done::Now),
            Err(error) if error.code.as_deref() == Some("1007") => Ok(Done::Before),
            Err(driver) => Err(Error::Driver { doing: "the database cannot be created", driver }.into()),
        }
    }

    /// Other sessions may stay, but nobody may be in the middle of something.
    pub(super) async fn drop(&mut self) -> Result<Done, Failure> {
        let name = quoted_name(self.dialect(), &self.name);
        let sql = format!("SET SESSION lock_wait_timeout = {DROP_TIMEOUT}; DROP DATABASE {name}");
        match LiveConnection::batch_execute(&mut self.connection, &sql).await {
            Ok(()) => Ok(Done::Now),
            Err(error) if error.code.as_deref() == Some("1008") => Ok(Done::Before),
            Err(error) if error.kind == DriverErrorKind::Busy => {
                let problem = format!("the database stays: {error}");
                Err(Diagnostic::new(Code::InUse, problem, "end the transactions of the other sessions").into())
            }
            Err(driver) => Err(Error::Driver { doing: "the database cannot be dropped", driver }.into()),
        }
    }
}

fn is_not_offered(error: &mysql_async::Error) -> bool {
    matches!(error, mysql_async::Error::Driver(mysql_async::DriverError::NoClientSslFlagFromServer))
}

/// A server that hangs up in the handshake leaves no error of rustls.
fn is_tls_failure(error: &mysql_async::Error) -> bool {
    let hung_up = matches!(error, mysql_async::Error::Io(IoError::Io(io)) if io.to_string().contains("tls handshake"));
    hung_up || tls::is_tls_failure(error)
}
