//! Two branches of one history, joined by a merge revision.

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut db = rusqlite::Connection::open_in_memory()?;

    let report = MIGRATIONS.migrator().target("billing@users+1").run(&mut db)?;
    println!("billing alone: {:?}, heads {:?}", report.ids().collect::<Vec<_>>(), report.heads_after);

    let report = MIGRATIONS.upgrade(&mut db)?;
    println!("then the rest: {:?}, heads {:?}", report.ids().collect::<Vec<_>>(), report.heads_after);

    let report = MIGRATIONS.downgrade(&mut db, "-1")?;
    println!("back over the merge: {:?}, heads {:?}", report.ids().collect::<Vec<_>>(), report.heads_after);
    Ok(())
}
