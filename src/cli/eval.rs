//! `evenkeel eval`: how well labelled messages are understood, and how often the bot would be wrong.

use std::{
    collections::{BTreeMap, HashMap},
    io::{self, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::Timestamp;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    classify::{self, Verdict},
    import::file_name,
    labelled::{self, Labelled, OUT_OF_SCOPE},
    learn, load_knowledge, share,
    terminal::{printable, printable_json},
    understanding::Understanding,
};
use crate::{
    classifier::{Shares, Traffic},
    config::Config,
    conversation::Decision,
    knowledge::Knowledge,
    responder::Responder,
};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Labelled messages, one {"text": …, "intent": …} a line, intent `oos` = should not be answered; `-` is standard input
    file: PathBuf,
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The share of answers that may be wrong, instead of `policy.max_wrong`
    #[arg(long, value_name = "SHARE", value_parser = share)]
    max_wrong: Option<f64>,
    /// Decide as at the start, before any message came; otherwise as a service does that has seen such messages, as many as these, and
    /// knows from them (not from their labels) how many are out of scope
    #[arg(long)]
    fresh: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Table,
    Json,
}

/// Lines that go through the sentence model together.
const TOGETHER: usize = 1_024;

/// How many confusions are named.
const CONFUSIONS: usize = 15;

pub(super) fn run(args: &Args, dir: &Path) -> anyhow::Result<ExitCode> {
    let lines = labelled::read(&args.file)?;
    let (responder, lacking) = learn(Config::load(dir)?, load_knowledge(dir)?, args.max_wrong);
    let labels = Labels::new(responder.knowledge());
    let now = Timestamp::now();
    let understanding = Understanding::of(&responder, lacking);
    let traffic = traffic(&responder, &lines);
    let (responder, shares) = if args.fresh {
        (responder.clone(), Shares::ASSUMED)
    } else {
        (responder.heeding(&traffic), responder.classifier().shares(&traffic))
    };
    let seen: Vec<Seen> = lines
        .par_iter()
        .map(|line| Seen::new(labels.intent(line), &classify::verdict(&responder, &line.text, now)))
        .collect();
    let unknown = lines.iter().filter(|line| matches!(labels.intent(line), Gold::Unknown(_))).count();
    if unknown > 0 {
        eprintln!(
            "{unknown} lines have an intent that {} does not know: they count as not understood; write `{OUT_OF_SCOPE}` for messages that should not be answered",
            dir.display()
        );
    }
    let score = Score::of(&seen, responder.threshold(), shares);
    let mut output = io::stdout().lock();
    match args.format {
        Format::Json => {
            let report = serde_json::to_string_pretty(&Report { score, understanding })?;
            writeln!(output, "{}", printable_json(&report))?;
        }
        Format::Table => {
            score.table(&mut output)?;
            write!(output, "\n{}", understanding.human())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The lines as messages that came.
fn traffic(responder: &Responder, lines: &[Labelled]) -> Traffic {
    let mut traffic = Traffic::default();
    for some in lines.chunks(TOGETHER) {
        responder.foresee(&some.iter().map(|line| line.text.as_str()).collect::<Vec<_>>());
        let probable = |line: &Labelled| responder.classifier().read(&line.text).best().map(|best| best.probability);
        for probability in some.par_iter().filter_map(probable).collect::<Vec<_>>() {
            traffic.note(probability);
        }
    }
    traffic
}

/// From the labels of a file to the intents of the knowledge: by name, by title, or by the file name that `import` makes.
struct Labels<'a> {
    names: HashMap<&'a str, &'a str>,
}

/// What a line should be understood as.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Gold {
    Intent(String),
    /// A label that the knowledge does not have.
    Unknown(String),
    OutOfScope,
}

impl Gold {
    fn is_among(&self, intents: &[String]) -> bool {
        matches!(self, Self::Intent(name) if intents.contains(name))
    }
}

impl<'a> Labels<'a> {
    fn new(knowledge: &'a Knowledge) -> Self {
        let mut names = HashMap::new();
        for intent in knowledge.intents.values() {
            names.extend(intent.title.values().map(|title| (title.as_str(), intent.name.as_str())));
        }
        names.extend(knowledge.intents.keys().map(|name| (name.as_str(), name.as_str())));
        Self { names }
    }

    fn intent(&self, line: &Labelled) -> Gold {
        if line.intent == OUT_OF_SCOPE {
            return Gold::OutOfScope;
        }
        self.names
            .get(line.intent.as_str())
            .or_else(|| self.names.get(file_name(&line.intent).as_str()))
            .map_or_else(|| Gold::Unknown(line.intent.clone()), |name| Gold::Intent((*name).to_owned()))
    }
}

/// What happened to one line.
struct Seen {
    gold: Gold,
    best: Option<String>,
    probability: f64,
    outcome: Outcome,
}

enum Outcome {
    /// Answered; right if the line's intent is among the answered ones.
    Answered {
        right: bool,
    },
    /// Asked back; right if the line's intent is among the choices.
    Clarified {
        right: bool,
    },
    Escalated,
}

impl Seen {
    fn new(gold: Gold, verdict: &Verdict) -> Self {
        let outcome = match &verdict.decided {
            Decision::Answer(intents) => Outcome::Answered { right: gold.is_among(intents) },
            Decision::Clarify(intents) => Outcome::Clarified { right: gold.is_among(intents) },
            Decision::Escalate(_) | Decision::Acknowledge | Decision::Silent => Outcome::Escalated,
        };
        let best = verdict.best.as_ref();
        Self {
            gold,
            best: best.map(|best| best.intent.clone()),
            probability: best.map_or(0.0, |best| best.probability),
            outcome,
        }
    }

    fn label(&self) -> Option<&str> {
        match &self.gold {
            Gold::Intent(name) | Gold::Unknown(name) => Some(name),
            Gold::OutOfScope => None,
        }
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    score: Score,
    understanding: Understanding,
}

/// The figures. All shares are between 0 and 1.
#[derive(Debug, Serialize)]
struct Score {
    lines: usize,
    in_scope: usize,
    oos: usize,
    /// The probability from which an intent is answered.
    threshold: f64,
    /// Of which kinds the decision took the messages to be.
    shares: Shares,
    /// In-scope lines whose most probable intent is right.
    accuracy: Option<f64>,
    /// The mean over the intents of the F1 score of the most probable intent, in-scope lines only.
    macro_f1: Option<f64>,
    /// How well the probability tells in-scope lines from others: the area under the ROC curve.
    auroc: Option<f64>,
    /// Of all lines: answered, asked back, handed to a person.
    answered: f64,
    clarified: f64,
    escalated: f64,
    /// In-scope lines that are answered.
    coverage: Option<f64>,
    /// Answered lines whose answer is wrong; an answered out-of-scope line is wrong.
    wrong_of_answered: Option<f64>,
    /// Out-of-scope lines that are answered.
    oos_answered: Option<f64>,
    /// Lines asked back in which the right intent is among the choices.
    right_of_clarified: Option<f64>,
    confusions: Vec<Confusion>,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Confusion {
    intent: String,
    taken_for: String,
    lines: usize,
}

impl Score {
    fn of(seen: &[Seen], threshold: f64, shares: Shares) -> Self {
        let (inside, outside): (Vec<&Seen>, Vec<&Seen>) = seen.iter().partition(|seen| seen.gold != Gold::OutOfScope);
        let answered = |seen: &Seen| matches!(seen.outcome, Outcome::Answered { .. });
        let count = |lines: &[&Seen], what: &dyn Fn(&Seen) -> bool| lines.iter().filter(|seen| what(seen)).count();
        let all: Vec<&Seen> = seen.iter().collect();
        let total_answered = count(&all, &answered);
        Self {
            lines: seen.len(),
            in_scope: inside.len(),
            oos: outside.len(),
            threshold,
            shares,
            accuracy: ratio(count(&inside, &|seen| seen.best.as_deref() == seen.label()), inside.len()),
            macro_f1: macro_f1(&inside),
            auroc: auroc(&inside, &outside),
            answered: ratio(total_answered, seen.len()).unwrap_or_default(),
            clarified: ratio(count(&all, &|seen| matches!(seen.outcome, Outcome::Clarified { .. })), seen.len())
                .unwrap_or_default(),
            escalated: ratio(count(&all, &|seen| matches!(seen.outcome, Outcome::Escalated)), seen.len())
                .unwrap_or_default(),
            coverage: ratio(count(&inside, &answered), inside.len()),
            wrong_of_answered: ratio(
                count(&all, &|seen| matches!(seen.outcome, Outcome::Answered { right: false })),
                total_answered,
            ),
            oos_answered: ratio(count(&outside, &answered), outside.len()),
            right_of_clarified: ratio(
                count(&all, &|seen| matches!(seen.outcome, Outcome::Clarified { right: true })),
                count(&all, &|seen| matches!(seen.outcome, Outcome::Clarified { .. })),
            ),
            confusions: confusions(&inside),
        }
    }

    fn table(&self, output: &mut impl Write) -> io::Result<()> {
        let percent =
            |share: Option<f64>| share.map_or_else(|| "     –".to_owned(), |share| format!("{:5.1} %", share * 100.0));
        writeln!(output, "{} lines: {} in scope, {} out of scope", self.lines, self.in_scope, self.oos)?;
        writeln!(output)?;
        for (value, what) in [
            (self.accuracy, "accuracy: the most probable intent is right (in-scope lines)"),
            (self.macro_f1, "macro F1 over the intents"),
            (self.auroc, "AUROC: in-scope lines told from out-of-scope ones"),
            (Some(self.answered), "answered (all lines)"),
            (Some(self.clarified), "asked back (all lines)"),
            (Some(self.escalated), "handed to a person (all lines)"),
            (self.coverage, "coverage: in-scope lines answered"),
            (self.wrong_of_answered, "wrong of answered"),
            (self.oos_answered, "out-of-scope lines answered"),
            (self.right_of_clarified, "of lines asked back: the right intent is among the choices"),
        ] {
            writeln!(output, "  {}  {what}", percent(value))?;
        }
        writeln!(output, "\nanswers begin at a probability of {:.3},", self.threshold)?;
        let [in_scope, near, everyday] =
            [self.shares.in_scope, self.shares.near, self.shares.everyday].map(|share| (share * 100.0).round());
        writeln!(
            output,
            "as of 100 messages {in_scope} are taken to be in scope, {near} near it and {everyday} about something else"
        )?;
        if !self.confusions.is_empty() {
            writeln!(output, "\nmost frequent confusions")?;
            for Confusion { intent, taken_for, lines } in &self.confusions {
                writeln!(output, "  {lines:4}  {} taken for {}", printable(intent), printable(taken_for))?;
            }
        }
        Ok(())
    }
}

fn ratio(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn confusions(inside: &[&Seen]) -> Vec<Confusion> {
    let mut pairs: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for seen in inside {
        if let (Some(gold), Some(best)) = (seen.label(), seen.best.as_deref())
            && gold != best
        {
            *pairs.entry((gold, best)).or_default() += 1;
        }
    }
    let mut confusions: Vec<Confusion> = pairs
        .into_iter()
        .map(|((intent, taken_for), lines)| Confusion {
            intent: intent.to_owned(),
            taken_for: taken_for.to_owned(),
            lines,
        })
        .collect();
    confusions.sort_by_key(|confusion| std::cmp::Reverse(confusion.lines));
    confusions.truncate(CONFUSIONS);
    confusions
}

/// The mean of the intents' F1 scores, over the intents that the lines have.
fn macro_f1(inside: &[&Seen]) -> Option<f64> {
    let mut of: BTreeMap<&str, [f64; 3]> = BTreeMap::new();
    for seen in inside {
        let gold = seen.label().unwrap_or_default();
        let best = seen.best.as_deref().unwrap_or_default();
        if gold == best {
            of.entry(gold).or_default()[0] += 1.0;
        } else {
            of.entry(gold).or_default()[1] += 1.0;
            of.entry(best).or_default()[2] += 1.0;
        }
    }
    let golds: Vec<&str> = inside.iter().filter_map(|seen| seen.label()).collect();
    let scores: Vec<f64> = of
        .iter()
        .filter(|(name, _)| golds.contains(name))
        .map(|(_, [hit, missed, extra])| 2.0 * hit / (2.0 * hit + missed + extra))
        .collect();
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

/// The chance that a random in-scope line has a higher probability than a random out-of-scope one, ties counting half.
fn auroc(inside: &[&Seen], outside: &[&Seen]) -> Option<f64> {
    if inside.is_empty() || outside.is_empty() {
        return None;
    }
    let mut outside: Vec<f64> = outside.iter().map(|seen| seen.probability).collect();
    outside.sort_by(f64::total_cmp);
    let wins: f64 = inside
        .iter()
        .map(|seen| {
            let below = outside.partition_point(|other| *other < seen.probability);
            let up_to = outside.partition_point(|other| *other <= seen.probability);
            (below + up_to) as f64 / 2.0
        })
        .sum();
    Some(wins / (inside.len() * outside.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(gold: Option<&str>, best: &str, probability: f64, answered: bool) -> Seen {
        let gold = gold.map_or(Gold::OutOfScope, |gold| Gold::Intent(gold.to_owned()));
        let right = gold == Gold::Intent(best.to_owned());
        let outcome = if answered { Outcome::Answered { right } } else { Outcome::Escalated };
        Seen { gold, best: Some(best.to_owned()), probability, outcome }
    }

    #[test]
    fn the_figures_are_what_their_names_say() {
        let lines = [
            seen(Some("a"), "a", 0.9, true),
            seen(Some("a"), "b", 0.8, true),
            seen(Some("b"), "b", 0.4, false),
            seen(None, "a", 0.6, true),
            seen(None, "b", 0.1, false),
        ];
        let score = Score::of(&lines, 0.5, Shares::ASSUMED);
        assert_eq!((score.lines, score.in_scope, score.oos), (5, 3, 2));
        assert_eq!(score.accuracy, Some(2.0 / 3.0));
        assert_eq!(score.coverage, Some(2.0 / 3.0));
        assert_eq!(score.wrong_of_answered, Some(2.0 / 3.0));
        assert_eq!(score.oos_answered, Some(0.5));
        assert_eq!(score.auroc, Some(5.0 / 6.0));
        // Both intents: one hit, one miss or one false alarm.
        assert_eq!(score.macro_f1, Some(2.0 / 3.0));
        assert_eq!(score.confusions, [Confusion { intent: "a".into(), taken_for: "b".into(), lines: 1 }]);
    }

    #[test]
    fn without_out_of_scope_lines_nothing_is_claimed_about_them() {
        let score = Score::of(&[seen(Some("a"), "a", 0.9, false)], 0.5, Shares::ASSUMED);
        assert_eq!((score.oos_answered, score.auroc, score.wrong_of_answered), (None, None, None));
    }
}
