//! The tone of a message, from phrases that can be read.
//!
//! It chooses an opening line, never the answer, so a wrong guess costs little, but "calm" is the safe one: facts ("there is a fire", "two people
//! are injured") are not moods, however grave. General sentiment lists misread exactly those, hence own lists.

use std::sync::LazyLock;

use super::text;
use crate::reading::Mood;

/// The tone of a text.
pub fn mood(text: &str) -> Mood {
    let plain = text::plain(text);
    let words = text::words(&text::folded(&plain));
    let line = format!(" {} ", words.join(" "));
    let count = |phrases: &Phrases| phrases.iter().filter(|phrase| line.contains(*phrase)).count();
    let shown = |emoji: &str| plain.chars().filter(|c| emoji.contains(*c)).count().min(2);

    let angry = 2 * count(&ANGRY) + count(&CROSS) + 2 * shown("😡🤬😠👿💢🖕") + shown("😤🙄");
    let sad = 2 * count(&SAD) + 2 * shown("😢😭😞😔💔🥺😥");
    let worried = 2 * count(&WORRIED) + 2 * shown("😨😰😱😟😧😖🆘");

    // Shouting and "?!?!" make a feeling stronger; on their own they are haste, except that "HELLO??? ANYONE???" is worry.
    let loud = usize::from(is_shouted(text)) + usize::from(has_run(text, &['!'], 3) || has_run(text, &['!', '?'], 4));
    let pressing = usize::from(has_run(text, &['?'], 3)) + usize::from(is_shouted(text));
    let angry = if angry > 0 { angry + loud } else { 0 };
    let worried = if worried > 0 || pressing == 2 { worried + pressing } else { 0 };

    // Grief first when as strong: to take sadness for anger hurts more than the reverse.
    if sad >= 2 && sad >= angry && sad >= worried {
        Mood::Sad
    } else if angry >= 2 && angry >= worried {
        Mood::Angry
    } else if worried >= 2 {
        Mood::Worried
    } else {
        Mood::Calm
    }
}

/// Phrases between spaces, so that they are found as whole words.
type Phrases = Vec<String>;

fn phrases(list: &str) -> Phrases {
    list.split_whitespace().map(|phrase| format!(" {} ", phrase.replace('_', " "))).collect()
}

/// Anger by itself.
static ANGRY: LazyLock<Phrases> = LazyLock::new(|| {
    phrases(
        "unacceptable ridiculous outrageous disgraceful disgusting pathetic useless incompetent incompetence furious pissed pissed_off fed_up sick_of sick_and_tired \
    sick_to_death worst_company worst_service worst_bot terrible_service horrible_service awful_service shame_on_you are_a_joke is_a_joke what_a_joke total_joke a_disgrace how_dare_you wtf wth bullshit bs \
    screw_you fuck fucking fucked fuckers damn_it goddamn shit shitty crap idiots idiot morons liars lying_to_us lied_to stop_lying you_lied had_enough enough_is_enough i_am_angry im_angry so_angry very_angry \
    im_mad so_mad livid i_hate_you hate_this_company sue_you my_lawyer rip_off ripping_us_off scammers thieves a_scandal dont_care_about_us nobody_cares waste_of_time \
    inaceptable ridiculo vergonzoso verguenza que_asco una_burla una_tomadura_de_pelo inutiles incompetentes estoy_harto estoy_harta estamos_hartos hartos harta harto mierda joder puta carajo \
    idiotas mentirosos ladrones una_estafa indignado indignada indignante pesimo_servicio el_peor_servicio estoy_furioso estoy_furiosa enojado enojada cabreado \
    cabreada ya_basta los_voy_a_demandar es_el_colmo",
    )
});

/// Annoyance: anger only when there is more of it.
static CROSS: LazyLock<Phrases> = LazyLock::new(|| {
    phrases(
        "annoying annoyed frustrating frustrated again_and_again yet_again still_nothing nobody_answers no_one_answers third_time fourth_time for_the_third_time how_many_times \
    seriously terrible horrible awful hate damn stupid hell joke otra_vez nadie_contesta nadie_responde tercera_vez cuantas_veces en_serio fatal terrible horrible odio",
    )
});

static SAD: LazyLock<Phrases> = LazyLock::new(|| {
    phrases(
        "so_sad im_sad i_am_sad heartbroken heartbreaking devastated crying in_tears cried i_cried hopeless given_up giving_up i_give_up lost_everything lost_it_all lost_our_home lost_my_home \
    passed_away died_yesterday died_last_night my_loss grieving mourning so_alone all_alone feel_alone lonely exhausted worn_out cant_take_it_anymore cant_take_this_anymore cant_cope depressed depressing miserable \
    nothing_left broke_my_heart estoy_triste muy_triste llorando desconsolado desconsolada destrozado destrozada lo_perdi_todo lo_perdimos_todo perdimos_todo fallecio murio_ayer \
    tan_sola tan_solo me_siento_sola me_siento_solo sin_esperanza agotado agotada no_puedo_mas ya_no_puedo_mas deprimido deprimida",
    )
});

static WORRIED: LazyLock<Phrases> = LazyLock::new(|| {
    phrases(
        "worried worry worrying scared afraid frightened terrified anxious anxiety nervous panic panicking panicked freaking_out desperate desperately please_help help_please help_me \
    help_us i_need_help_now what_do_i_do what_should_i_do dont_know_what_to_do im_so_cold so_cold freezing getting_cold concerned is_it_dangerous is_it_safe are_we_safe in_danger \
    urgent urgently emergency running_out_of asap newborn_at_home alone_in_the_dark \
    preocupado preocupada preocupados preocupa tengo_miedo da_miedo asustado asustada asustados aterrado aterrada angustia angustiado angustiada nervioso nerviosa desesperado \
    desesperada por_favor_ayuda ayuda_por_favor ayudenme ayudame que_hago no_se_que_hacer urgente emergencia es_peligroso es_seguro mucho_frio socorro",
    )
});

/// Most letters are capitals, in a text long enough that it is no abbreviation.
fn is_shouted(text: &str) -> bool {
    let (mut large, mut small) = (0, 0);
    for c in text.chars().take(crate::policy::MAX_READ_CHARS) {
        large += usize::from(c.is_uppercase());
        small += usize::from(c.is_lowercase());
    }
    large >= 8 && large > 4 * small
}

fn has_run(text: &str, of: &[char], least: usize) -> bool {
    let mut run = 0;
    text.chars().take(crate::policy::MAX_READ_CHARS).any(|c| {
        run = if of.contains(&c) { run + 1 } else { 0 };
        run >= least
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::question("when will the power be back")]
    #[case::fire("there is a fire")]
    #[case::injured("two people are injured on elm street")]
    #[case::danger("a wire is down and sparking")]
    #[case::died("my phone died")]
    #[case::shouted_only("WHEN WILL THE POWER BE BACK")]
    #[case::excited("thanks a lot!!!!")]
    #[case::abbreviation("ETA?")]
    #[case::scam("I got a scam call")]
    #[case::complaint("how do I file a complaint")]
    #[case::spanish("hay un incendio")]
    #[case::empty("")]
    #[case::thumbs("👍")]
    fn facts_and_questions_are_calm(#[case] text: &str) {
        assert_eq!(mood(text), Mood::Calm);
    }

    #[rstest]
    #[case("this is unacceptable")]
    #[case("third time I ask, seriously, nobody answers")]
    #[case("WTF is wrong with you people")]
    #[case("you are useless 😡")]
    #[case("🤬")]
    #[case("I am sick and tired of this")]
    #[case("esto es una vergüenza")]
    #[case("estoy harto de esperar")]
    #[case("so frustrating, THE POWER IS OUT YET AGAIN!!!")]
    fn anger_is_heard(#[case] text: &str) {
        assert_eq!(mood(text), Mood::Angry);
    }

    #[rstest]
    #[case("I'm scared, my baby is cold")]
    #[case("what do I do, the water is rising")]
    #[case("please help")]
    #[case("HELLO??? ANYBODY THERE???")]
    #[case("we are getting really worried here")]
    #[case("tengo miedo")]
    #[case("no sé qué hacer")]
    #[case("😱")]
    fn worry_is_heard(#[case] text: &str) {
        assert_eq!(mood(text), Mood::Worried);
    }

    #[rstest]
    #[case("I just can't take this anymore")]
    #[case("we lost everything")]
    #[case("my husband passed away and now this")]
    #[case("😭😭")]
    #[case("lo perdimos todo")]
    #[case("estoy muy triste")]
    fn sadness_is_heard(#[case] text: &str) {
        assert_eq!(mood(text), Mood::Sad);
    }
}
