//! Says how the data directory that instances copy is made.

use super::{APP_LOGIN, APP_PASSWORD, Binaries, SUPERUSER, engine};
use crate::server::Recipe;

/// Arguments: `mariadb-install-db`, settings, SQL.
///
/// `normal` lets the superuser in whoever calls, where the default asks the socket for root.
/// `--force` and `--skip-name-resolve` spare the machine's name being looked up.
const SCRIPT: &str = r#"
install=$1 settings=$2 sql=$3
mkdir "$building"
printf '%s' "$settings" >"$building/my.cnf"
printf '%s' "$sql" >"$building.sql"
"$install" --defaults-file="$building/my.cnf" --datadir="$building" --extra-file="$building.sql" \
    --auth-root-authentication-method=normal --skip-test-db --force --skip-name-resolve >"$building.log" 2>&1 ||
    { cat "$building.log" >&2; exit 1; }
rm -f "$building.sql" "$building.log"
"#;

/// Commits reach the system at once, so that they survive the server's process, and nothing waits
/// for a disk. A killed process can leave half a page: the doublewrite buffer stays on. Files start
/// small and grow slowly because they are copied and may live in memory. Without native I/O many
/// servers do not use up the system's few contexts for it.
const SETTINGS: &str = "[mariadbd]
skip_networking = 0
bind_address = 127.0.0.1
skip_name_resolve
max_connections = 200
default_time_zone = '+00:00'
character_set_server = utf8mb4
skip_log_bin
performance_schema = OFF
innodb_flush_log_at_trx_commit = 2
innodb_flush_method = nosync
innodb_use_native_aio = OFF
innodb_buffer_pool_size = 32M
innodb_buffer_pool_dump_at_shutdown = OFF
innodb_buffer_pool_load_at_startup = OFF
innodb_log_file_size = 8M
innodb_data_file_path = ibdata1:2M:autoextend
innodb_temp_data_file_path = ibtmp1:1M:autoextend
innodb_autoextend_increment = 1
sync_frm = OFF
key_buffer_size = 1M
aria_pagecache_buffer_size = 4M
";

/// The recipe for these binaries.
pub(super) fn recipe(binaries: &Binaries) -> Recipe {
    Recipe {
        engine: &engine::MARIADB,
        program: binaries.server.clone(),
        script: SCRIPT,
        arguments: vec![binaries.installer.clone().into(), SETTINGS.into(), sql().into()],
    }
}

/// One statement a line, as the bootstrapping server reads them; it knows no accounts before it is
/// told to read them. A login enters no database without some privilege in it: this one has what
/// every role of PostgreSQL has.
fn sql() -> String {
    format!(
        "DELETE FROM mysql.global_priv WHERE User = '{SUPERUSER}' AND Host NOT IN ('localhost', '127.0.0.1');\n\
         DELETE FROM mysql.proxies_priv WHERE Host <> 'localhost';\n\
         FLUSH PRIVILEGES;\n\
         CREATE USER {APP_LOGIN}@'%' IDENTIFIED BY '{APP_PASSWORD}';\n\
         GRANT CREATE TEMPORARY TABLES ON *.* TO {APP_LOGIN}@'%';\n"
    )
}
