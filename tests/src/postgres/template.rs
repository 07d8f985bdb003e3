//! Says how the data directory that instances copy is made.

use super::{APP_LOGIN, APP_PASSWORD, Binaries, SUPERUSER, engine};
use crate::server::Recipe;

/// Arguments: folder of the programs, pg_hba.conf, settings, SQL.
const SCRIPT: &str = r#"
bin=$1 hba=$2 settings=$3 sql=$4
"$bin/initdb" -D "$building" -U postgres -A trust -E UTF8 --locale=C --no-sync --wal-segsize=1 >/dev/null
printf '%s' "$hba" >"$building/pg_hba.conf"
printf '%s' "$settings" >>"$building/postgresql.conf"
printf '%s' "$sql" |
    "$bin/postgres" --single -D "$building" -c exit_on_error=on postgres >/dev/null 2>"$building.log" ||
    { cat "$building.log" >&2; exit 1; }
rm -f "$building.log"
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

/// The recipe for these binaries.
pub(super) fn recipe(binaries: &Binaries) -> Recipe {
    Recipe {
        engine: &engine::POSTGRES,
        program: binaries.program("postgres"),
        script: SCRIPT,
        arguments: vec![binaries.folder().into(), hba().into(), SETTINGS.into(), sql().into()],
    }
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
