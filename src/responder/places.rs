//! Which of a few numbered things is meant: "2", "２.", "٢", "②", "option 2", "the second one", "b", "last", in the languages of the product.

use unicode_normalization::UnicodeNormalization as _;

use super::cues;

/// Of so many things at most a place is read: the choices and the person.
pub(super) const MAX: usize = 4;

/// Cardinals and ordinals of the first four, language after language.
const NUMBERS: [&str; MAX] = [
    "one|first|1st|uno|una|primero|primera|un|une|premier|première|eins|erste|ersten|erster|erstes|um|uma|primeiro|primeira|\
    primo|prima|een|één|eerste|jeden|jedna|pierwszy|pierwsza|pierwsze|один|одна|первый|первая|первое|перший|перша|перше|bir|\
    birinci|ilk|واحد|الأول|الأولى|एक|पहला|पहली|一|第一|第一个|一番|一つ目|하나|일|첫번째|หนึ่ง|ข้อหนึ่ง|อันแรก|ข้อแรก",
    "two|second|2nd|dos|segundo|segunda|deux|deuxième|seconde|zwei|zweite|zweiten|zweiter|zweites|dois|duas|due|secondo|\
    seconda|twee|tweede|dwa|dwie|drugi|druga|drugie|два|две|второй|вторая|второе|дві|другий|друга|друге|iki|ikinci|اثنان|\
    اثنين|الثاني|الثانية|दो|दूसरा|दूसरी|二|第二|第二个|二番|二つ目|둘|두번째|สอง|ข้อสอง|อันที่สอง",
    "three|third|3rd|tres|tercero|tercera|trois|troisième|drei|dritte|dritten|dritter|drittes|três|terceiro|terceira|tre|\
    terzo|terza|drie|derde|trzy|trzeci|trzecia|trzecie|три|третий|третья|третье|третій|третя|третє|üç|üçüncü|ثلاثة|الثالث|\
    الثالثة|तीन|तीसरा|तीसरी|三|第三|第三个|三番|三つ目|셋|세번째|สาม|ข้อสาม|อันที่สาม",
    "four|fourth|4th|cuatro|cuarto|cuarta|quatre|quatrième|vier|vierte|vierten|viertes|quatro|quarto|quarta|quattro|vierde|\
    cztery|czwarty|czwarta|czwarte|четыре|четвёртый|четвертый|четвёртая|четвертая|чотири|четвертий|четверта|dört|dördüncü|\
    أربعة|الرابع|الرابعة|चार|चौथा|चौथी|四|第四|第四个|四番|四つ目|넷|네번째|สี่|ข้อสี่|อันที่สี่",
];

const LAST: &str = "last|último|última|ultimo|ultima|dernier|dernière|letzte|letzten|letzter|letztes|laatste|ostatni|ostatnia|ostatnie|\
    последний|последняя|последнее|останній|остання|останнє|son|sonuncu|الأخير|الأخيرة|आखिरी|अंतिम|最后|最后一个|最後|마지막|สุดท้าย|\
    อันสุดท้าย";

/// What may stand around a number and says nothing.
const AROUND: &str = "the|option|number|no|nr|choice|answer|please|pls|i|pick|choose|take|want|mean|meant|would|like|it|is|its|that|my|would|\
    be|opción|número|el|la|por|favor|quiero|es|numéro|le|l|je|veux|choix|réponse|s|il|vous|plaît|der|die|das|den|nummer|\
    bitte|ich|nehme|möchte|opção|o|a|quero|opzione|numero|lo|per|favore|optie|de|het|graag|ik|wil|opcja|opcję|proszę|\
    вариант|номер|пожалуйста|варіант|будь|ласка|seçenek|lütfen|الخيار|رقم|من|فضلك|विकल्प|नंबर|番|번|選択肢|选项|ข้อ|ค่ะ|ครับ";

/// Words that are a number only where there is no other: "the second one", "a".
const WEAK: &str = "one|un|une|een|um|uma|a";

/// The place, counted from 0, that a short answer names of `count` things.
pub(super) fn named(text: &str, count: usize) -> Option<usize> {
    let plain: String = text.nfkc().collect();
    let said = cues::words(&plain);
    let is = |words: &str, word: &str| words.split('|').any(|one| cues::words(one) == word);
    let mut strong: Vec<usize> = Vec::new();
    let mut weak: Vec<usize> = Vec::new();
    for word in said.split(' ') {
        let place = number(word)
            .and_then(|number| number.checked_sub(1))
            .or_else(|| NUMBERS.iter().position(|words| is(words, word)))
            .or_else(|| is(LAST, word).then(|| count.saturating_sub(1)))
            .or_else(|| letter(word));
        match place {
            Some(place) if is(WEAK, word) => weak.push(place),
            Some(place) => strong.push(place),
            None if is(AROUND, word) => {}
            None => return None,
        }
    }
    let place = match (strong[..].first(), strong.len(), weak[..].first(), weak.len()) {
        (Some(place), 1, _, _) | (None, 0, Some(place), 1) => *place,
        _ => return None,
    };
    (place < count).then_some(place)
}

/// A number in the digits of any script that the product speaks.
fn number(word: &str) -> Option<usize> {
    const ZEROS: [char; 5] = ['0', '٠', '۰', '०', '๐'];
    let digit =
        |c: char| ZEROS.iter().find_map(|zero| u32::from(c).checked_sub(u32::from(*zero)).filter(|digit| *digit < 10));
    let digits: Option<Vec<u32>> = word.chars().map(digit).collect();
    match digits?[..] {
        [digit] => usize::try_from(digit).ok(),
        _ => None,
    }
}

/// `b` is the second.
fn letter(word: &str) -> Option<usize> {
    let mut chars = word.chars();
    let c = chars.next().filter(|_| chars.next().is_none())?;
    ('a'..='d').position(|letter| letter == c)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::digit("2")]
    #[case::dot("2.")]
    #[case::full_width("２")]
    #[case::circled("②")]
    #[case::arabic("٢")]
    #[case::persian("۲")]
    #[case::hindi("२")]
    #[case::thai("๒")]
    #[case::option("option 2")]
    #[case::please("2 please")]
    #[case::word("two")]
    #[case::ordinal("the second one")]
    #[case::letter("B")]
    #[case::bracket("b)")]
    #[case::spanish("la segunda, por favor")]
    #[case::german("die zweite bitte")]
    #[case::french("le deuxième")]
    #[case::russian("второй")]
    #[case::chinese("第二个")]
    #[case::japanese("二番")]
    fn the_second_is_named_in_many_ways(#[case] text: &str) {
        assert_eq!(named(text, 3), Some(1));
    }

    #[test]
    fn the_last_is_the_last_that_is_shown() {
        assert_eq!([named("the last one", 3), named("la última", 2), named("one", 3)], [Some(2), Some(1), Some(0)]);
    }

    #[rstest]
    #[case::too_large("4")]
    #[case::zero("0")]
    #[case::two_of_them("1 or 2")]
    #[case::a_person("a person please")]
    #[case::a_sentence("the second fridge is warm")]
    #[case::a_year("2026")]
    #[case::nothing("please")]
    #[case::empty("")]
    fn what_names_no_place_picks_nothing(#[case] text: &str) {
        assert_eq!(named(text, 3), None);
    }
}
