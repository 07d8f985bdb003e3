//! What all queries of the catalog share: whose objects are looked at, which version answers, how names are written.
//!
//! Functions are called by their full names and operators between values of one type, so that nothing of a user's own is
//! called instead.

use std::collections::BTreeMap;

use migrate_plan::Dialect;
use migrate_plan::schema::QualifiedName;

use super::cells::Oid;
use super::memory::Memory;
use super::session::Session;
use super::stamps::{Part, Parts, Stamps};
use crate::driver::{DriverError, LiveConnection, Row};
use crate::inspect::Scope;
use crate::sql::{identifier, literal};

/// Objects from here on are somebody's own, and not the server's.
pub(super) const FIRST_OID: u32 = 16384;

/// Where unqualified names are found, and the transaction before which all have ended. A temporary table may be called `text`.
const WHERE_AND_WHEN: &str = "SELECT pg_catalog.current_schema()::pg_catalog.text, \
                              pg_catalog.txid_snapshot_xmin(pg_catalog.txid_current_snapshot())::pg_catalog.text";

pub(super) struct Catalog<'c> {
    db: &'c mut dyn LiveConnection,
    pub(super) scope: &'c Scope,
    session: &'c Session,
    careful: bool,
    /// Where one is kept; what it has found is not in it meanwhile.
    memory: Option<Memory>,
    /// The relations to read; `None` is all, and what is of no relation.
    only: Option<BTreeMap<Part, Vec<Oid>>>,
    /// Rows of these relations that came with others.
    ahead: BTreeMap<Part, Vec<Row>>,
    /// Whether the transaction has ended.
    is_over: bool,
}

impl<'c> Catalog<'c> {
    pub(super) fn new(db: &'c mut dyn LiveConnection, scope: &'c Scope, session: &'c Session, careful: bool) -> Self {
        Self { db, scope, session, careful, memory: None, only: None, ahead: BTreeMap::new(), is_over: false }
    }

    pub(super) async fn begin(&mut self) -> Result<(), DriverError> {
        let (begin, set) = (self.session.beginning(), self.session.settings());
        self.db.batch_execute(&format!("{begin};\n{set}")).await
    }

    /// Begins the transaction, and remembers what is read from here on. What a look at the stamps finds is the answer; there is
    /// none where unqualified names have another place by now.
    pub(super) async fn begin_again(&mut self, mut memory: Memory) -> Result<Option<Stamps>, DriverError> {
        let prepare = (!memory.has(None)).then(|| memory.prepare(None, &Stamps::query(self)));
        let look = self.memory.insert(memory).look();
        if let Some(prepare) = prepare {
            self.db.batch_execute(&prepare).await?;
        }
        let (begin, set) = (self.session.beginning(), self.session.settings());
        let rows = self.db.query(&format!("{begin};\n{WHERE_AND_WHEN};\n{set};\n{look}")).await?;
        let Some((first, stamps)) = rows.split_first() else { return Ok(None) };
        let horizon = first.text(1).and_then(|horizon| horizon.parse().ok()).unwrap_or_default();
        let is_there = first.text(0) == self.session.default_schema.as_deref();
        Ok(is_there.then(|| Stamps::of(stamps, horizon)))
    }

    /// Reads these relations alone from here on. What needs no preparation is read at once, and ends the transaction where that
    /// is everything.
    pub(super) async fn limit(&mut self, only: &BTreeMap<Oid, Parts>, stamps: &Stamps) -> Result<(), DriverError> {
        let said = |part: Part| {
            let is_said = |(relation, parts): &(&Oid, &Parts)| parts.have(part) && stamps.have(part, **relation);
            (part, only.iter().filter(is_said).map(|(relation, _)| *relation).collect())
        };
        let only = self.only.insert(Part::ALL.into_iter().map(said).collect());
        let is_empty = |part: &Part| only.get(part).is_none_or(Vec::is_empty);
        let (not_said, wanted): (Vec<Part>, Vec<Part>) = Part::ALL.into_iter().partition(is_empty);
        self.ahead = not_said.into_iter().map(|part| (part, Vec::new())).collect();
        let Some(memory) = &self.memory else { return Ok(()) };
        // A few rows are found by indexes, whatever a plan that is made once expects.
        let mut sql = ["seqscan", "hashjoin", "mergejoin"].map(|way| format!("SET LOCAL enable_{way} = off")).to_vec();
        let is_everything = !self.careful && wanted.iter().all(|part| memory.has(Some(*part)));
        if is_everything {
            sql.extend(wanted.iter().map(|part| memory.execute(*part, &only[part])));
            sql.push("COMMIT".to_owned());
        }
        let rows = self.db.query(&sql.join(";\n")).await?;
        if is_everything {
            self.is_over = true;
            self.ahead.extend(wanted.into_iter().map(|part| (part, Vec::new())));
            for row in rows {
                self.ahead.entry(Part::tagged(&row)).or_default().push(row);
            }
        }
        Ok(())
    }

    /// Leaves the session as it was.
    pub(super) async fn end(&mut self, succeeded: bool) -> Result<(), DriverError> {
        if self.is_over { Ok(()) } else { self.session.end(self.db, succeeded).await }
    }

    /// Whether not everything is read.
    pub(super) fn is_limited(&self) -> bool {
        self.only.is_some()
    }

    /// Whether what is read is kept for the next time.
    pub(super) fn is_remembered(&self) -> bool {
        self.memory.is_some()
    }

    pub(super) fn memory(&mut self) -> Option<&mut Memory> {
        self.memory.as_mut()
    }

    pub(super) fn take_memory(&mut self) -> Memory {
        self.memory.take().unwrap_or_default()
    }

    pub(super) fn session(&self) -> &'c Session {
        self.session
    }

    /// A condition to follow others: that a relation is one of those to read.
    pub(super) fn only(&self, relation: &str) -> String {
        if self.only.is_some() { format!(" AND {relation} = ANY ($1)") } else { String::new() }
    }

    /// The rows of a query, of the relations to read, now or ahead. One for some of them is asked after each change, and planned
    /// once.
    pub(super) async fn read(&mut self, part: Part, query: fn(&Self) -> String) -> Result<Vec<Row>, DriverError> {
        if let Some(ahead) = self.ahead.remove(&part) {
            return Ok(ahead);
        }
        let is_prepared = self.only.is_some() && self.memory.as_ref().is_some_and(|memory| memory.has(Some(part)));
        let sql = if is_prepared { String::new() } else { query(self) };
        let (Some(memory), Some(only)) = (&mut self.memory, &self.only) else { return self.query(&sql).await };
        if !is_prepared {
            self.db.batch_execute(&memory.prepare(Some(part), &part.tag(&sql))).await?;
        }
        let only = only.get(&part).map(Vec::as_slice).unwrap_or_default();
        self.db.query(&memory.execute(part, only)).await
    }

    pub(super) async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.db.query(sql).await
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
