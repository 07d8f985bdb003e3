//! `--database` and `--all`: several databases of one project.

use migrate_tests::command::Ran;
use migrate_tests::embed::Crate;

use super::site::{REVISIONS, Site, on_every_engine};

const EVENTS: &str = "-- revision: e1\n-- parents: none\n-- title: events\n\n-- migrate: up\nCREATE TABLE events (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE events;\n";

/// A project with a second database, whose history stands beside that of the first in one database of the engine.
fn configure(site: &Site) {
    site.sandbox.write("analytics/migrations/e1_events.sql", EVENTS);
    let text = format!(
        "url = \"{0}\"\n\n[database.analytics]\nmigrations = \"analytics/migrations\"\nurl = \"{0}\"\nhistory-table = \"analytics_history\"\n",
        site.url()
    );
    site.sandbox.write("migrate.toml", text);
}

#[test]
fn each_database_has_its_own_folder_history_and_url() {
    on_every_engine(&REVISIONS, |site| {
        configure(site);
        let run = |arguments: &[&str]| site.sandbox.migrate(arguments);
        let upgraded = run(&["upgrade", "--database", "analytics"]);
        assert_eq!(upgraded.stdout.lines().last(), Some("now at e1"), "{upgraded:?}");
        assert!(upgraded.stderr.contains("(from `database.analytics.url` of migrate.toml)"), "{upgraded:?}");
        assert_eq!(run(&["current"]).stdout, "");
        assert_eq!(run(&["upgrade", "001"]).stdout.lines().last(), Some("now at 001"));
        assert_eq!(run(&["current", "--database", "analytics"]).stdout, "e1 (head)  events\n");
        assert_eq!(site.query("SELECT id FROM analytics_history"), "e1");
        assert_eq!(site.query("SELECT id FROM migrate_history"), "001");
        let new = run(&["new", "more", "--database", "analytics"]);
        assert!(new.stdout.starts_with("analytics/migrations/"), "{new:?}");
    });
}

#[test]
fn the_url_of_the_first_database_is_never_taken_for_another_one() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write("analytics/e1.sql", EVENTS);
        site.sandbox.write("migrate.toml", "[database.analytics]\nmigrations = \"analytics\"\n");
        let run = |variable: &str| -> Ran {
            let mut command = site.sandbox.command(&["upgrade", "--database", "analytics"]);
            command.env(variable, site.url()).output().expect("it runs").into()
        };
        let refused = run("DATABASE_URL");
        assert!(refused.code == 2 && refused.stderr.contains("set ANALYTICS_DATABASE_URL"), "{refused:?}");
        assert_eq!(run("ANALYTICS_DATABASE_URL").code, 0);
    });
}

#[test]
fn all_of_them_one_after_the_other() {
    on_every_engine(&REVISIONS, |site| {
        configure(site);
        let run = |arguments: &[&str]| site.sandbox.migrate(&[arguments, &["--all"]].concat());
        let pending = run(&["check"]);
        assert_eq!(pending.code, 3, "{pending:?}");
        let upgraded = run(&["upgrade"]);
        assert_eq!(upgraded.code, 0, "{upgraded:?}");
        assert!(upgraded.stdout.contains("now at 003\n") && upgraded.stdout.ends_with("now at e1\n"), "{upgraded:?}");
        let current = run(&["current"]);
        assert_eq!(current.stdout, "003 (head)  seen\ne1 (head)  events\n");
        for arguments in [&["new", "x"][..], &["current", "--format", "json"], &["upgrade", "--sql"]] {
            assert_eq!(run(arguments).code, 2, "{arguments:?}");
        }
        // What the first one cannot do, the second one waits for.
        site.sandbox
            .write("migrations/004_x.sql", "-- revision: 004\n-- parents: 003\n\n-- migrate: up\nSELECT nothing;\n");
        site.sandbox.write(
            "analytics/migrations/e2.sql",
            EVENTS.replace("e1", "e2").replace("parents: none", "parents: e1").replace("events", "later"),
        );
        let failed = run(&["upgrade"]);
        assert!(
            failed.code == 1 && failed.stderr.contains("M0401") && !failed.stderr.contains("database analytics:"),
            "{failed:?}"
        );
        assert_eq!(site.query("SELECT count(*) FROM analytics_history"), "1");
    });
}

#[test]
fn the_protection_of_any_database_follows_its_url() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write("analytics/e1.sql", EVENTS);
        let text = format!(
            "[database.analytics]\nmigrations = \"analytics\"\n\n[database.analytics.env.production]\nurl = \"{}\"\nprotected = true\n",
            site.url()
        );
        site.sandbox.write("migrate.toml", text);
        let named = site.sandbox.migrate(&["upgrade", "--database", "analytics", "--env", "production"]);
        assert!(named.code == 1 && named.stderr.contains("error[M0703]"), "{named:?}");
        let by_url = site.call(&["upgrade"]);
        assert!(by_url.code == 1 && by_url.stderr.contains("error[M0703]"), "{by_url:?}");
        let elsewhere = site.sandbox.migrate(&["upgrade", "--env", "production"]);
        assert!(elsewhere.code == 2 && elsewhere.stderr.contains("error[M0701]"), "{elsewhere:?}");
    });
}

#[test]
fn of_environments_that_share_a_database_the_protected_one_counts() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write("analytics/e1.sql", EVENTS);
        let text = format!(
            "[env.production]\nurl = \"{0}\"\n\n[database.analytics]\nmigrations = \"analytics\"\nhistory-table = \
             \"h\"\n\n[database.analytics.env.production]\nurl = \"{0}\"\nprotected = true\n",
            site.url()
        );
        site.sandbox.write("migrate.toml", text);
        let url = site.url();
        for arguments in [&["--env", "production"][..], &["--database-url", &url]] {
            let ran = site.sandbox.migrate(&[&["upgrade"], arguments].concat());
            assert!(ran.code == 1 && ran.stderr.contains("error[M0703]"), "{arguments:?}: {ran:?}");
        }
    });
}

#[test]
fn a_database_that_is_not_there_is_named_with_its_nearest() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    let none = sandbox.migrate(&["heads", "--database", "analytics"]);
    assert!(
        none.code == 2 && none.stderr.contains("error[M0708]") && none.stderr.contains("[database.analytics]"),
        "{none:?}"
    );
    sandbox.write("migrate.toml", "[database.analytics]\nmigrations = \"analytics\"\n");
    let typo = sandbox.migrate(&["heads", "--database", "analitics"]);
    assert!(typo.code == 2 && typo.stderr.contains("did you mean `analytics`?"), "{typo:?}");
}

#[test]
fn the_macro_embeds_each_by_its_name() {
    let embeds = Crate::with_revisions(&[("001.sql", REVISIONS[0].1)]);
    embeds.sandbox.write("analytics/migrations/e1.sql", EVENTS);
    let table = "\n[package.metadata.migrate.database.analytics]\nmigrations = \"analytics/migrations\"\nhistory-table = \"h\"\n";
    embeds.sandbox.write("Cargo.toml", embeds.sandbox.read("Cargo.toml") + table);
    let program = |name: &str| {
        format!(
            "migrate_runtime::embed_migrations! {{ static MIGRATIONS: Migrations; }}\n\
             migrate_runtime::embed_migrations! {{ static OTHERS: Migrations, database = \"{name}\"; }}\n\
             fn main() {{\n    for set in [&MIGRATIONS, &OTHERS] {{\n        for revision in set.revisions() {{\n            \
             println!(\"{{}} {{}}\", revision.id, set.settings().history_table);\n        }}\n    }}\n}}\n"
        )
    };
    embeds.sandbox.write("src/main.rs", program("analytics"));
    assert_eq!(embeds.embedded(), ["001 migrate_history", "e1 h"]);
    embeds.sandbox.write("src/main.rs", program("analitics"));
    let errors = embeds.compile_errors();
    assert!(errors.contains("no database is configured as `analitics` [M0708]"), "{errors}");
    assert!(errors.contains("help: did you mean `analytics`?"), "{errors}");
}

#[test]
fn two_databases_do_not_keep_one_history() {
    on_every_engine(&REVISIONS, |site| {
        configure(site);
        let text = site.sandbox.read("migrate.toml").replace("history-table = \"analytics_history\"\n", "");
        site.sandbox.write("migrate.toml", text);
        for arguments in [&["upgrade"][..], &["upgrade", "--database", "analytics"], &["status"]] {
            let ran = site.sandbox.migrate(arguments);
            assert!(ran.code == 1 && ran.stderr.contains("keep one history in one database"), "{ran:?}");
        }
    });
}
