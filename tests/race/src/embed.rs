//! Embedding: what a rebuild costs after a file was added, and what the revisions add to a binary.
//!
//! Drives the real cargo on a small crate for each tool. Linux only: the CPU time of finished children comes from /proc.

use std::path::{Path, PathBuf};
use std::process::Command;

use migrate_tests::command::Sandbox;

use crate::contest::quantile;
use crate::revisions::Revision;

/// Whoever needs more CPU seconds than this for a first build is not asked for others.
const PATIENCE: f64 = 120.0;

/// A way to embed a folder.
struct Tool {
    name: &'static str,
    dependencies: &'static str,
    /// The file or files of a revision, below `migrations/`.
    files: fn(&Revision) -> Vec<(String, String)>,
    /// The program, for so many revisions.
    main: fn(usize) -> String,
}

static TOOLS: [Tool; 6] = [
    Tool {
        name: "include_str!, a list by hand",
        dependencies: "",
        files: |revision| vec![revision.file()],
        main: |count| {
            let file = |number| {
                let (name, _) = Revision::new(number).file();
                format!("(\"{name}\", include_str!(\"../migrations/{name}\")),\n")
            };
            let list: String = (1..=count).map(file).collect();
            format!("static ALL: &[(&str, &str)] = &[\n{list}];\nfn main() {{ std::hint::black_box(ALL); }}\n")
        },
    },
    Tool {
        name: "include_dir",
        dependencies: "include_dir = \"0.7\"",
        files: |revision| vec![revision.file()],
        main: |_| {
            "static ALL: include_dir::Dir<'_> = include_dir::include_dir!(\"$CARGO_MANIFEST_DIR/migrations\");\n\
             fn main() { std::hint::black_box(&ALL); }\n"
                .to_owned()
        },
    },
    Tool {
        name: "ours",
        dependencies: concat!(
            "migrate-runtime = { path = \"",
            env!("CARGO_MANIFEST_DIR"),
            "/../../migrate-runtime\" }"
        ),
        files: |revision| vec![revision.file()],
        main: |_| {
            "migrate_runtime::embed_migrations! { static ALL: Migrations; }\n\
             fn main() { std::hint::black_box(&ALL); }\n"
                .to_owned()
        },
    },
    Tool {
        name: "diesel",
        dependencies: "diesel = { version = \"2.3\", default-features = false }\ndiesel_migrations = \"2.3\"",
        files: |revision| {
            let folder = format!("{:05}_create_t", revision.number);
            vec![
                (format!("{folder}/up.sql"), revision.up.clone()),
                (format!("{folder}/down.sql"), revision.down.clone()),
            ]
        },
        main: |_| {
            "use diesel_migrations::{EmbeddedMigrations, embed_migrations};\n\
             const ALL: EmbeddedMigrations = embed_migrations!();\n\
             fn main() { std::hint::black_box(&ALL); }\n"
                .to_owned()
        },
    },
    Tool {
        name: "sqlx",
        dependencies: "sqlx = { version = \"0.9\", default-features = false, features = [\"macros\", \"migrate\"] }",
        files: |revision| {
            let file = |direction| format!("{:05}_create_t.{direction}.sql", revision.number);
            vec![(file("up"), revision.up.clone()), (file("down"), revision.down.clone())]
        },
        main: |_| {
            "static ALL: sqlx::migrate::Migrator = sqlx::migrate!();\n\
             fn main() { std::hint::black_box(&ALL); }\n"
                .to_owned()
        },
    },
    Tool {
        name: "refinery",
        dependencies: "refinery = \"0.10\"",
        files: |revision| vec![(format!("V{}__create_t.sql", revision.number), revision.up.clone())],
        main: |_| {
            "mod all { refinery::embed_migrations!(); }\n\
             fn main() { std::hint::black_box(all::migrations::runner()); }\n"
                .to_owned()
        },
    },
];

pub(crate) fn race(rounds: usize, only: &str) {
    println!("\nEmbed: the rebuild after a file was added, CPU beyond that with one revision; what a revision adds\n");
    println!("| | revisions | rebuild adds | lowest to highest | release binary, bytes a revision | of them text |");
    println!("|---|---|---|---|---|---|");
    for (number, tool) in TOOLS.iter().enumerate() {
        if number > 0 && !tool.name.contains(only) {
            continue;
        }
        let small = Crate::new(tool, 1);
        small.first_build();
        let (base, bytes) = (quantile(&small.rebuilds(rounds), 0.5), small.size());
        for count in [1_000, 10_000] {
            let large = Crate::new(tool, count);
            let first = large.first_build();
            if first > PATIENCE {
                println!("| {} | {count} | left out: the first build took {first:.0} s | | | |", tool.name);
                continue;
            }
            let times = large.rebuilds(if count > 1_000 { rounds.min(3) } else { rounds });
            println!(
                "| {} | {count} | {:.2} s | {:.2} to {:.2} s | {:.0} | {:.0} |",
                tool.name,
                quantile(&times, 0.5) - base,
                quantile(&times, 0.0) - base,
                quantile(&times, 1.0) - base,
                (large.size() - bytes) / (count - 1) as f64,
                large.text_size() / count as f64,
            );
        }
    }
}

/// A crate that embeds revisions with some tool.
struct Crate {
    tool: &'static Tool,
    count: usize,
    sandbox: Sandbox,
}

impl Crate {
    fn new(tool: &'static Tool, count: usize) -> Self {
        let sandbox = Sandbox::new();
        let number = TOOLS.iter().position(|other| std::ptr::eq(other, tool)).unwrap_or_default();
        sandbox.write(
            "Cargo.toml",
            format!(
                "[package]\nname = \"embeds-{number}-{count}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n\n\
                 [dependencies]\n{}\n\n[workspace]\n\n[profile.dev]\ndebug = false\n\n[profile.release]\nstrip = true\n",
                tool.dependencies
            ),
        );
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        sandbox.write("Cargo.lock", std::fs::read(lock).expect("the race has a lock file"));
        let embeds = Self { tool, count, sandbox };
        (1..=count).for_each(|number| embeds.add(number));
        embeds.sandbox.write("src/main.rs", (tool.main)(count));
        embeds
    }

    fn add(&self, number: usize) {
        for (name, text) in (self.tool.files)(&Revision::new(number)) {
            self.sandbox.write(&format!("migrations/{name}"), text);
        }
    }

    /// Builds it, and what it depends on, where that is not built yet. Gives the CPU seconds.
    fn first_build(&self) -> f64 {
        let before = children_cpu();
        self.build(&[]);
        children_cpu() - before
    }

    /// The CPU seconds of further debug builds, each after one more file was added. Not every tool sees a new file by itself, so
    /// that the program is touched for all of them.
    fn rebuilds(&self, rounds: usize) -> Vec<f64> {
        let rebuild = |round| {
            self.add(self.count + round);
            self.sandbox.write("src/main.rs", (self.tool.main)(self.count + round) + "// touched\n");
            let before = children_cpu();
            self.build(&[]);
            children_cpu() - before
        };
        let times = (1..=rounds).map(rebuild).collect();
        // What was added is taken away again, so that sizes are those of the number that is named.
        for round in 1..=rounds {
            for (name, _) in (self.tool.files)(&Revision::new(self.count + round)) {
                let path = self.sandbox.path().join("migrations").join(name);
                std::fs::remove_file(&path).expect("the file is there");
                // diesel's revisions are folders.
                let _ = path.parent().map(std::fs::remove_dir);
            }
        }
        self.sandbox.write("src/main.rs", (self.tool.main)(self.count));
        times
    }

    /// The size of the stripped release binary.
    fn size(&self) -> f64 {
        self.build(&["--release"]);
        let manifest = self.sandbox.read("Cargo.toml");
        let name = manifest.split('"').nth(1).expect("the package has a name");
        let binary = target().join("release").join(name);
        std::fs::metadata(binary).expect("the binary is built").len() as f64
    }

    /// How many bytes the files have.
    fn text_size(&self) -> f64 {
        let bytes =
            |number| (self.tool.files)(&Revision::new(number)).iter().map(|(_, text)| text.len()).sum::<usize>();
        (1..=self.count).map(bytes).sum::<usize>() as f64
    }

    fn build(&self, arguments: &[&str]) {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--offline", "--quiet"])
            .args(arguments)
            .current_dir(self.sandbox.path())
            .env("CARGO_TARGET_DIR", target())
            .env_remove("CARGO_MANIFEST_DIR")
            .status()
            .expect("cargo runs");
        assert!(status.success(), "the crate of {} does not build", self.tool.name);
    }
}

/// The folder into which all of them are built, so that dependencies are built once.
fn target() -> PathBuf {
    let race = std::env::current_exe().expect("the race has an executable");
    race.parent().expect("an executable is in a folder").join("embedding")
}

/// The CPU time, in seconds, of all children that have ended.
fn children_cpu() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |field: usize| fields[field].parse::<f64>().expect("a number");
    // cutime and cstime, in ticks of a hundredth of a second.
    (ticks(13) + ticks(14)) / 100.0
}
