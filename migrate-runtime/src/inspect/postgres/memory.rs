//! What the last reading found, so that the next one reads only what has changed since.
//!
//! Each row of the catalog says which transaction wrote it, and later ones have greater numbers. So how many rows there are of
//! something and the sum of their transactions stay the same as long as nobody changes it: a row more or less shows in
//! the first, and one that is written anew, or stands for another one, makes the second greater. Inside a transaction,
//! which may write a row twice, nothing is remembered. What is printed with the name of something else is read again with all
//! the rest when that is renamed, and texts that hold whole queries are, whatever changes.

use std::collections::{BTreeMap, BTreeSet};

use migrate_plan::schema::QualifiedName;

use super::catalog::{Catalog, FIRST_OID, class};
use super::cells::{Cells, Oid};
use super::found::{Found, NO_RELATION};
use super::session::Session;
use crate::driver::{DriverError, LiveConnection, Row};
use crate::engine::random_id;

/// What stands in a schema or the whole database, and in the words by which others are printed: tables of the catalog.
const REST: [&str; 19] = [
    "pg_am",
    "pg_cast",
    "pg_collation",
    "pg_conversion",
    "pg_enum",
    "pg_event_trigger",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_language",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_publication",
    "pg_tablespace",
    "pg_transform",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
];

/// What has its place with a relation: tables of the catalog, the column that says with which one, that by which they are
/// looked up, and the kinds of a [`Stamp`].
const OF_RELATIONS: [(&str, &str, &str, u8); 10] = [
    // Nobody changes the columns that every table has.
    ("pg_attribute", "attrelid", "attnum > 0 AND x.attrelid", 0),
    ("pg_attrdef", "adrelid", "oid", 0),
    // Those of domains are of none.
    ("pg_constraint", "conrelid", "oid", Stamp::HAS_CONSTRAINTS),
    ("pg_index", "indrelid", "indexrelid", Stamp::HAS_INDEXES),
    ("pg_inherits", "inhrelid", "inhrelid", 0),
    ("pg_policy", "polrelid", "oid", Stamp::SPEAKS | Stamp::HAS_ATTACHED),
    ("pg_rewrite", "ev_class", "oid", Stamp::SPEAKS | Stamp::HAS_ATTACHED),
    ("pg_sequence", "seqrelid", "seqrelid", 0),
    ("pg_statistic_ext", "stxrelid", "oid", Stamp::HAS_ATTACHED),
    ("pg_trigger", "tgrelid", "oid", Stamp::HAS_ATTACHED),
];

/// The schema of tables for what is too long for a row.
const TOAST: Oid = 99;
/// The function that reads arrays.
const ARRAYS: Oid = 750;
/// What is seen by its name alone.
const NAMES: Oid = 1;

/// The queries that can be asked of some relations alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Relations,
    Columns,
    Indexes,
    Constraints,
    Attached,
}

impl Part {
    pub(super) const ALL: [Self; 5] =
        [Self::Relations, Self::Columns, Self::Indexes, Self::Constraints, Self::Attached];

    /// Its query, whose rows say in the end whose they are.
    pub(super) fn tag(self, sql: &str) -> String {
        format!("SELECT q.*, '{}' FROM ({sql}) AS q", self as usize)
    }

    /// Whose row it is.
    pub(super) fn tagged(row: &Row) -> Self {
        let tag = row.0.last().and_then(|tag| tag.as_deref()?.parse().ok());
        tag.and_then(|tag: usize| Self::ALL.get(tag).copied()).unwrap_or(Self::Relations)
    }
}

/// Of one relation: rows, the sum of their transactions, and what kinds of them there are.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    rows: String,
    sum: String,
    kinds: u8,
}

impl Stamp {
    /// The texts that it is made of speak of others.
    const SPEAKS: u8 = 1;
    const HAS_INDEXES: u8 = 2;
    const HAS_CONSTRAINTS: u8 = 4;
    /// Triggers, policies, rules or statistics.
    const HAS_ATTACHED: u8 = 8;

    fn speaks(&self) -> bool {
        self.kinds & Self::SPEAKS != 0
    }
}

/// What stood in the catalog at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps(BTreeMap<Oid, Stamp>);

/// What the last reading found.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What the session was like.
    session: Option<Session>,
    /// Which schemas were looked at, and in which one names need no schema.
    of: String,
    stamps: Stamps,
    found: Option<Found>,
    /// Statements that the session has prepared: that for the stamps, and those for some relations alone.
    prepared: BTreeMap<Option<Part>, Prepared>,
}

/// What was found last, without what has changed since.
pub(super) struct Changes {
    pub(super) found: Found,
    /// What is to be read.
    pub(super) relations: BTreeSet<Oid>,
    names: Vec<(Oid, QualifiedName, BTreeMap<i16, String>)>,
}

impl Changes {
    /// Whether one of the relations, or a column of one, has another name than before.
    pub(super) fn is_renamed(&self, found: &Found) -> bool {
        self.names.iter().any(|(relation, name, columns)| {
            let has_another =
                |number: &i16, column: &String| found.column_name(*relation, *number).is_some_and(|now| now != column);
            found.relation_names.get(relation).is_some_and(|now| now != name)
                || columns.iter().any(|(number, column)| has_another(number, column))
        })
    }
}

/// A statement that the session has prepared.
#[derive(Clone, Debug)]
struct Prepared {
    sql: String,
    name: String,
}

impl Memory {
    /// What has changed, where it is known.
    pub(super) fn changes(&mut self, of: &str, stamps: &Stamps) -> Option<Changes> {
        let (old, new) = (&self.stamps.0, &stamps.0);
        let is_same = |oid| old.get(&oid) == new.get(&oid);
        let mut found = self.found.take()?;
        if self.of != of || !is_same(NO_RELATION) || !is_same(NAMES) {
            return None;
        }
        let gone: Vec<Oid> = old.keys().copied().filter(|relation| !new.contains_key(relation)).collect();
        let mut relations: BTreeSet<Oid> = new.keys().copied().filter(|relation| !is_same(*relation)).collect();
        if !gone.is_empty() || !relations.is_empty() {
            // The name of a relation that is not looked at may stand in the text of one that is.
            let is_unknown = |oid: &Oid| old.contains_key(oid) && !found.relation_names.contains_key(oid);
            let functions_speak = new.get(&NO_RELATION).is_some_and(Stamp::speaks);
            if functions_speak || relations.iter().any(is_unknown) {
                return None;
            }
            relations.extend(new.iter().filter(|(_, stamp)| stamp.speaks()).map(|(relation, _)| *relation));
            // A column says what its sequence is like.
            let owner = |relation: &Oid| Some(found.sequences.get(relation)?.1.as_ref()?.table);
            let owners: Vec<Oid> = relations.iter().filter_map(owner).collect();
            relations.extend(owners.into_iter().filter(|table| new.contains_key(table)));
        }
        let name = |relation: &Oid| {
            let columns = found.column_names.get(relation).cloned().unwrap_or_default();
            Some((*relation, found.relation_names.get(relation)?.clone(), columns))
        };
        let names = relations.iter().filter_map(name).collect();
        for relation in relations.iter().chain(&gone) {
            found.forget(*relation);
        }
        Some(Changes { found, relations, names })
    }

    pub(super) fn session(&self) -> Option<Session> {
        self.session.clone()
    }

    /// This memory, of a moment.
    pub(super) fn of(self, session: Session, of: String, stamps: Stamps, found: Found) -> Self {
        Self { session: Some(session), of, stamps, found: Some(found), ..self }
    }

    /// This memory without what it holds.
    pub(super) fn forgetting(self) -> Self {
        Self { prepared: self.prepared, ..Self::default() }
    }

    /// Whether the query for some relations is prepared.
    pub(super) fn has(&self, part: Part) -> bool {
        self.prepared.contains_key(&Some(part))
    }

    /// The statement that runs one that is prepared.
    pub(super) fn execute(&self, part: Option<Part>, relations: Option<&BTreeSet<Oid>>) -> String {
        let name = self.prepared.get(&part).map(|prepared| &*prepared.name).unwrap_or_default();
        let Some(relations) = relations else { return format!("EXECUTE {name}") };
        let relations: Vec<String> = relations.iter().map(Oid::to_string).collect();
        format!("EXECUTE {name} ('{{{}}}')", relations.join(","))
    }

    /// The statement that prepares another one: where there is none yet.
    pub(super) fn prepare(&mut self, part: Option<Part>, sql: &str) -> Option<String> {
        if self.prepared.get(&part).is_some_and(|prepared| prepared.sql == sql) {
            return None;
        }
        let name = format!("migrate_{}", random_id());
        let takes = if part.is_some() { " (oid[])" } else { "" };
        let statement = format!("PREPARE {name}{takes} AS {sql}");
        self.prepared.insert(part, Prepared { sql: sql.to_owned(), name });
        Some(statement)
    }

    /// Leaves the session as it was.
    pub(crate) async fn release(self, db: &mut dyn LiveConnection) -> Result<(), DriverError> {
        for Prepared { name, .. } in self.prepared.values() {
            match db.batch_execute(&format!("DEALLOCATE {name}")).await {
                Err(error) if error.code.as_deref() != Some(super::NOT_PREPARED) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Stamps {
    /// The query for them.
    pub(super) fn query(catalog: &Catalog<'_>) -> String {
        let arm = |relation: &str, kinds: u8, from: &str| {
            format!("SELECT {relation}, x.xmin::text::bigint, {kinds} FROM pg_catalog.{from}")
        };
        let of_none = |from: &str| arm("0::oid", 0, from);
        // Tables for what is too long change when their table is emptied, and say nothing.
        let mut arms = vec![arm(
            "CASE WHEN x.relkind = 'c' THEN 0::oid ELSE COALESCE(i.indrelid, x.oid) END",
            0,
            &format!(
                "pg_class x LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid \
                 WHERE x.oid >= {FIRST_OID}::oid AND x.relnamespace <> {TOAST}::oid"
            ),
        )];
        for (table, relation, key, kinds) in OF_RELATIONS {
            arms.push(arm(relation, kinds, &format!("{table} x WHERE x.{key} >= {FIRST_OID}::oid")));
        }
        arms.extend(REST.map(|table| of_none(&format!("{table} x WHERE x.oid >= {FIRST_OID}::oid"))));
        let whose = format!("CASE WHEN x.classoid = {} THEN x.objoid ELSE 0::oid END", class("pg_class"));
        let has_body = format!("CASE WHEN x.prosqlbody IS NOT NULL THEN {} ELSE 0 END", Stamp::SPEAKS);
        arms.extend([
            arm(&whose, 0, &format!("pg_description x WHERE x.objoid >= {FIRST_OID}::oid")),
            of_none(&format!(
                "pg_namespace n JOIN pg_catalog.pg_description x ON x.objoid = n.oid AND x.classoid = {}",
                class("pg_namespace")
            )),
            of_none("pg_namespace x"),
            of_none("pg_extension x"),
            of_none(&format!("pg_depend x WHERE x.refclassid = {} AND x.deptype = 'e'", class("pg_extension"))),
            format!(
                "SELECT 0::oid, x.xmin::text::bigint, {} FROM pg_catalog.pg_proc x WHERE x.oid >= {FIRST_OID}::oid",
                catalog.since(14, &has_body, "0")
            ),
            // Those of rows stand with their tables, and arrays with what they are of.
            of_none(&format!(
                "pg_type x WHERE x.oid >= {FIRST_OID}::oid AND x.typrelid = 0::oid AND x.typinput::oid <> {ARRAYS}::oid"
            )),
            format!("SELECT {NAMES}::oid, pg_catalog.hashtext(x.rolname::text)::bigint, 0 FROM pg_catalog.pg_roles x"),
            format!(
                "SELECT {NAMES}::oid, pg_catalog.hashtext(x.subname::text)::bigint, 0 FROM pg_catalog.pg_subscription x"
            ),
        ]);
        format!(
            "SELECT k.relation::text, pg_catalog.count(*)::text, pg_catalog.sum(k.written)::text, \
             pg_catalog.bit_or(k.kinds)::text FROM ({}) AS k(relation, written, kinds) GROUP BY k.relation",
            arms.join(" UNION ALL ")
        )
    }

    pub(super) fn of(rows: &[Row]) -> Self {
        let stamp = |row| {
            let mut cells = Cells::of(row);
            (cells.oid(), Stamp { rows: cells.string(), sum: cells.string(), kinds: cells.number().unwrap_or(u8::MAX) })
        };
        Self(rows.iter().map(stamp).collect())
    }

    /// Whether any of these relations has something that this part would say.
    pub(super) fn have(&self, part: Part, relations: &BTreeSet<Oid>) -> bool {
        let kind = match part {
            Part::Indexes => Stamp::HAS_INDEXES,
            Part::Constraints => Stamp::HAS_CONSTRAINTS,
            Part::Attached => Stamp::HAS_ATTACHED,
            Part::Relations | Part::Columns => return true,
        };
        relations.iter().any(|relation| self.0.get(relation).is_some_and(|stamp| stamp.kinds & kind != 0))
    }
}
