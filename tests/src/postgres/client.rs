//! Speaks to a private server through its own `psql`.

use std::path::PathBuf;
use std::process::Command;

use super::{SUPERUSER, engine};
use crate::server::{ask, encoded, tcp_url};

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) psql: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) port: u16,
}

impl Client {
    pub(super) fn url(&self, role: &str, password: Option<&str>, database: &str) -> String {
        tcp_url("postgres", role, password, self.port, database)
    }

    pub(super) fn socket_url(&self, role: &str, database: &str) -> String {
        format!(
            "postgres://{}@{}:{}/{}",
            encoded(role),
            encoded(&self.socket_dir.to_string_lossy()),
            self.port,
            encoded(database)
        )
    }

    pub(super) fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut command = Command::new(&self.psql);
        engine::POSTGRES.clean_environment(&mut command);
        command
            .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"])
            .args(["-f", "-"])
            .env("PGHOST", &self.socket_dir)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", SUPERUSER)
            // As an argument, a name with `=` in it would be read as a connection string.
            .env("PGDATABASE", database)
            .env("PGCLIENTENCODING", "UTF8");
        ask(command, sql)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_survive_odd_names() {
        let client = Client { psql: PathBuf::from("psql"), socket_dir: PathBuf::from("/tmp/x"), port: 5 };
        assert_eq!(client.url("a b", Some("p:@/é"), "d"), "postgres://a%20b:p%3A%40%2F%C3%A9@127.0.0.1:5/d");
        assert_eq!(client.socket_url("postgres", "d"), "postgres://postgres@%2Ftmp%2Fx:5/d");
    }
}
