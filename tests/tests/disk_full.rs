//! A disk that fills up in the middle of a revision: what had not been committed is gone, and with room it goes on.
//!
//! The small disk is a mount that only root may make; elsewhere SQLite's own limit of pages stands in for it.

use std::path::Path;

use migrate_runtime::Migrations;
use migrate_tests::disk::SmallDisk;
use migrate_tests::suite::{
    code, connect, connect_mysql, draft, explain, mariadb_or_skip, postgres_or_skip, route, runtime, set,
};
use rusqlite::Connection;

/// A revision that fills the disk in its second statement, after one that fits.
fn filling(create: &str, fill: &str) -> Migrations {
    set([draft("a"), draft("b").after("a").up(&format!("{create}\n{fill}\nINSERT INTO t_a VALUES (7);"))])
}

fn sqlite(revisions: &Migrations, db: &mut Connection, code_expected: &str) {
    let failed = revisions.upgrade(db).expect_err("the disk is full");
    assert_eq!(code(&failed.error), code_expected, "{}", explain(&failed.error));
    assert!(explain(&failed.error).contains("full"), "{}", explain(&failed.error));
    assert_eq!(route(&failed.report), "base | +a | a");
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
    assert_eq!(count("SELECT count(*) FROM sqlite_schema WHERE name = 'big'"), 0);
    assert_eq!(count("SELECT count(*) FROM t_a"), 0);
}

const FILL_SQLITE: &str = "INSERT INTO big WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) SELECT \
                           randomblob(1000) FROM n;";

#[test]
fn a_sqlite_file_that_may_not_grow() {
    let file = migrate_tests::suite::SqliteFile::new();
    let mut db = Connection::open(file.path()).expect("it opens");
    let limit = |db: &Connection, pages: u32| {
        db.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(())).expect("a limit");
    };
    limit(&db, 200);
    let revisions = filling("CREATE TABLE big (x blob);", FILL_SQLITE);
    sqlite(&revisions, &mut db, "M0401");
    limit(&db, 1_000_000);
    assert_eq!(route(&revisions.upgrade(&mut db).expect("there is room")), "a | +b | b");
}

#[test]
fn a_full_disk_under_sqlite() {
    let Some(disk) = SmallDisk::mount("6m") else { return };
    let mut db = Connection::open(disk.folder("sqlite").join("app.db")).expect("it opens");
    sqlite(&filling("CREATE TABLE big (x blob);", FILL_SQLITE), &mut db, "M0401");
    let smaller = filling("CREATE TABLE big (x blob);", "INSERT INTO big VALUES (1);");
    assert_eq!(route(&smaller.upgrade(&mut db).expect("it fits")), "a | +b | b");
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a plain path")
}

#[test]
fn a_full_disk_under_postgres() {
    let (Some(database), Some(disk)) = (postgres_or_skip(), SmallDisk::mount("6m")) else { return };
    let folder = disk.folder("postgres");
    // The folder must be the server's own.
    let pid = migrate_tests::postgres::Server::shared().pid().expect("it runs");
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("/proc/{pid}")).expect("a process"));
    std::os::unix::fs::chown(&folder, Some(owner), None).expect("the owner");
    let space = format!("space_{pid}_{}", database.name());
    database.psql(&format!("CREATE TABLESPACE {space} LOCATION '{}'", shown(&folder))).expect("a tablespace");
    runtime().block_on(async {
        let mut db = connect(&database.url()).await;
        let create = format!("CREATE TABLE big (x text) TABLESPACE {space};");
        let fill = "INSERT INTO big SELECT repeat(md5(i::text), 30) FROM generate_series(1, 90000) i;";
        let failed = filling(&create, fill).upgrade_async(&mut db).await.expect_err("the disk is full");
        assert_eq!(code(&failed.error), "M0401", "{}", explain(&failed.error));
        assert!(explain(&failed.error).contains("53100"), "{}", explain(&failed.error));
        assert_eq!(
            database.psql("SELECT to_regclass('big') IS NULL AND NOT EXISTS (SELECT FROM t_a)"),
            Ok("t".to_owned())
        );
        let smaller = filling(&create, "INSERT INTO big VALUES ('1');");
        assert_eq!(route(&smaller.upgrade_async(&mut db).await.expect("it fits")), "a | +b | b");
    });
    database.psql("DROP TABLE big").expect("it is dropped");
    database.psql(&format!("DROP TABLESPACE {space}")).expect("it is dropped");
}

#[test]
fn a_full_disk_under_mariadb() {
    let (Some(database), Some(disk)) = (mariadb_or_skip(), SmallDisk::mount("6m")) else { return };
    let folder = disk.folder("mariadb");
    runtime().block_on(async {
        let mut db = connect_mysql(&database.url()).await;
        let create = format!("CREATE TABLE big (x varchar(1000)) DATA DIRECTORY = '{}';", shown(&folder));
        let fill = "INSERT INTO big SELECT repeat(md5(seq), 30) FROM seq_1_to_90000;";
        let failed = filling(&create, fill).upgrade_async(&mut db).await.expect_err("the disk is full");
        assert_eq!(code(&failed.error), "M0401", "{}", explain(&failed.error));
        let said = explain(&failed.error);
        assert!(said.contains("full") && said.contains("1 of its 3 statements have run and stay"), "{said}");
        assert_eq!(database.sql("SELECT count(*) FROM big UNION ALL SELECT count(*) FROM t_a"), Ok("0\n0".to_owned()));
        let smaller = filling(&create, "INSERT INTO big VALUES ('1');");
        assert_eq!(route(&smaller.upgrade_async(&mut db).await.expect("it fits")), "a | +b | b");
    });
    database.sql("DROP TABLE big").expect("it is dropped");
}
