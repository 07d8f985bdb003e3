//! An order of objects in which each stands behind those that it needs.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use crate::schema::{Dependency, ObjectRef};

/// Sorts `objects` so that what is needed comes first, and else by their place in the list. Of a circle the first in the list
/// comes first.
pub(super) fn by_dependencies(objects: &[ObjectRef], dependencies: &[Dependency]) -> Vec<usize> {
    let places: BTreeMap<&ObjectRef, usize> =
        objects.iter().enumerate().map(|(place, object)| (object, place)).collect();
    let mut waits_for = vec![BTreeSet::new(); objects.len()];
    let mut frees = vec![Vec::new(); objects.len()];
    for dependency in dependencies {
        if let (Some(&object), Some(&needs)) = (places.get(&dependency.object), places.get(&dependency.needs))
            && object != needs
            && waits_for[object].insert(needs)
        {
            frees[needs].push(object);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..objects.len()).filter(|place| waits_for[*place].is_empty()).map(Reverse).collect();
    let mut left: BTreeSet<usize> = (0..objects.len()).collect();
    let mut order = Vec::with_capacity(objects.len());
    while let Some(&first) = left.first() {
        let next = ready.pop().map_or(first, |Reverse(next)| next);
        if !left.remove(&next) {
            continue;
        }
        order.push(next);
        for freed in std::mem::take(&mut frees[next]) {
            if waits_for[freed].remove(&next) && waits_for[freed].is_empty() {
                ready.push(Reverse(freed));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::{Kind, QualifiedName};

    fn table(name: &str) -> ObjectRef {
        ObjectRef { kind: Kind::Table, name: QualifiedName::new(name), arguments: None }
    }

    fn order(names: &str, needs: &[(&str, &str)]) -> String {
        let objects: Vec<ObjectRef> = names.split(' ').map(table).collect();
        let needs: Vec<Dependency> =
            needs.iter().map(|(object, needs)| Dependency { object: table(object), needs: table(needs) }).collect();
        let order = by_dependencies(&objects, &needs);
        order.iter().map(|place| objects[*place].name.name.clone()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_needed_comes_first_and_a_circle_is_broken_at_its_first() {
        assert_eq!(order("a b c", &[]), "a b c");
        assert_eq!(order("a b c", &[("a", "c"), ("a", "a")]), "b c a");
        assert_eq!(order("a b c d", &[("a", "b"), ("b", "a"), ("d", "missing"), ("c", "b")]), "d a b c");
        assert_eq!(order("a b c", &[("b", "c"), ("c", "b")]), "a b c");
    }
}
