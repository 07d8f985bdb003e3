//! Which rows a revision can touch, so that those of the other tables need not be read.

use std::collections::BTreeSet;

use migrate_plan::schema::{QualifiedName, Schema, Table};
use migrate_plan::{Content, Dialect, Direction, Revision};

use super::seed;

/// How statements begin that reach the rows of tables which they name, and of no other ones but by foreign keys.
const PLAIN: [&str; 17] = [
    "alter index",
    "alter table",
    "comment on",
    "create index",
    "create sequence",
    "create table",
    "create unique",
    "create view",
    "delete from",
    "drop index",
    "drop sequence",
    "drop table",
    "drop view",
    "insert into",
    "replace into",
    "truncate",
    "update",
];

/// Of these, how those begin that leave all rows as they are.
const OF_NO_ROWS: [&str; 5] = ["alter index", "comment on", "create index", "create unique", "drop index"];

/// The tables whose rows a revision can touch.
#[derive(Debug)]
pub(super) enum Reach {
    Everything,
    Tables(BTreeSet<QualifiedName>),
}

impl Reach {
    /// Of both directions of a revision, in a database that holds this.
    pub(super) fn of(revision: &Revision, dialect: Dialect, schema: &Schema) -> Self {
        if runs_code(schema) {
            return Self::Everything;
        }
        let mut text = String::new();
        for direction in [Direction::Up, Direction::Down] {
            let section = revision.section(direction, dialect);
            let Some(section) = section.filter(|section| section.content == Content::Statements) else { continue };
            let Ok(statements) = section.statements(dialect) else { return Self::Everything };
            for statement in statements {
                let words: Vec<String> = statement.sql().split_whitespace().map(str::to_lowercase).collect();
                let sql = words.join(" ");
                if !is_plain(&sql) {
                    return Self::Everything;
                }
                if !begins(&sql, &OF_NO_ROWS) {
                    text.push_str(&sql);
                }
            }
        }
        // A view is written to by its own name.
        if schema.views.iter().any(|view| is_named(&text, &view.name)) {
            return Self::Everything;
        }
        let named = schema.tables.iter().filter(|table| parts(table).any(|part| is_named(&text, &part.name)));
        Self::Tables(with_referring(schema, named.map(|table| table.name.clone()).collect()))
    }

    pub(super) fn holds(&self, table: &QualifiedName) -> bool {
        match self {
            Self::Everything => true,
            Self::Tables(tables) => tables.contains(table),
        }
    }
}

/// Whether something runs by itself or can be called, which may write anywhere, or tables are part of several others.
pub(super) fn runs_code(schema: &Schema) -> bool {
    let is_entangled = |table: &Table| !table.triggers.is_empty() || !table.inherits.is_empty();
    schema.extensions.iter().any(|extension| extension.name != "plpgsql")
        || !schema.routines.is_empty()
        || !schema.opaque.is_empty()
        || schema.views.iter().any(|view| !view.triggers.is_empty())
        || schema.tables.iter().flat_map(parts).any(is_entangled)
}

/// Whether a statement, in lower case and with one blank between words, reaches no more than it names.
fn is_plain(sql: &str) -> bool {
    let takes_along = sql.replace("on delete cascade", "").replace("on update cascade", "").contains("cascade");
    // Names may be written with escapes.
    begins(sql, &PLAIN) && !takes_along && !sql.contains("u&")
}

fn begins(sql: &str, heads: &[&str]) -> bool {
    let is_head = |rest: &str| rest.starts_with([' ', '"', '`', '[']);
    heads.iter().any(|head| sql.strip_prefix(head).is_some_and(is_head))
}

fn is_named(text: &str, name: &QualifiedName) -> bool {
    let is_doubled = name.name.contains(['"', '`', ']']) || name.name.split_whitespace().nth(1).is_some();
    is_doubled || text.contains(&name.name.to_lowercase())
}

/// A table and what it consists of.
fn parts(table: &Table) -> Box<dyn Iterator<Item = &Table> + '_> {
    Box::new(std::iter::once(table).chain(table.children.iter().flat_map(parts)))
}

/// These tables and those that refer to one of them, and so on.
fn with_referring(schema: &Schema, mut reached: BTreeSet<QualifiedName>) -> BTreeSet<QualifiedName> {
    loop {
        let is_reached = |name: &QualifiedName| {
            let holds = |table: &&Table| parts(table).any(|part| seed::same_name(&part.name, name));
            schema.tables.iter().find(holds).is_some_and(|table| reached.contains(&table.name))
        };
        let refers = |table: &&Table| {
            let mut keys = parts(table).flat_map(|part| &part.foreign_keys);
            !reached.contains(&table.name) && keys.any(|key| is_reached(&key.references))
        };
        let more: Vec<QualifiedName> = schema.tables.iter().filter(refers).map(|table| table.name.clone()).collect();
        if more.is_empty() {
            return reached;
        }
        reached.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use migrate_plan::schema::ForeignKey;

    fn schema() -> Schema {
        let table = |name: &str, refers: Option<&str>| Table {
            name: QualifiedName::new(name),
            foreign_keys: refers
                .map(|to| ForeignKey { references: QualifiedName::new(to), ..ForeignKey::default() })
                .into_iter()
                .collect(),
            ..Table::default()
        };
        let tables = vec![
            table("authors", None),
            table("books", Some("AUTHORS")),
            table("pages", Some("books")),
            table("other", None),
            table("say \"x\"", None),
        ];
        Schema { tables, ..Schema::new(Dialect::Sqlite) }
    }

    fn reached(up: &str, schema: &Schema) -> Option<Vec<String>> {
        let text = format!("-- revision: a\n-- parents: none\n-- migrate: up\n{up}\n-- migrate: down\nSELECT_NO\n");
        let text = text.replace("SELECT_NO", "DROP INDEX i;");
        let revision = migrate_plan::parse_revision("1_a.sql", text.as_bytes()).expect("a revision");
        match Reach::of(&revision, Dialect::Sqlite, schema) {
            Reach::Everything => None,
            Reach::Tables(tables) => Some(tables.into_iter().map(|table| table.name).collect()),
        }
    }

    #[test]
    fn a_table_is_reached_by_its_name_and_through_foreign_keys() {
        let quoted = "say \"x\"".to_owned();
        let reached = |up: &str| {
            reached(up, &schema()).map(|mut tables| {
                tables.retain(|table| *table != quoted);
                tables
            })
        };
        assert_eq!(reached("UPDATE Other SET x = 1;").expect("named"), ["other"]);
        assert_eq!(reached("DELETE FROM \"authors\";").expect("named"), ["authors", "books", "pages"]);
        assert_eq!(
            reached("CREATE TABLE n (x REFERENCES books ON DELETE  CASCADE);").expect("named"),
            ["books", "pages"]
        );
        assert_eq!(reached("CREATE INDEX i ON other (x);").expect("named"), [""; 0]);
        assert_eq!(reached("ALTER TABLE new ADD x;").expect("named"), [""; 0]);
    }

    #[test]
    fn what_can_reach_anything_does() {
        for up in [
            "SELECT f();",
            "WITH x AS (SELECT 1) DELETE FROM other;",
            "DROP TABLE other CASCADE;",
            "INSERT OR REPLACE INTO other VALUES (1);",
            "PRAGMA writable_schema = 1;",
            "UPDATE U&\"othe\\0072\" SET x = 1;",
            "UPDATE other SET x = 1; DO 1;",
        ] {
            assert_eq!(reached(up, &schema()), None, "{up}");
        }
        let routine = migrate_plan::schema::Routine {
            kind: migrate_plan::schema::Kind::Function,
            name: QualifiedName::new("f"),
            arguments: None,
            definition: String::new(),
            comment: None,
        };
        let with_routine = Schema { routines: vec![routine], ..schema() };
        assert_eq!(reached("UPDATE other SET x = 1;", &with_routine), None);
    }

    #[test]
    fn a_name_that_is_not_written_as_it_is_counts_as_named() {
        assert_eq!(reached("ALTER TABLE new ADD x;", &schema()).expect("named"), ["say \"x\""]);
    }
}
