//! Makes, once per account, server version and week, the data directory that instances copy.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::account::{Account, clean_environment};
use super::{APP_LOGIN, APP_PASSWORD, Binaries, SUPERUSER};

const WEEK: u64 = 7 * 24 * 60 * 60;

/// Arguments: base folder, template, folder of the programs, pg_hba.conf, settings, SQL.
const BUILD: &str = r#"
set -eu
umask 077
base=$1 template=$2 bin=$3 hba=$4 settings=$5 sql=$6
building=$template.building
rm -rf "$building"
"$bin/initdb" -D "$building" -U postgres -A trust -E UTF8 --locale=C --no-sync --wal-segsize=1 >/dev/null
printf '%s' "$hba" >"$building/pg_hba.conf"
printf '%s' "$settings" >>"$building/postgresql.conf"
printf '%s' "$sql" |
    "$bin/postgres" --single -D "$building" -c exit_on_error=on postgres >/dev/null 2>"$building.log" ||
    { cat "$building.log" >&2; exit 1; }
rm -f "$building.log"
mv "$building" "$template"
find "$base" -mindepth 1 -maxdepth 1 -type d -mtime +14 -exec rm -rf {} + || :
"#;

/// Autovacuum is off because its locks come and go at times no test can foresee. Commits are
/// synchronous because a crash of the server loses them otherwise, and without fsync they cost
/// next to nothing. The WAL is kept small because it may live in memory. Shared memory segments are
/// files in the data directory, so that a crash leaves none of them behind in the system.
const SETTINGS: &str = "
listen_addresses = '127.0.0.1'
max_connections = 150
shared_buffers = 16MB
fsync = off
synchronous_commit = on
full_page_writes = off
max_wal_size = 128MB
checkpoint_timeout = 1h
autovacuum = off
jit = off
dynamic_shared_memory_type = mmap
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %q%u@%d '
";

/// Returns the template's path after making it when it is not there yet.
pub(super) fn ensure(binaries: &Binaries, account: &Account, base: &Path) -> Result<PathBuf, String> {
    let template = base.join(name(binaries)?);
    if template.is_dir() {
        return Ok(template);
    }
    let failed = |error| format!("cannot lock {}: {error}", base.display());
    let lock = File::open(base).map_err(failed)?;
    lock.lock().map_err(failed)?;
    if template.is_dir() {
        return Ok(template);
    }
    let output = account
        .command("/bin/sh")
        .args(["-c", BUILD, "sh"])
        .args([base, &template, binaries.folder()])
        .args([hba(), SETTINGS.to_owned(), sql()])
        // The builder shares the lock, so it stays locked should this process be killed meanwhile.
        .stdin(lock)
        .output()
        .map_err(|error| format!("cannot run sh: {error}"))?;
    if output.status.success() && template.is_dir() {
        return Ok(template);
    }
    Err(format!("cannot make the template {}: {}", template.display(), String::from_utf8_lossy(&output.stderr)))
}

fn name(binaries: &Binaries) -> Result<String, String> {
    let postgres = binaries.program("postgres");
    let mut command = Command::new(&postgres);
    clean_environment(&mut command);
    let output =
        command.arg("--version").output().map_err(|error| format!("cannot run {}: {error}", postgres.display()))?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let version: String = answer
        .split_whitespace()
        .nth(2)
        .unwrap_or("unknown")
        .chars()
        .filter(|character| character.is_ascii_alphanumeric() || *character == '.')
        .collect();
    let mut content = DefaultHasher::new();
    (answer, binaries.folder(), BUILD, hba(), SETTINGS, sql()).hash(&mut content);
    // Machines clear old files out of /tmp one by one: a template must never get that old.
    let week = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs() / WEEK);
    Ok(format!("t-{version}-{:016x}-{week}", content.finish()))
}

fn hba() -> String {
    format!(
        "local all {SUPERUSER} trust\n\
         local all all scram-sha-256\n\
         host all {SUPERUSER} 127.0.0.1/32 trust\n\
         host all all 127.0.0.1/32 scram-sha-256\n"
    )
}

/// One statement a line, as the single-user server reads them.
fn sql() -> String {
    format!(
        "SET password_encryption = 'scram-sha-256'\n\
         CREATE ROLE {APP_LOGIN} LOGIN PASSWORD '{APP_PASSWORD}'\n"
    )
}
