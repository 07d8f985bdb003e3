//! What a verification came to.

use migrate_plan::schema::SchemaDiff;
use migrate_plan::{Code, Diagnostic, Dialect, Direction, Place, Revision};

use crate::error::Error;

/// What a verification came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct VerifyReport {
    /// On which engine.
    pub dialect: Dialect,
    /// The revisions that were asked for, in the order of the graph, and others that are wrong.
    pub revisions: Vec<Verified>,
}

impl VerifyReport {
    /// Whether nothing is wrong; what could not be judged is not wrong.
    pub fn is_sound(&self) -> bool {
        self.revisions.iter().all(Verified::is_sound)
    }

    /// Everything that is wrong, as people read it.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        self.revisions.iter().flat_map(Verified::diagnostics).collect()
    }
}

/// What the verification of one revision came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verified {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its file.
    pub file: String,
    /// What it came to.
    pub verdict: Verdict,
    /// What could not be judged of it, and why.
    pub notes: Vec<String>,
    /// The lines on which its `up` and its `down` begin.
    lines: [u32; 2],
}

/// What the verification of a revision came to.
#[derive(Debug)]
pub enum Verdict {
    /// Its `down` restores what was there, and its `up` runs once more.
    Restored,
    /// It was not judged, because of this.
    NotJudged(String),
    /// This is wrong.
    Wrong(Vec<Finding>),
}

/// Something that is wrong with a revision.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Its `up` fails.
    UpFails(Error),
    /// Its `up` runs on empty tables alone.
    UpFailsOnRows(Error),
    /// Rows of tables are gone after its `up`, which does not name them.
    RowsTakenAlong(Vec<String>),
    /// Its `down` fails.
    DownFails(Error),
    /// Its `down` runs on empty tables alone.
    DownFailsOnRows(Error),
    /// Its `down` runs and changes nothing.
    DoesNothing,
    /// Behind its `down` the catalog is not what it was before its `up`.
    NotRestored(SchemaDiff),
    /// Behind its `down` rows are not what they were before its `up`, in columns that the `up` had not changed.
    RowsNotRestored(Vec<String>),
    /// Its `up` fails once it was undone.
    AgainFails(Error),
    /// Its `up` makes something else once it was undone.
    AgainDiffers(SchemaDiff),
}

/// The lines of a difference that a diagnostic shows.
const SHOWN: usize = 20;

impl Verified {
    pub(super) fn new(revision: &Revision, verdict: Verdict, notes: Vec<String>, dialect: Dialect) -> Self {
        let line = |direction| revision.section(direction, dialect).map_or(1, |section| section.line);
        Self {
            id: revision.id.to_string(),
            title: revision.title.to_string(),
            file: revision.file.to_string(),
            verdict,
            notes,
            lines: [line(Direction::Up), line(Direction::Down)],
        }
    }

    /// Adds what was found of it later.
    pub(super) fn add(&mut self, finding: Finding, note: Option<String>) {
        match &mut self.verdict {
            Verdict::Wrong(findings) => findings.push(finding),
            verdict => *verdict = Verdict::Wrong(vec![finding]),
        }
        self.notes.extend(note);
    }

    /// Whether nothing is wrong with it.
    pub fn is_sound(&self) -> bool {
        !matches!(self.verdict, Verdict::Wrong(_))
    }

    /// What is wrong with it, as people read it.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        match &self.verdict {
            Verdict::Wrong(findings) => findings.iter().flat_map(|finding| self.diagnose(finding)).collect(),
            Verdict::Restored | Verdict::NotJudged(_) => Vec::new(),
        }
    }

    fn diagnose(&self, finding: &Finding) -> Vec<Diagnostic> {
        let id = &self.id;
        let [up, down] = self.lines.map(|line| Place::new(self.file.clone(), line));
        let wrong = |problem: String, place: &Place, why: &str, help: &str| {
            Diagnostic::new(Code::NotUndone, problem, help).at(place.clone()).because(why)
        };
        let with_lines = |diagnostic: Diagnostic, diff: &SchemaDiff| {
            diff.first_lines(SHOWN).into_iter().fold(diagnostic, Diagnostic::note)
        };
        match finding {
            Finding::UpFails(error) | Finding::DownFails(error) => error.diagnostics_in_scratch(),
            Finding::UpFailsOnRows(error) | Finding::DownFailsOnRows(error) => {
                let why =
                    "the same statement runs when the tables are empty, as they are in a test and not in production";
                error.diagnostics_in_scratch().into_iter().map(|problem| problem.because(why)).collect()
            }
            Finding::AgainFails(error) => {
                let why = "it has run before, was undone, and now fails: its `down` leaves something behind that cannot be seen";
                error.diagnostics_in_scratch().into_iter().map(|problem| problem.because(why)).collect()
            }
            Finding::DoesNothing => vec![wrong(
                format!("the `down` of `{id}` changes nothing"),
                &down,
                "its `up` changes the schema, and afterwards it is as the `up` has left it",
                "write what undoes the `up`, or `-- migrate: irreversible <reason>` in place of the `down`",
            )],
            Finding::NotRestored(diff) => {
                let problem = format!("the `down` of `{id}` does not restore what was there");
                let why = "this differs from what was there before the `up`: - is missing now, + is left over";
                let help = "mend the `down`, or write `-- migrate: irreversible <reason>` in its place";
                vec![with_lines(wrong(problem, &down, why, help), diff)]
            }
            Finding::RowsNotRestored(lost) => {
                let problem = format!("the `down` of `{id}` changes rows that its `up` had left alone");
                let why = "they were made for this, and were the same before and after the `up`";
                let help = "see that the `down` keeps rows, for instance where it copies a table";
                vec![lost.iter().cloned().fold(wrong(problem, &down, why, help), Diagnostic::note)]
            }
            Finding::RowsTakenAlong(tables) => {
                let problem = format!("rows are gone after the `up` of `{id}`, of tables that it does not name");
                let why = "a cascade takes them along when a table is dropped or emptied that they refer to";
                let help =
                    "on SQLite, drop the table in a section that runs in a transaction: foreign keys are off there";
                vec![tables.iter().cloned().fold(wrong(problem, &up, why, help), Diagnostic::note)]
            }
            Finding::AgainDiffers(diff) => {
                let problem = format!("the `up` of `{id}` makes something else when it runs once more");
                let why = "this differs from what it made the first time: - is missing now, + is new";
                let help = "see what the `down` leaves behind that the `up` meets, such as an `IF NOT EXISTS`";
                vec![with_lines(wrong(problem, &up, why, help), diff)]
            }
        }
    }
}
