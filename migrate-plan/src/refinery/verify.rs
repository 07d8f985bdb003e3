//! The rows of refinery's table against the revisions that its migrations became: each row is accounted for, or nothing is.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::RefineryRecord;
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::dialect::Dialect;
use crate::plan::Adopted;
use crate::revision::Revision;

/// A row of refinery's table, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RefineryRow {
    /// `version`
    pub version: Option<String>,
    /// `name`
    pub name: Option<String>,
    /// `applied_on`
    pub applied_on: Option<String>,
    /// `checksum`
    pub checksum: Option<String>,
}

/// The rows that were found right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// What refinery has applied, by version.
    pub adopted: Vec<Adopted>,
    /// What is worth saying of them, one line each.
    pub notes: Vec<String>,
}

/// What the columns of a row say.
struct Read<'r> {
    version: i64,
    name: &'r str,
    applied_at: String,
    checksum: u64,
}

/// Compares every row of refinery's table with the revision that its migration became.
///
/// `table` is how the table is called in what is said.
///
/// # Errors
///
/// Every row that cannot be read (M0801), that no revision is known for (M0802) or whose revision is not what refinery
/// applied (M0803); every migration that refinery has passed over (M0804); every revision whose record is unusable
/// (M0806).
///
/// # Examples
///
/// ```
/// use migrate_plan::{Dialect, RefineryRow, parse_revision, verify_refinery};
///
/// let text = "-- revision: V1\n-- parents: none\n\n-- refinery: V1__a\n\n-- migrate: up\nSELECT 1;\n";
/// let revisions = [parse_revision("V1__a.sql", text.as_bytes()).unwrap()];
/// let cell = |text: &str| Some(text.to_owned());
/// let mut row = RefineryRow {
///     version: cell("1"),
///     name: cell("a"),
///     applied_on: cell("2024-05-17T09:30:00.123456789Z"),
///     checksum: cell("15641188318147896532"),
/// };
/// let verified = verify_refinery("refinery_schema_history", &[row.clone()], &revisions, Dialect::Sqlite).unwrap();
/// assert_eq!(verified.adopted[0].applied_at, "2024-05-17T09:30:00.123Z");
///
/// row.checksum = cell("7");
/// let problems = verify_refinery("refinery_schema_history", &[row], &revisions, Dialect::Sqlite).unwrap_err();
/// assert_eq!(problems[0].code.as_str(), "M0803");
/// ```
pub fn verify_refinery(
    table: &str,
    rows: &[RefineryRow],
    revisions: &[Revision],
    dialect: Dialect,
) -> Result<Verified, Vec<Diagnostic>> {
    let (by_version, mut problems) = records(revisions);
    let mut verified = Verified::default();
    let mut applied = BTreeSet::new();
    for row in rows {
        let read = match read(table, row) {
            Ok(read) => read,
            Err(problem) => {
                problems.push(problem);
                // What it says of the rest is wrong, but the row is there.
                applied.extend(row.version.as_ref().and_then(|version| version.trim().parse::<i64>().ok()));
                continue;
            }
        };
        applied.insert(read.version);
        match by_version.get(&read.version) {
            None => problems.push(unknown(table, &read)),
            Some((record, revision)) => match compare(table, &read, record, revision, dialect) {
                Ok(remark) => {
                    let remark = remark.map(|remark| format!("`{}`: {remark}", revision.id));
                    let note = format!("applied by refinery, recorded in {table}");
                    verified.adopted.push(Adopted {
                        id: revision.id.to_string(),
                        applied_at: read.applied_at,
                        by: "refinery",
                        note: remark.as_ref().map_or(note.clone(), |remark| format!("{note}; {remark}")),
                    });
                    verified.notes.extend(remark);
                }
                Err(problem) => problems.push(problem),
            },
        }
    }
    if let Some(last) = applied.last() {
        let passed = |(version, (record, _)): &(&i64, &(RefineryRecord, &Revision))| {
            *version < last && record.is_versioned() && !applied.contains(version)
        };
        problems.extend(by_version.iter().filter(passed).map(|(_, (_, revision))| gap(table, revision, *last)));
    }
    if problems.is_empty() { Ok(verified) } else { Err(problems) }
}

/// The revisions that were migrations of refinery's, by version.
fn records(revisions: &[Revision]) -> (BTreeMap<i64, (RefineryRecord, &Revision)>, Vec<Diagnostic>) {
    let (mut by_version, mut problems) = (BTreeMap::<i64, (RefineryRecord, &Revision)>::new(), Vec::new());
    for revision in revisions {
        match RefineryRecord::of(revision) {
            None => {}
            Some(Err(problem)) => problems.push(problem),
            Some(Ok(record)) => match by_version.get(&record.version) {
                Some((_, other)) => problems.push(repeated(record.version, revision, other)),
                None => drop(by_version.insert(record.version, (record, revision))),
            },
        }
    }
    (by_version, problems)
}

fn repeated(version: i64, revision: &Revision, other: &Revision) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignRecord,
        format!("`{}` and `{}` both say that they were refinery's version {version}", other.id, revision.id),
        "remove the line `-- refinery: …` from the one that was not",
    )
    .at(Place::new(revision.file.to_string(), 1))
    .also(Place::new(other.file.to_string(), 1))
    .because("refinery applies a version once")
}

fn read<'r>(table: &str, row: &'r RefineryRow) -> Result<Read<'r>, Diagnostic> {
    let shown = |cell: &Option<String>| cell.as_ref().map_or_else(|| "NULL".to_owned(), |text| format!("`{text}`"));
    let refuse = |column: &str, cell: &Option<String>, what: &str| {
        let which = row.version.as_ref().map_or_else(String::new, |version| format!(" of version {version}"));
        Diagnostic::new(
            Code::ForeignRow,
            format!("the {column}{which} in {table} is {}, and not {what}", shown(cell)),
            "put back what refinery wrote, from a backup or from another database; refinery itself would stop here too",
        )
        .because("a row that somebody has edited does not say what ran")
    };
    let version = row.version.as_ref().and_then(|text| text.trim().parse().ok());
    let version = version.ok_or_else(|| refuse("version", &row.version, "a number"))?;
    let name = row.name.as_deref().ok_or_else(|| refuse("name", &row.name, "a name"))?;
    let when = row.applied_on.as_ref().and_then(|text| text.parse::<Timestamp>().ok());
    let when = when.ok_or_else(|| refuse("applied_on", &row.applied_on, "a time such as `2024-05-17T09:30:00Z`"))?;
    let sum = row.checksum.as_ref().and_then(|text| text.parse().ok());
    let checksum = sum.ok_or_else(|| refuse("checksum", &row.checksum, "a number of 64 bits"))?;
    Ok(Read { version, name, applied_at: when.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(), checksum })
}

/// What there is to say of a row that fits.
fn compare(
    table: &str,
    row: &Read<'_>,
    record: &RefineryRecord,
    revision: &Revision,
    dialect: Dialect,
) -> Result<Option<String>, Diagnostic> {
    let lines = record.lines(revision, dialect).unwrap_or_default();
    if row.name == record.name {
        if record.edited_from.contains(&row.checksum) {
            return Ok(Some("its text was edited after refinery had applied it".to_owned()));
        }
        if let Some(writing) = record.writing_of(row.checksum, &record.name, lines) {
            let other = writing != record.writing;
            return Ok(other.then(|| format!("refinery applied its text with {}", writing.in_words())));
        }
    }
    Err(mismatch(table, row, record, revision, lines))
}

fn mismatch(table: &str, row: &Read<'_>, record: &RefineryRecord, revision: &Revision, lines: &str) -> Diagnostic {
    let place = Place::new(revision.file.to_string(), 1);
    let because = "a database may only be taken over by the migrations that made it";
    if row.name != record.name {
        let only = record.writing_of(row.checksum, row.name, lines).is_some();
        let message = format!("version {} is `{}` in {table}, and `{}` here", row.version, row.name, record.name);
        let help = match only {
            true => "give it its old name back: the text is the same, and the name alone differs",
            false => "see that these are the migrations of this database: name and text differ",
        };
        return Diagnostic::new(Code::ForeignMismatch, message, help).at(place).because(because);
    }
    let message = format!("`{}` is not what refinery applied here: the checksums differ", revision.id);
    let sums: Vec<String> =
        record.checksums(&record.name, lines, &record.writing).iter().map(ToString::to_string).collect();
    let help = format!(
        "bring back the text that refinery applied; if it was edited on purpose, and does the same, say so: `cargo migrate \
         adopt refinery --edited {}={}`, or `edited from {}` in its line `-- refinery: …`",
        revision.id, row.checksum, row.checksum
    );
    Diagnostic::new(Code::ForeignMismatch, message, help)
        .at(place)
        .because(because)
        .note(format!("{table} has {}", row.checksum))
        .note(format!("the text here has {}; other line ends and a byte order mark were tried", sums.join(", or ")))
}

fn unknown(table: &str, row: &Read<'_>) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignUnknown,
        format!("{table} has version {} `{}`, and no revision here was it", row.version, row.name),
        format!("bring its file `V{}__{}.sql` back, and take it over with the others", row.version, row.name),
    )
    .because("what it changed is in the database, and would be unknown to every revision after it")
}

fn gap(table: &str, revision: &Revision, last: i64) -> Diagnostic {
    Diagnostic::new(
        Code::ForeignGap,
        format!("{table} has version {last}, and not `{}`, which stands before it", revision.id),
        "find out whether its SQL has run here: if it has, put its row back; if not, give it a version behind the last one",
    )
    .at(Place::new(revision.file.to_string(), 1))
    .because("refinery applies files that begin with `V` in order, and stops at a gap too")
}
