//! Puts a plan into words: one message with an opening line, the answers and the choices.

use unicode_segmentation::UnicodeSegmentation as _;

use super::decide::{Plan, Say, Scene};
use crate::{
    conversation::{Decision, Memory, Reason},
    knowledge::{MAX_SHORT_CHARS, Phrase, Said},
    message::{Author, Choice, ConversationId, Outgoing},
    reading::Mood,
};

/// The replies of a plan; none when the bot is silent.
pub(super) fn word(scene: &Scene<'_>, memory: &Memory, id: ConversationId, mood: Mood, plan: &Plan) -> Vec<Outgoing> {
    if plan.say.is_empty() {
        return Vec::new();
    }
    let phrase = |phrase| scene.knowledge.phrase(phrase, scene.language, scene.now);
    let mut body: Vec<Said> = plan
        .say
        .iter()
        .map(|say| match say {
            Say::Answer(said) => said.clone(),
            Say::Phrase(wanted) => with_short(phrase(*wanted)),
        })
        .collect();

    let mut before = Vec::new();
    let mut after = Vec::new();
    if !memory.introduced {
        // In danger the help comes first; that a machine wrote it can wait one paragraph.
        if in_danger(plan) {
            after.push(phrase(Phrase::Introduction));
        } else {
            before.push(phrase(Phrase::Introduction));
        }
    }
    if let Some(opening) = opening(scene, memory, id, mood, plan) {
        before.push(Said { text: opening, short: None, language: scene.language });
    }

    let language = body.first().map_or(scene.language, |said| said.language);
    if let Some(foreign) = body.iter().position(|said| said.language != scene.language) {
        body.insert(foreign, phrase(Phrase::OtherLanguage));
    }
    let short = short(&body);
    let text = before.into_iter().chain(body).chain(after).map(|said| said.text).collect::<Vec<_>>();
    vec![Outgoing {
        text: text.join("\n\n"),
        short: Some(short),
        choices: choices(scene, plan),
        author: Author::Bot,
        language,
    }]
}

/// A phrase for channels with tight limits: its first sentences, each of which stands for itself.
fn with_short(phrase: Said) -> Said {
    let mut end = 0;
    for sentence in phrase.text.split_sentence_bounds() {
        if phrase.text[..end + sentence.len()].trim_end().chars().count() > MAX_SHORT_CHARS {
            break;
        }
        end += sentence.len();
    }
    Said { short: (end > 0).then(|| phrase.text[..end].trim_end().to_owned()), ..phrase }
}

/// As much of what is said, in order, as channels with tight limits carry: whole parts only, and the first in any case.
fn short(body: &[Said]) -> String {
    let mut text = String::new();
    for said in body {
        let next = said.short.as_ref().unwrap_or(&said.text);
        if !text.is_empty() && text.chars().count() + 1 + next.chars().count() > MAX_SHORT_CHARS {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(next);
    }
    text
}

/// What is offered; under an answer to a question, a person.
fn choices(scene: &Scene<'_>, plan: &Plan) -> Vec<Choice> {
    let asked = plan.answered.iter().any(|intent| !scene.is_courtesy(intent));
    if plan.offered.is_empty() && matches!(plan.decision, Decision::Answer(_)) && asked {
        return vec![scene.phrase_choice(Choice::PERSON, Phrase::Person)];
    }
    plan.offered.clone()
}

fn in_danger(plan: &Plan) -> bool {
    matches!(plan.decision, Decision::Escalate(Reason::Danger(_)))
}

/// A line for the customer's mood, before an answer that matters. Each turn takes the next one, from a start that differs between
/// conversations, so that nobody reads the same line twice in a row.
fn opening(scene: &Scene<'_>, memory: &Memory, id: ConversationId, mood: Mood, plan: &Plan) -> Option<String> {
    if in_danger(plan) || plan.answered.iter().all(|intent| scene.is_courtesy(intent)) {
        return None;
    }
    let lines = scene.knowledge.openings(mood, scene.language, scene.now);
    let start = id.0.as_u128() as usize;
    lines.get(start.wrapping_add(memory.turns as usize).checked_rem(lines.len())?).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::Language;

    fn said(text: &str, short: Option<&str>) -> Said {
        Said { text: text.into(), short: short.map(Into::into), language: Language::ENGLISH }
    }

    #[test]
    fn a_long_phrase_is_shortened_to_whole_sentences() {
        let long = format!(
            "Get to a safe place and call 911 now. {} Do not wait.",
            "Keep away from lines, please. ".repeat(12)
        );
        let short = with_short(said(&long, None)).short.unwrap();
        assert!(
            short.starts_with("Get to a safe place and call 911 now. Keep away") && short.ends_with("please."),
            "{short}"
        );
        assert!(short.chars().count() <= MAX_SHORT_CHARS);
        assert_eq!(with_short(said("A person comes.", None)).short.as_deref(), Some("A person comes."));
        assert_eq!(with_short(said(&"endless ".repeat(60), None)).short, None, "nothing is cut inside a sentence");
    }

    #[test]
    fn what_does_not_fit_any_more_is_left_out_whole() {
        let parts =
            [said("Long.", Some("Boil the water.")), said(&"x".repeat(290), None), said("A person comes.", None)];
        assert_eq!(short(&parts[..1]), "Boil the water.");
        assert_eq!(short(&parts), "Boil the water.");
        assert_eq!(short(&[parts[0].clone(), parts[2].clone()]), "Boil the water. A person comes.");
        assert_eq!(short(&parts[1..]), "x".repeat(290), "the first is said or nothing is");
    }
}
