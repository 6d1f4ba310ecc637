//! Which texts are a sign of danger, and which only look like one.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

fn sign(text: &str) -> Option<DangerSign> {
    signs(text).danger
}

fn danger(text: &str) -> Option<Danger> {
    sign(text).map(|sign| sign.danger)
}

const MUST_FIRE: &[(Danger, &[&str])] = &[
    (
        Danger::Gas,
        &[
            "I smell gas in my kitchen",
            "smel gaz",
            "the co alarm wont stop",
            "el detector de CO no deja de pitar",
            "a tree hit our gas line",
            "generador en el garaje y nos duele la cabeza",
            "theres a strong smell of gas outside",
            "SMELLS LIKE GAS HELP",
            "it smells like rotten eggs in the basement",
            "smell rottn egs in here",
            "no power and now I smell gas",
            "no light smell gas",
            "gas leak on oak street",
            "gaz leek pls hurry",
            "the gas line is hissing",
            "my carbon monoxide alarm is going off",
            "co detector beeping nonstop",
            "carbon monixide alarm",
            "we ran the generator inside and everybody is dizzy",
            "I don't know if this is gas I smell",
            "huele a gas en mi casa",
            "guele a gas",
            "hay olor a gas fuerte",
            "fuga de gas en la calle",
            "suena la alarma de monóxido",
            "estoy sin luz y huele a gas",
            "huele a huevo podrido",
            "I smell g\u{200b}as",
            "I SMELL GASSSS",
            "propane smell near the tank",
            "there is a gas odor by the meter",
        ],
    ),
    (
        Danger::Fire,
        &[
            "my house is on fire",
            "the transformer is on fire",
            "theres a fire at the pole",
            "fire in my kitchen",
            "FIRE!!! HELP",
            "house on 🔥",
            "the house next door is on 🔥🔥🔥",
            "help 🏠🔥",
            "our building 🔥!!",
            "🔥 in my kitchen",
            "mi casa 🔥🔥",
            "hay 🔥 en la cocina",
            "💥 the transformer",
            "smoke coming from the outlet",
            "I can see flames from the meter box",
            "the transformer outside just exploded",
            "something smells burning in the panel",
            "burning smell from the breaker box",
            "house on fier",
            "a tree caught fire next to the wires",
            "smok pouring out of the wall",
            "hay fuego en el poste",
            "se está quemando la casa",
            "huele a quemado en el contador",
            "sale humo del transformador",
            "explotó el transformador",
            "incendio en mi edificio",
            "there is a fire",
            "fire!!",
            "flames on the pole",
            "something is burning at the substation",
            "my panel smells like melted plastic",
            "is it ok to put water on an electric fire",
            "there's a fire behind the fire station",
        ],
    ),
    (
        Danger::DownedLine,
        &[
            "a power line is down in my yard",
            "there is an electric cable in my backyard",
            "pole leaning and wires touch the ground",
            "se reventó el cable de mi casa",
            "un cable en el patio",
            "powerlin down sparkng",
            "there's a wire lying across the road",
            "downed line on maple avenue",
            "downd power line",
            "the wires are hanging low over the driveway",
            "a cable fell on my car",
            "live wire on the ground",
            "a tree took the line down and it is sparking",
            "electric pole snapped and wires everywhere on the ground",
            "power lines down on route 9",
            "line down in front of my house",
            "pole fell over last night",
            "wire dangling from the pole",
            "hay un cable caído en la calle",
            "se cayó un poste",
            "cable de luz en el suelo echando chispas",
            "los cables están colgando",
            "poweline fallen",
            "wires arcing behind the school",
        ],
    ),
    (
        Danger::Life,
        &[
            "my dad is not breathing",
            "my wife collapsed",
            "he touched the wire and isn't moving",
            "she fell and can't move",
            "this is a medical emergency",
            "es una emergencia médica",
            "water everywhere, we can't get out",
            "911 is not answering",
            "I am on home oxygen and there is no power",
            "the battery of my medical device is running low",
            "I can't breathe",
            "cant breath",
            "she is unconscious",
            "he's bleeding badly",
            "my mother is trapped in the elevator",
            "we are trapped",
            "my son got electrocuted",
            "I think he is having a heart attack",
            "call an ambulance",
            "my oxygen concentrator battery is dying",
            "mom's ventilator ran out of power",
            "dialysis machine has no power",
            "the backup battery of my ventilator has 20 minutes left",
            "my husband depends on oxygen and we have no electricity",
            "oxigen tank almost out",
            "someone is hurt",
            "my grandma is dying",
            "no puede respirar",
            "mi madre no respira",
            "mi papá está inconsciente",
            "hay personas atrapadas",
            "alguien está herido",
            "el respirador de mi hijo se queda sin batería",
            "concentrador de oxígeno sin luz",
            "chest pain and dizzy",
            "baby is freezing to death",
            "someone touched the wire and is unresponsive",
        ],
    ),
    (
        Danger::Violence,
        &[
            "my husband hit me and i cant leave",
            "someone is breaking into my house",
            "they are going to kill us",
            "I will burn down your office",
            "armed men at the gate",
            "mi marido me pega",
            "mein mann schlägt mich",
        ],
    ),
    (
        Danger::SelfHarm,
        &[
            "I want to kill myself",
            "I can't go on like this",
            "nobody would miss me",
            "I see no reason to keep living",
            "I will cut myself",
            "I have the pills here",
            "there's no point in going on",
            "life is not worth living",
            "he says he will take his own life",
            "no le veo sentido a seguir viviendo",
            "estarían mejor sin mí",
            "quiero acabar con todo",
            "mi hermano dice que quiere morir",
            "what if someone says they want to die",
            "i want to die",
            "I'm going to hurt myself",
            "thinking about suicide",
            "feeling suicidal",
            "im going to end my life",
            "I don't want to live anymore",
            "there is no reason to live",
            "everyone would be better off without me",
            "my brother wants to kill himself",
            "sucide",
            "kms",
            "no quiero vivir más",
            "me quiero morir",
            "quiero matarme",
            "voy a quitarme la vida",
            "I just want to end it all",
            "I can\u{2bc}t go on",
            "I can\u{2032}t go on",
            "i can\u{b4}t go on",
            "i can\u{ff07}t go on",
            "i took all my sleeping pills",
            "whats the point of living",
            "i'm going to jump",
        ],
    ),
];

const MUST_NOT_FIRE: &[&str] = &[
    "",
    "🔥",
    "🔥🔥🔥",
    "this is 🔥",
    "this app is on 🔥",
    "you guys are on 🔥 today",
    "the new website 🔥 love it",
    "house music all night 🔥",
    "great service 🔥 so fast",
    "power is back at home, you are the best 🔥",
    "no 🔥 in the house",
    "going 🏠 now",
    "where is a ⛽ that is open",
    "when will the power be back",
    "who fixes a broken meter",
    "is there priority for people on life support",
    "where do I throw away a ventilator filter",
    "power is down",
    "the power is down again",
    "line is busy",
    "your line is always busy",
    "internet line down",
    "my internet line is down",
    "phone line down since monday",
    "the cable tv is out",
    "my cable is down",
    "wifi down",
    "the website is down",
    "gas bill",
    "why is my gas bill so high",
    "is there a gas station open",
    "gas prices are crazy",
    "I ran out of gas",
    "I don't smell gas",
    "there is no smell of gas",
    "no huele a gas",
    "there is no gas leak here, right",
    "this smells fishy",
    "small gas generator price",
    "fire the manager",
    "you should fire whoever runs this",
    "is the fire department hiring",
    "where is the nearest fire station",
    "my fire stick does not work",
    "happy fireworks",
    "burning question for you",
    "you are burning money",
    "there is no fire",
    "my phone died",
    "my phone is dying",
    "this outage is killing me",
    "you are killing me",
    "dying to know when it is back",
    "I nearly had a heart attack when I saw the bill",
    "you are bleeding me dry",
    "nobody is hurt",
    "no one is hurt, just angry",
    "street light down",
    "the street light on my road is out",
    "waiting in line for an hour",
    "how do I register my oxygen concentrator",
    "what do I do with spoiled food",
    "cómo te llamas",
    "cuándo vuelve la luz",
    "por qué me llamas",
    "la línea está ocupada",
    "mi línea telefónica no funciona",
    "no tengo internet",
    "where do I get dry ice",
    "how can I volunteer",
    "kill time until the power is back",
    "that joke made me die laughing",
    "how much does a carbon monoxide detector cost",
    "can I run a generator in the garage",
    "he broke up with me over the phone",
    "my fridge died, who pays",
    "I want to cancel my appointment",
    "I live on line street",
    "the bottom line is that you are slow",
    "everything in my freezer is rotten",
    "hundreds of outages",
    "I lost my wallet",
    "tell me a joke",
    "what are you people doing",
    "people are doing nothing",
    "they taped it shut",
    "it was broken so we posted a complaint",
    "I can't go on your website",
    "we can't go on holiday",
    "thanks for fixing the downed line yesterday",
    "the burning smell is gone, thanks",
    "what number do I call if I ever see a downed line?",
    "do downed lines cause the outage",
    "how do I report a fire hazard in future",
    "you guys are on fire today",
    "killing himself laughing",
    "I'd rather die than call your hotline",
    "my car is trapped in the garage",
    "trapped in your phone menu",
    "the septic pump stopped",
    "bom dia",
    "that was an insult",
    "quiero la descarga de mi factura",
    "een kopie van mijn factuur",
];

#[test]
fn every_sign_of_danger_is_seen() {
    let missed: Vec<_> = MUST_FIRE
        .iter()
        .flat_map(|(expected, texts)| texts.iter().map(move |text| (*expected, *text)))
        .filter(|(expected, text)| danger(text) != Some(*expected))
        .map(|(expected, text)| format!("{text}: {:?} instead of {expected:?}", sign(text)))
        .collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn harmless_words_raise_no_alarm() {
    let false_alarms: Vec<_> =
        MUST_NOT_FIRE.iter().filter_map(|text| sign(text).map(|sign| format!("{text}: {}", sign.rule))).collect();
    assert!(false_alarms.is_empty(), "{false_alarms:#?}");
}

#[rstest]
#[case("my dad can't breathe and I smell gas", Danger::Life)]
#[case("the house is on fire because of the gas leak", Danger::Fire)]
fn the_most_urgent_danger_is_named(#[case] text: &str, #[case] expected: Danger) {
    assert_eq!(danger(text), Some(expected));
}

#[test]
fn the_rule_is_named_and_the_words_are_not_repeated() {
    assert_eq!(sign("smel gaz"), Some(DangerSign { danger: Danger::Gas, rule: "gas.smell".to_owned() }));
}

/// Language, danger (`none`: it only looks like one), text.
fn lines() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    include_str!("languages.txt").lines().filter_map(|line| {
        let (language, rest) = line.split_once('\t')?;
        rest.split_once('\t').map(|(danger, text)| (language, danger, text))
    })
}

#[test]
fn danger_is_seen_in_every_language_whatever_the_intents_speak() {
    let wrong: Vec<_> = lines()
        .filter(|(_, expected, text)| danger(text).map_or("none", Danger::as_str) != *expected)
        .map(|(language, expected, text)| format!("{language} {text}: {:?} instead of {expected}", sign(text)))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for language in ["fr", "de", "pt", "it", "nl", "pl", "uk", "ru", "ar", "tr", "zh", "ja", "hi"] {
        for danger in Danger::ALL {
            assert!(lines().any(|(of, sign, _)| of == language && sign == danger.as_str()), "{language} {danger:?}");
        }
    }
}

#[test]
fn an_english_word_is_no_misspelt_foreign_sign() {
    for text in ["polar bears in the house", "a new brand in our house", "chad is a country", "in brand new condition"]
    {
        assert_eq!(sign(text), None, "{text}");
    }
}

#[test]
fn every_line_of_the_rules_is_understood() {
    assert_eq!(RULES.problems, Vec::<String>::new());
}

proptest! {
    #[test]
    fn any_text_can_be_searched(text in "\\PC{0,300}") {
        let _ = sign(&text);
    }

    #[test]
    fn words_around_a_sign_do_not_hide_it(before in "(hello |my cat |since noon |please ){0,3}", after in "( thanks| now| ok){0,3}") {
        let text = format!("{before}I smell gas{after}");
        prop_assert_eq!(danger(&text), Some(Danger::Gas));
    }
}
