//! Several folders that make one graph.

use insta::assert_snapshot;
use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::embed::Crate;

fn file(id: &str, parents: &str, more: &str) -> String {
    format!(
        "-- revision: {id}\n-- parents: {parents}\n{more}\n-- migrate: up\nCREATE TABLE t_{id} (x INTEGER);\n\n\
         -- migrate: down\nDROP TABLE t_{id};\n"
    )
}

const FOLDERS: &str = "migrations = [\"core\", \"plugins/billing\"]\n";

/// core: c1 <- c2; plugins/billing: b1, which depends on c1, <- b2
fn project() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("migrate.toml", format!("url = \"sqlite://app.db\"\n{FOLDERS}"));
    sandbox.write("core/1_c1.sql", file("c1", "none", ""));
    sandbox.write("core/2_c2.sql", file("c2", "c1", ""));
    sandbox.write("plugins/billing/1_b1.sql", file("b1", "none", "-- depends-on: core@c1\n"));
    sandbox.write("plugins/billing/2_b2.sql", file("b2", "b1", ""));
    sandbox
}

fn done(ran: Ran) -> Ran {
    assert_eq!(ran.code, 0, "{}", ran.transcript());
    ran
}

#[test]
fn folders_make_one_graph_and_are_its_labels() {
    let sandbox = project();
    assert_snapshot!(done(sandbox.migrate(&["history"])).stdout, @r"
    b1 -> b2 (head), b2
    <base> -> b1 (billing), b1
    c1 -> c2 (head), c2
    <base> -> c1 (core), c1
    ");
    assert_eq!(sandbox.migrate(&["upgrade"]).code, 4, "two heads, and one is expected");
    let plan = done(sandbox.migrate(&["upgrade", "billing@head", "--dry-run", "--format", "json"])).json();
    let steps = plan["plan"].as_array().expect("a list").iter().map(|step| &step["revision"]).collect::<Vec<_>>();
    assert_eq!(steps, ["c1", "b1", "b2"]);
    let current = done(sandbox.migrate(&["upgrade", "heads", "--format", "json", "--quiet"])).json();
    assert_eq!(current["heads_after"], serde_json::json!(["c2", "b2"]));
    done(sandbox.migrate(&["downgrade", "billing@base"]));
    assert_eq!(done(sandbox.migrate(&["current", "--quiet"])).stdout, "c2 (head)  c2\n");
}

#[test]
fn each_folder_has_its_lock() {
    let sandbox = project();
    assert_snapshot!(done(sandbox.migrate(&["init"])).stdout, @r"
    created core/.gitattributes
    created core/README.md
    created plugins/billing/.gitattributes
    created plugins/billing/README.md
    created core/migrate.lock
    created plugins/billing/migrate.lock
    ");
    let ids = |folder: &str| {
        let lock = sandbox.read(&format!("{folder}/migrate.lock"));
        let word = |line: &str| line.split(' ').nth(1).unwrap_or_default().to_owned();
        lock.lines().skip(1).map(word).collect::<Vec<_>>()
    };
    assert_eq!((ids("core"), ids("plugins/billing")), (vec!["c1".into(), "c2".into()], vec!["b1".into(), "b2".into()]));

    done(sandbox.migrate(&["seal", "b1"]));
    assert!(sandbox.read("core/migrate.lock").contains("sealed c1"));
    assert!(sandbox.read("plugins/billing/migrate.lock").contains("sealed b1"));
    let edited = file("b1", "none", "-- depends-on: core@c1\n").replace("INTEGER", "TEXT");
    sandbox.write("plugins/billing/1_b1.sql", edited);
    let ran = sandbox.migrate(&["new", "x", "--parent", "c2"]);
    assert!(
        ran.code == 1 && ran.stderr.contains("M0304") && ran.stderr.contains("plugins/billing/1_b1.sql"),
        "{ran:?}"
    );
    done(sandbox.migrate(&["seal", "--accept", "b1", "--reason", "reviewed"]));
    assert!(sandbox.read("plugins/billing/migrate.lock").contains("accepted b1"));
    assert!(!sandbox.read("core/migrate.lock").contains("accepted"));
}

#[test]
fn a_sealed_revision_may_move_to_another_folder() {
    let sandbox = project();
    done(sandbox.migrate(&["init"]));
    done(sandbox.migrate(&["seal"]));
    let text = sandbox.read("core/2_c2.sql");
    std::fs::remove_file(sandbox.path().join("core/2_c2.sql")).expect("the file is there");
    let gone = sandbox.migrate(&["new", "x", "--parent", "b2"]);
    assert!(gone.stderr.contains("M0303"), "{gone:?}");
    sandbox.write("plugins/billing/3_c2.sql", text);
    done(sandbox.migrate(&["new", "x", "--parent", "b2"]));
}

#[test]
fn a_new_file_goes_into_its_parents_folder_or_the_one_that_is_named() {
    let sandbox = project();
    let new = |arguments: &[&str]| sandbox.migrate(&[&["new", "x", "--quiet"], arguments].concat());
    let folder = |ran: Ran| done(ran).stdout.trim().rsplit_once('/').map(|(folder, _)| folder.to_owned()).unwrap();
    assert_eq!(folder(new(&["--parent", "b2", "--rev-id", "b3"])), "plugins/billing");
    assert_eq!(folder(new(&["--parent", "c2", "--rev-id", "c3"])), "core");
    assert_eq!(folder(new(&["--parent", "b3", "--rev-id", "c4", "--into", "core"])), "core");
    assert_eq!(folder(new(&["--parent", "none", "--rev-id", "r1", "--into", "billing"])), "plugins/billing");
    assert_eq!(
        folder(sandbox.migrate(&["merge", "c3", "c4", "--quiet", "--into", "./plugins/billing/"])),
        "plugins/billing"
    );

    let several = new(&["--parent", "none"]);
    assert!(several.stderr.contains("`--into core` or `--into plugins/billing`"), "{several:?}");
    let unknown = new(&["--parent", "c3", "--splice", "--into", "biling"]);
    assert!(unknown.stderr.contains("did you mean `billing`?"), "{unknown:?}");
}

#[test]
fn numbers_are_counted_over_all_folders_and_labels_must_not_clash() {
    let sandbox = Sandbox::new();
    sandbox.write("migrate.toml", format!("ids = \"sequential\"\n{FOLDERS}"));
    done(sandbox.migrate(&["init"]));
    let new = |arguments: &[&str]| sandbox.migrate(&[&["new"], arguments].concat());
    assert_eq!(done(new(&["a", "--into", "core"])).stdout, "core/001_a.sql\n");
    assert_eq!(done(new(&["b", "--parent", "none", "--into", "billing"])).stdout, "plugins/billing/002_b.sql\n");
    let clash = new(&["c", "--parent", "001", "--label", "billing"]);
    assert!(clash.code == 1 && clash.stderr.contains("M0106"), "{clash:?}");
    assert_eq!(sandbox.list("core").iter().filter(|name| name.ends_with(".sql")).count(), 1, "nothing is written");
}

#[test]
fn check_speaks_of_every_folder() {
    let sandbox = project();
    done(sandbox.run("git", &["init", "--quiet"]));
    let ran = sandbox.migrate(&["check", "--fix"]);
    assert!(ran.stdout.contains("ok      lock         2 lock files were written anew: 4 lines changed"), "{ran:?}");
    done(sandbox.run("git", &["add", "."]));
    done(sandbox.run("git", &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x"]));
    let ran = sandbox.migrate(&["check", "--since", "HEAD"]);
    assert!(ran.stdout.contains("4 revisions compared with HEAD, none changed"), "{ran:?}");
    sandbox.write("plugins/billing/2_b2.sql", file("b2", "b1", "").replace("INTEGER", "TEXT"));
    let ran = sandbox.migrate(&["check", "--since", "HEAD"]);
    assert!(
        ran.stderr.contains("--> plugins/billing/2_b2.sql:1")
            && ran.stderr.contains("--> plugins/billing/migrate.lock:1"),
        "{ran:?}"
    );
}

#[test]
fn dir_may_be_repeated_and_every_missing_folder_is_named() {
    let sandbox = project();
    std::fs::remove_file(sandbox.path().join("migrate.toml")).expect("the file is there");
    let heads = done(sandbox.migrate(&["heads", "--dir", "core", "--dir", "plugins/billing"]));
    assert_eq!(heads.stdout, "c2  c2\nb2  b2\n");
    let missing = sandbox.migrate(&["heads", "--dir", "core", "--dir", "nowhere", "--dir", "neither"]);
    assert!(missing.stderr.contains("`nowhere`") && missing.stderr.contains("`neither`"), "{missing:?}");
    let twice = sandbox.migrate(&["heads", "--dir", "core", "--dir", "core"]);
    assert!(twice.code == 1 && twice.stderr.contains("`core` and `core` are one folder"), "{twice:?}");
    let twice = sandbox.migrate(&["rebase", "core/1_c1.sql", "--dir", "core", "--dir", "./plugins/../core"]);
    assert!(twice.code == 1 && twice.stderr.contains("are one folder"), "{twice:?}");
}

#[test]
fn rebase_and_edit_find_files_in_every_folder() {
    let sandbox = project();
    assert_snapshot!(done(sandbox.migrate(&["rebase", "plugins/billing/1_b1.sql", "--onto", "c2", "--quiet"])).stdout, @"plugins/billing/1_b1.sql: `b1` now follows c2");
    let edited = sandbox.command(&["edit", "b2"]).env("EDITOR", "true").output().expect("it runs").into();
    assert_eq!(done(edited).stdout, "plugins/billing/2_b2.sql\n");
}

#[test]
fn a_crate_embeds_every_folder_and_no_other_set_than_the_configured_one() {
    let embeds = Crate::new();
    let manifest = embeds.sandbox.read("Cargo.toml");
    let configure = |folders: &str| {
        let table = format!("[package.metadata.migrate]\nheads = \"many\"\n{folders}\n[dependencies]");
        embeds.sandbox.write("Cargo.toml", manifest.replace("[dependencies]", &table));
    };
    let main = |folders: &str| {
        let text = format!(
            "migrate_runtime::embed_migrations! {{ static MIGRATIONS: Migrations{folders}; }}\n\
             fn main() {{ for revision in MIGRATIONS.revisions() {{ println!(\"{{}} {{:?}}\", revision.id, revision.groups); }} }}\n"
        );
        embeds.sandbox.write("src/main.rs", text);
    };
    for (folder, id, depends_on) in [("core", "c1", ""), ("plugins/billing", "b1", "-- depends-on: core@c1\n")] {
        embeds.sandbox.write(&format!("{folder}/1_{id}.sql"), file(id, "none", depends_on));
    }
    configure(FOLDERS);
    main("");
    assert_eq!(embeds.embedded().join("\n"), "c1 [\"core\"]\nb1 [\"billing\"]");
    main(" = [\"plugins/billing\", \"core\"]");
    assert_eq!(embeds.embedded().join("\n"), "b1 [\"billing\"]\nc1 [\"core\"]", "the same set, in another order");
    main(" = [\"core\"]");
    let refused = embeds.compile_errors();
    assert!(
        refused.contains("this embeds `core`, and Cargo.toml configures `core`, `plugins/billing` [M0602]"),
        "{refused}"
    );
    main(" = \"other\"");
    embeds.sandbox.write("other/1_o1.sql", file("o1", "none", ""));
    assert_eq!(embeds.embedded().join("\n"), "o1 []", "another history is another history");
}
