//! The feature `tracing`: which spans and events a run leaves, and what does not stand in them.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use insta::assert_snapshot;
use migrate_runtime::Migrations;
use migrate_tests::suite::{mariadb_or_skip, postgres_or_skip};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

const SECRET: &str = "s3cr3t-value";

/// Writes down what is said up to a level, inner spans indented.
struct Notebook {
    level: Level,
    page: Arc<Mutex<Page>>,
}

#[derive(Default)]
struct Page {
    lines: Vec<String>,
    depth: usize,
    spans: Vec<String>,
}

/// Fields as text; times and ids of a run differ.
#[derive(Default)]
struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let value = match field.name() {
            "run_id" | "duration_ms" | "waited_s" => "..".to_owned(),
            _ => format!("{value:?}"),
        };
        let _ = match field.name() {
            "message" => write!(self.0, " {value}"),
            name => write!(self.0, " {name}={value}"),
        };
    }
}

impl Subscriber for Notebook {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level && metadata.target().starts_with("migrate_runtime")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields::default();
        span.record(&mut fields);
        let mut page = self.page.lock().expect("a page");
        let name = format!("{} [{}]{}", span.metadata().level(), span.metadata().name(), fields.0);
        page.spans.push(name);
        Id::from_u64(page.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut page = self.page.lock().expect("a page");
        let line = format!("{}{}{}", "  ".repeat(page.depth), event.metadata().level(), fields.0);
        page.lines.push(line);
    }

    fn enter(&self, id: &Id) {
        let mut page = self.page.lock().expect("a page");
        // A future that is polled again, or dropped, enters its span again.
        let name = std::mem::take(&mut page.spans[id.into_u64() as usize - 1]);
        if !name.is_empty() {
            let line = format!("{}{name}", "  ".repeat(page.depth));
            page.lines.push(line);
        }
        page.depth += 1;
    }

    fn exit(&self, _: &Id) {
        self.page.lock().expect("a page").depth -= 1;
    }
}

/// What a run says up to this level.
fn said(level: Level, run: impl FnOnce()) -> String {
    let page = Arc::new(Mutex::new(Page::default()));
    tracing::subscriber::with_default(Notebook { level, page: Arc::clone(&page) }, run);
    let page = page.lock().expect("a page");
    page.lines.join("\n")
}

fn revisions() -> Migrations {
    let first = format!(
        "-- revision: 001\n-- parents: none\n-- title: users\n\n-- migrate: up\nCREATE TABLE users (name varchar(40) PRIMARY KEY);\nINSERT INTO users VALUES ('{SECRET}');\n\n-- migrate: down\nDROP TABLE users;\n"
    );
    let second = format!(
        "-- revision: 002\n-- parents: 001\n-- title: twice\n\n-- migrate: up\nINSERT INTO users VALUES ('{SECRET}');\n"
    );
    Migrations::from_files([("001.sql", &*first), ("002.sql", &*second)]).expect("sound revisions")
}

/// The same on each engine, through a blocking driver.
fn on_every_engine(case: impl Fn(&mut dyn FnMut(&Migrations, &str) -> bool)) {
    let mut sqlite = rusqlite::Connection::open_in_memory().expect("a database");
    case(&mut |set, target| set.migrator().target(target).run(&mut sqlite).is_ok());
    if let Some(database) = postgres_or_skip() {
        let mut db = postgres::Client::connect(&database.url(), postgres::NoTls).expect("it connects");
        case(&mut |set, target| set.migrator().target(target).run(&mut db).is_ok());
    }
    if let Some(database) = mariadb_or_skip() {
        let mut db = mysql::Conn::new(&*database.url()).expect("it connects");
        case(&mut |set, target| set.migrator().target(target).run(&mut db).is_ok());
    }
}

fn without_dialect(text: &str) -> String {
    text.replace("\"sqlite\"", "[DIALECT]").replace("\"postgres\"", "[DIALECT]").replace("\"mariadb\"", "[DIALECT]")
}

#[test]
fn at_info_a_run_is_a_span_with_one_for_each_revision_and_no_value_of_its_sql() {
    on_every_engine(|run| {
        let set = revisions();
        let text = without_dialect(&said(Level::INFO, || assert!(run(&set, "001"))));
        insta::allow_duplicates! { assert_snapshot!(text, @r#"
        INFO [migrate] action="upgrade" run_id=.. dialect=[DIALECT]
          INFO planned steps=1 heads_before=[] heads_after=["001"]
          INFO [revision] id="001" direction="up" title="users" number=1 of=1
            INFO is committed duration_ms=..
        "#); }
        let text = without_dialect(&said(Level::INFO, || assert!(!run(&set, "002"))));
        insta::allow_duplicates! { assert_snapshot!(text, @r#"
        INFO [migrate] action="upgrade" run_id=.. dialect=[DIALECT]
          INFO planned steps=1 heads_before=["001"] heads_after=["002"]
          INFO [revision] id="002" direction="up" title="twice" number=1 of=1
          ERROR the run failed code="M0401"
        "#); }
        assert!(!text.contains(SECRET) && !text.contains("INSERT"));
    });
}

#[test]
fn at_debug_each_message_is_a_span_and_at_trace_its_sql_is_there() {
    on_every_engine(|run| {
        let set = revisions();
        let text = said(Level::DEBUG, || assert!(run(&set, "001")));
        assert!(text.contains("DEBUG [statements] first=1 count="), "{text}");
        assert!(!text.contains(SECRET) && !text.contains("INSERT"), "{text}");
        let text = said(Level::DEBUG, || assert!(!run(&set, "002")));
        assert!(text.contains("DEBUG up of `002` failed: "), "{text}");
        let text = said(Level::TRACE, || assert!(!run(&set, "002")));
        assert!(text.contains(&format!("INSERT INTO users VALUES ('{SECRET}')")), "{text}");
        let idle = said(Level::DEBUG, || assert!(run(&set, "001")));
        assert!(idle.contains("DEBUG there is nothing to do"), "{idle}");
    });
}
