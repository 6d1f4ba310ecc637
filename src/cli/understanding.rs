//! How well the admins' files are understood, in words: which understanding decides and what the promise costs.

use std::fmt::Write as _;

use serde::Serialize;

use crate::responder::{Confused, Costs, Responder, Thin, Verdict};

/// What `check` and `eval` tell of the understanding.
#[derive(Debug, Serialize)]
pub(super) struct Understanding {
    /// `sentence model` or `n-grams alone`.
    by: &'static str,
    /// Why n-grams alone decide.
    lacking: Option<String>,
    /// The probability from which an intent is answered.
    threshold: f64,
    #[serde(flatten)]
    costs: Costs,
}

impl Understanding {
    pub fn of(responder: &Responder, lacking: Option<String>) -> Self {
        let by = if lacking.is_none() { "sentence model" } else { "n-grams alone" };
        Self { by, lacking, threshold: responder.threshold(), costs: responder.costs() }
    }

    /// A few lines for people.
    pub fn human(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = match &self.lacking {
            None => writeln!(text, "understanding: the sentence model decides"),
            Some(why) => writeln!(text, "understanding: n-grams alone decide, because {why}"),
        };
        let Costs { max_wrong, held_to, promise, least_examples, answered, asked_back, to_a_person, thin, confused } =
            &self.costs;
        let _ = write!(text, "promise: at most {} in 100 answers wrong", trimmed(max_wrong * 100.0));
        let _ = if held_to < max_wrong {
            writeln!(
                text,
                "; n-grams alone are held to {}, because they know words, not meanings",
                trimmed(held_to * 100.0)
            )
        } else {
            writeln!(text)
        };
        let percent = |share: &f64| (share * 100.0).round();
        let _ = match promise {
            Verdict::Kept => writeln!(
                text,
                "  cross-validation says: of 100 questions that the bot may answer, {} are answered alone, {} are asked back, {} go to a person",
                percent(answered),
                percent(asked_back),
                percent(to_a_person)
            ),
            Verdict::TooFewExamples => writeln!(
                text,
                "  too few examples to keep it: nothing is answered alone, {} of 100 questions are asked back, the rest go to a person. \
                 It takes {least_examples} examples at least, all understood; write 10 to 30 varied lines for each intent",
                percent(asked_back)
            ),
            Verdict::TooAlike => writeln!(
                text,
                "  the examples are confused too often to keep it: nothing is answered alone, {} of 100 questions are asked back, the \
                 rest go to a person. Write more varied lines, or join intents that mean the same",
                percent(asked_back)
            ),
        };
        if !thin.is_empty() {
            let named = thin.iter().map(|Thin { intent, examples }| format!("{intent} ({examples})"));
            let named = named.collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "few examples: {named}; 10 to 30 varied lines for each intent understand best");
        }
        for (place, Confused { intent, taken_for, times, of }) in confused.iter().enumerate() {
            if place == 0 {
                let _ = writeln!(text, "often confused (reword lines that fit both, or add `not` lines):");
            }
            let _ = writeln!(text, "  {intent} taken for {taken_for}: {times} of {of} examples");
        }
        text
    }
}

/// `5`, or `0.5`.
fn trimmed(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understanding(promise: Verdict) -> Understanding {
        Understanding {
            by: "n-grams alone",
            lacking: Some("the sentence model is missing; `evenkeel model fetch` gets it".to_owned()),
            threshold: 0.8,
            costs: Costs {
                max_wrong: 0.05,
                held_to: 0.025,
                promise,
                least_examples: 32,
                answered: 0.614,
                asked_back: 0.25,
                to_a_person: 0.136,
                thin: vec![Thin { intent: "press".to_owned(), examples: 4 }],
                confused: vec![Confused {
                    intent: "refund".to_owned(),
                    taken_for: "claim".to_owned(),
                    times: 3,
                    of: 14,
                }],
            },
        }
    }

    #[test]
    fn people_read_what_the_promise_costs() {
        let verdicts = [Verdict::Kept, Verdict::TooFewExamples, Verdict::TooAlike];
        insta::assert_snapshot!(verdicts.map(|verdict| understanding(verdict).human()).join("\n"));
    }

    #[test]
    fn machines_read_the_same() {
        insta::assert_json_snapshot!(understanding(Verdict::TooFewExamples));
    }

    #[test]
    fn shares_are_said_in_hundreds() {
        assert_eq!([5.0, 0.5, 10.0, 0.1].map(trimmed), ["5", "0.5", "10", "0.1"]);
    }
}
