//! PostgreSQL by URL.

use std::time::Duration;

use migrate_plan::{Code, Diagnostic};
use migrate_runtime::cli::Failure;
use migrate_runtime::{DriverError, Error, LiveConnection};
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, NoTls};

/// How long a server may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where to connect, and as whom.
pub(super) struct Config(tokio_postgres::Config);

impl Config {
    /// Reads a URL. What is wrong with one is said without its text, which may hold a password.
    pub(super) fn parse(url: &str) -> Result<Self, Diagnostic> {
        let invalid = |problem: &str| {
            Diagnostic::new(
                Code::InvalidUrl,
                format!("the PostgreSQL URL cannot be used: {problem}"),
                "write `postgres://user@host:5432/database`; encode special characters of a password, such as `%40` for `@`",
            )
        };
        let mut config: tokio_postgres::Config = url.parse().map_err(|error: tokio_postgres::Error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            invalid(if cause.as_deref().is_some_and(|cause| cause.contains("unknown option")) {
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
        if config.get_ssl_mode() == SslMode::Require {
            return Err(Diagnostic::new(
                Code::DriverNotBuilt,
                "`sslmode=require` is asked for, and this version connects without TLS",
                "embed the migrations in an application whose own connection uses TLS",
            ));
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("cargo-migrate");
        }
        Ok(Self(config))
    }

    /// Engine, host, database and user; never the password.
    pub(super) fn describe(&self) -> String {
        let hosts: Vec<String> = self
            .0
            .get_hosts()
            .iter()
            .enumerate()
            .map(|(index, host)| {
                let ports = self.0.get_ports();
                let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
                match host {
                    Host::Tcp(name) => format!("{name}:{port}"),
                    #[cfg(unix)]
                    Host::Unix(path) => format!("{} port {port}", path.display()),
                }
            })
            .collect();
        let user = self.0.get_user().unwrap_or("of the system");
        let database = self.0.get_dbname().or(self.0.get_user()).unwrap_or("of the user");
        format!("postgres {}, database {database}, user {user}", hosts.join(", "))
    }

    pub(super) async fn connect(&self) -> Result<Session, Failure> {
        let (client, connection) = self.0.connect(NoTls).await.map_err(failure)?;
        // Its errors reach the client, which reports them.
        let task = tokio::spawn(async move { drop(connection.await) });
        Ok(Session { client, _task: task })
    }
}

/// A connection with the task that serves it.
pub(crate) struct Session {
    client: Client,
    _task: tokio::task::JoinHandle<()>,
}

impl Session {
    pub(super) fn client(&mut self) -> &mut dyn LiveConnection {
        &mut self.client
    }
}

fn failure(error: tokio_postgres::Error) -> Failure {
    let mut driver = DriverError::from(error);
    if driver.code.is_none() && driver.kind == migrate_runtime::DriverErrorKind::ConnectionLost {
        driver.kind = migrate_runtime::DriverErrorKind::Unreachable;
    }
    Error::Driver { doing: "the database cannot be reached", driver }.into()
}
