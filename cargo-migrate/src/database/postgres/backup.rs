//! A copy of a PostgreSQL database by `pg_dump`, with everything that it has to know in its environment.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use tokio_postgres::config::Host;

use super::{Config, DEFAULT_PORT};
use crate::backup::shell_word;
use crate::database::Client;
use crate::database::tls::Mode;

/// What would lead the client elsewhere than the URL does.
const FOREIGN: [&str; 7] =
    ["PGSERVICE", "PGHOSTADDR", "PGOPTIONS", "PGPASSWORD", "PGPASSFILE", "PGSSLNEGOTIATION", "PGTARGETSESSIONATTRS"];

impl Config {
    /// The client that writes the copy.
    pub(in super::super) fn dump_to(&self, file: &Path) -> std::io::Result<Vec<Client>> {
        let mut command = Command::new("pg_dump");
        command.args(["--format=custom", "--no-password", "--file"]).arg(file);
        for name in FOREIGN {
            command.env_remove(name);
        }
        let (hosts, ports) = self.hosts_and_ports();
        command.env("PGHOST", hosts.join(",")).env("PGPORT", ports.join(",")).env("PGDATABASE", self.database());
        command.env("PGAPPNAME", "cargo-migrate").env("PGCONNECT_TIMEOUT", "10");
        if let Some(user) = self.driver.get_user() {
            command.env("PGUSER", user);
        }
        let mode = match self.tls.mode() {
            Mode::Disable => "disable",
            Mode::Prefer => "prefer",
            Mode::Require => "require",
            Mode::VerifyCa => "verify-ca",
            Mode::VerifyFull => "verify-full",
        };
        command.env("PGSSLMODE", mode);
        if let Some(roots) = self.tls.root_file() {
            command.env("PGSSLROOTCERT", roots);
        } else if self.tls.mode() == Mode::VerifyFull {
            command.env("PGSSLROOTCERT", "system");
        }
        if let Some((certificates, key)) = self.tls.identity_files() {
            command.env("PGSSLCERT", certificates).env("PGSSLKEY", key);
        }
        let secret = self.driver.get_password().map(|password| String::from_utf8_lossy(password).into_owned());
        let passwords = match &secret {
            Some(secret) => {
                // Temporary files are readable by this user alone, as the client demands it.
                let mut passwords = tempfile::NamedTempFile::new()?;
                let escaped = secret.replace('\\', "\\\\").replace(':', "\\:");
                writeln!(passwords, "*:*:*:*:{escaped}")?;
                passwords.flush()?;
                command.env("PGPASSFILE", passwords.path());
                Some(passwords)
            }
            None => None,
        };
        Ok(vec![Client::new(command, "pg_dump", secret, passwords)])
    }

    /// The command that drops what is there and brings the copy back.
    pub(in super::super) fn restore_from(&self, file: &Path) -> String {
        let (hosts, ports) = self.hosts_and_ports();
        let first = |list: &[String]| list.first().cloned().unwrap_or_default();
        let mut words = vec![format!("--host={}", first(&hosts)), format!("--port={}", first(&ports))];
        words.extend(self.driver.get_user().map(|user| format!("--username={user}")));
        let words: Vec<String> = words.iter().map(shell_word).collect();
        let file = shell_word(file);
        format!("pg_restore --exit-on-error --clean --if-exists --create {} --dbname=postgres {file}", words.join(" "))
    }

    fn hosts_and_ports(&self) -> (Vec<String>, Vec<String>) {
        let ports = self.driver.get_ports();
        let host = |host: &Host| match host {
            Host::Tcp(name) => name.clone(),
            #[cfg(unix)]
            Host::Unix(path) => path.to_string_lossy().into_owned(),
        };
        let hosts: Vec<String> = self.driver.get_hosts().iter().map(host).collect();
        let port = |index: usize| ports.get(index).or(ports.first()).copied().unwrap_or(DEFAULT_PORT).to_string();
        let ports = (0..hosts.len()).map(port).collect();
        (hosts, ports)
    }
}
