//! What is PostgreSQL's own about starting, watching and crashing a server.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::server::Engine;

pub(super) static POSTGRES: Engine = Engine {
    name: "PostgreSQL",
    account: "postgres",
    folder: "mpg",
    variables: &["PG"],
    version: &["--version"],
    crash: "QUIT",
    command,
    tidy,
    is_ready,
};

fn command(program: &Path, home: &Path, port: u16) -> Vec<OsString> {
    vec![
        program.into(),
        "-D".into(),
        home.join("data").into(),
        "-p".into(),
        port.to_string().into(),
        "-k".into(),
        home.into(),
    ]
}

/// What makes a server offer TLS.
pub(super) fn tls_arguments(certificate: &Path, key: &Path, authority: &Path) -> Vec<OsString> {
    let setting = |name: &str, value: &Path| [OsString::from("-c"), format!("{name}={}", value.display()).into()];
    let files = [("ssl_cert_file", certificate), ("ssl_key_file", key), ("ssl_ca_file", authority)];
    ["-c".into(), "ssl=on".into()]
        .into_iter()
        .chain(files.into_iter().flat_map(|(name, file)| setting(name, file)))
        .collect()
}

/// The one file says that the server is ready, and the server believes the other as long as its
/// former self is not collected by the shell.
fn tidy(home: &Path, port: u16) {
    let _ = fs::remove_file(lock_path(home));
    let _ = fs::remove_file(home.join(format!(".s.PGSQL.{port}.lock")));
}

/// Reads what `pg_ctl` waits for, the eighth line of the lock file.
fn is_ready(home: &Path) -> bool {
    fs::read_to_string(lock_path(home)).is_ok_and(|text| text.lines().nth(7).is_some_and(|line| line.trim() == "ready"))
}

fn lock_path(home: &Path) -> PathBuf {
    home.join("data/postmaster.pid")
}
