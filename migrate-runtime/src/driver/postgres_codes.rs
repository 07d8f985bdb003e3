//! PostgreSQL's SQLSTATEs, sorted as far as the engine acts on them.

use super::DriverErrorKind;

/// What kind of failure a SQLSTATE is.
pub(super) fn kind_of(code: &str) -> DriverErrorKind {
    match code {
        "42P01" | "3F000" => DriverErrorKind::UndefinedTable,
        "42703" => DriverErrorKind::UndefinedColumn,
        "25P02" | "25001" => DriverErrorKind::InTransaction,
        "25006" | "42501" => DriverErrorKind::ReadOnly,
        "28P01" | "28000" => DriverErrorKind::WrongCredentials,
        "3D000" => DriverErrorKind::MissingDatabase,
        "57P01" | "57P02" | "08003" | "08006" | "57P05" => DriverErrorKind::ConnectionLost,
        // A lock that was waited for too long, a deadlock, a transaction that does not fit beside another one.
        "55P03" | "40P01" | "40001" => DriverErrorKind::Busy,
        "57P03" | "53300" | "08001" | "08004" => DriverErrorKind::Unreachable,
        _ => DriverErrorKind::Refused,
    }
}
