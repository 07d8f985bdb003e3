//! Random projects of refinery's: each is taken over, and each kind of damage is found and named.

use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

use super::place::{Place, as_it_is};

/// A project: the files by version, and how many of them refinery has applied.
#[derive(Clone, Debug)]
struct Project {
    files: Vec<(String, String)>,
    applied: usize,
}

/// What somebody has done to it since.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Damage {
    None,
    Checksum,
    Date,
    Renamed,
    Unknown,
    Gap,
    EditedText,
    LostFile,
}

impl Damage {
    const ALL: [Self; 8] = [
        Self::None,
        Self::Checksum,
        Self::Date,
        Self::Renamed,
        Self::Unknown,
        Self::Gap,
        Self::EditedText,
        Self::LostFile,
    ];

    /// The code of the refusal.
    fn code(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Date => "M0801",
            Self::Unknown | Self::LostFile => "M0802",
            Self::Checksum | Self::Renamed | Self::EditedText => "M0803",
            Self::Gap => "M0804",
        }
    }
}

/// Texts as people write them: comments, several statements, any line ends, with and without an end of the last.
fn sql(number: usize) -> impl Strategy<Value = String> {
    let comment = prop_oneof![Just(String::new()), "-- [a-z é']{0,12}\n", Just("/* 'two\nlines; */\n\n".to_owned())];
    let end = prop_oneof![Just("\n"), Just("\r\n")];
    let tail = prop_oneof![Just(""), Just("\n"), Just("\n\n"), Just("\n-- the end")];
    (comment, end, tail).prop_map(move |(comment, end, tail)| {
        let insert = format!("INSERT INTO t{number} VALUES (1, 'a;b -- c')");
        let text = format!("{comment}CREATE TABLE t{number} (id INTEGER,\n  name VARCHAR(20));\n{insert};{tail}");
        text.replace('\n', end)
    })
}

fn project() -> impl Strategy<Value = Project> {
    let file = |number: usize| (1..40_i64, "[a-z][a-z0-9_]{0,10}", any::<bool>(), sql(number));
    let files = (1_usize..6).prop_flat_map(move |count| (0..count).map(file).collect::<Vec<_>>());
    (files, any::<Index>()).prop_map(|(files, applied)| {
        let mut version = 0;
        let named = files.into_iter().map(|(step, name, zeros, sql)| {
            version += step;
            let number = if zeros { format!("{version:04}") } else { version.to_string() };
            (format!("V{number}__{name}"), sql)
        });
        let files: Vec<_> = named.collect();
        Project { applied: applied.index(files.len()) + 1, files }
    })
}

fn version(stem: &str) -> i64 {
    stem[1..].split("__").next().and_then(|version| version.parse().ok()).expect("a version")
}

/// Does the damage to one of the applied migrations; false when this project cannot have it.
fn damage(place: &Place, project: &Project, kind: Damage, which: Index) -> bool {
    let (stem, sql) = &project.files[which.index(project.applied)];
    let version = version(stem);
    let set =
        |what: &str| drop(place.sql(&format!("UPDATE refinery_schema_history SET {what} WHERE version = {version}")));
    match kind {
        Damage::None => {}
        Damage::Checksum => set("checksum = '123'"),
        Damage::Date => set("applied_on = '2024-05-17'"),
        Damage::Renamed => set("name = 'another name'"),
        Damage::Unknown => {
            place.sql("INSERT INTO refinery_schema_history VALUES (9999, 'x', '2024-05-17T09:30:00Z', '1')");
        }
        Damage::Gap if which.index(project.applied) + 1 == project.applied => return false,
        Damage::Gap => drop(place.sql(&format!("DELETE FROM refinery_schema_history WHERE version = {version}"))),
        Damage::EditedText => place.sandbox.write(&format!("migrations/{stem}.sql"), format!("SELECT 1;\n{sql}")),
        Damage::LostFile if project.files.len() == 1 => return false,
        Damage::LostFile => {
            std::fs::remove_file(place.sandbox.path().join(format!("migrations/{stem}.sql"))).expect("it was there");
        }
    }
    true
}

fn is_taken_over_or_refused(place: Place, project: &Project, kind: Damage, which: Index) -> Result<(), TestCaseError> {
    let files: Vec<(&str, &str)> = project.files.iter().map(|(stem, sql)| (stem.as_str(), sql.as_str())).collect();
    let place = place.with_files(&files);
    place.run_by_refinery(&files[..project.applied], as_it_is).expect("refinery applies");
    if !damage(&place, project, kind, which) {
        return Ok(());
    }
    let before = place.picture();
    let ran = place.adopt(&[]);
    if kind != Damage::None {
        prop_assert!(ran.code == 1 && ran.stderr.contains(kind.code()), "{kind:?}: {}", ran.transcript());
        prop_assert_eq!(place.picture(), before, "nothing is written");
        return Ok(());
    }
    prop_assert_eq!(ran.code, 0, "{}", ran.transcript());
    for (stem, _) in &project.files {
        let text = place.sandbox.read(&format!("migrations/{stem}.sql"));
        prop_assert!(text.contains("\n-- refinery: "), "{}", text);
    }
    let upgraded = place.migrate(&["upgrade"]);
    prop_assert_eq!(upgraded.code, 0, "{}", upgraded.transcript());
    prop_assert_eq!(
        upgraded.stdout.matches("\n+ ").count() + usize::from(upgraded.stdout.starts_with('+')),
        files.len() - project.applied
    );
    let checked = place.migrate(&["check"]);
    prop_assert_eq!(checked.code, 0, "{}", checked.transcript());
    Ok(())
}

fn random_projects(cases: u32, place: impl Fn() -> Option<Place>) {
    if place().is_none() {
        return;
    }
    let mut runner =
        TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 20, ..Config::default() });
    let kinds = proptest::sample::select(&Damage::ALL[..]);
    let outcome = runner.run(&(project(), kinds, any::<Index>()), |(project, kind, which)| {
        is_taken_over_or_refused(place().expect("it was there"), &project, kind, which)
    });
    outcome.unwrap_or_else(|problem| panic!("{problem}"));
}

/// `MIGRATE_TEST_CASES` is how many; a hundred by default.
#[test]
fn projects_on_sqlite() {
    let cases = std::env::var("MIGRATE_TEST_CASES").ok().and_then(|number| number.parse().ok()).unwrap_or(100);
    random_projects(cases, || Some(Place::on_sqlite()));
}

#[test]
fn projects_on_postgres() {
    random_projects(10, Place::on_postgres);
}

#[test]
fn projects_on_mariadb() {
    random_projects(10, Place::on_mariadb);
}
