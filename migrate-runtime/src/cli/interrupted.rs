//! The revision that a run left half done, as the looking verbs tell it.

use migrate_plan::{Applied, Dialect, Direction};
use serde_json::{Value, json};

use super::escape;
use crate::journal::Journal;

/// What is known of an interrupted revision.
pub(super) struct Interrupted {
    pub(super) id: String,
    pub(super) direction: Direction,
    /// How many statements have run.
    pub(super) done: usize,
    /// The first lines of those that have not.
    pub(super) left: Vec<String>,
    /// The statement that was running.
    pub(super) running: Option<String>,
    /// What the server said, when it refused a statement.
    pub(super) refused: Option<String>,
}

/// The interrupted revision, if there is one.
pub(super) fn interrupted(applied: &Applied<'_>, dialect: Dialect) -> Option<Interrupted> {
    let (node, direction) = applied.interrupted()?;
    let journal = Journal::parse(applied.row(node)?.journal.as_deref()?)?;
    let revision = applied.all().revision(node);
    let first_line = |sql: &str| sql.lines().next().unwrap_or_default().to_owned();
    let statements = || {
        let section = revision.section(direction, dialect)?;
        let statements = section.statements(dialect).ok()?;
        Some(statements.iter().skip(journal.done.len()).map(|s| first_line(s.sql())).collect())
    };
    Some(Interrupted {
        id: revision.id.to_string(),
        direction,
        done: journal.done.len(),
        left: statements().unwrap_or_default(),
        running: journal.running.as_ref().map(|running| first_line(&running.sql)),
        refused: journal.refused.or(journal.running.and_then(|running| running.error)),
    })
}

impl Interrupted {
    /// For a person, a line each.
    pub(super) fn lines(&self) -> String {
        let of = self.done + self.left.len();
        let mut text = format!(
            "halfway:  {} of {}, {} of {of} statements have run\n",
            self.direction,
            escape::line(&self.id),
            self.done
        );
        text.extend(self.running.iter().map(|sql| format!("  running: {}\n", escape::line(sql))));
        text.extend(self.refused.iter().map(|words| format!("  refused: {}\n", escape::line(words))));
        text.extend(self.left.iter().map(|sql| format!("  left:    {}\n", escape::line(sql))));
        text
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "revision": self.id,
            "direction": self.direction.as_str(),
            "statements_done": self.done,
            "statements_left": self.left,
            "running": self.running,
            "refused": self.refused,
        })
    }
}
