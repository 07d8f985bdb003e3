//! The catalog of MariaDB.

mod doubtful;
mod generated;
mod many;
mod oracle;
mod session;

use migrate_runtime::schema::{Schema, schema_sql};
use migrate_runtime::{Dialect, Inspection};
use migrate_tests::mariadb::Database;
use migrate_tests::suite::mariadb_or_skip;
use mysql::Conn;
use mysql::prelude::Queryable;

use super::support::assert_same;

fn connect(database: &Database) -> Conn {
    Conn::new(database.url().as_str()).expect("a connection")
}

fn inspect(database: &Database) -> Schema {
    Inspection::new().run(&mut connect(database)).expect("a schema")
}

/// A fresh database in which this has run.
fn filled(sql: &str) -> Option<Database> {
    let database = mariadb_or_skip()?;
    database.sql(sql).expect("the corpus");
    Some(database)
}

/// Expects that what a database holds is the same in an empty one that its SQL has run in: statement by statement, as a script
/// of the client's, and as statements of the script.
#[track_caller]
fn assert_recreated(database: &Database) -> Schema {
    let schema = inspect(database);
    let sql = schema_sql(&schema);
    let script = sql.to_script();
    let split = migrate_plan::split_statements(&script, Dialect::MariaDb).expect("statements");
    let pieces = split.iter().map(|statement| statement.sql().to_owned()).filter(|sql| !sql.is_empty());
    for statements in [sql.statements.clone(), pieces.collect()] {
        let copy = mariadb_or_skip().expect("an engine");
        let mut connection = connect(&copy);
        for statement in &statements {
            connection.query_drop(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert_same(&schema, &inspect(&copy));
        assert_eq!(oracle::said(database), oracle::said(&copy));
        assert!(copy.discard().is_ok());
    }
    let copy = filled(&script).expect("an engine");
    assert_same(&schema, &inspect(&copy));
    schema
}

/// A file of the corpus, all of which can be written as SQL.
#[track_caller]
fn assert_corpus(sql: &str, objects: usize) {
    let Some(database) = filled(sql) else { return };
    let schema = assert_recreated(&database);
    assert_eq!(schema_sql(&schema).left_out, []);
    assert_eq!(schema.nodes().len(), objects);
}

#[test]
fn columns_come_back() {
    assert_corpus(include_str!("../../data/schema/mariadb/columns.sql"), 11);
}

#[test]
fn keys_come_back() {
    assert_corpus(include_str!("../../data/schema/mariadb/keys.sql"), 16);
}

#[test]
fn partitions_and_periods_come_back() {
    assert_corpus(include_str!("../../data/schema/mariadb/partitions.sql"), 13);
}

#[test]
fn views_and_programs_come_back() {
    assert_corpus(include_str!("../../data/schema/mariadb/programs.sql"), 21);
}

#[test]
fn names_come_back() {
    assert_corpus(include_str!("../../data/schema/mariadb/names.sql"), 9);
}

#[test]
fn the_script_is_one_to_read() {
    let Some(database) = filled(
        "CREATE TABLE teams (id INT PRIMARY KEY) COLLATE utf8mb4_bin;
         CREATE TABLE users (id INT PRIMARY KEY AUTO_INCREMENT, email VARCHAR(100) NOT NULL DEFAULT '', team INT, UNIQUE (email),
             FOREIGN KEY (team) REFERENCES teams (id) ON DELETE CASCADE) COLLATE utf8mb4_bin COMMENT 'who';
         CREATE VIEW emails AS SELECT email FROM users;
         DELIMITER //
         CREATE TRIGGER joins BEFORE INSERT ON users FOR EACH ROW BEGIN SET NEW.team = 1; END//",
    ) else {
        return;
    };
    let expected = "CREATE TABLE `teams` (
    `id` int(11) NOT NULL,
    PRIMARY KEY (`id`)
) ENGINE=InnoDB COLLATE=utf8mb4_bin;

CREATE TABLE `users` (
    `id` int(11) NOT NULL AUTO_INCREMENT,
    `email` varchar(100) NOT NULL DEFAULT '',
    `team` int(11),
    PRIMARY KEY (`id`),
    UNIQUE KEY `email` (`email`),
    KEY `team` (`team`),
    CONSTRAINT `users_ibfk_1` FOREIGN KEY (`team`) REFERENCES `teams` (`id`) ON DELETE CASCADE
) ENGINE=InnoDB COLLATE=utf8mb4_bin COMMENT='who';

CREATE VIEW `emails` AS
select `users`.`email` AS `email` from `users`;

SET @saved_sql_mode = @@sql_mode;

SET sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER,NO_ENGINE_SUBSTITUTION';

DELIMITER //
CREATE TRIGGER `joins` BEFORE INSERT ON `users` FOR EACH ROW
BEGIN SET NEW.team = 1; END
//
DELIMITER ;

SET sql_mode = @saved_sql_mode;
";
    assert_eq!(schema_sql(&inspect(&database)).to_script(), expected);
}
