//! `--env`: databases with names, and what protects them however their URL came.

use insta::assert_snapshot;
use migrate_tests::command::Ran;

use super::site::{REVISIONS, Site, on_every_engine};

/// A project with a protected environment that leads to the site's database, and another one that does not.
fn configure(site: &Site) {
    let text = format!(
        "url = \"sqlite://home.db\"\n\n[env.production]\nurl = \"{}\"\nprotected = true\nlock-timeout = \"300ms\"\n\n[env.staging]\nurl = \"sqlite://staging.db\"\n",
        site.url()
    );
    site.sandbox.write("migrate.toml", text);
}

fn with_variable(site: &Site, arguments: &[&str], name: &str, value: &str) -> Ran {
    site.sandbox.command(arguments).env(name, value).output().expect("it runs").into()
}

#[test]
fn a_protected_environment_is_changed_by_no_verb_without_a_yes() {
    on_every_engine(&REVISIONS, |site| {
        configure(site);
        let refused = site.sandbox.migrate(&["upgrade", "--env", "production"]);
        assert_eq!(refused.code, 1, "{refused:?}");
        assert_snapshot!(site.shown(&refused.stderr), @r"
        target: [DATABASE] (from `env.production.url` of migrate.toml), environment production, PROTECTED
        plan: upgrade 3 revisions, base -> 003
          + 001  users
          + 002  bio
          + 003  seen
        error[M0703]: `upgrade` of 3 revisions in the protected environment `production` needs a yes
          why: the environment is protected, and without a terminal nobody can be asked
         help: look at the plan with `--dry-run`; `--yes` says that it is meant
        ");
        let run = |verb: &[&str]| site.sandbox.migrate(&[verb, &["--env", "production"]].concat());
        assert_eq!(run(&["upgrade", "002", "--yes"]).code, 0);
        for verb in [&["upgrade"][..], &["downgrade"], &["stamp", "head"], &["stamp", "base", "--purge"]] {
            let refused = run(verb);
            assert!(refused.code == 1 && refused.stderr.contains("error[M0703]"), "{verb:?}: {refused:?}");
        }
        let lost = run(&["downgrade", "base", "--format", "json"]).json();
        assert_eq!(lost["error"]["notes"][0], "destroys data: down of 002: ALTER TABLE users DROP COLUMN bio");
        for verb in [&["status"][..], &["current"], &["upgrade", "--dry-run"], &["check"], &["upgrade", "001"]] {
            let looked = run(verb);
            assert!(
                looked.stderr.contains("environment production, PROTECTED") && !looked.stderr.contains("M0703"),
                "{looked:?}"
            );
        }
        assert_eq!(site.current(), "002");
        assert_eq!(run(&["stamp", "head", "-y"]).code, 0);
    });
}

#[test]
fn protection_follows_the_database_however_its_url_came() {
    on_every_engine(&REVISIONS, |site| {
        configure(site);
        for url in [site.url(), site.same_url()] {
            let by_flag = site.sandbox.migrate(&["upgrade", "--database-url", &url]);
            let by_variable = with_variable(site, &["upgrade"], "DATABASE_URL", &url);
            for ran in [by_flag, by_variable] {
                assert!(ran.code == 1 && ran.stderr.contains("error[M0703]"), "{url}: {ran:?}");
            }
        }
        site.sandbox.write(".env", format!("DATABASE_URL={}\n", site.url()));
        let by_file = site.sandbox.migrate(&["upgrade"]);
        assert!(by_file.code == 1 && by_file.stderr.contains("error[M0703]"), "{by_file:?}");
        assert_eq!(site.sandbox.migrate(&["upgrade", "--yes"]).code, 0);
    });
}

#[test]
fn the_variable_of_an_environment_says_which_database_it_protects() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write("migrate.toml", "[env.production]\nprotected = true\n");
        let missing = site.sandbox.migrate(&["upgrade", "--env", "production"]);
        assert!(missing.code == 2 && missing.stderr.contains("PRODUCTION_DATABASE_URL"), "{missing:?}");
        let by_name = with_variable(site, &["upgrade", "--env", "production"], "PRODUCTION_DATABASE_URL", &site.url());
        assert!(
            by_name.stderr.contains("(from PRODUCTION_DATABASE_URL), environment production, PROTECTED"),
            "{by_name:?}"
        );
        let by_url =
            with_variable(site, &["upgrade", "--database-url", &site.url()], "PRODUCTION_DATABASE_URL", &site.url());
        assert!(by_url.code == 1 && by_url.stderr.contains("error[M0703]"), "{by_url:?}");
        // A secret that a job was not given is no reason to refuse the databases that it has.
        let unfilled = with_variable(site, &["upgrade", "--database-url", &site.url()], "PRODUCTION_DATABASE_URL", "");
        assert_eq!(unfilled.code, 0, "nobody knows then that it is production: {unfilled:?}");
    });
}

#[test]
fn with_env_no_other_url_counts() {
    on_every_engine(&REVISIONS[..1], |site| {
        site.sandbox.write("migrate.toml", "url = \"sqlite://home.db\"\n\n[env.staging]\nvariable = \"STAGE\"\n");
        let ran = with_variable(site, &["upgrade", "--env", "staging"], "DATABASE_URL", &site.url());
        assert!(ran.code == 2 && ran.stderr.contains("error[M0505]") && ran.stderr.contains("set STAGE"), "{ran:?}");
        let both = site.call(&["upgrade", "--env", "staging"]);
        assert!(both.code == 2 && both.stderr.contains("--database-url"), "{both:?}");
        let empty = with_variable(site, &["upgrade", "--env", "staging"], "STAGE", " ");
        assert!(empty.code == 2 && empty.stderr.contains("STAGE is set in the environment"), "{empty:?}");
        assert_eq!(with_variable(site, &["upgrade", "--env", "staging"], "STAGE", &site.url()).code, 0);
        assert!(!site.sandbox.path().join("home.db").exists());
        assert_eq!(site.current(), "001");
    });
}

#[test]
fn two_environments_with_one_database_are_refused_before_anything_is_opened() {
    on_every_engine(&REVISIONS, |site| {
        site.sandbox.write(
            "migrate.toml",
            format!(
                "[env.production]\nurl = \"{}\"\nprotected = true\n\n[env.staging]\nurl = \"{}\"\n",
                site.url(),
                site.same_url()
            ),
        );
        for arguments in [&["upgrade", "--env", "staging"][..], &["upgrade", "--database-url", "sqlite://other.db"]] {
            let ran = site.sandbox.migrate(arguments);
            assert_eq!(ran.code, 1, "{ran:?}");
            let said = "error[M0702]: the environments `production` and `staging` lead to one database";
            assert!(ran.stderr.contains(said), "{ran:?}");
        }
        assert!(!site.sandbox.path().join("other.db").exists());
    });
}

#[test]
fn an_environment_that_is_not_there_is_named_with_its_nearest() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    let none = sandbox.migrate(&["status", "--env", "staging"]);
    assert!(none.code == 2 && none.stderr.contains("error[M0701]") && none.stderr.contains("env.staging"), "{none:?}");
    sandbox
        .write("migrate.toml", "[env.staging]\nurl = \"sqlite://s.db\"\n\n[env.production]\nurl = \"sqlite://p.db\"\n");
    for (name, help) in [("stagign", "did you mean `staging`?"), ("x", "the environments are production, staging")] {
        for arguments in [&["status"][..], &["upgrade", "--sql"], &["check"], &["heads"]] {
            let ran = sandbox.migrate(&[arguments, &["--env", name]].concat());
            assert!(ran.stderr.contains(help), "{arguments:?}: {ran:?}");
        }
    }
    sandbox.write("migrate.toml", "[env.staging]\nprotekted = true\n");
    let typo = sandbox.migrate(&["heads"]);
    assert!(typo.stderr.contains("error[M0602]") && typo.stderr.contains("did you mean `protected`?"), "{typo:?}");
}

#[test]
fn the_lock_timeout_of_an_environment_counts_where_no_flag_says_it() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    sandbox.write("migrate.toml", "[env.staging]\nurl = \"sqlite://s.db\"\nlock-timeout = \"200ms\"\n");
    assert_eq!(sandbox.migrate(&["upgrade", "001", "--env", "staging"]).code, 0);
    let holder = rusqlite::Connection::open(sandbox.path().join("s.db")).expect("it opens");
    holder.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let started = std::time::Instant::now();
    let ran = sandbox.migrate(&["upgrade", "--env", "staging"]);
    assert_eq!(ran.code, 6, "{ran:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(20));
}

#[test]
fn a_refused_change_of_a_protected_file_that_is_not_there_creates_none() {
    let sandbox = migrate_tests::command::Sandbox::with_revisions(&REVISIONS);
    sandbox.write("migrate.toml", "[env.production]\nurl = \"sqlite://p.db\"\nprotected = true\n");
    assert_eq!(sandbox.migrate(&["upgrade", "--env", "production"]).code, 1);
    assert!(!sandbox.path().join("p.db").exists());
    assert_eq!(sandbox.migrate(&["upgrade", "--env", "production", "--yes"]).code, 0);
}
