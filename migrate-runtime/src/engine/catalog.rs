//! What is there of an object: questions to the catalog, and what the answers say of a statement.

use migrate_plan::{Becomes, Change, Dialect, Object, ObjectKind};

use crate::sql::{identifier, literal};

/// What a catalog says of an index that a concurrent build has left unfinished.
pub(super) const INVALID: &str = "invalid";

/// Whether a statement took effect, as far as one of its changes tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Happened,
    NotYet,
}

/// What the state of an object, before and now, says of the statement that changes it.
pub(super) fn judge(becomes: Becomes, before: Option<&str>, now: Option<&str>) -> Verdict {
    let there = |state: Option<&str>| state.is_some_and(|state| state != INVALID);
    let happened = match becomes {
        Becomes::Present => !there(before) && there(now),
        Becomes::Absent => before.is_some() && now.is_none(),
        Becomes::Different => before != now,
    };
    if happened { Verdict::Happened } else { Verdict::NotYet }
}

/// One query for the states of all these objects, a column each; NULL for what is not there.
pub(super) fn states_query(dialect: Dialect, changes: &[Change]) -> String {
    let state = |change: &Change| match dialect {
        Dialect::Postgres => postgres_state(&change.object),
        _ => mysql_state(dialect, &change.object),
    };
    format!("SELECT {}", changes.iter().map(state).collect::<Vec<_>>().join(", "))
}

fn postgres_state(object: &Object) -> String {
    let dialect = Dialect::Postgres;
    let text = |text: &str| literal(dialect, text);
    let qualified = |schema: &Option<String>, name: &str| {
        let schema = schema.iter().map(|schema| identifier(dialect, schema) + ".").collect::<String>();
        text(&(schema + &identifier(dialect, name)))
    };
    match (object.kind, &object.table) {
        (ObjectKind::Index, Some(table)) => format!(
            "(SELECT CASE WHEN i.indisvalid THEN 'valid' ELSE '{INVALID}' END FROM pg_catalog.pg_index i JOIN \
             pg_catalog.pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = to_regclass({}) AND c.relname = {})",
            qualified(&object.schema, table),
            text(&object.name)
        ),
        (ObjectKind::Index, None) => format!(
            "(SELECT 'present' FROM pg_catalog.pg_index WHERE indexrelid = to_regclass({}))",
            qualified(&object.schema, &object.name)
        ),
        (ObjectKind::Database, _) => {
            format!("(SELECT 'present' FROM pg_catalog.pg_database WHERE datname = {})", text(&object.name))
        }
        _ => "NULL".to_owned(),
    }
}

fn mysql_state(dialect: Dialect, object: &Object) -> String {
    let text = |text: &str| literal(dialect, text);
    let schema = object.schema.as_deref().map_or_else(|| "database()".to_owned(), text);
    let (table, name) = (text(object.table.as_deref().unwrap_or(&object.name)), text(&object.name));
    // The names of columns are compared as the catalog compares them, without regard to case.
    let columns = "group_concat(concat_ws(' ', c.column_name, c.column_type, c.is_nullable, c.column_default, c.extra, \
                   c.character_set_name, c.collation_name, c.column_comment, c.generation_expression) ORDER BY \
                   c.ordinal_position SEPARATOR '\\n')";
    match object.kind {
        ObjectKind::Table => format!(
            "(SELECT t.table_type FROM information_schema.tables t WHERE t.table_schema = {schema} AND t.table_name = \
             {name})"
        ),
        ObjectKind::Column => format!(
            "(SELECT {columns} FROM information_schema.columns c WHERE c.table_schema = {schema} AND c.table_name = \
             {table} AND c.column_name = {name})"
        ),
        ObjectKind::Index => format!(
            "(SELECT group_concat(s.column_name ORDER BY s.seq_in_index) FROM information_schema.statistics s WHERE \
             s.table_schema = {schema} AND s.table_name = {table} AND s.index_name = {name})"
        ),
        ObjectKind::Constraint => format!(
            "(SELECT min(k.constraint_type) FROM information_schema.table_constraints k WHERE k.table_schema = {schema} \
             AND k.table_name = {table} AND k.constraint_name = {name})"
        ),
        ObjectKind::Trigger => format!(
            "(SELECT 'TRIGGER' FROM information_schema.triggers t WHERE t.trigger_schema = {schema} AND t.trigger_name = \
             {name})"
        ),
        ObjectKind::Routine => format!(
            "(SELECT min(r.routine_type) FROM information_schema.routines r WHERE r.routine_schema = {schema} AND \
             r.routine_name = {name})"
        ),
        ObjectKind::Database => {
            format!("(SELECT 'DATABASE' FROM information_schema.schemata s WHERE s.schema_name = {name})")
        }
        // Columns, indexes, constraints and partitions, in one text.
        ObjectKind::Definition => format!(
            "(SELECT concat_ws('\\n', (SELECT {columns} FROM information_schema.columns c WHERE c.table_schema = {schema} \
             AND c.table_name = {table}), (SELECT group_concat(concat_ws(' ', s.index_name, s.seq_in_index, \
             s.column_name, s.non_unique) ORDER BY s.index_name, s.seq_in_index SEPARATOR '\\n') FROM \
             information_schema.statistics s WHERE s.table_schema = {schema} AND s.table_name = {table}), (SELECT \
             group_concat(concat_ws(' ', k.constraint_name, k.constraint_type) ORDER BY k.constraint_name SEPARATOR \
             '\\n') FROM information_schema.table_constraints k WHERE k.table_schema = {schema} AND k.table_name = \
             {table}), (SELECT group_concat(p.partition_name ORDER BY p.partition_ordinal_position) FROM \
             information_schema.partitions p WHERE p.table_schema = {schema} AND p.table_name = {table})))"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_judged_by_what_was_there_and_what_is() {
        use Becomes::{Absent, Different, Present};
        use Verdict::{Happened, NotYet};
        for (becomes, before, now, verdict) in [
            (Present, None, Some("x"), Happened),
            (Present, None, None, NotYet),
            (Present, Some("x"), Some("x"), NotYet),
            (Present, None, Some(INVALID), NotYet),
            (Present, Some(INVALID), Some("valid"), Happened),
            (Absent, Some("x"), None, Happened),
            (Absent, Some("x"), Some("x"), NotYet),
            (Absent, None, None, NotYet),
            (Different, Some("x"), Some("y"), Happened),
            (Different, Some("x"), Some("x"), NotYet),
        ] {
            assert_eq!(judge(becomes, before, now), verdict, "{becomes:?} {before:?} {now:?}");
        }
    }
}
