//! `--backup`: by the real clients, with the restore that is printed.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use migrate_tests::command::Ran;
use migrate_tests::disk::SmallDisk;

use super::site::{REVISIONS, Site, on_every_engine};

/// The file that a call says it has written.
fn backup_of(ran: &Ran) -> String {
    let line = ran.stderr.lines().find_map(|line| line.strip_prefix("backup: ")).unwrap_or_else(|| panic!("{ran:?}"));
    line.rsplit_once(", ").expect("a size behind it").0.to_owned()
}

/// A program of this name that comes before the real one.
fn stand_in(site: &Site, program: &str, script: &str) -> String {
    site.sandbox.write(&format!("bin/{program}"), format!("#!/bin/sh\n{script}\n"));
    let path = site.sandbox.path().join("bin");
    std::fs::set_permissions(path.join(program), std::fs::Permissions::from_mode(0o755)).expect("its rights");
    path.display().to_string()
}

fn client(site: &Site) -> &'static str {
    match site.dialect() {
        "postgres" => "pg_dump",
        _ => "mariadb-dump",
    }
}

fn call_with_path(site: &Site, path: &str, url: &str, arguments: &[&str]) -> Ran {
    let mut command = site.sandbox.command(&[arguments, &["--database-url", url]].concat());
    command.env("PATH", path).output().expect("it runs").into()
}

fn refused(site: &Site, ran: &Ran, words: &str) {
    assert!(ran.code == 1 && ran.stderr.contains("error[M0707]") && ran.stderr.contains(words), "{words}: {ran:?}");
    assert_eq!(site.current(), "001", "nothing was written");
    assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "1");
}

#[test]
fn what_is_restored_equals_what_was_backed_up() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        site.execute("INSERT INTO users (id) VALUES (1), (2)");
        let before = site.dump();
        let ran = site.must(&["upgrade", "--backup"]);
        let file = backup_of(&ran);
        site.execute("INSERT INTO users (id) VALUES (3)");
        site.execute("CREATE TABLE later (x int)");
        assert_ne!(site.dump(), before);
        let restore = ran.stderr.lines().find_map(|line| line.strip_prefix("restore it with: ")).expect("a command");
        let restored = site.sandbox.run("sh", &["-c", restore]);
        assert_eq!(restored.code, 0, "{restore}: {restored:?}");
        assert_eq!(site.dump(), before);
        assert_eq!(site.current(), "001");
        let mode = std::fs::metadata(site.sandbox.path().join(&file)).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file} holds what the database holds");
        let again = site.must(&["upgrade", "--backup"]);
        assert_ne!(backup_of(&again), file, "no backup replaces another");
    });
}

#[test]
fn the_log_says_where_the_backup_is_and_how_large() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        let ran = site.must(&["upgrade", "--backup", "--format", "json"]);
        let file = site.sandbox.path().join(backup_of(&ran));
        let size = std::fs::metadata(&file).expect("it is there").len();
        let note = format!("backup {}, {size} bytes", file.canonicalize().expect("a path").display());
        assert_eq!(ran.json()["note"], note);
        assert_eq!(site.query("SELECT DISTINCT note FROM migrate_log WHERE revision <> '001'"), note);
        let down = site.must(&["downgrade", "--backup"]);
        assert!(PathBuf::from(site.sandbox.path()).join(backup_of(&down)).exists());
    });
}

#[test]
fn with_nothing_to_do_there_is_no_backup() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "--backup"]);
        let files = site.sandbox.list(".");
        let ran = site.must(&["upgrade", "--backup"]);
        assert!(!ran.stderr.contains("backup:"), "{ran:?}");
        assert_eq!(site.sandbox.list("."), files);
        assert_eq!(site.call(&["status", "--backup"]).code, 2);
        assert_eq!(site.sandbox.migrate(&["heads", "--backup"]).code, 2);
    });
}

#[test]
fn no_password_is_among_the_arguments_of_a_client() {
    on_every_engine(&REVISIONS, |site| {
        let Some((url, password)) = site.url_with_password() else { return };
        let real = format!("/usr/bin/{}", client(site));
        let script = format!(
            "printf '%s\\n' \"$@\" > arguments\nenv > environment\nfor file in \"$PGPASSFILE\" \"${{1#--defaults-extra-file=}}\"; do stat \
             -c %a \"$file\" >> modes 2>/dev/null; done\nexec {real} \"$@\""
        );
        let path = format!("{}:/usr/bin:/bin", stand_in(site, client(site), &script));
        let ran = call_with_path(site, &path, &url, &["upgrade", "--backup"]);
        assert_eq!(ran.code, 0, "{ran:?}");
        for seen in ["arguments", "environment"] {
            assert!(!site.sandbox.read(seen).contains(password), "{seen}");
        }
        assert_eq!(site.sandbox.read("modes"), "600\n");
        assert!(!ran.stderr.contains(password) && !ran.stdout.contains(password), "{ran:?}");
        let left = std::fs::read_dir(std::env::temp_dir()).expect("a folder").flatten();
        let holds = |path: PathBuf| std::fs::read_to_string(path).is_ok_and(|text| text.contains(password));
        let temporary = left.filter(|entry| entry.file_name().to_string_lossy().starts_with(".tmp"));
        assert!(!temporary.map(|entry| entry.path()).any(holds), "the file is gone");
    });
}

#[test]
fn a_password_may_hold_whatever_the_files_of_the_clients_give_a_meaning_to() {
    on_every_engine(&REVISIONS, |site| {
        let (create, user) = match site.dialect() {
            "sqlite" => return,
            "postgres" => (r##"CREATE ROLE odd_login LOGIN SUPERUSER PASSWORD E'a:b\\c"#''d e'"##, "postgres@"),
            _ => (r##"CREATE USER odd_login IDENTIFIED BY 'a:b\\c"#''d e'"##, "root@"),
        };
        site.execute(create);
        if site.dialect() == "mariadb" {
            site.execute("GRANT ALL ON *.* TO odd_login");
        }
        let url = site.url().replace(user, "odd_login:a%3Ab%5Cc%22%23%27d%20e@");
        let ran = site.sandbox.migrate(&["upgrade", "--backup", "--database-url", &url]);
        assert!(ran.code == 0 && ran.stderr.contains("backup: backups/"), "{ran:?}");
        let wrong = site.sandbox.migrate(&["upgrade", "--database-url", &url.replace("%20e@", "@")]);
        assert!(wrong.stderr.contains("error[M0502]"), "the password counts: {wrong:?}");
    });
}

#[test]
fn a_client_that_is_missing_or_refuses_stops_the_run_before_the_first_write() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        if site.dialect() == "sqlite" {
            return;
        }
        let url = site.url();
        let nowhere = site.sandbox.path().join("nothing").display().to_string();
        refused(site, &call_with_path(site, &nowhere, &url, &["upgrade", "--backup"]), "is not there");
        let old = "echo 'error: aborting because of server version mismatch' >&2\necho 'detail: 99 and 1' >&2\nexit 1";
        let path = format!("{}:/usr/bin:/bin", stand_in(site, client(site), old));
        let ran = call_with_path(site, &path, &url, &["upgrade", "--backup"]);
        refused(site, &ran, "note: error: aborting because of server version mismatch");
        let silent = format!("{}:/usr/bin:/bin", stand_in(site, client(site), "exit 0"));
        refused(site, &call_with_path(site, &silent, &url, &["upgrade", "--backup"]), "or empty");
        assert_eq!(site.sandbox.list("backups"), [".gitignore"], "half a backup is none");
    });
}

#[test]
fn a_folder_that_cannot_be_written_stops_the_run_before_the_first_write() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        site.sandbox.write("migrate.toml", "backup-folder = \"migrate.toml/below\"\n");
        refused(site, &site.call(&["upgrade", "--backup"]), "cannot be written");
        let Some(disk) = SmallDisk::mount("16k") else { return };
        let folder = disk.folder("backups");
        std::fs::write(folder.join("filler"), vec![0; 8192]).expect("it fits");
        site.sandbox.write("migrate.toml", format!("backup-folder = \"{}\"\n", folder.display()));
        site.execute(&format!(
            "CREATE TABLE big AS SELECT '{}' AS x",
            "0123456789abcdefghijklmnopqrstuvwxyz".repeat(400)
        ));
        for number in 0..6 {
            // What cannot be pressed together.
            let noise: String = (0..9000)
                .map(|i| char::from(33 + (i * i * 7 + i * number * 13 + i / 3) as u8 % 6 + (i % 67) as u8))
                .collect();
            site.execute(&format!("INSERT INTO big VALUES ('{}')", noise.replace(['\'', '\\'], "")));
        }
        refused(site, &site.call(&["upgrade", "--backup"]), "");
        assert_eq!(std::fs::read_dir(&folder).expect("a folder").count(), 1, "half a backup is none");
    });
}

#[test]
fn an_environment_can_demand_a_backup() {
    on_every_engine(&REVISIONS, |site| {
        let text = format!("backup-folder = \"kept\"\n\n[env.production]\nurl = \"{}\"\nbackup = true\n", site.url());
        site.sandbox.write("migrate.toml", text);
        site.must(&["upgrade", "001"]);
        let ran = site.must(&["upgrade"]);
        assert!(backup_of(&ran).starts_with("kept/"), "{ran:?}");
        assert_eq!(site.sandbox.read("kept/.gitignore"), "*\n");
        assert!(site.must(&["redo"]).stderr.contains("backup: kept/"));
        for quiet in [&["status"][..], &["stamp", "base"], &["upgrade", "--dry-run"]] {
            assert!(!site.must(quiet).stderr.contains("backup:"), "{quiet:?}");
        }
    });
}

#[test]
fn a_configured_command_makes_the_backup() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        stand_in(site, "save", "echo \"$DATABASE_URL\" > \"$2\"");
        site.sandbox.write("migrate.toml", "backup-command = \"./bin/save --to {file}\"\nbackup-folder = \"kept\"\n");
        let ran = site.must(&["upgrade", "002", "--backup"]);
        assert_eq!(site.sandbox.read(&backup_of(&ran)).trim(), site.url());
        assert!(!ran.stderr.contains("restore it with"), "{ran:?}");
        site.must(&["downgrade"]);
        site.execute("DELETE FROM migrate_log WHERE seq > 1");
        for (script, words) in [("exit 3", "ended with exit status: 3"), ("true", "is not there, or empty")] {
            stand_in(site, "save", script);
            refused(site, &site.call(&["upgrade", "--backup"]), words);
        }
        site.sandbox.write("migrate.toml", "backup-command = \"./bin/nothing {file}\"\n");
        refused(site, &site.call(&["upgrade", "--backup"]), "cannot be started");
    });
}

#[test]
fn what_was_refused_an_answer_is_not_backed_up() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "001"]);
        let text = format!(
            "backup-folder = \"kept\"\n\n[env.production]\nurl = \"{}\"\nprotected = true\nbackup = true\n",
            site.url()
        );
        site.sandbox.write("migrate.toml", text);
        let ran = site.call(&["upgrade"]);
        assert!(ran.stderr.contains("error[M0703]") && !ran.stderr.contains("backup:"), "{ran:?}");
        assert!(!site.sandbox.path().join("kept").exists());
    });
}

#[test]
fn on_mariadb_a_history_in_another_database_is_backed_up_too() {
    on_every_engine(&REVISIONS, |site| {
        if site.dialect() != "mariadb" {
            return;
        }
        site.sandbox.write("migrate.toml", "history-schema = \"apart_of_backups\"\n");
        // Before the first run there is none yet.
        site.must(&["upgrade", "001", "--backup"]);
        let ran = site.must(&["upgrade", "--backup"]);
        let restore = ran.stderr.lines().find_map(|line| line.strip_prefix("restore it with: ")).expect("a command");
        assert_eq!(site.sandbox.run("sh", &["-c", restore]).code, 0);
        assert_eq!(site.current(), "001");
        assert_eq!(site.query("SELECT count(*) FROM apart_of_backups.migrate_log"), "1");
        site.execute("DROP DATABASE apart_of_backups");
    });
}

#[test]
fn the_backup_of_a_sqlite_file_holds_what_still_stands_in_its_log() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    let call = |arguments: &[&str]| sandbox.migrate(&[arguments, &["--database-url", "sqlite://app.db"]].concat());
    assert_eq!(call(&["upgrade", "001"]).code, 0);
    let writer = rusqlite::Connection::open(sandbox.path().join("app.db")).expect("it opens");
    let mode: String = writer.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("it answers");
    assert_eq!(mode, "wal");
    writer.execute_batch("INSERT INTO users (id) VALUES (5)").expect("it writes");
    let ran = call(&["upgrade", "--backup"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let copy = rusqlite::Connection::open(sandbox.path().join(backup_of(&ran))).expect("it opens");
    let rows: i64 = copy.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).expect("it answers");
    assert_eq!(rows, 1);
}
