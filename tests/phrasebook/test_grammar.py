"""The grammar: one reference sentence for every rule, numbers, dates and verb forms, each written by hand."""

import pytest

from groundup.phrasebook import lexicon as lex
from groundup.phrasebook.grammar import dates, numerals
from groundup.phrasebook.grammar.english import English
from groundup.phrasebook.grammar.french import French
from groundup.phrasebook.grammar.italian import Italian
from groundup.phrasebook.grammar.tree import (
    HE,
    IT,
    SHE,
    THEY,
    WE,
    YOU,
    Clause,
    Gap,
    I,
    Indefinite,
    Name,
    NounPhrase,
    Phrase,
    Predicate,
    Pronoun,
)

MARIE, PAUL = Name("Marie", "f"), Name("Paul", "m")
HER = SHE
YESTERDAY = Phrase("yesterday", "hier", "ieri")
WHERE = Phrase("where", "où", "dove")


def thing(name: str, det: str = "the", *adjectives: str, **options) -> NounPhrase:
    words = [a for rows in lex.ADJECTIVES.values() for a in rows]
    nouns = tuple(next(a for a in words if a.en[0] == wanted) for wanted in adjectives)
    return NounPhrase(lex.noun(name), det=det, adjectives=nouns, **options)


def many(name: str, det: str = "the", *adjectives: str, **options) -> NounPhrase:
    return thing(name, det, *adjectives, plural=True, **options)


def does(subject, verb: str, object=None, to=None, frame: str = "transitive", **options) -> Clause:
    return Clause(subject, lex.verb(verb, frame), object, to, **options)


def gives(subject, object, to, **options) -> Clause:
    return does(subject, "give", object, to, frame="ditransitive", **options)


def goes(subject, verb: str, **options) -> Clause:
    return does(subject, verb, frame="intransitive", **options)


def be(subject, adjective: str, degree: str = "", than=None, **options) -> Clause:
    predicate = next(a for rows in lex.ADJECTIVES.values() for a in rows if a.en[0] == adjective)
    return Clause(subject, lex.BE, predicate=Predicate(predicate, degree, than), **options)


def infinitive(verb: str, frame: str, clause: Clause) -> Clause:
    return clause.replace(governing=lex.verb(verb, frame))


def command(clause: Clause, polarity: str = "yes") -> Clause:
    return clause.replace(tense="command", polarity=polarity)


CAR = thing("car")
GOLD = [  # a sentence, and how the three languages say it
    # pronouns and their order
    (gives(I, IT, HER, tense="past", polarity="not", adjuncts=(YESTERDAY,)),
     "I didn't give it to her yesterday", "Je ne le lui ai pas donné hier", "Non gliel'ho dato ieri"),
    (gives(I, IT, HE), "I give it to him", "Je le lui donne", "Glielo do"),
    (gives(HE, IT, I), "He gives it to me", "Il me le donne", "Me lo dà"),
    (gives(SHE, Pronoun(3, of=CAR), WE, tense="past"),
     "She gave it to us", "Elle nous l'a donnée", "Ce l'ha data"),
    (gives(MARIE, thing("book"), I), "Marie gives me the book", "Marie me donne le livre", "Marie mi dà il libro"),
    (gives(WE, thing("book"), PAUL), "We give the book to Paul", "Nous donnons le livre à Paul",
     "Diamo il libro a Paul"),
    (gives(THEY, THEY, YOU, tense="future"), "They will give them to you", "Ils vous les donneront", "Te li daranno"),
    (does(I, "phone", HER, frame="dative"), "I phone her", "Je lui téléphone", "Le telefono"),
    (does(WE, "turn on", Pronoun(3, of=thing("lamp")), tense="past"),
     "We turned it on", "Nous l'avons allumée", "L'abbiamo accesa"),
    (does(HE, "see", SHE, tense="past"), "He saw her", "Il l'a vue", "L'ha vista"),
    (does(SHE, "see", Pronoun(3, True, of=many("key"))), "She sees them", "Elle les voit", "Le vede"),
    # infinitives, near future, recent past
    (infinitive("want to", "infinitive-stative", does(I, "see", IT)),
     "I want to see it", "Je veux le voir", "Voglio vederlo"),
    (infinitive("can", "modal", gives(YOU, IT, HE, polarity="not")),
     "You can't give it to him", "Vous ne pouvez pas le lui donner", "Non puoi darglielo"),
    (infinitive("try to", "infinitive", does(HE, "translate", IT, tense="past")),
     "He tried to translate it", "Il a essayé de le traduire", "Ha cercato di tradurlo"),
    (infinitive("must", "modal", goes(WE, "get up")), "We must get up", "Nous devons nous lever", "Dobbiamo alzarci"),
    (infinitive("would like to", "conditional", goes(I, "come")),
     "I would like to come", "Je voudrais venir", "Vorrei venire"),
    (infinitive("should", "conditional", goes(YOU, "rest")), "You should rest", "Vous devriez vous reposer",
     "Dovresti riposarti"),
    (infinitive("want to", "infinitive-stative", goes(SHE, "leave", tense="past")),
     "She wanted to leave", "Elle voulait partir",
     "Voleva partire"),
    (goes(SHE, "sing", tense="near"), "She is going to sing", "Elle va chanter", "Canterà"),
    (does(THEY, "buy", thing("bread", "some"), tense="just"),
     "They have just bought some bread", "Ils viennent d'acheter du pain", "Hanno appena comprato del pane"),
    # tenses and agreement of participles
    (goes(MARIE, "leave", tense="past"), "Marie left", "Marie est partie", "Marie è partita"),
    (goes(THEY, "come", tense="past"), "They came", "Ils sont venus", "Sono venuti"),
    (goes(MARIE, "get up", tense="past", polarity="not"),
     "Marie didn't get up", "Marie ne s'est pas levée", "Marie non si è alzata"),
    (goes(YOU, "sit down", tense="past"), "You sat down", "Vous vous êtes assis", "Ti sei seduto"),
    (does(I, "eat", thing("apple", "the"), tense="was"), "I was eating the apple", "Je mangeais la pomme",
     "Stavo mangiando la mela"),
    (goes(WE, "eat", tense="used"), "We used to eat", "Nous mangions", "Mangiavamo"),
    (does(HE, "drink", thing("water", "some"), tense="now"), "He is drinking some water", "Il boit de l'eau",
     "Sta bevendo dell'acqua"),
    (does(I, "write", thing("letter", "a"), tense="perfect", adverb=Phrase("already", "déjà", "già")),
     "I have already written a letter", "J'ai déjà écrit une lettre", "Ho già scritto una lettera"),
    (does(SHE, "need", thing("key", "a"), frame="stative", tense="past"),
     "She needed a key", "Elle avait besoin d'une clé", "Aveva bisogno di una chiave"),
    (does(SHE, "need", thing("dictionary"), frame="stative"),
     "She needs the dictionary", "Elle a besoin du dictionnaire", "Ha bisogno del dizionario"),
    # negation
    (does(WE, "have", thing("car", "a"), frame="stative", polarity="not"),
     "We don't have a car", "Nous n'avons pas de voiture", "Non abbiamo una macchina"),
    (does(I, "eat", thing("meat", "some"), polarity="never"), "I never eat any meat", "Je ne mange jamais de viande",
     "Non mangio mai della carne"),
    (goes(HE, "work", polarity="no longer"), "He no longer works", "Il ne travaille plus", "Non lavora più"),
    (goes(PAUL, "arrive", tense="perfect", polarity="not yet"),
     "Paul hasn't arrived yet", "Paul n'est pas encore arrivé", "Paul non è ancora arrivato"),
    (does(I, "see", polarity="nothing", tense="past"), "I didn't see anything", "Je n'ai rien vu",
     "Non ho visto niente"),
    (does(I, "see", polarity="nobody", tense="past"), "I didn't see anyone", "Je n'ai vu personne",
     "Non ho visto nessuno"),
    (goes(Indefinite("nobody"), "come", tense="past"), "Nobody came", "Personne n'est venu", "Nessuno è venuto"),
    (be(Indefinite("everyone"), "tired"), "Everyone is tired", "Tout le monde est fatigué", "Tutti sono stanchi"),
    # articles, elision, contraction, possessives, demonstratives
    (does(I, "love", thing("friend", "my"), frame="stative"), "I love my friend", "J'aime mon ami",
     "Amo il mio amico"),
    (be(thing("story", "her"), "true"), "Her story is true", "Son histoire est vraie", "La sua storia è vera"),
    (be(thing("sister", "my"), "ill"), "My sister is ill", "Ma sœur est malade", "Mia sorella è malata"),
    (be(thing("brother", "their"), "ill"), "Their brother is ill", "Leur frère est malade",
     "Il loro fratello è malato"),
    (be(many("brother", "my"), "ill"), "My brothers are ill", "Mes frères sont malades", "I miei fratelli sono malati"),
    (be(thing("tree", "this"), "old"), "This tree is old", "Cet arbre est vieux", "Quest'albero è vecchio"),
    (be(thing("mirror", "that"), "dirty"), "That mirror is dirty", "Ce miroir est sale", "Quello specchio è sporco"),
    (be(many("student", "that"), "ready"), "Those students are ready", "Ces étudiants sont prêts",
     "Quegli studenti sono pronti"),
    (does(WE, "see", thing("hero", "a")), "We see a hero", "Nous voyons un héros", "Vediamo un eroe"),
    (does(SHE, "reply to", thing("hero"), frame="dative"), "She replies to the hero", "Elle répond au héros",
     "Risponde all'eroe"),
    (does(SHE, "reply to", many("student"), frame="dative"), "She replies to the students",
     "Elle répond aux étudiants", "Risponde agli studenti"),
    (does(HE, "have", thing("backpack", "a"), frame="stative"), "He has a backpack", "Il a un sac à dos",
     "Ha uno zaino"),
    (does(HE, "have", many("scissors", "some"), frame="stative"), "He has some scissors", "Il a des ciseaux",
     "Ha delle forbici"),
    (be(thing("trousers", "my"), "wet"), "My trousers are wet", "Mon pantalon est mouillé",
     "I miei pantaloni sono bagnati"),
    (does(I, "taste", many("egg")), "I taste the eggs", "Je goûte les œufs", "Assaggio le uova"),
    (be(NounPhrase(lex.noun("car"), owner=thing("doctor")), "red"), "The doctor's car is red",
     "La voiture du médecin est rouge", "La macchina del medico è rossa"),
    (be(thing("key", owner=Name("Anna", "f")), "broken"),
     "Anna's key is broken", "La clé d'Anna est cassée", "La chiave di Anna è rotta"),
    # adjectives: place, irregular forms, comparison
    (does(I, "see", thing("tree", "a", "beautiful")), "I see a beautiful tree", "Je vois un bel arbre",
     "Vedo un bell'albero"),
    (does(I, "see", many("tree", "some", "beautiful")), "I see some beautiful trees", "Je vois de beaux arbres",
     "Vedo dei begli alberi"),
    (does(I, "buy", thing("shirt", "a", "white")), "I buy a white shirt", "J'achète une chemise blanche",
     "Compro una camicia bianca"),
    (does(I, "buy", many("shirt", "some", "white")), "I buy some white shirts", "J'achète des chemises blanches",
     "Compro delle camicie bianche"),
    (does(WE, "rent", thing("flat", "a", "new")), "We rent a new flat", "Nous louons un nouvel appartement",
     "Affittiamo un nuovo appartamento"),
    (does(HE, "drink", thing("wine", "a", "good")), "He drinks a good wine", "Il boit un bon vin",
     "Beve un buon vino"),
    (be(SHE, "happy", "very"), "She is very happy", "Elle est très heureuse", "È molto felice"),
    (be(MARIE, "tall", "more", PAUL), "Marie is taller than Paul", "Marie est plus grande que Paul",
     "Marie è più alta di Paul"),
    (be(PAUL, "tall", "as", I), "Paul is as tall as me", "Paul est aussi grand que moi", "Paul è alto come me"),
    (be(thing("soup"), "good", "more", thing("pasta")), "The soup is better than the pasta",
     "La soupe est meilleure que les pâtes", "La minestra è migliore della pasta"),
    (be(many("photo"), "interesting", "less", thing("film")),
     "The photos are less interesting than the film", "Les photos sont moins intéressantes que le film",
     "Le foto sono meno interessanti del film"),
    # relative clauses
    (be(thing("car", relative=does(I, "buy", Gap(CAR), tense="past")), "expensive"),
     "The car that I bought is expensive", "La voiture que j'ai achetée est chère",
     "La macchina che ho comprato è cara"),
    (be(thing("woman", relative=does(Gap(thing("woman")), "help", I)), "kind"),
     "The woman who helps me is kind", "La femme qui m'aide est gentille", "La donna che mi aiuta è gentile"),
    # commands
    (command(gives(YOU, IT, I)), "Give it to me", "Donnez-le-moi", "Dammelo"),
    (command(gives(YOU, IT, HE), "not"), "Don't give it to him", "Ne le lui donnez pas", "Non darglielo"),
    (command(gives(YOU, IT, HE)), "Give it to him", "Donnez-le-lui", "Daglielo"),
    (command(goes(YOU, "get up")), "Get up", "Levez-vous", "Alzati"),
    (command(goes(WE, "sit down")), "Let's sit down", "Asseyons-nous", "Sediamoci"),
    (command(does(WE, "eat", IT), "not"), "Let's not eat it", "Ne le mangeons pas", "Non mangiamolo"),
    (command(does(YOU, "open", thing("door"))), "Open the door", "Ouvrez la porte", "Apri la porta"),
    # questions
    (goes(HE, "work", ask=WHERE), "Where does he work", "Où travaille-t-il", "Dove lavora"),
    (goes(SHE, "eat", tense="past", ask=WHERE), "Where did she eat", "Où a-t-elle mangé", "Dove ha mangiato"),
    (goes(MARIE, "work", ask=WHERE), "Where does Marie work", "Où est-ce que Marie travaille", "Dove lavora Marie"),
    (goes(I, "go to bed", ask=WHERE), "Where do I go to bed", "Où est-ce que je me couche", "Dove vado a letto"),
    (does(YOU, "see", IT, tense="past", polarity="not", ask=Phrase("why", "pourquoi", "perché")),
     "Why didn't you see it", "Pourquoi ne l'avez-vous pas vu", "Perché non l'hai visto"),
    (does(HE, "look for", many("key", "his"), ask="yes/no"),
     "Does he look for his keys", "Est-ce qu'il cherche ses clés", "Cerca le sue chiavi"),
    (Clause(thing("museum"), lex.BE, ask=WHERE), "Where is the museum",
     "Où est le musée", "Dov'è il museo"),
]  # fmt: skip


@pytest.mark.parametrize(("tree", "english", "french", "italian"), GOLD, ids=[row[1] for row in GOLD])
def test_gold(tree, english, french, italian):
    spoken = [language.sentence(tree) for language in (English(), French(), Italian())]
    assert spoken == [english, french, italian]


@pytest.mark.parametrize(
    ("n", "english", "french", "italian"),
    [
        (0, "zero", "zéro", "zero"),
        (21, "twenty-one", "vingt et un", "ventuno"),
        (23, "twenty-three", "vingt-trois", "ventitré"),
        (28, "twenty-eight", "vingt-huit", "ventotto"),
        (61, "sixty-one", "soixante et un", "sessantuno"),
        (70, "seventy", "soixante-dix", "settanta"),
        (71, "seventy-one", "soixante et onze", "settantuno"),
        (77, "seventy-seven", "soixante-dix-sept", "settantasette"),
        (80, "eighty", "quatre-vingts", "ottanta"),
        (81, "eighty-one", "quatre-vingt-un", "ottantuno"),
        (91, "ninety-one", "quatre-vingt-onze", "novantuno"),
        (99, "ninety-nine", "quatre-vingt-dix-neuf", "novantanove"),
        (100, "one hundred", "cent", "cento"),
        (108, "one hundred and eight", "cent huit", "centotto"),
        (200, "two hundred", "deux cents", "duecento"),
        (203, "two hundred and three", "deux cent trois", "duecentotré"),
        (380, "three hundred and eighty", "trois cent quatre-vingts", "trecentottanta"),
        (1000, "one thousand", "mille", "mille"),
        (1001, "one thousand and one", "mille un", "milleuno"),
        (2000, "two thousand", "deux mille", "duemila"),
        (80_000, "eighty thousand", "quatre-vingt mille", "ottantamila"),
        (200_000, "two hundred thousand", "deux cent mille", "duecentomila"),
        (
            999_999,
            "nine hundred and ninety-nine thousand nine hundred and ninety-nine",
            "neuf cent quatre-vingt-dix-neuf mille neuf cent quatre-vingt-dix-neuf",
            "novecentonovantanovemilanovecentonovantanove",
        ),
    ],
)
def test_numbers(n, english, french, italian):
    assert (numerals.english(n), numerals.french(n), numerals.italian(n)) == (english, french, italian)


def test_numbers_agree_and_end():
    assert numerals.french(21, feminine=True) == "vingt et une"
    assert len({numerals.french(n) for n in range(20_000)}) == 20_000
    assert len({numerals.italian(n) for n in range(20_000)}) == 20_000
    with pytest.raises(ValueError, match="1000000 cannot be written in words"):
        numerals.italian(1_000_000)


def test_times_and_dates():
    assert dates.is_now(dates.time(3, 30)) == (
        "it is half past three",
        "il est trois heures et demie",
        "sono le tre e mezza",
    )
    assert dates.is_now(dates.time(1, 0)) == ("it is one o'clock", "il est une heure", "è l'una")
    assert dates.at(dates.time(3, 15)) == ("at quarter past three", "à trois heures et quart", "alle tre e un quarto")
    assert dates.at(dates.time(3, 45)).fr == "à quatre heures moins le quart"
    assert dates.at(dates.time(12, 30)) == ("at half past noon", "à midi et demi", "a mezzogiorno e mezzo")
    assert dates.at(dates.time(1, 5)).it == "all'una e cinque"
    assert dates.on_date(1, 4) == ("on the first of May", "le premier mai", "il primo maggio")
    assert dates.on_date(8, 4) == ("on the eighth of May", "le huit mai", "l'otto maggio")
    assert dates.on_days(6) == ("on Sundays", "le dimanche", "la domenica")


@pytest.mark.parametrize(
    ("verb", "tense", "forms"),
    [
        ("manger", "imperfect", "mangeais mangeais mangeait mangions mangiez mangeaient"),
        ("commencer", "present", "commence commences commence commençons commencez commencent"),
        ("jeter", "present", "jette jettes jette jetons jetez jettent"),
        ("acheter", "future", "achèterai achèteras achètera achèterons achèterez achèteront"),
        ("préférer", "present", "préfère préfères préfère préférons préférez préfèrent"),
        ("finir", "present", "finis finis finit finissons finissez finissent"),
        ("attendre", "present", "attends attends attend attendons attendez attendent"),
        ("emballer", "future", "emballerai emballeras emballera emballerons emballerez emballeront"),
        ("surprendre", "present", "surprends surprends surprend surprenons surprenez surprennent"),
        ("éteindre", "imperfect", "éteignais éteignais éteignait éteignions éteigniez éteignaient"),
        ("nettoyer", "future", "nettoierai nettoieras nettoiera nettoierons nettoierez nettoieront"),
    ],
)
def test_french_verbs(verb, tense, forms):
    from groundup.phrasebook.grammar.french_inflection import conjugate

    assert [conjugate(verb, tense, person) for person in range(6)] == forms.split()


@pytest.mark.parametrize(
    ("verb", "tense", "forms"),
    [
        ("cercare", "present", "cerco cerchi cerca cerchiamo cercate cercano"),
        ("mangiare", "future", "mangerò mangerai mangerà mangeremo mangerete mangeranno"),
        ("pagare", "future", "pagherò pagherai pagherà pagheremo pagherete pagheranno"),
        ("studiare", "present", "studio studi studia studiamo studiate studiano"),
        ("capire", "present", "capisco capisci capisce capiamo capite capiscono"),
        ("bere", "imperfect", "bevevo bevevi beveva bevevamo bevevate bevevano"),
        ("dovere", "conditional", "dovrei dovresti dovrebbe dovremmo dovreste dovrebbero"),
    ],
)
def test_italian_verbs(verb, tense, forms):
    from groundup.phrasebook.grammar.italian_inflection import conjugate

    assert [conjugate(verb, tense, person) for person in range(6)] == forms.split()
