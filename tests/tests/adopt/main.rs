//! Taking projects and databases over from refinery: every database here was made by refinery itself.
//!
//! Its versions have 32 bits, or 64 with the feature `refinery-int8`; where the whole workspace is built at once they have 64,
//! since the subcommand reads those.

mod checksums;
mod damage;
mod files;
mod killed;
mod meeting;
mod place;
mod random;
mod start;
mod take_over;
