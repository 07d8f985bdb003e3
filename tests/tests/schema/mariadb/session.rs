//! What a session is set to makes no difference, and stays as it is.

use std::time::Duration;

use migrate_runtime::schema::schema_sql;
use migrate_runtime::{BlockingConnection, Connection, Dialect, DriverError, Inspection, Row};
use migrate_tests::mariadb::{APP_LOGIN, APP_PASSWORD};
use migrate_tests::suite::{connect_mysql, mariadb_or_skip, runtime};
use mysql::Conn;
use mysql::prelude::Queryable;

use super::{assert_same, connect, filled, inspect};

const CORPUS: [&str; 5] = [
    include_str!("../../../data/schema/mariadb/columns.sql"),
    include_str!("../../../data/schema/mariadb/keys.sql"),
    include_str!("../../../data/schema/mariadb/partitions.sql"),
    include_str!("../../../data/schema/mariadb/programs.sql"),
    "CREATE TABLE nought (a INT) PARTITION BY LIST (a) (PARTITION x VALUES IN (0));
     CREATE PROCEDURE asks() SELECT '?';",
];

/// Counts messages, and knows only that it speaks the protocol of MySQL.
struct Counting {
    inner: Conn,
    messages: usize,
}

impl Connection for Counting {
    fn dialect(&self) -> Dialect {
        Dialect::MySql
    }

    fn batch_execute(&mut self, sql: &str) -> impl Future<Output = Result<(), DriverError>> + Send {
        self.messages += 1;
        Connection::batch_execute(&mut self.inner, sql)
    }

    fn query(&mut self, sql: &str) -> impl Future<Output = Result<Vec<Row>, DriverError>> + Send {
        self.messages += 1;
        Connection::query(&mut self.inner, sql)
    }

    fn sleep(&mut self, duration: Duration) -> impl Future<Output = ()> + Send {
        Connection::sleep(&mut self.inner, duration)
    }
}

impl BlockingConnection for Counting {}

#[test]
fn twelve_messages_read_whatever_there_is() {
    let Some(database) = filled(&CORPUS.join("\n")) else { return };
    let mut connection = Counting { inner: connect(&database), messages: 0 };
    let schema = Inspection::new().run(&mut connection).expect("a schema");
    assert!(schema.nodes().len() > 50);
    assert_eq!(connection.messages, 12);
}

#[test]
fn any_sql_mode_reads_and_runs_the_same() {
    let Some(database) = filled(&CORPUS.join("\n")) else { return };
    let plain = inspect(&database);
    for mode in
        ["ANSI_QUOTES,NO_BACKSLASH_ESCAPES", "TRADITIONAL,PIPES_AS_CONCAT,HIGH_NOT_PRECEDENCE", "ANSI,NO_ZERO_DATE"]
    {
        let set = |connection: &mut Conn| connection.query_drop(format!("SET sql_mode = '{mode}'")).expect("a mode");
        let is = |connection: &mut Conn| connection.query_first::<String, _>("SELECT @@sql_mode").expect("a mode");
        let mut connection = connect(&database);
        set(&mut connection);
        let before = is(&mut connection);
        assert_same(&plain, &Inspection::new().run(&mut connection).expect("a schema"));
        assert_eq!(before, is(&mut connection));

        let copy = mariadb_or_skip().expect("an engine");
        let mut connection = connect(&copy);
        set(&mut connection);
        for statement in &schema_sql(&plain).statements {
            connection.query_drop(statement).unwrap_or_else(|error| panic!("{mode}: {error}\n{statement}"));
        }
        assert_eq!(before, is(&mut connection));
        assert_same(&plain, &inspect(&copy));
    }
}

#[test]
fn a_transaction_stays_open() {
    let Some(database) = filled("CREATE TABLE t (a INT); CREATE SEQUENCE s;") else { return };
    let mut connection = connect(&database);
    connection.query_drop("START TRANSACTION").expect("a transaction");
    connection.query_drop("INSERT INTO t VALUES (1)").expect("a row");
    assert_eq!(Inspection::new().run(&mut connection).expect("a schema").nodes().len(), 2);
    connection.query_drop("ROLLBACK").expect("an end");
    assert_eq!(database.sql("SELECT count(*) FROM t").expect("a count").trim(), "0");
}

#[test]
fn every_driver_reads_the_same() {
    let Some(database) = filled(&CORPUS.join("\n")) else { return };
    // Who comes over TCP is another user than who comes through the socket, as `mysql` and `mysql_async` prefer.
    let options = mysql::OptsBuilder::from_opts(mysql::Opts::from_url(&database.url()).expect("a URL"));
    let mut connection = Conn::new(options.prefer_socket(false)).expect("a connection");
    let by_tcp = Inspection::new().run(&mut connection).expect("a schema");
    runtime().block_on(async {
        let mut connection = connect_mysql(&database.url()).await;
        assert_same(&inspect(&database), &Inspection::new().run_async(&mut connection).await.expect("a schema"));
        let mut connection = <sqlx::MySqlConnection as sqlx::Connection>::connect(&database.url()).await.expect("sqlx");
        assert_same(&by_tcp, &Inspection::new().run_async(&mut connection).await.expect("a schema"));
    });
}

#[test]
fn a_user_with_few_rights_sees_names_and_no_failure() {
    let Some(database) = filled(&CORPUS.join("\n")) else { return };
    database
        .sql(&format!(
            "GRANT SELECT ON {0}.t TO {APP_LOGIN}; GRANT SELECT ON {0}.z_first TO {APP_LOGIN};
             GRANT SELECT ON {0}.nought TO {APP_LOGIN}; GRANT EXECUTE ON PROCEDURE {0}.p TO {APP_LOGIN};
             GRANT INSERT (id) ON {0}.numbers TO {APP_LOGIN}; GRANT INSERT ON {0}.ids TO {APP_LOGIN};",
            database.name()
        ))
        .expect("rights");
    let mut connection = Conn::new(database.login_url(APP_LOGIN, APP_PASSWORD).as_str()).expect("a connection");
    let schema = Inspection::new().run(&mut connection).expect("a schema");
    let tables: Vec<&str> = schema.tables.iter().map(|table| table.name.name.as_str()).collect();
    let opaque: Vec<String> = schema.opaque.iter().map(|one| format!("{} {}", one.what, one.name)).collect();
    assert_eq!(tables, ["nought", "numbers", "t"]);
    assert_eq!(opaque, ["procedure p", "sequence ids", "view z_first"]);
}

#[test]
fn a_connection_without_a_database_is_told_so() {
    let Some(database) = mariadb_or_skip() else { return };
    let mut connection = connect(&database);
    assert!(database.discard().is_ok());
    let error = Inspection::new().run(&mut connection);
    assert!(error.is_err());
}
