//! `history --graph` and `--as`: the history as a picture.

use anstyle::{AnsiColor, Style};
use clap::ValueEnum;
use migrate_plan::{Applied, Drawing, Node};

use super::escape;
use super::look::marks;
use super::output::DIM;

/// A picture for other programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// For browsers
    Svg,
}

/// What stands for a revision: whether it is applied, where a database was asked, and whether it joins branches.
fn sign(applied: &Applied<'_>, node: Node, asked: bool) -> char {
    let is_merge = applied.all().parents(node).len() > 1;
    match (is_merge, asked && !applied.set().contains(node)) {
        (true, false) => '◆',
        (true, true) => '◇',
        (false, false) => '●',
        (false, true) => '○',
    }
}

/// What lanes are coloured with, in turn.
const LANES: [AnsiColor; 6] =
    [AnsiColor::Red, AnsiColor::Green, AnsiColor::Yellow, AnsiColor::Blue, AnsiColor::Magenta, AnsiColor::Cyan];

const ID: Style = AnsiColor::Yellow.on_default();
const MARKS: Style = AnsiColor::Cyan.on_default();

/// Each lane, two characters wide, in its colour.
fn coloured(lanes: &str) -> String {
    let characters: Vec<char> = lanes.chars().collect();
    let mut text = String::new();
    for (lane, pair) in characters.chunks(2).enumerate() {
        let pair: String = pair.iter().collect();
        let style = LANES[lane % LANES.len()].on_default();
        text.push_str(&if pair.trim().is_empty() { pair } else { format!("{style}{pair}{style:#}") });
    }
    text
}

/// The lanes with a revision's line beside them, as `git log --graph` has them. Coloured and escaped.
pub(super) fn lanes(applied: &Applied<'_>, nodes: &[Node], asked: bool) -> String {
    let graph = applied.all();
    let drawing = Drawing::new(graph, nodes, |node| sign(applied, node, asked));
    let mut text = String::new();
    for line in &drawing.lines {
        text.push_str(&coloured(&line.lanes));
        if let Some(node) = line.node {
            let revision = graph.revision(node);
            let needs: Vec<&str> = graph.depends_on(node).iter().map(|other| graph.id(*other)).collect();
            let needs = if needs.is_empty() { String::new() } else { format!(" [needs {}]", needs.join(", ")) };
            let (id, marks) = (escape::line(&revision.id), marks(applied, node));
            let (marks, needs, title) = (escape::line(&marks), escape::line(&needs), escape::line(&revision.title));
            text.push_str(&format!(" {ID}{id}{ID:#}{MARKS}{marks}{MARKS:#}{DIM}{needs}{DIM:#}  {title}"));
        }
        text.push('\n');
    }
    text
}

/// The picture as text for another program.
pub(super) fn picture(applied: &Applied<'_>, nodes: &[Node], asked: bool, picture: Picture) -> String {
    match picture {
        Picture::Dot => dot(applied, nodes, asked),
        Picture::Mermaid => mermaid(applied, nodes, asked),
        Picture::Svg => svg(applied, nodes, asked),
    }
}

/// The edges among the revisions, parents before children, and whether each is a dependency.
fn edges(applied: &Applied<'_>, nodes: &[Node]) -> Vec<(Node, Node, bool)> {
    let graph = applied.all();
    let of = |node: &Node| {
        let parents = graph.parents(*node).iter().map(|parent| (*parent, *node, false));
        parents.chain(graph.depends_on(*node).iter().map(|other| (*other, *node, true))).collect::<Vec<_>>()
    };
    nodes.iter().flat_map(of).filter(|(parent, ..)| nodes.contains(parent)).collect()
}

fn dot(applied: &Applied<'_>, nodes: &[Node], asked: bool) -> String {
    let graph = applied.all();
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let mut text = "digraph history {\n  rankdir=BT;\n  node [shape=box];\n".to_owned();
    for node in nodes {
        let (id, title) = (graph.id(*node), &graph.revision(*node).title);
        let style = if asked && !applied.set().contains(*node) { ", style=dashed" } else { "" };
        let label = quoted(&format!("{id}{}", marks(applied, *node)));
        text.push_str(&format!("  {} [label={label}, tooltip={}{style}];\n", quoted(id), quoted(title)));
    }
    for (parent, child, is_dependency) in edges(applied, nodes) {
        let style = if is_dependency { " [style=dotted]" } else { "" };
        text.push_str(&format!("  {} -> {}{style};\n", quoted(graph.id(child)), quoted(graph.id(parent))));
    }
    text + "}\n"
}

fn mermaid(applied: &Applied<'_>, nodes: &[Node], asked: bool) -> String {
    let graph = applied.all();
    let number = |node: Node| nodes.iter().position(|other| *other == node).unwrap_or_default();
    let escaped =
        |text: &str| text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
    let mut text = "flowchart BT\n".to_owned();
    for node in nodes {
        let label = escaped(&format!("{} {}", graph.id(*node), graph.revision(*node).title));
        let pending = if asked && !applied.set().contains(*node) { ":::pending" } else { "" };
        text.push_str(&format!("  r{}[\"{label}\"]{pending}\n", number(*node)));
    }
    for (parent, child, is_dependency) in edges(applied, nodes) {
        let arrow = if is_dependency { "-.->" } else { "-->" };
        text.push_str(&format!("  r{} {arrow} r{}\n", number(child), number(parent)));
    }
    text + "  classDef pending stroke-dasharray: 4 3\n"
}

/// How far rows and lanes are apart, in pixels.
const ROW: usize = 28;
const LANE: usize = 22;

fn svg(applied: &Applied<'_>, nodes: &[Node], asked: bool) -> String {
    let graph = applied.all();
    let drawing = Drawing::new(graph, nodes, |node| sign(applied, node, asked));
    let x = |lane: usize| LANE + lane * LANE;
    let y = |row: usize| ROW + row * ROW;
    let widest = drawing.edges.iter().map(|edge| edge.lane).chain(drawing.rows.iter().map(|row| row.1)).max();
    let text_at = x(widest.unwrap_or(0)) + LANE;
    let (width, height) = (text_at + 520, y(nodes.len()) + ROW / 2);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"monospace\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n<g stroke=\"#888\" stroke-width=\"2\" fill=\"none\">\n"
    );
    for edge in &drawing.edges {
        let (child, parent) = (drawing.rows[edge.child].1, drawing.rows[edge.parent].1);
        text.push_str(&format!(
            "<path d=\"M{} {} L{} {} V{} L{} {}\"/>\n",
            x(child),
            y(edge.child),
            x(edge.lane),
            y(edge.child) + ROW / 2,
            y(edge.parent) - ROW / 2,
            x(parent),
            y(edge.parent)
        ));
    }
    text.push_str("</g>\n");
    let escaped = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    for (row, (node, lane)) in drawing.rows.iter().enumerate() {
        let fill = if asked && !applied.set().contains(*node) { "white" } else { "#444" };
        let revision = graph.revision(*node);
        let words = escaped(&format!("{}{}  {}", revision.id, marks(applied, *node), revision.title));
        text.push_str(&format!(
            "<circle cx=\"{}\" cy=\"{}\" r=\"6\" fill=\"{fill}\" stroke=\"#444\" stroke-width=\"2\"/>\n<text x=\"{text_at}\" \
             y=\"{}\">{words}</text>\n",
            x(*lane),
            y(row),
            y(row) + 5
        ));
    }
    text + "</svg>\n"
}
