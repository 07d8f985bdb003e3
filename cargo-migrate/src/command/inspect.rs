//! `inspect`: what a database holds, or what the revisions make.

use migrate_runtime::cli::{Exit, Failure, print_schema};

use super::{Call, block_on};
use crate::arguments::InspectArgs;
use crate::project::Project;
use crate::subject::{Subject, Workshop};

pub(super) fn run(args: &InspectArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let subject = Subject::parse(&args.subject, call.global, &project)?;
    let workshop = Workshop::new(&[&subject], &args.scope, &project, call)?;
    let schema = block_on(workshop.schema(&subject))??;
    print_schema(&schema, args.shown, &call.output);
    Ok(Exit::Done)
}
