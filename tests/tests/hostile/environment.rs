//! The environment and the files of a folder, through the real binary.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use migrate_tests::command::{Ran, Sandbox};
use migrate_tests::suite::{SqliteFile, draft, mariadb_or_skip, postgres_or_skip};

const USERS: [&str; 7] = [
    "ann'); DROP TABLE victim; --",
    "ann\\'; DROP TABLE victim; --",
    "\"`$$\\\n\r\u{1b}[2J",
    "/* 🦀 */ --",
    "",
    " ",
    "E'\\''",
];

/// Upgrades and downgrades as each of the users; gives what the history kept of them.
fn users(url: &str, rows: &dyn Fn(&str) -> String) -> Vec<String> {
    let revisions = [draft("root"), draft("next").after("root")];
    let files = revisions.map(|draft| (draft.file(), draft.text()));
    let sandbox = Sandbox::with_revisions(&files.each_ref().map(|(name, text)| (name.as_str(), text.as_str())));
    let call = |verb: &str, user: &str| {
        let mut command = sandbox.command(&[verb, "--dir", "migrations", "--database-url", url]);
        let ran: Ran = command.env("USER", user).output().expect("it runs").into();
        assert_eq!(ran.code, 0, "{user:?} {ran:?}");
    };
    let long = "'\\".repeat(5_000);
    USERS
        .iter()
        .copied()
        .chain([long.as_str()])
        .map(|user| {
            call("upgrade", user);
            let kept = rows("SELECT applied_by FROM migrate_history WHERE id = 'next'");
            call("downgrade", user);
            kept.rsplit_once('@').map_or(kept.clone(), |(user, _)| user.to_owned())
        })
        .collect()
}

fn expected() -> Vec<String> {
    USERS.iter().map(ToString::to_string).chain(["'\\".repeat(5_000)]).collect()
}

#[test]
fn any_user_is_kept_as_the_environment_has_it() {
    let file = SqliteFile::new();
    let url = format!("sqlite://{}", file.path().display());
    assert_eq!(users(&url, &|sql| file.rows(sql).concat()), expected());
    if let Some(database) = postgres_or_skip() {
        // The client prints what it got, line ends included.
        let rows = |sql: &str| database.psql(sql).expect("an answer").trim_end_matches('\n').to_owned();
        assert_eq!(users(&database.url(), &rows), expected());
    }
    if let Some(database) = mariadb_or_skip() {
        let rows = |sql: &str| {
            let digits = database.sql(&sql.replace("applied_by", "hex(applied_by)")).expect("an answer");
            let digits = digits.trim().as_bytes();
            let byte =
                |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("digits"), 16).expect("digits");
            String::from_utf8(digits.chunks(2).map(byte).collect()).expect("text")
        };
        assert_eq!(users(&database.url(), &rows), expected());
    }
}

#[test]
fn a_user_or_a_file_name_that_is_no_text_is_no_reason_to_panic() {
    let file = SqliteFile::new();
    let sandbox = Sandbox::with_revisions(&[("root.sql", &draft("root").text())]);
    let odd = OsString::from_vec(b"002_\xff\n\x1b[2J.sql".to_vec());
    let call = |verb: &str| -> Ran {
        let url = format!("sqlite://{}", file.path().display());
        let mut command = sandbox.command(&[verb, "--dir", "migrations", "--database-url", &url, "--color", "always"]);
        command.env("USER", OsString::from_vec(vec![0xff, b'\''])).output().expect("it runs").into()
    };
    assert_eq!(call("upgrade").code, 0);
    std::fs::write(sandbox.path().join("migrations").join(odd), draft("002").after("root").text())
        .expect("it is written");
    for verb in ["status", "upgrade", "downgrade"] {
        let ran = call(verb);
        assert!(!ran.stderr.contains("panicked") && (0..=7).contains(&ran.code), "{ran:?}");
        assert!(!(ran.stdout + &ran.stderr).contains("\u{1b}[2J"));
    }
}
