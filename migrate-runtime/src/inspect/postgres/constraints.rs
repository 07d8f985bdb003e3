//! Constraints of tables and domains.

use migrate_plan::schema::{
    Check, Deferrable, Exclusion, ForeignKey, Key, ReferentialAction, Table, Type, TypeDefinition,
};

use super::catalog::{Catalog, comment};
use super::cells::{Cells, Oid};
use super::found::Found;
use super::stamps::Part;
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    for row in &catalog.read(Part::Constraints, query).await? {
        let mut cells = Cells::of(row);
        let (kind, name) = (cells.string(), cells.string());
        let (table, domain, index) = (cells.oid(), cells.oid(), cells.oid());
        let head = Head {
            kind,
            name,
            deferrable: match (cells.flag(), cells.flag()) {
                (false, _) => Deferrable::No,
                (true, false) => Deferrable::InitiallyImmediate,
                (true, true) => Deferrable::InitiallyDeferred,
            },
            not_valid: !cells.flag(),
            no_inherit: cells.flag(),
        };
        let is_inherited = cells.flag();
        if head.kind != "f"
            && let Some(index) = found.indexes.get_mut(&index)
        {
            index.is_of_constraint = true;
        }
        if is_inherited {
            continue;
        }
        if let Some(Type { definition: TypeDefinition::Domain { checks, .. }, .. }) = found.types.get_mut(&domain) {
            let (check, is_printed) = check(head, &mut cells);
            checks.push(check);
            checks.sort_by(|a, b| a.name.cmp(&b.name));
            found.is_torn |= !is_printed;
        } else if let Some(mut owner) = found.tables.remove(&table) {
            constraint(catalog, found, (table, &mut owner), index, head, &mut cells);
            found.tables.insert(table, owner);
        }
    }
    Ok(())
}

fn query(catalog: &Catalog<'_>) -> String {
    format!(
        "SELECT c.contype::text, c.conname::text, c.conrelid::text, c.contypid::text, c.conindid::text, \
         c.condeferrable::text, c.condeferred::text, c.convalidated::text, c.connoinherit::text, \
         ({parent} OR c.contype = 'c' AND c.coninhcount > 0)::text, d.description, \
         CASE c.contype WHEN 'c' THEN pg_catalog.pg_get_expr(c.conbin, c.conrelid, true) \
         WHEN 'x' THEN pg_catalog.pg_get_constraintdef(c.oid, true) END, \
         c.conkey::text, rn.nspname::text, r.relname::text, c.confrelid::text, c.confkey::text, \
         CASE WHEN c.contype = 'f' AND r.relnamespace <> ALL ({spaces}) THEN \
         ARRAY(SELECT a.attname::text FROM pg_catalog.unnest(c.confkey) WITH ORDINALITY AS k(number, place) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place)::text END, \
         c.confupdtype::text, c.confdeltype::text, c.confmatchtype::text, {set_columns} \
         FROM pg_catalog.pg_constraint c \
         LEFT JOIN pg_catalog.pg_class r ON r.oid = c.confrelid \
         LEFT JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace {comment} \
         WHERE c.contype IN ('p', 'u', 'c', 'f', 'x') AND c.connamespace = ANY ({spaces}){only} ORDER BY c.oid",
        parent = catalog.since(11, "c.conparentid <> 0::oid", "false"),
        set_columns = catalog.since(15, "c.confdelsetcols::text", "NULL::text"),
        comment = comment("pg_constraint", "c.oid", "0"),
        spaces = catalog.spaces(),
        only = catalog.only("c.conrelid"),
    )
}

/// What is said of constraints of all kinds.
struct Head {
    kind: String,
    name: String,
    deferrable: Deferrable,
    not_valid: bool,
    no_inherit: bool,
}

/// A check, and whether the printer knew it.
fn check(head: Head, cells: &mut Cells<'_>) -> (Check, bool) {
    let Head { name, not_valid, no_inherit, .. } = head;
    let (comment, expression) = (cells.maybe(), cells.maybe());
    let is_printed = expression.is_some();
    let expression = expression.unwrap_or_default();
    (Check { name: Some(name), expression, no_inherit, not_valid, options: [].into(), comment }, is_printed)
}

fn constraint(
    catalog: &Catalog<'_>,
    found: &mut Found,
    (oid, table): (Oid, &mut Table),
    index: Oid,
    head: Head,
    cells: &mut Cells<'_>,
) {
    match &*head.kind {
        "c" => {
            let (check, is_printed) = check(head, cells);
            table.checks.push(check);
            found.is_torn |= !is_printed;
        }
        "x" => {
            let (comment, definition) = (cells.maybe(), cells.maybe());
            let definition = found.printed(definition);
            table.exclusions.push(Exclusion { name: head.name, definition, comment });
        }
        "f" => table.foreign_keys.push(foreign_key(catalog, found, oid, head, cells)),
        kind => {
            let Some(index) = found.indexes.get(&index).map(|found| &found.index) else { return };
            let key = Key {
                name: Some(head.name),
                parts: index.keys.clone(),
                include: index.include.clone(),
                deferrable: head.deferrable,
                nulls_not_distinct: index.nulls_not_distinct,
                options: index.options.clone(),
                comment: cells.maybe(),
            };
            if kind == "p" { table.primary_key = Some(key) } else { table.uniques.push(key) }
        }
    }
}

fn foreign_key(catalog: &Catalog<'_>, found: &Found, table: Oid, head: Head, cells: &mut Cells<'_>) -> ForeignKey {
    let names = |table: Oid, numbers: Vec<i16>| {
        let name = |number| found.column_name(table, number).map(str::to_owned);
        numbers.into_iter().filter_map(name).collect::<Vec<String>>()
    };
    let comment = cells.maybe();
    cells.text();
    let columns = names(table, cells.numbers());
    let references = catalog.name(cells.string(), cells.string());
    let referenced = names(cells.oid(), cells.numbers());
    let elsewhere = cells.list();
    let (on_update, on_delete) = (action(cells.text()), action(cells.text()));
    let matching = match cells.text() {
        Some("f") => Some("FULL".to_owned()),
        Some("p") => Some("PARTIAL".to_owned()),
        _ => None,
    };
    ForeignKey {
        name: Some(head.name),
        columns,
        references,
        referenced_columns: if referenced.is_empty() { elsewhere } else { referenced },
        on_update,
        on_delete,
        on_delete_columns: names(table, cells.numbers()),
        matching,
        deferrable: head.deferrable,
        not_valid: head.not_valid,
        comment,
    }
}

fn action(kind: Option<&str>) -> ReferentialAction {
    match kind {
        Some("r") => ReferentialAction::Restrict,
        Some("c") => ReferentialAction::Cascade,
        Some("n") => ReferentialAction::SetNull,
        Some("d") => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}
