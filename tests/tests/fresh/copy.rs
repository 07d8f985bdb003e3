//! On MariaDB a database is made by a script of the template's catalog: it must leave out nothing.

use migrate_runtime::Migrations;

use crate::{Server, fresh, mariadb};

/// One of everything that a script can say, in an order that helps nobody.
const EVERYTHING: &str = r#"-- revision: 001
-- parents: none

-- migrate: up
CREATE TABLE zoo (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(40) CHARACTER SET latin1 COLLATE latin1_bin NOT NULL,
    `key` INT UNSIGNED DEFAULT 7, loud VARCHAR(80) AS (concat(name, '!')) VIRTUAL, twice INT AS (`key` * 2) STORED,
    made TIMESTAMP(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3), UNIQUE KEY names (name(10)),
    CONSTRAINT few CHECK (`key` < 1000)) AUTO_INCREMENT = 100 COMMENT 'it''s `quoted` \\ "here"';
CREATE TABLE animals (id BIGINT PRIMARY KEY, zoo INT, picture BLOB, facts JSON, kind ENUM('a', 'b''c') DEFAULT 'a', FULLTEXT (note), note TEXT,
    CONSTRAINT lives FOREIGN KEY (zoo) REFERENCES zoo (id) ON DELETE CASCADE) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
CREATE TABLE `we``ird ü; name` (`a b` INT, c DECIMAL(20, 5)) PARTITION BY HASH (`a b`) PARTITIONS 2;
CREATE TABLE kept (id INT AUTO_INCREMENT PRIMARY KEY, what TEXT);
INSERT INTO zoo (name) VALUES ('basel'), ('z\\ü"rich');
SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO';
INSERT INTO zoo (id, name) VALUES (0, 'zero');
SET sql_mode = DEFAULT;
INSERT INTO animals VALUES (1, 100, x'00ff275c', '{"a": "\\"b"}', 'b''c', 'line\nbreak'), (2, NULL, NULL, NULL, NULL, '');
INSERT INTO `we``ird ü; name` VALUES (3, 1.5);
CREATE VIEW b_view AS SELECT z.name FROM zoo z JOIN animals a ON a.zoo = z.id;
CREATE VIEW a_view AS SELECT name, '; x' AS text FROM b_view WHERE name <> 'none';
"#;

const REST: &str = r#"-- revision: 002
-- parents: 001

-- migrate: up
CREATE FUNCTION shout(word VARCHAR(40)) RETURNS VARCHAR(80) DETERMINISTIC RETURN concat(word, ';!');
SET sql_mode = 'ANSI_QUOTES';
CREATE PROCEDURE tell(IN what INT)
BEGIN
    DECLARE counted INT;
    SELECT count(*) INTO counted FROM "animals" WHERE zoo = what;
    IF counted > 0 THEN SELECT 'some;' AS "answer"; END IF;
END;
CREATE TRIGGER notes_first BEFORE INSERT ON animals FOR EACH ROW SET NEW.note = coalesce(NEW.note, 'none');
CREATE TRIGGER then_kept AFTER INSERT ON animals FOR EACH ROW
BEGIN
    INSERT INTO kept (what) VALUES (concat('new ', NEW.id));
    INSERT INTO kept (what) VALUES ('note');
END;
SET sql_mode = DEFAULT;
CREATE OR REPLACE VIEW a_view AS SELECT name, '; x' AS text, shout(name) AS loud FROM b_view WHERE name <> 'none';
"#;

fn revisions(first: &str, second: &str) -> Migrations {
    Migrations::from_files([("001.sql", first), ("002.sql", second)]).expect("they are well formed")
}

/// Everything that the catalog says of a database, and its rows.
fn described(server: &Server, name: &str) -> String {
    let ask = |sql: &str| server.ask(name, sql).replace(name, "DATABASE");
    let list = |sql: &str| ask(sql).lines().map(str::to_owned).collect::<Vec<_>>();
    let tables = list(
        "SELECT concat(table_type, ' `', replace(table_name, '`', '``'), '`') FROM information_schema.tables \
         WHERE table_schema = database() AND table_name <> 'migrate_test_copy' ORDER BY 1",
    );
    let mut found = Vec::new();
    for (kind, table) in tables.iter().filter_map(|line| line.split_once(" `")) {
        found.push(ask(&format!("SHOW CREATE TABLE `{table}")));
        if kind == "BASE TABLE" {
            found.push(ask(&format!("SELECT * FROM `{table}")));
        }
    }
    found.push(ask("SHOW CREATE FUNCTION shout"));
    found.push(ask("SHOW CREATE PROCEDURE tell"));
    found.push(ask(
        "SELECT trigger_name, action_timing, event_manipulation, event_object_table, action_order, action_statement, sql_mode \
         FROM information_schema.triggers WHERE trigger_schema = database() ORDER BY 1",
    ));
    found.push(ask("SELECT default_collation_name FROM information_schema.schemata WHERE schema_name = database()"));
    found.join("\n")
}

#[test]
fn a_copy_is_what_the_revisions_have_made() {
    let Some(server) = mariadb() else { return };
    let fresh = fresh(&revisions(EVERYTHING, REST), &server.url);
    let templates = server.templates(fresh.name());
    let [template] = templates.as_slice() else { panic!("{templates:?}") };
    assert_eq!(server.ask(template, "SELECT statement FROM migrate_test_copy WHERE line = 0"), "copy");
    let (copied, made) = (described(&server, fresh.name()), described(&server, template));
    assert!(made.contains("z\\ü\"rich") && made.contains("then_kept") && made.contains("we``ird"), "{made}");
    assert_eq!(copied, made);
    server.ask(fresh.name(), "INSERT INTO animals (id) VALUES (9)");
    assert_eq!(server.ask(fresh.name(), "SELECT what FROM kept ORDER BY id"), "new 9\nnote");
    assert_eq!(server.ask(template, "SELECT count(*) FROM kept"), "0");
}

#[test]
fn what_a_script_cannot_say_is_made_by_the_revisions() {
    let Some(server) = mariadb() else { return };
    let numbers = "-- revision: 001\n-- parents: none\n\n-- migrate: up\nCREATE SEQUENCE numbers START WITH 7;\nCREATE TABLE a (x BIGINT DEFAULT nextval(numbers), y INT);\n\
                   CREATE EVENT later ON SCHEDULE AT '2037-01-01 00:00:00' DO DELETE FROM a;\n";
    let migrations = Migrations::from_files([("001.sql", numbers)]).expect("it is well formed");
    let fresh = fresh(&migrations, &server.url);
    server.ask(fresh.name(), "INSERT INTO a (y) VALUES (1)");
    assert_eq!(server.ask(fresh.name(), "SELECT x FROM a"), "7");
    assert_eq!(server.ask(fresh.name(), "SELECT id FROM migrate_history"), "001");
    let template = &server.templates(fresh.name())[0];
    assert_eq!(server.ask(template, "SELECT statement FROM migrate_test_copy"), "replay");
}

#[test]
fn a_template_without_a_script_is_a_half_and_built_again() {
    let Some(server) = mariadb() else { return };
    let migrations = crate::own_revisions();
    let first = fresh(&migrations, &server.url);
    let half = server.templates(first.name()).remove(0);
    server.ask(&half, "DROP TABLE migrate_test_copy");
    server.ask(&half, "DELETE FROM users");
    // This process knows the script already; another one must not take the half.
    let children = crate::in_other_processes(&server, &migrations, 1);
    assert_eq!(children.len(), 1);
    let templates = server.templates(first.name());
    assert_eq!(templates.len(), 1);
    assert_eq!(server.ask(&templates[0], "SELECT count(*) FROM users"), "1");
}
