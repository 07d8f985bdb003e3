//! Connections in all the states in which they may be handed over, and other connections beside them.

use migrate_plan::Settings;
use migrate_runtime::schema::{Opaque, Schema, schema_sql};
use migrate_runtime::{BlockingConnection, Dialect, DriverError, Inspection, Row};
use migrate_tests::suite::{SqliteFile, chain, runtime};
use rusqlite::{Connection, OpenFlags};

use super::{assert_recreates, database, inspect, inspected};

/// A connection that counts what is sent, refuses one of the messages, and does something before each.
struct Watched<'d> {
    db: &'d mut Connection,
    messages: usize,
    refused: Option<usize>,
    before: Option<&'d mut Connection>,
}

impl<'d> Watched<'d> {
    fn new(db: &'d mut Connection) -> Self {
        Self { db, messages: 0, refused: None, before: None }
    }

    fn count(&mut self) -> Result<(), DriverError> {
        self.messages += 1;
        if let Some(other) = &self.before {
            let sql = format!("ALTER TABLE t ADD COLUMN later_{} REFERENCES t", self.messages);
            other.execute_batch(&sql).expect("the other writes");
        }
        match self.refused == Some(self.messages) {
            true => Err(DriverError::new(migrate_runtime::DriverErrorKind::Refused, "not now")),
            false => Ok(()),
        }
    }
}

impl migrate_runtime::Connection for Watched<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        self.count()?;
        migrate_runtime::Connection::batch_execute(self.db, sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.count()?;
        migrate_runtime::Connection::query(self.db, sql).await
    }

    async fn sleep(&mut self, duration: std::time::Duration) {
        migrate_runtime::Connection::sleep(self.db, duration).await;
    }
}

impl BlockingConnection for Watched<'_> {}

fn names(schema: &Schema) -> Vec<&str> {
    schema.tables.iter().map(|table| table.name.name.as_str()).collect()
}

#[test]
fn however_much_there_is_seven_messages_read_it() {
    let many: String = (0..50)
        .map(|n| format!("CREATE TABLE t{n} (a UNIQUE, b REFERENCES t0); CREATE INDEX i{n} ON t{n} (b);"))
        .collect();
    for script in ["", &many] {
        let mut db = database(script);
        let mut watched = Watched::new(&mut db);
        Inspection::new().run(&mut watched).expect("the catalog is read");
        assert_eq!(watched.messages, 7);
    }
}

#[test]
fn a_read_only_connection_is_enough() {
    let file = SqliteFile::new();
    file.execute("CREATE TABLE t (a)");
    let mut db = Connection::open_with_flags(file.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).expect("it opens");
    assert_eq!(names(&inspect(&mut db)), ["t"]);
    let mut db = file.open();
    db.execute_batch("PRAGMA query_only = ON; PRAGMA case_sensitive_like = ON; PRAGMA foreign_keys = ON")
        .expect("pragmas");
    assert_eq!(names(&inspect(&mut db)), ["t"]);
    assert_eq!(db.query_row("PRAGMA foreign_keys", [], |row| row.get(0)), Ok(1));
}

#[test]
fn inside_a_transaction_its_own_changes_are_seen_and_nothing_ends_it() {
    let file = SqliteFile::new();
    file.execute("CREATE TABLE t (a)");
    let mut db = file.open();
    db.execute_batch("BEGIN; SAVEPOINT migrate_inspection; CREATE TABLE u (b)").expect("a transaction");
    assert_eq!(names(&inspect(&mut db)), ["t", "u"]);
    assert!(!db.is_autocommit());
    db.execute_batch("ROLLBACK TO migrate_inspection").expect("the savepoint is still the user's own");
    assert_eq!(names(&inspect(&mut db)), ["t"]);
    db.execute_batch("ROLLBACK").expect("the transaction still stands");
}

#[test]
fn a_refused_query_leaves_the_session_as_it_was() {
    for refused in 1..=7 {
        for begin in ["", "BEGIN"] {
            let mut db = database("CREATE TABLE t (a)");
            db.execute_batch(begin).expect("a transaction");
            let mut watched = Watched { refused: Some(refused), ..Watched::new(&mut db) };
            let error = Inspection::new().run(&mut watched).expect_err("a query is refused");
            assert!(format!("{error:?}").contains("not now"), "{error:?}");
            // What is refused here and never reached the database, the end of the transaction, stays open.
            if refused != 7 {
                assert_eq!(db.is_autocommit(), begin.is_empty(), "message {refused}");
            }
        }
    }
}

#[test]
fn everything_is_of_one_moment() {
    let file = SqliteFile::new();
    file.execute("PRAGMA journal_mode = WAL; CREATE TABLE t (a)");
    let (mut db, mut other) = (file.open(), file.open());
    let mut watched = Watched { before: Some(&mut other), ..Watched::new(&mut db) };
    let schema = Inspection::new().run(&mut watched).expect("the catalog is read");
    // The first read begins the transaction: what the other did before the first two messages is seen, by every query.
    assert_eq!(schema.opaque, []);
    let columns: Vec<&str> = schema.tables[0].columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["a", "later_1", "later_2"]);
    assert_eq!(schema.tables[0].foreign_keys.len(), 2);
}

#[test]
fn a_writer_is_no_hindrance_until_it_commits() {
    let file = SqliteFile::new();
    file.execute("CREATE TABLE t (a)");
    let (mut db, writer) = (file.open(), file.open());
    db.busy_timeout(std::time::Duration::ZERO).expect("a timeout");
    writer.execute_batch("BEGIN IMMEDIATE; CREATE TABLE u (b)").expect("the writer begins");
    assert_eq!(names(&inspect(&mut db)), ["t"]);
    writer.execute_batch("COMMIT; BEGIN EXCLUSIVE").expect("the writer locks");
    let error = Inspection::new().run(&mut db).expect_err("the file is locked");
    assert!(format!("{error:?}").contains("Busy"), "{error:?}");
    assert!(db.is_autocommit());
    writer.execute_batch("COMMIT").expect("the writer lets go");
    assert_eq!(names(&inspect(&mut db)), ["t", "u"]);
}

#[test]
fn the_history_and_other_databases_are_no_part_of_it() {
    let mut db = database(
        "CREATE TABLE t (a, b); CREATE INDEX i ON t (a);
         CREATE TEMP TABLE t (x); CREATE TEMP TABLE u (y); CREATE TEMP VIEW v AS SELECT 1; CREATE INDEX temp.i ON t (x);
         CREATE TEMP TRIGGER tr AFTER INSERT ON main.t BEGIN SELECT 1; END;
         ATTACH ':memory:' AS other; CREATE TABLE other.t (z); CREATE TABLE other.w (z)",
    );
    chain("a").upgrade(&mut db).expect("a revision runs");
    db.execute_batch("CREATE INDEX on_log ON migrate_log (at); CREATE TRIGGER on_history AFTER DELETE ON Migrate_History BEGIN SELECT 1; END")
        .or_else(|_| db.execute_batch("CREATE TRIGGER on_history AFTER DELETE ON Migrate_History BEGIN SELECT 1; END"))
        .expect("a trigger");
    let schema = inspect(&mut db);
    assert_eq!(names(&schema), ["t", "t_a"]);
    assert_eq!(schema.tables[0].columns.len(), 2);
    assert_eq!((schema.tables[0].triggers.len(), schema.views.len(), schema.opaque.len()), (0, 0, 0));
    let settings = Settings { history_table: "elsewhere".into(), ..Settings::DEFAULT };
    let schema = Inspection::new().settings(&settings).run(&mut db).expect("the catalog is read");
    assert!(names(&schema).contains(&"migrate_history"), "{:?}", names(&schema));
}

#[test]
fn what_is_not_understood_is_told_and_created_from_its_own_text() {
    // To SQLite a name and a string, to our lexer a string with a prefix; and an index on a table that is not shown.
    let mut db = database(
        "CREATE TABLE \"odd one\" (a INTEGER PRIMARY KEY, e'text' NOT NULL DEFAULT 1 UNIQUE CHECK (e > 0), f REFERENCES t ON DELETE CASCADE);
         CREATE INDEX by_e ON \"odd one\" (e);
         CREATE TABLE plain (a);
         CREATE VIRTUAL TABLE search USING fts5(title);
         CREATE INDEX odd ON search_content (c0)",
    );
    let schema = assert_recreates(&mut db);
    let told: Vec<(&str, &str)> =
        schema.opaque.iter().map(|opaque| (opaque.what.as_str(), opaque.name.as_str())).collect();
    assert_eq!(told, [("index", "odd"), ("table", "odd one")]);
    let table = &schema.tables[0];
    assert_eq!(
        (table.name.name.as_str(), table.columns[1].name.as_str(), table.columns[1].nullable),
        ("odd one", "e", false)
    );
    assert_eq!(table.columns[1].default.as_deref(), Some("1"));
    assert_eq!((table.uniques.len(), table.foreign_keys.len(), table.indexes.len()), (1, 1, 1));
    assert_eq!(table.primary_key.as_ref().map(|key| key.parts[0].to_string()).as_deref(), Some("a"));

    let mut without = schema;
    without.opaque.push(Opaque { what: "sprocket".into(), name: "s".into(), definition: None });
    assert_eq!(schema_sql(&without).left_out[0].what, "sprocket s");
}

#[test]
fn a_catalog_edited_by_hand_fails_nothing() {
    let mut db = database(
        "CREATE TABLE t (a, b); CREATE VIEW v AS SELECT 1;
         PRAGMA writable_schema = ON;
         UPDATE sqlite_master SET sql = 'CREATE TABLE t (a INT, b GENERATED /* c */ ALWAYS AS (1), c)' WHERE name = 't';
         PRAGMA writable_schema = RESET",
    );
    let schema = assert_recreates(&mut db);
    assert_eq!(schema.opaque[0].name, "t");
    assert_eq!(schema.tables[0].columns.len(), 3);
}

#[test]
fn a_virtual_table_whose_module_is_not_here_fails_nothing() {
    let schema = inspected(
        "CREATE TABLE t (a);
         PRAGMA writable_schema = ON;
         INSERT INTO sqlite_master VALUES ('table', 'v', 'v', 0, 'CREATE VIRTUAL TABLE v USING elsewhere(a)');
         PRAGMA writable_schema = RESET",
    );
    assert_eq!(names(&schema), ["t", "v"]);
    assert_eq!(schema.tables[1].options["using"], "elsewhere(a)");
}

#[test]
fn the_encoding_of_the_file_is_no_difference() {
    let script =
        "CREATE TABLE \"ä🦀\" (\"ö\" TEXT DEFAULT 'ü', CHECK (\"ö\" <> '🦀')); CREATE INDEX \"ß\" ON \"ä🦀\" (\"ö\")";
    assert_eq!(inspected(&format!("PRAGMA encoding = 'UTF-16le'; {script}")), inspected(script));
}

#[test]
fn sqlx_reads_the_same() {
    use sqlx::Connection as _;
    let file = SqliteFile::new();
    file.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT NOT NULL DEFAULT 'x' UNIQUE, b REFERENCES t DEFERRABLE);
         CREATE INDEX i ON t (b DESC, lower(a)) WHERE b; CREATE VIEW v AS SELECT 1; CREATE VIRTUAL TABLE s USING fts5(x)",
    );
    let schema = runtime().block_on(async {
        let url = format!("sqlite://{}", file.path().display());
        let mut db = sqlx::SqliteConnection::connect(&url).await.expect("a connection");
        Inspection::new().run_async(&mut db).await.expect("the catalog is read")
    });
    assert_eq!(schema, inspect(&mut file.open()));
}

#[test]
fn the_same_database_is_written_as_the_same_bytes() {
    let script =
        "CREATE TABLE b (x UNIQUE, y UNIQUE, z REFERENCES a REFERENCES b); CREATE TABLE a (x CHECK (x) CHECK (x > 1));
        CREATE INDEX i2 ON a (x); CREATE INDEX i1 ON a (x)";
    let first = inspected(script);
    for _ in 0..5 {
        assert_eq!(inspected(script), first);
    }
    let indexes: Vec<&str> = first.tables[0].indexes.iter().map(|index| index.name.as_str()).collect();
    assert_eq!(indexes, ["i1", "i2"]);
}
