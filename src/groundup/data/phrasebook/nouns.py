"""The nouns: English | French gender | Italian gender, by kind.

`singular/plural` where the plural is irregular (the rules are in `*_forms.py`), `m/f` where the gender changes
in the plural, `pl` where the noun has no singular, each language for itself: scissors, ciseaux, forbici.
Nouns for people that English leaves open (neighbour, doctor) have one fixed gender here, so that an English
sentence has one translation. The kinds in `MASS` are never counted.
"""

MASS = frozenset({"dish", "drink", "material"})

NOUNS = """
[person]
man/men | homme m | uomo/uomini m
woman/women | femme f | donna f
boy | garçon m | ragazzo m
girl | fille f | ragazza f
child/children | enfant m | bambino m
baby | bébé m | neonato m
neighbour | voisin m | vicino m
guest | invité m | ospite m
stranger | inconnu m | sconosciuto m
friend | ami m | amico/amici m
colleague | collègue m | collega/colleghi m
customer | client m | cliente m
tourist | touriste m | turista/turisti m
passenger | passager m | passeggero m
prisoner | prisonnier m | prigioniero m
thief/thieves | voleur m | ladro m
king | roi m | re/re m
queen | reine f | regina f
prince | prince m | principe m
princess | princesse f | principessa f
hero/heroes | héros m | eroe m
lady | dame f | signora f
citizen | citoyen m | cittadino m
teenager | adolescent m | adolescente m
witch | sorcière f | strega f
patient | patient m | paziente m
pupil | élève m | alunno m
champion | champion m | campione m
cyclist | cycliste m | ciclista/ciclisti m
swimmer | nageur m | nuotatore m
inhabitant | habitant m | abitante m
volunteer | bénévole m | volontario m
pirate | pirate m | pirata/pirati m
clown | clown m | pagliaccio m
wizard | magicien m | mago/maghi m
knight | chevalier m | cavaliere m
owner | propriétaire m | proprietario m

[family]
mother | mère f | madre f
father | père m | padre m
brother | frère m | fratello m
sister | sœur f | sorella f
son | fils m | figlio m
daughter | fille f | figlia f
uncle | oncle m | zio/zii m
aunt | tante f | zia f
grandfather | grand-père/grands-pères m | nonno m
grandmother | grand-mère/grands-mères f | nonna f
husband | mari m | marito m
wife/wives | femme f | moglie/mogli f
cousin | cousin m | cugino m
nephew | neveu m | nipote m
niece | nièce f | nipote f

[job]
doctor | médecin m | medico/medici m
teacher | professeur m | professore m
student | étudiant m | studente m
nurse | infirmière f | infermiera f
lawyer | avocat m | avvocato m
engineer | ingénieur m | ingegnere m
baker | boulanger m | fornaio m
butcher | boucher m | macellaio m
cook | cuisinier m | cuoco m
waiter | serveur m | cameriere m
waitress | serveuse f | cameriera f
actor | acteur m | attore m
actress | actrice f | attrice f
singer | chanteur m | cantante m
dancer | danseur m | ballerino m
painter | peintre m | pittore m
writer | écrivain m | scrittore m
journalist | journaliste m | giornalista/giornalisti m
photographer | photographe m | fotografo m
musician | musicien m | musicista/musicisti m
farmer | agriculteur m | contadino m
gardener | jardinier m | giardiniere m
driver | chauffeur m | autista/autisti m
pilot | pilote m | pilota/piloti m
policeman/policemen | policier m | poliziotto m
fireman/firemen | pompier m | pompiere m
soldier | soldat m | soldato m
judge | juge m | giudice m
mayor | maire m | sindaco/sindaci m
minister | ministre m | ministro m
president | président m | presidente m
secretary | secrétaire f | segretaria f
hairdresser | coiffeur m | parrucchiere m
tailor | tailleur m | sarto m
carpenter | menuisier m | falegname m
plumber | plombier m | idraulico/idraulici m
electrician | électricien m | elettricista/elettricisti m
mechanic | mécanicien m | meccanico/meccanici m
dentist | dentiste m | dentista/dentisti m
architect | architecte m | architetto m
scientist | scientifique m | scienziato m
priest | prêtre m | prete m
shopkeeper | commerçant m | commerciante m
postman/postmen | facteur m | postino m
fisherman/fishermen | pêcheur m | pescatore m
librarian | bibliothécaire m | bibliotecario m
guide | guide m | guida f
manager | directeur m | direttore m
translator | traducteur m | traduttore m
interpreter | interprète m | interprete m
sailor | marin m | marinaio m
chemist | pharmacien m | farmacista/farmacisti m
psychologist | psychologue m | psicologo/psicologi m

[animal]
dog | chien m | cane m
cat | chat m | gatto m
horse | cheval m | cavallo m
cow | vache f | mucca f
pig | cochon m | maiale m
lamb | agneau m | agnello m
goat | chèvre f | capra f
donkey | âne m | asino m
rabbit | lapin m | coniglio m
hen | poule f | gallina f
rooster | coq m | gallo m
duck | canard m | anatra f
goose/geese | oie f | oca f
bird | oiseau m | uccello m
mouse/mice | souris f | topo m
rat | rat m | ratto m
lion | lion m | leone m
tiger | tigre m | tigre f
bear | ours m | orso m
wolf/wolves | loup m | lupo m
fox | renard m | volpe f
elephant | éléphant m | elefante m
monkey | singe m | scimmia f
snake | serpent m | serpente m
turtle | tortue f | tartaruga f
frog | grenouille f | rana f
bee | abeille f | ape f
butterfly | papillon m | farfalla f
spider | araignée f | ragno m
ant | fourmi f | formica f
whale | baleine f | balena f
dolphin | dauphin m | delfino m
shark | requin m | squalo m
eagle | aigle m | aquila f
owl | hibou/hiboux m | gufo m
parrot | perroquet m | pappagallo m
giraffe | girafe f | giraffa f
camel | chameau m | cammello m
squirrel | écureuil m | scoiattolo m
crow | corbeau m | corvo m
swan | cygne m | cigno m
kitten | chaton m | gattino m
puppy | chiot m | cucciolo m
wasp | guêpe f | vespa f
crab | crabe m | granchio m
snail | escargot m | lumaca f
zebra | zèbre m | zebra f
kangaroo | kangourou m | canguro m
penguin | pingouin m | pinguino m
pigeon | pigeon m | piccione m
seal | phoque m | foca f

[food]
apple | pomme f | mela f
pear | poire f | pera f
orange | orange f | arancia/arance f
lemon | citron m | limone m
banana | banane f | banana f
strawberry | fraise f | fragola f
cherry | cerise f | ciliegia f
peach | pêche f | pesca f
apricot | abricot m | albicocca f
melon | melon m | melone m
tomato/tomatoes | tomate f | pomodoro m
potato/potatoes | pomme de terre/pommes de terre f | patata f
carrot | carotte f | carota f
onion | oignon m | cipolla f
mushroom | champignon m | fungo m
cucumber | concombre m | cetriolo m
bean | haricot m | fagiolo m
egg | œuf m | uovo/uova m/f
cake | gâteau m | torta f
biscuit | biscuit m | biscotto m
sandwich | sandwich m | panino m
pizza | pizza f | pizza f
omelette | omelette f | frittata f
steak | steak m | bistecca f
sausage | saucisse f | salsiccia/salsicce f
pancake | crêpe f | frittella f
croissant | croissant m | cornetto m
walnut | noix f | noce f
almond | amande f | mandorla f
olive | olive f | oliva f
fig | figue f | fico m
plum | prune f | prugna f
raspberry | framboise f | lampone m
tart | tarte f | crostata f
pineapple | ananas m | ananas m
sweet | bonbon m | caramella f
leek | poireau m | porro m
artichoke | artichaut m | carciofo m
radish | radis m | ravanello m
waffle | gaufre f | cialda f
mango/mangoes | mangue f | mango/manghi m

[dish]
bread | pain m | pane m
butter | beurre m | burro m
cheese | fromage m | formaggio m
meat | viande f | carne f
fish | poisson m | pesce m
chicken | poulet m | pollo m
ham | jambon m | prosciutto m
rice | riz m | riso m
pasta | pâtes f pl | pasta f
soup | soupe f | minestra f
salad | salade f | insalata f
honey | miel m | miele m
jam | confiture f | marmellata f
chocolate | chocolat m | cioccolato m
ice cream | glace f | gelato m
yoghurt | yaourt m | yogurt m
garlic | ail m | aglio m
beef | bœuf m | manzo m
pork | porc m | maiale m
fruit | fruits m pl | frutta f
sugar | sucre m | zucchero m
salt | sel m | sale m
pepper | poivre m | pepe m
oil | huile f | olio m
flour | farine f | farina f
cream | crème f | panna f
vinegar | vinaigre m | aceto m
mustard | moutarde f | senape f

[drink]
water | eau f | acqua f
wine | vin m | vino m
beer | bière f | birra f
milk | lait m | latte m
coffee | café m | caffè m
tea | thé m | tè m
orange juice | jus d'orange m | succo d'arancia m
apple juice | jus de pomme m | succo di mela m
lemonade | limonade f | limonata f
cocoa | chocolat chaud m | cioccolata calda f
mineral water | eau minérale f | acqua minerale f
champagne | champagne m | champagne m
herbal tea | tisane f | tisana f
cider | cidre m | sidro m

[material]
money | argent m | denaro m
wood | bois m | legno m
paper | papier m | carta f
gold | or m | oro m
petrol | essence f | benzina f
sand | sable m | sabbia f
wool | laine f | lana f
luggage | bagages m pl | bagagli m pl
furniture | meubles m pl | mobili m pl
glue | colle f | colla f

[thing]
key | clé f | chiave f
bag | sac m | borsa f
umbrella | parapluie m | ombrello m
cup | tasse f | tazza f
glass | verre m | bicchiere m
plate | assiette f | piatto m
knife/knives | couteau m | coltello m
fork | fourchette f | forchetta f
spoon | cuillère f | cucchiaio m
pan | poêle f | padella f
saucepan | casserole f | pentola f
pen | stylo m | penna f
pencil | crayon m | matita f
scissors pl | ciseaux m pl | forbici f pl
needle | aiguille f | ago m
ball | ballon m | palla f
doll | poupée f | bambola f
toy | jouet m | giocattolo m
gift | cadeau m | regalo m
ring | bague f | anello m
necklace | collier m | collana f
bracelet | bracelet m | braccialetto m
watch | montre f | orologio m
wallet | portefeuille m | portafoglio m
ticket | billet m | biglietto m
map | carte f | mappa f
passport | passeport m | passaporto m
candle | bougie f | candela f
mirror | miroir m | specchio m
comb | peigne m | pettine m
brush | brosse f | spazzola f
towel | serviette f | asciugamano m
soap | savon m | sapone m
blanket | couverture f | coperta f
pillow | oreiller m | cuscino m
carpet | tapis m | tappeto m
vase | vase m | vaso m
basket | panier m | cestino m
rope | corde f | corda f
hammer | marteau m | martello m
screwdriver | tournevis m | cacciavite m
ladder | échelle f | scala f
toothbrush | brosse à dents/brosses à dents f | spazzolino m
stamp | timbre m | francobollo m
envelope | enveloppe f | busta f
coin | pièce f | moneta f
camera | appareil photo/appareils photo m | macchina fotografica/macchine fotografiche f
bucket | seau m | secchio m
tent | tente f | tenda f
backpack | sac à dos/sacs à dos m | zaino m
sunglasses pl | lunettes de soleil f pl | occhiali da sole m pl
shovel | pelle f | pala f
flag | drapeau m | bandiera f
bell | cloche f | campana f
diamond | diamant m | diamante m
battery | pile f | pila f
tablecloth | nappe f | tovaglia f
statue | statue f | statua f
medal | médaille f | medaglia f
kite | cerf-volant/cerfs-volants m | aquilone m
telescope | télescope m | telescopio m
microphone | microphone m | microfono m
helmet | casque m | casco m
crown | couronne f | corona f
sword | épée f | spada f
corkscrew | tire-bouchon m | cavatappi m
thermometer | thermomètre m | termometro m
puppet | marionnette f | marionetta f
wheel | roue f | ruota f
net | filet m | rete f
nail | clou m | chiodo m
screw | vis f | vite f
button | bouton m | bottone m

[clothing]
shirt | chemise f | camicia f
T-shirt | tee-shirt m | maglietta f
trousers pl | pantalon m | pantaloni m pl
jeans pl | jean m | jeans m pl
skirt | jupe f | gonna f
dress | robe f | vestito m
coat | manteau m | cappotto m
jacket | veste f | giacca f
jumper | pull m | maglione m
shoe | chaussure f | scarpa f
boot | botte f | stivale m
sock | chaussette f | calzino m
hat | chapeau m | cappello m
cap | casquette f | berretto m
scarf/scarves | écharpe f | sciarpa f
glove | gant m | guanto m
tie | cravate f | cravatta f
belt | ceinture f | cintura f
suit | costume m | completo m
swimsuit | maillot de bain/maillots de bain m | costume da bagno/costumi da bagno m
pyjamas pl | pyjama m | pigiama m
apron | tablier m | grembiule m
sandal | sandale f | sandalo m
raincoat | imperméable m | impermeabile m
slipper | pantoufle f | pantofola f

[furniture]
table | table f | tavolo m
chair | chaise f | sedia f
bed | lit m | letto m
sofa | canapé m | divano m
armchair | fauteuil m | poltrona f
wardrobe | armoire f | armadio m
shelf/shelves | étagère f | scaffale m
desk | bureau m | scrivania f
curtain | rideau m | tenda f
bench | banc m | panchina f
mattress | matelas m | materasso m
stool | tabouret m | sgabello m
cradle | berceau m | culla f

[vehicle]
car | voiture f | macchina f
bicycle | vélo m | bicicletta f
motorbike | moto f | moto/moto f
lorry | camion m | camion m
van | camionnette f | furgone m
tractor | tracteur m | trattore m
boat | bateau m | barca f

[transport]
bus | bus m | autobus m
train | train m | treno m
plane | avion m | aereo m
ship | navire m | nave f
taxi | taxi m | taxi m
tram | tramway m | tram m
ambulance | ambulance f | ambulanza f
ferry | ferry/ferrys m | traghetto m

[text]
book | livre m | libro m
letter | lettre f | lettera f
newspaper | journal m | giornale m
magazine | magazine m | rivista f
novel | roman m | romanzo m
poem | poème m | poesia f
article | article m | articolo m
message | message m | messaggio m
postcard | carte postale/cartes postales f | cartolina f
report | rapport m | rapporto m
dictionary | dictionnaire m | dizionario m
recipe | recette f | ricetta f
contract | contrat m | contratto m
list | liste f | lista f
page | page f | pagina f
speech | discours m | discorso m
exercise | exercice m | esercizio m
fairy tale | conte de fées/contes de fées m | fiaba f
invoice | facture f | fattura f
text | texte m | testo m
notebook | cahier m | quaderno m
document | document m | documento m
summary | résumé m | riassunto m

[device]
lamp | lampe f | lampada f
television | télévision f | televisione f
radio | radio f | radio/radio f
computer | ordinateur m | computer m
oven | four m | forno m
washing machine | machine à laver/machines à laver f | lavatrice f
fan | ventilateur m | ventilatore m
printer | imprimante f | stampante f
phone | téléphone m | telefono m
alarm clock | réveil m | sveglia f
engine | moteur m | motore m
torch | lampe de poche/lampes de poche f | torcia/torce f

[openable]
door | porte f | porta f
window | fenêtre f | finestra f
gate | portail m | cancello m
box | boîte f | scatola f
suitcase | valise f | valigia f
bottle | bouteille f | bottiglia f
drawer | tiroir m | cassetto m
parcel | colis m | pacco m
jar | bocal m | barattolo m
fridge | réfrigérateur m | frigorifero m
cupboard | placard m | armadietto m
safe | coffre-fort/coffres-forts m | cassaforte/casseforti f

[building]
house | maison f | casa f
flat | appartement m | appartamento m
hotel | hôtel m | albergo m
castle | château m | castello m
church | église f | chiesa f
school | école f | scuola f
museum | musée m | museo m
library | bibliothèque f | biblioteca f
hospital | hôpital m | ospedale m
factory | usine f | fabbrica f
bridge | pont m | ponte m
tower | tour f | torre f
garage | garage m | garage/garage m
theatre | théâtre m | teatro m
shop | magasin m | negozio m
restaurant | restaurant m | ristorante m
cathedral | cathédrale f | cattedrale f
palace | palais m | palazzo m
windmill | moulin m | mulino m
wall | mur m | muro m
stadium | stade m | stadio m
monument | monument m | monumento m
prison | prison f | prigione f
cellar | cave f | cantina f
swimming pool | piscine f | piscina f
farm | ferme f | fattoria f
bakery | boulangerie f | panetteria f
pharmacy | pharmacie f | farmacia f
bank | banque f | banca f
lighthouse | phare m | faro m
chapel | chapelle f | cappella f
warehouse | entrepôt m | magazzino m
hut | cabane f | capanna f
fountain | fontaine f | fontana f
pyramid | pyramide f | piramide f
post office | bureau de poste/bureaux de poste m | ufficio postale/uffici postali m

[nature]
mountain | montagne f | montagna f
river | rivière f | fiume m
lake | lac m | lago m
island | île f | isola f
forest | forêt f | foresta f
tree | arbre m | albero m
flower | fleur f | fiore m
rose | rose f | rosa f
garden | jardin m | giardino m
field | champ m | campo m
beach | plage f | spiaggia/spiagge f
hill | colline f | collina f
valley | vallée f | valle f
star | étoile f | stella f
cloud | nuage m | nuvola f
village | village m | villaggio m
city | ville f | città f
street | rue f | strada f
square | place f | piazza f
path | sentier m | sentiero m
stone | pierre f | pietra f
leaf/leaves | feuille f | foglia f
desert | désert m | deserto m
waterfall | cascade f | cascata f
park | parc m | parco m
cave | grotte f | grotta f
coast | côte f | costa f
pond | étang m | stagno m
bush | buisson m | cespuglio m
tulip | tulipe f | tulipano m
meadow | pré m | prato m
volcano/volcanoes | volcan m | vulcano m
planet | planète f | pianeta/pianeti m

[idea]
idea | idée f | idea f
problem | problème m | problema/problemi m
question | question f | domanda f
answer | réponse f | risposta f
story | histoire f | storia f
reason | raison f | ragione f
mistake | erreur f | errore m
project | projet m | progetto m
dream | rêve m | sogno m
secret | secret m | segreto m
word | mot m | parola f
lesson | leçon f | lezione f
exam | examen m | esame m
rule | règle f | regola f
solution | solution f | soluzione f
decision | décision f | decisione f
joke | blague f | barzelletta f
language | langue f | lingua f
habit | habitude f | abitudine f
address | adresse f | indirizzo m
opinion | opinion f | opinione f
proposal | proposition f | proposta f
discovery | découverte f | scoperta f
method | méthode f | metodo m
memory | souvenir m | ricordo m
surprise | surprise f | sorpresa f
theory | théorie f | teoria f
difference | différence f | differenza f
advantage | avantage m | vantaggio m

[event]
trip | voyage m | viaggio m
party | fête f | festa f
meeting | réunion f | riunione f
match | match m | partita f
film | film m | film m
concert | concert m | concerto m
show | spectacle m | spettacolo m
wedding | mariage m | matrimonio m
race | course f | corsa f
exhibition | exposition f | mostra f
competition | concours m | concorso m
course | cours m | corso m

[art]
song | chanson f | canzone f
photo | photo f | foto/foto f
painting | tableau m | quadro m
drawing | dessin m | disegno m
melody | mélodie f | melodia f
poster | affiche f | manifesto m

[body]
head | tête f | testa f
hand | main f | mano/mani f
foot/feet | pied m | piede m
back | dos m | schiena f
tooth/teeth | dent f | dente m
throat | gorge f | gola f
stomach/stomachs | ventre m | pancia/pance f
knee | genou/genoux m | ginocchio/ginocchia m/f
arm | bras m | braccio/braccia m/f
leg | jambe f | gamba f
eye | œil/yeux m | occhio m
ear | oreille f | orecchio/orecchie m/f
shoulder | épaule f | spalla f
finger | doigt m | dito/dita m/f
nose | nez m | naso m
neck | cou m | collo m

[sport]
football | football m | calcio m
tennis | tennis m | tennis m
basketball | basket m | basket m
volleyball | volley m | pallavolo f
rugby | rugby m | rugby m
golf | golf m | golf m
chess | échecs m pl | scacchi m pl
cards pl | cartes f pl | carte f pl

[instrument]
piano | piano m | pianoforte m
guitar | guitare f | chitarra f
violin | violon m | violino m
flute | flûte f | flauto m
trumpet | trompette f | tromba f
cello | violoncelle m | violoncello m
harp | harpe f | arpa f
saxophone | saxophone m | sassofono m
accordion | accordéon m | fisarmonica f
organ | orgue m | organo m

[tongue]
French | français m | francese m
English | anglais m | inglese m
Italian | italien m | italiano m
Spanish | espagnol m | spagnolo m
German | allemand m | tedesco m
Russian | russe m | russo m
Chinese | chinois m | cinese m
Japanese | japonais m | giapponese m
Arabic | arabe m | arabo m
Portuguese | portugais m | portoghese m
Greek | grec m | greco m
Polish | polonais m | polacco m
"""
