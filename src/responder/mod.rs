//! From what a customer wrote to what is said and done about it: the decision and its wording.
//!
//! [`Responder::respond`] is a pure function of the knowledge, the conversation, the messages and the time: no network, no
//! database, no clock and no chance in it.

mod asked;
mod burst;
mod choice;
mod costs;
mod courtesy;
mod cues;
mod decide;
mod places;
mod tongue;
mod wording;

use std::sync::Arc;

use jiff::Timestamp;

use burst::Message;
pub use costs::{Confused, Costs, Thin, Verdict};
use decide::{Plan, Scene};

use crate::{
    classifier::{Classifier, Lesson, Shares, Traffic},
    conversation::{Answered, Conversation, Decision, Memory, Reason, Standing, Turn},
    desk::waiting::Outlook,
    knowledge::{Intent, Knowledge, WISH_INTENT},
    message::Incoming,
    policy::{self, Policy},
    reading::{Language, Mood},
};

/// The knowledge together with the classifier that was trained on it. Swapped whole when the admins' files change.
#[derive(Clone)]
pub struct Responder {
    knowledge: Arc<Knowledge>,
    best: Understanding,
    /// The share of answers that may be wrong.
    max_wrong: f64,
    /// N-grams alone, where a sentence model is there as well.
    quick: Option<Understanding>,
    /// The languages that an intent has examples in.
    understood: Vec<Language>,
    outlook: Outlook,
}

/// A classifier, and the probability from which its answers keep the promise.
#[derive(Clone)]
struct Understanding {
    classifier: Arc<Classifier>,
    /// The share of wrong answers that it is held to.
    held_to: f64,
    threshold: f64,
}

impl Understanding {
    fn new(classifier: Arc<Classifier>, max_wrong: f64, shares: &Shares) -> Self {
        let held_to = if classifier.is_by_n_grams() { max_wrong * policy::N_GRAMS_PART } else { max_wrong };
        let threshold = classifier.promise(held_to, shares).threshold;
        Self { classifier, held_to, threshold }
    }
}

/// What a classifier learns from the knowledge.
#[must_use]
pub fn lessons(knowledge: &Knowledge) -> Vec<Lesson> {
    let lesson = |intent: &Intent| Lesson {
        intent: intent.name.clone(),
        titles: intent.title.values().cloned().collect(),
        examples: intent.examples.values().flatten().cloned().collect(),
        not: intent.not.clone(),
    };
    knowledge.intents.values().map(lesson).collect()
}

impl Responder {
    /// Joins the knowledge with a classifier of its [`lessons`], and finds the probability from which an answer keeps the promise of
    /// `policy`. `quick` is a classifier without a sentence model, for when many wait (see [`Responder::respond_quickly`]).
    #[must_use]
    pub fn new(
        knowledge: Arc<Knowledge>,
        policy: &Policy,
        classifier: Arc<Classifier>,
        quick: Option<Arc<Classifier>>,
    ) -> Self {
        let understanding = |classifier| Understanding::new(classifier, policy.max_wrong, &Shares::ASSUMED);
        let quick = quick.map(understanding);
        let understood = tongue::understood(&knowledge);
        Self {
            knowledge,
            best: understanding(classifier),
            max_wrong: policy.max_wrong,
            quick,
            understood,
            outlook: Outlook::default(),
        }
    }

    /// The same responder with the probability that keeps the promise where messages are as those that came: many that no intent covers
    /// ask for more certainty, few for less. `traffic` is of [`Responder::respond`]'s readings of whole messages.
    #[must_use]
    pub fn heeding(&self, traffic: &Traffic) -> Self {
        let classifier = Arc::clone(&self.best.classifier);
        let shares = classifier.shares(traffic);
        Self { best: Understanding::new(classifier, self.max_wrong, &shares), ..self.clone() }
    }

    /// The same responder, which tells customers who need a person what they can expect. Without it somebody is always there, and nobody
    /// knows how long one waits.
    #[must_use]
    pub fn expecting(&self, outlook: Outlook) -> Self {
        Self { outlook, ..self.clone() }
    }

    #[must_use]
    pub fn knowledge(&self) -> &Knowledge {
        &self.knowledge
    }

    /// The knowledge for who keeps it longer than this responder.
    #[must_use]
    pub fn knowledge_shared(&self) -> Arc<Knowledge> {
        Arc::clone(&self.knowledge)
    }

    #[must_use]
    pub fn classifier(&self) -> &Classifier {
        &self.best.classifier
    }

    /// The probability from which an intent is answered without asking back, 0 to 1.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.best.threshold
    }

    /// What keeping the promise costs, by cross-validation.
    #[must_use]
    pub fn costs(&self) -> Costs {
        let Understanding { classifier, held_to, threshold } = &self.best;
        Costs::of(&self.knowledge, classifier, *threshold, self.max_wrong, *held_to)
    }

    /// Decides what to do about a burst of messages (oldest first) and words the replies.
    #[must_use]
    pub fn respond(&self, conversation: &Conversation, burst: &[Incoming], now: Timestamp) -> Turn {
        self.respond_by(&self.best, conversation, burst, now)
    }

    /// The same by n-grams alone, which take a fraction of the time. They keep the same promise and are held to a stricter one, so they
    /// answer less and give more to people.
    #[must_use]
    pub fn respond_quickly(&self, conversation: &Conversation, burst: &[Incoming], now: Timestamp) -> Turn {
        self.respond_by(self.quick.as_ref().unwrap_or(&self.best), conversation, burst, now)
    }

    /// Whether [`Responder::respond_quickly`] differs from [`Responder::respond`].
    #[must_use]
    pub fn can_hurry(&self) -> bool {
        self.quick.is_some()
    }

    /// What [`Responder::respond`] will read of a burst.
    #[must_use]
    pub fn texts(burst: &[Incoming]) -> Vec<String> {
        burst::texts(burst)
    }

    /// Takes texts of many bursts through the sentence model together, so that to respond to each takes next to no time.
    pub fn foresee(&self, texts: &[&str]) {
        self.best.classifier.foresee(texts);
    }

    fn respond_by(&self, by: &Understanding, conversation: &Conversation, burst: &[Incoming], now: Timestamp) -> Turn {
        let memory = wake(&conversation.memory, now);
        let message = burst::read(burst, &memory.offered, |text| by.classifier.read(text));
        let default = self.knowledge.default_language();
        let language =
            tongue::spoken(message.whole.language, &message.text, memory.language, default, &self.understood);
        turn(&self.scene(by.threshold, language, now), conversation, memory, message)
    }

    /// The turn of last resort, when a message cannot be read at all: a person takes over.
    #[must_use]
    pub fn give_to_person(&self, conversation: &Conversation, now: Timestamp) -> Turn {
        let memory = wake(&conversation.memory, now);
        let language = memory.language.unwrap_or_else(|| self.knowledge.default_language());
        let plan = Plan::last_resort(memory.standing);
        carry_out(&self.scene(self.best.threshold, language, now), conversation, memory, plan, Mood::Calm)
    }

    fn scene(&self, threshold: f64, language: Language, now: Timestamp) -> Scene<'_> {
        let (knowledge, understood, outlook) = (&self.knowledge, &self.understood, &self.outlook);
        Scene { knowledge, threshold, understood, language, outlook, now }
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
fn carry_out(scene: &Scene<'_>, conversation: &Conversation, memory: Memory, mut plan: Plan, mood: Mood) -> Turn {
    plan.escalation = plan.escalation.map(|escalation| scene.expected(escalation));
    let replies = wording::word(scene, &memory, conversation.id, mood, &plan);
    let memory = remember(memory, scene, &plan, !replies.is_empty());
    let promises = scene.promises(&plan);
    Turn { decision: plan.decision, replies, escalation: plan.escalation, promises, memory, readings: Vec::new() }
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
    if let Some(escalation) = &plan.escalation {
        let first = memory.due_at.filter(|_| memory.standing != Standing::Bot);
        memory.due_at = first.or(escalation.due_at);
    }
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
