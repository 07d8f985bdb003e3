//! A database that is nobody's: made ready, and emptied.

use migrate_plan::Dialect;
use migrate_plan::schema::Schema;

use crate::driver::{DriverError, LiveConnection};
use crate::error::Error;
use crate::inspect::Inspection;
use crate::sql::{identifier, literal};

const EMPTYING: &str = "the database cannot be emptied";

/// How the session waited for the disk before.
#[derive(Debug)]
pub(super) struct Patience(Option<String>);

/// Lets the session wait for no disk, since nothing here has to last.
pub(super) async fn spare(db: &mut dyn LiveConnection) -> Result<Patience, Error> {
    if db.dialect() != Dialect::Postgres {
        return Ok(Patience(None));
    }
    let sql = "SELECT current_setting('synchronous_commit'), set_config('synchronous_commit', 'off', false)";
    let rows = db.query(sql).await.map_err(|error| Error::driver("the session cannot be made ready", error))?;
    Ok(Patience(rows.first().and_then(|row| row.text(0)).map(str::to_owned)))
}

impl Patience {
    pub(super) async fn restore(self, db: &mut dyn LiveConnection) -> Result<(), DriverError> {
        let Some(before) = self.0 else { return Ok(()) };
        let before = literal(Dialect::Postgres, &before);
        db.query(&format!("SELECT set_config('synchronous_commit', {before}, false)")).await.map(drop)
    }
}

/// Takes everything out of the database that was not there at first, the history too.
pub(super) async fn empty(db: &mut dyn LiveConnection, inspection: &Inspection, first: &Schema) -> Result<(), Error> {
    let outcome = match db.dialect() {
        Dialect::Sqlite => empty_sqlite(db).await,
        Dialect::Postgres => {
            let schema = inspection.run_live(db).await?;
            empty_postgres(db, &schema, first).await
        }
        Dialect::MySql | Dialect::MariaDb => empty_mysql(db).await,
    };
    outcome.map_err(|error| Error::driver(EMPTYING, error))
}

async fn empty_sqlite(db: &mut dyn LiveConnection) -> Result<(), DriverError> {
    let keys = db.query("PRAGMA foreign_keys").await?;
    let keys = keys.first().and_then(|row| row.text(0)) == Some("1");
    db.batch_execute("PRAGMA foreign_keys = OFF").await?;
    // A virtual table takes the tables behind it along.
    let query = "SELECT type, name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite!_%' ESCAPE '!' \
                 ORDER BY type DESC, sql LIKE 'CREATE VIRTUAL%' DESC";
    let rows = db.query(query).await?;
    for row in rows {
        let (Some(kind), Some(name)) = (row.text(0), row.text(1)) else { continue };
        db.batch_execute(&format!("DROP {kind} IF EXISTS {}", identifier(Dialect::Sqlite, name))).await?;
    }
    if keys { db.batch_execute("PRAGMA foreign_keys = ON").await } else { Ok(()) }
}

async fn empty_postgres(db: &mut dyn LiveConnection, schema: &Schema, first: &Schema) -> Result<(), DriverError> {
    let rows = db.query("SELECT current_schema()").await?;
    let default = rows.first().and_then(|row| row.text(0)).unwrap_or("public").to_owned();
    let name = |name: &str| identifier(Dialect::Postgres, name);
    let extensions = schema.extensions.iter().filter(|new| first.extensions.iter().all(|old| old.name != new.name));
    let namespaces = schema.namespaces.iter().filter(|new| first.namespaces.iter().all(|old| old.name != new.name));
    // They belong to no schema, and go with no table.
    let publications = db.query("SELECT quote_ident(pubname) FROM pg_catalog.pg_publication").await?;
    let is_new = |quoted: &&str| !first.opaque.iter().any(|old| old.what == "publication" && old.name == *quoted);
    let publications = publications.iter().filter_map(|row| row.text(0)).filter(is_new);
    let mut sql: Vec<String> = publications.map(|other| format!("DROP PUBLICATION {other}")).collect();
    sql.extend(extensions.map(|extension| format!("DROP EXTENSION {} CASCADE", name(&extension.name))));
    sql.extend(namespaces.map(|other| format!("DROP SCHEMA IF EXISTS {} CASCADE", name(&other.name))));
    sql.push(format!("DROP SCHEMA {0} CASCADE; CREATE SCHEMA {0}", name(&default)));
    // Those that were there at first have gone with their schema.
    sql.extend(first.extensions.iter().map(|extension| {
        let schema = name(extension.schema.as_deref().unwrap_or(&default));
        format!("CREATE EXTENSION IF NOT EXISTS {} SCHEMA {schema}", name(&extension.name))
    }));
    db.batch_execute(&sql.join("; ")).await
}

async fn empty_mysql(db: &mut dyn LiveConnection) -> Result<(), DriverError> {
    let rows = db
        .query(
            "SELECT schema_name, default_character_set_name, default_collation_name FROM information_schema.schemata WHERE \
             schema_name = database()",
        )
        .await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (charset, collation) = (row.text(1).unwrap_or("utf8mb4"), row.text(2).unwrap_or_default());
    let name = identifier(Dialect::MariaDb, row.text(0).unwrap_or_default());
    let collate = if collation.is_empty() { String::new() } else { format!(" COLLATE {collation}") };
    db.batch_execute(&format!(
        "DROP DATABASE {name}; CREATE DATABASE {name} CHARACTER SET {charset}{collate}; USE {name}"
    ))
    .await
}
