//! The migration graphs of four public projects that use Alembic: glance (branches with dependencies), galaxy (two
//! lines that were never joined), airflow (one line) and superset (dozens of merges).

mod support;

use insta::assert_snapshot;
use migrate_plan::{Applied, Plan, Target};
use support::{AIRFLOW, GALAXY, GLANCE, SUPERSET, exactly, load, target};

/// Counts, heads and bases; the first and last steps up; and what remains after going all the way down again.
fn summary(json: &str) -> String {
    let graph = load(json);
    let ids = |nodes: Vec<_>| nodes.into_iter().map(|node| graph.id(node)).collect::<Vec<_>>().join(" ");
    let merges = graph.nodes().filter(|node| graph.parents(*node).len() > 1).count();
    let forks = graph.nodes().filter(|node| graph.children(*node).len() > 1).count();
    let dependent = graph.nodes().filter(|node| !graph.depends_on(*node).is_empty()).count();
    let up = Plan::upgrade(&Applied::nothing(&graph), &[Target::heads()]).unwrap();
    assert_eq!(up.steps.len(), graph.len());
    let everything: Vec<&str> = graph.nodes().map(|node| graph.id(node)).collect();
    let down = Plan::downgrade(&exactly(&graph, &everything), &target("base")).unwrap();
    assert_eq!(down.steps.len(), graph.len());
    let ends = |plan: &Plan| {
        let steps: Vec<String> = plan.steps.iter().map(ToString::to_string).collect();
        format!("{}\n...\n{}", steps[..3].join("\n"), steps[steps.len() - 3..].join("\n"))
    };
    format!(
        "{} revisions, {merges} merges, {forks} branch points, {dependent} with dependencies\nbases: {}\nheads: {}\n\
         applied heads: {}\n{}\n{}\nheads after: {:?}",
        graph.len(),
        ids(graph.bases().collect()),
        ids(graph.heads().collect()),
        up.heads_after.join(" "),
        ends(&up),
        ends(&down),
        down.heads_after,
    )
}

#[test]
fn glance_has_branches_that_depend_on_one_another() {
    assert_snapshot!(summary(GLANCE), @"
    29 revisions, 0 merges, 1 branch points, 13 with dependencies
    bases: liberty
    heads: 2024_1_contract01 2024_1_expand01
    applied heads: 2024_1_contract01
    + liberty
    + mitaka01
    + mitaka02
    ...
    + 2023_1_contract01
    + 2024_1_expand01
    + 2024_1_contract01
    - 2024_1_contract01
    - 2024_1_expand01
    - 2023_1_contract01
    ...
    - mitaka02
    - mitaka01
    - liberty
    heads after: []
    ");
}

#[test]
fn galaxy() {
    assert_snapshot!(summary(GALAXY), @"
    82 revisions, 8 merges, 8 branch points, 0 with dependencies
    bases: e7b6dcb09efd d4a650f47a3c
    heads: fac9c76612f9 d4a650f47a3c
    applied heads: fac9c76612f9 d4a650f47a3c
    + e7b6dcb09efd
    + b182f655505f
    + 6a67bf27e6a6
    ...
    + 6925fe4c8a17
    + fac9c76612f9
    + d4a650f47a3c
    - d4a650f47a3c
    - fac9c76612f9
    - 6925fe4c8a17
    ...
    - 6a67bf27e6a6
    - b182f655505f
    - e7b6dcb09efd
    heads after: []
    ");
}

#[test]
fn airflow() {
    assert_snapshot!(summary(AIRFLOW), @"
    152 revisions, 3 merges, 5 branch points, 1 with dependencies
    bases: e3a246e0dc1
    heads: 5f2621c13b39
    applied heads: 5f2621c13b39
    + e3a246e0dc1
    + 1507a7289a2f
    + 13eb55f81627
    ...
    + 8684e37832e6
    + 22ed7efa9da2
    + 5f2621c13b39
    - 5f2621c13b39
    - 22ed7efa9da2
    - 8684e37832e6
    ...
    - 13eb55f81627
    - 1507a7289a2f
    - e3a246e0dc1
    heads after: []
    ");
}

#[test]
fn superset_has_dozens_of_merges() {
    assert_snapshot!(summary(SUPERSET), @"
    344 revisions, 32 merges, 27 branch points, 0 with dependencies
    bases: 4e6a06bad7a8
    heads: 4b2a8c9d3e1f
    applied heads: 4b2a8c9d3e1f
    + 4e6a06bad7a8
    + 5a7bad26f2a7
    + 1e2841a4128
    ...
    + f5b5f88d8526
    + 9787190b3d89
    + 4b2a8c9d3e1f
    - 4b2a8c9d3e1f
    - 9787190b3d89
    - f5b5f88d8526
    ...
    - 1e2841a4128
    - 5a7bad26f2a7
    - 4e6a06bad7a8
    heads after: []
    ");
}

#[test]
fn head_applies_where_there_is_one_head() {
    for (name, json, single) in
        [("glance", GLANCE, false), ("galaxy", GALAXY, false), ("airflow", AIRFLOW, true), ("superset", SUPERSET, true)]
    {
        let graph = load(json);
        let plan = Plan::upgrade(&Applied::nothing(&graph), &[Target::head()]);
        assert_eq!(plan.is_ok(), single, "{name}");
    }
}

#[test]
fn glance_expand_can_go_up_alone_and_contract_brings_it_along() {
    let graph = load(GLANCE);
    let nothing = Applied::nothing(&graph);
    let count = |to: &str| Plan::upgrade(&nothing, &[target(to)]).unwrap().steps.len();
    assert_eq!((count("expand@head"), count("contract@head"), count("heads")), (16, 29, 29));
}

#[test]
fn superset_goes_down_over_its_last_merges_one_step_at_a_time() {
    let graph = load(SUPERSET);
    let mut applied: Vec<String> = graph.nodes().map(|node| graph.id(node).to_owned()).collect();
    loop {
        let ids: Vec<&str> = applied.iter().map(String::as_str).collect();
        let database = exactly(&graph, &ids);
        let [head] = database.heads()[..] else { break };
        let plan = Plan::downgrade(&database, &Target::relative(-1)).unwrap();
        assert_eq!(plan.steps[0].node, head);
        applied.retain(|id| plan.steps.iter().all(|step| step.id != *id));
    }
    let ids: Vec<&str> = applied.iter().map(String::as_str).collect();
    assert_snapshot!(exactly(&graph, &ids).head_ids().join(" "), @"df3d7e2eb9a4 7b17aa722e30");
}
