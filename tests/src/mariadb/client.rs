//! Speaks to a private server through its own `mariadb` client.

use std::path::PathBuf;
use std::process::Command;

use super::{SUPERUSER, engine};
use crate::server::{ask, encoded, tcp_url};

#[derive(Debug, Clone)]
pub(super) struct Client {
    pub(super) program: PathBuf,
    pub(super) socket: PathBuf,
    pub(super) port: u16,
}

impl Client {
    pub(super) fn url(&self, role: &str, password: Option<&str>, database: &str) -> String {
        tcp_url("mysql", role, password, self.port, database)
    }

    pub(super) fn socket_url(&self, role: &str, database: &str) -> String {
        format!(
            "mysql://{}@localhost:{}/{}?socket={}",
            encoded(role),
            self.port,
            encoded(database),
            encoded(&self.socket.to_string_lossy())
        )
    }

    pub(super) fn sql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut command = self.command();
        command.arg("--socket").arg(&self.socket).arg(format!("--user={SUPERUSER}"));
        command.arg(format!("--database={database}"));
        ask(command, sql).map(|answer| rows(&answer))
    }

    /// The client without anything of the caller's settings, and without where and who.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        engine::MARIADB.clean_environment(&mut command);
        command
            // It counts only in the first place.
            .arg("--no-defaults")
            .args(["--batch", "--skip-column-names", "--skip-auto-rehash"])
            .arg("--default-character-set=utf8mb4")
            // The server is to get what is written, without the client's own commands and cuts.
            .args(["--binary-mode", "--comments"]);
        command
    }
}

/// The client parts columns by tabs and escapes those within a text, so what it prints is
/// unambiguous until it is put the way people read it.
fn rows(printed: &str) -> String {
    let mut rows = String::with_capacity(printed.len());
    let mut characters = printed.chars();
    while let Some(character) = characters.next() {
        match character {
            '\t' => rows.push('|'),
            '\\' => match characters.next() {
                Some('n') => rows.push('\n'),
                Some('t') => rows.push('\t'),
                Some('0') => rows.push('\0'),
                Some(other) => rows.push(other),
                None => rows.push('\\'),
            },
            other => rows.push(other),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_name_the_port_or_the_socket() {
        let client = Client { program: PathBuf::from("mariadb"), socket: PathBuf::from("/tmp/x/socket"), port: 5 };
        assert_eq!(client.url("root", None, "d"), "mysql://root@127.0.0.1:5/d");
        assert_eq!(client.socket_url("root", "d"), "mysql://root@localhost:5/d?socket=%2Ftmp%2Fx%2Fsocket");
    }

    #[test]
    fn only_columns_are_parted_by_bars() {
        assert_eq!(rows("1\tNULL\n2\ta\\tb\\nc\\\\n\\0"), "1|NULL\n2|a\tb\nc\\n\0");
        assert_eq!(rows("\\"), "\\");
    }
}
