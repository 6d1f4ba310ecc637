//! Puts a plan into words: one message with an opening line, the answers and the choices.

use super::decide::{Plan, Say, Scene};
use crate::{
    conversation::{Decision, Memory, Reason},
    knowledge::{DeskValues, Phrase, Said},
    message::{Author, Choice, ConversationId, Outgoing},
    reading::Mood,
};

/// The replies of a plan; none when the bot is silent.
pub(super) fn word(scene: &Scene<'_>, memory: &Memory, id: ConversationId, mood: Mood, plan: &Plan) -> Vec<Outgoing> {
    if plan.say.is_empty() {
        return Vec::new();
    }
    let by = plan.escalation.as_ref().and_then(|escalation| escalation.due_at);
    let desk = DeskValues { agent: None, by, opens: scene.opens() };
    let phrase = |phrase| scene.knowledge.phrase_of_desk(phrase, scene.language, scene.now, &desk);
    let mut body: Vec<Said> = plan
        .say
        .iter()
        .map(|say| match say {
            Say::Answer(said) => said.clone(),
            Say::Phrase(wanted) => phrase(*wanted).with_short(),
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
    let short = Said::short_of(&body);
    let text = before.into_iter().chain(body).chain(after).map(|said| said.text).collect::<Vec<_>>();
    vec![Outgoing {
        text: text.join("\n\n"),
        short: Some(short),
        choices: choices(scene, plan),
        author: Author::Bot,
        language,
    }]
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
