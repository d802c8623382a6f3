"""The verbs: English [past participle] | French | Italian | the kinds of noun (or single nouns) they select.

`se ...` and `...si` are reflexive, each language for itself; a last `à`, `de`, `a`, `di` is the preposition of
the object; other words stay after the verb (avoir *besoin* de). Frames: `alone` takes nobody but a subject,
`act` an object, `state` an object but no progressive, `toward` an object in the dative of both languages,
`hand` and `tell` an object and a person (only `hand` lets the person come first in English); `auxiliary`, `wish` \
    (in the
past: imperfect), `modal` and `would` (conditional) take another verb.
"""

VERBS = """
[alone]
sleep slept slept | dormir | dormire
work | travailler | lavorare
walk | marcher | camminare
run ran run | courir | correre
swim swam swum | nager | nuotare
dance | danser | ballare
sing sang sung | chanter | cantare
cry | pleurer | piangere
laugh | rire | ridere
smile | sourire | sorridere
dream | rêver | sognare
travel travelled travelled | voyager | viaggiare
arrive | arriver | arrivare
leave left left | partir | partire
come came come | venir | venire
go out went out gone out | sortir | uscire
come in came in come in | entrer | entrare
stay | rester | rimanere
come back came back come back | revenir | tornare
fall fell fallen | tomber | cadere
wait | attendre | aspettare
smoke | fumer | fumare
shout | crier | gridare
cough | tousser | tossire
snore | ronfler | russare
cook | cuisiner | cucinare
study | étudier | studiare
pray | prier | pregare
vote | voter | votare
jump | sauter | saltare
whistle | siffler | fischiare
eat ate eaten | manger | mangiare
read read read | lire | leggere
write wrote written | écrire | scrivere
win won won | gagner | vincere
lose lost lost | perdre | perdere
drive drove driven | conduire | guidare
draw drew drawn | dessiner | disegnare
protest | protester | protestare
ski skied skied | skier | sciare
get up got up got up | se lever | alzarsi
wake up woke up woken up | se réveiller | svegliarsi
get dressed got dressed got dressed | s'habiller | vestirsi
rest | se reposer | riposarsi
hurry | se dépêcher | sbrigarsi
sit down sat down sat down | s'asseoir | sedersi
fall asleep fell asleep fallen asleep | s'endormir | addormentarsi
have fun had fun had fun | s'amuser | divertirsi
get bored got bored got bored | s'ennuyer | annoiarsi
get angry got angry got angry | se fâcher | arrabbiarsi
go to bed went to bed gone to bed | se coucher | andare a letto
get married got married got married | se marier | sposarsi
get lost got lost got lost | se perdre | perdersi
train | s'entraîner | allenarsi
shave | se raser | radersi
stop stopped stopped | s'arrêter | fermarsi
worry | s'inquiéter | preoccuparsi
apologise | s'excuser | scusarsi
get ready got ready got ready | se préparer | prepararsi
hide hid hidden | se cacher | nascondersi
complain | se plaindre | lamentarsi
wash | se laver | lavarsi
relax | se détendre | rilassarsi
calm down | se calmer | calmarsi
turn round | se retourner | voltarsi
faint | s'évanouir | svenire
escape | s'échapper | scappare
move house | déménager | traslocare
have lunch had lunch had lunch | déjeuner | pranzare
have dinner had dinner had dinner | dîner | cenare
exaggerate | exagérer | esagerare
hesitate | hésiter | esitare
suffer | souffrir | soffrire
lie lied lied | mentir | mentire

[act]
eat ate eaten | manger | mangiare | food bread butter cheese meat fish chicken ham rice pasta soup salad honey jam \
    chocolate ice_cream yoghurt beef pork fruit
drink drank drunk | boire | bere | drink
buy bought bought | acheter | comprare | food dish drink thing clothing furniture vehicle device text house flat \
    painting flower
sell sold sold | vendre | vendere | thing clothing furniture vehicle house flat painting animal
see saw seen | voir | vedere | person family job animal thing building nature vehicle art
look at | regarder | guardare | art person animal nature building map watch
look for | chercher | cercare | thing clothing text person family job pharmacy bank job hotel solution address
find found found | trouver | trovare | thing clothing text solution answer mistake hotel
lose lost lost | perdre | perdere | key bag umbrella wallet ticket passport ring watch glove scarf hat document match
take took taken | prendre | prendere | thing text transport clothing
forget forgot forgotten | oublier | dimenticare | key bag umbrella wallet ticket passport lesson word address rule \
    document
read read read | lire | leggere | text
write wrote written | écrire | scrivere | letter novel poem article message postcard report speech exercise list \
    recipe song story text
open | ouvrir | aprire | openable parcel letter book bag umbrella
close | fermer | chiudere | openable book umbrella shop
hear heard heard | entendre | sentire | person animal song melody bell
listen to | écouter | ascoltare | person family job song concert radio story speech
wait for | attendre | aspettare | person family job transport answer letter
help | aider | aiutare | person family job
invite | inviter | invitare | person family job
meet met met | rencontrer | incontrare | person family job
follow | suivre | seguire | person job animal path course rule
visit | visiter | visitare | building city village island cave
thank | remercier | ringraziare | person family job
call | appeler | chiamare | person family job dog
wash | laver | lavare | clothing vehicle plate cup glass dog
clean | nettoyer | pulire | building furniture oven window
repair | réparer | riparare | vehicle device door bicycle
break broke broken | casser | rompere | cup glass plate vase mirror window toy bottle chair
use | utiliser | usare | knife fork spoon pen pencil scissors hammer screwdriver ladder computer printer dictionary \
    map method
wear wore worn | porter | indossare | clothing ring necklace bracelet watch sunglasses
take off took off taken off | enlever | togliersi | clothing
put on put on put on | mettre | mettersi | clothing
turn on | allumer | accendere | device candle
turn off | éteindre | spegnere | device candle
build built built | construire | costruire | building boat
paint | peindre | dipingere | house door wall flower boat chair
draw drew drawn | dessiner | disegnare | animal house tree flower castle map
cut cut cut | couper | tagliare | bread cheese meat cake rope paper apple melon wood
prepare | préparer | preparare | dish cake salad pizza suitcase trip speech lesson exam
taste | goûter | assaggiare | food dish wine
order | commander | ordinare | food drink pasta salad
choose chose chosen | choisir | scegliere | thing clothing book film restaurant dress hotel course
carry | porter | portare | bag suitcase box basket ladder backpack child baby parcel
push | pousser | spingere | vehicle door furniture
pull | tirer | tirare | rope door curtain drawer
hide hid hidden | cacher | nascondere | thing text parcel money
steal stole stolen | voler | rubare | vehicle wallet ring painting watch necklace money diamond bag camera
touch | toucher | toccare | thing furniture animal wall
kiss | embrasser | baciare | person family frog
feed fed fed | nourrir | nutrire | animal baby
drive drove driven | conduire | guidare | vehicle bus taxi ambulance
park | garer | parcheggiare | car van motorbike lorry
rent | louer | affittare | house flat garage shop
understand understood understood | comprendre | capire | question answer problem joke rule lesson text language word
learn | apprendre | imparare | tongue word song language poem rule
study | étudier | studiare | tongue text lesson language map
repeat | répéter | ripetere | word question exercise lesson
correct | corriger | correggere | mistake exercise text
finish | finir | finire | text drawing project painting exercise
organise | organiser | organizzare | trip party meeting match concert show wedding race competition
accept | accepter | accettare | proposal gift decision solution rule
refuse | refuser | rifiutare | proposal gift solution
solve | résoudre | risolvere | problem
sing sang sung | chanter | cantare | song melody
watch | regarder | guardare | film match show television race
win won won | gagner | vincere | match race competition medal
miss | rater | perdere | transport
receive | recevoir | ricevere | letter message postcard gift parcel medal invoice report answer
sign | signer | firmare | contract letter document report
translate | traduire | tradurre | text song
publish | publier | pubblicare | book novel article poem report photo
print | imprimer | stampare | text photo drawing poster ticket
borrow | emprunter | prendere in prestito | book car bicycle umbrella pen ladder dictionary money
change | changer | cambiare | battery rule habit method project tablecloth
destroy | détruire | distruggere | building document
decorate | décorer | decorare | house cake tree wall church table
cross | traverser | attraversare | river street bridge square desert forest field garden park
leave left left | quitter | lasciare | city village house hotel party
protect | protéger | proteggere | child animal forest nature king
save | sauver | salvare | child animal forest prisoner sailor
catch caught caught | attraper | catturare | animal thief
hunt | chasser | cacciare | animal
stroke | caresser | accarezzare | cat dog horse rabbit kitten puppy donkey
admire | admirer | ammirare | painting building nature singer actress hero writer
respect | respecter | rispettare | rule teacher person decision judge
greet | saluer | salutare | person family job
disturb | déranger | disturbare | person family job
surprise | surprendre | sorprendere | person family thief
comfort | consoler | consolare | person family
convince | convaincre | convincere | person family job
criticise | critiquer | criticare | job film book show decision method
defend | défendre | difendere | castle city project idea child prisoner
discover | découvrir | scoprire | cave island secret planet mistake method city
explore | explorer | esplorare | nature castle
photograph | photographier | fotografare | animal building nature person
examine | examiner | esaminare | document patient stone map painting report problem
check | vérifier | controllare | address ticket document answer passport battery
fill | remplir | riempire | glass bottle bag suitcase basket bucket box cup
empty | vider | svuotare | glass bottle bag suitcase basket bucket box drawer
iron | repasser | stirare | shirt trousers dress skirt tablecloth
fold | plier | piegare | clothing towel blanket letter map
peel | éplucher | sbucciare | apple pear orange potato onion carrot banana cucumber
pick | cueillir | cogliere | flower rose tulip apple cherry strawberry lemon olive leaf
plant | planter | piantare | tree flower rose tulip bush bean potato tomato
water | arroser | annaffiare | tree flower rose garden tomato
sweep swept swept | balayer | spazzare | street path church bakery
burn burnt burnt | brûler | bruciare | letter document wood paper notebook contract
move | déplacer | spostare | furniture vehicle ladder box
keep kept kept | garder | conservare | letter secret photo gift memory ticket
count | compter | contare | coin star money
share | partager | condividere | cake bread secret idea opinion pizza
imitate | imiter | imitare | person job animal
accompany | accompagner | accompagnare | person family job
encourage | encourager | incoraggiare | person family job
punish | punir | punire | child pupil thief
interrupt | interrompre | interrompere | person job meeting lesson concert speech
consult | consulter | consultare | doctor lawyer dictionary map psychologist
arrest | arrêter | arrestare | thief prisoner citizen
wake up woke up woken up | réveiller | svegliare | person family
throw away threw away thrown away | jeter | buttare via | box bottle letter newspaper toy paper
measure | mesurer | misurare | table wall garden window bed
lift | soulever | sollevare | furniture box suitcase parcel bucket basket
cancel cancelled cancelled | annuler | annullare | trip party meeting match concert show wedding race competition
invent | inventer | inventare | story method joke recipe word
tidy | ranger | riordinare | shelf desk drawer cupboard wardrobe garage cellar
lock | verrouiller | chiudere a chiave | door gate drawer car safe suitcase
scold | gronder | sgridare | child pupil son daughter dog waiter
welcome | accueillir | accogliere | person family
insult | insulter | insultare | person job
warn | avertir | avvertire | person family job
hire | embaucher | assumere | job
cure | guérir | guarire | patient child king horse
attack | attaquer | attaccare | animal castle city thief ship
frighten | effrayer | spaventare | person family animal
weigh | peser | pesare | parcel suitcase baby fish potato tomato
wrap wrapped wrapped | emballer | incartare | gift vase book bottle cup
freeze froze frozen | congeler | congelare | meat fish chicken bread strawberry bean
grow grew grown | cultiver | coltivare | tomato potato carrot onion leek artichoke strawberry rose
harvest | récolter | raccogliere | tomato potato olive apple lemon bean
film filmed filmed | filmer | filmare | animal nature wedding concert match race
record | enregistrer | registrare | song concert melody speech message
copy | copier | copiare | text drawing exercise address
underline | souligner | sottolineare | word mistake answer
pronounce | prononcer | pronunciare | word speech
sharpen | aiguiser | affilare | knife sword scissors
try tried tried | essayer | provare | clothing method dish bicycle

[state]
have had had | avoir | avere | animal thing clothing furniture vehicle text device idea money house flat garden \
    brother sister son daughter cousin
want | vouloir | volere | food dish drink thing clothing vehicle animal
need | avoir besoin de | avere bisogno di | thing clothing doctor lawyer car document answer
own | posséder | possedere | house flat castle vehicle animal restaurant shop hotel island farm factory painting
deserve | mériter | meritare | medal gift answer
know knew known | connaître | conoscere | person family job answer rule secret address
love | aimer | amare | person family
hate | détester | odiare | person job

[toward]
talk to | parler à | parlare a | person family job
phone | téléphoner à | telefonare a | family job friend neighbour
reply to | répondre à | rispondere a | person family job letter message question
write to wrote to written to | écrire à | scrivere a | family job friend
smile at | sourire à | sorridere a | person family job
obey | obéir à | obbedire a | family teacher king queen judge policeman rule
lie to lied to lied to | mentir à | mentire a | person family job

[hand]
give gave given | donner | dare | thing clothing text food painting money flower
show showed shown | montrer | mostrare | thing clothing text art building
send sent sent | envoyer | mandare | letter message postcard report photo parcel invoice gift book flower document
lend lent lent | prêter | prestare | vehicle book pen umbrella dictionary ladder camera money computer
bring brought brought | apporter | portare | food drink thing text flower
offer | offrir | offrire | flower gift book ring necklace drink cake watch
sell sold sold | vendre | vendere | vehicle house furniture thing animal
read read read | lire | leggere | letter book story poem fairy_tale message article
tell told told | raconter | raccontare | story joke dream fairy_tale
teach taught taught | enseigner | insegnare | tongue song poem
promise | promettre | promettere | gift horse surprise answer trip

[tell]
explain | expliquer | spiegare | idea exercise poem recipe contract document
return | rendre | restituire | book key umbrella money pen car bicycle dictionary camera document
describe | décrire | descrivere | building nature painting dream method project
recommend | recommander | consigliare | book film restaurant hotel wine doctor lawyer novel museum
announce | annoncer | annunciare | decision wedding meeting
suggest | suggérer | suggerire | idea solution answer method
serve | servir | servire | food dish drink

[wish]
want to | vouloir | volere
have to had to had to | devoir | dovere
hope to | espérer | sperare di
know how to knew how to known how to | savoir | sapere
prefer to preferred to preferred to | préférer | preferire
intend to | avoir l'intention de | avere intenzione di
love to | adorer | adorare
hate to | détester | detestare

[auxiliary]
try to tried to tried to | essayer de | cercare di
begin to began to begun to | commencer à | cominciare a
forget to forgot to forgotten to | oublier de | dimenticare di
decide to | décider de | decidere di
refuse to | refuser de | rifiutare di
continue to | continuer à | continuare a
promise to | promettre de | promettere di
learn to | apprendre à | imparare a
dare to | oser | osare
manage to | réussir à | riuscire a

[modal]
can could could | pouvoir | potere
must must must | devoir | dovere
be able to was able to been able to | pouvoir | potere

[would]
would like to would like to would like to | vouloir | volere
should should should | devoir | dovere
could could could | pouvoir | potere
"""
