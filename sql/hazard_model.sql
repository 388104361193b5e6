-- The aggregate hazard_model and its readers: Cox regression.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = -5;

CREATE TABLE lives AS
SELECT i, 1 + (i * 7919) % 23 AS days, (i * 31) % 7 > 1 AS churned, (i * 5) % (1 + (i * 7919) % 23) AS entered, (ARRAY['north', 'south'])[1 + i % 2] AS region, 1 + (i * 11) % 4 AS n,
	(i * 13) % 17 / 4.0 AS logins, (i * 7) % 5 < 2 AS invited, (ARRAY['free', 'free', 'solo', 'team', 'team'])[1 + (i * 3) % 11 % 5] AS plan
FROM generate_series(1, 90) i;
CREATE TABLE fits AS
WITH o AS (SELECT *, jsonb_build_object('logins', logins, 'invited', invited, 'plan', plan) AS traits FROM lives)
SELECT 'plain' AS fit, hazard_model(days, churned, traits) AS m FROM o
UNION ALL SELECT 'entered', hazard_model(days, churned, traits || jsonb_build_object('since', entered), '{"entered": "since"}') FROM o
UNION ALL SELECT 'strata', hazard_model(days, churned, traits || jsonb_build_object('region', region), '{"strata": "region"}') FROM o
UNION ALL SELECT 'weight', hazard_model(days, churned, traits || jsonb_build_object('n', n), '{"weight": "n"}') FROM o
UNION ALL SELECT 'all', hazard_model(days, churned, traits || jsonb_build_object('region', region, 'since', entered, 'n', n), '{"strata": "region", "weight": "n", "entered": "since"}') FROM o;
SELECT fit, covariate, level, coefficient, std_error, ratio, low, high, z, p_value FROM fits, hazard_ratios(m, 0.9) WHERE fit = 'plain';
SELECT fit, status, problems, rows, left_out, events, degrees_of_freedom FROM fits, model_fit(m) ORDER BY fit;

-- What R says of the same rows: survival 3.5-3, coxph with eps = 1e-14, cox.zph,
-- survfit of a customer with 3 logins, invited, of the plan team and the region
-- south after 4, 9 and 15 days, and her risk against the mean of logins, nobody
-- invited, and the most frequent plan (free).
CREATE TABLE r (fit text, what text, name text, a float8, b float8, c float8, d float8);
INSERT INTO r VALUES
	('plain', 'term', 'invited', 0.2557564635694, 0.2555851560745, 1.000670256041, 0.3169862518868),
	('plain', 'term', 'logins', 0.0005701409520353, 0.1001134861447, 0.005694946545075, 0.9954561146386),
	('plain', 'term', 'plan solo', -0.0790492490198, 0.3487160478365, -0.2266865821354, 0.8206674614397),
	('plain', 'term', 'plan team', -0.09330898166373, 0.2795380948648, -0.3337970150683, 0.738532736001),
	('plain', 'log-likelihoods', '', -231.7159231144, -231.132055718, 0.5307369891722, 0.04288239165373),
	('plain', 'tests', '', 1.16773479277, 1.186979549879, 1.192884528052, 0.8792687388003),
	('plain', 'km', 'invited', 0.2543323048357, 1, 0.6140409539297, NULL),
	('plain', 'km', 'logins', 0.8104241279996, 1, 0.3679948868353, NULL),
	('plain', 'km', 'plan', 1.373050659514, 2, 0.5033219118653, NULL),
	('plain', 'km', 'GLOBAL', 2.295337631531, 4, 0.6816180420929, NULL),
	('plain', 'rank', 'invited', 0.2092805139478, 1, 0.6473319151036, NULL),
	('plain', 'rank', 'logins', 0.667718574404, 1, 0.4138481483326, NULL),
	('plain', 'rank', 'plan', 1.06913687019, 2, 0.5859220990041, NULL),
	('plain', 'rank', 'GLOBAL', 1.831343861116, 4, 0.7667430870862, NULL),
	('plain', 'identity', 'invited', 0.2166326101066, 1, 0.6416177666358, NULL),
	('plain', 'identity', 'logins', 0.667110473515, 1, 0.414060844994, NULL),
	('plain', 'identity', 'plan', 1.081162654966, 2, 0.5824095832476, NULL),
	('plain', 'identity', 'GLOBAL', 1.849644183345, 4, 0.7633882365217, NULL),
	('plain', 'log', 'invited', 0.07858567375349, 1, 0.7792232899033, NULL),
	('plain', 'log', 'logins', 0.4789629357474, 1, 0.4888924399789, NULL),
	('plain', 'log', 'plan', 1.284638366209, 2, 0.5260709533166, NULL),
	('plain', 'log', 'GLOBAL', 1.750141690944, 4, 0.7815904455782, NULL),
	('plain', 'survival', '', 0.8642577366507, 0.6680535744579, 0.4285556766468, NULL),
	('plain', 'risk', '', 1.177053704357, NULL, NULL, NULL),
	('entered', 'term', 'invited', 0.211894555308, 0.2594295976075, 0.8167709361694, 0.4140593443764),
	('entered', 'term', 'logins', 0.06032596205688, 0.103644447469, 0.5820472155535, 0.5605348780138),
	('entered', 'term', 'plan solo', -0.2199831806505, 0.3502807766205, -0.6280195641133, 0.5299911238205),
	('entered', 'term', 'plan team', 0.08180145606021, 0.2811905204265, 0.290911144288, 0.77111927785),
	('entered', 'log-likelihoods', '', -200.7572492935, -199.8163547995, 0.5448803191489, 0.04403704346667),
	('entered', 'tests', '', 1.881788988069, 1.858593552529, 1.869878045693, 0.7596760325047),
	('entered', 'km', 'invited', 0.0003207706489403, 1, 0.98571059468, NULL),
	('entered', 'km', 'logins', 0.2179200809598, 1, 0.6406293026701, NULL),
	('entered', 'km', 'plan', 2.336238203115, 2, 0.3109512593111, NULL),
	('entered', 'km', 'GLOBAL', 2.457003440954, 4, 0.6523511848194, NULL),
	('entered', 'rank', 'invited', 0.02281547536173, 1, 0.8799379116255, NULL),
	('entered', 'rank', 'logins', 0.3794566582612, 1, 0.5378941671562, NULL),
	('entered', 'rank', 'plan', 1.847638326093, 2, 0.3969999345936, NULL),
	('entered', 'rank', 'GLOBAL', 2.15161775739, 4, 0.7078960770322, NULL),
	('entered', 'identity', 'invited', 0.02571154357164, 1, 0.8726067960419, NULL),
	('entered', 'identity', 'logins', 0.3799850905671, 1, 0.537611215732, NULL),
	('entered', 'identity', 'plan', 1.862065299848, 2, 0.3941464848095, NULL),
	('entered', 'identity', 'GLOBAL', 2.168092027036, 4, 0.704874990419, NULL),
	('entered', 'log', 'invited', 0.01283975286177, 1, 0.9097827018362, NULL),
	('entered', 'log', 'logins', 0.1032301410296, 1, 0.7479872413512, NULL),
	('entered', 'log', 'plan', 2.549505725653, 2, 0.2795000345352, NULL),
	('entered', 'log', 'GLOBAL', 2.597880005389, 4, 0.6271987177288, NULL),
	('entered', 'survival', '', 0.5630287046104, 0.324755556393, 0.1480810890613, NULL),
	('entered', 'risk', '', 1.424309064606, NULL, NULL, NULL),
	('strata', 'term', 'invited', 0.2687779320678, 0.268502029834, 1.001027561073, 0.3168134839609),
	('strata', 'term', 'logins', 0.0027283425064, 0.1001672586742, 0.02723786736816, 0.978270013109),
	('strata', 'term', 'plan solo', -0.07480982424756, 0.351957616211, -0.2125535030409, 0.8316752418126),
	('strata', 'term', 'plan team', -0.06009690476602, 0.2882365937071, -0.2084985254408, 0.8348397338683),
	('strata', 'log-likelihoods', '', -187.9166705209, -187.371520175, 0.537788663401, 0.04360435752972),
	('strata', 'tests', '', 1.090300691843, 1.100265183591, 1.105960903626, 0.8933252925197),
	('strata', 'km', 'invited', 0.3274892564101, 1, 0.5671412583535, NULL),
	('strata', 'km', 'logins', 0.715126244754, 1, 0.3977472575672, NULL),
	('strata', 'km', 'plan', 1.122590561392, 2, 0.5704696667417, NULL),
	('strata', 'km', 'GLOBAL', 2.165182900651, 4, 0.7054083369399, NULL),
	('strata', 'rank', 'invited', 0.2855215360484, 1, 0.5931048334527, NULL),
	('strata', 'rank', 'logins', 0.6021757461938, 1, 0.4377490824245, NULL),
	('strata', 'rank', 'plan', 0.8614385541764, 2, 0.650041366669, NULL),
	('strata', 'rank', 'GLOBAL', 1.737108256507, 4, 0.7839663426062, NULL),
	('strata', 'identity', 'invited', 0.2967739172991, 1, 0.585911989148, NULL),
	('strata', 'identity', 'logins', 0.6019053862804, 1, 0.4378519569969, NULL),
	('strata', 'identity', 'plan', 0.8717698393472, 2, 0.6466921431963, NULL),
	('strata', 'identity', 'GLOBAL', 1.760870992143, 4, 0.7796329092787, NULL),
	('strata', 'log', 'invited', 0.1123946671572, 1, 0.7374341399296, NULL),
	('strata', 'log', 'logins', 0.4455983690983, 1, 0.5044326644721, NULL),
	('strata', 'log', 'plan', 1.072702706498, 2, 0.5848783785676, NULL),
	('strata', 'log', 'GLOBAL', 1.570064492124, 4, 0.814162121806, NULL),
	('strata', 'survival', '', 0.873789771034, 0.6566096167134, 0.4273628769437, NULL),
	('strata', 'risk', '', 1.23539926873, NULL, NULL, NULL),
	('weight', 'term', 'invited', 0.2221151109989, 0.1593705240845, 1.39370258255, 0.1634074360509),
	('weight', 'term', 'logins', -0.03207689334243, 0.06223013039498, -0.5154559879408, 0.6062344172439),
	('weight', 'term', 'plan solo', -0.005308255392446, 0.2194659309085, -0.02418715000762, 0.9807033279416),
	('weight', 'term', 'plan team', -0.1533068896714, 0.1791182185468, -0.8558978026648, 0.3920543104922),
	('weight', 'log-likelihoods', '', -734.5226606057, -733.113352843, 0.5288789780861, 0.04907860217896),
	('weight', 'tests', '', 2.818615525418, 2.846198567633, 2.854805260677, 0.5824098782016),
	('weight', 'km', 'invited', 1.200158471833, 1, 0.2732900071818, NULL),
	('weight', 'km', 'logins', 2.31770113464, 1, 0.1279089362726, NULL),
	('weight', 'km', 'plan', 1.201036660773, 2, 0.5485272440574, NULL),
	('weight', 'km', 'GLOBAL', 4.464528964351, 4, 0.3467741718414, NULL),
	('weight', 'rank', 'invited', 1.00620802413, 1, 0.3158129960685, NULL),
	('weight', 'rank', 'logins', 2.148986900753, 1, 0.1426639999409, NULL),
	('weight', 'rank', 'plan', 0.8619382995117, 2, 0.6498789593901, NULL),
	('weight', 'rank', 'GLOBAL', 3.79302473736, 4, 0.4347409307005, NULL),
	('weight', 'identity', 'invited', 1.036702113481, 1, 0.3085897153875, NULL),
	('weight', 'identity', 'logins', 2.125232479774, 1, 0.1448907950229, NULL),
	('weight', 'identity', 'plan', 0.8825840456138, 2, 0.6432048486596, NULL),
	('weight', 'identity', 'GLOBAL', 3.815964783939, 4, 0.4314848464655, NULL),
	('weight', 'log', 'invited', 0.6645893381217, 1, 0.4149443945309, NULL),
	('weight', 'log', 'logins', 1.88080689981, 1, 0.1702424666521, NULL),
	('weight', 'log', 'plan', 1.911092164705, 2, 0.3846020627981, NULL),
	('weight', 'log', 'GLOBAL', 4.287963781435, 4, 0.368434704356, NULL),
	('weight', 'survival', '', 0.8752913055202, 0.6883067906273, 0.4747796526447, NULL),
	('weight', 'risk', '', 1.040056324842, NULL, NULL, NULL),
	('all', 'term', 'invited', 0.240901522181, 0.1720296587598, 1.400348776588, 0.1614089010955),
	('all', 'term', 'logins', 0.04773763688976, 0.06448003713834, 0.740347540237, 0.4590891414814),
	('all', 'term', 'plan solo', -0.1885409254414, 0.2251379663717, -0.8374461601475, 0.4023418283349),
	('all', 'term', 'plan team', -0.08935069717451, 0.1894021697939, -0.4717511804207, 0.6371044009474),
	('all', 'log-likelihoods', '', -545.3082936134, -543.6534383863, 0.5181910569106, 0.05730695755008),
	('all', 'tests', '', 3.309710454215, 3.306282468665, 3.32122379174, 0.5055765774396),
	('all', 'km', 'invited', 0.00454041838933, 1, 0.9462770995873, NULL),
	('all', 'km', 'logins', 0.9051361875071, 1, 0.3414082334892, NULL),
	('all', 'km', 'plan', 2.488632390033, 2, 0.2881378708931, NULL),
	('all', 'km', 'GLOBAL', 2.810931848394, 4, 0.5899471585175, NULL),
	('all', 'rank', 'invited', 0.02546051263948, 1, 0.8732249280914, NULL),
	('all', 'rank', 'logins', 1.408065074021, 1, 0.23537786768, NULL),
	('all', 'rank', 'plan', 1.208239830636, 2, 0.5465552299207, NULL),
	('all', 'rank', 'GLOBAL', 2.254593628921, 4, 0.6890477259587, NULL),
	('all', 'identity', 'invited', 0.03078816157495, 1, 0.8607138326873, NULL),
	('all', 'identity', 'logins', 1.394658722508, 1, 0.2376199257739, NULL),
	('all', 'identity', 'plan', 1.23888334645, 2, 0.5382448702396, NULL),
	('all', 'identity', 'GLOBAL', 2.27551280614, 4, 0.6852308201323, NULL),
	('all', 'log', 'invited', 0.0262783768444, 1, 0.8712223288927, NULL),
	('all', 'log', 'logins', 0.5518635784746, 1, 0.4575572352363, NULL),
	('all', 'log', 'plan', 3.685556745969, 2, 0.1583767844776, NULL),
	('all', 'log', 'GLOBAL', 3.719240462123, 4, 0.4453336950176, NULL),
	('all', 'survival', '', 0.4882428243661, 0.2925841776493, 0.1771492540511, NULL),
	('all', 'risk', '', 1.215922561597, NULL, NULL, NULL);
CREATE VIEW told AS
SELECT fit, 'term' AS what, covariate || coalesce(' ' || level, '') AS name, coefficient AS a, std_error AS b, z AS c, p_value AS d FROM fits, hazard_ratios(m)
UNION ALL SELECT fit, 'log-likelihoods', '', log_likelihood_null, log_likelihood, concordance, concordance_error FROM fits, model_fit(m)
UNION ALL SELECT fit, 'tests', '', likelihood_ratio, wald, score, score_p FROM fits, model_fit(m)
UNION ALL SELECT fit, transform, coalesce(covariate, 'GLOBAL'), chi_square, degrees_of_freedom, p_value, NULL
	FROM fits, unnest('{km,rank,identity,log}'::text[]) AS transform, proportional_hazards_test(m, transform)
UNION ALL SELECT fit, 'survival', '', survival(m, o, 4), survival(m, o, 9), survival(m, o, 15), NULL
	FROM fits, (SELECT '{"logins": 3, "invited": true, "plan": "team", "region": "south"}'::jsonb) AS x (o)
UNION ALL SELECT fit, 'risk', '', relative_risk(m, '{"logins": 3, "invited": true, "plan": "team"}'), NULL, NULL, NULL FROM fits;
CREATE FUNCTION near(a float8, b float8) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN a IS NULL OR b IS NULL THEN a IS NOT DISTINCT FROM b ELSE abs(a - b) <= 1e-8 * greatest(abs(b), 1e-3) END $$;
SELECT count(*), count(told.fit), count(*) FILTER (WHERE near(told.a, r.a) AND near(told.b, r.b) AND near(told.c, r.c) AND near(told.d, r.d)) AS near
FROM r LEFT JOIN told USING (fit, what, name);
SELECT fit, what, name, told.a, r.a, told.b, r.b, told.c, r.c, told.d, r.d FROM r LEFT JOIN told USING (fit, what, name)
WHERE (near(told.a, r.a) AND near(told.b, r.b) AND near(told.c, r.c) AND near(told.d, r.d)) IS NOT TRUE;

-- Breslow's hazard before anybody is compared: by definition 1 / (at risk) an event
SELECT at, hazard, round((-ln(survival(m, '{"x": false}', at)))::numeric, 6) AS told
FROM (VALUES (1, 1 / 4.0), (2, 1 / 4.0 + 1 / 3.0), (3.5, 1 / 4.0 + 1 / 3.0 + 1 / 2.0)) v (at, hazard),
	(SELECT hazard_model(d, c, '{"x": false}') AS m FROM (VALUES (1, true), (2, true), (3, true), (4, false)) w (d, c)) f;
-- the edges of survival; what is not known
SELECT survival(m, o, 0) AS at_once, survival(m, o, 23) > 0 AS last, survival(m, o, 23.5) AS later, survival(m, o, 5) = survival(m, o, 5.9) AS steps,
	survival(m, o || '{"more": "else"}', 5) AS others, survival(m, o || '{"plan": "gold"}', 5) AS no_level, relative_risk(m, o || '{"logins": null}') AS not_known
FROM fits, (SELECT '{"logins": 3, "invited": true, "plan": "team", "region": "south"}'::jsonb) AS x (o) WHERE fit = 'plain';
SELECT survival(m, o, 5) AS south, survival(m, o || '{"region": "west"}', 5) AS west, survival(m, o || '{"region": null}', 5) AS nowhere
FROM fits, (SELECT '{"logins": 3, "invited": true, "plan": "team", "region": "south"}'::jsonb) AS x (o) WHERE fit = 'strata';

-- NULL, null and weight 0
SELECT rows, left_out, events FROM model_fit((SELECT hazard_model(d, c, o::jsonb, '{"weight": "w"}') FROM (VALUES
	(1::float8, true, '{"x": 1, "w": 1}'), (2, true, '{"x": 0, "w": 1}'), (3, false, '{"x": 1, "w": 2}'), (4, true, '{"x": 0, "w": 0}'),
	(NULL, true, '{"x": 1, "w": 1}'), (2, NULL, '{"x": 1, "w": 1}'), (2, true, NULL), (2, true, '{"x": null, "w": 1}'), (2, true, '{"x": 1, "w": null}')) v (d, c, o)));
SELECT hazard_model(days, churned, '{}') IS NULL AS nothing FROM lives WHERE false;
SELECT count(*) FROM hazard_ratios(NULL);

-- Rows in any order, numbers in any unit
SELECT (SELECT m::text FROM fits WHERE fit = 'all') = hazard_model(days, churned, t, '{"strata": "region", "weight": "n", "entered": "since"}' ORDER BY md5(i::text))::text AS order_does_not_matter
FROM (SELECT *, jsonb_build_object('logins', logins, 'invited', invited, 'plan', plan, 'region', region, 'since', entered, 'n', n) AS t FROM lives) l;
SELECT abs(a.coefficient / b.coefficient - 1e150) < 1e140 AS unit, abs(a.z - b.z) < 1e-9 AS z
FROM (SELECT * FROM hazard_ratios((SELECT hazard_model(days, churned, jsonb_build_object('x', logins)) FROM lives))) a,
	(SELECT * FROM hazard_ratios((SELECT hazard_model(days, churned, jsonb_build_object('x', logins * 1e150 + 1e150)) FROM lives))) b;

-- Far from 0 a number keeps its digits: the same fit wherever it is counted from.
SELECT count(*), bool_and(abs(a.coefficient / b.coefficient - 1) < 1e-9 AND abs(a.std_error / b.std_error - 1) < 1e-9) AS same
FROM unnest('{1e9,1e12,4e15}'::numeric[]) AS origin,
	LATERAL hazard_ratios((SELECT hazard_model(days, churned, jsonb_build_object('x', origin + (4 * logins)::int)) FROM lives)) AS a,
	hazard_ratios((SELECT hazard_model(days, churned, jsonb_build_object('x', (4 * logins)::int)) FROM lives)) AS b;
-- A text that only rows have which are left out, or of weight 0, is no level.
SELECT array_agg(level) AS levels, bool_and(status = 'converged') AS converged,
	bool_and(coefficient = (SELECT coefficient FROM fits, hazard_ratios(m) h WHERE fit = 'weight' AND h.covariate = r.covariate AND h.level IS NOT DISTINCT FROM r.level)) AS the_same
FROM (SELECT hazard_model(days, churned, t, '{"weight": "n"}') AS m
	FROM (SELECT days, churned, jsonb_build_object('logins', logins, 'invited', invited, 'plan', plan, 'n', n) AS t FROM lives
		UNION ALL VALUES (3, true, '{"logins": 1, "invited": null, "plan": "gold", "n": 1}'::jsonb), (4, true, '{"logins": 1, "invited": true, "plan": "tin", "n": 0}')) l) f,
	hazard_ratios(m) r, model_fit(m);

-- Terms that have no coefficient are named.
CREATE FUNCTION named(o text, OUT status text, OUT problems text, OUT terms text, OUT wald float8, OUT global float8) LANGUAGE plpgsql AS $$
DECLARE
	m hazard_model;
BEGIN
	EXECUTE 'SELECT hazard_model(days, churned, ' || o || ') FROM lives' INTO m;
	SELECT f.status, f.problems, f.wald INTO status, problems, wald FROM model_fit(m) f;
	SELECT string_agg(covariate || coalesce('=' || level, '') || CASE WHEN coefficient IS NULL THEN ' NULL' ELSE ' ' || round(coefficient::numeric, 6) END, ', ') INTO terms FROM hazard_ratios(m);
	SELECT chi_square INTO global FROM proportional_hazards_test(m) WHERE covariate IS NULL;
END $$;
SELECT status, problems, terms FROM named($$jsonb_build_object('logins', logins, 'same', 7, 'one', 'x', 'yes', true)$$);
SELECT status, problems, terms FROM named($$jsonb_build_object('a', logins, 'b', 100 - 3 * logins, 'c', invited)$$);
SELECT status, problems, terms FROM named($$jsonb_build_object('a', plan, 'b', plan)$$);
SELECT status, problems, terms, wald, global FROM named($$jsonb_build_object('logins', logins, 'told', churned)$$);
SELECT status, problems, terms FROM named($$jsonb_build_object('kind', CASE WHEN churned THEN plan ELSE 'stayed' END)$$);
SELECT status, problems, terms FROM named($$jsonb_build_object('rank', -days, 'logins', logins)$$);
SELECT relative_risk(m, '{"told": true}') AS without_end, relative_risk(m, '{"told": false}') AS none, survival(m, '{"told": true}', 3) AS survival
FROM (SELECT hazard_model(days, churned, jsonb_build_object('told', churned)) AS m FROM lives) x;
-- a single event, and all of them at one time
SELECT status, problems, concordance FROM model_fit((SELECT hazard_model(days, days = 1 AND i < 24, jsonb_build_object('x', logins)) FROM lives));
SELECT status, concordance FROM model_fit((SELECT hazard_model(5, churned, jsonb_build_object('x', logins)) FROM lives));
SELECT count(chi_square) FROM proportional_hazards_test((SELECT hazard_model(5, churned, jsonb_build_object('x', logins)) FROM lives));
-- an event at time 0 has no logarithm
SELECT transform, count(chi_square) FROM (SELECT hazard_model(days - 1, churned, jsonb_build_object('x', logins)) AS m FROM lives) x, unnest('{km,rank,identity,log}'::text[]) AS transform, proportional_hazards_test(m, transform) GROUP BY 1 ORDER BY 1;
DROP VIEW told;
DROP FUNCTION named, near;
DROP TABLE fits, lives, r;
