//! What ten thousand embedded revisions add to a debug build, in CPU seconds beside the same build with one.
//!
//! Drives the real cargo; prints one line a measurement and their difference. Linux only: it reads the CPU time of
//! finished children from /proc.

use migrate_tests::embed::{Crate, revision};

const REVISIONS: usize = 10_000;
const ROUNDS: usize = 5;

/// The CPU time, in seconds, of all children that have ended.
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().expect("a number");
    // cutime and cstime, in ticks of a hundredth of a second.
    (ticks(13) + ticks(14)) / 100.0
}

fn median_of_builds(embeds: &Crate) -> f64 {
    let main = embeds.sandbox.read("src/main.rs");
    assert_eq!(embeds.cargo(&["build"]).code, 0);
    let mut seconds: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            embeds.sandbox.write("src/main.rs", format!("{main}// round {round}\n"));
            let before = children_cpu();
            assert_eq!(embeds.cargo(&["build"]).code, 0);
            children_cpu() - before
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    seconds[ROUNDS / 2]
}

fn main() {
    if !cfg!(target_os = "linux") || std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let comment = format!("-- {}\n", "x".repeat(300));
    let file = |index: usize| {
        let parents = if index == 0 { "none".to_owned() } else { format!("r{:05}", index - 1) };
        let id = format!("r{index:05}");
        (format!("{id}_change.sql"), revision(&id, &parents).replace("SELECT 1;\n", &format!("SELECT 1;\n{comment}")))
    };
    let many: Vec<(String, String)> = (0..REVISIONS).map(file).collect();
    let borrowed: Vec<(&str, &str)> = many.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let one = median_of_builds(&Crate::with_revisions(&borrowed[..1]));
    let all = median_of_builds(&Crate::with_revisions(&borrowed));
    println!("one revision:    {one:.2} s CPU, median of {ROUNDS} debug builds");
    println!("{REVISIONS} revisions: {all:.2} s CPU, {:.1} times", all / one);
    println!("they add:        {:.2} s CPU", all - one);
}
