//! What was done, or would be, and what is left to do.

use migrate_plan::{DEFAULT_FOLDER, RevisionGraph};
use migrate_runtime::TakeOver;
use migrate_runtime::cli::counted;
use serde_json::{Value, json};

use super::OnDatabase;
use super::convert::NewFile;
use crate::arguments::RefineryArgs;
use crate::command::Call;
use crate::project::Project;

pub(super) struct Report<'a> {
    pub(super) args: &'a RefineryArgs,
    pub(super) project: &'a Project,
    pub(super) files: &'a [NewFile],
    pub(super) on_database: OnDatabase,
    pub(super) graph: &'a RevisionGraph,
}

impl Report<'_> {
    pub(super) fn print(&self, call: &Call<'_>) {
        call.output.result(&self.text(), &self.json());
        if !self.args.dry_run {
            self.next_steps().iter().for_each(|step| call.output.note(step));
        }
    }

    fn text(&self) -> String {
        let became = if self.args.dry_run { "would become" } else { "became" };
        let mut lines: Vec<String> = self
            .files
            .iter()
            .map(|file| match file.source_shown == file.shown {
                true => format!("{} {became} revision {}", file.shown, file.revision.id),
                false => format!("{} {became} {}, revision {}", file.source_shown, file.shown, file.revision.id),
            })
            .collect();
        if lines.is_empty() {
            lines.push(format!("the files of {} are revisions already", self.project.home().shown));
        }
        lines.push(self.database_text());
        lines.join("\n")
    }

    fn database_text(&self) -> String {
        let table = &self.args.table;
        let taken = |count: usize, at: &[String]| (counted(count, "revision"), at.join(", "));
        match &self.on_database {
            OnDatabase::NotGiven if self.args.files_only => {
                "the files alone were looked at, as `--files-only` says".to_owned()
            }
            OnDatabase::NotGiven => "no database was given, so that the files alone were looked at".to_owned(),
            OnDatabase::Planned(TakeOver::Taken(plan)) => {
                let (revisions, at) = taken(plan.steps.len(), &plan.heads_after);
                format!("would take over {revisions} from {table}, and stand at {at}")
            }
            OnDatabase::Done(TakeOver::Taken(report)) => {
                let (revisions, at) = taken(report.steps.len(), &report.heads_after);
                format!("took over {revisions} from {table}\nnow at {at}")
            }
            OnDatabase::Planned(TakeOver::Already) | OnDatabase::Done(TakeOver::Already) => {
                "the database is taken over already".to_owned()
            }
            OnDatabase::Planned(TakeOver::Nothing) | OnDatabase::Done(TakeOver::Nothing) => {
                format!("refinery has applied nothing to this database: {table} is empty, or not there")
            }
        }
    }

    fn json(&self) -> Value {
        let file =
            |file: &NewFile| json!({"revision": file.revision.id, "file": file.shown, "from": file.source_shown});
        let (database, adopted, heads): (_, Vec<&str>, &[String]) = match &self.on_database {
            OnDatabase::NotGiven => (None, Vec::new(), &[]),
            OnDatabase::Planned(TakeOver::Taken(plan)) => {
                (Some("taken"), plan.steps.iter().map(|step| &*step.id).collect(), &plan.heads_after)
            }
            OnDatabase::Done(TakeOver::Taken(report)) => (Some("taken"), report.ids().collect(), &report.heads_after),
            OnDatabase::Planned(TakeOver::Already) | OnDatabase::Done(TakeOver::Already) => {
                (Some("already"), Vec::new(), &[])
            }
            OnDatabase::Planned(TakeOver::Nothing) | OnDatabase::Done(TakeOver::Nothing) => {
                (Some("nothing"), Vec::new(), &[])
            }
        };
        json!({
            "format": 1,
            "dry_run": self.args.dry_run,
            "files": self.files.iter().map(file).collect::<Vec<_>>(),
            "table": self.args.table,
            "database": database,
            "adopted": adopted,
            "heads_after": heads,
        })
    }

    /// What somebody who comes from refinery does next.
    fn next_steps(&self) -> Vec<String> {
        // What is embedded is looked for from the package; what `--dir` names, from here.
        let folder =
            if self.project.package.is_some() { &self.project.config.folders[0] } else { &self.project.home().shown };
        let embedded = match folder == DEFAULT_FOLDER {
            true => String::new(),
            false => format!(" = \"{folder}\""),
        };
        let heads: Vec<&str> = self.graph.heads().map(|node| self.graph.id(node)).collect();
        let pending = match &self.on_database {
            OnDatabase::Done(TakeOver::Taken(report)) => {
                report.heads_after.iter().any(|head| !heads.contains(&head.as_str()))
            }
            OnDatabase::Done(TakeOver::Nothing) => true,
            _ => false,
        };
        let mut steps = Vec::new();
        if pending {
            steps.push("next: cargo migrate upgrade applies what is pending".to_owned());
        }
        steps.extend([
            "next: in Cargo.toml, in place of refinery: migrate-runtime, with the feature of your driver and adopt-refinery".to_owned(),
            format!("      in the code, in place of refinery's: migrate_runtime::embed_migrations! {{ static MIGRATIONS: Migrations{embedded}; }}"),
            format!("      where it runs: MIGRATIONS.migrator().adopt_refinery({:?}).run(&mut db)?", self.args.table),
            "      with that the program takes over every other database when it starts; so does this verb with its URL".to_owned(),
        ]);
        steps
    }
}
