//! Taking projects and databases over from refinery: every database here was made by refinery itself.

mod checksums;
mod damage;
mod files;
mod killed;
mod meeting;
mod place;
mod random;
mod start;
mod take_over;
