//! Whether a message asks for nothing but that we write no more: "stop", alone or with what politeness puts around it.
//!
//! The whole message must consist of such words. "Stop the leak" and "stop lying to me" are read like any other message.

use std::sync::LazyLock;

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

/// Who wants to hear no more says so briefly; longer messages say something else. In characters.
const LONGEST: usize = 100;

/// Said alone they ask us to stop. As a question ("stop?") they do not.
const BARE: &str = "
    stop, stop all, stopall, stop it all, stop now
    parar, pare, paren, alto, detente, deténgase, basta
    arrête, arrêtez
    stopp, stoppen, aufhören
    parem
    fermati, fermatevi
    стоп, хватит
    досить
    dur, durdur
    توقف, توقفوا, قف, ستوب
    रुको, रोको, स्टॉप
    ストップ, 停止, 停, หยุด
    그만, 중지, 스톱
";

/// They ask us to stop, however they are put.
const CLEAR: &str = "
    unsubscribe, unsubscribe me, opt out, optout, opt me out, stop messaging, stop messaging me, stop texting, stop texting me,
    stop writing, stop writing me, stop writing to me, stop sending messages, stop sending me messages, stop sending me these messages,
    stop sending these messages, stop the messages, stop these messages, stop all messages, stop messages, stop contacting me,
    dont message me, dont text me, dont write me, dont write to me, dont contact me, dont send me messages, dont send me any messages,
    do not message me, do not text me, do not write to me, do not contact me, do not send me messages, do not send me any messages,
    no more messages, no more texts, remove me, remove me from your list, remove me from this list, take me off your list,
    i dont want messages, i dont want any messages, i dont want your messages, leave me alone
    darme de baja, quiero darme de baja, dame de baja, deme de baja, no me escriban, no me escribas, no me escriba, no más mensajes,
    dejen de escribirme, deja de escribirme, deje de escribirme, no quiero mensajes, no quiero recibir mensajes, no me envíen mensajes,
    no me envíen más mensajes, no me manden mensajes, no me manden más mensajes, no quiero más mensajes, no quiero recibir más mensajes,
    cancelar suscripción, desuscribir, desuscribirme
    arrêtez de m'écrire, arrête de m'écrire, ne m'écrivez plus, ne m'écris plus, plus de messages, plus de message, je ne veux plus de messages,
    ne m'envoyez plus de messages, désabonner, me désabonner, désabonnez-moi, désinscrire, désinscrivez-moi, je veux me désabonner
    abmelden, abbestellen, melden Sie mich ab, keine Nachrichten mehr, schreiben Sie mir nicht, schreiben Sie mir nicht mehr, schreib mir nicht,
    schreib mir nicht mehr, schreibt mir nicht mehr, hören Sie auf mir zu schreiben, hör auf mir zu schreiben,
    hört auf mir zu schreiben, ich möchte keine Nachrichten, ich möchte keine Nachrichten mehr, ich will keine Nachrichten,
    ich will keine Nachrichten mehr
    cancelar inscrição, descadastrar, me descadastre, me descadastrem, não me escreva, não me escrevam, não me mande mensagens,
    não me mandem mensagens, não me mande mais mensagens, não me mandem mais mensagens, pare de me escrever, parem de me escrever,
    pare de me mandar mensagens, parem de me mandar mensagens, chega de mensagens, não quero mensagens, não quero mais mensagens
    disiscrivimi, disiscrivetemi, annulla iscrizione, non scrivetemi, non scrivermi, non scrivermi più, non scrivetemi più,
    smettete di scrivermi, smettila di scrivermi, basta messaggi, niente messaggi, niente più messaggi, non voglio messaggi,
    non voglio più messaggi
    afmelden, meld me af, uitschrijven, schrijf me uit, geen berichten meer, stuur me geen berichten, stuur me geen berichten meer,
    schrijf me niet, schrijf me niet meer, stop met berichten, stop met schrijven, ik wil geen berichten, ik wil geen berichten meer
    wypisz mnie, wypiszcie mnie, proszę mnie wypisać, nie pisz do mnie, nie piszcie do mnie, nie piszcie, nie piszcie więcej,
    proszę nie pisać, proszę do mnie nie pisać, przestań pisać, przestańcie pisać, przestańcie do mnie pisać, żadnych wiadomości,
    nie chcę wiadomości, nie chcę więcej wiadomości
    отпишите меня, отписаться, хочу отписаться, отписка, не пишите мне, мне не пишите, не пиши мне, не пишите, прекратите писать,
    прекратите мне писать, перестаньте писать, перестаньте мне писать, хватит писать, хватит мне писать, не присылайте сообщения,
    не присылайте мне сообщения, никаких сообщений, никаких больше сообщений
    відпишіть мене, відписатися, хочу відписатися, не пишіть мені, мені не пишіть, не пишіть, не пиши мені, припиніть писати,
    припиніть мені писати, перестаньте писати, перестаньте мені писати, досить писати, не надсилайте повідомлення, ніяких повідомлень
    mesaj istemiyorum, mesaj atmayın, mesaj atma, bana mesaj atmayın, bana mesaj atma, bana yazmayın, bana yazma, mesajları durdur,
    mesajları durdurun, abonelikten çık, abonelikten çıkmak istiyorum, aboneliği iptal et
    إلغاء الاشتراك, ألغ الاشتراك, ألغوا الاشتراك, لا تراسلوني, لا تراسلني, لا تكتبوا لي, لا تكتب لي, لا ترسلوا لي رسائل, لا ترسل لي رسائل,
    توقفوا عن مراسلتي, توقف عن مراسلتي, أوقفوا الرسائل, أوقف الرسائل, لا أريد رسائل, لا أريد المزيد من الرسائل
    मैसेज बंद करो, मैसेज बंद करें, संदेश बंद करो, संदेश बंद करें, मुझे मैसेज मत करो, मुझे मैसेज न करें, मुझे मैसेज मत भेजो,
    मुझे मैसेज न भेजें, मुझे संदेश मत भेजो, मुझे संदेश न भेजें, सदस्यता समाप्त करें, अनसब्सक्राइब
    配信停止, 登録解除, メッセージを止めて, メッセージを停止して, メッセージを送らないで, 送らないで, 連絡しないで, メッセージは要りません,
    メッセージはいりません, 配信を停止して, 配信を止めて
    退订, 退訂, 取消订阅, 取消訂閱, 不要再发了, 別再發了, 别再发了, 不要再發了, 不要再发消息, 不要再發訊息, 别再发消息, 別再發訊息,
    不要再给我发消息, 不要再給我發訊息, 别给我发消息, 別給我發訊息, 停止发送, 停止發送, 停止发送消息, 停止發送訊息, 不要再联系我, 不要再聯繫我
    수신거부, 수신 거부, 그만 보내세요, 그만 보내주세요, 그만 보내 주세요, 메시지 그만, 메시지 그만 보내세요, 메시지 보내지 마세요, 보내지 마세요,
    연락하지 마세요, 구독 취소, 구독취소
    ยกเลิกการสมัคร, ยกเลิกการรับข้อความ, เลิกรับข้อความ, หยุดส่งข้อความ, ไม่ต้องส่งข้อความ, ไม่ต้องส่งข้อความมา, อย่าส่งข้อความ,
    อย่าส่งข้อความมา, ไม่ต้องส่งมา, หยุดติดต่อ, เลิกติดต่อ
";

/// They may stand beside it and change nothing.
const BESIDE: &str = "
    please, pls, plz, thanks, thank you, thank you very much, thx, ty, now, right now, at once, immediately, everything, ok, okay, hi, hello, hey,
    sorry, just, and, anymore, any more, again, ever again, i want to, i would like to, id like to, can you, could you, would you, i said
    por favor, gracias, muchas gracias, ya, ahora, todo, hola, más, nunca más, vale
    s'il vous plaît, s'il te plaît, svp, stp, merci, merci beaucoup, maintenant, tout, bonjour, bonsoir
    bitte, danke, vielen Dank, danke schön, jetzt, sofort, alles, hallo
    obrigado, obrigada, muito obrigado, muito obrigada, agora, tudo, olá, oi, mais, nunca mais
    per favore, per piacere, grazie, grazie mille, adesso, ora, subito, tutto, ciao, buongiorno, più
    alstublieft, alsjeblieft, aub, svp, graag, bedankt, dank u, dank je, dank u wel, dank je wel, nu, alles, hallo, oké
    proszę, dziękuję, dzięki, teraz, wszystko, cześć, dzień dobry, więcej, już
    пожалуйста, спасибо, большое спасибо, сейчас, всё, привет, здравствуйте, больше, ок
    будь ласка, дякую, зараз, все, усе, привіт, добрий день, більше
    lütfen, teşekkürler, teşekkür ederim, sağ ol, sağolun, şimdi, hepsini, merhaba, artık, bir daha
    من فضلك, من فضلكم, لو سمحت, لو سمحتم, رجاء, شكرا, شكرا لك, شكرا لكم, الآن, كل شيء, مرحبا, بعد الآن
    कृपया, प्लीज़, प्लीज, धन्यवाद, शुक्रिया, अभी, सब, नमस्ते, अब
    ください, 下さい, お願いします, ありがとう, ありがとうございます, すぐに, 今すぐ, すべて, 全て, もう, どうか, して
    请, 請, 谢谢, 謝謝, 谢谢你, 謝謝你, 您, 现在, 現在, 全部, 所有, 你好, 您好, 了, 吧, 麻烦, 麻煩
    제발, 부탁합니다, 부탁드립니다, 감사합니다, 고마워요, 고맙습니다, 지금, 모두, 전부, 이제, 더 이상, 해주세요, 해 주세요, 안녕하세요
    กรุณา, โปรด, ขอบคุณ, ครับ, ค่ะ, คะ, นะ, นะคะ, เดี๋ยวนี้, ทั้งหมด, สวัสดี, อีก, แล้ว, ด้วย
";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Bare,
    Clear,
    Beside,
}

/// Every phrase as it is compared.
static PHRASES: LazyLock<Vec<(String, Says)>> = LazyLock::new(|| {
    let lists = [(BARE, Says::Bare), (CLEAR, Says::Clear), (BESIDE, Says::Beside)];
    let phrases = lists.iter().flat_map(|(list, says)| list.split([',', '\n']).map(|phrase| (folded(phrase), *says)));
    phrases.filter(|(phrase, _)| !phrase.is_empty()).collect()
});

/// Whether a message says nothing but that its writer wants to hear no more from us.
pub(super) fn asks(text: &str) -> bool {
    if text.chars().nth(LONGEST).is_some() {
        return false;
    }
    let is_question = text.trim_end().ends_with(['?', '？', '؟']);
    let text = folded(text);
    // What is made up of phrases up to each place, without a wish to stop and with one.
    let mut made = vec![[false; 2]; text.len() + 1];
    made[0][0] = true;
    for (at, _) in text.char_indices() {
        let so_far = made[at];
        if so_far == [false; 2] {
            continue;
        }
        for (phrase, says) in PHRASES.iter().filter(|(_, says)| !(is_question && *says == Says::Bare)) {
            let Some(rest) = text[at..].strip_prefix(phrase.as_str()) else { continue };
            if !(rest.is_empty() || rest.starts_with(' ') || phrase.ends_with(is_unspaced)) {
                continue;
            }
            let next = text.len() - rest.trim_start().len();
            let wish = *says != Says::Beside;
            made[next][0] |= so_far[0] && !wish;
            made[next][1] |= so_far[1] || wish;
        }
    }
    made[text.len()][1]
}

/// Lower case, no accents, no apostrophes, one blank for all that stands between words.
fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    // Before anything is taken apart: some of these would become a blank.
    let silent = |char: &char| {
        matches!(
            char,
            '\'' | '’' | '‘' | '`' | '´' | 'ʼ' | '＇' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
    };
    for char in text.to_lowercase().chars().filter(|char| !silent(char)).nfkd() {
        match char {
            'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            // Accents of Latin and Cyrillic letters, vowel signs of Arabic.
            '\u{300}'..='\u{36f}' | '\u{64b}'..='\u{655}' => {}
            char if char.is_alphanumeric() || is_combining_mark(char) => folded.push(char),
            _ if folded.is_empty() || folded.ends_with(' ') => {}
            _ => folded.push(' '),
        }
    }
    folded.trim_end().nfc().collect()
}

/// Whether its script puts no blanks between words.
fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{e00}'..='\u{e7f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("stop")]
    #[case("  STOP!!! ")]
    #[case("Stop. Thank you")]
    #[case("STOP ALL")]
    #[case("please unsubscribe me")]
    #[case("Could you please stop texting me? Thanks")]
    #[case("Please don’t message me anymore")]
    #[case("ok stop stop STOP 🛑")]
    #[case("¡Alto!")]
    #[case("No me escriban más, por favor. Gracias")]
    #[case("Ne m'écrivez plus svp")]
    #[case("Arretez, merci")]
    #[case("Stopp bitte")]
    #[case("Ich möchte keine Nachrichten mehr. Danke!")]
    #[case("Parem de me mandar mensagens, por favor")]
    #[case("Non scrivetemi più, grazie")]
    #[case("Graag geen berichten meer")]
    #[case("Proszę nie pisać więcej")]
    #[case("Стоп, пожалуйста")]
    #[case("Больше не пишите мне")]
    #[case("Не пишіть мені більше, дякую")]
    #[case("Artık mesaj atmayın lütfen")]
    #[case("توقّف من فضلك")]
    #[case("لا تراسلوني بعد الآن، شكراً")]
    #[case("कृपया मुझे मैसेज न करें।")]
    #[case("ストップ")]
    #[case("もう送らないでください。")]
    #[case("请停止")]
    #[case("不要再给我发消息了，谢谢")]
    #[case("그만 보내세요. 감사합니다")]
    #[case("หยุดส่งข้อความครับ")]
    fn who_wants_to_hear_no_more_is_understood(#[case] text: &str) {
        assert!(asks(text), "{text}");
    }

    #[rstest]
    #[case("")]
    #[case("thank you")]
    #[case("please")]
    #[case("stop the leak")]
    #[case("stop lying to me")]
    #[case("Please stop the gas")]
    #[case("don't stop")]
    #[case("is this the bus stop?")]
    #[case("stop?")]
    #[case("The fire won't stop")]
    #[case("stop, I smell gas")]
    #[case("how do I unsubscribe from paper bills")]
    #[case("non-stop")]
    #[case("stopped")]
    #[case("the bleeding does not stop, thank you")]
    #[case("alto voltaje")]
    #[case("para la fuga")]
    #[case("Hört das bald auf?")]
    #[case("停电了")]
    #[case("停止供水了吗")]
    #[case("止めて火事です")]
    #[case("그만큼 물이 필요해요")]
    #[case("หยุดไฟไหม้")]
    fn what_says_more_is_read_like_any_message(#[case] text: &str) {
        assert!(!asks(text), "{text}");
    }

    #[test]
    fn every_wish_is_one_however_it_is_written() {
        for phrase in BARE.split([',', '\n']).chain(CLEAR.split([',', '\n'])) {
            let phrase = phrase.trim();
            if !phrase.is_empty() {
                assert!(
                    asks(phrase) && asks(&phrase.to_uppercase()) && asks(&format!("{phrase}. Thank you!")),
                    "{phrase}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken(text in "\\PC{0,120}") {
            asks(&text);
        }

        #[test]
        fn a_word_more_makes_it_a_message(text in "[a-z]{3,12}") {
            prop_assume!(!PHRASES.iter().any(|(phrase, _)| *phrase == text));
            let more = format!("stop {text}");
            prop_assert!(!asks(&more), "{}", more);
        }
    }
}
