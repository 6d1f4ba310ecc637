//! From what a customer wrote to what is said and done about it: the decision and its wording.
//!
//! [`Responder::respond`] is a pure function of the knowledge, the conversation, the messages and the time: no network, no
//! database, no clock and no chance in it.

mod burst;
mod choice;
mod decide;
mod tongue;
mod wording;

use std::sync::Arc;

use jiff::Timestamp;

use burst::Message;
use decide::{Plan, Scene};

use crate::{
    classifier::{Classifier, Lesson},
    conversation::{Answered, Conversation, Decision, Memory, Reason, Standing, Turn},
    embedding::Embedder,
    knowledge::Knowledge,
    message::Incoming,
    policy::{self, Policy},
    reading::{Language, Mood},
};

/// The intent by which customers ask for a person. Every set of intents has it.
pub const WISH_INTENT: &str = "talk_to_person";

/// The knowledge together with the classifier that was trained on it. Swapped whole when the admins' files change.
pub struct Responder {
    knowledge: Knowledge,
    classifier: Classifier,
    threshold: f64,
    /// The languages that an intent has examples in.
    understood: Vec<Language>,
}

impl Responder {
    /// Trains the classifier on the knowledge and finds the probability from which an answer keeps the promise of `policy`.
    /// Without a sentence model n-grams alone decide.
    #[must_use]
    pub fn new(knowledge: Knowledge, policy: &Policy, embedder: Option<Arc<Embedder>>) -> Self {
        let lessons: Vec<Lesson> = knowledge
            .intents
            .values()
            .map(|intent| Lesson {
                intent: intent.name.clone(),
                titles: intent.title.values().cloned().collect(),
                examples: intent.examples.values().flatten().cloned().collect(),
                not: intent.not.clone(),
            })
            .collect();
        let classifier = Classifier::train(&lessons, embedder);
        let threshold = classifier.threshold(policy.max_wrong);
        let understood = tongue::understood(&knowledge);
        Self { knowledge, classifier, threshold, understood }
    }

    #[must_use]
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    #[must_use]
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// The probability from which an intent is answered without asking back, 0 to 1.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// Decides what to do about a burst of messages (oldest first) and words the replies.
    #[must_use]
    pub fn respond(&self, conversation: &Conversation, burst: &[Incoming], now: Timestamp) -> Turn {
        let memory = wake(&conversation.memory, now);
        let message = burst::read(burst, &memory.offered, |text| self.classifier.read(text));
        let default = self.knowledge.default_language();
        let language =
            tongue::spoken(message.whole.language, &message.text, memory.language, default, &self.understood);
        turn(&self.scene(language, now), conversation, memory, message)
    }

    /// The turn of last resort, when a message cannot be read at all: a person takes over.
    #[must_use]
    pub fn give_to_person(&self, conversation: &Conversation, now: Timestamp) -> Turn {
        let memory = wake(&conversation.memory, now);
        let language = memory.language.unwrap_or_else(|| self.knowledge.default_language());
        let plan = Plan::last_resort(memory.standing);
        carry_out(&self.scene(language, now), conversation, memory, plan, Mood::Calm)
    }

    fn scene(&self, language: Language, now: Timestamp) -> Scene<'_> {
        Scene { knowledge: &self.knowledge, threshold: self.threshold, understood: &self.understood, language, now }
    }
}

/// One turn, once the message is read.
fn turn(scene: &Scene<'_>, conversation: &Conversation, memory: Memory, message: Message) -> Turn {
    let plan = decide::decide(scene, &memory, conversation.public, &message);
    let mut turn = carry_out(scene, conversation, memory, plan, message.whole.mood);
    turn.readings.push(message.whole);
    turn.readings.extend(message.parts.into_iter().map(|part| part.reading));
    turn
}

/// Words a plan and moves the memory on.
fn carry_out(scene: &Scene<'_>, conversation: &Conversation, memory: Memory, plan: Plan, mood: Mood) -> Turn {
    let replies = wording::word(scene, &memory, conversation.id, mood, &plan);
    let memory = remember(memory, scene, &plan, !replies.is_empty());
    Turn { decision: plan.decision, replies, escalation: plan.escalation, memory, readings: Vec::new() }
}

/// A conversation that slept for a day starts afresh, unless a person still has it.
fn wake(memory: &Memory, now: Timestamp) -> Memory {
    let mut memory = memory.clone();
    let asleep = memory.last_turn_at.is_some_and(|last| now.duration_since(last) > policy::FRESH_AFTER);
    if asleep && memory.standing == Standing::Bot {
        memory = Memory { language: memory.language, turns: memory.turns, ..Memory::default() };
    }
    memory.answered.retain(|answered| now.duration_since(answered.at) <= policy::SAME_QUESTION);
    memory
}

/// What the conversation knows after this turn.
fn remember(mut memory: Memory, scene: &Scene<'_>, plan: &Plan, spoke: bool) -> Memory {
    let now = scene.now;
    memory.language = Some(scene.language);
    memory.turns += 1;
    memory.last_turn_at = Some(now);
    memory.introduced |= spoke;
    memory.answered.extend(plan.answered.iter().map(|intent| Answered { intent: intent.clone(), at: now }));
    memory.clarifications = match plan.decision {
        Decision::Clarify(_) => memory.clarifications.saturating_add(1),
        Decision::Silent => memory.clarifications,
        _ => 0,
    };
    if !matches!(plan.decision, Decision::Silent) {
        memory.offered.clone_from(&plan.offered);
    }
    if let Decision::Escalate(reason) = plan.decision {
        if memory.standing == Standing::Bot {
            memory.standing = Standing::Waiting;
        }
        if let Reason::Danger(danger) = reason
            && !memory.warned.contains(&danger)
        {
            memory.warned.push(danger);
        }
    }
    memory
}

#[cfg(test)]
mod tests;
