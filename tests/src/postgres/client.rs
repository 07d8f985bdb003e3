//! Speaks to a private server through its own `psql`.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;

use super::SUPERUSER;
use super::account::clean_environment;

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) psql: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) port: u16,
}

impl Client {
    pub(super) fn url(&self, role: &str, password: Option<&str>, database: &str) -> String {
        let secret = password.map(|password| format!(":{}", encoded(password)));
        format!(
            "postgres://{}{}@127.0.0.1:{}/{}",
            encoded(role),
            secret.unwrap_or_default(),
            self.port,
            encoded(database)
        )
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
        clean_environment(&mut command);
        command
            .args(["-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1"])
            .args(["-f", "-"])
            .env("PGHOST", &self.socket_dir)
            .env("PGPORT", self.port.to_string())
            .env("PGUSER", SUPERUSER)
            // As an argument, a name with `=` in it would be read as a connection string.
            .env("PGDATABASE", database)
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| format!("cannot run {}: {error}", self.psql.display()))?;
        let stdin = child.stdin.take();
        let output = thread::scope(|scope| {
            // Long SQL with long answers would block both sides if one thread did both.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(sql.as_bytes())));
            child.wait_with_output()
        })
        .map_err(|error| format!("cannot run {}: {error}", self.psql.display()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).trim_end().to_owned())
        }
    }
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
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
