//! A plan together with the database that it was made for.

use migrate_plan::{Applied, Dialect, Direction, Edges, Place, Plan, Step};

use super::Look;
use super::step::{Job, Sections};
use crate::driver::LiveConnection;
use crate::error::Error;
use crate::journal::Journal;

/// What is to be done to a database.
pub(crate) struct Work<'g> {
    pub(crate) plan: Plan,
    /// What is applied now.
    pub(crate) now: Applied<'g>,
    /// What is applied once the interrupted revision is finished, if there is one: the steps are for this.
    pub(super) finished: Option<Applied<'g>>,
}

impl Work<'_> {
    /// Brings the steps together with their sections; those of revisions without files come from the history.
    pub(super) async fn jobs(&self, look: &Look, db: &mut dyn LiveConnection) -> Result<Vec<Job<'_>>, Error> {
        let sections = match self.plan.action.only_records() {
            true => None,
            false => Some(Sections::read(self.plan.all_steps(), look, db).await?),
        };
        let journal = |step: &Step| {
            let text = look.rows.iter().find(|row| row.id == *step.id)?.journal.as_deref();
            text.and_then(Journal::parse)
        };
        let mut jobs = Vec::new();
        if let Some(step) = &self.plan.finishes {
            jobs.push(Job::new(step, &self.now, sections.as_ref(), journal(step))?);
        }
        for step in &self.plan.steps {
            jobs.push(Job::new(step, self.applied(), sections.as_ref(), None)?);
        }
        Ok(jobs)
    }

    /// The steps with these sections, on a database that nothing is known of.
    pub(super) fn jobs_with(&self, sections: Option<&Sections>) -> Result<Vec<Job<'_>>, Error> {
        self.plan.steps.iter().map(|step| Job::new(step, self.applied(), sections, None)).collect()
    }

    /// What is applied where the steps begin.
    pub(super) fn applied(&self) -> &Applied<'_> {
        self.finished.as_ref().unwrap_or(&self.now)
    }

    /// The applied heads once so many of the jobs are done.
    pub(super) fn heads_after(&self, done: usize) -> Vec<String> {
        let finishing = usize::from(self.plan.finishes.is_some());
        if done < finishing {
            return self.now.head_ids();
        }
        let applied = self.applied();
        let mut set = applied.set().clone();
        for step in &self.plan.steps[..done - finishing] {
            match step.direction {
                Direction::Up => {
                    set.insert(step.node);
                }
                Direction::Down => set.remove(step.node),
            }
        }
        let graph = applied.all();
        graph.maximal(&set, Edges::All).into_iter().map(|node| graph.id(node).to_owned()).collect()
    }
}

/// Refuses what no single transaction can hold.
pub(super) fn refuse_parts(jobs: &[Job<'_>], dialect: Dialect) -> Result<(), Error> {
    if matches!(dialect, Dialect::MySql | Dialect::MariaDb) {
        let why = "statements that change tables commit by themselves on MySQL and MariaDB";
        return Err(Error::NotOneTransaction { why, place: None });
    }
    let outside = jobs.iter().find(|job| job.stands_outside());
    outside.map_or(Ok(()), |job| {
        let line = job.section.as_ref().map_or(1, |section| section.line);
        let place = Some(Place::new(job.revision.file.to_string(), line));
        Err(Error::NotOneTransaction {
            why: "statements of this revision run one by one, outside a transaction",
            place,
        })
    })
}
