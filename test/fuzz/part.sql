-- part.sql: texts and images of one type, or the states of one aggregate.
-- Variables: kind (texts, images or states), name, n, seconds, seed.
SET search_path = fuzz, public, pg_catalog;
SET timezone = 'Europe/Paris';
SET work_mem = '64MB';
\set text_errors '{22P02,22003,22008,22021,54000,54001}'
\set image_errors '{22P03,08P01,54000}'
\set state_errors '{22P03,22003,22008,22023,54000}'
-- values in the states of these two are read by their types' own functions
\set value_errors '{22P03,22003,22008,22023,54000,08P01,22000,22021,22P02,22007,2202E,0A000,42704,42804}'
\set reader_errors '{22003,22004,22008,22012,22023,22P02,42804,54000,0A000}'
SELECT :'kind' = 'states' AS states \gset
\if :states
SELECT fuzz.fuzz_states(:'name', ARRAY[deserialize, combine, final, serialize], CASE WHEN result IN (SELECT type FROM fuzz.types) THEN result ELSE 0 END,
	(SELECT array_agg(image) FROM fuzz.states WHERE name = :'name'),
	ARRAY(SELECT query FROM fuzz.readers WHERE type = result), 
	CASE WHEN :'name' IN ('earliest', 'latest', 'sequence_next') THEN :'value_errors' ELSE :'state_errors' END::text[], :'reader_errors', :n, :seconds, :seed)
FROM (SELECT * FROM fuzz.aggregates WHERE name = :'name' LIMIT 1) a;
\else
SELECT :'kind' = 'texts' AS texts \gset
\if :texts
SELECT fuzz.fuzz_texts(:'name'::regtype, array_agg(text), ARRAY(SELECT query FROM fuzz.readers WHERE type = :'name'::regtype),
	:'text_errors', :'reader_errors', :n, :seconds, :seed) FROM fuzz.values WHERE type = :'name'::regtype;
\else
SELECT fuzz.fuzz_images(:'name'::regtype, array_agg(image), ARRAY(SELECT query FROM fuzz.readers WHERE type = :'name'::regtype),
	:'image_errors', :'reader_errors', :n, :seconds, :seed) FROM fuzz.values WHERE type = :'name'::regtype;
\endif
\endif
