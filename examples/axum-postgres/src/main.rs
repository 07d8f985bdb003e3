//! A service that migrates its PostgreSQL database when it starts, in any number of replicas.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use clap::{Parser, Subcommand};
use migrate_runtime::cli::MigrateArgs;
use tokio_postgres::{Client, NoTls};

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

#[derive(Parser)]
struct App {
    /// Where the database is
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrates the database or looks at it
    Migrate(MigrateArgs),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let app = App::parse();
    let connect = || tokio_postgres::connect(&app.database_url, NoTls);
    let (mut db, connection) =
        migrate_runtime::wait_for_async(Duration::from_secs(30), connect, tokio::time::sleep).await?;
    tokio::spawn(connection);

    if let Some(Command::Migrate(args)) = &app.command {
        return Ok(args.run_async(&MIGRATIONS, &mut db).await);
    }
    let report = MIGRATIONS.upgrade_async(&mut db).await?;
    println!("applied {} revisions, at {}", report.steps.len(), report.heads_after.join(", "));

    let visits = Router::new().route("/", get(visit)).with_state(Arc::new(db));
    let listener = tokio::net::TcpListener::bind(&app.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, visits).await?;
    Ok(ExitCode::SUCCESS)
}

async fn visit(State(db): State<Arc<Client>>) -> String {
    let counted = db.query_one("INSERT INTO visits DEFAULT VALUES RETURNING id", &[]).await;
    counted.map_or_else(|error| error.to_string(), |row| format!("visit number {}\n", row.get::<_, i64>(0)))
}
