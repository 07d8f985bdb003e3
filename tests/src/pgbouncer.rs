//! Private PgBouncers, each in front of a private PostgreSQL server, that never outlive the test process.

mod engine;
mod template;

use std::env;
use std::path::{Path, PathBuf};

use crate::postgres::{self, SUPERUSER, Server};
use crate::server::{Instance, missing_engine, tcp_url};

/// The Debian package that brings the pooler.
const DEBIAN_PACKAGE: &str = "pgbouncer";
/// Where distributions put the program; users' `PATH` has no `sbin`.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"];
/// How many sessions of a server the clients of one database share unless told otherwise.
const POOL_SIZE: u32 = 4;

/// When a client's session of the server goes back into the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolMode {
    /// After every transaction.
    Transaction,
    /// After every statement; transactions of several statements are refused.
    Statement,
    /// When the client leaves.
    Session,
}

/// A running private PgBouncer; it stops and its directory disappears when this value is dropped
/// or the process ends, in whatever way it ends.
#[derive(Debug)]
pub struct Pooler {
    instance: Instance,
}

impl Pooler {
    /// Starts a pooler in front of a server, with four sessions for each database and room for 500 clients.
    ///
    /// # Errors
    ///
    /// When there is no program, or the pooler does not come up; the text holds its log.
    pub fn start(server: &Server, mode: PoolMode) -> Result<Self, String> {
        Self::start_with(server, mode, POOL_SIZE)
    }

    /// Starts a pooler as [`Pooler::start`] does, with this many sessions for each database.
    ///
    /// # Errors
    ///
    /// When there is no program, or the pooler does not come up; the text holds its log.
    pub fn start_with(server: &Server, mode: PoolMode, pool_size: u32) -> Result<Self, String> {
        let program = program().ok_or_else(|| "no PgBouncer found".to_owned())?;
        let settings = template::settings(mode, pool_size, server.port());
        let instance = Instance::start_with(&template::recipe(program), vec![settings.into()])?;
        Ok(Self { instance })
    }

    /// The TCP port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.instance.port()
    }

    /// The URL of a database of the server behind, for the superuser.
    pub fn url(&self, database: &str) -> String {
        tcp_url("postgres", SUPERUSER, None, self.port(), database)
    }

    /// The process id of the pooler.
    pub fn pid(&self) -> Option<u32> {
        self.instance.pid()
    }

    /// What the pooler has logged so far.
    pub fn log(&self) -> String {
        self.instance.log()
    }
}

/// The shared PostgreSQL server to put a pooler before, or `None` after one line on stderr when
/// this machine has no PostgreSQL or no PgBouncer.
///
/// # Panics
///
/// When one is missing although the environment variable `MIGRATE_TEST_REQUIRE` lists `postgres`
/// or `pgbouncer`, and when there is a PostgreSQL that does not start.
pub fn engine_or_skip() -> Option<&'static Server> {
    if program().is_none() {
        missing_engine("pgbouncer", DEBIAN_PACKAGE);
        return None;
    }
    postgres::engine_or_skip("postgres")
}

fn program() -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(FOLDERS.iter().map(|folder| Path::new(folder).to_owned()))
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
}

#[cfg(test)]
mod tests;
