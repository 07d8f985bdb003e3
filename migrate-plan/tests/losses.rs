//! What destroys data, told by the words of a statement.

use migrate_plan::{Dialect, split_statements};

const EVERYWHERE: [Dialect; 4] = [Dialect::Sqlite, Dialect::Postgres, Dialect::MySql, Dialect::MariaDb];
const MYSQL: [Dialect; 2] = [Dialect::MySql, Dialect::MariaDb];

fn destroys(sql: &str, dialect: Dialect) -> bool {
    let statements = split_statements(sql, dialect).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    assert_eq!(statements.len(), 1, "{sql}");
    statements[0].destroys_data()
}

fn all(sqls: &[&str], dialects: &[Dialect], expected: bool) {
    for (sql, dialect) in sqls.iter().flat_map(|sql| dialects.iter().map(move |dialect| (sql, *dialect))) {
        assert_eq!(destroys(sql, dialect), expected, "{sql} on {dialect}");
    }
}

#[test]
fn tables_columns_and_rows_that_go_are_losses_everywhere() {
    let losses = [
        "DROP TABLE users",
        "/* why */ drop table if exists \"users\"",
        "ALTER TABLE users DROP COLUMN bio",
        "ALTER TABLE app.users drop bio",
        "DELETE FROM users WHERE id = 1",
        "WITH old AS (SELECT 1) DELETE FROM users",
    ];
    all(&losses, &EVERYWHERE, true);
}

#[test]
fn what_can_be_made_again_or_adds_is_none() {
    let harmless = [
        "CREATE TABLE users (id int)",
        "DROP INDEX users_name",
        "DROP VIEW seen",
        "ALTER TABLE users ADD COLUMN dropped int",
        "ALTER TABLE users RENAME COLUMN drop_me TO kept",
        "INSERT INTO users VALUES ('DROP TABLE users; DELETE FROM users')",
        "UPDATE users SET name = 'truncate'",
        "SELECT 'DELETE FROM users'",
    ];
    all(&harmless, &EVERYWHERE, false);
    all(
        &["ALTER TABLE users DROP CONSTRAINT c", "CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 1; END"],
        &[Dialect::Sqlite],
        false,
    );
}

#[test]
fn on_postgres_cascades_truncates_and_blocks_are_looked_into() {
    let losses = [
        "TRUNCATE users",
        "DROP SCHEMA app",
        "DROP TYPE mood CASCADE",
        "DROP OWNED BY app",
        "ALTER TABLE IF EXISTS ONLY users ALTER COLUMN a DROP NOT NULL, DROP COLUMN IF EXISTS b",
        "WITH gone AS (DELETE FROM users RETURNING *) INSERT INTO archive SELECT * FROM gone",
        "DO $$ BEGIN DELETE FROM users; END $$",
    ];
    all(&losses, &[Dialect::Postgres], true);
    let harmless = [
        "ALTER TABLE users ALTER COLUMN a DROP NOT NULL, ALTER b DROP DEFAULT, DROP CONSTRAINT c",
        "DROP TYPE mood",
        "DROP FUNCTION f(int)",
        "ALTER SEQUENCE s RESTART",
        "DO $$ BEGIN PERFORM 1; END $$",
        "CREATE RULE r AS ON DELETE TO users DO INSTEAD NOTHING",
    ];
    all(&harmless, &[Dialect::Postgres], false);
}

#[test]
fn on_mysql_the_clauses_of_alter_table_are_told_apart() {
    let losses = [
        "TRUNCATE TABLE users",
        "DROP DATABASE app",
        "ALTER TABLE users ADD COLUMN a int DEFAULT (1), DROP bio",
        "ALTER ONLINE TABLE users DROP COLUMN bio",
        "ALTER TABLE users DROP PARTITION p0",
        "ALTER TABLE users TRUNCATE PARTITION p0",
        "/*! DROP TABLE users */",
    ];
    all(&losses, &MYSQL, true);
    all(&["ALTER TABLE users WAIT 5 DROP COLUMN bio"], &[Dialect::MariaDb], true);
    let harmless = [
        "DROP TEMPORARY TABLE users",
        "ALTER TABLE users DROP INDEX a, DROP KEY b, DROP PRIMARY KEY, DROP FOREIGN KEY c, DROP CHECK d",
        "ALTER TABLE users ALTER COLUMN a DROP DEFAULT",
        "ALTER TABLE users ADD CONSTRAINT fk FOREIGN KEY (a) REFERENCES b (c) ON DELETE CASCADE",
    ];
    all(&harmless, &MYSQL, false);
}
