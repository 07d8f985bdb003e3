//! `verify`: every `down` is tried out in a scratch database.

use migrate_plan::{Applied, Range, RevisionGraph, Target, TargetError};
use migrate_runtime::Verification;
use migrate_runtime::cli::{Exit, Failure, bar, interrupts, print_verification};

use super::{Call, block_on};
use crate::arguments::VerifyArgs;
use crate::database::Scratch;
use crate::files::Files;
use crate::project::Project;
use crate::subject::scratch_url;

pub(super) fn run(args: &VerifyArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let files = if args.drafts { Files::load(&project)? } else { Files::without_lock(&project)? };
    let graph = files.graph()?;
    let migrations = files.migrations();
    let mut verification = Verification::new(&migrations).stop_on(interrupts()).on_progress(bar(call.output));
    if args.no_rows {
        verification = verification.without_rows();
    }
    if args.drafts {
        let drafts = files.revisions.iter().filter(|revision| files.is_draft(&revision.id));
        verification = verification.revisions(drafts.map(|revision| revision.id.to_string()));
    } else if !args.revisions.is_empty() {
        verification = verification.revisions(wanted(&args.revisions, &graph)?);
    }
    let found = scratch_url(None, call.global, &project)?;
    let verify = async |scratch: &mut Scratch| {
        scratch.make_ready(&files.revisions).await?;
        if let Some(schemas) = scratch.schemas() {
            verification = verification.schemas(schemas);
        }
        Ok(verification.run_live(scratch.live()).await?)
    };
    let report = block_on(Scratch::within(&found, &call.output, verify))??;
    Ok(print_verification(&report, &call.output))
}

/// The ids that these words name.
fn wanted(words: &[String], graph: &RevisionGraph) -> Result<Vec<String>, TargetError> {
    let nothing = Applied::nothing(graph);
    let mut ids = Vec::new();
    for word in words {
        let nodes = match word.contains(':') {
            true => word.parse::<Range>()?.resolve(&nothing)?,
            false => word.parse::<Target>()?.resolve(&nothing)?,
        };
        ids.extend(nodes.into_iter().map(|node| graph.id(node).to_owned()));
    }
    Ok(ids)
}
