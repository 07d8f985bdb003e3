//! What is asked on a terminal, and that nothing is asked elsewhere.

use insta::assert_snapshot;

use super::site::{REVISIONS, Site, on_every_engine};

fn typing(site: &Site, arguments: &[&str], typed: &str) -> migrate_tests::command::Ran {
    let url = site.url();
    site.sandbox.migrate_on_a_terminal(&[arguments, &["--database-url", &url]].concat(), typed)
}

#[test]
fn a_downgrade_that_destroys_data_asks_on_a_terminal() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let no = typing(site, &["downgrade", "base", "--color", "never"], "n\n");
        assert_eq!(no.code, 1, "{no:?}");
        assert_snapshot!(site.shown(&no.stdout).trim_start_matches("n\n"), @r"
        target: [DATABASE] (from --database-url)
        plan: downgrade 3 revisions, 003 -> base
          - 003  seen
          - 002  bio
          - 001  users
        this destroys data:
          down of 002: ALTER TABLE users DROP COLUMN bio
          down of 001: DROP TABLE users
        downgrade 3 revisions? [y/N] error[M0703]: the answer was not yes, and nothing was changed
         help: run it again and answer `y`, or write `--yes`
        the database is as it was before: at 003
        ");
        assert_eq!(site.current(), "003");
        for answer in ["\n", "yes, no\n"] {
            assert_eq!(typing(site, &["downgrade", "base"], answer).code, 1);
        }
        assert_eq!(site.current(), "003");
        let yes = typing(site, &["downgrade", "001"], "Yes\n");
        assert_eq!(yes.code, 0, "{yes:?}");
        assert_eq!(site.current(), "001");
    });
}

#[test]
fn an_interrupt_at_a_question_ends_it() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let url = site.url();
        let ended = site.sandbox.interrupt_a_question(&["downgrade", "base", "--database-url", &url]);
        assert_eq!(ended, Some(130));
        assert_eq!(site.current(), "003");
    });
}

#[test]
fn what_destroys_nothing_asks_nobody() {
    on_every_engine(&REVISIONS, |site| {
        for arguments in [&["upgrade"][..], &["downgrade", "002"], &["stamp", "001"], &["stamp", "base"]] {
            let ran = typing(site, arguments, "");
            assert!(ran.code == 0 && !ran.stdout.contains("[y/N]"), "{arguments:?}: {ran:?}");
        }
    });
}

#[test]
fn without_a_terminal_nothing_asks_and_an_unprotected_database_is_changed_as_told() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let ran = site.must(&["downgrade", "base"]);
        assert!(!ran.stderr.contains("[y/N]"), "{ran:?}");
        assert_eq!(site.current(), "");
    });
}

#[test]
fn yes_answers_every_question() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let ran = typing(site, &["downgrade", "base", "--yes"], "");
        assert!(ran.code == 0 && !ran.stdout.contains("[y/N]"), "{ran:?}");
    });
}

#[test]
fn an_upgrade_asks_in_a_protected_environment_alone() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write("migrate.toml", format!("[env.production]\nurl = \"{}\"\nprotected = true\n", site.url()));
        let no = typing(site, &["upgrade", "001"], "n\n");
        assert!(no.stdout.contains("upgrade 1 revision in the protected environment `production`? [y/N]"), "{no:?}");
        assert_eq!((no.code, site.current()), (1, String::new()));
        assert_eq!(typing(site, &["upgrade", "001"], "y\n").code, 0);
        assert_eq!(site.current(), "001");
        // A target in red.
        let shown = typing(site, &["current", "--color", "always"], "");
        assert!(shown.stdout.contains("\u{1b}[31m") && shown.stdout.contains("PROTECTED"), "{shown:?}");
    });
}
