//! What is another thing on a terminal: colours, and a pager for what is longer than the screen. `script` is the terminal.

use migrate_tests::command::{Ran, Sandbox, binaries};

/// a <- many, one after the other
fn chain(length: usize) -> Sandbox {
    let file = |n: usize| {
        let parent = if n == 1 { "none".to_owned() } else { format!("r{}", n - 1) };
        (format!("{n:04}_r{n}.sql"), format!("-- revision: r{n}\n-- parents: {parent}\n\n-- migrate: up\nSELECT 1;\n"))
    };
    let files: Vec<_> = (1..=length).map(file).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (&**name, &**text)).collect();
    Sandbox::with_revisions(&files)
}

/// Runs `cargo migrate` on a terminal of 20 rows.
fn on_terminal(sandbox: &Sandbox, arguments: &str, variables: &str) -> Ran {
    let program = binaries().join("cargo-migrate");
    let call = format!("stty rows 20 cols 100; env {variables} {} migrate {arguments}", program.display());
    sandbox.run("script", &["-qec", &call, "/dev/null"])
}

#[test]
fn a_drawing_has_colours_on_a_terminal_and_none_elsewhere() {
    let sandbox = chain(3);
    let ran = on_terminal(&sandbox, "history --graph", "-u NO_COLOR TERM=xterm");
    assert!(ran.stdout.contains("\u{1b}[33mr3\u{1b}[0m"), "{ran:?}");
    assert!(!on_terminal(&sandbox, "history --graph", "NO_COLOR=1 TERM=xterm").stdout.contains("[33m"));
    assert!(!on_terminal(&sandbox, "history --graph --color never", "TERM=xterm").stdout.contains("[33m"));
    let piped = sandbox.migrate(&["history", "--graph"]);
    assert_eq!(piped.stdout, "● r3 (head)  r3\n● r2  r2\n● r1  r1\n");
    assert!(sandbox.migrate(&["history", "--graph", "--color", "always"]).stdout.contains("\u{1b}[33mr3"));
}

#[test]
fn what_is_longer_than_the_screen_goes_through_the_pager() {
    let sandbox = chain(40);
    sandbox.write("pager.sh", "#!/bin/sh\ncat > paged.txt\n");
    let paged = |arguments: &str, pager: &str| {
        let _ = std::fs::remove_file(sandbox.path().join("paged.txt"));
        let ran = on_terminal(&sandbox, arguments, &format!("TERM=xterm PAGER='{pager}'"));
        assert_eq!(ran.code, 0, "{ran:?}");
        let lines = std::fs::read_to_string(sandbox.path().join("paged.txt")).map(|text| text.lines().count()).ok();
        (lines, ran.stdout.lines().count())
    };
    assert_eq!(paged("history --graph", "sh pager.sh"), (Some(40), 0));
    assert_eq!(paged("history", "sh pager.sh"), (Some(40), 0));
    assert_eq!(paged("history -r -5:", "sh pager.sh"), (None, 6), "it fits on the screen");
    assert_eq!(paged("history", "cat"), (None, 40));
    assert_eq!(paged("history", ""), (None, 40));
    assert_eq!(paged("history", "no-such-pager"), (None, 40));
    assert_eq!(paged("history --format json", "sh pager.sh"), (None, 1));
    assert_eq!(paged("history | cat", "sh pager.sh"), (None, 40));
}
