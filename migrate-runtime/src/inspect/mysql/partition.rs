//! Partitions: children of their table, unless they have the names and nothing else that the server gives.

use std::collections::BTreeMap;

use migrate_plan::schema::{QualifiedName, Table};

use super::Reader;
use super::default_partition::Zero;
use super::server::texts;
use crate::driver::{DriverError, Row};

impl Reader<'_> {
    pub(super) async fn partitions(&mut self) -> Result<(), DriverError> {
        let columns = texts(&[
            "table_name",
            "partition_name",
            "subpartition_name",
            "partition_ordinal_position",
            "subpartition_ordinal_position",
            "partition_method",
            "partition_expression",
            "subpartition_method",
            "subpartition_expression",
            "partition_description",
            "partition_comment",
        ]);
        let database = self.server.database();
        let query = format!(
            "SELECT {columns} FROM information_schema.partitions WHERE table_schema = {database} AND partition_name IS \
             NOT NULL"
        );
        let mut rows = self.query(&query).await?;
        let number = |row: &Row, place: usize| row.text(place).and_then(|place| place.parse::<u32>().ok());
        rows.sort_by_key(|row| (number(row, 3), number(row, 4)));
        let mut tables: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for row in rows {
            let Some(table) = row.text(0).map(str::to_owned) else { continue };
            tables.entry(table).or_default().push(row);
        }
        let zeros: BTreeMap<String, Zero> = self.zeros(&tables).await?.into_iter().collect();
        for (name, rows) in tables {
            let zero = if self.server.is_mariadb() { zeros.get(&name).copied() } else { Some(Zero::Value) };
            let known = Partitioning { rows: &rows, zero }.read();
            match (known, self.tables.get_mut(&name)) {
                (Some((partition_by, children)), Some(table)) => {
                    table.partition_by = Some(partition_by);
                    table.children = children;
                }
                (None, Some(_)) => self.opaque("partitions of", name, None),
                _ => {}
            }
        }
        Ok(())
    }
}

/// The partitions and subpartitions of one table.
struct Partitioning<'r> {
    rows: &'r [Row],
    /// What is described as 0 in a list.
    zero: Option<Zero>,
}

impl Partitioning<'_> {
    /// How the table is partitioned, and its partitions; `None` where the catalog does not say enough.
    fn read(&self) -> Option<(String, Vec<Table>)> {
        let first = self.rows.first()?;
        let method = first.text(5)?;
        // MariaDB keeps the limit or interval of this one to itself.
        if method == "SYSTEM_TIME" {
            return None;
        }
        let mut partition_by = by(method, first.text(6));
        let mut partitions: Vec<Table> = Vec::new();
        for row in self.rows {
            let name = row.text(1)?;
            if partitions.last().is_none_or(|last| last.name.name != name) {
                partitions.push(partition(name, self.bound(method, row.text(9))?, row.text(10)));
            }
            if let (Some(part), Some(whole)) = (row.text(2), partitions.last_mut()) {
                whole.comment = None;
                whole.children.push(partition(part, String::new(), row.text(10)));
            }
        }
        let plain = |name: String, part: &Table| {
            part.name.name == name && part.bound.as_deref() == Some("") && part.comment.is_none()
        };
        if let Some(method) = first.text(7) {
            partition_by.push_str(&format!("\nSUBPARTITION BY {}", by(method, first.text(8))));
            let is_plain = |whole: &Table| {
                let name = &whole.name.name;
                whole.children.iter().enumerate().all(|(place, part)| plain(format!("{name}sp{place}"), part))
            };
            if partitions.iter().all(is_plain) {
                partition_by.push_str(&format!(" SUBPARTITIONS {}", partitions[0].children.len()));
                partitions.iter_mut().for_each(|partition| partition.children.clear());
            }
        }
        if partitions.iter().enumerate().all(|(place, part)| plain(format!("p{place}"), part)) {
            partition_by.push_str(&format!(" PARTITIONS {}", partitions.len()));
            partitions.clear();
        }
        Some((partition_by, partitions))
    }

    fn bound(&self, method: &str, description: Option<&str>) -> Option<String> {
        let description = description.unwrap_or_default();
        let is_default = match method {
            "LIST" if description == "0" => self.zero? == Zero::Default,
            // The one value of a list that is a word, but for NULL.
            _ => description.trim_start_matches('(').starts_with("MAXVALUE"),
        };
        Some(match method {
            "RANGE" if is_default => "VALUES LESS THAN MAXVALUE".to_owned(),
            "RANGE" | "RANGE COLUMNS" => format!("VALUES LESS THAN ({description})"),
            "LIST" | "LIST COLUMNS" if is_default => "DEFAULT".to_owned(),
            "LIST" | "LIST COLUMNS" => format!("VALUES IN ({description})"),
            _ => String::new(),
        })
    }
}

fn by(method: &str, expression: Option<&str>) -> String {
    format!("{method} ({})", expression.unwrap_or_default())
}

fn partition(name: &str, bound: String, comment: Option<&str>) -> Table {
    Table {
        name: QualifiedName::new(name),
        bound: Some(bound),
        comment: comment.filter(|comment| !comment.is_empty()).map(str::to_owned),
        ..Table::default()
    }
}
