//! Any text to the whole engine, over the sample crisis and with n-grams alone.
#![no_main]

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use evenkeel::{
    classifier::{Classifier, danger, language, mood},
    conversation::{Conversation, Decision, Memory},
    knowledge,
    message::{ConversationId, Incoming},
    policy::Policy,
    responder::{Responder, lessons},
};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;

static RESPONDER: LazyLock<Responder> = LazyLock::new(|| {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let knowledge = knowledge::load(&sample, now()).expect("the sample is there").knowledge.expect("the sample holds");
    let classifier = Classifier::train(&lessons(&knowledge), None);
    Responder::new(Arc::new(knowledge), &Policy::default(), Arc::new(classifier), None)
});

fn now() -> Timestamp {
    "2026-11-21T15:00:00Z".parse().expect("a moment")
}

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let _ = (language::detect(&text), mood::mood(&text), danger::signs(&text));
    let conversation = Conversation {
        id: ConversationId::default(),
        channel: "fuzz".to_owned(),
        place: "fuzz".to_owned(),
        public: false,
        version: 0,
        memory: Memory::default(),
    };
    let turn = RESPONDER.respond(&conversation, &[incoming(&text)], now());
    for reading in &turn.readings {
        let sum: f64 = reading.ranked.iter().map(|ranked| ranked.probability).sum();
        assert!(reading.ranked.iter().all(|ranked| (0.0..=1.0).contains(&ranked.probability)) && sum < 1.000_001, "{sum}");
    }
    if let Decision::Answer(intents) = &turn.decision {
        assert!(intents.iter().all(|intent| RESPONDER.knowledge().intents.contains_key(intent)));
    }
    for reply in &turn.replies {
        assert!(!reply.text.contains("{{"), "a placeholder reached the customer");
    }
});

fn incoming(text: &str) -> Incoming {
    Incoming {
        edits: None,
        reply_to: None,
        channel: "fuzz".to_owned(),
        message_id: "1".to_owned(),
        place: "fuzz".to_owned(),
        contact: "fuzz".to_owned(),
        public: false,
        text: text.to_owned(),
        choice: None,
        attachments: Vec::new(),
        received_at: now(),
    }
}
