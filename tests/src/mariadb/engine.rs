//! What is MariaDB's own about starting, watching and crashing a server.

use std::ffi::OsString;
use std::io::Read;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::server::Engine;

/// How long one look at a server that accepts but does not greet may take.
const GREETING_PATIENCE: Duration = Duration::from_secs(1);
/// The protocol version, with which every greeting begins; an error would begin with 255.
const GREETING: u8 = 10;

pub(super) static MARIADB: Engine = Engine {
    name: "MariaDB",
    account: "mysql",
    folder: "mdb",
    variables: &["MYSQL", "MARIADB"],
    version: &["--no-defaults", "--version"],
    crash: "KILL",
    command,
    tidy: |_, _| {},
    is_ready,
};

/// The server's socket.
pub(super) fn socket(home: &Path) -> PathBuf {
    home.join("socket")
}

/// What makes a server offer TLS.
pub(super) fn tls_arguments(certificate: &Path, key: &Path, authority: &Path) -> Vec<OsString> {
    vec![option("ssl-cert", certificate), option("ssl-key", key), option("ssl-ca", authority)]
}

fn option(name: &str, value: &Path) -> OsString {
    let mut option = OsString::from(format!("--{name}="));
    option.push(value);
    option
}

fn command(program: &Path, home: &Path, port: u16) -> Vec<OsString> {
    vec![
        program.into(),
        // It counts only in the first place.
        option("defaults-file", &home.join("data/my.cnf")),
        option("datadir", &home.join("data")),
        option("socket", &socket(home)),
        // A crash leaves temporary tables behind, and they must go with the home.
        option("tmpdir", home),
        format!("--port={port}").into(),
    ]
}

/// The socket is there, and queues connections, before the server serves them: only its greeting
/// says that it does. After a crash the old socket stays and refuses.
fn is_ready(home: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(socket(home)) else { return false };
    // Three bytes of length and one of sequence come first.
    let mut start = [0; 5];
    stream.set_read_timeout(Some(GREETING_PATIENCE)).is_ok()
        && stream.read_exact(&mut start).is_ok()
        && start[4] == GREETING
}
