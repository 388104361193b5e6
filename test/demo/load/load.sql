-- load.sql: the table orders of a schema of its own from the file text in the
-- folder psql is in.  Called by load.sh, which sets the variables.
--
-- Everything between is temporary.  A step that is not sure calls pg_temp.stop(),
-- and nothing has happened.

\set QUIET on
-- Before the first temporary table.
SET temp_buffers = '256MB';
BEGIN;
SET LOCAL client_min_messages = notice;
SET LOCAL datestyle = 'ISO';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL work_mem = '256MB';
SET LOCAL jit = off;
-- Functions come before the tables they read.
SET LOCAL check_function_bodies = off;

CREATE TEMPORARY TABLE settings (name text PRIMARY KEY, value text) ON COMMIT DROP;
INSERT INTO settings
SELECT name, nullif(btrim(value), '')
FROM (VALUES ('CUSTOMER', :'o_CUSTOMER'), ('AT', :'o_AT'), ('AMOUNT', :'o_AMOUNT'), ('CHANNEL', :'o_CHANNEL'), ('ORDER', :'o_ORDER'),
	('QUANTITY', :'o_QUANTITY'), ('PRICE', :'o_PRICE'), ('SEPARATOR', :'o_SEPARATOR'), ('ENCODING', :'o_ENCODING'), ('QUOTES', :'o_QUOTES'),
	('HEADER', :'o_HEADER'), ('DATES', :'o_DATES'), ('DECIMAL', :'o_DECIMAL'), ('ZONE', :'o_ZONE'), ('SIGN', :'o_SIGN'), ('KEEP', :'o_KEEP'),
	('REFUNDS', :'o_REFUNDS'), ('LINES', :'o_LINES'), ('SKIP', :'o_SKIP')) AS v (name, value);
CREATE TEMPORARY TABLE facts (name text PRIMARY KEY, value text) ON COMMIT DROP;
INSERT INTO facts VALUES ('command', :'command'), ('other file', :'other_file'), ('name', :'name'), ('schema', :'schema'), ('encoding', :'encoding'), ('guessed', :'guessed'), ('lines', :'lines');

\ir words.sql
\ir speak.sql
\ir lines.sql
\ir records.sql

SELECT pg_temp.check_settings();
\copy lines (line) FROM 'text' (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', NULL E'\x03', ENCODING 'UTF8')
SELECT pg_temp.check_lines();
SELECT pg_temp.find_separator();
SELECT pg_temp.find_records();

-- PostgreSQL takes the records apart: written as they were, each with its line and
-- its number of fields in front and as long as the longest, and read again.
\set FETCH_COUNT 10000
\pset format unaligned
\pset tuples_only on
\o records
SELECT record FROM pg_temp.records_to_read();
\o
\o read.sql
SELECT pg_temp.statement_to_read();
\o
\i read.sql
\unset FETCH_COUNT

\ir columns.sql
\ir roles.sql
SELECT pg_temp.find_header();
SELECT pg_temp.look_at_columns();
SELECT pg_temp.find_roles();

\ir fields.sql
\ir numbers.sql
\ir times.sql
SELECT pg_temp.make_fields();
SELECT pg_temp.read_numbers();
SELECT pg_temp.read_times();

\ir orders.sql
SELECT pg_temp.make_orders();
SELECT pg_temp.check_orders();
SELECT pg_temp.tell();
COMMIT;
