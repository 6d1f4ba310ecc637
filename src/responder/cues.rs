//! Short lines whose meaning depends on where the conversation stands, in the languages of the product. They are recognised as a
//! whole and never inside a longer sentence. The lines of a list are parted by `|`, language after language.

/// Somebody who waits asks whether anybody is there, or how long it takes.
pub(super) const STILL_THERE: &str = "hello|hello hello|hi|hey|anyone|anybody|anyone there|anybody there|is anyone there|is anybody there|is someone there|\
    hello is anyone there|hello anyone there|are you there|are you still there|you there|still there|how long|\
    how long do i have to wait|how long do we have to wait|how long must i wait|how long will it take|how long does it take|\
    how long will this take|how much longer|how long is the wait|when will someone answer|when will somebody answer|\
    when will a person answer|when will someone reply|still waiting|i am still waiting|im still waiting|i'm still waiting|\
    we are still waiting|nobody answers|no one answers|nobody is answering|no one is answering|why is nobody answering|\
    why does nobody answer|what is taking so long|what's taking so long|whats taking so long|hola|hay alguien|\
    hay alguien ahí|hola hay alguien|siguen ahí|sigue ahí|están ahí|cuánto tengo que esperar|\
    cuánto tiempo tengo que esperar|cuánto tiempo hay que esperar|cuánto hay que esperar|cuánto falta|cuánto tarda|\
    cuánto van a tardar|cuánto más|sigo esperando|seguimos esperando|cuándo me contestan|cuándo me van a contestar|\
    por qué nadie contesta|nadie contesta|nadie responde|bonjour|allô|il y a quelqu'un|y a quelqu'un|vous êtes là|\
    vous êtes toujours là|combien de temps|combien de temps dois-je attendre|j'attends toujours|hallo|ist da jemand|\
    jemand da|ist jemand da|sind sie noch da|wie lange|wie lange noch|wie lange dauert es|wie lange dauert das|\
    wie lange muss ich warten|ich warte immer noch|ich warte noch|olá|tem alguém aí|quanto tempo|\
    quanto tempo tenho que esperar|quanto falta|ainda estou esperando|ciao|pronto|c'è qualcuno|quanto devo aspettare|\
    quanto manca|sto ancora aspettando|is daar iemand|is er iemand|hoe lang nog|hoe lang duurt het|hoe lang moet ik wachten|\
    ik wacht nog steeds|halo|czy ktoś tam jest|jest tam ktoś|jak długo|jak długo mam czekać|ile jeszcze|nadal czekam|алло|\
    привет|здравствуйте|есть кто|есть кто-нибудь|сколько ждать|сколько ещё ждать|сколько еще ждать|долго ещё|долго еще|\
    я всё ещё жду|я все еще жду|привіт|є хто|є хтось|скільки чекати|скільки ще чекати|я досі чекаю|merhaba|alo|kimse var mı|\
    orada mısınız|ne kadar beklemem gerekiyor|ne kadar sürer|daha ne kadar|hala bekliyorum|hâlâ bekliyorum|مرحبا|هل من أحد|\
    هل يوجد أحد|كم يجب أن أنتظر|كم سأنتظر|ما زلت أنتظر|हैलो|नमस्ते|कोई है|कितना इंतज़ार करना होगा|कितनी देर लगेगी|\
    और कितनी देर|もしもし|誰かいますか|どのくらい待ちますか|あとどのくらいですか|まだですか|你好|在吗|有人吗|要等多久|还要等多久|여보세요|안녕하세요|누구 있나요|얼마나 기다려야 하나요|아직 멀었나요|สวัสดี|\
    ฮัลโหล|มีใครอยู่ไหม|ต้องรอนานแค่ไหน|อีกนานไหม";

/// Somebody who was told of help asks what to do.
pub(super) const WHAT_NOW: &str = "what do i do|what do i do now|what should i do|what should i do now|what do we do|what do we do now|what should we do|\
    what should we do now|what can i do|what now|now what|and now|and now what|qué hago|qué hago ahora|y ahora qué|\
    y ahora qué hago|qué debo hacer|qué hacemos|qué hacemos ahora|qué puedo hacer|que faire|que dois-je faire|je fais quoi|\
    qu'est-ce que je fais|et maintenant|was soll ich tun|was soll ich machen|was mache ich jetzt|was nun|was jetzt|\
    und jetzt|o que eu faço|o que eu faço agora|o que faço|o que fazer|e agora|cosa faccio|cosa devo fare|che faccio|\
    e adesso|e ora|wat moet ik doen|wat moet ik nu doen|wat nu|en nu|co mam robić|co robić|co teraz|i co teraz|что делать|\
    что мне делать|что теперь|и что теперь|що робити|що мені робити|що тепер|ne yapmalıyım|ne yapayım|şimdi ne yapacağım|\
    ماذا أفعل|ماذا أفعل الآن|मैं क्या करूँ|अब क्या करूँ|क्या करूँ|अब क्या|どうすればいい|どうすればいいですか|どうしたらいいですか|怎么办|我该怎么办|现在怎么办|\
    어떻게 해야 하나요|이제 어떻게 해요|ต้องทำยังไง|ทำยังไงดี|ต้องทำอย่างไร";

/// Somebody takes back what they asked.
pub(super) const NEVER_MIND: &str = "forget it|forget about it|never mind|nevermind|nvm|no matter|it doesn't matter|doesn't matter|not important|leave it|\
    olvídalo|olvidalo|olvídelo|olvidelo|no importa|déjalo|déjelo|da igual|laisse tomber|laissez tomber|oubliez|tant pis|\
    vergiss es|vergessen sie es|egal|schon gut|macht nichts|hat sich erledigt|esquece|esqueça|deixa pra lá|não importa|\
    lascia stare|lasci stare|lascia perdere|non importa|laat maar|maakt niet uit|nieważne|забудьте|забудь|неважно|не важно|\
    неважливо|boş ver|boşver|önemli değil|لا يهم|रहने दो|छोड़ो|もういいです|忘れてください|算了|没事了|됐어요|ช่างมัน";

/// None of the choices is meant.
pub(super) const NONE: &str = "none|none of these|none of those|none of them|none of the above|neither|neither of them|neither of these|not these|\
    something else|ninguno|ninguna|ninguno de estos|ninguna de estas|ninguno de esos|ninguna de esas|\
    ninguno de los anteriores|ninguna de las anteriores|nada de eso|otra cosa|aucun|aucune|aucun des deux|\
    aucune de ces réponses|ni l'un ni l'autre|autre chose|keins|keines|keine|keins davon|keine davon|keines davon|\
    nichts davon|etwas anderes|nenhum|nenhuma|nenhum desses|nenhuma dessas|nenhuma delas|outra coisa|nessuno|nessuna|\
    nessuno di questi|nessuna di queste|altro|geen|geen van deze|geen van beide|iets anders|żadne|żaden|żadna|żadne z nich|\
    żadna z nich|coś innego|ни один|ни одно|ни один из них|ничего из этого|другое|жоден|жодне|жодна|жодна з них|\
    нічого з цього|інше|hiçbiri|لا شيء|لا شيء من هذا|कोई नहीं|इनमें से कोई नहीं|どれでもない|どれでもありません|どれも違います|都不是|以上都不是|해당 없음|\
    둘 다 아니에요|ไม่มี|ไม่ใช่ทั้งหมด";

/// Yes to an offer.
pub(super) const YES: &str = "yes|yeah|yep|yup|y|yes please|please|please do|ok|okay|sure|of course|go ahead|absolutely|sí|si|sí por favor|\
    si por favor|claro|claro que sí|dale|vale|por favor|oui|oui merci|oui s'il vous plaît|d'accord|volontiers|bien sûr|ja|\
    ja bitte|gerne|klar|sim|sim por favor|pode ser|sì|sì grazie|va bene|certo|ja graag|graag|tak|tak poproszę|poproszę|\
    dobrze|да|да пожалуйста|давайте|хорошо|конечно|так|так будь ласка|добре|звісно|evet|evet lütfen|tamam|olur|نعم|أجل|\
    نعم من فضلك|हाँ|हां|जी हाँ|जी|ठीक है|はい|はいお願いします|お願いします|是|是的|好|好的|要|可以|네|예|네 부탁해요|부탁합니다|ใช่|ใช่ค่ะ|ใช่ครับ|ได้|โอเค";

/// No to an offer.
pub(super) const NO: &str = "no|nope|nah|n|no thanks|no thank you|not now|no gracias|non|non merci|nein|nein danke|não|nao|não obrigado|não obrigada|\
    no grazie|nee|nee dank u|nee dank je|nee bedankt|nie|nie dziękuję|нет|нет спасибо|не надо|ні|ні дякую|hayır|\
    hayır teşekkürler|لا|لا شكرا|नहीं|जी नहीं|नहीं धन्यवाद|いいえ|いいえ結構です|結構です|不|不用|不用了|不要|아니요|아니오|아니요 괜찮아요|ไม่|ไม่ค่ะ|ไม่ครับ|\
    ไม่เป็นไร|ไม่ต้อง";

/// Whether a text is one of these lines, however it is written.
pub(super) fn is_among(lines: &str, text: &str) -> bool {
    let said = words(text);
    !said.is_empty() && lines.split('|').any(|line| words(line) == said)
}

/// Lower-case words with single spaces, without punctuation and Latin accents.
pub(super) fn words(text: &str) -> String {
    let folded = crate::classifier::text::folded(&text.to_lowercase());
    folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether a text is nothing but thumbs up or check marks (`true`), or down (`false`).
pub(super) fn thumbs(text: &str) -> Option<bool> {
    let skin = '\u{1f3fb}'..='\u{1f3ff}';
    let mut shown = text.chars().filter(|c| !c.is_whitespace() && *c != '\u{fe0f}' && !skin.contains(c));
    let one = |c: char| match c {
        '👍' | '👌' | '✅' | '✔' => Some(true),
        '👎' | '❌' | '✖' => Some(false),
        _ => None,
    };
    let first = one(shown.next()?)?;
    shown.all(|c| one(c) == Some(first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_recognised_however_it_is_written_and_only_whole() {
        for text in
            ["Hello?", "HOW LONG DO I HAVE TO WAIT???", "¿Cuanto tengo que esperar?", "还要等多久？", "  hello\n"]
        {
            assert!(is_among(STILL_THERE, text), "{text}");
        }
        for text in ["hello, my house is flooding", "how long is the outage", "", "…"] {
            assert!(!is_among(STILL_THERE, text), "{text}");
        }
        assert!(is_among(WHAT_NOW, "What do I do now?!") && is_among(NEVER_MIND, "forget it."));
    }

    #[test]
    fn no_line_means_two_things() {
        for (one, other) in [(YES, NO), (STILL_THERE, WHAT_NOW), (NEVER_MIND, WHAT_NOW), (YES, NONE), (NO, NONE)] {
            assert_eq!(one.split('|').find(|line| is_among(other, line)), None);
        }
    }

    #[test]
    fn thumbs_say_yes_and_no() {
        assert_eq!([thumbs("👍"), thumbs("👍🏽👍🏽"), thumbs(" 👎 ")], [Some(true), Some(true), Some(false)]);
        assert_eq!([thumbs("👍👎"), thumbs("👍 thanks"), thumbs("")], [None, None, None]);
    }
}
