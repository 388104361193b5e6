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
	'how time is cut into periods for customer retention: ''month'', ''week starting sunday'', ''quarter starting april at Europe/Paris'', ''30 days since start'' (of each customer), ''days 0,1,3,7 since start'', ''dates 2024-01-28, 2024-02-25, 2024-03-31'': a calendar of one''s own of up to 4000 dates, whose periods lie between them. What happens before the first date makes a customer known and counts nowhere else, for subscriptions it is the opening; after the last date it is error 22008';

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
	'first day of the period that contains a time. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_start(at timestamp, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_start_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_start(timestamp, grain) IS
	'first day of the period that contains a time. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_start(at timestamptz, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_start_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_start(timestamptz, grain) IS
	'first day of the period that contains a time. The instant is cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at date, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(date, grain) IS
	'first day after the period that contains a time (exclusive end). NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at timestamp, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(timestamp, grain) IS
	'first day after the period that contains a time (exclusive end). NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION period_end(at timestamptz, grain grain) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_period_end_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION period_end(timestamptz, grain) IS
	'first day after the period that contains a time (exclusive end). The instant is cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time or a day PostgreSQL cannot name, 22023 for a grain since start or with cut points.';

CREATE FUNCTION periods_between(start_at date, end_at date, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_date'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(date, date, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION periods_between(start_at timestamp, end_at timestamp, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_timestamp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(timestamp, timestamp, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION periods_between(start_at timestamptz, end_at timestamptz, grain grain) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_periods_between_timestamptz'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION periods_between(timestamptz, timestamptz, grain) IS
	'number of calendar periods from that of start_at to that of end_at; with "since start" the complete windows between them; negative when reversed. With cut points the bracket (from 0) instead, NULL before the start and past the last cut. Instants are cut in the grain''s time zone, or in the session''s when the grain names none. NULL for a NULL argument, and outside a calendar of dates. Errors: 22008 for an infinite time, 22003 past integer.';

CREATE FUNCTION grain_label(grain grain, age integer) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_grain_label'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION grain_label(grain, integer) IS
	'name of an age under a grain: the units it covers, counted from 0, such as ''month 1'' or ''days 3-6''; of a calendar of dates ''period 1''. NULL for a NULL or negative age, or one past the last cut point or date.';

CREATE FUNCTION retail_calendar(first_day date, weeks text DEFAULT '4-4-5', years integer DEFAULT 1, long_years integer[] DEFAULT '{}') RETURNS grain
	AS 'MODULE_PATHNAME', 'retention_retail_calendar'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retail_calendar(date, text, integer, integer[]) IS
	'a calendar of whole weeks as a grain of dates: so many years from first_day on, each of 52 weeks, cut by a pattern that is repeated until they are spent: ''4-4-5'' (months of 4, 4 and 5 weeks in each quarter), ''4-5-4'', ''5-4-4'', ''4'' (13 periods of four weeks). long_years are the years, numbered from 1, that have a week more, which goes to their last period. Instants are cut in the zone of the session; to name one: (retail_calendar(...)::text || '' at Europe/Paris'')::grain. NULL for a NULL argument. Errors: 22023 for a pattern that does not fill 52 weeks, years below 1 or with more than 4000 dates, and a long year there is not; 22008 for an infinite first_day or past the last date';

-- ----------------------------------------------------------------
-- 2. ledger: the support functions that aggregates over rows share
-- ----------------------------------------------------------------

CREATE FUNCTION ledger_transition(internal, "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition(internal, "any", "any", grain) IS
	'aggregate support: takes a row (customer, at, grain) into the history of its group; customer is of any hashable type, times are date, timestamp or timestamptz; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION ledger_transition(internal, "any", "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition(internal, "any", "any", "any", grain) IS
	'aggregate support: takes a row (customer, at, amount, grain) into the history of its group; customer is of any hashable type, times are date, timestamp or timestamptz, amounts numeric, float or integer at six decimals, half away from zero; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION ledger_transition(internal, "any", "any", "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition(internal, "any", "any", "any", "any", grain) IS
	'aggregate support: takes a row (customer, started_at, at, amount, grain) into the history of its group; customer is of any hashable type, times are date, timestamp or timestamptz, amounts numeric, float or integer at six decimals, half away from zero; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION ledger_transition(internal, "any", "any", "any", "any", grain, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition(internal, "any", "any", "any", "any", grain, bigint) IS
	'aggregate support: takes a row (customer, started_at, at, amount, grain, at_least) into the history of its group; STABLE because a timestamptz may be cut in the session time zone; errors 22023 for at_least below 1 or with a grain since start, 22004 for a NULL one';

CREATE FUNCTION ledger_transition_starts(internal, "any", "any", "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition_starts'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition_starts(internal, "any", "any", "any", "any", grain) IS
	'aggregate support: takes a row (customer, started_at, at, amount, grain) into the history of its group, in which a customer may start several times; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION ledger_transition_starts(internal, "any", "any", "any", "any", grain, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_transition_starts'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION ledger_transition_starts(internal, "any", "any", "any", "any", grain, bigint) IS
	'aggregate support: takes a row (customer, started_at, at, amount, grain, at_least) into the history of its group, in which a customer may start several times; STABLE because a timestamptz may be cut in the session time zone; errors 22023 for at_least below 1 or with a grain since start, 22004 for a NULL one';

CREATE FUNCTION ledger_combine_cost(internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_combine_cost'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_combine_cost(internal) IS
	'planner support: what it costs to put the states of parallel workers together, which the number of rows of a state decides';

CREATE FUNCTION ledger_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_combine'
	LANGUAGE C STABLE PARALLEL SAFE
	SUPPORT ledger_combine_cost;
COMMENT ON FUNCTION ledger_combine(internal, internal) IS
	'aggregate support: adds the histories of one state to another; error 22023 when they were cut in different time zones';

CREATE FUNCTION ledger_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_ledger_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION ledger_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_deserialize'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ledger_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

-- ----------------------------------------------------------------
-- 3. cohort_matrix
-- ----------------------------------------------------------------

CREATE TYPE cohort_matrix;

CREATE FUNCTION cohort_matrix_in(cstring) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_matrix_in(cstring) IS
	'input of cohort_matrix: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION cohort_matrix_out(cohort_matrix) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_matrix_out(cohort_matrix) IS
	'output of cohort_matrix: canonical JSON without loss, dates in ISO style whatever the DateStyle';

CREATE FUNCTION cohort_matrix_recv(internal) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_matrix_recv(internal) IS
	'binary input of cohort_matrix; every field and sum is checked, error 22P03';

CREATE FUNCTION cohort_matrix_send(cohort_matrix) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_send(cohort_matrix) IS
	'binary output of cohort_matrix, version 2: the stored bytes, the same on every machine';

CREATE TYPE cohort_matrix (
	INPUT = cohort_matrix_in,
	OUTPUT = cohort_matrix_out,
	RECEIVE = cohort_matrix_recv,
	SEND = cohort_matrix_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE cohort_matrix IS
	'customer retention by cohort and age, storable and additive: per cohort its size and per age the customers active, orders and exact revenue; made by the aggregate cohort_matrix, added up by rollup, read by cohort_cells, retention_curve, retention_rate, churn_rate, ltv, ltv_chained, payback_age, drawn by cohort_text, retention_curve_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION cohort_matrix_eq(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_eq(cohort_matrix, cohort_matrix) IS
	'implementation of the = operator';

CREATE FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) IS
	'implementation of the <> operator';

CREATE FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) IS
	'implementation of the < operator';

CREATE FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) IS
	'implementation of the <= operator';

CREATE FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) IS
	'implementation of the > operator';

CREATE FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) IS
	'implementation of the >= operator';

CREATE FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) IS
	'below, at or above 0 as the first matrix sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION cohort_matrix_hash(cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_hash(cohort_matrix) IS
	'hash of a cohort matrix';

CREATE FUNCTION cohort_matrix_hash_extended(cohort_matrix, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION cohort_matrix_hash_extended(cohort_matrix, bigint) IS
	'64-bit hash of a cohort matrix with a seed';

CREATE OPERATOR = (
	FUNCTION = cohort_matrix_eq,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (cohort_matrix, cohort_matrix) IS
	'equal: same grain, zone, end of the data, kind and numbers';

CREATE OPERATOR <> (
	FUNCTION = cohort_matrix_ne,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (cohort_matrix, cohort_matrix) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = cohort_matrix_lt,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (cohort_matrix, cohort_matrix) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = cohort_matrix_le,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (cohort_matrix, cohort_matrix) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = cohort_matrix_gt,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (cohort_matrix, cohort_matrix) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = cohort_matrix_ge,
	LEFTARG = cohort_matrix,
	RIGHTARG = cohort_matrix,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (cohort_matrix, cohort_matrix) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS cohort_matrix_ops
	DEFAULT FOR TYPE cohort_matrix USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 cohort_matrix_cmp(cohort_matrix, cohort_matrix);
COMMENT ON OPERATOR CLASS cohort_matrix_ops USING btree IS
	'order of cohort matrices, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY cohort_matrix_ops USING btree IS
	'order of cohort matrices, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS cohort_matrix_ops
	DEFAULT FOR TYPE cohort_matrix USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 cohort_matrix_hash(cohort_matrix),
	FUNCTION 2 cohort_matrix_hash_extended(cohort_matrix, bigint);
COMMENT ON OPERATOR CLASS cohort_matrix_ops USING hash IS
	'hashing of cohort matrices, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY cohort_matrix_ops USING hash IS
	'hashing of cohort matrices, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION cohort_matrix_to_json(cohort_matrix) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION cohort_matrix_to_json(cohort_matrix) IS
	'a cohort matrix as json, the object its text is';

CREATE CAST (cohort_matrix AS json)
	WITH FUNCTION cohort_matrix_to_json(cohort_matrix);
COMMENT ON CAST (cohort_matrix AS json) IS
	'the matrix as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION cohort_matrix_to_jsonb(cohort_matrix) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION cohort_matrix_to_jsonb(cohort_matrix) IS
	'a cohort matrix as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (cohort_matrix AS jsonb)
	WITH FUNCTION cohort_matrix_to_jsonb(cohort_matrix);
COMMENT ON CAST (cohort_matrix AS jsonb) IS
	'the matrix as a jsonb object, so that to_jsonb() nests it';

-- aggregates over rows

CREATE FUNCTION cohort_matrix_final(internal) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_final(internal) IS
	'aggregate support: folds the histories of a group into a cohort matrix; NULL when no customer has a cohort; leaves the state as it is, so other aggregates over the same rows can share it';

CREATE AGGREGATE cohort_matrix(customer "any", at "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = cohort_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_matrix("any", "any", grain) IS
	'cohorts by first activity: a customer belongs to the period of the first event and is active at every age, in periods since then, with an event. customer: any hashable type; at: date, timestamp or timestamptz (cut in the zone of the grain or else of the session); rows with a NULL customer or time are skipped; the grain must be constant in a group (22023) and not NULL (22004); infinite times are error 22008. at may be a range (daterange, tsrange, tstzrange; the upper bound may be open), a subscription that weighs 1: then the cohort is the period of the first day with a level above 0, at later ages active is who has one on the last day of the period, and the grain has no hours (22023). NULL when there is no customer';

CREATE AGGREGATE cohort_matrix(customer "any", at "any", amount "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = cohort_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_matrix("any", "any", "any", grain) IS
	'cohorts by first activity, with money: amount is numeric, float or integer, taken at six decimals, half away from zero, in any one currency. A NULL amount is an event worth nothing, a negative one a refund: it corrects the revenue of its own period, and neither starts a cohort nor makes active nor counts as an order; before the customer''s cohort period (with since start: before the first order), or of a customer who never orders, it counts nowhere. A literal NULL as amount leaves money out. Amounts of 9.2e12 and more, NaN and infinities are error 22003. Of a range amount is the level while it lasts, and revenue the level on the last day of the period. Customers, times, ranges, grain and NULL as in cohort_matrix(customer, at, grain)';

CREATE AGGREGATE cohort_matrix(customer "any", started_at "any", at "any", amount "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = cohort_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_matrix("any", "any", "any", "any", grain) IS
	'cohorts by start (sign-up, contract): a customer belongs to the period of the earliest started_at and is active at the ages with an event, age 0 being an activation rate; a NULL started_at says nothing, a NULL at is a start without activity, customers without any start are left out and activity before the start''s period (with since start: before the start) is ignored. at may be the range of a subscription (daterange, tsrange, tstzrange; trial to paid): active at an age, also at age 0, is who has a level above 0 at its end, revenue is that level, orders there are none, and starts are counted from their day. Amounts and refunds as in cohort_matrix(customer, at, amount, grain), all else as in cohort_matrix(customer, at, grain); a literal NULL as amount leaves money out, one as started_at means cohorts by first activity. NULL when there is no start';

CREATE AGGREGATE cohort_matrix(customer "any", started_at "any", at "any", amount "any", grain grain, at_least bigint) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = cohort_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_matrix("any", "any", "any", "any", grain, bigint) IS
	'the same, where a customer is active in a period with at_least events there: what GROUP BY customer, period HAVING count(*) >= at_least would leave of the rows with an event. Refunds (negative amounts) are no events, and what is in a period with fewer, revenue and refunds included, counts nowhere; with a literal NULL as started_at the cohort is the first period with so many, otherwise the start makes the cohort as ever. A period is a calendar period of the grain, with cut points one of its unit. Errors 22023: at_least below 1, or not the same for all rows of a group, a grain since start; 22004 for a NULL at_least; 42804 for ranges, which are no events. All else as in cohort_matrix(customer, started_at, at, amount, grain)';

-- recurring cohorts over rows

CREATE FUNCTION recurring_matrix_final(internal) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_recurring_matrix_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION recurring_matrix_final(internal) IS
	'aggregate support: folds the histories of a group into a recurring cohort matrix; NULL when no customer has a cohort; leaves the state as it is, so other aggregates over the same rows can share it; errors 22023 for a grain since start or with cut points, and for ranges; 54000 for a customer of more than 2500 periods';

CREATE AGGREGATE recurring_matrix(customer "any", at "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = recurring_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE recurring_matrix("any", "any", grain) IS
	'recurring cohorts, the usual kind of retention in product analytics: a customer belongs to the cohort of every period with an event, and is retained at age k when active k periods later too. The matrix says that it is recurring: ltv, ltv_chained and payback_age refuse it. Customers, times, grain and NULL as in cohort_matrix(customer, at, grain); several aggregates over the same arguments share one pass. Errors 22023: a grain since start or with cut points, and ranges, which go by timelines: recurring_matrix(timeline, grain); 54000 for a customer active in more than 2500 periods';

CREATE AGGREGATE recurring_matrix(customer "any", at "any", amount "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = recurring_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE recurring_matrix("any", "any", "any", grain) IS
	'recurring cohorts with money: the revenue of a cell is what the customers of its cohort bring at that age. It is in a cell of each cohort a customer belongs to, so it does not add up over cohorts or ages: cumulative_revenue, revenue_per_customer, ltv and ltv_chained are NULL in cohort_cells and retention_curve. Amounts as in cohort_matrix(customer, at, amount, grain): a refund (negative amount) corrects the revenue of its own period in every cohort up to it, and is no event. A literal NULL as amount leaves money out. All else as in recurring_matrix(customer, at, grain)';

CREATE AGGREGATE recurring_matrix(customer "any", started_at "any", at "any", amount "any", grain grain) (
	SFUNC = ledger_transition_starts,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = recurring_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE recurring_matrix("any", "any", "any", "any", grain) IS
	'recurring cohorts by a start of its own: a customer belongs to the cohort of every period that holds a started_at, and is active at the ages with an at, age 0 being who returns in the period of the start, even before it. Start and return may be of different kinds, CASE WHEN event = ''signup'' THEN at END. What a cohort counts of a customer is what cohort_matrix(customer, started_at, at, amount, grain) counts of one who starts there: a NULL started_at says nothing, a NULL at is a start without activity, activity before the start''s period is ignored, and refunds without an event from the start on count nowhere. A literal NULL as started_at means every period with an event, one as amount leaves money out. All else as in recurring_matrix(customer, at, amount, grain); NULL when there is no start';

CREATE AGGREGATE recurring_matrix(customer "any", started_at "any", at "any", amount "any", grain grain, at_least bigint) (
	SFUNC = ledger_transition_starts,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = recurring_matrix_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE recurring_matrix("any", "any", "any", "any", grain, bigint) IS
	'the same, where a customer is active in a period with at_least events there, as in cohort_matrix(customer, started_at, at, amount, grain, at_least): what is in a period with fewer counts nowhere. One start is enough for a cohort; with a literal NULL as started_at the cohorts are the periods with at_least events. All else as in recurring_matrix(customer, started_at, at, amount, grain)';

-- rollup

CREATE FUNCTION cohort_matrix_merge(cohort_matrix, cohort_matrix) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_merge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cohort_matrix_merge(cohort_matrix, cohort_matrix) IS
	'the sum of two matrices of disjoint customers, cohort by cohort and age by age; the data end where the later ends; error 22023 when grain, time zone or kind (amounts, started_at, ranges, recurring) differ, 22003 when a sum overflows';

CREATE AGGREGATE rollup(cohort_matrix) (
	SFUNC = cohort_matrix_merge,
	STYPE = cohort_matrix,
	COMBINEFUNC = cohort_matrix_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(cohort_matrix) IS
	'adds up cohort matrices of disjoint customers (channels, shards, tenants) of one grain and time zone; NULLs are skipped, no rows give NULL; error 22023 when grain, zone or kind differ';

-- readers

CREATE FUNCTION cohort_cells(
	matrix cohort_matrix, as_of date DEFAULT NULL, up_to_age integer DEFAULT NULL,
	OUT cohort date, OUT age integer, OUT period date, OUT cohort_size bigint,
	OUT active bigint, OUT active_or_later bigint, OUT active_streak bigint,
	OUT orders bigint, OUT revenue numeric, OUT cumulative_revenue numeric,
	OUT retention double precision, OUT retention_or_later double precision,
	OUT retention_streak double precision, OUT revenue_per_customer numeric,
	OUT revenue_retention double precision, OUT complete boolean,
	OUT kept_revenue numeric, OUT gross_revenue_retention double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_cohort_cells'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION cohort_cells(cohort_matrix, date, integer) IS
	'one row per cohort and age that begins before the end of the data, empty cells and empty cohorts included, in order; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. Counts are customers; active_or_later: active at this age or any later one stored, also past as_of; active_streak: active at every age from 0 (from 1 with started_at) to this one; rates are fractions of cohort_size, NULL where the period is incomplete or the cohort empty; orders are counted; money is in the unit of the amounts, NULL without amounts; cumulative_revenue is that of ages 0 to age, revenue_per_customer the same / cohort_size, both NULL in a recurring matrix, as are orders; revenue_retention is revenue / revenue at age 0, NULL where that is 0 or the period incomplete; of subscriptions (ranges) kept_revenue is the sum of min(level at this age, the customer''s base), where the base is the first level above 0 at the end of an age and counts from that age on, and gross_revenue_retention is kept_revenue / the sum of the bases, never above revenue_retention where all have a base at age 0, NULL where there is none or the period is incomplete; both are NULL for events; period is NULL with since start and cut grains. up_to_age is the last age to show, NULL: all. NULL matrix: no rows. Errors: 22008 for an infinite as_of, 22023 for a negative up_to_age, 54000 for more than ten million rows';

CREATE FUNCTION retention_curve(
	matrix cohort_matrix, as_of date DEFAULT NULL,
	OUT age integer, OUT cohorts integer, OUT customers bigint,
	OUT active bigint, OUT retention double precision,
	OUT retention_mean double precision, OUT retention_low double precision,
	OUT retention_high double precision,
	OUT retention_or_later double precision,
	OUT retention_streak double precision, OUT ltv numeric,
	OUT revenue_per_active numeric, OUT ltv_chained numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_retention_curve'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION retention_curve(cohort_matrix, date) IS
	'one row per age over the cohorts that are complete at that age; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. retention = active / customers of these cohorts, retention_mean = simple mean of the cohorts, retention_low and retention_high = 95 % bounds of retention (Wilson 1927); all four are fractions, as are retention_or_later and retention_streak (see cohort_cells); ltv = cumulative revenue / customers, revenue_per_active = revenue at the age / active, ltv_chained = revenue at the age / customers, rounded at 16 decimals, added up over this age and all before it; these three are in the unit of the amounts and NULL without amounts, revenue_per_active also where nobody is active, ltv and ltv_chained also of a recurring matrix. ltv compares one set of cohorts and may fall from an age to the next, because the set changes; ltv_chained takes at each age all cohorts that have it and does not fall while revenue is positive. NULL matrix, or no complete cohort: no rows. Errors: 22008 for an infinite as_of, 54000 for more than ten million rows';

CREATE FUNCTION retention_rate(
	matrix cohort_matrix, age integer, as_of date DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_matrix_retention_rate'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION retention_rate(cohort_matrix, integer, date) IS
	'fraction of customers active at an age, over the cohorts complete at it: column retention of retention_curve; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL matrix or age, or no complete cohort at that age: NULL; error 22008 for an infinite as_of';

CREATE FUNCTION churn_rate(
	matrix cohort_matrix, age integer, as_of date DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_matrix_churn_rate'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION churn_rate(cohort_matrix, integer, date) IS
	'1 - retention_rate(matrix, age, as_of): the fraction of customers not active at an age, counted from the start of the cohort and so cumulative, not a rate per period; NULL where retention_rate is';

CREATE FUNCTION ltv(
	matrix cohort_matrix, age integer, as_of date DEFAULT NULL) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_matrix_ltv'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ltv(cohort_matrix, integer, date) IS
	'lifetime value to an age: revenue at ages 0 to age per customer, in the unit of the amounts, over the cohorts complete at that age: column ltv of retention_curve; it may fall at a later age, which fewer cohorts have: ltv_chained does not; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL without amounts, for a NULL age or one without complete cohort; error 22023 for a recurring matrix';

CREATE FUNCTION ltv_chained(
	matrix cohort_matrix, age integer, as_of date DEFAULT NULL) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_ltv_chained'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION ltv_chained(cohort_matrix, integer, date) IS
	'lifetime value to an age as a chain: the sum over ages 0 to age of revenue at that age per customer, each over the cohorts complete at it and rounded at 16 decimals (half away from zero), in the unit of the amounts: column ltv_chained of retention_curve. It does not fall from an age to the next while revenue is positive, as the pooled ltv may when cohorts worth more have no such age yet; payback_age reads it. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL without amounts, for a NULL age or one without complete cohort; error 22023 for a recurring matrix';

CREATE FUNCTION payback_age(
	matrix cohort_matrix, cac numeric, margin numeric, as_of date DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_payback_age'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION payback_age(cohort_matrix, numeric, numeric, date) IS
	'first age at which ltv_chained(matrix, age, as_of) * margin reaches cac, compared exactly; cac is the cost of acquiring a customer in the unit of the amounts, margin the fraction of revenue that is left. A higher cac never pays back sooner. NULL when no age does, without amounts, and for NULL arguments (as_of aside); error 22003 for a negative or infinite cac or a margin outside 0..1, 22023 for a recurring matrix';

CREATE FUNCTION payback_age(
	matrix cohort_matrix, cac double precision, margin double precision, as_of date DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_payback_age_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION payback_age(cohort_matrix, double precision, double precision, date) IS
	'first age at which ltv_chained(matrix, age, as_of) * margin reaches cac, compared exactly; cac is the cost of acquiring a customer in the unit of the amounts, margin the fraction of revenue that is left. A higher cac never pays back sooner. Each is taken as the shortest decimal that reads back as it, so that 0.3 is three tenths. NULL when no age does, without amounts, and for NULL arguments (as_of aside); error 22003 for a negative or infinite cac or a margin outside 0..1, 22023 for a recurring matrix';

-- pictures

CREATE FUNCTION cohort_text(
	matrix cohort_matrix, as_of date DEFAULT NULL, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_cohort_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 50;
COMMENT ON FUNCTION cohort_text(cohort_matrix, date, integer, boolean) IS
	'the matrix as a shaded triangle for psql, one row per line: per cohort its customers and the percentage active at each age, shaded by its share of the largest past age 0, incomplete cells marked; at most ages 0 to 14 of the latest 40 cohorts, and a line says what is left out; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL matrix: no rows. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

CREATE FUNCTION retention_curve_text(
	matrix cohort_matrix, as_of date DEFAULT NULL, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_retention_curve_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 50;
COMMENT ON FUNCTION retention_curve_text(cohort_matrix, date, integer, boolean) IS
	'the retention curve as horizontal bars for psql, the longest that of the largest share past age 0, one row per line: per age the percentage active, its 95 % bounds and the customers it is of; ages 0 to 39, and a line says what is left out; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL matrix: no rows. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

-- ----------------------------------------------------------------
-- 4. timeline
-- ----------------------------------------------------------------

CREATE TYPE timeline;

CREATE FUNCTION timeline_in(cstring) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_timeline_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION timeline_in(cstring) IS
	'input of timeline: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION timeline_out(timeline) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_timeline_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION timeline_out(timeline) IS
	'output of timeline: canonical JSON without loss, dates in ISO style whatever the DateStyle';

CREATE FUNCTION timeline_recv(internal) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_timeline_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION timeline_recv(internal) IS
	'binary input of timeline; every field and sum is checked, error 22P03';

CREATE FUNCTION timeline_send(timeline) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_send(timeline) IS
	'binary output of timeline, version 1: the stored bytes, the same on every machine';

CREATE TYPE timeline (
	INPUT = timeline_in,
	OUTPUT = timeline_out,
	RECEIVE = timeline_recv,
	SEND = timeline_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE timeline IS
	'one customer''s history day by day, storable and additive: of orders, per day their number and the net amount; of ranges (subscriptions), the level in force; made by the aggregates timeline and timeline_of_levels, added up by rollup and ||, filled by bridged, read by first_at, last_at, orders, active_days, revenue, active, level, tenure, timeline_days, purchase_summary, lifecycle, overdue';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION timeline_eq(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_eq(timeline, timeline) IS
	'implementation of the = operator';

CREATE FUNCTION timeline_ne(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_ne(timeline, timeline) IS
	'implementation of the <> operator';

CREATE FUNCTION timeline_lt(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_lt(timeline, timeline) IS
	'implementation of the < operator';

CREATE FUNCTION timeline_le(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_le(timeline, timeline) IS
	'implementation of the <= operator';

CREATE FUNCTION timeline_gt(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_gt(timeline, timeline) IS
	'implementation of the > operator';

CREATE FUNCTION timeline_ge(timeline, timeline) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_ge(timeline, timeline) IS
	'implementation of the >= operator';

CREATE FUNCTION timeline_cmp(timeline, timeline) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_cmp(timeline, timeline) IS
	'below, at or above 0 as the first timeline sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION timeline_hash(timeline) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_hash(timeline) IS
	'hash of a timeline';

CREATE FUNCTION timeline_hash_extended(timeline, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION timeline_hash_extended(timeline, bigint) IS
	'64-bit hash of a timeline with a seed';

CREATE OPERATOR = (
	FUNCTION = timeline_eq,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (timeline, timeline) IS
	'equal: same kind, zone, days and numbers';

CREATE OPERATOR <> (
	FUNCTION = timeline_ne,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (timeline, timeline) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = timeline_lt,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (timeline, timeline) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = timeline_le,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (timeline, timeline) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = timeline_gt,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (timeline, timeline) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = timeline_ge,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (timeline, timeline) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS timeline_ops
	DEFAULT FOR TYPE timeline USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 timeline_cmp(timeline, timeline);
COMMENT ON OPERATOR CLASS timeline_ops USING btree IS
	'order of timelines, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY timeline_ops USING btree IS
	'order of timelines, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS timeline_ops
	DEFAULT FOR TYPE timeline USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 timeline_hash(timeline),
	FUNCTION 2 timeline_hash_extended(timeline, bigint);
COMMENT ON OPERATOR CLASS timeline_ops USING hash IS
	'hashing of timelines, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY timeline_ops USING hash IS
	'hashing of timelines, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION timeline_to_json(timeline) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_timeline_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION timeline_to_json(timeline) IS
	'a timeline as json, the object its text is';

CREATE CAST (timeline AS json)
	WITH FUNCTION timeline_to_json(timeline);
COMMENT ON CAST (timeline AS json) IS
	'the timeline as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION timeline_to_jsonb(timeline) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_timeline_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 500;
COMMENT ON FUNCTION timeline_to_jsonb(timeline) IS
	'a timeline as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (timeline AS jsonb)
	WITH FUNCTION timeline_to_jsonb(timeline);
COMMENT ON CAST (timeline AS jsonb) IS
	'the timeline as a jsonb object, so that to_jsonb() nests it';

-- timeline aggregates

CREATE FUNCTION timeline_transition(internal, "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_transition(internal, "any") IS
	'aggregate support: takes a time or range into the timeline of its group; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION timeline_transition(internal, "any", "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_transition(internal, "any", "any") IS
	'aggregate support: takes a time or range with an amount into the timeline of its group; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION timeline_transition(internal, "any", "any", text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_transition(internal, "any", "any", text) IS
	'aggregate support: takes a time or range with an amount into the timeline of its group, a timestamptz being cut in the zone named';

CREATE FUNCTION timeline_transition(internal, "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_transition_grain'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_transition(internal, "any", "any", grain) IS
	'aggregate support: takes a time or range with an amount into the timeline of its group, a timestamptz being cut in the zone that a grain of days names, else in that of the session';

CREATE FUNCTION timeline_rollup_transition(internal, timeline) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_rollup_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION timeline_rollup_transition(internal, timeline) IS
	'aggregate support: adds a timeline to that of its group; error 22023 for another kind or time zone';

CREATE FUNCTION timeline_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_combine(internal, internal) IS
	'aggregate support: adds the timeline of one state to that of another; error 22023 for another kind or time zone';

CREATE FUNCTION timeline_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_timeline_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION timeline_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION timeline_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_timeline_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION timeline_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION timeline_final(internal) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_timeline_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_final(internal) IS
	'aggregate support: the timeline of a group; NULL when no row counted; the state goes on as it is';

CREATE AGGREGATE timeline(at "any") (
	SFUNC = timeline_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_combine,
	SERIALFUNC = timeline_serialize,
	DESERIALFUNC = timeline_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline("any") IS
	'the history of one customer, day by day; at is the time of an order (date, timestamp, or timestamptz cut in the zone of the session), or the range of a subscription (daterange, tsrange, tstzrange), which then weighs 1. Of a range both bounds are cut to days, an inclusive upper bound being moved one second (one day for dates) later, and the days from the lower up to, not including, the upper are covered: a range within one day is empty; without upper bound it is open; overlapping ranges add up, adjacent ones join. Rows with a NULL time are skipped; infinite times, and ranges without lower bound, are error 22008. NULL when no row counted';

CREATE AGGREGATE timeline(at "any", amount "any") (
	SFUNC = timeline_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_combine,
	SERIALFUNC = timeline_serialize,
	DESERIALFUNC = timeline_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline("any", "any") IS
	'the history of one customer with money: of orders the amount, of ranges the level in force (a price per month, say); amount is numeric, float or integer, taken at six decimals, half away from zero, in any one currency. A NULL amount is an order worth nothing, or a level of nothing (a free trial); a negative amount of an order is a refund: it corrects the revenue of its day and is no order. A literal NULL as amount leaves money out. Amounts of 9.2e12 and more, NaN and infinities are error 22003; all else as in timeline(at)';

CREATE AGGREGATE timeline(at "any", amount "any", zone text) (
	SFUNC = timeline_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_combine,
	SERIALFUNC = timeline_serialize,
	DESERIALFUNC = timeline_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline("any", "any", text) IS
	'the history of one customer, a timestamptz being cut to days in the zone named, whatever that of the session; a zone that is unknown, or not the same for all rows of a group, is error 22023, a NULL one 22004; all else as in timeline(at, amount)';

CREATE AGGREGATE timeline(at "any", amount "any", zone grain) (
	SFUNC = timeline_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_combine,
	SERIALFUNC = timeline_serialize,
	DESERIALFUNC = timeline_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline("any", "any", grain) IS
	'the same with the zone as a grain, ''day at Europe/Paris''::grain, which postgres_fdw sends to the servers that hold the rows, as it does not send a constant of type text; ''day'' alone is the zone of the session. Any other grain, or one that is not the same for all rows of a group, is error 22023, a NULL one 22004; all else as in timeline(at, amount)';

CREATE AGGREGATE rollup(timeline) (
	SFUNC = timeline_rollup_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_combine,
	SERIALFUNC = timeline_serialize,
	DESERIALFUNC = timeline_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(timeline) IS
	'adds up timelines of one customer: orders and amounts of a day, levels in force; in any order, split in any way. NULLs are skipped, no rows give NULL; error 22023 when kind (orders or levels, with or without amounts) or time zone differ, 22003 when a sum overflows';

CREATE FUNCTION timeline_merge(timeline, timeline) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_timeline_merge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION timeline_merge(timeline, timeline) IS
	'two timelines of one customer added up: orders and amounts of a day, levels in force; NULL for a NULL argument; error 22023 when kind or time zone differ, 22003 when a sum overflows';

CREATE OPERATOR || (
	FUNCTION = timeline_merge,
	LEFTARG = timeline,
	RIGHTARG = timeline,
	COMMUTATOR = ||
);
COMMENT ON OPERATOR || (timeline, timeline) IS
	'two timelines of one customer added up';

-- logs of levels

CREATE FUNCTION timeline_of_levels_transition(internal, "any", "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_levels_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_transition(internal, "any", "any") IS
	'aggregate support: takes a row of a log of levels into that of its group; STABLE because a timestamptz may be cut in the session time zone';

CREATE FUNCTION timeline_of_levels_transition(internal, "any", "any", text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_levels_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_transition(internal, "any", "any", text) IS
	'aggregate support: takes a row of a log of levels into that of its group, a timestamptz being cut in the zone named';

CREATE FUNCTION timeline_of_levels_transition(internal, "any", "any", grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_levels_transition_grain'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_transition(internal, "any", "any", grain) IS
	'aggregate support: takes a row of a log of levels into that of its group, a timestamptz being cut in the zone that a grain of days names, else in that of the session';

CREATE FUNCTION timeline_of_levels_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_levels_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_combine(internal, internal) IS
	'aggregate support: adds the rows of one state to those of another; error 22023 for another kind of times or time zone';

CREATE FUNCTION timeline_of_levels_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_levels_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION timeline_of_levels_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_levels_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION timeline_of_levels_final(internal) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_levels_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION timeline_of_levels_final(internal) IS
	'aggregate support: the timeline of a group; NULL when no row counted; error 22023 for two levels at one instant, which is shown in the time zone of the session and the DateStyle';

CREATE AGGREGATE timeline_of_levels(at "any", level "any") (
	SFUNC = timeline_of_levels_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_of_levels_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_of_levels_combine,
	SERIALFUNC = timeline_of_levels_serialize,
	DESERIALFUNC = timeline_of_levels_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline_of_levels("any", "any") IS
	'a log of levels as a timeline, one subscription a group: from at on the level is so much (a price, seats, a plan''s monthly amount), until the next row; the last level is open. at is a date, a timestamp, or a timestamptz cut in the zone of the session; level is numeric, float or integer, taken at six decimals, half away from zero, a NULL one is 0. Within a day the last row counts, whatever the order of rows in the table: it is what ranges from each row to the next (LEAD) would give. Several subscriptions of a customer: GROUP BY both, then rollup(timeline). Rows with a NULL time are skipped, equal rows are one; NULL when no row counted. Errors: 22023 for two different levels at one instant, both named; 22008 for infinite times; 22003 for levels of 9.2e12 and more, NaN and infinities';

CREATE AGGREGATE timeline_of_levels(at "any", level "any", zone text) (
	SFUNC = timeline_of_levels_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_of_levels_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_of_levels_combine,
	SERIALFUNC = timeline_of_levels_serialize,
	DESERIALFUNC = timeline_of_levels_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline_of_levels("any", "any", text) IS
	'a log of levels as a timeline, a timestamptz being cut to days in the zone named, whatever that of the session; a zone that is unknown, or not the same for all rows of a group, is error 22023, a NULL one 22004; all else as in timeline_of_levels(at, level)';

CREATE AGGREGATE timeline_of_levels(at "any", level "any", zone grain) (
	SFUNC = timeline_of_levels_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = timeline_of_levels_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = timeline_of_levels_combine,
	SERIALFUNC = timeline_of_levels_serialize,
	DESERIALFUNC = timeline_of_levels_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE timeline_of_levels("any", "any", grain) IS
	'a log of levels as a timeline, the zone being given as a grain of days, ''day at Europe/Paris''::grain, which needs no collation; ''day'' means the zone of the session; another grain is error 22023. All else as in timeline_of_levels(at, level, zone)';

-- readers

CREATE FUNCTION first_at(timeline timeline) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_first_at'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION first_at(timeline) IS
	'first day a customer was active: with an order, or with a level above 0. NULL when there is none, and for a NULL timeline';

CREATE FUNCTION last_at(timeline timeline) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_last_at'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION last_at(timeline) IS
	'last day a customer was active: with an order, or with a level above 0. NULL when there is none or, of levels, when the level stays above 0 for ever (a range with an open end), and for a NULL timeline';

CREATE FUNCTION orders(timeline timeline, since_day date DEFAULT NULL, until_day date DEFAULT NULL) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_orders'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION orders(timeline, date, date) IS
	'number of orders of the days from since_day up to but not including until_day, a NULL bound being none, likewise -infinity and infinity; refunds (negative amounts) are none. NULL for a NULL timeline; error 22023 for a timeline of levels';

CREATE FUNCTION active_days(timeline timeline, since_day date DEFAULT NULL, until_day date DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_active_days'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION active_days(timeline, date, date) IS
	'number of days with an order, or with a level above 0, from since_day up to but not including until_day, a NULL bound being none, likewise -infinity and infinity. NULL when there is no end: the level stays above 0 for ever (a range with an open end) and until_day is none; and for a NULL timeline';

CREATE FUNCTION active_periods(timeline timeline, grain grain, since_day date DEFAULT NULL, until_day date DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_active_periods'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION active_periods(timeline, grain, date, date) IS
	'number of calendar periods of the grain (weeks, months, ...) with an active day, one with an order or with a level above 0, among the days from since_day up to but not including until_day: stickiness. A NULL bound is none, likewise -infinity and infinity. NULL when there is no end, as in active_days, and for a NULL timeline or grain. Errors: 22023 for a grain since start or with cut points, or one that names another zone than the timeline was cut in';

CREATE FUNCTION usage_interval(timeline timeline) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_usage_interval'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION usage_interval(timeline) IS
	'median of the days from each active day, one with an order, to the next: how often a customer comes, 7 once a week. As percentile_cont(0.5): of an even number the mean of the two in the middle. NULL with fewer than two active days, and for a NULL timeline; error 22023 for a timeline of levels';

CREATE FUNCTION revenue(timeline timeline, since_day date DEFAULT NULL, until_day date DEFAULT NULL) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_revenue'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION revenue(timeline, date, date) IS
	'net amount, in the unit of the amounts, of the days from since_day up to but not including until_day, a NULL bound being none, likewise -infinity and infinity; 0 when nothing happened there. NULL without an amount argument and for a NULL timeline; error 22023 for a timeline of levels';

CREATE FUNCTION active(timeline timeline, since_day date, until_day date) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_active'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION active(timeline, date, date) IS
	'was the customer active (an order, or a level above 0) on any day from since_day up to but not including until_day? A NULL bound is none, likewise -infinity and infinity. NULL for a NULL timeline';

CREATE FUNCTION level(timeline timeline, on_date date) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_level'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION level(timeline, date) IS
	'level in force on a day, in the unit of the amounts, or without amounts the number of ranges; 0 outside of all ranges. NULL for a NULL argument. Errors: 22023 for a timeline of orders, 22008 for an infinite day';

CREATE FUNCTION bridged(timeline timeline, gap interval) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_bridged'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION bridged(timeline, interval) IS
	'a timeline of levels whose short silences are filled: where no level is above 0 for fewer days than gap, the last level before goes on until the next one (a late renewal, a payment tried again, a pause). A level of 0 is silence, too; the days filled count as active, with level and revenue. What follows the last level stays as it is. gap is in days or hours, interval ''30 days''; one of 0 fills nothing. NULL for a NULL argument. Errors 22023: a gap with months (they are not of one length: pass days), a negative gap, a timeline of orders';

CREATE FUNCTION lasting(timeline timeline, span interval) RETURNS timeline
	AS 'MODULE_PATHNAME', 'retention_lasting'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION lasting(timeline, interval) IS
	'a timeline of levels in which each active day of a timeline of orders lasts so long: the level is 1 from an active day until span after it, however many days last into one another, so that customer_movements(lasting(t, ''28 days''), ''day'') counts who was active within the last 28 days, on every day. span is in whole days, or months as in date + interval. It does not add up: of one customer''s parts take lasting(rollup(t), span). NULL for a NULL argument. Errors: 22023 for a span that is not above 0 or not in whole days, and for a timeline of levels; 22008 past the last date';

CREATE FUNCTION tenure(timeline timeline, as_of date) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_tenure'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION tenure(timeline, date) IS
	'days from the first active day to the day before as_of, or for levels to the last active day when that is earlier; as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of is active, and for a NULL argument; error 22008 for an infinite as_of';

CREATE FUNCTION timeline_days(timeline timeline,
	OUT day date, OUT orders bigint, OUT amount numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_timeline_days'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 30;
COMMENT ON FUNCTION timeline_days(timeline) IS
	'one row per day on which something happened, in order: the number of orders (0 on a day of refunds only) and their net amount, NULL without an amount argument; for levels one row per change, orders NULL and amount the level from that day on. NULL timeline: no rows';

-- where one customer stands

CREATE FUNCTION purchase_summary(timeline timeline, as_of date, unit text DEFAULT 'day',
	OUT frequency bigint, OUT recency double precision,
	OUT age double precision, OUT monetary_value numeric) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_purchase_summary'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION purchase_summary(timeline, date, text) IS
	'repeat-purchase statistics, the input of purchase models (x, t_x, T of Fader, Hardie and Lee 2005): the orders of a day count as one purchase; frequency: days with an order after the first; recency: from the first day with an order to the last; age: from the first to the day before as_of; both in the unit ''day'', ''week'' (7 days) or ''month'' (365/12 days), in singular or plural; monetary_value: mean net amount of the days counted in frequency, NULL without one or without an amount argument. as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for an unknown unit or a timeline of levels, 22008 for an infinite as_of';

CREATE TYPE lifecycle_state AS ENUM ('new', 'regular', 'at risk', 'won back', 'lost');
COMMENT ON TYPE lifecycle_state IS
	'where a customer stands, made by lifecycle(timeline, as_of); sorts in the order of a customer''s life: new, regular, at risk, won back, lost. A comparison with any other word is error 22P02; as text: state::text';

CREATE FUNCTION lifecycle(timeline timeline, as_of date,
	at_risk_after interval DEFAULT '90 days', lost_after interval DEFAULT '180 days') RETURNS lifecycle_state
	AS 'MODULE_PATHNAME', 'retention_lifecycle'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION lifecycle(timeline, date, interval, interval) IS
	'state of a customer on the day before as_of, of the enum lifecycle_state: a word that is no state is an error, and where a text is wanted write ::text; d is the last active day before as_of (as_of - 1 while a level is above 0). The first that holds: ''lost'' when d + lost_after < as_of; ''at risk'' when d + at_risk_after < as_of; ''won back'' when the last gap of at least lost_after between two active days ended less than lost_after before as_of; ''new'' with one active day (levels: when the first day + at_risk_after >= as_of); else ''regular''. as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of is active, and for a NULL argument. Errors: 22023 when lost_after is not longer than at_risk_after or that is negative, 22008 for an infinite as_of';

CREATE FUNCTION overdue(timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_overdue'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION overdue(timeline, date) IS
	'silence of a customer over the customer''s own rhythm: (as_of - 1 - d) / ((d - first) / (active days - 1)), where first and d are the first and last active day before as_of; 1 is on time, 3 three times as long as usual. as_of is the first day the data do not cover, days from there on are ignored. NULL with fewer than two active days before as_of, and for a NULL argument; error 22008 for an infinite as_of';

-- matrices of timelines

CREATE FUNCTION cohort_matrix_add_timeline(cohort_matrix, timeline, grain) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cohort_matrix_add_timeline(cohort_matrix, timeline, grain) IS
	'a matrix with one more customer; a NULL matrix is that of nobody, a NULL timeline, or one that is never active, adds nothing; errors as cohort_matrix(timeline, grain)';

CREATE AGGREGATE cohort_matrix(timeline timeline, grain grain) (
	SFUNC = cohort_matrix_add_timeline,
	STYPE = cohort_matrix,
	COMBINEFUNC = cohort_matrix_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cohort_matrix(timeline, grain) IS
	'cohorts by first activity, each timeline being a customer: the matrix that cohort_matrix(customer, at, amount, grain) makes of the rows the timelines were built from, for every calendar grain; since start is counted from day to day, hours are refused. NULL timelines are skipped; NULL when nobody is active. Errors: 22023 when kinds or time zones of timelines differ, when the grain names another zone than theirs, or is not the same for all rows of a group; 22004 for a NULL grain';

CREATE FUNCTION recurring_matrix_add_timeline(cohort_matrix, timeline, grain) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_recurring_matrix_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION recurring_matrix_add_timeline(cohort_matrix, timeline, grain) IS
	'a recurring matrix with one more customer; a NULL matrix is that of nobody, a NULL timeline, or one that is never active, adds nothing; errors as recurring_matrix(timeline, grain)';

CREATE AGGREGATE recurring_matrix(timeline timeline, grain grain) (
	SFUNC = recurring_matrix_add_timeline,
	STYPE = cohort_matrix,
	COMBINEFUNC = cohort_matrix_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE recurring_matrix(timeline, grain) IS
	'recurring cohorts, each timeline being a customer, who belongs to the cohort of every period active in and is retained at age k when active again k periods later; active is who has an order in the period, or a level above zero at its end. The matrix has no money and says that it is recurring: ltv and payback_age refuse it. NULL timelines are skipped; NULL when nobody is active. Errors: 22023 for a level without end, a grain since start or with cut points, and as in cohort_matrix(timeline, grain); 54000 for a customer active in more than 2500 periods';

-- who is in a cell

CREATE FUNCTION cohort_of(timeline timeline, grain grain, started_at date DEFAULT NULL) RETURNS date
	AS 'MODULE_PATHNAME', 'retention_cohort_of'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION cohort_of(timeline, grain, date) IS
	'the cohort that a matrix counts a customer in, the first day of its period as in cohort_cells: by first activity as in cohort_matrix(timeline, grain), or by started_at as in cohort_matrix(customer, started_at, at, amount, grain), whose date it is that day; with since start a period of the cohort rows. A NULL started_at means by first activity. NULL for a customer who is never active, and for a NULL timeline or grain. Errors: 22023 for a grain of hours, or one that names another zone than the timeline was cut in; 22008 for an infinite started_at';

CREATE FUNCTION active_at_age(timeline timeline, grain grain, age integer, started_at date DEFAULT NULL) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_active_at_age'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION active_at_age(timeline, grain, integer, date) IS
	'does a matrix count the customer as active at this age, in the cell (cohort_of(timeline, grain, started_at), age)? It lists the customers of a cell: WHERE cohort_of(t, ''month'') = ''2024-01-01'' AND active_at_age(t, ''month'', 3). Levels are active at an age with one above 0 at its end, without started_at in any case at age 0. NULL for a customer without cohort, for an age that the grain has not (below 0, past the last cut point), and for a NULL timeline, grain or age; a NULL started_at means by first activity. Errors as cohort_of(timeline, grain, started_at)';

-- ----------------------------------------------------------------
-- 5. earliest, latest
-- ----------------------------------------------------------------

CREATE FUNCTION earliest_transition(internal, anyelement, "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_earliest_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION earliest_transition(internal, anyelement, "any") IS
	'aggregate support: keeps the value of the earliest row; times are date, timestamp or timestamptz, those that are NULL skip the row; error 42883 for a type without order, 22008 for an infinite time';

CREATE FUNCTION latest_transition(internal, anyelement, "any") RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_latest_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION latest_transition(internal, anyelement, "any") IS
	'aggregate support: keeps the value of the latest row; times are date, timestamp or timestamptz, those that are NULL skip the row; error 42883 for a type without order, 22008 for an infinite time';

CREATE FUNCTION earliest_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_earliest_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION earliest_combine(internal, internal) IS
	'aggregate support: takes the second state into the first';

CREATE FUNCTION earliest_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_earliest_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION earliest_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION earliest_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_earliest_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION earliest_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION earliest_final(internal, anyelement, "any") RETURNS anyelement
	AS 'MODULE_PATHNAME', 'retention_earliest_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION earliest_final(internal, anyelement, "any") IS
	'aggregate support: the value kept, which the state keeps too; NULL without rows';

CREATE AGGREGATE earliest(value anyelement, at "any") (
	SFUNC = earliest_transition,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = earliest_final,
	FINALFUNC_EXTRA,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = earliest_combine,
	SERIALFUNC = earliest_serialize,
	DESERIALFUNC = earliest_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE earliest(anyelement, "any") IS
	'value of the row with the earliest time: earliest(channel, ordered_at) is the channel of a customer''s first order. value: any type with an order (42883 for others); at: date, timestamp or timestamptz; rows with a NULL time are skipped. Of several values at the same time the smallest; a NULL value is one like the others, the largest: FILTER (WHERE value IS NOT NULL) asks for the earliest known one. NULL when there is no row; error 22008 for an infinite time';

CREATE AGGREGATE latest(value anyelement, at "any") (
	SFUNC = latest_transition,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = earliest_final,
	FINALFUNC_EXTRA,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = earliest_combine,
	SERIALFUNC = earliest_serialize,
	DESERIALFUNC = earliest_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE latest(anyelement, "any") IS
	'value of the row with the latest time: latest(channel, ordered_at) is the channel of a customer''s last order. value: any type with an order (42883 for others); at: date, timestamp or timestamptz; rows with a NULL time are skipped. Of several values at the same time the smallest; a NULL value is one like the others, the largest: FILTER (WHERE value IS NOT NULL) asks for the latest known one. NULL when there is no row; error 22008 for an infinite time';

-- ----------------------------------------------------------------
-- 6. customer_movements
-- ----------------------------------------------------------------

CREATE TYPE customer_movements;

CREATE FUNCTION customer_movements_in(cstring) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION customer_movements_in(cstring) IS
	'input of customer_movements: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION customer_movements_out(customer_movements) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_customer_movements_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION customer_movements_out(customer_movements) IS
	'output of customer_movements: canonical JSON without loss, dates in ISO style whatever the DateStyle';

CREATE FUNCTION customer_movements_recv(internal) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION customer_movements_recv(internal) IS
	'binary input of customer_movements; every field and sum is checked, error 22P03';

CREATE FUNCTION customer_movements_send(customer_movements) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_send(customer_movements) IS
	'binary output of customer_movements, version 2: the stored bytes, the same on every machine';

CREATE TYPE customer_movements (
	INPUT = customer_movements_in,
	OUTPUT = customer_movements_out,
	RECEIVE = customer_movements_recv,
	SEND = customer_movements_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE customer_movements IS
	'who and how much moved from period to period, storable and additive: new, reactivated, expanded, contracted and churned customers and revenue; made by the aggregate customer_movements, added up by rollup, read by movement_rows and movements_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION customer_movements_eq(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_eq(customer_movements, customer_movements) IS
	'implementation of the = operator';

CREATE FUNCTION customer_movements_ne(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_ne(customer_movements, customer_movements) IS
	'implementation of the <> operator';

CREATE FUNCTION customer_movements_lt(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_lt(customer_movements, customer_movements) IS
	'implementation of the < operator';

CREATE FUNCTION customer_movements_le(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_le(customer_movements, customer_movements) IS
	'implementation of the <= operator';

CREATE FUNCTION customer_movements_gt(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_gt(customer_movements, customer_movements) IS
	'implementation of the > operator';

CREATE FUNCTION customer_movements_ge(customer_movements, customer_movements) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_ge(customer_movements, customer_movements) IS
	'implementation of the >= operator';

CREATE FUNCTION customer_movements_cmp(customer_movements, customer_movements) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_cmp(customer_movements, customer_movements) IS
	'below, at or above 0 as the first sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION customer_movements_hash(customer_movements) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_hash(customer_movements) IS
	'hash of customer movements';

CREATE FUNCTION customer_movements_hash_extended(customer_movements, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION customer_movements_hash_extended(customer_movements, bigint) IS
	'64-bit hash of customer movements with a seed';

CREATE OPERATOR = (
	FUNCTION = customer_movements_eq,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (customer_movements, customer_movements) IS
	'equal: same grain, zone, kind, end of the data and numbers';

CREATE OPERATOR <> (
	FUNCTION = customer_movements_ne,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (customer_movements, customer_movements) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = customer_movements_lt,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (customer_movements, customer_movements) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = customer_movements_le,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (customer_movements, customer_movements) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = customer_movements_gt,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (customer_movements, customer_movements) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = customer_movements_ge,
	LEFTARG = customer_movements,
	RIGHTARG = customer_movements,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (customer_movements, customer_movements) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS customer_movements_ops
	DEFAULT FOR TYPE customer_movements USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 customer_movements_cmp(customer_movements, customer_movements);
COMMENT ON OPERATOR CLASS customer_movements_ops USING btree IS
	'order of customer movements, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY customer_movements_ops USING btree IS
	'order of customer movements, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS customer_movements_ops
	DEFAULT FOR TYPE customer_movements USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 customer_movements_hash(customer_movements),
	FUNCTION 2 customer_movements_hash_extended(customer_movements, bigint);
COMMENT ON OPERATOR CLASS customer_movements_ops USING hash IS
	'hashing of customer movements, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY customer_movements_ops USING hash IS
	'hashing of customer movements, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION customer_movements_to_json(customer_movements) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_customer_movements_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION customer_movements_to_json(customer_movements) IS
	'customer movements as json, the object its text is';

CREATE CAST (customer_movements AS json)
	WITH FUNCTION customer_movements_to_json(customer_movements);
COMMENT ON CAST (customer_movements AS json) IS
	'the movements as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION customer_movements_to_jsonb(customer_movements) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_customer_movements_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION customer_movements_to_jsonb(customer_movements) IS
	'customer movements as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (customer_movements AS jsonb)
	WITH FUNCTION customer_movements_to_jsonb(customer_movements);
COMMENT ON CAST (customer_movements AS jsonb) IS
	'the movements as a jsonb object, so that to_jsonb() nests it';

-- aggregates

CREATE FUNCTION customer_movements_final(internal) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_movements_final(internal) IS
	'aggregate support: folds the histories of a group into customer movements; NULL when nothing moved; leaves the state as it is, so other aggregates over the same rows can share it; error 22023 for a grain since start or with cut points';

CREATE AGGREGATE customer_movements(customer "any", at "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = customer_movements_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_movements("any", "any", grain) IS
	'new, retained, reactivated and churned customers per period. at is the time of an event (date, timestamp, timestamptz): active in a period is who has one in it; or a range (daterange, tsrange, tstzrange): active is who has one in force at the end of the period, and ranges that live inside one period are not seen. Customers, times, grain and NULL as in cohort_matrix(customer, at, grain); a grain since start or with cut points is error 22023. NULL when nothing moved';

CREATE AGGREGATE customer_movements(customer "any", at "any", amount "any", grain grain) (
	SFUNC = ledger_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = customer_movements_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_movements("any", "any", "any", grain) IS
	'movements of customers and revenue per period: a customer''s opening is the total of the period before (ranges: the level just before the period), the closing that of the period (the level at its end); closing - opening goes to new, reactivated or churned when activity starts, restarts or stops, else to expansion or contraction, net per customer and period. A negative amount of an event is a refund: it corrects the revenue of its period, also of a customer without orders, and makes nobody active. Amounts as in cohort_matrix(customer, at, amount, grain), all else as in customer_movements(customer, at, grain); a literal NULL as amount leaves money out';

CREATE FUNCTION customer_movements_transition(internal, "any", "any", "any", grain, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_movements_transition_lag'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION customer_movements_transition(internal, "any", "any", "any", grain, bigint) IS
	'aggregate support: takes a row with amount and lag into the ledger of its group; STABLE because a timestamptz may be cut in the session time zone';

CREATE AGGREGATE customer_movements(customer "any", at "any", amount "any", grain grain, lag bigint) (
	SFUNC = customer_movements_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = customer_movements_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = ledger_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_movements("any", "any", "any", grain, bigint) IS
	'movements per period against the closing some periods before: lag is how many periods before the opening is, from 1 to 10000: with ''month'', 12 gives NRR, GRR and churn of the trailing year for every month. New is who was in no closing up to that one, dormant and reactivated alike; opening(t + lag) = closing(t); what happens in a period stays a movement for lag periods. The first lag periods have opening 0 and no rates. A lag of 1 is what the form without one does. Errors: 22023 for another lag, or one not the same for all rows of a group, 22004 for a NULL one, 54000 when it makes movements in more than 2097152 periods of few rows far apart; all else as in customer_movements(customer, at, amount, grain); a literal NULL as amount leaves money out';

CREATE FUNCTION customer_movements_merge(customer_movements, customer_movements) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_merge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION customer_movements_merge(customer_movements, customer_movements) IS
	'the sum of the movements of disjoint customers, period by period; the data end where the later ends; error 22023 when grain, time zone, lag or kind (amounts, ranges) differ, 22003 when a sum overflows';

CREATE AGGREGATE rollup(customer_movements) (
	SFUNC = customer_movements_merge,
	STYPE = customer_movements,
	COMBINEFUNC = customer_movements_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(customer_movements) IS
	'adds up movements of disjoint customers (channels, shards, tenants) of one grain, time zone and lag; NULLs are skipped, no rows give NULL; error 22023 when grain, zone, lag or kind differ';

CREATE FUNCTION customer_movements_add_timeline(customer_movements, timeline, grain) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION customer_movements_add_timeline(customer_movements, timeline, grain) IS
	'movements with one more customer; NULL movements are those of nobody, a NULL timeline, or one without movements, adds nothing; errors as customer_movements(timeline, grain)';

CREATE AGGREGATE customer_movements(timeline timeline, grain grain) (
	SFUNC = customer_movements_add_timeline,
	STYPE = customer_movements,
	COMBINEFUNC = customer_movements_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_movements(timeline, grain) IS
	'movements per period, each timeline being a customer: those that customer_movements(customer, at, amount, grain) makes of the rows the timelines were built from. NULL timelines are skipped; NULL when nothing moved. Errors: 22023 when kinds or time zones of timelines differ, when the grain names another zone than theirs, is since start or with cut points, or not the same for all rows of a group; 22004 for a NULL grain';

CREATE FUNCTION customer_movements_add_timeline(customer_movements, timeline, grain, bigint) RETURNS customer_movements
	AS 'MODULE_PATHNAME', 'retention_customer_movements_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION customer_movements_add_timeline(customer_movements, timeline, grain, bigint) IS
	'movements with a lag with one more customer; NULL movements are those of nobody, a NULL timeline, or one without movements, adds nothing; errors as customer_movements(timeline, grain, lag)';

CREATE AGGREGATE customer_movements(timeline timeline, grain grain, lag bigint) (
	SFUNC = customer_movements_add_timeline,
	STYPE = customer_movements,
	COMBINEFUNC = customer_movements_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE customer_movements(timeline, grain, bigint) IS
	'movements per period against the closing some periods before, each timeline being a customer: lag is how many periods before the opening is, from 1 to 10000: with ''month'', 12 gives NRR, GRR and churn of the trailing year for every month. New is who was in no closing up to that one, dormant and reactivated alike; opening(t + lag) = closing(t); what happens in a period stays a movement for lag periods. The first lag periods have opening 0 and no rates. A lag of 1 is what the form without one does. Errors: 22023 for another lag, or one not the same for all rows of a group, 22004 for a NULL one, 54000 when it makes movements in more than 2097152 periods of few rows far apart; all else as in customer_movements(timeline, grain)';

-- readers

CREATE FUNCTION movement_rows(
	movements customer_movements, as_of date DEFAULT NULL,
	OUT period date, OUT complete boolean,
	OUT opening_customers bigint, OUT new_customers bigint,
	OUT reactivated_customers bigint, OUT expanded_customers bigint,
	OUT contracted_customers bigint, OUT retained_customers bigint,
	OUT churned_customers bigint, OUT closing_customers bigint,
	OUT dormant_customers bigint, OUT orders bigint,
	OUT opening_revenue numeric, OUT new_revenue numeric,
	OUT reactivated_revenue numeric, OUT expansion_revenue numeric,
	OUT contraction_revenue numeric, OUT churned_revenue numeric,
	OUT closing_revenue numeric, OUT revenue_per_customer numeric,
	OUT retention_rate double precision, OUT churn_rate double precision,
	OUT nrr double precision, OUT grr double precision,
	OUT quick_ratio double precision, OUT returning_share double precision,
	OUT win_back_rate double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_movement_rows'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 50;
COMMENT ON FUNCTION movement_rows(customer_movements, date) IS
	'one row per period from the first movement to the one that contains as_of - 1, in order; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event (ranges: of the last day on which a level above zero begins or grows). With a lag the opening is the closing of so many periods before, the first lag rows have opening 0 and no rates. Customers: opening + new + reactivated - churned = closing, opening = retained + churned, expanded and contracted are parts of retained, dormant were active in an earlier period and are not in the opening. Revenue, in the unit of the amounts, losses negative: opening + new + reactivated + expansion + contraction + churned = closing; revenue_per_customer = closing revenue / closing customers. Rates, fractions: retention_rate = retained / opening, churn_rate = churned / opening customers; over customers with an opening above zero nrr = closing / opening and grr = the smaller of the two / opening revenue; quick_ratio = gains / losses; returning_share = (closing - new) / closing revenue; win_back_rate = reactivated / dormant. Rates are NULL where the period is incomplete or the denominator 0; revenue is NULL without amounts, and so is, of events, who expands or contracts (of ranges it then goes by their number); orders is NULL with ranges. NULL movements: no rows. Errors: 22008 for an infinite as_of, 54000 for more than ten million rows';

CREATE FUNCTION movements_text(
	movements customer_movements, as_of date DEFAULT NULL, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_movements_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 40;
COMMENT ON FUNCTION movements_text(customer_movements, date, integer, boolean) IS
	'the movements as a table for psql, one row per line: per period the opening, new, reactivated (back), churned and closing customers, the percentage of the opening that was kept, and with amounts the revenue gained, lost and at the end, in whole units, with the net revenue retention; without amounts a bar of the closing; the latest 36 periods, and a line says what is left out; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL movements: no rows. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

CREATE FUNCTION timeline_movements(
	timeline timeline, grain grain, as_of date DEFAULT NULL, lag bigint DEFAULT 1,
	OUT period date, OUT movement text, OUT opening numeric,
	OUT closing numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_timeline_movements'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION timeline_movements(timeline, grain, date, bigint) IS
	'the changes of one customer, one row each, in order: movement is new, reactivated, expansion, contraction or churned; opening and closing as in customer_movements(timeline, grain), of which these rows are the parts; without amounts a level is the number of ranges, and of orders both are NULL. as_of hides periods that start at or after it, NULL: those after the period the customer''s data end in. lag is how many periods before the opening is, as in customer_movements(timeline, grain, lag): a change then has a row in each of lag periods. NULL timeline or grain: no rows. Errors: 22023 for a grain since start or with cut points, or that names another zone than the timeline''s, and for a lag below 1 or above 10000, 22004 for a NULL lag, 22008 for an infinite as_of, 54000 when a lag makes changes in more than 2097152 periods';

-- ----------------------------------------------------------------
-- 7. rates: two plain columns in, one number out
-- ----------------------------------------------------------------

CREATE FUNCTION tally_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_tally_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_combine(bytea, bytea) IS
	'aggregate support: adds the counts and sums of one state to another, in place; error 22023 when a constant argument differs, 22P03 for bytes that are no such state, 0A000 outside an aggregate';

CREATE FUNCTION pair_transition(bytea, numeric, numeric) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_pair_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_transition(bytea, numeric, numeric) IS
	'aggregate support: takes in a customer''s opening and closing';

CREATE FUNCTION pair_inverse(bytea, numeric, numeric) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_pair_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_inverse(bytea, numeric, numeric) IS
	'aggregate support: takes a customer out of a moving frame, exactly';

CREATE FUNCTION pair_transition(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_pair_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_transition(bytea, double precision, double precision) IS
	'aggregate support: takes in a customer''s opening and closing';

CREATE FUNCTION pair_inverse(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_pair_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_inverse(bytea, double precision, double precision) IS
	'aggregate support: takes a customer out of a moving frame, exactly';

CREATE FUNCTION retention_rate_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_retention_rate_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate_final(bytea) IS
	'aggregate support: retention_rate of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION churn_rate_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_churn_rate_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate_final(bytea) IS
	'aggregate support: churn_rate of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION nrr_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nrr_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nrr_final(bytea) IS
	'aggregate support: nrr of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION grr_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_grr_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION grr_final(bytea) IS
	'aggregate support: grr of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION quick_ratio_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_quick_ratio_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION quick_ratio_final(bytea) IS
	'aggregate support: quick_ratio of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE AGGREGATE retention_rate(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = retention_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = retention_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(numeric, numeric) IS
	'fraction of the customers with opening > 0 who also have closing > 0. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE retention_rate(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = retention_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = retention_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(double precision, double precision) IS
	'fraction of the customers with opening > 0 who also have closing > 0. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE churn_rate(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = churn_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = churn_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(numeric, numeric) IS
	'fraction of the customers with opening > 0 who have no closing > 0, the complement of retention_rate(opening, closing). One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE churn_rate(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = churn_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = churn_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(double precision, double precision) IS
	'fraction of the customers with opening > 0 who have no closing > 0, the complement of retention_rate(opening, closing). One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE nrr(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nrr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nrr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(numeric, numeric) IS
	'net revenue retention: sum of closing / sum of opening, over the customers with opening > 0, as a fraction; new customers count in neither, a negative closing (refunds) counts as it is. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE nrr(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nrr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nrr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(double precision, double precision) IS
	'net revenue retention: sum of closing / sum of opening, over the customers with opening > 0, as a fraction; new customers count in neither, a negative closing (refunds) counts as it is. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE grr(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = grr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = grr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(numeric, numeric) IS
	'gross revenue retention: sum of the smaller of opening and closing per customer / sum of opening, over the customers with opening > 0, as a fraction: nrr without expansion, never above 1. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE grr(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = grr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = grr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(double precision, double precision) IS
	'gross revenue retention: sum of the smaller of opening and closing per customer / sum of opening, over the customers with opening > 0, as a fraction: nrr without expansion, never above 1. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE quick_ratio(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = quick_ratio_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = quick_ratio_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(numeric, numeric) IS
	'money gained / money lost: over all customers the sum of closing - opening where it is positive (new, reactivated, expansion) / where it is negative (contraction, churned), 4 meaning four gained for each one lost. One row per customer; NULL counts as 0, negative values count as they are. NULL when nothing was lost. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE quick_ratio(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = quick_ratio_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = quick_ratio_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(double precision, double precision) IS
	'money gained / money lost: over all customers the sum of closing - opening where it is positive (new, reactivated, expansion) / where it is negative (contraction, churned), 4 meaning four gained for each one lost. One row per customer; NULL counts as 0, negative values count as they are. NULL when nothing was lost. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE FUNCTION retention_by_counts(
	customers_start numeric, customers_end numeric, customers_new numeric) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_by_counts'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_by_counts(numeric, numeric, numeric) IS
	'retention by counts, (customers_end - customers_new) / customers_start, the textbook formula, as a fraction that is never clamped. It departs from retention_rate(opening, closing), which asks each customer: who came back counts as retained unless counted as new (so it may pass 1), and who joined and left within the period is subtracted without ever having been there (so it may even be negative). 1 minus it is attrition. NULL for a NULL argument or customers_start = 0; NaN and infinities go as in double precision arithmetic; error 22003 when a count or the fraction is beyond double precision';

-- ----------------------------------------------------------------
-- 8. economics: acquisition cost, lifetime value, payback
-- ----------------------------------------------------------------

CREATE FUNCTION cac_transition(bytea, numeric, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(bytea, numeric, "any") IS
	'aggregate support: takes in a cost and the customers it won';

CREATE FUNCTION cac_inverse(bytea, numeric, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(bytea, numeric, "any") IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(bytea, numeric, numeric, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(bytea, numeric, numeric, "any") IS
	'aggregate support: takes in costs of marketing and of sales and the customers they won';

CREATE FUNCTION cac_inverse(bytea, numeric, numeric, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(bytea, numeric, numeric, "any") IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(bytea, double precision, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(bytea, double precision, "any") IS
	'aggregate support: takes in a cost and the customers it won';

CREATE FUNCTION cac_inverse(bytea, double precision, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(bytea, double precision, "any") IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(bytea, double precision, double precision, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(bytea, double precision, double precision, "any") IS
	'aggregate support: takes in costs of marketing and of sales and the customers they won';

CREATE FUNCTION cac_inverse(bytea, double precision, double precision, "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(bytea, double precision, double precision, "any") IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_final(bytea) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_cac_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_final(bytea) IS
	'aggregate support: cost / customers';

CREATE AGGREGATE cac(cost numeric, customers "any") (
	SFUNC = cac_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(numeric, "any") IS
	'customer acquisition cost: sum of cost / sum of customers acquired, in the unit of the cost, numeric; the ratio of the sums, not a mean of ratios. NULL counts as 0 in either column, so spend without customers and customers without spend both count. customers is a number of any type, so that shares of customers (touch credits) add up. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact. NULL without customers or rows. Errors 22003: negative customers, amounts of 9.2e12 and more, NaN and infinities';

CREATE AGGREGATE cac(cost double precision, customers "any") (
	SFUNC = cac_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(double precision, "any") IS
	'customer acquisition cost: sum of cost / sum of customers acquired, in the unit of the cost, numeric; the ratio of the sums, not a mean of ratios. NULL counts as 0 in either column, so spend without customers and customers without spend both count. customers is a number of any type, so that shares of customers (touch credits) add up. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact. NULL without customers or rows. Errors 22003: negative customers, amounts of 9.2e12 and more, NaN and infinities';

CREATE AGGREGATE cac(marketing numeric, sales numeric, customers "any") (
	SFUNC = cac_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(numeric, numeric, "any") IS
	'fully loaded customer acquisition cost: sum of (marketing + sales) / sum of customers acquired; all else as in cac(cost, customers)';

CREATE AGGREGATE cac(marketing double precision, sales double precision, customers "any") (
	SFUNC = cac_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(double precision, double precision, "any") IS
	'fully loaded customer acquisition cost: sum of (marketing + sales) / sum of customers acquired; all else as in cac(cost, customers)';

CREATE FUNCTION ltv(
	revenue_per_period numeric, churn_rate double precision,
	margin double precision DEFAULT 1, discount_rate double precision DEFAULT 0,
	horizon integer DEFAULT NULL) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_ltv_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION ltv(numeric, double precision, double precision, double precision, integer) IS
	'lifetime value of a customer by the formula: margin * revenue * the sum over t = 0 .. horizon - 1 of ((1 - churn_rate) / (1 + discount_rate))^t, to infinity when horizon is NULL; the first period counts in full (Berger and Nasr 1998). Revenue, churn, discount and horizon are of one and the same period, rates are fractions; with neither discount nor horizon it is margin * revenue / churn. In the unit of the revenue, numeric, at six decimals, half away from zero, as the revenue is taken; rates are taken at fifteen digits. NULL when the sum diverges (churn 0 without discount or horizon) and for a NULL argument other than horizon. Errors 22003: churn_rate or margin outside 0..1, a negative or infinite discount_rate, amounts of 9.2e12 and more, NaN and infinities; 22023: a negative horizon';

CREATE FUNCTION ltv(
	revenue_per_period double precision, churn_rate double precision,
	margin double precision DEFAULT 1, discount_rate double precision DEFAULT 0,
	horizon integer DEFAULT NULL) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_ltv_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION ltv(double precision, double precision, double precision, double precision, integer) IS
	'lifetime value of a customer by the formula: margin * revenue * the sum over t = 0 .. horizon - 1 of ((1 - churn_rate) / (1 + discount_rate))^t, to infinity when horizon is NULL; the first period counts in full (Berger and Nasr 1998). Revenue, churn, discount and horizon are of one and the same period, rates are fractions; with neither discount nor horizon it is margin * revenue / churn. In the unit of the revenue, numeric, at six decimals, half away from zero, as the revenue is taken; rates are taken at fifteen digits. NULL when the sum diverges (churn 0 without discount or horizon) and for a NULL argument other than horizon. Errors 22003: churn_rate or margin outside 0..1, a negative or infinite discount_rate, amounts of 9.2e12 and more, NaN and infinities; 22023: a negative horizon';

CREATE FUNCTION ltv_gain(
	retention double precision, change double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_ltv_gain'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION ltv_gain(double precision, double precision) IS
	'relative gain in lifetime value from a change in retention, change / (1 - retention - change): 0.3333 is a third more; undiscounted LTV is in proportion to 1 / (1 - retention). Both are fractions of a period, a change of 0.05 is five points. NULL for a NULL argument, and when retention + change is 1; error 22003 when retention or retention + change is outside 0..1';

CREATE FUNCTION payback_periods(
	cac numeric, revenue_per_period numeric, margin double precision DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_payback_periods_numeric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION payback_periods(numeric, numeric, double precision) IS
	'periods until a customer has paid back the cost of acquisition: cac / (revenue_per_period * margin), both amounts in one unit; no churn and no discount (payback_age reads it off a cohort matrix instead). Amounts are taken at six decimals, half away from zero. NULL for a NULL argument, or when nothing is left to pay with (revenue * margin at or below 0). Errors 22003: a negative cac, margin outside 0..1, amounts of 9.2e12 and more, NaN and infinities';

CREATE FUNCTION payback_periods(
	cac double precision, revenue_per_period double precision, margin double precision DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_payback_periods_float8'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION payback_periods(double precision, double precision, double precision) IS
	'periods until a customer has paid back the cost of acquisition: cac / (revenue_per_period * margin), both amounts in one unit; no churn and no discount (payback_age reads it off a cohort matrix instead). Amounts are taken at six decimals, half away from zero. NULL for a NULL argument, or when nothing is left to pay with (revenue * margin at or below 0). Errors 22003: a negative cac, margin outside 0..1, amounts of 9.2e12 and more, NaN and infinities';

CREATE FUNCTION monthly(
	amount numeric, every interval) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_monthly_numeric'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION monthly(numeric, interval) IS
	'what an amount that recurs is worth a month: every n months amount / n, every n days amount * 365 / 12 / n (a year is 12 months, a week 7 days), so monthly(1200, ''1 year'') is 100. Amounts are taken at six decimals, half away from zero. NULL for a NULL argument. Errors: 22023 for an interval at or below 0, with hours, or of both months and days; 22003 for amounts of 9.2e12 and more, NaN and infinities';

CREATE FUNCTION monthly(
	amount double precision, every interval) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_monthly_float8'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION monthly(double precision, interval) IS
	'what an amount that recurs is worth a month: every n months amount / n, every n days amount * 365 / 12 / n (a year is 12 months, a week 7 days), so monthly(1200, ''1 year'') is 100. Amounts are taken at six decimals, half away from zero. NULL for a NULL argument. Errors: 22023 for an interval at or below 0, with hours, or of both months and days; 22003 for amounts of 9.2e12 and more, NaN and infinities';

-- ----------------------------------------------------------------
-- 9. loyalty: shares, surveys, scores
-- ----------------------------------------------------------------

CREATE FUNCTION share_transition(bytea, boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_transition(bytea, boolean) IS
	'aggregate support: takes in an answer';

CREATE FUNCTION share_transition(bytea, boolean, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_transition(bytea, boolean, double precision) IS
	'aggregate support: takes in an answer, with the confidence';

CREATE FUNCTION share_inverse(bytea, boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_inverse(bytea, boolean) IS
	'aggregate support: takes an answer out of a moving frame, exactly';

CREATE FUNCTION share_inverse(bytea, boolean, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_inverse(bytea, boolean, double precision) IS
	'aggregate support: takes an answer out of a moving frame, exactly';

CREATE FUNCTION share_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_final(bytea) IS
	'aggregate support: the share';

CREATE FUNCTION share_low_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_low_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_low_final(bytea) IS
	'aggregate support: the lower bound of the share';

CREATE FUNCTION share_high_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_high_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_high_final(bytea) IS
	'aggregate support: the upper bound of the share';

CREATE AGGREGATE share(condition boolean) (
	SFUNC = share_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share(boolean) IS
	'fraction of rows for which a condition is true, of those for which it is true or false: repeat rate, referral, cross-sell, involuntary churn; NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_low(condition boolean) (
	SFUNC = share_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_low(boolean) IS
	'lower 95 % confidence bound of share(condition), a fraction (Wilson 1927); NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_low(condition boolean, confidence double precision) (
	SFUNC = share_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_low(boolean, double precision) IS
	'lower confidence bound of share(condition), a fraction (Wilson 1927); confidence, such as 0.9, is that of both bounds together and one for the group. NULLs are skipped, NULL when nothing is left. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE AGGREGATE share_high(condition boolean) (
	SFUNC = share_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_high(boolean) IS
	'upper 95 % confidence bound of share(condition), a fraction (Wilson 1927); NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_high(condition boolean, confidence double precision) (
	SFUNC = share_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_high(boolean, double precision) IS
	'upper confidence bound of share(condition), a fraction (Wilson 1927); confidence, such as 0.9, is that of both bounds together and one for the group. NULLs are skipped, NULL when nothing is left. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE FUNCTION nps_transition(bytea, bigint) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(bytea, bigint) IS
	'aggregate support: takes in a score';

CREATE FUNCTION nps_transition(bytea, bigint, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(bytea, bigint, double precision) IS
	'aggregate support: takes in a score, with the confidence';

CREATE FUNCTION nps_inverse(bytea, bigint) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(bytea, bigint) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_inverse(bytea, bigint, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(bytea, bigint, double precision) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_transition(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(bytea, double precision) IS
	'aggregate support: takes in a score';

CREATE FUNCTION nps_transition(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(bytea, double precision, double precision) IS
	'aggregate support: takes in a score, with the confidence';

CREATE FUNCTION nps_inverse(bytea, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(bytea, double precision) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_inverse(bytea, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_nps_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(bytea, double precision, double precision) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nps_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_final(bytea) IS
	'aggregate support: the Net Promoter Score';

CREATE FUNCTION nps_margin_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nps_margin_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_margin_final(bytea) IS
	'aggregate support: the margin of error of the Net Promoter Score';

CREATE AGGREGATE nps(score bigint) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(bigint) IS
	'Net Promoter Score in points, -100 to 100: 100 * (promoters, scores 9 and 10, - detractors, scores 0 to 6) / answers (Reichheld 2003); NULLs are no answers and skipped, NULL without answers; error 22003 for a score outside 0..10';

CREATE AGGREGATE nps_margin(score bigint) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(bigint) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence 95 %, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10';

CREATE AGGREGATE nps_margin(score bigint, confidence double precision) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(bigint, double precision) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence given, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10; confidence must be one for the group: 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes';

CREATE AGGREGATE nps(score double precision) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(double precision) IS
	'Net Promoter Score in points, -100 to 100: 100 * (promoters, scores 9 and 10, - detractors, scores 0 to 6) / answers (Reichheld 2003); a score between two counts by the lower one, so that 8.5 is passive and 6.5 a detractor; NULLs are no answers and skipped, NULL without answers; error 22003 for a score outside 0..10';

CREATE AGGREGATE nps_margin(score double precision) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(double precision) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence 95 %, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. A score between two counts by the lower one. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10 and NaN';

CREATE AGGREGATE nps_margin(score double precision, confidence double precision) (
	SFUNC = nps_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(double precision, double precision) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence given, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. A score between two counts by the lower one. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10 and NaN; confidence must be one for the group: 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes';

CREATE FUNCTION csat_transition(bytea, "any", "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_csat_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_transition(bytea, "any", "any") IS
	'aggregate support: takes in a score, with the lowest one of the satisfied';

CREATE FUNCTION csat_inverse(bytea, "any", "any") RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_csat_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_inverse(bytea, "any", "any") IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE AGGREGATE csat(score "any", satisfied_from "any") (
	SFUNC = csat_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = csat_transition,
	MINVFUNC = csat_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat("any", "any") IS
	'customer satisfaction: the fraction of answers with score >= satisfied_from, such as 4 on a scale from 1 to 5; both are numbers of any type, taken at six decimals; for bounds use share_low(score >= 4). NULLs are no answers and skipped, NULL without answers. Errors: 22003 for a score or satisfied_from outside 0..10, satisfied_from 22004 when NULL, 22023 when it changes within a group';

CREATE FUNCTION quantile_score(k integer) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_quantile_score'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION quantile_score(integer) IS
	'score from 1 to k by rank: what ntile(k) is for the first of the rows that tie in the ORDER BY of the window, so that equals score the same (ntile parts them by chance); without ORDER BY all tie and score 1. Errors: 22023 when k is below 1 or changes within a partition, 22004 when it is NULL';

CREATE FUNCTION rfm_segment(r integer, f integer, m integer) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_rfm_segment'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION rfm_segment(integer, integer, integer) IS
	'name of a customer''s segment by the scores 1 to 5 of recency, frequency and money, 5 being the best (quantile_score(5)). With fm = (f + m + 1) / 2, a whole number: r 4 or 5: fm >= 4 champion, 3 loyal, else promising; r 3: fm >= 3 loyal, else needs attention; r 1 or 2: fm >= 4 cannot lose, 3 at risk, else r 2 hibernating, r 1 lost. NULL for a NULL score; error 22003 outside 1..5';

-- ----------------------------------------------------------------
-- 10. funnel
-- ----------------------------------------------------------------

CREATE TYPE funnel;

CREATE FUNCTION funnel_in(cstring) RETURNS funnel
	AS 'MODULE_PATHNAME', 'retention_funnel_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION funnel_in(cstring) IS
	'input of funnel: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION funnel_out(funnel) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_funnel_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION funnel_out(funnel) IS
	'output of funnel: canonical JSON without loss, the window in ISO 8601, times in seconds';

CREATE FUNCTION funnel_recv(internal) RETURNS funnel
	AS 'MODULE_PATHNAME', 'retention_funnel_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION funnel_recv(internal) IS
	'binary input of funnel; every field and sum is checked, error 22P03';

CREATE FUNCTION funnel_send(funnel) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_send(funnel) IS
	'binary output of funnel, version 2: the stored bytes, the same on every machine';

CREATE TYPE funnel (
	INPUT = funnel_in,
	OUTPUT = funnel_out,
	RECEIVE = funnel_recv,
	SEND = funnel_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE funnel IS
	'conversion of customers from step to step, storable and additive: per step the customers who reached it, and how long each took from the step before, exactly; made by the aggregate funnel, added up by rollup, read by funnel_steps, conversion_rate, step_time, drawn by funnel_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION funnel_eq(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_eq(funnel, funnel) IS
	'implementation of the = operator';

CREATE FUNCTION funnel_ne(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_ne(funnel, funnel) IS
	'implementation of the <> operator';

CREATE FUNCTION funnel_lt(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_lt(funnel, funnel) IS
	'implementation of the < operator';

CREATE FUNCTION funnel_le(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_le(funnel, funnel) IS
	'implementation of the <= operator';

CREATE FUNCTION funnel_gt(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_gt(funnel, funnel) IS
	'implementation of the > operator';

CREATE FUNCTION funnel_ge(funnel, funnel) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_ge(funnel, funnel) IS
	'implementation of the >= operator';

CREATE FUNCTION funnel_cmp(funnel, funnel) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_cmp(funnel, funnel) IS
	'below, at or above 0 as the first funnel sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION funnel_hash(funnel) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_hash(funnel) IS
	'hash of a funnel';

CREATE FUNCTION funnel_hash_extended(funnel, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION funnel_hash_extended(funnel, bigint) IS
	'64-bit hash of a funnel with a seed';

CREATE OPERATOR = (
	FUNCTION = funnel_eq,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (funnel, funnel) IS
	'equal: same window, mode, time zone and numbers';

CREATE OPERATOR <> (
	FUNCTION = funnel_ne,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (funnel, funnel) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = funnel_lt,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (funnel, funnel) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = funnel_le,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (funnel, funnel) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = funnel_gt,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (funnel, funnel) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = funnel_ge,
	LEFTARG = funnel,
	RIGHTARG = funnel,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (funnel, funnel) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS funnel_ops
	DEFAULT FOR TYPE funnel USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 funnel_cmp(funnel, funnel);
COMMENT ON OPERATOR CLASS funnel_ops USING btree IS
	'order of funnels, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY funnel_ops USING btree IS
	'order of funnels, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS funnel_ops
	DEFAULT FOR TYPE funnel USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 funnel_hash(funnel),
	FUNCTION 2 funnel_hash_extended(funnel, bigint);
COMMENT ON OPERATOR CLASS funnel_ops USING hash IS
	'hashing of funnels, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY funnel_ops USING hash IS
	'hashing of funnels, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION funnel_to_json(funnel) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_funnel_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION funnel_to_json(funnel) IS
	'a funnel as json, the object its text is';

CREATE CAST (funnel AS json)
	WITH FUNCTION funnel_to_json(funnel);
COMMENT ON CAST (funnel AS json) IS
	'the funnel as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION funnel_to_jsonb(funnel) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_funnel_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION funnel_to_jsonb(funnel) IS
	'a funnel as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (funnel AS jsonb)
	WITH FUNCTION funnel_to_jsonb(funnel);
COMMENT ON CAST (funnel AS jsonb) IS
	'the funnel as a jsonb object, so that to_jsonb() nests it';

-- aggregates over rows

CREATE FUNCTION funnel_transition(internal, "any", "any", "any", interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_funnel_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_transition(internal, "any", "any", "any", interval) IS
	'aggregate support: takes a row (customer, at, step, within) into the events of its group; STABLE because a window of days may be counted in the session time zone';

CREATE FUNCTION funnel_transition(internal, "any", "any", "any", interval, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_funnel_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_transition(internal, "any", "any", "any", interval, text) IS
	'aggregate support: takes a row (customer, at, step, within, mode) into the events of its group; STABLE because a window of days may be counted in the session time zone';

CREATE FUNCTION funnel_transition(internal, "any", "any", "any", interval, text, grain) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_funnel_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_transition(internal, "any", "any", "any", interval, text, grain) IS
	'aggregate support: takes a row (customer, at, step, within, mode, grain) into the events of its group; STABLE because a window of days may be counted in the session time zone';

CREATE FUNCTION funnel_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_funnel_deserialize'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION funnel_deserialize(bytea, internal) IS
	'aggregate support: reads the packed events of a parallel worker; error 22P03 when they are damaged';

CREATE FUNCTION funnel_final(internal) RETURNS funnel
	AS 'MODULE_PATHNAME', 'retention_funnel_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION funnel_final(internal) IS
	'aggregate support: folds the events of a group into a funnel; NULL when there are none; leaves the state as it is';

CREATE AGGREGATE funnel(customer "any", at "any", step "any", within interval) (
	SFUNC = funnel_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = funnel_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel("any", "any", "any", interval) IS
	'conversion from step to step of all customers: a customer has reached step k who has steps 1, 2, ..., k in this order of time (at one instant steps are in order), the last no later than within after the first; other steps in between do not matter, every step 1 begins anew, and the furthest chain counts. customer: any hashable type; at: date, timestamp or timestamptz; step: what the row means to the funnel, a smallint, integer or bigint from 1 to 100000, an array of these, or boolean[], whose true positions are the steps that the row meets (missing and NULL elements are false, the longest says how many steps there are); 0 forbids between any two steps and -K between the steps K and K + 1: a start with such a row after an event of its chain and before the next, or before the end of the window where the chain is not complete, does not count, unless a step is at the same instant. A row with a NULL customer or time is skipped, one with a NULL step or none meets no step. The window ends at at + within, inclusive: days, months and years on the local clock (of a timestamptz in the session''s time zone, which is recorded), hours and shorter as elapsed time. within must be constant in a group and not negative (22023) and not NULL (22004); a step out of range is error 22003, an infinite time 22008, a step of another type 42804. NULL when there is no row with a step';

CREATE AGGREGATE funnel(customer "any", at "any", step "any", within interval, mode text) (
	SFUNC = funnel_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = funnel_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel("any", "any", "any", interval, text) IS
	'conversion from step to step of all customers, with a mode: words separated by commas, ''default'' for none. ''strict order'': a row that meets no step, or after step i a step past i + 1, breaks the chain; ''allow reentry'': in strict order only rows that meet no step do; ''strictly increasing'': no two steps at one instant; ''deduplicated'': a chain takes the first step i + 1 after step i, and one of the steps 2 to i again breaks it; ''one row one step'': the steps are of different rows; ''any order'': as many different steps as one window has, from an event of any step on; ''optional N'' (2 to 64): step N may be missing; ''exclude N'': condition N is no step but forbids between any two steps, ''exclude N after K'' between the steps K and K + 1 (the other conditions are the steps, numbered through). Unknown or contradictory words are error 22023, a NULL mode 22004; the mode must be constant in a group (22023). All else as in funnel(customer, at, step, within)';

CREATE AGGREGATE funnel(customer "any", at "any", step "any", within interval, mode text, grain grain) (
	SFUNC = funnel_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = funnel_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE funnel("any", "any", "any", interval, text, grain) IS
	'conversion from step to step as a trend: one funnel for each period of the grain (a plain calendar grain, else 22023) in which chains begin, where a customer counts once, with the furthest chain that began there; read by funnel_trend, and as the sum over all periods by the readers of funnels. Of timestamptz both periods and windows of days go by the zone that the grain names, or else by the session''s. NULL also when nobody entered. All else as in funnel(customer, at, step, within, mode)';

-- rollup

CREATE FUNCTION funnel_merge(funnel, funnel) RETURNS funnel
	AS 'MODULE_PATHNAME', 'retention_funnel_merge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION funnel_merge(funnel, funnel) IS
	'the sum of two funnels of disjoint customers, times from step to step included, of trends period by period; error 22023 when window, mode, grain or time zone differ, 22003 when a sum overflows';

CREATE AGGREGATE rollup(funnel) (
	SFUNC = funnel_merge,
	STYPE = funnel,
	COMBINEFUNC = funnel_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(funnel) IS
	'adds up funnels of disjoint customers (channels, campaigns, shards) of one window, mode, grain and time zone, exactly, medians included; NULLs are skipped, no rows give NULL; error 22023 when window, mode, grain or zone differ';

-- readers

CREATE FUNCTION funnel_steps(
	funnel funnel, steps integer DEFAULT NULL,
	OUT step integer, OUT customers bigint, OUT rate_of_first double precision,
	OUT rate_of_previous double precision, OUT median_time double precision,
	OUT low double precision, OUT high double precision,
	OUT previous_low double precision, OUT previous_high double precision,
	OUT mean_time double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_funnel_steps'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION funnel_steps(funnel, integer) IS
	'one row per step, to the last that was asked for (the highest of any row, or as many as a boolean[] had), or to step number steps where that is more: customers who reached it; rate_of_first and rate_of_previous, fractions of those of step 1 and of the last step before that may not be missing, with 95 % bounds (Wilson 1927): low and high of the former, previous_low and previous_high of the latter; median_time and mean_time, of the days from the step that the chain took before, of the customers who reached this one, on their furthest chain, of several the one with the earliest step 1, then the earliest next steps. Of a trend the sums over its periods, a customer once in each. Rates are NULL where they are of nobody, times where nobody came. NULL funnel: no rows; error 22023 for steps that no funnel can have';

CREATE FUNCTION funnel_trend(
	funnel funnel, as_of date DEFAULT NULL, steps integer DEFAULT NULL,
	OUT period date, OUT step integer, OUT customers bigint, OUT rate_of_first double precision,
	OUT rate_of_previous double precision, OUT median_time double precision,
	OUT low double precision, OUT high double precision,
	OUT previous_low double precision, OUT previous_high double precision,
	OUT mean_time double precision,
	OUT complete boolean) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_funnel_trend'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION funnel_trend(funnel, date, integer) IS
	'one row per period and step of a funnel built with a grain, the periods from the first in which a chain began to the last, or with as_of (the first day the data do not cover) to the last that begins before it, also those in which none did: period, its first day; the columns of funnel_steps, of the chains that began in the period; complete, whether the window of all of them was over at as_of (end of the period + within <= as_of), NULL without it. NULL funnel: no rows; error 22023 for a funnel without a grain, 22008 for an infinite as_of, 54000 for more than ten million rows';

CREATE FUNCTION conversion_rate(
	funnel funnel, step integer, from_step integer DEFAULT 1) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_conversion_rate'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION conversion_rate(funnel, integer, integer) IS
	'fraction of the customers who reached from_step that went on to reach step; NULL when nobody reached from_step, for a step before it, one that the funnel does not have, one past 32 where from_step may be missing, and NULL arguments';

CREATE FUNCTION step_time(
	funnel funnel, step integer, quantile double precision DEFAULT 0.5,
	from_step integer DEFAULT NULL) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_step_time'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION step_time(funnel, integer, double precision, integer) IS
	'days to step from an earlier one, from_step, or from the step before (NULL: the one that the chain took before), the quantile over the customers who have both as percentile_cont computes it; 0.5 is the median of funnel_steps. NULL for step 1, a step that nobody reached, from_step not before step, a step past 32 unless from the step before, and other NULL arguments; error 22003 for a quantile outside 0..1';

CREATE FUNCTION step_times(
	funnel funnel, step integer, from_step integer DEFAULT NULL, bins integer DEFAULT 10,
	OUT bin integer, OUT from_time double precision, OUT to_time double precision,
	OUT customers bigint) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_step_times'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION step_times(funnel, integer, integer, integer) IS
	'a histogram of the times that step_time is a quantile of: bins of one width, of which the first begins with the shortest time and the last with the longest, each from from_time (inclusive) to to_time in days, and how many customers took so long; one bin where all times are the same or bins is 1. No rows where step_time is NULL; error 22023 for less than 1 or more than 10000 bins, 22004 for NULL ones';

-- pictures

CREATE FUNCTION funnel_text(
	funnel funnel, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_funnel_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION funnel_text(funnel, integer, boolean) IS
	'the funnel as horizontal bars for psql, one row per line: per step the customers, the percentage of the first step and of the one before, and the median time from the one before (d days, h hours, m minutes, s seconds); steps 1 to 40, and a line says what is left out. NULL funnel: no rows. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

-- flags of one customer: the functions analysts know from ClickHouse

CREATE FUNCTION window_funnel_transition(internal, "any", "any", text, VARIADIC boolean[]) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_window_funnel_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_transition(internal, "any", "any", text, boolean[]) IS
	'aggregate support: takes a row (within, at, mode, conditions) into the events of its group; STABLE because a window of days may be counted in the session time zone';

CREATE FUNCTION window_funnel_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_window_funnel_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_combine(internal, internal) IS
	'aggregate support: adds the events of one state to another; error 22023 when window, mode or time zone differ';

CREATE FUNCTION window_funnel_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_window_funnel_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION window_funnel_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_window_funnel_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION window_funnel_final(internal) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_window_funnel_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION window_funnel_final(internal) IS
	'aggregate support: the length of the furthest chain among the events of a group; NULL when no row had a time; leaves the state as it is';

CREATE AGGREGATE window_funnel(within "any", at "any", mode text, VARIADIC conditions boolean[]) (
	SFUNC = window_funnel_transition,
	STYPE = internal,
	SSPACE = 256,
	FINALFUNC = window_funnel_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = window_funnel_combine,
	SERIALFUNC = window_funnel_serialize,
	DESERIALFUNC = window_funnel_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE window_funnel("any", "any", text, boolean[]) IS
	'the furthest step of one customer (the group): the largest k for which rows meet conditions 1, 2, ..., k in this order of time, the last no later than within after the first; 0 when the first is never met, NULL when no row has a time. Every condition that a row meets is an event; at one instant events are in order of condition; a NULL condition is not met; the mode ''default'' (or '''') is ClickHouse''s. ''strict order'': after step i a row that meets no condition, or one past i + 1, breaks the chain; ''strictly increasing'': no two steps at one instant; ''deduplicated'': a chain takes the first step i + 1 after step i that it may, and one of the steps 2 to i again breaks it; ''one row one step'': the steps of a chain are different rows; ''allow reentry'', ''any order'', ''optional N'', ''exclude N'' and ''exclude N after K'' as in funnel(customer, at, step, within, mode), where this function is the furthest step of each customer: with optional steps the last one reached, with ''any order'' how many different ones, 0 also where an exclusion spoils every start; combine words with commas. The answer is that of a search over all chains. at: date, timestamp, timestamptz (within: interval) or any integer (within: integer, in the same unit; of dates also: days); a row with a NULL at is skipped, an infinite one is error 22008. within and mode must be constant in a group (22023) and not NULL (22004); a negative window, unknown or contradictory words are error 22023. Past 100 arguments pass VARIADIC ARRAY[...]';

CREATE FUNCTION retention_or(boolean[], boolean[]) RETURNS boolean[]
	AS 'MODULE_PATHNAME', 'retention_flags_or'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_or(boolean[], boolean[]) IS
	'aggregate support: element by element, whether one of the two is true; NULL elements and missing ones are false; NULL when both arrays are';

CREATE FUNCTION retention_final(boolean[]) RETURNS boolean[]
	AS 'MODULE_PATHNAME', 'retention_flags_final'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION retention_final(boolean[]) IS
	'aggregate support: the array as it is when its first element is true, else all false';

CREATE AGGREGATE retention(VARIADIC conditions boolean[]) (
	SFUNC = retention_or,
	STYPE = boolean[],
	FINALFUNC = retention_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = retention_or,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention(boolean[]) IS
	'of one customer (the group): r[1] tells whether any row meets condition 1, r[i] whether in addition any row meets condition i. No order of time is checked: put the times into the conditions, or use window_funnel. A NULL condition is not met; shorter arrays count as filled up with false; NULL when there is no row';

CREATE FUNCTION conditions(VARIADIC conditions "any") RETURNS boolean[]
	AS 'MODULE_PATHNAME', 'retention_conditions'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION conditions("any") IS
	'the conditions of a row as an array, for funnel(customer, at, conditions(event = ''visit'', event = ''signup''), within): as ARRAY[...], but that NULL is false, and in a third of the time, of which funnels over millions of rows spend most on it. Conditions are booleans (42804). Past 100 write ARRAY[...]; conditions(VARIADIC array) is the array';

-- sequences of one customer's rows

CREATE FUNCTION sequence_transition(internal, text, "any", VARIADIC boolean[]) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_transition(internal, text, "any", boolean[]) IS
	'aggregate support: takes a row (pattern, at, conditions) into the events of its group';

CREATE FUNCTION sequence_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_combine(internal, internal) IS
	'aggregate support: adds the events of one state to another; error 22023 when their patterns differ';

CREATE FUNCTION sequence_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_sequence_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sequence_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker; error 54000 past 1 GB';

CREATE FUNCTION sequence_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sequence_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION sequence_match_final(internal) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_sequence_match_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_match_final(internal) IS
	'aggregate support: whether the pattern is found among the events of a group; NULL when no row had a time; leaves the state as it is';

CREATE FUNCTION sequence_count_final(internal) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_sequence_count_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_count_final(internal) IS
	'aggregate support: how often the pattern is found among the events of a group; NULL when no row had a time; leaves the state as it is';

CREATE AGGREGATE sequence_match(pattern text, at "any", VARIADIC conditions boolean[]) (
	SFUNC = sequence_transition,
	STYPE = internal,
	SSPACE = 64,
	FINALFUNC = sequence_match_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = sequence_combine,
	SERIALFUNC = sequence_serialize,
	DESERIALFUNC = sequence_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_match(text, "any", boolean[]) IS
	'whether a pattern is found among the rows of one customer (the group), in order of time; NULL when no row has a time. Elements of a pattern: (?1), a row that meets condition 1; . any row; .* any number of rows, none too; (?t<=3600), any number of rows, the next one at most 3600 after the row before: seconds where at is a timestamp or timestamptz, days where it is a date, the unit of at where it is an integer; also (?t<n), (?t>n), (?t>=n), (?t==n). A row that meets no condition at all is left out, a condition that is NULL is not met; of rows of one instant those that meet lower conditions of the pattern come first, others last. What a pattern means is what it means to ClickHouse''s sequenceMatch: (?t...) counts from the row that was taken before it, after .* from the row that comes next, and does not follow another (?t...). Any number of conditions and rows; the time is that of rows by elements, of which there may be 1,000 (54000). A row with a NULL at is skipped, an infinite one is error 22008. The pattern must be constant in a group (22023) and not NULL (22004); a fault in it is error 22023 with its position and what was expected. Past 100 arguments pass VARIADIC ARRAY[...]';

CREATE AGGREGATE sequence_count(pattern text, at "any", VARIADIC conditions boolean[]) (
	SFUNC = sequence_transition,
	STYPE = internal,
	SSPACE = 64,
	FINALFUNC = sequence_count_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = sequence_combine,
	SERIALFUNC = sequence_serialize,
	DESERIALFUNC = sequence_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_count(text, "any", boolean[]) IS
	'how often a pattern is found among the rows of one customer (the group), one after the other: each time where it begins first after the row that ended the one before, with the rows skipped in it as few as can be, as ClickHouse''s sequenceCount; 0 when it is not, NULL when no row has a time. Patterns, times, conditions and errors as in sequence_match';

CREATE FUNCTION sequence_next_transition(internal, text, text, "any", anyelement, boolean, VARIADIC boolean[]) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_next_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_transition(internal, text, text, "any", anyelement, boolean, boolean[]) IS
	'aggregate support: takes a row (direction, base, at, event, base_condition, conditions) into those of its group';

CREATE FUNCTION sequence_next_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_next_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_combine(internal, internal) IS
	'aggregate support: adds the rows of one state to those of another; error 22023 when direction, base, type or number of conditions differ';

CREATE FUNCTION sequence_next_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_sequence_next_serialize'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_serialize(internal) IS
	'aggregate support: packs the rows of a parallel worker; STABLE because output functions of types may be';

CREATE FUNCTION sequence_next_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_sequence_next_deserialize'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION sequence_next_deserialize(bytea, internal) IS
	'aggregate support: reads the packed rows of a parallel worker; error 22P03 when they are damaged';

CREATE FUNCTION sequence_next_final(internal, text, text, "any", anyelement, boolean, VARIADIC boolean[]) RETURNS anyelement
	AS 'MODULE_PATHNAME', 'retention_sequence_next_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 100;
COMMENT ON FUNCTION sequence_next_final(internal, text, text, "any", anyelement, boolean, boolean[]) IS
	'aggregate support: the event after the chain; NULL when there is none; leaves the state as it is';

CREATE AGGREGATE sequence_next(direction text, base text, at "any", event anyelement, base_condition boolean, VARIADIC conditions boolean[]) (
	SFUNC = sequence_next_transition,
	STYPE = internal,
	SSPACE = 128,
	FINALFUNC = sequence_next_final,
	FINALFUNC_EXTRA,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = sequence_next_combine,
	SERIALFUNC = sequence_next_serialize,
	DESERIALFUNC = sequence_next_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE sequence_next(text, text, "any", anyelement, boolean, boolean[]) IS
	'the event that comes after a chain of rows of one customer (the group), as ClickHouse''s sequenceNextNode. Rows are in order of at, at one instant of the bytes of event. From the base on, in the direction ''forward'' or ''backward'', one row after the other must meet condition 1, 2, ..., the last; the result is the event of the row after these, NULL when the chain is not there or no row comes after it. Base: ''head'', the first row (forward), or ''tail'', the last (backward), if it meets base_condition; ''first_match'' or ''last_match'', the first or last row that meets base_condition and condition 1. With no condition (VARIADIC ''{}'') the event of the base. at: date, timestamp, timestamptz or any integer; a row with a NULL at or event is skipped, conditions that are NULL are not met. direction and base must be constant in a group (22023) and not NULL (22004), conditions as many in all rows (22023); unknown words, ''head'' backward and ''tail'' forward are error 22023';

-- ----------------------------------------------------------------
-- 11. models: the support functions that aggregates fitting models share
-- ----------------------------------------------------------------

CREATE FUNCTION groups_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_groups_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION groups_combine(internal, internal) IS
	'aggregate support: adds the rows that one worker counted to those of another; error 22023 when kind or unit differ';

CREATE FUNCTION groups_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_groups_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION groups_serialize(internal) IS
	'aggregate support: packs what a worker counted';

CREATE FUNCTION groups_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_groups_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION groups_deserialize(bytea, internal) IS
	'aggregate support: unpacks what a worker counted; every field is checked, error 22P03';

-- ----------------------------------------------------------------
-- 12. purchase_model
-- ----------------------------------------------------------------

CREATE TYPE purchase_model;

CREATE FUNCTION purchase_model_in(cstring) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'retention_purchase_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION purchase_model_in(cstring) IS
	'input of purchase_model: a JSON object as its output writes it, keys in any order; kind and parameters are enough; error 22P02 with a hint when the text is not one';

CREATE FUNCTION purchase_model_out(purchase_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_purchase_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION purchase_model_out(purchase_model) IS
	'output of purchase_model: one JSON object, lossless';

CREATE FUNCTION purchase_model_recv(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'retention_purchase_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION purchase_model_recv(internal) IS
	'binary input of purchase_model; every field is checked, error 22P03';

CREATE FUNCTION purchase_model_send(purchase_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_send(purchase_model) IS
	'binary output of purchase_model, version 1, the same on every machine';

CREATE TYPE purchase_model (
	INPUT = purchase_model_in,
	OUTPUT = purchase_model_out,
	RECEIVE = purchase_model_recv,
	SEND = purchase_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE purchase_model IS
	'a fitted model of how often customers buy and until when (bg/nbd, mbg/nbd or pareto/nbd), made by the aggregate purchase_model(kind, frequency, recency, age, unit): kind, unit of time, parameters and what the fit reports';

-- comparison

CREATE FUNCTION purchase_model_eq(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_eq(purchase_model, purchase_model) IS
	'implementation of the = operator';

CREATE FUNCTION purchase_model_ne(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_ne(purchase_model, purchase_model) IS
	'implementation of the <> operator';

CREATE FUNCTION purchase_model_lt(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_lt(purchase_model, purchase_model) IS
	'implementation of the < operator';

CREATE FUNCTION purchase_model_le(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_le(purchase_model, purchase_model) IS
	'implementation of the <= operator';

CREATE FUNCTION purchase_model_gt(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_gt(purchase_model, purchase_model) IS
	'implementation of the > operator';

CREATE FUNCTION purchase_model_ge(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_ge(purchase_model, purchase_model) IS
	'implementation of the >= operator';

CREATE FUNCTION purchase_model_cmp(purchase_model, purchase_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_cmp(purchase_model, purchase_model) IS
	'below, at or above 0 as the first purchase_model sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION purchase_model_hash(purchase_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_hash(purchase_model) IS
	'hash support';

CREATE FUNCTION purchase_model_hash_extended(purchase_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION purchase_model_hash_extended(purchase_model, bigint) IS
	'hash support with a seed';

CREATE OPERATOR = (
	FUNCTION = purchase_model_eq,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (purchase_model, purchase_model) IS
	'equal: the same model, to the last digit';

CREATE OPERATOR <> (
	FUNCTION = purchase_model_ne,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (purchase_model, purchase_model) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = purchase_model_lt,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (purchase_model, purchase_model) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = purchase_model_le,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (purchase_model, purchase_model) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = purchase_model_gt,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (purchase_model, purchase_model) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = purchase_model_ge,
	LEFTARG = purchase_model,
	RIGHTARG = purchase_model,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (purchase_model, purchase_model) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS purchase_model_ops
	DEFAULT FOR TYPE purchase_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 purchase_model_cmp(purchase_model, purchase_model);
COMMENT ON OPERATOR CLASS purchase_model_ops USING btree IS
	'order of purchase_models, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY purchase_model_ops USING btree IS
	'order of purchase_models, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS purchase_model_ops
	DEFAULT FOR TYPE purchase_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 purchase_model_hash(purchase_model),
	FUNCTION 2 purchase_model_hash_extended(purchase_model, bigint);
COMMENT ON OPERATOR CLASS purchase_model_ops USING hash IS
	'hashing of purchase_model values, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY purchase_model_ops USING hash IS
	'hashing of purchase_model values, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION purchase_model_to_json(purchase_model) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_purchase_model_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION purchase_model_to_json(purchase_model) IS
	'a purchase_model as json, the object its text is';

CREATE CAST (purchase_model AS json)
	WITH FUNCTION purchase_model_to_json(purchase_model);
COMMENT ON CAST (purchase_model AS json) IS
	'the model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION purchase_model_to_jsonb(purchase_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_purchase_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION purchase_model_to_jsonb(purchase_model) IS
	'a purchase_model as jsonb, the object its text is';

CREATE CAST (purchase_model AS jsonb)
	WITH FUNCTION purchase_model_to_jsonb(purchase_model);
COMMENT ON CAST (purchase_model AS jsonb) IS
	'the model as a jsonb object, so that to_jsonb() nests it';

-- aggregate

CREATE FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_purchase_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision) IS
	'aggregate support: counts a customer, equal ones together';

CREATE FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_purchase_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision, text) IS
	'aggregate support: counts a customer, equal ones together';

CREATE FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision, text, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_purchase_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_transition(internal, text, bigint, double precision, double precision, text, bigint) IS
	'aggregate support: counts so many equal customers';

CREATE FUNCTION purchase_model_final(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'retention_purchase_model_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION purchase_model_final(internal) IS
	'aggregate support: fits a model to the customers counted; NULL when there are none; leaves the state as it is';

CREATE AGGREGATE purchase_model(kind text, frequency bigint, recency double precision, age double precision) (
	SFUNC = purchase_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = purchase_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_model(text, bigint, double precision, double precision) IS
	'fits a model of purchases to customers, one row each, by maximum likelihood. kind: ''bg/nbd'' (Fader, Hardie and Lee 2005), ''mbg/nbd'' (Batislam, Denizel and Filiztekin 2007) or ''pareto/nbd'' (Schmittlein, Morrison and Colombo 1987), constant in a group (22023) and not NULL (22004). frequency: repeat purchases (days with a purchase without the first, orders of one day being one); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in one unit. Rows with a NULL are skipped, no rows give NULL. Rows that are no history (recency above age, negative or infinite times, ...) are error 22023 with their count and an example, as are data without any repeat purchase. Customers are taken to buy at constant rates of their own until they drop out, independently of each other and of the season. Memory: about 110 bytes for each distinct row, whatever work_mem says; more than 20 million distinct rows are error 54000. model_fit() says whether the data identify the parameters';

CREATE AGGREGATE purchase_model(kind text, frequency bigint, recency double precision, age double precision, unit text) (
	SFUNC = purchase_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = purchase_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_model(text, bigint, double precision, double precision, text) IS
	'the same with the unit of recency and age: ''day'', ''week'' (7 days) or ''month'' (365/12 days), in singular or plural, constant in a group (22023) and not NULL (22004). The model keeps it, so that intervals and discounts by the year can be converted';

CREATE AGGREGATE purchase_model(kind text, frequency bigint, recency double precision, age double precision, unit text, weight bigint) (
	SFUNC = purchase_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = purchase_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_model(text, bigint, double precision, double precision, text, bigint) IS
	'the same with rows that stand for weight equal customers each, as counted by GROUP BY frequency, recency, age, on this server or on the shards that hold them: the fit is that of the rows repeated, to the last bit. Rows with a NULL weight, or one of 0, are skipped; a negative weight is error 22023 with the count of such rows and an example, weights that add up to more than 64 bits hold 22003';

CREATE FUNCTION purchase_model_transition(internal, text, timeline, date, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_purchase_model_transition_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION purchase_model_transition(internal, text, timeline, date, text) IS
	'aggregate support: counts a customer, equal ones together';

CREATE AGGREGATE purchase_model(kind text, timeline timeline, as_of date, unit text) (
	SFUNC = purchase_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = purchase_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE purchase_model(text, timeline, date, text) IS
	'the same from the timelines of customers, one row each: frequency, recency and age are those of purchase_summary(timeline, as_of, unit). kind and unit (''day'', ''week'' or ''month''): constant in a group (22023) and not NULL (22004). as_of is the first day the data do not cover, days from there on are ignored; usually one day for all, but each customer may have their own end of observation. Customers without an order before as_of are not counted, and neither are rows with a NULL timeline or as_of; no customers give NULL. Errors besides those above: 22023 for a timeline of levels, 22008 for an infinite as_of';

-- readers

CREATE FUNCTION model_parameters(
	model purchase_model,
	OUT name text, OUT estimate double precision, OUT standard_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_purchase_model_parameters'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 4;
COMMENT ON FUNCTION model_parameters(purchase_model) IS
	'one row per parameter, in the order of the publications: r, alpha, a, b of bg/nbd and mbg/nbd, r, alpha, s, beta of pareto/nbd; alpha and beta are times in the unit of the model; standard_error is asymptotic, NULL where the likelihood is flat';

CREATE FUNCTION model_fit(
	model purchase_model,
	OUT log_likelihood double precision, OUT customers bigint,
	OUT distinct_rows bigint, OUT evaluations bigint, OUT status text,
	OUT identified boolean, OUT aic double precision, OUT bic double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_purchase_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION model_fit(purchase_model) IS
	'how the fit went, one row: log_likelihood (as Fader and Hardie write it, without terms of the data alone), customers, distinct_rows among them, evaluations of the likelihood, status (converged; boundary: the likelihood rises on towards 0 or infinity of a parameter, as where customers are all alike or of two kinds, and was followed there; stalled; too many evaluations), identified (converged, and no standard error exceeds its parameter; if not, single parameters mean nothing while predictions may still be good); aic and bic, information criteria: twice the parameters, or the parameters times ln(customers), less twice the log_likelihood: of kinds fitted to the same customers the one with the lower is to be preferred. All NULL for a model that was not fitted here';

-- predictions

CREATE FUNCTION expected_purchases(
	model purchase_model, horizon double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_purchases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(purchase_model, double precision, bigint, double precision, double precision) IS
	'purchases expected of a customer within the horizon after the age, in units of the model: the conditional expectation of the publications named at the aggregate. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, or a horizon that is negative or not finite';

CREATE FUNCTION expected_purchases(
	model purchase_model, horizon double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_purchases_new'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(purchase_model, double precision) IS
	'purchases expected of a new customer within the horizon after the first purchase, which is not counted; the horizon is in units of the model; error 22023 for one that is negative or not finite';

CREATE FUNCTION p_alive(
	model purchase_model, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_alive'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_alive(purchase_model, bigint, double precision, double precision) IS
	'probability that a customer has not dropped out for good by the age; always 1 under bg/nbd without a repeat purchase, which is why mbg/nbd exists. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history';

CREATE FUNCTION p_no_purchase(
	model purchase_model, horizon double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_no_purchase'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_no_purchase(purchase_model, double precision, bigint, double precision, double precision) IS
	'probability that a customer does not buy within the horizon after the age, in units of the model: the risk to lose them from sight. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, or a horizon that is negative or not finite';

CREATE FUNCTION p_purchases(
	model purchase_model, n bigint, horizon double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_purchases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION p_purchases(purchase_model, bigint, double precision, bigint, double precision, double precision) IS
	'probability that a customer makes exactly n purchases within the horizon after the age, in units of the model; over all n they add up to 1, and n = 0 is p_no_purchase. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, a horizon that is negative or not finite, or n outside 0..1000000000';

CREATE FUNCTION p_purchases(
	model purchase_model, n bigint, horizon double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_purchases_new'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION p_purchases(purchase_model, bigint, double precision) IS
	'the same of a new customer, within the horizon after the first purchase, which is not counted. Its sum over customers, with the age of each as horizon, is the number of customers expected to have made n repeat purchases: the check of a fit';

CREATE FUNCTION purchase_bounds(
	model purchase_model, horizon double precision, frequency bigint, recency double precision,
	age double precision, confidence double precision DEFAULT 0.95,
	OUT low bigint, OUT high bigint) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_purchase_bounds'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION purchase_bounds(purchase_model, double precision, bigint, double precision, double precision, double precision) IS
	'how many purchases a customer makes within the horizon after the age with the confidence: the exact quantiles of the number, the parameters being taken as known; since numbers are whole the bounds hold at least as often. NULLs for a model whose status is boundary. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; errors: 22023 for numbers that are no history or a horizon that is negative or not finite, 22003 unless confidence is above 0 and below 1';

CREATE FUNCTION discounted_expected_purchases(
	model purchase_model, annual_discount double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_discounted_expected_purchases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION discounted_expected_purchases(purchase_model, double precision, bigint, double precision, double precision) IS
	'purchases expected of a customer after the age, without end, each worth (1 + annual_discount)^(-years after the age): discounted expected residual transactions (DERT; Fader, Hardie and Lee, Journal of Marketing Research 42, 2005); a year is 365 days. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, or a model without a unit; error 22003 for a discount that is not positive and finite (0.15 is 15 % a year)';

CREATE FUNCTION discounted_expected_purchases(
	model purchase_model, annual_discount double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_discounted_expected_purchases_new'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION discounted_expected_purchases(purchase_model, double precision) IS
	'the same of a new customer, from the first purchase on, which is not counted';

CREATE FUNCTION log_likelihood(
	model purchase_model, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_purchase_log_likelihood'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION log_likelihood(purchase_model, bigint, double precision, double precision) IS
	'logarithm of the likelihood of one customer under a model, without terms of the data alone: its sum over customers that were not fitted compares models. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history';

-- predictions from timelines

CREATE FUNCTION expected_purchases(
	model purchase_model, horizon interval, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_purchases_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(purchase_model, interval, timeline, date) IS
	'purchases (days with an order) expected of a customer within the horizon after as_of, (as_of + horizon) - as_of in the unit of the model. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit, a negative horizon or a timeline of levels, 22008 for an infinite as_of';

CREATE FUNCTION p_alive(
	model purchase_model, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_alive_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_alive(purchase_model, timeline, date) IS
	'probability that a customer has not dropped out for good by as_of; always 1 under bg/nbd without a repeat purchase, which is why mbg/nbd exists. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit or a timeline of levels, 22008 for an infinite as_of';

CREATE FUNCTION p_no_purchase(
	model purchase_model, horizon interval, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_no_purchase_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION p_no_purchase(purchase_model, interval, timeline, date) IS
	'probability that a customer does not buy within the horizon after as_of, (as_of + horizon) - as_of in the unit of the model: the risk to lose them from sight. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit, a negative horizon or a timeline of levels, 22008 for an infinite as_of';

CREATE FUNCTION p_purchases(
	model purchase_model, n bigint, horizon interval, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_p_purchases_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 200;
COMMENT ON FUNCTION p_purchases(purchase_model, bigint, interval, timeline, date) IS
	'probability that a customer has exactly n days with an order within the horizon after as_of, (as_of + horizon) - as_of in the unit of the model; over all n they add up to 1. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit, a negative horizon, n outside 0..1000000000 or a timeline of levels, 22008 for an infinite as_of';

CREATE FUNCTION purchase_bounds(
	model purchase_model, horizon interval, timeline timeline, as_of date,
	confidence double precision DEFAULT 0.95,
	OUT low bigint, OUT high bigint) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_purchase_bounds_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION purchase_bounds(purchase_model, interval, timeline, date, double precision) IS
	'how many days with an order a customer has within the horizon after as_of with the confidence: the exact quantiles of the number, the parameters being taken as known; since numbers are whole the bounds hold at least as often. NULLs for a model whose status is boundary. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit, a negative horizon or a timeline of levels, 22003 unless confidence is above 0 and below 1, 22008 for an infinite as_of';

CREATE FUNCTION discounted_expected_purchases(
	model purchase_model, annual_discount double precision, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_discounted_expected_purchases_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION discounted_expected_purchases(purchase_model, double precision, timeline, date) IS
	'purchases (days with an order) expected of a customer after as_of, without end, each worth (1 + annual_discount)^(-years after as_of); a year is 365 days. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22023 for a model without a unit or a timeline of levels, 22003 for a discount that is not positive and finite (0.15 is 15 % a year), 22008 for an infinite as_of';

-- the purchases of all customers

CREATE TYPE total_purchases AS (
	customers bigint,
	estimate double precision,
	std_error double precision,
	low double precision,
	high double precision
);
COMMENT ON TYPE total_purchases IS
	'what the aggregate total_purchases returns: customers, estimate (purchases expected of all of them together), std_error of it, low and high (bounds)';

CREATE FUNCTION total_purchases_add(bytea, purchase_model, double precision, bigint, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_total_purchases_add'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION total_purchases_add(bytea, purchase_model, double precision, bigint, double precision, double precision) IS
	'aggregate support: adds the purchases expected of a customer';

CREATE FUNCTION total_purchases_add(bytea, purchase_model, double precision, bigint, double precision, double precision, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_total_purchases_add'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION total_purchases_add(bytea, purchase_model, double precision, bigint, double precision, double precision, double precision) IS
	'aggregate support: adds the purchases expected of a customer';

CREATE FUNCTION total_purchases_add_timeline(bytea, purchase_model, interval, timeline, date) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_total_purchases_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION total_purchases_add_timeline(bytea, purchase_model, interval, timeline, date) IS
	'aggregate support: adds the purchases expected of a customer';

CREATE FUNCTION total_purchases_add_timeline(bytea, purchase_model, interval, timeline, date, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_total_purchases_add_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 200;
COMMENT ON FUNCTION total_purchases_add_timeline(bytea, purchase_model, interval, timeline, date, double precision) IS
	'aggregate support: adds the purchases expected of a customer';

CREATE FUNCTION total_purchases_combine(bytea, bytea) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_total_purchases_combine'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION total_purchases_combine(bytea, bytea) IS
	'aggregate support: adds up what two workers expect; error 22P03 for bytes that are no state';

CREATE FUNCTION total_purchases_final(bytea) RETURNS total_purchases
	AS 'MODULE_PATHNAME', 'retention_total_purchases_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION total_purchases_final(bytea) IS
	'aggregate support: the purchases of all customers and their bounds; error 22P03 for bytes that are no state';

CREATE AGGREGATE total_purchases(model purchase_model, horizon double precision, frequency bigint, recency double precision, age double precision) (
	SFUNC = total_purchases_add,
	STYPE = bytea,
	SSPACE = 608,
	FINALFUNC = total_purchases_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = total_purchases_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE total_purchases(purchase_model, double precision, bigint, double precision, double precision) IS
	'how many purchases customers make together within the horizon, (total_purchases(...)).*: customers, estimate (sum of expected_purchases), std_error, low and high, the 95 % bounds. They hold both what chance does to each customer and what the fit does not know of the parameters (sum of variances, and the covariance of the fit by the delta method; the sum of many is taken to be normal). std_error, low and high are NULL unless the model''s status is converged and its covariance known. The model is one for the group, error 22023; rows with a NULL are skipped, NULL without customers. Exact whatever the order of rows or the number of workers, to a millionth of a millionth of a purchase. Errors for a customer as those of expected_purchases';

CREATE AGGREGATE total_purchases(model purchase_model, horizon double precision, frequency bigint, recency double precision, age double precision, confidence double precision) (
	SFUNC = total_purchases_add,
	STYPE = bytea,
	SSPACE = 608,
	FINALFUNC = total_purchases_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = total_purchases_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE total_purchases(purchase_model, double precision, bigint, double precision, double precision, double precision) IS
	'the same with bounds that hold with the confidence, one for the group (22023; 22004 when NULL, 22003 unless above 0 and below 1)';

CREATE AGGREGATE total_purchases(model purchase_model, horizon interval, timeline timeline, as_of date) (
	SFUNC = total_purchases_add_timeline,
	STYPE = bytea,
	SSPACE = 608,
	FINALFUNC = total_purchases_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = total_purchases_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE total_purchases(purchase_model, interval, timeline, date) IS
	'the same from timelines: the customer is purchase_summary(timeline, as_of), customers without an order before as_of are not counted; 22023 for a model without a unit';

CREATE AGGREGATE total_purchases(model purchase_model, horizon interval, timeline timeline, as_of date, confidence double precision) (
	SFUNC = total_purchases_add_timeline,
	STYPE = bytea,
	SSPACE = 608,
	FINALFUNC = total_purchases_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = total_purchases_combine,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE total_purchases(purchase_model, interval, timeline, date, double precision) IS
	'the same with bounds that hold with the confidence, one for the group (22023; 22004 when NULL, 22003 unless above 0 and below 1)';

-- ----------------------------------------------------------------
-- 13. spend_model
-- ----------------------------------------------------------------

CREATE TYPE spend_model;

CREATE FUNCTION spend_model_in(cstring) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'retention_spend_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spend_model_in(cstring) IS
	'input of spend_model: a JSON object as its output writes it, keys in any order; kind and parameters are enough; error 22P02 with a hint when the text is not one';

CREATE FUNCTION spend_model_out(spend_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_spend_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spend_model_out(spend_model) IS
	'output of spend_model: one JSON object, lossless';

CREATE FUNCTION spend_model_recv(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'retention_spend_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spend_model_recv(internal) IS
	'binary input of spend_model; every field is checked, error 22P03';

CREATE FUNCTION spend_model_send(spend_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_send(spend_model) IS
	'binary output of spend_model, version 1, the same on every machine';

CREATE TYPE spend_model (
	INPUT = spend_model_in,
	OUTPUT = spend_model_out,
	RECEIVE = spend_model_recv,
	SEND = spend_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE spend_model IS
	'a fitted Gamma-Gamma model of what customers spend on a purchase, made by the aggregate spend_model(frequency, monetary_value): parameters and what the fit reports';

-- comparison

CREATE FUNCTION spend_model_eq(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_eq(spend_model, spend_model) IS
	'implementation of the = operator';

CREATE FUNCTION spend_model_ne(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_ne(spend_model, spend_model) IS
	'implementation of the <> operator';

CREATE FUNCTION spend_model_lt(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_lt(spend_model, spend_model) IS
	'implementation of the < operator';

CREATE FUNCTION spend_model_le(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_le(spend_model, spend_model) IS
	'implementation of the <= operator';

CREATE FUNCTION spend_model_gt(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_gt(spend_model, spend_model) IS
	'implementation of the > operator';

CREATE FUNCTION spend_model_ge(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_ge(spend_model, spend_model) IS
	'implementation of the >= operator';

CREATE FUNCTION spend_model_cmp(spend_model, spend_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_cmp(spend_model, spend_model) IS
	'below, at or above 0 as the first spend_model sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION spend_model_hash(spend_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_hash(spend_model) IS
	'hash support';

CREATE FUNCTION spend_model_hash_extended(spend_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION spend_model_hash_extended(spend_model, bigint) IS
	'hash support with a seed';

CREATE OPERATOR = (
	FUNCTION = spend_model_eq,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (spend_model, spend_model) IS
	'equal: the same model, to the last digit';

CREATE OPERATOR <> (
	FUNCTION = spend_model_ne,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (spend_model, spend_model) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = spend_model_lt,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (spend_model, spend_model) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = spend_model_le,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (spend_model, spend_model) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = spend_model_gt,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (spend_model, spend_model) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = spend_model_ge,
	LEFTARG = spend_model,
	RIGHTARG = spend_model,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (spend_model, spend_model) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS spend_model_ops
	DEFAULT FOR TYPE spend_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 spend_model_cmp(spend_model, spend_model);
COMMENT ON OPERATOR CLASS spend_model_ops USING btree IS
	'order of spend_models, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY spend_model_ops USING btree IS
	'order of spend_models, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS spend_model_ops
	DEFAULT FOR TYPE spend_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 spend_model_hash(spend_model),
	FUNCTION 2 spend_model_hash_extended(spend_model, bigint);
COMMENT ON OPERATOR CLASS spend_model_ops USING hash IS
	'hashing of spend_model values, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY spend_model_ops USING hash IS
	'hashing of spend_model values, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION spend_model_to_json(spend_model) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_spend_model_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION spend_model_to_json(spend_model) IS
	'a spend_model as json, the object its text is';

CREATE CAST (spend_model AS json)
	WITH FUNCTION spend_model_to_json(spend_model);
COMMENT ON CAST (spend_model AS json) IS
	'the model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION spend_model_to_jsonb(spend_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_spend_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION spend_model_to_jsonb(spend_model) IS
	'a spend_model as jsonb, the object its text is';

CREATE CAST (spend_model AS jsonb)
	WITH FUNCTION spend_model_to_jsonb(spend_model);
COMMENT ON CAST (spend_model AS jsonb) IS
	'the model as a jsonb object, so that to_jsonb() nests it';

-- aggregate

CREATE FUNCTION spend_model_transition(internal, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_transition(internal, bigint, double precision) IS
	'aggregate support: counts a customer, equal ones together';

CREATE FUNCTION spend_model_transition(internal, bigint, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_transition(internal, bigint, double precision, bigint) IS
	'aggregate support: counts so many equal customers';

CREATE FUNCTION spend_model_transition(internal, bigint, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_transition(internal, bigint, numeric) IS
	'aggregate support: counts a customer, equal ones together';

CREATE FUNCTION spend_model_transition(internal, bigint, numeric, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_transition(internal, bigint, numeric, bigint) IS
	'aggregate support: counts so many equal customers';

CREATE FUNCTION spend_model_final(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'retention_spend_model_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION spend_model_final(internal) IS
	'aggregate support: fits a model to the customers counted; NULL when there are none; leaves the state as it is';

CREATE AGGREGATE spend_model(frequency bigint, monetary_value double precision) (
	SFUNC = spend_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = spend_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_model(bigint, double precision) IS
	'fits the Gamma-Gamma model (Fader and Hardie 2013) to customers, one row each, by maximum likelihood. frequency: repeat purchases; monetary_value: their mean value, not their sum, in any one currency, in double precision. Customers without repeat purchases say nothing and are not counted; rows with a NULL are skipped, no rows give NULL. Values of repeat customers that are not above 0 or not finite, and negative frequencies, are error 22023 with their count and an example, as are data without any repeat customer. Memory: about 110 bytes for each distinct row, whatever work_mem says; more than 20 million distinct rows are error 54000';

CREATE AGGREGATE spend_model(frequency bigint, monetary_value double precision, weight bigint) (
	SFUNC = spend_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = spend_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_model(bigint, double precision, bigint) IS
	'the same with rows that stand for weight equal customers each: the fit is that of the rows repeated, to the last bit. Rows with a NULL weight, or one of 0, are skipped; a negative weight is error 22023 with the count of such rows and an example, weights that add up to more than 64 bits hold 22003';

CREATE AGGREGATE spend_model(frequency bigint, monetary_value numeric) (
	SFUNC = spend_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = spend_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_model(bigint, numeric) IS
	'the same for numeric values, which are taken in double precision';

CREATE AGGREGATE spend_model(frequency bigint, monetary_value numeric, weight bigint) (
	SFUNC = spend_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = spend_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_model(bigint, numeric, bigint) IS
	'the same for numeric values, which are taken in double precision, with rows that stand for weight equal customers each';

CREATE FUNCTION spend_model_transition(internal, timeline, date) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_timeline'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 50;
COMMENT ON FUNCTION spend_model_transition(internal, timeline, date) IS
	'aggregate support: counts a customer, equal ones together';

CREATE AGGREGATE spend_model(timeline timeline, as_of date) (
	SFUNC = spend_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = spend_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE spend_model(timeline, date) IS
	'the same from the timelines of customers, one row each: frequency and monetary_value are those of purchase_summary(timeline, as_of), the mean net amount of the days with an order after the first. as_of is the first day the data do not cover, days from there on are ignored. Customers without an order before as_of are not counted, and neither are rows with a NULL; no customers give NULL. Errors besides those above: 22023 for a timeline without amounts or of levels, 22008 for an infinite as_of';

-- readers

CREATE FUNCTION model_parameters(
	model spend_model,
	OUT name text, OUT estimate double precision, OUT standard_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_spend_model_parameters'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 3;
COMMENT ON FUNCTION model_parameters(spend_model) IS
	'one row per parameter: p, q and gamma, the latter in the unit of the values; standard_error is asymptotic, NULL where the likelihood is flat';

CREATE FUNCTION model_fit(
	model spend_model,
	OUT log_likelihood double precision, OUT customers bigint,
	OUT distinct_rows bigint, OUT evaluations bigint, OUT status text,
	OUT identified boolean, OUT aic double precision, OUT bic double precision,
	OUT correlation double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_spend_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION model_fit(spend_model) IS
	'how the fit went, one row: log_likelihood, customers with repeat purchases, distinct_rows among them, evaluations of the likelihood, status (converged; boundary: the likelihood rises on towards 0 or infinity of a parameter, as where customers are all alike or of two kinds, and was followed there; stalled; too many evaluations), identified (converged, and no standard error exceeds its parameter), and correlation of frequency and monetary value, which the model takes to be 0 (NULL when either is constant); aic and bic, information criteria: twice the parameters, or the parameters times ln(customers), less twice the log_likelihood: of kinds fitted to the same customers the one with the lower is to be preferred. All NULL for a model that was not fitted here';

-- predictions

CREATE FUNCTION expected_spend(
	model spend_model, frequency bigint, monetary_value double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_spend'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION expected_spend(spend_model, bigint, double precision) IS
	'mean value expected of a further purchase of a customer, an estimate in the unit of the values; between the customer''s own mean and that of all where that exists (Fader and Hardie 2013). monetary_value: mean value of the repeat purchases, of no meaning and possibly NULL when frequency is 0; other NULLs give NULL. Error 22003 where the mean is infinite (q of the model at most 1), 22023 for a negative frequency or a value that is not above 0';

CREATE FUNCTION log_likelihood(
	model spend_model, frequency bigint, monetary_value double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_spend_log_likelihood'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION log_likelihood(spend_model, bigint, double precision) IS
	'logarithm of the likelihood of one customer under a model; 0 without repeat purchases. Error 22023 for a negative frequency or a value that is not above 0';

CREATE FUNCTION predicted_ltv(
	purchases purchase_model, spend spend_model, frequency bigint,
	recency double precision, age double precision,
	monetary_value double precision, as_of date, horizon interval,
	annual_discount double precision DEFAULT 0,
	margin double precision DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_predicted_ltv'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predicted_ltv(purchase_model, spend_model, bigint, double precision, double precision, double precision, date, interval, double precision, double precision) IS
	'value predicted of a customer within the horizon after as_of, where the age ends: expected purchases times expected spend times margin (0..1, the fraction of revenue that is left), in the unit of the values, at six decimals. The horizon is (as_of + horizon) - as_of, converted by the unit of the model; purchases count at the end of each calendar month after as_of, the last partial month at its end, and month j is worth (1 + annual_discount)^(-j/12). monetary_value may be NULL when frequency is 0; other NULLs give NULL. Errors as in expected_purchases and expected_spend, 22023 for a model without a unit or a negative horizon, 22003 for a margin outside 0..1 or a negative discount, 22008 for an infinite as_of';

-- predictions from timelines

CREATE FUNCTION expected_spend(
	model spend_model, timeline timeline, as_of date) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_spend_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION expected_spend(spend_model, timeline, date) IS
	'mean value expected of a further purchase (day with an order) of a customer, an estimate in the unit of the amounts. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. NULL when no day before as_of has an order, and for a NULL argument. Errors: 22003 where the mean is infinite (q of the model at most 1), 22023 when the mean of the repeat purchases is not above 0, for a timeline without amounts or of levels, 22008 for an infinite as_of';

CREATE FUNCTION predicted_ltv(
	purchases purchase_model, spend spend_model, timeline timeline, as_of date,
	horizon interval, annual_discount double precision DEFAULT 0,
	margin double precision DEFAULT 1) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_predicted_ltv_timeline'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION predicted_ltv(purchase_model, spend_model, timeline, date, interval, double precision, double precision) IS
	'value predicted of a customer within the horizon after as_of: expected purchases times expected spend times margin (0..1, the fraction of revenue that is left), in the unit of the amounts, at six decimals. The customer is purchase_summary(timeline, as_of); as_of is the first day the data do not cover, days from there on are ignored. The horizon is (as_of + horizon) - as_of, converted by the unit of the model; purchases count at the end of each calendar month after as_of, the last partial month at its end, and month j is worth (1 + annual_discount)^(-j/12). NULL when no day before as_of has an order, and for a NULL argument. Errors as in expected_purchases and expected_spend, 22003 for a margin outside 0..1 or a negative discount';

CREATE FUNCTION customer_ltv(
	purchases purchase_model, spend spend_model, timeline timeline, as_of date,
	horizon interval, annual_discount double precision DEFAULT 0,
	margin double precision DEFAULT 1,
	OUT past numeric, OUT future numeric, OUT total numeric,
	OUT p_alive double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_customer_ltv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION customer_ltv(purchase_model, spend_model, timeline, date, interval, double precision, double precision) IS
	'lifetime value of a customer as of a day, one row: past, the net amount of all days before as_of (refunds off) times margin, exact and not discounted; future, predicted_ltv of the same arguments; total, their sum; p_alive, the probability that the customer has not dropped out. margin, taken at 15 digits, applies to past and future alike, so that total is one measure. In FROM it is called once a customer; all NULL when no day before as_of has an order, and for a NULL argument. Errors as in predicted_ltv';

-- ----------------------------------------------------------------
-- 14. survival_curve
-- ----------------------------------------------------------------

CREATE TYPE survival_curve;

CREATE FUNCTION survival_curve_in(cstring) RETURNS survival_curve
	AS 'MODULE_PATHNAME', 'retention_survival_curve_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_curve_in(cstring) IS
	'input of survival_curve: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION survival_curve_out(survival_curve) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_survival_curve_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_curve_out(survival_curve) IS
	'output of survival_curve: canonical JSON without loss, times in as many digits as they need whatever extra_float_digits says';

CREATE FUNCTION survival_curve_recv(internal) RETURNS survival_curve
	AS 'MODULE_PATHNAME', 'retention_survival_curve_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_curve_recv(internal) IS
	'binary input of survival_curve; every field and the sum of the counts is checked, error 22P03';

CREATE FUNCTION survival_curve_send(survival_curve) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_send(survival_curve) IS
	'binary output of survival_curve, version 1: the stored bytes, the same on every machine';

CREATE TYPE survival_curve (
	INPUT = survival_curve_in,
	OUTPUT = survival_curve_out,
	RECEIVE = survival_curve_recv,
	SEND = survival_curve_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE survival_curve IS
	'how long customers stay, for all times at once: exact counts of those who churned (events) and those last seen (censored) after each duration, storable and additive; made by the aggregate survival_curve, added up by rollup, read by survival_points, lifetime_quantile, median_lifetime, mean_lifetime, log_rank, survival_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION survival_curve_eq(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_eq(survival_curve, survival_curve) IS
	'implementation of the = operator';

CREATE FUNCTION survival_curve_ne(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_ne(survival_curve, survival_curve) IS
	'implementation of the <> operator';

CREATE FUNCTION survival_curve_lt(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_lt(survival_curve, survival_curve) IS
	'implementation of the < operator';

CREATE FUNCTION survival_curve_le(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_le(survival_curve, survival_curve) IS
	'implementation of the <= operator';

CREATE FUNCTION survival_curve_gt(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_gt(survival_curve, survival_curve) IS
	'implementation of the > operator';

CREATE FUNCTION survival_curve_ge(survival_curve, survival_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_ge(survival_curve, survival_curve) IS
	'implementation of the >= operator';

CREATE FUNCTION survival_curve_cmp(survival_curve, survival_curve) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_cmp(survival_curve, survival_curve) IS
	'below, at or above 0 as the first survival_curve sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION survival_curve_hash(survival_curve) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_hash(survival_curve) IS
	'hash of a survival_curve';

CREATE FUNCTION survival_curve_hash_extended(survival_curve, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION survival_curve_hash_extended(survival_curve, bigint) IS
	'64-bit hash of a survival_curve with a seed';

CREATE OPERATOR = (
	FUNCTION = survival_curve_eq,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (survival_curve, survival_curve) IS
	'equal: same kind, zone, days and numbers';

CREATE OPERATOR <> (
	FUNCTION = survival_curve_ne,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (survival_curve, survival_curve) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = survival_curve_lt,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (survival_curve, survival_curve) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = survival_curve_le,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (survival_curve, survival_curve) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = survival_curve_gt,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (survival_curve, survival_curve) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = survival_curve_ge,
	LEFTARG = survival_curve,
	RIGHTARG = survival_curve,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (survival_curve, survival_curve) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS survival_curve_ops
	DEFAULT FOR TYPE survival_curve USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 survival_curve_cmp(survival_curve, survival_curve);
COMMENT ON OPERATOR CLASS survival_curve_ops USING btree IS
	'order of survival_curves, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY survival_curve_ops USING btree IS
	'order of survival_curves, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS survival_curve_ops
	DEFAULT FOR TYPE survival_curve USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 survival_curve_hash(survival_curve),
	FUNCTION 2 survival_curve_hash_extended(survival_curve, bigint);
COMMENT ON OPERATOR CLASS survival_curve_ops USING hash IS
	'hashing of survival_curves, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY survival_curve_ops USING hash IS
	'hashing of survival_curves, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION survival_curve_to_json(survival_curve) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_survival_curve_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_curve_to_json(survival_curve) IS
	'a survival_curve as json, the object its text is';

CREATE CAST (survival_curve AS json)
	WITH FUNCTION survival_curve_to_json(survival_curve);
COMMENT ON CAST (survival_curve AS json) IS
	'the survival_curve as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION survival_curve_to_jsonb(survival_curve) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_survival_curve_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION survival_curve_to_jsonb(survival_curve) IS
	'a survival_curve as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (survival_curve AS jsonb)
	WITH FUNCTION survival_curve_to_jsonb(survival_curve);
COMMENT ON CAST (survival_curve AS jsonb) IS
	'the survival_curve as a jsonb object, so that to_jsonb() nests it';

-- survival_curve aggregates

CREATE FUNCTION survival_curve_transition(internal, bigint, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, bigint, boolean) IS
	'aggregate support: counts a customer by duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, bigint, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, bigint, boolean, bigint) IS
	'aggregate support: counts a customer by duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_transition(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, double precision, boolean) IS
	'aggregate support: counts a customer by duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, double precision, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, double precision, boolean, bigint) IS
	'aggregate support: counts a customer by duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_transition(internal, interval, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, interval, boolean) IS
	'aggregate support: counts a customer by duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, interval, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_transition_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, interval, boolean, bigint) IS
	'aggregate support: counts a customer by duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_transition(internal, bigint, bigint, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, bigint, bigint, boolean) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, bigint, bigint, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, bigint, bigint, boolean, bigint) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_transition(internal, double precision, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, double precision, double precision, boolean) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, double precision, double precision, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, double precision, double precision, boolean, bigint) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_transition(internal, interval, interval, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, interval, interval, boolean) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome';

CREATE FUNCTION survival_curve_transition(internal, interval, interval, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_late_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_transition(internal, interval, interval, boolean, bigint) IS
	'aggregate support: counts a customer by the age at which observation began, duration and outcome, so many times as the weight says';

CREATE FUNCTION survival_curve_rollup(internal, survival_curve) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_rollup'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION survival_curve_rollup(internal, survival_curve) IS
	'aggregate support: adds a curve to that of its group';

CREATE FUNCTION survival_curve_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_combine(internal, internal) IS
	'aggregate support: adds the counts of one worker to those of another';

CREATE FUNCTION survival_curve_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_survival_curve_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_serialize(internal) IS
	'aggregate support: packs the counts of a worker; error 54000 past 1 GB';

CREATE FUNCTION survival_curve_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_survival_curve_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_deserialize(bytea, internal) IS
	'aggregate support: unpacks the counts of a worker; every field is checked, error 22P03';

CREATE FUNCTION survival_curve_final(internal) RETURNS survival_curve
	AS 'MODULE_PATHNAME', 'retention_survival_curve_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION survival_curve_final(internal) IS
	'aggregate support: the curve of the customers counted, NULL when there are none; says nothing new to the state';

CREATE AGGREGATE survival_curve(duration double precision, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, boolean) IS
	'how long customers stay (the data of Kaplan and Meier''s estimate), one row a customer. Who is still there is taken to leave as others who stayed as long. duration: time from start to churn, or to when the customer was last seen, in any one unit, 0 or above; churned: true when the customer left then, false when still there (censored). numeric durations are taken as double precision. Rows with a NULL are skipped, no rows give NULL. Exact whatever the order of rows or the number of workers, and so is rollup. Memory: 32 to 64 bytes for each distinct pair of duration and outcome, whatever work_mem says. Errors: 22003 for a duration that is negative, infinite or NaN, 54000 for more than 67 million distinct pairs';

CREATE AGGREGATE survival_curve(duration double precision, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration was checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE survival_curve(duration bigint, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(bigint, boolean) IS
	'the same with whole durations, for example days or months; error 22003 past 2^53';

CREATE AGGREGATE survival_curve(duration bigint, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(bigint, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration was checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE survival_curve(duration interval, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(interval, boolean) IS
	'the same with intervals, which must have neither months nor years (22023): churned_at - started_at of two timestamps has none. Durations are counted in days of 24 hours, as fractions';

CREATE AGGREGATE survival_curve(duration interval, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(interval, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration was checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE survival_curve(entered double precision, duration double precision, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, double precision, boolean) IS
	'how long customers stay, of customers who came under observation late (left truncation): entered is the age at which observation of a customer began, 0 for one observed from the start, duration the age at which the customer churned or was last seen, both from the customer''s own start and in one unit. A customer is at risk after entered and up to duration: who must have stayed to be in the data says nothing of the time before. As survival_curve(duration, churned) otherwise, to which it is equal where all have entered 0. Where few are at risk early, one churn among them weighs much, and survival that has come to 0 stays there. Rows with a NULL are skipped. Errors: 22023 for an entered that is not below duration, 22003 for one that is negative, infinite or NaN. Memory: 32 to 64 bytes more for each distinct entered';

CREATE AGGREGATE survival_curve(entered double precision, duration double precision, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(double precision, double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its ages were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE survival_curve(entered bigint, duration bigint, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(bigint, bigint, boolean) IS
	'the same with whole ages, for example days or months; error 22003 past 2^53';

CREATE AGGREGATE survival_curve(entered bigint, duration bigint, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(bigint, bigint, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its ages were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE survival_curve(entered interval, duration interval, churned boolean) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(interval, interval, boolean) IS
	'the same with intervals, which must have neither months nor years (22023): observed_from - started_at of two timestamps has none. Ages are counted in days of 24 hours, as fractions';

CREATE AGGREGATE survival_curve(entered interval, duration interval, churned boolean, weight bigint) (
	SFUNC = survival_curve_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE survival_curve(interval, interval, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its ages were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE rollup(survival_curve) (
	SFUNC = survival_curve_rollup,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = survival_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = survival_curve_combine,
	SERIALFUNC = survival_curve_serialize,
	DESERIALFUNC = survival_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(survival_curve) IS
	'adds up curves of disjoint customers (plans, channels, shards), exactly: the curve of all their rows; NULLs are skipped, no rows give NULL; error 22003 for more than 2^63 - 1 customers, 54000 for too many distinct times';

-- readers

CREATE FUNCTION survival_points(
	curve survival_curve, confidence double precision DEFAULT 0.95,
	conf_type text DEFAULT 'log-log',
	OUT at_time double precision, OUT at_risk bigint, OUT events bigint,
	OUT censored bigint, OUT survival double precision,
	OUT std_error double precision, OUT low double precision,
	OUT high double precision, OUT cumulative_hazard double precision,
	OUT hazard_std_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_survival_points'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION survival_points(survival_curve, double precision, text) IS
	'one row for each distinct duration, ascending: at_risk (customers there and observed just before, those last seen then included), events (churned then), censored (last seen then), survival (fraction still there after it, by Kaplan and Meier 1958), std_error of survival (Greenwood 1926; NULL when survival is 0), low and high (bounds of survival, see below), cumulative_hazard (Nelson 1972, Aalen 1978) and its hazard_std_error (Aalen 1978: the square root of the sum of events / at_risk^2). conf_type says what is taken to be normally distributed, as in R survival: log-log for log(-log survival), log for log survival, plain for survival; bounds are cut off at 0 and 1. There are none (NULL) when survival is 0, nor by log-log when it is 1. Times are in the unit of the durations. No rows for a NULL; errors: 22003 unless confidence is above 0 and below 1, 22023 for another conf_type';

CREATE FUNCTION lifetime_quantile(
	curve survival_curve, p double precision, confidence double precision DEFAULT 0.95,
	conf_type text DEFAULT 'log-log',
	OUT estimate double precision, OUT low double precision,
	OUT high double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_lifetime_quantile'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION lifetime_quantile(survival_curve, double precision, double precision, text) IS
	'time by which a fraction p of the customers has churned, in the unit of the durations: where survival falls below 1 - p; where it is exactly 1 - p for a while, the middle of that while, up to the last time in the data for the last value (the rule of R survival). low and high: where the bounds of survival_points of the same confidence and conf_type cross 1 - p, by the same rule. NULL where survival, or a bound, does not fall so far in the data, and for a NULL argument. p = 0 gives 0. Errors: 22003 for p outside 0..1 or a confidence that is not above 0 and below 1, 22023 for another conf_type than log-log, log and plain';

CREATE FUNCTION median_lifetime(curve survival_curve) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_median_lifetime'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION median_lifetime(survival_curve) IS
	'time by which half of the customers have churned, in the unit of the durations, as lifetime_quantile(curve, 0.5); NULL when more than half are there to the end of the data, and for a NULL';

CREATE FUNCTION mean_lifetime(
	curve survival_curve, up_to double precision,
	OUT estimate double precision, OUT std_error double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_mean_lifetime'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION mean_lifetime(survival_curve, double precision) IS
	'mean time a customer stays within the first up_to units, in the unit of the durations: the area under the survival curve up to there (restricted mean), with its standard error (as rmean of R survival). up_to past the last time in the data gives NULL unless all have churned by then: nobody knows how the curve goes on; the whole mean, with up_to infinity, exists then too. NULL for a NULL argument; error 22003 for a negative or NaN up_to';

CREATE FUNCTION log_rank(
	VARIADIC curves survival_curve[],
	OUT chi_square double precision, OUT degrees_of_freedom integer,
	OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_log_rank'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION log_rank(survival_curve[]) IS
	'log-rank test of whether groups of customers, one curve each, churn alike (Mantel 1966, Peto and Peto 1972): p_value is the probability of a chi_square so large if they do, an approximation for many churned customers; differences that change their sign over time may go unnoticed. NULL curves, and groups in which no churn could be expected, are left out; NULL when fewer than two are left, or when all customers churn at one time. log_rank(a, b) compares two, log_rank(VARIADIC array_agg(curve)) as many as there are; error 54000 for more than 1000';

CREATE FUNCTION log_rank(
	curves survival_curve[], groups text[], strata text[] DEFAULT NULL,
	weights text DEFAULT 'log-rank', rho double precision DEFAULT 0,
	OUT chi_square double precision, OUT degrees_of_freedom integer,
	OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_log_rank_strata'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION log_rank(survival_curve[], text[], text[], text, double precision) IS
	'log-rank test of curves in groups, within strata, and with weights. groups and strata name the group and the stratum of each curve, from array_agg over the same rows as curves; NULL: every curve is a group of its own, all are one stratum. Customers are compared within strata alone (plans, channels, cohorts), so that groups which are made up of these differently are not taken to differ; curves of one group and stratum count together. weights says what a time counts, as in survdiff of R: log-rank alike; gehan-breslow by the n customers at risk; tarone-ware by the square root of n; peto by survival just before, S(t-), of all groups of the stratum; fleming-harrington by S(t-)^rho. rho may be given with any: S(t-)^rho multiplies the weight. One row as of log_rank(curve, ...), all NULL for NULL curves or fewer than two groups; curves that are NULL are left out, a NULL name is a name, NULL weights or rho mean the default. Errors: 22023 for other weights, or for groups or strata that are not as many as curves, 22003 for a rho that is negative or not finite, 54000 for more than 1000 groups';

CREATE FUNCTION log_rank_groups(
	curves survival_curve[], groups text[] DEFAULT NULL, strata text[] DEFAULT NULL,
	weights text DEFAULT 'log-rank', rho double precision DEFAULT 0,
	OUT group_name text, OUT customers bigint, OUT observed double precision,
	OUT expected double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_log_rank_groups'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000 ROWS 10;
COMMENT ON FUNCTION log_rank_groups(survival_curve[], text[], text[], text, double precision) IS
	'what log_rank of the same arguments compares, one row for each group in the order in which they come first in curves: group_name (as in groups, else the number of the curve in the array), customers, observed (how many churned) and expected (how many would have, had all groups churned alike), both weighted where there are weights; observed / expected above 1: the group churns more. Both add up to the same over the groups. No rows for NULL curves; errors as of log_rank';

-- picture

CREATE FUNCTION survival_text(
	curve survival_curve, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_survival_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 22;
COMMENT ON FUNCTION survival_text(survival_curve, integer, boolean) IS
	'picture of a survival curve for psql, one row per line: time, customers at risk, percent still there after it with 95 % bounds, and a bar; one line for each time when there are 20 at most, else at equal steps. No rows for a NULL. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

-- ----------------------------------------------------------------
-- 15. contract_model
-- ----------------------------------------------------------------

CREATE TYPE contract_model;

CREATE FUNCTION contract_model_in(cstring) RETURNS contract_model
	AS 'MODULE_PATHNAME', 'retention_contract_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contract_model_in(cstring) IS
	'input of contract_model: a JSON object as its output writes it, keys in any order; kind and parameters are enough; error 22P02 with a hint when the text is not one';

CREATE FUNCTION contract_model_out(contract_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_contract_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contract_model_out(contract_model) IS
	'output of contract_model: one JSON object, lossless';

CREATE FUNCTION contract_model_recv(internal) RETURNS contract_model
	AS 'MODULE_PATHNAME', 'retention_contract_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contract_model_recv(internal) IS
	'binary input of contract_model; every field is checked, error 22P03';

CREATE FUNCTION contract_model_send(contract_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_send(contract_model) IS
	'binary output of contract_model, version 1, the same on every machine';

CREATE TYPE contract_model (
	INPUT = contract_model_in,
	OUTPUT = contract_model_out,
	RECEIVE = contract_model_recv,
	SEND = contract_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE contract_model IS
	'a fitted model of how long contracts are renewed (sbg or bdw), made by contract_model(kind, periods, churned) or contract_model(kind, matrix, as_of): kind, parameters and what the fit reports; read by survival, renewal_rate, expected_lifetime, model_parameters, model_fit';

-- comparison

CREATE FUNCTION contract_model_eq(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_eq(contract_model, contract_model) IS
	'implementation of the = operator';

CREATE FUNCTION contract_model_ne(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_ne(contract_model, contract_model) IS
	'implementation of the <> operator';

CREATE FUNCTION contract_model_lt(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_lt(contract_model, contract_model) IS
	'implementation of the < operator';

CREATE FUNCTION contract_model_le(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_le(contract_model, contract_model) IS
	'implementation of the <= operator';

CREATE FUNCTION contract_model_gt(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_gt(contract_model, contract_model) IS
	'implementation of the > operator';

CREATE FUNCTION contract_model_ge(contract_model, contract_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_ge(contract_model, contract_model) IS
	'implementation of the >= operator';

CREATE FUNCTION contract_model_cmp(contract_model, contract_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_cmp(contract_model, contract_model) IS
	'below, at or above 0 as the first contract_model sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION contract_model_hash(contract_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_hash(contract_model) IS
	'hash support';

CREATE FUNCTION contract_model_hash_extended(contract_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION contract_model_hash_extended(contract_model, bigint) IS
	'hash support with a seed';

CREATE OPERATOR = (
	FUNCTION = contract_model_eq,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (contract_model, contract_model) IS
	'equal: the same model, to the last digit';

CREATE OPERATOR <> (
	FUNCTION = contract_model_ne,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (contract_model, contract_model) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = contract_model_lt,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (contract_model, contract_model) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = contract_model_le,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (contract_model, contract_model) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = contract_model_gt,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (contract_model, contract_model) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = contract_model_ge,
	LEFTARG = contract_model,
	RIGHTARG = contract_model,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (contract_model, contract_model) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS contract_model_ops
	DEFAULT FOR TYPE contract_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 contract_model_cmp(contract_model, contract_model);
COMMENT ON OPERATOR CLASS contract_model_ops USING btree IS
	'order of contract_models, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY contract_model_ops USING btree IS
	'order of contract_models, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS contract_model_ops
	DEFAULT FOR TYPE contract_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 contract_model_hash(contract_model),
	FUNCTION 2 contract_model_hash_extended(contract_model, bigint);
COMMENT ON OPERATOR CLASS contract_model_ops USING hash IS
	'hashing of contract_model values, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY contract_model_ops USING hash IS
	'hashing of contract_model values, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION contract_model_to_json(contract_model) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_contract_model_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION contract_model_to_json(contract_model) IS
	'a contract_model as json, the object its text is';

CREATE CAST (contract_model AS json)
	WITH FUNCTION contract_model_to_json(contract_model);
COMMENT ON CAST (contract_model AS json) IS
	'the model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION contract_model_to_jsonb(contract_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_contract_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION contract_model_to_jsonb(contract_model) IS
	'a contract_model as jsonb, the object its text is';

CREATE CAST (contract_model AS jsonb)
	WITH FUNCTION contract_model_to_jsonb(contract_model);
COMMENT ON CAST (contract_model AS jsonb) IS
	'the model as a jsonb object, so that to_jsonb() nests it';

-- fits

CREATE FUNCTION contract_model_transition(internal, text, bigint, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_contract_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_transition(internal, text, bigint, boolean) IS
	'aggregate support: counts a customer, equal ones together';

CREATE FUNCTION contract_model_transition(internal, text, bigint, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_contract_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION contract_model_transition(internal, text, bigint, boolean, bigint) IS
	'aggregate support: counts so many customers as the weight says, equal ones together';

CREATE FUNCTION contract_model_final(internal) RETURNS contract_model
	AS 'MODULE_PATHNAME', 'retention_contract_model_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION contract_model_final(internal) IS
	'aggregate support: fits a model to the customers counted; NULL when there are none; leaves the state as it is';

CREATE AGGREGATE contract_model(kind text, periods bigint, churned boolean) (
	SFUNC = contract_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = contract_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE contract_model(text, bigint, boolean) IS
	'fits a model of contract renewals to customers, one row each, by maximum likelihood. kind: ''sbg'' (shifted beta-geometric, Fader and Hardie 2007: customers differ in a churn probability that stays the same) or ''bdw'' (beta discrete Weibull, Fader, Hardie, Liu, Davin and Steenburgh 2018: it changes with time, as t^c), constant in a group (22023) and not NULL (22004). churned true: lost in period number periods (1 is the first), that is after periods - 1 renewals; false: still there after so many whole periods (one that has only begun does not count). Customers may have started at different times. Rows with a NULL are skipped, no rows give NULL. Error 22023, with count and example, for rows with negative periods or a loss in period 0; likewise when no customer was lost, or all in the first period: no parameters are most likely then. Memory: about 110 bytes for each distinct row, whatever work_mem says; more than 20 million distinct rows are error 54000. model_fit() says whether the data identify the parameters';

CREATE AGGREGATE contract_model(kind text, periods bigint, churned boolean, weight bigint) (
	SFUNC = contract_model_transition,
	STYPE = internal,
	SSPACE = 512,
	FINALFUNC = contract_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = groups_combine,
	SERIALFUNC = groups_serialize,
	DESERIALFUNC = groups_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE contract_model(text, bigint, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, so that a table of retention counts is enough; a row with weight 0 or NULL stands for nobody, a negative weight is error 22023 with its count and an example, more than 2^63 - 1 customers 22003';

CREATE FUNCTION contract_model(kind text, matrix cohort_matrix, as_of date DEFAULT NULL) RETURNS contract_model
	AS 'MODULE_PATHNAME', 'retention_contract_model_of_matrix'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000000;
COMMENT ON FUNCTION contract_model(text, cohort_matrix, date) IS
	'the same from the streaks of a cohort matrix: a customer is lost at the first age at which not active; of each cohort the ages complete before as_of count (NULL: the data end inside the period of the last event), and who is active up to the last of them is still there. A period is one of the grain. NULL for a NULL matrix, or when no cohort has a complete age. Errors: 22023 for a recurring matrix, a grain of cut points, an unknown kind, when no customer was lost, or all at age 1; 22004 for a NULL kind, 22008 for an infinite as_of';

-- readers

CREATE FUNCTION model_parameters(
	model contract_model,
	OUT name text, OUT estimate double precision, OUT standard_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_contract_model_parameters'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 3;
COMMENT ON FUNCTION model_parameters(contract_model) IS
	'one row per parameter: alpha and beta of the distribution of churn probabilities, whose mean is alpha / (alpha + beta), and c of bdw (above 1: the churn probability of a customer rises with time, below 1 it falls); standard_error is asymptotic, NULL where the likelihood is flat';

CREATE FUNCTION model_fit(
	model contract_model,
	OUT log_likelihood double precision, OUT customers bigint,
	OUT distinct_rows bigint, OUT evaluations bigint, OUT status text,
	OUT identified boolean, OUT aic double precision, OUT bic double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_contract_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION model_fit(contract_model) IS
	'how the fit went, one row: log_likelihood, customers, distinct_rows among them, evaluations of the likelihood, status (converged; boundary: the likelihood rises on towards 0 or infinity of a parameter, as where customers are all alike or of two kinds, and was followed there; stalled; too many evaluations), identified (converged, and no standard error exceeds its parameter; if not, single parameters mean nothing while survival within the data may still be good); aic and bic, information criteria: twice the parameters, or the parameters times ln(customers), less twice the log_likelihood: of kinds fitted to the same customers the one with the lower is to be preferred. All NULL for a model that was not fitted here';

-- predictions

CREATE FUNCTION survival(model contract_model, t bigint) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_contract_survival'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION survival(contract_model, bigint) IS
	'fraction of the customers still there after t periods, also far beyond the data; 1 for t = 0. NULL for a NULL argument; error 22003 for a negative t';

CREATE FUNCTION renewal_rate(model contract_model, t bigint) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_contract_renewal_rate'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 20;
COMMENT ON FUNCTION renewal_rate(contract_model, bigint) IS
	'fraction of the customers still there after t - 1 periods who are also there after t: survival(t) / survival(t - 1). Under sbg it rises with t as those likely to churn have gone; under bdw with c above 1 it may fall. NULL for a NULL argument; error 22003 for t below 1';

CREATE FUNCTION expected_lifetime(
	model contract_model, discount_per_period double precision,
	renewals integer DEFAULT 0) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_contract_expected_lifetime'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION expected_lifetime(contract_model, double precision, integer) IS
	'discounted expected number of payments to come, one a period (Fader and Hardie 2010); times the payment it is the value of a customer. renewals = 0: of a new customer, the payment at the start included (DEL); renewals = n: of a customer who has renewed n times, just before the next renewal, whose payment is not discounted (DERL). discount_per_period is a fraction; with 0 it is the expected number of payments, NULL where that has no limit (alpha, times c, at most 1), and for a NULL argument. Error 22003 for a discount that is negative or not finite, for negative renewals, and where a sum does not settle';

-- ----------------------------------------------------------------
-- 16. data_check: is the table fit?
-- ----------------------------------------------------------------

CREATE TYPE data_check;

CREATE FUNCTION data_check_in(cstring) RETURNS data_check
	AS 'MODULE_PATHNAME', 'retention_data_check_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION data_check_in(cstring) IS
	'input of data_check: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION data_check_out(data_check) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_data_check_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION data_check_out(data_check) IS
	'output of data_check: canonical JSON without loss';

CREATE FUNCTION data_check_recv(internal) RETURNS data_check
	AS 'MODULE_PATHNAME', 'retention_data_check_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION data_check_recv(internal) IS
	'binary input of data_check; every field is checked, error 22P03';

CREATE FUNCTION data_check_send(data_check) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_send(data_check) IS
	'binary output of data_check, version 1: the stored bytes, the same on every machine whose database has the same encoding';

CREATE TYPE data_check (
	INPUT = data_check_in,
	OUTPUT = data_check_out,
	RECEIVE = data_check_recv,
	SEND = data_check_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE data_check IS
	'what is suspicious about a table as the metrics would read it: findings with a severity, the number of rows that have it among those looked at, and an example; made by the aggregates check_events and check_ranges, read by findings; storable, so that a load can keep what was found';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION data_check_eq(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_eq(data_check, data_check) IS
	'implementation of the = operator';

CREATE FUNCTION data_check_ne(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_ne(data_check, data_check) IS
	'implementation of the <> operator';

CREATE FUNCTION data_check_lt(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_lt(data_check, data_check) IS
	'implementation of the < operator';

CREATE FUNCTION data_check_le(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_le(data_check, data_check) IS
	'implementation of the <= operator';

CREATE FUNCTION data_check_gt(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_gt(data_check, data_check) IS
	'implementation of the > operator';

CREATE FUNCTION data_check_ge(data_check, data_check) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_ge(data_check, data_check) IS
	'implementation of the >= operator';

CREATE FUNCTION data_check_cmp(data_check, data_check) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_cmp(data_check, data_check) IS
	'below, at or above 0 as the first data_check sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION data_check_hash(data_check) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_hash(data_check) IS
	'hash of a data_check';

CREATE FUNCTION data_check_hash_extended(data_check, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION data_check_hash_extended(data_check, bigint) IS
	'64-bit hash of a data_check with a seed';

CREATE OPERATOR = (
	FUNCTION = data_check_eq,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (data_check, data_check) IS
	'equal: same kind, zone, days and numbers';

CREATE OPERATOR <> (
	FUNCTION = data_check_ne,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (data_check, data_check) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = data_check_lt,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (data_check, data_check) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = data_check_le,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (data_check, data_check) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = data_check_gt,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (data_check, data_check) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = data_check_ge,
	LEFTARG = data_check,
	RIGHTARG = data_check,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (data_check, data_check) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS data_check_ops
	DEFAULT FOR TYPE data_check USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 data_check_cmp(data_check, data_check);
COMMENT ON OPERATOR CLASS data_check_ops USING btree IS
	'order of data_checks, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY data_check_ops USING btree IS
	'order of data_checks, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS data_check_ops
	DEFAULT FOR TYPE data_check USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 data_check_hash(data_check),
	FUNCTION 2 data_check_hash_extended(data_check, bigint);
COMMENT ON OPERATOR CLASS data_check_ops USING hash IS
	'hashing of data_checks, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY data_check_ops USING hash IS
	'hashing of data_checks, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION data_check_to_json(data_check) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_data_check_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION data_check_to_json(data_check) IS
	'a data_check as json, the object its text is';

CREATE CAST (data_check AS json)
	WITH FUNCTION data_check_to_json(data_check);
COMMENT ON CAST (data_check AS json) IS
	'the data_check as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION data_check_to_jsonb(data_check) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_data_check_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION data_check_to_jsonb(data_check) IS
	'a data_check as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (data_check AS jsonb)
	WITH FUNCTION data_check_to_jsonb(data_check);
COMMENT ON CAST (data_check AS jsonb) IS
	'the data_check as a jsonb object, so that to_jsonb() nests it';

-- data_check aggregates

CREATE FUNCTION check_events_transition(internal, "any", "any", "any", date) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_check_events_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION check_events_transition(internal, "any", "any", "any", date) IS
	'aggregate support: looks at an event';

CREATE FUNCTION check_ranges_transition(internal, "any", "any", "any", date) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_check_ranges_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION check_ranges_transition(internal, "any", "any", "any", date) IS
	'aggregate support: looks at a range';

CREATE FUNCTION data_check_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_check_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION data_check_combine(internal, internal) IS
	'aggregate support: puts what one worker saw to what another did';

CREATE FUNCTION data_check_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_check_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION data_check_serialize(internal) IS
	'aggregate support: packs what a worker saw';

CREATE FUNCTION data_check_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_check_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION data_check_deserialize(bytea, internal) IS
	'aggregate support: unpacks what a worker saw; every field is checked, error 22P03';

CREATE FUNCTION data_check_final(internal) RETURNS data_check
	AS 'MODULE_PATHNAME', 'retention_check_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION data_check_final(internal) IS
	'aggregate support: what is found, NULL when there were no rows; says nothing new to the state';

CREATE AGGREGATE check_events(customer "any", at "any", amount "any", as_of date) (
	SFUNC = check_events_transition,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = data_check_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = data_check_combine,
	SERIALFUNC = data_check_serialize,
	DESERIALFUNC = data_check_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE check_events("any", "any", "any", date) IS
	'is a table of events fit for the metrics? Looks at all rows in one pass, in memory that does not grow, and raises no error for what the metrics refuse. customer, at (date, timestamp or timestamptz) and amount as they would be passed to cohort_matrix, amount NULL where there is none; as_of, the day after the last one that the data cover, or NULL: nothing is too late then; it must be the same for all rows of a group, error 22023. Rows are counted one by one (no customer or time, infinite times, before 1990, on or after as_of, amounts that are NaN or too large, more than six decimals, mostly negative, cents); what takes several rows to see (ids that differ in case or blanks alone, a customer a row, the same row twice, several rows of a customer at one instant, no time of day) is seen exactly within a sample, which is all rows as long as 4,096 different ones hold them (1,024 where work_mem is below 4 MB): chosen by a hash, the same whatever the order, the workers and the session''s zone. Instants are early or late where they are so in every zone. NULL over no rows. Read it with findings';

CREATE AGGREGATE check_ranges(customer "any", during "any", amount "any", as_of date) (
	SFUNC = check_ranges_transition,
	STYPE = internal,
	SSPACE = 2048,
	FINALFUNC = data_check_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = data_check_combine,
	SERIALFUNC = data_check_serialize,
	DESERIALFUNC = data_check_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE check_ranges("any", "any", "any", date) IS
	'is a table of subscriptions fit for the metrics? As check_events, over ranges (daterange, tsrange or tstzrange) as they would be passed to customer_movements. Finds besides: ranges without a start and empty ones, ends on the last day paid or at 23:59:59, which [) leaves out, gaps and overlaps of one day between ranges that follow one another, overlaps with equal amounts, the same range twice. Ranges are compared with those of the same customer, so the sample is one of customers: where a single one has more than 4,096 ranges, nothing can be said about neighbours. NULL over no rows. Read it with findings';

CREATE FUNCTION findings(data_check)
	RETURNS TABLE (finding text, severity text, rows bigint, among bigint, example text, remedy text)
	AS 'MODULE_PATHNAME', 'retention_findings'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 3;
COMMENT ON FUNCTION findings(data_check) IS
	'what check_events or check_ranges found, faults first: finding, its name; severity, fault (no table that is as it should be has it) or look (see whether it is meant); rows that have it, among so many that were looked at, all of a kind or those of the sample; example, the customer, the time and the amount of the earliest of them, 100 bytes of it, instants in UTC; remedy, SQL with :table, :customer, :at, :during, :amount and :as_of in the place of what was checked. No rows: nothing was found. No rows for NULL';

-- ----------------------------------------------------------------
-- 17. evaluation: did it come true?
-- ----------------------------------------------------------------

CREATE TYPE calibration_bin AS (
	bin integer,
	customers bigint,
	lowest double precision,
	highest double precision,
	predicted double precision,
	observed double precision,
	observed_low double precision,
	observed_high double precision
);
COMMENT ON TYPE calibration_bin IS
	'a part of the customers by their predicted probability, an element of what calibration returns: bin (from 1, the lowest probabilities first), customers, lowest and highest (probability in it), predicted (mean probability), observed (fraction whose outcome is true) and its 95 % bounds observed_low and observed_high (Wilson 1927)';

CREATE FUNCTION evaluation_score(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_score'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_score(internal, double precision, boolean) IS
	'aggregate support: takes a customer by score and outcome';

CREATE FUNCTION evaluation_score(internal, double precision, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_score'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_score(internal, double precision, boolean, bigint) IS
	'aggregate support: takes so many customers by score and outcome';

CREATE FUNCTION evaluation_probability(internal, double precision, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_probability'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_probability(internal, double precision, boolean) IS
	'aggregate support: takes a customer by probability and outcome';

CREATE FUNCTION evaluation_probability(internal, double precision, boolean, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_probability'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_probability(internal, double precision, boolean, bigint) IS
	'aggregate support: takes so many customers by probability and outcome';

CREATE FUNCTION evaluation_share(internal, double precision, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_share'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_share(internal, double precision, boolean, double precision) IS
	'aggregate support: takes a customer by score and outcome, and the share to look at';

CREATE FUNCTION evaluation_share(internal, double precision, boolean, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_share'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_share(internal, double precision, boolean, double precision, bigint) IS
	'aggregate support: takes so many customers by score and outcome, and the share to look at';

CREATE FUNCTION evaluation_bins(internal, double precision, boolean, integer) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_bins'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_bins(internal, double precision, boolean, integer) IS
	'aggregate support: takes a customer by probability and outcome, and the number of bins';

CREATE FUNCTION evaluation_bins(internal, double precision, boolean, integer, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_bins'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_bins(internal, double precision, boolean, integer, bigint) IS
	'aggregate support: takes so many customers by probability and outcome, and the number of bins';

CREATE FUNCTION evaluation_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_combine(internal, internal) IS
	'aggregate support: puts the customers of two workers together';

CREATE FUNCTION evaluation_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_evaluation_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_serialize(internal) IS
	'aggregate support: packs the customers of a worker, by score and outcome';

CREATE FUNCTION evaluation_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_evaluation_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION evaluation_deserialize(bytea, internal) IS
	'aggregate support: unpacks what evaluation_serialize packed; error 22P03 for other bytes';

CREATE FUNCTION auc_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_auc_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION auc_final(internal) IS
	'aggregate support: auc of the customers counted; says nothing new to the state';

CREATE FUNCTION gini_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_gini_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION gini_final(internal) IS
	'aggregate support: gini of the customers counted; says nothing new to the state';

CREATE FUNCTION brier_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_brier_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION brier_final(internal) IS
	'aggregate support: brier of the customers counted; says nothing new to the state';

CREATE FUNCTION log_loss_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_log_loss_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION log_loss_final(internal) IS
	'aggregate support: log_loss of the customers counted; says nothing new to the state';

CREATE FUNCTION lift_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_lift_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION lift_final(internal) IS
	'aggregate support: lift of the customers counted; says nothing new to the state';

CREATE FUNCTION calibration_final(internal) RETURNS calibration_bin[]
	AS 'MODULE_PATHNAME', 'retention_calibration_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION calibration_final(internal) IS
	'aggregate support: calibration of the customers counted; says nothing new to the state';

CREATE AGGREGATE auc(score double precision, outcome boolean) (
	SFUNC = evaluation_score,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = auc_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE auc(double precision, boolean) IS
	'how well a score tells customers with an outcome from those without: the probability that one with it has the higher score, ties counting half (area under the ROC curve; Hanley and McNeil 1982). 1 is perfect, 0.5 a coin, below 0.5 the score points the other way. score: any finite number, a probability or not, else error 22003; outcome: what happened afterwards. NULL unless there are customers with the outcome and without. Rows with a NULL are skipped. Exact counts by score and outcome are kept until the end, so the order of rows and the number of workers change no digit. Memory: 32 to 64 bytes for each distinct pair, whatever work_mem says; 54000 past 67 million.';

CREATE AGGREGATE auc(score double precision, outcome boolean, weight bigint) (
	SFUNC = evaluation_score,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = auc_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE auc(double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE gini(score double precision, outcome boolean) (
	SFUNC = evaluation_score,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = gini_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gini(double precision, boolean) IS
	'2 auc(score, outcome) - 1: 1 is perfect, 0 a coin, below 0 the score points the other way (accuracy ratio, Somers 1962). NULL and errors as auc';

CREATE AGGREGATE gini(score double precision, outcome boolean, weight bigint) (
	SFUNC = evaluation_score,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = gini_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE gini(double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE brier(probability double precision, outcome boolean) (
	SFUNC = evaluation_probability,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = brier_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier(double precision, boolean) IS
	'mean of (probability - outcome)^2 with outcome 1 or 0 (Brier 1950): 0 is perfect, 0.25 what saying 0.5 of everybody gives; to be compared with that of the plain share, p (1 - p). Error 22003 for a probability outside 0..1. NULL without customers. Rows with a NULL are skipped. Exact counts by score and outcome are kept until the end, so the order of rows and the number of workers change no digit. Memory: 32 to 64 bytes for each distinct pair, whatever work_mem says; 54000 past 67 million.';

CREATE AGGREGATE brier(probability double precision, outcome boolean, weight bigint) (
	SFUNC = evaluation_probability,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = brier_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier(double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE log_loss(probability double precision, outcome boolean) (
	SFUNC = evaluation_probability,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = log_loss_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(double precision, boolean) IS
	'mean of -ln(probability of what happened), the probability being that the outcome is true (Good 1952): 0 is perfect, 0.693 what saying 0.5 of everybody gives. Error 22003 for a probability outside 0..1, and where it would be infinite, since a customer of probability 0 or 1 did otherwise. NULL without customers. Rows with a NULL are skipped. Exact counts by score and outcome are kept until the end, so the order of rows and the number of workers change no digit. Memory: 32 to 64 bytes for each distinct pair, whatever work_mem says; 54000 past 67 million.';

CREATE AGGREGATE log_loss(probability double precision, outcome boolean, weight bigint) (
	SFUNC = evaluation_probability,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = log_loss_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(double precision, boolean, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE lift(score double precision, outcome boolean, share double precision) (
	SFUNC = evaluation_share,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = lift_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lift(double precision, boolean, double precision) IS
	'how many times as often as among all customers the outcome happened among those with the highest scores: 3 with share 0.1 says that the tenth with the highest scores holds three tenths of all outcomes. share: part of the customers to look at, above 0 (22003) and at most 1, one for the group (22023; 22004 when NULL). Customers who tie at the border count in part, as if drawn at random. NULL when nobody has the outcome; error 22003 for a score that is not finite. Rows with a NULL are skipped. Exact counts by score and outcome are kept until the end, so the order of rows and the number of workers change no digit. Memory: 32 to 64 bytes for each distinct pair, whatever work_mem says; 54000 past 67 million.';

CREATE AGGREGATE lift(score double precision, outcome boolean, share double precision, weight bigint) (
	SFUNC = evaluation_share,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = lift_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE lift(double precision, boolean, double precision, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE calibration(probability double precision, outcome boolean, bins integer) (
	SFUNC = evaluation_bins,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = calibration_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE calibration(double precision, boolean, integer) IS
	'do predicted probabilities come true? Customers in order of probability are cut into bins parts of equal size, customers who tie staying together in that of the first of them; an array of calibration_bin, ascending, without empty parts: SELECT * FROM unnest((SELECT calibration(p, outcome, 10) FROM t)). Well calibrated, predicted lies between observed_low and observed_high in most of them. bins: 1 to 1000 (22023), one for the group (22023; 22004 when NULL). Error 22003 for a probability outside 0..1. NULL without customers. Rows with a NULL are skipped. Exact counts by score and outcome are kept until the end, so the order of rows and the number of workers change no digit. Memory: 32 to 64 bytes for each distinct pair, whatever work_mem says; 54000 past 67 million.';

CREATE AGGREGATE calibration(probability double precision, outcome boolean, bins integer, weight bigint) (
	SFUNC = evaluation_bins,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = calibration_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = evaluation_combine,
	SERIALFUNC = evaluation_serialize,
	DESERIALFUNC = evaluation_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE calibration(double precision, boolean, integer, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

-- ----------------------------------------------------------------
-- 18. journey
-- ----------------------------------------------------------------

CREATE TYPE journey;

CREATE FUNCTION journey_in(cstring) RETURNS journey
	AS 'MODULE_PATHNAME', 'retention_journey_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION journey_in(cstring) IS
	'input of journey: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION journey_out(journey) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_journey_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION journey_out(journey) IS
	'output of journey: canonical JSON without loss, the silence in ISO 8601, times in seconds';

CREATE FUNCTION journey_recv(internal) RETURNS journey
	AS 'MODULE_PATHNAME', 'retention_journey_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION journey_recv(internal) IS
	'binary input of journey; every field and sum is checked, error 22P03';

CREATE FUNCTION journey_send(journey) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_send(journey) IS
	'binary output of journey, version 1: the stored bytes, the same on every machine';

CREATE TYPE journey (
	INPUT = journey_in,
	OUTPUT = journey_out,
	RECEIVE = journey_recv,
	SEND = journey_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE journey IS
	'the ways of customers from place to place, storable and additive: per step how many moved from each place to each other, and how long each took, exactly; made by the aggregate journey, added up by rollup, read by journey_edges, drawn by journey_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION journey_eq(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_eq(journey, journey) IS
	'implementation of the = operator';

CREATE FUNCTION journey_ne(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_ne(journey, journey) IS
	'implementation of the <> operator';

CREATE FUNCTION journey_lt(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_lt(journey, journey) IS
	'implementation of the < operator';

CREATE FUNCTION journey_le(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_le(journey, journey) IS
	'implementation of the <= operator';

CREATE FUNCTION journey_gt(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_gt(journey, journey) IS
	'implementation of the > operator';

CREATE FUNCTION journey_ge(journey, journey) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_ge(journey, journey) IS
	'implementation of the >= operator';

CREATE FUNCTION journey_cmp(journey, journey) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_cmp(journey, journey) IS
	'below, at or above 0 as the first journey sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION journey_hash(journey) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_hash(journey) IS
	'hash of a journey';

CREATE FUNCTION journey_hash_extended(journey, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION journey_hash_extended(journey, bigint) IS
	'64-bit hash of a journey with a seed';

CREATE OPERATOR = (
	FUNCTION = journey_eq,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (journey, journey) IS
	'equal: same silence, time zone and numbers';

CREATE OPERATOR <> (
	FUNCTION = journey_ne,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (journey, journey) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = journey_lt,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (journey, journey) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = journey_le,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (journey, journey) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = journey_gt,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (journey, journey) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = journey_ge,
	LEFTARG = journey,
	RIGHTARG = journey,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (journey, journey) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS journey_ops
	DEFAULT FOR TYPE journey USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 journey_cmp(journey, journey);
COMMENT ON OPERATOR CLASS journey_ops USING btree IS
	'order of journeys, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY journey_ops USING btree IS
	'order of journeys, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS journey_ops
	DEFAULT FOR TYPE journey USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 journey_hash(journey),
	FUNCTION 2 journey_hash_extended(journey, bigint);
COMMENT ON OPERATOR CLASS journey_ops USING hash IS
	'hashing of journeys, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY journey_ops USING hash IS
	'hashing of journeys, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION journey_to_json(journey) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_journey_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION journey_to_json(journey) IS
	'a journey as json, the object its text is';

CREATE CAST (journey AS json)
	WITH FUNCTION journey_to_json(journey);
COMMENT ON CAST (journey AS json) IS
	'the journey as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION journey_to_jsonb(journey) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_journey_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION journey_to_jsonb(journey) IS
	'a journey as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (journey AS jsonb)
	WITH FUNCTION journey_to_jsonb(journey);
COMMENT ON CAST (journey AS jsonb) IS
	'the journey as a jsonb object, so that to_jsonb() nests it';

-- aggregates over rows

CREATE FUNCTION journey_transition(internal, "any", "any", text, interval) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_journey_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_transition(internal, "any", "any", text, interval) IS
	'aggregate support: takes a row (customer, at, place, within) into those of its group; STABLE because a silence of days may be counted in the session time zone';

CREATE FUNCTION journey_transition(internal, "any", "any", text, interval, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_journey_transition'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_transition(internal, "any", "any", text, interval, text) IS
	'aggregate support: takes a row (customer, at, place, within, start_place) into those of its group; STABLE because a silence of days may be counted in the session time zone';

CREATE FUNCTION journey_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_journey_deserialize'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION journey_deserialize(bytea, internal) IS
	'aggregate support: reads the packed rows of a parallel worker; error 22P03 when they are damaged';

CREATE FUNCTION journey_final(internal) RETURNS journey
	AS 'MODULE_PATHNAME', 'retention_journey_final'
	LANGUAGE C STABLE PARALLEL SAFE;
COMMENT ON FUNCTION journey_final(internal) IS
	'aggregate support: folds the rows of a group into a journey; NULL when nobody has a way; leaves the state as it is';

CREATE AGGREGATE journey(customer "any", at "any", place text, within interval) (
	SFUNC = journey_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = journey_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = journey_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey("any", "any", text, interval) IS
	'the ways of all customers from place to place: a customer has one way, from the first row on, in order of time (at one instant of the bytes of the places); a row at the place of the one before is no move; a silence of more than within ends the way, and of a longer one the first 50 places are followed. customer: any hashable type, such as ROW(customer, session) for a way of each session; at: date, timestamp or timestamptz; place: a page, screen, stage, told apart by its bytes, at most 1,024 of them (54000); a row with a NULL customer, time or place is skipped. The silence ends at at + within, inclusive: days, months and years on the local clock (of a timestamptz in the session''s time zone, which is recorded), hours and shorter as elapsed time. within must be constant in a group and not negative (22023) and not NULL (22004); more than 10,000 places are error 54000, an infinite time 22008. NULL when there is no row';

CREATE AGGREGATE journey(customer "any", at "any", place text, within interval, start_place text) (
	SFUNC = journey_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = journey_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = ledger_combine,
	SERIALFUNC = ledger_serialize,
	DESERIALFUNC = journey_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE journey("any", "any", text, interval, text) IS
	'the ways of the customers who come to start_place, from their first row there on; NULL when nobody does. start_place must be constant in a group (22023) and not NULL (22004). All else as in journey(customer, at, place, within)';

-- rollup

CREATE FUNCTION journey_merge(journey, journey) RETURNS journey
	AS 'MODULE_PATHNAME', 'retention_journey_merge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION journey_merge(journey, journey) IS
	'the sum of two journeys of disjoint customers, times from place to place included; error 22023 when silence or time zone differ, 22003 when a sum overflows, 54000 past 10,000 places';

CREATE AGGREGATE rollup(journey) (
	SFUNC = journey_merge,
	STYPE = journey,
	COMBINEFUNC = journey_merge,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(journey) IS
	'adds up journeys of disjoint customers (channels, campaigns, shards) of one silence and time zone, exactly, medians included; NULLs are skipped, no rows give NULL; error 22023 when silence or zone differ';

-- readers

CREATE FUNCTION journey_edges(
	journey journey, top integer DEFAULT NULL,
	OUT step integer, OUT from_place text, OUT to_place text, OUT customers bigint,
	OUT share double precision, OUT median_time double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_journey_edges'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION journey_edges(journey, integer) IS
	'one row for every move: from the place that was the way''s first, second, ... (step) to the next one; customers who moved so, share, the fraction of the customers who were at some place at that step, and median_time, the median of the days from coming to from_place to coming to to_place. A row without to_place is where ways ended, and has no time; so the shares of a step add up to 1. What comes after the 50th place is not followed. By step, the most customers first. top: so many places of each step, the most visited, keep their names, the rest is one place called ''other''; NULL: all do; below 1 it is error 22003. NULL journey: no rows';

-- pictures

CREATE FUNCTION journey_text(
	journey journey, top integer DEFAULT 5, width integer DEFAULT 120, ascii boolean DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_journey_text'
	LANGUAGE C STABLE PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION journey_text(journey, integer, integer, boolean) IS
	'the journey for psql, one row per line: per step the moves and where ways end, the customers, their percentage of the step as a number and a bar, and the median time (d days, h hours, m minutes, s seconds); the rows of journey_edges(journey, top), 1 to 40, and a line says what is left out; names are cut to 20 columns. NULL journey: no rows. width: columns at most, 80 to 1,000 (error 22023 else), NULL: 120; what does not fit is left out, shortened or goes on in the next line. ascii: no block characters; NULL: none where the encoding of the client or the database is not UTF-8';

-- ----------------------------------------------------------------
-- 19. comparisons: is the difference real?
-- ----------------------------------------------------------------

CREATE FUNCTION compare_retention(
	a cohort_matrix, b cohort_matrix, as_of date DEFAULT NULL,
	OUT age integer,
	OUT a_customers bigint, OUT a_active bigint, OUT a_retention double precision,
	OUT b_customers bigint, OUT b_active bigint, OUT b_retention double precision,
	OUT difference double precision, OUT low double precision, OUT high double precision,
	OUT p_value double precision, OUT p_adjusted double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_compare_retention'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 20;
COMMENT ON FUNCTION compare_retention(cohort_matrix, cohort_matrix, date) IS
	'do two groups of disjoint customers stay alike? One row per age at which a cohort of either is complete, as in retention_curve(matrix, as_of), from which customers, active and retention of both are. difference is retention of a less that of b, low and high its 95 % bounds (Newcombe 1998, hybrid score, method 10); p_value the probability of a difference at least so large, either way, if both stay alike (z with pooled variance, without continuity correction, an approximation for many customers); p_adjusted the same for all ages looked at (Holm 1979): below 0.05 at any age the two differ. Both are NULL where the rates cannot differ, all or none being active, as at age 0 without started_at, and such ages do not count in p_adjusted; all five are NULL at an age that one has not. A NULL matrix: no rows. Errors: 22023 for recurring matrices, for other grains (zones apart), and for ranges beside events or started_at beside none; 22008 for an infinite as_of; 54000 for more than a million ages';

CREATE FUNCTION compare_retention(
	matrices cohort_matrix[], age integer, as_of date DEFAULT NULL,
	OUT chi_square double precision, OUT degrees_of_freedom integer,
	OUT p_value double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_compare_retention_all'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION compare_retention(cohort_matrix[], integer, date) IS
	'do several groups of disjoint customers stay alike at one age? Pearson''s chi-square of who is active and who is not, over the groups that have the age; p_value is the probability of one so large if they do, an approximation for expected numbers of 5 and more. Of two groups it is that of compare_retention(a, b). NULL matrices are left out; NULL when fewer than two groups are left or all or none of their customers are active, and for a NULL age. Errors as in compare_retention(a, b, as_of)';

CREATE FUNCTION compare_funnels(
	a funnel, b funnel,
	OUT step integer,
	OUT a_entered bigint, OUT a_customers bigint, OUT a_rate double precision,
	OUT b_entered bigint, OUT b_customers bigint, OUT b_rate double precision,
	OUT difference double precision, OUT low double precision, OUT high double precision,
	OUT p_value double precision, OUT p_adjusted double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_compare_funnels'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION compare_funnels(funnel, funnel) IS
	'do two groups of disjoint customers get as far? One row per step of either: customers who reached it, of those who entered, that is reached step 1, and the rate. difference is the rate of a less that of b, low and high its 95 % bounds, p_value and p_adjusted as in compare_retention; NULL where the rates cannot differ, as at step 1, and where nobody entered. A NULL funnel: no rows. Error 22023 for different windows or modes';

CREATE FUNCTION share_difference_transition(bytea, boolean, boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_difference_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_transition(bytea, boolean, boolean) IS
	'aggregate support: takes in a condition and who is in group b';

CREATE FUNCTION share_difference_transition(bytea, boolean, boolean, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_difference_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_transition(bytea, boolean, boolean, double precision) IS
	'aggregate support: takes in a condition and who is in group b, with the confidence';

CREATE FUNCTION share_difference_inverse(bytea, boolean, boolean) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_difference_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_inverse(bytea, boolean, boolean) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION share_difference_inverse(bytea, boolean, boolean, double precision) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_share_difference_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_inverse(bytea, boolean, boolean, double precision) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION share_difference_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_difference_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_final(bytea) IS
	'aggregate support: the difference';

CREATE FUNCTION share_difference_low_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_difference_low_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_low_final(bytea) IS
	'aggregate support: the lower bound of the difference';

CREATE FUNCTION share_difference_high_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_difference_high_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_high_final(bytea) IS
	'aggregate support: the upper bound of the difference';

CREATE FUNCTION share_difference_p_final(bytea) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_difference_p_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_difference_p_final(bytea) IS
	'aggregate support: the probability of such a difference by chance';

CREATE AGGREGATE share_difference(value boolean, group_b boolean) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference(boolean, boolean) IS
	'difference of two shares, a fraction from -1 to 1: that of the rows with group_b for which value is true, less that of the other rows; rows with a NULL in either are skipped, NULL when one of the groups has no row';

CREATE AGGREGATE share_difference_low(value boolean, group_b boolean) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference_low(boolean, boolean) IS
	'lower 95 % confidence bound of share_difference(value, group_b) (Newcombe 1998, hybrid score, method 10); rows with a NULL in either are skipped, NULL when one of the groups has no row';

CREATE AGGREGATE share_difference_low(value boolean, group_b boolean, confidence double precision) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference_low(boolean, boolean, double precision) IS
	'lower confidence bound of share_difference(value, group_b) (Newcombe 1998, hybrid score, method 10); confidence, such as 0.9, is that of both bounds together and one for the group; rows with a NULL in either are skipped, NULL when one of the groups has no row. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE AGGREGATE share_difference_high(value boolean, group_b boolean) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference_high(boolean, boolean) IS
	'upper 95 % confidence bound of share_difference(value, group_b) (Newcombe 1998, hybrid score, method 10); rows with a NULL in either are skipped, NULL when one of the groups has no row';

CREATE AGGREGATE share_difference_high(value boolean, group_b boolean, confidence double precision) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference_high(boolean, boolean, double precision) IS
	'upper confidence bound of share_difference(value, group_b) (Newcombe 1998, hybrid score, method 10); confidence, such as 0.9, is that of both bounds together and one for the group; rows with a NULL in either are skipped, NULL when one of the groups has no row. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE AGGREGATE share_difference_p(value boolean, group_b boolean) (
	SFUNC = share_difference_transition,
	STYPE = bytea,
	SSPACE = 144,
	FINALFUNC = share_difference_p_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	MSFUNC = share_difference_transition,
	MINVFUNC = share_difference_inverse,
	MSTYPE = bytea,
	MSSPACE = 144,
	MFINALFUNC = share_difference_p_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_difference_p(boolean, boolean) IS
	'probability of a share_difference(value, group_b) at least so large, either way, if there is none: z with pooled variance, without continuity correction, an approximation for many rows; rows with a NULL in either are skipped, NULL when one of the groups has no row, and when value is true of all rows or of none';

-- touches

CREATE FUNCTION touch_credit(touched_at date, converted_at date, rule text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_touch_credit'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION touch_credit(date, date, text) IS
	'which share of a conversion a touch has earned, numeric, from 0 to 1 in six decimals; a window function, OVER (PARTITION BY customer), over rows of touches, each beside a conversion of the customer. Conversions are told apart by converted_at, and the touches of each that came no later share it by the rule: ''first'', ''last'', ''linear'' (equally), ''position'' (40 % to the first and to the last, 20 % to those between; of two half each), ''time decay 7 days'' (half as much for each half-life before the last touch; seconds to weeks). ''linear, within 30 days'' counts touches whose window, from the touch on, holds the conversion. Touches at one time are in the order of the window''s ORDER BY. Credits are cut off after six decimals and the last touch takes what is left, so that they add up to 1; a touch after the conversion or before the window gets 0, and so does one without either time; without a touch in time all are 0. Sums of them are the customers of cac(cost, customers). Errors: 22023 for words that are no rule, a half-life with months, and a rule that changes within a partition, 22004 when it is NULL, 22008 for an infinite time, 54000 for a partition of more than a million rows';

CREATE FUNCTION touch_credit(touched_at timestamp without time zone, converted_at timestamp without time zone, rule text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_touch_credit'
	LANGUAGE C WINDOW IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION touch_credit(timestamp without time zone, timestamp without time zone, text) IS
	'which share of a conversion a touch has earned, as touch_credit(date, date, text) has it, by instants';

CREATE FUNCTION touch_credit(touched_at timestamp with time zone, converted_at timestamp with time zone, rule text) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_touch_credit'
	LANGUAGE C WINDOW STABLE PARALLEL SAFE;
COMMENT ON FUNCTION touch_credit(timestamp with time zone, timestamp with time zone, text) IS
	'which share of a conversion a touch has earned, as touch_credit(date, date, text) has it, by instants, days and longer being counted on the local clock of the session';

-- ----------------------------------------------------------------
-- 20. signals: which early traits go with staying or leaving
-- ----------------------------------------------------------------

CREATE TYPE signals;

CREATE FUNCTION signals_in(cstring) RETURNS signals
	AS 'MODULE_PATHNAME', 'retention_signals_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION signals_in(cstring) IS
	'input of signals: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION signals_out(signals) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_signals_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION signals_out(signals) IS
	'output of signals: canonical JSON without loss, numbers in as many digits as they need whatever extra_float_digits says';

CREATE FUNCTION signals_recv(internal) RETURNS signals
	AS 'MODULE_PATHNAME', 'retention_signals_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION signals_recv(internal) IS
	'binary input of signals; every field is checked, error 22P03';

CREATE FUNCTION signals_send(signals) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_send(signals) IS
	'binary output of signals, version 1: the stored bytes, the same on every machine whose database has the same encoding';

CREATE TYPE signals (
	INPUT = signals_in,
	OUTPUT = signals_out,
	RECEIVE = signals_recv,
	SEND = signals_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE signals IS
	'of the customers with each trait, how many had the outcome: exact counts by covariate and value, for all covariates at once, storable and additive; made by the aggregate signals, added up by rollup, read by signal_rows';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION signals_eq(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_eq(signals, signals) IS
	'implementation of the = operator';

CREATE FUNCTION signals_ne(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_ne(signals, signals) IS
	'implementation of the <> operator';

CREATE FUNCTION signals_lt(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_lt(signals, signals) IS
	'implementation of the < operator';

CREATE FUNCTION signals_le(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_le(signals, signals) IS
	'implementation of the <= operator';

CREATE FUNCTION signals_gt(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_gt(signals, signals) IS
	'implementation of the > operator';

CREATE FUNCTION signals_ge(signals, signals) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_ge(signals, signals) IS
	'implementation of the >= operator';

CREATE FUNCTION signals_cmp(signals, signals) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_cmp(signals, signals) IS
	'below, at or above 0 as the first signals sort before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION signals_hash(signals) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_hash(signals) IS
	'hash of signals';

CREATE FUNCTION signals_hash_extended(signals, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION signals_hash_extended(signals, bigint) IS
	'64-bit hash of signals with a seed';

CREATE OPERATOR = (
	FUNCTION = signals_eq,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (signals, signals) IS
	'equal: same customers, covariates, values and counts';

CREATE OPERATOR <> (
	FUNCTION = signals_ne,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (signals, signals) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = signals_lt,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (signals, signals) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = signals_le,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (signals, signals) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = signals_gt,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (signals, signals) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = signals_ge,
	LEFTARG = signals,
	RIGHTARG = signals,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (signals, signals) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS signals_ops
	DEFAULT FOR TYPE signals USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 signals_cmp(signals, signals);
COMMENT ON OPERATOR CLASS signals_ops USING btree IS
	'order of signals, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY signals_ops USING btree IS
	'order of signals, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS signals_ops
	DEFAULT FOR TYPE signals USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 signals_hash(signals),
	FUNCTION 2 signals_hash_extended(signals, bigint);
COMMENT ON OPERATOR CLASS signals_ops USING hash IS
	'hashing of signals, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY signals_ops USING hash IS
	'hashing of signals, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION signals_to_json(signals) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_signals_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION signals_to_json(signals) IS
	'signals as json, the object their text is';

CREATE CAST (signals AS json)
	WITH FUNCTION signals_to_json(signals);
COMMENT ON CAST (signals AS json) IS
	'the signals as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION signals_to_jsonb(signals) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_signals_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION signals_to_jsonb(signals) IS
	'signals as jsonb, the object their text is; error 54000 when they are larger than a jsonb can be';

CREATE CAST (signals AS jsonb)
	WITH FUNCTION signals_to_jsonb(signals);
COMMENT ON CAST (signals AS jsonb) IS
	'the signals as a jsonb object, so that to_jsonb() nests it';

-- signals aggregates

CREATE FUNCTION signals_transition(internal, boolean, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_signals_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION signals_transition(internal, boolean, jsonb) IS
	'aggregate support: counts a customer by outcome and traits';

CREATE FUNCTION signals_rollup(internal, signals) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_signals_rollup'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION signals_rollup(internal, signals) IS
	'aggregate support: adds signals to those of their group';

CREATE FUNCTION signals_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_signals_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION signals_combine(internal, internal) IS
	'aggregate support: adds the counts of one worker to those of another';

CREATE FUNCTION signals_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_signals_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION signals_serialize(internal) IS
	'aggregate support: packs the counts of a worker; error 54000 past 1 GB';

CREATE FUNCTION signals_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_signals_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION signals_deserialize(bytea, internal) IS
	'aggregate support: unpacks the counts of a worker; every field is checked, error 22P03';

CREATE FUNCTION signals_final(internal) RETURNS signals
	AS 'MODULE_PATHNAME', 'retention_signals_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION signals_final(internal) IS
	'aggregate support: the signals of the customers counted, NULL when there are none; says nothing new to the state';

CREATE AGGREGATE signals(outcome boolean, covariates jsonb) (
	SFUNC = signals_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = signals_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = signals_combine,
	SERIALFUNC = signals_serialize,
	DESERIALFUNC = signals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE signals(boolean, jsonb) IS
	'which traits go with an outcome, one row a customer. outcome: for example still active in the third month; covariates: an object of what was known of the customer before, numbers, booleans and texts by name, as jsonb_object_agg(action, n) makes of the events of the first days. A missing key is 0 for a number, false for a boolean, and a level of its own for a text; JSON null (not known) leaves the customer out of that covariate. Rows with a NULL argument are skipped, no rows give NULL. Exact whatever the order of rows or the number of workers, and so is rollup: numbers are counted one by one as long as a covariate has 1,024 different ones, beyond that on the finest of a series of nested grids that leaves so many. Memory: up to 48 bytes for each covariate and different value, and the texts, whatever work_mem says. Errors: 22023 for covariates that are no object, an array or an object in them, a covariate that is a number for some and a text or a boolean for others, names and texts of more than 255 bytes; 22003 for numbers past double precision; 54000 for more than 1,000 covariates, or 10,000 different texts of one. Read it with signal_rows';

CREATE AGGREGATE rollup(signals) (
	SFUNC = signals_rollup,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = signals_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = signals_combine,
	SERIALFUNC = signals_serialize,
	DESERIALFUNC = signals_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(signals) IS
	'adds up signals of disjoint customers (months, countries, shards), exactly: the signals of all their rows; a covariate that one part lacks is a missing key of all its customers; NULLs are skipped, no rows give NULL; error 22003 for more than 2^63 - 1 customers, 22023 and 54000 as signals has them';

CREATE FUNCTION signal_rows(
	signals signals, confidence double precision DEFAULT 0.95,
	OUT covariate text, OUT level text, OUT at_least double precision,
	OUT customers_with bigint, OUT rate_with double precision,
	OUT customers_without bigint, OUT rate_without double precision,
	OUT difference double precision, OUT low double precision,
	OUT high double precision, OUT phi double precision,
	OUT p_value double precision, OUT adjusted double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_signal_rows'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 50;
COMMENT ON FUNCTION signal_rows(signals, double precision) IS
	'one row for each trait, the one least likely by chance first: those who have it compared with those who have not. A number is a trait by each threshold, at_least: every different value but the least where there are 20 at most (missing keys count as 0), else 20 quantiles of those above the least, the first of which is the least value above it; a boolean is one, level true; each text is one, level, NULL standing for those who lack the key: the 200 with the most customers, the rest (and a text of that name) as other. customers_with and customers_without: those who have the trait and those who have not, of whom it is known; rate_with, rate_without: the share of each with the outcome; difference: the first less the second, with low and high from Newcombe''s hybrid score interval (1998, method 10); phi: correlation of trait and outcome, -1 to 1; p_value: of the chi-square without correction of continuity, n phi^2 with one degree of freedom; adjusted: the same after Holm (1979) for all rows together, so that of many idle traits none looks busy by chance. phi, p_value and adjusted are NULL where all had the outcome or none. A trait of all or of nobody has no row. That a trait goes with an outcome does not say that it causes it. No rows for a NULL; error 22003 unless confidence is above 0 and below 1';

-- ----------------------------------------------------------------
-- 21. hazard_model: who leaves sooner
-- ----------------------------------------------------------------

CREATE TYPE hazard_model;

CREATE FUNCTION hazard_model_in(cstring) RETURNS hazard_model
	AS 'MODULE_PATHNAME', 'retention_hazard_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION hazard_model_in(cstring) IS
	'input of hazard_model: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION hazard_model_out(hazard_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_hazard_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION hazard_model_out(hazard_model) IS
	'output of hazard_model: canonical JSON without loss, numbers in as many digits as they need whatever extra_float_digits says';

CREATE FUNCTION hazard_model_recv(internal) RETURNS hazard_model
	AS 'MODULE_PATHNAME', 'retention_hazard_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION hazard_model_recv(internal) IS
	'binary input of hazard_model; every field is checked, error 22P03';

CREATE FUNCTION hazard_model_send(hazard_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_send(hazard_model) IS
	'binary output of hazard_model, version 1: the stored bytes, the same on every machine whose database has the same encoding';

CREATE TYPE hazard_model (
	INPUT = hazard_model_in,
	OUTPUT = hazard_model_out,
	RECEIVE = hazard_model_recv,
	SEND = hazard_model_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE hazard_model IS
	'a Cox regression of how long customers stay, fitted: for each covariate how it multiplies the rate at which customers leave, with what is needed to tell the survival of a customer; made by the aggregate hazard_model, read by hazard_ratios, model_fit, proportional_hazards_test, relative_risk and survival';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION hazard_model_eq(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_eq(hazard_model, hazard_model) IS
	'implementation of the = operator';

CREATE FUNCTION hazard_model_ne(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_ne(hazard_model, hazard_model) IS
	'implementation of the <> operator';

CREATE FUNCTION hazard_model_lt(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_lt(hazard_model, hazard_model) IS
	'implementation of the < operator';

CREATE FUNCTION hazard_model_le(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_le(hazard_model, hazard_model) IS
	'implementation of the <= operator';

CREATE FUNCTION hazard_model_gt(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_gt(hazard_model, hazard_model) IS
	'implementation of the > operator';

CREATE FUNCTION hazard_model_ge(hazard_model, hazard_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_ge(hazard_model, hazard_model) IS
	'implementation of the >= operator';

CREATE FUNCTION hazard_model_cmp(hazard_model, hazard_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_cmp(hazard_model, hazard_model) IS
	'below, at or above 0 as the first hazard_model sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION hazard_model_hash(hazard_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_hash(hazard_model) IS
	'hash of a hazard_model';

CREATE FUNCTION hazard_model_hash_extended(hazard_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION hazard_model_hash_extended(hazard_model, bigint) IS
	'64-bit hash of a hazard_model with a seed';

CREATE OPERATOR = (
	FUNCTION = hazard_model_eq,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (hazard_model, hazard_model) IS
	'equal: same terms, numbers and strata';

CREATE OPERATOR <> (
	FUNCTION = hazard_model_ne,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (hazard_model, hazard_model) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = hazard_model_lt,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (hazard_model, hazard_model) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = hazard_model_le,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (hazard_model, hazard_model) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = hazard_model_gt,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (hazard_model, hazard_model) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = hazard_model_ge,
	LEFTARG = hazard_model,
	RIGHTARG = hazard_model,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (hazard_model, hazard_model) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS hazard_model_ops
	DEFAULT FOR TYPE hazard_model USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 hazard_model_cmp(hazard_model, hazard_model);
COMMENT ON OPERATOR CLASS hazard_model_ops USING btree IS
	'order of hazard_models, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY hazard_model_ops USING btree IS
	'order of hazard_models, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS hazard_model_ops
	DEFAULT FOR TYPE hazard_model USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 hazard_model_hash(hazard_model),
	FUNCTION 2 hazard_model_hash_extended(hazard_model, bigint);
COMMENT ON OPERATOR CLASS hazard_model_ops USING hash IS
	'hashing of hazard_models, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY hazard_model_ops USING hash IS
	'hashing of hazard_models, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION hazard_model_to_json(hazard_model) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_hazard_model_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION hazard_model_to_json(hazard_model) IS
	'a hazard_model as json, the object its text is';

CREATE CAST (hazard_model AS json)
	WITH FUNCTION hazard_model_to_json(hazard_model);
COMMENT ON CAST (hazard_model AS json) IS
	'the hazard_model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION hazard_model_to_jsonb(hazard_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_hazard_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION hazard_model_to_jsonb(hazard_model) IS
	'a hazard_model as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (hazard_model AS jsonb)
	WITH FUNCTION hazard_model_to_jsonb(hazard_model);
COMMENT ON CAST (hazard_model AS jsonb) IS
	'the hazard_model as a jsonb object, so that to_jsonb() nests it';

-- hazard_model aggregates

CREATE FUNCTION hazard_model_transition(internal, double precision, boolean, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_hazard_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_transition(internal, double precision, boolean, jsonb) IS
	'aggregate support: takes a customer';

CREATE FUNCTION hazard_model_transition(internal, double precision, boolean, jsonb, jsonb) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_hazard_model_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_transition(internal, double precision, boolean, jsonb, jsonb) IS
	'aggregate support: takes a customer, some of whose covariates are options';

CREATE FUNCTION hazard_model_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_hazard_model_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_combine(internal, internal) IS
	'aggregate support: puts the customers of one worker to those of another';

CREATE FUNCTION hazard_model_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_hazard_model_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_serialize(internal) IS
	'aggregate support: packs the customers of a worker; error 54000 past 1 GB';

CREATE FUNCTION hazard_model_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_hazard_model_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_deserialize(bytea, internal) IS
	'aggregate support: unpacks the customers of a worker; every field is checked, error 22P03';

CREATE FUNCTION hazard_model_final(internal) RETURNS hazard_model
	AS 'MODULE_PATHNAME', 'retention_hazard_model_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION hazard_model_final(internal) IS
	'aggregate support: fits the model, NULL when there are no rows; says nothing new to the state';

CREATE AGGREGATE hazard_model(duration double precision, churned boolean, covariates jsonb) (
	SFUNC = hazard_model_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = hazard_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = hazard_model_combine,
	SERIALFUNC = hazard_model_serialize,
	DESERIALFUNC = hazard_model_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE hazard_model(double precision, boolean, jsonb) IS
	'Cox regression (Cox 1972; ties by Efron 1977), one row a customer: how much sooner or later customers leave who have a covariate, the others being the same. duration: time from start to churn, or to when the customer was last seen, 0 or above; churned: left then; covariates: an object, the same keys in all rows: numbers as they are, booleans as 0 and 1, texts each against the most frequent one (of several the first by bytes). A NULL, or a null among the covariates, leaves the row out, which is counted. Rows are put in one order before anything is summed, so neither their order nor workers change a byte. No rows give NULL. Memory: about 40 bytes and 16 for each covariate for each row, whatever work_mem says; time: a few walks over the rows. A term that follows from others (collinear), never varies (constant), or tells those who churn from all others, so that its coefficient has no end (separated), is named by model_fit and has no coefficient. Errors: 22003 for a duration that is negative, infinite or NaN; 22023 for different keys, values of two kinds, arrays and objects, when nobody churned or all rows are left out; 54000 for more than 200 texts of a covariate, 1,000 terms, 2^30 rows. Models of parts cannot be added up. As coxph of R survival';

CREATE AGGREGATE hazard_model(duration double precision, churned boolean, covariates jsonb, options jsonb) (
	SFUNC = hazard_model_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = hazard_model_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = hazard_model_combine,
	SERIALFUNC = hazard_model_serialize,
	DESERIALFUNC = hazard_model_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE hazard_model(double precision, boolean, jsonb, jsonb) IS
	'the same with options, an object that names keys of the covariates: {"entered": "e", "strata": "plan", "weight": "n"}, each of which may be left out. entered: the age at which observation of the customer began (late entry, left truncation), below the duration; strata: customers are compared within a value of it only, each having a rate of its own; weight: a whole number of customers that a row stands for, as case weights of coxph: but for ties the same as rows repeated; of weight 0 a row is skipped. Options must be the same for all rows of a group, error 22023, as are other options and names that the covariates lack; NULL is error 22004; 22003 for a weight that is no whole number; 54000 for more than 10,000 strata';

-- readers

CREATE FUNCTION hazard_ratios(
	model hazard_model, confidence double precision DEFAULT 0.95,
	OUT covariate text, OUT level text, OUT coefficient double precision,
	OUT std_error double precision, OUT ratio double precision,
	OUT low double precision, OUT high double precision,
	OUT z double precision, OUT p_value double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_hazard_ratios'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100 ROWS 10;
COMMENT ON FUNCTION hazard_ratios(hazard_model, double precision) IS
	'one row for each term, by covariate, then by level: covariate; level of a text (compared with the most frequent one, which has no row), else NULL; coefficient and its std_error; ratio, exp(coefficient): how many times as fast customers leave for one more of a number, for true against false, for the level against the most frequent; low and high: bounds of the ratio, exp(coefficient -+ z std_error); z, coefficient / std_error, and its two-sided p_value (Wald). All NULL for a term that is collinear, constant or separated, see model_fit. That customers with a covariate leave sooner does not say that it makes them leave. No rows for a NULL; error 22003 unless confidence is above 0 and below 1';

CREATE FUNCTION model_fit(
	model hazard_model,
	OUT status text, OUT problems text, OUT rows bigint, OUT left_out bigint,
	OUT events bigint, OUT iterations integer,
	OUT log_likelihood_null double precision, OUT log_likelihood double precision,
	OUT degrees_of_freedom integer,
	OUT likelihood_ratio double precision, OUT likelihood_ratio_p double precision,
	OUT wald double precision, OUT wald_p double precision,
	OUT score double precision, OUT score_p double precision,
	OUT concordance double precision, OUT concordance_error double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_hazard_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION model_fit(hazard_model) IS
	'how the fit went: status, converged, or the first of separated, collinear, constant (iterations: no maximum was found); problems, which terms that is said of, NULL for none; rows fitted, left_out (a NULL or null), events (rows of customers who churned), iterations; the partial log-likelihood without the covariates (null) and with them; degrees_of_freedom, terms that have an effect; three tests that none has: likelihood_ratio, wald (NULL with a separated term) and score (log-rank), chi-squares with their p values; concordance, the share of pairs of customers of whom the one with the higher risk churns first (0.5 is a coin), with its standard error by the infinitesimal jackknife. As summary(coxph) of R survival. NULL for a NULL';

CREATE FUNCTION proportional_hazards_test(
	model hazard_model, transform text DEFAULT 'km',
	OUT covariate text, OUT chi_square double precision,
	OUT degrees_of_freedom integer, OUT p_value double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_proportional_hazards_test'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 10;
COMMENT ON FUNCTION proportional_hazards_test(hazard_model, text) IS
	'does a covariate act alike at all times? One row for each covariate, and a last one, covariate NULL, for all together: the score test of an interaction with time (cox.zph of R survival 3), chi_square and its p_value; a small one says that the ratio changes with time: cut the time, or make the covariate the strata. transform of time: km (default, by Kaplan and Meier''s estimate), rank, identity or log; others are error 22023. chi_square is NULL where it cannot be told: the fit did not converge, all events are at one time, a logarithm of 0. No rows for a NULL';

CREATE FUNCTION relative_risk(model hazard_model, covariates jsonb) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_relative_risk'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION relative_risk(hazard_model, jsonb) IS
	'how many times as fast a customer leaves as one with the mean of each number, false, and the most frequent text: exp(b''x). covariates as the model was fitted to; more keys do not matter. NULL for a null among them, a text that the model does not know, a separated term that would count, and NULL arguments; error 22023 for a key that is missing or of another kind';

CREATE FUNCTION survival(model hazard_model, covariates jsonb, "time" double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_hazard_survival'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 50;
COMMENT ON FUNCTION survival(hazard_model, jsonb, double precision) IS
	'probability that a customer with these covariates is still there after a time, in the unit of the durations: exp(-H exp(b''x)), H being the cumulative hazard by Breslow with Efron''s ties (as survfit of a coxph), of the customer''s stratum. NULL past the last time that customers of the stratum were seen, for a stratum that the model does not know, and as relative_risk; error 22003 for a negative or NaN time';

-- ----------------------------------------------------------------
-- 22. incidence_curve
-- ----------------------------------------------------------------

CREATE TYPE incidence_curve;

CREATE FUNCTION incidence_curve_in(cstring) RETURNS incidence_curve
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION incidence_curve_in(cstring) IS
	'input of incidence_curve: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION incidence_curve_out(incidence_curve) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION incidence_curve_out(incidence_curve) IS
	'output of incidence_curve: canonical JSON without loss, times in as many digits as they need whatever extra_float_digits says';

CREATE FUNCTION incidence_curve_recv(internal) RETURNS incidence_curve
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION incidence_curve_recv(internal) IS
	'binary input of incidence_curve; every field and the sum of the counts is checked, error 22P03';

CREATE FUNCTION incidence_curve_send(incidence_curve) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_send(incidence_curve) IS
	'binary output of incidence_curve, version 1: the stored bytes, the same on every machine';

CREATE TYPE incidence_curve (
	INPUT = incidence_curve_in,
	OUTPUT = incidence_curve_out,
	RECEIVE = incidence_curve_recv,
	SEND = incidence_curve_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE incidence_curve IS
	'why and when customers leave: exact counts of those who left for each reason, and of those last seen, after each duration, storable and additive; made by the aggregate incidence_curve, added up by rollup, read by incidence_points and gray_test';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION incidence_curve_eq(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_eq(incidence_curve, incidence_curve) IS
	'implementation of the = operator';

CREATE FUNCTION incidence_curve_ne(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_ne(incidence_curve, incidence_curve) IS
	'implementation of the <> operator';

CREATE FUNCTION incidence_curve_lt(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_lt(incidence_curve, incidence_curve) IS
	'implementation of the < operator';

CREATE FUNCTION incidence_curve_le(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_le(incidence_curve, incidence_curve) IS
	'implementation of the <= operator';

CREATE FUNCTION incidence_curve_gt(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_gt(incidence_curve, incidence_curve) IS
	'implementation of the > operator';

CREATE FUNCTION incidence_curve_ge(incidence_curve, incidence_curve) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_ge(incidence_curve, incidence_curve) IS
	'implementation of the >= operator';

CREATE FUNCTION incidence_curve_cmp(incidence_curve, incidence_curve) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_cmp(incidence_curve, incidence_curve) IS
	'below, at or above 0 as the first incidence_curve sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION incidence_curve_hash(incidence_curve) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_hash(incidence_curve) IS
	'hash of a incidence_curve';

CREATE FUNCTION incidence_curve_hash_extended(incidence_curve, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10;
COMMENT ON FUNCTION incidence_curve_hash_extended(incidence_curve, bigint) IS
	'64-bit hash of a incidence_curve with a seed';

CREATE OPERATOR = (
	FUNCTION = incidence_curve_eq,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = =,
	NEGATOR = <>,
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES,
	MERGES
);
COMMENT ON OPERATOR = (incidence_curve, incidence_curve) IS
	'equal: same kind, zone, days and numbers';

CREATE OPERATOR <> (
	FUNCTION = incidence_curve_ne,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = <>,
	NEGATOR = =,
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR <> (incidence_curve, incidence_curve) IS
	'not equal';

CREATE OPERATOR < (
	FUNCTION = incidence_curve_lt,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = >,
	NEGATOR = >=,
	RESTRICT = scalarltsel,
	JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR < (incidence_curve, incidence_curve) IS
	'sorts before';

CREATE OPERATOR <= (
	FUNCTION = incidence_curve_le,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = >=,
	NEGATOR = >,
	RESTRICT = scalarlesel,
	JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR <= (incidence_curve, incidence_curve) IS
	'sorts before or is equal';

CREATE OPERATOR > (
	FUNCTION = incidence_curve_gt,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = <,
	NEGATOR = <=,
	RESTRICT = scalargtsel,
	JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR > (incidence_curve, incidence_curve) IS
	'sorts after';

CREATE OPERATOR >= (
	FUNCTION = incidence_curve_ge,
	LEFTARG = incidence_curve,
	RIGHTARG = incidence_curve,
	COMMUTATOR = <=,
	NEGATOR = <,
	RESTRICT = scalargesel,
	JOIN = scalargejoinsel
);
COMMENT ON OPERATOR >= (incidence_curve, incidence_curve) IS
	'sorts after or is equal';

CREATE OPERATOR CLASS incidence_curve_ops
	DEFAULT FOR TYPE incidence_curve USING btree AS
	OPERATOR 1 <,
	OPERATOR 2 <=,
	OPERATOR 3 =,
	OPERATOR 4 >=,
	OPERATOR 5 >,
	FUNCTION 1 incidence_curve_cmp(incidence_curve, incidence_curve);
COMMENT ON OPERATOR CLASS incidence_curve_ops USING btree IS
	'order of incidence_curves, for ORDER BY, DISTINCT and indexes';
COMMENT ON OPERATOR FAMILY incidence_curve_ops USING btree IS
	'order of incidence_curves, for ORDER BY, DISTINCT and indexes';

CREATE OPERATOR CLASS incidence_curve_ops
	DEFAULT FOR TYPE incidence_curve USING hash AS
	OPERATOR 1 =,
	FUNCTION 1 incidence_curve_hash(incidence_curve),
	FUNCTION 2 incidence_curve_hash_extended(incidence_curve, bigint);
COMMENT ON OPERATOR CLASS incidence_curve_ops USING hash IS
	'hashing of incidence_curves, for GROUP BY, joins and hash partitions';
COMMENT ON OPERATOR FAMILY incidence_curve_ops USING hash IS
	'hashing of incidence_curves, for GROUP BY, joins and hash partitions';

-- casts

CREATE FUNCTION incidence_curve_to_json(incidence_curve) RETURNS json
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_to_json'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION incidence_curve_to_json(incidence_curve) IS
	'a incidence_curve as json, the object its text is';

CREATE CAST (incidence_curve AS json)
	WITH FUNCTION incidence_curve_to_json(incidence_curve);
COMMENT ON CAST (incidence_curve AS json) IS
	'the incidence_curve as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION incidence_curve_to_jsonb(incidence_curve) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION incidence_curve_to_jsonb(incidence_curve) IS
	'a incidence_curve as jsonb, the object its text is; error 54000 when it is larger than a jsonb can be';

CREATE CAST (incidence_curve AS jsonb)
	WITH FUNCTION incidence_curve_to_jsonb(incidence_curve);
COMMENT ON CAST (incidence_curve AS jsonb) IS
	'the incidence_curve as a jsonb object, so that to_jsonb() nests it';

-- incidence_curve aggregates

CREATE FUNCTION incidence_curve_transition(internal, bigint, boolean, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, bigint, boolean, text) IS
	'aggregate support: counts a customer by duration and reason';

CREATE FUNCTION incidence_curve_transition(internal, bigint, boolean, text, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_int8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, bigint, boolean, text, bigint) IS
	'aggregate support: counts a customer by duration and reason, so many times as the weight says';

CREATE FUNCTION incidence_curve_transition(internal, double precision, boolean, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, double precision, boolean, text) IS
	'aggregate support: counts a customer by duration and reason';

CREATE FUNCTION incidence_curve_transition(internal, double precision, boolean, text, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, double precision, boolean, text, bigint) IS
	'aggregate support: counts a customer by duration and reason, so many times as the weight says';

CREATE FUNCTION incidence_curve_transition(internal, interval, boolean, text) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, interval, boolean, text) IS
	'aggregate support: counts a customer by duration and reason';

CREATE FUNCTION incidence_curve_transition(internal, interval, boolean, text, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_transition_interval'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_transition(internal, interval, boolean, text, bigint) IS
	'aggregate support: counts a customer by duration and reason, so many times as the weight says';

CREATE FUNCTION incidence_curve_rollup(internal, incidence_curve) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_rollup'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION incidence_curve_rollup(internal, incidence_curve) IS
	'aggregate support: adds a curve to that of its group';

CREATE FUNCTION incidence_curve_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_combine(internal, internal) IS
	'aggregate support: adds the counts of one worker to those of another';

CREATE FUNCTION incidence_curve_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_serialize(internal) IS
	'aggregate support: packs the counts of a worker; error 54000 past 1 GB';

CREATE FUNCTION incidence_curve_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_deserialize(bytea, internal) IS
	'aggregate support: unpacks the counts of a worker; every field is checked, error 22P03';

CREATE FUNCTION incidence_curve_final(internal) RETURNS incidence_curve
	AS 'MODULE_PATHNAME', 'retention_incidence_curve_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION incidence_curve_final(internal) IS
	'aggregate support: the curve of the customers counted, NULL when there are none; says nothing new to the state';

CREATE AGGREGATE incidence_curve(duration double precision, churned boolean, reason text) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(double precision, boolean, text) IS
	'why and when customers leave (the data of Aalen and Johansen''s estimate for competing risks), one row a customer. duration: time from start to when the customer left or was last seen, in any one unit, 0 or above; churned: true when the customer left then; reason: why, told apart by its bytes; NULL or empty is unknown, and it is ignored where churned is false. Who is still there is taken to leave as others who stayed as long. Rows with a NULL duration or churned are skipped, no rows give NULL. Exact whatever the order of rows or the number of workers, and so is rollup. Memory: 32 to 64 bytes for each distinct pair of duration and reason, whatever work_mem says. Errors: 22003 for a duration that is negative, infinite or NaN, 22001 for a reason of more than 255 bytes, 54000 for more than 1000 reasons, or 67 million distinct durations of one';

CREATE AGGREGATE incidence_curve(duration double precision, churned boolean, reason text, weight bigint) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(double precision, boolean, text, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration and reason were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE incidence_curve(duration bigint, churned boolean, reason text) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(bigint, boolean, text) IS
	'the same with whole durations, for example days or months; error 22003 past 2^53';

CREATE AGGREGATE incidence_curve(duration bigint, churned boolean, reason text, weight bigint) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(bigint, boolean, text, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration and reason were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE incidence_curve(duration interval, churned boolean, reason text) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(interval, boolean, text) IS
	'the same with intervals, which must have neither months nor years (22023): churned_at - started_at of two timestamps has none. Durations are counted in days of 24 hours, as fractions';

CREATE AGGREGATE incidence_curve(duration interval, churned boolean, reason text, weight bigint) (
	SFUNC = incidence_curve_transition,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE incidence_curve(interval, boolean, text, bigint) IS
	'the same with a weight: the number of customers a row stands for, as the row repeated so many times; a row with weight 0 or NULL stands for nobody, and is skipped after its duration and reason were checked; a negative weight is error 22003, as are more than 2^63 - 1 customers in all';

CREATE AGGREGATE rollup(incidence_curve) (
	SFUNC = incidence_curve_rollup,
	STYPE = internal,
	SSPACE = 1024,
	FINALFUNC = incidence_curve_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = incidence_curve_combine,
	SERIALFUNC = incidence_curve_serialize,
	DESERIALFUNC = incidence_curve_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(incidence_curve) IS
	'adds up curves of disjoint customers (plans, channels, shards), exactly: the curve of all their rows; NULLs are skipped, no rows give NULL; error 22003 for more than 2^63 - 1 customers, 54000 for too many distinct times or reasons';

-- readers

CREATE FUNCTION incidence_points(
	curve incidence_curve, confidence double precision DEFAULT 0.95,
	conf_type text DEFAULT 'log-log',
	OUT reason text, OUT at_time double precision, OUT at_risk bigint,
	OUT events bigint, OUT censored bigint, OUT incidence double precision,
	OUT std_error double precision, OUT low double precision,
	OUT high double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_incidence_points'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 1000 ROWS 300;
COMMENT ON FUNCTION incidence_points(incidence_curve, double precision, text) IS
	'one row for each reason, in the order of its bytes, and each distinct duration of all reasons, ascending: at_risk (customers there just before, those last seen then included), events (left then for that reason), censored (last seen then), incidence (fraction that has left for that reason by then, by Aalen and Johansen 1978), std_error of incidence (of Greenwood''s kind, Andersen et al. 1993: the infinitesimal jackknife of survfit of R; cuminc of cmprsk has another, Aalen''s of 1978), low and high (bounds). Incidences of all reasons and survival add up to 1; 1 - survival of a curve that takes other reasons as censored is larger. conf_type says what is taken to be normally distributed: log-log for log(-log incidence), log for log incidence, plain for incidence; bounds are cut off at 0 and 1. There are none (NULL) where incidence is 0 but for plain, nor by log-log where it is 1. Times are in the unit of the durations. No rows for a NULL or when nobody has left; errors: 22003 unless confidence is above 0 and below 1, 22023 for another conf_type';

CREATE FUNCTION gray_test(
	VARIADIC curves incidence_curve[],
	OUT reason text, OUT chi_square double precision,
	OUT degrees_of_freedom integer, OUT p_value double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_gray_test'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 5000 ROWS 10;
COMMENT ON FUNCTION gray_test(incidence_curve[]) IS
	'Gray''s test (1988) of whether the incidence of a reason is the same in groups of customers, one curve each; one row for each reason there is, in the order of its bytes: p_value is the probability of a chi_square so large if it is, an approximation for many customers who left. The figures of cuminc of cmprsk, for any order of the curves. Unlike log_rank of curves that take other reasons as censored it compares how many do leave for a reason, not how many would if there were no other. NULL curves, and groups in which no customer could be expected to leave for the reason, are left out; figures are NULL when fewer than two are left, or where their covariance has no inverse. gray_test(a, b) compares two, gray_test(VARIADIC array_agg(curve)) as many as there are; error 54000 for more than 100';

-- ----------------------------------------------------------------
-- 23. pictures as SVG
-- ----------------------------------------------------------------

CREATE FUNCTION cohort_svg(
	matrix cohort_matrix, as_of date DEFAULT NULL, measure text DEFAULT 'retention', label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_cohort_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION cohort_svg(cohort_matrix, date, text, text) IS
	'the matrix as a triangle in SVG: a row for each cohort with its customers, a column for each age, the pooled row of all complete cells last. measure: ''retention'', percent of the cohort active; ''money'', revenue at the age per customer of the cohort, in the unit of the amounts; ''revenue retention'', revenue in percent of that at age 0; NULL is retention. Colours go from 0 to the largest value past age 0, periods that are not over are hatched, the <title> of a cell has its counts or amounts; 40 ages of the latest 40 cohorts at most, and a line says what is left out. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL matrix, one without amounts where they are asked for, or no cohort gives a picture that says so. Errors: 22008 for an infinite as_of, 22023 for another measure';

CREATE FUNCTION retention_curve_svg(
	matrix cohort_matrix, as_of date DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_retention_curve_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION retention_curve_svg(cohort_matrix, date, text) IS
	'the retention curve in SVG: columns retention, retention_low and retention_high of retention_curve over the ages, from age 1 unless the matrix has started_at, as all are active at age 0; at most 60 marks, and a line says when ages are left out. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL matrix or no complete cohort gives a picture that says so. Error 22008 for an infinite as_of';

CREATE FUNCTION retention_curve_svg(
	matrices cohort_matrix[], labels text[] DEFAULT NULL, as_of date DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_retention_curves_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION retention_curve_svg(cohort_matrix[], text[], date) IS
	'retention curves in SVG, one line with its bounds and its label for each matrix, of channels for example: retention_curve_svg(array_agg(m ORDER BY channel), array_agg(channel ORDER BY channel)); the first ten, and a line says what is left out and how many are without data. NULL labels: numbers. as_of is the first day the data do not cover, NULL: the data of each end inside the period of its last event. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL, an empty array or nothing complete gives a picture that says so. Errors: 22008 for an infinite as_of, 22023 for more or fewer labels than matrices';

CREATE FUNCTION ltv_svg(
	matrix cohort_matrix, cac numeric DEFAULT NULL, margin numeric DEFAULT 1, as_of date DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_ltv_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION ltv_svg(cohort_matrix, numeric, numeric, date, text) IS
	'what customers have brought in SVG: ltv_chained * margin over the ages, in the unit of the amounts, the cost of a customer across and a diamond at payback_age(matrix, cac, margin, as_of); at most 60 marks. cac NULL: no cost is drawn; margin is the fraction of revenue that is left, NULL: all. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL matrix, one without amounts or no complete cohort gives a picture that says so. Errors: 22003 for a negative or infinite cac or a margin outside 0..1, 22008 for an infinite as_of, 22023 for a recurring matrix';

CREATE FUNCTION ltv_svg(
	matrices cohort_matrix[], labels text[] DEFAULT NULL, cacs numeric[] DEFAULT NULL, margin numeric DEFAULT 1, as_of date DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_ltvs_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION ltv_svg(cohort_matrix[], text[], numeric[], numeric, date) IS
	'what customers have brought in SVG, one line with its label for each matrix, of channels for example, against what a customer of each costs: ltv_svg(array_agg(m ORDER BY channel), array_agg(channel ORDER BY channel), array_agg(cac ORDER BY channel)); the first ten, and a line says what is left out and how many are without data. NULL labels: numbers; NULL costs, or one: not drawn; margin is the fraction of revenue that is left, NULL: all. as_of is the first day the data do not cover, NULL: the data of each end inside the period of its last event. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL, an empty array or nothing with amounts gives a picture that says so. Errors: 22003 for a negative or infinite cost or a margin outside 0..1, 22008 for an infinite as_of, 22023 for a recurring matrix and for more or fewer labels or costs than matrices';

CREATE FUNCTION movements_svg(
	movements customer_movements, as_of date DEFAULT NULL, measure text DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_movements_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION movements_svg(customer_movements, date, text, text) IS
	'the movements in SVG: for each period what came is stacked up, what went down, and the net is a line. measure: ''customers'' (new, back, churned) or ''money'' (also expanded and contracted), in the unit of the amounts; NULL: money where there are amounts. The latest 36 periods, and a line says what is left out; what is not over yet is hatched. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL movements, money without amounts or no period gives a picture that says so. Errors: 22008 for an infinite as_of, 22023 for another measure';

CREATE FUNCTION lifecycle_svg(
	movements customer_movements, as_of date DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_lifecycle_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION lifecycle_svg(customer_movements, date, text) IS
	'who was there in each period, in SVG: new, back (reactivated) and kept (retained) customers stacked up, those who churned down. The latest 36 periods, and a line says what is left out; what is not over yet is hatched. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL movements or no period gives a picture that says so. Error 22008 for an infinite as_of';

CREATE FUNCTION waterfall_svg(
	movements customer_movements, period date DEFAULT NULL, as_of date DEFAULT NULL, measure text DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_waterfall_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION waterfall_svg(customer_movements, date, date, text, text) IS
	'the movements of one period in SVG, from its opening over what came and went to its closing. period is any day in it, NULL: the last period that is over. measure: ''customers'' (new, back, churned) or ''money'' (also expanded and contracted), in the unit of the amounts; NULL: money where there are amounts. as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL movements, money without amounts or no such period gives a picture that says so. Errors: 22008 for an infinite as_of, 22023 for another measure';

CREATE FUNCTION funnel_svg(
	funnel funnel, steps text[] DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_funnel_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION funnel_svg(funnel, text[], text) IS
	'the funnel in SVG: a bar for each step with its customers and their share of those of step 1, and between two steps the share that went on and the median time; 40 steps, and a line says what is left out. steps are the names of the steps from the first, NULL, or a NULL among them: their numbers. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL funnel gives a picture that says so';

CREATE FUNCTION survival_svg(
	curve survival_curve, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_survival_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION survival_svg(survival_curve, text) IS
	'the survival curve in SVG: steps with their 95 % bounds, ticks where customers were last seen, and below the customers at risk at the ticks of time, in the unit of the durations; of more than 280 times those that share a fraction of the width are one step. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL curve gives a picture that says so';

CREATE FUNCTION survival_svg(
	curves survival_curve[], labels text[] DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_survivals_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION survival_svg(survival_curve[], text[]) IS
	'survival curves in SVG, one with its bounds and its label each, of plans for example: survival_svg(array_agg(c ORDER BY plan), array_agg(plan ORDER BY plan)); the first ten, and a line says what is left out and how many are without data. NULL labels: numbers. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL or an empty array gives a picture that says so. Error 22023 for more or fewer labels than curves';

CREATE FUNCTION journey_svg(
	journey journey, top integer DEFAULT 5, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_journey_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION journey_svg(journey, integer, text) IS
	'the journey in SVG: a column of places for each step, as high as customers came there, and ribbons from place to place as wide as customers went so, with both in the <title> of each; the most visited places of each step by name, top of them and 8 at most (NULL: 8), the others together as other; 5 moves, and a line says what is left out. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; a NULL journey gives a picture that says so. Error 22003 for a top below 1';

CREATE FUNCTION value_svg(
	p_alive double precision[], value numeric[], names text[] DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_value_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION value_svg(double precision[], numeric[], text[], text) IS
	'whom to call, in SVG: customers by the probability that they are still there and by what they are worth, upwards and logarithmic, five decades at most, and at the right, by name, the ten worth most of those of whom it is open, 10 to 60 %: value_svg(array_agg(p_alive), array_agg(value), array_agg(name)). Up to 300 customers are marks of their own, more are counted in cells, the darker the more. value is in the unit of the amounts, taken at six decimals: what they brought, or what is expected of them. names NULL: numbers, by place. A customer without a probability or a value is left out, and a line says how many. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL, or no customer with both, gives a picture that says so. Errors: 22003 for a probability outside 0..1 or a value of 9.2e12 and more, 22023 for arrays of different lengths';

CREATE FUNCTION rfm_svg(
	r integer[], f integer[], m integer[] DEFAULT NULL, value numeric[] DEFAULT NULL, label text DEFAULT NULL) RETURNS text
	AS 'MODULE_PATHNAME', 'retention_rfm_svg'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 2000;
COMMENT ON FUNCTION rfm_svg(integer[], integer[], integer[], numeric[], text) IS
	'customers by recency, frequency and money in SVG: a cell for each score from 1 to 5 of recency (across) and of frequency and money together, (f + m + 1) / 2, a whole number (up), with the name of its segment and its customers, the darker the more, and beside it the segments of rfm_segment(r, f, m): rfm_svg(array_agg(r), array_agg(f), array_agg(m), array_agg(revenue)). m NULL: frequency alone. value: an amount for each customer, of which the <title> of a mark has the sum. A customer without a score is left out, and a line says how many. label goes behind the title. One text of at most 100,000 bytes without scripts or anything fetched, for light, dark and print; NULL, or no customer with all scores, gives a picture that says so. Errors: 22003 for a score outside 1..5 or a value of 9.2e12 and more, 22023 for arrays of different lengths';

-- ----------------------------------------------------------------
-- 24. dashboard: from a table to views in one call
-- ----------------------------------------------------------------

-- What stands in strings is looked up when it runs.  So it runs with nothing but
-- pg_catalog on the path, the extension's own names go with the schema that
-- holds them then, what takes arguments of any type is called in views alone,
-- and before anything is read from these retention_dashboard looks up, by oid,
-- whose functions they have come to depend on.

CREATE PROCEDURE retention_dashboard(
	schema text, orders regclass, customer text, at text,
	amount text DEFAULT NULL, channel text DEFAULT NULL,
	grain grain DEFAULT 'month', as_of date DEFAULT NULL)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET jit = off
	SET datestyle = 'ISO, YMD'
	AS $retention$
#variable_conflict use_variable
DECLARE
	-- Kind (v a view, m a materialized one), name, comment, query.  In queries
	-- %1$I is the extension's schema, %2$I that of the views, %3$L the grain,
	-- %4$s the table, %5$s customer, %6$s time, %7$s local day, %8$s amount,
	-- %9$s channel, %10$s the channel of a customer, %11$s arguments of timeline,
	-- %12$L "the next month", %13$L "month".
	views constant text[] := ARRAY[
ARRAY['v', 'events', 'the rows of the table as they are read: customer, time, local day, amount and channel', $v$
SELECT %5$s AS customer, %6$s AS at, %7$s AS day, %8$s AS amount, %9$s AS channel
FROM %4$s AS o$v$],

ARRAY['m', 'timelines', 'the history of each customer, of which everything else is made', $v$
SELECT e.customer, %10$s AS channel, count(*) AS events, min(e.day) AS first_event, max(e.day) AS last_event,
	%1$I.timeline(e.at%11$s) AS history
FROM %2$I.events AS e
WHERE e.customer IS NOT NULL AND e.at IS NOT NULL
GROUP BY e.customer$v$],

ARRAY['v', 'channel_groups', 'to which of at most eleven groups a channel belongs: the ten with the most customers, and other', $v$
SELECT channel,
	CASE WHEN rank <= 10 THEN rank ELSE 11 END::integer AS position,
	CASE WHEN rank <= 10 THEN channel ELSE 'other' END AS channel_group
FROM (
	SELECT channel, row_number() OVER (ORDER BY channel = 'other', count(*) DESC, channel COLLATE "C") AS rank
	FROM %2$I.timelines
	WHERE channel IS NOT NULL
	GROUP BY channel) AS r$v$],

ARRAY['m', 'matrices', 'cohort_matrix and customer_movements of all customers (position 0), and the matrix of each channel', $v$
SELECT 0 AS position, NULL::text AS channel,
	%1$I.cohort_matrix(history, %3$L::%1$I.grain) AS matrix,
	%1$I.customer_movements(history, %3$L::%1$I.grain) AS movements
FROM %2$I.timelines
UNION ALL
SELECT g.position, g.channel_group, %1$I.cohort_matrix(t.history, %3$L::%1$I.grain), NULL
FROM %2$I.timelines AS t
JOIN %2$I.channel_groups AS g ON g.channel = t.channel
GROUP BY g.position, g.channel_group$v$],

ARRAY['m', 'checks', 'what check_events says of the rows', $v$
SELECT 1 AS position, %1$I.check_events(e.customer, e.at, e.amount, s.as_of) AS data_check
FROM %2$I.events AS e
CROSS JOIN %2$I.settings AS s$v$],

ARRAY['m', 'customers', 'a row for each customer with an order before as_of: where they stand, what they brought, and what the models expect of them within a year', $v$
WITH measured AS (
	SELECT t.customer, t.channel, g.channel_group,
		%1$I.cohort_of(t.history, %3$L::%1$I.grain, NULL::date) AS cohort,
		%1$I.lifecycle(t.history, s.as_of, interval '90 days', interval '180 days')::text AS state,
		%1$I.first_at(t.history) AS first_order,
		%1$I.first_at(t.history) + p.recency::integer AS last_order,
		%1$I.orders(t.history, NULL::date, s.as_of) AS orders,
		%1$I.active_days(t.history, NULL::date, s.as_of) AS active_days,
		%1$I.revenue(t.history, NULL::date, s.as_of) AS revenue,
		s.as_of - 1 - (%1$I.first_at(t.history) + p.recency::integer) AS days_silent,
		%1$I.overdue(t.history, s.as_of) AS overdue,
		%1$I.p_alive(m.purchases, t.history, s.as_of) AS p_alive,
		%1$I.expected_purchases(m.purchases, interval '1 year', t.history, s.as_of) AS expected_orders,
		CASE WHEN coalesce(p.monetary_value, 1) > 0
			THEN %1$I.predicted_ltv(m.purchases, m.spend, t.history, s.as_of, interval '1 year', 0::double precision, 1::double precision)
		END AS value
	FROM %2$I.timelines AS t
	CROSS JOIN %2$I.settings AS s
	CROSS JOIN %2$I.models AS m
	CROSS JOIN LATERAL %1$I.purchase_summary(t.history, s.as_of, 'day'::text) AS p
	LEFT JOIN %2$I.channel_groups AS g ON g.channel = t.channel
	WHERE p.frequency IS NOT NULL),
scored AS (
	SELECT *,
		%1$I.quantile_score(5) OVER (ORDER BY last_order) AS recency_score,
		%1$I.quantile_score(5) OVER (ORDER BY orders) AS frequency_score,
		CASE WHEN revenue IS NOT NULL THEN %1$I.quantile_score(5) OVER (ORDER BY revenue) END AS money_score
	FROM measured)
SELECT customer, channel, channel_group, cohort, state, first_order, last_order, orders, active_days, revenue,
	days_silent, overdue, recency_score, frequency_score, money_score,
	%1$I.rfm_segment(recency_score, frequency_score, coalesce(money_score, frequency_score)) AS segment,
	p_alive, expected_orders, value
FROM scored$v$],

ARRAY['v', 'cells', 'a row for each cohort and age: cohort_cells', $v$
SELECT c.cohort, c.age, %1$I.grain_label(%3$L::%1$I.grain, c.age) AS age_label, c.period, c.cohort_size,
	c.active, c.active_or_later, c.active_streak, c.orders, c.revenue, c.cumulative_revenue,
	c.retention, c.retention_or_later, c.retention_streak, c.revenue_per_customer, c.revenue_retention, c.complete
FROM %2$I.matrices AS m
CROSS JOIN %2$I.settings AS s
CROSS JOIN LATERAL %1$I.cohort_cells(m.matrix, s.as_of, NULL::integer) AS c
WHERE m.position = 0$v$],

ARRAY['v', 'curve', 'a row for each age, over the cohorts complete at it: retention_curve', $v$
SELECT c.age, %1$I.grain_label(%3$L::%1$I.grain, c.age) AS age_label, c.cohorts, c.customers, c.active,
	c.retention, c.retention_mean, c.retention_low, c.retention_high, c.retention_or_later, c.retention_streak,
	c.ltv, c.revenue_per_active, c.ltv_chained
FROM %2$I.matrices AS m
CROSS JOIN %2$I.settings AS s
CROSS JOIN LATERAL %1$I.retention_curve(m.matrix, s.as_of) AS c
WHERE m.position = 0$v$],

ARRAY['v', 'cohorts', 'a row for each cohort: its size, what it brought so far, and what is left of it at some ages', $v$
SELECT cohort, max(cohort_size) AS customers, sum(orders)::bigint AS orders, sum(revenue) AS revenue,
	round(sum(revenue) / nullif(max(cohort_size), 0), 6) AS revenue_per_customer,
	max(age) FILTER (WHERE complete) AS last_age,
	max(retention) FILTER (WHERE age = 1) AS retention_1,
	max(retention) FILTER (WHERE age = 3) AS retention_3,
	max(retention) FILTER (WHERE age = 6) AS retention_6,
	max(retention) FILTER (WHERE age = 12) AS retention_12,
	(array_agg(retention ORDER BY age DESC) FILTER (WHERE complete))[1] AS retention_last
FROM %2$I.cells
GROUP BY cohort$v$],

ARRAY['v', 'ltv', 'what a customer has brought by each age, over the cohorts complete at it: ltv_chained of retention_curve', $v$
SELECT age, age_label, customers, ltv_chained - coalesce(lag(ltv_chained) OVER (ORDER BY age), 0) AS revenue_per_customer,
	ltv_chained AS ltv
FROM %2$I.curve$v$],

ARRAY['v', 'movements', 'a row for each period: who was new, came back and left, and what that moved: movement_rows', $v$
SELECT r.*
FROM %2$I.matrices AS m
CROSS JOIN %2$I.settings AS s
CROSS JOIN LATERAL %1$I.movement_rows(m.movements, s.as_of) AS r
WHERE m.position = 0$v$],

ARRAY['v', 'channels', 'a row for each channel: the ten with the most customers, and other', $v$
SELECT c.position, c.channel, c.customers, c.share, c.orders, c.revenue,
	round(c.revenue / c.customers, 6) AS revenue_per_customer,
	%1$I.retention_rate(m.matrix, 1, s.as_of) AS retention_1,
	%1$I.retention_rate(m.matrix, 3, s.as_of) AS retention_3,
	%1$I.retention_rate(m.matrix, 6, s.as_of) AS retention_6,
	%1$I.retention_rate(m.matrix, 12, s.as_of) AS retention_12,
	%1$I.ltv_chained(m.matrix, 6, s.as_of) AS ltv_6,
	%1$I.ltv_chained(m.matrix, 12, s.as_of) AS ltv_12,
	c.at_risk, c.lost, c.p_alive, c.value
FROM (
	SELECT g.position, g.channel_group AS channel, count(*) AS customers,
		count(*)::double precision / sum(count(*)) OVER () AS share,
		sum(k.orders)::bigint AS orders, sum(k.revenue) AS revenue,
		count(*) FILTER (WHERE k.state = 'at risk') AS at_risk, count(*) FILTER (WHERE k.state = 'lost') AS lost,
		avg(k.p_alive) AS p_alive, sum(k.value) AS value
	FROM %2$I.customers AS k
	JOIN %2$I.channel_groups AS g ON g.channel = k.channel
	GROUP BY g.position, g.channel_group) AS c
JOIN %2$I.matrices AS m ON m.position = c.position
CROSS JOIN %2$I.settings AS s$v$],

ARRAY['v', 'channel_curve', 'a row for each channel and age: retention_curve of the channel', $v$
SELECT m.position, m.channel, c.age, %1$I.grain_label(%3$L::%1$I.grain, c.age) AS age_label, c.cohorts, c.customers, c.active,
	c.retention, c.retention_low, c.retention_high, c.ltv_chained
FROM %2$I.matrices AS m
CROSS JOIN %2$I.settings AS s
CROSS JOIN LATERAL %1$I.retention_curve(m.matrix, s.as_of) AS c
WHERE m.position > 0$v$],

ARRAY['v', 'call_list', 'at most 100 customers worth a call: those of whom it is open whether they are still there, the most revenue first; without a model those at risk', $v$
SELECT row_number() OVER w::integer AS rank, customer, channel, state, orders, revenue, last_order, days_silent, overdue, p_alive, value
FROM %2$I.customers
WHERE CASE WHEN p_alive IS NULL THEN state = 'at risk' ELSE p_alive BETWEEN 0.1 AND 0.6 END
WINDOW w AS (ORDER BY revenue DESC NULLS LAST, orders DESC, customer)
ORDER BY 1
LIMIT 100$v$],

ARRAY['v', 'states', 'a row for each state that customers are in: lifecycle', $v$
SELECT n.position::integer AS position, n.state, count(c.state) AS customers,
	count(c.state)::double precision / nullif(sum(count(c.state)) OVER (), 0) AS share,
	sum(c.revenue) AS revenue, avg(c.p_alive) AS p_alive, sum(c.value) AS value
FROM unnest(ARRAY['new', 'regular', 'at risk', 'won back', 'lost']) WITH ORDINALITY AS n (state, position)
LEFT JOIN %2$I.customers AS c ON c.state = n.state
GROUP BY n.position, n.state$v$],

ARRAY['v', 'segments', 'a row for each segment that there is, by recency, frequency and money: rfm_segment', $v$
SELECT segment, count(*) AS customers, count(*)::double precision / sum(count(*)) OVER () AS share,
	avg(days_silent)::double precision AS days_silent, avg(orders)::double precision AS orders, sum(revenue) AS revenue, sum(value) AS value
FROM %2$I.customers
GROUP BY segment$v$],

ARRAY['v', 'findings', 'what is suspicious about the rows, with the SQL that mends or shows it, and models that refused them', $v$
SELECT row_number() OVER (ORDER BY kind, nr)::integer AS position, finding, severity, rows, among, example, remedy
FROM (
	SELECT 1 AS kind, f.nr, f.finding, f.severity, f.rows, f.among, f.example,
		regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(f.remedy,
			'(?<!:):as_of\M', coalesce(quote_literal(to_char(s.as_of, 'YYYY-MM-DD')), 'NULL'), 'g'),
			'(?<!:):at\M', replace(quote_ident(s.at), '\', '\\'), 'g'),
			'(?<!:):customer\M', replace(quote_ident(s.customer), '\', '\\'), 'g'),
			'(?<!:):amount\M', coalesce(replace(quote_ident(s.amount), '\', '\\'), 'NULL'), 'g'),
			'(?<!:):table\M', replace(s.orders, '\', '\\'), 'g') AS remedy
	FROM %2$I.checks AS c
	CROSS JOIN %2$I.settings AS s
	CROSS JOIN LATERAL %1$I.findings(c.data_check) WITH ORDINALITY AS f (finding, severity, rows, among, example, remedy, nr)
	UNION ALL
	SELECT 2, 1, 'last event far behind the others', 'look', 1, s.events,
		to_char(s.last_event, 'YYYY-MM-DD') || ', the one before ' || to_char(b.before, 'YYYY-MM-DD'),
		'mend the date, or make the dashboard again with as_of => ' || quote_literal(to_char(b.before + 1, 'YYYY-MM-DD'))
	FROM %2$I.settings AS s
	CROSS JOIN (
		SELECT max(t.last_event) AS before
		FROM %2$I.timelines AS t
		JOIN %2$I.settings AS s ON t.last_event < s.last_event) AS b
	WHERE s.last_event - b.before > 90 AND s.as_of_given IS NULL
	UNION ALL
	SELECT 3, v.nr, v.finding, 'look', NULL, NULL, v.problem, v.hint
	FROM %2$I.models AS m
	CROSS JOIN LATERAL (VALUES (1, 'no model of purchases', m.purchases_problem, m.purchases_hint),
		(2, 'no model of spend', m.spend_problem, m.spend_hint)) AS v (nr, finding, problem, hint)
	WHERE v.problem IS NOT NULL) AS f$v$],

ARRAY['v', 'headlines', 'the numbers to begin with, a sentence each', $v$
WITH k AS (
	SELECT count(*) AS customers, sum(orders) AS orders, sum(revenue) AS revenue, sum(value) AS value, sum(expected_orders) AS expected_orders,
		count(*) FILTER (WHERE state = 'at risk') AS at_risk, sum(revenue) FILTER (WHERE state = 'at risk') AS at_risk_revenue
	FROM %2$I.customers),
-- where a quarter of the customers are old enough to be asked
last_curve AS (
	SELECT c.* FROM %2$I.curve AS c JOIN %2$I.curve AS f ON f.age = 1 AND c.customers >= 0.25 * f.customers
	ORDER BY c.age DESC LIMIT 1),
last_period AS (SELECT * FROM %2$I.movements WHERE complete ORDER BY period DESC LIMIT 1),
best AS (SELECT * FROM %2$I.channels WHERE retention_1 IS NOT NULL ORDER BY retention_1 DESC, position LIMIT 1),
worst AS (SELECT * FROM %2$I.channels WHERE retention_1 IS NOT NULL ORDER BY retention_1, position DESC LIMIT 1),
found AS (SELECT count(*) AS n, count(*) FILTER (WHERE severity = 'fault') AS faults FROM %2$I.findings WHERE rows IS NOT NULL)
SELECT 1 AS position, 'customers'::text AS headline, k.customers::double precision AS value,
	CASE WHEN k.customers = 0 THEN 'There are no orders yet.'
		ELSE to_char(k.customers, 'FM999,999,999,999,990') || CASE k.customers WHEN 1 THEN ' customer has' ELSE ' customers have' END || ' placed '
			|| to_char(k.orders, 'FM999,999,999,999,990') || CASE k.orders WHEN 1 THEN ' order' ELSE ' orders' END || ' from '
			|| to_char(s.first_event, 'YYYY-MM-DD') || ' to ' || to_char(s.as_of - 1, 'YYYY-MM-DD')
			|| coalesce(', worth ' || to_char(k.revenue, 'FM999,999,999,999,999,999,990'), '') || '.' END AS sentence
FROM k CROSS JOIN %2$I.settings AS s
UNION ALL
SELECT 2, 'comes_back', retention,
	round(100 * retention::numeric) || ' of 100 new customers come back ' || %12$L || ': ' || to_char(active, 'FM999,999,999,999,990') || ' of '
		|| to_char(customers, 'FM999,999,999,999,990') || ' did, so between ' || round(100 * retention_low::numeric) || ' and '
		|| round(100 * retention_high::numeric) || ' of 100 (95 %% confidence).'
FROM %2$I.curve WHERE age = 1
UNION ALL
SELECT 3, 'stays', retention,
	round(100 * retention::numeric) || ' of 100 are active at ' || age_label || ': ' || to_char(active, 'FM999,999,999,999,990') || ' of '
		|| to_char(customers, 'FM999,999,999,999,990') || ' old enough to tell'
		|| CASE WHEN retention_or_later > retention THEN '; and ' || round(100 * retention_or_later::numeric) || ' of 100 then or later.' ELSE '.' END
FROM last_curve WHERE age > 1
UNION ALL
SELECT 4, 'movements', retention_rate,
	'In the last complete ' || %13$L || ', from ' || to_char(period, 'YYYY-MM-DD') || ' on, '
		|| to_char(new_customers, 'FM999,999,999,999,990') || CASE new_customers WHEN 1 THEN ' customer was' ELSE ' customers were' END || ' new, '
		|| to_char(reactivated_customers, 'FM999,999,999,999,990') || ' came back after a pause and '
		|| to_char(churned_customers, 'FM999,999,999,999,990') || ' of ' || to_char(opening_customers, 'FM999,999,999,999,990') || ' left.'
FROM last_period
UNION ALL
SELECT 5, 'at_risk', at_risk::double precision,
	to_char(at_risk, 'FM999,999,999,999,990') || CASE at_risk WHEN 1 THEN ' customer is' ELSE ' customers are' END
		|| ' at risk: silent for 90 to 180 days'
		|| coalesce('; what they have bought so far is worth ' || to_char(at_risk_revenue, 'FM999,999,999,999,999,999,990'), '') || '.'
FROM k WHERE customers > 0
UNION ALL
SELECT 6, 'expected', coalesce(value, expected_orders)::double precision,
	'Within a year these customers can be expected to come back on ' || to_char(expected_orders, 'FM999,999,999,999,990') || ' days with an order'
		|| coalesce(', worth ' || to_char(value, 'FM999,999,999,999,999,999,990'), '') || '.'
FROM k WHERE expected_orders IS NOT NULL
UNION ALL
SELECT 7, 'channels', b.retention_1,
	'Of 100 new customers from ' || b.channel || ' ' || round(100 * b.retention_1::numeric) || ' come back ' || %12$L
		|| ', of 100 from ' || w.channel || ' ' || round(100 * w.retention_1::numeric) || '.'
FROM best AS b CROSS JOIN worst AS w WHERE b.position <> w.position
UNION ALL
SELECT 8, 'findings', n::double precision,
	CASE n WHEN 0 THEN 'Nothing in the table looks suspicious.'
		ELSE n || CASE n WHEN 1 THEN ' thing in the table looks' ELSE ' things in the table look' END || ' suspicious'
			|| CASE WHEN faults > 0 THEN ', ' || faults || ' of them a fault' ELSE '' END || '.' END
FROM found CROSS JOIN k WHERE k.customers > 0$v$],

ARRAY['v', 'pictures', 'what there is to see, as SVG', $v$
WITH a AS (SELECT matrix, movements, as_of FROM %2$I.matrices CROSS JOIN %2$I.settings WHERE position = 0),
c AS (
	SELECT array_agg(m.matrix ORDER BY m.position) AS matrices, array_agg(m.channel ORDER BY m.position) AS channels, s.as_of
	FROM %2$I.matrices AS m CROSS JOIN %2$I.settings AS s WHERE m.position > 0 GROUP BY s.as_of)
SELECT 1 AS position, 'cohorts'::text AS picture, 'Who comes back'::text AS title, %1$I.cohort_svg(matrix, as_of, 'retention'::text, NULL::text) AS svg FROM a
UNION ALL SELECT 2, 'curve', 'How many are left', %1$I.retention_curve_svg(matrix, as_of, NULL::text) FROM a
UNION ALL SELECT 3, 'channel_curve', 'How many are left, by channel', %1$I.retention_curve_svg(matrices, channels, as_of) FROM c
UNION ALL SELECT 4, 'movements', 'What moved', %1$I.movements_svg(movements, as_of, NULL::text, NULL::text) FROM a
UNION ALL SELECT 5, 'lifecycle', 'Who was there', %1$I.lifecycle_svg(movements, as_of, NULL::text) FROM a
UNION ALL SELECT 6, 'waterfall', 'The last complete period', %1$I.waterfall_svg(movements, NULL::date, as_of, NULL::text, NULL::text) FROM a
UNION ALL SELECT 7, 'ltv', 'What customers have brought', %1$I.ltv_svg(matrix, NULL::numeric, 1::numeric, a.as_of, NULL::text) FROM a, %2$I.settings WHERE amount IS NOT NULL
UNION ALL SELECT 8, 'channel_ltv', 'What customers have brought, by channel', %1$I.ltv_svg(matrices, channels, NULL::numeric[], 1::numeric, c.as_of) FROM c, %2$I.settings WHERE amount IS NOT NULL
UNION ALL SELECT 9, 'value', 'Whom to call', v.svg
FROM %2$I.settings AS s, LATERAL (
	SELECT %1$I.value_svg(array_agg(k.p_alive ORDER BY k.revenue DESC NULLS LAST, k.orders DESC, k.customer),
		array_agg(k.revenue ORDER BY k.revenue DESC NULLS LAST, k.orders DESC, k.customer),
		array_agg(k.customer::text ORDER BY k.revenue DESC NULLS LAST, k.orders DESC, k.customer), 'revenue so far'::text) AS svg
	FROM %2$I.customers AS k) AS v
WHERE s.amount IS NOT NULL
UNION ALL SELECT 10, 'segments', 'Segments',
	%1$I.rfm_svg(array_agg(recency_score), array_agg(frequency_score),
		array_agg(money_score) FILTER (WHERE money_score IS NOT NULL), array_agg(revenue) FILTER (WHERE money_score IS NOT NULL), NULL::text) FROM %2$I.customers$v$]];
	extension name;
	schema_oid oid;
	kind "char";
	persistence "char";
	zone text;
	numbers constant regtype[] := '{smallint,integer,bigint,numeric,real,double precision}';
	wanted text[];
	att record;
	-- of customer, at, amount and channel
	names text[] := '{}';
	types regtype[] := '{}';
	words text;
	what text;
	n bigint;
	view text[];
BEGIN
	SELECT e.nspname INTO STRICT extension
	FROM pg_extension AS x JOIN pg_namespace AS e ON e.oid = x.extnamespace
	WHERE x.extname = 'retention';
	IF schema IS NULL OR orders IS NULL OR customer IS NULL OR at IS NULL OR grain IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'schema, orders, customer, at and grain of a dashboard must not be null',
			HINT = 'CALL retention_dashboard(''board'', ''orders'', ''customer_id'', ''ordered_at'', ''amount''); the last may be NULL.';
	END IF;
	IF as_of IN ('infinity', '-infinity') THEN
		RAISE EXCEPTION USING ERRCODE = 'datetime_field_overflow',
			MESSAGE = 'as_of must be finite',
			HINT = 'Leave it out to take the day after the last event.';
	END IF;
	-- refuses what has no calendar of periods
	EXECUTE format('SELECT %I.period_start(date ''2000-01-01'', $1)', extension) USING grain;

	-- the table and its columns
	SELECT c.relkind, c.relpersistence INTO kind, persistence FROM pg_class AS c WHERE c.oid = orders;
	IF NOT FOUND OR kind NOT IN ('r', 'v', 'm', 'f', 'p') THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is no table', orders),
			DETAIL = 'A dashboard is made of a table, a view, a materialized view, a partitioned or a foreign table.',
			HINT = 'Name the table of orders, as in ''public.orders''.';
	END IF;
	IF persistence = 't' THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is temporary', orders),
			DETAIL = 'The views of a dashboard outlive the session.',
			HINT = 'Copy it into a table that stays: CREATE TABLE ... AS SELECT ...';
	END IF;
	IF NOT has_any_column_privilege(orders, 'SELECT') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('permission denied for %s', orders),
			DETAIL = format('The views of a dashboard are made, and refreshed, with the rights of %I.', current_user),
			HINT = format('GRANT SELECT ON %s TO %I;', orders, current_user);
	END IF;
	FOREACH wanted SLICE 1 IN ARRAY ARRAY[['customer', customer], ['at', at], ['amount', amount], ['channel', channel]] LOOP
		IF wanted[2] IS NULL THEN
			names := names || NULL::text;
			types := types || NULL::regtype;
			CONTINUE;
		END IF;
		SELECT a.attnum, a.attname, a.atttypid INTO att
		FROM pg_attribute AS a
		WHERE a.attrelid = orders AND a.attname = wanted[2] AND a.attnum > 0 AND NOT a.attisdropped;
		IF NOT FOUND THEN
			-- the name that has the most pairs of letters in common, capitals and what is no letter apart
			SELECT format('Perhaps you mean "%s". ', near.attname) INTO words
			FROM (
				SELECT a.attname, (
					SELECT count(*) FROM (
						SELECT substr(mine, i, 2) FROM generate_series(1, length(mine) - 1) AS i
						INTERSECT
						SELECT substr(its, i, 2) FROM generate_series(1, length(its) - 1) AS i) AS common)::float8
						/ greatest(length(mine), length(its), 2) AS likeness
				FROM pg_attribute AS a,
					LATERAL (SELECT regexp_replace(lower(wanted[2]), '[\s_.-]', '', 'g') AS mine,
						regexp_replace(lower(a.attname), '[\s_.-]', '', 'g') AS its) AS l
				WHERE a.attrelid = orders AND a.attnum > 0 AND NOT a.attisdropped) AS near
			WHERE likeness > 0.2
			ORDER BY likeness DESC, attname LIMIT 1;
			RAISE EXCEPTION USING ERRCODE = 'undefined_column',
				MESSAGE = format('column "%s" of %s does not exist', wanted[2], orders),
				DETAIL = format('It was named as %s.', wanted[1]),
				HINT = coalesce(words, '') || 'The columns are ' || coalesce((
					SELECT string_agg('"' || c.attname || '"', ', ' ORDER BY c.attnum)
					FROM (
						SELECT a.attname, a.attnum FROM pg_attribute AS a
						WHERE a.attrelid = orders AND a.attnum > 0 AND NOT a.attisdropped
						ORDER BY a.attnum LIMIT 20) AS c), 'none') || '.';
		END IF;
		IF NOT has_column_privilege(orders, att.attnum, 'SELECT') THEN
			RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
				MESSAGE = format('permission denied for column "%s" of %s', att.attname, orders),
				DETAIL = format('The views of a dashboard are made, and refreshed, with the rights of %I.', current_user),
				HINT = format('GRANT SELECT (%I) ON %s TO %I;', att.attname, orders, current_user);
		END IF;
		names := names || att.attname::text;
		-- a domain is what it is over
		types := types || (WITH RECURSIVE base AS (
				SELECT att.atttypid AS type
				UNION ALL
				SELECT t.typbasetype FROM base JOIN pg_type AS t ON t.oid = base.type WHERE t.typtype = 'd')
			SELECT b.type FROM base AS b JOIN pg_type AS t ON t.oid = b.type WHERE t.typtype <> 'd')::regtype;
	END LOOP;
	IF types[2] NOT IN ('date'::regtype, 'timestamp'::regtype, 'timestamptz'::regtype) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of %s is no time', names[2], orders),
			DETAIL = format('It is of type %s; the time of an order is a date, a timestamp or a timestamptz.', types[2]),
			HINT = CASE WHEN EXISTS (SELECT FROM pg_range AS r WHERE r.rngtypid = types[2])
				THEN 'Of subscriptions there is no dashboard yet: see customer_movements(customer, during, amount, grain).'
				ELSE format('Make a view that casts it: CREATE VIEW v AS SELECT *, %I::timestamp AS at_time FROM %s; or swap the two columns if they are the other way round.', names[2], orders) END;
	END IF;
	IF types[3] <> ALL (numbers) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of %s is no amount', names[3], orders),
			DETAIL = format('It is of type %s; an amount is a number.', types[3]),
			HINT = format('Make a view that casts it: CREATE VIEW v AS SELECT *, %I::text::numeric AS number FROM %s; or leave amounts out with NULL.', names[3], orders);
	END IF;
	IF NOT EXISTS (
		SELECT FROM pg_opclass AS o JOIN pg_am AS m ON m.oid = o.opcmethod AND m.amname = 'btree'
		JOIN pg_type AS t ON t.oid = types[1]
		WHERE o.opcdefault AND (o.opcintype = types[1]
			OR EXISTS (SELECT FROM pg_cast AS c WHERE c.castsource = types[1] AND c.casttarget = o.opcintype AND c.castmethod = 'b' AND c.castcontext = 'i')
			OR (t.typtype = 'e' AND o.opcintype = 'anyenum'::regtype) OR (t.typtype = 'c' AND o.opcintype = 'record'::regtype)
			OR (t.typcategory = 'A' AND o.opcintype = 'anyarray'::regtype) OR (t.typtype = 'r' AND o.opcintype = 'anyrange'::regtype)
			OR (t.typtype = 'm' AND o.opcintype = 'anymultirange'::regtype))) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of %s cannot tell customers apart', names[1], orders),
			DETAIL = format('It is of type %s, which has no order.', types[1]),
			HINT = format('Make a view with the number or the name of the customer as a text: CREATE VIEW v AS SELECT *, %I::text AS customer_name FROM %s.', names[1], orders);
	END IF;
	-- an instant is cut in one zone, whoever refreshes
	IF types[2] = 'timestamptz'::regtype THEN
		zone := substring(grain::text FROM ' at (.+)$');
		IF zone IS NULL THEN
			zone := current_setting('TimeZone');
			grain := format('%s at %s', grain, zone);
		END IF;
	END IF;

	-- the schema
	SELECT s.oid INTO schema_oid FROM pg_namespace AS s WHERE s.nspname = schema;
	IF FOUND THEN
		SELECT count(*), min(pg_describe_object(d.classid, d.objid, 0)) INTO n, words
		FROM pg_depend AS d
		WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = schema_oid AND d.classid <> 'pg_default_acl'::regclass;
		IF n > 0 THEN
			RAISE EXCEPTION USING ERRCODE = 'duplicate_schema',
				MESSAGE = format('schema %I exists and is not empty', schema),
				DETAIL = format('It holds %s%s.', words, CASE WHEN n > 1 THEN format(' and %s more', n - 1) ELSE '' END),
				HINT = CASE WHEN EXISTS (
					SELECT FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
					WHERE c.relnamespace = schema_oid AND c.relname = 'settings' AND a.attname = 'as_of_given')
					THEN format('CALL retention_refresh(%L) brings that dashboard up to date, DROP SCHEMA %I CASCADE makes room for another.', schema, schema)
					ELSE 'Name a schema that does not exist yet, or an empty one.' END;
		END IF;
	ELSE
		IF octet_length(schema) > 63 THEN
			RAISE EXCEPTION USING ERRCODE = 'name_too_long',
				MESSAGE = 'the name of the schema is too long',
				DETAIL = format('It has %s bytes, names in PostgreSQL have 63 at most.', octet_length(schema)),
				HINT = 'Give it a shorter one.';
		END IF;
		IF NOT has_database_privilege(current_database(), 'CREATE') THEN
			RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
				MESSAGE = format('permission denied to create schema %I', schema),
				DETAIL = format('%I may not create schemas in this database.', current_user),
				HINT = format('GRANT CREATE ON DATABASE %I TO %I; or have an empty schema made: CREATE SCHEMA %I AUTHORIZATION %I;',
					current_database(), current_user, schema, current_user);
		END IF;
		EXECUTE format('CREATE SCHEMA %I', schema);
	END IF;

	-- what was asked for, and what a refresh finds
	EXECUTE format('CREATE TABLE %I.settings (orders text NOT NULL, customer text NOT NULL, at text NOT NULL, amount text, channel text,'
		' grain text NOT NULL, zone text, as_of_given date, as_of date, first_event date, last_event date,'
		' events bigint NOT NULL DEFAULT 0, customers bigint NOT NULL DEFAULT 0)', schema);
	EXECUTE format('COMMENT ON TABLE %I.settings IS %L', schema, 'what the dashboard was made of, and as_of, the first day that the data do not cover; kept by retention_refresh');
	EXECUTE format('INSERT INTO %I.settings (orders, customer, at, amount, channel, grain, zone, as_of_given) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)', schema)
		USING (SELECT format('%I.%I', t.nspname, c.relname) FROM pg_class AS c JOIN pg_namespace AS t ON t.oid = c.relnamespace WHERE c.oid = orders),
			customer, at, amount, channel, grain::text, zone, as_of;
	EXECUTE format('CREATE TABLE %1$I.models (purchases %2$I.purchase_model, spend %2$I.spend_model,'
		' purchases_problem text, purchases_hint text, spend_problem text, spend_hint text)', schema, extension);
	EXECUTE format('COMMENT ON TABLE %I.models IS %L', schema, 'the models fitted by the last refresh, or why they could not be');
	EXECUTE format('INSERT INTO %I.models DEFAULT VALUES', schema);

	-- the views, empty until it is known whose functions they call
	words := substring(grain::text FROM '^(day|week|month|quarter|year)\M');
	FOREACH view SLICE 1 IN ARRAY views LOOP
		EXECUTE format(CASE view[1] WHEN 'm' THEN 'CREATE MATERIALIZED VIEW %I.%I AS %s WITH NO DATA' ELSE 'CREATE VIEW %I.%I AS %s' END,
			schema, view[2], format(view[4], extension, schema, grain, orders::text,
				format('o.%I', names[1]), format('o.%I', names[2]),
				CASE types[2] WHEN 'timestamptz'::regtype THEN format('(o.%I AT TIME ZONE %L)::date', names[2], zone) ELSE format('o.%I::date', names[2]) END,
				CASE WHEN amount IS NULL THEN 'NULL::numeric' ELSE format('o.%I', names[3]) END,
				CASE WHEN channel IS NULL THEN 'NULL::text' ELSE format('coalesce(nullif(o.%I::text, ''''), ''(none)'')', names[4]) END,
				CASE WHEN channel IS NULL THEN 'NULL::text'
					ELSE format('coalesce(%I.earliest(e.channel, e.at) FILTER (WHERE e.channel <> ''(none)''), ''(none)'')', extension) END,
				CASE WHEN amount IS NOT NULL THEN ', e.amount' WHEN zone IS NOT NULL THEN ', NULL' ELSE '' END
					|| CASE WHEN zone IS NULL THEN '' ELSE format(', %L::text', zone) END,
				coalesce('the next ' || words, 'in the next period'), coalesce(words, 'period')));
		EXECUTE format('COMMENT ON %s %I.%I IS %L', CASE view[1] WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, schema, view[2], view[3]);
	END LOOP;
	SELECT p.oid::regprocedure::text, CASE p.prokind WHEN 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END INTO words, what
	FROM pg_rewrite AS r
	JOIN pg_class AS c ON c.oid = r.ev_class AND c.relnamespace = (SELECT s.oid FROM pg_namespace AS s WHERE s.nspname = schema)
	JOIN pg_depend AS d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_proc'::regclass
	JOIN pg_proc AS p ON p.oid = d.refobjid AND p.pronamespace = (SELECT x.extnamespace FROM pg_extension AS x WHERE x.extname = 'retention')
	WHERE NOT EXISTS (
		SELECT FROM pg_depend AS m JOIN pg_extension AS x ON x.oid = m.refobjid AND x.extname = 'retention'
		WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND m.refclassid = 'pg_extension'::regclass AND m.deptype = 'e')
	ORDER BY 1 LIMIT 1;
	IF words IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'ambiguous_function',
			MESSAGE = format('%s is in the way', words),
			DETAIL = 'It is in the schema of the extension retention but does not belong to it, and PostgreSQL would call it in the place of the extension''s own.',
			HINT = format('DROP %s %s; or move the extension to a schema where nobody else may create: ALTER EXTENSION retention SET SCHEMA ...', what, words);
	END IF;
	EXECUTE format('CREATE UNIQUE INDEX timelines_customer ON %I.timelines (customer)', schema);
	EXECUTE format('CREATE UNIQUE INDEX matrices_position ON %I.matrices (position)', schema);
	EXECUTE format('CREATE UNIQUE INDEX checks_position ON %I.checks (position)', schema);
	EXECUTE format('CREATE UNIQUE INDEX customers_customer ON %I.customers (customer)', schema);
	EXECUTE format('COMMENT ON SCHEMA %I IS %L', schema,
		format('customer retention of %s: a dashboard, made by retention_dashboard, kept by retention_refresh, drawn by retention_page', orders));
	EXECUTE format('CALL %I.retention_refresh($1)', extension) USING schema;
END
$retention$;
COMMENT ON PROCEDURE retention_dashboard(text, regclass, text, text, text, text, grain, date) IS
	'makes a schema of views over a table of orders: settings, headlines, cells, curve, cohorts, ltv, movements, channels, channel_curve, customers, call_list, states, segments, findings and pictures, with the same plain columns whatever the table; and refreshes them. schema: the name of one that does not exist yet, or of an empty one. orders: a table or view with a row for each order, or refund, with negative amounts. customer, at, amount, channel: names of its columns, spelled as they are; a customer of any type with an order, a time (date, timestamp or timestamptz), a number, and anything; amount NULL: no money; channel NULL: no channels, else a customer''s is that of the first order that has one. grain: calendar periods; without a zone instants are cut in that of the session, which is kept. as_of: the first day that the data do not cover, NULL: at each refresh the day after the last event. Rights are those of the caller, who owns what is made; all or nothing is made. Errors: 22004 for a NULL where none may be, 22008 for an infinite as_of, 22023 for a grain without periods, 42501 without the right to read the columns or to make the schema, 42703 for no such column, with the nearest, 42704 and others of the names themselves, 42725 where a function in the schema of the extension is in the way of one of its own, 42804 for a type that will not do, 42809 for what is no table, or a temporary one, 42P06 for a schema that holds anything, 42622 for a name too long; and those of the metrics for data that they refuse';

CREATE PROCEDURE retention_refresh(schema text)
	LANGUAGE plpgsql
	SET search_path = pg_catalog, pg_temp
	SET jit = off
	AS $retention$
#variable_conflict use_variable
DECLARE
	extension name;
	settings oid;
	owner name;
	caller text := current_setting('role');
	view text;
	amounts boolean;
	problem text;
	hint text;
	attempt integer := 0;
BEGIN
	SELECT e.nspname INTO STRICT extension
	FROM pg_extension AS x JOIN pg_namespace AS e ON e.oid = x.extnamespace
	WHERE x.extname = 'retention';
	SELECT c.oid, pg_get_userbyid(c.relowner) INTO settings, owner
	FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
	WHERE s.nspname = schema AND c.relname = 'settings' AND c.relkind = 'r'
		AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'as_of_given');
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name',
			MESSAGE = format('schema %s is no dashboard', coalesce(quote_ident(schema), 'NULL')),
			HINT = 'CALL retention_dashboard(schema, orders, customer, at, amount) makes one.';
	END IF;
	IF NOT pg_has_role(owner, 'USAGE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('permission denied to refresh dashboard %I', schema),
			DETAIL = format('It belongs to %I.', owner),
			HINT = format('GRANT %I TO %I; or have the owner run it, in a job for example.', owner, current_user);
	END IF;
	-- what the owner has put there runs as the owner, whoever refreshes
	IF owner <> current_user THEN
		PERFORM set_config('role', owner, true);
	END IF;

	-- a second refresh waits here for the first
	EXECUTE format('LOCK TABLE %I.settings IN SHARE ROW EXCLUSIVE MODE', schema);
	EXECUTE format('SELECT amount IS NOT NULL FROM %I.settings', schema) INTO amounts;
	FOREACH view IN ARRAY ARRAY['timelines', 'matrices', 'checks', 'customers'] LOOP
		IF view = 'matrices' THEN
			EXECUTE format('UPDATE %1$I.settings SET (first_event, last_event, events, customers, as_of) ='
				' (SELECT min(first_event), max(last_event), coalesce(sum(events), 0), count(*), coalesce(as_of_given, max(last_event) + 1) FROM %1$I.timelines)', schema);
		ELSIF view = 'customers' THEN
			BEGIN
				EXECUTE format('UPDATE %1$I.models SET purchases_problem = NULL, purchases_hint = NULL, purchases ='
					' (SELECT %2$I.purchase_model(''mbg/nbd''::text, t.history, s.as_of, ''day''::text) FROM %1$I.timelines AS t CROSS JOIN %1$I.settings AS s)', schema, extension);
				EXECUTE format('UPDATE %1$I.models SET purchases_problem = ''there is no order to learn from'' WHERE purchases IS NULL', schema);
			EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				EXECUTE format('UPDATE %1$I.models SET purchases = NULL, purchases_problem = $1, purchases_hint = nullif($2, '''')', schema) USING problem, hint;
			END;
			BEGIN
				EXECUTE format('UPDATE %1$I.models SET spend_problem = NULL, spend_hint = NULL, spend = NULL', schema);
				IF amounts THEN
					EXECUTE format('UPDATE %1$I.models SET spend = (SELECT %2$I.spend_model(t.history, s.as_of)'
						' FROM %1$I.timelines AS t CROSS JOIN %1$I.settings AS s CROSS JOIN LATERAL %2$I.purchase_summary(t.history, s.as_of, ''day''::text) AS p'
						' WHERE p.monetary_value > 0)', schema, extension);
					EXECUTE format('UPDATE %1$I.models SET spend_problem = ''no customer has a second day with an order and an amount'' WHERE spend IS NULL', schema);
				END IF;
			EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				EXECUTE format('UPDATE %1$I.models SET spend = NULL, spend_problem = $1, spend_hint = nullif($2, '''')', schema) USING problem, hint;
			END;
		END IF;
		-- a model may also refuse a single customer: first that of spend goes, then the other
		LOOP
			BEGIN
				EXECUTE format('REFRESH MATERIALIZED VIEW %s %I.%I',
					(SELECT CASE WHEN c.relispopulated THEN 'CONCURRENTLY' ELSE '' END FROM pg_class AS c
						WHERE c.oid = format('%I.%I', schema, view)::regclass), schema, view);
				EXIT;
			EXCEPTION WHEN data_exception THEN
				IF view <> 'customers' OR attempt > 1 THEN
					RAISE;
				END IF;
				GET STACKED DIAGNOSTICS problem = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
				EXECUTE format('UPDATE %1$I.models SET %2$s = NULL, %2$s_problem = $1, %2$s_hint = nullif($2, '''') WHERE %2$s IS NOT NULL',
					schema, (ARRAY['spend', 'purchases'])[attempt + 1]) USING problem, hint;
				attempt := attempt + 1;
			END;
		END LOOP;
	END LOOP;
	-- or a reader's plan would take a row for a thousand
	FOREACH view IN ARRAY ARRAY['settings', 'models', 'timelines', 'matrices', 'checks', 'customers'] LOOP
		EXECUTE format('ANALYZE %I.%I', schema, view);
	END LOOP;
	IF owner <> current_user OR current_setting('role') <> caller THEN
		PERFORM set_config('role', caller, true);
	END IF;
END
$retention$;
COMMENT ON PROCEDURE retention_refresh(text) IS
	'brings a dashboard up to date, in one transaction: its timelines are read from the table anew, and as_of, unless it was given, becomes the day after the last event. Readers see the old figures until then and are not kept waiting; a second refresh waits for the first. Runs with the rights of the owner of the dashboard, as whom the caller must be able to act. For a job: SELECT cron.schedule(''retention'', ''15 3 * * *'', $$CALL retention_refresh(''board'')$$). Where a model refuses the data, its columns become NULL and findings says why. Errors: 3F000 for a schema that retention_dashboard did not make, 42501 for one of somebody else; and those of the metrics for data that they refuse, which leave everything as it was';

CREATE FUNCTION retention_page(schema text) RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE COST 100000
	SET search_path = pg_catalog, pg_temp
	SET jit = off
	SET datestyle = 'ISO, YMD'
	AS $retention$
#variable_conflict use_variable
DECLARE
	style constant text := $c$
:root{color-scheme:light dark;--ink:#1c2128;--dim:#57606a;--paper:#fff;--card:#fff;--ground:#f3f5f8;--line:#d5dae1;--link:#0a5aa8;--fault:#a1260d;--look:#7a4d00;--retention-ink:var(--ink);--retention-paper:var(--card)}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e8eaed;--dim:#a3acb8;--paper:#0d1014;--card:#15181d;--ground:#0d1014;--line:#39424e;--link:#8cc2ff;--fault:#ff9f85;--look:#f0c26e}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
a{color:var(--link)}
.skip{position:absolute;left:-999px}.skip:focus{left:8px;top:8px;background:var(--card);padding:4px 10px;z-index:2}
header,main,footer{max-width:1560px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:28px;line-height:1.25;margin:0 0 6px;overflow-wrap:anywhere}
h2{font-size:21px;margin:40px 0 10px}
h3{font-size:16px;margin:0 0 2px}
p{margin:0 0 8px}
.meta,.note,footer{color:var(--dim);font-size:14px}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;margin:14px 0 0;padding:0;font-size:15px}
.heads{list-style:none;margin:0;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,300px),1fr));gap:14px}
.heads li,figure,.box{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0}
.heads b{display:block;font-size:26px;line-height:1.2;margin-bottom:4px}
.heads span{display:block;color:var(--dim);font-size:14px}
.pics{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,700px),1fr));gap:16px;align-items:start}
figure{min-width:0}
.wide{grid-column:1/-1}
.scroll{overflow-x:auto;max-width:100%}
.pic>div{min-width:calc(var(--w)*.85px);max-width:calc(var(--w)*1.4px)}
.pic svg{display:block;width:100%}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.box{margin-bottom:16px}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;min-width:100%}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{padding:5px 10px;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;white-space:nowrap}
th{padding:0;background:var(--card);font-weight:600}
th button{all:unset;box-sizing:border-box;cursor:pointer;display:block;width:100%;padding:6px 10px}
th button:focus-visible{outline:3px solid var(--link);outline-offset:-3px}
th button::after{content:"\2195";color:var(--dim);margin-left:5px}
th[aria-sort=ascending] button::after{content:"\2191";color:inherit}
th[aria-sort=descending] button::after{content:"\2193";color:inherit}
.n,th.n button{text-align:right}
td.w{white-space:normal;min-width:240px;max-width:560px;overflow-wrap:anywhere}
td.c{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:13px}
.fault{color:var(--fault);font-weight:600}.look{color:var(--look)}
footer{padding-top:24px;padding-bottom:40px}
@media(max-width:800px){.pic>div{min-width:calc(var(--w)*1px)}}
@media(max-width:600px){header,main,footer{padding-left:14px;padding-right:14px}h1{font-size:23px}figure{padding:10px}}
@media print{:root{--ground:#fff}body{font-size:11pt}nav,.skip{display:none}figure,.heads li,.box{break-inside:avoid;border-color:#999}.scroll{overflow:visible}.pic>div{min-width:0;max-width:none}.pics{display:block}figure{margin-bottom:12px}th button::after{content:""}h2{break-after:avoid}}
$c$;
	script constant text := $c$
for (const button of document.querySelectorAll('th button')) button.addEventListener('click', () => {
	const head = button.parentNode, row = head.parentNode, body = row.parentNode.parentNode.tBodies[0];
	const at = [...row.cells].indexOf(head), down = head.getAttribute('aria-sort') === (head.className === 'n' ? 'descending' : 'ascending') ? head.className === 'n' ? 1 : -1 : head.className === 'n' ? -1 : 1;
	const value = r => r.cells[at].dataset.v ?? r.cells[at].textContent;
	const rows = [...body.rows].sort((a, b) => {
		const x = value(a), y = value(b);
		if (x === '' || y === '') return (x === '') - (y === '');
		return down * (head.className === 'n' ? x - y : x < y ? -1 : x > y ? 1 : 0);
	});
	for (const cell of row.cells) cell.removeAttribute('aria-sort');
	head.setAttribute('aria-sort', down > 0 ? 'ascending' : 'descending');
	body.append(...rows);
});
$c$;
	-- section, title, words below it, query, and for each column its head and kind
	tables constant text[] := ARRAY[
		ARRAY['call', 'Customers worth a call', 'They bought a lot and it is open whether they are still there. The more often the usual silence they have been silent, the more urgent.',
			'SELECT rank, customer, channel, state, orders, revenue, last_order, days_silent, overdue, p_alive, value FROM %1$I.call_list ORDER BY rank LIMIT 25',
			'Rank:count|Customer:text|Channel:text|State:text|Orders:count|Revenue:money|Last order:date|Days silent:count|Times the usual silence:number|Still there:percent|Expected within a year:money'],
		ARRAY['best', 'Customers who brought the most', 'The first 25 by revenue, or by orders where there are no amounts.',
			'SELECT customer, channel, state, segment, first_order, last_order, orders, revenue, p_alive, expected_orders, value FROM %1$I.customers ORDER BY revenue DESC NULLS LAST, orders DESC, customer LIMIT 25',
			'Customer:text|Channel:text|State:text|Segment:text|First order:date|Last order:date|Orders:count|Revenue:money|Still there:percent|Orders expected within a year:number|Revenue expected:money'],
		ARRAY['states', 'Where customers stand', 'At risk: silent for more than 90 days. Lost: for more than 180. Won back: came back after such a silence.',
			'SELECT state, customers, share, revenue, p_alive, value FROM %1$I.states ORDER BY position',
			'State:text|Customers:count|Share:percent|Revenue so far:money|Still there:percent|Expected within a year:money'],
		ARRAY['channels', 'Channels', 'The channel of a customer is that of the first order. Retention and value at ages counted in periods; expected is the revenue of the next year.',
			'SELECT channel, customers, share, orders, revenue, revenue_per_customer, retention_1, retention_3, retention_6, retention_12, ltv_6, ltv_12, at_risk, lost, value FROM %1$I.channels ORDER BY position',
			'Channel:text|Customers:count|Share:percent|Orders:count|Revenue:money|Per customer:money|Retained at 1:percent|at 3:percent|at 6:percent|at 12:percent|Value by 6:money|by 12:money|At risk:count|Lost:count|Expected:money'],
		ARRAY['segments', 'Segments', 'By recency, frequency and money, in fifths of the customers each.',
			'SELECT segment, customers, share, days_silent, orders, revenue, value FROM %1$I.segments ORDER BY revenue DESC NULLS LAST, segment',
			'Segment:text|Customers:count|Share:percent|Days silent, mean:number|Orders, mean:number|Revenue:money|Expected within a year:money'],
		ARRAY['curve', 'The retention curve in figures', 'Over the cohorts that are complete at each age, with bounds of 95 % confidence.',
			'SELECT age, age_label, customers, active, retention, retention_low, retention_high, retention_or_later, ltv_chained FROM %1$I.curve ORDER BY age LIMIT 60',
			'Age:count|Period:text|Customers:count|Active:count|Retained:percent|at least:percent|at most:percent|Then or later:percent|Value of a customer:money'],
		ARRAY['cohorts', 'Cohorts', 'Customers by the period of their first order.',
			'SELECT cohort, customers, orders, revenue, revenue_per_customer, retention_1, retention_3, retention_6, retention_12, last_age, retention_last FROM %1$I.cohorts ORDER BY cohort DESC LIMIT 60',
			'Cohort:date|Customers:count|Orders:count|Revenue:money|Per customer:money|Retained at 1:percent|at 3:percent|at 6:percent|at 12:percent|Latest age:count|Retained then:percent'],
		ARRAY['movements', 'Movements', 'The latest 60 periods. Net and gross revenue retention of those who were there before.',
			'SELECT period, opening_customers, new_customers, reactivated_customers, churned_customers, closing_customers, retention_rate, closing_revenue, nrr, grr FROM %1$I.movements ORDER BY period DESC LIMIT 60',
			'Period:date|There before:count|New:count|Came back:count|Left:count|There:count|Kept:percent|Revenue:money|Net retention:percent|Gross retention:percent'],
		ARRAY['findings', 'What looks suspicious', 'A fault is in no table that is as it should be; at the others have a look. The last column is SQL that shows or mends it.',
			'SELECT severity, finding, rows, among, example, remedy FROM %1$I.findings ORDER BY position',
			'Severity:severity|Finding:text|Rows:count|of:count|Example:wide|What to do:code']];
	spec text[];
	line record;
	page text;
	cells text;
	heads text;
	rows text;
	names text;
	charset text;
	words text;
	n integer;
BEGIN
	PERFORM FROM pg_class AS c JOIN pg_namespace AS s ON s.oid = c.relnamespace
	WHERE s.nspname = schema AND c.relname = 'settings' AND c.relkind = 'r'
		AND EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'as_of_given');
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_schema_name',
			MESSAGE = format('schema %I is no dashboard', schema),
			HINT = 'CALL retention_dashboard(schema, orders, customer, at, amount) makes one.';
	END IF;
	-- the page says in what encoding it comes to the client
	charset := CASE
		WHEN pg_client_encoding() ~ '^LATIN([1-9]|10)$'
			THEN 'ISO-8859-' || ('{1,2,3,4,9,10,13,14,15,16}'::text[])[substr(pg_client_encoding(), 6)::integer]
		WHEN pg_client_encoding() ~ '^WIN[0-9]+$' THEN replace(pg_client_encoding(), 'WIN', 'windows-')
		WHEN pg_client_encoding() IN ('UTF8', 'SQL_ASCII') THEN 'utf-8'
		ELSE replace(pg_client_encoding(), '_', '-') END;
	EXECUTE format('SELECT * FROM %I.settings', schema) INTO line;
	page := concat('<!DOCTYPE html>', chr(10), '<html lang="en"><head><meta charset="', charset, '">'
		'<meta http-equiv="Content-Security-Policy" content="default-src ''none''; img-src data:; style-src ''unsafe-inline''; script-src ''sha256-',
		encode(sha256(convert_to(script, 'UTF8')), 'base64'), '''">'
		'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
		'<title>Customer retention of ', replace(replace(line.orders, '&', '&amp;'), '<', '&lt;'), '</title><style>', style, '</style></head><body>'
		'<a class="skip" href="#main">To the figures</a><header><h1>Customer retention of <bdi>',
		replace(replace(line.orders, '&', '&amp;'), '<', '&lt;'), '</bdi></h1><p class="meta">',
		'Complete up to and including ' || to_char(line.as_of - 1, 'YYYY-MM-DD') || ' (as of ' || to_char(line.as_of, 'YYYY-MM-DD')
			|| CASE WHEN line.as_of_given IS NULL THEN ', the day after the last event' ELSE ', as it was asked for' END || '). ',
		'By ', replace(replace(line.grain, '&', '&amp;'), '<', '&lt;'), '. Made of ', to_char(line.events, 'FM999,999,999,999,990'),
		CASE line.events WHEN 1 THEN ' row of ' ELSE ' rows of ' END, to_char(line.customers, 'FM999,999,999,999,990'),
		CASE line.customers WHEN 1 THEN ' customer' ELSE ' customers' END, ', columns ',
		(SELECT string_agg('<bdi>' || replace(replace(c, '&', '&amp;'), '<', '&lt;') || '</bdi>', ', ')
		 FROM unnest(ARRAY[line.customer, line.at, line.amount, line.channel]) AS c WHERE c IS NOT NULL), '.</p><nav aria-label="Contents"><ul><li><a href="#pictures">Pictures</a></li>');
	FOREACH spec SLICE 1 IN ARRAY tables LOOP
		page := page || format('<li><a href="#%s">%s</a></li>', spec[1], spec[2]);
	END LOOP;
	page := page || '</ul></nav></header><main id="main"><h2>In short</h2><ul class="heads">';
	FOR line IN EXECUTE format('SELECT headline, value, sentence FROM %I.headlines ORDER BY position', schema) LOOP
		page := concat(page, '<li><span>', CASE line.headline WHEN 'customers' THEN 'Customers' WHEN 'comes_back' THEN 'Come back' WHEN 'stays' THEN 'Stay'
				WHEN 'movements' THEN 'Kept' WHEN 'at_risk' THEN 'At risk' WHEN 'expected' THEN 'Expected' WHEN 'channels' THEN 'Best channel' ELSE 'Suspicious' END,
			'</span><b>', CASE WHEN line.value IS NULL THEN '-'
				WHEN line.headline IN ('comes_back', 'stays', 'movements', 'channels') THEN round(100 * line.value::numeric) || ' %'
				ELSE to_char(line.value, 'FM999,999,999,999,990') END,
			'</b>', replace(replace(line.sentence, '&', '&amp;'), '<', '&lt;'), '</li>');
	END LOOP;
	page := page || '</ul><h2 id="pictures">Pictures</h2><p class="note">Rest on a mark to read its figures.</p><div class="pics">';
	FOR line IN EXECUTE format('SELECT picture, title, svg FROM %I.pictures ORDER BY position', schema) LOOP
		-- as wide as it is drawn at least, where it can be read
		n := substring(line.svg FROM ' width="(\d+)')::integer;
		-- two pictures of nothing may be the same text: their ids must not
		words := substring(line.svg FROM ' id="(r[0-9a-f]{16})t"');
		page := concat(page, '<figure id="picture-', line.picture, CASE WHEN n > 860 THEN '" class="wide' ELSE '' END, '"><h3>', line.title, '</h3><div class="scroll pic" role="region" tabindex="0" aria-label="', line.title, '"><div style="--w:', n, '">', replace(line.svg, words, words || line.picture), '</div></div></figure>');
	END LOOP;
	page := page || '</div>';
	FOREACH spec SLICE 1 IN ARRAY tables LOOP
		-- a head and an expression for each column, c1 and so on
		SELECT string_agg(format('<th scope="col"%s><button type="button">%s</button></th>',
				CASE WHEN k.kind IN ('count', 'number', 'money', 'percent') THEN ' class="n"' ELSE '' END, k.head), '' ORDER BY k.nr),
			string_agg(format(CASE k.kind
				WHEN 'count' THEN '''<td class="n" data-v="'' || coalesce(c%1$s::text, '''') || ''">'' || coalesce(to_char(c%1$s, ''FM999,999,999,999,990''), '''')'
				WHEN 'number' THEN '''<td class="n" data-v="'' || coalesce(c%1$s::text, '''') || ''">'' || coalesce(to_char(c%1$s, ''FM999,999,999,999,990.0''), '''')'
				WHEN 'money' THEN '''<td class="n" data-v="'' || coalesce(c%1$s::text, '''') || ''">'' || coalesce(to_char(c%1$s, ''FM999,999,999,999,999,999,990'' || CASE WHEN max(abs(c%1$s)) OVER () < 10000 THEN ''.00'' ELSE '''' END), '''')'
				WHEN 'percent' THEN '''<td class="n" data-v="'' || coalesce(c%1$s::text, '''') || ''">'' || coalesce(to_char(100 * c%1$s, ''FM999,999,999,990.0'') || '' %%'', '''')'
				WHEN 'date' THEN '''<td data-v="'' || coalesce(to_char(c%1$s, ''YYYY-MM-DD''), '''') || ''">'' || coalesce(to_char(c%1$s, ''YYYY-MM-DD''), '''')'
				WHEN 'severity' THEN '''<td class="'' || c%1$s || ''">'' || c%1$s'
				ELSE format('''<td%s><bdi>'' || coalesce(replace(replace(c%%1$s::text, ''&'', ''&amp;''), ''<'', ''&lt;''), '''') || ''</bdi>''',
					CASE k.kind WHEN 'wide' THEN ' class="w"' WHEN 'code' THEN ' class="w c"' ELSE '' END) END || ' || ''</td>''', k.nr), ' || ' ORDER BY k.nr),
			string_agg('c' || k.nr, ', ' ORDER BY k.nr)
		INTO heads, cells, names
		FROM (
			SELECT nr, split_part(c, ':', 1) AS head, split_part(c, ':', 2) AS kind
			FROM unnest(string_to_array(spec[5], '|')) WITH ORDINALITY AS u (c, nr)) AS k;
		EXECUTE format('SELECT string_agg(r, '''') FROM (SELECT ''<tr>'' || %s || ''</tr>'' || chr(10) AS r FROM (%s) AS q (%s)) AS x',
			cells, format(spec[4], schema), names) INTO rows;
		page := concat(page, '<section><h2 id="', spec[1], '">', spec[2], '</h2><p class="note">', spec[3], '</p>',
			CASE WHEN rows IS NULL THEN '<p class="box">' || CASE spec[1] WHEN 'findings' THEN 'Nothing was line.'
					WHEN 'channels' THEN 'No channels: no orders yet, or no column was named as channel.' ELSE 'Nobody, and nothing to show.' END || '</p>'
				ELSE format('<div class="box scroll" role="region" tabindex="0" aria-label="%s"><table><caption>%s</caption><thead><tr>%s</tr></thead><tbody>%s</tbody></table></div>',
					spec[2], spec[2], heads, rows) END, '</section>');
	END LOOP;
	RETURN concat(page, '</main><footer>Made by retention_page(<bdi>', replace(replace(quote_literal(schema), '&', '&amp;'), '<', '&lt;'),
		'</bdi>) of the PostgreSQL extension retention. Everything here is in the views of the schema <bdi>', replace(replace(schema, '&', '&amp;'), '<', '&lt;'),
		'</bdi>; nothing is fetched from a network.</footer><script>', script, '</script></body></html>', chr(10));
END
$retention$;
COMMENT ON FUNCTION retention_page(text) IS
	'a dashboard as one HTML file: the headlines, the pictures, and the tables, which sort by a click or a key; nothing is fetched, all is within, for light, dark, print and small screens. schema is one that retention_dashboard made. Write it to a file: psql -XAtc "SELECT retention_page(''board'')" >retention.html. The page says in which encoding it is, that of the client. NULL for a NULL; error 3F000 for another schema, 42501 where the caller may not read the views';
