-- words.sql: what columns are called, and what a time looks like.

-- A header without accents, case, blanks, currencies and small words: "Date de
-- commande (UTC)" is datecommande, "N° client" is client.
CREATE FUNCTION pg_temp.word(header text) RETURNS text
LANGUAGE sql STABLE
AS $$
	SELECT coalesce(string_agg(token, '' ORDER BY place), '')
	FROM regexp_split_to_table(lower(translate(replace(replace(replace(header, 'œ', 'oe'), 'Œ', 'OE'), 'ß', 'ss'),
		'àâäáãåçéèêëíìîïñóòôöõúùûüýÿÀÂÄÁÃÅÇÉÈÊËÍÌÎÏÑÓÒÔÖÕÚÙÛÜÝ', 'aaaaaaceeeeiiiinooooouuuuyyAAAAAACEEEEIIIINOOOOOUUUUY')),
		'[^a-z0-9]+') WITH ORDINALITY AS t (token, place)
	WHERE token <> ALL ('{de,du,des,d,del,della,di,do,da,la,le,les,l,of,the,der,van,n,no,nr,num,eur,usd,gbp,chf,euro,euros,utc,gmt,in,en}')
$$;

-- role, words that mean it, the best first
CREATE TEMPORARY TABLE vocabulary (role text, words text) ON COMMIT DROP;
INSERT INTO vocabulary VALUES
	('customer', 'customerid customer customerno customernumber customercode customerkey customerref customerreference
		clientid client clientno clientnumber clientcode codeclient idclient numeroclient numclient refclient referenceclient
		userid user username accountid account accountno accountnumber memberid member membernumber buyerid buyer shopperid shopper
		contactid contact subscriberid subscriber visitorid companyid patientid
		customeremail useremail clientemail buyeremail billingemail contactemail email emailaddress mail courriel adressemail adresseemail billingemailaddress customeremailaddress fromemailaddress
		customername clientname buyername nomclient company companyname societe entreprise raisonsociale
		tiers codetiers compteclient compte acheteur adherent idadherent abonne membre utilisateur idutilisateur
		numerocarte cartefidelite loyaltycard cardnumber
		kundennummer kundenid kunde kundenname kundenemail klantid klantnummer klant klantnaam
		idcliente cliente clienteid codigocliente numerocliente codicecliente usuario utente'),
	('perhaps customer', 'id name nom reference ref'),
	('time', 'orderedat orderdate orderedon orderdatetime ordertimestamp dateordered ordered datecommande datecmd commandele
		purchasedat purchasedate purchasedon purchasedatetime dateofpurchase transactiondate transactionat transactiondatetime transactiontimestamp
		invoicedate dateinvoice datefacture datefacturation dateachat achetele datevente saledate salesdate datesold soldat
		bookingdate bookedat eventtime eventdate eventtimestamp occurredat
		createdat created createdon creationdate createddate createddatetime datecreated datecreation datecreated creele
		processedat paidat paidon paymentdate datepaid datepaiement datereglement
		date dateheure datetime timestamp horodatage jour day at when
		bestelldatum rechnungsdatum kaufdatum auftragsdatum belegdatum buchungsdatum datum zeitpunkt
		fechapedido fechacompra fechafactura fechaventa fecha dataordine dataacquisto datafattura datavendita
		datapedido datacompra datavenda data besteldatum factuurdatum aankoopdatum month mois monat mes mese maand time ordertime heure hora ora'),
	('clock', 'time ordertime timeofday hour heure heurecommande uhrzeit hora ora tijd'),
	('other time', 'birthdate birthday dateofbirth dob datenaissance updatedat updated modifiedat lastmodified shippedat shippingdate shipdate
		deliverydate deliveredat datelivraison duedate echeance dateecheance fulfilledat canceledat cancelledat refundedat exportedat signupdate
		signedupon signedupat dateinscription registeredat'),
	('start', 'startdate startedat startson start datedebut debut validfrom subscriptionstart begin'),
	('end', 'enddate endedat endson end datefin fin validto validuntil subscriptionend expiresat expirydate'),
	('amount', 'lineamount linetotal lineitemtotal extendedprice montantligne totalligne
		orderamount ordertotal ordervalue totalamount totalprice grandtotal total totalpaid amountpaid paidamount amount
		invoiceamount invoicetotal transactionamount purchaseamount paymentamount saleamount salesamount netamount totalnet nettotal
		revenue netrevenue grossrevenue sales netsales turnover value dollarvalue dollars spend spent gmv net gross grossamount subtotal payment
		montant montantttc montantht montanttotal montantcommande montantfacture montantnet totalttc totalht prixtotal
		ca caht cattc chiffreaffaires somme valeur recette encaissement
		betrag gesamtbetrag summe gesamtsumme umsatz gesamtpreis rechnungsbetrag nettobetrag bruttobetrag wert
		importe importetotal monto montototal valor valortotal ventas ingreso ingresos importo importototale totale valore ricavo fatturato
		bedrag totaalbedrag totaal omzet receita montante'),
	('quantity', 'quantity qty lineitemquantity units unitssold pieces quantite qte menge anzahl stueck stuck cantidad unidades quantita qta aantal quantidade qtd'),
	('price', 'unitprice priceeach itemprice lineitemprice priceperunit sellingprice price prixunitaire prixunitaireht prixunitairettc pu puht puttc prix prixvente
		einzelpreis stuckpreis stueckpreis preis preciounitario precio prezzounitario prezzo stuksprijs eenheidsprijs prijs precounitario preco'),
	('order', 'orderid order orderno ordernumber orderref orderreference invoiceno invoiceid invoicenumber invoice transactionid transactionno transactionnumber
		receiptid receiptno receiptnumber receipt saleid basketid cartid
		commande numerocommande idcommande refcommande referencecommande facture numerofacture idfacture ticket numeroticket
		bestellnummer bestellung auftragsnummer rechnungsnummer belegnummer bestelnummer ordernummer factuurnummer
		pedido numeropedido idpedido factura numerofactura ordine numeroordine fattura numerofattura'),
	('channel', 'channel acquisitionchannel saleschannel marketingchannel acquisitionsource source utmsource trafficsource leadsource medium utmmedium
		campaign utmcampaign segment customersegment canal canalvente canalacquisition origine provenance campagne store shop boutique magasin
		country pays region kanal vertriebskanal quelle herkunft filiale fuente origen canale fonte kanaal bron'),
	('currency', 'currency currencycode devise monnaie wahrung waehrung moneda valuta moeda'),
	('status', 'status orderstatus financialstatus paymentstatus statut statutcommande etat bestellstatus estado stato'),
	('type', 'type transactiontype eventtype ordertype typeoperation typetransaction tipo art'),
	('other', 'product productid productname sku item itemid article produit designation description stockcode category categorie family famille
		city ville zip zipcode postcode postalcode codepostal address adresse phone telephone comment comments note notes
		tax taxes tva vat discount discountamount remise shipping fee fees cost cout margin marge age weight poids score rating stock points balance solde
		firstname lastname prenom gender sexe latitude longitude line lineno linenumber row index');
CREATE TEMPORARY TABLE words ON COMMIT DROP AS
SELECT role, word, min(place) AS place
FROM vocabulary, regexp_split_to_table(words, '\s+') WITH ORDINALITY AS w (word, place)
GROUP BY role, word;

-- Months as they are written out, in seven languages, by how they begin.
CREATE FUNCTION pg_temp.month_names() RETURNS text
LANGUAGE sql IMMUTABLE
RETURN 'jan|ene|gen|feb|fev|fév|mar|mär|mrz|maa|mrt|apr|avr|abr|mai|may|mag|mei|mayo|jun|juin|giu|jul|juil|lug|aug|aou|aoû|ago|sep|set|oct|okt|ott|out|nov|dec|déc|dez|dic';

-- Has the look of a date, with or without a time?  Not of 1234.50.
CREATE FUNCTION pg_temp.is_time(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN value ~ '^\d' AND value ~ '^(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.]\d{1,2}|(?:19|20)\d\d[-/](?:0?[1-9]|1[0-2])(?:$|[ T])|\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d\d|\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?:$|[ T,])|(?:0?[1-9]|1[0-2])[-/](?:19|20)\d\d$|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:$|T|\d{6}$))'
	OR value ~* ('^(?:[[:alpha:]]{2,10}\.?,? )?(?:\d{1,2}(?:st|nd|rd|th|er|e|\.|º)?[- /]*(?:de |d'')?(?:' || pg_temp.month_names() || ')[[:alpha:]]*\.?,?[- /]*(?:de |del )?\d{2,4}|(?:' || pg_temp.month_names() || ')[[:alpha:]]*\.?[- ]\d{1,2}(?:st|nd|rd|th)?,?[- ]+\d{4})');

-- A value without what surrounds a number: currencies, and blanks at the ends.
CREATE FUNCTION pg_temp.bare(value text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN btrim(regexp_replace(value, '(US|CA?|AU?|R)\$|EUR(OS?)?\M|USD|GBP|CHF|CAD|AUD|JPY|SEK|NOK|DKK|PLN|BRL|\mkr\.?|zł|\mFr\.|\mRs\.?|[€$£¥₹]', '', 'gi'), E' \t\u00A0\u202F\u2009');

CREATE FUNCTION pg_temp.is_number(value text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN pg_temp.bare(value) ~ '^[-+−–(]?\s*[-+−–]?\s*(\d[\d.,''’ \u00A0\u202F\u2009]*|[.,]\d+)([eE][-+]?\d+)?\s*\)?\s*[-+−–]?$';

-- Nothing, or a word for it.
CREATE FUNCTION pg_temp.filled(value text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN octet_length(value) < 20 AND lower(btrim(value, E' \t\n\u00A0\u202F\u200B\uFEFF')) IN ('', '-', '--', 'null', '(null)', 'nil', 'none', 'nan', 'n/a', '#n/a', '#ref!', '#value!', '#name?', 'na', '\n', '(not set)', '(blank)', '(empty)', 'undefined') THEN NULL
	ELSE nullif(btrim(value, E' \t\n\u00A0\u202F\u200B\uFEFF'), '') END;
