//! The engine over the sample crisis, without a service around it: what becomes of a stranger's first message.

use std::sync::{Arc, LazyLock};

use evenkeel::{
    classifier::Classifier,
    conversation::{Conversation, Memory, Turn},
    embedding::Embedder,
    knowledge::{self, Knowledge},
    message::{ConversationId, Incoming},
    policy::Policy,
    responder::{Responder, lessons},
};
use jiff::Timestamp;

use super::house::says;

pub static KNOWLEDGE: LazyLock<Arc<Knowledge>> = LazyLock::new(|| {
    let loaded = knowledge::load(env!("CARGO_MANIFEST_DIR").as_ref(), now()).unwrap();
    Arc::new(loaded.knowledge.unwrap())
});

pub static N_GRAMS: LazyLock<Responder> = LazyLock::new(|| responder(None));

pub fn now() -> Timestamp {
    "2026-11-21T15:00:00Z".parse().unwrap()
}

pub fn responder(embedder: Option<Arc<Embedder>>) -> Responder {
    let classifier = Arc::new(Classifier::train(&lessons(&KNOWLEDGE), embedder));
    Responder::new(Arc::clone(&KNOWLEDGE), &Policy::default(), classifier, None)
}

pub fn turn(responder: &Responder, text: &str) -> Turn {
    let conversation = Conversation {
        id: ConversationId::default(),
        channel: "web".into(),
        place: "p".into(),
        public: false,
        version: 0,
        memory: Memory::default(),
    };
    let incoming = Incoming { received_at: now(), ..says("p", "1", text) };
    responder.respond(&conversation, &[incoming], now())
}
