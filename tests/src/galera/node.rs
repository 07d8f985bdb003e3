//! What makes a MariaDB server a node of a cluster.

use std::env;
use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

/// Where Debian's package, and those of MariaDB for other distributions, put the library.
const PROVIDERS: [&str; 3] =
    ["/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so", "/usr/lib/galera-4/libgalera_smm.so"];

/// How the server, the provider and the receiver of data say that somebody else listens on a port.
const PORT_TAKEN: [&str; 2] = ["Address already in use", "has been taken by another program"];

/// The library that connects nodes, when a new node can be given the data, too.
pub(super) fn provider() -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).any(|folder| folder.join("rsync").is_file()).then_some(())?;
    PROVIDERS.iter().map(|path| Path::new(path).to_owned()).find(|path| path.is_file())
}

/// The ports of one node on 127.0.0.1, beside that for SQL.
#[derive(Debug)]
pub(super) struct Ports {
    /// For the group's messages.
    group: u16,
    /// For what a node has missed.
    catch_up: u16,
    /// For all data.
    transfer: u16,
}

impl Ports {
    /// Ports for this many nodes that nobody listens on, each another.
    pub(super) fn free(nodes: usize) -> Result<Vec<Self>, String> {
        // Held together until all are found, so that none is found twice.
        let held: Vec<TcpListener> = (0..nodes * 3)
            .map(|_| TcpListener::bind(("127.0.0.1", 0)))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("no free ports on 127.0.0.1: {error}"))?;
        let numbers: Vec<u16> = held
            .iter()
            .map(|listener| listener.local_addr().map(|address| address.port()))
            .collect::<Result<_, _>>()
            .map_err(|error| format!("no number of a port: {error}"))?;
        Ok(numbers.chunks_exact(3).map(|own| Self { group: own[0], catch_up: own[1], transfer: own[2] }).collect())
    }
}

/// What a node is called with after what every private server is; the first one founds the cluster.
pub(super) fn arguments(provider: &Path, cluster: &str, ports: &[Ports], number: usize) -> Vec<OsString> {
    let own = &ports[number];
    let members: Vec<String> = ports.iter().map(|ports| format!("127.0.0.1:{}", ports.group)).collect();
    let mut library = OsString::from("--wsrep-provider=");
    library.push(provider);
    let mut arguments = vec![
        library,
        "--wsrep-on=ON".into(),
        format!("--wsrep-cluster-name={cluster}").into(),
        format!("--wsrep-cluster-address=gcomm://{}", members.join(",")).into(),
        format!("--wsrep-node-name=node{number}").into(),
        "--wsrep-node-address=127.0.0.1".into(),
        "--wsrep-sst-method=rsync".into(),
        format!("--wsrep-sst-receive-address=127.0.0.1:{}", own.transfer).into(),
        // The provider's cache takes its whole size at once, and 128M unless told otherwise.
        format!(
            "--wsrep-provider-options=gmcast.listen_addr=tcp://127.0.0.1:{};ist.recv_addr=127.0.0.1:{};gcache.size=8M",
            own.group, own.catch_up
        )
        .into(),
        "--binlog-format=ROW".into(),
        "--innodb-autoinc-lock-mode=2".into(),
    ];
    if number == 0 {
        arguments.push("--wsrep-new-cluster".into());
    }
    arguments
}

/// Whether a node did not start because somebody listens on one of its ports.
pub(super) fn port_was_taken(failure: &str) -> bool {
    PORT_TAKEN.iter().any(|text| failure.contains(text))
}

/// The end of a log, which says what a node waits for.
pub(super) fn last_lines(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_is_another() {
        let ports = Ports::free(3).expect("ports");
        let mut numbers: Vec<u16> = ports.iter().flat_map(|own| [own.group, own.catch_up, own.transfer]).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), 9);
    }

    #[test]
    fn only_the_first_node_founds_the_cluster() {
        let ports = [Ports { group: 1, catch_up: 2, transfer: 3 }, Ports { group: 4, catch_up: 5, transfer: 6 }];
        let founds = |number| {
            arguments(Path::new("/l"), "c", &ports, number).iter().any(|argument| argument == "--wsrep-new-cluster")
        };
        assert!(founds(0) && !founds(1));
    }

    #[test]
    fn the_end_of_a_log_is_its_last_lines() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc");
        assert_eq!(last_lines("a", 2), "a");
    }
}
