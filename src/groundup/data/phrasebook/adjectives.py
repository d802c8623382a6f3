"""The adjectives: English [comparative] | French[/feminine] | Italian | the kinds of noun they suit.

A `state` is only said of somebody or something (she is late), an `attribute` only stands beside its noun, a
`quality` does both.
`^` marks an adjective that stands before its noun. A comparative is given where English has one of its own;
otherwise it is made with "more". The feminine is given where the rule of `french_forms.py` does not make it.
"""

ADJECTIVES = """
[quality]
big bigger | ^grand | ^grande | animal thing clothing furniture vehicle transport building nature openable device
small smaller | ^petit | ^piccolo | person animal thing clothing furniture vehicle building nature food openable \
    device
beautiful | ^beau/belle | ^bello | person animal thing clothing furniture building nature art event text idea
old older | ^vieux/vieille | ^vecchio | person job animal thing clothing furniture vehicle transport building \
    device text
young younger | ^jeune | ^giovane | person job
good better | ^bon/bonne | ^buono | job food dish drink idea text event art
long longer | long/longue | lungo | text event skirt dress coat scarf river beach street path story lesson answer \
    word bridge wall
bad worse | ^mauvais | ^cattivo | idea job
pretty prettier | ^joli | ^grazioso | girl lady princess actress waitress clothing nature house village
fat fatter | ^gros/grosse | grasso | cat dog pig king thief baker hen
short shorter | court | corto | clothing text rope
high higher | ^haut | alto | mountain wall tower hill ladder
low lower | bas/basse | basso | wall table chair stool
red redder | rouge | rosso | thing clothing furniture vehicle
blue bluer | bleu | blu | thing clothing furniture vehicle
green greener | vert | verde | thing clothing furniture vehicle apple
yellow yellower | jaune | giallo | thing clothing furniture vehicle
white whiter | blanc/blanche | bianco | thing clothing furniture vehicle animal house
black blacker | noir | nero | thing clothing furniture vehicle animal
grey greyer | gris | grigio | thing clothing furniture vehicle cat horse
brown browner | marron/marron/marron/marron | marrone | thing clothing furniture vehicle
purple | violet/violette | viola | thing clothing
pink pinker | rose | rosa | thing clothing
rich richer | riche | ricco | person job family
strong stronger | fort | forte | person job family animal
weak weaker | faible | debole | person job family
kind kinder | ^gentil/gentille | gentile | person job family
nice nicer | sympathique | simpatico/simpatici | person job family
intelligent | intelligent | intelligente | person job family animal
stupid | stupide | stupido | idea
lazy lazier | paresseux | pigro | person job family animal
brave braver | courageux | coraggioso | person job family
curious | curieux | curioso | person job family animal
shy shyer | timide | timido | person job family
polite | poli | educato | person job family
honest | honnête | onesto | person job family
generous | généreux | generoso | person job family
patient | patient | paziente | person job family
serious | sérieux | serio | person job family problem mistake reason
funny funnier | drôle | divertente | person story film joke show
famous | célèbre | famoso | job painting building song novel
friendly friendlier | aimable | cordiale | person job
careful | prudent | prudente | person job family
talented | doué | dotato | job pupil
elegant | élégant | elegante | person clothing hotel
modest | modeste | modesto | person job family
ambitious | ambitieux | ambizioso | person job family
cruel crueller | cruel | crudele | king queen witch
tolerant | tolérant | tollerante | person job family
stubborn | têtu | testardo | person family donkey
cheerful | joyeux | allegro | person family song melody
sincere | sincère | sincero | person family
fast faster | rapide | veloce | vehicle transport animal
slow slower | lent | lento | vehicle transport animal
dangerous | dangereux | pericoloso | animal vehicle mountain street path idea cave volcano
wild wilder | sauvage | selvatico/selvatici | animal
expensive | cher/chère | caro | thing clothing furniture vehicle device hotel restaurant
cheap cheaper | bon marché/bon marché/bon marché/bon marché | economico/economici | thing clothing furniture device \
    hotel
heavy heavier | lourd | pesante | thing furniture openable clothing
light lighter | léger | leggero | bag clothing chair suitcase box blanket
clean cleaner | propre | pulito | thing clothing furniture vehicle building openable
dirty dirtier | sale | sporco | thing clothing furniture vehicle building openable
empty emptier | vide | vuoto | openable bag basket glass wallet bucket hotel restaurant theatre
broken | cassé | rotto | thing device furniture openable
useful | utile | utile | thing device text method rule language habit lesson advantage discovery
useless | inutile | inutile | thing device text method rule habit discovery meeting
precious | précieux | prezioso | ring necklace diamond painting vase bracelet memory
strange stranger | étrange | strano | person animal thing text idea art building
modern | moderne | moderno | furniture building device art
ancient | ancien | antico | building coin statue painting
comfortable | confortable | comodo | furniture clothing car hotel
wooden | en bois/en bois/en bois/en bois | di legno | furniture toy box bridge spoon ladder
round rounder | rond | rotondo | table mirror carpet box window
square | carré | quadrato | table mirror carpet box window garden
wide wider | large | largo | river street bed belt door bench
narrow narrower | étroit | stretto | street path bed door bridge
deep deeper | profond | profondo | river lake cave valley
quiet quieter | tranquille | tranquillo | village street square hotel park beach garden island restaurant
noisy noisier | bruyant | rumoroso | street restaurant washing_machine engine fan
hot hotter | chaud | caldo | dish food drink
cold colder | froid | freddo | dish food drink
fresh fresher | frais/fraîche | fresco | bread milk fish cheese fruit egg orange_juice salad cream
delicious | délicieux | delizioso | food dish drink recipe
sweet sweeter | sucré | dolce | food tea wine
salty saltier | salé | salato | butter ham cheese soup biscuit
ripe riper | mûr | maturo | apple pear banana strawberry cherry peach tomato melon fig plum
rotten | pourri | marcio | apple pear egg tomato potato onion
bitter | amer/amère | amaro | coffee chocolate orange beer almond
dry drier | sec/sèche | secco | wine bread cake wood leaf
soft softer | doux/douce | morbido | blanket pillow towel bed jumper
hard harder | dur | duro | bread bed chair mattress biscuit
interesting | intéressant | interessante | text event idea building job art
boring | ennuyeux | noioso | text event lesson
difficult | difficile | difficile | text lesson question problem exam decision language exercise
easy easier | facile | facile | text lesson question exam exercise recipe
simple simpler | simple | semplice | text question problem solution idea recipe
important | important | importante | text event idea
necessary | nécessaire | necessario | document decision trip meeting rule key
impossible | impossible | impossibile | problem project dream trip
true truer | vrai | vero | story reason answer
false | faux/fausse | falso | passport document diamond idea story address
clear clearer | clair | chiaro | text idea
excellent | ^excellent | eccellente | food drink idea text event job
terrible | terrible | terribile | idea event
perfect | parfait | perfetto | solution answer recipe
original | original | originale | idea text art project
brilliant | brillant | brillante | idea student pupil engineer speech
crazy crazier | fou/folle | pazzo | person scientist
secret | secret/secrète | segreto | document project message drawer
public | public/publique | pubblico/pubblici | garden library school park meeting swimming_pool
private | privé | privato | letter school garden beach party road
popular | populaire | popolare | singer actor song film restaurant
foreign | étranger | straniero | student tourist newspaper film language guest
French | français | francese | person job building text art dish
English | anglais | inglese | person job text art
Italian | italien | italiano | person job text art dish drink
Spanish | espagnol | spagnolo | person job text art
German | allemand | tedesco | person job text vehicle
American | américain | americano | person job text vehicle
Russian | russe | russo | person job novel
Japanese | japonais | giapponese | person job device
Chinese | chinois | cinese | person job restaurant vase
warm warmer | chaud | caldo | coat jumper blanket scarf glove water
bright brighter | lumineux | luminoso | house flat library theatre
dark darker | sombre | buio | cave forest house street church flat
magnificent | magnifique | magnifico/magnifici | building nature painting horse
immense | immense | immenso | nature building
historic | historique | storico/storici | building document
political | politique | politico/politici | meeting speech project idea
fragile | fragile | fragile | vase glass cup plate mirror box
solid | solide | solido | table chair bridge wall ladder rope
transparent | transparent | trasparente | glass bottle box envelope
wet wetter | mouillé | bagnato | clothing towel dog umbrella
torn | déchiré | strappato | shirt trousers envelope page letter map coat

[attribute]
new newer | ^nouveau/nouvelle | ^nuovo | thing clothing furniture vehicle building device text idea job

[state]
poor poorer | pauvre | povero | person job family
tall taller | grand | alto | person job
tired | fatigué | stanco | person job family
happy happier | heureux | felice | person job family
sad sadder | triste | triste | person job family
ill | malade | malato | person job family animal
calm calmer | calme | calmo | person job family animal
nervous | nerveux | nervoso | person job family animal
angry angrier | fâché | arrabbiato | person job family
proud prouder | fier/fière | orgoglioso | person job family
jealous | jaloux/jalouse | geloso | person family
sure | sûr | sicuro | person family
ready | prêt | pronto | person job family
married | marié | sposato | job
alone | seul | solo | person
busy busier | occupé | impegnato | person job family
late | en retard/en retard/en retard/en retard | in ritardo | person job family
worried | inquiet/inquiète | preoccupato | person job family
surprised | surpris | sorpreso | person job family
disappointed | déçu | deluso | person job family
free | libre | libero | person job family
full fuller | plein | pieno | openable bag basket glass bucket wallet
possible | possible | possibile | solution reason trip answer
lost | perdu | perso | dog cat key child letter
closed | fermé | chiuso | shop museum door window bank pharmacy library church
open | ouvert | aperto | shop museum door window bank pharmacy library
"""
