//! What the catalog says in half, or not at all.

use migrate_runtime::Inspection;
use migrate_runtime::schema::{Schema, schema_sql};
use migrate_tests::suite::mariadb_or_skip;

use super::{assert_recreated, assert_same, connect, filled, inspect};

fn opaque(schema: &Schema) -> Vec<String> {
    schema.opaque.iter().map(|opaque| format!("{} {}", opaque.what, opaque.name)).collect()
}

#[test]
fn the_partition_for_all_other_values_is_told_from_the_one_for_zero() {
    let Some(database) = filled(
        "CREATE TABLE zero (a INT) PARTITION BY LIST (a) (PARTITION x VALUES IN (0), PARTITION y VALUES IN (1));
         CREATE TABLE rest (a INT, b INT, PRIMARY KEY (a, b)) PARTITION BY LIST (a) (
             PARTITION x VALUES IN (1, 2), PARTITION y DEFAULT);
         CREATE TABLE filled (a INT) PARTITION BY LIST (a) (PARTITION x VALUES IN (1), PARTITION y DEFAULT);
         INSERT INTO filled VALUES (0), (1), (2);",
    ) else {
        return;
    };
    let schema = assert_recreated(&database);
    let bound = |table: &str| {
        let table = schema.tables.iter().find(|other| other.name.name == table).expect("the table");
        table.children.last().and_then(|partition| partition.bound.clone())
    };
    assert_eq!(bound("zero").as_deref(), Some("VALUES IN (1)"));
    assert_eq!(bound("rest").as_deref(), Some("DEFAULT"));
    assert_eq!(bound("filled").as_deref(), Some("DEFAULT"));
    assert_eq!(opaque(&schema), [""; 0]);
}

#[test]
fn partitions_that_the_catalog_does_not_tell_apart_or_keeps_to_itself_are_named() {
    let Some(database) = filled(
        "CREATE TABLE aria (a INT PRIMARY KEY) ENGINE = Aria PARTITION BY LIST (a) (PARTITION x VALUES IN (0));
         CREATE TABLE both_ (a INT) PARTITION BY LIST (a) (PARTITION x VALUES IN (0), PARTITION y DEFAULT);
         CREATE TABLE computed (a INT) PARTITION BY LIST (a % 2) (PARTITION x VALUES IN (0), PARTITION y VALUES IN (1));
         CREATE TABLE past (a INT) WITH SYSTEM VERSIONING PARTITION BY SYSTEM_TIME LIMIT 100 (
             PARTITION p0 HISTORY, PARTITION pn CURRENT);
         CREATE TABLE one (a INT) ENGINE = MyISAM;
         CREATE TABLE merged (a INT) ENGINE = MERGE UNION = (one);",
    ) else {
        return;
    };
    let schema = inspect(&database);
    let named = [
        "partitions of aria",
        "partitions of both_",
        "partitions of computed",
        "partitions of past",
        "source of the MRG_MyISAM table merged",
    ];
    assert_eq!(opaque(&schema), named);
    assert_eq!(schema.tables.len(), 6);
    let left_out: Vec<String> = schema_sql(&schema).left_out.into_iter().map(|left_out| left_out.what).collect();
    assert_eq!(left_out, named);
}

#[test]
fn views_that_do_not_work_and_packages_are_named() {
    let Some(database) = filled(
        "CREATE TABLE t (a INT, b INT);
         CREATE VIEW without_table AS SELECT a FROM t;
         CREATE VIEW above AS SELECT a FROM without_table;
         DROP TABLE t;
         CREATE TABLE u (a INT, b INT);
         CREATE VIEW without_column AS SELECT b FROM u;
         ALTER TABLE u DROP COLUMN b;
         CREATE FUNCTION f() RETURNS INT RETURN 1;
         CREATE VIEW without_function AS SELECT f() AS x;
         DROP FUNCTION f;
         CREATE VIEW works AS SELECT a FROM u;
         SET sql_mode = ORACLE;
         DELIMITER //
         CREATE PACKAGE p AS PROCEDURE q; END//
         CREATE PACKAGE BODY p AS PROCEDURE q AS BEGIN NULL; END; END//",
    ) else {
        return;
    };
    let schema = inspect(&database);
    let named = [
        "package p",
        "package body p",
        "view above",
        "view without_column",
        "view without_function",
        "view without_table",
    ];
    assert_eq!(opaque(&schema), named);
    assert_eq!(schema.views.len(), 1);
    let without = schema.opaque.iter().find(|opaque| opaque.name == "without_column").expect("the view");
    assert_eq!(without.definition.as_deref(), Some("CREATE VIEW `without_column` AS\nselect `u`.`b` AS `b` from `u`"));
}

#[test]
fn characters_of_four_bytes_are_not_lost_in_silence() {
    let Some(database) = filled(
        "CREATE TABLE t (a VARCHAR(10) CHARACTER SET utf8mb4 DEFAULT '🦀', b VARCHAR(9) DEFAULT '?', c INT);
         CREATE PROCEDURE p() SELECT '🦀', '?';
         CREATE FUNCTION p() RETURNS TEXT RETURN '?';
         CREATE EVENT e ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO SELECT '🦀';",
    ) else {
        return;
    };
    let schema = assert_recreated(&database);
    assert_eq!(schema.tables[0].columns[0].default.as_deref(), Some("'🦀'"));
    database.sql("CREATE VIEW v AS SELECT '🦀' AS x").expect("a view");
    database.sql("CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = '🦀'").expect("a trigger");
    database.sql("CREATE TRIGGER s AFTER INSERT ON t FOR EACH ROW SET @a = 'a\\\\b'").expect("a trigger");
    assert_eq!(opaque(&inspect(&database)), ["trigger r", "trigger s", "view v"]);
}

#[test]
fn a_foreign_key_without_its_table_is_named() {
    let Some(database) = filled(
        "SET foreign_key_checks = 0;
         CREATE TABLE t (a INT, CONSTRAINT lost FOREIGN KEY (a) REFERENCES nowhere (id));",
    ) else {
        return;
    };
    let sql = schema_sql(&inspect(&database));
    assert_eq!(sql.left_out[0].what, "foreign key lost of t");
    assert!(!sql.to_script().contains("FOREIGN KEY"), "{}", sql.to_script());
}

#[test]
fn other_databases_and_the_history_are_left_out() {
    let Some(database) = filled("CREATE TABLE own (id INT PRIMARY KEY);") else { return };
    let neighbour = filled(&format!(
        "CREATE TABLE away (id INT, CONSTRAINT `far` FOREIGN KEY (id) REFERENCES {}.own (id));
         CREATE VIEW v AS SELECT id FROM {0}.own; CREATE TABLE migrate_history (id INT);",
        database.name()
    ))
    .expect("an engine");
    let schema = inspect(&database);
    assert_eq!((schema.tables.len(), schema.nodes().len()), (1, 1));
    assert_eq!(inspect(&neighbour).tables.len(), 1);
    neighbour.sql("DROP TABLE migrate_history").expect("a table");
    let schema = assert_recreated(&neighbour);
    let key = &schema.tables[0].foreign_keys[0];
    assert_eq!(key.references.to_string(), format!("{}.own", database.name()));
    assert!(schema.views[0].definition.contains(&format!("`{}`.`own`", database.name())));
}

#[test]
fn tables_may_come_and_go_meanwhile() {
    let Some(database) = mariadb_or_skip() else { return };
    let churn = |count: usize| {
        let one =
            "CREATE TABLE t (id INT PRIMARY KEY, a INT, KEY (a), FOREIGN KEY (a) REFERENCES t (id), CHECK (a > 0));
             CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE s; DROP SEQUENCE s; DROP TABLE t; DROP VIEW v;";
        database.sql(&one.repeat(count)).expect("tables");
    };
    std::thread::scope(|scope| {
        let changes = scope.spawn(|| churn(60));
        let mut connection = connect(&database);
        while !changes.is_finished() {
            let schema = Inspection::new().run(&mut connection).expect("a schema");
            let _ = schema_sql(&schema).to_script();
        }
    });
    churn(1);
    assert_same(&inspect(&database), &Schema::new(migrate_runtime::Dialect::MariaDb));
}
