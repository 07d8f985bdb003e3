//! `diff`: what has to change to get from one schema to another.

use migrate_plan::schema::{Schema, diff_schemas};
use migrate_plan::{Code, Diagnostic, Dialect};
use migrate_runtime::cli::{Exit, Failure, print_diff};

use super::{Call, block_on};
use crate::arguments::DiffArgs;
use crate::project::Project;
use crate::subject::{Subject, Workshop};

pub(super) fn run(args: &DiffArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    let project = Project::find(call.global)?;
    let subjects = [&args.before, &args.after].map(|text| Subject::parse(text, call.global, &project));
    let [before, after] = subjects;
    let (before, after) = (before?, after?);
    let workshop = Workshop::new(&[&before, &after], &args.scope, &project, call)?;
    let schemas: Result<_, Failure> =
        block_on(async { Ok((workshop.schema(&before).await?, workshop.schema(&after).await?)) })?;
    let (one, other) = schemas?;
    refuse_different_dialects(&one, &other)?;
    let diff = diff_schemas(&one, &other);
    print_diff(&diff, [&before.to_string(), &after.to_string()], &call.output);
    Ok(if args.exit_code && !diff.is_empty() { Exit::Drift } else { Exit::Done })
}

fn refuse_different_dialects(one: &Schema, other: &Schema) -> Result<(), Diagnostic> {
    let family = |dialect| if dialect == Dialect::MySql { Dialect::MariaDb } else { dialect };
    if family(one.dialect) == family(other.dialect) {
        return Ok(());
    }
    let problem = format!("a schema of {} cannot be compared with one of {}", one.dialect, other.dialect);
    Err(Diagnostic::new(Code::NotComparable, problem, "give two databases of one engine")
        .because("each engine has its own types and its own words for them"))
}
