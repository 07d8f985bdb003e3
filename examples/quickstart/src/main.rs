//! An application that creates and migrates its own SQLite database when it starts.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use migrate_runtime::cli::MigrateArgs;

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

#[derive(Parser)]
#[command(about = "Greets, and counts its greetings in quickstart.db")]
struct App {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrates the database or looks at it
    Migrate(MigrateArgs),
}

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let app = App::parse();
    let mut db = rusqlite::Connection::open("quickstart.db")?;
    if let Some(Command::Migrate(args)) = app.command {
        return Ok(args.run(&MIGRATIONS, &mut db));
    }

    let report = MIGRATIONS.upgrade(&mut db)?;
    for step in &report.steps {
        println!("applied {} {}", step.id, step.title);
    }

    db.execute("INSERT INTO greetings (name, language) VALUES ('world', 'en')", [])?;
    let count: i64 = db.query_row("SELECT count(*) FROM greetings", [], |row| row.get(0))?;
    println!("hello, world: greeting number {count}, at revision {}", report.heads_after.join(", "));
    Ok(ExitCode::SUCCESS)
}
