//! Exit codes: part of the interface.

use migrate_plan::Code;

/// What the process ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Exit {
    /// 0: done.
    Done = 0,
    /// 1: refused or failed.
    Failed = 1,
    /// 2: the command line is not usable.
    Usage = 2,
    /// 3: revisions are pending; from `check` alone.
    Pending = 3,
    /// 4: several heads where one is needed.
    SeveralHeads = 4,
    /// 5: applied revisions were edited.
    Drift = 5,
    /// 6: another process held the lock for too long.
    LockTimeout = 6,
    /// 7: the database cannot be reached.
    Unreachable = 7,
    /// 130: the run was interrupted.
    Stopped = 130,
}

impl Exit {
    /// The exit code that an error ends with.
    pub fn of(code: Code) -> Self {
        match code {
            Code::SeveralHeads => Self::SeveralHeads,
            Code::Drift | Code::SchemaDrift => Self::Drift,
            Code::LockTimeout | Code::Blocked => Self::LockTimeout,
            Code::Unreachable => Self::Unreachable,
            Code::Stopped => Self::Stopped,
            Code::Usage
            | Code::MissingUrl
            | Code::InvalidUrl
            | Code::MalformedTarget
            | Code::UnknownEnvironment
            | Code::UnknownDatabase => Self::Usage,
            _ => Self::Failed,
        }
    }
}
