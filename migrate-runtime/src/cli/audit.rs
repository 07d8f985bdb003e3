//! `audit`: the log of everything that was ever done, newest first.

use clap::Args;
use migrate_plan::Target;
use serde_json::{Value, json};

use super::look::identify;
use super::output::object;
use super::{Exit, Failure, Output, escape};
use crate::driver::LiveConnection;
use crate::engine::look;
use crate::history::log::{self, Filter, LogEntry};
use crate::migrations::Migrations;

/// `audit [REVISION]`
#[derive(Clone, Debug, Default, Args)]
pub struct AuditArgs {
    /// Only what was done to this revision: an id or its prefix, a label, `head`
    #[arg(allow_negative_numbers = true)]
    pub revision: Option<String>,
    /// Only this
    #[arg(long, value_name = "ACTION", value_parser = ["upgrade", "downgrade", "stamp", "repair", "adopt"])]
    pub action: Option<String>,
    /// Only what this user did: `ann`, or `ann@laptop`
    #[arg(long, value_name = "USER")]
    pub by: Option<String>,
    /// Only this run
    #[arg(long, value_name = "RUN ID")]
    pub run: Option<String>,
    /// Only from this time on, in UTC: `2026-11-22`, `2026-11-22T07:30`
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<String>,
    /// Only up to this time, in UTC; a day is included whole
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<String>,
    /// Only so many, the newest
    #[arg(short = 'n', long, value_name = "NUMBER")]
    pub limit: Option<u64>,
}

/// What a whole time looks like.
const SHAPE: &str = "0000-00-00T00:00:00.000";

/// The beginning of a time, as the log prints it.
fn time(text: &str) -> Result<String, &'static str> {
    let text = text.trim_end_matches('Z').replacen(' ', "T", 1);
    let fits = |(c, shape): (char, char)| if shape == '0' { c.is_ascii_digit() } else { c == shape };
    let is_whole = [4, 7, 10, 13, 16, 19, 23].contains(&text.len());
    // The largest that each part of a time can be, and where it stands: months, days, hours, minutes, seconds.
    let parts = [(5, "12"), (8, "31"), (11, "23"), (14, "59"), (17, "59")];
    let is_possible = parts.iter().all(|(at, most)| text.get(*at..at + 2).is_none_or(|part| part <= *most));
    let has_date = [5, 8].iter().all(|at| text.get(*at..at + 2) != Some("00"));
    if is_whole && text.chars().zip(SHAPE.chars()).all(fits) && is_possible && has_date {
        Ok(text)
    } else {
        Err("write a time in UTC such as `2026-11-22` or `2026-11-22T07:30`")
    }
}

pub(super) async fn audit(
    args: &AuditArgs,
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    output: &Output,
) -> Result<Exit, Failure> {
    let mut db = identify(db).await?;
    let revision = match &args.revision {
        Some(named) => Some(id_of(named, migrations, &mut db).await?),
        None => None,
    };
    let filter = Filter {
        revision,
        action: args.action.clone(),
        by: args.by.clone(),
        run_id: args.run.clone(),
        since: args.since.clone(),
        until: args.until.clone(),
        limit: args.limit,
    };
    let entries = log::read(&mut db, migrations.settings(), &filter).await?;
    if entries.is_empty() {
        output.note("nothing in the log fits");
    }
    let text: String = entries.iter().map(|entry| lines(entry, output.is_verbose())).collect();
    output.result(&text, &object(json!({ "log": entries.iter().map(entry_json).collect::<Vec<_>>() })));
    Ok(Exit::Done)
}

/// The revision that is named; the log knows more of them than the files and the history.
async fn id_of(named: &str, migrations: &Migrations, db: &mut dyn LiveConnection) -> Result<String, Failure> {
    let graph = migrations.graph()?;
    let applied = look(db, migrations.settings()).await?.applied(&graph)?;
    let nodes = named.parse::<Target>().ok().and_then(|target| target.resolve(&applied).ok());
    Ok(match nodes.as_deref() {
        Some([node]) => applied.all().id(*node).to_owned(),
        _ => named.to_owned(),
    })
}

fn lines(entry: &LogEntry, verbose: bool) -> String {
    let LogEntry { at, action, revision, done_by, application, duration_ms, .. } = entry;
    let line = format!("{at}  {action:9}  {revision}  by {done_by} with {application} in {duration_ms} ms");
    let mut text = format!("{}\n", escape::line(&line));
    text.extend(entry.note.iter().map(|note| format!("    {}\n", escape::line(note))));
    if verbose {
        let checksum = entry.checksum.as_deref().unwrap_or("none");
        let line = format!("    run {}, entry {}, {}, checksum {checksum}", entry.run_id, entry.seq, entry.tool);
        text.push_str(&format!("{}\n", escape::line(&line)));
    }
    text
}

fn entry_json(entry: &LogEntry) -> Value {
    json!({
        "seq": entry.seq,
        "run_id": entry.run_id,
        "revision": entry.revision,
        "action": entry.action,
        "note": entry.note,
        "checksum": entry.checksum,
        "at": entry.at,
        "duration_ms": entry.duration_ms,
        "done_by": entry.done_by,
        "application": entry.application,
        "tool": entry.tool,
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn times_are_what_the_log_prints_or_the_beginning_of_it() {
        assert_eq!(time("2026-11-22").as_deref(), Ok("2026-11-22"));
        assert_eq!(time("2026-11-22 07:30").as_deref(), Ok("2026-11-22T07:30"));
        assert_eq!(time("2026-11-22T07:30:00Z").as_deref(), Ok("2026-11-22T07:30:00"));
        for no_time in ["", "yesterday", "22.11.2026", "2026-11-2", "2026-11-22T07:30:00.123456", "2026-11-22T07:30+01"]
        {
            assert!(time(no_time).is_err(), "{no_time}");
        }
    }
}
