//! Folders and crates of which one graph is put together.

mod support;

use migrate_plan::{
    Applied, Diagnostic, FolderFile, Plan, PlanError, Purge, Revision, RevisionGraph, Target, read_folders,
};
use support::sketches;

/// A folder with the revisions of a drawing.
fn folder(shown: &str, drawing: &str) -> (String, Vec<FolderFile>) {
    let file = |sketch: &support::Sketch| {
        let list = |names: &[String], none: &str| if names.is_empty() { none.to_owned() } else { names.join(", ") };
        let depends_on = if sketch.depends_on.is_empty() {
            String::new()
        } else {
            format!("-- depends-on: {}\n", sketch.depends_on.join(", "))
        };
        let labels =
            if sketch.labels.is_empty() { String::new() } else { format!("-- labels: {}\n", sketch.labels.join(", ")) };
        let text = format!(
            "-- revision: {}\n-- parents: {}\n{depends_on}{labels}\n-- migrate: up\nSELECT 1;\n",
            sketch.id,
            list(&sketch.parents, "none")
        );
        FolderFile { path: format!("{shown}/{}.sql", sketch.id), bytes: Ok(text.into_bytes()) }
    };
    (shown.to_owned(), sketches(drawing).iter().map(file).collect())
}

fn revisions(folders: &[(&str, &str)]) -> Vec<Revision> {
    read_folders(folders.iter().map(|(shown, drawing)| folder(shown, drawing)).collect()).unwrap()
}

fn graph(folders: &[(&str, &str)]) -> RevisionGraph {
    RevisionGraph::new(revisions(folders)).unwrap()
}

fn problems(folders: &[(&str, &str)]) -> String {
    let defects = RevisionGraph::new(revisions(folders)).unwrap_err();
    defects.iter().map(|defect| Diagnostic::from(defect).to_string()).collect::<Vec<_>>().join("\n")
}

fn upgrade(graph: &RevisionGraph, target: &str) -> Result<String, PlanError> {
    Plan::upgrade(&Applied::nothing(graph), &[target.parse::<Target>().unwrap()]).map(|plan| plan.to_string())
}

#[test]
fn a_folders_name_stands_for_its_first_revision() {
    let graph = graph(&[("core", "a -> b"), ("plugins/billing", "x[a] -> y")]);
    assert_eq!(upgrade(&graph, "billing@head").unwrap(), "+ a\n+ x\n+ y");
    assert_eq!(upgrade(&graph, "core@head").unwrap(), "+ a\n+ b");
    assert_eq!(upgrade(&graph, "billing").unwrap(), "+ a\n+ x");
}

#[test]
fn a_folder_that_follows_another_begins_where_it_leaves_it() {
    let mut folders = vec![folder("core", "a -> b"), folder("billing", "x -> y")];
    let x = &mut folders[1].1[0];
    x.bytes = Ok(b"-- revision: x\n-- parents: a\n-- migrate: up\nSELECT 1;\n".to_vec());
    let graph = RevisionGraph::new(read_folders(folders).unwrap()).unwrap();
    let x = graph.node("x").unwrap();
    assert_eq!(graph.labels(x).collect::<Vec<_>>(), ["billing"]);
}

#[test]
fn the_base_of_a_folder_is_what_its_first_revision_follows() {
    let mut folders = vec![folder("core", "a -> b"), folder("billing", "x -> y")];
    folders[1].1[0].bytes =
        Ok(b"-- revision: x\n-- parents: b\n-- migrate: up\nSELECT 1;\n-- migrate: down\nSELECT 1;\n".to_vec());
    let graph = RevisionGraph::new(read_folders(folders).unwrap()).unwrap();
    let database = support::applied(&graph, "y");
    let down = |target: &str| Plan::downgrade(&database, &target.parse().unwrap()).unwrap().to_string();
    assert_eq!(down("billing@base"), "- y\n- x");
    assert_eq!(down("core@base"), "- y\n- x\n- b\n- a", "what stands on it goes first");
}

#[test]
fn a_folder_with_two_beginnings_has_no_label() {
    let graph = graph(&[("core", "a; b"), ("billing", "x")]);
    assert!(graph.name("core").is_none());
    assert!(graph.name("billing").is_some());
}

#[test]
fn a_single_folder_is_no_group() {
    let graph = graph(&[("core", "a -> b")]);
    assert!(graph.name("core").is_none());
}

#[test]
fn a_label_of_the_same_name_may_stand_at_the_same_revision_only() {
    let graph = graph(&[("core", "a"), ("billing", "x{billing} -> y")]);
    let x = graph.node("x").unwrap();
    assert_eq!(graph.labels(x).collect::<Vec<_>>(), ["billing"]);
    let text = problems(&[("core", "a{billing}"), ("billing", "x")]);
    assert!(text.contains("M0106") && text.contains("the group `billing`, which begins with revision `x`"), "{text}");
    assert!(text.contains("billing/x.sql") && text.contains("core/a.sql"), "{text}");
    assert!(problems(&[("core", "billing"), ("billing", "x")]).contains("also an id"));
}

#[test]
fn an_id_in_two_folders_names_both_files() {
    let text = problems(&[("core", "a"), ("billing", "a")]);
    assert!(text.contains("M0101") && text.contains("core/a.sql") && text.contains("billing/a.sql"), "{text}");
}

#[test]
fn a_dependency_may_name_the_group_of_its_revision() {
    let graph = graph(&[("core", "a -> b"), ("billing", "x[core@b]")]);
    assert_eq!(upgrade(&graph, "billing@head").unwrap(), "+ a\n+ b\n+ x");
    assert!(
        problems(&[("core", "a -> b"), ("billing", "x[core@x]")]).contains("names the unknown dependency `core@x`")
    );
    assert!(problems(&[("core", "a"), ("billing", "x[core@c]")]).contains("M0102"));
    assert!(problems(&[("core", "a"), ("billing", "x[billing@x]")]).contains("M0105"));
}

#[test]
fn a_dependency_on_a_group_that_is_not_here_can_be_looked_at_and_not_applied() {
    let graph = graph(&[("core", "a -> b"), ("billing", "x[accounts@7f] -> y")]);
    assert_eq!(
        graph.elsewhere().map(|(node, name)| (graph.id(node), name)).collect::<Vec<_>>(),
        [("x", "accounts@7f")]
    );
    assert_eq!(upgrade(&graph, "core@head").unwrap(), "+ a\n+ b");
    let refused = upgrade(&graph, "billing@head").unwrap_err();
    assert_eq!(Diagnostic::from(&refused).code.as_str(), "M0219");
    let stamp = Plan::stamp(&Applied::nothing(&graph), &["y".parse().unwrap()], Purge::No);
    assert!(matches!(stamp, Err(PlanError::DependsElsewhere { id, .. }) if id == "x"));
}

#[test]
fn where_a_revision_stands_is_not_in_its_checksum() {
    let alone = revisions(&[("core", "a")]);
    let beside = revisions(&[("core", "a"), ("billing", "x")]);
    assert_eq!(alone[0].checksum(), beside[0].checksum());
}
