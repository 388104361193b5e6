-- functions.sql: doc/functions.md, made of the catalog and its COMMENTs (make reference).
-- Run by psql without headings in a database with the extension, where nothing
-- but it is in the schema public.
SET search_path = public;
SET client_min_messages = warning;

CREATE FUNCTION pg_temp.markdown(comment text) RETURNS text LANGUAGE sql IMMUTABLE
RETURN regexp_replace(comment, '([\\`*<>|\[\]])', '\\\1', 'g');

-- What only types, operators, casts, operator classes, aggregates and the planner call is left out.
CREATE TEMP VIEW called AS
SELECT p.*, regexp_replace(regexp_replace(pg_get_function_arguments(p.oid), '(^|, )OUT .*$', ''), '::[a-z ]+(\[\])?', '', 'g') AS takes,
	CASE WHEN p.proargmodes && '{o}' THEN (
			SELECT CASE WHEN p.proretset THEN 'rows (' ELSE 'row (' END || string_agg(p.proargnames[n] || ' ' || format_type(p.proallargtypes[n], NULL), ', ' ORDER BY n) || ')'
			FROM generate_subscripts(p.proallargtypes, 1) AS n
			WHERE p.proargmodes[n] = 'o')
		WHEN p.prokind <> 'p' THEN CASE WHEN p.proretset THEN 'rows of ' ELSE '' END || format_type(p.prorettype, NULL) END AS gives
FROM pg_proc AS p
JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'retention'
WHERE p.oid NOT IN (
	SELECT f FROM pg_type, unnest(ARRAY[typinput, typoutput, typreceive, typsend]::oid[]) AS f
	UNION ALL SELECT oprcode FROM pg_operator UNION ALL SELECT amproc FROM pg_amproc
	UNION ALL SELECT castfunc FROM pg_cast UNION ALL SELECT prosupport FROM pg_proc
	UNION ALL SELECT f FROM pg_aggregate, unnest(ARRAY[aggtransfn, aggfinalfn, aggcombinefn, aggserialfn,
		aggdeserialfn, aggmtransfn, aggminvtransfn, aggmfinalfn]::oid[]) AS f);

\echo '# All functions'
\echo
\echo 'What `\\df+` shows: every type, function and aggregate with its COMMENT. This page is made of them by `make'
\echo 'reference`, and a test compares the two. [The reference](reference.md) says the same by topics, with examples.'
\echo
\echo '## Types'
\echo
SELECT format(E'**%s**: %s\n', t.typname, pg_temp.markdown(obj_description(t.oid, 'pg_type')))
FROM pg_type AS t
JOIN pg_depend AS d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'retention'
WHERE t.typelem = 0 OR t.typtype <> 'b'
ORDER BY t.typname::text COLLATE "C";

\echo '## Functions and aggregates'
SELECT CASE WHEN row_number() OVER (PARTITION BY proname ORDER BY pronargs, oid) = 1 THEN format(E'\n### %s\n', proname) ELSE '' END
	|| format(E'\n`%s(%s)`%s%s\n\n%s', proname, takes, CASE WHEN gives IS NOT NULL THEN ' gives ' || gives ELSE '' END,
		CASE prokind WHEN 'a' THEN ', an aggregate' WHEN 'w' THEN ', a window function' WHEN 'p' THEN ', a procedure' ELSE '' END,
		pg_temp.markdown(obj_description(oid, 'pg_proc')))
FROM called
ORDER BY proname::text COLLATE "C", pronargs, oid;
