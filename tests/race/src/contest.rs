//! Rounds in which everybody runs once, and the table of what came out.
//!
//! The machine may be busy with other things: so the runs alternate, a ratio is taken within its round, and the median
//! of the rounds is what counts.

use std::time::Duration;

/// What some contestants took, a column of times each.
pub(crate) struct Contest {
    names: Vec<String>,
    times: Vec<Vec<f64>>,
}

impl Contest {
    /// Lets each contestant run once a round, each round begun by another one. Nothing, where one cannot run.
    pub(crate) fn run(names: Vec<String>, rounds: usize, mut lap: impl FnMut(usize) -> Duration) -> Self {
        let mut times = vec![Vec::new(); names.len()];
        for round in 0..rounds {
            for place in 0..names.len() {
                let contestant = (place + round) % names.len();
                times[contestant].push(lap(contestant).as_secs_f64());
            }
        }
        Self { names, times }
    }

    /// The same contestants with other times of the same rounds; whoever has none is not in it.
    pub(crate) fn of_others(&self, times: Vec<Vec<Duration>>) -> Self {
        let (names, times) = self
            .names
            .iter()
            .zip(times)
            .filter(|(_, times)| !times.is_empty())
            .map(|(name, times)| (name.clone(), times.iter().map(Duration::as_secs_f64).collect()))
            .unzip();
        Self { names, times }
    }

    /// Prints a table in which the first contestant is the measure.
    pub(crate) fn print(&self, title: &str) {
        println!("\n{title}\n");
        println!("| | median | lowest | ratio | its spread |\n|---|---|---|---|---|");
        for (name, times) in self.names.iter().zip(&self.times) {
            let ratios: Vec<f64> = times.iter().zip(&self.times[0]).map(|(time, first)| time / first).collect();
            println!(
                "| {name} | {} | {} | {:.2} | {:.2} to {:.2} |",
                shown(quantile(times, 0.5)),
                shown(quantile(times, 0.0)),
                quantile(&ratios, 0.5),
                quantile(&ratios, 0.25),
                quantile(&ratios, 0.75),
            );
        }
    }
}

/// The value below which this part of the values lies.
pub(crate) fn quantile(values: &[f64], part: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).round() as usize]
}

fn shown(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.2} ms", seconds * 1e3) } else { format!("{seconds:.3} s") }
}
