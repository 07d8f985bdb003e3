//! How a schema reads as SQL, and what is said of its columns.

use migrate_runtime::schema::schema_sql;

use super::inspected;

#[test]
fn a_schema_is_written_as_people_would() {
    let schema = inspected(
        "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE,
             age INT DEFAULT 18 CHECK (age > 0), created TEXT NOT NULL DEFAULT current_timestamp,
             word TEXT GENERATED ALWAYS AS (lower(email)) STORED);
         CREATE TABLE orders (user_id INTEGER NOT NULL CONSTRAINT of_user REFERENCES users ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
             number INT, total REAL DEFAULT (1.5 * 2), PRIMARY KEY (user_id, number DESC),
             CONSTRAINT sound CHECK (total >= 0)) STRICT, WITHOUT ROWID;
         CREATE UNIQUE INDEX by_word ON users (lower(word), age DESC) WHERE age > 17;
         CREATE VIEW adults AS\nSELECT * FROM users WHERE age > 17;
         CREATE TRIGGER no_more AFTER INSERT ON orders BEGIN\n    SELECT 1;\nEND;
         CREATE VIRTUAL TABLE search USING fts5(email)",
    );
    insta::assert_snapshot!(schema_sql(&schema).to_script(), @r#"
    CREATE TABLE "orders" (
        "user_id" INTEGER NOT NULL,
        "number" INT NOT NULL,
        "total" REAL DEFAULT (1.5 * 2),
        PRIMARY KEY ("user_id", "number" DESC),
        CONSTRAINT "sound" CHECK (total >= 0),
        CONSTRAINT "of_user" FOREIGN KEY ("user_id") REFERENCES "users" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE "users" (
        "id" INTEGER PRIMARY KEY AUTOINCREMENT,
        "email" TEXT NOT NULL COLLATE "NOCASE",
        "age" INT DEFAULT 18,
        "created" TEXT NOT NULL DEFAULT current_timestamp,
        "word" TEXT GENERATED ALWAYS AS (lower(email)) STORED,
        UNIQUE ("email"),
        CHECK (age > 0)
    );

    CREATE VIRTUAL TABLE "search" USING fts5(email);

    CREATE UNIQUE INDEX "by_word" ON "users" (lower(word), "age" DESC) WHERE age > 17;

    CREATE VIEW "adults" AS
    SELECT * FROM users WHERE age > 17;

    CREATE TRIGGER no_more AFTER INSERT ON orders BEGIN
        SELECT 1;
    END;
    "#);
}

#[test]
fn a_column_is_nullable_where_the_engine_takes_null() {
    let script = "CREATE TABLE t ({}); CREATE TABLE s (e TEXT PRIMARY KEY, f INT, n ANY NOT NULL) STRICT";
    for (columns, nullable) in [
        ("a INTEGER PRIMARY KEY", "no"),
        ("a INTEGER PRIMARY KEY NOT NULL", "no"),
        ("a INTEGER, PRIMARY KEY (a DESC)", "no"),
        ("a INTEGER PRIMARY KEY DESC", "yes"),
        ("a INT PRIMARY KEY", "yes"),
        ("a TEXT PRIMARY KEY", "yes"),
        ("a TEXT PRIMARY KEY NOT NULL", "no"),
        ("a INTEGER, b INTEGER, PRIMARY KEY (a, b)", "yes yes"),
        ("a NULL", "yes"),
    ] {
        let mut db = super::database(&script.replace("{}", columns));
        let schema = super::inspect(&mut db);
        let said: Vec<&str> =
            schema.tables[1].columns.iter().map(|column| if column.nullable { "yes" } else { "no" }).collect();
        assert_eq!(said.join(" "), nullable, "{columns}");
        let strict: Vec<bool> = schema.tables[0].columns.iter().map(|column| column.nullable).collect();
        assert_eq!(strict, [false, true, false]);
        let values = vec!["NULL"; said.len()].join(", ");
        let taken = db.execute_batch(&format!("INSERT INTO t VALUES ({values})")).is_ok();
        let held = db.query_row("SELECT count(*) FROM t WHERE a IS NULL", [], |row| row.get::<_, u32>(0));
        assert_eq!(taken && held == Ok(1), nullable.starts_with("yes"), "{columns}");
    }
}

#[test]
fn checks_bear_the_names_by_which_the_engine_calls_them() {
    let mut db = super::database(
        "CREATE TABLE t (a CONSTRAINT nn NOT NULL CHECK (a <> 1) CHECK (a <> 2), b CONSTRAINT c CHECK (a <> 3), c CHECK (a <> 4),
             CONSTRAINT t CHECK (a <> 5) CHECK (a <> 6), CHECK (a <> 7), CONSTRAINT x CONSTRAINT y CHECK (a <> 8));
         CREATE TABLE u (a CONSTRAINT n, CHECK (a <> 1), CHECK (a <> 2))",
    );
    let schema = super::inspect(&mut db);
    for (table, value) in (1..=8).map(|value| (0, value)).chain([(1, 1), (1, 2)]) {
        let sql = format!("INSERT INTO {} (a) VALUES (?)", schema.tables[table].name);
        let error = db.execute(&sql, [value]).expect_err("a check refuses it").to_string();
        let expression = format!("a <> {value}");
        let check =
            schema.tables[table].checks.iter().find(|check| check.expression == expression).expect("it is read");
        assert_eq!(error, format!("CHECK constraint failed: {}", check.name.as_ref().unwrap_or(&check.expression)));
    }
}

#[test]
fn the_last_conflict_clause_of_not_null_counts() {
    let mut db = super::database("CREATE TABLE t (a CONSTRAINT n NOT NULL ON CONFLICT IGNORE NOT NULL)");
    assert!(db.execute("INSERT INTO t VALUES (NULL)", []).is_err());
    assert!(super::inspect(&mut db).tables[0].columns[0].options.is_empty());
}
