//! Operating databases through the real binary: environments and questions, on every engine.

mod confirmation;
mod environments;
mod site;
