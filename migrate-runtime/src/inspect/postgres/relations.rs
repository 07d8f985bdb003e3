//! Tables, views and sequences, without what hangs on them.

use std::collections::BTreeMap;

use migrate_plan::schema::{Opaque, OwnedBy, Sequence, Table, View};

use super::catalog::{Catalog, class, comment, not_of_an_extension, quoted};
use super::cells::{Cells, Oid};
use super::found::{Found, Owner, Parent};
use super::stamps::Part;
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    for row in &catalog.read(Part::Relations, query).await? {
        relation(catalog, found, &mut Cells::of(row));
    }
    Ok(())
}

fn query(catalog: &Catalog<'_>) -> String {
    format!(
        "SELECT c.oid::text, c.relkind::text, n.nspname::text, c.relname::text, c.relpersistence::text, \
         c.reloptions::text, h.reloptions::text, {access_method}, s.spcname::text, c.relreplident::text, \
         c.relrowsecurity::text, c.relforcerowsecurity::text, \
         CASE WHEN c.reloftype <> 0::oid THEN pg_catalog.format_type(c.reloftype, NULL) END, d.description, \
         i.inhparent::text, ip.nspname::text, p.relname::text, \
         CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, \
         CASE WHEN c.relispartition THEN pg_catalog.pg_get_expr(c.relpartbound, c.oid) END, \
         {definition}, c.relispopulated::text, \
         pg_catalog.format_type(q.seqtypid, NULL), q.seqstart::text, q.seqincrement::text, q.seqmin::text, \
         q.seqmax::text, q.seqcache::text, q.seqcycle::text, o.deptype::text, o.refobjid::text, o.refobjsubid::text \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         LEFT JOIN pg_catalog.pg_class h ON h.oid = c.reltoastrelid AND h.reloptions IS NOT NULL \
         LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam \
         LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace \
         LEFT JOIN pg_catalog.pg_inherits i ON i.inhrelid = c.oid \
         LEFT JOIN pg_catalog.pg_class p ON p.oid = i.inhparent \
         LEFT JOIN pg_catalog.pg_namespace ip ON ip.oid = p.relnamespace \
         LEFT JOIN pg_catalog.pg_sequence q ON q.seqrelid = c.oid \
         LEFT JOIN pg_catalog.pg_depend o ON c.relkind = 'S' AND o.objid = c.oid AND o.classid = {class} \
         AND o.objsubid = 0 AND o.refclassid = {class} AND o.deptype IN ('a', 'i') {comment} \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c') AND c.relpersistence <> 't' \
         AND c.relnamespace = ANY ({spaces}) AND {not_of_an_extension}{only} ORDER BY c.oid, i.inhseqno",
        access_method = catalog.since(12, "NULLIF(a.amname::text, 'heap')", "NULL::text"),
        definition = catalog.view_definition(),
        class = class("pg_class"),
        comment = comment("pg_class", "c.oid", "0"),
        spaces = catalog.spaces(),
        only = catalog.only("c.oid"),
        not_of_an_extension = not_of_an_extension("pg_class", "c.oid"),
    )
}

fn relation(catalog: &Catalog<'_>, found: &mut Found, cells: &mut Cells<'_>) {
    let oid = cells.oid();
    let kind = cells.string();
    let (schema, relation) = (cells.string(), cells.string());
    if catalog.is_own(&schema, &relation) && matches!(&*kind, "r" | "p") {
        found.own.insert(oid);
        found.relation_names.insert(oid, catalog.name(schema, relation));
        return;
    }
    let name = catalog.name(schema, relation);
    found.relation_names.insert(oid, name.clone());
    let options = storage_options(cells);
    let identity = cells.string();
    let security = [("row security", cells.flag()), ("force row security", cells.flag())];
    let of_type = cells.maybe();
    let comment = cells.maybe();
    let parent = cells.oid();
    let parent = (parent != 0).then(|| Parent { oid: parent, name: catalog.name(cells.string(), cells.string()) });
    if parent.is_none() {
        cells.string();
        cells.string();
    }
    let (partition_by, bound) = (cells.maybe(), cells.maybe());
    let definition = cells.maybe();
    let is_populated = cells.flag();
    match &*kind {
        "r" | "p" => {
            found.parents.entry(oid).or_default().extend(parent);
            // What is remembered of it stays.
            let known = found.tables.remove(&oid).unwrap_or_default();
            let mut table = Table { name, options, partition_by, bound, comment, ..known };
            let replica = match &*identity {
                "f" => Some("full".to_owned()),
                "n" => Some("nothing".to_owned()),
                // Which one is said with the indexes.
                _ => None,
            };
            table.options.extend(replica.map(|identity| ("replica identity".to_owned(), identity)));
            table.options.extend(security.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| yes(name)));
            table.options.extend(of_type.map(|name| ("of".to_owned(), name)));
            found.tables.insert(oid, table);
        }
        "v" | "m" if definition.is_none() && !catalog.is_careful() => found.is_torn = true,
        "v" | "m" => match definition {
            Some(definition) => {
                let materialized = kind == "m";
                let mut view = View { name, materialized, options, comment, ..View::default() };
                definition.trim().trim_end_matches(';').clone_into(&mut view.definition);
                if materialized && !is_populated {
                    view.options.extend([yes("unpopulated")]);
                }
                found.views.insert(oid, view);
            }
            None => found.push_opaque(
                oid,
                Opaque {
                    what: if kind == "m" { "materialized view" } else { "view" }.to_owned(),
                    name: quoted(name.schema.as_deref(), &name.name),
                    definition: None,
                },
            ),
        },
        "S" => {
            let own_type = cells.string();
            let mut sequence = Sequence { name, options: sequence_options(cells, &own_type), owned_by: None, comment };
            let owner = cells.text().map(|kind| Owner {
                is_identity: kind == "i",
                table: cells.oid(),
                column: cells.number().unwrap_or(0),
            });
            if options.contains_key("unlogged") {
                sequence.options.extend([yes("unlogged")]);
            }
            found.sequences.insert(oid, (sequence, owner));
        }
        "c" => {
            found.composites.insert(oid, name);
        }
        _ => found.push_opaque(
            oid,
            Opaque {
                what: "foreign table".to_owned(),
                name: quoted(name.schema.as_deref(), &name.name),
                definition: None,
            },
        ),
    }
}

pub(super) fn yes(name: &str) -> (String, String) {
    (name.to_owned(), "yes".to_owned())
}

/// How and where a relation is kept: options, access method, tablespace.
fn storage_options(cells: &mut Cells<'_>) -> BTreeMap<String, String> {
    let is_unlogged = cells.text() == Some("u");
    let mut options = cells.options();
    options.extend(cells.options().into_iter().map(|(name, value)| (format!("toast.{name}"), value)));
    options.extend(is_unlogged.then(|| yes("unlogged")));
    options.extend(cells.maybe().map(|method| ("access method".to_owned(), method)));
    options.extend(cells.maybe().map(|space| ("tablespace".to_owned(), space)));
    options
}

/// What a sequence has otherwise than one of its type and direction that was created without a word.
fn sequence_options(cells: &mut Cells<'_>, own_type: &str) -> BTreeMap<String, String> {
    let [start, increment, min, max] = [(); 4].map(|()| cells.number::<i64>().unwrap_or_default());
    let (cache, cycle) = (cells.number::<i64>().unwrap_or(1), cells.flag());
    let (lowest, highest) = match own_type {
        "smallint" => (i64::from(i16::MIN), i64::from(i16::MAX)),
        "integer" => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    let rises = increment > 0;
    let (usual_min, usual_max) = if rises { (1, highest) } else { (lowest, -1) };
    let numbers = [
        ("start", start, if rises { min } else { max }),
        ("increment", increment, 1),
        ("min", min, usual_min),
        ("max", max, usual_max),
        ("cache", cache, 1),
    ];
    let mut options: BTreeMap<String, String> = numbers
        .into_iter()
        .filter(|(_, number, usual)| number != usual)
        .map(|(name, number, _)| (name.to_owned(), number.to_string()))
        .collect();
    options.extend((own_type != "bigint").then(|| ("type".to_owned(), own_type.to_owned())));
    options.extend(cycle.then(|| yes("cycle")));
    options
}

/// The options of an identity column's sequence, as SQL. Its type is that of the column.
pub(super) fn identity_options(options: &BTreeMap<String, String>) -> Option<String> {
    let words = [("start", "START WITH"), ("increment", "INCREMENT BY"), ("min", "MINVALUE"), ("max", "MAXVALUE")];
    let mut sql: Vec<String> = words
        .iter()
        .chain(&[("cache", "CACHE")])
        .filter_map(|(name, word)| Some(format!("{word} {}", options.get(*name)?)))
        .collect();
    sql.extend(options.contains_key("cycle").then(|| "CYCLE".to_owned()));
    (!sql.is_empty()).then(|| sql.join(" "))
}

/// The column that a sequence goes with, by names.
pub(super) fn owned_by(found: &Found, owner: &Owner) -> Option<OwnedBy> {
    let table: Oid = owner.table;
    let column = found.column_name(table, owner.column)?.to_owned();
    Some(OwnedBy { table: found.tables.get(&table)?.name.clone(), column })
}
