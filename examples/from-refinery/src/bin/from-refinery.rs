//! The next version: it takes the database over when it starts, and goes on.

use migrate_runtime::{Event, REFINERY_TABLE};

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut db = rusqlite::Connection::open("notes.db")?;
    let tell = |event: &Event<'_>| {
        if let Event::Adopting { table, revisions, .. } = event {
            println!("taking over {revisions} revisions from {table}");
        }
    };
    let report = MIGRATIONS.migrator().on_event(tell).adopt_refinery(REFINERY_TABLE).run(&mut db)?;
    for step in &report.steps {
        println!("applied {} {}", step.id, step.title);
    }
    println!("started at {}", report.heads_after.join(", "));
    Ok(())
}
