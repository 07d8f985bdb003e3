//! How the catalog is read: in how many messages, of which moment, and what the session is like afterwards.

use std::time::Duration;

use migrate_runtime::schema::{Opaque, Schema, schema_sql};
use migrate_runtime::{Connection, Dialect, DriverError, Inspection, Row};
use migrate_tests::postgres::{APP_LOGIN, APP_PASSWORD};
use migrate_tests::suite::{chain, connect, postgres_or_skip, runtime};
use tokio_postgres::Client;

use super::super::support::assert_same;
use super::{execute, inspect, on_postgres};

/// Counts what is sent, and does something else before one of the messages.
struct Counting<'c> {
    client: Client,
    messages: Vec<String>,
    /// What another connection does before the message in which this stands.
    meanwhile: Option<(&'c str, &'c Client, &'c str)>,
}

impl<'c> Counting<'c> {
    fn over(client: Client) -> Self {
        Self { client, messages: Vec::new(), meanwhile: None }
    }

    async fn note(&mut self, sql: &str) {
        self.messages.push(sql.to_owned());
        if let Some((_, other, statement)) = self.meanwhile.take_if(|(mark, ..)| sql.contains(*mark)) {
            execute(other, statement).await;
        }
    }
}

impl Connection for Counting<'_> {
    fn dialect(&self) -> Dialect {
        Dialect::Postgres
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        self.note(sql).await;
        Connection::batch_execute(&mut self.client, sql).await
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.note(sql).await;
        Connection::query(&mut self.client, sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        Connection::sleep(&mut self.client, duration).await;
    }
}

async fn value(db: &mut Client, sql: &str) -> String {
    let rows = Connection::query(db, sql).await.expect("a row");
    rows[0].text(0).unwrap_or("NULL").to_owned()
}

fn names(schema: &Schema) -> Vec<String> {
    schema.nodes().iter().map(|node| format!("{} {}", node.kind, node.full_name())).collect()
}

#[test]
fn many_objects_cost_as_many_messages_as_none_and_at_most_twelve() {
    on_postgres(async |database| {
        let mut db = Counting::over(connect(&database.url()).await);
        Inspection::new().run_live(&mut db).await.expect("an inspection");
        let none = std::mem::take(&mut db.messages).len();
        execute(&db.client, include_str!("../../../data/schema/postgres/partitions.sql")).await;
        Inspection::new().run_live(&mut db).await.expect("an inspection");
        assert_eq!(db.messages.len(), none);
        assert!(none <= 12, "{none}");
    });
}

const SETTINGS: &str = "SELECT string_agg(name || '=' || setting, ' ' ORDER BY name) FROM pg_settings \
     WHERE name IN ('search_path', 'TimeZone', 'jit', 'transaction_read_only', 'transaction_isolation', 'DateStyle', \
     'IntervalStyle', 'bytea_output', 'extra_float_digits', 'quote_all_identifiers', 'xmloption')";

#[test]
fn the_session_is_left_as_it_was() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(
            &db,
            "CREATE SCHEMA app; CREATE TABLE app.t (a date DEFAULT '2020-02-01'); SET search_path = app, public; \
                      SET datestyle = 'SQL, DMY'; SET quote_all_identifiers = on; SET timezone = 'Asia/Tokyo'",
        )
        .await;
        let before = value(&mut db, SETTINGS).await;
        let schema = inspect(&mut db).await;
        assert_eq!(names(&schema), ["schema public", "table t"]);
        assert_eq!(schema.tables[0].columns[0].default.as_deref(), Some("'2020-02-01'::date"));
        assert_eq!(value(&mut db, SETTINGS).await, before);
        execute(&db, "CREATE TABLE t2 ()").await;
    });
}

#[test]
fn a_transaction_goes_on_as_it_was_and_its_own_changes_are_seen() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, "BEGIN; SET LOCAL search_path = pg_catalog, public; CREATE TABLE public.fresh (a integer)").await;
        let before = value(&mut db, SETTINGS).await;
        assert_eq!(names(&inspect(&mut db).await), ["schema public", "table public.fresh"]);
        execute(&db, "SET LOCAL search_path = public").await;
        assert_eq!(names(&inspect(&mut db).await), ["table fresh"]);
        execute(&db, "SET LOCAL search_path = pg_catalog, public").await;
        assert_eq!(value(&mut db, SETTINGS).await, before);
        execute(&db, "INSERT INTO public.fresh VALUES (1); COMMIT").await;
        assert_eq!(value(&mut db, "SELECT a::text FROM public.fresh").await, "1");
    });
}

#[test]
fn after_an_error_the_session_is_as_it_was() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, "CREATE TABLE kept (a integer)").await;
        let before = value(&mut db, SETTINGS).await;
        for (begin, end) in [("", ""), ("BEGIN", "COMMIT")] {
            execute(&db, begin).await;
            execute(&db, "SET statement_timeout = 1").await;
            let outcome = {
                // The printers wait for a lock that somebody else holds, longer than the session may.
                let other = connect(&database.url()).await;
                execute(&other, "BEGIN; LOCK TABLE pg_catalog.pg_attribute IN ACCESS EXCLUSIVE MODE").await;
                Inspection::new().run_async(&mut db).await
            };
            assert!(outcome.is_err());
            execute(&db, "RESET statement_timeout").await;
            assert_eq!(value(&mut db, SETTINGS).await, before);
            execute(&db, "INSERT INTO kept VALUES (1)").await;
            execute(&db, end).await;
        }
        assert_eq!(value(&mut db, "SELECT count(*)::text FROM kept").await, "2");
    });
}

#[test]
fn what_is_dropped_meanwhile_makes_it_look_again() {
    on_postgres(async |database| {
        let other = connect(&database.url()).await;
        execute(&other, "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (a integer DEFAULT 1, b mood)").await;
        for (created, mark, dropped) in [
            ("CREATE TABLE gone (a integer, b integer GENERATED ALWAYS AS (a) STORED)", "a.attname", "DROP TABLE gone"),
            ("CREATE TABLE gone (a integer, b mood)", "a.attname", "DROP TABLE gone; DROP TYPE mood CASCADE"),
            ("CREATE TABLE gone (a integer); CREATE INDEX ON gone ((a + 1))", "pg_get_indexdef", "DROP TABLE gone"),
            ("CREATE TABLE gone (a integer CHECK (a > 1))", "c.contype", "DROP TABLE gone"),
            ("CREATE FUNCTION gone() RETURNS integer RETURN 1", "pg_get_functiondef", "DROP FUNCTION gone"),
            (
                "CREATE TABLE gone (); CREATE RULE r AS ON INSERT TO gone DO ALSO NOTHING",
                "pg_get_ruledef",
                "DROP TABLE gone",
            ),
        ] {
            execute(&other, created).await;
            let mut db = Counting::over(connect(&database.url()).await);
            db.meanwhile = Some((mark, &other, dropped));
            let schema = Inspection::new().run_live(&mut db).await.expect("an inspection");
            assert!(db.meanwhile.is_none(), "{mark}");
            assert!(!names(&schema).iter().any(|name| name.contains("gone")), "{mark}: {:?}", names(&schema));
            assert!(names(&schema).contains(&"table t".to_owned()));
        }
    });
}

#[test]
fn a_view_that_cannot_be_printed_is_named_and_nothing_else_is_lost() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(
            &db,
            "CREATE TABLE t (a integer); CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
                      CREATE VIEW broken AS SELECT f(a) AS b FROM t; CREATE VIEW sound AS SELECT a FROM t; \
                      SET allow_system_table_mods = on; DELETE FROM pg_proc WHERE proname = 'f'",
        )
        .await;
        let schema = inspect(&mut db).await;
        assert_eq!(names(&schema), ["table t", "view sound", "object view \"broken\""]);
        assert_eq!(schema_sql(&schema).left_out[0].what, "view \"broken\"");
    });
}

#[test]
fn only_the_schemas_that_are_asked_for_are_looked_at() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(
            &db,
            "CREATE TABLE here (); CREATE SCHEMA a; CREATE TABLE a.t (id integer PRIMARY KEY); CREATE SCHEMA b; \
                      CREATE TABLE b.t (a integer REFERENCES a.t); CREATE TEMPORARY TABLE passing ()",
        )
        .await;
        assert_eq!(names(&inspect(&mut db).await), ["schema a", "schema b", "table here", "table a.t", "table b.t"]);
        let some = Inspection::new().schemas(["b"]).run_async(&mut db).await.expect("an inspection");
        assert_eq!(names(&some), ["schema b", "table here", "table b.t"]);
        assert_eq!(some.tables[1].foreign_keys[0].referenced_columns, ["id"]);
        let none = Inspection::new().schemas([""; 0]).run_async(&mut db).await.expect("an inspection");
        assert_eq!(names(&none), ["table here"]);
    });
}

#[test]
fn the_schema_that_every_database_has_is_created_where_it_is_missing_alone() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, "CREATE SCHEMA app; CREATE TABLE public.t (); SET search_path = app").await;
        let sql = schema_sql(&inspect(&mut db).await);
        assert_eq!(sql.statements, ["CREATE SCHEMA IF NOT EXISTS \"public\"", "CREATE TABLE \"public\".\"t\" ()"]);
        execute(&db, "SET search_path = ''").await;
        assert_eq!(names(&inspect(&mut db).await), ["schema app", "schema public", "table public.t"]);
    });
}

#[test]
fn every_driver_reads_the_same() {
    let Some(database) = postgres_or_skip() else { return };
    let (names, partitions) = (
        include_str!("../../../data/schema/postgres/names.sql"),
        include_str!("../../../data/schema/postgres/partitions.sql"),
    );
    let expected = runtime().block_on(async {
        let mut db = connect(&database.url()).await;
        execute(&db, names).await;
        execute(&db, partitions).await;
        inspect(&mut db).await
    });
    let mut blocking = ::postgres::Client::connect(&database.url(), ::postgres::NoTls).expect("a connection");
    assert_eq!(Inspection::new().run(&mut blocking).expect("an inspection"), expected);
    runtime().block_on(async {
        let pool = sqlx::PgPool::connect(&database.url()).await.expect("a pool");
        assert_eq!(Inspection::new().run_async(&pool).await.expect("an inspection"), expected);
    });
}

#[test]
fn one_schema_is_the_same_under_another_name() {
    on_postgres(async |database| {
        let corpus = [
            include_str!("../../../data/schema/postgres/routines.sql"),
            include_str!("../../../data/schema/postgres/views.sql"),
            include_str!("../../../data/schema/postgres/guards.sql"),
            include_str!("../../../data/schema/postgres/types.sql"),
        ];
        for sql in corpus {
            let read = async |name: &str, sql: &str| {
                let mut db = connect(&database.url()).await;
                execute(
                    &db,
                    &format!("DROP SCHEMA IF EXISTS {name} CASCADE; CREATE SCHEMA {name}; SET search_path = {name}"),
                )
                .await;
                execute(&db, sql).await;
                let inspection = Inspection::new().schemas([""; 0]);
                inspection.run_async(&mut db).await.unwrap_or_else(|error| panic!("{error:?}"))
            };
            let first = read("\"One schema\"", sql).await;
            let second = read("two", &schema_sql(&first).to_script()).await;
            assert_same(&first, &second);
            assert_eq!(schema_sql(&first).left_out, []);
            execute(&connect(&database.url()).await, "DROP SCHEMA \"One schema\", two CASCADE").await;
        }
    });
}

#[test]
fn the_history_is_left_out_wherever_it_is() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        chain("a b").upgrade_async(&mut db).await.expect("an upgrade");
        let schema = inspect(&mut db).await;
        assert!(!names(&schema).iter().any(|name| name.contains("migrate_")), "{:?}", names(&schema));
    });
}

#[test]
fn a_role_without_rights_reads_all_the_same() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, include_str!("../../../data/schema/postgres/guards.sql")).await;
        execute(&db, "CREATE SCHEMA closed; CREATE TABLE closed.t (a integer DEFAULT 1); REVOKE ALL ON SCHEMA closed FROM PUBLIC").await;
        let all = inspect(&mut db).await;
        let mut guest = connect(&database.login_url(APP_LOGIN, APP_PASSWORD)).await;
        assert_same(&all, &inspect(&mut guest).await);
    });
}

#[test]
fn what_is_not_understood_is_named() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, include_str!("../../../data/schema/postgres/others.sql")).await;
        let schema = inspect(&mut db).await;
        let lines: Vec<String> =
            schema.opaque.iter().map(|Opaque { what, name, .. }| format!("{what} {name}")).collect();
        insta::assert_snapshot!(lines.join("\n"));
        let left_out = schema_sql(&schema).left_out;
        assert!(left_out.iter().any(|left| left.what == "index \"unfinished\" on \"t\""), "{left_out:#?}");
        assert_eq!(left_out.len(), schema.opaque.len() + 1);
    });
}

#[test]
fn nobodys_function_is_called_instead_of_the_servers() {
    on_postgres(async |database| {
        let mut db = connect(&database.url()).await;
        execute(&db, include_str!("../../../data/schema/postgres/guards.sql")).await;
        execute(&db, include_str!("../../../data/schema/postgres/partitions.sql")).await;
        let before = inspect(&mut db).await;
        execute(&db, "CREATE TEMPORARY TABLE pg_class (oid oid); CREATE TEMPORARY TABLE pg_namespace (nspname text)")
            .await;
        assert_same(&before, &inspect(&mut db).await);
        // Of all pairs that an implicit cast would serve, these would be preferred.
        let trap = "LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''called''; END'";
        let pairs = [
            ("=", "oid", "integer"),
            ("=", "oid", "regclass"),
            ("<>", "oid", "integer"),
            ("=", "name", "text"),
            (">=", "oid", "integer"),
            ("<>", "name", "text"),
            ("=", "\"char\"", "text"),
            ("<=", "bigint", "integer"),
        ];
        for (place, (operator, left, right)) in pairs.iter().enumerate() {
            execute(&db, &format!("CREATE FUNCTION trap{place}({left}, {right}) RETURNS boolean {trap}")).await;
            let exists = format!(
                "SELECT count(*)::text FROM pg_catalog.pg_operator WHERE oprname = '{operator}' AND \
                 oprleft = '{left}'::regtype AND oprright = '{right}'::regtype"
            );
            if value(&mut db, &exists).await == "0" {
                execute(
                    &db,
                    &format!(
                        "CREATE OPERATOR {operator} (LEFTARG = {left}, RIGHTARG = {right}, FUNCTION = trap{place})"
                    ),
                )
                .await;
            }
        }
        assert_eq!(inspect(&mut db).await.tables, before.tables);
    });
}
