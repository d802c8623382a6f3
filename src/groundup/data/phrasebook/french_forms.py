"""French inflection: plurals and feminines by rule, verbs by three conjugations and a table of endings.

The table is matched by the end of the infinitive, the longest entry first, so that `prendre` also conjugates
apprendre, comprendre and surprendre.
"""

import re
from functools import cache

VOWEL = "aeiouhyàâæéèêëîïôœùû"
ASPIRATED = ("héros", "haricot", "hibou", "harpe", "haut", "huit", "onz", "yaourt", "Hambourg")  # no elision before

_ELIDING = re.compile(
    rf"(?<![\w'-])(j|m|t|s|n|d|c|qu)e (?!{'|'.join(ASPIRATED)})(?=[{VOWEL}{VOWEL.upper()}])"
    rf"|(?<![\w'-])(l)[ea] (?!{'|'.join(ASPIRATED)})(?=[{VOWEL}{VOWEL.upper()}])"
)
_SI = re.compile(r"\bsi (?=ils?\b)")


def elides(following: str) -> bool:
    """Whether l', mon and cet stand before these words."""
    return following[0].lower() in VOWEL and not following.lower().startswith(ASPIRATED)


def elide(text: str) -> str:
    """Drop the vowel of je, le, la, de, que ... before a vowel or a mute h: j'ai, l'homme, qu'il, s'il."""
    return _SI.sub("s'", _ELIDING.sub(lambda match: (match[1] or match[2]) + "'", text))


def contract(preposition: str, phrase: str) -> str:
    """de or à before an (elided) noun phrase: du, des, au, aux, de la, d'un."""
    short = {"de": ("du ", "des "), "à": ("au ", "aux ")}.get(preposition)
    if short and phrase.startswith("le "):
        return short[0] + phrase[3:]
    if short and phrase.startswith("les "):
        return short[1] + phrase[4:]
    if preposition == "de":  # besoin de + du pain, de l'eau, des clés: the partitive is swallowed
        phrase = re.sub(r"^(du |de la |de l'|des |d'(?!un))", "", phrase)
    return elide(f"{preposition} {phrase}")


def plural(word: str) -> str:
    """The plural of a noun or an adjective: chats, prix, gâteaux, chevaux."""
    if word.endswith(("s", "x", "z")):
        return word
    if word.endswith(("eau", "eu")) and word != "bleu":
        return word + "x"
    return word[:-2] + "aux" if word.endswith("al") else word + "s"


def feminine(word: str) -> str:
    """The feminine of an adjective: heureuse, active, légère, italienne, grande."""
    for ending, other in (("eux", "euse"), ("f", "ve"), ("er", "ère"), ("ien", "ienne"), ("el", "elle")):
        if word.endswith(ending):
            return word[: -len(ending)] + other
    return word if word.endswith("e") else word + "e"


def agreed(participle: str, gender: str, several: bool) -> str:
    """A past participle agreeing in gender and number."""
    word = participle.replace("dû", "du") + "e" if gender == "f" else participle
    return plural(word) if several else word


# infinitive ending: present (six persons) | future stem | past participle; the imperfect comes from "nous"
_TABLE = """
être: suis es est sommes êtes sont | ser | été
avoir: ai as a avons avez ont | aur | eu
aller: vais vas va allons allez vont | ir | allé
faire: fais fais fait faisons faites font | fer | fait
dire: dis dis dit disons dites disent | dir | dit
lire: lis lis lit lisons lisez lisent | lir | lu
rire: ris ris rit rions riez rient | rir | ri
écrire: écris écris écrit écrivons écrivez écrivent | écrir | écrit
crire: cris cris crit crivons crivez crivent | crir | crit
voir: vois vois voit voyons voyez voient | verr | vu
savoir: sais sais sait savons savez savent | saur | su
pouvoir: peux peux peut pouvons pouvez peuvent | pourr | pu
devoir: dois dois doit devons devez doivent | devr | dû
cevoir: çois çois çoit cevons cevez çoivent | cevr | çu
vouloir: veux veux veut voulons voulez veulent | voudr | voulu
venir: viens viens vient venons venez viennent | viendr | venu
tenir: tiens tiens tient tenons tenez tiennent | tiendr | tenu
prendre: prends prends prend prenons prenez prennent | prendr | pris
mettre: mets mets met mettons mettez mettent | mettr | mis
partir: pars pars part partons partez partent | partir | parti
sortir: sors sors sort sortons sortez sortent | sortir | sorti
dormir: dors dors dort dormons dormez dorment | dormir | dormi
servir: sers sers sert servons servez servent | servir | servi
sentir: sens sens sent sentons sentez sentent | sentir | senti
mentir: mens mens ment mentons mentez mentent | mentir | menti
boire: bois bois boit buvons buvez boivent | boir | bu
croire: crois crois croit croyons croyez croient | croir | cru
connaître: connais connais connaît connaissons connaissez connaissent | connaîtr | connu
naître: nais nais naît naissons naissez naissent | naîtr | né
courir: cours cours court courons courez courent | courr | couru
mourir: meurs meurs meurt mourons mourez meurent | mourr | mort
ouvrir: ouvre ouvres ouvre ouvrons ouvrez ouvrent | ouvrir | ouvert
couvrir: couvre couvres couvre couvrons couvrez couvrent | couvrir | couvert
offrir: offre offres offre offrons offrez offrent | offrir | offert
souffrir: souffre souffres souffre souffrons souffrez souffrent | souffrir | souffert
cueillir: cueille cueilles cueille cueillons cueillez cueillent | cueiller | cueilli
vivre: vis vis vit vivons vivez vivent | vivr | vécu
suivre: suis suis suit suivons suivez suivent | suivr | suivi
uire: uis uis uit uisons uisez uisent | uir | uit
indre: ins ins int ignons ignez ignent | indr | int
asseoir: assieds assieds assied asseyons asseyez asseyent | assiér | assis
résoudre: résous résous résout résolvons résolvez résolvent | résoudr | résolu
convaincre: convaincs convaincs convainc convainquons convainquez convainquent | convaincr | convaincu
rompre: romps romps rompt rompons rompez rompent | rompr | rompu
envoyer: envoie envoies envoie envoyons envoyez envoient | enverr | envoyé
"""
_IRREGULAR = {line.partition(":")[0]: line.partition(":")[2] for line in _TABLE.strip().splitlines()}
_BY_LENGTH = sorted(_IRREGULAR, key=len, reverse=True)
_DOUBLING = ("appeler", "jeter")  # appelle, jette; the others take a grave accent: achète
_IMPERFECT = "ais ais ait ions iez aient".split()
_FUTURE = "ai as a ons ez ont".split()


def _parts(infinitive: str) -> tuple[list[str], str, str]:
    """Present, future stem and participle of any verb."""
    for ending in _BY_LENGTH:
        if infinitive.endswith(ending) and (ending != "aller" or infinitive == ending):
            head = infinitive[: -len(ending)]
            present, future, participle = (part.strip() for part in _IRREGULAR[ending].split("|"))
            return [head + form for form in present.split()], head + future, head + participle
    stem, ending = infinitive[:-2], infinitive[-2:]
    if ending == "er":
        return _first(stem)
    if ending == "ir":
        present = [stem + e for e in ("is", "is", "it", "issons", "issez", "issent")]
        return present, infinitive, stem + "i"
    third = stem if stem.endswith(("d", "t")) else stem + "t"
    return [stem + "s", stem + "s", third, stem + "ons", stem + "ez", stem + "ent"], infinitive[:-1], stem + "u"


def _first(stem: str) -> tuple[list[str], str, str]:
    """The verbs in -er, with the spellings of manger, commencer, nettoyer, acheter, appeler, préférer."""
    strong = future = stem  # the stem when its last vowel is stressed
    if re.search(r"e[lmnprstv]$", stem):
        doubled = (stem + "er").endswith(_DOUBLING)
        strong = future = stem + stem[-1] if doubled else f"{stem[:-2]}è{stem[-1]}"
    elif found := re.search(r"é([lmnprtdcg]+)$", stem):
        strong = stem[: found.start()] + "è" + found[1]
    elif stem.endswith("y"):
        strong = future = stem[:-1] + "i"
    soft = re.sub("c$", "ç", re.sub("g$", "ge", stem))
    present = [strong + "e", strong + "es", strong + "e", soft + "ons", stem + "ez", strong + "ent"]
    return present, future + "er", stem + "é"


@cache
def conjugate(infinitive: str, tense: str, person: int) -> str:
    """A form in the present, imperfect, future or conditional; persons 0..5 are je, tu, il, nous, vous, ils."""
    present, future, _ = _parts(infinitive)
    if tense == "present":
        return present[person]
    if tense == "future":
        return future + _FUTURE[person]
    if tense == "conditional":
        return future + _IMPERFECT[person]
    stem = "ét" if infinitive == "être" else present[3].removesuffix("ons")
    if person in (3, 4):  # nous mangions, nous commencions
        stem = re.sub("ge$", "g", stem) if infinitive.endswith("ger") else re.sub("ç$", "c", stem)
    return stem + _IMPERFECT[person]


@cache
def participle(infinitive: str) -> str:
    """The past participle, masculine singular."""
    return _parts(infinitive)[2]


def command(infinitive: str, person: int) -> str:
    """The imperative of nous (3) and vous (4)."""
    irregular = {"être": ("soyons", "soyez"), "avoir": ("ayons", "ayez"), "savoir": ("sachons", "sachez")}
    return irregular[infinitive][person - 3] if infinitive in irregular else conjugate(infinitive, "present", person)
