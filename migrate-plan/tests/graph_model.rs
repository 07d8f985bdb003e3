//! Random graphs against a reference that is slow and obviously right: sets of ids and fixpoints.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use migrate_plan::{
    Applied, Diagnostic, Direction, GraphDefect, Plan, PlanError, Purge, Revision, RevisionGraph, Target,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, subsequence};
use support::{Sketch, exactly, target};

type Ids = BTreeSet<String>;

/// The reference.
#[derive(Clone, Debug)]
struct Model {
    parents: BTreeMap<String, Ids>,
    /// Parents and dependencies.
    needs: BTreeMap<String, Ids>,
}

impl Model {
    fn new(sketches: &[Sketch]) -> Self {
        let label = |name: &String| {
            let carrier = sketches.iter().find(|sketch| sketch.labels.contains(name));
            carrier.map_or_else(|| name.clone(), |sketch| sketch.id.clone())
        };
        let parents = |sketch: &Sketch| (sketch.id.clone(), sketch.parents.iter().cloned().collect());
        let needs = |sketch: &Sketch| {
            (sketch.id.clone(), sketch.parents.iter().cloned().chain(sketch.depends_on.iter().map(label)).collect())
        };
        Self { parents: sketches.iter().map(parents).collect(), needs: sketches.iter().map(needs).collect() }
    }

    fn all(&self) -> Ids {
        self.parents.keys().cloned().collect()
    }

    fn heads(&self) -> Ids {
        let is_parent = |id: &String| self.parents.values().any(|parents| parents.contains(id));
        self.all().into_iter().filter(|id| !is_parent(id)).collect()
    }

    fn children(&self, of: &str) -> Ids {
        self.all().into_iter().filter(|id| self.parents[id].contains(of)).collect()
    }

    /// What no other element needs, directly or through others.
    fn maximal(&self, set: &Ids) -> Ids {
        let needed: Ids = set.iter().flat_map(|id| self.needs[id].iter().cloned()).collect();
        set - &below(&self.needs, &needed)
    }

    fn lineage(&self, id: &str) -> Ids {
        &below(&self.parents, &one(id)) | &above(&self.parents, &one(id))
    }

    /// What a lineage holds and no revision outside it stands on.
    fn held_alone(&self, applied: &Ids, id: &str) -> Ids {
        let lineage = self.lineage(id);
        &(applied & &lineage) - &below(&self.parents, &(&self.all() - &lineage))
    }

    fn undone_with(&self, applied: &Ids, roots: &Ids) -> Ids {
        &above(&self.needs, roots) & applied
    }
}

fn one(id: &str) -> Ids {
    Ids::from([id.to_owned()])
}

/// The set with everything that its elements reach.
fn below(edges: &BTreeMap<String, Ids>, set: &Ids) -> Ids {
    let mut reached = set.clone();
    loop {
        let next: Ids = reached.iter().flat_map(|id| edges[id].difference(&reached).cloned()).collect();
        if next.is_empty() {
            return reached;
        }
        reached.extend(next);
    }
}

/// The set with everything that reaches an element.
fn above(edges: &BTreeMap<String, Ids>, set: &Ids) -> Ids {
    let mut reached = set.clone();
    loop {
        let outside = edges.iter().filter(|(id, _)| !reached.contains(*id));
        let next: Ids = outside.filter(|(_, to)| !to.is_disjoint(&reached)).map(|(id, _)| id.clone()).collect();
        if next.is_empty() {
            return reached;
        }
        reached.extend(next);
    }
}

/// A graph, its reference, and what one database has applied.
#[derive(Clone, Debug)]
struct Case {
    sketches: Vec<Sketch>,
    applied: Ids,
    target: Index,
    other: Index,
}

impl Case {
    fn graph(&self) -> RevisionGraph {
        let revisions: Vec<Revision> = self.sketches.iter().map(Sketch::revision).collect();
        RevisionGraph::new(revisions).expect("revisions that name only earlier ones have no defect")
    }

    fn database<'g>(&self, graph: &'g RevisionGraph) -> Applied<'g> {
        exactly(graph, &self.applied.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn target(&self) -> &str {
        &self.target.get(&self.sketches).id
    }

    fn other(&self) -> &str {
        &self.other.get(&self.sketches).id
    }
}

/// Up to 40 revisions that name only earlier ones, in a shuffled load order.
fn sketches() -> impl Strategy<Value = Vec<Sketch>> {
    let shape = (vec(any::<Index>(), 0..4), vec(any::<Index>(), 0..3), any::<bool>(), prop::bool::weighted(0.15));
    vec(shape, 1..=40).prop_map(draw).prop_shuffle()
}

fn draw(shapes: Vec<(Vec<Index>, Vec<Index>, bool, bool)>) -> Vec<Sketch> {
    let mut sketches: Vec<Sketch> = Vec::new();
    for (parents, depends_on, near, labelled) in shapes {
        let known = sketches.len();
        // Parents from the last few give long lines, from anywhere give many short ones.
        let from = if near { known.saturating_sub(4) } else { 0 };
        let pick = |chosen: &[Index], from: usize| -> BTreeSet<usize> {
            chosen.iter().filter(|_| from < known).map(|index| from + index.index(known - from)).collect()
        };
        let (parents, depends_on) = (pick(&parents, from), pick(&depends_on, 0));
        let id = |index: &usize| sketches[*index].id.clone();
        let name = |index: &usize| sketches[*index].labels.first().cloned().unwrap_or_else(|| id(index));
        let sketch = Sketch {
            id: format!("r{known:02}x"),
            parents: parents.iter().map(id).collect(),
            depends_on: depends_on.difference(&parents).map(name).collect(),
            labels: if labelled { vec![format!("label{known:02}")] } else { Vec::new() },
        };
        sketches.push(sketch);
    }
    sketches
}

/// A database that applied some revisions with everything they need.
fn grown() -> impl Strategy<Value = Case> {
    let start = sketches().prop_flat_map(|sketches| {
        let ids: Vec<String> = sketches.iter().map(|sketch| sketch.id.clone()).collect();
        let most = ids.len().min(6);
        (Just(sketches), subsequence(ids, 0..=most), any::<Index>(), any::<Index>())
    });
    start.prop_map(|(sketches, heads, target, other)| {
        let applied = below(&Model::new(&sketches).needs, &heads.into_iter().collect());
        Case { sketches, applied, target, other }
    })
}

/// A database behind which revisions were spliced in.
fn spliced() -> impl Strategy<Value = Case> {
    (grown(), vec(any::<Index>(), 0..5)).prop_map(|(mut case, missing)| {
        for index in missing {
            case.applied.remove(&index.get(&case.sketches).id);
        }
        case
    })
}

fn steps(plan: &Plan, direction: Direction) -> Vec<String> {
    plan.steps.iter().filter(|step| step.direction == direction).map(|step| step.id.to_string()).collect()
}

fn set(ids: &[String]) -> Ids {
    ids.iter().cloned().collect()
}

/// Takes the steps in order, and checks that each may be taken then.
fn run(model: &Model, applied: &Ids, plan: &Plan) -> Result<Ids, TestCaseError> {
    let mut now = applied.clone();
    for step in &plan.steps {
        let id = step.id.to_string();
        match step.direction {
            Direction::Up => {
                prop_assert!(model.needs[&id].is_subset(&now), "`{id}` is applied before what it needs");
                prop_assert!(now.insert(id.clone()), "`{id}` is applied twice");
            }
            Direction::Down => {
                prop_assert!(now.remove(&id), "`{id}` is undone without being applied");
                let user = now.iter().find(|user| model.needs[*user].contains(&id));
                prop_assert_eq!(user, None, "`{}` is undone before what needs it", id);
            }
        }
    }
    prop_assert_eq!(set(&plan.heads_before), model.maximal(applied));
    prop_assert_eq!(set(&plan.heads_after), model.maximal(&now));
    prop_assert_eq!(plan.heads_after.len(), set(&plan.heads_after).len());
    Ok(now)
}

fn code(error: &PlanError) -> &'static str {
    Diagnostic::from(error).code.as_str()
}

/// 500 cases of each property, or as many as `PROPTEST_CASES` says.
fn config() -> ProptestConfig {
    let config = ProptestConfig::default();
    if std::env::var_os("PROPTEST_CASES").is_some() { config } else { ProptestConfig { cases: 500, ..config } }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn upgrade_applies_what_the_target_needs_and_nothing_else(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::upgrade(&case.database(&graph), &[target(case.target())]).unwrap();
        let after = run(&model, &case.applied, &plan)?;
        prop_assert_eq!(after, &case.applied | &below(&model.needs, &one(case.target())));
    }

    #[test]
    fn upgrade_to_heads_applies_everything_also_what_was_spliced_in(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::upgrade(&case.database(&graph), &[Target::heads()]).unwrap();
        prop_assert_eq!(run(&model, &case.applied, &plan)?, model.all());
        let below_applied = below(&model.needs, &case.applied);
        for step in &plan.steps {
            prop_assert_eq!(step.behind, below_applied.contains(&*step.id), "{}", step.id);
        }
    }

    #[test]
    fn upgrade_to_head_needs_one_head(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        match Plan::upgrade(&case.database(&graph), &[Target::head()]) {
            Ok(plan) => {
                let [head] = Vec::from_iter(model.heads()).try_into().expect("there is one head");
                let after = run(&model, &case.applied, &plan)?;
                prop_assert_eq!(after, &case.applied | &below(&model.needs, &one(&head)));
            }
            Err(error) => {
                prop_assert_eq!(code(&error), "M0103");
                prop_assert!(model.heads().len() > 1);
            }
        }
    }

    #[test]
    fn upgrade_to_two_targets_applies_both_or_says_that_they_overlap(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let (first, second) = (case.target(), case.other());
        let needed = [below(&model.needs, &one(first)), below(&model.needs, &one(second))];
        match Plan::upgrade(&case.database(&graph), &[target(first), target(second)]) {
            Ok(plan) => {
                prop_assert_eq!(run(&model, &case.applied, &plan)?, &case.applied | &(&needed[0] | &needed[1]));
            }
            Err(error) => {
                prop_assert_eq!(code(&error), "M0207");
                prop_assert!(needed[0].contains(second) || needed[1].contains(first));
            }
        }
    }

    #[test]
    fn downgrade_undoes_what_stands_above_the_target_children_first(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let undone = model.undone_with(&case.applied, &model.children(case.target()));
        match Plan::downgrade(&case.database(&graph), &target(case.target())) {
            Ok(plan) => prop_assert_eq!(run(&model, &case.applied, &plan)?, &case.applied - &undone),
            Err(error) => {
                prop_assert_eq!(code(&error), "M0208");
                let nothing_to_undo = undone.is_empty() && !model.maximal(&case.applied).contains(case.target());
                prop_assert!(nothing_to_undo || !case.applied.contains(case.target()));
            }
        }
    }

    #[test]
    fn downgrade_to_base_empties_every_database(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::downgrade(&case.database(&graph), &target("base")).unwrap();
        prop_assert_eq!(run(&model, &case.applied, &plan)?, Ids::new());
    }

    #[test]
    fn downgrade_to_the_base_of_a_branch_undoes_what_it_alone_holds(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::downgrade(&case.database(&graph), &target(&format!("{}@base", case.target()))).unwrap();
        let undone = model.undone_with(&case.applied, &model.held_alone(&case.applied, case.target()));
        prop_assert_eq!(run(&model, &case.applied, &plan)?, &case.applied - &undone);
    }

    #[test]
    fn downgrade_by_one_undoes_the_applied_head(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let heads = Vec::from_iter(model.maximal(&case.applied));
        let result = Plan::downgrade(&case.database(&graph), &Target::relative(-1));
        match (heads.as_slice(), result) {
            ([head], Ok(plan)) => {
                let parents = Vec::from_iter(&model.parents[head]);
                let roots = match parents.as_slice() {
                    [parent] => model.children(parent),
                    _ => one(head),
                };
                let after = run(&model, &case.applied, &plan)?;
                prop_assert!(!after.contains(head));
                prop_assert_eq!(after, &case.applied - &model.undone_with(&case.applied, &roots));
            }
            (heads, Err(error)) => {
                prop_assert_eq!(code(&error), if heads.is_empty() { "M0208" } else { "M0103" });
                prop_assert_ne!(heads.len(), 1);
            }
            (heads, Ok(plan)) => prop_assert!(false, "{heads:?}: {plan}"),
        }
    }

    #[test]
    fn stamp_records_the_target_with_what_it_needs_and_forgets_what_stands_above(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::stamp(&case.database(&graph), &[target(case.target())], Purge::No).unwrap();
        let here = one(case.target());
        let forgotten = &above(&model.needs, &here) - &here;
        let after = &(&case.applied - &forgotten) | &below(&model.needs, &here);
        prop_assert_eq!(set(&steps(&plan, Direction::Down)), &case.applied - &after);
        prop_assert_eq!(set(&steps(&plan, Direction::Up)), &after - &case.applied);
        prop_assert_eq!(set(&plan.heads_after), model.maximal(&after));
    }

    #[test]
    fn stamp_of_two_targets_does_not_depend_on_their_order(case in spliced()) {
        let graph = case.graph();
        let database = case.database(&graph);
        let both = [target(case.target()), target(case.other())];
        let turned = [target(case.other()), target(case.target())];
        prop_assert_eq!(Plan::stamp(&database, &both, Purge::No), Plan::stamp(&database, &turned, Purge::No));
    }

    #[test]
    fn stamp_with_purge_leaves_the_target_with_what_it_needs(case in spliced()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let plan = Plan::stamp(&case.database(&graph), &[target(case.target())], Purge::Yes).unwrap();
        let after = below(&model.needs, &one(case.target()));
        prop_assert_eq!(&set(&steps(&plan, Direction::Down)), &case.applied);
        prop_assert_eq!(&set(&steps(&plan, Direction::Up)), &after);
    }

    #[test]
    fn stamp_of_the_base_of_a_branch_forgets_what_a_downgrade_to_it_undoes(case in spliced()) {
        let graph = case.graph();
        let (database, base) = (case.database(&graph), target(&format!("{}@base", case.target())));
        let (stamp, down) = (Plan::stamp(&database, std::slice::from_ref(&base), Purge::No).unwrap(), Plan::downgrade(&database, &base).unwrap());
        prop_assert_eq!(stamp.steps, down.steps);
        prop_assert_eq!(stamp.heads_after, down.heads_after);
    }

    #[test]
    fn up_and_down_again_returns_to_what_was_applied(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let up = Plan::upgrade(&Applied::nothing(&graph), &[Target::heads()]).unwrap();
        let everything = run(&model, &Ids::new(), &up)?;
        prop_assert_eq!(&everything, &model.all());
        let ids: Vec<&str> = everything.iter().map(String::as_str).collect();
        let down = Plan::downgrade(&exactly(&graph, &ids), &target("base")).unwrap();
        prop_assert_eq!(run(&model, &everything, &down)?, Ids::new());
        let back: Vec<String> = steps(&down, Direction::Down).into_iter().rev().collect();
        prop_assert_eq!(back, steps(&up, Direction::Up));
    }

    #[test]
    fn heads_and_lineages_are_those_of_the_reference(case in grown()) {
        let (graph, model) = (case.graph(), Model::new(&case.sketches));
        let ids = |nodes: Vec<_>| nodes.into_iter().map(|node| graph.id(node).to_owned()).collect::<Ids>();
        prop_assert_eq!(ids(graph.heads().collect()), model.heads());
        prop_assert_eq!(set(&case.database(&graph).head_ids()), model.maximal(&case.applied));
        let node = graph.node(case.target()).unwrap();
        prop_assert_eq!(ids(graph.lineage(node).iter().collect()), model.lineage(case.target()));
    }

    #[test]
    fn a_need_that_turns_back_is_reported_as_a_cycle_of_needs(case in grown(), from in any::<Index>()) {
        let mut sketches = case.sketches.clone();
        let model = Model::new(&sketches);
        let top = case.target().to_owned();
        let roots = Vec::from_iter(&below(&model.needs, &one(&top)) - &one(&top));
        if roots.is_empty() {
            return Ok(());
        }
        let bottom = from.get(&roots).clone();
        let closing = sketches.iter_mut().find(|sketch| sketch.id == bottom).unwrap();
        closing.depends_on.push(top);
        let needs = Model::new(&sketches).needs;
        let defects = RevisionGraph::new(sketches.iter().map(Sketch::revision).collect::<Vec<_>>()).unwrap_err();
        prop_assert!(!defects.is_empty());
        for defect in defects {
            let GraphDefect::Cycle { ids, .. } = defect else { return Err(TestCaseError::fail(defect.to_string())) };
            for (id, next) in ids.iter().zip(ids.iter().cycle().skip(1)) {
                prop_assert!(needs[id].contains(next), "`{}` does not need `{}`", id, next);
            }
        }
    }

    #[test]
    fn no_text_is_a_target_that_panics(case in grown(), text in "[a-z0-9@+.:_-]{0,12}") {
        let graph = case.graph();
        let database = case.database(&graph);
        if let Ok(target) = text.parse::<Target>() {
            let _ = Plan::upgrade(&database, std::slice::from_ref(&target));
            let _ = Plan::downgrade(&database, &target);
            let _ = Plan::stamp(&database, std::slice::from_ref(&target), Purge::No);
        }
    }

    #[test]
    fn every_target_that_can_be_made_of_the_graph_is_planned_or_refused(case in grown(), form in 0..12usize, n in -5..6i32) {
        let graph = case.graph();
        let database = case.database(&graph);
        let (x, y) = (case.target(), case.other());
        let text = match form {
            0 => format!("{x}{n:+}"),
            1 => format!("{x}@{n:+}"),
            2 => format!("{x}@{y}{n:+}"),
            3 => format!("{x}@head{n:+}"),
            4 => format!("{x}@base{n:+}"),
            5 => format!("{x}@heads"),
            6 => format!("{x}@head"),
            7 => format!("head{n:+}"),
            8 => format!("base{n:+}"),
            9 => format!("{n:+}"),
            10 => "heads".to_owned(),
            _ => format!("{x}@{y}"),
        };
        let Ok(target) = text.parse::<Target>() else { return Ok(()) };
        let model = Model::new(&case.sketches);
        if let Ok(plan) = Plan::upgrade(&database, std::slice::from_ref(&target)) {
            run(&model, &case.applied, &plan)?;
        }
        if let Ok(plan) = Plan::downgrade(&database, &target) {
            run(&model, &case.applied, &plan)?;
        }
    }
}
