//! The catalog of SQLite: of the main database, not of temporary or attached ones.
//!
//! The statements that the catalog keeps say everything, and the pragmas whether they were understood.

mod facts;
mod index;
mod objects;

use migrate_plan::schema::Schema;

use super::Scope;
use crate::driver::{DriverError, LiveConnection, Row};

// A savepoint begins a transaction where there is none, and else stands inside it.
const BEGIN: &str = "SAVEPOINT migrate_inspection";
const END: &str = "RELEASE migrate_inspection";

const OBJECTS: &str = "SELECT type, name, tbl_name, sql FROM main.sqlite_master \
    WHERE sql IS NOT NULL AND lower(substr(name, 1, 7)) <> 'sqlite_' ORDER BY name";

// A table may bear the name of a pragma's function: that of `temp` is looked for where hardly anybody has tables. SQLite 3.37
// is the first that has this one.
const SHADOW_TABLES: &str = "SELECT name FROM temp.pragma_table_list WHERE schema = 'main' AND type = 'shadow'";

/// Tables that have rows of their own, which neither views nor virtual tables have: of these the pragmas fail when what they
/// need is not there.
macro_rules! of_tables {
    ($columns:literal, $pragmas:literal, $order:literal) => {
        concat!(
            "SELECT m.name, ",
            $columns,
            " FROM main.sqlite_master m ",
            $pragmas,
            " WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY ",
            $order
        )
    };
}

const COLUMNS: &str = of_tables!(
    "x.name, x.type, CAST(x.\"notnull\" AS TEXT), x.dflt_value, CAST(x.pk AS TEXT), CAST(x.hidden AS TEXT)",
    "JOIN temp.pragma_table_xinfo(m.name, 'main') x",
    "m.rowid, x.cid"
);

const KEYS: &str = of_tables!(
    "l.name, l.origin, CAST(x.cid AS TEXT), x.name, CAST(x.\"desc\" AS TEXT), x.coll",
    "JOIN temp.pragma_index_list(m.name, 'main') l JOIN temp.pragma_index_xinfo(l.name, 'main') x ON x.key = 1",
    "m.rowid, l.seq, x.seqno"
);

const FOREIGN_KEYS: &str = of_tables!(
    "CAST(x.id AS TEXT), x.\"table\", x.\"from\", x.\"to\", x.on_update, x.on_delete",
    "JOIN temp.pragma_foreign_key_list(m.name, 'main') x",
    "m.rowid, x.id, x.seq"
);

/// The rows of the catalog.
struct Catalog {
    objects: Vec<Row>,
    shadow_tables: Vec<Row>,
    columns: Vec<Row>,
    keys: Vec<Row>,
    foreign_keys: Vec<Row>,
}

pub(super) async fn read(db: &mut dyn LiveConnection, scope: &Scope) -> Result<Schema, DriverError> {
    db.batch_execute(BEGIN).await?;
    let catalog = read_catalog(db).await;
    let ended = db.batch_execute(END).await;
    let catalog = catalog?;
    ended?;
    Ok(objects::schema(catalog, scope))
}

async fn read_catalog(db: &mut dyn LiveConnection) -> Result<Catalog, DriverError> {
    Ok(Catalog {
        objects: db.query(OBJECTS).await?,
        shadow_tables: db.query(SHADOW_TABLES).await?,
        columns: db.query(COLUMNS).await?,
        keys: db.query(KEYS).await?,
        foreign_keys: db.query(FOREIGN_KEYS).await?,
    })
}

/// The text of a column; empty for NULL.
fn text(row: &Row, column: usize) -> String {
    row.text(column).unwrap_or_default().to_owned()
}
