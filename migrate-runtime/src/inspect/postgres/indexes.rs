//! Indexes: those of constraints, too, which the constraints ask for.

use migrate_plan::schema::{Index, IndexKey, KeyPart, NullsOrder};

use super::catalog::{Catalog, comment, quoted};
use super::cells::{Cells, Oid};
use super::found::{Found, FoundIndex};
use super::stamps::Part;
use crate::driver::DriverError;

pub(super) async fn read(catalog: &mut Catalog<'_>, found: &mut Found) -> Result<(), DriverError> {
    let mut last: Option<(Oid, FoundIndex)> = None;
    for row in &catalog.read(Part::Indexes, query).await? {
        let mut cells = Cells::of(row);
        let oid = cells.oid();
        if last.as_ref().is_none_or(|(last, _)| *last != oid) {
            found.indexes.extend(last.take());
        }
        let (_, index) = last.get_or_insert_with(|| (oid, FoundIndex::default()));
        whole(&mut cells, index);
        found.is_torn |= !key(&mut cells, index);
    }
    found.indexes.extend(last);
    found.indexes.retain(|_, index| found.tables.contains_key(&index.table) || found.views.contains_key(&index.table));
    for index in found.indexes.values() {
        if let Some(table) = found.tables.get_mut(&index.table) {
            let name = &index.index.name;
            let replica = index.is_replica_identity.then(|| ("replica identity".to_owned(), format!("index {name}")));
            table.options.extend(replica);
            table.options.extend(index.is_clustered.then(|| ("clustered on".to_owned(), name.clone())));
        }
    }
    Ok(())
}

fn query(catalog: &Catalog<'_>) -> String {
    // Printers are asked for expressions alone. One row a key; of the first alone what is said of the whole.
    format!(
        "SELECT i.indexrelid::text, i.indrelid::text, c.relname::text, i.indisunique::text, m.amname::text, \
         CASE WHEN i.indpred IS NOT NULL THEN pg_catalog.pg_get_expr(i.indpred, i.indrelid, true) END, \
         {nulls_not_distinct}, i.indisvalid::text, i.indisclustered::text, \
         (i.indisreplident AND r.relreplident = 'i')::text, (h.inhrelid IS NOT NULL AND hi.indisvalid)::text, \
         c.reloptions::text, s.spcname::text, d.description, \
         (k.place <= {key_columns})::text, k.number::text, b.attname::text, \
         CASE WHEN k.number = 0 THEN pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, true) END, \
         k.option::text, \
         CASE WHEN NOT pg_catalog.pg_opclass_is_visible(o.oid) THEN \"on\".nspname::text END, o.opcname::text, \
         (o.opcdefault AND x.attoptions IS NULL AND (e.oid IS NULL OR e.oid = o.oid))::text, x.attoptions::text, \
         CASE WHEN NOT pg_catalog.pg_collation_is_visible(l.oid) THEN ln.nspname::text END, l.collname::text, \
         CASE WHEN k.number = 0 AND k.coll = 100::oid THEN \
         (pg_catalog.strpos(pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), ' COLLATE \"default\"'::text) = 0)::text \
         WHEN k.number = 0 THEN 'false' ELSE (k.coll = b.attcollation)::text END, \
         CASE WHEN k.number = 0 THEN NULLIF(x.attstattarget, -1)::text END \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_class r ON r.oid = i.indrelid \
         JOIN pg_catalog.pg_am m ON m.oid = c.relam \
         LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace \
         LEFT JOIN pg_catalog.pg_inherits h ON h.inhrelid = i.indexrelid \
         LEFT JOIN pg_catalog.pg_index hi ON hi.indexrelid = h.inhparent \
         CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(i.indkey::int2[]), pg_catalog.unnest(i.indclass::oid[]), \
         pg_catalog.unnest(i.indcollation::oid[]), pg_catalog.unnest(i.indoption::int2[])) \
         WITH ORDINALITY AS k(number, class, coll, option, place) \
         LEFT JOIN pg_catalog.pg_attribute b ON b.attrelid = i.indrelid AND b.attnum = k.number \
         LEFT JOIN pg_catalog.pg_type bt ON bt.oid = b.atttypid \
         LEFT JOIN pg_catalog.pg_attribute x ON x.attrelid = i.indexrelid AND x.attnum = k.place::int2 \
         LEFT JOIN pg_catalog.pg_opclass o ON o.oid = k.class \
         LEFT JOIN pg_catalog.pg_namespace \"on\" ON \"on\".oid = o.opcnamespace \
         LEFT JOIN pg_catalog.pg_opclass e ON e.opcmethod = c.relam AND e.opcdefault \
         AND e.opcintype = CASE WHEN k.number = 0 THEN x.atttypid WHEN bt.typbasetype <> 0::oid THEN bt.typbasetype \
         ELSE bt.oid END \
         LEFT JOIN pg_catalog.pg_collation l ON l.oid = k.coll \
         LEFT JOIN pg_catalog.pg_namespace ln ON ln.oid = l.collnamespace {comment} \
         WHERE r.relkind IN ('r', 'p', 'm') AND r.relpersistence <> 't' AND r.relnamespace = ANY ({spaces}){only} \
         ORDER BY i.indexrelid, k.place",
        nulls_not_distinct = catalog.since(15, "i.indnullsnotdistinct::text", "'false'"),
        key_columns = catalog.since(11, "i.indnkeyatts", "i.indnatts"),
        comment = comment("pg_class", "i.indexrelid", "0"),
        spaces = catalog.spaces(),
        only = catalog.only("i.indrelid"),
    )
}

fn whole(cells: &mut Cells<'_>, found: &mut FoundIndex) {
    found.table = cells.oid();
    let index = &mut found.index;
    index.name = cells.string();
    index.unique = cells.flag();
    index.method = cells.maybe().filter(|method| method != "btree");
    index.predicate = cells.maybe();
    index.nulls_not_distinct = cells.flag();
    index.invalid = !cells.flag();
    found.is_clustered = cells.flag();
    found.is_replica_identity = cells.flag();
    found.is_attached = cells.flag();
    index.options.extend(cells.options());
    index.options.extend(cells.maybe().map(|space| ("tablespace".to_owned(), space)));
    index.comment = cells.maybe();
}

/// Whether the printer knew the key.
fn key(cells: &mut Cells<'_>, found: &mut FoundIndex) -> bool {
    let Index { keys, include, options, .. } = &mut found.index;
    let is_key = cells.flag();
    let number: i16 = cells.number().unwrap_or(0);
    let (column, expression) = (cells.string(), cells.maybe());
    if !is_key {
        include.push(column);
        return true;
    }
    if number == 0 && expression.is_none() {
        return false;
    }
    let part = match expression {
        Some(expression) => KeyPart::Expression(unwrapped(&expression).to_owned()),
        None => KeyPart::Column(column),
    };
    let option: i16 = cells.number().unwrap_or(0);
    let (descending, nulls_first) = (option & 1 != 0, option & 2 != 0);
    let nulls = match (descending, nulls_first) {
        (false, true) => Some(NullsOrder::First),
        (true, false) => Some(NullsOrder::Last),
        _ => None,
    };
    let schema = cells.text();
    let class = cells.string();
    let is_usual = cells.flag();
    let parameters: Vec<String> =
        cells.options().iter().map(|(name, value)| format!("{name} = '{}'", value.replace('\'', "''"))).collect();
    let operator_class = (!is_usual).then(|| {
        let parameters = if parameters.is_empty() { String::new() } else { format!(" ({})", parameters.join(", ")) };
        format!("{}{parameters}", operator_class(schema, &class))
    });
    let schema = cells.text();
    let collation = cells.text().map(|collation| quoted(schema, collation));
    let collation = if cells.flag() { None } else { collation };
    keys.push(IndexKey { part, descending, nulls, collation, operator_class, prefix: None });
    let place = keys.len();
    options.extend(cells.maybe().filter(|_| number == 0).map(|target| (format!("statistics of {place}"), target)));
    true
}

/// Operator classes are called as nothing else is, so that their usual names need no quotes.
fn operator_class(schema: Option<&str>, class: &str) -> String {
    let is_plain = class.ends_with("_ops") && class.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
    let is_plain = is_plain && !class.starts_with(|c: char| c.is_ascii_digit());
    if schema.is_none() && is_plain { class.to_owned() } else { quoted(schema, class) }
}

/// An expression without the parentheses that the printer puts around what is no call of a function.
fn unwrapped(expression: &str) -> &str {
    let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return expression;
    };
    let mut depth = 0_i32;
    let mut quote = None;
    for character in inner.chars() {
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(') => depth += 1,
            (None, ')') => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return expression;
        }
    }
    if quote.is_none() { inner } else { expression }
}

#[cfg(test)]
mod tests {
    use super::unwrapped;

    #[test]
    fn only_parentheses_around_the_whole_are_taken_away() {
        assert_eq!(unwrapped("(a + 1)"), "a + 1");
        assert_eq!(unwrapped("lower(a)"), "lower(a)");
        assert_eq!(unwrapped("(a).b + (c)"), "(a).b + (c)");
        assert_eq!(unwrapped("(a || ')(')"), "a || ')('");
        assert_eq!(unwrapped("(a) || (b)"), "(a) || (b)");
    }
}
