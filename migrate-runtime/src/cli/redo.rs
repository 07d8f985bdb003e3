//! `redo`: the last revision once more, for whoever is writing it.

use clap::Args;

use super::{RunArgs, StepArgs};
use crate::migrations::Migrations;
use crate::migrator::Migrator;

/// `redo [TARGET]`
#[derive(Clone, Debug, Default, Args)]
pub struct RedoArgs {
    /// The revision that stays while everything above it is undone and applied again, as for `downgrade` [default: -1]
    #[arg(allow_negative_numbers = true)]
    pub target: Option<String>,
    /// What every changing verb takes.
    #[command(flatten)]
    pub run: RunArgs,
    /// What every verb takes that runs revisions.
    #[command(flatten)]
    pub steps: StepArgs,
}

impl RedoArgs {
    pub(super) fn migrator<'m>(&self, migrations: &'m Migrations) -> Migrator<'m> {
        self.steps.set(migrations.migrator()).redo(self.target.as_deref().unwrap_or("-1"))
    }
}
