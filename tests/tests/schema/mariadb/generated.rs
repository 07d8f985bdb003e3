//! Schemas that nobody wrote.

use migrate_runtime::Inspection;
use migrate_runtime::schema::schema_sql;
use migrate_tests::suite::mariadb_or_skip;
use mysql::prelude::Queryable;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{assert_same, connect, oracle};

/// What a case decides, one byte after the other; behind the last one everything is the first choice.
struct Choices<'b> {
    bytes: std::slice::Iter<'b, u8>,
}

impl Choices<'_> {
    fn below(&mut self, count: usize) -> usize {
        self.bytes.next().map_or(0, |byte| usize::from(*byte) % count)
    }

    /// With a chance of one in so many.
    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == count - 1
    }

    fn of<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

const NAMES: [&str; 10] = ["a", "select", "a ``b", "Ünïcödé", "'", "\"", "x\\y", "in side", "E.F", "ＵＰ"];
const COMMENTS: [&str; 5] = ["", "plain", "it''s \\\\ \"so\"", "two\nlines; DELIMITER //", "é -- no comment"];
/// A type, how long a prefix its index needs (0 for none at all), and its defaults.
const TYPES: [(&str, usize, &[&str]); 24] = [
    ("INT", 1, &["1", "-5", "(1 + 2)"]),
    ("INT UNSIGNED ZEROFILL", 1, &["7"]),
    ("BIGINT(5)", 1, &["0"]),
    ("DECIMAL(8,3)", 1, &["1.5", "-0.25"]),
    ("DOUBLE", 1, &["1e10", "pi()"]),
    ("BIT(3)", 1, &["b'101'"]),
    ("VARCHAR(30)", 10, &["''", "'it''s'", "'a\\\\b\\nc'", "'NULL'", "concat('a', 'b''c')", "'what?'"]),
    ("VARCHAR(20) CHARACTER SET latin1 COLLATE latin1_bin", 5, &["'a'"]),
    ("CHAR(5) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci", 3, &["'🦀'", "'é'"]),
    ("TEXT", 7, &["'text'"]),
    ("BLOB", 9, &["x'00FF'"]),
    ("BINARY(4)", 2, &["x'01020304'"]),
    ("ENUM('a', 'b''c', '\\\\', '')", 1, &["'b''c'", "'\\\\'"]),
    ("SET('x', 'y')", 1, &["'x,y'"]),
    ("DATE", 1, &["'2020-02-29'", "(curdate() + INTERVAL 1 DAY)"]),
    ("DATETIME(3)", 1, &["now(3)", "CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3)"]),
    ("TIMESTAMP(6)", 1, &["'2020-01-01 00:00:00'", "now(6)"]),
    ("TIME", 1, &["'10:00'"]),
    ("YEAR", 1, &["2024"]),
    ("JSON", 0, &["'{}'"]),
    ("UUID", 1, &["uuid()"]),
    ("INET6", 1, &["'::1'"]),
    ("POINT", 0, &[]),
    ("VARCHAR(50) COMPRESSED", 0, &[]),
];
const GENERATED: [&str; 4] = [
    "INT AS (`id` * 2 - 1)",
    "VARCHAR(30) COLLATE utf8mb4_bin AS (concat(`id`, 'it''s \\\\'))",
    "VARCHAR(9) AS (CASE WHEN `id` > 3 THEN 'a' ELSE \"b\" END)",
    "BIGINT AS (coalesce(`id`, 0) DIV 7 & 3)",
];
const CHECKS: [&str; 5] = [
    "`id` > 0",
    "`id` BETWEEN 1 AND 10 OR NOT `id` <=> NULL",
    "`id` IN (1, 2) AND (`id` + 1) * 2 > -3",
    "concat(`id`, 'it''s \\\\ %') LIKE '%\\_%' ESCAPE '|'",
    "`id` IS NOT NULL XOR `id` REGEXP '^[0-9]+$'",
];
const PARTITIONS: [&str; 5] = [
    "HASH (`id`) PARTITIONS 3",
    "KEY () PARTITIONS 2",
    "RANGE (`id`) (PARTITION a VALUES LESS THAN (10) COMMENT 'it''s', PARTITION `b c` VALUES LESS THAN MAXVALUE)",
    "LIST (`id`) (PARTITION a VALUES IN (1, 2), PARTITION b VALUES IN (3))",
    "RANGE (`id`) SUBPARTITION BY HASH (`id`) SUBPARTITIONS 2 (PARTITION p0 VALUES LESS THAN (10))",
];
const QUERIES: [&str; 15] = [
    "SELECT * FROM {t}",
    "SELECT `id` + 1 AS `x y`, -(`id`) AS n, 'it''s \\\\ `{t}`.' AS l FROM {t} WHERE NOT (`id` > 1 AND `id` < 5)",
    "SELECT count(DISTINCT `id`), sum(`id`) OVER (PARTITION BY `id` ORDER BY `id` DESC) AS w FROM {t} GROUP BY `id`",
    "SELECT q.`id` FROM {t} q LEFT JOIN {t} r ON q.`id` = r.`id` AND r.`id` > 3 JOIN {t} s ON s.`id` = q.`id`",
    "SELECT a.`id` AS x, b.`id` AS y FROM {t} a, {t} b WHERE a.`id` = b.`id`",
    "SELECT `id` FROM {t} UNION ALL SELECT 2 UNION SELECT 3 ORDER BY 1 LIMIT 5",
    "WITH c AS (SELECT `id` FROM {t}) SELECT `id` FROM c WHERE `id` IN (SELECT `id` FROM {t} WHERE `id` > 2)",
    "SELECT CASE `id` WHEN 1 THEN 'a' ELSE cast(`id` AS CHAR(3)) END AS c, `id` <=> NULL AS d, ~`id` AS e FROM {t}",
    "SELECT date_add('2020-01-01', INTERVAL `id` DAY) AS d, extract(YEAR FROM now()) AS y, x'4142' AS h FROM {t}",
    "SELECT q.n FROM (SELECT max(`id`) AS n FROM {t} HAVING max(`id`) > 1) q WHERE EXISTS (SELECT 1 FROM {t})",
    "SELECT json_value('{\"a\": 1}', '$.a') AS j, group_concat(`id` ORDER BY `id` SEPARATOR '; ') AS g FROM {t}",
    "SELECT `id` LIKE 'a\\_%' AS l, `id` BETWEEN 1 AND 2 AS b, `id` IS NULL AS n, `id` DIV 2 MOD 3 AS m FROM {t}",
    "SELECT trim(BOTH 'x' FROM 'xax') AS t, substring('abc' FROM 2) AS s, if(`id`, 1, 2) AS i FROM {t}",
    "SELECT convert('é' USING utf8mb4) AS c, 'a' COLLATE utf8mb4_bin AS d FROM {t}",
    "SELECT r.`id` FROM {t} l RIGHT JOIN ({t} r JOIN {t} s ON r.`id` = s.`id`) ON l.`id` = r.`id`",
];
const PROGRAMS: [&str; 5] = [
    "CREATE TRIGGER `trigger {n}` BEFORE INSERT ON {t} FOR EACH ROW SET NEW.`id` = NEW.`id` + 1",
    "CREATE TRIGGER `after '{n}` AFTER UPDATE ON {t} FOR EACH ROW BEGIN SET @a = 'it''s;'; END",
    "CREATE PROCEDURE `p``{n}` (INOUT `a b` INT, IN c TEXT) READS SQL DATA BEGIN SELECT 1; -- done;\nEND",
    "CREATE FUNCTION `f{n}` (a SET('x', 'y'), b DECIMAL(4,2)) RETURNS VARCHAR(7) DETERMINISTIC RETURN 'x\\\\'",
    "CREATE EVENT `e {n}` ON SCHEDULE EVERY 2 DAY STARTS '2031-01-01 00:00:00' DISABLE DO SELECT ';'",
];

fn columns(choices: &mut Choices<'_>, lines: &mut Vec<String>) -> Vec<(String, usize)> {
    let mut indexable = Vec::new();
    for number in 0..choices.below(7) {
        let name = format!("`{}{number}`", choices.of(&NAMES));
        let mut line = name.clone();
        if choices.one_in(5) {
            line.push_str(&format!(" {}", choices.of(&GENERATED)));
            line.push_str(choices.of(&["", " PERSISTENT"]));
        } else {
            let (data_type, prefix, defaults) = TYPES[choices.below(TYPES.len())];
            let nullable = choices.of(&[" NULL", " NOT NULL"]);
            let default = match defaults.len() {
                0 => None,
                _ if choices.one_in(2) => Some(format!(" DEFAULT {}", choices.of(defaults))),
                _ => None,
            };
            let hidden = if default.is_some() && choices.one_in(6) { " INVISIBLE" } else { "" };
            line.push_str(&format!(" {data_type}{nullable}{hidden}{}", default.unwrap_or_default()));
            if prefix > 0 {
                indexable.push((name, prefix));
            }
        }
        let comment = choices.of(&COMMENTS);
        if !comment.is_empty() {
            line.push_str(&format!(" COMMENT '{comment}'"));
        }
        if choices.one_in(8) {
            line.push_str(&format!(" CHECK ({})", choices.of(&CHECKS)));
        }
        lines.push(line);
    }
    indexable
}

fn table(choices: &mut Choices<'_>, number: usize) -> String {
    let mut lines = vec![format!("`id` INT NOT NULL{} PRIMARY KEY", choices.of(&["", " AUTO_INCREMENT"]))];
    // The server takes no check of a column that counts up.
    let has_checks = !lines[0].contains("AUTO");
    let indexable = columns(choices, &mut lines);
    if !has_checks {
        lines.iter_mut().for_each(|line| line.truncate(line.find(" CHECK (").unwrap_or(line.len())));
        lines.retain(|line| !line.contains(" AS ("));
    }
    let partition = if choices.one_in(4) { Some(choices.of(&PARTITIONS)) } else { None };
    // The server partitions no shapes.
    let partition = partition.filter(|_| !lines.iter().any(|line| line.contains(" POINT")));
    let engine = choices.of(&["InnoDB", "InnoDB", "InnoDB", "Aria", "MyISAM"]);
    if !indexable.is_empty() {
        for index in 0..choices.below(4) {
            let (first, second) = (choices.below(indexable.len()), choices.below(indexable.len()));
            let part = |(name, prefix): &(String, usize), falls: bool| {
                let prefix = if *prefix > 1 { format!("({prefix})") } else { String::new() };
                format!("{name}{prefix}{}", if falls { " DESC" } else { "" })
            };
            let mut parts = part(&indexable[first], choices.one_in(4));
            if second != first {
                parts.push_str(&format!(", {}", part(&indexable[second], false)));
            }
            let unique = if partition.is_none() && choices.one_in(3) { "UNIQUE " } else { "" };
            let name = choices.of(&NAMES);
            let more = choices.of(&["", "", " IGNORED", " COMMENT 'it''s \\\\'"]);
            lines.push(format!("{unique}KEY `{name}_{index}` ({parts}){more}"));
        }
    }
    if has_checks && choices.one_in(2) {
        lines.push(format!("CHECK ({})", choices.of(&CHECKS)));
        lines.push(format!("CONSTRAINT `{}_check` CHECK ({})", choices.of(&NAMES), choices.of(&CHECKS)));
    }
    if partition.is_none() && engine == "InnoDB" && choices.one_in(2) {
        let parent = choices.below(number + 1);
        let named = choices.of(&["", "CONSTRAINT `it's {n}` "]).replace("{n}", &number.to_string());
        let actions =
            choices.of(&["", " ON DELETE CASCADE", " ON UPDATE SET NULL ON DELETE RESTRICT", " ON DELETE NO ACTION"]);
        lines.push("`parent` INT".to_owned());
        lines.push(format!("{named}FOREIGN KEY (`parent`) REFERENCES `t {parent}` (`id`){actions}"));
    }
    let format = if engine == "InnoDB" { choices.of(&["", " ROW_FORMAT=COMPACT", " STATS_PERSISTENT=1"]) } else { "" };
    let collation = choices.of(&["utf8mb4_general_ci", "latin1_swedish_ci", "utf8mb4_bin"]);
    let comment = choices.of(&COMMENTS);
    let versioning = if choices.one_in(8) { " WITH SYSTEM VERSIONING" } else { "" };
    let partition = partition.map(|partition| format!(" PARTITION BY {partition}")).unwrap_or_default();
    format!(
        "CREATE TABLE `t {number}` ({}) ENGINE={engine}{format} COLLATE={collation} COMMENT='{comment}'{versioning}{partition}",
        lines.join(", ")
    )
}

fn statements(bytes: &[u8]) -> Vec<String> {
    let mut choices = Choices { bytes: bytes.iter() };
    let mut statements: Vec<String> = (0..=choices.below(3)).map(|number| table(&mut choices, number)).collect();
    let tables = statements.len();
    let mut with = |texts: &[&str], number: usize| {
        let text = choices.of(texts).replace("{t}", &format!("`t {}`", choices.below(tables)));
        text.replace("{n}", &number.to_string())
    };
    statements
        .extend((0..3).map(|number| format!("CREATE VIEW `{}{number}` AS {}", NAMES[number], with(&QUERIES, number))));
    statements.extend((0..2).map(|number| with(&PROGRAMS, number)));
    statements
}

#[test]
fn what_is_read_is_what_its_sql_creates() {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 30, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (made, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let outcome = runner.run(&proptest::collection::vec(proptest::num::u8::ANY, 20..160), |bytes| {
        let Some(database) = mariadb_or_skip() else { return Ok(()) };
        let mut connection = connect(&database);
        for statement in statements(&bytes) {
            made.set(made.get() + 1);
            if let Err(error) = connection.query_drop(&statement) {
                refused.set(refused.get() + 1);
                if std::env::var_os("SHOW_REFUSED").is_some() {
                    println!("{error}: {statement}");
                }
            }
        }
        let schema = Inspection::new().run(&mut connection).expect("a schema");
        let copy = mariadb_or_skip().expect("an engine");
        let mut connection = connect(&copy);
        for statement in &schema_sql(&schema).statements {
            connection.query_drop(statement).unwrap_or_else(|error| panic!("{error}\n{statement}"));
        }
        assert_same(&schema, &Inspection::new().run(&mut connection).expect("a schema"));
        assert_eq!(oracle::said(&database), oracle::said(&copy));
        assert_eq!(schema_sql(&schema).left_out, []);
        drop(connection);
        assert!(database.discard().is_ok() && copy.discard().is_ok());
        Ok(())
    });
    println!("{} statements, of which the server refused {}", made.get(), refused.get());
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(refused.get() * 10 <= made.get(), "{} of {} statements were refused", refused.get(), made.get());
}
