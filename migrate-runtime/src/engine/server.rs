//! What the servers share: with the lock held, look again, run what is left to do, record it.

use std::time::{Duration, Instant};

use migrate_plan::Action;

use super::step::Job;
use super::{Look, Run, Transactions, mysql, postgres, work};
use crate::error::Error;
use crate::event::Event;
use crate::trace;

/// What stands around the SQL of every revision, for each kind of database.
#[derive(Clone, Copy, Debug)]
pub(super) enum Frame<'f> {
    Sqlite,
    Postgres(postgres::Frame<'f>),
    MySql(&'f mysql::Frame),
}

impl Run<'_, '_> {
    /// Runs what is left to do now that nobody else writes; `now` is what was seen then.
    pub(super) async fn run_locked(&mut self, first: &Look, now: Look, frame: Frame<'_>) -> Result<(), Error> {
        let work = self.plan_again(&now, now.is_like(first))?;
        let jobs = work.jobs(&now, self.db).await?;
        if jobs.is_empty() {
            self.report.heads_after = work.now.head_ids();
            return Ok(());
        }
        // Even creating what exists needs the right to create, which a role in production may lack.
        if !now.exists {
            let created = self.db.batch_execute(&now.tables.create()).await;
            created.map_err(|error| Error::driver("the history tables cannot be created", error))?;
        }
        for revision in self.mended(&work.now) {
            let sql = now.tables.renew_down(revision, &self.report.run_id, &self.request.author);
            self.transact_own(&sql, "a mended `down` cannot be stored").await?;
        }
        let mut done = 0;
        let outcome = self.do_jobs_on_server(work.plan.action, &jobs, &now, frame, &mut done).await;
        self.report.heads_after = work.heads_after(done);
        outcome
    }

    async fn do_jobs_on_server(
        &mut self,
        action: Action,
        jobs: &[Job<'_>],
        look: &Look,
        frame: Frame<'_>,
        done: &mut usize,
    ) -> Result<(), Error> {
        if action.is_about_history() {
            match self.request.goal.adoption() {
                Some(adoption) => self.adopt_on_server(adoption, jobs, look).await?,
                None => self.history_on_server(jobs, look).await?,
            }
            jobs.iter().for_each(|job| self.finish(job, Duration::ZERO));
            *done = jobs.len();
            return Ok(());
        }
        if let (Transactions::One, Frame::Postgres(frame)) = (self.request.transactions, frame) {
            work::refuse_parts(jobs, self.db.dialect())?;
            let took = self.steps_at_once_on_postgres(jobs, action, look, frame).await?;
            jobs.iter().zip(took).for_each(|(job, took)| self.finish(job, took));
            *done = jobs.len();
            return Ok(());
        }
        for (index, job) in jobs.iter().enumerate() {
            self.refuse_stopped()?;
            let (number, of) = (index + 1, jobs.len());
            let step = async {
                self.emit(&Event::StepStarted { step: job.step, number, of });
                let started = Instant::now();
                match frame {
                    Frame::Postgres(frame) if !job.stands_outside() => {
                        self.step_on_postgres(job, action, look, frame).await?;
                    }
                    _ => self.step_journalled(job, action, look, frame).await?,
                }
                *done = number;
                self.finish(job, started.elapsed());
                Ok::<(), Error>(())
            };
            trace::revision(job.step, number, of).around(step).await?;
        }
        Ok(())
    }

    /// What is about the history alone is one transaction.
    async fn history_on_server(&mut self, jobs: &[Job<'_>], look: &Look) -> Result<(), Error> {
        let changes = self.history_changes(jobs, look).join(";\n");
        self.transact_own(&changes, "the history cannot be written").await
    }
}
