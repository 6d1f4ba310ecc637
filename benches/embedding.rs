//! The ways to understand a message, side by side: n-grams alone, the built-in sentence encoder and, with `--features rust-bert`, rust-bert. Time
//! to load, memory, and what one and many messages take.
//!
//! `cargo bench --bench embedding [--features rust-bert] [-- --rounds N]`. The model is found as `evenkeel run` finds it. Each contestant
//! lives in a process of its own, so that its memory is its own, and they take turns, a second or less each, so that others who use
//! the machine meanwhile are in the way of all of them. The fastest turn says what each can do; the median says how busy the machine was; the time
//! on the processor is hardly moved by others at all.

use std::{
    env,
    hint::black_box,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::Arc,
    time::Instant,
};

use evenkeel::{
    classifier::Classifier,
    embedding::{Backend, Device, Embedder, place::Place},
    knowledge,
    responder::lessons,
};
use rayon::prelude::*;

/// Names the contestant that a process is; the process without it lets them take turns.
const ONLY: &str = "EVENKEEL_BENCH_CONTESTANT";

/// Those that this build has; what is printed last compares the last two.
const CONTESTANTS: &[&str] =
    if cfg!(feature = "rust-bert") { &["n-grams", "built-in", "rust-bert"] } else { &["n-grams", "built-in"] };

/// How often each loads, before the first round.
const LOADS: usize = 5;
/// How often each takes its turn at the messages, unless `--rounds` says otherwise.
const ROUNDS: usize = 40;
/// New short messages and repeated ones in a turn.
const SINGLES: usize = 10;
const REPEATS: u32 = 2_000;

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

/// The parent: calls one contestant after the other, round after round, and prints what they said.
fn main() {
    if let Ok(name) = env::var(ONLY) {
        return take_turns(&name);
    }
    let arguments: Vec<String> = env::args().collect();
    let named = arguments.iter().position(|argument| argument == "--rounds");
    let rounds = named.map_or(ROUNDS, |at| arguments[at + 1].parse().expect("a number after --rounds"));
    let mut contestants: Vec<Contestant> = CONTESTANTS.iter().map(|name| Contestant::start(name)).collect();
    let turns = (0..LOADS).map(|_| "load".to_owned()).chain((0..rounds).map(|round| round.to_string()));
    for turn in turns.chain(["memory".to_owned()]) {
        for contestant in &mut contestants {
            contestant.turn(&turn);
        }
    }
    print(&contestants);
}

/// A contestant as the parent sees it.
struct Contestant {
    process: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    /// What it measured, by name, in the order of the first turn.
    measured: Vec<(String, Vec<f64>)>,
}

impl Contestant {
    fn start(name: &str) -> Self {
        let mut process = Command::new(env::current_exe().expect("this program's path"))
            .env(ONLY, name)
            // libtorch's threads would otherwise spin between two messages, in the way of the others.
            .env("OMP_WAIT_POLICY", "passive")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program runs once more");
        let (to, from) = (process.stdin.take().expect("piped"), process.stdout.take().expect("piped"));
        Self { process, to, from: BufReader::new(from), measured: Vec::new() }
    }

    /// Lets it take a turn and waits until it has.
    fn turn(&mut self, turn: &str) {
        writeln!(self.to, "{turn}").expect("the contestant listens");
        loop {
            let mut line = String::new();
            let read = self.from.read_line(&mut line).expect("UTF-8");
            assert!(read > 0, "a contestant ended: {:?}", self.process.wait());
            let Some((name, value)) = line.trim_end().split_once('\t') else { return };
            let value = value.parse().expect("a number");
            match self.measured.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value),
                None => self.measured.push((name.to_owned(), vec![value])),
            }
        }
    }
}

fn print(contestants: &[Contestant]) {
    print!("{:<36}", "fastest (median)");
    for name in CONTESTANTS {
        print!("{name:>24}");
    }
    println!("{:>24}", "times as fast (median)");
    for (row, (name, _)) in contestants[0].measured.iter().enumerate() {
        let columns: Vec<(f64, f64)> = contestants
            .iter()
            .map(|contestant| {
                let mut values = contestant.measured[row].1.clone();
                values.sort_by(f64::total_cmp);
                (values[0], values[values.len() / 2])
            })
            .collect();
        print!("{name:<36}");
        for (fastest, median) in &columns {
            print!("{:>24}", format!("{fastest:.4} ({median:.4})"));
        }
        match columns[1..] {
            [ours, theirs] => println!("{:>24}", format!("{:.2} ({:.2})", theirs.0 / ours.0, theirs.1 / ours.1)),
            _ => println!(),
        }
    }
}

/// A contestant at work: a message, and many.
enum Understanding {
    /// All the way to the intents of the sample crisis.
    NGrams(Box<Classifier>),
    Encoder(Box<Embedder>),
}

impl Understanding {
    fn load(name: &str) -> Self {
        let backend = match name {
            "n-grams" => {
                let sample = Path::new(env!("CARGO_MANIFEST_DIR"));
                let loaded = knowledge::load(sample, jiff::Timestamp::now()).expect("the sample crisis");
                let knowledge = Arc::new(loaded.knowledge.expect("the sample holds"));
                return Self::NGrams(Box::new(Classifier::train(&lessons(&knowledge), None)));
            }
            "rust-bert" => Backend::RustBert,
            _ => Backend::BuiltIn,
        };
        let folder = Place::find(None).expect("a home folder").folder().to_owned();
        let embedder = Embedder::open_with(&folder, backend, Device::Cpu)
            .unwrap_or_else(|error| panic!("{error}; `evenkeel model fetch` gets it"));
        Self::Encoder(Box::new(embedder))
    }

    fn one(&self, text: &str) {
        match self {
            Self::NGrams(classifier) => drop(black_box(classifier.read(text))),
            Self::Encoder(embedder) => drop(black_box(embedder.embed(text))),
        }
    }

    fn many(&self, texts: &[String]) {
        match self {
            Self::NGrams(classifier) => texts.par_iter().for_each(|text| drop(black_box(classifier.read(text)))),
            Self::Encoder(embedder) => drop(black_box(embedder.embed_all(texts))),
        }
    }
}

/// Tells libtorch, which has threads of its own, how many it may use.
fn let_libtorch_use(threads: usize) {
    #[cfg(feature = "rust-bert")]
    tch::set_num_threads(threads.try_into().expect("few threads"));
    #[cfg(not(feature = "rust-bert"))]
    let _ = threads;
}

/// The child: does what each line says and answers with lines of a name, a tab and a number, the last of them empty.
fn take_turns(name: &str) {
    let mut understanding = None;
    for turn in std::io::stdin().lines() {
        match turn.expect("UTF-8").as_str() {
            "load" => {
                drop(understanding.take());
                timed("load, ms", 1, || understanding = Some(Understanding::load(name)));
            }
            "memory" => {
                for (what, megabytes) in memory() {
                    println!("{what}\t{megabytes}");
                }
            }
            round => measure(understanding.as_ref().expect("loaded"), round.parse().expect("a number")),
        }
        println!();
    }
}

fn measure(understanding: &Understanding, round: usize) {
    let_libtorch_use(1);
    // What ran before it has left the caches full of other things.
    understanding.one(&format!("good morning {round}"));
    on_the_processor("one short message, processor ms", SINGLES, || {
        for n in 0..SINGLES {
            // A number makes each message a new one: nothing comes out of a cache.
            let text = format!("{SHORT} {}", 100 + round * SINGLES + n);
            timed("one short message, ms", 1, || understanding.one(&text));
        }
    });
    for threads in [1, rayon::current_num_threads().max(2)] {
        let_libtorch_use(threads);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let number = 100 + 2 * round + usize::from(threads > 1);
        // The threads of a pool are slow at first.
        pool.install(|| understanding.many(&MIXED.map(|text| format!("{number} {text}"))[..8]));
        let texts = MIXED.map(|text| format!("{text} {number}"));
        on_the_processor(&format!("32 mixed, {threads} thread(s), processor ms"), 1, || {
            timed(&format!("32 mixed messages, {threads} thread(s), ms"), 1, || {
                pool.install(|| understanding.many(&texts));
            });
        });
    }
    timed("a repeated message, ms", REPEATS, || understanding.one(SHORT));
}

/// Does something so many times and prints how many milliseconds one took.
fn timed(name: &str, times: u32, mut what: impl FnMut()) {
    let started = Instant::now();
    for _ in 0..times {
        what();
    }
    println!("{name}\t{}", (started.elapsed() / times).as_secs_f64() * 1e3);
}

/// Does something that is so many things and prints how many milliseconds of processor time one took, the time of all threads together: what others
/// on the machine do is hardly in it. Where the system does not tell, nothing is printed.
fn on_the_processor(name: &str, times: usize, what: impl FnOnce()) {
    let before = processor_ms();
    what();
    if let (Some(before), Some(after)) = (before, processor_ms()) {
        println!("{name}\t{}", (after - before) / times as f64);
    }
}

/// What the living threads of this process have run, in milliseconds; the system counts every few of them.
fn processor_ms() -> Option<f64> {
    let mut sum = 0.0;
    for thread in std::fs::read_dir("/proc/self/task").ok()? {
        let counted = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        sum += counted.split_whitespace().next()?.parse::<f64>().ok()? / 1e6;
    }
    Some(sum)
}

/// Resident memory of this process and its peak, in megabytes; where the system does not tell, nothing.
fn memory() -> Vec<(&'static str, f64)> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let of = |name: &str| {
        status.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<f64>().ok())
    };
    [("resident memory, MB", "VmRSS:"), ("resident memory at most, MB", "VmHWM:")]
        .into_iter()
        .filter_map(|(what, name)| Some((what, of(name)? / 1e3)))
        .collect()
}
