//! What is PgBouncer's own about starting, watching and crashing it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::server::Engine;

/// Arguments: program, home, port, the settings of this pooler.
///
/// The pooler reads settings from one file only, and not before it starts is its port known.
const RUN: &str = r#"
program=$1 home=$2 port=$3 settings=$4
{
    cat "$home/data/settings"
    printf 'listen_port = %s\npidfile = %s/ready\n%s' "$port" "$home" "$settings"
} >"$home/pgbouncer.ini"
exec "$program" "$home/pgbouncer.ini"
"#;

pub(super) static PGBOUNCER: Engine = Engine {
    name: "PgBouncer",
    account: "postgres",
    folder: "mpb",
    variables: &["PG"],
    version: &["--version"],
    crash: "KILL",
    command,
    tidy: |home, _| drop(fs::remove_file(ready_path(home))),
    is_ready: |home| ready_path(home).is_file(),
};

fn command(program: &Path, home: &Path, port: u16) -> Vec<OsString> {
    let mut command: Vec<OsString> = ["/bin/sh", "-c", RUN, "sh"].map(Into::into).into();
    command.extend([program.into(), home.into(), port.to_string().into()]);
    command
}

/// The pooler's file with its process id, which it writes as soon as it listens.
fn ready_path(home: &Path) -> PathBuf {
    home.join("ready")
}
