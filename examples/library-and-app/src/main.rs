//! An application's revisions together with those of a library, in one database.

use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Parser, Subcommand};
use migrate_runtime::Migrations;
use migrate_runtime::cli::MigrateArgs;

migrate_runtime::embed_migrations! { static OWN: Migrations; }

/// What this application's database holds: its own tables and those of the libraries that it uses.
static MIGRATIONS: LazyLock<Migrations> = LazyLock::new(|| {
    Migrations::combine(&OWN, [&accounts::MIGRATIONS]).unwrap_or_else(|problems| {
        let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", problems.join("\n"))
    })
});

#[derive(Parser)]
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
    let mut db = rusqlite::Connection::open("shop.db")?;
    if let Some(Command::Migrate(args)) = App::parse().command {
        return Ok(args.run(&MIGRATIONS, &mut db));
    }
    let report = MIGRATIONS.upgrade(&mut db)?;
    println!("applied {:?}, heads {:?}", report.ids().collect::<Vec<_>>(), report.heads_after);
    Ok(ExitCode::SUCCESS)
}
