//! `audit`: the log by revision, action, time and user.

use insta::assert_snapshot;
use migrate_tests::command::Ran;

use super::site::{REVISIONS, Site, on_every_engine};

/// What was done, each as `action revision user`.
fn entries(site: &Site, arguments: &[&str]) -> Vec<String> {
    let ran = site.must(&[&["audit", "--format", "json"], arguments].concat()).json();
    let text = |entry: &serde_json::Value, field: &str| entry[field].as_str().expect("a text").to_owned();
    let entry = |entry: &serde_json::Value| {
        let user = text(entry, "done_by");
        let user = user.split('@').next().expect("a user").to_owned();
        format!("{} {} {user}", text(entry, "action"), text(entry, "revision"))
    };
    ran["log"].as_array().expect("a list").iter().map(entry).collect()
}

fn call_as(site: &Site, user: &str, arguments: &[&str]) {
    let mut command = site.sandbox.command(&[arguments, &["--database-url", &site.url()]].concat());
    let ran: Ran = command.env("USER", user).output().expect("it runs").into();
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn the_log_is_read_by_revision_action_user_run_and_time() {
    on_every_engine(&REVISIONS, |site| {
        assert_eq!(entries(site, &[]), [""; 0], "nothing was ever done");
        call_as(site, "ann", &["upgrade", "002"]);
        call_as(site, "bob", &["downgrade"]);
        call_as(site, "anna", &["stamp", "head"]);
        assert_eq!(
            entries(site, &[]),
            ["stamp 003 anna", "stamp 002 anna", "downgrade 002 bob", "upgrade 002 ann", "upgrade 001 ann"]
        );
        assert_eq!(entries(site, &["002"]), ["stamp 002 anna", "downgrade 002 bob", "upgrade 002 ann"]);
        assert_eq!(entries(site, &["head"]), ["stamp 003 anna"]);
        assert_eq!(entries(site, &["nobody"]), [""; 0]);
        assert_eq!(entries(site, &["--action", "downgrade"]), ["downgrade 002 bob"]);
        assert_eq!(entries(site, &["--by", "ann", "-n", "1"]), ["upgrade 002 ann"]);
        assert_eq!(entries(site, &["--by", "ann' OR '1'='1"]), [""; 0]);
        let last = site.must(&["audit", "-n", "1", "--format", "json"]).json()["log"][0].clone();
        let (run, at) = (last["run_id"].as_str().expect("an id"), last["at"].as_str().expect("a time"));
        assert_eq!(entries(site, &["--run", run]), ["stamp 003 anna", "stamp 002 anna"]);
        assert_eq!(entries(site, &["--since", at, "--until", at, "003"]), ["stamp 003 anna"]);
        assert_eq!(entries(site, &["--since", &at[..10]]).len(), 5, "the day is included whole");
        assert_eq!(entries(site, &["--until", &at[..10]]).len(), 5, "the day is included whole");
        assert_eq!(entries(site, &["--until", "2020-01-01"]), [""; 0]);
        assert_eq!(entries(site, &["--since", "2999"]), [""; 0]);
        for impossible in ["yesterday", "2026-13-01", "2026-00-01", "2026-11-32", "2026-11-22T24:00"] {
            assert_eq!(site.call(&["audit", "--since", impossible]).code, 2, "{impossible}");
        }
        assert_eq!(site.call(&["audit", "--action", "look"]).code, 2);
    });
}

#[test]
fn each_entry_is_a_line_and_its_note_another() {
    on_every_engine(&REVISIONS[..1], |site| {
        call_as(site, "ann", &["upgrade"]);
        call_as(site, "ann", &["stamp", "base"]);
        let ran = site.must(&["audit"]);
        let dated = |line: &str| if line.starts_with(' ') { line.to_owned() } else { format!("[TIME]{}", &line[24..]) };
        let hostless = |line: String| match (line.find('@'), line.find(" with ")) {
            (Some(at), Some(with)) => format!("{}{}", &line[..at], &line[with..]),
            _ => line,
        };
        let milliseconds = |line: String| match (line.rfind(" in "), line.ends_with(" ms")) {
            (Some(at), true) => line[..at].to_owned(),
            _ => line,
        };
        let lines: Vec<String> = ran.stdout.lines().map(|line| milliseconds(hostless(dated(line)))).collect();
        assert_snapshot!(lines.join("\n"), @r"
        [TIME]  stamp      001  by ann with cargo-migrate 0.1.0
            forgotten without undoing
        [TIME]  upgrade    001  by ann with cargo-migrate 0.1.0
        ");
        assert_eq!(ran.stdout.lines().next().map(|line| line.as_bytes()[23]), Some(b'Z'));
        assert_eq!(site.must(&["audit", "-v"]).stdout.matches("checksum v1:").count(), 2);
    });
}

#[test]
fn a_log_of_a_newer_version_is_not_read_as_if_it_were_known() {
    on_every_engine(&REVISIONS[..1], |site| {
        site.must(&["upgrade"]);
        site.execute("UPDATE migrate_log SET format = 2");
        let ran = site.call(&["audit"]);
        assert!(ran.code == 1 && ran.stderr.contains("error[M0404]"), "{ran:?}");
    });
}

#[test]
fn looking_at_a_file_that_is_not_there_creates_none() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    let ran = sandbox.migrate(&["audit", "--database-url", "sqlite://app.db"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (0, ""));
    assert!(!sandbox.path().join("app.db").exists());
}
