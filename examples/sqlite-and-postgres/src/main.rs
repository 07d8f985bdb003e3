//! One history that serves SQLite at home and PostgreSQL in production.

use migrate_runtime::RunReport;
use tokio_postgres::NoTls;

migrate_runtime::embed_migrations! { static MIGRATIONS: Migrations; }

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    match std::env::var("DATABASE_URL") {
        Ok(url) => {
            let (mut db, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            tell("PostgreSQL", &MIGRATIONS.upgrade_async(&mut db).await?);
        }
        Err(_) => {
            let mut db = rusqlite::Connection::open_in_memory()?;
            tell("SQLite", &MIGRATIONS.upgrade(&mut db)?);
        }
    }
    Ok(())
}

fn tell(database: &str, report: &RunReport) {
    println!("{database}: applied {:?}, at {}", report.ids().collect::<Vec<_>>(), report.heads_after.join(", "));
}
