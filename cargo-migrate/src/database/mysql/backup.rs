//! A copy of a MariaDB or MySQL database by the server's own dump program, with everything in a file of options.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::Config;
use crate::backup::shell_word;
use crate::database::Client;
use crate::database::tls::Mode;

/// The names under which the program is known, MariaDB's own first.
const PROGRAMS: [&str; 2] = ["mariadb-dump", "mysqldump"];

impl Config {
    /// The clients that write the copy; one of them is enough.
    pub(in super::super) fn dump_to(&self, file: &Path, history: Option<&str>) -> std::io::Result<Vec<Client>> {
        PROGRAMS.into_iter().map(|program| self.client(program, file, history)).collect()
    }

    fn client(&self, program: &'static str, file: &Path, history: Option<&str>) -> std::io::Result<Client> {
        // Temporary files are readable by this user alone.
        let mut options = tempfile::NamedTempFile::new()?;
        options.write_all(self.options().as_bytes())?;
        options.flush()?;
        let mut command = Command::new(program);
        let mut first = std::ffi::OsString::from("--defaults-extra-file=");
        first.push(options.path());
        let mut into = std::ffi::OsString::from("--result-file=");
        into.push(file);
        // The file brings the database back as a whole: what came later goes with the one that is dropped.
        command.arg(first).args([
            "--single-transaction",
            "--routines",
            "--events",
            "--hex-blob",
            "--no-tablespaces",
            "--default-character-set=utf8mb4",
            "--add-drop-database",
        ]);
        command.arg(into).args(["--databases", "--", self.database()]).args(history);
        command.env_remove("MYSQL_PWD").env_remove("MYSQL_HOST");
        Ok(Client::new(command, program, self.opts.pass().map(str::to_owned), Some(options)))
    }

    /// `[client]`, with every value quoted.
    fn options(&self) -> String {
        let quoted = |value: &str| {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("\"{escaped}\"")
        };
        let mut lines = vec!["[client]".to_owned()];
        match self.opts.socket() {
            Some(socket) => lines.push(format!("socket={}", quoted(socket))),
            None => {
                lines.push(format!("host={}", quoted(self.opts.ip_or_hostname())));
                lines.push(format!("port={}", self.opts.tcp_port()));
                lines.push("protocol=tcp".to_owned());
            }
        }
        lines.extend(self.opts.user().map(|user| format!("user={}", quoted(user))));
        lines.extend(self.opts.pass().map(|password| format!("password={}", quoted(password))));
        match self.tls.mode() {
            Mode::Disable => lines.push("skip-ssl".to_owned()),
            // What the client does by itself.
            Mode::Prefer => {}
            Mode::Require | Mode::VerifyCa => lines.push("ssl".to_owned()),
            Mode::VerifyFull => lines.extend(["ssl".to_owned(), "ssl-verify-server-cert".to_owned()]),
        }
        let path = |path: &Path| quoted(&path.to_string_lossy());
        lines.extend(self.tls.root_file().map(|roots| format!("ssl-ca={}", path(roots))));
        if let Some((certificates, key)) = self.tls.identity_files() {
            lines.push(format!("ssl-cert={}", path(certificates)));
            lines.push(format!("ssl-key={}", path(key)));
        }
        lines.join("\n") + "\n"
    }

    /// The command that drops what is there and brings the copy back.
    pub(in super::super) fn restore_from(&self, file: &Path) -> String {
        let mut words = match self.opts.socket() {
            Some(socket) => vec![format!("--socket={socket}")],
            None => vec![
                format!("--host={}", self.opts.ip_or_hostname()),
                format!("--port={}", self.opts.tcp_port()),
                "--protocol=tcp".to_owned(),
            ],
        };
        words.extend(self.opts.user().map(|user| format!("--user={user}")));
        words.extend(self.opts.pass().map(|_| "--password".to_owned()));
        let words: Vec<String> = words.iter().map(shell_word).collect();
        format!("mariadb {} < {}", words.join(" "), shell_word(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> String {
        Config::parse(url, Path::new("/base")).unwrap_or_else(|error| panic!("{error}")).options()
    }

    #[test]
    fn what_a_url_says_stands_quoted_among_the_options() {
        let text = options("mysql://ann:a%22b%5Cc@db:3307/shop?sslmode=disable");
        assert_eq!(
            text,
            "[client]\nhost=\"db\"\nport=3307\nprotocol=tcp\nuser=\"ann\"\npassword=\"a\\\"b\\\\c\"\nskip-ssl\n"
        );
    }

    #[cfg(feature = "tls")]
    #[test]
    fn the_client_is_as_careful_about_tls_as_the_url_says() {
        let tls = |query: &str| {
            let text = options(&format!("mysql://ann@db/shop?{query}"));
            text.lines().filter(|line| line.starts_with("ssl")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(tls("sslmode=prefer"), "");
        assert_eq!(tls("sslmode=require"), "ssl");
        assert_eq!(tls("sslmode=verify-ca&sslrootcert=ca.pem"), "ssl ssl-ca=\"/base/ca.pem\"");
        assert_eq!(tls("sslmode=verify-full&sslrootcert=ca.pem"), "ssl ssl-verify-server-cert ssl-ca=\"/base/ca.pem\"");
    }
}
