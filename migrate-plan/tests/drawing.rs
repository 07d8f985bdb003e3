//! Drawings: whoever follows the lines with a finger finds every edge, and no other.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;
use migrate_plan::{Drawing, Node, RevisionGraph};
use proptest::prelude::*;
use support::{AIRFLOW, GALAXY, GLANCE, SUPERSET, Sketch, load};

fn draw(graph: &RevisionGraph, nodes: &[Node]) -> Drawing {
    Drawing::new(graph, nodes, |node| if graph.parents(node).len() > 1 { '◆' } else { '●' })
}

fn newest_first(graph: &RevisionGraph) -> Vec<Node> {
    let mut nodes = graph.order().to_vec();
    nodes.reverse();
    nodes
}

/// Follows the lines of a drawing from top to bottom and gives the edges that it shows.
fn traced(drawing: &Drawing) -> BTreeSet<(usize, usize)> {
    let rows: BTreeMap<Node, usize> = drawing.rows.iter().enumerate().map(|(row, (node, _))| (*node, row)).collect();
    // In which lane the finger comes down from which rows.
    let mut lanes: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut edges = BTreeSet::new();
    for line in &drawing.lines {
        let signs: Vec<char> = line.lanes.chars().collect();
        let sign = |lane: usize| signs.get(2 * lane).copied().unwrap_or(' ');
        // A lane that is left blank ends there.
        lanes.retain(|lane, _| sign(*lane) != ' ' && sign(*lane) != '─');
        let width = signs.len().div_ceil(2);
        match line.node {
            Some(node) => {
                let row = rows[&node];
                for lane in 0..width {
                    match sign(lane) {
                        '●' | '◆' => {
                            for child in lanes.remove(&lane).unwrap_or_default() {
                                edges.insert((child, row));
                            }
                            lanes.insert(lane, BTreeSet::from([row]));
                        }
                        '│' => assert!(lanes.contains_key(&lane), "a line that comes from nowhere: {}", line.lanes),
                        ' ' => {}
                        other => panic!("{other} beside a revision"),
                    }
                }
            }
            None => {
                let Some(hub) = (0..width).find(|lane| sign(*lane) == '├') else {
                    assert!((0..width).all(|lane| sign(lane) == ' ' || lanes.contains_key(&lane)), "{}", line.lanes);
                    continue;
                };
                for lane in hub + 1..width {
                    match sign(lane) {
                        '╯' | '┴' => {
                            let joining = lanes.remove(&lane).expect("what joins comes from somewhere");
                            lanes.entry(hub).or_default().extend(joining);
                        }
                        '╮' | '┬' => {
                            let from = lanes[&hub].clone();
                            assert!(lanes.insert(lane, from).is_none(), "a lane is opened twice");
                        }
                        '│' | '┼' => assert!(lanes.contains_key(&lane)),
                        '─' | ' ' => assert!(!lanes.contains_key(&lane), "a lane is cut: {}", line.lanes),
                        other => panic!("{other} in a connection"),
                    }
                }
            }
        }
    }
    edges
}

/// The edges among these revisions.
fn edges(graph: &RevisionGraph, nodes: &[Node]) -> BTreeSet<(usize, usize)> {
    let row_of = |node: Node| nodes.iter().position(|other| *other == node);
    let of = |(row, node): (usize, &Node)| {
        let parents = graph.parents(*node).iter().filter_map(|parent| row_of(*parent)).collect::<Vec<_>>();
        parents.into_iter().map(move |parent| (row, parent))
    };
    nodes.iter().enumerate().flat_map(of).collect()
}

fn assert_right(graph: &RevisionGraph, nodes: &[Node]) {
    let drawing = draw(graph, nodes);
    let expected = edges(graph, nodes);
    assert_eq!(traced(&drawing), expected);
    assert_eq!(drawing.edges.iter().map(|edge| (edge.child, edge.parent)).collect::<BTreeSet<_>>(), expected);
    assert_eq!(drawing.edges.len(), expected.len(), "each edge is there once");
    assert_eq!(drawing.rows.iter().map(|(node, _)| *node).collect::<Vec<_>>(), nodes);
}

#[test]
fn the_four_real_graphs_are_drawn_right() {
    for json in [GLANCE, GALAXY, AIRFLOW, SUPERSET] {
        let graph = load(json);
        assert_right(&graph, &newest_first(&graph));
    }
}

#[test]
fn a_part_of_a_graph_is_drawn_right() {
    let graph = load(SUPERSET);
    let nodes = newest_first(&graph);
    for (from, to) in [(0, 40), (40, 120), (100, 101), (7, 7)] {
        assert_right(&graph, &nodes[from..to]);
    }
}

#[test]
fn branches_and_merges_look_like_this() {
    let sketch = |id: &str, parents: &[&str]| Sketch {
        id: id.to_owned(),
        parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        ..Sketch::default()
    };
    let sketches = [
        sketch("a", &[]),
        sketch("b", &["a"]),
        sketch("c", &["a"]),
        sketch("d", &["a"]),
        sketch("m", &["b", "c", "d"]),
        sketch("n", &["m"]),
        sketch("x", &["b"]),
    ];
    let graph = RevisionGraph::new(sketches.iter().map(Sketch::revision).collect::<Vec<_>>()).unwrap();
    let drawing = draw(&graph, &newest_first(&graph));
    let line = |line: &migrate_plan::DrawnLine| {
        let id = line.node.map(|node| graph.id(node)).unwrap_or_default();
        format!("{} {id}", line.lanes).trim_end().to_owned()
    };
    assert_snapshot!(drawing.lines.iter().map(line).collect::<Vec<_>>().join("\n"), @"
    ● x
    │ ● n
    │ ◆ m
    │ ├─┬─╮
    │ │ │ ● d
    │ │ ● │ c
    ├─╯ │ │
    ●   │ │ b
    ├───┴─╯
    ● a
    ");
}

proptest! {
    #[test]
    fn every_graph_is_drawn_right(parents in proptest::collection::vec(proptest::collection::btree_set(0..40_usize, 0..4), 1..40)) {
        let sketches: Vec<Sketch> = parents
            .iter()
            .enumerate()
            .map(|(index, below)| Sketch {
                id: format!("r{index:03}"),
                parents: below.iter().filter(|other| **other < index).map(|other| format!("r{other:03}")).collect(),
                ..Sketch::default()
            })
            .collect();
        let graph = RevisionGraph::new(sketches.iter().map(Sketch::revision).collect::<Vec<_>>()).unwrap();
        assert_right(&graph, &newest_first(&graph));
    }
}
