//! `status`: one screen.

use std::time::{Duration, Instant};

use super::site::{REVISIONS, on_every_engine};

#[test]
fn status_says_what_was_done_last_by_whom_and_how_large_the_database_is() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade", "002"]);
        site.must(&["downgrade"]);
        let text = site.must(&["status"]).stdout;
        assert!(text.contains("\nlast:     downgrade of 002, 20"), "{text}");
        assert!(text.contains("B, 3 rows in the log\n") && !text.contains("lock:"), "{text}");
        let status = site.must(&["status", "--format", "json"]).json();
        assert_eq!(
            (&status["last"]["revision"], &status["last_action"]["action"]),
            (&"001".into(), &"downgrade".into())
        );
        assert_eq!((&status["log_entries"], &status["lock_holder"]), (&3.into(), &serde_json::Value::Null));
        assert!(status["size_bytes"].as_u64().is_some_and(|size| size > 4096), "{status}");
        for known in ["database", "server_version"] {
            assert!(status[known].is_string(), "{known}: {status}");
        }
    });
}

#[test]
fn status_of_a_database_that_nothing_was_done_to_knows_no_last_action() {
    on_every_engine(&REVISIONS, |site| {
        let ran = site.must(&["status"]);
        assert!(!ran.stdout.contains("last:") && !ran.stdout.contains("lock:"), "{ran:?}");
        let status = site.must(&["status", "--format", "json"]).json();
        assert!(status["last_action"].is_null() && status["log_entries"].is_null(), "{status}");
    });
}

#[test]
fn a_lease_that_has_expired_is_held_by_nobody() {
    on_every_engine(&REVISIONS[..1], |site| {
        if site.dialect() != "postgres" {
            return;
        }
        site.must(&["upgrade"]);
        let hold = |until: &str| {
            site.execute(&format!(
                "UPDATE migrate_lease SET owner = 'x', held_by = 'ann@laptop', backend_start = '', {until}"
            ));
            site.must(&["status", "--format", "json"]).json()["lock_holder"].clone()
        };
        let lives = "backend = (SELECT min(pid)::text FROM pg_stat_activity)";
        assert!(hold(&format!("expires_at = now() - interval '1 second', {lives}")).is_null());
        let holds = hold(&format!("expires_at = now() + interval '1 minute', {lives}"));
        assert!(holds.as_str().is_some_and(|holder| holder.starts_with("ann@laptop")), "{holds}");
        assert!(hold("expires_at = now() + interval '1 minute', backend = '0'").is_null(), "its session has ended");
    });
}

#[test]
fn status_names_who_holds_the_lock_and_waits_for_nobody() {
    on_every_engine(&REVISIONS[..1], |site| {
        site.must(&["upgrade"]);
        let sleep = match site.dialect() {
            "postgres" => "SELECT pg_sleep(4)",
            "mariadb" => "DO SLEEP(4)",
            // The lock of a file tells no holder.
            _ => return,
        };
        let slow = format!("-- revision: 002\n-- parents: 001\n\n-- migrate: up\n{sleep};\n");
        site.sandbox.write("migrations/002_slow.sql", slow);
        let url = site.url();
        let mut holder = site.sandbox.command(&["upgrade", "--database-url", &url]).spawn().expect("it runs");
        let started = Instant::now();
        let mut seen = None;
        while seen.is_none() && started.elapsed() < Duration::from_secs(3) {
            let status = site.must(&["status", "--format", "json"]).json();
            seen = status["lock_holder"].as_str().map(str::to_owned);
        }
        let seen = seen.expect("the holder is seen while it runs");
        assert!(seen.contains(if site.dialect() == "postgres" { "cargo-migrate" } else { "connection " }), "{seen}");
        assert!(holder.wait().expect("it ends").success());
        assert!(!site.must(&["status"]).stdout.contains("lock:"));
    });
}

#[test]
fn a_plan_says_what_becomes_of_a_revision_that_is_half_done() {
    let half = "-- revision: 002\n-- parents: 001\n\n-- migrate: up\n-- migrate: no-transaction\nCREATE TABLE bios (id INTEGER);\n\
                CREATE TABLE users (id INTEGER);\n\n-- migrate: down\nDROP TABLE bios;\n";
    on_every_engine(&[REVISIONS[0], ("002_bio.sql", half)], |site| {
        assert_eq!(site.call(&["upgrade"]).code, 1);
        let plan = |arguments: &[&str]| site.must(&[arguments, &["--dry-run"]].concat()).stdout;
        assert!(plan(&["upgrade"]).contains("+ 002  bio  (interrupted, is finished first)"), "{}", plan(&["upgrade"]));
        let stamp = plan(&["stamp", "002"]);
        assert!(
            stamp.contains("+ 002  bio  (interrupted: what has run of it stays, and is not told apart any more)"),
            "{stamp}"
        );
        let stamp = plan(&["stamp", "001"]);
        assert!(stamp.contains("- 002  bio  (interrupted: what has run"), "{stamp}");
    });
}
