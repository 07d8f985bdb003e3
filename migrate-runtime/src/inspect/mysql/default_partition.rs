//! Whether a list's partition is for the value 0 or for all values that no other one takes: the catalog of MariaDB describes
//! both as 0, and its optimiser knows.

use std::collections::{BTreeMap, HashSet};

use super::Reader;
use crate::driver::{DriverError, Row};
use crate::sql::identifier;

/// What a partition is that is described as 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Zero {
    Value,
    Default,
}

impl Reader<'_> {
    /// Asks in one query for all these tables, by which partitions would be read for a value that none of them lists. Of a
    /// table that does not tell there is no answer.
    pub(super) async fn zeros(
        &mut self,
        tables: &BTreeMap<String, Vec<Row>>,
    ) -> Result<Vec<(String, Zero)>, DriverError> {
        let mut probes = Vec::new();
        let mut asked = Vec::new();
        for (name, rows) in tables.iter().filter(|(name, rows)| self.is_doubtful(name, rows)) {
            let Some((column, other)) = rows[0].text(6).zip(unlisted(rows)) else { continue };
            let (table, place) = (identifier(self.server.dialect, name), asked.len());
            for (what, value) in [("other", other), ("zero", 0)] {
                probes.push(format!(
                    "SELECT 1 FROM {table} {what}{place} WHERE {what}{place}.{column} BETWEEN {value} AND {value}"
                ));
            }
            asked.push(name);
        }
        if probes.is_empty() {
            return Ok(Vec::new());
        }
        let rows = match self.query(&format!("EXPLAIN PARTITIONS {}", probes.join(" UNION ALL "))).await {
            Ok(rows) => rows,
            // A table that is gone meanwhile, or that may not be read.
            Err(error) if error.code.is_some() => Vec::new(),
            Err(error) => return Err(error),
        };
        let read: HashSet<&str> =
            rows.iter().filter(|row| row.text(3).is_some()).filter_map(|row| row.text(2)).collect();
        let answer = |(place, name): (usize, &&String)| {
            let has = |what: &str| read.contains(format!("{what}{place}").as_str());
            let zero = if has("other") {
                Zero::Default
            } else if has("zero") {
                Zero::Value
            } else {
                return None;
            };
            Some(((*name).clone(), zero))
        };
        Ok(asked.iter().enumerate().filter_map(answer).collect())
    }

    fn is_doubtful(&self, name: &str, rows: &[Row]) -> bool {
        let is_zero = |row: &Row| row.text(5) == Some("LIST") && row.text(9) == Some("0");
        // Two of them are one of each, and which is which is not told.
        let columns = self.tables.get(name).map(|table| &table.columns);
        let is_column = |expression: &str| {
            columns.is_some_and(|columns| {
                columns.iter().any(|column| identifier(self.server.dialect, &column.name) == expression)
            })
        };
        self.server.is_mariadb()
            && rows.iter().filter(|row| is_zero(row)).count() == 1
            && rows[0].text(6).is_some_and(is_column)
    }
}

/// A small value that no partition lists.
fn unlisted(rows: &[Row]) -> Option<i32> {
    let listed: HashSet<i32> = rows
        .iter()
        .filter_map(|row| row.text(9))
        .flat_map(|list| list.split(','))
        .filter_map(|value| value.trim().parse().ok())
        .collect();
    (1..=127).find(|value| !listed.contains(value))
}
