//! Effects on PostgreSQL, where everything can be rolled back but what refuses to run in a transaction.

use super::words::{Name, Words};
use super::{Becomes, Change, Effect, Object, ObjectKind};

pub(super) fn effect(words: &mut Words<'_>) -> Effect {
    if words.take_any(&["SET", "RESET", "PREPARE", "DEALLOCATE", "LOAD", "LISTEN", "UNLISTEN"]) {
        return Effect::Session;
    }
    if words.take_any(&["VACUUM", "REINDEX", "CLUSTER", "CHECKPOINT", "DISCARD"]) || words.take(&["ALTER", "SYSTEM"]) {
        return Effect::Repeatable;
    }
    if words.take(&["CREATE", "DATABASE"]) {
        return database(words, Becomes::Present);
    }
    if words.take(&["DROP", "DATABASE"]) {
        words.take(&["IF", "EXISTS"]);
        return database(words, Becomes::Absent);
    }
    if words.take(&["DROP", "INDEX", "CONCURRENTLY"]) {
        words.take(&["IF", "EXISTS"]);
        let name = words.name().filter(|_| !words.is(","));
        return name.map_or(Effect::Unknown, |name| index(name, None, Becomes::Absent));
    }
    if words.take(&["CREATE", "INDEX", "CONCURRENTLY"]) || words.take(&["CREATE", "UNIQUE", "INDEX", "CONCURRENTLY"]) {
        words.take(&["IF", "NOT", "EXISTS"]);
        let name = if words.is("ON") { None } else { words.part() };
        words.take(&["ON"]);
        words.take(&["ONLY"]);
        return match (name, words.name()) {
            (Some(name), Some(table)) => index(Name { schema: table.schema, name }, Some(table.name), Becomes::Present),
            _ => Effect::Unknown,
        };
    }
    let outside = words.is("CALL") || words.is("DO") || words.mentions("CONCURRENTLY") || words.is("ALTER");
    let outside = outside || words.mentions("SUBSCRIPTION") || words.mentions("TABLESPACE");
    if outside { Effect::Unknown } else { Effect::Transactional }
}

fn index(Name { schema, name }: Name, table: Option<String>, becomes: Becomes) -> Effect {
    Effect::Objects(vec![Change { object: Object { kind: ObjectKind::Index, schema, table, name }, becomes }])
}

fn database(words: &mut Words<'_>, becomes: Becomes) -> Effect {
    let Some(name) = words.part() else { return Effect::Unknown };
    let object = Object { kind: ObjectKind::Database, schema: None, table: None, name };
    Effect::Objects(vec![Change { object, becomes }])
}
