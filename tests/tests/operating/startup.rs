//! `on_startup`: what `MIGRATE` makes of a service's database, and whether it is ready.

use std::process::Command;

use migrate_tests::command::Ran;

use super::site::{REVISIONS, Site, on_every_engine};

fn start(site: &Site, migrate: Option<&str>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_starts"));
    command.arg(site.url()).current_dir(site.sandbox.path()).env_remove("MIGRATE");
    command.envs(migrate.map(|value| ("MIGRATE", value)));
    command.output().expect("it runs").into()
}

#[test]
fn check_looks_and_is_ready_when_somebody_else_has_migrated() {
    on_every_engine(&REVISIONS, |site| {
        let ran = start(site, Some("check"));
        assert_eq!((ran.code, ran.stdout.as_str()), (3, "not ready, at base: 001, 002, 003 are pending\n"), "{ran:?}");
        site.must(&["upgrade", "002"]);
        let ran = start(site, Some("check"));
        assert_eq!((ran.code, ran.stdout.as_str()), (3, "not ready, at 002: 003 is pending\n"), "{ran:?}");
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "2", "it wrote nothing");
        site.must(&["upgrade"]);
        let ran = start(site, Some("check"));
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "ready, at 003\n"), "{ran:?}");
    });
}

#[test]
fn auto_upgrades_and_is_what_happens_without_the_variable() {
    on_every_engine(&REVISIONS, |site| {
        for migrate in [None, Some("auto")] {
            let ran = start(site, migrate);
            assert_eq!((ran.code, ran.stdout.as_str()), (0, "ready, at 003\n"), "{ran:?}");
        }
        assert_eq!(site.query("SELECT count(*) FROM migrate_log"), "3");
    });
}

#[test]
fn off_does_not_look() {
    on_every_engine(&REVISIONS, |site| {
        let ran = start(site, Some("off"));
        assert_eq!((ran.code, ran.stdout.as_str()), (0, "ready, the database was not looked at\n"), "{ran:?}");
        assert_eq!(site.current(), "");
    });
}

#[test]
fn a_typo_migrates_nothing() {
    on_every_engine(&REVISIONS, |site| {
        for typo in ["", "Off", "no"] {
            let ran = start(site, Some(typo));
            assert!(ran.code == 1 && ran.stderr.contains("error[M0602]") && ran.stderr.contains("`check`"), "{ran:?}");
        }
        assert_eq!(site.current(), "");
    });
}

#[test]
fn what_an_upgrade_would_refuse_is_no_readiness() {
    on_every_engine(&REVISIONS, |site| {
        site.must(&["upgrade"]);
        site.sandbox.write("migrations/002_bio.sql", REVISIONS[1].1.replace("bio TEXT", "bio VARCHAR(9)"));
        for migrate in ["check", "auto"] {
            let ran = start(site, Some(migrate));
            assert!(ran.code == 1 && ran.stderr.contains("error[M0215]"), "{ran:?}");
        }
    });
}
