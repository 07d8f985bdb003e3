//! A run that dies at any message: the next one finishes what it left, each statement once.

mod cut;
mod dying;
mod postgres;

use migrate_runtime::{Connection, Dialect, Migrations};
use migrate_tests::suite::{draft, set};

/// What happens to the message at which a connection dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Death {
    /// It never arrives.
    Before,
    /// It is carried out, and the answer never arrives.
    After,
}

/// Two revisions of statements that a second run would repeat or refuse.
pub(crate) fn revisions(dialect: Dialect) -> Migrations {
    let outside = match dialect {
        Dialect::Sqlite => "VACUUM;",
        Dialect::Postgres => "CREATE INDEX CONCURRENTLY t_b_x ON t_b (x);",
        Dialect::MySql | Dialect::MariaDb => {
            "CREATE INDEX t_b_x ON t_b (x);\nALTER TABLE t_b ADD COLUMN z integer, DROP COLUMN y;"
        }
    };
    let (drop_index, more) = match dialect {
        Dialect::Sqlite => ("", ""),
        Dialect::Postgres => ("DROP INDEX CONCURRENTLY t_b_x;\n", ""),
        Dialect::MySql | Dialect::MariaDb => {
            ("DROP INDEX t_b_x ON t_b;\n", "ALTER TABLE t_a RENAME TO t_c;\nRENAME TABLE t_c TO t_a;\n")
        }
    };
    let up = format!(
        "-- migrate: no-transaction\nCREATE TABLE t_b (x integer, y integer);\nINSERT INTO t_b (x) VALUES (1);\n{outside}\n\
         {more}UPDATE t_b SET x = x + 1;\nINSERT INTO t_a VALUES (7);"
    );
    let down = format!(
        "-- migrate: no-transaction\n{drop_index}DELETE FROM t_a WHERE x = 7;\nDROP TABLE t_b;\nINSERT INTO t_a VALUES (8);"
    );
    set([draft("a"), draft("b").after("a").up(&up).down(&down), draft("c").after("b")])
}

/// What the database holds at the end, one text.
pub(crate) async fn picture<C: Connection>(db: &mut C, tables: &[&str]) -> String {
    let mut said = Vec::new();
    for query in [
        "SELECT id, state, journal FROM migrate_history ORDER BY id",
        "SELECT action, revision FROM migrate_log ORDER BY seq",
    ] {
        said.push(format!("{:?}", db.query(query).await.expect("it answers")));
    }
    for table in tables {
        said.push(format!(
            "{table}: {:?}",
            db.query(&format!("SELECT * FROM {table} ORDER BY x")).await.map_err(|_| "gone")
        ));
    }
    said.join("\n")
}
