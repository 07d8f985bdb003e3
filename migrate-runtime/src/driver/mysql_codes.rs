//! The error numbers of MySQL and MariaDB, sorted as far as the engine acts on them.

use super::DriverErrorKind;

/// What kind of failure a server's error number is.
pub(super) fn kind_of(code: u16) -> DriverErrorKind {
    match code {
        // 1146 a table, 1049 a database, which a history schema is here.
        1146 => DriverErrorKind::UndefinedTable,
        1054 => DriverErrorKind::UndefinedColumn,
        1568 | 1192 => DriverErrorKind::InTransaction,
        // 1205 a lock that was waited for too long, 1213 a deadlock: the transaction may be tried again.
        1205 | 1213 => DriverErrorKind::Busy,
        1142 | 1143 | 1227 | 1290 | 1792 | 1836 | 1370 | 1419 => DriverErrorKind::ReadOnly,
        1045 | 1698 | 1862 => DriverErrorKind::WrongCredentials,
        1049 | 1044 | 1046 => DriverErrorKind::MissingDatabase,
        // 1047 a node of a cluster that is not ready.
        1040 | 1047 | 1129 | 1130 | 1203 | 1226 => DriverErrorKind::Unreachable,
        1053 | 1927 | 1152 | 1158..=1161 | 3169 | 4031 => DriverErrorKind::ConnectionLost,
        _ => DriverErrorKind::Refused,
    }
}
