//! Hands files to the account that runs a server.

use std::path::Path;

use super::account::Account;
use super::engine::Engine;

/// Makes a file one that the engine's server alone can read.
pub(crate) fn give_secret(engine: &Engine, file: &Path) -> Result<(), String> {
    let failed = |error| format!("cannot give {} to the server: {error}", file.display());
    Account::for_server(engine)?.give(file).map_err(failed)
}
