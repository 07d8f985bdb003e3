//! Says which settings all poolers have, and which one of them has for itself.

use std::path::PathBuf;

use super::{PoolMode, engine};
use crate::postgres::SUPERUSER;
use crate::server::Recipe;

/// Argument: settings.
const SCRIPT: &str = r#"
mkdir "$building"
printf '%s' "$1" >"$building/settings"
"#;

/// `any` lets everybody in as the one role that the databases name. Some clients ask for
/// `extra_float_digits` when they connect, and would be refused.
const SETTINGS: &str = "[pgbouncer]
listen_addr = 127.0.0.1
unix_socket_dir =
auth_type = any
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
";

/// The recipe for this program.
pub(super) fn recipe(program: PathBuf) -> Recipe {
    Recipe { engine: &engine::PGBOUNCER, program, script: SCRIPT, arguments: vec![SETTINGS.into()] }
}

/// What follows the settings that all poolers have.
pub(super) fn settings(mode: PoolMode, pool_size: u32, server_port: u16) -> String {
    let mode = match mode {
        PoolMode::Transaction => "transaction",
        PoolMode::Statement => "statement",
        PoolMode::Session => "session",
    };
    format!(
        "pool_mode = {mode}\n\
         default_pool_size = {pool_size}\n\
         [databases]\n\
         * = host=127.0.0.1 port={server_port} user={SUPERUSER}\n"
    )
}
