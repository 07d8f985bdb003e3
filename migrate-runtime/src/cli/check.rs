//! `check`: one line for everything that was checked, and for what was not, with the reason.

use migrate_plan::{Code, Diagnostic, Direction, Heads, Plan, PlanError, Target, several_heads};
use serde_json::json;

use super::interrupted::interrupted;
use super::look::identify;
use super::output::object;
use super::{Exit, Failure, Output, diagnostic_json};
use crate::driver::LiveConnection;
use crate::engine::{look, untaken};
use crate::migrations::Migrations;

/// What a check came to.
#[derive(Clone, Debug)]
pub enum CheckResult {
    /// It holds.
    Passed,
    /// It does not, and this is what `check` ends with for it.
    Failed(Exit, Vec<Diagnostic>),
    /// It was not checked, because of this.
    Skipped(String),
}

/// One line of `check`.
#[derive(Clone, Debug)]
pub struct CheckLine {
    /// What was checked.
    pub name: &'static str,
    /// A detail: how many, which.
    pub detail: String,
    /// What it came to.
    pub result: CheckResult,
}

/// The lines of one `check`.
#[derive(Clone, Debug, Default)]
pub struct Checks {
    lines: Vec<CheckLine>,
}

impl Checks {
    /// Adds a line.
    pub fn add(&mut self, name: &'static str, detail: impl Into<String>, result: CheckResult) {
        self.lines.push(CheckLine { name, detail: detail.into(), result });
    }

    /// Adds a line that passed, with this detail, unless there are problems, which end `check` with 1.
    pub fn verdict(&mut self, name: &'static str, detail: impl Into<String>, problems: Vec<Diagnostic>) {
        match problems.len() {
            0 => self.add(name, detail, CheckResult::Passed),
            found => self.add(name, counted(found, "problem"), CheckResult::Failed(Exit::Failed, problems)),
        }
    }

    /// What `check` ends with: 1 before 7 before 4 before 5 before 3.
    pub fn exit(&self) -> Exit {
        let failed = |wanted: Exit| {
            self.lines.iter().any(|line| matches!(&line.result, CheckResult::Failed(exit, _) if *exit == wanted))
        };
        let order = [Exit::Failed, Exit::Unreachable, Exit::SeveralHeads, Exit::Drift, Exit::Pending];
        let other = self.lines.iter().any(|line| matches!(line.result, CheckResult::Failed(..)));
        let otherwise = if other { Exit::Failed } else { Exit::Done };
        order.into_iter().find(|exit| failed(*exit)).unwrap_or(otherwise)
    }

    /// Prints the lines, then every problem in full.
    pub fn print(&self, output: &Output) -> Exit {
        let exit = self.exit();
        let mut text = String::new();
        let mut problems = Vec::new();
        let mut objects = Vec::new();
        for line in &self.lines {
            let (mark, result, found, reason) = match &line.result {
                CheckResult::Passed => ("ok     ", "passed", &[][..], None),
                CheckResult::Failed(Exit::Pending, found) => ("pending", "pending", found.as_slice(), None),
                CheckResult::Failed(_, found) => ("FAILED ", "failed", found.as_slice(), None),
                CheckResult::Skipped(reason) => ("-      ", "skipped", &[][..], Some(reason)),
            };
            let reason_text = reason.map(|reason| format!("not checked: {reason}")).unwrap_or_default();
            let detail = [line.detail.as_str(), &reason_text].into_iter().filter(|part| !part.is_empty());
            text.push_str(&format!("{mark} {:12} {}\n", line.name, detail.collect::<Vec<_>>().join("; ")));
            // Several lines may fail over one problem.
            let is_new = |problem: &&Diagnostic| !problems.contains(*problem);
            problems.extend(found.iter().filter(is_new).cloned().collect::<Vec<_>>());
            objects.push(json!({
                "check": line.name,
                "result": result,
                "detail": line.detail,
                "reason": reason,
                "problems": found.iter().map(diagnostic_json).collect::<Vec<_>>(),
            }));
        }
        output.result(&text, &object(json!({"checks": objects, "exit_code": exit as u8})));
        if !output.is_json() {
            output.diagnostics(&problems);
        }
        exit
    }
}

/// `1 revision`, `2 revisions`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// Checks of the graph and its heads, which need no more than the headers of the revisions.
pub fn check_graph(migrations: &Migrations, checks: &mut Checks) {
    let graph = match migrations.graph() {
        Ok(graph) => graph,
        Err(defects) => {
            checks.verdict("graph", "", defects.iter().map(Diagnostic::from).collect());
            return;
        }
    };
    checks.verdict(
        "graph",
        format!("{}: ids, parents, labels, no cycles", counted(graph.len(), "revision")),
        Vec::new(),
    );
    let heads = graph.ids_and_files(graph.heads());
    let detail = heads.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>().join(", ");
    let many = heads.len() > 1 && migrations.settings().heads == Heads::One;
    let result = if many {
        let diagnostic = several_heads(format!("the history has {} heads", heads.len()), &heads);
        CheckResult::Failed(Exit::SeveralHeads, vec![diagnostic])
    } else {
        CheckResult::Passed
    };
    checks.add("heads", detail, result);
}

/// Whether every section is written.
pub fn check_sections(migrations: &Migrations, checks: &mut Checks) {
    let sections =
        migrations.revisions().iter().flat_map(|revision| revision.sections.iter().map(move |s| (revision, s)));
    let unwritten =
        sections.filter_map(|(revision, section)| section.refuse_unwritten(&revision.id, &revision.file).err());
    checks.verdict("sections", "every section is written", unwritten.map(|error| Diagnostic::from(&error)).collect());
}

/// Checks that need the database: edited revisions, unknown ones, pending ones.
///
/// # Errors
///
/// [`Failure`] when the database cannot be read.
pub async fn check_database(
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    checks: &mut Checks,
) -> Result<(), Failure> {
    let graph = migrations.graph()?;
    let mut db = identify(db).await?;
    let dialect = db.dialect();
    let found = look(&mut db, migrations.settings()).await?;
    let applied = found.applied(&graph)?;

    let (up, down): (Vec<_>, Vec<_>) =
        applied.drift(dialect).into_iter().partition(|drift| drift.direction == Direction::Up);
    let detail = match down.len() {
        0 => "applied revisions are as they ran".to_owned(),
        edited => {
            format!("applied revisions are as they ran; {edited} with a mended `down`, stored at the next upgrade")
        }
    };
    if up.is_empty() {
        checks.add("drift", detail, CheckResult::Passed);
    } else {
        let edited = counted(up.len(), "applied revision");
        let problem = Diagnostic::from(&PlanError::Drift { drift: up });
        checks.add("drift", format!("{edited} edited"), CheckResult::Failed(Exit::Drift, vec![problem]));
    }

    let unknown: Vec<String> = applied.unknown().map(|row| row.id.clone()).collect();
    let problems = if unknown.is_empty() {
        Vec::new()
    } else {
        let undone_by = applied.unknown_undone_by();
        let mut diagnostic = Diagnostic::from(&PlanError::DatabaseAhead { unknown, pending: 0, undone_by });
        diagnostic.why =
            Some("these files do not describe them, so nothing here can judge what they changed".to_owned());
        vec![diagnostic]
    };
    checks.verdict("unknown", "every applied revision is here", problems);

    let problem = interrupted(&applied, dialect).map(|found| {
        let (done, of) = (found.done, found.left.len() + found.done);
        let message = format!(
            "`{}` of revision `{}` was interrupted: {done} of {of} statements have run",
            found.direction, found.id
        );
        let help = "run `upgrade` or `downgrade`: it is finished first";
        let diagnostic = Diagnostic::new(Code::Interrupted, message, help);
        found
            .refused
            .iter()
            .fold(diagnostic, |diagnostic, words| diagnostic.note(format!("the database said: {words}")))
    });
    checks.verdict("interrupted", "no revision is half done", problem.into_iter().collect());

    let applied = applied.finished()?;
    let plan = Plan::upgrade(&applied, &[Target::heads()])?;
    let mut problems: Vec<Diagnostic> =
        plan.refuse_unrunnable(&applied, dialect).err().iter().map(Diagnostic::from).collect();
    problems.extend(untaken(&graph, &found, &mut db).await?);
    checks.verdict("runnable", format!("what is pending can run on {dialect}"), problems);
    let behind: Vec<&str> = plan.steps.iter().filter(|step| step.behind).map(|step| &*step.id).collect();
    let detail = match (plan.steps.len(), behind.as_slice()) {
        (0, _) => "nothing is pending".to_owned(),
        (count, []) => format!("{count} pending"),
        (count, behind) => format!("{count} pending, of which inserted behind what is applied: {}", behind.join(", ")),
    };
    let result = if plan.is_empty() { CheckResult::Passed } else { CheckResult::Failed(Exit::Pending, Vec::new()) };
    checks.add("pending", detail, result);
    Ok(())
}
