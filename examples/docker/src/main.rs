//! A container image with one static binary in it, which waits for its database and migrates it.

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use migrate_runtime::cli::MigrateArgs;
use migrate_runtime::wait_for_async;
use tokio_postgres::NoTls;

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

#[derive(Parser)]
struct App {
    /// Where the database is
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// How many seconds the database may take to start
    #[arg(long, env = "WAIT_SECONDS", default_value_t = 30)]
    wait: u64,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Migrates the database or looks at it
    Migrate(MigrateArgs),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let App { database_url, wait, command: Command::Migrate(args) } = App::parse();
    // No shell and no loop around this process: a server that is still starting is waited for, a wrong password is not.
    let connect = || tokio_postgres::connect(&database_url, NoTls);
    match wait_for_async(Duration::from_secs(wait), connect, tokio::time::sleep).await {
        Ok((mut db, connection)) => {
            tokio::spawn(connection);
            args.run_async(&MIGRATIONS, &mut db).await
        }
        Err(error) => {
            let words = error.as_db_error().map_or_else(|| error.to_string(), |server| server.message().to_owned());
            eprintln!("the database cannot be reached: {words}");
            ExitCode::from(7)
        }
    }
}
