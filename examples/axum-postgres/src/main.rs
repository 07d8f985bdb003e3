//! A service that migrates its PostgreSQL database when it starts, in any number of replicas.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use axum::{Router, extract::State, routing::get};
use clap::{Parser, Subcommand};
use migrate_runtime::cli::MigrateArgs;
use tokio::sync::Mutex;
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
    // `MIGRATE=check` leaves it to somebody else: then the service starts, and is not ready until that is done.
    let readiness = migrate_runtime::on_startup_async(&MIGRATIONS, &mut db).await?;
    println!("{readiness}");

    let routes = Router::new().route("/", get(visit)).route("/health", get(health));
    let visits = routes.with_state(Arc::new(Mutex::new(db)));
    let listener = tokio::net::TcpListener::bind(&app.listen).await?;
    println!("listening on {}", listener.local_addr()?);
    axum::serve(listener, visits).await?;
    Ok(ExitCode::SUCCESS)
}

/// One query, when nothing is pending.
async fn health(State(db): State<Arc<Mutex<Client>>>) -> (StatusCode, String) {
    match MIGRATIONS.readiness_async(&mut *db.lock().await).await {
        Ok(readiness) if readiness.is_ready() => (StatusCode::OK, readiness.to_string()),
        Ok(readiness) => (StatusCode::SERVICE_UNAVAILABLE, readiness.to_string()),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    }
}

async fn visit(State(db): State<Arc<Mutex<Client>>>) -> String {
    let counted = db.lock().await.query_one("INSERT INTO visits DEFAULT VALUES RETURNING id", &[]).await;
    counted.map_or_else(|error| error.to_string(), |row| format!("visit number {}\n", row.get::<_, i64>(0)))
}
