//! An order of creation where tables and domains need functions that need them.

use std::collections::BTreeMap;

use super::Places;
use crate::schema::render::order::by_dependencies;
use crate::schema::{Dependency, Kind, ObjectRef};

/// The order, and the tables and domains whose checks and defaults have to wait until the functions that they call are there.
pub(super) fn creation_order(objects: &[ObjectRef], dependencies: &[Dependency]) -> (Vec<usize>, Places) {
    let mut dependencies = dependencies.to_vec();
    let mut deferred = Places::new();
    let index: BTreeMap<&ObjectRef, usize> =
        objects.iter().enumerate().map(|(place, object)| (object, place)).collect();
    loop {
        let order = by_dependencies(objects, &dependencies);
        let mut turn = vec![0; objects.len()];
        order.iter().enumerate().for_each(|(place, object)| turn[*object] = place);
        let is_broken = |dependency: &Dependency| {
            let Dependency { object, needs } = dependency;
            let may_wait = matches!(object.kind, Kind::Table | Kind::Composite) && needs.kind == Kind::Function;
            let (object, needs) = (index.get(object)?, index.get(needs)?);
            (may_wait && turn[*object] < turn[*needs]).then_some(*object)
        };
        let broken: Places = dependencies.iter().filter_map(is_broken).collect();
        if broken.is_empty() {
            return (order, deferred);
        }
        dependencies.retain(|dependency| is_broken(dependency).is_none());
        deferred.extend(broken);
    }
}
