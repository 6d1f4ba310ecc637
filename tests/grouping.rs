//! How well alike questions are told: run by hand on labelled questions, `DATA/covidq_class` (docs/benchmarks.md, "Groups").
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on has failed")]

use std::{collections::HashMap, path::Path, sync::Arc};

use evenkeel::{
    classifier::{Classifier, Likeness},
    conversation::EscalationId,
    desk::grouping::{Groups, Question},
    embedding::{Embedder, place::Place},
    reading::Language,
};

/// The label of lines whose question is not known: two of them may or may not be the same.
const UNKNOWN: &str = "oos";
const ORDERS: u64 = 5;

/// What became of a stream of questions.
#[derive(Default)]
struct Score {
    precision: f64,
    recall: f64,
    rand: f64,
    /// Share of those who joined a group that are near enough to be served, and the precision of these with the group's first member.
    served: f64,
    served_right: f64,
}

#[test]
#[ignore = "a measurement, on data that is not part of the project"]
fn measures_groups_of_labelled_questions() {
    let data = std::env::var("DATA").expect("DATA is the folder of the labelled messages");
    let loaded = evenkeel::knowledge::load(Path::new(env!("CARGO_MANIFEST_DIR")), jiff::Timestamp::now()).unwrap();
    let lessons = evenkeel::responder::lessons(&loaded.knowledge.unwrap());
    let embedder = Arc::new(Embedder::open(Place::find(None).unwrap().folder()).unwrap());
    for (name, classifier) in [
        ("sentence model", Classifier::train(&lessons, Some(embedder))),
        ("n-grams alone", Classifier::train(&lessons, None)),
    ] {
        for files in [&["train", "val"][..], &["test"]] {
            let lines: Vec<(String, String)> = files.iter().flat_map(|file| read(&data, file)).collect();
            let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
            let likeness = classifier.likeness(&texts);
            let mut sum = Score::default();
            for seed in 1..=ORDERS {
                let score = stream(&classifier, &lines, &likeness, seed);
                sum.precision += score.precision / ORDERS as f64;
                sum.recall += score.recall / ORDERS as f64;
                sum.rand += score.rand / ORDERS as f64;
                sum.served += score.served / ORDERS as f64;
                sum.served_right += score.served_right / ORDERS as f64;
            }
            println!(
                "{name}, {}: precision {:.3}, recall {:.3}, adjusted Rand {:.3}; of those who join {:.3} would be served, {:.3} of these rightly",
                files.join("+"),
                sum.precision,
                sum.recall,
                sum.rand,
                sum.served,
                sum.served_right
            );
        }
    }
}

fn read(data: &str, file: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(format!("{data}/covidq_class/{file}.jsonl")).unwrap();
    let line = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        (line["text"].as_str().unwrap().to_owned(), line["intent"].as_str().unwrap().to_owned())
    };
    text.lines().map(line).collect()
}

/// One after the other in a random order, as they arrive.
fn stream(classifier: &Classifier, lines: &[(String, String)], likeness: &[Likeness], seed: u64) -> Score {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    let mut state = seed;
    for i in (1..order.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        order.swap(i, (state >> 33) as usize % (i + 1));
    }
    let mut groups = Groups::new(classifier.background());
    let mut place_of = vec![0; lines.len()];
    let (mut joined, mut served, mut judged, mut right) = (0_u32, 0_u32, 0_u32, 0_u32);
    for i in order {
        let id = EscalationId(i64::try_from(i).unwrap());
        let question = Arc::new(Question::new(&lines[i].0, Some(Language::ENGLISH), likeness[i].clone()));
        place_of[i] = match groups.nearest(&question) {
            Some(near) => {
                joined += 1;
                if near.serve {
                    served += 1;
                    let (own, first) = (&lines[i].1, &lines[near.member.0 as usize].1);
                    if own != UNKNOWN || first != UNKNOWN {
                        judged += 1;
                        right += u32::from(own == first);
                    }
                }
                groups.join(near.place, id, question);
                near.place
            }
            None => groups.open(id, question),
        };
    }
    let (mut together, mut same, mut both) = (0_u32, 0_u32, 0_u32);
    for i in 0..lines.len() {
        for j in 0..i {
            let (a, b) = (&lines[i].1, &lines[j].1);
            if a == UNKNOWN && b == UNKNOWN {
                continue;
            }
            let (alike, joined) = (a == b, place_of[i] == place_of[j]);
            together += u32::from(joined);
            same += u32::from(alike);
            both += u32::from(alike && joined);
        }
    }
    let known: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].1 != UNKNOWN).collect();
    Score {
        precision: f64::from(both) / f64::from(together),
        recall: f64::from(both) / f64::from(same),
        rand: adjusted_rand(known.iter().map(|i| (lines[*i].1.as_str(), place_of[*i]))),
        served: f64::from(served) / f64::from(joined),
        served_right: f64::from(right) / f64::from(judged),
    }
}

/// 1 where the groups are the labels, 0 where they agree no more than by chance.
fn adjusted_rand<'a>(items: impl Iterator<Item = (&'a str, usize)>) -> f64 {
    let (mut cells, mut rows, mut columns, mut all) = (HashMap::new(), HashMap::new(), HashMap::new(), 0.0);
    for (label, place) in items {
        *cells.entry((label, place)).or_insert(0.0) += 1.0;
        *rows.entry(label).or_insert(0.0) += 1.0;
        *columns.entry(place).or_insert(0.0) += 1.0;
        all += 1.0;
    }
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let cells: f64 = cells.values().copied().map(pairs).sum();
    let rows: f64 = rows.values().copied().map(pairs).sum();
    let columns: f64 = columns.values().copied().map(pairs).sum();
    let by_chance = rows * columns / pairs(all);
    (cells - by_chance) / (f64::midpoint(rows, columns) - by_chance)
}
