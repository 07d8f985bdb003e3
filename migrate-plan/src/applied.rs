//! What one database has applied, seen against the graph.
//!
//! Takes the rows of a history and gives the applied set, its heads, the revisions that no file here describes, and the
//! files that were edited after they ran. It reads no database.

use crate::checksum::Checksum;
use crate::dialect::Dialect;
use crate::graph::{Edges, Node, RevisionGraph, RevisionSet};
use crate::plan::PlanError;
use crate::revision::{Direction, Origin, Revision, Text};

/// How a revision came to be in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    /// Its SQL ran.
    Applied,
    /// It was recorded without running.
    Stamped,
    /// Its statements run one by one, and not all of them have run: upwards it counts as not yet applied, downwards as
    /// still applied.
    Running(Direction),
}

impl RowState {
    /// The word in the history table and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Stamped => "stamped",
            Self::Running(_) => "running",
        }
    }
}

/// One row of a history: an applied revision as the database remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedRow {
    /// The revision's id.
    pub id: String,
    /// Its parents when it ran.
    pub parents: Vec<String>,
    /// Its dependencies when it ran, as ids.
    pub depends_on: Vec<String>,
    /// Its title when it ran.
    pub title: String,
    /// The checksum of the `up` section that ran.
    pub up_checksum: Option<Checksum>,
    /// The checksum of the `down` section that is stored with it.
    pub down_checksum: Option<Checksum>,
    /// Whether it ran, was stamped, or was interrupted.
    pub state: RowState,
    /// Which statements of an interrupted revision have run, as the engine wrote it.
    pub journal: Option<String>,
    /// When, in UTC, as RFC 3339.
    pub applied_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Who: `user@host`.
    pub applied_by: String,
    /// The application that ran it, with its version.
    pub application: String,
}

/// A file that changed after its revision was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// The revision.
    pub id: String,
    /// Its file.
    pub file: String,
    /// Which section changed. A changed `up` is refused; a changed `down` is a mended one.
    pub direction: Direction,
    /// The line of the section's marker, or 1 when the section is gone.
    pub line: u32,
}

/// The applied set of one database.
#[derive(Clone, Debug)]
pub struct Applied<'g> {
    graph: &'g RevisionGraph,
    /// The graph with what only the history knows, where there is any.
    extended: Option<RevisionGraph>,
    rows: Vec<AppliedRow>,
    /// The row of each node of the extended graph.
    row_of: Vec<Option<u32>>,
    set: RevisionSet,
}

impl<'g> Applied<'g> {
    /// Sees the rows of a history against the graph.
    ///
    /// # Errors
    ///
    /// [`PlanError::HistoryUnusable`] when the rows contradict the files so that no graph can hold both.
    pub fn new(graph: &'g RevisionGraph, rows: Vec<AppliedRow>) -> Result<Self, PlanError> {
        Self::counting(graph, rows, Direction::Down)
    }

    /// `applied` is the direction of an interrupted revision that counts as applied.
    fn counting(graph: &'g RevisionGraph, rows: Vec<AppliedRow>, applied: Direction) -> Result<Self, PlanError> {
        let unknown: Vec<&AppliedRow> = rows.iter().filter(|row| graph.node(&row.id).is_none()).collect();
        let extended = if unknown.is_empty() {
            None
        } else {
            let known = |id: &String| graph.node(id).is_some() || unknown.iter().any(|row| row.id == *id);
            let more = unknown.iter().map(|row| from_history(row, known)).collect();
            let extended = graph.extended(more).map_err(|defects| PlanError::HistoryUnusable {
                problems: defects.iter().map(ToString::to_string).collect(),
            })?;
            Some(extended)
        };
        let all = extended.as_ref().unwrap_or(graph);
        let mut set = RevisionSet::new(all.len());
        let mut row_of = vec![None; all.len()];
        for (index, row) in rows.iter().enumerate() {
            if let Some(node) = all.node(&row.id) {
                row_of[node.index()] = Some(index as u32);
                if !matches!(row.state, RowState::Running(direction) if direction != applied) {
                    set.insert(node);
                }
            }
        }
        Ok(Self { graph, extended, rows, row_of, set })
    }

    /// A database in which nothing is applied.
    pub fn nothing(graph: &'g RevisionGraph) -> Self {
        let (set, row_of) = (RevisionSet::new(graph.len()), vec![None; graph.len()]);
        Self { graph, extended: None, rows: Vec::new(), row_of, set }
    }

    /// The graph of the files.
    pub fn graph(&self) -> &'g RevisionGraph {
        self.graph
    }

    /// The graph of the files and of what only the history knows. Nodes of [`Applied::graph`] mean the same here.
    pub fn all(&self) -> &RevisionGraph {
        self.extended.as_ref().unwrap_or(self.graph)
    }

    /// The applied revisions, as nodes of [`Applied::all`].
    pub fn set(&self) -> &RevisionSet {
        &self.set
    }

    /// The applied revisions whose files are here.
    pub fn known(&self) -> RevisionSet {
        let mut known = RevisionSet::new(self.graph.len());
        for node in self.set.iter().filter(|node| self.is_known(*node)) {
            known.insert(node);
        }
        known
    }

    /// Whether the revision's file is here.
    pub fn is_known(&self, node: Node) -> bool {
        node.index() < self.graph.len()
    }

    /// The rows in the order in which the history gave them.
    pub fn rows(&self) -> &[AppliedRow] {
        &self.rows
    }

    /// The row of an applied revision.
    pub fn row(&self, node: Node) -> Option<&AppliedRow> {
        self.row_of.get(node.index()).copied().flatten().map(|index| &self.rows[index as usize])
    }

    /// The revision that a run left half done, and in which direction. There is one at most: nothing else runs before
    /// it is finished.
    pub fn interrupted(&self) -> Option<(Node, Direction)> {
        self.rows.iter().find_map(|row| match row.state {
            RowState::Running(direction) => self.all().node(&row.id).map(|node| (node, direction)),
            _ => None,
        })
    }

    /// What is applied once the interrupted revision is finished.
    ///
    /// # Errors
    ///
    /// Those of [`Applied::new`].
    pub fn finished(&self) -> Result<Self, PlanError> {
        let mut rows = self.rows.clone();
        rows.retain(|row| row.state != RowState::Running(Direction::Down));
        Self::counting(self.graph, rows, Direction::Up)
    }

    /// The recorded revisions that no file here describes, an interrupted one among them.
    pub fn unknown(&self) -> impl Iterator<Item = &AppliedRow> {
        self.rows.iter().filter(|row| self.graph.node(&row.id).is_none())
    }

    /// The maximal applied revisions, by parents and dependencies, in load order.
    pub fn heads(&self) -> Vec<Node> {
        self.all().maximal(&self.set, Edges::All)
    }

    /// The verbs with their targets that undo those revisions without files that nothing stands on.
    pub fn unknown_undone_by(&self) -> Vec<String> {
        match self.heads().as_slice() {
            [_] => vec!["downgrade".to_owned()],
            heads => {
                let unknown = heads.iter().filter(|node| !self.is_known(**node));
                unknown.map(|node| format!("downgrade {}@-1", self.all().id(*node))).collect()
            }
        }
    }

    /// The ids of [`Applied::heads`].
    pub fn head_ids(&self) -> Vec<String> {
        self.heads().into_iter().map(|node| self.all().id(node).to_owned()).collect()
    }

    /// The applied revisions whose sections for this dialect are no longer what the history remembers.
    pub fn drift(&self, dialect: Dialect) -> Vec<Drift> {
        let mut drift = Vec::new();
        for node in self.set.iter().filter(|node| self.is_known(*node)) {
            let (revision, Some(row)) = (self.graph.revision(node), self.row(node)) else { continue };
            // An interrupted revision is judged statement by statement, by its journal.
            if matches!(row.state, RowState::Running(_)) {
                continue;
            }
            for (direction, remembered) in [(Direction::Up, row.up_checksum), (Direction::Down, row.down_checksum)] {
                let section = revision.section(direction, dialect);
                // A row stamped before there was a section for this dialect remembers no `up`.
                let nothing_ran = direction == Direction::Up && remembered.is_none();
                if section.map(|section| section.checksum) != remembered && !nothing_ran {
                    drift.push(Drift {
                        id: revision.id.to_string(),
                        file: revision.file.to_string(),
                        direction,
                        line: section.map_or(1, |section| section.line),
                    });
                }
            }
        }
        drift
    }
}

/// What a history row tells of a revision whose file is not here. Its SQL stays in the database until it is needed.
fn from_history(row: &AppliedRow, known: impl Fn(&String) -> bool) -> Revision {
    let names = |ids: &[String]| ids.iter().filter(|id| known(id)).map(|id| Text::from(id.clone())).collect::<Vec<_>>();
    Revision {
        id: row.id.clone().into(),
        parents: names(&row.parents).into(),
        depends_on: names(&row.depends_on).into(),
        labels: Vec::new().into(),
        title: row.title.clone().into(),
        created: None,
        description: None,
        irreversible: None,
        sections: Vec::new().into(),
        file: format!("history of {}", row.id).into(),
        groups: Vec::new().into(),
        origin: Origin::History,
    }
}
