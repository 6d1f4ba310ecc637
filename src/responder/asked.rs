//! What a message surely asks, and what of it stays open.

use super::{
    burst::{Message, Part},
    decide::{Scene, WORRY_PROBABILITY},
};
use crate::{
    policy,
    reading::{Concern, Reading},
};

/// A part counts as the story around a question where that question is among so many of its most probable intents…
const NEARBY: usize = 3;

/// …with this probability at least. One of the intents that have nothing to do with a sentence gets up to half of it.
const NEARBY_PROBABILITY: f64 = 0.2;

/// Of so few words hardly one can be about anything else.
const FEW_WORDS: usize = 2;

/// What a message surely asks, and what of it stays open.
pub(super) struct Asked<'m> {
    /// The intents that are surely asked; courtesies alone only where there is nothing else.
    pub sure: Vec<String>,
    /// What was not understood, in order. A person reads it, whatever else is answered.
    pub open: Vec<&'m Reading>,
}

/// Sorts a message. A courtesy answers only what is nothing but courtesy, and what was not understood is never dropped, be it a question
/// or a statement.
pub(super) fn asked<'m>(scene: &Scene<'_>, message: &'m Message) -> Asked<'m> {
    let mut sure = surely(scene, message);
    let mut open = open_beside(scene, message, &sure);
    let has_matters = sure.iter().any(|name| !scene.is_courtesy(name));
    if open.is_empty()
        && (message.cut || concerns(message, has_matters) || (message.parts.is_empty() && sure.is_empty()))
    {
        open.push(&message.whole);
    }
    if !open.is_empty() && !has_matters {
        sure.clear();
    }
    if has_matters {
        sure.retain(|name| !scene.is_courtesy(name));
    }
    Asked { sure: sure.into_iter().map(str::to_owned).collect(), open }
}

/// The same of what stands beside a choice that was picked.
pub(super) fn asked_beside<'m>(scene: &Scene<'_>, message: &'m Message, picked: &'m str) -> Asked<'m> {
    let mut sure = vec![picked];
    for intent in message.parts.iter().filter_map(|part| scene.sure(&part.reading)) {
        if !scene.is_courtesy(intent) && !sure.contains(&intent) {
            sure.push(intent);
        }
    }
    let open = open_beside(scene, message, &sure);
    Asked { sure: sure.into_iter().map(str::to_owned).collect(), open }
}

/// The parts that were not understood, where these intents are surely meant.
fn open_beside<'m>(scene: &Scene<'_>, message: &'m Message, sure: &[&str]) -> Vec<&'m Reading> {
    let matters = || sure.iter().copied().filter(|name| !scene.is_courtesy(name));
    let is_open = |part: &&Part| {
        let best = scene.sure(&part.reading);
        let understood = best.is_some_and(|best| sure.contains(&best) || scene.is_courtesy(best));
        let polite = part.courteous || is_courteous(scene, &part.reading);
        !understood && !polite && !is_around(&part.reading, matters())
    };
    message.parts.iter().filter(is_open).map(|part| &part.reading).collect()
}

/// The intents that are surely meant, by the whole message or by its parts.
fn surely<'m>(scene: &Scene<'_>, message: &'m Message) -> Vec<&'m str> {
    let mut inside: Vec<&str> = Vec::new();
    for intent in message.parts.iter().filter_map(|part| scene.sure(&part.reading)) {
        if !inside.contains(&intent) {
            inside.push(intent);
        }
    }
    let matters = inside.iter().filter(|intent| !scene.is_courtesy(intent)).count();
    let Some(whole) = scene.sure(&message.whole).or_else(|| courtesy(scene, message)) else {
        return if message.halved && matters < 2 { Vec::new() } else { inside };
    };
    // Half of a sentence may be misread where the whole is not.
    let adds = matters >= 2 || (matters == 1 && !message.halved) || scene.is_courtesy(whole);
    if adds && !inside.contains(&whole) {
        // Of a whole that holds several matters, the parts know better.
        if matters == 0 || (matters == 1 && !scene.is_courtesy(whole)) {
            inside.push(whole);
        }
        inside
    } else if adds {
        inside
    } else {
        vec![whole]
    }
}

/// The likeliest courtesy, where the whole is surely one of them, whichever.
fn courtesy<'m>(scene: &Scene<'_>, message: &'m Message) -> Option<&'m str> {
    let best = message.whole.best().filter(|best| scene.is_courtesy(&best.intent))?;
    let short = message.text.split_whitespace().count() <= FEW_WORDS && !message.cries;
    let enough = if short { policy::ASK_BACK.min(scene.threshold) } else { scene.threshold };
    (courtesies(scene, &message.whole) >= enough).then_some(best.intent.as_str())
}

/// Whether a part is more probably a courtesy than not. Less certainty will do than for an answer, because something else in the message
/// is answered or read by a person.
fn is_courteous(scene: &Scene<'_>, reading: &Reading) -> bool {
    courtesies(scene, reading) >= policy::ASK_BACK
}

fn courtesies(scene: &Scene<'_>, reading: &Reading) -> f64 {
    let courtesies = reading.ranked.iter().filter(|ranked| scene.is_courtesy(&ranked.intent));
    courtesies.map(|ranked| ranked.probability).sum()
}

/// Whether a part is the story around one of the matters.
pub(super) fn is_around<'n>(reading: &Reading, mut matters: impl Iterator<Item = &'n str>) -> bool {
    let nearby = || reading.ranked.iter().take(NEARBY).filter(|ranked| ranked.probability >= NEARBY_PROBABILITY);
    matters.any(|matter| nearby().any(|ranked| ranked.intent == matter))
}

/// Whether somebody may be in danger who does not say so: a cry for help beside what was not understood, or an intent of danger that
/// is not probable enough to give its help.
pub(super) fn is_worrying(scene: &Scene<'_>, message: &Message) -> bool {
    let danger = |reading: &Reading| {
        let worrying = reading.ranked.iter().filter(|ranked| ranked.probability >= WORRY_PROBABILITY);
        worrying.into_iter().any(|ranked| scene.is_danger(&ranked.intent))
    };
    message.cries || concerns(message, false) || message.readings().any(danger)
}

/// Whether it shows what is not danger yet and must not wait: a person reads it, whatever is answered. A cry for help that does not say
/// what for asks no more than the matter that is answered.
fn concerns(message: &Message, is_answered: bool) -> bool {
    let concerns = message.readings().filter_map(|reading| reading.concern);
    concerns.into_iter().any(|concern| concern != Concern::Cry || !is_answered)
}
