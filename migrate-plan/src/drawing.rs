//! A graph as lanes: which revision stands in which lane, and in which lane each edge runs down to a parent.
//!
//! Takes revisions with children before parents and gives lines of text, or the places for a picture. Edges are parents;
//! dependencies are not drawn.

use std::collections::HashMap;

use crate::graph::{Node, RevisionGraph};

/// One line of a drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnLine {
    /// The lanes, two characters each.
    pub lanes: String,
    /// The revision that stands on this line, if it is one.
    pub node: Option<Node>,
}

/// An edge from a revision down to one of its parents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawnEdge {
    /// The row of the child, from 0.
    pub child: usize,
    /// The row of the parent.
    pub parent: usize,
    /// The lane in which it runs between the two.
    pub lane: usize,
}

/// A drawing of some revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drawing {
    /// The lines of text, from top to bottom.
    pub lines: Vec<DrawnLine>,
    /// The revisions with their lanes, one a row.
    pub rows: Vec<(Node, usize)>,
    /// The edges between them.
    pub edges: Vec<DrawnEdge>,
}

/// What runs down a lane: to whom, and from which row.
#[derive(Clone, Copy, Debug)]
struct Running {
    to: Node,
    from: usize,
}

impl Drawing {
    /// Draws these revisions, of which children come before parents. Edges to others end where they begin.
    ///
    /// # Examples
    ///
    /// ```
    /// use migrate_plan::{Drawing, RevisionGraph, parse_revision};
    ///
    /// let file = |id: &str, parents: &str| {
    ///     let text = format!("-- revision: {id}\n-- parents: {parents}\n\n-- migrate: up\nSELECT 1;\n");
    ///     parse_revision(&format!("{id}.sql"), text.as_bytes()).unwrap()
    /// };
    /// let revisions = vec![file("aaa", "none"), file("bbb", "aaa"), file("ccc", "aaa"), file("ddd", "bbb, ccc")];
    /// let graph = RevisionGraph::new(revisions).unwrap();
    /// let mut order = graph.order().to_vec();
    /// order.reverse();
    /// let drawing = Drawing::new(&graph, &order, |node| if graph.parents(node).len() > 1 { '◆' } else { '●' });
    /// let text: Vec<&str> = drawing.lines.iter().map(|line| line.lanes.as_str()).collect();
    /// assert_eq!(text, ["◆", "├─╮", "│ ●", "● │", "├─╯", "●"]);
    /// ```
    pub fn new(graph: &RevisionGraph, nodes: &[Node], mark: impl Fn(Node) -> char) -> Self {
        let row_of: HashMap<Node, usize> = nodes.iter().enumerate().map(|(row, node)| (*node, row)).collect();
        let mut drawing = Self::default();
        let mut lanes: Vec<Option<Running>> = Vec::new();
        let mut ended = None;
        for (row, node) in nodes.iter().copied().enumerate() {
            let arriving: Vec<usize> = (0..lanes.len()).filter(|lane| goes_to(&lanes, *lane, node)).collect();
            for lane in &arriving {
                let child = lanes[*lane].map_or(row, |running| running.from);
                drawing.edges.push(DrawnEdge { child, parent: row, lane: *lane });
            }
            let lane = arriving.first().copied().unwrap_or_else(|| free_from(&mut lanes, 0));
            // What begins right below an end would look like its parent.
            if arriving.is_empty() && ended == Some(lane) {
                drawing.push(cells(&lanes, |_| '│'), None);
            }
            if arriving.len() > 1 {
                drawing.connect(&lanes, lane, &arriving[1..], ['┴', '╯']);
                arriving[1..].iter().for_each(|other| lanes[*other] = None);
            }
            lanes[lane] = Some(Running { to: node, from: row });
            drawing.rows.push((node, lane));
            drawing.push(cells(&lanes, |at| if at == lane { mark(node) } else { '│' }), Some(node));

            let mut parents = graph.parents(node).iter().copied().filter(|parent| row_of.contains_key(parent));
            lanes[lane] = parents.next().map(|to| Running { to, from: row });
            ended = Some(lane).filter(|lane| lanes[*lane].is_none());
            let mut opened = Vec::new();
            for to in parents {
                let other = free_from(&mut lanes, lane + 1);
                lanes[other] = Some(Running { to, from: row });
                opened.push(other);
            }
            if !opened.is_empty() {
                let before: Vec<Option<Running>> =
                    (0..lanes.len()).map(|at| lanes[at].filter(|_| !opened.contains(&at))).collect();
                opened.sort_unstable();
                drawing.connect(&before, lane, &opened, ['┬', '╮']);
            }
            while lanes.last().is_some_and(Option::is_none) {
                lanes.pop();
            }
        }
        drawing
    }

    /// A line that connects a lane with others on its right: `ends` are the signs at those in between and at the last.
    fn connect(&mut self, lanes: &[Option<Running>], lane: usize, others: &[usize], ends: [char; 2]) {
        let last = others.last().copied().unwrap_or(lane);
        let mut text = String::new();
        for at in 0..lanes.len().max(last + 1) {
            let runs = lanes.get(at).is_some_and(Option::is_some);
            text.push(match at {
                at if at == lane => '├',
                at if at == last => ends[1],
                at if others.contains(&at) => ends[0],
                at if at > lane && at < last => {
                    if runs {
                        '┼'
                    } else {
                        '─'
                    }
                }
                _ => {
                    if runs {
                        '│'
                    } else {
                        ' '
                    }
                }
            });
            text.push(if at >= lane && at < last { '─' } else { ' ' });
        }
        self.push(text, None);
    }

    fn push(&mut self, lanes: String, node: Option<Node>) {
        self.lines.push(DrawnLine { lanes: lanes.trim_end().to_owned(), node });
    }
}

fn goes_to(lanes: &[Option<Running>], lane: usize, node: Node) -> bool {
    lanes[lane].is_some_and(|running| running.to == node)
}

/// The first lane from there on in which nothing runs.
fn free_from(lanes: &mut Vec<Option<Running>>, from: usize) -> usize {
    let free = (from..lanes.len()).find(|lane| lanes[*lane].is_none());
    free.unwrap_or_else(|| {
        lanes.resize(lanes.len().max(from), None);
        lanes.push(None);
        lanes.len() - 1
    })
}

fn cells(lanes: &[Option<Running>], sign: impl Fn(usize) -> char) -> String {
    let cell = |at: usize| [lanes[at].map_or(' ', |_| sign(at)), ' '];
    (0..lanes.len()).flat_map(cell).collect()
}
