//! Every feature, made by hand: what is read creates the same again.

use migrate_runtime::schema::Schema;

use super::{assert_recreates, database};

#[track_caller]
fn recreates(script: &str) -> Schema {
    let schema = assert_recreates(&mut database(script));
    assert_eq!(schema.opaque, [], "everything is understood");
    schema
}

const TABLES: &[&str] = &[
    // Types as declared.
    "CREATE TABLE t (a, b INT, c integer, d VARCHAR(10), e DECIMAL (10, -2), f unsigned big int, g \"my type\"(1), h [x y], \
     i DOUBLE PRECISION, j GENERATED, k 'quoted', l ANY, m TEXT /* c */ (10))",
    // Defaults.
    "CREATE TABLE t (a DEFAULT 1, b DEFAULT -1, c DEFAULT +1.5e-3, d DEFAULT 'it''s', e DEFAULT x'00ff', f DEFAULT NULL, \
     g DEFAULT true, h DEFAULT current_timestamp, i DEFAULT (1 + 2), j DEFAULT ('a' || 'b'), k DEFAULT word, \
     l DEFAULT \"quoted name\", m DEFAULT .5, n DEFAULT -.5, o DEFAULT ((1)), p DEFAULT ( 1 -- no more\n), q DEFAULT 1 DEFAULT 2, \
     r DEFAULT (datetime('now', '+1 day')), s DEFAULT '', t DEFAULT '-- ; ) ''', u DEFAULT (- 5), v DEFAULT 0x1F, \
     w DEFAULT [in brackets], x DEFAULT `ticks`)",
    // Keys, and who may be NULL.
    "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)",
    "CREATE TABLE t (id INTEGER CONSTRAINT nn NOT NULL ON CONFLICT FAIL CONSTRAINT k PRIMARY KEY ASC ON CONFLICT REPLACE AUTOINCREMENT)",
    "CREATE TABLE t (id INTEGER, PRIMARY KEY (id AUTOINCREMENT) ON CONFLICT IGNORE)",
    "CREATE TABLE t (id INTEGER, PRIMARY KEY (\"id\" ASC))",
    "CREATE TABLE t (ID INTEGER, PRIMARY KEY (id COLLATE nocase DESC))",
    "CREATE TABLE t (id INTEGER PRIMARY KEY DESC)",
    "CREATE TABLE t (id INT PRIMARY KEY)",
    "CREATE TABLE t (id \"INTEGER\" PRIMARY KEY)",
    "CREATE TABLE t (id TEXT PRIMARY KEY)",
    "CREATE TABLE t (id TEXT COLLATE nocase PRIMARY KEY DESC ON CONFLICT REPLACE)",
    "CREATE TABLE t (id TEXT, PRIMARY KEY (id COLLATE rtrim))",
    "CREATE TABLE t (a TEXT, b INT NOT NULL, CONSTRAINT \"p k\" PRIMARY KEY (b DESC, A COLLATE NOCASE ASC))",
    "CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID",
    "CREATE TABLE t (a INTEGER PRIMARY KEY, b) WITHOUT ROWID",
    "CREATE TABLE t (a INTEGER, b, PRIMARY KEY (a COLLATE nocase DESC)) WITHOUT ROWID",
    "CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b) WITHOUT ROWID",
    "CREATE TABLE t (a INTEGER, b, c TEXT NOT NULL ON CONFLICT ROLLBACK, PRIMARY KEY (c, a DESC)) without rowid, strict_is_not_here",
    "CREATE TABLE t (a TEXT PRIMARY KEY, b ANY, c BLOB, d REAL, e INT) STRICT",
    "CREATE TABLE t (a INTEGER, b INTEGER, PRIMARY KEY (b, a)) STRICT, WITHOUT ROWID",
    // Unique constraints, and those that SQLite keeps one index for.
    "CREATE TABLE t (a UNIQUE, b UNIQUE ON CONFLICT IGNORE, c CONSTRAINT u UNIQUE, UNIQUE (a, b), \
     CONSTRAINT \"U 2\" UNIQUE (b DESC, c COLLATE nocase) ON CONFLICT REPLACE, UNIQUE (\"c\", 'a'), UNIQUE ((b), c))",
    "CREATE TABLE t (id INTEGER PRIMARY KEY UNIQUE, a UNIQUE, UNIQUE (a), UNIQUE (id))",
    "CREATE TABLE t (a TEXT UNIQUE PRIMARY KEY, b TEXT COLLATE nocase, UNIQUE (b), UNIQUE (b COLLATE binary))",
    // Checks, whose name holds up to the next comma.
    "CREATE TABLE t (a INT CHECK (a > 0) CHECK (a < 9), b CONSTRAINT c1 CHECK (b <> ')') CHECK (b <> '('), \
     c CONSTRAINT nn NOT NULL CHECK (c IN (1, 2)), CONSTRAINT z CHECK ((a > 1)), CHECK (a > 2) ON CONFLICT FAIL \
     CHECK (a > 3), CONSTRAINT a CONSTRAINT b CHECK (a > 4), CONSTRAINT of_nothing)",
    "CREATE TABLE t (a CHECK (a > 0 -- it's ')'\n), b CHECK (/* ) */ b LIKE '%--%' ), CHECK (\"a\" <> [b] OR `a` IS NOT 'x')) -- the end",
    // Foreign keys.
    "CREATE TABLE t (a REFERENCES p, b CONSTRAINT f REFERENCES p (id) ON DELETE CASCADE ON UPDATE SET NULL, \
     c REFERENCES \"P\" (\"x y\") ON DELETE RESTRICT ON UPDATE SET DEFAULT MATCH FULL DEFERRABLE INITIALLY DEFERRED, \
     d INT REFERENCES p ON INSERT CASCADE NOT DEFERRABLE INITIALLY IMMEDIATE, e REFERENCES p MATCH simple DEFERRABLE INITIALLY IMMEDIATE, \
     f REFERENCES p ON DELETE NO ACTION DEFERRABLE NOT NULL UNIQUE, g REFERENCES t MATCH \"odd match\", \
     CONSTRAINT two FOREIGN KEY (A, b) REFERENCES missing (x, y) ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED \
     FOREIGN KEY (c, d) REFERENCES t)",
    "CREATE TABLE t (a REFERENCES p, b NOT NULL DEFERRABLE INITIALLY DEFERRED)",
    // Generated columns.
    "CREATE TABLE t (a INT, b INT GENERATED ALWAYS AS (a + 1), c AS (a || ')') STORED, d TEXT GENERATED ALWAYS AS (lower(c)) VIRTUAL \
     NOT NULL UNIQUE COLLATE nocase CHECK (d <> ''), e INT AS (json_extract(a, '$.x[0]')), f generated always AS (1) virtual)",
    // Collations and all together.
    "CREATE TABLE t (a TEXT COLLATE nocase, b TEXT COLLATE \"RTRIM\" NOT NULL DEFAULT 'x' UNIQUE, c COLLATE binary NULL)",
    // Names.
    "CREATE TABLE \"\"\"\" (\"\"\"\" \"\"\"\", [] INT, [a b], `t``k`, \"select\", 'str''ing', \"x.y\", \"ä🦀\", \"\n\", \"-- x\", \"/*\", \"]\")",
    "CREATE TABLE \"create table\" (\"primary key\" TEXT, \"check\" INT, \"constraint\", \"unique\" CHECK (\"unique\" > 0), \
     key, desc, \"asc\" PRIMARY KEY, if, replace, UNIQUE (key, desc DESC))",
    "CREATE TABLE É (é); CREATE TABLE é (É, é2)",
    "CREATE TABLE pragma_table_xinfo (a); CREATE TABLE pragma_table_list (name, schema, type); CREATE TABLE pragma_index_list (a UNIQUE)",
    // Odd layout.
    "CREATE TABLE IF NOT EXISTS main . t(a\nINT\n,b--x\n/* y */TEXT\t,\r\nc)/* end */",
    "create/**/table t(a int,b int,primary key(a,b)unique(b)check(a<b)foreign key(a)references t(b))strict",
    // As the server writes them.
    "CREATE TABLE s (a INT, \"b c\" VARCHAR(9), d); CREATE TABLE t AS SELECT a, \"b c\", d + 1, 1.5 AS r, 'x' AS \"select\" FROM s",
    "CREATE TABLE t (a INT, CHECK (a > 0)); ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'x' CHECK (b <> 'y'); \
     ALTER TABLE t ADD \"c d\" INT REFERENCES t (a) /* the end */; ALTER TABLE t RENAME a TO \"x y\"; ALTER TABLE t RENAME TO \"new \"\" name\"",
    "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p INT REFERENCES p, q REFERENCES p (id), r); \
     CREATE INDEX i ON c (q, lower(p)) WHERE p > 0; CREATE VIEW v AS SELECT p FROM c; ALTER TABLE p RENAME TO parent; \
     ALTER TABLE c RENAME COLUMN p TO \"the parent\"; ALTER TABLE c DROP COLUMN r",
    "CREATE TABLE t (a, b); ALTER TABLE t DROP COLUMN b; CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT); \
     INSERT INTO counted VALUES (5); CREATE INDEX i ON t (a); INSERT INTO t VALUES (1); ANALYZE",
];

#[test]
fn tables_are_the_same_again() {
    for script in TABLES {
        // SQLite refuses unknown options of tables.
        recreates(&script.replace(", strict_is_not_here", ""));
    }
}

#[test]
fn indexes_are_the_same_again() {
    let schema = recreates(
        "CREATE TABLE t (a TEXT, b TEXT COLLATE nocase, \"c d\" INT, desc INT);
         CREATE INDEX plain ON t (a);
         CREATE UNIQUE INDEX IF NOT EXISTS main.\"un\"\"ique\" ON t (a DESC, [c d] ASC, desc);
         CREATE INDEX partial ON t(\"c d\") WHERE a IS NOT NULL AND b <> ')' -- the end
         ;
         CREATE INDEX collated ON t (a COLLATE nocase, b COLLATE nocase, b COLLATE binary DESC, 'a' COLLATE \"rtrim\", (b));
         CREATE INDEX expressions ON t (lower(a), a || b COLLATE nocase, (a || b) COLLATE nocase DESC, -\"c d\", (((\"c d\") + (1))),
             lower(a) COLLATE nocase DESC, CASE WHEN a THEN 1 ELSE 2 END, NOT (a), a COLLATE rtrim COLLATE nocase, cast(a AS INT) -- c
         );
         CREATE INDEX a_string ON t (\"no column\", a);
         CREATE INDEX on_desc ON t (desc, desc DESC) WHERE desc /* never closed",
    );
    let index = |name: &str| {
        let index = schema.tables[0].indexes.iter().find(|index| index.name == name).expect("the index is there");
        let keys: Vec<String> = index.keys.iter().map(ToString::to_string).collect();
        (keys.join(", "), index.predicate.clone().unwrap_or_default())
    };
    assert_eq!(index("un\"ique"), ("a desc, c d, desc".into(), String::new()));
    assert!(schema.tables[0].indexes.iter().any(|index| index.unique));
    assert_eq!(index("partial").1, "a IS NOT NULL AND b <> ')'");
    assert_eq!(index("collated").0, "a collate nocase, b, b collate binary desc, a collate rtrim, b");
    assert_eq!(
        index("expressions").0,
        "(lower(a)), (a || b COLLATE nocase), (a || b) collate nocase desc, (-\"c d\"), ((\"c d\") + (1)), \
         (lower(a)) collate nocase desc, (CASE WHEN a THEN 1 ELSE 2 END), (NOT (a)), a collate nocase, (cast(a AS INT))"
    );
    assert_eq!(index("a_string").0, "(\"no column\"), a");
    assert_eq!(index("on_desc"), ("desc, desc desc".into(), "desc".into()));
}

#[test]
fn views_and_triggers_are_the_same_again_even_when_what_they_name_is_missing() {
    let schema = recreates(
        "CREATE TABLE t (a, b);
         CREATE VIEW v (x, \"y z\") AS SELECT a, b FROM t -- the end
         ;
         CREATE VIEW IF NOT EXISTS \"v \"\" 2\" AS WITH r AS (SELECT 1) SELECT * FROM r /* never closed */;
         CREATE VIEW broken AS SELECT gone FROM missing;
         CREATE VIEW circle AS SELECT * FROM circle2; CREATE VIEW circle2 AS SELECT * FROM circle;
         CREATE VIEW \"--\"/* c */AS\n\nSELECT ';' AS \";\";
         CREATE TRIGGER main.\"tr 1\" AFTER UPDATE OF a ON t FOR EACH ROW WHEN new.a > 'it''s' BEGIN
             INSERT INTO missing VALUES (new.a);
             UPDATE t SET b = CASE WHEN a THEN ';' ELSE 'END' END; -- END;
             SELECT 1;
         END;
         CREATE TRIGGER \"tr\"\"2\" INSTEAD OF DELETE ON V BEGIN SELECT raise(ABORT, 'no'); END;
         CREATE TRIGGER on_broken INSTEAD OF INSERT ON broken BEGIN SELECT 1; END",
    );
    let names = |view: &str| {
        let view = schema.views.iter().find(|other| other.name.name == view).expect("the view is there");
        (view.definition.clone(), view.triggers.iter().map(|trigger| trigger.name.as_str()).collect::<Vec<_>>())
    };
    assert_eq!(names("v"), ("(x, \"y z\") AS SELECT a, b FROM t".into(), vec!["tr\"2"]));
    assert_eq!(names("broken"), ("AS SELECT gone FROM missing".into(), vec!["on_broken"]));
    assert_eq!(names("--").0, "AS\n\nSELECT ';' AS \";\"");
    assert_eq!(schema.tables[0].triggers[0].name, "tr 1");
}

#[test]
fn virtual_tables_are_the_same_again_without_the_tables_that_they_keep() {
    let schema = recreates(
        "CREATE TABLE posts (id INTEGER PRIMARY KEY, title, body);
         CREATE VIRTUAL TABLE \"a search\" USING fts5(title, body /* c */, content = 'posts', content_rowid = id, tokenize = 'porter ascii');
         CREATE VIRTUAL TABLE IF NOT EXISTS places USING rtree(id, x1, x2, +label TEXT) -- the end
         ;
         CREATE VIRTUAL TABLE old USING fts4(content=\"posts\", title);
         CREATE VIRTUAL TABLE words USING fts5vocab('a search', 'row');
         CREATE VIRTUAL TABLE usage USING dbstat;
         CREATE TRIGGER t AFTER INSERT ON posts BEGIN
             INSERT INTO \"a search\" (rowid, title, body) VALUES (new.id, new.title, new.body);
         END",
    );
    let tables: Vec<(&str, Option<&str>)> = schema
        .tables
        .iter()
        .map(|table| (table.name.name.as_str(), table.options.get("using").map(String::as_str)))
        .collect();
    assert_eq!(
        tables,
        [
            (
                "a search",
                Some("fts5(title, body /* c */, content = 'posts', content_rowid = id, tokenize = 'porter ascii')")
            ),
            ("old", Some("fts4(content=\"posts\", title)")),
            ("places", Some("rtree(id, x1, x2, +label TEXT)")),
            ("posts", None),
            ("usage", Some("dbstat")),
            ("words", Some("fts5vocab('a search', 'row')")),
        ]
    );
}

#[test]
fn an_empty_database_holds_nothing() {
    assert!(recreates("").is_empty());
    assert!(recreates("CREATE TABLE t (a); DROP TABLE t").is_empty());
}
