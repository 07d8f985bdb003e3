//! What targets stand for: names to revisions, walks, and the meaning of a target for each verb.

use super::{Range, Symbol, Target, TargetError};
use crate::graph::{Edges, Node, RevisionGraph, RevisionSet};

/// The shortest prefix that is tried.
const SHORTEST_PREFIX: usize = 3;

/// What a symbol with its steps stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Spot {
    /// Before the first revision.
    Base,
    /// These revisions: one, or none and several for `heads`.
    At(Vec<Node>),
    /// Below this merge: what remains when it alone is undone.
    Below(Node),
}

/// What a downgrade undoes, before anything that stands above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Floor {
    /// The revision that stays as a head, where the target names one.
    pub(crate) stays: Option<Node>,
    /// What is undone, with everything above it.
    pub(crate) roots: Vec<Node>,
}

/// What a stamp target does to the applied set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Nothing is applied.
    Base,
    /// These with their ancestors are applied, their descendants are not.
    At(Vec<Node>),
    /// What the lineage of this branch alone holds is not applied.
    Without(String),
}

/// Resolves targets in one graph against what one database has applied.
pub(crate) struct Resolver<'a> {
    pub(crate) graph: &'a RevisionGraph,
    pub(crate) applied: &'a RevisionSet,
}

impl Resolver<'_> {
    /// The revisions that an upgrade to `target` must apply.
    pub(crate) fn upgrade(&self, target: &Target) -> Result<Vec<Node>, TargetError> {
        refuse_current(target, "upgrade", "`upgrade` without a target goes to `head`")?;
        match self.spot(target, None)? {
            Spot::Base => Ok(Vec::new()),
            Spot::At(nodes) => Ok(nodes),
            Spot::Below(merge) => Ok(self.graph.parents(merge).to_vec()),
        }
    }

    /// What a downgrade to `target` undoes.
    pub(crate) fn downgrade(&self, target: &Target) -> Result<Floor, TargetError> {
        refuse_current(target, "downgrade", "`downgrade` without a target undoes one revision: `-1`")?;
        let mut passed = None;
        match self.spot(target, Some(&mut passed))? {
            Spot::Base => Ok(Floor { stays: None, roots: self.roots_above_base(target, passed)? }),
            Spot::Below(merge) => Ok(Floor { stays: None, roots: vec![merge] }),
            Spot::At(nodes) => match nodes.as_slice() {
                [node] => Ok(Floor { stays: Some(*node), roots: self.roots_above(*node, target)? }),
                [] => Ok(Floor { stays: None, roots: Vec::new() }),
                _ => Err(self.several_heads(target, &nodes)),
            },
        }
    }

    /// What stamping `target` does.
    pub(crate) fn stamp(&self, target: &Target) -> Result<Mark, TargetError> {
        refuse_current(target, "stamp", "name a revision")?;
        if target.symbol.is_none() {
            return Err(TargetError::NotAllowed {
                target: target.to_string(),
                verb: "stamp",
                instead: "name a revision: a stamp does not count from what it is about to replace",
            });
        }
        match (self.spot(target, None)?, &target.branch) {
            (Spot::Base, None) => Ok(Mark::Base),
            (Spot::Base, Some(branch)) => Ok(Mark::Without(branch.clone())),
            (Spot::At(nodes), _) => Ok(Mark::At(nodes)),
            (Spot::Below(merge), _) => Ok(Mark::At(self.graph.parents(merge).to_vec())),
        }
    }

    /// The revisions that a looking verb shows for `target`; none for the base.
    pub(crate) fn show(&self, target: &Target) -> Result<Vec<Node>, TargetError> {
        match self.spot(target, None)? {
            Spot::Base => Ok(Vec::new()),
            Spot::At(nodes) => Ok(nodes),
            Spot::Below(merge) => Ok(self.graph.parents(merge).to_vec()),
        }
    }

    /// The revisions of a range, both ends included, in graph order.
    pub(crate) fn range(&self, range: &Range) -> Result<Vec<Node>, TargetError> {
        let mut top = match &range.to {
            Some(to) => self.show(to)?,
            None => self.graph.heads().collect(),
        };
        if let Some(branch) = range.from.as_ref().and_then(|from| from.branch.as_deref()) {
            let lineage = self.graph.lineage(self.find(branch)?);
            top.retain(|node| lineage.contains(*node));
        }
        let bottom = match &range.from {
            Some(from) => self.range_start(from, range.to.as_ref(), &top)?,
            None => Vec::new(),
        };
        let ends_are_named = !bottom.is_empty() && !top.is_empty();
        let below = self.graph.ancestors(top, Edges::All);
        let above = (!bottom.is_empty()).then(|| self.graph.descendants(bottom, Edges::Parents));
        let inside = |node: &Node| below.contains(*node) && above.as_ref().is_none_or(|above| above.contains(*node));
        let nodes: Vec<Node> = self.graph.order().iter().copied().filter(inside).collect();
        match (&range.from, &range.to) {
            (Some(from), Some(to)) if nodes.is_empty() && ends_are_named => Err(TargetError::Malformed {
                target: format!("{from}:{to}"),
                problem: "its second end does not stand above its first, so that nothing lies between them",
            }),
            _ => Ok(nodes),
        }
    }

    /// The lowest revisions of a range; none when it begins at the base, or at what an empty database has applied.
    fn range_start(&self, from: &Target, to: Option<&Target>, top: &[Node]) -> Result<Vec<Node>, TargetError> {
        let steps = match (&from.symbol, from.steps) {
            (None, Some(steps)) if steps < 0 => steps,
            _ => return self.show(from),
        };
        let start = self.one_of(top, to.unwrap_or(&Target::head()))?;
        match self.walk(from, start, steps, None, None) {
            // A history shorter than the range asks for is shown whole.
            Ok(Spot::Base) | Err(TargetError::WalkTooLong { .. }) => Ok(Vec::new()),
            Ok(Spot::At(nodes)) => Ok(nodes),
            Ok(Spot::Below(merge)) => Ok(self.graph.parents(merge).to_vec()),
            Err(error) => Err(error),
        }
    }

    /// The revision that an id, a label or a unique prefix names.
    pub(crate) fn find(&self, name: &str) -> Result<Node, TargetError> {
        if let Some(found) = self.graph.name(name) {
            return Ok(found.node());
        }
        let too_short = name.chars().count() < SHORTEST_PREFIX;
        let mut candidates: Vec<_> =
            self.graph.names().filter(|(full, _)| !too_short && full.starts_with(name)).collect();
        candidates.sort_unstable_by_key(|(full, _)| *full);
        let one = candidates.first().map(|(_, found)| found.node());
        match one {
            Some(node) if candidates.iter().all(|(_, found)| found.node() == node) => Ok(node),
            Some(_) => Err(TargetError::AmbiguousPrefix {
                prefix: name.to_owned(),
                candidates: candidates.into_iter().map(|(full, _)| full.to_owned()).collect(),
            }),
            None => {
                let mut known: Vec<&str> = self.graph.names().map(|(full, _)| full).collect();
                known.extend(["head", "heads", "base"]);
                known.sort_unstable();
                let nearest = crate::diagnostic::nearest(name, known).map(str::to_owned);
                Err(TargetError::Unknown { name: name.to_owned(), nearest, too_short })
            }
        }
    }

    /// `passed` receives the root that a walk down went past.
    fn spot(&self, target: &Target, passed: Option<&mut Option<Node>>) -> Result<Spot, TargetError> {
        let branch = target.branch.as_deref().map(|branch| self.find(branch)).transpose()?;
        let lineage = branch.map(|node| self.graph.lineage(node));
        let lineage = lineage.as_ref();
        let start = match &target.symbol {
            None => self.applied_start(target, lineage)?,
            Some(Symbol::Base) => None,
            Some(Symbol::Current) => return self.current(target, lineage),
            Some(Symbol::Head) => match self.heads_on(lineage).as_slice() {
                [] => None,
                [head] => Some(*head),
                heads => return Err(self.several_heads(target, heads)),
            },
            Some(Symbol::Heads) => {
                let heads = self.heads_on(lineage);
                return match target.steps {
                    None => Ok(Spot::At(heads)),
                    Some(steps) => {
                        let start = self.one_of(&heads, target)?;
                        self.walk(target, start, steps, lineage, passed)
                    }
                };
            }
            Some(Symbol::Name(name)) => {
                let node = self.find(name)?;
                if lineage.is_some_and(|lineage| !lineage.contains(node)) {
                    let branch = target.branch.clone().unwrap_or_default();
                    return Err(TargetError::NotOnBranch { id: self.graph.id(node).to_owned(), branch });
                }
                Some(node)
            }
        };
        match (target.steps, start) {
            (Some(steps), start) => self.walk(target, start, steps, lineage, passed),
            (None, Some(node)) => Ok(Spot::At(vec![node])),
            (None, None) if target.symbol == Some(Symbol::Head) => Ok(Spot::At(Vec::new())),
            (None, None) => Ok(Spot::Base),
        }
    }

    /// Goes up or down by parents. Up, the lineage narrows a fork. Down, a merge forks, and nothing narrows it; but
    /// when it is the last step, what is meant is clear: the merge alone is undone.
    fn walk(
        &self,
        target: &Target,
        start: Option<Node>,
        steps: i32,
        lineage: Option<&RevisionSet>,
        mut passed: Option<&mut Option<Node>>,
    ) -> Result<Spot, TargetError> {
        let (up, wanted) = (steps > 0, steps.unsigned_abs());
        let mut at = start;
        for done in 0..wanted {
            let next: Vec<Node> = match at {
                Some(node) if up => self.graph.children(node).to_vec(),
                Some(node) => self.graph.parents(node).to_vec(),
                None if up => self.graph.bases().collect(),
                None => Vec::new(),
            };
            let narrowed = |node: &Node| !up || lineage.is_none_or(|lineage| lineage.contains(*node));
            let next: Vec<Node> = next.into_iter().filter(narrowed).collect();
            at = match (next.as_slice(), at) {
                ([one], _) => Some(*one),
                ([], Some(root)) if !up => {
                    if let Some(passed) = passed.as_deref_mut() {
                        *passed = Some(root);
                    }
                    None
                }
                ([], _) => {
                    let end = if up { "head" } else { "base" };
                    return Err(TargetError::WalkTooLong { target: target.to_string(), end, possible: done, wanted });
                }
                (_, Some(merge)) if !up && done + 1 == wanted => return Ok(Spot::Below(merge)),
                (choices, at) => {
                    return Err(TargetError::AmbiguousWalk {
                        target: target.to_string(),
                        at: at.map(|node| self.graph.id(node).to_owned()),
                        choices: self.ids(choices),
                        up,
                    });
                }
            };
        }
        Ok(at.map_or(Spot::Base, |node| Spot::At(vec![node])))
    }

    /// Where a target that is relative to the database begins: the one applied head, on the lineage where one is named.
    fn applied_start(&self, target: &Target, lineage: Option<&RevisionSet>) -> Result<Option<Node>, TargetError> {
        let heads = match lineage {
            None => self.graph.maximal(self.applied, Edges::All),
            Some(lineage) => {
                let mut on_lineage = RevisionSet::new(self.graph.len());
                for node in self.applied.iter().filter(|node| lineage.contains(*node)) {
                    on_lineage.insert(node);
                }
                self.graph.maximal(&on_lineage, Edges::Parents)
            }
        };
        match heads.as_slice() {
            [] if target.steps.is_some_and(|steps| steps < 0) => {
                let heads = self.ids(&self.graph.maximal(self.applied, Edges::All));
                Err(TargetError::NotApplied { target: target.to_string(), heads })
            }
            [] => Ok(None),
            [head] => Ok(Some(*head)),
            heads => Err(TargetError::SeveralApplied { target: target.to_string(), heads: self.ids(heads) }),
        }
    }

    fn current(&self, target: &Target, lineage: Option<&RevisionSet>) -> Result<Spot, TargetError> {
        if target.steps.is_some() {
            let start = self.applied_start(target, lineage)?;
            return self.walk(target, start, target.steps.unwrap_or(0), lineage, None);
        }
        let mut heads = self.graph.maximal(self.applied, Edges::All);
        heads.retain(|head| lineage.is_none_or(|lineage| lineage.contains(*head)));
        Ok(Spot::At(heads))
    }

    fn heads_on(&self, lineage: Option<&RevisionSet>) -> Vec<Node> {
        self.graph.heads().filter(|head| lineage.is_none_or(|lineage| lineage.contains(*head))).collect()
    }

    fn one_of(&self, heads: &[Node], target: &Target) -> Result<Option<Node>, TargetError> {
        match heads {
            [] => Ok(None),
            [head] => Ok(Some(*head)),
            heads => Err(self.several_heads(target, heads)),
        }
    }

    /// The children of the revision that stays; a branch keeps those that lead to it.
    fn roots_above(&self, node: Node, target: &Target) -> Result<Vec<Node>, TargetError> {
        let children = self.graph.children(node);
        let Some(branch) = target.branch.as_deref().filter(|_| children.len() > 1) else {
            return Ok(children.to_vec());
        };
        let lineage = self.graph.lineage(self.find(branch)?);
        let roots: Vec<Node> = children.iter().copied().filter(|child| lineage.contains(*child)).collect();
        if roots.is_empty() {
            let heads = self.ids(&self.graph.maximal(self.applied, Edges::All));
            return Err(TargetError::NotApplied { target: target.to_string(), heads });
        }
        Ok(roots)
    }

    /// `base` undoes everything, `x@base` what the lineage of x alone holds, a walk past a root that root's lineage.
    fn roots_above_base(&self, target: &Target, passed: Option<Node>) -> Result<Vec<Node>, TargetError> {
        match (&target.branch, passed) {
            (_, Some(root)) => Ok(vec![root]),
            (Some(branch), None) => Ok(self.held_alone(branch)?.iter().collect()),
            (None, None) => Ok(self.graph.bases().chain(self.applied.iter()).collect()),
        }
    }

    /// The applied revisions of a lineage without those that a revision outside it stands on, applied or not: what is undone
    /// must not depend on how far other branches are. The lineage of a folder or crate begins with it, whatever it follows.
    pub(crate) fn held_alone(&self, branch: &str) -> Result<RevisionSet, TargetError> {
        let node = self.find(branch)?;
        let lineage = match self.graph.is_group(branch) {
            true => self.graph.descendants([node], Edges::Parents),
            false => self.graph.lineage(node),
        };
        let outside = self.graph.nodes().filter(|node| !lineage.contains(*node));
        let shared = self.graph.ancestors(outside, Edges::Parents);
        let mut held = RevisionSet::new(self.graph.len());
        for node in self.applied.iter().filter(|node| lineage.contains(*node) && !shared.contains(*node)) {
            held.insert(node);
        }
        Ok(held)
    }

    fn several_heads(&self, target: &Target, heads: &[Node]) -> TargetError {
        let heads = self.graph.ids_and_files(heads.iter().copied());
        TargetError::SeveralHeads { target: target.to_string(), heads }
    }

    fn ids(&self, nodes: &[Node]) -> Vec<String> {
        nodes.iter().map(|node| self.graph.id(*node).to_owned()).collect()
    }
}

fn refuse_current(target: &Target, verb: &'static str, instead: &'static str) -> Result<(), TargetError> {
    if target.symbol == Some(Symbol::Current) {
        return Err(TargetError::NotAllowed { target: target.to_string(), verb, instead });
    }
    Ok(())
}
