"""Phrases that are whole in each language: places, times, manners, weather, feelings, names, countries and cities."""

from groundup.data.phrasebook.meaning import Fixed


def _fixed(table: str) -> tuple[Fixed, ...]:
    return tuple(Fixed(*(column.strip() for column in row.split("|"))) for row in table.strip().splitlines())


def _columns(table: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(column.strip() for column in row.split("|")) for row in table.strip().splitlines())


WOMEN = "Marie Julie Sophie Laura Emma Claire Alice Nina Sara Anna Lucie Eva".split()
MEN = "Paul Marc Thomas Louis Daniel Martin Antoine David Simon Leo Victor Adam".split()
SURNAMES = "Martin Bernard Moretti Rossi Durand Ferrari Leroy Conti Morel Marino Garnier Greco".split()

# where | où (also: to there) | from there || dove | from there
PLACES = _columns("""
at the station | à la gare | de la gare | alla stazione | dalla stazione
at the airport | à l'aéroport | de l'aéroport | all'aeroporto | dall'aeroporto
at the market | au marché | du marché | al mercato | dal mercato
at the supermarket | au supermarché | du supermarché | al supermercato | dal supermercato
at the office | au bureau | du bureau | in ufficio | dall'ufficio
at the bank | à la banque | de la banque | in banca | dalla banca
at the post office | à la poste | de la poste | alla posta | dalla posta
at the library | à la bibliothèque | de la bibliothèque | in biblioteca | dalla biblioteca
at the theatre | au théâtre | du théâtre | a teatro | dal teatro
at the cinema | au cinéma | du cinéma | al cinema | dal cinema
at the restaurant | au restaurant | du restaurant | al ristorante | dal ristorante
at the hotel | à l'hôtel | de l'hôtel | in albergo | dall'albergo
at the museum | au musée | du musée | al museo | dal museo
at the university | à l'université | de l'université | all'università | dall'università
at the beach | à la plage | de la plage | in spiaggia | dalla spiaggia
at the swimming pool | à la piscine | de la piscine | in piscina | dalla piscina
at the stadium | au stade | du stade | allo stadio | dallo stadio
at the pharmacy | à la pharmacie | de la pharmacie | in farmacia | dalla farmacia
at the bakery | à la boulangerie | de la boulangerie | in panetteria | dalla panetteria
at the doctor's | chez le médecin | de chez le médecin | dal medico | dallo studio del medico
at the hairdresser's | chez le coiffeur | de chez le coiffeur | dal parrucchiere | dal salone del parrucchiere
at school | à l'école | de l'école | a scuola | da scuola
at the hospital | à l'hôpital | de l'hôpital | in ospedale | dall'ospedale
at the farm | à la ferme | de la ferme | alla fattoria | dalla fattoria
at the factory | à l'usine | de l'usine | in fabbrica | dalla fabbrica
in the kitchen | dans la cuisine | de la cuisine | in cucina | dalla cucina
in the garden | dans le jardin | du jardin | in giardino | dal giardino
in the bathroom | dans la salle de bains | de la salle de bains | in bagno | dal bagno
in the bedroom | dans la chambre | de la chambre | in camera | dalla camera
in the living room | dans le salon | du salon | in salotto | dal salotto
in the cellar | dans la cave | de la cave | in cantina | dalla cantina
in the attic | dans le grenier | du grenier | in soffitta | dalla soffitta
in the mountains | à la montagne | de la montagne | in montagna | dalla montagna
in the countryside | à la campagne | de la campagne | in campagna | dalla campagna
in the city centre | au centre-ville | du centre-ville | in centro | dal centro
in church | à l'église | de l'église | in chiesa | dalla chiesa
in the forest | dans la forêt | de la forêt | nella foresta | dalla foresta
in the park | au parc | du parc | al parco | dal parco
in the village | au village | du village | in paese | dal paese
in prison | en prison | de prison | in prigione | dalla prigione
""")

# in | from, each way
COUNTRIES = _columns("""
France | en France | de France | in Francia | dalla Francia
Italy | en Italie | d'Italie | in Italia | dall'Italia
Spain | en Espagne | d'Espagne | in Spagna | dalla Spagna
Germany | en Allemagne | d'Allemagne | in Germania | dalla Germania
England | en Angleterre | d'Angleterre | in Inghilterra | dall'Inghilterra
Ireland | en Irlande | d'Irlande | in Irlanda | dall'Irlanda
Portugal | au Portugal | du Portugal | in Portogallo | dal Portogallo
Belgium | en Belgique | de Belgique | in Belgio | dal Belgio
Switzerland | en Suisse | de Suisse | in Svizzera | dalla Svizzera
Austria | en Autriche | d'Autriche | in Austria | dall'Austria
Greece | en Grèce | de Grèce | in Grecia | dalla Grecia
Poland | en Pologne | de Pologne | in Polonia | dalla Polonia
Russia | en Russie | de Russie | in Russia | dalla Russia
China | en Chine | de Chine | in Cina | dalla Cina
Japan | au Japon | du Japon | in Giappone | dal Giappone
Canada | au Canada | du Canada | in Canada | dal Canada
Brazil | au Brésil | du Brésil | in Brasile | dal Brasile
India | en Inde | d'Inde | in India | dall'India
Egypt | en Égypte | d'Égypte | in Egitto | dall'Egitto
Morocco | au Maroc | du Maroc | in Marocco | dal Marocco
Mexico | au Mexique | du Mexique | in Messico | dal Messico
Norway | en Norvège | de Norvège | in Norvegia | dalla Norvegia
Sweden | en Suède | de Suède | in Svezia | dalla Svezia
Denmark | au Danemark | du Danemark | in Danimarca | dalla Danimarca
the Netherlands | aux Pays-Bas | des Pays-Bas | nei Paesi Bassi | dai Paesi Bassi
the United States | aux États-Unis | des États-Unis | negli Stati Uniti | dagli Stati Uniti
""")

CITIES = _fixed("""
Paris | Paris | Parigi
London | Londres | Londra
Rome | Rome | Roma
Florence | Florence | Firenze
Venice | Venise | Venezia
Milan | Milan | Milano
Naples | Naples | Napoli
Turin | Turin | Torino
Madrid | Madrid | Madrid
Barcelona | Barcelone | Barcellona
Lisbon | Lisbonne | Lisbona
Berlin | Berlin | Berlino
Vienna | Vienne | Vienna
Geneva | Genève | Ginevra
Brussels | Bruxelles | Bruxelles
Athens | Athènes | Atene
Moscow | Moscou | Mosca
Prague | Prague | Praga
Warsaw | Varsovie | Varsavia
Lyons | Lyon | Lione
Marseilles | Marseille | Marsiglia
Nice | Nice | Nizza
Genoa | Gênes | Genova
Edinburgh | Édimbourg | Edimburgo
Dublin | Dublin | Dublino
Amsterdam | Amsterdam | Amsterdam
Hamburg | Hambourg | Amburgo
""")

PAST = _fixed("""
yesterday | hier | ieri
last night | hier soir | ieri sera
last week | la semaine dernière | la settimana scorsa
last month | le mois dernier | il mese scorso
last year | l'année dernière | l'anno scorso
this morning | ce matin | stamattina
yesterday morning | hier matin | ieri mattina
yesterday afternoon | hier après-midi | ieri pomeriggio
the day before yesterday | avant-hier | l'altro ieri
a long time ago | il y a longtemps | molto tempo fa
last summer | l'été dernier | l'estate scorsa
last winter | l'hiver dernier | l'inverno scorso
""")

FUTURE = _fixed("""
tomorrow | demain | domani
tomorrow morning | demain matin | domani mattina
tonight | ce soir | stasera
next week | la semaine prochaine | la settimana prossima
next month | le mois prochain | il mese prossimo
next year | l'année prochaine | l'anno prossimo
next summer | l'été prochain | l'estate prossima
soon | bientôt | presto
the day after tomorrow | après-demain | dopodomani
this afternoon | cet après-midi | questo pomeriggio
later | plus tard | più tardi
""")

HABIT = _fixed("""
every day | tous les jours | ogni giorno
every morning | tous les matins | ogni mattina
every evening | tous les soirs | ogni sera
every week | toutes les semaines | ogni settimana
every month | tous les mois | ogni mese
every year | tous les ans | ogni anno
in the morning | le matin | la mattina
in the afternoon | l'après-midi | il pomeriggio
in the evening | le soir | la sera
at night | la nuit | di notte
at the weekend | le week-end | nel fine settimana
in spring | au printemps | in primavera
in summer | en été | d'estate
in autumn | en automne | in autunno
in winter | en hiver | d'inverno
twice a week | deux fois par semaine | due volte alla settimana
once a month | une fois par mois | una volta al mese
from time to time | de temps en temps | di tanto in tanto
""")

NOW = _fixed("""
now | maintenant | adesso
at the moment | en ce moment | in questo momento
today | aujourd'hui | oggi
""")

OFTEN = _fixed("""
always | toujours | sempre
often | souvent | spesso
rarely | rarement | raramente
""")

MANNER = _fixed("""
slowly | lentement | lentamente
quickly | rapidement | velocemente
well | bien | bene
badly | mal | male
a lot | beaucoup | molto
too much | trop | troppo
a little | un peu | un po'
with pleasure | avec plaisir | con piacere
""")

WEATHER = _columns("""
it is hot | il fait chaud | fa caldo
it is cold | il fait froid | fa freddo
it is cool | il fait frais | fa fresco
it is sunny | il y a du soleil | c'è il sole
it is windy | il y a du vent | c'è vento
it is foggy | il y a du brouillard | c'è nebbia
it is raining | il pleut | piove
it is snowing | il neige | nevica
the weather is nice | il fait beau | fa bel tempo
the weather is bad | il fait mauvais | fa brutto tempo
it was hot | il faisait chaud | faceva caldo
it was cold | il faisait froid | faceva freddo
it was sunny | il y avait du soleil | c'era il sole
it was windy | il y avait du vent | c'era vento
it was foggy | il y avait du brouillard | c'era nebbia
it was raining | il pleuvait | pioveva
it was snowing | il neigeait | nevicava
the weather was nice | il faisait beau | faceva bel tempo
the weather was bad | il faisait mauvais | faceva brutto tempo
it will be hot | il fera chaud | farà caldo
it will be cold | il fera froid | farà freddo
it will be sunny | il y aura du soleil | ci sarà il sole
it will be windy | il y aura du vent | ci sarà vento
it will rain | il pleuvra | pioverà
it will snow | il neigera | nevicherà
the weather will be nice | il fera beau | farà bel tempo
the weather will be bad | il fera mauvais | farà brutto tempo
""")

# to be hungry: avoir faim, avere fame
FEELINGS = _columns("""
hungry | faim | fame
thirsty | soif | sete
cold | froid | freddo
hot | chaud | caldo
sleepy | sommeil | sonno
afraid | peur | paura
right | raison | ragione
wrong | tort | torto
""")

GREETINGS = _fixed("""
good morning | bonjour | buongiorno
good evening | bonsoir | buonasera
goodbye | au revoir | arrivederci
excuse me | excusez-moi | scusa
hello | salut | ciao
thank you | merci | grazie
of course | bien sûr | certo
""")

WEEKDAYS = _fixed("""
Monday | lundi | lunedì
Tuesday | mardi | martedì
Wednesday | mercredi | mercoledì
Thursday | jeudi | giovedì
Friday | vendredi | venerdì
Saturday | samedi | sabato
Sunday | dimanche | domenica
""")

MONTHS = _fixed("""
January | janvier | gennaio
February | février | febbraio
March | mars | marzo
April | avril | aprile
May | mai | maggio
June | juin | giugno
July | juillet | luglio
August | août | agosto
September | septembre | settembre
October | octobre | ottobre
November | novembre | novembre
December | décembre | dicembre
""")
