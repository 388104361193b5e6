-- auc, gini, brier, log_loss, lift, calibration: did predictions come true?
SET extra_float_digits = 0;

-- Six customers: those with the outcome win 8 of 9 pairs; squares add up to
-- 0.9; the three highest scores hold two of three outcomes.
CREATE TEMP TABLE judged (p float8, came bool, n bigint);
INSERT INTO judged VALUES (0.9, true, 1), (0.8, true, 1), (0.7, false, 1),
	(0.6, true, 1), (0.4, false, 1), (0.2, false, 1);
SELECT auc(p, came) = 8 / 9.0::float8 AS auc, gini(p, came) = 7 / 9.0::float8 AS gini,
	round(brier(p, came)::numeric, 15) AS brier,
	round(log_loss(p, came)::numeric, 10) = round(-(ln(0.9) + ln(0.8) + ln(0.3) + ln(0.6) + ln(0.6) + ln(0.8)) / 6, 10) AS log_loss
FROM judged;
SELECT round(lift(p, came, 0.5)::numeric, 12) AS half, lift(p, came, 0.25) AS quarter, lift(p, came, 1) AS all
FROM judged;

-- The examples of scikit-learn's documentation (roc_auc_score, log_loss,
-- brier_score_loss).
SELECT auc(s, y) FROM (VALUES (0.1, false), (0.4, false), (0.35, true), (0.8, true)) AS v(s, y);
SELECT round(log_loss(s, y)::numeric, 5) FROM (VALUES (0.9, true), (0.1, false), (0.2, false), (0.65, true)) AS v(s, y);
SELECT round(brier(s, y)::numeric, 10) FROM (VALUES (0.1, false), (0.9, true), (0.8, true), (0.3, false)) AS v(s, y);

-- Ties are half a pair: of 2 x 2 pairs one is won and two tie.
SELECT auc(s, y), gini(s, y) FROM (VALUES (1, true), (1, false), (2, true), (1, false)) AS v(s, y);
-- At the border of the share they count in part: of four that tie, two are
-- looked at, so one of their two outcomes.
SELECT lift(s, y, 0.6) AS lift, (1 + 1) / 3.0 / (3 / 5.0) AS expected
FROM (VALUES (9, true), (5, true), (5, false), (5, true), (5, false)) AS v(s, y);

-- Scores of any size and sign, in order as numbers are.
SELECT auc(s, y) FROM (VALUES ('-1e308'::float8, false), (-2, false), (-1, true), ('-0', false), (0, true), (1e-310, true), (1e308, true)) AS v(s, y);
SELECT auc(-s, y) AS away, auc(s, NOT y) AS turned FROM (VALUES (1, false), (2, true), (3, true)) AS v(s, y);

-- A weight is so many rows; nobody is nobody.
SELECT auc(p, came, n) = (SELECT auc(p, came) FROM judged) AS auc,
	brier(p, came, n) = (SELECT brier(p, came) FROM judged) AS brier,
	lift(p, came, 0.5, n) = (SELECT lift(p, came, 0.5) FROM judged) AS lift
FROM (SELECT * FROM judged UNION ALL VALUES (0.1, true, 0), (0.95, false, NULL), (NULL, false, 5), (0.3, NULL, 5)) AS j;
SELECT auc(s, y, w), brier(s, y, w), lift(s, y, 0.25, w)
FROM (VALUES (0.5::float8, true, 4611686018427387904), (0.5, false, 4611686018427387903)) AS v(s, y, w);

-- Nothing to say.
SELECT auc(p, came), gini(p, came), brier(p, came), log_loss(p, came), lift(p, came, 0.1), calibration(p, came, 10) FROM judged WHERE false;
SELECT auc(p, came), gini(p, came), lift(p, came, 0.1), brier(p, came) = 0.25 AS brier FROM (VALUES (0.5, false), (0.5, false)) AS v(p, came);
SELECT auc(p, came), gini(p, came), lift(p, came, 0.5) FROM (VALUES (0.5, true), (0.4, true)) AS v(p, came);
SELECT log_loss(p, came) FROM (VALUES (1, true), (0, false)) AS v(p, came);

-- Calibration: of ten customers in three parts the first four are before a
-- third of them, then three before two thirds; those who tie stay together.
SELECT bin, customers, lowest, highest, round(predicted::numeric, 6) AS predicted, round(observed::numeric, 6) AS observed,
	round(observed_low::numeric, 4) AS low, round(observed_high::numeric, 4) AS high
FROM unnest((SELECT calibration(i / 10.0, i > 5, 3) FROM generate_series(1, 10) AS i));
SELECT bin, customers, lowest, highest, predicted, observed
FROM unnest((SELECT calibration(p, came, 4) FROM (VALUES (0.25, false), (0.25, true), (0.25, false), (0.75, true)) AS v(p, came)));
SELECT pg_typeof(calibration(p, came, 2)), array_length(calibration(p, came, 1000), 1) FROM judged;

-- In a window, the frame moves.
SELECT i, round((auc(s, y) OVER (ORDER BY i))::numeric, 4) AS auc
FROM (VALUES (1, 1, true), (2, 2, false), (3, 3, true), (4, 2, true)) AS v(i, s, y);

-- Refusals.
SELECT auc('NaN'::float8, true);
SELECT auc('Infinity'::float8, true);
SELECT brier(1.5, true);
SELECT brier('NaN'::float8, true);
SELECT log_loss(-0.1, true);
SELECT log_loss(p, came) FROM (VALUES (0, true), (0, true), (0.5, false)) AS v(p, came);
SELECT log_loss(p, came) FROM (VALUES (1, false), (0.5, true)) AS v(p, came);
SELECT lift(p, came, 0) FROM judged;
SELECT lift(p, came, 1.5) FROM judged;
SELECT lift(p, came, 'NaN') FROM judged;
SELECT lift(p, came, NULL) FROM judged;
SELECT lift(p, came, p) FROM judged;
SELECT calibration(p, came, 0) FROM judged;
SELECT calibration(p, came, 1001) FROM judged;
SELECT calibration(p, came, NULL) FROM judged;
SELECT calibration(p, came, (10 * p)::int) FROM judged;
SELECT calibration(p + 1, came, 5) FROM judged;
SELECT auc(p, came, -1) FROM judged;
SELECT brier(0.5, true, w) FROM (VALUES (9223372036854775807), (1)) AS v(w);
SELECT brier(p, true, 9223372036854775807) FROM (VALUES (-0.0), (0.0)) AS v(p);
SELECT auc(p, true, 9223372036854775807) FROM (VALUES (-1), (0)) AS v(p);
