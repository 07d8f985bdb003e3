//! The columns of tables, the fields of composite types, and what is said of the columns of views.

use std::collections::BTreeMap;

use migrate_plan::schema::{Column, Generated, Identity, Sequence, Type, TypeDefinition};

use super::catalog::{Catalog, comment, quoted};
use super::cells::{Cells, Oid};
use super::found::{Found, Owner};
use super::relations::identity_options;
use super::stamps::Part;
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    let identities = identities(found);
    let mut fields: BTreeMap<Oid, Vec<(String, String)>> = BTreeMap::new();
    for row in &catalog.read(Part::Columns, query).await? {
        let mut cells = Cells::of(row);
        let (relation, number) = (cells.oid(), cells.number().unwrap_or(0));
        if !found.is_relation(relation) {
            continue;
        }
        let mut column = column(found, &mut cells);
        found.column_names.entry(relation).or_default().insert(number, column.name.clone());
        if let Some(identity) = &mut column.identity {
            identity.options = identities.get(&(relation, number)).cloned().flatten();
        }
        if let Some(table) = found.tables.get_mut(&relation) {
            table.columns.push(column);
        } else if let Some(view) = found.views.get_mut(&relation) {
            let said = [("default", column.default), ("comment", column.comment)];
            let said = said.into_iter().filter_map(|(what, said)| Some((what.to_owned(), said?)));
            let options = said.chain(column.options);
            view.options.extend(options.map(|(what, said)| (format!("{what} of {}", column.name), said)));
        } else {
            let collation = column.collation.map(|collation| format!(" COLLATE {collation}")).unwrap_or_default();
            fields.entry(relation).or_default().push((column.name, format!("{}{collation}", column.data_type)));
        }
    }
    for (relation, name) in std::mem::take(&mut found.composites) {
        let definition = TypeDefinition::Composite(fields.remove(&relation).unwrap_or_default());
        found.composite_types.insert(relation, Type { name, definition, comment: None });
    }
    Ok(())
}

fn query(catalog: &Catalog<'_>) -> String {
    // A default has no columns in it. With the table for them the printer takes time in the square of how many there are.
    format!(
        "SELECT a.attrelid::text, a.attnum::text, a.attname::text, \
         pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull::text, \
         (f.oid IS NOT NULL)::text, pg_catalog.pg_get_expr(f.adbin, CASE WHEN {generated} THEN f.adrelid ELSE 0::oid END, {generated}), a.attidentity::text, {generated_kind}, \
         CASE WHEN NOT pg_catalog.pg_collation_is_visible(l.oid) THEN ln.nspname::text END, l.collname::text, \
         CASE WHEN a.attstorage <> t.typstorage THEN CASE a.attstorage WHEN 'p' THEN 'plain' \
         WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END, \
         {compression}, NULLIF(a.attstattarget, -1)::text, a.attoptions::text, d.description \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_attrdef f ON a.atthasdef AND f.adrelid = a.attrelid AND f.adnum = a.attnum \
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation AND a.attcollation <> t.typcollation \
         LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace {comment} \
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'c') AND c.relnamespace = ANY ({spaces}) \
         AND c.relpersistence <> 't' AND a.attnum > 0 AND NOT a.attisdropped{only} ORDER BY a.attrelid, a.attnum",
        generated = catalog.since(12, "a.attgenerated <> ''", "false"),
        generated_kind = catalog.since(12, "a.attgenerated::text", "''"),
        compression =
            catalog.since(14, "CASE a.attcompression WHEN 'p' THEN 'pglz' WHEN 'l' THEN 'lz4' END", "NULL::text"),
        comment = comment("pg_class", "a.attrelid", "a.attnum"),
        spaces = catalog.spaces(),
        only = catalog.only("c.oid"),
    )
}

fn column(found: &mut Found, cells: &mut Cells<'_>) -> Column {
    let (name, data_type, nullable) = (cells.string(), cells.string(), !cells.flag());
    found.is_torn |= data_type.starts_with("???");
    let (has_expression, expression) = (cells.flag(), cells.maybe());
    let expression = has_expression.then(|| found.printed(expression));
    let identity = cells.text().filter(|kind| !kind.is_empty());
    let identity = identity.map(|kind| Identity { always: kind == "a", options: None });
    let (generated, default) = match cells.text() {
        Some(kind @ ("s" | "v")) => (expression.map(|expression| Generated { expression, stored: kind == "s" }), None),
        _ => (None, expression),
    };
    let schema = cells.text();
    let collation = cells.text().map(|collation| quoted(schema, collation));
    let named = ["storage", "compression", "statistics"];
    let mut options: BTreeMap<String, String> =
        named.iter().filter_map(|name| Some(((*name).to_owned(), cells.maybe()?))).collect();
    options.extend(cells.options());
    let comment = cells.maybe();
    Column {
        name,
        data_type,
        nullable,
        default,
        identity,
        generated,
        collation,
        options,
        comment,
        auto_increment: false,
    }
}

/// The options of sequences that are part of a column.
fn identities(found: &Found) -> BTreeMap<(Oid, i16), Option<String>> {
    let options = |(sequence, owner): &(Sequence, Option<Owner>)| {
        let owner = owner.as_ref().filter(|owner| owner.is_identity)?;
        Some(((owner.table, owner.column), identity_options(&sequence.options)))
    };
    found.sequences.values().filter_map(options).collect()
}
