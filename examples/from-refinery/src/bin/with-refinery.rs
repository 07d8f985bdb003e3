//! The version that customers have: refinery migrates its database.

mod embedded {
    refinery::embed_migrations!("refinery");
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut db = rusqlite::Connection::open("notes.db")?;
    let report = embedded::migrations::runner().run(&mut db)?;
    println!("refinery applied {} migrations", report.applied_migrations().len());
    Ok(())
}
