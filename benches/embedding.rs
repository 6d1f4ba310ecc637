//! The sentence encoder: time to load, memory, and what one and many messages take; with `--features rust-bert` both backends side by side.
//!
//! `cargo bench --bench embedding [--features rust-bert]`. The model is found as `evenkeel run` finds it. Each backend is measured in a
//! process of its own, so that its memory is its own.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use evenkeel::embedding::{Backend, Device, Embedder, place::Place};

/// Names the backend that a process measures; without it a process measures all, each in another process.
const ONLY: &str = "EVENKEEL_BENCH_BACKEND";

/// Twelve tokens with a number and the two marks around it.
const SHORT: &str = "when will my power be back on again please";

/// What people write, of all lengths: 32 messages.
const MIXED: [&str; 32] = [
    "power out",
    "when will my power be back on again please",
    "is the tap water safe to drink",
    "hi",
    "still no lights on our street, any news??",
    "where can I charge my phone and stay warm tonight",
    "my account was charged twice and I would like to have the second payment returned",
    "I want to talk to a person",
    "how do I claim for the food in my freezer that went bad during the outage, and which receipts do you need from me",
    "thanks",
    "the line in front of our house is sparking, should we leave",
    "my neighbour has a generator in the garage, is that safe",
    "what about the thing from last week",
    "refund?",
    "we are five people with a baby and an elderly woman on oxygen, the battery lasts two more hours, whom do we call",
    "ok",
    "do you have a map of the areas that are affected",
    "is school open tomorrow",
    "why is my bill higher although we had no power for three days",
    "cuándo vuelve la luz",
    "which shelters take pets",
    "the app does not let me log in since the update, it says my password has expired and then nothing happens when I tap on reset",
    "any update",
    "is it true that the dam broke",
    "can I get a discount for the days without service",
    "how long does the boil water notice last",
    "internet is down too",
    "please tell me whether the crew that left our road this afternoon without a word will be back before the frost tonight",
    "are the trains running",
    "who pays for my broken fridge",
    "you said four o'clock and it is six",
    "hello is anybody there",
];

/// Resident memory of this process and its peak, in megabytes, where the system tells.
fn memory() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let of = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok())
    };
    Some((of("VmRSS:")? / 1000, of("VmHWM:")? / 1000))
}

/// Prints the median and, for machines that others use too, the fastest.
fn report(name: &str, times: impl Iterator<Item = Duration>) {
    let mut times: Vec<Duration> = times.collect();
    times.sort();
    let [median, fastest] = [times[times.len() / 2], times[0]].map(|time| time.as_secs_f64() * 1e3);
    println!("{name}\t{median:10.4} {fastest:10.4} ms");
}

fn main() {
    match env::var(ONLY).as_deref() {
        Ok("rust-bert") => measure(Backend::RustBert),
        Ok(_) => measure(Backend::BuiltIn),
        Err(_) => table(),
    }
}

/// Measures all backends that were built and prints what they say in columns.
fn table() {
    let names: &[&str] = if cfg!(feature = "rust-bert") { &["built-in", "rust-bert"] } else { &["built-in"] };
    let columns: Vec<Vec<(String, String)>> = names
        .iter()
        .map(|name| {
            let mut child = Command::new(env::current_exe().expect("this program's path"));
            // libtorch's threads would otherwise spin between two messages and slow themselves down where cores are few.
            child.env(ONLY, name).env("OMP_WAIT_POLICY", "passive").stderr(Stdio::inherit());
            let output = child.output().expect("this program runs once more");
            assert!(output.status.success(), "measuring {name} failed");
            let text = String::from_utf8(output.stdout).expect("UTF-8");
            text.lines().filter_map(|line| line.split_once('\t')).map(|(a, b)| (a.into(), b.into())).collect()
        })
        .collect();
    let line = |what: &str, cells: Vec<&str>| {
        print!("{what:<34}");
        for cell in cells {
            print!("{cell:>26}");
        }
        println!();
    };
    line("median and fastest", names.to_vec());
    for (row, (what, _)) in columns[0].iter().enumerate() {
        line(what, columns.iter().map(|column| column[row].1.as_str()).collect());
    }
}

fn open(folder: &Path, backend: Backend) -> Embedder {
    Embedder::open_with(folder, backend, Device::Cpu)
        .unwrap_or_else(|error| panic!("{error}; `evenkeel model fetch` gets it"))
}

fn measure(backend: Backend) {
    let place = Place::find(None).expect("a home folder");
    let folder = place.folder();
    let load = (0..5).map(|_| {
        let started = Instant::now();
        std::hint::black_box(open(folder, backend));
        started.elapsed()
    });
    report("load", load);

    let embedder = open(folder, backend);
    // A number makes each message a new one: nothing comes out of the cache.
    let single = (0..300).map(|n| {
        let text = format!("{SHORT} {n}");
        let started = Instant::now();
        std::hint::black_box(embedder.embed(&text));
        started.elapsed()
    });
    report("one short message, one thread", single);

    for threads in [1, rayon::current_num_threads().max(2)] {
        #[cfg(feature = "rust-bert")]
        if backend == Backend::RustBert {
            tch::set_num_threads(threads.try_into().expect("few threads"));
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let batches = (0..40).map(|n| {
            let texts: Vec<String> = MIXED.iter().map(|text| format!("{text} {}", 100 * threads + n)).collect();
            let started = Instant::now();
            std::hint::black_box(pool.install(|| embedder.embed_all(&texts)));
            started.elapsed()
        });
        report(&format!("32 mixed messages, {threads} thread(s)"), batches);
    }

    let repeated = (0..10_000).map(|_| {
        let started = Instant::now();
        std::hint::black_box(embedder.embed(SHORT));
        started.elapsed()
    });
    report("a repeated message", repeated);
    if let Some((now, peak)) = memory() {
        println!("resident memory, now and at most\t{now:10} {peak:10} MB");
    }
}
