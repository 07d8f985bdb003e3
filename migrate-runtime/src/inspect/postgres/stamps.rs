//! What shows in the catalog whether something has changed: how many rows there are of it, and whether one is new.
//!
//! Each row of the catalog says which transaction wrote it, and of transactions up to a certain one all had ended when the
//! last reading began. So as long as there are as many rows of something as there were, and none of them is from later, they
//! are the same.

use std::collections::BTreeMap;

use super::catalog::{Catalog, FIRST_OID, class};
use super::cells::{Cells, Oid};
use crate::driver::Row;

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

/// What has its place with a relation and can go away alone: tables of the catalog, the column that says with which one, that
/// by which they are looked up, the kinds of a [`Stamp`], and what is read again.
const OF_RELATIONS: [(&str, &str, &str, u8, Parts); 6] = [
    // Those of domains are of none.
    ("pg_constraint", "conrelid", "oid", 0, Parts::of(&[Part::Constraints])),
    ("pg_index", "indrelid", "indexrelid", 0, Parts::of(&[Part::Indexes])),
    ("pg_policy", "polrelid", "oid", Stamp::SPEAKS, Parts::of(&[Part::Attached])),
    ("pg_rewrite", "ev_class", "oid", Stamp::SPEAKS, Parts::of(&[Part::Attached])),
    ("pg_statistic_ext", "stxrelid", "oid", 0, Parts::of(&[Part::Attached])),
    ("pg_trigger", "tgrelid", "oid", 0, Parts::of(&[Part::Attached])),
];

/// The schema of tables for what is too long for a row.
const TOAST: Oid = 99;
/// The function that reads arrays.
const ARRAYS: Oid = 750;
/// From here on transactions are somebody's.
pub(super) const FIRST_TRANSACTION: u64 = 3;
/// Their numbers come round: no further apart one is known to be later than another.
pub(super) const MOST_TRANSACTIONS: u64 = 1 << 31;
/// What is seen by its name alone.
pub(super) const NAMES: Oid = 1;

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

/// Some of the queries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Parts(u8);

impl Parts {
    pub(super) const ALL: Self = Self::of(&Part::ALL);
    /// A relation itself, with its columns.
    const SHAPE: Self = Self::of(&[Part::Relations, Part::Columns]);

    const fn of(parts: &[Part]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < parts.len() {
            bits |= 1 << parts[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    pub(super) fn have(self, part: Part) -> bool {
        self.0 & 1 << part as u8 != 0
    }

    /// What a row counts that these are made of.
    fn weight(self) -> i64 {
        let parts = Part::ALL.into_iter().filter(|part| self.have(*part));
        parts.fold(0, |weight, part| weight | 1 << Stamp::shift(part))
    }

    /// These, with those whose answers they are made of: keys are made of their indexes.
    pub(super) fn whole(self) -> Self {
        let shape = if self.0 & Self::SHAPE.0 != 0 { Self::SHAPE.0 } else { 0 };
        let keys = if self.have(Part::Indexes) { Self::of(&[Part::Constraints]).0 } else { 0 };
        Self(self.0 | shape | keys)
    }
}

/// Of one relation: how many rows there are of each part, what else they are, and of which parts some were written lately.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stamp {
    /// One number beside the other. More rows than have room count on in the next, and are none the less seen.
    pub(super) rows: i128,
    kinds: u8,
    written: Parts,
}

impl Stamp {
    /// The texts that it is made of speak of others.
    const SPEAKS: u8 = 1;
    /// How many bits the number of rows of one part takes.
    const WIDTH: u32 = 16;

    /// Where it stands: a relation and its columns are read together.
    fn shift(part: Part) -> u32 {
        let place = match part {
            Part::Relations | Part::Columns => 0,
            Part::Constraints => 1,
            Part::Indexes => 2,
            Part::Attached => 3,
        };
        place * Self::WIDTH
    }

    pub(super) fn rows(self, part: Part) -> i128 {
        self.rows >> Self::shift(part) & ((1 << Self::WIDTH) - 1)
    }

    pub(super) fn speaks(self) -> bool {
        self.kinds & Self::SPEAKS != 0
    }

    /// The parts that have changed since another one.
    pub(super) fn changed(self, since: Self) -> Parts {
        let gone = Part::ALL.into_iter().filter(|part| self.rows(*part) != since.rows(*part));
        Parts(gone.fold(self.written.0, |parts, part| parts | 1 << part as u8))
    }

    pub(super) fn is_same(self, since: Self) -> bool {
        self.written == Parts::default() && self.rows == since.rows
    }
}

/// What stood in the catalog at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Stamps {
    pub(super) of: BTreeMap<Oid, Stamp>,
    /// The transactions before this one had all ended.
    pub(super) horizon: u64,
}

impl Stamps {
    /// The query for them.
    pub(super) fn query(catalog: &Catalog<'_>) -> String {
        let is_written = "pg_catalog.age(x.xmin) <= pg_catalog.age($1)";
        let written = |parts: Parts| u32::from(parts.0) << 8;
        // What counts, and what only shows that it was written because it never goes away alone.
        let counted = |relation: &str, kinds: &str, parts: Parts, from: &str| {
            let (weight, written) = (parts.weight(), written(parts));
            format!(
                "SELECT {relation}, {weight}::bigint, {kinds} + CASE WHEN {is_written} THEN {written} ELSE 0 END \
                 FROM pg_catalog.{from}"
            )
        };
        let shown = |relation: &str, parts, from: &str| {
            format!("SELECT {relation}, 0::bigint, {} FROM pg_catalog.{from} AND {is_written}", written(parts))
        };
        let of_none = |from: &str| counted("0::oid", "0", Parts::ALL, from);
        let its_index = |oid: &str| format!("LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = x.{oid}");
        // Tables for what is too long change when their table is emptied, and say nothing.
        let of_table = "CASE WHEN x.relkind = 'c' THEN 0::oid ELSE x.oid END";
        let is_index = "x.relkind IN ('i', 'I')";
        let own = format!("x.oid >= {FIRST_OID}::oid AND x.relnamespace <> {TOAST}::oid");
        let mut arms = vec![
            counted(of_table, "0", Parts::SHAPE, &format!("pg_class x WHERE {own} AND NOT {is_index}")),
            shown(
                "i.indrelid",
                Parts::of(&[Part::Indexes]),
                &format!("pg_class x JOIN pg_catalog.pg_index i ON i.indexrelid = x.oid WHERE {own} AND {is_index}"),
            ),
            // Nobody changes the columns that every table has.
            format!(
                "SELECT COALESCE(i.indrelid, x.attrelid), 0::bigint, \
                 CASE WHEN i.indrelid IS NULL THEN {} ELSE {} END \
                 FROM pg_catalog.pg_attribute x {} \
                 WHERE x.attnum > 0 AND x.attrelid >= {FIRST_OID}::oid AND {is_written}",
                written(Parts::SHAPE),
                written(Parts::of(&[Part::Indexes])),
                its_index("attrelid")
            ),
            shown("x.adrelid", Parts::SHAPE, &format!("pg_attrdef x WHERE x.oid >= {FIRST_OID}::oid")),
            shown("x.seqrelid", Parts::SHAPE, &format!("pg_sequence x WHERE x.seqrelid >= {FIRST_OID}::oid")),
            counted(
                "COALESCE(i.indrelid, x.inhrelid)",
                "0",
                Parts::ALL,
                &format!("pg_inherits x {} WHERE x.inhrelid >= {FIRST_OID}::oid", its_index("inhrelid")),
            ),
        ];
        for (table, relation, key, kinds, parts) in OF_RELATIONS {
            let from = format!("{table} x WHERE x.{key} >= {FIRST_OID}::oid");
            arms.push(counted(&format!("x.{relation}"), &kinds.to_string(), parts, &from));
        }
        arms.extend(REST.map(|table| of_none(&format!("{table} x WHERE x.oid >= {FIRST_OID}::oid"))));
        let whose =
            format!("CASE WHEN x.classoid = {} THEN COALESCE(i.indrelid, x.objoid) ELSE 0::oid END", class("pg_class"));
        let has_body = format!("CASE WHEN x.prosqlbody IS NOT NULL THEN {} ELSE 0 END", Stamp::SPEAKS);
        let commented = format!("pg_description x {} WHERE x.objoid >= {FIRST_OID}::oid", its_index("objoid"));
        let name = |name: &str, from: &str| {
            format!("SELECT {NAMES}::oid, pg_catalog.hashtext(x.{name}::text)::bigint, 0 FROM pg_catalog.{from} x")
        };
        arms.extend([
            counted(&whose, "0", Parts::ALL, &commented),
            of_none(&format!(
                "pg_namespace n JOIN pg_catalog.pg_description x ON x.objoid = n.oid AND x.classoid = {}",
                class("pg_namespace")
            )),
            of_none("pg_namespace x"),
            of_none("pg_extension x"),
            of_none(&format!("pg_depend x WHERE x.refclassid = {} AND x.deptype = 'e'", class("pg_extension"))),
            counted(
                "0::oid",
                catalog.since(14, &has_body, "0"),
                Parts::ALL,
                &format!("pg_proc x WHERE x.oid >= {FIRST_OID}::oid"),
            ),
            // Those of rows stand with their tables, and arrays with what they are of.
            of_none(&format!(
                "pg_type x WHERE x.oid >= {FIRST_OID}::oid AND x.typrelid = 0::oid AND x.typinput::oid <> {ARRAYS}::oid"
            )),
            name("rolname", "pg_roles"),
            name("subname", "pg_subscription"),
        ]);
        format!(
            "SELECT k.relation::text, pg_catalog.sum(k.weight)::text, pg_catalog.bit_or(k.bits)::text \
             FROM ({}) AS k(relation, weight, bits) GROUP BY k.relation",
            arms.join(" UNION ALL ")
        )
    }

    /// What stands in the rows of the query.
    pub(super) fn of(rows: &[Row], horizon: u64) -> Self {
        let stamp = |row| {
            let mut cells = Cells::of(row);
            let (relation, rows) = (cells.oid(), cells.number().unwrap_or_default());
            let [kinds, written] = cells.number::<u16>().unwrap_or(u16::MAX).to_le_bytes();
            (relation, Stamp { rows, kinds, written: Parts(written) })
        };
        Self { of: rows.iter().map(stamp).collect(), horizon }
    }

    /// Whether a relation has something that this part would say.
    pub(super) fn have(&self, part: Part, relation: Oid) -> bool {
        let is_said = |stamp: &Stamp| Parts::SHAPE.have(part) || stamp.rows(part) != 0;
        self.of.get(&relation).is_some_and(is_said)
    }
}
