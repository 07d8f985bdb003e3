//! The verbs that look and change nothing: `current`, `heads`, `history`, `show`.

use clap::Args;
use migrate_plan::{Applied, AppliedRow, Direction, Node, Origin, Range, RevisionGraph, Symbol, Target, TargetError};
use serde_json::{Value, json};

use super::drawing::{self, Picture};
use super::output::object;
use super::{Exit, Failure, Output, escape, json};
use crate::driver::{Identified, LiveConnection, identified};
use crate::engine::{Look, look};
use crate::error::Error;
use crate::migrations::Migrations;

/// `history [-r RANGE]`
#[derive(Clone, Debug, Default, Args)]
pub struct HistoryArgs {
    /// Only these: `from:to`, both ends included, either left out; `-3:` begins three before the last, `current:` at what is applied
    #[arg(short, long, alias = "rev-range", value_name = "RANGE", allow_hyphen_values = true)]
    pub range: Option<String>,
    /// Ask the database and mark what is applied
    #[arg(long, alias = "indicate-current", short_alias = 'i')]
    pub applied: bool,
    /// Draw branches and merges, ◆; with `--applied`, ● is applied and ○ pending
    #[arg(long)]
    pub graph: bool,
    /// Print a picture for another program
    #[arg(long = "as", value_enum, value_name = "FORMAT", conflicts_with = "graph")]
    pub picture: Option<Picture>,
}

impl HistoryArgs {
    pub(super) fn needs_database(&self) -> bool {
        let Some(range) = self.range.as_ref().and_then(|range| range.parse::<Range>().ok()) else {
            return self.applied;
        };
        // A lower end such as `-3` counts from the upper one.
        let from_above = |target: &Target| target.symbol.is_none() && target.steps.is_some_and(|steps| steps < 0);
        let from = range.from.as_ref().filter(|from| !from_above(from));
        self.applied || from.into_iter().chain(&range.to).any(counts_from_the_database)
    }
}

/// `current [--check-heads]`
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct CurrentArgs {
    /// End with 3 unless everything is applied
    #[arg(long)]
    pub check_heads: bool,
}

/// `heads [--resolve-dependencies]`
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct HeadsArgs {
    /// Leave out what another revision depends on, as applied heads are counted
    #[arg(long)]
    pub resolve_dependencies: bool,
}

/// `show TARGET`
#[derive(Clone, Debug, Default, Args)]
pub struct ShowArgs {
    /// The revision: an id or its prefix, a label, `head`, `current`
    #[arg(default_value = "head", allow_negative_numbers = true)]
    pub target: String,
}

impl ShowArgs {
    pub(super) fn needs_database(&self) -> bool {
        self.target.parse::<Target>().is_ok_and(|target| counts_from_the_database(&target))
    }
}

fn counts_from_the_database(target: &Target) -> bool {
    target.symbol.is_none() || target.symbol == Some(Symbol::Current)
}

/// What a database has recorded as applied; reads it and writes nothing.
///
/// # Errors
///
/// [`Failure`] when the database cannot be read.
pub async fn applied_rows(migrations: &Migrations, db: &mut dyn LiveConnection) -> Result<Vec<AppliedRow>, Failure> {
    let mut db = identify(db).await?;
    Ok(look(&mut db, migrations.settings()).await?.rows)
}

/// Asks the server what it is, where the driver cannot tell.
pub(super) async fn identify(db: &mut dyn LiveConnection) -> Result<Identified<'_>, Failure> {
    let asked = identified(db).await;
    asked.map_err(|error| Error::driver("the server does not say what it is", error).into())
}

/// Reads what the database has; without one nothing counts as applied.
async fn see<'g>(
    graph: &'g RevisionGraph,
    migrations: &Migrations,
    db: Option<&mut dyn LiveConnection>,
) -> Result<(Applied<'g>, Option<Look>), Failure> {
    let Some(db) = db else { return Ok((Applied::nothing(graph), None)) };
    let found = look(&mut identify(db).await?, migrations.settings()).await?;
    Ok((found.applied(graph)?, Some(found)))
}

pub(super) async fn current(
    args: CurrentArgs,
    migrations: &Migrations,
    db: &mut dyn LiveConnection,
    output: &Output,
) -> Result<Exit, Failure> {
    let graph = migrations.graph()?;
    let (applied, _) = see(&graph, migrations, Some(db)).await?;
    let heads = applied.heads();
    let mut text = String::new();
    for head in &heads {
        let revision = applied.all().revision(*head);
        let (id, title) = (escape::line(&revision.id), escape::line(&revision.title));
        text.push_str(&format!("{id}{}  {title}\n", marks(&applied, *head)));
        if let Some(row) = applied.row(*head).filter(|_| output.is_verbose()) {
            let (state, at, by) = (row.state.as_str(), &row.applied_at, &row.applied_by);
            let who = format!("{state} {at} by {by} with {} in {} ms", row.application, row.duration_ms);
            text.push_str(&format!("    {}\n", escape::line(&who)));
        }
    }
    if heads.is_empty() {
        output.note("nothing is applied");
    }
    let heads: Vec<Value> = heads.into_iter().map(|head| json::applied_head(&applied, head)).collect();
    output.result(&text, &object(json!({ "current": heads })));
    let is_complete = graph.nodes().all(|node| applied.set().contains(node)) && applied.interrupted().is_none();
    Ok(if args.check_heads && !is_complete { Exit::Pending } else { Exit::Done })
}

pub(super) fn heads(args: HeadsArgs, migrations: &Migrations, output: &Output) -> Result<Exit, Failure> {
    let graph = migrations.graph()?;
    let is_needed = |head: &Node| args.resolve_dependencies && !graph.dependents(*head).is_empty();
    let heads: Vec<Node> = graph.heads().filter(|head| !is_needed(head)).collect();
    let line = |head: &Node| {
        let line = format!("{}{}  {}", graph.id(*head), labels(&graph, *head), graph.revision(*head).title);
        if output.is_verbose() { line + &details(&graph, *head) } else { line }
    };
    let lines: Vec<String> = heads.iter().map(line).collect();
    if heads.is_empty() {
        output.note("there are no revisions yet: `cargo migrate new \"<title>\"` writes the first");
    }
    let heads: Vec<Value> = heads.into_iter().map(|head| json::revision(&graph, head, None)).collect();
    output.result(&lines.join("\n"), &object(json!({ "heads": heads })));
    Ok(Exit::Done)
}

/// Where a revision stands and where its file is, on lines of their own.
fn details(graph: &RevisionGraph, node: Node) -> String {
    let revision = graph.revision(node);
    let parents = if revision.parents.is_empty() { "<base>".to_owned() } else { revision.parents.join(", ") };
    let created = revision.created.iter().map(|created| format!("\n    created: {created}")).collect::<String>();
    format!("\n    parents: {parents}\n    file:    {}{created}", revision.file)
}

/// Every revision that several others follow, with those.
pub(super) fn branches(migrations: &Migrations, output: &Output) -> Result<Exit, Failure> {
    let graph = migrations.graph()?;
    let applied = Applied::nothing(&graph);
    let points: Vec<Node> = graph.order().iter().copied().filter(|node| graph.children(*node).len() > 1).collect();
    let mut text = String::new();
    let line = |node: Node| format!("{}{}  {}\n", graph.id(node), marks(&applied, node), graph.revision(node).title);
    for point in &points {
        text.push_str(&line(*point));
        if output.is_verbose() {
            text.push_str(details(&graph, *point).trim_start_matches('\n'));
            text.push('\n');
        }
        graph.children(*point).iter().for_each(|child| text.push_str(&format!("    -> {}", line(*child))));
    }
    if points.is_empty() {
        output.note("no revision is followed by several");
    }
    let entry = |point: &Node| {
        let mut value = json::revision(&graph, *point, None);
        value["children"] = json!(graph.children(*point).iter().map(|child| graph.id(*child)).collect::<Vec<_>>());
        value
    };
    output.result(&text, &object(json!({ "branches": points.iter().map(entry).collect::<Vec<_>>() })));
    Ok(Exit::Done)
}

pub(super) async fn history(
    args: &HistoryArgs,
    migrations: &Migrations,
    db: Option<&mut dyn LiveConnection>,
    output: &Output,
) -> Result<Exit, Failure> {
    let graph = migrations.graph()?;
    let (applied, found) = see(&graph, migrations, db).await?;
    let mut nodes = match &args.range {
        Some(range) => range.parse::<Range>()?.resolve(&applied)?,
        None => applied.all().order().to_vec(),
    };
    nodes.reverse();
    let asked = found.is_some();
    let text_is_list = args.picture.is_none() && !args.graph;
    let mut text = match (args.picture, args.graph) {
        (Some(kind), _) => drawing::picture(&applied, &nodes, asked, kind),
        (None, true) => drawing::lanes(&applied, &nodes, asked),
        (None, false) => String::new(),
    };
    for node in nodes.iter().filter(|_| text_is_list) {
        text.push_str(&history_line(&applied, *node, asked));
        let revision = applied.all().revision(*node);
        if let Some(description) = revision.description.as_ref().filter(|_| output.is_verbose()) {
            description.lines().for_each(|line| text.push_str(&format!("    {}\n", escape::line(line))));
        }
    }
    let entry = |node: &Node| json::revision(applied.all(), *node, asked.then(|| applied.set().contains(*node)));
    let object = object(json!({ "history": nodes.iter().map(entry).collect::<Vec<_>>() }));
    match args.picture {
        Some(_) => output.result(&text, &object),
        None => output.picture(&text, &object),
    }
    Ok(Exit::Done)
}

/// `parents -> id (marks), title`, in Alembic's form.
fn history_line(applied: &Applied<'_>, node: Node, asked: bool) -> String {
    let revision = applied.all().revision(node);
    let parents = if revision.parents.is_empty() { "<base>".to_owned() } else { revision.parents.join(", ") };
    let done = match (asked, applied.set().contains(node)) {
        (false, _) => "",
        (true, true) => "● ",
        (true, false) => "○ ",
    };
    let line = format!("{done}{parents} -> {}{}, {}", revision.id, marks(applied, node), revision.title);
    escape::line(&line).into_owned() + "\n"
}

/// What there is to say of a revision's place, in brackets.
pub(super) fn marks(applied: &Applied<'_>, node: Node) -> String {
    let graph = applied.all();
    let revision = graph.revision(node);
    let mut marks: Vec<String> = graph.labels(node).map(str::to_owned).collect();
    if revision.origin == Origin::History {
        marks.push("not here".to_owned());
    } else if graph.children(node).is_empty() {
        marks.push("head".to_owned());
    }
    if graph.children(node).len() > 1 {
        marks.push("branch point".to_owned());
    }
    if graph.parents(node).len() > 1 {
        marks.push("merge point".to_owned());
    }
    if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) }
}

fn labels(graph: &RevisionGraph, node: Node) -> String {
    let labels: Vec<&str> = graph.labels(node).collect();
    if labels.is_empty() { String::new() } else { format!(" ({})", labels.join(", ")) }
}

pub(super) async fn show(
    args: &ShowArgs,
    migrations: &Migrations,
    db: Option<&mut dyn LiveConnection>,
    output: &Output,
) -> Result<Exit, Failure> {
    let target: Target = args.target.parse()?;
    let graph = migrations.graph()?;
    let (applied, found) = see(&graph, migrations, db).await?;
    let nodes = target.resolve(&applied)?;
    if nodes.is_empty() && target.symbol == Some(Symbol::Base) {
        let instead = "name a revision: nothing stands at the base";
        return Err(TargetError::NotAllowed { target: args.target.clone(), verb: "show", instead }.into());
    }
    let text: Vec<String> = nodes.iter().map(|node| shown(&applied, *node)).collect();
    let entry = |node: &Node| {
        let is_applied = found.is_some().then(|| applied.set().contains(*node));
        json::revision_with_sections(applied.all(), *node, is_applied)
    };
    output.result(&text.join("\n"), &object(json!({ "revisions": nodes.iter().map(entry).collect::<Vec<_>>() })));
    Ok(Exit::Done)
}

fn shown(applied: &Applied<'_>, node: Node) -> String {
    let revision = applied.all().revision(node);
    let list = |names: &[migrate_plan::Text]| match names {
        [] => "none".to_owned(),
        names => escape::line(&names.join(", ")).into_owned(),
    };
    let (id, title) = (escape::line(&revision.id), escape::line(&revision.title));
    let mut text = format!("revision: {id}{}\nparents:  {}\n", marks(applied, node), list(&revision.parents));
    if !revision.depends_on.is_empty() {
        text.push_str(&format!("depends:  {}\n", list(&revision.depends_on)));
    }
    let created = revision.created.iter().map(|created| format!("created:  {created}\n"));
    text.push_str(&format!("title:    {title}\nfile:     {}\n", escape::line(&revision.file)));
    text.extend(created);
    if let Some(description) = &revision.description {
        text.push_str(&format!("\n{description}\n"));
    }
    for section in revision.sections.iter() {
        let dialects: String = section.dialects.iter().map(|dialect| format!(" {dialect}")).collect();
        text.push_str(&format!("\n{}{dialects}:\n{}\n", section.direction, section.body.trim()));
    }
    if !revision.has(Direction::Down) && revision.origin == Origin::File {
        let reason = revision.irreversible.as_deref().unwrap_or("the file has no `down`");
        text.push_str(&format!("\nirreversible: {reason}\n"));
    }
    text
}
