//! The danger signs as data: what must be said for a rule to fire, and what looks alike and is harmless.
//!
//! Words are as `text::words` gives them: lower case, no accents, no apostrophes. Alternatives are separated by spaces; `_` joins words that
//! must follow each other. Words of five letters or more are also found misspelt (see `danger`); for shorter ones the
//! usual misspellings are listed.

pub mod languages;

use crate::reading::Danger::{self, DownedLine, Fire, Gas, Life, SelfHarm};

/// One sign of danger.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Names the rule in the audit trail: danger, dot, what gave it away.
    pub name: &'static str,
    pub danger: Danger,
    /// Each group must be met, within so many words of each other.
    pub groups: &'static [&'static str],
    pub within: usize,
    /// Whether the groups must come in this order.
    pub ordered: bool,
    /// Whether "no", "not" or "without" before it takes the sign back.
    pub negatable: bool,
    /// Fires only in a message of at most so many words.
    pub at_most: usize,
}

const fn near(name: &'static str, danger: Danger, within: usize, groups: &'static [&'static str]) -> Rule {
    Rule { name, danger, groups, within, ordered: false, negatable: true, at_most: usize::MAX }
}

const fn then(name: &'static str, danger: Danger, within: usize, groups: &'static [&'static str]) -> Rule {
    Rule { name, danger, groups, within, ordered: true, negatable: true, at_most: usize::MAX }
}

/// Signs that are said with a negation ("not breathing") or hold despite one.
const fn stands(rule: Rule) -> Rule {
    Rule { negatable: false, ..rule }
}

/// Signs that are plain only in a message that says little else.
const fn alone(at_most: usize, rule: Rule) -> Rule {
    Rule { at_most, ..rule }
}

const WIRES: &str = "powerline powerlines power_line power_lines power_lin electric_line electric_lines electrical_line electrical_lines electricity_line \
    utility_line live_line live_lines wire wires wyre cable cables line lines lin conductor pole poles poste postes cable_electrico tendido";
const DEVICES: &str = "ventilator ventilators oxygen oxigen oxgen o2 concentrator cpap bipap dialysis life_support feeding_pump nebulizer \
    medical_equipment medical_device medical_machine breathing_machine respirador ventilador_mecanico oxigeno concentrador dialisis soporte_vital \
    equipo_medico";
const FAILING: &str = "dying dead died die failing fail failed fails stopped stops stop ran_out running_out run_out runs_out almost_out nearly_out \
    is_out out_of empty beeping low minutes hour_left hours_left min_left mins_left no_power without_power lost_power no_electricity no_backup \
    not_working doesnt_work wont_work shut_off shut_down turned_off off needs_power need_power apago apaga apagando agota agotando acaba acabando sin_luz sin_corriente \
    sin_electricidad se_fue_la_luz sin_bateria no_funciona dejo_de_funcionar";
const HOLDERS: &str = "house home hous kitchen building garage garge apartment flat room bedroom basement attic roof tree trees pole transformer outlet socket \
    meter panel breaker box stove oven generator heater wires wire wall car truck field grass yard street lines line next_door substation something neighbor neighbors neighbour \
    neighbours casa cocina edificio apartamento techo garaje arbol poste transformador contador medidor cuarto vecino vecinos calle";

/// What an emoji of fire is near when it means one.
const HOMES: &str = "house home hous building apartment flat kitchen garage room bedroom basement attic roof tree pole transformer outlet meter panel \
    wires casa edificio apartamento cocina garaje cuarto techo arbol poste transformador contador medidor 🏠 🏡 🏢 🏘 🏚";

/// The emoji that the rules name. None is a sign alone: 🔥 is praise more often than fire.
pub const EMOJI: &[char] = &['🔥', '💥', '⛽', '🏠', '🏡', '🏢', '🏘', '🏚'];

/// In no order: all that fire are compared by urgency.
pub static RULES: &[Rule] = &[
    // Gas and carbon monoxide.
    near(
        "gas.smell",
        Gas,
        7,
        &[
            "smell smells smelling smelled smelt smel smelly odor odour whiff stench stinks stink reeks fumes",
            "gas gaz gass gas_leak natural_gas propane methane ⛽",
        ],
    ),
    near("gas.smell.es", Gas, 6, &["huele huelo olor oler oliendo olemos guele uele apesta", "gas gaz butano propano"]),
    near(
        "gas.leak",
        Gas,
        5,
        &[
            "leak leaks leaking leakage leek leeking lek hiss hissing escaping broken ruptured burst",
            "gas gaz gass gas_line gas_pipe gas_main propane",
        ],
    ),
    near("gas.leak", Gas, 0, &["gasleak gas_leak gaz_leak gas_lek gas_leek leaking_gas"]),
    near(
        "gas.pipe",
        Gas,
        6,
        &[
            "gas_line gas_pipe gas_main gas_meter tuberia_del_gas tuberia_de_gas",
            "fell hit damaged cracked snapped struck broken silbido silba rota roto",
        ],
    ),
    near("gas.leak.es", Gas, 5, &["fuga escape perdida escapando pierde", "gas gaz butano propano"]),
    near("gas.rotten_eggs", Gas, 4, &["rotten roten", "egg eggs eggy egs eg eggz"]),
    near("gas.rotten_eggs.es", Gas, 4, &["huevo huevos", "podrido podridos"]),
    near("gas.sulphur", Gas, 5, &["smell smells smelling smel odor odour", "sulfur sulphur"]),
    near("gas.monoxide", Gas, 0, &["monoxide monoxid monoxido carbon_monoxid"]),
    near(
        "gas.co_alarm",
        Gas,
        7,
        &[
            "co_alarm co_detector co_sensor co2_alarm co2_detector carbon_alarm carbon_detector carbon_monoxide_alarm carbon_monoxide_detector gas_alarm gas_detector \
         alarma_de_gas detector_de_gas alarma_de_co detector_de_co alarma_de_monoxido detector_de_monoxido",
            "going_off went_off goes_off beeping beeps beep sounding ringing screaming blaring triggered chirping wont_stop nonstop keeps no_deja no_para suena sonando pitando sono pita",
        ],
    ),
    near(
        "gas.fumes",
        Gas,
        10,
        &[
            "generator grill exhaust heater generador parrilla asador brasero calentador",
            "dizzy headache headaches nauseous nausea vomiting passed_out faint confused drowsy sleepy duele_la_cabeza mareado mareada mareados dolor_de_cabeza vomitando",
        ],
    ),
    // Fire.
    near(
        "fire.on_fire",
        Fire,
        0,
        &[
            "on_fire onfire on_fir in_flames caught_fire catching_fire catches_fire caught_on_fire up_in_flames burst_into_flames",
        ],
    ),
    near("fire.place", Fire, 5, &["fire fier firee fires wildfire blaze", HOLDERS]),
    near(
        "fire.there_is",
        Fire,
        3,
        &[
            "fire fires wildfire blaze flames",
            "theres there_is there_was big huge small started starting spreading broke_out broken_out help see seeing electrical electric",
        ],
    ),
    near("fire.burning", Fire, 4, &["burning burnin on_fire smoking ablaze smoldering smouldering melting", HOLDERS]),
    near("fire.emoji", Fire, 3, &["on_🔥 en_🔥 caught_🔥 catches_🔥 catching_🔥", HOMES]),
    then("fire.emoji", Fire, 3, &["🔥", "in_the in_my in_our at_the at_my at_our en_la en_el en_mi", HOMES]),
    near(
        "fire.emoji",
        Fire,
        0,
        &[
            "🔥",
            "my_house our_house the_house my_home our_home my_apartment our_apartment the_apartment my_flat our_flat our_building the_building my_kitchen the_kitchen my_garage \
         the_garage my_roof the_roof the_transformer the_pole the_meter my_meter mi_casa la_casa nuestra_casa mi_edificio el_edificio mi_cocina la_cocina el_transformador el_poste \
         🏠 🏡 🏢 🏘 🏚",
        ],
    ),
    near("fire.emoji", Fire, 3, &["💥", "transformer transformador"]),
    near("fire.flashes", Fire, 6, &["flash flashes flashing", "buzz buzzing boom bang"]),
    alone(3, near("fire.alone", Fire, 0, &["fire fier fuego incendio smoke humo"])),
    near(
        "fire.sparks",
        Fire,
        5,
        &[
            "sparks sparking spark sparkin arcing chispas",
            "outlet socket plug panel meter breaker box transformer house wall enchufe contador medidor transformador",
        ],
    ),
    near(
        "fire.flames",
        Fire,
        5,
        &["flames flame", "see coming shooting from out huge house roof everywhere pole tree top transformer meter"],
    ),
    near(
        "fire.smoke",
        Fire,
        5,
        &[
            "smoke smok",
            "coming pouring billowing filling from full everywhere see room house smell smells smelling outlet panel meter wires transformer",
        ],
    ),
    near(
        "fire.burning_smell",
        Fire,
        4,
        &["smell smells smelling smel odor odour", "burning burnt burned smoke smoky melted melting"],
    ),
    near(
        "fire.explosion",
        Fire,
        6,
        &[
            "exploded explosion exploding explode blew_up blown_up",
            "transformer box house meter generator pole building near street outside battery panel",
        ],
    ),
    near(
        "fire.es",
        Fire,
        5,
        &[
            "fuego incendio",
            "hay casa cocina edificio transformador poste arbol contador medidor veo empezo socorro ayuda techo cuarto garaje vecino calle electrico",
        ],
    ),
    near(
        "fire.flames.es",
        Fire,
        0,
        &[
            "en_llamas hay_llamas veo_llamas salen_llamas se_quema se_esta_quemando se_incendia se_incendio se_esta_incendiando esta_ardiendo esta_quemando arde_la prendio_fuego",
        ],
    ),
    near("fire.smoke.es", Fire, 4, &["humo", "sale saliendo hay huele olor veo mucho lleno casa"]),
    near("fire.burning_smell.es", Fire, 3, &["huele olor", "quemado quemada quemando derretido derretida"]),
    near(
        "fire.explosion.es",
        Fire,
        5,
        &["exploto explosion estallo", "transformador poste casa contador medidor calle"],
    ),
    // Power lines on the ground or hanging low.
    then("downed_line.down", DownedLine, 4, &[WIRES, "down downed dwn doun"]),
    near(
        "downed_line.downed",
        DownedLine,
        0,
        &[
            "downed_line downed_lines downed_wire downed_wires downed_cable downed_powerline downed_pole down_line down_lines down_wire down_wires down_powerline \
         downed_power down_power_line down_power_lines downed_electric fallen_line fallen_wire fallen_powerline",
        ],
    ),
    near(
        "downed_line.fell",
        DownedLine,
        5,
        &[
            WIRES,
            "fell fallen falling fallin fel snapped snaped collapsed came_down come_down ripped_down knocked_down brought_down pulled_down broke broken leaning",
        ],
    ),
    near(
        "downed_line.hanging",
        DownedLine,
        5,
        &[
            WIRES,
            "hanging hangin dangling danglin sagging drooping draped tangled low_hanging lying laying laying_across lying_across across_the touching resting",
        ],
    ),
    near(
        "downed_line.sparking",
        DownedLine,
        5,
        &[WIRES, "sparking sparks spark sparkin arcing buzzing crackling humming flashing live exposed bare"],
    ),
    near(
        "downed_line.ground",
        DownedLine,
        5,
        &[
            WIRES,
            "on_the_ground on_ground on_the_road in_the_road on_the_street in_the_street on_the_sidewalk in_my_yard in_our_yard in_the_yard in_my_driveway on_my_driveway \
         on_my_car on_our_car on_a_car on_the_car on_my_roof on_my_house on_the_lawn on_my_lawn on_the_grass in_the_grass in_my_backyard in_the_backyard in_our_backyard in_my_front_yard in_the_garden in_my_garden in_our_garden \
         touch_the_ground touching_the_ground ripped_off torn_off lies_in en_el_patio en_mi_patio en_la_calle en_el_suelo en_el_jardin en_la_acera in_the_water in_a_puddle on_the_fence on_our_street",
        ],
    ),
    near(
        "downed_line.es",
        DownedLine,
        5,
        &[
            "cable cables cable_de_luz poste postes linea lineas tendido alambre alambres",
            "caido caidos caida caidas cayo cayeron colgando cuelga cuelgan suelo tirado tirados chispas chispeando echando_chispas roto rotos revento reventado partio arranco inclinado",
        ],
    ),
    // Life: someone is hurt, trapped or cannot breathe, or equipment that keeps someone alive is failing.
    stands(near(
        "life.breathing",
        Life,
        4,
        &[
            "cant cannot not isnt stopped trouble hard difficulty struggling barely unable difficult short_of",
            "breathe breathing breath breth breathin",
        ],
    )),
    stands(near(
        "life.breathing.es",
        Life,
        3,
        &["no apenas dificultad cuesta dificil puedo_ni", "respira respirar respirando respiro"],
    )),
    near(
        "life.unconscious",
        Life,
        0,
        &[
            "unconscious unconcious unresponsive passed_out blacked_out wont_wake_up not_waking_up inconsciente desmayo desmayado desmayada no_despierta no_reacciona not_reacting no_reacts collapsed colapso isnt_moving not_moving cant_move se_desmayo",
        ],
    ),
    near("life.bleeding", Life, 0, &["bleeding bleading sangrando sangra desangrando desangra"]),
    near(
        "life.heart",
        Life,
        0,
        &[
            "heart_attack hart_attack cardiac_arrest chest_pain chest_pains infarto paro_cardiaco dolor_de_pecho dolor_en_el_pecho having_a_stroke had_a_stroke having_a_seizure seizure convulsiones convulsionando derrame_cerebral ataque_al_corazon",
        ],
    ),
    near(
        "life.trapped",
        Life,
        0,
        &[
            "cant_get_out cannot_get_out no_podemos_salir no_puedo_salir is_under_it alguien_adentro someone_inside_the_collapsed water_is_rising trapped traped stuck_in_the_elevator stuck_in_an_elevator stuck_in_elevator stuck_in_the_lift stuck_under pinned_under buried_under atrapado atrapada atrapados atrapadas",
        ],
    ),
    near(
        "life.shock",
        Life,
        0,
        &[
            "electrocuted electricuted electrocution electrocutado electrocutada electrocuto electric_shock electrical_shock got_shocked was_shocked been_shocked got_zapped descarga_electrica",
        ],
    ),
    near(
        "life.hurt",
        Life,
        4,
        &[
            "im i_am hes he_is shes she_is someone somebody mom mum dad mother father son daughter baby wife husband child kid kids man woman neighbor neighbour people worker lineman brother sister grandma grandpa person \
         theyre they_are is_badly",
            "hurt injured wounded unconscious burned choking drowning overdosed bleeding dying electrocuted crushed suffocating freezing_to_death fell_from",
        ],
    ),
    near(
        "life.hurt.es",
        Life,
        4,
        &[
            "estoy esta alguien mi hay persona personas madre padre mama papa hijo hija bebe esposa esposo vecino hombre mujer",
            "herido herida heridos lastimado lastimada ahogando asfixiando muriendo electrocutado quemaduras sangrando",
        ],
    ),
    near(
        "life.dying",
        Life,
        4,
        &[
            "dying die dies diying",
            "mom mum mother dad father son daughter baby wife husband child kid grandma grandpa someone somebody hes shes im_actually we_will going_to",
        ],
    ),
    near(
        "life.urgent",
        Life,
        0,
        &[
            "medical_emergency emergencia_medica 911_is_not 911_isnt 911_not cant_reach_911 call_911 need_911 call_an_ambulance need_an_ambulance need_ambulance send_ambulance send_an_ambulance call_ambulance call_999 call_112 llamen_al_911 llama_al_911 una_ambulancia ambulancia_por_favor",
        ],
    ),
    near(
        "life.drowning",
        Life,
        0,
        &["drowning choking suffocating overdose overdosed se_ahoga se_asfixia sobredosis freezing_to_death"],
    ),
    stands(near("life.equipment", Life, 10, &[DEVICES, FAILING])),
    // Self-harm.
    near(
        "self_harm.kill",
        SelfHarm,
        2,
        &[
            "kill killing kil cut cutting do_something_to hurt hurting harm harming hang hanging shoot shooting",
            "myself my_self himself herself themselves themself mysef",
        ],
    ),
    near(
        "self_harm.suicide",
        SelfHarm,
        0,
        &["suicide suicidal sucide suicid kms unalive self_harm suicidarme suicidarse suicidio suicida suicidar"],
    ),
    near("self_harm.die", SelfHarm, 1, &["want wanna wants wish_i_could ready going", "to_die die dead"]),
    near(
        "self_harm.die",
        SelfHarm,
        0,
        &[
            "quiere_morir cant_go_on cannot_go_on want_it_to_be_over want_this_to_be_over would_miss_me goodbye_everyone goodbye_forever wouldnt_wake_up never_wake_up wish_i_was_dead wish_i_were_dead wanna_die better_off_dead better_off_without_me rather_be_dead rather_die",
        ],
    ),
    near(
        "self_harm.end",
        SelfHarm,
        0,
        &[
            "have_the_pills took_the_pills took_all_my_pills tengo_las_pastillas his_own_life her_own_life their_own_life end_my_life ending_my_life end_it_all ending_it_all take_my_life take_my_own_life taking_my_life end_his_life end_her_life take_his_life take_her_life",
        ],
    ),
    stands(near(
        "self_harm.live",
        SelfHarm,
        4,
        &[
            "dont do_not no_longer no_reason no_point not cant_go",
            "want_to_live wanna_live to_live to_be_alive be_here_anymore on_living keep_living worth_living in_going_on go_on_living live_anymore want_to_wake_up",
        ],
    )),
    stands(near(
        "self_harm.live.es",
        SelfHarm,
        0,
        &[
            "seguir_viviendo estarian_mejor_sin_mi mejor_sin_mi no_despertara no_despertar acabar_con_todo no_quiero_vivir no_quiere_vivir no_quiero_seguir_viviendo no_vale_la_pena_vivir ya_no_quiero_vivir no_tengo_ganas_de_vivir",
        ],
    )),
    near(
        "self_harm.es",
        SelfHarm,
        0,
        &[
            "matarme quitar_la_vida quitarme_la_vida quitarse_la_vida me_quiero_morir quiero_morir quiero_morirme me_quiero_matar acabar_con_mi_vida terminar_con_mi_vida \
         hacerme_dano me_voy_a_matar mejor_muerto mejor_muerta",
        ],
    ),
];

/// Harmless phrases by the danger they look like: they are taken out before the rules look. `_` joins words as above; `*` is any one word.
pub static HARMLESS: &[(Danger, &str)] = &[
    (
        Gas,
        "gas_bill gas_bills gas_station gas_stations gas_price gas_prices gas_money gas_pump gas_card gas_tank gas_mileage gas_meter_reading gas_company gas_account gas_rate gas_rates \
         gas_grill gas_pedal tank_of_gas out_of_gas gas_lighting gasoline_prices no_smell_of_gas smell_like_a_scam smells_fishy smells_like_a_scam factura_del_gas factura_de_gas recibo_del_gas \
         avoid_carbon_monoxide prevent_carbon_monoxide about_carbon_monoxide risk_of_carbon_monoxide danger_of_carbon_monoxide buy_a_carbon_monoxide install_a_carbon_monoxide need_a_carbon_monoxide \
         free_carbon_monoxide does_a_carbon_monoxide is_a_carbon_monoxide carbon_monoxide_safety carbon_monoxide_detectors broken_gas_meter gas_is_expensive evitar_el_monoxido",
    ),
    (
        Fire,
        "fire_department fire_departments fire_dept fire_station fire_stations fire_drill fire_sale fire_truck fire_trucks fire_hydrant fire_hydrants fire_alarm_battery fire_extinguisher \
         fire_insurance fire_stick fire_tv fire_tablet kindle_fire amazon_fire fire_pit fire_place camp_fire fire_works fire_the fire_your fire_him fire_her fire_them fire_everyone \
         fire_everybody fire_whoever fire_that fire_those fire_this fire_someone fire_somebody fire_people fire_wall under_fire open_fire line_of_fire fire_chief fire_marshal fire_code \
         fire_rating fire_escape hired_and_fire burning_question burning_questions burning_money burning_up_my_data burning_through smoke_break smoke_and_mirrors smoke_detector_battery \
         smoke_detector_batteries smoke_detectors estacion_de_bomberos fuegos_artificiales fire_emoji street_fire_festival blew_up_my_phone phone_blew_up battery_low",
    ),
    (
        DownedLine,
        "internet_line internet_lines internet_cable phone_line phone_lines telephone_line telephone_lines land_line help_line hot_line hazard_line support_line service_line customer_line \
         customer_service_line your_line your_lines fax_line fiber_line fibre_line cable_tv cable_company cable_internet cable_box cable_is_down cable_service cable_bill cable_went_down cable_and_internet \
         internet_and_cable line_is_busy lines_are_busy line_went_dead line_is_dead bottom_line waiting_in_line wait_in_line in_line on_line back_of_the_line down_the_line subway_line train_line bus_line \
         metro_line line_down_the line_is_breaking line_keeps clothes_line clothesline water_line deadline dead_line charging_cable charger_cable usb_cable hdmi_cable wire_transfer \
         wire_money linea_telefonica linea_de_telefono linea_de_internet cable_de_internet linea_de_metro linea_de_atencion su_linea line_of_sight wire_me barbed_wire",
    ),
    (
        Life,
        "dying_to_know dying_to_hear dying_to_see dying_to_go dying_of_boredom phone_is_dying phone_dying phone_battery_is_dying phone_battery_dying laptop_is_dying phone_died fridge_died \
         want_to_die wants_to_die wanna_die quiero_morir quiere_morir generator_hurt hurt_myself hurting_myself hurt_himself hurt_herself \
         bleeding_money bleeding_me_dry bleeding_us_dry bleeding_edge gave_me_a_heart_attack give_me_a_heart_attack giving_me_a_heart_attack nearly_had_a_heart_attack almost_had_a_heart_attack \
         choking_on_these choking_on_your catch_my_breath hold_my_breath holding_my_breath save_your_breath waste_my_breath no_one_is_hurt nobody_is_hurt noone_is_hurt no_one_hurt nobody_hurt \
         no_one_injured nobody_injured no_one_is_injured nobody_is_injured no_one_was_hurt nobody_was_hurt hurt_my_feelings hurt_our_business sangrando_dinero nadie_herido nadie_esta_herido no_hay_heridos \
         dying_laughing dying_of_laughter trapped_in_a_contract trapped_in_this_contract trapped_in_a_loop trapped_in_your_menu",
    ),
    (
        SelfHarm,
        "die_laughing to_die_for kill_time killing_me killing_us going_to_kill_me hurt_myself_laughing suicide_squad commercial_suicide political_suicide hang_up going_dead went_dead going_to_kill_my \
         phone_going_dead battery_going_dead dont_want_to_die do_not_want_to_die not_want_to_die me_muero_de_risa",
    ),
];
