//! PostgreSQL by URL.

mod backup;
mod scratch;

pub(super) use scratch::{SchemaMaintenance, Scratch};

use std::path::Path;
use std::sync::Arc;

use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, DriverErrorKind, Error, LiveConnection, quoted_name};
use tokio_postgres::config::{Host, SslMode, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::{MakeTlsConnect, TlsConnect};
use tokio_postgres::{Client, NoTls, Socket};

use super::tls::{self, Customs, Mode, Tls};
use super::{CONNECT_TIMEOUT, Done, Others, Place};
use crate::interrupt::{Cancel, Cancelling};

/// How libpq takes the parameters about TLS.
const CUSTOMS: Customs<'_> = Customs { variable: &|name| std::env::var(name).ok(), roots_alone: Mode::Prefer };

/// Where a server listens that says nothing else.
const DEFAULT_PORT: u16 = 5432;

/// Where to connect, as whom, and how well protected.
pub(super) struct Config {
    driver: tokio_postgres::Config,
    tls: Tls,
}

impl Config {
    /// Reads a URL. What is wrong with one is said without its text, which may hold a password.
    /// Relative paths in it are relative to `base`.
    pub(super) fn parse(url: &str, base: &Path) -> Result<Self, Diagnostic> {
        let invalid = |problem: &str| {
            Diagnostic::new(
                Code::InvalidUrl,
                format!("the PostgreSQL URL cannot be used: {problem}"),
                "write `postgres://user@host:5432/database`; encode special characters of a password, such as `%40` for `@`",
            )
        };
        let (url, tls) = Tls::take(url, base, &CUSTOMS)?;
        let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| {
            invalid(if cause(&error).as_deref().is_some_and(|cause| cause.contains("unknown option")) {
                "it has a parameter that is not known here"
            } else {
                "it is not well formed"
            })
        })?;
        if config.get_hosts().is_empty() {
            return Err(invalid("it names no host"));
        }
        // An `@` of a password that is not encoded would make its end a part of the host.
        if config.get_hosts().iter().any(|host| matches!(host, Host::Tcp(name) if name.contains('@'))) {
            return Err(invalid("its host holds an `@`"));
        }
        let on_sockets = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        let tls = if on_sockets { tls.for_socket() } else { tls };
        if config.get_ssl_negotiation() == SslNegotiation::Direct && tls.mode() < Mode::Require {
            return Err(invalid("`sslnegotiation=direct` needs `sslmode=require` or more"));
        }
        config.ssl_mode(match tls.mode() {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("cargo-migrate");
        }
        Ok(Self { driver: config, tls })
    }

    /// Engine, host, database, user and TLS; never the password.
    pub(super) fn describe(&self) -> String {
        let hosts: Vec<String> = self
            .driver
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(index, host)| {
                let ports = self.driver.get_ports();
                let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(path) => format!("{} port {port}", path.display()),
                }
            })
            .collect();
        let user = self.driver.get_user().unwrap_or("of the system");
        let database = self.driver.get_dbname().or(self.driver.get_user()).unwrap_or("of the user");
        format!("postgres {}, database {database}, user {user}{}", hosts.join(", "), self.tls.describe())
    }

    /// The database's name.
    pub(super) fn database(&self) -> &str {
        self.driver.get_dbname().or(self.driver.get_user()).unwrap_or_default()
    }

    /// Which database it leads to.
    pub(super) fn place(&self) -> Place {
        let ports = self.driver.get_ports();
        let hosts = self.driver.get_hosts().iter().enumerate().map(|(index, host)| {
            let port = ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT);
            match host {
                Host::Tcp(name) => (Some(name.as_str()), port),
                #[cfg(unix)]
                Host::Unix(_) => (None, port),
            }
        });
        Place::on_server(hosts, self.database())
    }

    pub(super) async fn connect(&self) -> Result<Session, Failure> {
        let outcome = match self.tls.mode() {
            // A socket has no name, and the connector wants one even for a connection without TLS.
            Mode::Disable => session(&self.driver, NoTls).await,
            mode => match session(&self.driver, tls::connector(&self.tls)?).await {
                Err(error) if mode == Mode::Prefer && may_succeed_without_tls(&error) => {
                    session(self.driver.clone().ssl_mode(SslMode::Disable), NoTls).await
                }
                outcome => outcome,
            },
        };
        outcome.map_err(|error| self.failure(error))
    }

    fn failure(&self, error: tokio_postgres::Error) -> Failure {
        if is_tls_failure(&error) {
            let offered = !cause(&error).is_some_and(|cause| cause.contains("does not support TLS"));
            return if offered { self.tls.failed(&error) } else { self.tls.not_offered() }.into();
        }
        let mut driver = DriverError::from(error);
        // Servers before 14 have the other words, and those in other languages are left as they are.
        let demanded = ["no encryption", "SSL off"].iter().any(|words| driver.message.contains(words));
        if demanded && self.tls.mode() < Mode::Require {
            return self.tls.demanded(&driver.message).into();
        }
        if driver.code.is_none() && driver.kind == DriverErrorKind::ConnectionLost {
            driver.kind = DriverErrorKind::Unreachable;
        }
        Error::Driver { doing: "the database cannot be reached", driver }.into()
    }
}

/// The databases beside which another one is created, the first that is there.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// A connection beside a database.
pub(super) struct Maintenance {
    session: Session,
    /// The name of the database that is meant.
    name: String,
}

impl Config {
    /// Connects beside the database.
    pub(super) async fn beside(&self) -> Result<Maintenance, Failure> {
        let name = self.database().to_owned();
        let mut failed = None;
        for database in MAINTENANCE.into_iter().filter(|database| *database != name) {
            let mut driver = self.driver.clone();
            driver.dbname(database);
            match (Self { driver, tls: self.tls.clone() }).connect().await {
                Ok(session) => return Ok(Maintenance { session, name }),
                Err(failure) if failure.diagnostics.iter().any(|found| found.code == Code::MissingDatabase) => {
                    failed = failed.or(Some(failure));
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(failed.unwrap_or_default())
    }
}

impl Maintenance {
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) async fn create(&mut self) -> Result<Done, Failure> {
        let sql = format!("CREATE DATABASE {}", quoted_name(Dialect::Postgres, &self.name));
        match self.session.client().batch_execute(&sql).await {
            Ok(()) => Ok(Done::Now),
            Err(error) if error.code.as_deref() == Some("42P04") => Ok(Done::Before),
            Err(driver) => Err(Error::Driver { doing: "the database cannot be created", driver }.into()),
        }
    }

    pub(super) async fn drop(&mut self, others: Others) -> Result<Done, Failure> {
        let force = match others {
            Others::Stay => "",
            Others::Ended => " WITH (FORCE)",
        };
        let sql = format!("DROP DATABASE {}{force}", quoted_name(Dialect::Postgres, &self.name));
        match self.session.client().batch_execute(&sql).await {
            Ok(()) => Ok(Done::Now),
            Err(error) if error.code.as_deref() == Some("3D000") => Ok(Done::Before),
            Err(error) if error.code.as_deref() == Some("55006") => {
                let help = "end the other sessions, or write `--force`, which ends them";
                let mut refusal = Diagnostic::new(Code::InUse, format!("the database stays: {error}"), help);
                refusal.notes.extend(error.detail);
                Err(refusal.into())
            }
            Err(driver) => Err(Error::Driver { doing: "the database cannot be dropped", driver }.into()),
        }
    }
}

async fn session<T>(config: &tokio_postgres::Config, tls: T) -> Result<Session, tokio_postgres::Error>
where
    T: MakeTlsConnect<Socket, Stream: Send + 'static> + Clone + Send + Sync + 'static,
    T::TlsConnect: Send,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    let (client, connection) = config.connect(tls.clone()).await?;
    let token = client.cancel_token();
    let cancel: Arc<dyn Fn() -> Cancelling + Send + Sync> = Arc::new(move || {
        let (token, tls) = (token.clone(), tls.clone());
        // A server that cannot be asked goes on with the statement, and the run stops behind it.
        Box::pin(async move { drop(token.cancel_query(tls).await) })
    });
    // Its errors reach the client, which reports them.
    let task = tokio::spawn(async move { drop(connection.await) });
    Ok(Session { client, cancel, _task: task })
}

/// The handshake failed, or the server admits this user without TLS alone.
fn may_succeed_without_tls(error: &tokio_postgres::Error) -> bool {
    is_tls_failure(error) || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// The driver's own errors of this kind can be told by their text alone; later than in the handshake come those of rustls.
fn is_tls_failure(error: &tokio_postgres::Error) -> bool {
    error.to_string().contains("TLS handshake") || tls::is_tls_failure(error)
}

fn cause(error: &tokio_postgres::Error) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}

/// A connection with the task that serves it.
pub(crate) struct Session {
    client: Client,
    cancel: Arc<dyn Fn() -> Cancelling + Send + Sync>,
    _task: tokio::task::JoinHandle<()>,
}

impl Session {
    /// What makes a statement of the connection end with an error, by the way that the protocol has for it.
    pub(super) fn cancel(&self) -> Cancel {
        let cancel = Arc::clone(&self.cancel);
        Box::new(move || cancel())
    }

    pub(super) fn client(&mut self) -> &mut dyn LiveConnection {
        &mut self.client
    }
}
