//! Puts a plan into words: one message with an opening line, the answers and the choices.

use super::decide::{Plan, Say, Scene};
use crate::{
    conversation::{Decision, Memory, Reason},
    desk::waiting::before,
    knowledge::{DeskValues, Phrase, Said},
    message::{Author, Choice, ConversationId, Outgoing},
    reading::Mood,
};

/// The replies of a plan; none when the bot is silent.
pub(super) fn word(scene: &Scene<'_>, memory: &Memory, id: ConversationId, mood: Mood, plan: &Plan) -> Vec<Outgoing> {
    if plan.say.is_empty() {
        return Vec::new();
    }
    // Shortly before it the clocks name a new time.
    let named = || memory.due_at.filter(|due_at| before(*due_at, scene.now) > scene.now);
    let by = plan.escalation.as_ref().map_or_else(named, |escalation| escalation.due_at);
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
        if in_danger(plan) || is_urgent(plan) {
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

/// It begins with whom to call.
fn is_urgent(plan: &Plan) -> bool {
    matches!(plan.say.first(), Some(Say::Phrase(Phrase::Urgent)))
}

/// A line for the customer's mood, before an answer that matters; another where there is none and a person or a question back takes its
/// place. Each turn takes the next one, from a start that differs between conversations, so that nobody reads the same line twice in a row.
fn opening(scene: &Scene<'_>, memory: &Memory, id: ConversationId, mood: Mood, plan: &Plan) -> Option<String> {
    if in_danger(plan) || is_urgent(plan) {
        return None;
    }
    let answers = plan.say.iter().any(|say| matches!(say, Say::Answer(_)));
    let asked = plan.answered.iter().any(|intent| !scene.is_courtesy(intent));
    let lines = match plan.decision {
        _ if answers && asked => scene.knowledge.openings(mood, scene.language, scene.now),
        Decision::Escalate(_) | Decision::Clarify(_) if !answers => {
            scene.knowledge.empathy(mood, scene.language, scene.now)
        }
        _ => return None,
    };
    let start = id.0.as_u128() as usize;
    lines.get(start.wrapping_add(memory.turns as usize).checked_rem(lines.len())?).cloned()
}
