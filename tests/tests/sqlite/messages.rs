//! What a revision sends, and drivers that do with it what ours do not.

use std::time::Duration;

use migrate_runtime::{BlockingConnection, Connection, Dialect, DriverError, Event, Migrations, Migrator, Row};
use migrate_tests::suite::{SqliteFile, chain, code, draft, explain, route, set};

/// What a driver does otherwise than ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Habit {
    None,
    /// It says which statement failed, and not how many had completed.
    CountsNothing,
    /// It commits behind the SQL of `b`, as a function of an extension could.
    Commits,
    /// It is so slow with the transaction of the first revision that another run is faster.
    Dawdles,
    /// Behind each rollback another connection has the file for itself, until this one pauses.
    GivesWay,
}

/// A connection that counts what is sent.
struct Driver {
    db: rusqlite::Connection,
    habit: Habit,
    messages: usize,
    transactions: usize,
    other: rusqlite::Connection,
}

impl Driver {
    fn new(file: &SqliteFile, habit: Habit) -> Self {
        let db = file.open();
        db.pragma_update(None, "foreign_keys", true).expect("a pragma");
        Self { db, habit, messages: 0, transactions: 0, other: file.open() }
    }
}

impl Connection for Driver {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn batch_execute(&mut self, sql: &str) -> Result<(), DriverError> {
        self.messages += 1;
        self.transactions += usize::from(sql == "BEGIN IMMEDIATE");
        // In the first transaction the run looks again.
        if self.habit == Habit::Dawdles && sql == "BEGIN IMMEDIATE" && self.transactions == 2 {
            chain("a").upgrade(&mut self.other).expect("the other is faster");
        }
        let commits = self.habit == Habit::Commits && sql.contains("CREATE TABLE t_b");
        let sql = if commits { format!("{sql}; COMMIT") } else { sql.to_owned() };
        let outcome = Connection::batch_execute(&mut self.db, &sql).await;
        if self.habit == Habit::GivesWay && sql == "ROLLBACK" {
            self.other.execute_batch("BEGIN EXCLUSIVE").expect("nobody else writes");
        }
        outcome.map_err(|error| match self.habit {
            Habit::CountsNothing => DriverError { completed: None, ..error },
            _ => error,
        })
    }

    async fn query(&mut self, sql: &str) -> Result<Vec<Row>, DriverError> {
        self.messages += 1;
        Connection::query(&mut self.db, sql).await
    }

    async fn sleep(&mut self, duration: Duration) {
        if !self.other.is_autocommit() {
            self.other.execute_batch("COMMIT").expect("nobody else reads");
        }
        Connection::sleep(&mut self.db, duration).await;
    }
}

impl BlockingConnection for Driver {}

/// How many messages each revision costs, going up and going down.
fn messages(of: impl Fn(&Migrations, &mut Driver)) -> usize {
    let count = |names: &str| {
        let file = SqliteFile::new();
        let mut driver = Driver::new(&file, Habit::None);
        of(&chain(names), &mut driver);
        driver.messages
    };
    // A run of one revision alone does not look after the journal.
    let (two, five) = (count("a b"), count("a b c d e"));
    assert_eq!((five - two) % 3, 0);
    (five - two) / 3
}

#[test]
fn each_revision_costs_three_messages() {
    let up = messages(|revisions, driver| assert!(revisions.upgrade(driver).is_ok()));
    assert_eq!(up, 3);
    let both = messages(|revisions, driver| {
        revisions.upgrade(driver).expect("an upgrade");
        revisions.downgrade(driver, "base").expect("a downgrade");
    });
    assert_eq!(both - up, 3, "dropping a table costs no more");
}

#[test]
fn each_revision_costs_two_messages_in_one_transaction() {
    let at_once = |migrator: Migrator<'_>, driver: &mut Driver| {
        migrator.single_transaction().run(driver).expect("a run");
    };
    let up = messages(|revisions, driver| at_once(revisions.migrator(), driver));
    let both = messages(|revisions, driver| {
        at_once(revisions.migrator(), driver);
        at_once(revisions.migrator().downgrade("base"), driver);
    });
    assert_eq!((up, both - up), (2, 2), "dropping a table costs no more");
}

#[test]
fn a_transaction_that_ends_unseen_leaves_no_history_row() {
    let file = SqliteFile::new();
    let error = chain("a b").upgrade(&mut Driver::new(&file, Habit::Commits)).expect_err("a refusal");
    assert_eq!(code(&error.error), "M0403", "{}", explain(&error.error));
    assert_eq!(file.rows("SELECT id FROM migrate_history"), ["a"]);
    assert_eq!(file.rows("SELECT revision FROM migrate_log"), ["a"]);
}

#[test]
fn a_run_that_is_overtaken_before_its_first_revision_goes_on_behind_it() {
    for at_once in [false, true] {
        let file = SqliteFile::new();
        let revisions = chain("a b");
        let migrator = if at_once { revisions.migrator().single_transaction() } else { revisions.migrator() };
        let report = migrator.run(&mut Driver::new(&file, Habit::Dawdles)).expect("an upgrade");
        assert_eq!(route(&report), "base | +b | b", "at once: {at_once}");
        assert_eq!(file.rows("SELECT revision FROM migrate_log ORDER BY seq"), ["a", "b"]);
    }
}

#[test]
fn a_driver_that_counts_nothing_hides_no_other_run() {
    let file = SqliteFile::new();
    let mut other = file.open();
    let revisions = chain("a b c");
    let migrator = revisions.migrator().on_event(|event| match event {
        Event::StepFinished { step, .. } if step.id == "a" => {
            chain("a b").upgrade(&mut other).expect("the other is faster");
        }
        _ => {}
    });
    let report = migrator.run(&mut Driver::new(&file, Habit::CountsNothing)).expect("an upgrade");
    assert_eq!(route(&report), "base | +a +c | c");
}

#[test]
fn a_driver_that_counts_nothing_leaves_nothing_of_a_failure() {
    let file = SqliteFile::new();
    let revisions =
        set([draft("a"), draft("b").after("a").up("CREATE TABLE t_b (x);\nINSERT INTO nowhere VALUES (1);")]);
    let mut driver = Driver::new(&file, Habit::CountsNothing);
    let error = revisions.upgrade(&mut driver).expect_err("a failure");
    assert_eq!(code(&error.error), "M0401", "{}", explain(&error.error));
    assert!(driver.db.is_autocommit());
    assert_eq!(file.rows("SELECT name FROM sqlite_schema WHERE name LIKE 't\\_%' ESCAPE '\\'"), ["t_a"]);
}

#[test]
fn a_connection_gets_its_journal_back_while_another_one_commits() {
    let file = SqliteFile::new();
    file.execute("CREATE TABLE theirs (x)");
    #[cfg(unix)]
    std::fs::set_permissions(file.path(), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("its owner is here");
    let revisions =
        set([draft("a"), draft("b").after("a").up("CREATE TABLE t_b (x);\nINSERT INTO nowhere VALUES (1);")]);
    let mut driver = Driver::new(&file, Habit::GivesWay);
    revisions.upgrade(&mut driver).expect_err("a failure");
    let pragma =
        |name: &str| driver.db.pragma_query_value(None, name, |row| row.get::<_, String>(0)).expect("a pragma");
    assert_eq!(pragma("journal_mode"), "delete");
}
