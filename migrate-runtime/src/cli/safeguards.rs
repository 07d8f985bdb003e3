//! What stands between a plan and its first write: somebody's yes, and a backup.
//!
//! Asked is on a terminal alone. Elsewhere a protected database demands `--yes`, and any other one is changed as it is told.

use std::io::{BufRead, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use migrate_plan::{Action, Code, Diagnostic, Plan};

use super::run::revisions_of;
use super::{counted, escape};
use crate::engine::{Loss, Prospect};

/// Makes a backup, and says where it is.
#[derive(Clone, Copy)]
pub struct Backup<'s>(pub &'s (dyn Fn(&Prospect<'_>) -> Result<String, Diagnostic> + Sync));

impl std::fmt::Debug for Backup<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Backup")
    }
}

/// How careful a verb is with this database.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Safeguards<'s> {
    /// The answer to every question: `--yes`.
    pub yes: bool,
    /// The name of the environment, when it is a protected one: no change of it goes without a yes.
    pub protected: Option<String>,
    /// How long a run waits for another one, where no flag says it.
    pub lock_timeout: Option<Duration>,
    /// What is done before the first write, when there is something to do. When it fails nothing is written; what it says
    /// stands in the log.
    pub backup: Option<Backup<'s>>,
}

/// How many lost statements are shown.
const SHOWN: usize = 10;

impl Safeguards<'_> {
    /// Those of a database that nothing is known of; `yes` answers every question.
    pub fn new(yes: bool) -> Self {
        Self { yes, ..Self::default() }
    }

    /// Demands a yes to something that no plan describes, such as dropping a database.
    ///
    /// # Errors
    ///
    /// A [`Diagnostic`] when the answer is no, and when there is no terminal and no `--yes`.
    pub fn confirm(&self, what: &str) -> Result<(), Diagnostic> {
        match (self.yes, can_ask()) {
            (true, _) => Ok(()),
            (false, true) => ask(&format!("{what}{}?", self.place()), &[]),
            (false, false) => Err(Diagnostic::new(
                Code::NotConfirmed,
                format!("to {what}{} needs a yes", self.place()),
                "`--yes` says that it is meant",
            )
            .because("without a terminal nobody can be asked")),
        }
    }

    /// Whether this needs a yes that nobody has given yet.
    pub(super) fn needs_a_yes(&self, prospect: &Prospect<'_>) -> bool {
        let destroys = match prospect.plan.action {
            Action::Downgrade | Action::Redo => !prospect.losses.is_empty(),
            Action::Upgrade | Action::Stamp | Action::Repair | Action::Adopt => false,
        };
        // What the history remembers is taken away by nobody in passing.
        let repairs = prospect.plan.action == Action::Repair;
        !self.yes && (self.protected.is_some() || repairs || (destroys && can_ask()))
    }

    /// Makes the backup, if one is wanted.
    pub(super) fn back_up(&self, prospect: &Prospect<'_>) -> Result<Option<String>, Diagnostic> {
        self.backup.map(|Backup(back_up)| back_up(prospect)).transpose()
    }

    /// Refuses what nobody says yes to.
    pub(super) fn approve(&self, prospect: &Prospect<'_>) -> Result<(), Diagnostic> {
        match (self.needs_a_yes(prospect), can_ask()) {
            (false, _) => Ok(()),
            (true, true) => {
                let (action, of) = (prospect.plan.action.as_str(), revisions(prospect.plan));
                ask(&format!("{action} {of}{}?", self.place()), &prospect.losses)
            }
            (true, false) => Err(self.refuse(prospect)),
        }
    }

    fn refuse(&self, prospect: &Prospect<'_>) -> Diagnostic {
        let (action, of) = (prospect.plan.action.as_str(), revisions(prospect.plan));
        let mut refusal = Diagnostic::new(
            Code::NotConfirmed,
            format!("`{action}` of {of}{} needs a yes", self.place()),
            "look at the plan with `--dry-run`; `--yes` says that it is meant",
        )
        .because(match self.protected {
            Some(_) => "the environment is protected, and without a terminal nobody can be asked",
            None => "what the history remembers is changed for good, and without a terminal nobody can be asked",
        });
        refusal.notes = lines(&prospect.losses).into_iter().map(|line| format!("destroys data: {line}")).collect();
        refusal
    }

    fn place(&self) -> String {
        self.protected.as_ref().map(|name| format!(" in the protected environment `{name}`")).unwrap_or_default()
    }
}

/// Whether a question waits for its answer.
static ASKING: AtomicBool = AtomicBool::new(false);

/// Whether this process waits for somebody's answer: then nothing is held and nothing is written, and an interrupt may end it.
pub fn is_asking() -> bool {
    ASKING.load(Ordering::Relaxed)
}

/// Asks on the terminal; anything but a yes is a no.
fn ask(question: &str, losses: &[Loss]) -> Result<(), Diagnostic> {
    let mut stderr = anstream::stderr();
    let mut text = String::new();
    if !losses.is_empty() {
        text.push_str("this destroys data:\n");
    }
    lines(losses).iter().for_each(|line| text.push_str(&format!("  {line}\n")));
    // Before the question is seen: who sees it may interrupt at once.
    ASKING.store(true, Ordering::Relaxed);
    let asked = write!(stderr, "{}{} [y/N] ", escape::text(&text), escape::line(question));
    let mut answer = String::new();
    let answered = asked.and_then(|()| stderr.flush()).and_then(|()| std::io::stdin().lock().read_line(&mut answer));
    ASKING.store(false, Ordering::Relaxed);
    if answered.is_ok() && ["y", "yes"].contains(&answer.trim().to_lowercase().as_str()) {
        return Ok(());
    }
    let help = "run it again and answer `y`, or write `--yes`";
    Err(Diagnostic::new(Code::NotConfirmed, "the answer was not yes, and nothing was changed", help))
}

/// Whether somebody sits at both ends.
pub fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// `2 revisions`.
fn revisions(plan: &Plan) -> String {
    counted(revisions_of(plan), "revision")
}

fn lines(losses: &[Loss]) -> Vec<String> {
    let line = |loss: &Loss| format!("{} of {}: {}", loss.direction, loss.id, loss.statement);
    let mut lines: Vec<String> = losses.iter().take(SHOWN).map(line).collect();
    if losses.len() > SHOWN {
        lines.push(format!("and {} more", counted(losses.len() - SHOWN, "statement")));
    }
    lines
}
