//! Columns.

use migrate_plan::schema::{Column, Generated};

use super::Reader;
use super::server::texts;
use super::table::Kinds;
use crate::driver::{DriverError, Row};

/// How MariaDB prints that a column is compressed, behind its type.
const COMPRESSED: &str = " /*M!100301 COMPRESSED*/";
const GEOMETRY: [&str; 9] = [
    "geometry",
    "point",
    "linestring",
    "polygon",
    "multipoint",
    "multilinestring",
    "multipolygon",
    "geometrycollection",
    "geomcollection",
];

impl Reader<'_> {
    pub(super) async fn columns(&mut self, kinds: &mut Kinds) -> Result<(), DriverError> {
        let columns = texts(&[
            "table_name",
            "column_name",
            "ordinal_position",
            "column_default",
            "is_nullable",
            "column_type",
            "collation_name",
            "extra",
            "column_comment",
            "generation_expression",
            self.server.srid(),
        ]);
        let database = self.server.database();
        let query = format!("SELECT {columns} FROM information_schema.columns WHERE table_schema = {database}");
        let mut rows = self.query(&query).await?;
        rows.sort_by_key(|row| row.text(2).and_then(|place| place.parse::<u32>().ok()));
        for row in rows {
            let (Some(table), Some(name)) = (row.text(0), row.text(1)) else { continue };
            if kinds.views.contains(table) {
                kinds.working_views.insert(table.to_owned());
            }
            let Some(table_collation) = self.tables.get(table).map(|table| table.options.get("collation").cloned())
            else {
                continue;
            };
            let column = self.column(name, &row, table_collation.as_deref());
            kinds.has_geometry |= GEOMETRY.contains(&column.data_type.as_str());
            if let Some(table) = self.tables.get_mut(table) {
                table.columns.push(column);
            }
        }
        for table in self.tables.values_mut() {
            name_period(table);
        }
        Ok(())
    }

    fn column(&self, name: &str, row: &Row, table_collation: Option<&str>) -> Column {
        let extra = row.text(7).unwrap_or_default();
        let printed = row.text(5).unwrap_or_default();
        let data_type = printed.replace(COMPRESSED, "");
        let is_generated = extra.contains("VIRTUAL GENERATED") || extra.contains("STORED GENERATED");
        let mut column = Column {
            name: name.to_owned(),
            nullable: row.text(4) == Some("YES"),
            default: self.server.default(row.text(3), &data_type, extra).map(|default| self.local(&default)),
            auto_increment: extra.contains("auto_increment"),
            generated: row.text(9).filter(|_| is_generated).map(|expression| Generated {
                expression: self.expression(expression),
                stored: extra.contains("STORED"),
            }),
            collation: row.text(6).filter(|collation| Some(*collation) != table_collation).map(str::to_owned),
            comment: row.text(8).filter(|comment| !comment.is_empty()).map(str::to_owned),
            ..Column::default()
        };
        let mut option = |name: &str, value: &str| column.options.insert(name.to_owned(), value.to_owned());
        if let Some((_, value)) = extra.split_once("on update ") {
            option("on update", value.split(", ").next().unwrap_or(value));
        }
        for (said, name) in [("INVISIBLE", "invisible"), ("WITHOUT SYSTEM VERSIONING", "without system versioning")] {
            if extra.contains(said) {
                option(name, "yes");
            }
        }
        if printed.contains(COMPRESSED) {
            option("compressed", "yes");
        }
        if let Some(srid) = row.text(10) {
            option("srid", srid);
        }
        column.data_type = data_type;
        column
    }
}

/// Says which columns a system-versioned table keeps its time in, where it says so itself.
fn name_period(table: &mut migrate_plan::schema::Table) {
    let column = |expression: &str| {
        let is_it = |column: &&Column| column.generated.as_ref().is_some_and(|is| is.expression == expression);
        let column = table.columns.iter().find(is_it)?;
        Some(crate::sql::identifier(migrate_plan::Dialect::MariaDb, &column.name))
    };
    if let (Some(start), Some(end)) = (column("ROW START"), column("ROW END")) {
        table.options.insert("period SYSTEM_TIME".to_owned(), format!("{start}, {end}"));
    }
}
