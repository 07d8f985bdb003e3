//! What a server takes as one statement: the traps of real migration histories, one by one.

use migrate_plan::Dialect::{self, MariaDb, MySql, Postgres, Sqlite};
use migrate_plan::{SplitError, Statement, StatementClass, split_statements};

const MYSQLS: [Dialect; 2] = [MySql, MariaDb];

/// Splits, and checks that the pieces are the text and that the offsets are right.
#[track_caller]
fn split(dialect: Dialect, text: &str) -> Vec<Statement<'_>> {
    let statements = split_statements(text, dialect).unwrap_or_else(|e| panic!("{dialect}: {e}"));
    let joined: String = statements.iter().map(Statement::piece).collect();
    assert_eq!(joined, text, "{dialect}: the pieces joined are the text");
    for statement in &statements {
        assert!(text[statement.offset()..].starts_with(statement.piece()));
        assert!(text[statement.sql_offset()..].starts_with(statement.sql()));
    }
    statements
}

#[track_caller]
fn splits(dialect: Dialect, text: &str, expected: &[&str]) {
    let sql: Vec<_> = split(dialect, text).iter().map(Statement::sql).collect();
    assert_eq!(sql, expected, "{dialect}: {text}");
}

#[track_caller]
fn splits_everywhere(text: &str, expected: &[&str]) {
    Dialect::ALL.into_iter().for_each(|dialect| splits(dialect, text, expected));
}

#[track_caller]
fn pieces(dialect: Dialect, text: &str, expected: &[&str]) {
    let pieces: Vec<_> = split(dialect, text).iter().map(Statement::piece).collect();
    assert_eq!(pieces, expected, "{dialect}: {text}");
}

#[track_caller]
fn refuses(dialect: Dialect, text: &str) -> SplitError {
    let error = split_statements(text, dialect).expect_err(text);
    assert!(!error.why().is_empty() && !error.help().is_empty());
    error
}

#[test]
fn quotes_in_line_comments_open_nothing() {
    splits_everywhere("-- don't\na; -- \"x\n-- `y\nb;", &["a", "b"]);
    splits_everywhere("-- it 'opens; here\n-- and closes' here;\na; b", &["a", "b"]);
}

#[test]
fn semicolons_in_comments_and_quotes_end_nothing() {
    splits_everywhere("a -- b; c\n d; /* e; */ f; 'g;h' \"i;j\"", &["a -- b; c\n d", "f", "'g;h' \"i;j\""]);
    splits(Sqlite, "a [b;c] `d;e`; f", &["a [b;c] `d;e`", "f"]);
    splits(MySql, "a `b;c`; f", &["a `b;c`", "f"]);
    splits(Postgres, "a[1]; b", &["a[1]", "b"]);
}

#[test]
fn comment_starts_in_strings_open_nothing() {
    splits_everywhere("a '-----BEGIN KEY-----'; b '/**\"}'; c", &["a '-----BEGIN KEY-----'", "b '/**\"}'", "c"]);
}

#[test]
fn doubled_quotes_stay_inside() {
    splits_everywhere("a 'it''s; b'; c \"d\"\";\"; e", &["a 'it''s; b'", "c \"d\"\";\"", "e"]);
}

#[test]
fn backslashes_escape_where_the_server_says_so() {
    splits(Postgres, r"a E'it\'s; b'; c '\'; d e'\\'; f", &[r"a E'it\'s; b'", r"c '\'", r"d e'\\'", "f"]);
    splits(MySql, r#"a 'it\'s; b'; c "\";"; d `\`; e"#, &[r"a 'it\'s; b'", r#"c "\";""#, r"d `\`", "e"]);
    splits(Postgres, r"a E'b''\'; c'; d N'\'; e", &[r"a E'b''\'; c'", r"d N'\'", "e"]);
    splits(Sqlite, r"a '\'; b", &[r"a '\'", "b"]);
}

#[test]
fn an_escape_string_keeps_its_escapes_after_a_line_break() {
    splits(Postgres, "a E'b'\n'it\\'s; c'; d", &["a E'b'\n'it\\'s; c'", "d"]);
}

#[test]
fn dollar_bodies_end_at_their_own_tag() {
    splits(Postgres, "DO $$ a; b $$; c", &["DO $$ a; b $$", "c"]);
    splits(Postgres, "DO $do$ a; $$ b; $$ $f$ ; $do$; c", &["DO $do$ a; $$ b; $$ $f$ ; $do$", "c"]);
    splits(Postgres, "DO $é1$ a; $é1$; c", &["DO $é1$ a; $é1$", "c"]);
}

#[test]
fn a_dollar_in_a_name_or_parameter_is_no_body() {
    splits(Postgres, "a$b$; c$b$; d", &["a$b$", "c$b$", "d"]);
    splits(Postgres, "SELECT $1; SELECT $2$$;$$; d", &["SELECT $1", "SELECT $2$$;$$", "d"]);
    splits(MySql, "a$$; b$$; c", &["a$$", "b$$", "c"]);
    splits(Sqlite, "$a; $$b; c", &["$a", "$$b", "c"]);
}

#[test]
fn apostrophes_in_comments_in_bodies_do_not_count() {
    splits(Postgres, "DO $$ -- don't\n a; /* it's */ $$; b", &["DO $$ -- don't\n a; /* it's */ $$", "b"]);
}

#[test]
fn a_function_body_may_be_one_string_of_many_lines() {
    let function = "CREATE FUNCTION f() RETURNS int AS '\nBEGIN\n  x := ''y'';\nEND;\n' LANGUAGE plpgsql";
    splits(Postgres, &format!("{function};\nb"), &[function, "b"]);
}

#[test]
fn a_sqlite_trigger_is_one_statement() {
    for trigger in [
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET c = 1; DELETE FROM d; END",
        "create temp trigger t before update on a begin select case when new.x then 1 else 2 end; end",
        "CREATE TEMPORARY TRIGGER IF NOT EXISTS t AFTER INSERT ON a WHEN CASE WHEN new.x THEN 1 END BEGIN SELECT 1; END",
        "CREATE TRIGGER \"begin\" AFTER INSERT ON [end] BEGIN SELECT \"end\" FROM `begin`; /* ; */ END -- END;\n",
        "CREATE /* c */ TRIGGER t AFTER INSERT ON a BEGIN SELECT 1 AS end; SELECT 2; END",
    ] {
        let text = format!("a;\n{trigger};\nDROP TRIGGER t; CREATE TABLE trigger_log (a); b");
        let sql = trigger.trim_end_matches(" -- END;\n");
        splits(Sqlite, &text, &["a", sql, "DROP TRIGGER t", "CREATE TABLE trigger_log (a)", "b"]);
        splits(Sqlite, trigger, &[sql]);
    }
}

const MYSQL_PROGRAMS: &[&str] = &[
    "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END",
    "CREATE DEFINER=`root`@`localhost` PROCEDURE `end`(IN x INT) COMMENT 'begin' BEGIN END",
    "CREATE PROCEDURE p() SELECT 1",
    "CREATE PROCEDURE IF NOT EXISTS p() IF (a) THEN SELECT 1; ELSEIF IF(b, c, d) THEN SELECT 2; ELSE SELECT 3; END IF",
    "CREATE FUNCTION f(a INT) RETURNS INT DETERMINISTIC RETURN IF(a > 1, REPEAT('x', 3), CASE a WHEN 1 THEN 2 END)",
    "create trigger t before insert on a for each row begin if new.x is null then set new.x = 1; end if; end",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.end = 1",
    "CREATE OR REPLACE TRIGGER t AFTER UPDATE ON a FOR EACH ROW BEGIN UPDATE b SET begin = NEW.end, end = 2; END",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN DELETE FROM a; DELETE FROM b; END",
    "CREATE PROCEDURE p() outermost: BEGIN
       DECLARE done INT DEFAULT 0;
       DECLARE c CURSOR FOR SELECT a FROM b;
       DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
       again: LOOP
         FETCH c INTO x;
         IF done THEN LEAVE again; END IF;
         WHILE x > 0 DO SET x = x - 1; END WHILE;
         REPEAT SET x = x + 1; UNTIL x > CASE WHEN x THEN 5 ELSE 6 END END REPEAT;
         CASE x WHEN 1 THEN SELECT 1; WHEN 2 THEN BEGIN END; ELSE IF y THEN SELECT 2; END IF; END CASE;
         SET z = CASE WHEN IF(a, b, c) THEN 1 ELSE CASE d WHEN 1 THEN 2 END END;
         DROP TABLE IF EXISTS t; SELECT begin, end FROM spans FOR UPDATE; SET @end = 1, @loop = NEW.case;
       END LOOP again;
       BEGIN SELECT 1; END;
     END outermost",
];

#[test]
fn a_mysql_program_is_one_statement_without_any_delimiter() {
    for program in MYSQL_PROGRAMS {
        for dialect in MYSQLS {
            splits(dialect, &format!("a;\n{program};\nDROP PROCEDURE p; b"), &["a", program, "DROP PROCEDURE p", "b"]);
            splits(dialect, program, &[program]);
        }
    }
}

#[test]
fn a_mysql_program_is_one_statement_between_delimiter_lines() {
    for program in MYSQL_PROGRAMS {
        for delimiter in ["$$", "//", ";;", "|", "END_OF_IT"] {
            let text =
                format!("a;\nDELIMITER {delimiter}\n{program}{delimiter}\n{program};\n{delimiter}\ndelimiter ;\nb;");
            if program.ends_with(|c: char| c.is_alphanumeric()) && delimiter.starts_with('E') {
                continue;
            }
            for dialect in MYSQLS {
                splits(dialect, &text, &["a", program, program, "b"]);
            }
        }
    }
}

#[test]
fn delimiter_lines_stay_in_the_pieces_and_not_in_the_sql() {
    let text = "DELIMITER $$\r\nCREATE PROCEDURE p() BEGIN a; END$$\r\nDELIMITER ;\r\n";
    pieces(MySql, text, &[text]);
    splits(MySql, text, &["CREATE PROCEDURE p() BEGIN a; END"]);
    pieces(MySql, "a;\nDELIMITER //\nb//\nDELIMITER ;\nc;", &["a;", "\nDELIMITER //\nb//", "\nDELIMITER ;\nc;"]);
}

#[test]
fn delimiter_is_a_name_where_no_statement_starts() {
    splits(MySql, "CREATE TABLE a (\n delimiter int); b", &["CREATE TABLE a (\n delimiter int)", "b"]);
    splits(Postgres, "DELIMITER $$ a; $$; b", &["DELIMITER $$ a; $$", "b"]);
}

#[test]
fn a_delimiter_line_names_one_delimiter() {
    for text in ["a;\nDELIMITER\nb", "a;\nDELIMITER ; c\nb"] {
        let error = refuses(MySql, text);
        assert!(matches!(error, SplitError::Delimiter { offset: 3, .. }), "{error:?}");
    }
}

#[test]
fn mariadb_runs_blocks_outside_of_programs() {
    for block in [
        "BEGIN NOT ATOMIC SELECT 1; IF a THEN SELECT 2; END IF; END",
        "IF a THEN SELECT 1; ELSE SELECT 2; END IF",
        "x: LOOP LEAVE x; END LOOP x",
        "FOR i IN 1..9 DO SELECT i; END FOR",
        "WHILE a DO SELECT 1; END WHILE",
    ] {
        splits(MariaDb, &format!("{block}; b"), &[block, "b"]);
    }
    splits(MariaDb, "BEGIN; a; COMMIT", &["BEGIN", "a", "COMMIT"]);
}

#[test]
fn mysql_comments_and_code_in_comments() {
    splits(MySql, "# don't; a\nb; c # 'd\n; 1--'2;'", &["b", "c", "1--'2;'"]);
    splits(MySql, "/*!40101 SET a = ';' */;\n/*! b */ c;", &["/*!40101 SET a = ';' */", "/*! b */ c"]);
    splits(Postgres, "/*! a; */ b; #;", &["b", "#"]);
    splits(MariaDb, "/*M!100100 SET a */; b", &["/*M!100100 SET a */", "b"]);
    splits(MySql, "/*M!100100 SET a */; b", &["b"]);
}

#[test]
fn a_program_may_stand_in_conditional_comments() {
    let whole = "/*!50003 CREATE*/ /*!50017 DEFINER=`a`@`b`*/ /*!50003 TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN b; END */";
    splits(MySql, &format!("DELIMITER ;;\n{whole};;\nDELIMITER ;\nc"), &[whole, "c"]);
    let head = "/*!50003 CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW */ BEGIN b; END";
    splits(MySql, &format!("{head};\nc"), &[head, "c"]);
}

#[test]
fn statements_that_share_a_session_are_still_apart() {
    splits(MySql, "SET @v = 'a;'; PREPARE s FROM @v; EXECUTE s;", &["SET @v = 'a;'", "PREPARE s FROM @v", "EXECUTE s"]);
}

#[test]
fn a_hint_stays_with_its_statement() {
    splits(Postgres, "/*+ SeqScan(a) */ SELECT 1; /*+ x */", &["/*+ SeqScan(a) */ SELECT 1"]);
    splits(MySql, "SELECT /*+ NO_ICP(a) */ 1; b", &["SELECT /*+ NO_ICP(a) */ 1", "b"]);
    splits_everywhere("/*+ only */", &[""]);
}

#[test]
fn empty_statements_join_the_piece_before() {
    for dialect in Dialect::ALL {
        pieces(dialect, "a;; /* c */ ;\n;b; ;", &["a;; /* c */ ;\n;", "b; ;"]);
        pieces(dialect, "; ;a", &["; ;a"]);
        splits(dialect, "; ;a", &["a"]);
        splits(dialect, ";", &[""]);
    }
}

#[test]
fn trailing_comments_join_the_last_piece_and_leading_ones_the_next() {
    pieces(Postgres, "-- a\nb; -- c\nd; -- e", &["-- a\nb;", " -- c\nd; -- e"]);
    splits_everywhere("a -- no terminator, no newline", &["a"]);
    splits_everywhere("a\n-- last\n;", &["a"]);
}

#[test]
fn text_without_statements_is_one_empty_piece() {
    splits_everywhere("", &[]);
    for text in [" \n", "-- only\n-- comments", "/* c */\n", ";;", "\u{feff}", "\u{feff}-- c"] {
        for dialect in Dialect::ALL {
            let statements = split(dialect, text);
            assert_eq!(statements.len(), 1);
            assert!(statements[0].is_empty() && statements[0].piece() == text);
        }
    }
}

#[test]
fn any_line_break_ends_a_line() {
    splits_everywhere("a; -- b\r\nc;\r\n-- d\ne;\r\n", &["a", "c", "e"]);
    splits(Postgres, "a; -- b\rc;", &["a", "c"]);
    splits(Sqlite, "a; -- b\rc;", &["a"]);
}

#[test]
fn long_and_foreign_text_keeps_its_offsets() {
    let long = format!("INSERT INTO a VALUES ('{}')", "ü;\u{200e}".repeat(20_000));
    let text = format!("/* ä */ {long};\u{1f980} b;");
    splits_everywhere(&text, &[&long, "\u{1f980} b"]);
    assert_eq!(split(Sqlite, &text)[1].sql_offset(), text.find('\u{1f980}').unwrap());
}

#[test]
fn a_byte_order_mark_is_white_space_at_the_start() {
    splits_everywhere("\u{feff}CREATE a;", &["CREATE a"]);
}

#[test]
fn only_postgres_nests_comments() {
    splits(Postgres, "/* /* ; */ ; */ a; b", &["a", "b"]);
    for dialect in [Sqlite, MySql, MariaDb] {
        splits(dialect, "a /* /* ; */ ; b", &["a", "b"]);
    }
}

#[test]
fn a_postgres_rule_holds_statements_in_parentheses() {
    let rule = "CREATE RULE r AS ON INSERT TO a DO ALSO (INSERT INTO b VALUES (1); DELETE FROM c)";
    splits(Postgres, &format!("{rule};\nb)); c"), &[rule, "b))", "c"]);
}

#[test]
fn a_postgres_body_of_statements_ends_at_its_end() {
    for function in [
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT CASE WHEN a THEN 1 ELSE 2 END; END",
        "create or replace procedure p() language sql begin atomic insert into a values ((case when b then 1 end)); end",
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT a.end AS end, b AS case FROM c; END",
    ] {
        splits(Postgres, &format!("{function};\nBEGIN; b"), &[function, "BEGIN", "b"]);
    }
    splits(
        Postgres,
        "CREATE FUNCTION f() AS $$ a; $$; BEGIN; b; END; c",
        &["CREATE FUNCTION f() AS $$ a; $$", "BEGIN", "b", "END", "c"],
    );
}

#[test]
fn copy_from_stdin_is_refused_before_its_data_is_read() {
    for copy in ["COPY a (b, c) FROM stdin;\n1\t'x\n\\.\n", "copy a from STDIN with (format csv);", "COPY a FROM stdin"]
    {
        let error = refuses(Postgres, &format!("b;\n{copy}"));
        assert!(matches!(error, SplitError::CopyFromStdin { offset: 3, .. }), "{error:?}");
    }
    splits(
        Postgres,
        "COPY a FROM '/stdin'; COPY (SELECT 1) TO '/b'",
        &["COPY a FROM '/stdin'", "COPY (SELECT 1) TO '/b'"],
    );
}

#[test]
fn psql_commands_are_refused() {
    for (text, name) in
        [("a;\n\\c db\nb;", "\\c"), ("a;\n\\.\n", "\\."), ("a;\n\\set x 1\n", "\\set"), ("a \\gexec\n", "\\gexec")]
    {
        let error = refuses(Postgres, text);
        assert!(matches!(&error, SplitError::PsqlCommand { command, .. } if command == name), "{error:?}");
        assert_eq!(error.offset(), text.find('\\').unwrap());
    }
}

#[test]
fn templates_are_refused_outside_of_quotes() {
    for dialect in Dialect::ALL {
        for text in ["CREATE TABLE {{ index .Options \"Namespace\" }}.a (b);", "{% if x %} a;", "a_{{.b}};"] {
            let error = refuses(dialect, text);
            assert!(matches!(error, SplitError::Template { .. }), "{error:?}");
            assert_eq!(error.offset(), text.find('{').unwrap());
        }
        splits(dialect, "a '{{ b }}' -- {{ c }}\n", &["a '{{ b }}'"]);
    }
}

#[test]
fn what_is_never_closed_is_refused_where_it_starts() {
    for (dialect, text, message) in [
        (Sqlite, "a; 'b; c", "this `'` is never closed"),
        (Sqlite, "a; [b; c", "this `[` is never closed"),
        (MySql, "a; `b; c", "this `\u{60}` is never closed"),
        (Postgres, "a; E'b\\'; c", "this `'` is never closed"),
        (Postgres, "a; \"b; c", "this `\"` is never closed"),
        (MySql, "a; /* b; c", "this comment is never closed"),
        (Postgres, "a; /* /* */ b; c", "this comment is never closed"),
        (Postgres, "a; $x$ b; $X$ c", "the body that `$x$` opens is never closed"),
        (Sqlite, "a; CREATE TRIGGER t AFTER INSERT ON b BEGIN c; d;", "this statement ends before its `BEGIN` does"),
        (MySql, "a; CREATE PROCEDURE p() BEGIN IF b THEN c; END;", "this statement ends before its `BEGIN` does"),
        (Postgres, "a; CREATE FUNCTION f() BEGIN ATOMIC c; d;", "this statement ends before its `BEGIN ATOMIC` does"),
        (Postgres, "a; SELECT (b; c", "this statement ends before its `(` does"),
    ] {
        let error = refuses(dialect, text);
        assert_eq!((error.to_string().as_str(), error.offset()), (message, 3), "{text}");
    }
}

#[test]
fn a_nul_byte_is_refused_even_in_quotes() {
    for dialect in Dialect::ALL {
        assert!(matches!(refuses(dialect, "a '\0'"), SplitError::Nul { offset: 3, .. }));
    }
}

#[test]
fn keywords_name_a_statement() {
    let statements = split(MySql, "/*!50003 create*/ /* c */ `x` table a.b -- d\n(c int)");
    assert_eq!(statements[0].keywords(), ["CREATE", "TABLE", "A", "B", "C", "INT"]);
}

#[test]
fn dropping_a_table_is_told_by_the_head() {
    for (text, drops) in [
        ("drop /* c */ table a", true),
        ("DROP TABLE IF EXISTS a", true),
        ("DROP INDEX a", false),
        ("ALTER TABLE a DROP COLUMN b", false),
        ("-- DROP TABLE a", false),
    ] {
        assert_eq!(split(Sqlite, text)[0].drops_table(), drops, "{text}");
    }
    assert!(split(MySql, "/*!40000 DROP TABLE a */")[0].drops_table());
}

#[track_caller]
fn are(class: StatementClass, dialect: Dialect, text: &str) {
    for statement in split(dialect, text) {
        assert_eq!(statement.class(), class, "{dialect}: {}", statement.sql());
    }
}

#[test]
fn transaction_control_is_told_from_savepoints() {
    use StatementClass::{Ordinary, TransactionControl};
    let everywhere = "BEGIN; begin /* c */ ; COMMIT; ROLLBACK";
    Dialect::ALL.into_iter().for_each(|dialect| are(TransactionControl, dialect, everywhere));
    let savepoints = "SAVEPOINT a; RELEASE SAVEPOINT a; ROLLBACK TO a; ROLLBACK TO SAVEPOINT a; SET x = 1";
    Dialect::ALL.into_iter().for_each(|dialect| are(Ordinary, dialect, savepoints));
    are(
        TransactionControl,
        Sqlite,
        "BEGIN IMMEDIATE; BEGIN EXCLUSIVE TRANSACTION; END; END TRANSACTION; ROLLBACK TRANSACTION",
    );
    are(
        TransactionControl,
        Postgres,
        "START TRANSACTION READ ONLY; END WORK; ABORT; PREPARE TRANSACTION 'a'; COMMIT PREPARED 'a'; ROLLBACK PREPARED 'a'; SET TRANSACTION READ ONLY; COMMIT AND CHAIN",
    );
    are(
        Ordinary,
        Postgres,
        "ROLLBACK WORK TO a; PREPARE transaction AS SELECT 1; SET search_path = a; DO $$ COMMIT; $$",
    );
    for dialect in MYSQLS {
        are(
            TransactionControl,
            dialect,
            "BEGIN WORK; START TRANSACTION; XA START 'a'; SET autocommit = 0; SET @@session.autocommit=1; SET a = @b, SESSION autocommit := 1; SET TRANSACTION READ ONLY; /*!40000 COMMIT */; /*!COMMIT */",
        );
        are(
            Ordinary,
            dialect,
            "SET @autocommit = 0; SET @old = @@autocommit; START REPLICA; PREPARE transaction FROM 'x'",
        );
    }
    are(Ordinary, MariaDb, "BEGIN NOT ATOMIC SELECT 1; END");
}

#[test]
fn what_the_engine_refuses_in_a_transaction_is_told() {
    use StatementClass::{Ordinary, OutsideTransaction};
    are(OutsideTransaction, Postgres, "CREATE INDEX CONCURRENTLY i ON a (b); CREATE UNIQUE INDEX CONCURRENTLY ON a (b); DROP INDEX CONCURRENTLY i;
        REINDEX TABLE CONCURRENTLY a; REINDEX (CONCURRENTLY) TABLE a; REINDEX (VERBOSE, CONCURRENTLY TRUE) INDEX a; REINDEX SCHEMA a; REINDEX DATABASE a; REINDEX (VERBOSE) SYSTEM a;
        ALTER TABLE ONLY a.b DETACH PARTITION \"c\" CONCURRENTLY; VACUUM; VACUUM FULL a; CREATE DATABASE a; DROP DATABASE IF EXISTS a;
        CREATE TABLESPACE a LOCATION '/b'; DROP TABLESPACE a; ALTER SYSTEM SET a = 1; ALTER DATABASE a SET TABLESPACE b; CLUSTER; CLUSTER VERBOSE; CLUSTER (VERBOSE);
        DISCARD ALL; CREATE SUBSCRIPTION a CONNECTION 'b' PUBLICATION c; ALTER SUBSCRIPTION a REFRESH PUBLICATION");
    are(Ordinary, Postgres, "CREATE INDEX concurrently_built ON a (b); REINDEX TABLE a; REINDEX (CONCURRENTLY false) TABLE a; REFRESH MATERIALIZED VIEW CONCURRENTLY a;
        ALTER TABLE a DETACH PARTITION b; ALTER TABLE a DETACH PARTITION b FINALIZE; ALTER DATABASE a SET work_mem = 1; CLUSTER a; CLUSTER \"a\"; CLUSTER VERBOSE a; CLUSTER (VERBOSE) a USING b;
        ALTER TYPE a ADD VALUE 'b'; DISCARD TEMP; CREATE SUBSCRIPTION a CONNECTION 'b' PUBLICATION c WITH (create_slot = false)");
    are(
        OutsideTransaction,
        Sqlite,
        "VACUUM; VACUUM INTO 'a'; ATTACH 'a' AS b; DETACH b; PRAGMA journal_mode = wal; PRAGMA main.foreign_keys(0); pragma synchronous=off",
    );
    are(Ordinary, Sqlite, "PRAGMA journal_mode; PRAGMA foreign_key_check(a); PRAGMA user_version = 1");
    are(Ordinary, MySql, "CREATE DATABASE a; DROP DATABASE a");
}
