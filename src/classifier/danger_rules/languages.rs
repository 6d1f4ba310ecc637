//! Danger signs in languages that the intents may have no examples in: short lists of what is said most, so that fire, gas, a wire on the
//! ground, someone hurt and the wish to die reach a person first in any of them. English and Spanish stand in `danger_rules`.

use super::{Rule, near, stands};
use crate::reading::Danger::{DownedLine, Fire, Gas, Life, SelfHarm};

pub static LANGUAGES: &[Rule] = &[
    // French.
    near(
        "fire.fr",
        Fire,
        0,
        &["au_feu en_feu prend_feu pris_feu ca_brule maison_brule en_flammes un_incendie incendie_dans il_y_a_le_feu"],
    ),
    near(
        "fire.place.fr",
        Fire,
        5,
        &[
            "feu incendie flammes fumee brule",
            "maison cuisine immeuble toit appartement poteau transformateur transfo compteur arbre voisin garage chambre cave sort dedans",
        ],
    ),
    near("fire.smell.fr", Fire, 3, &["odeur sent", "brule crame fumee"]),
    near("gas.fr", Gas, 6, &["sent odeur sens fuite", "gaz"]),
    near(
        "downed_line.fr",
        DownedLine,
        5,
        &[
            "cable cables fil fils ligne_electrique lignes_electriques poteau poteaux pylone",
            "tombe tombes tombee a_terre au_sol par_terre arrache pend pendent etincelles dans_la_rue couche",
        ],
    ),
    stands(near(
        "life.breathing.fr",
        Life,
        3,
        &["ne pas plus mal peine difficulte difficultes", "respire respirer respirons"],
    )),
    near(
        "life.fr",
        Life,
        0,
        &[
            "inconscient inconsciente evanoui evanouie sest_evanoui crise_cardiaque arret_cardiaque infarctus electrocute electrocutee \
             coince_dans coincee_dans coinces_dans bloque_dans_lascenseur bloques_dans_lascenseur pris_au_piege une_ambulance le_samu urgence_medicale",
        ],
    ),
    near(
        "life.hurt.fr",
        Life,
        4,
        &[
            "quelquun mon ma il_y_a personne personnes enfant bebe je_suis il_est elle_est un une des",
            "blesse blessee blesses saigne noie etouffe mourant mourante meurt",
        ],
    ),
    stands(near(
        "life.equipment.fr",
        Life,
        8,
        &["respirateur oxygene dialyse", "batterie panne courant electricite arrete vide"],
    )),
    near(
        "self_harm.fr",
        SelfHarm,
        0,
        &[
            "me_tuer me_suicider se_suicider suicider veux_mourir veut_mourir envie_de_mourir en_finir den_finir plus_envie_de_vivre veux_plus_vivre me_pendre \
             fin_a_mes_jours",
        ],
    ),
    // German.
    near(
        "fire.de",
        Fire,
        0,
        &["es_brennt haus_brennt wohnung_brennt dach_brennt in_flammen hausbrand brandgeruch rauchgeruch"],
    ),
    near(
        "fire.place.de",
        Fire,
        5,
        &[
            "feuer brand flammen rauch qualm brennt",
            "haus wohnung kuche keller dach mast strommast trafo zahler sicherungskasten baum nachbarn nachbarhaus steckdose kommt_aus",
        ],
    ),
    near("fire.smell.de", Fire, 3, &["riecht geruch stinkt", "verbrannt verbranntem angebrannt verschmort rauch"]),
    near("gas.de", Gas, 0, &["gasgeruch gasleck gasaustritt kohlenmonoxid kohlenmonoxyd"]),
    near(
        "gas.smell.de",
        Gas,
        5,
        &["riecht rieche riechen geruch stinkt leck austritt stromt undicht", "gas gasleitung"],
    ),
    near(
        "downed_line.de",
        DownedLine,
        5,
        &[
            "stromleitung stromleitungen leitung kabel stromkabel mast strommast masten freileitung oberleitung",
            "gerissen abgerissen boden heruntergefallen runtergefallen umgefallen umgesturzt umgeknickt hangt_herunter hangt_runter funken heruntergerissen auf_der_strasse",
        ],
    ),
    stands(near("life.breathing.de", Life, 4, &["nicht kaum keine schwer", "atmet atmen atme luft"])),
    near(
        "life.de",
        Life,
        0,
        &[
            "bewusstlos ohnmachtig herzinfarkt herzanfall schlaganfall verblutet stromschlag eingeklemmt verschuttet eingeschlossen im_aufzug_fest krankenwagen notarzt \
             rettungswagen",
        ],
    ),
    near(
        "life.hurt.de",
        Life,
        4,
        &[
            "jemand ist sind mein meine mann frau kind baby person personen leute ich",
            "verletzt verletzte schwerverletzt blutet ertrinkt erstickt stirbt",
        ],
    ),
    stands(near(
        "life.equipment.de",
        Life,
        8,
        &["beatmungsgerat sauerstoff sauerstoffgerat dialyse", "akku batterie leer fallt_aus ausgefallen strom"],
    )),
    near(
        "self_harm.de",
        SelfHarm,
        0,
        &[
            "selbstmord suizid mich_umbringen sich_umbringen bringe_mich_um will_sterben mochte_sterben nicht_mehr_leben das_leben_nehmen leben_beenden",
        ],
    ),
    // Portuguese.
    near("fire.pt", Fire, 0, &["pegando_fogo pegou_fogo em_chamas"]),
    near(
        "fire.place.pt",
        Fire,
        5,
        &[
            "fogo incendio chamas fumaca",
            "casa cozinha predio apartamento poste transformador arvore medidor tem saindo socorro telhado vizinho quarto rua",
        ],
    ),
    near("fire.smell.pt", Fire, 3, &["cheiro cheirando", "queimado queimando fumaca"]),
    near("gas.pt", Gas, 5, &["cheiro cheirando vazamento vazando escapando", "gas"]),
    near(
        "downed_line.pt",
        DownedLine,
        5,
        &[
            "fio fios cabo cabos poste postes",
            "caido caidos caiu cairam chao rompido rompeu solto soltos pendurado pendurados faiscando faiscas arrebentou energizado",
        ],
    ),
    stands(near("life.breathing.pt", Life, 3, &["nao mal dificuldade", "respira respirar respirando"])),
    near(
        "life.pt",
        Life,
        0,
        &[
            "desmaiou desmaiada desmaiado enfarte infartando parada_cardiaca avc convulsao levou_choque tomou_choque choque_eletrico eletrocutado eletrocutada preso_no_elevador presa_no_elevador \
             presos_no_elevador soterrado soterrada soterrados uma_ambulancia chamem_ambulancia",
        ],
    ),
    near(
        "life.hurt.pt",
        Life,
        4,
        &[
            "alguem minha meu tem pessoa pessoas crianca estou esta",
            "ferido ferida feridos machucado machucada sangrando afogando sufocando morrendo",
        ],
    ),
    stands(near("life.equipment.pt", Life, 8, &["oxigenio dialise", "bateria luz energia acabando desligou parou"])),
    near(
        "self_harm.pt",
        SelfHarm,
        0,
        &[
            "me_matar quero_morrer quer_morrer tirar_minha_vida tirar_a_propria_vida nao_quero_mais_viver nao_aguento_mais_viver acabar_com_minha_vida suicidar",
        ],
    ),
    // Italian.
    near(
        "fire.it",
        Fire,
        0,
        &["in_fiamme va_a_fuoco preso_fuoco prende_fuoco sta_bruciando al_fuoco un_incendio ce_un_incendio"],
    ),
    near(
        "fire.place.it",
        Fire,
        5,
        &[
            "fuoco incendio fiamme fumo brucia",
            "casa cucina palazzo appartamento tetto palo trasformatore contatore albero esce vicino vicini cantina",
        ],
    ),
    near("fire.smell.it", Fire, 3, &["odore puzza", "bruciato bruciata fumo"]),
    near("gas.it", Gas, 5, &["odore puzza fuga perdita sento", "gas"]),
    near("gas.monoxide.it", Gas, 0, &["monossido"]),
    near(
        "downed_line.it",
        DownedLine,
        5,
        &[
            "cavo cavi filo fili palo pali traliccio",
            "caduto caduti terra spezzato spezzati strappato pende penzola penzolano scintille divelto",
        ],
    ),
    stands(near("life.breathing.it", Life, 3, &["non fatica difficolta", "respira respirare respiro"])),
    near(
        "life.it",
        Life,
        0,
        &[
            "svenuto svenuta incosciente privo_di_sensi priva_di_sensi arresto_cardiaco ictus folgorato folgorata fulminato intrappolato intrappolata intrappolati bloccato_in_ascensore \
             bloccata_in_ascensore bloccati_in_ascensore chiusi_in_ascensore ambulanza unambulanza",
        ],
    ),
    near(
        "life.hurt.it",
        Life,
        4,
        &[
            "qualcuno mio mia ce persona persone bambino sono e",
            "ferito ferita feriti sanguina sanguinando annegando soffocando morendo",
        ],
    ),
    stands(near(
        "life.equipment.it",
        Life,
        8,
        &["respiratore ossigeno dialisi", "batteria corrente luce spento finendo scarica"],
    )),
    near(
        "self_harm.it",
        SelfHarm,
        0,
        &[
            "suicidarmi uccidermi ammazzarmi voglio_morire vuole_morire farla_finita non_voglio_piu_vivere togliermi_la_vita togliersi_la_vita",
        ],
    ),
    // Dutch.
    near(
        "fire.nl",
        Fire,
        0,
        &["er_is_brand er_brandt staat_in_brand vliegt_in_brand het_brandt huis_brandt brandlucht"],
    ),
    near(
        "fire.place.nl",
        Fire,
        5,
        &["brand vlammen rook vuur", "huis keuken dak schuur trafo paal meterkast boom buren komt_uit"],
    ),
    near("fire.smell.nl", Fire, 3, &["ruikt ruik stinkt", "verbrand rook brandt"]),
    near("gas.nl", Gas, 0, &["gaslek gaslucht gaslekkage koolmonoxide"]),
    near("gas.smell.nl", Gas, 5, &["ruik ruikt ruiken lek lekt lekkage stinkt", "gas"]),
    near(
        "downed_line.nl",
        DownedLine,
        5,
        &[
            "kabel kabels stroomkabel draad draden mast paal hoogspanningskabel elektriciteitskabel",
            "gevallen grond op_straat hangt gebroken afgebroken vonken vonkt omgevallen losgeraakt",
        ],
    ),
    stands(near(
        "life.breathing.nl",
        Life,
        3,
        &["niet geen moeilijk nauwelijks moeite", "ademt ademen adem ademhalen"],
    )),
    near(
        "life.nl",
        Life,
        0,
        &[
            "bewusteloos flauwgevallen hartaanval hartstilstand beroerte geelektrocuteerd elektrische_schok vast_in_de_lift bekneld opgesloten een_ambulance",
        ],
    ),
    near(
        "life.hurt.nl",
        Life,
        4,
        &[
            "iemand mijn er_zijn man vrouw kind baby ik_ben hij_is zij_is mensen",
            "gewond gewonden gewonde bloedt verdrinkt stikt sterft",
        ],
    ),
    stands(near(
        "life.equipment.nl",
        Life,
        8,
        &["beademing beademingsapparaat zuurstof dialyse", "accu batterij leeg stroom uitgevallen"],
    )),
    near(
        "self_harm.nl",
        SelfHarm,
        0,
        &[
            "zelfmoord zelfdoding mezelf_doden mezelf_van_kant wil_dood wil_niet_meer_leven wil_sterven eind_aan_maken mezelf_iets_aandoen",
        ],
    ),
    // Polish.
    near("fire.pl", Fire, 0, &["pozar pozaru pali_sie pala_sie plonie w_ogniu stoi_w_plomieniach"]),
    near(
        "fire.place.pl",
        Fire,
        4,
        &[
            "dym ogien plomienie",
            "dom domu mieszkanie mieszkaniu kuchni dachu slup transformator licznik leci wydobywa widze gniazdka",
        ],
    ),
    near("fire.smell.pl", Fire, 3, &["smierdzi zapach czuc czuje", "spalenizna spalenizny spalenizne dym dymem"]),
    near("gas.pl", Gas, 5, &["czuc czuje smierdzi pachnie zapach ulatnia wyciek", "gaz gazu gazem"]),
    near("gas.monoxide.pl", Gas, 0, &["czad czadu tlenek_wegla tlenku_wegla"]),
    near(
        "downed_line.pl",
        DownedLine,
        5,
        &[
            "linia linie kabel kable przewod przewody drut slup",
            "zerwana zerwany zerwane zerwal zerwaly lezy ziemi wisi zwisa iskrzy przewrocil przewrocony spadl spadla spadly powalony",
        ],
    ),
    stands(near("life.breathing.pl", Life, 3, &["nie trudno ciezko trudnosci", "oddycha oddychac oddechu oddycham"])),
    near(
        "life.pl",
        Life,
        0,
        &[
            "nieprzytomny nieprzytomna zemdlal zemdlala zawal udar krwawi porazil_prad porazony_pradem porazenie_pradem uwieziony uwieziona uwiezieni w_windzie_utknelismy utknelismy_w_windzie \
             utknal_w_windzie przysypany zasypany karetka karetke karetki pogotowie",
        ],
    ),
    near(
        "life.hurt.pl",
        Life,
        4,
        &["ktos moj moja mama tata dziecko jest sa ludzie czlowiek", "ranny ranna ranni tonie dusi umiera"],
    ),
    stands(near(
        "life.equipment.pl",
        Life,
        8,
        &["respirator tlen tlenu koncentrator dializa", "bateria pradu rozladowuje wylaczyl konczy"],
    )),
    near(
        "self_harm.pl",
        SelfHarm,
        0,
        &[
            "samobojstwo samobojstwa zabic_sie zabije_sie chce_umrzec nie_chce_zyc nie_chce_mi_sie_zyc odebrac_sobie_zycie skonczyc_ze_soba",
        ],
    ),
    // Turkish.
    near(
        "fire.tr",
        Fire,
        0,
        &[
            "yangin yangin_var ev_yaniyor evim_yaniyor bina_yaniyor direk_yaniyor trafo_yaniyor agac_yaniyor alev_aldi alevler tutustu",
        ],
    ),
    near("fire.smoke.tr", Fire, 3, &["duman alev", "cikiyor geliyor var ev evde mutfak cati trafo"]),
    near("fire.smell.tr", Fire, 2, &["yanik", "kokusu koku kokuyor"]),
    near("gas.tr", Gas, 3, &["gaz dogalgaz tup", "kokusu kokuyor koku kacagi kacak kaciriyor sizintisi"]),
    near("gas.monoxide.tr", Gas, 0, &["karbonmonoksit karbon_monoksit"]),
    near(
        "downed_line.tr",
        DownedLine,
        4,
        &[
            "kablo kablolar kablosu tel teli teller telleri direk diregi",
            "koptu kopmus dustu yerde sarkiyor devrildi devrilmis kivilcim yere yikildi",
        ],
    ),
    stands(near("life.breathing.tr", Life, 2, &["nefes", "alamiyor alamiyorum alamiyoruz almiyor zor darligi"])),
    near(
        "life.tr",
        Life,
        0,
        &[
            "bilinci_kapali bilincsiz bayildi kalp_krizi kan_kaybediyor kanamasi_var kaniyor elektrik_carpti carpildi boguluyor boguluyorum oluyor_ambulans yarali yaralandi yaralilar yaraliyim mahsur \
             asansorde_kaldik asansorde_kaldim enkaz_altinda ambulans ambulansa",
        ],
    ),
    stands(near(
        "life.equipment.tr",
        Life,
        6,
        &["solunum_cihazi oksijen diyaliz", "pil pili bitiyor elektrik sarj sarji kapandi"],
    )),
    near(
        "self_harm.tr",
        SelfHarm,
        0,
        &[
            "intihar kendimi_oldurecegim kendimi_oldurmek olmek_istiyorum olmek_istiyor yasamak_istemiyorum canima_kiyacagim",
        ],
    ),
    // Ukrainian.
    near("fire.uk", Fire, 0, &["пожежа пожежі пожежу горимо"]),
    near(
        "fire.place.uk",
        Fire,
        4,
        &[
            "горить палає дим вогонь полумя загорівся загорілася загорілося",
            "будинок будинку дім квартира квартирі дах стовп трансформатор лічильник кухня кухні дерево сусідів щиток щось",
        ],
    ),
    near("fire.smell.uk", Fire, 3, &["пахне запах смердить тхне", "горілим гаром паленим димом горілого"]),
    near("gas.uk", Gas, 4, &["пахне запах чути витік тхне смердить чую", "газом газу газ"]),
    near("gas.monoxide.uk", Gas, 0, &["чадний чадного чадним"]),
    near(
        "downed_line.uk",
        DownedLine,
        5,
        &[
            "дріт дроти кабель стовп провід проводи лінія_електропередач",
            "впав впали лежить лежать обірвався обірвались обірвало обірваний висить іскрить іскрять звисає землі",
        ],
    ),
    stands(near("life.breathing.uk", Life, 3, &["не важко тяжко", "дихає дихати дихаю"])),
    near(
        "life.uk",
        Life,
        0,
        &[
            "непритомний непритомна знепритомнів знепритомніла без_свідомості інфаркт інсульт судоми кровотеча вдарило_струмом ураження_струмом застрягли_в_ліфті застрягли_у_ліфті застряг_у_ліфті \
             застряг_в_ліфті застрягла_в_ліфті під_завалами швидку швидка_допомога потрібна_швидка",
        ],
    ),
    near(
        "life.hurt.uk",
        Life,
        4,
        &[
            "хтось мій моя мама тато дитина є люди людина",
            "поранений поранена поранені помирає вмирає тоне задихається травмований травмована",
        ],
    ),
    stands(near(
        "life.equipment.uk",
        Life,
        6,
        &["кисень кисневий кисню апарат_швл діаліз", "батарея світла розряджається закінчується вимкнувся"],
    )),
    near(
        "self_harm.uk",
        SelfHarm,
        0,
        &[
            "самогубство суїцид вбити_себе хочу_померти хоче_померти не_хочу_жити руки_на_себе на_себе_руки покінчити_з_собою покінчити_з_життям",
        ],
    ),
    // Russian.
    near("fire.ru", Fire, 0, &["пожар пожара пожаре горим"]),
    near(
        "fire.place.ru",
        Fire,
        4,
        &[
            "горит загорелся загорелась загорелось дым огонь пламя полыхает",
            "дом доме дома квартира квартире крыша столб трансформатор счетчик кухня кухне дерево соседей щиток здание розетки",
        ],
    ),
    near("fire.smell.ru", Fire, 3, &["пахнет запах воняет", "горелым гарью паленым дымом гари"]),
    near("gas.ru", Gas, 4, &["пахнет запах утечка чувствую воняет", "газом газа газ"]),
    near("gas.monoxide.ru", Gas, 0, &["угарный угарным угарного"]),
    near(
        "downed_line.ru",
        DownedLine,
        5,
        &[
            "провод провода кабель столб",
            "упал упали лежит лежат оборвался оборвались оборвало оборван висит искрит искрят свисает земле",
        ],
    ),
    stands(near("life.breathing.ru", Life, 3, &["не трудно тяжело нечем", "дышит дышать дышу"])),
    near(
        "life.ru",
        Life,
        0,
        &[
            "без_сознания потерял_сознание потеряла_сознание инфаркт инсульт судороги кровотечение истекает_кровью сердечный_приступ ударило_током удар_током застряли_в_лифте застрял_в_лифте \
             застряла_в_лифте под_завалами скорую скорая_помощь нужна_скорая",
        ],
    ),
    near(
        "life.hurt.ru",
        Life,
        4,
        &[
            "кто мой моя мама папа ребенок есть люди человек я",
            "ранен ранена раненые пострадал пострадавшие умирает тонет задыхается задыхаюсь",
        ],
    ),
    stands(near(
        "life.equipment.ru",
        Life,
        6,
        &["кислород кислородный кислорода аппарат_ивл диализ", "батарея света разряжается заканчивается отключился"],
    )),
    near(
        "self_harm.ru",
        SelfHarm,
        0,
        &[
            "самоубийство суицид убить_себя хочу_умереть хочет_умереть не_хочу_жить покончить_с_собой покончить_с_жизнью на_себя_руки",
        ],
    ),
    // Arabic.
    near("fire.ar", Fire, 0, &["حريق الحريق حرائق يحترق تحترق نار_في النار_في نيران النيران اشتعلت تشتعل"]),
    near("fire.smoke.ar", Fire, 4, &["دخان الدخان", "بيت البيت منزل المنزل المطبخ يخرج يتصاعد كثيف"]),
    near("gas.ar", Gas, 3, &["رائحة ريحة تسرب تسريب أشم اشم", "غاز الغاز للغاز"]),
    near("gas.monoxide.ar", Gas, 0, &["أكسيد_الكربون اكسيد_الكربون"]),
    near(
        "downed_line.ar",
        DownedLine,
        4,
        &[
            "سلك أسلاك اسلاك كابل كابلات عمود السلك الأسلاك الاسلاك العمود الكابل",
            "سقط سقطت ساقط ساقطة الأرض الارض متدلي متدلية شرر معلق وقع وقعت",
        ],
    ),
    stands(near("life.breathing.ar", Life, 3, &["لا ما صعوبة ضيق بصعوبة", "يتنفس تتنفس التنفس أتنفس اتنفس تنفس"])),
    near(
        "life.ar",
        Life,
        0,
        &[
            "فاقد_الوعي فاقدة_الوعي مغمى أغمي اغمي نوبة_قلبية جلطة ينزف تنزف نزيف صعقته صعقتها صعقة_كهربائية يموت تموت مصاب مصابة مصابين مصابون جريح جرحى إصابات اصابات محاصر محاصرون محاصرين عالقون \
             عالقين تحت_الأنقاض إسعاف اسعاف الإسعاف الاسعاف يغرق يختنق",
        ],
    ),
    stands(near(
        "life.equipment.ar",
        Life,
        6,
        &["أكسجين الأكسجين أوكسجين الأوكسجين جهاز_التنفس غسيل_الكلى", "بطارية البطارية كهرباء الكهرباء انتهت نفدت توقف"],
    )),
    near(
        "self_harm.ar",
        SelfHarm,
        0,
        &[
            "انتحار الانتحار أنتحر انتحر سأنتحر أقتل_نفسي اقتل_نفسي قتل_نفسي أن_أموت ان_اموت أريد_الموت لا_أريد_العيش لا_أريد_أن_أعيش",
        ],
    ),
    // Chinese, simplified and traditional. Each character is a word.
    near("fire.zh", Fire, 0, &["着火 著火 起火 火灾 火災 失火 冒烟 冒煙 烧起来 燒起來 爆炸 大火 烧焦 燒焦 焦味 糊味"]),
    near(
        "gas.zh",
        Gas,
        0,
        &[
            "煤气味 燃气味 瓦斯味 煤气泄 燃气泄 天然气泄 煤气漏 燃气漏 漏煤气 瓦斯漏 瓦斯外洩 一氧化碳 闻到煤气 闻到燃气 聞到瓦斯",
        ],
    ),
    near(
        "downed_line.zh",
        DownedLine,
        4,
        &["电线 電線 电缆 電纜 电线杆 電線桿 高压线 高壓線", "断 斷 掉 落 垂 倒 地上 火花"],
    ),
    stands(near(
        "life.zh",
        Life,
        0,
        &[
            "触电 觸電 受伤 受傷 昏迷 昏倒 晕倒 暈倒 不能呼吸 无法呼吸 無法呼吸 呼吸困难 呼吸困難 喘不过气 没有呼吸 没呼吸 沒有呼吸 流血 心脏病发 中风 被困 困在电梯 困在電梯 溺水 快死 要死了 救护车 救護車 \
             喘不過氣",
        ],
    )),
    stands(near(
        "life.equipment.zh",
        Life,
        12,
        &["呼吸机 呼吸機 制氧机 製氧機 氧气 氧氣 透析", "没电 沒電 停电 停電 电池 電池 断电"],
    )),
    near("self_harm.zh", SelfHarm, 0, &["自杀 自殺 想死 不想活 活不下去 结束生命 結束生命 轻生 輕生"]),
    // Japanese.
    near("fire.ja", Fire, 0, &["火事 火災 燃えて 燃えた 炎が 煙が 発火 爆発 焦げ臭 焦げくさ 焦げた 火が出"]),
    near("gas.ja", Gas, 0, &["ガス臭 ガスくさ ガスの臭 ガスのにおい ガスの匂 ガス漏 ガスもれ ガスが漏 一酸化炭素"]),
    near("downed_line.ja", DownedLine, 4, &["電線 電柱 ケーブル", "切れ 落ち 垂れ 倒れ 折れ 火花"]),
    stands(near(
        "life.ja",
        Life,
        0,
        &[
            "息ができ 息をして 呼吸ができ 呼吸してい 息が苦し 意識がな 意識不明 意識があり 怪我人 けが人 ケガ人 怪我を けがを 負傷 出血 血が 感電 閉じ込め 心臓発作 救急車 溺れ 死にそう 息苦し",
        ],
    )),
    stands(near("life.equipment.ja", Life, 14, &["呼吸器 酸素 透析", "停電 電池 バッテリー 止ま 切れ"])),
    near("self_harm.ja", SelfHarm, 0, &["自殺 死にたい 消えたい 生きていたくな 生きるのがつら 首を吊"]),
    // Hindi.
    near("fire.hi", Fire, 0, &["आग आग_लग धमाका विस्फोट घर_जल_रहा मकान_जल_रहा"]),
    near("fire.smoke.hi", Fire, 4, &["धुआँ धुआं धुंआ", "निकल घर से कमरे मीटर"]),
    near("fire.smell.hi", Fire, 2, &["जलने", "बदबू गंध महक"]),
    near("gas.hi", Gas, 4, &["गैस", "बदबू गंध महक रिसाव लीक रिस"]),
    near("gas.monoxide.hi", Gas, 0, &["कार्बन_मोनोऑक्साइड कार्बन_मोनोक्साइड"]),
    near(
        "downed_line.hi",
        DownedLine,
        4,
        &["तार तारें खंभा खंबा पोल केबल", "गिर गिरा गिरी गिरे टूट टूटा टूटी टूटकर लटक जमीन ज़मीन सड़क चिंगारी"],
    ),
    stands(near("life.breathing.hi", Life, 3, &["सांस साँस", "नहीं तकलीफ मुश्किल दिक्कत"])),
    near(
        "life.hi",
        Life,
        0,
        &[
            "बेहोश घायल जख्मी ज़ख्मी करंट_लग करंट_लगा खून_बह दिल_का_दौरा हार्ट_अटैक फंसे_हैं फँसे_हैं फंसा_है फंसे_हुए लिफ्ट_में_फंस एम्बुलेंस एंबुलेंस मर_रहा मर_रही डूब_रहा दम_घुट",
        ],
    ),
    stands(near("life.equipment.hi", Life, 6, &["ऑक्सीजन वेंटिलेटर डायलिसिस", "बैटरी बिजली बंद खत्म"])),
    near(
        "self_harm.hi",
        SelfHarm,
        0,
        &["आत्महत्या खुदकुशी मरना_चाहता मरना_चाहती जीना_नहीं_चाहता जीना_नहीं_चाहती अपनी_जान_ले"],
    ),
];

/// Words that take a sign back when they stand right before it.
pub const NEGATIONS: &[&str] = &[
    "pas",
    "sans",
    "aucun",
    "aucune",
    "kein",
    "keine",
    "keinen",
    "nicht",
    "ohne",
    "nao",
    "sem",
    "nenhum",
    "nenhuma",
    "non",
    "nessun",
    "nessuna",
    "senza",
    "geen",
    "niet",
    "zonder",
    "nie",
    "brak",
    "bez",
    "не",
    "немає",
    "нема",
    "без",
    "нет",
    "لا",
    "ليس",
    "بدون",
    "没",
    "沒",
    "不",
    "无",
    "無",
];

/// Words that may stand between a negation and a sign.
pub const BETWEEN: &[&str] = &[
    "de",
    "d",
    "le",
    "l",
    "du",
    "das",
    "nach",
    "den",
    "o",
    "cheiro",
    "odeur",
    "odore",
    "sento",
    "tem",
    "di",
    "il",
    "naar",
    "zapach",
    "czuc",
    "запах",
    "запаху",
    "запаха",
    "رائحة",
    "有",
];
