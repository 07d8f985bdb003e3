//! What the last reading found, so that the next one reads only what has changed since.
//!
//! Each row of the catalog says which transaction wrote it, and later ones have greater numbers. So how many rows there are of
//! something and the sum of their transactions stay the same as long as nobody changes it: a row more or less shows in
//! the first, and one that is written anew, or stands for another one, makes the second greater. Inside a transaction,
//! which may write a row twice, nothing is remembered. What is printed with the name of something else is read again with all
//! the rest when that is renamed, and texts that hold whole queries are, whatever changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::catalog::{Catalog, FIRST_OID, class};
use super::cells::{Cells, Oid};
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

/// What has its place with a relation: tables of the catalog, the column that says with which one, and that by which they are
/// looked up.
const OF_RELATIONS: [(&str, &str, &str); 10] = [
    ("pg_attribute", "attrelid", "attrelid"),
    ("pg_attrdef", "adrelid", "oid"),
    // Those of domains are of none.
    ("pg_constraint", "conrelid", "oid"),
    ("pg_index", "indrelid", "indexrelid"),
    ("pg_inherits", "inhrelid", "inhrelid"),
    ("pg_policy", "polrelid", "oid"),
    ("pg_rewrite", "ev_class", "oid"),
    ("pg_sequence", "seqrelid", "seqrelid"),
    ("pg_statistic_ext", "stxrelid", "oid"),
    ("pg_trigger", "tgrelid", "oid"),
];

/// The schema of tables for what is too long for a row.
const TOAST: Oid = 99;
/// The function that reads arrays.
const ARRAYS: Oid = 750;
/// No relation, but everything that is of none.
const NO_RELATION: Oid = 0;
/// What is seen by its name alone.
const NAMES: Oid = 1;

/// The rows of a query by the relation that each is of; [`NO_RELATION`] is none.
pub(super) type Rows = BTreeMap<Oid, Vec<Row>>;

/// The queries whose rows are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Relations,
    Columns,
    Indexes,
    Types,
    Constraints,
    Attached,
    Routines,
    Others,
    Dependencies,
}

impl Part {
    /// The column with the relation.
    pub(super) fn relation(self) -> Option<usize> {
        match self {
            Self::Relations | Self::Columns => Some(0),
            Self::Indexes | Self::Attached => Some(1),
            Self::Constraints => Some(2),
            Self::Dependencies => Some(4),
            Self::Types | Self::Routines | Self::Others => None,
        }
    }

    /// Whether a relation that was there before, or a column of it, has another name.
    fn is_renamed(self, old: &[Row], new: &[Row]) -> bool {
        match self {
            Self::Relations => {
                let names = |rows: &[Row]| rows.first().map(|row| (row.0.get(2).cloned(), row.0.get(3).cloned()));
                matches!((names(old), names(new)), (Some(old), Some(new)) if old != new)
            }
            Self::Columns => {
                let names: BTreeMap<_, _> = old.iter().map(|row| (row.text(1), row.text(2))).collect();
                new.iter().any(|row| names.get(&row.text(1)).is_some_and(|name| *name != row.text(2)))
            }
            _ => false,
        }
    }
}

/// Of one relation: rows, the sum of their transactions, and whether the texts that it is made of speak of others.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stamp {
    rows: String,
    sum: String,
    speaks: bool,
}

/// What stood in the catalog at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps(BTreeMap<Oid, Stamp>);

/// What the last reading found.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// Which schemas were looked at, and in which one names need no schema.
    of: String,
    stamps: Stamps,
    rows: BTreeMap<Part, Arc<Rows>>,
    /// Statements that the session has prepared, by their text.
    prepared: BTreeMap<String, String>,
}

impl Memory {
    /// The relations that have changed, where the others are as they were; forgets those that are gone. `None` is everything.
    pub(super) fn changes(&mut self, of: &str, stamps: &Stamps) -> Option<BTreeSet<Oid>> {
        let (old, new) = (&self.stamps.0, &stamps.0);
        let is_same = |oid| old.get(&oid) == new.get(&oid);
        let relations = self.rows.get(&Part::Relations)?;
        if self.of != of || !is_same(NO_RELATION) || !is_same(NAMES) {
            return None;
        }
        let gone: Vec<Oid> = old.keys().copied().filter(|relation| !new.contains_key(relation)).collect();
        let mut changed: BTreeSet<Oid> = new.keys().copied().filter(|relation| !is_same(*relation)).collect();
        if gone.is_empty() && changed.is_empty() {
            return Some(changed);
        }
        // The name of a relation that is not looked at may stand in the text of one that is.
        let is_unknown = |oid: &Oid| old.contains_key(oid) && !relations.contains_key(oid);
        let functions_speak = new.get(&NO_RELATION).is_some_and(|stamp| stamp.speaks);
        if functions_speak || changed.iter().any(is_unknown) {
            return None;
        }
        changed.extend(new.iter().filter(|(_, stamp)| stamp.speaks).map(|(relation, _)| *relation));
        for rows in self.rows.values_mut() {
            let rows = Arc::make_mut(rows);
            for relation in &gone {
                rows.remove(relation);
            }
        }
        Some(changed)
    }

    /// This memory, of a moment.
    pub(super) fn of(self, of: String, stamps: Stamps) -> Self {
        Self { of, stamps, ..self }
    }

    /// The name of a prepared statement, and whether it is to be prepared first.
    pub(super) fn prepared(&mut self, sql: &str) -> (String, bool) {
        if let Some(name) = self.prepared.get(sql) {
            return (name.clone(), false);
        }
        let name = format!("migrate_{}", random_id());
        self.prepared.insert(sql.to_owned(), name.clone());
        (name, true)
    }

    /// Leaves the session as it was.
    pub(crate) async fn release(self, db: &mut dyn LiveConnection) -> Result<(), DriverError> {
        for name in self.prepared.values() {
            match db.batch_execute(&format!("DEALLOCATE {name}")).await {
                Err(error) if error.code.as_deref() != Some(super::NOT_PREPARED) => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Takes in the rows of a query, of these relations alone or of all. Says whether one of them, or a column, has another name.
    pub(super) fn take(&mut self, part: Part, read: Rows, only: Option<&BTreeSet<Oid>>) -> bool {
        let Some(only) = only else {
            self.rows.insert(part, Arc::new(read));
            return false;
        };
        let rows = Arc::make_mut(self.rows.entry(part).or_default());
        let mut is_renamed = false;
        for relation in only {
            if let (Some(old), Some(new)) = (rows.remove(relation), read.get(relation)) {
                is_renamed |= part.is_renamed(&old, new);
            }
        }
        rows.extend(read.into_iter().filter(|(relation, _)| only.contains(relation)));
        is_renamed
    }

    /// The rows of a query.
    pub(super) fn recall(&self, part: Part) -> Arc<Rows> {
        self.rows.get(&part).cloned().unwrap_or_default()
    }
}

impl Stamps {
    pub(super) async fn read(catalog: &mut Catalog<'_>) -> Result<Self, DriverError> {
        let arm = |relation: &str, speaks: &str, from: String| {
            format!("SELECT {relation}, x.xmin::text::bigint, {speaks} FROM pg_catalog.{from}")
        };
        // Tables for what is too long change when their table is emptied, and say nothing.
        let mut arms = vec![arm(
            "CASE WHEN x.relkind = 'c' THEN 0::oid ELSE COALESCE(i.indrelid, x.oid) END",
            "false",
            format!(
                "pg_class x LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid \
                 WHERE x.oid >= {FIRST_OID}::oid AND x.relnamespace <> {TOAST}::oid"
            ),
        )];
        for (table, relation, key) in OF_RELATIONS {
            let speaks = matches!(table, "pg_policy" | "pg_rewrite").to_string();
            arms.push(arm(relation, &speaks, format!("{table} x WHERE x.{key} >= {FIRST_OID}::oid")));
        }
        arms.extend(REST.map(|table| arm("0::oid", "false", format!("{table} x WHERE x.oid >= {FIRST_OID}::oid"))));
        let whose = format!("CASE WHEN x.classoid = {} THEN x.objoid ELSE 0::oid END", class("pg_class"));
        arms.extend([
            arm(&whose, "false", format!("pg_description x WHERE x.objoid >= {FIRST_OID}::oid")),
            arm(
                "0::oid",
                "false",
                format!(
                    "pg_namespace n JOIN pg_catalog.pg_description x ON x.objoid = n.oid AND x.classoid = {}",
                    class("pg_namespace")
                ),
            ),
            arm("0::oid", "false", "pg_namespace x".to_owned()),
            arm("0::oid", "false", "pg_extension x".to_owned()),
            arm(
                "0::oid",
                "false",
                format!("pg_depend x WHERE x.refclassid = {} AND x.deptype = 'e'", class("pg_extension")),
            ),
            arm(
                "0::oid",
                catalog.since(14, "x.prosqlbody IS NOT NULL", "false"),
                format!("pg_proc x WHERE x.oid >= {FIRST_OID}::oid"),
            ),
            // Those of rows stand with their tables, and arrays with what they are of.
            arm(
                "0::oid",
                "false",
                format!(
                    "pg_type x WHERE x.oid >= {FIRST_OID}::oid AND x.typrelid = 0::oid AND x.typinput::oid <> {ARRAYS}::oid"
                ),
            ),
            format!(
                "SELECT {NAMES}::oid, pg_catalog.hashtext(x.rolname::text)::bigint, false FROM pg_catalog.pg_roles x"
            ),
            format!(
                "SELECT {NAMES}::oid, pg_catalog.hashtext(x.subname::text)::bigint, false \
                 FROM pg_catalog.pg_subscription x"
            ),
        ]);
        let query = format!(
            "SELECT k.relation::text, pg_catalog.count(*)::text, pg_catalog.sum(k.written)::text, \
             pg_catalog.bool_or(k.speaks)::text FROM ({}) AS k(relation, written, speaks) GROUP BY k.relation",
            arms.join(" UNION ALL ")
        );
        let mut stamps = BTreeMap::new();
        for row in catalog.query_again(&query).await? {
            let mut cells = Cells::of(&row);
            let relation = cells.oid();
            stamps.insert(relation, Stamp { rows: cells.string(), sum: cells.string(), speaks: cells.flag() });
        }
        Ok(Self(stamps))
    }
}
