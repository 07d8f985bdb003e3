//! What all queries of the catalog share: whose objects are looked at, which version answers, how names are written.
//!
//! Functions are called by their full names and operators between values of one type, so that nothing of a user's own is
//! called instead.

use std::collections::BTreeSet;
use std::sync::Arc;

use migrate_plan::Dialect;
use migrate_plan::schema::QualifiedName;

use super::cells::Oid;
use super::memory::{Memory, Part, Rows};
use super::session::Session;
use crate::driver::{DriverError, LiveConnection, Row};
use crate::inspect::Scope;
use crate::sql::{identifier, literal};

/// Objects from here on are somebody's own, and not the server's.
pub(super) const FIRST_OID: u32 = 16384;

pub(super) struct Catalog<'c> {
    db: &'c mut dyn LiveConnection,
    pub(super) scope: &'c Scope,
    session: &'c Session,
    careful: bool,
    /// Where one is kept.
    memory: Option<Memory>,
    /// The relations to read; `None` is all, and what is of no relation.
    only: Option<BTreeSet<Oid>>,
    /// Whether a name has changed that may stand in the texts of others.
    pub(super) is_renamed: bool,
}

impl<'c> Catalog<'c> {
    pub(super) fn new(db: &'c mut dyn LiveConnection, scope: &'c Scope, session: &'c Session, careful: bool) -> Self {
        Self { db, scope, session, careful, memory: None, only: None, is_renamed: false }
    }

    /// Remembers what is read from here on.
    pub(super) fn remember(&mut self, memory: Memory) {
        self.memory = Some(memory);
    }

    /// Reads these relations alone from here on, and has the others from the memory; `None` is all.
    pub(super) async fn limit(&mut self, only: Option<BTreeSet<Oid>>) -> Result<(), DriverError> {
        // A few rows are found by indexes, whatever a plan that is made once expects.
        let (is_few, was_few) = (only.is_some(), self.only.is_some());
        (self.only, self.is_renamed) = (only, false);
        let value = if is_few { "off" } else { "DEFAULT" };
        let settings = ["seqscan", "hashjoin", "mergejoin"].map(|way| format!("SET LOCAL enable_{way} = {value}"));
        if is_few == was_few { Ok(()) } else { self.db.batch_execute(&settings.join("; ")).await }
    }

    pub(super) fn memory(&mut self) -> Option<&mut Memory> {
        self.memory.as_mut()
    }

    pub(super) fn into_memory(self) -> Memory {
        self.memory.unwrap_or_default()
    }

    pub(super) fn session(&self) -> &'c Session {
        self.session
    }

    /// A condition to follow others: that a relation is one of those to read.
    pub(super) fn only(&self, relation: &str) -> String {
        if self.only.is_some() { format!(" AND {relation} = ANY ($1)") } else { String::new() }
    }

    /// The rows of a query, which is not asked where the memory has all that it would say.
    pub(super) async fn read(&mut self, part: Part, sql: &str) -> Result<Arc<Rows>, DriverError> {
        if let (Some(memory), Some(only)) = (&self.memory, &self.only)
            && (only.is_empty() || part.relation().is_none())
        {
            return Ok(memory.recall(part));
        }
        let mut rows = Rows::new();
        let read = if self.only.is_some() { self.query_again(sql).await? } else { self.query(sql).await? };
        for row in read {
            let relation = part.relation().and_then(|column| row.text(column)?.parse().ok()).unwrap_or_default();
            rows.entry(relation).or_default().push(row);
        }
        let Some(memory) = &mut self.memory else { return Ok(Arc::new(rows)) };
        self.is_renamed |= memory.take(part, rows, self.only.as_ref());
        Ok(memory.recall(part))
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.db.query(sql).await
    }

    /// Runs a query that is asked after each change: where there is a memory, the server plans it once. `$1` is the relations
    /// to read.
    pub(super) async fn query_again(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        let Some(memory) = &mut self.memory else { return self.db.query(sql).await };
        let (name, is_new) = memory.prepared(sql);
        let takes = if sql.contains("$1") { " (oid[])" } else { "" };
        if is_new {
            self.db.batch_execute(&format!("PREPARE {name}{takes} AS {sql}")).await?;
        }
        let oids: Vec<String> = self.only.iter().flatten().map(Oid::to_string).collect();
        let given = if takes.is_empty() { String::new() } else { format!(" ('{{{}}}')", oids.join(",")) };
        self.db.query(&format!("EXECUTE {name}{given}")).await
    }

    /// One of two texts, by the version of the server: 14 is 14.0 and later.
    pub(super) fn since<'t>(&self, version: u32, sql: &'t str, before: &'t str) -> &'t str {
        if self.session.version >= version * 10_000 { sql } else { before }
    }

    /// The schemas that are looked at, as an array of their oids, which is made once a query and joined with nothing.
    pub(super) fn spaces(&self) -> String {
        let condition = match &self.scope.schemas {
            None => "n.nspname::text !~ '^pg_' AND n.nspname <> 'information_schema'".to_owned(),
            Some(schemas) => {
                let names = schemas.iter().chain(&self.session.default_schema);
                let names: Vec<String> =
                    names.map(|name| format!("n.nspname = {}", literal(Dialect::Postgres, name))).collect();
                if names.is_empty() { "false".to_owned() } else { names.join(" OR ") }
            }
        };
        format!("ARRAY(SELECT n.oid FROM pg_catalog.pg_namespace n WHERE {condition})")
    }

    /// Whether some views may be without their query.
    pub(super) fn is_careful(&self) -> bool {
        self.careful
    }

    /// The query of a view, as SQL.
    pub(super) fn view_definition(&self) -> &'static str {
        if self.careful {
            "CASE WHEN c.relkind IN ('v', 'm') AND NOT EXISTS (SELECT FROM pg_catalog.unnest(pg_catalog.string_to_array(\
             pg_catalog.current_setting('migrate.unprintable'), ' '::text)) AS u(o) WHERE u.o = c.oid::text) \
             THEN pg_catalog.pg_get_viewdef(c.oid, true) END"
        } else {
            "CASE WHEN c.relkind IN ('v', 'm') THEN pg_catalog.pg_get_viewdef(c.oid, true) END"
        }
    }

    /// Notes which views the server fails to print, once printing all has failed: only a procedural block survives an error.
    pub(super) async fn find_unprintable_views(&mut self) -> Result<(), DriverError> {
        if !self.careful {
            return Ok(());
        }
        let block = "DECLARE v oid; bad text := ''; BEGIN \
                     FOR v IN SELECT oid FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm') LOOP \
                     BEGIN PERFORM pg_catalog.pg_get_viewdef(v, true); \
                     EXCEPTION WHEN OTHERS THEN bad := bad || ' '::text || v::text; END; END LOOP; \
                     PERFORM pg_catalog.set_config('migrate.unprintable', bad, true); END";
        self.db.batch_execute(&format!("DO LANGUAGE plpgsql {}", literal(Dialect::Postgres, block))).await
    }

    /// A name as the model has it.
    pub(super) fn name(&self, schema: String, name: String) -> QualifiedName {
        QualifiedName { schema: Some(schema).filter(|schema| !self.is_default(schema)), name }
    }

    pub(super) fn is_default(&self, schema: &str) -> bool {
        self.session.default_schema.as_deref() == Some(schema)
    }

    /// A name that the server prints with its schema whichever that is, without it where it is the default one.
    pub(super) fn unqualified<'t>(&self, printed: &'t str) -> &'t str {
        let schema = self.session.printed_schema.as_deref();
        schema.and_then(|schema| printed.strip_prefix(schema)?.strip_prefix('.')).unwrap_or(printed)
    }

    /// A statement, in which a name follows `head`, likewise.
    pub(super) fn unqualified_statement(&self, statement: &str, heads: &[&str]) -> String {
        let found = heads.iter().find_map(|head| Some((head, statement.strip_prefix(head)?)));
        found.map_or_else(|| statement.to_owned(), |(head, rest)| format!("{head}{}", self.unqualified(rest)))
    }

    /// Whether a table keeps the history.
    pub(super) fn is_own(&self, schema: &str, table: &str) -> bool {
        self.scope.is_own(Some(schema), table) || self.is_default(schema) && self.scope.is_own(None, table)
    }
}

/// The oid of a table of the catalog, as SQL.
pub(super) fn class(table: &str) -> String {
    format!("'pg_catalog.{table}'::regclass::oid")
}

/// A condition: that an object belongs to no extension.
pub(super) fn not_of_an_extension(table: &str, oid: &str) -> String {
    format!(
        "NOT EXISTS (SELECT FROM pg_catalog.pg_depend e WHERE e.classid = {} AND e.objid = {oid} AND e.deptype = 'e')",
        class(table)
    )
}

/// A join with the comment of an object, as `d.description`.
pub(super) fn comment(table: &str, oid: &str, column: &str) -> String {
    format!(
        "LEFT JOIN pg_catalog.pg_description d ON d.objoid = {oid} AND d.classoid = {} AND d.objsubid = {column}",
        class(table)
    )
}

/// A name as SQL.
pub(super) fn quoted(schema: Option<&str>, name: &str) -> String {
    let name = identifier(Dialect::Postgres, name);
    schema.map_or_else(|| name.clone(), |schema| format!("{}.{name}", identifier(Dialect::Postgres, schema)))
}
