//! Private MariaDB servers that start in a moment and never outlive the test process.

mod binaries;
mod client;
mod engine;
mod template;

use std::ffi::OsString;
use std::path::Path;
use std::sync::OnceLock;

use client::Client;

use crate::server::{Instance, database_name, give_secret, missing_engine};

pub use binaries::Binaries;

/// The superuser of every server, trusted on the Unix socket and on 127.0.0.1.
pub const SUPERUSER: &str = "root";
/// A login that exists in every server and always has to show its password. It may enter every
/// database and make temporary tables there, and needs a grant for anything else.
pub const APP_LOGIN: &str = "app_login";
/// The password of [`APP_LOGIN`].
pub const APP_PASSWORD: &str = "app-secret";

/// The Debian package that brings the server.
const DEBIAN_PACKAGE: &str = "mariadb-server";
/// The database that every server has, and no test writes to.
const SYSTEM_DATABASE: &str = "mysql";

/// A running private server; it stops and its directory disappears when this value is dropped or
/// the process ends, in whatever way it ends.
#[derive(Debug)]
pub struct Server {
    client: Client,
    instance: Instance,
}

impl Server {
    /// Starts a server with the binaries that [`Binaries::find`] finds.
    ///
    /// # Errors
    ///
    /// When there are no binaries, or the server does not come up; the text holds its log.
    pub fn start() -> Result<Self, String> {
        let binaries = Binaries::find().ok_or_else(|| "no MariaDB binaries found".to_owned())?;
        Self::start_with(&binaries)
    }

    /// Starts a server with these binaries.
    ///
    /// # Errors
    ///
    /// When the server does not come up; the text holds its log.
    pub fn start_with(binaries: &Binaries) -> Result<Self, String> {
        Self::start_as_node(binaries, Vec::new())
    }

    /// Starts a server with these binaries, and with the arguments that make it a node of a cluster.
    pub(crate) fn start_as_node(binaries: &Binaries, arguments: Vec<OsString>) -> Result<Self, String> {
        Ok(Self::over(binaries, Instance::start_with(&template::recipe(binaries), arguments)?))
    }

    /// Starts a server that offers TLS, and that asks those who have one for a certificate of this authority; the key
    /// becomes a file of the server's account.
    ///
    /// # Errors
    ///
    /// When there are no binaries, or the server does not come up; the text holds its log.
    pub fn start_with_tls(certificate: &Path, key: &Path, authority: &Path) -> Result<Self, String> {
        let binaries = Binaries::find().ok_or_else(|| "no MariaDB binaries found".to_owned())?;
        give_secret(&engine::MARIADB, key)?;
        let more = engine::tls_arguments(certificate, key, authority);
        Ok(Self::over(&binaries, Instance::start_with(&template::recipe(&binaries), more)?))
    }

    fn over(binaries: &Binaries, instance: Instance) -> Self {
        let client =
            Client { program: binaries.client.clone(), socket: engine::socket(instance.home()), port: instance.port() };
        Self { client, instance }
    }

    /// The one server that all tests of this process share, started at the first call.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Result<Server, String>> = OnceLock::new();
        match SHARED.get_or_init(Self::start) {
            Ok(server) => server,
            Err(text) => panic!("the shared MariaDB server did not start: {text}"),
        }
    }

    /// Makes an empty database with a name that no other database of this process has.
    ///
    /// # Panics
    ///
    /// When the server refuses.
    pub fn create_database(&self) -> Database {
        let name = database_name();
        if let Err(text) = self.client.sql(SYSTEM_DATABASE, &format!("CREATE DATABASE {name};")) {
            panic!("could not create the database {name}: {text}");
        }
        Database { client: self.client.clone(), name }
    }

    /// The TCP port on 127.0.0.1; it stays the same over [`Server::restart`].
    pub fn port(&self) -> u16 {
        self.client.port
    }

    /// The path of the Unix socket.
    pub fn socket(&self) -> &Path {
        &self.client.socket
    }

    /// The process id of the server, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// What the server has logged so far.
    pub fn log(&self) -> String {
        self.instance.log()
    }

    /// The URL of a database of this server for the superuser, over TCP.
    pub fn superuser_url(&self, database: &str) -> String {
        self.client.url(SUPERUSER, None, database)
    }

    /// The URL of a database of this server for a role with a password, over TCP.
    pub fn login_url(&self, database: &str, role: &str, password: &str) -> String {
        self.client.url(role, Some(password), database)
    }

    /// Runs SQL as the superuser, each statement in its own transaction, and returns the rows
    /// without headers, columns parted by `|` and nulls as `NULL`.
    ///
    /// # Errors
    ///
    /// What `mariadb` wrote to stderr, when a statement fails; the statements after it do not run.
    pub fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        self.client.sql(database, sql)
    }

    /// Kills the server's process; its data stays for [`Server::restart`].
    ///
    /// # Errors
    ///
    /// When the process does not end in time.
    pub fn crash(&self) -> Result<(), String> {
        self.instance.stop()
    }

    /// Kills the server's process and starts it again with the same data and port; starts it too
    /// when it has crashed.
    ///
    /// # Errors
    ///
    /// When it does not end or does not come up; the text holds its log.
    pub fn restart(&self) -> Result<(), String> {
        self.instance.restart()
    }
}

/// A database of a private server; it lives as long as the server.
#[derive(Debug, Clone)]
pub struct Database {
    client: Client,
    name: String,
}

impl Database {
    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The URL for the superuser, over TCP.
    pub fn url(&self) -> String {
        self.client.url(SUPERUSER, None, &self.name)
    }

    /// The URL for the superuser, over the Unix socket.
    pub fn socket_url(&self) -> String {
        self.client.socket_url(SUPERUSER, &self.name)
    }

    /// The URL for a role with a password, over TCP.
    pub fn login_url(&self, role: &str, password: &str) -> String {
        self.client.url(role, Some(password), &self.name)
    }

    /// Removes the database, ending the sessions in it, for suites that make very many.
    ///
    /// # Errors
    ///
    /// When the server refuses, or a session that has gone to another database keeps a lock.
    pub fn discard(self) -> Result<(), String> {
        // A session that ends by itself meanwhile is unknown, and as good as killed.
        let statements = format!(
            "DELIMITER //\n\
             BEGIN NOT ATOMIC\n\
               DECLARE CONTINUE HANDLER FOR 1094 BEGIN END;\n\
               FOR session IN (SELECT id FROM information_schema.processlist WHERE db = '{name}') DO\n\
                 KILL CONNECTION session.id;\n\
               END FOR;\n\
             END//\n\
             SET lock_wait_timeout = 10//\n\
             DROP DATABASE {name}//\n",
            name = self.name
        );
        self.client.sql(SYSTEM_DATABASE, &statements).map(drop)
    }

    /// Runs SQL in this database, as [`Server::sql`] does.
    ///
    /// # Errors
    ///
    /// What `mariadb` wrote to stderr, when a statement fails.
    pub fn sql(&self, sql: &str) -> Result<String, String> {
        self.client.sql(&self.name, sql)
    }
}

/// The shared server, or `None` after one line on stderr when this machine has no MariaDB.
///
/// # Panics
///
/// When there is none although the environment variable `MIGRATE_TEST_REQUIRE` lists `mariadb`,
/// when there is one and it does not start, and for an engine other than `mariadb`.
pub fn engine_or_skip(engine: &str) -> Option<&'static Server> {
    assert_eq!(engine, "mariadb", "this module serves only mariadb");
    if Binaries::find().is_some() {
        return Some(Server::shared());
    }
    missing_engine(engine, DEBIAN_PACKAGE);
    None
}

#[cfg(test)]
mod tests;
