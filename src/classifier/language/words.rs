//! What the languages in Latin and Cyrillic letters are told by.

/// Small words and the words of a crisis, as customers write them (accents may be missing). A word of several languages counts for each.
pub const WORDS: &[(&str, &str)] = &[
    (
        "en",
        "the a an and or is are was were be been am i im my me you your we our they it its he she this that these there here what when where who why how which do does did dont can cant could will wont would \
         should have has had not to of in on at for with from by about as if but so any some all out up down off back again still since until after before now today tonight tomorrow please thanks thank hello hi hey help need want \
         get got know tell long much many more power outage electricity lights light water gas internet bill refund phone house home street line lines storm people looks food someone account appointment call yes sorry good morning evening bye lot dark \
         didnt isnt arent wasnt werent doesnt havent hasnt couldnt shouldnt wouldnt ive ill youre youve theyre theres thats \
         whats wheres whos hows lets id whens into onto over under near next last first two three ten then than too very only \
         just also because every each other new old mine own make made take give gave go going gone come came see say said put \
         set use work works working worked broken fix fixed fire tree roof car road school kids baby family child mother father \
         dog cat fridge freezer heat heating cold warm hot flickering trouble problem issue emergency safe unsafe leave stay \
         open close closed update updates news estimate restored money paid pay charge charged card send sent show find keep \
         let look try talk speak person human agent anyone nobody everything something nothing well later ago day days night \
         week hour hours minute minutes die died plus male change ya yo ai play book roll list read add locate must pls thx u ur r goodbye \
         generator generators ran dry elderly parents alone grandma grandmother pole poles transformer crew crews truck trucks \
         fuse breaker block neighborhood neighbors neighbor traffic blackout outages meter damage damaged claim spoiled melted \
         sparks sparking smoke smell dangerous lost forgot shelter shelters",
    ),
    (
        "es",
        "el la los las un una unos unas y o de del en que es son era fue ser estar estoy esta estamos estan hay no si mi mis me tu su sus nos yo se lo le les con por para sin como cuando donde quien cual cuanto cuanta cuantos porque \
         pero mas muy ya aqui ahi hoy ayer manana desde hasta tengo tiene tienen tenemos puedo puede pueden quiero quiere necesito necesitamos vuelve volver gracias hola buenos buenas dias tardes noches ayuda favor luz corriente electricidad \
         agua huele cayo caido llevamos dias comida factura reembolso telefono casa calle cable cables persona hablar saber todo todos nada otra vez al hace llega internet apagon adios eres va a \
         arbol techo nevera frio calor falta tiempo dia noche semana hora horas oscuro oscuras sigo seguimos llamo llamar paso \
         pasa ocurrio dinero devolver pagar ayudenme ayudeme auxilio socorro emergencia alguien nadie ninguna ningun este ese \
         esa estos estas aun todavia tambien bebe nino ninos madre padre familia vecino vecinos perro barrio ciudad numero \
         reporte averia corte apagones ha he han habia tan entonces ahora luego despues antes siempre nunca arreglar arreglan \
         arreglado funciona enfria saben sabe dicen digan responden contesten \
         poste postes caidos refrigerador descompuesto cuadrilla cuadrillas llevan parado ascensor elevador prometiendo prometieron abuela abuelo \
         oxigeno semaforo semaforos apagado apagados transformador fusible medidor danos danado reclamo refugio refugios \
         congelador descongelado perdi humo olor peligroso dejaron olvidaron encendida",
    ),
    (
        "fr",
        "le la les un une des et ou de du en que qui est sont etait etre suis je j tu il elle nous vous ils mon ma mes ton votre vos notre nos ce cette ces ca y a ai avez avons ont pas plus ne n sans avec pour par dans sur sous chez comme quand comment \
         combien pourquoi quel quelle mais tres encore depuis jusqu aujourdhui hier demain besoin veux voudrais peux pouvez faut merci bonjour bonsoir salut aide courant electricite eau gaz lumiere facture remboursement telephone maison rue \
         quelquun parler toujours rien tout c au aux revient beaucoup cable terre panne svp sil plait jai cest dun lelectricite \
         secours froid chaud arbre toit frigo congelateur appeler appelle noir nouvelles nouvelle retour argent bebe enfant \
         enfants mere pere famille voisin voisins chien quartier ville numero heure heures jour jours semaine nuit matin soir \
         personne tous toute toutes bien mal deja apres avant pendant jamais souvent parce alors donc si voici voila fait faire \
         fais veut voir savoir dire marche fonctionne urgence danger feu incendie fuite coupure reseau compteur tombe tombee \
         passe arrive quoi lui leur leurs eux aucun aucune autre meme ici remettre remise retabli quest on \
         transfo transformateur explose equipe equipes fichu grandmere seule seul coupee generale remboursez remboursezmoi \
         poteau feux dommages degats assurance fusible disjoncteur fumee odeur dangereux abri refuge degele perdu arrivent paie \
         paye",
    ),
    (
        "de",
        "der die das den dem des ein eine einen einem einer und oder ist sind war bin bist sein ich du er sie es wir ihr mein meine meinen mir mich dir dich uns unser euer ihre kein keine keinen nicht nein ja zu im in an am auf aus bei mit nach von vom zum zur fur fuer \
         uber wie was wann wo wer warum wieso welche wieviel noch schon seit bis heute gestern morgen jetzt wieder hier dort aber auch sehr habe haben hat kann konnen koennen muss will mochte moechte brauche bitte danke hallo guten tag hilfe strom \
         wasser riecht licht rechnung geld telefon haus strasse jemand sprechen geht kommt gibt rueckruf ruckruf schon viel \
         kalt warm baum dach kuhlschrank kuehlschrank anrufen anrufe rufe dunkel stromausfall mittag passiert zuruck zurueck \
         gibts neues neu baby kind kinder mutter vater familie nachbar nachbarn hund stadt nummer uhr stunde stunden tage woche \
         nacht morgens abend immer niemand alles nichts etwas gar dann denn weil wenn dass ob also doch mal nur ganz ohne gegen \
         durch unter vor hinter zwischen notfall gefahr feuer brand leck leitung zahler zaehler kaputt funktioniert lauft \
         laeuft wird werden wurde gewesen soll sollte darf diese dieser dieses jeder alle ins ans gehts endlich einfach \
         sicherung sicherungen raus ganze ganzen tiefkuhltruhe gefrierschrank aufgetaut oma opa allein alleine schaden zahlt \
         bezahlt ampel ampeln ausgefallen mast strommast umgefallen umgekippt techniker trafo rauch geruch gefahrlich \
         notunterkunft versprochen vergessen",
    ),
    (
        "pt",
        "o a os as um uma uns umas e ou de do da dos das no na nos nas em que e sao era foi ser estar estou esta estamos estao ha nao sim meu minha meus minhas me voce voces seu sua nos eu se lo lhe com por para pra sem como quando onde quem qual quanto quanta \
         porque mas mais muito ja aqui hoje ontem amanha desde ate tenho tem temos posso pode podem quero quer preciso precisamos volta voltar obrigado obrigada ola oi bom boa dia tarde noite ajuda favor luz energia agua cheiro conta reembolso \
         telefone casa rua fio pessoa falar saber tudo todos nada outra vez ao faz internet segura seguro gas \
         falta socorro escuro arvore telhado frio ligo ligar geladeira parou parado aconteceu dinheiro bebe crianca criancas \
         mae pai familia vizinho vizinhos cachorro bairro cidade numero hora horas dias semana manha sempre ninguem alguem \
         tambem depois antes agora ainda entao pq vc vcs ta to pro ne dela dele isso isto esse essa este queda apagao caiu cair \
         acabou chegou chegar voltou volto ligue ajudem ajude emergencia perigo fogo incendio vazamento medidor quebrado \
         funciona consertar conserto resolver pagar devolver nossa nosso lugar \
         poste caido descongelou equipe equipes sairam avo oxigenio semaforo apagado prejuizo paga transformador disjuntor dano \
         danos estragou estragada fumaca perigoso abrigo abrigos perdi prometeram esqueceram chega vem luzes",
    ),
    (
        "it",
        "il lo la i gli le un uno una e o di del della dei delle nel nella in che e sono era essere sto sta stiamo stanno ce ci non si mio mia miei mi tu suo sua noi io se con per senza come quando dove dove chi quale quanto quanta perche ma piu molto gia qui oggi \
         ieri domani da dal dalla fino ho ha hai abbiamo hanno posso puo possono voglio vorrei vuole serve bisogno torna tornare grazie ciao buongiorno buonasera aiuto favore luce corrente elettricita acqua odore sento bolletta rimborso telefono casa \
         strada cavo persona parlare sapere tutto tutti niente ancora al fa potabile operatore funziona mille dovè cè lacqua \
         manca mancanza freddo caldo albero tetto frigo congelatore chiamo chiamare buio successo soldi indietro neonato \
         bambino bambini madre padre famiglia vicino vicini cane quartiere citta numero ora ore giorno giorni settimana notte \
         mattina sera sempre nessuno qualcuno anche dopo prima adesso allora cosa cosi questo questa questi quello quella \
         caduto caduta rotto rotta guasto blackout emergenza pericolo fuoco incendio perdita contatore funzionano aggiustare \
         riparare pagare rivoglio aiutatemi aiutateci soccorso fate siete siamo avete novita sulla sul sui nelle dello degli \
         alla alle ai agli \
         palo pali scongelato squadre squadra arrivano arriva nonna nonno sola solo semaforo semafori spento spenti danni danno \
         paga trasformatore fusibile fumo pericoloso rifugio perso promesso dimenticato luci assicurazione",
    ),
    (
        "nl",
        "de het een en of is zijn was ben bent ik jij je hij zij ze we wij jullie mijn mij jouw uw ons onze geen niet nee ja te in op aan uit bij met naar van voor over hoe wat wanneer waar wie waarom welke hoeveel nog al sinds tot vandaag gisteren morgen nu weer \
         terug hier daar maar ook heel heb hebben heeft kan kunnen moet wil graag nodig alstublieft alsjeblieft bedankt dank hallo goedemorgen goedemiddag goedenavond hulp stroom water ruik licht rekening geld telefoon huis straat iemand spreken doet gaat komt dag veilig \
         koud warm boom dak koelkast vriezer bel bellen donker stroomstoring stroomuitval storing gebeurd baby kind kinderen \
         moeder vader gezin buren buurman hond stad nummer uur dagen week nacht ochtend avond altijd niemand alles niets iets \
         dan want omdat als dat dit deze die zonder tegen door onder achter tussen noodgeval gevaar brand vuur lek leiding \
         meter kapot werkt weg wordt worden werd zou moeten mag mogen zullen eens even toch wel niks thuis ligt hoor krijg \
         krijgen nieuws gauw mensen \
         lantaarnpaal paal omgevallen omgewaaid diepvries ontdooid komen monteur monteurs oma opa alleen stoplicht stoplichten \
         betaalt schade zekering transformator rook geur gevaarlijk opvang beloofd vergeten lichten verzekering hele",
    ),
    (
        "pl",
        "i w we z ze na do od po za o u nie tak jest sa byl byla bylo byc jestem jestesmy mam ma mamy maja ja ty on ona my wy oni moj moja moje mi mnie ci nam nas was sie to ten ta te co kiedy gdzie kto dlaczego jak ile czy ale bardzo jeszcze juz tu tutaj dzis dzisiaj wczoraj jutro \
         teraz znowu przez dla bez przy pod nad moge moze chce potrzebuje prosze dziekuje dzieki dzien dobry czesc pomoc pomocy prad pradu swiatlo woda wody gaz czuje rachunek zwrot telefon dom ulica ktos rozmawiac czlowiekiem wroci dziala bezpieczna internetu \
         brak dlugo ciemno drzewo spadlo dach dzwonic zadzwonic lodowka stalo pieniedzy pieniadze zimno zimny cieplo awaria \
         male dziecko dzieci domu matka ojciec rodzina sasiad sasiedzi pies miasto numer godzina godzin godziny dni tydzien noc \
         rano wieczor zawsze nikt wszystko nic cos potem przed wciaz nadal wiec poniewaz niech tego tej tym tych ktory ktora \
         jaki jakie wrocic kiedys naprawic naprawa naprawia pozar ogien wyciek licznik zepsuty pali pomozcie ratunku wypadek \
         niebezpieczenstwo ul ulicy ulicach macie pan pani \
         slup slupy przewrocil przewrocilo zamrazarka rozmrozona ekipa ekipy jedzie babcia dziadek sama sam sygnalizacja \
         swiatla zaplaci szkody szkoda transformator bezpiecznik dym zapach niebezpieczne schronisko obiecali zapomnieli",
    ),
    (
        "tr",
        "ve veya bir bu su o ben sen biz siz onlar benim bana beni sana bize var yok mi mu ne zaman nerede nasil neden niye kim hangi kac icin ile gibi kadar daha cok hala hic evet hayir degil degilim simdi bugun dun dunden yarin beri once sonra tekrar lutfen tesekkurler tesekkur ederim merhaba selam gunaydin \
         iyi yardim yardima ihtiyacim elektrik elektrikler elektrigi isik gaz kokusu fatura para param iade telefon ev evde sokak biri biriyle istiyorum istiyoruz gelecek calismiyor guvenli internetim konusmak geliyor kesildi oldu \
         imdat karanlik cati catiya agac dustu dusen kimi arayacagim aramaliyim buzdolabi soguk sicak bebek cocuk cocuklar anne \
         baba aile komsu kopek sehir numara saat gun hafta gece sabah aksam her hicbir kimse birisi herkes hersey sey cunku ama \
         fakat da de den dan bozuk bozuldu yangin ates kacak kacagi sayac acil tehlike edin eder misiniz gelir gelmedi geldi \
         gitti olacak olur oldugu gelsin istiyor lazim gerek kesinti ariza parami geri yer yerde bizim \
         direk direkler devrildi yikildi dondurucu eridi ekip ekipler anneannem babaannem dedem yalniz trafik isigi isiklar \
         zarar zarari odeyecek trafo sigorta duman koku tehlikeli siginak unuttunuz soz",
    ),
    (
        "uk",
        "і й та або що це як де коли хто чому скільки чи не ні так є був була було буде мій моя моє мене мені ми ви він вона вони у в з із на до від по за для без при через ще вже тут сьогодні вчора завтра зараз знову дуже маю має можу хочу треба потрібно потрібна потрібен допоможіть допомога \
         дякую будь ласка привіт добрий день вітаю світло світла струм вода води пахне газом газ гроші рахунок телефон дім вулиця поговорити людиною працює безпечна немає нема \
         допоможи чекати темно дерево впало впав впала дах куди дзвонити дзвонив дадуть холодильник сталося поверніть холодно \
         аварія немовля дитина діти вдома мати батько родина сусіди собака місто номер година години годин дні тиждень ніч \
         ранок вечір завжди ніхто хтось все усе нічого щось потім досі бо тому якщо цей ця ці нам вам їм нас вас їх про над під \
         після перед між пожежа вогонь горить витік лічильник зламався ремонт полагодьте рятуйте небезпека хочемо можна ваш наш \
         стовп стовпи упав морозилка розмерзлась бригада їде бабуся дідусь сама світлофор заплатить збитки трансформатор дим \
         запах небезпечно укриття обіцяли забули лампи електрики електроенергії",
    ),
    (
        "ru",
        "и или что это как где когда кто почему сколько ли не нет да есть был была было будет мой моя мое мои меня мне мы вы он она они у в с из на до от по за для без при через еще ещё уже тут здесь сегодня вчера завтра сейчас снова опять очень могу хочу надо нужно нужна нужен помогите помощь \
         спасибо пожалуйста привет здравствуйте добрый день свет света ток вода воды пахнет газом газ деньги счет телефон дом улица поговорить человеком работает безопасна со дадут \
         помоги ждать темно дерево упало упал упала крышу крыша куда звонить позвонить холодильник случилось верните холодно \
         авария младенец ребенок дети дома мать отец семья соседи собака город номер час часа часов дни неделя ночь утро вечер \
         всегда никто все всё ничего потом пока бо потому если этот эта эти нам вам им нас вас их об над под после перед между \
         пожар огонь горит утечка счетчик сломался ремонт почините спасите опасность хотим можно ваш наш отключили включат \
         дайте \
         столб столбы морозилка разморозилась разморозилось бригада едет бабушка дедушка одна светофор заплатит ущерб \
         трансформатор дым запах опасно убежище обещали забыли лампы электричества электричество",
    ),
];

/// Words that tell more with their accents than without: "é" and "água" are Portuguese, "e" and "agua" are half a dozen languages.
pub const ACCENTED: &[(&str, &str)] = &[
    (
        "es",
        "qué cuándo dónde cómo quién cuánto cuánta más sí día días también aquí ahí árbol teléfono todavía aún pasó energía línea",
    ),
    (
        "fr",
        "à où ça été très déjà même être électricité numéro après problème dès là lumière coupé tombé réparé rétabli prévu",
    ),
    (
        "de",
        "für über möchte könnt können müssen wäre hätte zurück kühlschrank straße zähler früh später ausfällt läuft",
    ),
    (
        "pt",
        "é água até só você vocês também há tá já lá bebê árvore últimas está número energia três pé alguém ninguém",
    ),
    ("it", "è più perché così già può città cè cosè dovè lacqua novità sarà però finché giù"),
    ("nl", "één hé"),
    ("tr", "için çok değil şimdi bugün gün çalışmıyor düştü ağaç güç üç"),
];

/// Letters that only one of the languages uses, or nearly.
pub const LETTERS: &[(&str, &str)] = &[
    ("es", "ñ¿¡"),
    ("pt", "ãõ"),
    ("de", "ß"),
    ("pl", "łąęśźżńć"),
    ("tr", "ğışİ"),
    ("it", "ìò"),
    ("fr", "êœûëï"),
    ("uk", "іїєґ"),
    ("ru", "ыэъё"),
];

/// Characters and words that Japanese has and Chinese lacks, for a text without kana.
pub const JAPANESE: &[&str] = &[
    "停電中",
    "気",
    "発",
    "円",
    "駅",
    "応",
    "対",
    "売",
    "図",
    "険",
    "単",
    "変",
    "検",
    "権",
    "沢",
    "浜",
    "様",
    "県",
    "払",
    "伝",
    "読",
    "続",
    "総",
    "経",
    "済",
    "焼",
    "営",
    "拡",
    "帰",
    "戻",
    "働",
    "込",
    "広",
    "両",
    "児",
    "歳",
];
