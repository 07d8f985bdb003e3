//! Effects on MySQL and MariaDB, where whatever is not about rows commits by itself.

use super::alter::alter_table;
use super::words::{Name, Words};
use super::{Becomes, Change, Effect, Object, ObjectKind};

/// What makes a value that another moment or session would not give.
const OF_ITS_TIME: [&str; 22] = [
    "SELECT",
    "NOW",
    "SYSDATE",
    "CURDATE",
    "CURTIME",
    "CURRENT_DATE",
    "CURRENT_TIME",
    "CURRENT_TIMESTAMP",
    "LOCALTIME",
    "LOCALTIMESTAMP",
    "UTC_DATE",
    "UTC_TIME",
    "UTC_TIMESTAMP",
    "UNIX_TIMESTAMP",
    "UUID",
    "UUID_SHORT",
    "RAND",
    "LAST_INSERT_ID",
    "ROW_COUNT",
    "FOUND_ROWS",
    "CONNECTION_ID",
    "NEXTVAL",
];

pub(super) fn effect(words: &mut Words<'_>) -> Effect {
    if words.take_any(&["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "DO", "LOAD", "(", "TABLE"]) {
        return Effect::Transactional;
    }
    if words.take(&["SELECT"]) {
        return match () {
            () if words.mentions("OUTFILE") || words.mentions("DUMPFILE") => Effect::Unknown,
            () if words.mentions("INTO") || words.mentions(":=") => Effect::Snapshot,
            () => Effect::Transactional,
        };
    }
    if words.take_any(&["USE", "PREPARE", "DEALLOCATE"]) {
        return Effect::Session;
    }
    if words.take(&["SET"]) {
        let lasts = ["GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "DEFAULT"];
        return match () {
            () if lasts.iter().any(|word| words.is(word)) => Effect::Repeatable,
            () if OF_ITS_TIME.iter().any(|word| words.mentions(word)) => Effect::Snapshot,
            () => Effect::Session,
        };
    }
    let repeatable =
        ["ANALYZE", "OPTIMIZE", "CHECK", "REPAIR", "CHECKSUM", "FLUSH", "GRANT", "REVOKE", "SHOW", "EXPLAIN"];
    if words.take_any(&repeatable) || words.take_any(&["DESCRIBE", "DESC", "KILL", "SAVEPOINT", "RELEASE"]) {
        return Effect::Repeatable;
    }
    if words.take(&["CREATE"]) {
        return create(words);
    }
    if words.take(&["DROP"]) {
        return drop_object(words);
    }
    if words.take(&["ALTER"]) {
        let _ = words.take_any(&["ONLINE", "OFFLINE"]) || words.take(&["IGNORE"]);
        if words.take(&["TABLE"]) {
            return alter_table(words);
        }
        let repeatable = words.is("DATABASE") || words.is("SCHEMA") || words.is("USER") || words.mentions("VIEW");
        return if repeatable { Effect::Repeatable } else { Effect::Unknown };
    }
    if words.take(&["RENAME", "TABLE"]) || words.take(&["RENAME", "TABLES"]) {
        return rename_tables(words);
    }
    Effect::Unknown
}

fn one(kind: ObjectKind, table: Option<Name>, name: Name, becomes: Becomes) -> Effect {
    let (schema, table) = match table {
        Some(table) => (table.schema.or(name.schema), Some(table.name)),
        None => (name.schema, None),
    };
    Effect::Objects(vec![Change { object: Object { kind, schema, table, name: name.name }, becomes }])
}

fn create(words: &mut Words<'_>) -> Effect {
    let replaces = words.take(&["OR", "REPLACE"]);
    if words.is("TEMPORARY") {
        // It is gone with the session, and may have been filled from others by then.
        return Effect::Unknown;
    }
    let known = ["TABLE", "VIEW", "INDEX", "TRIGGER", "PROCEDURE", "FUNCTION", "DATABASE", "SCHEMA", "SEQUENCE"];
    // `ALGORITHM = … DEFINER = … SQL SECURITY …`, `UNIQUE`, `FULLTEXT` and their like.
    while !words.is_at_end() && !known.iter().any(|word| words.is(word)) {
        words.skip();
    }
    let Some(kind) = known.iter().find(|word| words.take(&[word])) else { return Effect::Unknown };
    // A copy of rows that was cut off is no table that can be kept.
    let copies = *kind == "TABLE" && words.mentions("SELECT");
    if replaces {
        return if copies { Effect::Unknown } else { Effect::Repeatable };
    }
    words.take(&["IF", "NOT", "EXISTS"]);
    let Some(name) = words.name() else { return Effect::Unknown };
    match *kind {
        "TABLE" if copies => Effect::Unknown,
        "TABLE" | "VIEW" | "SEQUENCE" => one(ObjectKind::Table, None, name, Becomes::Present),
        "TRIGGER" => one(ObjectKind::Trigger, None, name, Becomes::Present),
        "PROCEDURE" | "FUNCTION" => one(ObjectKind::Routine, None, name, Becomes::Present),
        "DATABASE" | "SCHEMA" => one(ObjectKind::Database, None, name, Becomes::Present),
        _ => {
            if words.take(&["USING"]) {
                words.skip();
            }
            match (words.take(&["ON"]), words.name()) {
                (true, Some(table)) => one(ObjectKind::Index, Some(table), name, Becomes::Present),
                _ => Effect::Unknown,
            }
        }
    }
}

fn drop_object(words: &mut Words<'_>) -> Effect {
    words.take(&["TEMPORARY"]);
    let known =
        ["TABLE", "TABLES", "VIEW", "INDEX", "TRIGGER", "PROCEDURE", "FUNCTION", "DATABASE", "SCHEMA", "SEQUENCE"];
    let Some(kind) = known.iter().find(|word| words.take(&[word])) else { return Effect::Unknown };
    words.take(&["IF", "EXISTS"]);
    let object = match *kind {
        "TABLE" | "TABLES" | "VIEW" | "SEQUENCE" => return drop_tables(words),
        "TRIGGER" => ObjectKind::Trigger,
        "PROCEDURE" | "FUNCTION" => ObjectKind::Routine,
        "DATABASE" | "SCHEMA" => ObjectKind::Database,
        _ => ObjectKind::Index,
    };
    let Some(name) = words.name() else { return Effect::Unknown };
    if object != ObjectKind::Index {
        return one(object, None, name, Becomes::Absent);
    }
    match (words.take(&["ON"]), words.name()) {
        (true, Some(table)) => one(object, Some(table), name, Becomes::Absent),
        _ => Effect::Unknown,
    }
}

fn drop_tables(words: &mut Words<'_>) -> Effect {
    let mut changes = Vec::new();
    loop {
        let Some(Name { schema, name }) = words.name() else { return Effect::Unknown };
        let object = Object { kind: ObjectKind::Table, schema, table: None, name };
        changes.push(Change { object, becomes: Becomes::Absent });
        if !words.take(&[","]) {
            return Effect::Objects(changes);
        }
    }
}

fn rename_tables(words: &mut Words<'_>) -> Effect {
    words.take(&["IF", "EXISTS"]);
    let mut changes: Vec<Change> = Vec::new();
    loop {
        let Some(from) = words.name() else { return Effect::Unknown };
        if words.take(&["WAIT"]) {
            words.skip();
        }
        words.take(&["NOWAIT"]);
        let (true, Some(to)) = (words.take(&["TO"]), words.name()) else { return Effect::Unknown };
        for (Name { schema, name }, becomes) in [(from, Becomes::Absent), (to, Becomes::Present)] {
            let object = Object { kind: ObjectKind::Table, schema, table: None, name };
            // Two tables that change places leave both names there.
            if changes.iter().any(|change| change.object == object) {
                return Effect::Unknown;
            }
            changes.push(Change { object, becomes });
        }
        if !words.take(&[","]) {
            return Effect::Objects(changes);
        }
    }
}
