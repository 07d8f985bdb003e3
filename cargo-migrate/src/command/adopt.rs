//! `adopt`: takes a project and its databases over from another tool.

mod refinery;

use migrate_runtime::cli::{Exit, Failure};

use super::Call;
use crate::arguments::{AdoptArgs, AdoptFrom};

pub(super) fn run(args: &AdoptArgs, call: &Call<'_>) -> Result<Exit, Failure> {
    match &args.from {
        AdoptFrom::Refinery(args) => refinery::run(args, call),
    }
}
