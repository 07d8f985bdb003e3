//! Revision by revision: up, down, up, in a database that is built anew after whatever goes wrong.

use std::collections::HashSet;
use std::pin::Pin;

use migrate_plan::schema::{Schema, diff_schemas};
use migrate_plan::{Content, Dialect, Direction, Node, Revision, RevisionGraph};

use super::additive::only_adds;
use super::reach::Reach;
use super::report::{Finding, Verdict, Verified, VerifyReport};
use super::rows::Rows;
use super::{Progress, judge, reset, seed};
use crate::driver::LiveConnection;
use crate::engine::{self, Goal, Request};
use crate::error::{Error, RunError};
use crate::inspect::{Inspection, Memory};

const NOT_WHOLE: &str = "what was applied until here cannot be applied anew";

/// The database at work.
pub(super) struct Trial<'t> {
    graph: &'t RevisionGraph,
    request: Request,
    inspection: Inspection,
    memory: Memory,
    rows: bool,
    db: &'t mut dyn LiveConnection,
    /// What was there at first, which is not much.
    first: Schema,
    /// What is there now.
    now: Schema,
    /// What is applied, in order.
    done: Vec<Node>,
    /// What could not be judged of the revision at hand.
    notes: Vec<String>,
    /// Whether tables that had rows have lost them, because the database was built anew.
    emptied: bool,
    /// Whether revisions were passed since what is there was looked at.
    passed: bool,
    /// The revision whose second `up` nobody has looked at yet: it is taken to have made the same again.
    unseen: Option<Node>,
    /// What was found of revisions later.
    late: Vec<(Node, Finding, Option<String>)>,
}

impl<'t> Trial<'t> {
    pub(super) fn new(
        graph: &'t RevisionGraph,
        request: Request,
        inspection: Inspection,
        memory: Memory,
        rows: bool,
        db: &'t mut dyn LiveConnection,
        there: Schema,
    ) -> Self {
        Self {
            graph,
            request,
            inspection,
            memory,
            rows,
            db,
            first: there.clone(),
            now: there,
            done: Vec::new(),
            notes: Vec::new(),
            emptied: false,
            passed: false,
            unseen: None,
            late: Vec::new(),
        }
    }

    /// What is to be released.
    pub(super) fn end(self) -> (Memory, &'t mut dyn LiveConnection) {
        (self.memory, self.db)
    }

    pub(super) async fn all(
        &mut self,
        only: Option<&HashSet<String>>,
        mut progress: Option<Progress<'_>>,
    ) -> Result<VerifyReport, Error> {
        let graph = self.graph;
        let mut report = VerifyReport { dialect: self.db.dialect(), revisions: Vec::new() };
        let wanted = |node: Node| only.is_none_or(|only| only.contains(graph.id(node)));
        let order = graph.order();
        let last = order.iter().rposition(|node| wanted(*node)).map_or(0, |last| last + 1);
        for (at, node) in order[..last].iter().copied().enumerate() {
            if self.request.stop.is_requested() {
                return Err(Error::Stopped);
            }
            progress.iter_mut().for_each(|progress| progress(at, last, graph.id(node)));
            let needs = graph.parents(node).iter().chain(graph.depends_on(node));
            let without: Vec<&str> =
                needs.filter(|other| !self.done.contains(other)).map(|other| graph.id(*other)).collect();
            let verdict = if !without.is_empty() {
                Verdict::NotJudged(format!("it stands on `{}`, which cannot be applied", without.join("`, `")))
            } else if wanted(node) {
                if std::mem::take(&mut self.passed) {
                    self.look().await?;
                }
                self.one(node).await?
            } else {
                self.pass(node).await?
            };
            let notes = std::mem::take(&mut self.notes);
            if wanted(node) || matches!(verdict, Verdict::Wrong(_)) {
                report.revisions.push(Verified::new(graph.revision(node), verdict, notes, report.dialect));
            }
        }
        self.settle().await?;
        for (node, finding, note) in self.late.drain(..) {
            let is_it = |verified: &&mut Verified| verified.id == graph.id(node);
            if let Some(verified) = report.revisions.iter_mut().find(is_it) {
                verified.add(finding, note);
            }
        }
        Ok(report)
    }

    /// Applies a revision that others need. Rows are made when one that is wanted is reached, or this one cannot be applied.
    async fn pass(&mut self, node: Node) -> Result<Verdict, Error> {
        self.settle().await?;
        let mut findings = Vec::new();
        if self.step(Direction::Up, node).await?.is_ok() {
            self.done.push(node);
        } else {
            // Some of it may be there.
            self.replay().await?;
            self.look().await?;
            findings = self.apply(node).await?;
        }
        self.passed = true;
        Ok(match findings.is_empty() {
            true => Verdict::NotJudged("it was not asked for".to_owned()),
            false => Verdict::Wrong(findings),
        })
    }

    /// Sees what passed revisions have made, and makes rows for it.
    async fn look(&mut self) -> Result<(), Error> {
        let now = self.inspect().await?;
        let before = std::mem::replace(&mut self.now, now);
        self.fill(&before).await
    }

    /// One revision: up, down, up, as far as it goes. Leaves the database where the next one begins.
    async fn one(&mut self, node: Node) -> Result<Verdict, Error> {
        if !only_adds(self.graph.revision(node), self.db.dialect(), &self.now) {
            self.settle().await?;
        }
        let before = self.now.clone();
        let reach = Reach::of(self.graph.revision(node), self.db.dialect(), &before);
        let mut rows_before = match self.read_rows(&before, &reach).await {
            Err(_) if self.unseen.is_some() => return self.one_anew(node).await,
            read => read?,
        };
        let mut findings = self.apply(node).await?;
        if self.unseen.is_some() && !findings.is_empty() {
            return self.one_anew(node).await;
        }
        if self.done.last() != Some(&node) {
            return Ok(Verdict::Wrong(findings));
        }
        if self.emptied {
            rows_before = Rows::default();
        }
        let after = self.inspect().await?;
        let rows_after = self.read_rows(&after, &reach).await?;
        let sections = Sections::of(self.graph.revision(node), self.db.dialect());
        let along = rows_before.taken_along(&rows_after, sections.up);
        findings.extend((!along.is_empty()).then_some(Finding::RowsTakenAlong(along)));
        if sections.no_down.is_none() {
            let found = self.undo_and_redo(node, [&before, &after], [&rows_before, &rows_after], &reach).await?;
            if self.unseen.is_some_and(|unseen| unseen != node) {
                return self.one_anew(node).await;
            }
            let is_whole = found.is_empty() || self.replay().await?;
            findings.extend(found);
            if !is_whole {
                self.notes.push(NOT_WHOLE.to_owned());
                self.fill(&before).await?;
                return Ok(Verdict::Wrong(findings));
            }
        }
        self.now = after;
        self.fill(&before).await?;
        Ok(match (findings.is_empty(), sections.no_down) {
            (false, _) => Verdict::Wrong(findings),
            (true, None) => Verdict::Restored,
            (true, Some(reason)) => Verdict::NotJudged(reason),
        })
    }

    /// Applies a revision, on tables without rows when those that were made do not fit. What is wrong with it all the same is
    /// found; whether it is applied in the end, the list of those that are done says.
    async fn apply(&mut self, node: Node) -> Result<Vec<Finding>, Error> {
        let Err(error) = self.step(Direction::Up, node).await? else {
            self.done.push(node);
            return Ok(Vec::new());
        };
        if !self.rows || self.unseen.is_some() {
            return Ok(vec![Finding::UpFails(error)]);
        }
        if !self.replay().await? || self.step(Direction::Up, node).await?.is_err() {
            self.replay().await?;
            self.fill(&self.now.clone()).await?;
            return Ok(vec![Finding::UpFails(error)]);
        }
        self.done.push(node);
        if judge::is_about_made_values(&error) {
            self.notes.push(format!("rows that were made for it do not fit, so it was judged without any: {error}"));
            return Ok(Vec::new());
        }
        Ok(vec![Finding::UpFailsOnRows(error)])
    }

    /// Down and up again; what is wrong with either.
    async fn undo_and_redo(
        &mut self,
        node: Node,
        [before, after]: [&Schema; 2],
        [rows_before, rows_after]: [&Rows; 2],
        reach: &Reach,
    ) -> Result<Vec<Finding>, Error> {
        if let Err(finding) = self.undo(node).await? {
            return Ok(vec![finding]);
        }
        // Without rows nothing can be lost.
        let nothing = Rows::default();
        let rows_before = if self.emptied { &nothing } else { rows_before };
        let undone = self.inspect().await?;
        let left = diff_schemas(before, &undone);
        if !left.is_empty() {
            let does_nothing = diff_schemas(after, &undone).is_empty();
            return Ok(vec![if does_nothing { Finding::DoesNothing } else { Finding::NotRestored(left) }]);
        }
        let lost = rows_before.lost(rows_after, &self.read_rows(&undone, reach).await?);
        self.notes.extend(lost.unjudged);
        if !lost.wrong.is_empty() {
            return Ok(vec![Finding::RowsNotRestored(lost.wrong)]);
        }
        // All that was there before is there again, and none of it is this revision's.
        self.unseen = None;
        if let Err(error) = self.step(Direction::Up, node).await? {
            return Ok(vec![Finding::AgainFails(error)]);
        }
        self.unseen = Some(node);
        Ok(Vec::new())
    }

    /// Looks at what the second `up` of the last revision has made.
    ///
    /// That is not done before a revision that only adds: undoing that leaves what there was before, and that is looked at.
    async fn settle(&mut self) -> Result<(), Error> {
        match self.unseen.take() {
            Some(node) => self.is_as_before(node).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Whether a second `up` has made what the first has. If not, that is found, and the database built anew.
    async fn is_as_before(&mut self, node: Node) -> Result<bool, Error> {
        let there = self.inspect().await?;
        let again = diff_schemas(&self.now, &there);
        if again.is_empty() {
            return Ok(true);
        }
        let note = self.rebuild().await?;
        self.late.push((node, Finding::AgainDiffers(again), note));
        Ok(false)
    }

    /// Tries a revision out that came to grief before anybody had looked at what the last one's second `up` had made. That is
    /// done first, in a database that is built anew.
    fn one_anew(&mut self, node: Node) -> Pin<Box<dyn Future<Output = Result<Verdict, Error>> + Send + '_>> {
        Box::pin(async move {
            self.done.retain(|done| *done != node);
            if let Some(last) = self.unseen.take() {
                self.rebuild().await?;
                let is_undone = self.step(Direction::Down, last).await?.is_ok();
                let before = self.inspect().await?;
                if !is_undone || self.step(Direction::Up, last).await?.is_err() {
                    self.rebuild().await?;
                } else if self.is_as_before(last).await? {
                    self.fill(&before).await?;
                }
            }
            self.notes.clear();
            self.one(node).await
        })
    }

    /// Applies what is done in an empty database, and makes rows. Says so where not all of it can be applied.
    async fn rebuild(&mut self) -> Result<Option<String>, Error> {
        let is_whole = self.replay().await?;
        // What cannot have rows has been told.
        let told = self.notes.len();
        self.fill(&self.now.clone()).await?;
        self.notes.truncate(told);
        Ok((!is_whole).then(|| NOT_WHOLE.to_owned()))
    }

    /// Undoes a revision, on tables without rows when those that were made do not fit. The inner error is what is wrong with it.
    async fn undo(&mut self, node: Node) -> Result<Result<(), Finding>, Error> {
        let Err(error) = self.step(Direction::Down, node).await? else { return Ok(Ok(())) };
        if !self.rows || self.unseen.is_some() {
            return Ok(Err(Finding::DownFails(error)));
        }
        if !self.replay().await? || self.step(Direction::Down, node).await?.is_err() {
            return Ok(Err(Finding::DownFails(error)));
        }
        if judge::is_about_made_values(&error) {
            self.notes
                .push(format!("rows that were made do not fit its `down`, so it was judged without any: {error}"));
            return Ok(Ok(()));
        }
        Ok(Err(Finding::DownFailsOnRows(error)))
    }

    /// Runs one direction of one revision. The inner error is the revision's own, the outer one anything else's.
    async fn step(&mut self, direction: Direction, node: Node) -> Result<Result<(), Error>, Error> {
        self.request.goal = Goal::Single(direction, self.graph.id(node).to_owned());
        // Without optimisation all of it would stand on the stack, of which a test has little.
        match Box::pin(engine::run(&self.request, self.graph, self.db, &mut None, None)).await {
            Ok(report) if report.steps.len() == 1 => Ok(Ok(())),
            Ok(_) => Err(Error::HistoryChanged),
            Err(RunError { error, .. }) if judge::is_of_the_revision(&error) => Ok(Err(error)),
            Err(RunError { error, .. }) => Err(error),
        }
    }

    /// Empties the database and applies what is done anew, without rows but where a revision needs some. What then cannot be applied
    /// any more is not done any more; whether all of it is, is the answer.
    async fn replay(&mut self) -> Result<bool, Error> {
        reset::empty(self.db, &self.inspection, &self.first).await?;
        self.emptied = true;
        let nodes = std::mem::take(&mut self.done);
        for node in nodes.iter().copied() {
            let needs: Vec<Node> =
                self.graph.parents(node).iter().chain(self.graph.depends_on(node)).copied().collect();
            if needs.iter().all(|other| self.done.contains(other)) && self.step_again(node).await? {
                self.done.push(node);
            }
        }
        let is_whole = self.done == nodes;
        if !is_whole {
            self.now = self.inspect().await?;
        }
        Ok(is_whole)
    }

    /// Applies a revision that was applied before. One that copies rows may need some.
    async fn step_again(&mut self, node: Node) -> Result<bool, Error> {
        if self.step(Direction::Up, node).await?.is_ok() {
            return Ok(true);
        }
        let there = self.inspect().await?;
        seed::fill(self.db, &Schema::new(there.dialect), &there).await?;
        Ok(self.step(Direction::Up, node).await?.is_ok())
    }

    /// Makes rows for what is new since `before`, or for everything where all rows are gone.
    async fn fill(&mut self, before: &Schema) -> Result<(), Error> {
        let nothing = Schema::new(self.now.dialect);
        let before = if std::mem::take(&mut self.emptied) { &nothing } else { before };
        if self.rows {
            self.notes.extend(seed::fill(self.db, before, &self.now).await?);
        }
        Ok(())
    }

    async fn inspect(&mut self) -> Result<Schema, Error> {
        Box::pin(self.inspection.run_again(self.db, &mut self.memory)).await
    }

    async fn read_rows(&mut self, schema: &Schema, reach: &Reach) -> Result<Rows, Error> {
        if self.rows { Rows::read(self.db, schema, reach).await } else { Ok(Rows::default()) }
    }
}

/// The sections of a revision that are tried out.
struct Sections<'r> {
    /// The text of the `up`.
    up: &'r str,
    /// Why there is no `down` to be judged.
    no_down: Option<String>,
}

impl<'r> Sections<'r> {
    fn of(revision: &'r Revision, dialect: Dialect) -> Self {
        let up = revision.section(Direction::Up, dialect).map_or("", |section| &section.body);
        let no_down = match revision.section(Direction::Down, dialect) {
            Some(section) if section.content == Content::Unwritten => Some("its `down` is not written".to_owned()),
            Some(_) => None,
            None if revision.has(Direction::Down) => Some(format!("it has no `down` for {dialect}")),
            None => Some("it is irreversible".to_owned()),
        };
        Self { up, no_down }
    }
}
