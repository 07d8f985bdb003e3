//! The newer version.

use std::process::ExitCode;

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations = "new/migrations"; }

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    rollback::run(&MIGRATIONS).await
}
