//! What the engine itself says of a database, without our reader.

use migrate_runtime::schema::sqlite::trimmed;
use rusqlite::Connection;

const QUESTIONS: [&str; 5] = [
    // Of the row id it means nothing whether it refuses NULL.
    "SELECT m.name, x.cid, x.name, upper(x.type), x.\"notnull\" AND x.pk = 0, x.dflt_value, x.pk, x.hidden \
     FROM sqlite_master m JOIN temp.pragma_table_xinfo(m.name) x WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY 1, 2",
    // Of constraints on the same columns SQLite keeps one index, in the direction of the first.
    "SELECT m.name, l.\"unique\", l.origin, l.partial, iif(l.origin = 'c', l.name, NULL), \
     (SELECT group_concat(concat_ws(' ', x.cid, x.name, x.\"desc\" AND l.origin = 'c', lower(x.coll))) FROM temp.pragma_index_xinfo(l.name) x WHERE x.key) \
     FROM sqlite_master m JOIN temp.pragma_index_list(m.name) l \
     WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY 1, 2, 3, 4, 5, 6",
    "SELECT m.name, (SELECT group_concat(concat_ws(' ', x.\"table\", x.\"from\", x.\"to\", x.on_update, x.on_delete)) \
     FROM temp.pragma_foreign_key_list(m.name) x WHERE x.id = f.id) AS k \
     FROM sqlite_master m JOIN temp.pragma_foreign_key_list(m.name) f \
     WHERE m.type = 'table' AND m.rootpage > 0 ORDER BY 1, 2",
    "SELECT name, type, wr, strict FROM temp.pragma_table_list WHERE schema = 'main' ORDER BY 1",
    "SELECT type, name, tbl_name, iif(type = 'trigger', sql, NULL) FROM sqlite_master WHERE sql NOT NULL ORDER BY 1, 2",
];

/// All that the pragmas say, a line for each column, index and foreign key.
pub(super) fn sees(db: &Connection) -> Vec<String> {
    let cell = |value: rusqlite::types::Value| match value {
        rusqlite::types::Value::Text(text) => trimmed(&text).to_owned(),
        other => format!("{other:?}"),
    };
    let mut lines = Vec::new();
    for question in QUESTIONS {
        let mut statement = db.prepare(question).unwrap_or_else(|error| panic!("{error}: {question}"));
        let columns = statement.column_count();
        let rows = statement.query_map([], |row| (0..columns).map(|column| row.get(column).map(cell)).collect());
        for row in rows.expect("the engine answers") {
            let row: Vec<String> = row.expect("a row is read");
            lines.push(row.join(" | "));
        }
    }
    // Statistics are rows, and their tables come with them.
    lines.retain(|line| !line.contains("sqlite_stat"));
    lines
}
