\echo Use "CREATE EXTENSION retention" to load this file. \quit

-- ----------------------------------------------------------------
-- 1. grain
-- ----------------------------------------------------------------

CREATE TYPE grain;

CREATE FUNCTION grain_in(cstring) RETURNS grain
	AS 'MODULE_PATHNAME', 'retention_grain_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_in(cstring) IS
	'input of grain; error 22P02 with a hint when the text is not one';

CREATE FUNCTION grain_out(grain) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_grain_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_out(grain) IS
	'output of grain: its words in canonical form';

CREATE FUNCTION grain_recv(internal) RETURNS grain
	AS 'MODULE_PATHNAME', 'retention_grain_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_recv(internal) IS
	'binary input of grain; every field is checked, error 22P03';

CREATE FUNCTION grain_send(grain) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_grain_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_send(grain) IS
	'binary output of grain, version 1, the same on every machine';

CREATE TYPE grain (
	INPUT = grain_in,
	OUTPUT = grain_out,
	RECEIVE = grain_recv,
	SEND = grain_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE grain IS
	'how time is cut into periods for customer retention: ''month'', ''week starting sunday'', ''quarter starting april at Europe/Paris'', ''30 days since start'' (of each customer), ''days 0,1,3,7 since start''';

-- comparison

CREATE FUNCTION grain_eq(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_eq(grain, grain) IS
	'implementation of the = operator';

CREATE FUNCTION grain_ne(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_ne(grain, grain) IS
	'implementation of the <> operator';

CREATE FUNCTION grain_lt(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_lt(grain, grain) IS
	'implementation of the < operator';

CREATE FUNCTION grain_le(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_le(grain, grain) IS
	'implementation of the <= operator';

CREATE FUNCTION grain_gt(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_gt(grain, grain) IS
	'implementation of the > operator';

CREATE FUNCTION grain_ge(grain, grain) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_grain_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_ge(grain, grain) IS
	'implementation of the >= operator';

CREATE FUNCTION grain_cmp(grain, grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_grain_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_cmp(grain, grain) IS
	'below, at or above 0 as the first grain sorts before, with or after the second: by unit, count, cut points, the rest';

CREATE FUNCTION grain_hash(grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_grain_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_hash(grain) IS
	'hash of a grain';

CREATE FUNCTION grain_hash_extended(grain, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_grain_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_hash_extended(grain, bigint) IS
	'64-bit hash of a grain with a seed';

CREATE OPERATOR = (
	FUNCTION = grain_eq,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (grain, grain) IS
	'equal: the same periods spelled in any way';

CREATE OPERATOR <> (
	FUNCTION = grain_ne,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (grain, grain) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = grain_lt,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (grain, grain) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = grain_le,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (grain, grain) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = grain_gt,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (grain, grain) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = grain_ge,
	LEFTARG = grain,
	RIGHTARG = grain,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (grain, grain) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS grain_ops
	DEFAULT FOR TYPE grain USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 grain_cmp(grain, grain);
COMMENT ON OPERATOR CLASS grain_ops USING btree IS
	'sorting of grains: by unit, count, cut points, the rest';
COMMENT ON OPERATOR FAMILY grain_ops USING btree IS
	'sorting of grains';

CREATE OPERATOR CLASS grain_ops
	DEFAULT FOR TYPE grain USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 grain_hash(grain),
	FUNCTION 2 grain_hash_extended(grain, bigint);
COMMENT ON OPERATOR CLASS grain_ops USING hash IS
	'hashing of grains';
COMMENT ON OPERATOR FAMILY grain_ops USING hash IS
	'hashing of grains';

-- casts

CREATE FUNCTION grain_to_json(grain) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_grain_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_to_json(grain) IS
	'the words of a grain as a JSON string';

CREATE FUNCTION grain_to_jsonb(grain) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_grain_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_to_jsonb(grain) IS
	'the words of a grain as a JSON string';

CREATE CAST (grain AS json) WITH FUNCTION grain_to_json(grain) AS ASSIGNMENT;
COMMENT ON CAST (grain AS json) IS
	'the words of the grain as a JSON string';

CREATE CAST (grain AS jsonb) WITH FUNCTION grain_to_jsonb(grain) AS ASSIGNMENT;
COMMENT ON CAST (grain AS jsonb) IS
	'the words of the grain as a JSON string';

-- helpers

CREATE FUNCTION period_start(at date, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_start_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_start(date, grain) IS
	'first day of the period that contains a time. NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_start(at timestamp, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_start_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_start(timestamp, grain) IS
	'first day of the period that contains a time. NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_start(at timestamptz, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_start_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_start(timestamptz, grain) IS
	'first day of the period that contains a time. The instant is cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at date, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(date, grain) IS
	'first day after the period that contains a time (exclusive end). NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at timestamp, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(timestamp, grain) IS
	'first day after the period that contains a time (exclusive end). NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at timestamptz, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(timestamptz, grain) IS
	'first day after the period that contains a time (exclusive end). The instant is cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION periods_between(start_at date, end_at date, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(date, date, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. NULL for a NULL argument. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION periods_between(start_at timestamp, end_at timestamp, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(timestamp, timestamp, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. NULL for a NULL argument. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION periods_between(start_at timestamptz, end_at timestamptz, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(timestamptz, timestamptz, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. Instants are cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION grain_label(grain grain, age integer) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_grain_label'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_label(grain, integer) IS
	'name of an age under a grain: the units it covers, counted from 0, such as ''month 1'' or ''days 3-6''. NULL for a NULL or negative age, or one past the last cut point.';
