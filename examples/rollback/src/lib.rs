//! An application of which two versions are built, so that the older one can meet the database of the newer one.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use migrate_runtime::cli::MigrateArgs;
use migrate_runtime::{Connection, Event, Migrations};
use tokio_postgres::NoTls;

#[derive(Parser)]
#[command(about = "Starts on the database of DATABASE_URL, or on rollback.db")]
struct App {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrates the database or looks at it
    Migrate(MigrateArgs),
}

/// Runs one version of the application, with the revisions that it knows.
///
/// # Errors
///
/// When the database cannot be reached.
pub async fn run(migrations: &Migrations) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let app = App::parse();
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| "rollback.db".to_owned());
    if url.starts_with("postgres") {
        let (mut db, connection) = tokio_postgres::connect(&url, NoTls).await?;
        tokio::spawn(connection);
        return Ok(start(app, migrations, &mut db).await);
    }
    if url.starts_with("mysql") {
        return Ok(start(app, migrations, &mut mysql_async::Conn::from_url(&url).await?).await);
    }
    Ok(start(app, migrations, &mut rusqlite::Connection::open(url)?).await)
}

async fn start<C: Connection>(app: App, migrations: &Migrations, db: &mut C) -> ExitCode {
    if let Some(Command::Migrate(args)) = app.command {
        return args.run_async(migrations, db).await;
    }
    let tell = |event: &Event<'_>| {
        if let Event::DatabaseAhead { unknown } = event {
            println!("the database is ahead of this version: {}", unknown.join(", "));
        }
    };
    match migrations.migrator().on_event(tell).run_async(db).await {
        Ok(report) => println!("started at {}", report.heads_after.join(", ")),
        Err(failed) => {
            eprintln!("{}", failed.error);
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
