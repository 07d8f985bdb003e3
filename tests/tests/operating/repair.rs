//! `repair`: reviewed changes of what the history remembers, shown first, with a reason in the log.

use insta::assert_snapshot;

use super::site::{REVISIONS, Site, on_every_engine};

const REASON: &str = "a comment in the seed, reviewed by Bob";

/// Everything is applied, then one file is edited and the last one is lost.
fn edited_and_vanished(site: &Site) {
    site.must(&["upgrade"]);
    site.sandbox.write("migrations/002_bio.sql", REVISIONS[1].1.replace("bio TEXT", "bio  VARCHAR(9)"));
    std::fs::remove_file(site.sandbox.path().join("migrations/003_seen.sql")).expect("it is there");
}

#[test]
fn repair_shows_what_it_would_do_and_does_nothing_without_a_yes() {
    on_every_engine(&REVISIONS, |site| {
        edited_and_vanished(site);
        let before = site.query("SELECT concat(id, up_checksum) FROM migrate_history ORDER BY id");
        let ran = site.call(&["repair", "--reason", REASON]);
        assert_eq!(ran.code, 1);
        assert_snapshot!(site.shown(&ran.stderr), @r"
        target: [DATABASE] (from --database-url)
        accept the change of 002:
          `up` at migrations/002_bio.sql:4
            ran v1:1acf3cf9cec2650a0face052f9c49a7f5056375a5216a86f463f9efe2ff37802
            is  v1:a6f234164c1a7d08af288bbce8b3add21bf321ddd6ec401933a2e3b21937b303
        forget 003, seen, which is not here; its `down`, which is forgotten with it:
          -- migrate: down
          DROP VIEW seen;
        warning: the database has revisions that are not here: 003; it is ahead of these files
        warning: the `up` of `002` was edited after it was applied (migrations/002_bio.sql:4)
        plan: repair 2 revisions, 003 -> 002
          ~ 002  bio
          - 003  seen
        error[M0703]: `repair` of 2 revisions needs a yes
          why: what the history remembers is changed for good, and without a terminal nobody can be asked
         help: look at the plan with `--dry-run`; `--yes` says that it is meant
        the database is as it was before: at 003
        ");
        let dry = site.must(&["repair", "--dry-run"]);
        assert_eq!(dry.stdout, "plan: repair 2 revisions, 003 -> 002\n  ~ 002  bio\n  - 003  seen\n");
        assert_eq!(site.query("SELECT concat(id, up_checksum) FROM migrate_history ORDER BY id"), before);
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "3");
    });
}

#[test]
fn repair_accepts_what_was_edited_and_forgets_what_is_gone_with_the_reason_in_the_log() {
    on_every_engine(&REVISIONS, |site| {
        edited_and_vanished(site);
        assert_eq!(site.call(&["upgrade"]).code, 5);
        let ran = site.must(&["repair", "--reason", REASON, "--yes"]);
        assert_eq!(ran.stdout, "~ 002 bio\n- 003 seen\nnow at 002\n");
        assert_eq!(site.must(&["upgrade"]).stdout, "nothing to upgrade: at 002\n");
        assert_eq!(site.must(&["check"]).stdout.matches("FAILED").count(), 0);
        let log = site.must(&["audit", "--action", "repair", "--format", "json"]).json();
        let notes: Vec<&str> =
            log["log"].as_array().expect("a list").iter().filter_map(|e| e["note"].as_str()).collect();
        assert_eq!(
            notes,
            [
                format!("forgot a revision without a file: {REASON}"),
                format!("took the edited file for what ran: {REASON}")
            ]
        );
        assert_eq!(log["log"][0]["run_id"], log["log"][1]["run_id"]);
        // What was forgotten is still there, and nobody else takes it away.
        site.execute("DROP VIEW seen");
        assert_eq!(site.must(&["downgrade", "base"]).stdout.lines().last(), Some("now at base"));
    });
}

#[test]
fn repair_of_named_revisions_leaves_the_others() {
    on_every_engine(&REVISIONS, |site| {
        edited_and_vanished(site);
        assert_eq!(site.must(&["repair", "003", "--reason", "gone", "-y"]).stdout, "- 003 seen\nnow at 002\n");
        assert_eq!(site.call(&["upgrade"]).code, 5);
        for sound in ["001", "base", "nowhere"] {
            let ran = site.call(&["repair", sound, "--reason", "x", "-y"]);
            assert!(ran.code == 1 || ran.stdout.starts_with("nothing to repair"), "{sound}: {ran:?}");
        }
        assert_eq!(site.must(&["repair", "002", "--reason", "reviewed", "-y"]).stdout, "~ 002 bio\nnow at 002\n");
        assert_eq!(site.must(&["repair", "--reason", "x"]).stdout, "nothing to repair: at 002\n");
    });
}

#[test]
fn repair_without_a_reason_is_a_usage_error() {
    on_every_engine(&REVISIONS[..1], |site| {
        for arguments in [&["repair", "-y"][..], &["repair", "--reason", " ", "-y"]] {
            assert_eq!(site.call(arguments).code, 2, "{arguments:?}");
        }
    });
}

#[test]
fn repair_asks_on_a_terminal() {
    on_every_engine(&REVISIONS, |site| {
        edited_and_vanished(site);
        let url = site.url();
        let answer = |typed: &str| {
            site.sandbox.migrate_on_a_terminal(&["repair", "--reason", "x", "--database-url", &url], typed)
        };
        let no = answer("n\n");
        assert!(no.code == 1 && no.stdout.contains("repair 2 revisions? [y/N]"), "{no:?}");
        assert_eq!(answer("y\n").code, 0);
    });
}

#[test]
fn what_is_forgotten_cannot_be_forgotten_again() {
    on_every_engine(&REVISIONS, |site| {
        edited_and_vanished(site);
        site.must(&["repair", "003", "--reason", "x", "-y"]);
        let again = site.call(&["repair", "003", "--reason", "x", "-y"]);
        assert!(again.code == 1 && again.stderr.contains("error[M0202]"), "{again:?}");
    });
}
