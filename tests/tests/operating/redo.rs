//! `redo`: down and up again, refused before the first write when it cannot be both.

use insta::assert_snapshot;

use super::site::{REVISIONS, on_every_engine};

#[test]
fn redo_undoes_the_last_revision_and_applies_it_as_it_is_now() {
    on_every_engine(&REVISIONS[..2], |site| {
        site.must(&["upgrade"]);
        let edited = REVISIONS[1].1.replace("bio TEXT", "bio VARCHAR(40)");
        site.sandbox.write("migrations/002_bio.sql", edited);
        assert_eq!(site.call(&["upgrade"]).code, 5);
        let ran = site.must(&["redo"]);
        assert_snapshot!(site.shown(&ran.transcript()), @r"
        --- stdout
        - 002 bio ([..] ms)
        + 002 bio ([..] ms)
        now at 002
        --- stderr
        target: [DATABASE] (from --database-url)
        warning: the `up` of `002` was edited after it was applied (migrations/002_bio.sql:4)
        plan: redo 1 revision, 002 -> 002
          - 002  bio
          + 002  bio
        exit 0
        ");
        assert_eq!(site.must(&["upgrade"]).stdout, "nothing to upgrade: at 002\n");
        let log = site.query("SELECT concat(action, ' ', revision) FROM migrate_log ORDER BY seq");
        assert_eq!(log, "upgrade 001\nupgrade 002\ndowngrade 002\nupgrade 002");
    });
}

#[test]
fn redo_takes_the_targets_of_downgrade() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let ids = |arguments: &[&str]| {
            let ran = site.must(&[arguments, &["--format", "json"]].concat()).json();
            let steps = ran["applied"].as_array().expect("a list").iter();
            let step = |step: &serde_json::Value| {
                format!(
                    "{}{}",
                    if step["direction"] == "up" { "+" } else { "-" },
                    step["revision"].as_str().expect("an id")
                )
            };
            steps.map(step).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(ids(&["redo", "-2"]), "-003 -002 +002 +003");
        assert_eq!(ids(&["redo", "002"]), "-003 +003");
        assert_eq!(ids(&["redo", "base"]), "-003 -002 -001 +001 +002 +003");
        assert_eq!(site.current(), "003");
        let plan = site.must(&["redo", "--dry-run"]);
        assert_eq!(plan.stdout, "plan: redo 1 revision, 003 -> 003\n  - 003  seen\n  + 003  seen\n");
    });
}

#[test]
fn redo_is_refused_before_the_first_write_without_a_down_or_without_a_file() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        let irreversible = REVISIONS[1].1.split("-- migrate: down").next().expect("a beginning").to_owned();
        site.sandbox.write("migrations/002_bio.sql", irreversible);
        let ran = site.call(&["redo", "001"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0212]: revision `002` is irreversible"), "{ran:?}");
        site.sandbox.write("migrations/002_bio.sql", REVISIONS[1].1);
        std::fs::remove_file(site.sandbox.path().join("migrations/003_seen.sql")).expect("it is there");
        let ran = site.call(&["redo"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0704]"), "{ran:?}");
        let unwritten = format!("{}-- migrate: up\n", "-- revision: 003\n-- parents: 002\n\n");
        site.sandbox.write("migrations/003_seen.sql", unwritten + "\n-- migrate: down\nDROP VIEW seen;\n");
        let ran = site.call(&["redo"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0210]"), "{ran:?}");
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "3");
        assert_eq!(site.query("SELECT count(*) FROM seen"), "0");
    });
}

#[test]
fn a_redo_that_fails_on_the_way_up_leaves_what_it_undid_pending() {
    on_every_engine(&REVISIONS[..2], |site| {
        site.must(&["upgrade"]);
        site.sandbox
            .write("migrations/002_bio.sql", REVISIONS[1].1.replace("ALTER TABLE users ADD", "ALTER TABLE nobody ADD"));
        let ran = site.call(&["redo"]);
        assert_eq!(ran.code, 1);
        assert!(ran.stderr.contains("1 of 2 revisions were done before that"), "{ran:?}");
        site.sandbox.write("migrations/002_bio.sql", REVISIONS[1].1);
        assert_eq!(site.must(&["upgrade"]).stdout.lines().last(), Some("now at 002"));
    });
}

#[test]
fn redo_asks_on_a_terminal_before_it_destroys_data() {
    on_every_engine(&REVISIONS[..2], |site| {
        site.must(&["upgrade"]);
        let url = site.url();
        let ran = site.sandbox.migrate_on_a_terminal(&["redo", "--database-url", &url], "n\n");
        assert!(ran.code == 1 && ran.stdout.contains("redo 1 revision? [y/N]"), "{ran:?}");
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "2");
    });
}
