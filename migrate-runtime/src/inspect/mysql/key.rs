//! Indexes, foreign keys and checks.

use std::collections::HashMap;

use migrate_plan::schema::{Check, ForeignKey, Index, IndexKey, Key, KeyPart, QualifiedName, ReferentialAction, Table};

use super::Reader;
use super::server::texts;
use crate::driver::{DriverError, Row};
use crate::sql::identifier;

impl Reader<'_> {
    pub(super) async fn indexes(&mut self) -> Result<(), DriverError> {
        let columns = texts(&[
            "table_name",
            "index_name",
            "seq_in_index",
            "non_unique",
            "column_name",
            "collation",
            "sub_part",
            "index_type",
            "index_comment",
            self.server.ignored(),
            self.server.key_expression(),
        ]);
        let database = self.server.database();
        let query = format!("SELECT {columns} FROM information_schema.statistics WHERE table_schema = {database}");
        let mut rows = self.query(&query).await?;
        rows.sort_by_key(|row| row.text(2).and_then(|place| place.parse::<u32>().ok()));
        let mut places: HashMap<(String, String), usize> = HashMap::new();
        for row in rows {
            let (Some(table), Some(name)) = (row.text(0), row.text(1)) else { continue };
            let part = self.part(&row);
            let Some(table) = self.tables.get_mut(table) else { continue };
            let place = *places.entry((table.name.name.clone(), name.to_owned())).or_insert_with(|| {
                table.indexes.push(index(table, name, &row));
                table.indexes.len() - 1
            });
            table.indexes[place].keys.push(part);
        }
        for table in self.tables.values_mut() {
            if let Some(place) = table.indexes.iter().position(|index| index.name == "PRIMARY") {
                table.primary_key = Some(primary_key(table.indexes.remove(place)));
            }
        }
        Ok(())
    }

    fn part(&self, row: &Row) -> IndexKey {
        let part = match (row.text(4), row.text(10)) {
            (None, Some(expression)) => KeyPart::Expression(self.expression(expression)),
            (name, _) => KeyPart::Column(name.unwrap_or_default().to_owned()),
        };
        // The catalog says 32 of each spatial index.
        let prefix = row.text(6).filter(|_| row.text(7) != Some("SPATIAL")).and_then(|prefix| prefix.parse().ok());
        IndexKey { part, descending: row.text(5) == Some("D"), prefix, ..IndexKey::default() }
    }

    pub(super) async fn constraints(&mut self) -> Result<(), DriverError> {
        let database = self.server.database();
        let columns = texts(&["table_name", "constraint_name", "update_rule", "delete_rule", "NULL"]);
        let rules = format!(
            "SELECT 'rule', {columns}, NULL, NULL FROM information_schema.referential_constraints WHERE constraint_schema \
             = {database}"
        );
        let columns = texts(&[
            "table_name",
            "constraint_name",
            "column_name",
            "referenced_table_schema",
            "referenced_table_name",
            "referenced_column_name",
            "ordinal_position",
        ]);
        let keys = format!(
            "SELECT 'key', {columns} FROM information_schema.key_column_usage WHERE table_schema = {database} AND \
             referenced_table_name IS NOT NULL"
        );
        let rows = self.query(&format!("{rules} UNION ALL {keys} UNION ALL {}", self.server.checks())).await?;
        self.foreign_keys(&rows);
        for row in rows.iter().filter(|row| row.text(0) == Some("check")) {
            self.check(row);
        }
        for table in self.tables.values_mut() {
            find_period(table);
        }
        Ok(())
    }

    fn foreign_keys(&mut self, rows: &[Row]) {
        let of = |kind: &'static str| rows.iter().filter(move |row| row.text(0) == Some(kind));
        let mut columns: Vec<&Row> = of("key").collect();
        columns.sort_by_key(|row| row.text(7).and_then(|place| place.parse::<u32>().ok()));
        let mut parts: HashMap<(Option<&str>, Option<&str>), Vec<&Row>> = HashMap::new();
        columns.into_iter().for_each(|row| parts.entry((row.text(1), row.text(2))).or_default().push(row));
        for rule in of("rule") {
            let name = (rule.text(1), rule.text(2));
            let Some(parts) = parts.get(&name) else { continue };
            let Some(table) = rule.text(1).and_then(|table| self.tables.get_mut(table)) else { continue };
            let text = |row: &Row, place: usize| row.text(place).unwrap_or_default().to_owned();
            let schema = parts[0].text(4).filter(|schema| *schema != self.server.database);
            table.foreign_keys.push(ForeignKey {
                name: name.1.map(str::to_owned),
                columns: parts.iter().map(|row| text(row, 3)).collect(),
                references: QualifiedName::within(schema, text(parts[0], 5)),
                referenced_columns: parts.iter().map(|row| text(row, 6)).collect(),
                on_update: action(rule.text(3)),
                on_delete: action(rule.text(4)),
                ..ForeignKey::default()
            });
        }
    }

    fn check(&mut self, row: &Row) {
        let (Some(name), Some(clause)) = (row.text(2), row.text(3)) else { return };
        let expression = self.expression(clause);
        let expression = if self.server.is_mariadb() { expression } else { unwrapped(expression) };
        let Some(table) = row.text(1).and_then(|table| self.tables.get_mut(table)) else { return };
        let mut check = Check { name: Some(name.to_owned()), expression, ..Check::default() };
        if row.text(4) == Some("Column") {
            let is_json = check.expression == format!("json_valid({})", identifier(self.server.dialect, name));
            let column = table.columns.iter_mut().find(|column| column.name == name);
            if is_json && let Some(column) = column.filter(|column| is_json_text(column, &table.options)) {
                "json".clone_into(&mut column.data_type);
                column.collation = None;
                return;
            }
            check.options.insert("column".to_owned(), name.to_owned());
        }
        if row.text(5) == Some("NO") {
            check.options.insert("not enforced".to_owned(), "yes".to_owned());
        }
        table.checks.push(check);
    }
}

/// Whether a column is what MariaDB makes of `json`, but for its check.
fn is_json_text(column: &migrate_plan::schema::Column, options: &std::collections::BTreeMap<String, String>) -> bool {
    let collation = column.collation.as_ref().or(options.get("collation"));
    column.data_type == "longtext" && collation.is_some_and(|collation| collation == "utf8mb4_bin")
}

fn index(table: &Table, name: &str, row: &Row) -> Index {
    let engine = table.options.get("engine").map(String::as_str);
    let usual = if matches!(engine, Some("MEMORY" | "HEAP")) { "HASH" } else { "BTREE" };
    let mut index = Index {
        name: name.to_owned(),
        unique: row.text(3) == Some("0"),
        method: row.text(7).filter(|method| *method != usual && *method != "RTREE").map(str::to_owned),
        comment: row.text(8).filter(|comment| !comment.is_empty()).map(str::to_owned),
        ..Index::default()
    };
    if row.text(9) == Some("YES") {
        index.options.insert("ignored".to_owned(), "yes".to_owned());
    }
    index
}

fn primary_key(index: Index) -> Key {
    let options = index.method.map(|method| ("method".to_owned(), method)).into_iter().collect();
    Key { parts: index.keys, options, comment: index.comment, ..Key::default() }
}

/// `RESTRICT` is `NO ACTION` here, and the catalog says either.
fn action(said: Option<&str>) -> ReferentialAction {
    match said {
        Some("CASCADE") => ReferentialAction::Cascade,
        Some("SET NULL") => ReferentialAction::SetNull,
        Some("SET DEFAULT") => ReferentialAction::SetDefault,
        _ => ReferentialAction::NoAction,
    }
}

/// MySQL prints parentheses around each check.
fn unwrapped(expression: String) -> String {
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let mut depth = 0i32;
    let is_one = inner.is_some_and(|inner| {
        inner.chars().all(|character| {
            depth += i32::from(character == '(') - i32::from(character == ')');
            depth >= 0
        })
    });
    inner.filter(|_| is_one).map(str::to_owned).unwrap_or(expression)
}

/// Tells a period by a key that is unique over it: that ends with the end and the start, and a check of the period's name asks
/// that the start is first.
fn find_period(table: &mut Table) {
    let name = |column: &str| identifier(migrate_plan::Dialect::MariaDb, column);
    let Table { primary_key, indexes, checks, .. } = &mut *table;
    let unique = indexes.iter_mut().filter(|index| index.unique).map(|index| &mut index.keys);
    let mut found = None;
    for keys in unique.chain(primary_key.iter_mut().map(|key| &mut key.parts)) {
        let [_, .., IndexKey { part: KeyPart::Column(end), .. }, IndexKey { part: KeyPart::Column(start), .. }] =
            keys.as_slice()
        else {
            continue;
        };
        let clause = format!("{} < {}", name(start), name(end));
        let is_it = |check: &&Check| check.expression == clause && !check.options.contains_key("column");
        if let Some(period) = checks.iter().find(is_it).and_then(|check| check.name.clone()) {
            let columns = format!("{}, {}", name(start), name(end));
            keys.truncate(keys.len() - 2);
            keys.push(IndexKey {
                operator_class: Some("WITHOUT OVERLAPS".to_owned()),
                ..IndexKey::column(period.clone())
            });
            found = Some((period, columns));
        }
    }
    if let Some((period, columns)) = found {
        checks.retain(|check| check.name.as_ref() != Some(&period));
        table.options.insert(format!("period {}", name(&period)), columns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_parentheses_around_the_whole_are_taken_away() {
        for (printed, inner) in
            [("(a > 1)", "a > 1"), ("(a) or (b)", "(a) or (b)"), ("((a) or (b))", "(a) or (b)"), ("", "")]
        {
            assert_eq!(unwrapped(printed.to_owned()), inner);
        }
    }
}
