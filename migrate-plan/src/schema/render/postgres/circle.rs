//! An order of creation where tables and domains need functions that need them.

use std::collections::{BTreeMap, BTreeSet};

use super::Places;
use crate::schema::render::order::by_dependencies;
use crate::schema::{Dependency, Kind, ObjectRef};

/// The order, and the tables and domains whose checks and defaults have to wait until the functions that they call are there.
pub(super) fn creation_order(objects: &[ObjectRef], dependencies: &[Dependency]) -> (Vec<usize>, Places) {
    let order = by_dependencies(objects, dependencies);
    let turns: BTreeMap<&ObjectRef, usize> =
        order.iter().enumerate().map(|(turn, place)| (&objects[*place], turn)).collect();
    let is_kept = |dependency: &Dependency| match (turns.get(&dependency.object), turns.get(&dependency.needs)) {
        (Some(object), Some(needs)) => object >= needs,
        _ => true,
    };
    if dependencies.iter().all(is_kept) {
        return (order, Places::new());
    }
    let mut needs: BTreeMap<&ObjectRef, Vec<&ObjectRef>> = BTreeMap::new();
    dependencies.iter().for_each(|dependency| needs.entry(&dependency.object).or_default().push(&dependency.needs));
    let mut reached: BTreeMap<&ObjectRef, BTreeSet<&ObjectRef>> = BTreeMap::new();
    let (waiting, binding): (Vec<&Dependency>, Vec<&Dependency>) = dependencies.iter().partition(|dependency| {
        let may_wait = matches!(dependency.object.kind, Kind::Table | Kind::Composite);
        may_wait
            && dependency.needs.kind == Kind::Function
            && reached
                .entry(&dependency.needs)
                .or_insert_with(|| everything_needed(&dependency.needs, &needs))
                .contains(&dependency.object)
    });
    let binding: Vec<Dependency> = binding.into_iter().cloned().collect();
    let deferred: BTreeSet<&ObjectRef> = waiting.iter().map(|dependency| &dependency.object).collect();
    let deferred = (0..objects.len()).filter(|place| deferred.contains(&objects[*place])).collect();
    (by_dependencies(objects, &binding), deferred)
}

fn everything_needed<'o>(
    first: &'o ObjectRef,
    needs: &BTreeMap<&'o ObjectRef, Vec<&'o ObjectRef>>,
) -> BTreeSet<&'o ObjectRef> {
    let mut reached = BTreeSet::new();
    let mut left = vec![first];
    while let Some(object) = left.pop() {
        for needed in needs.get(object).into_iter().flatten() {
            if reached.insert(*needed) {
                left.push(needed);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::QualifiedName;

    #[test]
    fn of_a_circle_the_table_comes_first_and_waits_for_its_function() {
        let object = |kind, name: &str| ObjectRef { kind, name: QualifiedName::new(name), arguments: None };
        let (function, other) = (object(Kind::Function, "f"), object(Kind::Function, "g"));
        let (table, plain) = (object(Kind::Table, "t"), object(Kind::Table, "u"));
        let needs = |object: &ObjectRef, needs: &ObjectRef| Dependency { object: object.clone(), needs: needs.clone() };
        let objects = [function.clone(), other.clone(), table.clone(), plain.clone()];
        let straight = [needs(&table, &function), needs(&plain, &other)];
        assert_eq!(creation_order(&objects, &straight), (vec![0, 1, 2, 3], Places::new()));
        let circle = [needs(&table, &function), needs(&function, &table), needs(&plain, &function)];
        assert_eq!(creation_order(&objects, &circle), (vec![1, 2, 0, 3], Places::from([2])));
    }
}
