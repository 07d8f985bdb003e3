//! `rebase`: whole branches of drafts, the plan, and what a database at hand says.

use insta::assert_snapshot;
use migrate_tests::command::{Ran, Sandbox};

fn file(id: &str, parents: &str) -> String {
    format!(
        "-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\nCREATE TABLE t_{id} (x INTEGER);\n\n\
         -- migrate: down\nDROP TABLE t_{id};\n"
    )
}

/// A folder with these revisions: `(id, parents)`.
fn project(revisions: &[(&str, &str)]) -> Sandbox {
    let files: Vec<(String, String)> =
        revisions.iter().enumerate().map(|(at, (id, parents))| (format!("{at}_{id}.sql"), file(id, parents))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    Sandbox::with_revisions(&files)
}

/// `id parents` of every revision.
fn graph(sandbox: &Sandbox) -> String {
    let history = done(sandbox.migrate(&["history", "--format", "json"])).json();
    let line = |entry: &serde_json::Value| {
        let parents: Vec<&str> = entry["parents"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
        format!("{} <- {}", parents.join(" "), entry["revision"].as_str().unwrap())
    };
    let mut lines: Vec<String> = history["history"].as_array().unwrap().iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn done(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    ran
}

#[test]
fn branches_go_one_behind_the_other_in_the_order_in_which_they_are_named() {
    let sandbox =
        project(&[("root", "none"), ("aaa", "root"), ("b1", "root"), ("b2", "b1"), ("c1", "root"), ("c2", "c1")]);
    let ran = done(sandbox.migrate(&["rebase", "c2", "b1", "--onto", "aaa"]));
    assert_snapshot!(ran.transcript(), @r"
    --- stdout
    migrations/4_c1.sql: `c1` now follows aaa
    migrations/2_b1.sql: `b1` now follows c2
    --- stderr
    plan: rebase, 2 files
      c1: root -> aaa  migrations/4_c1.sql
      b1: root -> c2  migrations/2_b1.sql
    no database was asked whether they are applied (no database URL was given); migrate.lock has them as drafts
    exit 0
    ");
    assert_snapshot!(graph(&sandbox), @r"
     <- root
    aaa <- c1
    b1 <- b2
    c1 <- c2
    c2 <- b1
    root <- aaa
    ");
    let again = done(sandbox.migrate(&["rebase", "c1", "--onto", "aaa"]));
    assert_eq!(again.stdout, "nothing to do: they stand there already\n");
}

#[test]
fn a_branch_with_two_beginnings_moves_whole_and_forgets_what_it_merged() {
    // The draft branch `d1`, `e1` was joined by `m`, which had merged an earlier state of the other side too.
    let sandbox = project(&[
        ("root", "none"),
        ("aaa", "root"),
        ("bbb", "aaa"),
        ("d1", "root"),
        ("e1", "root"),
        ("m", "d1, e1, aaa"),
        ("top", "m"),
    ]);
    done(sandbox.migrate(&["rebase", "top"]));
    assert_snapshot!(graph(&sandbox), @r"
     <- root
    aaa <- bbb
    bbb <- d1
    bbb <- e1
    d1 e1 <- m
    m <- top
    root <- aaa
    ");
    done(sandbox.migrate(&["check", "--fix"]));
}

#[test]
fn what_cannot_be_put_in_a_line_is_refused_before_a_file_changes() {
    let sandbox = project(&[
        ("root", "none"),
        ("aaa", "root"),
        ("b1", "root"),
        ("b2", "b1"),
        ("b3", "b1"),
        ("c1", "root"),
        ("join", "b2, c1"),
    ]);
    let before = graph(&sandbox);
    for (arguments, why) in [
        (&["rebase", "b1", "c1", "--onto", "aaa"][..], "its branch is joined to the one before it by `join`"),
        (&["rebase", "root"], "there is no other head to put `root` behind"),
        (&["rebase", "aaa", "--onto", "b3"], ""),
        (&["rebase", "nowhere"], "M0202"),
        (&["rebase", "b1", "--onto", "b2"], "`b2` needs it already"),
        (&["rebase", "b1", "--onto", "b1"], "it cannot stand on itself"),
        (&["rebase", "heads"], "M0209"),
        (&["rebase"], "required"),
    ] {
        let ran = sandbox.migrate(&[arguments, &["--dry-run"]].concat());
        match why {
            "" => assert_eq!(ran.code, 0, "{ran:?}"),
            why => assert!(ran.code != 0 && ran.stderr.contains(why), "{arguments:?}: {}", ran.transcript()),
        }
    }
    assert_eq!(graph(&sandbox), before);
}

#[test]
fn a_branch_with_two_heads_has_nothing_behind_it() {
    let sandbox =
        project(&[("root", "none"), ("aaa", "root"), ("b1", "root"), ("b2", "b1"), ("b3", "b1"), ("c1", "root")]);
    let ran = sandbox.migrate(&["rebase", "b1", "c1", "--onto", "aaa"]);
    assert!(ran.stderr.contains("the branch before it has several heads"), "{}", ran.transcript());
    done(sandbox.migrate(&["rebase", "c1", "b1", "--onto", "aaa"]));
}

#[test]
fn a_dry_run_shows_the_plan_and_writes_nothing() {
    let sandbox = project(&[("root", "none"), ("aaa", "root"), ("b1", "root")]);
    let ran = done(sandbox.migrate(&["rebase", "b1", "--dry-run"]));
    assert_eq!(ran.stdout, "migrations/2_b1.sql: `b1` would follow aaa\n");
    assert!(graph(&sandbox).contains("root <- b1"));
    assert!(!sandbox.list("migrations").contains(&"migrate.lock".to_owned()));
}

#[test]
fn a_database_at_hand_is_asked_whether_they_have_run() {
    let sandbox = project(&[("root", "none"), ("b1", "root"), ("b2", "b1")]);
    let on = ["--database-url", "sqlite://app.db"];
    let with = |arguments: &[&str]| sandbox.migrate(&[arguments, &on].concat());
    done(with(&["upgrade", "b1"]));
    sandbox.write("migrations/9_aaa.sql", file("aaa", "root"));
    let refused = with(&["rebase", "b2"]);
    assert_snapshot!(refused.transcript().replace(&*sandbox.path().to_string_lossy(), "[FOLDER]"), @r"
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    plan: rebase, 1 file
      b1: root -> aaa  migrations/1_b1.sql
    error[M0217]: `b1` has run on this database
      --> migrations/1_b1.sql:1
      why: databases that ran them where they stood would differ in order from those that come later
     help: undo them there first with `downgrade`, or, where only development databases have run them, add `--yes`: they stay applied, and `upgrade` runs what was put before them
    exit 1
    ");
    assert!(graph(&sandbox).contains("root <- b1"), "nothing is written");

    let json = done(with(&["rebase", "b2", "--yes", "--format", "json"])).json();
    assert_eq!(json["applied"], serde_json::json!(["b1"]));
    assert_eq!(json["rebased"][0]["parents"], serde_json::json!(["aaa"]));
    let upgraded = done(with(&["upgrade"]));
    assert!(upgraded.stdout.starts_with("+ aaa"), "{upgraded:?}");
}

#[test]
fn a_database_that_does_not_answer_is_no_reason_not_to_mend_files() {
    let sandbox = project(&[("root", "none"), ("aaa", "root"), ("b1", "root")]);
    let url = "postgres://nobody@127.0.0.1:1/none";
    let named = sandbox.migrate(&["rebase", "b1", "--database-url", url]);
    assert_eq!(named.code, 7, "{}", named.transcript());
    let mut command = sandbox.command(&["rebase", "b1"]);
    let ran = done(command.env("DATABASE_URL", url).output().expect("it runs").into());
    assert!(ran.stderr.contains("no database was asked whether they are applied (it did not answer"), "{ran:?}");
}

#[test]
fn a_duplicate_that_has_run_keeps_its_id() {
    let sandbox = project(&[("root", "none"), ("b1", "root")]);
    let on = ["--database-url", "sqlite://app.db"];
    done(sandbox.migrate(&[&["upgrade"][..], &on].concat()));
    sandbox.write("migrations/9_b1.sql", file("b1", "root").replace("t_b1", "other"));
    let theirs = sandbox.migrate(&[&["rebase", "migrations/1_b1.sql"][..], &on].concat());
    assert!(
        theirs.code == 1 && theirs.stderr.contains("with another id it would run a second time"),
        "{}",
        theirs.transcript()
    );
    assert!(theirs.stderr.contains("`cargo migrate rebase migrations/9_b1.sql`"), "{}", theirs.transcript());
    done(sandbox.migrate(&[&["rebase", "migrations/9_b1.sql"][..], &on].concat()));
    done(sandbox.migrate(&[&["upgrade"][..], &on].concat()));
}

#[test]
fn a_merge_takes_a_message_labels_and_an_id() {
    let sandbox = project(&[("root", "none"), ("aaa", "root"), ("b1", "root"), ("c1", "root")]);
    let ran = done(sandbox.migrate(&[
        "merge",
        "heads",
        "-m",
        "all of them",
        "--label",
        "joined",
        "--branch-label",
        "v2",
        "--rev-id",
        "m1",
    ]));
    let text = sandbox.read(ran.stdout.trim());
    let header: Vec<&str> = text.lines().filter(|line| !line.starts_with("-- created")).take(4).collect();
    assert_eq!(
        header,
        ["-- revision: m1", "-- parents: aaa, b1, c1", "-- title: all of them", "-- labels: joined, v2"]
    );
    assert_eq!(
        done(sandbox.migrate(&["show", "joined@head"])).stdout.lines().next(),
        Some("revision: m1 (joined, v2, head, merge point)")
    );
    for (arguments, why) in [
        (&["merge", "aaa", "b1", "--rev-id", "m1"][..], "M0101"),
        (&["merge", "aaa", "b1", "--label", "joined"], "M0106"),
        (&["merge", "aaa", "b1", "--label", "c1"], "M0106"),
        (&["merge", "root", "m1"], "`root` is an ancestor of `m1`"),
        (&["merge", "aaa", "b1", "-m", " "], "the title is empty"),
        (&["merge"], "there is one head, `m1`"),
        (&["merge", "m1"], "there is one head, `m1`"),
        (&["merge", "b1"], "`b1` alone is nothing to merge"),
    ] {
        let ran = sandbox.migrate(arguments);
        assert!(ran.code != 0 && ran.stderr.contains(why), "{arguments:?}: {}", ran.transcript());
    }
}
