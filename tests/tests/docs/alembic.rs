//! The page for Alembic's users speaks of every command and flag that Alembic has, and what it names of ours is there.

use std::collections::BTreeSet;

use migrate_tests::command::Sandbox;

const THEIRS: &str = include_str!("../../data/alembic-1.20.1.txt");
const PAGE: &str = include_str!("../../../docs/from-alembic.md");

/// The rows of the table: theirs, ours.
fn rows() -> Vec<(&'static str, &'static str)> {
    let section = PAGE.split("## Every command and flag").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().expect("it ends");
    let row = |line: &'static str| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ");
    section.lines().filter_map(row).collect()
}

#[test]
fn every_command_and_flag_of_alembic_has_a_row() {
    let mut theirs = BTreeSet::new();
    for line in THEIRS.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split(' ');
        let command = words.next().filter(|command| *command != "(global)");
        let (flags, arguments): (Vec<&str>, Vec<&str>) = words.partition(|word| word.starts_with('-'));
        theirs.extend(command.map(|command| [&[command], &*arguments].concat().join(" ")));
        theirs.extend(flags.iter().map(|flag| command.map_or_else(|| (*flag).to_owned(), |of| format!("{of} {flag}"))));
    }
    let listed: BTreeSet<String> = rows().into_iter().map(|(theirs, _)| theirs.to_owned()).collect();
    assert_eq!(listed, theirs);
}

#[test]
fn what_the_page_names_of_ours_is_there() {
    let sandbox = Sandbox::new();
    let help = |verb: &[&str]| sandbox.migrate(&[verb, &["--help"]].concat()).stdout;
    let (all, mut seen) = (help(&[]), 0);
    for (theirs, ours) in rows() {
        let Some(ours) = ours.strip_prefix('`').and_then(|ours| ours.split('`').next()) else {
            let excused = ours.starts_with("not yet") || ours.starts_with("not needed, because ");
            assert!(excused, "`{theirs}`: {ours}");
            continue;
        };
        let (verbs, flags): (Vec<&str>, Vec<&str>) = ours.split(' ').partition(|word| !word.starts_with('-'));
        let text = if verbs.is_empty() { all.clone() } else { help(&verbs) };
        assert!(verbs.iter().all(|verb| all.contains(&format!("\n  {verb} "))), "`{ours}` is no verb");
        assert!(flags.iter().all(|flag| text.contains(flag)), "`{ours}` is not in the help");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn what_is_taken_too_is_taken() {
    let sandbox =
        Sandbox::with_revisions(&[("1_aaa.sql", "-- revision: aaa\n-- parents: none\n\n-- migrate: up\nSELECT 1;\n")]);
    for arguments in [
        "revision -m x --head aaa --branch-label l1 --version-path migrations --rev-id b1",
        "revision --message y --head aaa --splice --branch-label l2 --depends-on b1 --rev-id c1",
        "merge b1 c1 -m z --branch-label l3 --rev-id m1",
        "history --rev-range aaa:b1 -v",
        "history --indicate-current --database-url sqlite://a.db",
        "history -i --database-url sqlite://a.db",
        "heads --verbose",
        "branches --verbose",
        "stamp heads --purge --database-url sqlite://a.db",
    ] {
        let ran = sandbox.migrate(&arguments.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{arguments}: {}", ran.transcript());
    }
}
