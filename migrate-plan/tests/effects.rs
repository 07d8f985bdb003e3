//! What statements leave behind, told by their heads.

use migrate_plan::{Dialect, Effect, split_statements};

fn effect(sql: &str, dialect: Dialect) -> String {
    let statements = split_statements(sql, dialect).expect("it splits");
    match statements[0].effect() {
        Effect::Objects(changes) => {
            let said: Vec<String> = changes.iter().map(|c| format!("{} {}", c.object, c.becomes.as_str())).collect();
            said.join(", ")
        }
        other => format!("{other:?}"),
    }
}

fn all(cases: &[(&str, &str)], dialect: Dialect) {
    for (sql, expected) in cases {
        assert_eq!(effect(sql, dialect), *expected, "{sql}");
    }
}

#[test]
fn on_mariadb_statements_about_rows_can_be_rolled_back() {
    for sql in
        ["INSERT INTO a VALUES (1)", "update a set b = 1", "DELETE FROM a", "WITH a AS (SELECT 1) SELECT * FROM a"]
    {
        assert_eq!(effect(sql, Dialect::MariaDb), "Transactional", "{sql}");
    }
}

#[test]
fn on_mariadb_what_a_session_knows_is_told_apart_from_what_lasts() {
    all(
        &[
            ("SET @a = 1", "Session"),
            ("SET SESSION sql_mode = ''", "Session"),
            ("SET GLOBAL max_connections = 5", "Repeatable"),
            ("SET @a = CONCAT('a', @b)", "Session"),
            ("SET @a = (SELECT max(b) FROM c)", "Snapshot"),
            ("SET @a = now()", "Snapshot"),
            ("SELECT count(*) INTO @n FROM a", "Snapshot"),
            ("SELECT * INTO OUTFILE '/tmp/x' FROM a", "Unknown"),
            ("PREPARE s FROM @sql", "Session"),
            ("EXECUTE s", "Unknown"),
            ("CALL p()", "Unknown"),
        ],
        Dialect::MariaDb,
    );
}

#[test]
fn on_mariadb_tables_views_indexes_and_routines_are_looked_for_by_name() {
    all(
        &[
            ("CREATE TABLE a (b int)", "table `a` present"),
            ("CREATE TABLE IF NOT EXISTS `s`.`a b` (b int)", "table `s.a b` present"),
            ("CREATE TABLE a LIKE b", "table `a` present"),
            ("CREATE TABLE a AS SELECT 1", "Unknown"),
            ("CREATE TEMPORARY TABLE a (b int)", "Unknown"),
            ("CREATE OR REPLACE TABLE a (b int)", "Repeatable"),
            ("CREATE ALGORITHM = MERGE VIEW v AS SELECT 1", "table `v` present"),
            ("CREATE OR REPLACE VIEW v AS SELECT 1", "Repeatable"),
            ("CREATE UNIQUE INDEX i USING BTREE ON s.a (b)", "index `s.a.i` present"),
            ("DROP INDEX i ON a", "index `a.i` absent"),
            ("DROP TABLE IF EXISTS a, b", "table `a` absent, table `b` absent"),
            ("DROP VIEW v", "table `v` absent"),
            (
                "CREATE DEFINER = root@localhost TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET @x = 1",
                "trigger `t` present",
            ),
            ("CREATE PROCEDURE p() SELECT 1", "routine `p` present"),
            ("DROP FUNCTION IF EXISTS f", "routine `f` absent"),
            ("RENAME TABLE a TO b", "table `a` absent, table `b` present"),
            ("RENAME TABLE a TO c, b TO a, c TO b", "Unknown"),
            ("TRUNCATE TABLE a", "Unknown"),
        ],
        Dialect::MariaDb,
    );
}

#[test]
fn on_mariadb_every_clause_of_an_alter_table_is_read() {
    all(
        &[
            (
                "ALTER TABLE a ADD b int NOT NULL DEFAULT (1 + 2), ADD c int",
                "column `a.b` present, column `a.c` present",
            ),
            ("ALTER TABLE a ADD COLUMN (b decimal(10,2), c int)", "column `a.b` present, column `a.c` present"),
            ("ALTER TABLE a ADD COLUMN IF NOT EXISTS b int AFTER c", "column `a.b` present"),
            ("ALTER TABLE a DROP COLUMN b", "column `a.b` absent"),
            ("ALTER TABLE a DROP b", "column `a.b` absent"),
            ("ALTER TABLE a RENAME COLUMN b TO c", "column `a.b` absent, column `a.c` present"),
            ("ALTER TABLE a CHANGE b c int", "column `a.b` absent, column `a.c` present"),
            ("ALTER TABLE a CHANGE b b bigint", "Repeatable"),
            ("ALTER TABLE a MODIFY b bigint NOT NULL", "Repeatable"),
            ("ALTER TABLE a ALTER COLUMN b SET DEFAULT 1", "Repeatable"),
            ("ALTER TABLE a ENGINE = InnoDB, COMMENT = 'x, ADD b'", "Repeatable"),
            ("ALTER TABLE a ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES c (d)", "constraint `a.fk` present"),
            ("ALTER TABLE a ADD CONSTRAINT u UNIQUE KEY (b)", "index `a.u` present"),
            ("ALTER TABLE a ADD CONSTRAINT UNIQUE (b)", "definition `a` changed"),
            ("ALTER TABLE a ADD CONSTRAINT ch CHECK (b > 0)", "constraint `a.ch` present"),
            ("ALTER TABLE a ADD UNIQUE u (b)", "index `a.u` present"),
            ("ALTER TABLE a ADD INDEX i (b, c), ADD KEY k USING BTREE (c)", "index `a.i` present, index `a.k` present"),
            ("ALTER TABLE a ADD INDEX (b)", "definition `a` changed"),
            ("ALTER TABLE a ADD FOREIGN KEY (b) REFERENCES c (d)", "definition `a` changed"),
            ("ALTER TABLE a ADD PRIMARY KEY (b)", "index `a.PRIMARY` present"),
            (
                "ALTER TABLE a DROP PRIMARY KEY, DROP FOREIGN KEY fk, DROP KEY k",
                "index `a.PRIMARY` absent, constraint `a.fk` absent, index `a.k` absent",
            ),
            ("ALTER TABLE s.a RENAME TO s.b", "table `s.a` absent, table `s.b` present"),
            ("ALTER TABLE a RENAME INDEX i TO j", "index `a.i` absent, index `a.j` present"),
            ("ALTER TABLE a EXCHANGE PARTITION p WITH TABLE b", "Unknown"),
            ("ALTER TABLE a DROP PARTITION p", "definition `a` changed"),
            ("ALTER TABLE a TRUNCATE PARTITION p", "Unknown"),
        ],
        Dialect::MariaDb,
    );
}

#[test]
fn on_postgres_only_what_no_transaction_holds_needs_looking_for() {
    all(
        &[
            ("CREATE TABLE a (b int)", "Transactional"),
            ("CREATE INDEX CONCURRENTLY I ON s.a (b)", "index `s.a.i` present"),
            ("CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"I\" ON ONLY a (b)", "index `a.I` present"),
            ("CREATE INDEX CONCURRENTLY ON a (b)", "Unknown"),
            ("DROP INDEX CONCURRENTLY IF EXISTS s.i", "index `s.i` absent"),
            ("DROP INDEX CONCURRENTLY i, j", "Unknown"),
            ("VACUUM ANALYZE a", "Repeatable"),
            ("SET lock_timeout = '1s'", "Session"),
            ("CREATE DATABASE d", "database `d` present"),
            ("CALL p()", "Unknown"),
        ],
        Dialect::Postgres,
    );
}
