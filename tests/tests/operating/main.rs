//! Operating databases through the real binary, on every engine.

mod audit;
mod backup;
mod confirmation;
mod database;
mod databases;
mod environments;
mod redo;
mod repair;
mod schema;
mod site;
mod startup;
mod status;
mod verify;
mod wait;
