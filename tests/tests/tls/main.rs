//! TLS in the command line, on real servers with certificates of an authority of our own: who is trusted, who is not,
//! and what is said then.

mod certificates;
mod served;

use std::path::Path;

use certificates::Authority;
use insta::assert_snapshot;
use served::{Served, World, plain, root};

/// The hosts by which the tests call a server.
const HOSTS: [&str; 2] = ["localhost", "127.0.0.1"];

/// Asserts that every server says one thing.
fn all_say(servers: &[Served], said: impl Fn(&Served) -> String) -> String {
    let mut answers: Vec<(&str, String)> = servers.iter().map(|served| (served.name(), said(served))).collect();
    let (_, first) = answers.pop().unwrap_or_default();
    for (name, answer) in answers {
        assert_eq!(answer, first, "{name}");
    }
    first
}

/// Leaves out the name of the database.
fn without_names(said: &str) -> String {
    said.split('"').map(|part| if part.starts_with("db_") { "[..]" } else { part }).collect::<Vec<_>>().join("\"")
}

fn nowhere() -> &'static Path {
    Path::new("/nowhere")
}

#[test]
fn verify_full_connects_to_a_server_with_a_certificate_of_the_authority_for_the_host() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        for host in HOSTS {
            let url = served.url(host, &format!("sslmode=verify-full&{}", world.root()));
            assert!(served.is_encrypted(&url, &[]), "{} {host}", served.name());
        }
        let ran = served.upgrade(&served.url("localhost", &format!("sslmode=verify-full&{}", world.root())), &[]);
        let target = ran.stderr.lines().next().unwrap_or_default();
        assert!(target.ends_with(", TLS (from --database-url)"), "{target}");
    }
}

#[test]
fn the_clients_that_make_backups_are_as_careful_as_the_connection() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        served.ask("CREATE TABLE kept (x int)");
        served.demand_tls();
        for query in [
            "sslmode=require".to_owned(),
            format!("sslmode=verify-ca&{}", world.root()),
            format!("sslmode=verify-full&{}", world.root()),
        ] {
            let sandbox = served.sandbox();
            let ran = sandbox.migrate(&["--database-url", &served.url("localhost", &query), "upgrade", "--backup"]);
            assert!(ran.code == 0 && ran.stderr.contains("backup: backups/"), "{} {query}: {ran:?}", served.name());
            let undone = sandbox.migrate(&["--database-url", &served.url("localhost", &query), "downgrade"]);
            assert_eq!(undone.code, 0, "{undone:?}");
        }
    }
}

#[test]
fn words_of_mysql_mean_the_same() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        let file = world.authority.file();
        let url = served.url("localhost", &format!("ssl-mode=VERIFY_IDENTITY&ssl-ca={}", file.display()));
        assert!(served.is_encrypted(&url, &[]), "{}", served.name());
    }
}

#[test]
fn a_certificate_of_another_authority_is_refused() {
    let (world, stranger) = (World::start(&HOSTS), Authority::new("somebody"));
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = all_say(&world.servers, |served| {
            let url = served.url("localhost", &format!("sslmode={mode}&{}", root(&stranger.file())));
            served.refusal(&url, &[], stranger.folder())
        });
        if world.servers.is_empty() {
            return;
        }
        let asked =
            if mode == "require" { "`sslmode=require` with `sslrootcert`" } else { &format!("`sslmode={mode}`") };
        assert_eq!(
            said,
            format!(
                "error[M0507]: the database cannot be reached: the server's certificate is not trusted: its issuer is unknown\n  \
                 why: {asked} connects only to a server with a certificate {}that `[FOLDER]/ca.pem` vouches for\n \
                 help: see that host and port are those of your server, and the file that of its authority\nexit 1",
                if mode == "verify-full" { "for its host " } else { "" }
            )
        );
    }
}

#[test]
fn a_certificate_for_another_host_is_refused_by_verify_full_alone() {
    let (world, stranger) = (World::start(&["elsewhere.example"]), Authority::new("somebody"));
    for served in &world.servers {
        for host in HOSTS {
            let url = |query: &str| served.url(host, query);
            assert!(
                served.is_encrypted(&url(&format!("sslmode=verify-ca&{}", world.root())), &[]),
                "{}",
                served.name()
            );
            assert!(served.is_encrypted(&url(&format!("sslmode=require&{}", world.root())), &[]), "{}", served.name());
            // A wrong name must not make a wrong authority a right one.
            let said = served.refusal(&url(&format!("sslmode=verify-ca&{}", root(&stranger.file()))), &[], nowhere());
            assert!(said.contains("its issuer is unknown"), "{said}");
        }
    }
    let said = all_say(&world.servers, |served| {
        let url = served.url("localhost", &format!("sslmode=verify-full&{}", world.root()));
        served.refusal(&url, &[], world.authority.folder())
    });
    if !world.servers.is_empty() {
        assert_snapshot!(said, @r"
        error[M0507]: the database cannot be reached: the server's certificate is not for `localhost`, but for `elsewhere.example`
          why: `sslmode=verify-full` connects only to a server with a certificate for its host that `[FOLDER]/ca.pem` vouches for
         help: write a host that the certificate names, or `sslmode=verify-ca`, which does not look at the name
        exit 1
        ");
    }
}

#[test]
fn a_certificate_without_any_host_is_taken_by_verify_ca() {
    let world = World::start(&[]);
    for served in &world.servers {
        let url = |mode: &str| served.url("localhost", &format!("sslmode={mode}&{}", world.root()));
        assert!(served.is_encrypted(&url("verify-ca"), &[]), "{}", served.name());
        let said = served.refusal(&url("verify-full"), &[], nowhere());
        assert!(said.contains("is not for `localhost`, and names no host as `subjectAltName`"), "{said}");
    }
}

#[test]
fn require_without_roots_encrypts_and_trusts_anybody() {
    let world = World::start(&["elsewhere.example"]);
    for served in &world.servers {
        assert!(served.is_encrypted(&served.url("localhost", "sslmode=require"), &[]), "{}", served.name());
    }
}

#[test]
fn prefer_encrypts_where_the_server_can() {
    let world = World::start(&["elsewhere.example"]);
    for served in world.servers.iter().chain(&plain()) {
        let can = matches!(served, Served::Postgres(Some(_), _) | Served::MariaDb(Some(_), _));
        for query in ["", "sslmode=prefer"] {
            assert_eq!(served.is_encrypted(&served.url("localhost", query), &[]), can, "{}", served.name());
        }
        assert!(!served.is_encrypted(&served.url("localhost", "sslmode=disable"), &[]), "{}", served.name());
    }
}

#[test]
fn a_server_without_tls_is_refused_by_require_and_above() {
    let (servers, authority) = (plain(), Authority::new("an authority of tests"));
    for mode in ["require", "verify-ca", "verify-full"] {
        let said = all_say(&servers, |served| {
            let root = if mode == "require" { String::new() } else { root(&authority.file()) };
            served.refusal(&served.url("localhost", &format!("sslmode={mode}&{root}")), &[], nowhere())
        });
        if servers.is_empty() {
            return;
        }
        assert_eq!(
            said,
            format!(
                "error[M0507]: the database cannot be reached: the server offers no TLS\n  \
                 why: `sslmode={mode}` forbids a connection that is not encrypted\n \
                 help: turn TLS on in the server; `sslmode=prefer` goes on without where a server has none\nexit 1"
            )
        );
    }
}

#[test]
fn disable_says_so_where_the_server_demands_tls() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        served.demand_tls();
        let said = served.refusal(&served.url("127.0.0.1", "sslmode=disable"), &[], nowhere());
        match served {
            Served::Postgres(..) => {
                let said = without_names(&said);
                assert_snapshot!(said, @r#"
                error[M0507]: the database cannot be reached: the server demands TLS: no pg_hba.conf entry for host "127.0.0.1", user "postgres", database "[..]", no encryption
                  why: the connection was not encrypted: `sslmode=disable`
                 help: write `sslmode=require`, or better `verify-full`
                exit 1
                "#);
            }
            Served::MariaDb(..) => assert_snapshot!(said, @r"
            error[M0502]: the database cannot be reached: Access denied for user 'root'@'127.0.0.1' (using password: NO)
             note: the database's code is 1045
             note: the connection was not encrypted (`sslmode=disable`), and what demands TLS refuses so, too
             help: check user and password of the database URL
            exit 1
            "),
        }
        assert!(served.is_encrypted(&served.url("127.0.0.1", ""), &[]), "{}", served.name());
    }
}

#[test]
fn prefer_goes_on_without_tls_where_the_server_admits_nothing_else() {
    let world = World::start(&HOSTS);
    for served in world.servers.iter().filter(|served| served.name() == "postgres") {
        served.admit("hostnossl all all 127.0.0.1/32 trust");
        assert!(!served.is_encrypted(&served.url("127.0.0.1", "sslmode=prefer"), &[]));
        served.refusal(&served.url("127.0.0.1", "sslmode=require"), &[], nowhere());
    }
}

#[test]
fn sockets_are_taken_without_tls() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        for query in [String::new(), format!("sslmode=verify-full&{}", world.root())] {
            assert!(!served.is_encrypted(&served.socket_url(&query), &[]), "{}", served.name());
        }
    }
}

#[test]
fn the_roots_of_the_system_count_where_none_are_named() {
    let world = World::start(&HOSTS);
    for served in &world.servers {
        for query in ["sslmode=verify-full", "sslrootcert=system"] {
            let url = served.url("localhost", query);
            assert!(served.is_encrypted(&url, &[("SSL_CERT_FILE", world.authority.file())]), "{}", served.name());
            let stranger = Authority::new("somebody");
            let said = served.refusal(&url, &[("SSL_CERT_FILE", stranger.file())], nowhere());
            assert!(said.contains("its issuer is unknown"), "{said}");
        }
    }
}

#[test]
fn the_environment_of_libpq_counts_for_postgresql_where_the_url_is_silent() {
    let (world, stranger) = (World::start(&HOSTS), Authority::new("somebody"));
    for served in &world.servers {
        let strict = [("PGSSLMODE", "verify-full".into()), ("PGSSLROOTCERT", stranger.file())];
        let silent = served.url("localhost", "");
        if served.name() == "postgres" {
            let said = served.refusal(&silent, &strict, stranger.folder());
            assert!(said.contains("why: `PGSSLMODE=verify-full` connects only"), "{said}");
        } else {
            assert!(served.is_encrypted(&silent, &strict));
        }
        assert!(served.is_encrypted(&served.url("localhost", &world.root()), &strict), "{}", served.name());
        assert!(!served.is_encrypted(&served.url("localhost", "sslmode=disable"), &strict), "{}", served.name());
    }
}

#[test]
fn a_server_that_wants_a_certificate_of_the_client_gets_it() {
    let world = World::start(&HOSTS);
    let own = world.authority.sign("client", &["somebody.example"]);
    let (certificate, key) = (own.certificate.display(), own.key.display());
    for served in &world.servers {
        match served {
            Served::Postgres(..) => served.admit("hostssl all all 127.0.0.1/32 trust clientcert=verify-ca"),
            Served::MariaDb(..) => drop(served.ask("ALTER USER root@'127.0.0.1' REQUIRE X509")),
        }
        let url = |query: &str| served.url("127.0.0.1", &format!("sslmode=verify-full&{}{query}", world.root()));
        served.refusal(&url(""), &[], nowhere());
        let query = format!("&sslcert={certificate}&sslkey={key}");
        assert!(served.is_encrypted(&url(&query), &[]), "{}", served.name());
        let said = served.refusal(&url(&format!("&sslcert={certificate}&sslkey={certificate}")), &[], nowhere());
        assert!(said.contains("client.pem` holds no private key that can be used"), "{said}");
    }
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let (servers, authority) = (plain(), Authority::new("an authority of tests"));
    std::fs::write(authority.folder().join("empty.pem"), "no certificate\n").expect("a file");
    let said = |name: &str| {
        all_say(&servers, |served| {
            let file = authority.folder().join(name);
            served.refusal(
                &served.url("localhost", &format!("sslmode=verify-ca&{}", root(&file))),
                &[],
                authority.folder(),
            )
        })
    };
    if servers.is_empty() {
        return;
    }
    assert_snapshot!(said("missing.pem"), @r"
    error[M0507]: `[FOLDER]/missing.pem` cannot be read: No such file or directory (os error 2)
      why: `sslmode=verify-ca` needs it
     help: check `sslrootcert`, `sslcert` and `sslkey`
    exit 1
    ");
    assert_snapshot!(said("empty.pem"), @r"
    error[M0507]: `[FOLDER]/empty.pem` holds no certificate that can be read
      why: `sslmode=verify-ca` needs it
     help: give certificates in PEM
    exit 1
    ");
}

#[test]
fn words_that_are_not_known_are_refused_without_being_shown() {
    let servers = plain();
    let said = |query: &str| {
        all_say(&servers, |served| {
            let url = served.url("localhost", query).replacen("@", ":secret@", 1);
            let said = served.refusal(&url, &[], nowhere());
            assert!(!said.contains("secret"), "{said}");
            said
        })
    };
    if servers.is_empty() {
        return;
    }
    assert_snapshot!(said("sslmode=secret"), @r"
    error[M0504]: the database URL cannot be used: `sslmode` has a value that is not known here
     help: write `sslmode=` with `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, and `sslrootcert=/path/ca.pem`
    exit 2
    ");
    assert_snapshot!(said("sslmode=verify-ca"), @r"
    error[M0504]: the database URL cannot be used: `sslmode=verify-ca` needs `sslrootcert`, the file with the certificate of an authority
      why: anybody can have a certificate that systems trust, and only the host's name tells them apart
     help: write `sslmode=` with `disable`, `prefer`, `require`, `verify-ca` or `verify-full`, and `sslrootcert=/path/ca.pem`
    exit 2
    ");
    for served in servers.iter().filter(|served| served.name() == "mariadb") {
        let said = served.refusal(&served.url("localhost", "require_ssl=true"), &[], nowhere());
        assert!(said.contains("write `sslmode` for what it says of TLS"), "{said}");
    }
}
