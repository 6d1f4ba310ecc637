//! The words on the page itself, in the languages it speaks. What is said about the crisis comes from the admins' files.

use serde::Serialize;

use crate::reading::Language;

/// The page's words in one language. The template writes some of them, the script gets all.
#[derive(Debug, Serialize)]
pub(super) struct Words {
    #[serde(skip)]
    pub language: Language,
    pub title: &'static str,
    pub assistant: &'static str,
    pub conversation: &'static str,
    pub message: &'static str,
    pub placeholder: &'static str,
    pub send: &'static str,
    pub keys: &'static str,
    pub you: &'static str,
    pub start_over: &'static str,
    pub delete_title: &'static str,
    pub delete_text: &'static str,
    pub delete_confirm: &'static str,
    pub delete_cancel: &'static str,
    pub deleted: &'static str,
    pub delete_failed: &'static str,
    pub typing: &'static str,
    pub waiting: &'static str,
    pub with_agent: &'static str,
    pub choose: &'static str,
    pub sending: &'static str,
    pub not_sent_yet: &'static str,
    pub refused: &'static str,
    pub edit: &'static str,
    pub too_long: &'static str,
    pub offline: &'static str,
    pub busy: &'static str,
    pub reconnecting: &'static str,
    pub limited: &'static str,
    pub asleep: &'static str,
    pub new_lines: &'static str,
    pub today: &'static str,
    pub yesterday: &'static str,
    pub no_script: &'static str,
    pub call: &'static str,
}

const ENGLISH: Words = Words {
    language: Language::ENGLISH,
    title: "Chat with {company}",
    assistant: "Automated assistant",
    conversation: "Conversation",
    message: "Your message",
    placeholder: "Write your message",
    send: "Send",
    keys: "Enter sends. Shift + Enter starts a new line.",
    you: "You",
    start_over: "Start over",
    delete_title: "Delete this conversation?",
    delete_text: "Everything written here is deleted for good. If you are waiting for a person, they will no longer see your request.",
    delete_confirm: "Delete",
    delete_cancel: "Keep it",
    deleted: "Your conversation was deleted.",
    delete_failed: "The conversation could not be deleted just now. Please try again.",
    typing: "Writing an answer…",
    waiting: "A person will join you here. You can keep writing.",
    with_agent: "You are talking with a person",
    choose: "Choose an answer",
    sending: "Sending…",
    not_sent_yet: "Not sent yet",
    refused: "Not sent",
    edit: "Edit",
    too_long: "This message is too long. Please shorten it or send it in parts.",
    offline: "No connection. What you write is kept and sent when you are back.",
    busy: "The chat is busy. Your message is kept and sent again shortly.",
    reconnecting: "Reconnecting…",
    limited: "That was a lot at once. Your message is kept and sent again in a moment.",
    asleep: "This chat went on in another tab. Select this one to continue here.",
    new_lines: "New messages",
    today: "Today",
    yesterday: "Yesterday",
    no_script: "This chat needs JavaScript, which is switched off in your browser.",
    call: "You can call us at {phone}.",
};

const SPANISH: Words = Words {
    language: Language::SPANISH,
    title: "Chat con {company}",
    assistant: "Asistente automático",
    conversation: "Conversación",
    message: "Su mensaje",
    placeholder: "Escriba su mensaje",
    send: "Enviar",
    keys: "Intro envía. Mayús + Intro empieza una línea nueva.",
    you: "Usted",
    start_over: "Empezar de nuevo",
    delete_title: "¿Borrar esta conversación?",
    delete_text: "Todo lo escrito aquí se borra para siempre. Si espera a una persona, ya no verá su solicitud.",
    delete_confirm: "Borrar",
    delete_cancel: "Conservarla",
    deleted: "Su conversación se ha borrado.",
    delete_failed: "La conversación no se pudo borrar en este momento. Inténtelo de nuevo.",
    typing: "Escribiendo una respuesta…",
    waiting: "Una persona le atenderá aquí. Puede seguir escribiendo.",
    with_agent: "Está hablando con una persona",
    choose: "Elija una respuesta",
    sending: "Enviando…",
    not_sent_yet: "Aún no enviado",
    refused: "No enviado",
    edit: "Editar",
    too_long: "Este mensaje es demasiado largo. Acórtelo o envíelo en partes.",
    offline: "Sin conexión. Lo que escriba se guarda y se envía cuando vuelva.",
    busy: "El chat está ocupado. Su mensaje se guarda y se envía de nuevo en breve.",
    reconnecting: "Conectando de nuevo…",
    limited: "Fueron muchos mensajes seguidos. El suyo se guarda y se envía de nuevo en un momento.",
    asleep: "Este chat continuó en otra pestaña. Seleccione esta para seguir aquí.",
    new_lines: "Mensajes nuevos",
    today: "Hoy",
    yesterday: "Ayer",
    no_script: "Este chat necesita JavaScript, que está desactivado en su navegador.",
    call: "Puede llamarnos al {phone}.",
};

impl Words {
    /// The words in a language, if the page speaks it.
    pub fn of(language: Language) -> Option<&'static Self> {
        [&ENGLISH, &SPANISH].into_iter().find(|words| words.language == language)
    }

    /// What is shown to those whose language the page does not speak.
    pub fn fallback() -> &'static Self {
        &ENGLISH
    }

    /// All of it for the script, as JSON that can stand inside a `script` element.
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default().replace('<', "\\u003c")
    }
}

/// The languages of an `Accept-Language` header (or one given in the address), the most wanted first.
pub(super) fn wanted(header: &str) -> Vec<Language> {
    let mut wanted: Vec<(f32, Language)> = header
        .split(',')
        .filter_map(|part| {
            let mut pieces = part.split(';');
            let code = pieces.next()?.trim().split('-').next()?.to_ascii_lowercase();
            let weight = pieces.find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok()).unwrap_or(1.0);
            (weight > 0.0).then_some((weight, code.parse().ok()?))
        })
        .collect();
    // Stable: equals stay in the browser's order.
    wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
    wanted.into_iter().map(|(_, language)| language).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(header: &str) -> Vec<String> {
        wanted(header).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_most_wanted_language_comes_first() {
        assert_eq!(codes("es-MX,es;q=0.9,en;q=0.8"), ["es", "es", "en"]);
        assert_eq!(codes("en;q=0.3, es;q=0.7"), ["es", "en"]);
        assert_eq!(codes("fr, en;q=0"), ["fr"]);
    }

    #[test]
    fn junk_wants_nothing() {
        assert!(codes("").is_empty());
        assert!(codes("*;q=x,;;;,-,1234,ÿ").is_empty());
    }
}
