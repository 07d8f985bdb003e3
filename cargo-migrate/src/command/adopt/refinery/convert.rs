//! Migrations of refinery's as revisions: one chain in the order of their versions, the SQL as it is.

use std::path::PathBuf;

use migrate_plan::{
    Code, Content, Diagnostic, Dialect, Direction, Node, Origin, Place, RefineryRecord, Revision, RevisionGraph,
    Section, Text, TransactionMode, VersionWidth, Writing, parse_revision, refinery_checksum, render_revision,
    section_checksum, several_heads,
};

use super::folder::{Folder, Migration};
use crate::project::Project;

/// Why there is no way back, in every revision that was a migration.
const IRREVERSIBLE: &str = "refinery has no down";

/// What begins the lines that decide what a revision does.
const MARKER: &str = "-- migrate:";

/// A file that is to be written.
pub(super) struct NewFile {
    pub(super) revision: Revision,
    pub(super) text: String,
    pub(super) path: PathBuf,
    /// The path as the user knows it.
    pub(super) shown: String,
    /// The migration that it was.
    pub(super) source: PathBuf,
    pub(super) source_shown: String,
}

/// The migrations as revisions.
pub(super) struct Conversion {
    pub(super) files: Vec<NewFile>,
    /// Migrations whose revisions stand elsewhere in the folder already: a call was interrupted before it took them away.
    pub(super) leftovers: Vec<PathBuf>,
}

impl Conversion {
    /// Makes revisions of the migrations that are none yet, or says everything that stands against it.
    ///
    /// `problems` are those that reading the folder has found.
    pub(super) fn new(
        folder: &Folder,
        project: &Project,
        edited: &[(String, u64)],
        mut problems: Vec<Diagnostic>,
    ) -> Result<Self, Vec<Diagnostic>> {
        let mut named = Vec::new();
        for migration in &folder.migrations {
            match name_of(migration) {
                Ok(record) => named.push((record, migration)),
                Err(found) => problems.extend(found),
            }
        }
        named.sort_by_key(|(record, _)| record.version);
        let known = known_records(&folder.revisions, &mut problems);
        refuse_repeated(&named, &known, &mut problems);
        unknown_edits(edited, &named, &known, &mut problems);
        let leftovers = keep_only_new(&mut named, &known, folder, &mut problems);
        let mut parent = match named.first() {
            Some((first, migration)) => match parent_of_first(first, migration, &known, folder) {
                Ok(parent) => parent,
                Err(problem) => {
                    problems.push(problem);
                    None
                }
            },
            None => None,
        };
        let mut files = Vec::new();
        for (mut record, migration) in named {
            let id = id_of(&record);
            record.edited_from = edited.iter().filter(|(of, _)| is_named(of, &record)).map(|(_, sum)| *sum).collect();
            match convert(migration, record, parent.as_deref(), project) {
                Ok(file) => files.push(file),
                Err(found) => problems.extend(found),
            }
            parent = Some(id);
        }
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        if problems.is_empty() { Ok(Self { files, leftovers }) } else { Err(problems) }
    }

    /// Everything that the folder will hold.
    pub(super) fn revisions(&self, folder: &Folder) -> Vec<Revision> {
        folder.revisions.iter().chain(self.files.iter().map(|file| &file.revision)).cloned().collect()
    }
}

/// What refinery reads in the name, and how the text is written.
fn name_of(migration: &Migration) -> Result<RefineryRecord, Vec<Diagnostic>> {
    let refuse = |problem: String, help: &str| {
        vec![Diagnostic::new(Code::ForeignFile, problem, help).at(Place::new(migration.shown.clone(), 1))]
    };
    let Ok(text) = std::str::from_utf8(&migration.bytes) else {
        let problems = parse_revision(&migration.shown, &migration.bytes).err().unwrap_or_default();
        return Err(problems.iter().map(Diagnostic::from).collect());
    };
    // refinery's pattern takes a bar for a letter, and does not survive it.
    if migration.stem.starts_with('|') {
        return Err(refuse("the name begins with `|`".to_owned(), "let it begin with `V`, or remove the file"));
    }
    let (_, version, name) = refinery_core::parse_migration_name(&migration.stem).map_err(|error| {
        refuse(format!("refinery does not take this name: {error}"), "let it be such as `V1__initial.sql`")
    })?;
    Ok(RefineryRecord {
        stem: migration.stem.clone(),
        version,
        name,
        writing: Writing::of(text).0,
        edited_from: Vec::new(),
    })
}

/// The part of the name before the title: `V1` of `V1__initial`. It stands in the file's name as it is.
fn id_of(record: &RefineryRecord) -> String {
    record.stem.split_once("__").map_or(record.stem.as_str(), |(id, _)| id).to_owned()
}

/// Whether a call names this migration: by `V3`, or by `3`.
fn is_named(name: &str, record: &RefineryRecord) -> bool {
    name == id_of(record) || name.parse() == Ok(record.version)
}

fn known_records<'r>(revisions: &'r [Revision], problems: &mut Vec<Diagnostic>) -> Vec<(RefineryRecord, &'r Revision)> {
    let mut known = Vec::new();
    for revision in revisions {
        match RefineryRecord::of(revision) {
            Some(Ok(record)) => known.push((record, revision)),
            Some(Err(problem)) => problems.push(problem),
            None => {}
        }
    }
    known
}

fn refuse_repeated(
    named: &[(RefineryRecord, &Migration)],
    known: &[(RefineryRecord, &Revision)],
    problems: &mut Vec<Diagnostic>,
) {
    let repeated = |version: i64, file: &str, other: &str| {
        Diagnostic::new(
            Code::ForeignFile,
            format!("two migrations have the version {version}"),
            "give one of them another version, or remove it",
        )
        .at(Place::new(file, 1))
        .also(Place::new(other, 1))
        .because("refinery applies a version once, and refuses the second")
    };
    for pair in named.windows(2).filter(|pair| pair[0].0.version == pair[1].0.version) {
        problems.push(repeated(pair[1].0.version, &pair[1].1.shown, &pair[0].1.shown));
    }
    for (record, migration) in named {
        let other = known.iter().find(|(other, _)| other.version == record.version && other.stem != record.stem);
        problems.extend(other.map(|(_, revision)| repeated(record.version, &migration.shown, &revision.file)));
    }
}

/// Leaves out what was written by an earlier call, and refuses what another file stands in the way of. Gives what an
/// earlier call had still to take away.
fn keep_only_new(
    named: &mut Vec<(RefineryRecord, &Migration)>,
    known: &[(RefineryRecord, &Revision)],
    folder: &Folder,
    problems: &mut Vec<Diagnostic>,
) -> Vec<PathBuf> {
    let mut leftovers = Vec::new();
    let is_the_same = |migration: &Migration, record: &RefineryRecord, other: &RefineryRecord, revision: &Revision| {
        let lines = std::str::from_utf8(&migration.bytes).map(|text| Writing::of(text).1).ok();
        record.stem == other.stem && lines.is_some() && other.lines(revision, Dialect::Sqlite) == lines.as_deref()
    };
    named.retain(|(record, migration)| match known.iter().find(|(other, _)| other.version == record.version) {
        Some((other, revision)) if folder.in_place && is_the_same(migration, record, other, revision) => {
            leftovers.push(migration.path.clone());
            false
        }
        Some((_, revision)) if folder.in_place => {
            problems.push(
                Diagnostic::new(
                    Code::ForeignFile,
                    format!("the migration is here a second time: `{}` is its revision already", revision.id),
                    "remove this file",
                )
                .at(Place::new(migration.shown.clone(), 1))
                .also(Place::new(revision.file.to_string(), 1)),
            );
            false
        }
        Some(_) => false,
        None => true,
    });
    leftovers
}

fn unknown_edits(
    edited: &[(String, u64)],
    named: &[(RefineryRecord, &Migration)],
    known: &[(RefineryRecord, &Revision)],
    problems: &mut Vec<Diagnostic>,
) {
    for (name, sum) in edited {
        // The same call may be made again.
        let is_written = |record: &RefineryRecord| is_named(name, record) && record.edited_from.contains(sum);
        let is_there = known.iter().any(|(record, _)| is_written(record));
        if !is_there && !named.iter().any(|(record, _)| is_named(name, record)) {
            problems.push(Diagnostic::new(
                Code::Usage,
                format!("`--edited {name}` names no migration that is to become a revision"),
                "name it by its version, such as `V3`; of one that is a revision already, write `edited from <checksum>` \
                 into its line `-- refinery: …`",
            ));
        }
    }
}

/// What the first new revision follows: the last that was refinery's, or what has been written behind that since.
fn parent_of_first(
    first: &RefineryRecord,
    migration: &Migration,
    known: &[(RefineryRecord, &Revision)],
    folder: &Folder,
) -> Result<Option<String>, Diagnostic> {
    if folder.revisions.is_empty() {
        return Ok(None);
    }
    let refuse = |problem: String, help: &str| {
        Err(Diagnostic::new(Code::ForeignFile, problem, help).at(Place::new(migration.shown.clone(), 1)))
    };
    let Some((last, revision)) = known.iter().max_by_key(|(record, _)| record.version) else {
        let problem = "the folder has revisions already, and none of them was a migration of refinery's".to_owned();
        return refuse(problem, "let refinery's become the beginning of a folder of their own: `--dir <folder>`");
    };
    if first.version < last.version {
        let problem = format!("version {} stands before `{}`, which is a revision already", first.version, revision.id);
        return refuse(problem, "give it a version behind the others, or write it as a revision: `cargo migrate new`");
    }
    let Ok(graph) = RevisionGraph::new(folder.revisions.clone()) else { return Ok(Some(revision.id.to_string())) };
    let heads: Vec<Node> = graph.heads().collect();
    match heads.as_slice() {
        [head] => Ok(Some(graph.id(*head).to_owned())),
        several => {
            let shown = graph.ids_and_files(several.to_vec());
            Err(several_heads(format!("there are {} heads to put `{}` behind", shown.len(), id_of(first)), &shown))
        }
    }
}

fn convert(
    migration: &Migration,
    record: RefineryRecord,
    parent: Option<&str>,
    project: &Project,
) -> Result<NewFile, Vec<Diagnostic>> {
    let text = std::str::from_utf8(&migration.bytes).unwrap_or_default();
    let (_, lines) = Writing::of(text);
    refuse_markers(migration, &lines)?;
    let name = format!("{}.sql", migration.stem);
    let shown = format!("{}/{name}", project.home().shown);
    let id = id_of(&record);
    let title = record.name.replace('_', " ").trim().to_owned();
    let revision = |body: String| Revision {
        groups: Vec::new().into(),
        id: id.clone().into(),
        parents: parent.map(|parent| Text::from(parent.to_owned())).into_iter().collect::<Vec<_>>().into(),
        depends_on: Vec::new().into(),
        labels: Vec::new().into(),
        title: if title.is_empty() { id.clone().into() } else { title.clone().into() },
        created: None,
        description: Some(record.to_string().into()),
        irreversible: Some(IRREVERSIBLE.into()),
        sections: vec![Section {
            direction: Direction::Up,
            dialects: Vec::new().into(),
            transaction: TransactionMode::Transactional,
            content: Content::Statements,
            checksum: section_checksum(&body, &[]),
            body: body.into(),
            line: 0,
        }]
        .into(),
        file: shown.clone().into(),
        origin: Origin::File,
    };
    let read = |text: &str| {
        parse_revision(&shown, text.as_bytes()).map_err(|problems| {
            problems.iter().map(|problem| in_the_migration(problem.into(), text, migration, &record)).collect()
        })
    };
    let mut written = render_revision(&revision(lines.clone()));
    let mut parsed: Result<Revision, Vec<Diagnostic>> = read(&written);
    // A migration without a statement is one on purpose: databases have run it.
    if parsed.as_ref().is_ok_and(|parsed| parsed.sections.iter().any(|s| s.content == Content::Unwritten)) {
        written = render_revision(&revision(format!("{MARKER} nothing\n{lines}")));
        parsed = read(&written);
    }
    Ok(NewFile {
        revision: parsed?,
        text: written,
        path: project.home().path.join(&name),
        shown,
        source: match migration.path.parent() == project.home().path.canonicalize().ok().as_deref() {
            true => project.home().path.join(&name),
            false => migration.path.clone(),
        },
        source_shown: migration.shown.clone(),
    })
}

/// A line of the SQL that a revision would take for one of its own.
fn refuse_markers(migration: &Migration, lines: &str) -> Result<(), Vec<Diagnostic>> {
    let markers = lines.lines().enumerate().filter(|(_, line)| line.starts_with(MARKER));
    let problems: Vec<Diagnostic> = markers
        .map(|(index, line)| {
            Diagnostic::new(
                Code::ForeignFile,
                format!("the line `{}` would decide what the revision does", line.trim_end()),
                "write the comment otherwise",
            )
            .at(Place::new(migration.shown.clone(), index as u32 + 1))
            .because("lines that begin with `-- migrate:` are no comments in a revision")
            .note(checksums(migration))
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// A problem of the revision at its place in the migration, with what an edit there has to say.
fn in_the_migration(mut problem: Diagnostic, text: &str, migration: &Migration, record: &RefineryRecord) -> Diagnostic {
    let before = text.lines().position(|line| line == "-- migrate: up").map_or(0, |index| index as u32 + 1);
    let own = text.lines().nth(before as usize).filter(|line| *line == "-- migrate: nothing").map_or(0, |_| 1);
    if let Some(place) = &mut problem.place {
        place.file = migration.shown.clone();
        place.line = place.line.saturating_sub(before + own).max(1);
    }
    if record.edited_from.is_empty() { problem.note(checksums(migration)) } else { problem }
}

/// What databases have of the file as it is now: an edit of it must say so.
fn checksums(migration: &Migration) -> String {
    let text = std::str::from_utf8(&migration.bytes).unwrap_or_default();
    let Ok((_, version, name)) = refinery_core::parse_migration_name(&migration.stem) else { return String::new() };
    let sums = VersionWidth::ALL.map(|width| refinery_checksum(width, version, &name, text));
    let id = migration.stem.split_once("__").map_or("", |(id, _)| id);
    let flags: Vec<String> = sums.iter().flatten().map(|sum| format!("`--edited {id}={sum}`")).collect();
    let widths = if flags.len() == 2 { " (the second with refinery's feature `int8-versions`)" } else { "" };
    format!(
        "where refinery has applied the file, say what it was once you have edited it: {}{widths}",
        flags.join(" or ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(stem: &str, text: &str) -> Migration {
        let shown = format!("migrations/{stem}.sql");
        Migration { path: PathBuf::from(&shown), shown, stem: stem.to_owned(), bytes: text.into() }
    }

    #[test]
    fn names_and_checksums_are_refinerys_own() {
        let names = ["V1__a", "U007__größe_2", "V20240517093000___x", "V9223372036854775807__z9", "V3__a.b-c"];
        for (stem, text) in names.into_iter().zip(["", "SELECT 1;", "\u{feff}a\r\nb\n", "é", "x\n\n"]) {
            let theirs = refinery_core::Migration::unapplied(stem, text).expect("refinery takes the name");
            let ours = name_of(&migration(stem, text)).expect("so do we");
            assert_eq!((ours.version, ours.name.as_str()), (theirs.version(), theirs.name()));
            let sum = refinery_checksum(VersionWidth::Bits64, ours.version, &ours.name, text);
            assert_eq!(sum, Some(theirs.checksum()), "{stem}");
        }
        for stem in ["1__a", "V1_a", "V1.5__a", "V99999999999999999999__a", "|1__a", "V-1__a", ""] {
            assert!(name_of(&migration(stem, "")).is_err(), "{stem}");
        }
    }
}
