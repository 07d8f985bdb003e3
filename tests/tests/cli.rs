//! The command line as its users meet it: what it prints where, and how it ends.

use insta::assert_snapshot;
use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::postgres::engine_or_skip;

const SQLITE: [&str; 2] = ["--database-url", "sqlite://app.db"];

fn on_sqlite(sandbox: &Sandbox, arguments: &[&str]) -> Ran {
    sandbox.migrate(&[&SQLITE, arguments].concat())
}

/// The transcript with what differs from run to run left out.
fn shown(sandbox: &Sandbox, ran: &Ran) -> String {
    let text = ran.transcript().replace(&*sandbox.path().canonicalize().expect("a path").to_string_lossy(), "[FOLDER]");
    let text = text.replace(&*sandbox.path().to_string_lossy(), "[FOLDER]");
    without_times(&text)
}

/// `(12 ms)` becomes `([..] ms)`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        match (line.rfind(" ("), line.ends_with(" ms)")) {
            (Some(at), true) => out.push_str(&format!("{} ([..] ms)\n", &line[..at])),
            _ => out.push_str(&format!("{line}\n")),
        }
    }
    out
}

fn chain() -> Sandbox {
    Sandbox::with_revisions(&[
        (
            "001_users.sql",
            "-- revision: 001\n-- parents: none\n-- title: create users\n\n-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n\n-- migrate: down\nDROP TABLE users;\n",
        ),
        (
            "002_bio.sql",
            "-- revision: 002\n-- parents: 001\n-- title: add bio\n\n-- Why there is a bio.\n\n-- migrate: up\nALTER TABLE users ADD COLUMN bio TEXT;\n\n-- migrate: down\nALTER TABLE users DROP COLUMN bio;\n",
        ),
        (
            "003_posts.sql",
            "-- revision: 003\n-- parents: 002\n-- title: create posts\n\n-- migrate: up\nCREATE TABLE posts (id INTEGER PRIMARY KEY);\n\n-- migrate: irreversible posts are for ever\n",
        ),
    ])
}

fn branches() -> Sandbox {
    let file = |id: &str, parents: &str, more: &str| {
        format!(
            "-- revision: {id}\n-- parents: {parents}\n{more}\n-- migrate: up\nCREATE TABLE {id} (x INT);\n\n-- migrate: down\nDROP TABLE {id};\n"
        )
    };
    let (base, left, right) =
        (file("base1", "none", ""), file("left1", "base1", "-- labels: billing\n"), file("right1", "base1", ""));
    Sandbox::with_revisions(&[("1_base1.sql", &base), ("2_left1.sql", &left), ("2_right1.sql", &right)])
}

#[test]
fn from_an_empty_folder_to_an_applied_revision_with_nothing_but_the_url() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.migrate(&["init"]).code, 0);
    let new = sandbox.migrate(&["new", "create users"]);
    assert_eq!(new.code, 0, "{new:?}");
    let file = new.stdout.trim();
    let text = sandbox
        .read(file)
        .replace("-- migrate: up\n", "-- migrate: up\nCREATE TABLE users (id INTEGER PRIMARY KEY);\n");
    sandbox.write(file, text.replace("-- migrate: down\n", "-- migrate: down\nDROP TABLE users;\n"));
    let upgraded = on_sqlite(&sandbox, &["upgrade"]);
    assert_eq!(upgraded.code, 0, "{upgraded:?}");
    assert!(sandbox.path().join("app.db").exists());
    assert!(on_sqlite(&sandbox, &["upgrade"]).stdout.starts_with("nothing to upgrade: at "));
}

#[test]
fn init_writes_its_files_once_and_says_what_it_did() {
    let sandbox = Sandbox::new();
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["init"])), @r#"
    --- stdout
    created migrations
    created migrations/.gitattributes
    created migrations/README.md
    created migrations/migrate.lock
    --- stderr
    next: cargo migrate new "create users"
    exit 0
    "#);
    assert_eq!(sandbox.list("migrations"), [".gitattributes", "README.md", "migrate.lock"]);
    assert_eq!(sandbox.read("migrations/.gitattributes"), "migrate.lock merge=union\n");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["init"])), @r#"
    --- stdout
    nothing to do: migrations is ready
    --- stderr
    next: cargo migrate new "create users"
    exit 0
    "#);
}

#[test]
fn upgrade_prints_the_plan_to_standard_error_and_the_result_to_standard_output() {
    let sandbox = chain();
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stdout
    + 001 create users ([..] ms)
    + 002 add bio ([..] ms)
    + 003 create posts ([..] ms)
    now at 003
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    plan: upgrade 3 revisions, base -> 003
      + 001  create users
      + 002  add bio
      + 003  create posts
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stdout
    nothing to upgrade: at 003
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    exit 0
    ");
}

#[test]
fn targets_work_as_written() {
    let sandbox = chain();
    for (arguments, at) in [
        (&["upgrade", "+1"][..], "001"),
        (&["up", "002"], "002"),
        (&["downgrade", "-1"], "001"),
        (&["downgrade", "--", "-1"], "base"),
        (&["upgrade", "002"], "002"),
        (&["downgrade"], "001"),
        (&["down", "base"], "base"),
        (&["upgrade", "head-1"], "002"),
    ] {
        let ran = on_sqlite(&sandbox, arguments);
        assert_eq!(ran.stdout.lines().last(), Some(&*format!("now at {at}")), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_dry_run_shows_the_plan_and_creates_nothing() {
    let sandbox = chain();
    let ran = on_sqlite(&sandbox, &["upgrade", "--dry-run"]);
    assert_snapshot!(shown(&sandbox, &ran), @r"
    --- stdout
    plan: upgrade 3 revisions, base -> 003
      + 001  create users
      + 002  add bio
      + 003  create posts
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    exit 0
    ");
    let ran = on_sqlite(&sandbox, &["upgrade", "+1", "--dry-run", "--format", "json"]);
    assert_snapshot!(ran.stdout, @r#"{"format":1,"plan":[{"revision":"001","direction":"up","title":"create users"}],"heads_before":[],"heads_after":["001"]}"#);
    assert!(!sandbox.path().join("app.db").exists());
}

#[test]
fn looking_at_a_database_that_is_not_there_creates_nothing() {
    let sandbox = chain();
    for arguments in [
        &["current"][..],
        &["status"],
        &["history", "--applied"],
        &["check"],
        &["downgrade", "base"],
        &["show", "current"],
    ] {
        on_sqlite(&sandbox, arguments);
        assert!(!sandbox.path().join("app.db").exists(), "{arguments:?}");
    }
}

#[test]
fn an_upgrade_that_is_refused_creates_no_file() {
    let sandbox = Sandbox::with_revisions(&[("1.sql", "-- revision: 1\n-- parents: none\n\n-- migrate: up\n")]);
    for arguments in [&["upgrade"][..], &["upgrade", "nowhere"], &["stamp", "nowhere"]] {
        assert_eq!(on_sqlite(&sandbox, arguments).code, 1, "{arguments:?}");
        assert!(!sandbox.path().join("app.db").exists(), "{arguments:?}");
    }
}

#[test]
fn the_looking_verbs() {
    let sandbox = chain();
    on_sqlite(&sandbox, &["upgrade", "002"]);
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["current"])), @r"
    --- stdout
    002  add bio
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["heads"])), @r"
    --- stdout
    003  create posts
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["history"])), @r"
    --- stdout
    002 -> 003 (head), create posts
    001 -> 002, add bio
    <base> -> 001, create users
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["history", "-r", "-1:", "-v"])), @r"
    --- stdout
    002 -> 003 (head), create posts
    001 -> 002, add bio
        Why there is a bio.
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["history", "-r", "current:"])), @r"
    --- stdout
    ○ 002 -> 003 (head), create posts
    ● 001 -> 002, add bio
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["show", "002"])), @r"
    --- stdout
    revision: 002
    parents:  001
    title:    add bio
    file:     migrations/002_bio.sql

    Why there is a bio.

    up:
    ALTER TABLE users ADD COLUMN bio TEXT;

    down:
    ALTER TABLE users DROP COLUMN bio;
    exit 0
    ");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["show", "head"])), @r"
    --- stdout
    revision: 003 (head)
    parents:  002
    title:    create posts
    file:     migrations/003_posts.sql

    up:
    CREATE TABLE posts (id INTEGER PRIMARY KEY);

    irreversible: posts are for ever
    exit 0
    ");
    let status = on_sqlite(&sandbox, &["status"]);
    assert!(
        status.stdout.starts_with("head:     003\ncurrent:  002\napplied:  2\npending:  1\n  + 003  create posts\n"),
        "{status:?}"
    );
}

#[test]
fn an_irreversible_revision_is_refused_with_its_reason() {
    let sandbox = chain();
    on_sqlite(&sandbox, &["upgrade"]);
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["downgrade"])), @r"
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    error[M0212]: revision `003` is irreversible: posts are for ever
      --> migrations/003_posts.sql:1
      why: the file has no `down` section
     help: restore a backup, or write a `-- migrate: down` section that undoes it
    exit 1
    ");
}

#[test]
fn a_failing_statement_is_shown_with_its_place_and_the_state_of_the_database() {
    let sandbox = chain();
    sandbox.write(
        "migrations/002_bio.sql",
        "-- revision: 002\n-- parents: 001\n\n-- migrate: up\nCREATE TABLE fine (x INT);\nALTER TABLE nowhere\n    ADD COLUMN bio TEXT;\n\n-- migrate: down\nDROP TABLE fine;\n",
    );
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    plan: upgrade 3 revisions, base -> 003
      + 001  create users
      + 002  bio
      + 003  create posts
    error[M0401]: up of `002` failed: no such table: nowhere
      --> migrations/002_bio.sql:6:1
     note: in: ALTER TABLE nowhere
     note: this revision was rolled back, nothing of it remains
     help: mend the statement and run it again: the revision is not applied
    1 of 3 revisions were done before that and are committed: the database is at 001
    exit 1
    ");
    let json = on_sqlite(&sandbox, &["upgrade", "--format", "json"]);
    assert_eq!(json.code, 1);
    assert_eq!(json.json()["error"]["place"]["line"], 6);
    assert_eq!(json.json()["exit_code"], 1);
}

#[test]
fn an_edited_revision_stops_upgrade_and_check_with_5_but_not_downgrade() {
    let sandbox = chain();
    on_sqlite(&sandbox, &["upgrade", "002"]);
    let text = sandbox.read("migrations/002_bio.sql");
    sandbox.write("migrations/002_bio.sql", text.replace("bio TEXT", "bio VARCHAR"));
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    error[M0215]: the `up` of `002` was edited after it was applied
      --> migrations/002_bio.sql:7
      why: this database ran another text, so new and old databases would differ
     help: undo the edit and put the change into a new revision: `cargo migrate new`
    exit 5
    ");
    sandbox.migrate(&["check", "--fix"]);
    assert_eq!(on_sqlite(&sandbox, &["check"]).code, 5);
    assert_eq!(on_sqlite(&sandbox, &["current"]).code, 0);
    assert_eq!(on_sqlite(&sandbox, &["downgrade"]).code, 0);
    assert_eq!(on_sqlite(&sandbox, &["upgrade"]).code, 0);
}

#[test]
fn check_says_what_it_checked_and_what_it_did_not_and_why() {
    let sandbox = chain();
    sandbox.migrate(&["init"]);
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["check"])), @r"
    --- stdout
    ok      files        3 revisions, no stray files
    ok      graph        3 revisions: ids, parents, labels, no cycles
    ok      heads        003
    ok      sections     every section is written
    ok      lock         migrate.lock is up to date
    ok      sealed       0 sealed, none changed
    -       since        not checked: no `--since <git ref>` was given
    -       drift        not checked: no database URL was given
    -       unknown      not checked: no database URL was given
    -       interrupted  not checked: no database URL was given
    -       runnable     not checked: no database URL was given
    -       pending      not checked: no database URL was given
    -       schema       not checked: no database URL was given
    exit 0
    ");
    assert_eq!(on_sqlite(&sandbox, &["check"]).code, 3);
    on_sqlite(&sandbox, &["upgrade"]);
    assert_eq!(on_sqlite(&sandbox, &["check"]).code, 0);
    let json = sandbox.migrate(&["check", "--format", "json"]).json();
    assert_eq!(json["exit_code"], 0);
    assert_eq!(json["checks"][0]["check"], "files");
}

#[test]
fn check_refuses_sections_that_cannot_run() {
    let sandbox = chain();
    let text = sandbox.read("migrations/001_users.sql");
    sandbox.write("migrations/001_users.sql", text.replace("CREATE TABLE users (id INTEGER PRIMARY KEY);", ""));
    sandbox.migrate(&["check", "--fix"]);
    let ran = sandbox.migrate(&["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[M0210]"), "{ran:?}");
    sandbox.write("migrations/001_users.sql", text.replace("-- migrate: up\n", "-- migrate: up postgres\n"));
    sandbox.migrate(&["check", "--fix"]);
    assert_eq!(sandbox.migrate(&["check"]).code, 0);
    let ran = on_sqlite(&sandbox, &["check"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stdout.contains("FAILED  runnable") && ran.stderr.contains("error[M0211]"), "{ran:?}");
}

#[test]
fn check_ends_with_the_gravest_of_what_it_found() {
    let sandbox = branches();
    sandbox.migrate(&["check", "--fix"]);
    assert_eq!(sandbox.migrate(&["check"]).code, 4);
    sandbox.write("migrations/notes.txt", "x");
    assert_snapshot!(shown(&sandbox, &sandbox.migrate(&["check"])), @r"
    --- stdout
    FAILED  files        1 problem
    -       graph        not checked: the files must be readable first
    -       heads        not checked: the files must be readable first
    -       sections     not checked: the files must be readable first
    -       lock         not checked: the files must be readable first
    -       sealed       not checked: the files must be readable first
    -       since        not checked: the files must be readable first
    -       drift        not checked: the files must be readable first
    -       unknown      not checked: the files must be readable first
    -       interrupted  not checked: the files must be readable first
    -       runnable     not checked: the files must be readable first
    -       pending      not checked: the files must be readable first
    -       schema       not checked: the files must be readable first
    --- stderr
    error[M0017]: `notes.txt` is not a revision
      --> migrations/notes.txt:1
      why: a file that is skipped silently may be one that was meant to run
     help: move it out of the folder; a revision's name ends in `.sql`
    exit 1
    ");
}

#[test]
fn check_since_refuses_edits_of_what_was_merged() {
    let sandbox = chain();
    sandbox.migrate(&["init"]);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
        assert_eq!(sandbox.run("git", &[&identity[..], arguments].concat()).code, 0, "git {arguments:?}");
    };
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    git(&["commit", "--quiet", "-m", "base"]);
    assert_eq!(sandbox.migrate(&["check", "--since", "HEAD"]).code, 0);
    let text = sandbox.read("migrations/001_users.sql");
    sandbox.write("migrations/001_users.sql", text.clone() + "-- a comment changes nothing\n");
    assert_eq!(sandbox.migrate(&["check", "--since", "HEAD"]).code, 0);
    sandbox.write("migrations/001_users.sql", text.replace("users (id", "people (id"));
    std::fs::remove_file(sandbox.path().join("migrations/003_posts.sql")).expect("the file is there");
    sandbox.migrate(&["check", "--fix"]);
    let ran = sandbox.migrate(&["check", "--since", "HEAD"]);
    assert_snapshot!(shown(&sandbox, &ran), @r"
    --- stdout
    ok      files        2 revisions, no stray files
    ok      graph        2 revisions: ids, parents, labels, no cycles
    ok      heads        002
    ok      sections     every section is written
    ok      lock         migrate.lock is up to date
    ok      sealed       0 sealed, none changed
    FAILED  since        2 problems
    -       drift        not checked: no database URL was given
    -       unknown      not checked: no database URL was given
    -       interrupted  not checked: no database URL was given
    -       runnable     not checked: no database URL was given
    -       pending      not checked: no database URL was given
    -       schema       not checked: no database URL was given
    --- stderr
    error[M0304]: revision `001` differs from the one at HEAD
      --> migrations/001_users.sql:1
      why: what was merged may be in databases already, so it must stay what it is
     help: undo the edit, and put the change into a new revision: `cargo migrate new`
    error[M0303]: revision `003` of HEAD is gone
      --> migrations/003_posts.sql:1
      why: what was merged may be in databases already, so it must stay what it is
     help: restore its file from version control
    exit 1
    ");
    let ran = sandbox.migrate(&["check", "--since", "nowhere"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[M0605]"), "{ran:?}");
}

#[test]
fn several_heads_are_refused_with_4_where_one_is_needed() {
    let sandbox = branches();
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stderr
    target: sqlite [FOLDER]/app.db (from --database-url)
    error[M0103]: `head` is ambiguous
      --> migrations/2_right1.sql:1
     also: migrations/2_left1.sql:1
      why: nothing revises `left1` or `right1`, so there are 2 heads
     help: put your own behind the other, such as `cargo migrate rebase right1`, or join them: `cargo migrate merge left1 right1`
    exit 4
    ");
    assert_eq!(on_sqlite(&sandbox, &["upgrade", "heads"]).code, 0);
    assert_eq!(on_sqlite(&sandbox, &["downgrade"]).code, 4);
    assert_eq!(on_sqlite(&sandbox, &["downgrade", "billing@-1"]).code, 0);
    let new = sandbox.migrate(&["new", "third"]);
    assert_eq!(new.code, 4);
    assert!(new.stderr.contains("--parent"), "{new:?}");
    assert_eq!(sandbox.migrate(&["new", "third", "--parent", "left"]).code, 0);
}

#[test]
fn merge_and_rebase_refuse_what_makes_no_sense() {
    let sandbox = branches();
    for arguments in
        [&["merge", "left1"][..], &["merge", "base1", "left1"], &["rebase", "base1"], &["merge", "nowhere", "left1"]]
    {
        let ran = sandbox.migrate(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(" help: "), "{arguments:?}: {ran:?}");
    }
    assert_eq!(sandbox.migrate(&["seal", "right1"]).code, 0);
    let sealed = sandbox.migrate(&["rebase", "right1"]);
    assert!(sealed.stderr.contains("it is sealed"), "{sealed:?}");
    assert_eq!(sandbox.migrate(&["rebase", "left1"]).code, 0);
    assert_eq!(sandbox.migrate(&["heads"]).stdout, "left1 (billing)  left1\n");
}

#[test]
fn stamp_records_without_running_and_purge_forgets_unknown_revisions() {
    let sandbox = chain();
    assert_eq!(on_sqlite(&sandbox, &["stamp", "002"]).stdout, "+ 001 create users\n+ 002 add bio\nnow at 002\n");
    assert_eq!(on_sqlite(&sandbox, &["current", "-v"]).stdout.lines().count(), 2);
    std::fs::remove_file(sandbox.path().join("migrations/002_bio.sql")).expect("the file is there");
    std::fs::remove_file(sandbox.path().join("migrations/003_posts.sql")).expect("the file is there");
    let current = on_sqlite(&sandbox, &["current"]);
    assert_eq!(current.stdout, "002 (not here)  add bio\n");
    assert_eq!(on_sqlite(&sandbox, &["stamp", "001", "--purge"]).code, 0);
    assert_eq!(on_sqlite(&sandbox, &["current"]).stdout, "001 (head)  create users\n");
}

#[test]
fn locked_refuses_to_write_files() {
    let sandbox = chain();
    let before = sandbox.list("migrations");
    for arguments in [&["new", "x"][..], &["init"], &["merge"], &["seal"], &["rebase", "001"], &["check", "--fix"]] {
        let ran = sandbox.migrate(&[arguments, &["--locked"]].concat());
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("error[M0603]"), "{arguments:?}: {ran:?}");
    }
    assert_eq!(sandbox.list("migrations"), before);
    assert_eq!(sandbox.migrate(&["check", "--locked"]).code, 0);
}

#[test]
fn no_verb_that_writes_goes_on_over_a_broken_seal() {
    let sandbox = chain();
    assert_eq!(sandbox.migrate(&["seal"]).code, 0);
    let lock = sandbox.read("migrations/migrate.lock");
    let text = sandbox.read("migrations/001_users.sql");
    sandbox.write("migrations/001_users.sql", text.replace("users (id", "people (id"));
    for arguments in
        [&["new", "x"][..], &["seal"], &["check", "--fix"], &["upgrade", "--database-url", "sqlite://app.db"]]
    {
        let ran = sandbox.migrate(arguments);
        assert_eq!(ran.code, 1, "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains("error[M0304]"), "{arguments:?}: {ran:?}");
    }
    assert_eq!(sandbox.read("migrations/migrate.lock"), lock);
    assert!(!sandbox.path().join("app.db").exists());
}

#[test]
fn words_of_other_tools_are_answered_with_ours() {
    let sandbox = Sandbox::new();
    for (theirs, ours) in [
        ("run", "upgrade"),
        ("add", "new"),
        ("revert", "downgrade"),
        ("generate", "new"),
        ("info", "status"),
        ("list", "history"),
        ("fresh", "database reset"),
    ] {
        let ran = sandbox.migrate(&[theirs]);
        assert_eq!(ran.code, 2);
        assert!(ran.stderr.contains(&format!("cargo migrate {ours}")), "{ran:?}");
    }
    assert!(sandbox.migrate(&["refresh"]).stderr.contains("redo base"));
}

#[test]
fn usage_errors_end_with_2_and_are_json_when_json_is_asked_for() {
    let sandbox = chain();
    for arguments in
        [&["upgrade", "--nonsense"][..], &["frobnicate"], &["show", "--format", "yaml"], &["stamp"], &["upgrade"]]
    {
        assert_eq!(sandbox.migrate(arguments).code, 2, "{arguments:?}");
    }
    let ran = sandbox.migrate(&["upgrade", "--nonsense", "--format", "json"]);
    assert_eq!((ran.code, ran.json()["exit_code"].as_i64()), (2, Some(2)));
    assert_eq!(ran.json()["error"]["code"], "M0607");
}

#[test]
fn urls_come_from_the_flag_then_the_environment_then_env_files_then_the_configuration() {
    let sandbox = chain();
    let target =
        |ran: &Ran| ran.stderr.lines().next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
    sandbox.write("migrate.toml", "url = \"sqlite://config.db\"\n");
    assert_eq!(target(&sandbox.migrate(&["current"])), "config.db (from `url` of migrate.toml)");
    sandbox.write(".env", "OTHER=1\nDATABASE_URL=sqlite://file.db\n");
    assert_eq!(target(&sandbox.migrate(&["current"])), "file.db (from DATABASE_URL of .env)");
    let from_environment =
        sandbox.command(&["current"]).env("DATABASE_URL", "sqlite://env.db").output().expect("it runs");
    assert_eq!(target(&from_environment.into()), "env.db (from DATABASE_URL)");
    assert_eq!(target(&on_sqlite(&sandbox, &["current"])), "app.db (from --database-url)");
}

#[test]
fn a_folder_that_is_named_wins_and_unknown_settings_are_refused() {
    let sandbox = chain();
    sandbox.write(
        "elsewhere/001_x.sql",
        "-- revision: 001\n-- parents: none\n-- title: elsewhere\n-- migrate: up\n-- migrate: nothing\n",
    );
    assert_eq!(sandbox.migrate(&["heads", "--dir", "elsewhere"]).stdout, "001  elsewhere\n");
    sandbox.write("migrate.toml", "migration = \"elsewhere\"\n");
    let ran = sandbox.migrate(&["heads"]);
    assert!(ran.stderr.contains("error[M0602]") && ran.stderr.contains("did you mean `migrations`?"), "{ran:?}");
    let missing = Sandbox::new().migrate(&["heads"]);
    assert!(missing.stderr.contains("cargo migrate init"), "{missing:?}");
}

#[test]
fn cargo_packages_and_workspaces_are_found() {
    let sandbox = Sandbox::new();
    sandbox.write("Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"app\", \"lib\"]\n");
    for name in ["app", "lib"] {
        sandbox.write(&format!("{name}/Cargo.toml"), format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[package.metadata.migrate]\nmigrations = \"db\"\n"));
        sandbox.write(&format!("{name}/src/lib.rs"), "");
    }
    let none = sandbox.migrate(&["heads"]);
    assert!(none.stderr.contains("error[M0601]"), "{none:?}");
    assert_eq!(sandbox.migrate(&["init", "-p", "app"]).code, 0);
    assert_eq!(sandbox.list("app/db"), [".gitattributes", "README.md", "migrate.lock"]);
    assert_eq!(sandbox.migrate(&["new", "first"]).code, 0);
    assert_eq!(sandbox.list("app/db").len(), 4);
    sandbox.migrate(&["init", "-p", "lib"]);
    let several = sandbox.migrate(&["heads"]);
    assert!(several.stderr.contains("several packages have migrations: app, lib"), "{several:?}");
    let typo = sandbox.migrate(&["heads", "-p", "ap"]);
    assert!(typo.stderr.contains("did you mean `app`?"), "{typo:?}");
}

#[test]
fn malformed_files_are_all_named_before_anything_is_opened() {
    let sandbox = chain();
    sandbox.write("migrations/004_x.sql", "-- revision: 004\n-- parent: 003\n<<<<<<< HEAD\n");
    sandbox.write("migrations/005_y.sql", b"\xff\xfe".as_slice());
    std::fs::create_dir(sandbox.path().join("migrations/old")).expect("a folder can be made");
    assert_snapshot!(shown(&sandbox, &on_sqlite(&sandbox, &["upgrade"])), @r"
    --- stderr
    error[M0002]: the file holds a git conflict marker
      --> migrations/004_x.sql:3
      why: a merge was left half done
     help: resolve the conflict and remove its markers
    error[M0001]: the file is not UTF-8 text
      --> migrations/005_y.sql:1
      why: revisions are text, hashed and sent as UTF-8
     help: save the file as UTF-8
    error[M0017]: `old` is not a revision
      --> migrations/old:1
      why: a file that is skipped silently may be one that was meant to run
     help: move it out of the folder; a revision's name ends in `.sql`
    exit 1
    ");
    assert!(!sandbox.path().join("app.db").exists());
}

#[test]
fn titles_with_quotes_backslashes_and_emoji_travel_unharmed() {
    let sandbox = Sandbox::new();
    sandbox.migrate(&["init"]);
    let title = r#"it's a "title" \ with 🦀 -- and ; more"#;
    let new = sandbox.migrate(&["new", title]);
    let file = new.stdout.trim().to_owned();
    sandbox.write(&file, sandbox.read(&file).replace("-- migrate: up\n", "-- migrate: up\n-- migrate: nothing\n"));
    assert_eq!(on_sqlite(&sandbox, &["upgrade"]).code, 0);
    let current = on_sqlite(&sandbox, &["current", "--format", "json"]).json();
    assert_eq!(current["current"][0]["title"], title);
    for bad in ["", "  ", "two\nlines"] {
        assert_eq!(sandbox.migrate(&["new", bad]).code, 2, "{bad:?}");
    }
}

#[test]
fn broken_databases_are_said_with_a_code() {
    let sandbox = chain();
    sandbox.write("broken.db", "this is no database");
    for (url, code, exit) in [
        ("sqlite://broken.db", "M0501", 7),
        ("sqlite:///nowhere/at/all/app.db", "M0501", 7),
        ("postgres://postgres@127.0.0.1:1/app", "M0501", 7),
        ("mysql://root@127.0.0.1:1/app", "M0501", 7),
        ("mysql://root@127.0.0.1", "M0504", 2),
        ("oracle://x", "M0504", 2),
        ("postgres://u:p@[nonsense/app", "M0504", 2),
    ] {
        let ran = sandbox.migrate(&["upgrade", "--database-url", url]);
        assert_eq!(ran.code, exit, "{url}: {ran:?}");
        assert!(ran.stderr.contains(&format!("error[{code}]")), "{url}: {ran:?}");
    }
}

#[test]
fn on_postgres_nothing_that_is_printed_holds_the_password() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let sandbox = chain();
    let database = server.create_database();
    let secret = "s3cr3t-pa55";
    let login = server.login_url(database.name(), migrate_tests::postgres::APP_LOGIN, secret);
    let missing =
        server.login_url("nowhere", migrate_tests::postgres::APP_LOGIN, migrate_tests::postgres::APP_PASSWORD);
    for (url, code) in [
        (login, "M0502"),
        (missing, "M0503"),
        (format!("postgres://u:{secret}@127.0.0.1:1/db"), "M0501"),
        (format!("postgres://u:{secret}@h/db?nonsense=1"), "M0504"),
    ] {
        for format in ["human", "json"] {
            let ran = sandbox.migrate(&["upgrade", "--database-url", &url, "--format", format, "-v"]);
            let printed = format!("{}{}", ran.stdout, ran.stderr);
            assert_ne!(ran.code, 0);
            assert!(printed.contains(code), "{code}: {ran:?}");
            assert!(!printed.contains(secret) && !printed.contains(migrate_tests::postgres::APP_PASSWORD), "{ran:?}");
        }
    }
}

#[test]
fn on_postgres_the_whole_round() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let sandbox = chain();
    let database = server.create_database();
    let url = database.url();
    let run = |arguments: &[&str]| sandbox.migrate(&[arguments, &["--database-url", &url]].concat());
    assert_eq!(run(&["upgrade"]).stdout.lines().last(), Some("now at 003"));
    assert_eq!(run(&["upgrade"]).stdout, "nothing to upgrade: at 003\n");
    assert_eq!(run(&["check"]).code, 0);
    assert_eq!(run(&["stamp", "002"]).stdout.lines().last(), Some("now at 002"));
    assert_eq!(run(&["downgrade", "-1"]).stdout.lines().last(), Some("now at 001"));
    assert!(run(&["status"]).stdout.starts_with("head:     003\ncurrent:  001\n"));
}

#[test]
fn every_help_text_names_its_verb_and_nothing_that_is_not_built() {
    let sandbox = Sandbox::new();
    let help = sandbox.migrate(&["--help"]);
    assert_eq!(help.code, 0);
    for verb in [
        "init",
        "new",
        "merge",
        "rebase",
        "seal",
        "adopt",
        "check",
        "completions",
        "upgrade",
        "downgrade",
        "stamp",
        "current",
        "history",
        "heads",
        "show",
        "status",
        "redo",
        "audit",
        "repair",
        "database",
    ] {
        assert!(help.stdout.contains(&format!("\n  {verb} ")), "{verb}: {}", help.stdout);
        assert_eq!(sandbox.migrate(&[verb, "--help"]).code, 0, "{verb}");
    }
    for later in ["--sql", "autogenerate"] {
        assert!(!help.stdout.contains(later), "{later}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(sandbox.migrate(&["completions", shell]).stdout.contains("upgrade"), "{shell}");
    }
}

#[test]
fn a_purge_writes_every_row_anew_and_mends_a_history_that_contradicts_the_files() {
    let sandbox = chain();
    on_sqlite(&sandbox, &["upgrade", "002"]);
    let text = sandbox.read("migrations/002_bio.sql");
    sandbox.write("migrations/002_bio.sql", text.replace("bio TEXT", "bio VARCHAR"));
    assert_eq!(on_sqlite(&sandbox, &["upgrade"]).code, 5);
    assert_eq!(on_sqlite(&sandbox, &["stamp", "002", "--purge"]).code, 0);
    assert_eq!(on_sqlite(&sandbox, &["upgrade"]).code, 0);

    // An applied id that now is a label can stand in no graph with it.
    let labelled =
        sandbox.read("migrations/001_users.sql").replace("-- parents: none\n", "-- parents: none\n-- labels: 003\n");
    sandbox.write("migrations/001_users.sql", labelled);
    std::fs::remove_file(sandbox.path().join("migrations/003_posts.sql")).expect("the file is there");
    assert!(on_sqlite(&sandbox, &["current"]).stderr.contains("error[M0405]"));
    assert_eq!(on_sqlite(&sandbox, &["stamp", "002", "--purge"]).stdout.lines().last(), Some("now at 002"));
    assert_eq!(on_sqlite(&sandbox, &["current"]).stdout, "002 (head)  add bio\n");
}

#[test]
fn a_downgrade_to_a_revision_that_is_not_applied_is_refused() {
    let sandbox = chain();
    on_sqlite(&sandbox, &["upgrade"]);
    sandbox.write(
        "migrations/0025_between.sql",
        "-- revision: 0025\n-- parents: 002\n\n-- migrate: up\n-- migrate: nothing\n\n-- migrate: down\n-- migrate: nothing\n",
    );
    let posts = sandbox.read("migrations/003_posts.sql").replace("-- parents: 002", "-- parents: 0025");
    sandbox.write("migrations/003_posts.sql", posts);
    let ran = on_sqlite(&sandbox, &["downgrade", "0025"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("error[M0208]: `0025` is not applied, so it cannot stay"), "{ran:?}");
}

#[test]
fn a_database_url_that_is_set_and_empty_never_leads_to_another_database() {
    let sandbox = chain();
    sandbox.write("migrate.toml", "url = \"sqlite://production.db\"\n");
    let empty = Ran::from(sandbox.command(&["upgrade"]).env("DATABASE_URL", "").output().expect("it runs"));
    assert_eq!(empty.code, 2);
    assert!(empty.stderr.contains("error[M0504]"), "{empty:?}");
    sandbox.write(".env", "DATABASE_URL=\n");
    assert_eq!(sandbox.migrate(&["upgrade"]).code, 2);
    assert!(!sandbox.path().join("production.db").exists());
}

#[test]
fn a_password_with_an_unencoded_at_sign_is_refused_and_not_shown() {
    let sandbox = chain();
    let ran = sandbox.migrate(&["upgrade", "--database-url", "postgres://u:sek@ret@127.0.0.1:1/db"]);
    assert!(ran.stderr.contains("error[M0504]") && !ran.stderr.contains("ret@"), "{ran:?}");
}

#[test]
fn a_result_that_cannot_be_written_is_no_success() {
    let sandbox = chain();
    let full = std::fs::File::options().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output = sandbox.command(&["history"]).stdout(full).output().expect("it runs");
    assert_eq!(Ran::from(output).code, 1);
    let full = std::fs::File::options().write(true).open("/dev/full").expect("it was there");
    let output = sandbox.command(&["frobnicate", "--format", "json"]).stdout(full).output().expect("it runs");
    assert_eq!(Ran::from(output).code, 2);
}

#[test]
fn check_keeps_what_it_found_when_the_database_cannot_be_reached() {
    let sandbox = chain();
    sandbox.migrate(&["check", "--fix"]);
    let ran = sandbox.migrate(&["check", "--database-url", "postgres://postgres@127.0.0.1:1/app"]);
    assert_eq!(ran.code, 7);
    assert!(ran.stdout.contains("ok      sealed") && ran.stdout.contains("FAILED  database"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_folder_is_refused_and_not_read() {
    let sandbox = chain();
    assert_eq!(sandbox.run("mkfifo", &["migrations/004_pipe.sql"]).code, 0);
    let ran = sandbox.migrate(&["heads"]);
    assert!(ran.stderr.contains("error[M0018]") && ran.stderr.contains("it is not a file"), "{ran:?}");
}

#[test]
fn on_postgres_the_lock_is_one_lock_with_a_history_schema_of_its_own() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let sandbox = chain();
    sandbox.write("migrate.toml", "history-schema = \"app\"\n");
    let text = sandbox.read("migrations/002_bio.sql");
    sandbox.write("migrations/002_bio.sql", text.replace("-- migrate: up\n", "-- migrate: up\nSELECT pg_sleep(2);\n"));
    let url = server.create_database().url();
    let first = sandbox.command(&["upgrade", "002", "--database-url", &url]).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(900));
    let second = sandbox.migrate(&["upgrade", "002", "--database-url", &url]);
    let first = first.wait_with_output().expect("it ends");
    assert!(first.status.success());
    assert_eq!(second.code, 0, "{second:?}");
    assert!(second.stderr.contains("waiting for another process"), "{second:?}");
}

#[test]
fn on_postgres_a_downgrade_that_waited_does_no_more_than_its_plan() {
    let Some(server) = engine_or_skip("postgres") else { return };
    let sandbox = chain();
    let text = sandbox.read("migrations/002_bio.sql");
    sandbox.write("migrations/002_bio.sql", text.replace("-- migrate: up\n", "-- migrate: up\nSELECT pg_sleep(2);\n"));
    let url = server.create_database().url();
    let first = sandbox.command(&["upgrade", "002", "--database-url", &url]).spawn().expect("it runs");
    std::thread::sleep(std::time::Duration::from_millis(900));
    let second = sandbox.migrate(&["downgrade", "base", "--database-url", &url]);
    assert!(first.wait_with_output().expect("it ends").status.success());
    assert_eq!(second.code, 1);
    assert!(second.stderr.contains("error[M0406]"), "{second:?}");
}

#[test]
fn json_names_the_argument_that_is_missing() {
    let sandbox = chain();
    let message = |arguments: &[&str]| {
        let ran = sandbox.migrate(&[arguments, &["--format", "json"]].concat());
        assert_eq!(ran.code, 2, "{}", ran.transcript());
        ran.json()["error"]["message"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!(message(&["new"]), "the following required arguments were not provided: <TITLE>");
    assert!(message(&["repair"]).ends_with(": --reason <WORDS>"), "{}", message(&["repair"]));
}

#[test]
fn a_script_from_where_the_database_is_is_for_this_database() {
    let sandbox = chain();
    assert_eq!(on_sqlite(&sandbox, &["upgrade", "001"]).code, 0);
    let ran = on_sqlite(&sandbox, &["upgrade", "current:head", "--sql", "--dialect", "postgres"]);
    assert_eq!(ran.code, 2, "{}", ran.transcript());
    assert!(ran.stderr.contains("cannot be for postgres: this is sqlite"), "{}", ran.transcript());
    assert_eq!(on_sqlite(&sandbox, &["upgrade", "current:head", "--sql", "--dialect", "sqlite"]).code, 0);
}

#[test]
fn the_rest_of_a_relative_run_has_a_name() {
    let file = |id: &str, parents: &str| {
        format!(
            "-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\nCREATE TABLE t_{id} (x integer);\n\n-- migrate: down\nDROP TABLE t_{id};\n"
        )
    };
    let files = [("001", "none"), ("002", "001"), ("003", "002"), ("004", "001")];
    let files = files.map(|(id, parents)| (format!("{id}_t.sql"), file(id, parents)));
    let sandbox = Sandbox::with_revisions(&files.each_ref().map(|(name, text)| (name.as_str(), text.as_str())));
    assert_eq!(on_sqlite(&sandbox, &["upgrade", "heads"]).code, 0);
    let good = sandbox.read("migrations/002_t.sql");
    sandbox.write("migrations/002_t.sql", good.replace("DROP TABLE t_002", "DROP TABLE nothing"));

    // Beside a branch the target's parent is no target: it has other revisions above it.
    let down = on_sqlite(&sandbox, &["downgrade", "003@-2"]);
    assert_eq!(down.code, 1, "{}", down.transcript());
    assert!(down.stderr.contains("; `downgrade 002@-1` leads where it was going"), "{}", down.transcript());
    assert!(
        down.stderr.contains("mend the statement and run `downgrade 002@-1`: the revision"),
        "{}",
        down.transcript()
    );

    sandbox.write("migrations/002_t.sql", good);
    let rest = on_sqlite(&sandbox, &["downgrade", "002@-1"]);
    assert_eq!(rest.code, 0, "{}", rest.transcript());
    let current = on_sqlite(&sandbox, &["current", "-q"]);
    assert!(current.stdout.starts_with("004"), "{}", current.transcript());
}

#[test]
fn what_failed_on_the_way_down_or_up_again_says_what_is_applied() {
    let sandbox = chain();
    assert_eq!(on_sqlite(&sandbox, &["upgrade", "002"]).code, 0);
    let good = sandbox.read("migrations/002_bio.sql");
    sandbox.write("migrations/002_bio.sql", good.replace("DROP COLUMN bio", "DROP COLUMN nothing"));
    let down = on_sqlite(&sandbox, &["downgrade", "001"]);
    assert!(down.stderr.contains("the revision is applied as it was"), "{}", down.transcript());

    sandbox.write("migrations/002_bio.sql", &good);
    let users = sandbox.read("migrations/001_users.sql");
    sandbox.write(
        "migrations/001_users.sql",
        users.replace("DROP TABLE users;", "DROP TABLE users;\nCREATE TABLE users (id INTEGER);"),
    );
    let redo = on_sqlite(&sandbox, &["redo", "base"]);
    assert!(
        redo.code == 1 && redo.stderr.contains("; `upgrade 002` leads where it was going"),
        "{}",
        redo.transcript()
    );
}
