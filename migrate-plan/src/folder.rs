//! The files of folders as revisions: which are revisions, which are known companions, and which are neither.
//!
//! Takes names and bytes and gives revisions in load order. Whoever reads the folder does so elsewhere.

use crate::diagnostic::{Code, Diagnostic, Place};
use crate::lock_file::LOCK_FILE;
use crate::revision::{ParseError, Revision, parse_header, parse_revision};

/// Files that may stand beside revisions.
const COMPANIONS: [&str; 3] = [LOCK_FILE, ".gitattributes", "README.md"];

/// What a file of the folder is, told by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A SQL revision.
    Sql,
    /// A Rust revision.
    Rust,
    /// A known companion, or what editors and systems leave beside the files that somebody works on.
    Companion,
    /// Anything else.
    Stray,
}

impl FileKind {
    /// Judges a file by its name, without the folder.
    pub fn of(name: &str) -> Self {
        match name.rsplit_once('.') {
            _ if COMPANIONS.contains(&name) || is_left_behind(name) => Self::Companion,
            Some((stem, "sql")) if !stem.is_empty() => Self::Sql,
            Some((stem, "rs")) if !stem.is_empty() => Self::Rust,
            _ => Self::Stray,
        }
    }
}

/// A swap file, a backup, a system's notes: it appears while a revision is edited, and must not stop a build then. A hidden
/// file with a revision's ending is none of them.
fn is_left_behind(name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !name.ends_with(".sql") && !name.ends_with(".rs");
    is_hidden || name.starts_with("._") || name.ends_with('~')
}

/// A file of the folder as it was found.
#[derive(Debug)]
pub struct FolderFile {
    /// Its path as the user knows it.
    pub path: String,
    /// Its bytes, or why they cannot be read. A folder inside the folder is such an error.
    pub bytes: Result<Vec<u8>, String>,
}

impl FolderFile {
    fn name(&self) -> &str {
        let separator = memchr::memrchr2(b'/', b'\\', self.path.as_bytes());
        separator.map_or(&self.path, |at| &self.path[at + 1..])
    }
}

/// Reads the files of a folder as revisions, in the order of their names.
///
/// # Errors
///
/// Every problem of every file: nothing is skipped silently.
///
/// # Examples
///
/// ```
/// use migrate_plan::{FolderFile, read_files};
///
/// let file = |path: &str, text: &str| FolderFile { path: path.into(), bytes: Ok(text.as_bytes().to_vec()) };
/// let problems = read_files(vec![file("migrations/notes.txt", "to do")]).unwrap_err();
/// assert_eq!(problems[0].code.as_str(), "M0017");
/// ```
pub fn read_files(files: Vec<FolderFile>) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    read_files_by(files, &mut parse_revision)
}

/// How a file becomes a revision.
type Parse<'p> = &'p mut dyn FnMut(&str, &[u8]) -> Result<Revision, Vec<ParseError>>;

fn read_files_by(mut files: Vec<FolderFile>, parse: Parse<'_>) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    files.sort_by_cached_key(|file| file.name().to_owned());
    let mut revisions = Vec::new();
    let mut problems = Vec::new();
    for file in &files {
        match (FileKind::of(file.name()), &file.bytes) {
            (FileKind::Companion, _) => {}
            (FileKind::Stray, _) => problems.push(stray(file)),
            (_, Err(problem)) => problems.push(
                Diagnostic::new(
                    Code::UnreadableFile,
                    format!("the file cannot be read: {problem}"),
                    "make it readable",
                )
                .at(Place::new(file.path.clone(), 1)),
            ),
            (FileKind::Rust, Ok(_)) => problems.push(rust_revision(file)),
            (FileKind::Sql, Ok(bytes)) => match parse(&file.path, bytes) {
                Ok(revision) => revisions.push(revision),
                Err(_) if is_refinerys(file.name()) && parse_header(&file.path, bytes).is_err() => {
                    problems.push(of_refinery(file));
                }
                Err(errors) => problems.extend(errors.iter().map(Diagnostic::from)),
            },
        }
    }
    if problems.is_empty() { Ok(revisions) } else { Err(problems) }
}

/// Reads the files of one or several folders, each with the path by which the user knows it, as one set of revisions: folder
/// by folder, each in the order of its files' names. Where there are several, each revision is of its folder's group.
///
/// # Errors
///
/// Every problem of every file.
///
/// # Examples
///
/// ```
/// use migrate_plan::{FolderFile, read_folders};
///
/// let folder = |shown: &str, id: &str| {
///     let text = format!("-- revision: {id}\n-- parents: none\n-- migrate: up\nSELECT 1;\n");
///     (shown.to_owned(), vec![FolderFile { path: format!("{shown}/{id}.sql"), bytes: Ok(text.into_bytes()) }])
/// };
/// let revisions = read_folders(vec![folder("core", "a"), folder("plugins/billing", "b")]).unwrap();
/// assert_eq!(revisions[1].groups[0], "billing");
/// ```
pub fn read_folders(folders: Vec<(String, Vec<FolderFile>)>) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    read_folders_by(folders, &mut parse_revision)
}

/// Revisions, and the problems of the files of which only the header was read.
pub type Headers = (Vec<Revision>, Vec<Diagnostic>);

/// [`read_folders`] for what needs no more than the graph: of files that are broken below their header, only the header is
/// read. Gives with the revisions the problems of such files; their revisions have no sections.
///
/// # Errors
///
/// Every problem of every file, when one has no readable header.
pub fn read_headers(folders: Vec<(String, Vec<FolderFile>)>) -> Result<Headers, Vec<Diagnostic>> {
    let mut broken = Vec::new();
    let revisions = read_folders_by(folders, &mut |file, bytes| {
        parse_revision(file, bytes).or_else(|problems| {
            let header = parse_header(file, bytes).map_err(|_| problems.clone())?;
            broken.extend(problems.iter().map(Diagnostic::from));
            Ok(header)
        })
    })?;
    Ok((revisions, broken))
}

fn read_folders_by(
    folders: Vec<(String, Vec<FolderFile>)>,
    parse: Parse<'_>,
) -> Result<Vec<Revision>, Vec<Diagnostic>> {
    let shown: Vec<&str> = folders.iter().map(|(shown, _)| &**shown).collect();
    let groups = folder_groups(&shown);
    let (mut revisions, mut problems) = (Vec::new(), Vec::new());
    for (index, (_, files)) in folders.into_iter().enumerate() {
        match read_files_by(files, parse) {
            Ok(mut read) => {
                if let Some(group) = groups.get(index) {
                    read.iter_mut().for_each(|revision| revision.groups = vec![group.clone().into()].into());
                }
                revisions.append(&mut read);
            }
            Err(mut found) => problems.append(&mut found),
        }
    }
    if problems.is_empty() { Ok(revisions) } else { Err(problems) }
}

/// What the folders of a project are called where there are several: the last part of their paths in which no two are
/// alike, such as `users` and `billing` for `users/migrations` and `billing/migrations`. Nothing for a single folder.
pub fn folder_groups(folders: &[&str]) -> Vec<String> {
    if folders.len() < 2 {
        return Vec::new();
    }
    let parts: Vec<Vec<&str>> = folders
        .iter()
        .map(|folder| folder.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").rev().collect())
        .collect();
    let depth = parts.iter().map(Vec::len).min().unwrap_or(0);
    let at = |depth: usize| parts.iter().map(|parts| parts[depth].to_owned()).collect::<Vec<_>>();
    let distinct = |names: &Vec<String>| names.iter().enumerate().all(|(at, name)| !names[..at].contains(name));
    let whole = || parts.iter().map(|parts| parts.iter().rev().copied().collect::<Vec<_>>().join(".")).collect();
    (0..depth).map(at).find(distinct).unwrap_or_else(whole)
}

/// A folder's path without what says nothing: `./` before it and `/` behind it.
///
/// # Examples
///
/// ```
/// assert_eq!(migrate_plan::plain_folder("./plugins/billing/"), "plugins/billing");
/// ```
pub fn plain_folder(folder: &str) -> &str {
    folder.trim_start_matches("./").trim_end_matches('/')
}

/// What is said of a folder that cannot be listed; `shown` is how the user knows it.
pub fn unreadable_folder(shown: &str, error: &std::io::Error) -> Diagnostic {
    let (code, help) = match error.kind() {
        std::io::ErrorKind::NotFound => (Code::MissingFolder, "`cargo migrate init` creates it"),
        _ => (Code::UnreadableFile, "make it readable"),
    };
    Diagnostic::new(code, format!("the migrations folder `{shown}` cannot be read: {error}"), help)
}

fn stray(file: &FolderFile) -> Diagnostic {
    Diagnostic::new(
        Code::StrayFile,
        format!("`{}` is not a revision", file.name()),
        "move it out of the folder; a revision's name ends in `.sql`",
    )
    .at(Place::new(file.path.clone(), 1))
    .because("a file that is skipped silently may be one that was meant to run")
}

/// Whether a file is called as refinery's are: `V1__name.sql`, `U2.1__name.sql`.
fn is_refinerys(name: &str) -> bool {
    let Some((version, rest)) = name.split_once("__") else { return false };
    let digits = version.strip_prefix(['V', 'U']).unwrap_or_default();
    let is_version = digits.starts_with(|c: char| c.is_ascii_digit());
    is_version && digits.chars().all(|c| c.is_ascii_digit() || c == '.') && rest.ends_with(".sql")
}

fn of_refinery(file: &FolderFile) -> Diagnostic {
    Diagnostic::new(
        Code::MissingKey,
        "the file has no header of a revision, and a name as refinery's migrations have",
        "`cargo migrate adopt refinery` makes revisions of them, and takes their databases over",
    )
    .at(Place::new(file.path.clone(), 1))
}

fn rust_revision(file: &FolderFile) -> Diagnostic {
    Diagnostic::new(Code::RustRevision, "revisions in Rust cannot be run yet", "write it as a `.sql` revision")
        .at(Place::new(file.path.clone(), 1))
        .because("this version knows SQL revisions only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_migration_of_refinerys_is_known_by_its_name() {
        let read = |name: &str, text: &str| {
            let file = FolderFile { path: format!("m/{name}"), bytes: Ok(text.into()) };
            let problems = read_files(vec![file]).unwrap_err();
            (problems.len(), problems[0].help.contains("adopt refinery"))
        };
        assert_eq!(read("V1__users.sql", "CREATE TABLE users (id int);\n"), (1, true));
        assert_eq!(read("U12__users.sql", "CREATE TABLE users (id int);\n"), (1, true));
        assert!(!read("V1_users.sql", "CREATE TABLE users (id int);\n").1);
        assert!(!read("V1__users.sql", "-- revision: V1\n-- parents: none\n-- migrate: up\nSELECT ';\n").1);
    }

    #[test]
    fn folders_are_told_apart_by_the_last_part_in_which_they_differ() {
        for (folders, groups) in [
            (&["migrations"][..], &[][..]),
            (&["core", "plugins/billing"], &["core", "billing"]),
            (&["users/migrations/", "./billing/migrations"], &["users", "billing"]),
            (&["a/x/one", "b/x/one", "b/y/two"], &["a.x.one", "b.x.one", "b.y.two"]),
            (&["a", "b/a"], &["a", "b.a"]),
        ] {
            assert_eq!(folder_groups(folders), groups, "{folders:?}");
        }
    }

    #[test]
    fn what_editors_leave_behind_is_passed_over_and_what_looks_like_a_revision_is_not() {
        for name in
            [".001_a.sql.swp", "001_a.sql~", ".DS_Store", "._001_a.sql", ".#001_a.sql~", ".gitattributes", "README.md"]
        {
            assert_eq!(FileKind::of(name), FileKind::Companion, "{name}");
        }
        for (name, kind) in [
            ("001_a.sql", FileKind::Sql),
            (".001_a.sql", FileKind::Sql),
            ("001_a.rs", FileKind::Rust),
            ("001_a.sql.orig", FileKind::Stray),
            ("notes.txt", FileKind::Stray),
            (".sql", FileKind::Stray),
        ] {
            assert_eq!(FileKind::of(name), kind, "{name}");
        }
    }
}
