//! The menu of commands, in the languages of the product. An operator who made one at `@BotFather` keeps it.

use teloxide::{
    payloads::{GetMyCommands, SetMyCommands},
    types::BotCommand,
};

/// A language's code, empty where none of the others fits, and what `/help`, `/agent` and `/stop` do.
const MENU: [(&str, [&str; 3]); 17] = [
    ("", ["What this is", "Talk to a person", "No more messages"]),
    ("es", ["Qué es esto", "Hablar con una persona", "No recibir más mensajes"]),
    ("fr", ["À quoi cela sert", "Parler à une personne", "Ne plus recevoir de messages"]),
    ("de", ["Was das hier ist", "Mit einem Menschen sprechen", "Keine Nachrichten mehr"]),
    ("pt", ["O que é isto", "Falar com uma pessoa", "Não receber mais mensagens"]),
    ("it", ["Che cos'è", "Parlare con una persona", "Niente più messaggi"]),
    ("nl", ["Wat dit is", "Met een mens praten", "Geen berichten meer"]),
    ("pl", ["Co to jest", "Rozmowa z człowiekiem", "Bez dalszych wiadomości"]),
    ("uk", ["Що це", "Поговорити з людиною", "Більше не писати мені"]),
    ("ru", ["Что это", "Поговорить с человеком", "Больше не писать мне"]),
    ("ar", ["ما هذا", "التحدث إلى شخص", "إيقاف الرسائل"]),
    ("tr", ["Bu nedir", "Bir insanla konuşun", "Artık mesaj gelmesin"]),
    ("zh", ["这是什么", "与真人交谈", "不再接收消息"]),
    ("ja", ["これについて", "担当者と話す", "メッセージを受け取らない"]),
    ("ko", ["이 서비스는 무엇인가요", "상담원과 대화하기", "메시지 그만 받기"]),
    ("hi", ["यह क्या है", "किसी व्यक्ति से बात करें", "और संदेश न पाएँ"]),
    ("th", ["นี่คืออะไร", "คุยกับเจ้าหน้าที่", "ไม่รับข้อความอีก"]),
];

/// Asks for the menu as it is for most.
pub(super) fn look() -> GetMyCommands {
    GetMyCommands::new()
}

/// The menu, a request for each language.
pub(super) fn requests() -> Vec<SetMyCommands> {
    let request = |(language, texts): &(&str, [&str; 3])| {
        let commands = ["help", "agent", "stop"].iter().zip(texts).map(|(name, text)| BotCommand::new(*name, *text));
        let mut request = SetMyCommands::new(commands);
        request.language_code = Some((*language).to_owned()).filter(|language| !language.is_empty());
        request
    };
    MENU.iter().map(request).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_menu_says_what_each_command_does() {
        let requests = requests();
        insta::assert_json_snapshot!(requests[..2], @r#"
        [
          {
            "commands": [
              {
                "command": "help",
                "description": "What this is"
              },
              {
                "command": "agent",
                "description": "Talk to a person"
              },
              {
                "command": "stop",
                "description": "No more messages"
              }
            ]
          },
          {
            "commands": [
              {
                "command": "help",
                "description": "Qué es esto"
              },
              {
                "command": "agent",
                "description": "Hablar con una persona"
              },
              {
                "command": "stop",
                "description": "No recibir más mensajes"
              }
            ],
            "language_code": "es"
          }
        ]
        "#);
        // The platform takes up to 256 characters, and two letters for a language.
        assert!(
            MENU.iter().all(|(code, texts)| [0, 2].contains(&code.len()) && texts.iter().all(|text| text.len() < 256))
        );
    }
}
