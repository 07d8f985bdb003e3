//! Writing revisions from the command line: what `new` takes, and what it refuses before it writes.

use migrate_tests::command::{Ran, Sandbox};

/// a <- b (billing), a <- c
fn branches() -> Sandbox {
    let file = |id: &str, parents: &str, more: &str| {
        format!(
            "-- revision: {id}\n-- parents: {parents}\n{more}\n-- migrate: up\nSELECT 1;\n\n-- migrate: down\nSELECT 1;\n"
        )
    };
    Sandbox::with_revisions(&[
        ("1_aaa.sql", &*file("aaa", "none", "")),
        ("2_bbb.sql", &*file("bbb", "aaa", "-- labels: billing\n")),
        ("3_ccc.sql", &*file("ccc", "aaa", "")),
    ])
}

/// The header of the file that was written.
fn header(sandbox: &Sandbox, ran: &Ran) -> String {
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    let text = sandbox.read(ran.stdout.trim());
    let lines = text.lines().take_while(|line| line.starts_with("-- ") && !line.starts_with("-- migrate"));
    lines.filter(|line| !line.starts_with("-- created")).collect::<Vec<_>>().join("\n")
}

fn refused(sandbox: &Sandbox, arguments: &[&str], code: &str, help: &str) {
    let before = sandbox.list("migrations");
    let ran = sandbox.migrate(arguments);
    assert_ne!(ran.code, 0, "{}", ran.transcript());
    assert!(ran.stderr.contains(code) && ran.stderr.contains(help), "{}", ran.transcript());
    assert_eq!(sandbox.list("migrations"), before, "nothing is written");
}

#[test]
fn a_revision_takes_labels_dependencies_and_an_id() {
    let sandbox = branches();
    let ran = sandbox.migrate(&[
        "new",
        "charge",
        "--parent",
        "billing@head",
        "--label",
        "charges",
        "--label",
        "money",
        "--depends-on",
        "ccc",
        "--depends-on",
        "aaa",
        "--rev-id",
        "d1",
    ]);
    assert_eq!(
        header(&sandbox, &ran),
        "-- revision: d1\n-- parents: bbb\n-- title: charge\n-- depends-on: ccc, aaa\n-- labels: charges, money"
    );
    let json = sandbox.migrate(&["new", "more", "--parent", "d1", "--depends-on", "cc", "--format", "json"]);
    assert_ne!(json.code, 0, "a prefix of two characters is none");
    let json = sandbox.migrate(&["new", "more", "--parent", "d1", "--depends-on", "ccc", "--format", "json"]).json();
    assert_eq!((&json["parents"][0], &json["depends_on"][0]), (&"d1".into(), &"ccc".into()));
}

#[test]
fn alembics_words_are_taken() {
    let sandbox = branches();
    let ran = sandbox.migrate(&[
        "revision",
        "-m",
        "charge",
        "--head",
        "aaa",
        "--splice",
        "--branch-label",
        "charges",
        "--rev-id",
        "d1",
        "--depends-on",
        "ccc",
    ]);
    assert_eq!(
        header(&sandbox, &ran),
        "-- revision: d1\n-- parents: aaa\n-- title: charge\n-- depends-on: ccc\n-- labels: charges"
    );
}

#[test]
fn a_second_branch_begins_on_purpose_only() {
    let sandbox = branches();
    refused(&sandbox, &["new", "x", "--parent", "aaa"], "`aaa` is no head", "--splice");
    refused(&sandbox, &["new", "x", "--splice"], "--parent", "");
    assert_eq!(sandbox.migrate(&["new", "x", "--parent", "aaa", "--splice"]).code, 0);
    assert_eq!(sandbox.migrate(&["new", "another root", "--parent", "none", "--label", "reports"]).code, 0);
}

#[test]
fn what_would_break_the_graph_is_refused_before_it_is_written() {
    let sandbox = branches();
    let parent = ["--parent", "ccc"];
    let new = |more: &[&'static str]| [&["new", "x"], &parent[..], more].concat();
    refused(&sandbox, &new(&["--rev-id", "bbb"]), "M0101", "bbb");
    refused(&sandbox, &new(&["--rev-id", "head"]), "M0", "head");
    refused(&sandbox, &new(&["--rev-id", "no space"]), "M0", "");
    refused(&sandbox, &new(&["--label", "billing"]), "M01", "billing");
    refused(&sandbox, &new(&["--label", "aaa"]), "M01", "aaa");
    refused(&sandbox, &new(&["--depends-on", "zzz"]), "M0202", "zzz");
    refused(&sandbox, &new(&["--depends-on", "base"]), "M02", "base");
    refused(&sandbox, &["new", &"x".repeat(10_000), "--parent", "none", "--rev-id", &"y".repeat(300)], "M0", "");
}

#[test]
fn ids_and_file_names_can_be_numbers() {
    let sandbox = Sandbox::new();
    sandbox.write("migrate.toml", "ids = \"sequential\"\n");
    assert_eq!(sandbox.migrate(&["init"]).code, 0);
    let new = |title: &str, more: &[&str]| sandbox.migrate(&[&["new", title], more].concat());
    assert_eq!(new("create users", &[]).stdout.trim(), "migrations/001_create_users.sql");
    assert_eq!(new("add bio", &[]).stdout.trim(), "migrations/002_add_bio.sql");
    assert_eq!(new("left", &["--rev-id", "x1"]).stdout.trim(), "migrations/x1_left.sql");
    assert_eq!(new("after", &[]).stdout.trim(), "migrations/003_after.sql");
    sandbox.write("migrate.toml", "ids = \"random\"\n");
    assert!(new("random", &[]).stdout.trim().ends_with("_random.sql"));
    sandbox.write("migrate.toml", "ids = \"serial\"\n");
    assert!(new("x", &[]).stderr.contains("M0602"));
}

#[test]
fn a_number_that_two_branches_chose_is_told_apart_by_one_command() {
    let sandbox = Sandbox::new();
    sandbox.write("migrate.toml", "ids = \"sequential\"\n");
    assert_eq!(sandbox.migrate(&["init"]).code, 0);
    for title in ["users", "mine"] {
        assert_eq!(sandbox.migrate(&["new", title]).code, 0);
    }
    // What a merge of the other branch brings along.
    sandbox.write(
        "migrations/002_theirs.sql",
        sandbox.read("migrations/002_mine.sql").replace("title: mine", "title: theirs"),
    );
    let refused = sandbox.migrate(&["new", "more"]);
    assert!(
        refused.stderr.contains("M0101") && refused.stderr.contains("rebase migrations/002_theirs.sql"),
        "{refused:?}"
    );
    let rebased = sandbox.migrate(&["rebase", "migrations/002_theirs.sql"]);
    assert_eq!(rebased.code, 0, "{rebased:?}");
    assert!(rebased.stdout.contains("migrations/003_theirs.sql: `003` (it was `002`) now follows 002"), "{rebased:?}");
    assert_eq!(sandbox.migrate(&["new", "more"]).stdout.trim(), "migrations/004_more.sql");
}

#[test]
fn merges_get_numbers_too() {
    let sandbox = branches();
    sandbox.write("migrate.toml", "ids = \"sequential\"\n");
    assert_eq!(sandbox.migrate(&["merge", "-m", "join"]).stdout.trim(), "migrations/001_join.sql");
}

#[test]
fn branches_shows_where_the_history_parts_and_where_to() {
    let sandbox = branches();
    let shown = sandbox.migrate(&["branches"]);
    assert_eq!(shown.stdout, "aaa (branch point)  aaa\n    -> bbb (billing, head)  bbb\n    -> ccc (head)  ccc\n");
    let json = sandbox.migrate(&["branches", "--format", "json"]).json();
    assert_eq!((&json["branches"][0]["revision"], &json["branches"][0]["children"][1]), (&"aaa".into(), &"ccc".into()));
    let line =
        Sandbox::with_revisions(&[("1_aaa.sql", "-- revision: aaa\n-- parents: none\n\n-- migrate: up\nSELECT 1;\n")]);
    let none = line.migrate(&["branches"]);
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
    assert!(none.stderr.contains("followed by several"), "{none:?}");
}

#[test]
fn edit_opens_the_file_in_the_editor() {
    let sandbox = branches();
    let edit = |editor: &str, target: &str| {
        let mut command = sandbox.command(&["edit", target]);
        command.env_remove("VISUAL").env("EDITOR", editor);
        Ran::from(command.output().expect("it runs"))
    };
    let edited = edit("sed -i s/SELECT.1/SELECT.2/", "billing");
    assert_eq!(edited.code, 0, "{edited:?}");
    assert!(sandbox.read("migrations/2_bbb.sql").contains("SELECT.2"));
    assert!(sandbox.read("migrations/migrate.lock").contains("bbb"), "the lock is renewed");
    let failed = edit("false", "aaa");
    assert!(failed.code == 1 && failed.stderr.contains("M0608"), "{failed:?}");
    let missing = edit("no-such-editor-anywhere", "aaa");
    assert!(missing.stderr.contains("M0608") && missing.stderr.contains("EDITOR"), "{missing:?}");
    let several = edit("true", "heads");
    assert!(several.code == 1 && several.stderr.contains("M02"), "{several:?}");
    let broken = edit("sed -i s/parents:.aaa/parents:.nowhere/", "ccc");
    assert!(broken.code == 1 && broken.stderr.contains("nowhere"), "what was written is checked: {broken:?}");
    let mended = edit("sed -i s/.nowhere/aaa/", "ccc");
    assert_eq!(mended.code, 0, "what is broken can be edited: {mended:?}");
}

#[test]
fn history_draws_branches_and_merges() {
    let sandbox = branches();
    assert_eq!(sandbox.migrate(&["merge", "-m", "join"]).code, 0);
    let url = ["--database-url", "sqlite://app.db"];
    assert_eq!(sandbox.migrate(&[&url[..], &["upgrade", "bbb"]].concat()).code, 0);
    let drawn = sandbox.migrate(&[&url[..], &["history", "--graph", "--applied"]].concat()).stdout;
    let lines: Vec<&str> = drawn.lines().collect();
    assert!(lines[0].starts_with("◇ ") && lines[0].ends_with(" (head, merge point)  join"), "{drawn}");
    assert_eq!(
        lines[1..],
        ["├─╮", "│ ○ ccc  ccc", "● │ bbb (billing)  bbb", "├─╯", "● aaa (branch point)  aaa"],
        "{drawn}"
    );
    let unasked = sandbox.migrate(&["history", "--graph", "-r", ":bbb"]).stdout;
    assert_eq!(unasked, "● bbb (billing)  bbb\n● aaa (branch point)  aaa\n");
}

#[test]
fn history_is_a_picture_for_other_programs() {
    let sandbox = branches();
    sandbox.write(
        "migrations/4_ddd.sql",
        "-- revision: ddd\n-- parents: ccc\n-- depends-on: bbb\n-- title: \"<a> & b\"\n\n-- migrate: up\nSELECT 1;\n",
    );
    let picture = |kind: &str| sandbox.migrate(&["history", "--as", kind]).stdout;
    let dot = picture("dot");
    assert!(dot.starts_with("digraph history {") && dot.contains("\"bbb\" -> \"aaa\";"), "{dot}");
    assert!(dot.contains("\"ddd\" -> \"bbb\" [style=dotted];") && dot.contains("tooltip=\"\\\"<a> & b\\\"\""), "{dot}");
    let mermaid = picture("mermaid");
    assert!(mermaid.starts_with("flowchart BT\n") && mermaid.contains("&quot;&lt;a&gt; &amp; b&quot;"), "{mermaid}");
    assert_eq!(mermaid.matches("-->").count() + mermaid.matches("-.->").count(), 4, "{mermaid}");
    let svg = picture("svg");
    assert_eq!((svg.matches("<circle").count(), svg.matches("<path").count()), (4, 3), "{svg}");
    assert!(svg.contains("&lt;a&gt; &amp; b") && svg.trim_end().ends_with("</svg>"), "{svg}");
}

#[test]
fn a_reviewed_change_of_a_sealed_revision_is_accepted_with_its_reason() {
    let sandbox = branches();
    assert_eq!(sandbox.migrate(&["seal"]).code, 0);
    let edit = |file: &str| sandbox.write(file, sandbox.read(file).replace("SELECT 1", "SELECT 2"));
    let accept = |more: &[&str]| sandbox.migrate(&[&["seal", "--accept"], more].concat());
    assert!(accept(&["aaa", "--reason", "nothing changed"]).stdout.contains("is what it was when it was sealed"));
    edit("migrations/1_aaa.sql");
    assert!(sandbox.migrate(&["new", "x", "--parent", "bbb"]).stderr.contains("M0304"));
    assert_eq!(accept(&["aaa"]).code, 2, "a reason is needed");
    assert!(accept(&["aaa", "--reason", "  "]).stderr.contains("the reason is empty"));
    assert!(accept(&["zzz", "--reason", "x"]).stderr.contains("M0202"));

    edit("migrations/2_bbb.sql");
    let other = accept(&["aaa", "--reason", "a reviewed typo"]);
    assert!(other.code == 1 && other.stderr.contains("bbb"), "the others must be what they were: {other:?}");
    let before = sandbox.read("migrations/2_bbb.sql").replace("SELECT 2", "SELECT 1");
    sandbox.write("migrations/2_bbb.sql", before);

    let accepted = accept(&["aaa", "--reason", "a reviewed\n  typo"]);
    assert_eq!(accepted.code, 0, "{accepted:?}");
    let lock = sandbox.read("migrations/migrate.lock");
    let line = lock.lines().find(|line| line.starts_with("accepted aaa v1:")).expect("the change is written down");
    assert!(line.ends_with(" a reviewed typo"), "{line}");
    assert_eq!(sandbox.migrate(&["new", "x", "--parent", "bbb"]).code, 0);
    let draft = accept(&["heads", "--reason", "x"]);
    assert_eq!(draft.code, 1, "{draft:?}");
}

#[test]
fn new_files_are_made_from_the_projects_own_template() {
    let sandbox = Sandbox::new();
    let init = sandbox.migrate(&["init", "--template", "checklist"]);
    assert!(
        init.stdout.contains("created revision.sql.j2") && init.stderr.contains("template = \"revision.sql.j2\""),
        "{init:?}"
    );
    sandbox.write("migrate.toml", "template = \"revision.sql.j2\"\n");
    let new = sandbox.migrate(&["new", "create users", "--label", "core"]);
    assert_eq!(new.code, 0, "{new:?}");
    let text = sandbox.read(new.stdout.trim());
    assert!(text.contains("-- labels: core\n") && text.contains("-- What it locks:\n"), "{text}");

    sandbox.write("revision.sql.j2", "{{ header }}\n\n{% for parent in parents %}-- after {{ parent }}\n{% endfor %}\n-- migrate: up\nSELECT '{{ id }}';\n");
    let new = sandbox.migrate(&["new", "next", "--rev-id", "bbb"]);
    let text = sandbox.read(new.stdout.trim());
    assert!(text.contains("-- after ") && text.ends_with("-- migrate: up\nSELECT 'bbb';\n"), "{text}");

    for (template, words) in [
        ("{{ nothing }}", "revision.sql.j2:1"),
        ("{{ header }}\n\n{% if %}", "revision.sql.j2:3"),
        ("no revision at all\n", "M00"),
        ("-- revision: other\n-- parents: none\n\n-- migrate: up\nSELECT 1;\n", "M0"),
    ] {
        sandbox.write("revision.sql.j2", template);
        refused(&sandbox, &["new", "x"], "M0", words);
    }
    sandbox.write("migrate.toml", "template = \"missing.j2\"\n");
    refused(&sandbox, &["new", "x"], "M0", "missing.j2");
}

#[test]
fn a_command_runs_on_each_new_file() {
    let sandbox = branches();
    sandbox.write("migrate.toml", "after-new = \"sed -i s/-- title/--  title/ {file}\"\n");
    let odd = sandbox.migrate(&["new", "x", "--parent", "bbb"]);
    assert_eq!(odd.code, 1, "words with spaces are split: {odd:?}");
    sandbox.write("migrate.toml", "after-new = \"sed -i s/SELECT/select/g\"\ntemplate = \"t.j2\"\n");
    sandbox.write("t.j2", "{{ header }}\n\n-- migrate: up\nSELECT 1;\n");
    let new = sandbox.migrate(&["new", "y", "--parent", "ccc"]);
    assert_eq!(new.code, 0, "{new:?}");
    assert!(sandbox.read(new.stdout.trim()).contains("select 1;"));
    sandbox.write("migrate.toml", "after-new = \"no-such-formatter\"\n");
    let missing = sandbox.migrate(&["new", "z", "--parent", "none"]);
    assert!(
        missing.code == 1 && missing.stderr.contains("M0608") && missing.stderr.contains("the new file is written"),
        "{missing:?}"
    );
}

#[test]
fn what_needs_the_graph_alone_works_with_a_file_that_is_broken_below_its_header() {
    let sandbox = branches();
    assert_eq!(sandbox.migrate(&["check", "--fix"]).code, 4);
    let line = |id: &str| {
        let lock = sandbox.read("migrations/migrate.lock");
        lock.lines().find(|line| line.starts_with(&format!("revision {id} "))).map(str::to_owned)
    };
    let before = line("ccc");
    sandbox.write(
        "migrations/3_ccc.sql",
        "-- revision: ccc\n-- parents: aaa\n\n-- migrate: up\nSELECT 'open;\n<<<<<<< HEAD\n",
    );
    let ok = |arguments: &[&str]| {
        let ran = sandbox.migrate(arguments);
        assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.transcript());
        assert!(
            ran.stderr.contains("migrations/3_ccc.sql:6: the file holds a git conflict marker [M0002]"),
            "{}",
            ran.transcript()
        );
        ran.stdout
    };
    assert_eq!(ok(&["heads"]), "bbb (billing)  bbb\nccc  ccc\n");
    assert_eq!(ok(&["history"]).lines().count(), 3);
    assert_eq!(ok(&["branches"]).lines().count(), 3);
    assert!(ok(&["show", "ccc"]).starts_with("revision: ccc (head)\n"));
    ok(&["new", "behind it", "--parent", "ccc", "--rev-id", "d1"]);
    ok(&["merge", "bbb", "d1", "--rev-id", "m1"]);
    ok(&["rebase", "ccc", "--onto", "bbb"]);
    assert!(sandbox.read("migrations/3_ccc.sql").contains("-- parents: bbb\n"));
    assert_eq!(line("ccc"), before, "what cannot be read keeps its line");
    assert!(line("m1").is_some());

    let check = sandbox.migrate(&["check"]);
    assert_eq!(check.code, 1);
    assert!(
        check.stdout.contains("FAILED  files") && check.stdout.contains("ok      heads        m1"),
        "{}",
        check.transcript()
    );
    assert!(
        check.stdout.contains("-       sections     not checked: the files must be readable first"),
        "{}",
        check.transcript()
    );
    for arguments in [&["upgrade"][..], &["seal"]] {
        let ran = sandbox.migrate(&[arguments, &["--database-url", "sqlite://a.db"]].concat());
        assert!(ran.code == 1 && ran.stderr.contains("error[M0002]"), "{}", ran.transcript());
    }
    sandbox.write("migrations/3_ccc.sql", "-- revision: ccc\n");
    assert!(sandbox.migrate(&["heads"]).stderr.contains("error[M0003]"), "a broken header is another thing");
}

#[test]
fn heads_can_leave_out_what_others_depend_on_and_say_more() {
    let sandbox = branches();
    assert_eq!(sandbox.migrate(&["new", "x", "--parent", "bbb", "--depends-on", "ccc", "--rev-id", "d1"]).code, 0);
    assert_eq!(sandbox.migrate(&["heads"]).stdout.lines().count(), 2);
    assert_eq!(sandbox.migrate(&["heads", "--resolve-dependencies"]).stdout, "d1  x\n");
    let verbose = sandbox.migrate(&["heads", "-v"]).stdout;
    assert!(verbose.contains("ccc  ccc\n    parents: aaa\n    file:    migrations/3_ccc.sql\n"), "{verbose}");
    let branches = sandbox.migrate(&["branches", "-v"]).stdout;
    assert!(branches.contains("aaa (branch point)  aaa\n    parents: <base>\n"), "{branches}");
}

#[test]
fn current_can_be_asked_whether_everything_is_applied() {
    let sandbox = branches();
    let on = |arguments: &[&str]| sandbox.migrate(&[arguments, &["--database-url", "sqlite://a.db"]].concat()).code;
    assert_eq!((on(&["current", "--check-heads"]), on(&["current"])), (3, 0));
    assert_eq!((on(&["upgrade", "bbb"]), on(&["current", "--check-heads"])), (0, 3));
    assert_eq!((on(&["upgrade", "heads"]), on(&["current", "--check-heads"])), (0, 0));
}

#[test]
fn the_crate_need_not_compile() {
    let sandbox = branches();
    sandbox.write("Cargo.toml", "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nnowhere-to-be-found = \"7\"\n");
    sandbox.write("src/main.rs", "fn main( {");
    for arguments in [
        &["heads"][..],
        &["history"],
        &["show", "aaa"],
        &["merge", "bbb", "ccc", "--rev-id", "m1"],
        &["new", "x"],
        &["check"],
    ] {
        let ran = sandbox.migrate(arguments);
        assert!(matches!(ran.code, 0 | 1) && !ran.stderr.contains("M0601"), "{arguments:?}: {}", ran.transcript());
    }
    assert_eq!(sandbox.migrate(&["rebase", "ccc", "--onto", "bbb", "--dry-run"]).code, 0);
}

#[test]
fn long_titles_and_letters_of_all_the_world_make_usable_names() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.migrate(&["init"]).code, 0);
    let long = "word ".repeat(60);
    for (id, title) in [
        ("a1", long.trim()),
        ("b1", "🦀 crab / \\ 'quoted' \"twice\""),
        ("c1", "日本語"),
        ("d1", "é".repeat(200).as_str()),
    ] {
        let ran = sandbox.migrate(&["new", title, "--rev-id", id]);
        assert_eq!(ran.code, 0, "{}", ran.transcript());
        let name = ran.stdout.trim().rsplit('/').next().expect("a name").to_owned();
        assert!(name.len() < 120 && name.is_ascii() && name.contains(id), "{name}");
        let shown = sandbox.migrate(&["show", id, "--format", "json"]).json();
        assert_eq!(shown["revisions"][0]["title"], title);
    }
    assert_eq!(sandbox.migrate(&["history", "--graph"]).stdout.lines().count(), 4);
}

#[test]
fn a_range_that_runs_backwards_is_refused() {
    let sandbox = branches();
    for range in ["bbb:aaa", "bbb:ccc"] {
        let ran = sandbox.migrate(&["history", "-r", range]);
        assert!(ran.code == 2 && ran.stderr.contains("does not stand above its first"), "{}", ran.transcript());
    }
    assert_eq!(sandbox.migrate(&["history", "-r", "bbb:bbb"]).stdout.lines().count(), 1);
    assert_eq!(sandbox.migrate(&["history", "-r", "base:ccc"]).stdout.lines().count(), 2);
}

/// Root may do everything, so that these calls are another user's.
#[cfg(unix)]
#[test]
fn a_folder_without_rights_is_named_and_nothing_is_half_written() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let sandbox = branches();
    assert_eq!(sandbox.migrate(&["check", "--fix"]).code, 4);
    let nobody = 65_534;
    let rights = |name: &str, mode: u32| {
        let path = sandbox.path().join(name);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("rights can be changed");
    };
    rights("", 0o755);
    let may_be_others = std::process::Command::new("id").arg("-u").output().is_ok_and(|id| id.stdout == b"0\n");
    let migrate = |arguments: &[&str]| -> Option<Ran> {
        let mut command = sandbox.command(arguments);
        if may_be_others {
            command.uid(nobody).env("HOME", "/nonexistent");
        } else {
            rights("migrations", 0o555);
        }
        // The binary may stand where nobody else may look.
        command.output().ok().map(Ran::from)
    };
    let before = (sandbox.list("migrations"), sandbox.read("migrations/3_ccc.sql"));
    for arguments in [
        &["new", "x", "--parent", "bbb"][..],
        &["merge"],
        &["rebase", "ccc"],
        &["seal"],
        &["init", "--template", "plain"],
    ] {
        let Some(ran) = migrate(arguments) else { return };
        assert!(ran.code == 1 && ran.stderr.contains("error[M0604]"), "{arguments:?}: {}", ran.transcript());
        assert!(ran.stderr.contains("Permission denied"), "{}", ran.transcript());
    }
    assert_eq!((sandbox.list("migrations"), sandbox.read("migrations/3_ccc.sql")), before);
    let Some(heads) = migrate(&["heads"]) else { return };
    assert_eq!(heads.code, 0, "looking needs no right to write: {}", heads.transcript());
    rights("migrations", 0o700);
    if may_be_others {
        let Some(heads) = migrate(&["heads"]) else { return };
        assert!(heads.code == 1 && heads.stderr.contains("error[M0018]"), "{}", heads.transcript());
    }
    rights("migrations", 0o755);
}

#[test]
fn a_configuration_counts_below_its_folder_as_well() {
    let sandbox = Sandbox::new();
    sandbox.write("migrate.toml", "migrations = \"sql\"\nids = \"sequential\"\nurl = \"sqlite://app.db\"\n");
    sandbox.write("src/deep/keep", "");
    let below = |arguments: &[&str]| -> Ran {
        let folder = sandbox.path().join("src/deep");
        sandbox.command(arguments).current_dir(folder).output().expect("it runs").into()
    };
    for arguments in [&["init"][..], &["new", "users"], &["history"]] {
        let ran = below(arguments);
        assert_eq!(ran.code, 0, "{}", ran.transcript());
    }
    assert_eq!(sandbox.list("sql"), [".gitattributes", "001_users.sql", "README.md", "migrate.lock"]);
    assert_eq!(below(&["heads", "--quiet"]).stdout, "001  users\n");
    // What two checks find is told once.
    let checked = below(&["check"]);
    assert_eq!(checked.stderr.matches("the `up` section of revision `001` is not written").count(), 1, "{checked:?}");
    // The nearest one counts, and one above a package is somebody else's.
    sandbox.write("src/migrate.toml", "migrations = \"other\"\n");
    assert_eq!(below(&["heads", "--quiet"]).stdout, "");
    std::fs::remove_file(sandbox.path().join("src/migrate.toml")).expect("it goes");
    sandbox.write("src/Cargo.toml", "[package]\nname = \"inner\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    sandbox.write("src/src/lib.rs", "");
    assert_eq!(below(&["heads", "--quiet"]).stdout, "");
    sandbox.write("src/migrate.toml", "");
    let refused = below(&["heads"]);
    assert!(refused.stderr.contains("`migrate.toml` does not count inside a package"), "{}", refused.transcript());
}
