//! What refinery leaves in files and in databases, and what of it a revision keeps.
//!
//! refinery knows a migration by its name and by a checksum of its text, byte for byte. A revision's text has LF line ends
//! and no byte order mark, so that one line of its description, the [`RefineryRecord`], says how the text was written:
//! with it the checksum can be computed anew, wherever the revision is embedded, and [`verify_refinery`] compares it with
//! the rows of refinery's table. Nothing here reads a file or a database.

mod checksum;
mod record;
mod verify;
mod writing;

pub use checksum::{VersionWidth, refinery_checksum};
pub use record::RefineryRecord;
pub use verify::{RefineryRow, Verified, verify_refinery};
pub use writing::{LineEnd, Writing};
