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

CREATE FUNCTION ledger_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_ledger_combine'
	LANGUAGE C STABLE PARALLEL SAFE;
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_in(cstring) IS
	'input of cohort_matrix: a JSON object as the output writes it, keys in any order; error 22P02 with a detail and a hint when the text or the numbers in it are inconsistent';

CREATE FUNCTION cohort_matrix_out(cohort_matrix) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_out(cohort_matrix) IS
	'output of cohort_matrix: canonical JSON without loss, dates in ISO style whatever the DateStyle';

CREATE FUNCTION cohort_matrix_recv(internal) RETURNS cohort_matrix
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_recv(internal) IS
	'binary input of cohort_matrix; every field and sum is checked, error 22P03';

CREATE FUNCTION cohort_matrix_send(cohort_matrix) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_send(cohort_matrix) IS
	'binary output of cohort_matrix, version 1: the stored bytes, the same on every machine';

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
	'customer retention by cohort and age, storable and additive: per cohort its size and per age the customers active, orders and exact revenue; made by the aggregate cohort_matrix, added up by rollup, read by cohort_cells, retention_curve, retention_rate, churn_rate, ltv, payback_age, drawn by cohort_text, retention_curve_text';

-- comparison: by the stored bytes, equal values have equal bytes

CREATE FUNCTION cohort_matrix_eq(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_eq(cohort_matrix, cohort_matrix) IS
	'implementation of the = operator';

CREATE FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) IS
	'implementation of the <> operator';

CREATE FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) IS
	'implementation of the < operator';

CREATE FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) IS
	'implementation of the <= operator';

CREATE FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) IS
	'implementation of the > operator';

CREATE FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) IS
	'implementation of the >= operator';

CREATE FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) IS
	'below, at or above 0 as the first matrix sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION cohort_matrix_hash(cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_hash(cohort_matrix) IS
	'hash of a cohort matrix';

CREATE FUNCTION cohort_matrix_hash_extended(cohort_matrix, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_to_json(cohort_matrix) IS
	'a cohort matrix as json, the object its text is';

CREATE CAST (cohort_matrix AS json)
	WITH FUNCTION cohort_matrix_to_json(cohort_matrix);
COMMENT ON CAST (cohort_matrix AS json) IS
	'the matrix as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION cohort_matrix_to_jsonb(cohort_matrix) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_cohort_matrix_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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

CREATE AGGREGATE cohort_matrix(customer "any", at "any", grain) (
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
	'cohorts by first activity: a customer belongs to the period of the first event and is active at every age, in periods since then, with an event. customer: any hashable type; at: date, timestamp or timestamptz (cut in the zone of the grain or else of the session); rows with a NULL customer or time are skipped; the grain must be constant in a group (22023) and not NULL (22004); infinite times are error 22008. NULL when there is no customer';

CREATE AGGREGATE cohort_matrix(customer "any", at "any", amount "any", grain) (
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
	'cohorts by first activity, with money: amount is numeric, float or integer, taken at six decimals, half away from zero, in any one currency. A NULL amount is an event worth nothing, a negative one a refund: it corrects the revenue of its own period, and neither starts a cohort nor makes active nor counts as an order; before the customer''s cohort period (with since start: before the first order), or of a customer who never orders, it counts nowhere. A literal NULL as amount leaves money out. Amounts of 9.2e12 and more, NaN and infinities are error 22003. Customers, times, grain and NULL as in cohort_matrix(customer, at, grain)';

CREATE AGGREGATE cohort_matrix(customer "any", started_at "any", at "any", amount "any", grain) (
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
	'cohorts by start (sign-up, contract): a customer belongs to the period of the earliest started_at and is active at the ages with an event, age 0 being an activation rate; a NULL started_at says nothing, a NULL at is a start without activity, customers without any start are left out and activity before the start''s period (with since start: before the start) is ignored. Amounts and refunds as in cohort_matrix(customer, at, amount, grain), all else as in cohort_matrix(customer, at, grain); a literal NULL as amount leaves money out. NULL when there is no start';

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
	OUT revenue_retention double precision, OUT complete boolean) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_cohort_cells'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 1000;
COMMENT ON FUNCTION cohort_cells(cohort_matrix, date, integer) IS
	'one row per cohort and age that begins before the end of the data, empty cells and empty cohorts included, in order; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. Counts are customers; active_or_later: active at this age or any later one stored, also past as_of; active_streak: active at every age from 0 (from 1 with started_at) to this one; rates are fractions of cohort_size, NULL where the period is incomplete or the cohort empty; orders are counted; money is in the unit of the amounts, NULL without amounts; cumulative_revenue is that of ages 0 to age, revenue_per_customer the same / cohort_size; revenue_retention is revenue / revenue at age 0, NULL where that is 0 or the period incomplete; period is NULL with since start and cut grains. up_to_age is the last age to show, NULL: all. NULL matrix: no rows. Errors: 22008 for an infinite as_of, 22023 for a negative up_to_age, 54000 for more than ten million rows';

CREATE FUNCTION retention_curve(
	matrix cohort_matrix, as_of date DEFAULT NULL,
	OUT age integer, OUT cohorts integer, OUT customers bigint,
	OUT active bigint, OUT retention double precision,
	OUT retention_mean double precision, OUT retention_low double precision,
	OUT retention_high double precision,
	OUT retention_or_later double precision,
	OUT retention_streak double precision, OUT ltv numeric,
	OUT revenue_per_active numeric) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_retention_curve'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 100;
COMMENT ON FUNCTION retention_curve(cohort_matrix, date) IS
	'one row per age over the cohorts that are complete at that age; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. retention = active / customers of these cohorts, retention_mean = simple mean of the cohorts, retention_low and retention_high = 95 % bounds of retention (Wilson 1927); all four are fractions, as are retention_or_later and retention_streak (see cohort_cells); ltv = cumulative revenue / customers, revenue_per_active = revenue at the age / active, both in the unit of the amounts and NULL without amounts, the latter also where nobody is active. NULL matrix, or no complete cohort: no rows. Errors: 22008 for an infinite as_of, 54000 for more than ten million rows';

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
	'lifetime value to an age: revenue at ages 0 to age per customer, in the unit of the amounts, over the cohorts complete at that age: column ltv of retention_curve; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL without amounts, for a NULL age or one without complete cohort; error 22023 for a recurring matrix';

CREATE FUNCTION payback_age(
	matrix cohort_matrix, cac numeric, margin numeric, as_of date DEFAULT NULL) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_payback_age'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000;
COMMENT ON FUNCTION payback_age(cohort_matrix, numeric, numeric, date) IS
	'first age at which ltv(matrix, age, as_of) * margin reaches cac, compared exactly; cac is the cost of acquiring a customer in the unit of the amounts, margin the fraction of revenue that is left. NULL when no age does, without amounts, and for NULL arguments (as_of aside); error 22003 for a negative or infinite cac or a margin outside 0..1, 22023 for a recurring matrix';

-- pictures

CREATE FUNCTION cohort_text(
	matrix cohort_matrix, as_of date DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_cohort_text'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 50;
COMMENT ON FUNCTION cohort_text(cohort_matrix, date) IS
	'the matrix as a shaded triangle for psql, one row per line: per cohort its customers and the percentage active at each age, incomplete cells marked; ages 0 to 14 of the latest 40 cohorts, and a line says what is left out; block characters in a UTF-8 database, else ASCII; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL matrix: no rows';

CREATE FUNCTION retention_curve_text(
	matrix cohort_matrix, as_of date DEFAULT NULL) RETURNS SETOF text
	AS 'MODULE_PATHNAME', 'retention_retention_curve_text'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 1000 ROWS 50;
COMMENT ON FUNCTION retention_curve_text(cohort_matrix, date) IS
	'the retention curve as horizontal bars for psql, one row per line: per age the percentage active, its 95 % bounds and the customers it is of; ages 0 to 39, and a line says what is left out; block characters in a UTF-8 database, else ASCII; as_of is the first day the data do not cover, NULL: the data end inside the period of the last event. NULL matrix: no rows';

-- ----------------------------------------------------------------
-- 4. rates: two plain columns in, one number out
-- ----------------------------------------------------------------

CREATE FUNCTION tally_combine(internal, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_tally_combine'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION tally_combine(internal, internal) IS
	'aggregate support: adds the counts and sums of one state to another; error 22023 when a constant argument differs';

CREATE FUNCTION tally_serialize(internal) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_tally_serialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_serialize(internal) IS
	'aggregate support: packs the state of a parallel worker';

CREATE FUNCTION tally_deserialize(bytea, internal) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_tally_deserialize'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION tally_deserialize(bytea, internal) IS
	'aggregate support: reads the packed state of a parallel worker; error 22P03 when it is damaged';

CREATE FUNCTION pair_transition(internal, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_pair_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_transition(internal, numeric, numeric) IS
	'aggregate support: takes in a customer''s opening and closing';

CREATE FUNCTION pair_inverse(internal, numeric, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_pair_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_inverse(internal, numeric, numeric) IS
	'aggregate support: takes a customer out of a moving frame, exactly';

CREATE FUNCTION pair_transition(internal, double precision, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_pair_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_transition(internal, double precision, double precision) IS
	'aggregate support: takes in a customer''s opening and closing';

CREATE FUNCTION pair_inverse(internal, double precision, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_pair_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION pair_inverse(internal, double precision, double precision) IS
	'aggregate support: takes a customer out of a moving frame, exactly';

CREATE FUNCTION retention_rate_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_retention_rate_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION retention_rate_final(internal) IS
	'aggregate support: retention_rate of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION churn_rate_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_churn_rate_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION churn_rate_final(internal) IS
	'aggregate support: churn_rate of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION nrr_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nrr_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nrr_final(internal) IS
	'aggregate support: nrr of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION grr_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_grr_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION grr_final(internal) IS
	'aggregate support: grr of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE FUNCTION quick_ratio_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_quick_ratio_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION quick_ratio_final(internal) IS
	'aggregate support: quick_ratio of the sums; leaves the state as it is, so that the other rates over the same columns share it';

CREATE AGGREGATE retention_rate(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = retention_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = retention_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(numeric, numeric) IS
	'fraction of the customers with opening > 0 who also have closing > 0. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE retention_rate(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = retention_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = retention_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE retention_rate(double precision, double precision) IS
	'fraction of the customers with opening > 0 who also have closing > 0. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE churn_rate(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = churn_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = churn_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(numeric, numeric) IS
	'fraction of the customers with opening > 0 who have no closing > 0, the complement of retention_rate(opening, closing). One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE churn_rate(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = churn_rate_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = churn_rate_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE churn_rate(double precision, double precision) IS
	'fraction of the customers with opening > 0 who have no closing > 0, the complement of retention_rate(opening, closing). One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE nrr(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = nrr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = nrr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(numeric, numeric) IS
	'net revenue retention: sum of closing / sum of opening, over the customers with opening > 0, as a fraction; new customers count in neither, a negative closing (refunds) counts as it is. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE nrr(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = nrr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = nrr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nrr(double precision, double precision) IS
	'net revenue retention: sum of closing / sum of opening, over the customers with opening > 0, as a fraction; new customers count in neither, a negative closing (refunds) counts as it is. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE grr(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = grr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = grr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(numeric, numeric) IS
	'gross revenue retention: sum of the smaller of opening and closing per customer / sum of opening, over the customers with opening > 0, as a fraction: nrr without expansion, never above 1. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE grr(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = grr_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = grr_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE grr(double precision, double precision) IS
	'gross revenue retention: sum of the smaller of opening and closing per customer / sum of opening, over the customers with opening > 0, as a fraction: nrr without expansion, never above 1. One row per customer: what the customer was worth when the period began, and at its end; customers with opening > 0 were there, NULL counts as 0, so a NULL, zero or negative opening is in no base. NULL when nobody was there. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE quick_ratio(opening numeric, closing numeric) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = quick_ratio_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = quick_ratio_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(numeric, numeric) IS
	'money gained / money lost: over all customers the sum of closing - opening where it is positive (new, reactivated, expansion) / where it is negative (contraction, churned), 4 meaning four gained for each one lost. One row per customer; NULL counts as 0, negative values count as they are. NULL when nothing was lost. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE AGGREGATE quick_ratio(opening double precision, closing double precision) (
	SFUNC = pair_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = quick_ratio_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = pair_transition,
	MINVFUNC = pair_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = quick_ratio_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE quick_ratio(double precision, double precision) IS
	'money gained / money lost: over all customers the sum of closing - opening where it is positive (new, reactivated, expansion) / where it is negative (contraction, churned), 4 meaning four gained for each one lost. One row per customer; NULL counts as 0, negative values count as they are. NULL when nothing was lost. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact; amounts of 9.2e12 and more, NaN and infinities are error 22003';

CREATE FUNCTION retention_by_counts(
	customers_start numeric, customers_end numeric, customers_new numeric) RETURNS double precision
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
	RETURN (customers_end - customers_new)::double precision / nullif(customers_start, 0)::double precision;
COMMENT ON FUNCTION retention_by_counts(numeric, numeric, numeric) IS
	'retention by counts, (customers_end - customers_new) / customers_start, the textbook formula, as a fraction that is never clamped. It departs from retention_rate(opening, closing), which asks each customer: who came back counts as retained unless counted as new (so it may pass 1), and who joined and left within the period is subtracted without ever having been there (so it may even be negative). 1 minus it is attrition. NULL for a NULL argument or customers_start = 0';

-- ----------------------------------------------------------------
-- 5. economics: acquisition cost, lifetime value, payback
-- ----------------------------------------------------------------

CREATE FUNCTION cac_transition(internal, numeric, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(internal, numeric, bigint) IS
	'aggregate support: takes in a cost and the customers it won';

CREATE FUNCTION cac_inverse(internal, numeric, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(internal, numeric, bigint) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(internal, numeric, numeric, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(internal, numeric, numeric, bigint) IS
	'aggregate support: takes in costs of marketing and of sales and the customers they won';

CREATE FUNCTION cac_inverse(internal, numeric, numeric, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(internal, numeric, numeric, bigint) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(internal, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(internal, double precision, bigint) IS
	'aggregate support: takes in a cost and the customers it won';

CREATE FUNCTION cac_inverse(internal, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(internal, double precision, bigint) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_transition(internal, double precision, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_transition_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_transition(internal, double precision, double precision, bigint) IS
	'aggregate support: takes in costs of marketing and of sales and the customers they won';

CREATE FUNCTION cac_inverse(internal, double precision, double precision, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_cac_inverse_float8'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_inverse(internal, double precision, double precision, bigint) IS
	'aggregate support: takes a row out of a moving frame, exactly';

CREATE FUNCTION cac_final(internal) RETURNS numeric
	AS 'MODULE_PATHNAME', 'retention_cac_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION cac_final(internal) IS
	'aggregate support: cost / customers';

CREATE AGGREGATE cac(cost numeric, customers bigint) (
	SFUNC = cac_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(numeric, bigint) IS
	'customer acquisition cost: sum of cost / sum of customers acquired, in the unit of the cost, numeric; the ratio of the sums, not a mean of ratios. NULL counts as 0 in either column, so spend without customers and customers without spend both count. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact. NULL without customers or rows. Errors 22003: negative customers, amounts of 9.2e12 and more, NaN and infinities';

CREATE AGGREGATE cac(cost double precision, customers bigint) (
	SFUNC = cac_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(double precision, bigint) IS
	'customer acquisition cost: sum of cost / sum of customers acquired, in the unit of the cost, numeric; the ratio of the sums, not a mean of ratios. NULL counts as 0 in either column, so spend without customers and customers without spend both count. Numeric, float8 (as the decimal PostgreSQL prints) and integer amounts are taken at six decimals, half away from zero; sums are exact. NULL without customers or rows. Errors 22003: negative customers, amounts of 9.2e12 and more, NaN and infinities';

CREATE AGGREGATE cac(marketing numeric, sales numeric, customers bigint) (
	SFUNC = cac_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(numeric, numeric, bigint) IS
	'fully loaded customer acquisition cost: sum of (marketing + sales) / sum of customers acquired; all else as in cac(cost, customers)';

CREATE AGGREGATE cac(marketing double precision, sales double precision, customers bigint) (
	SFUNC = cac_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = cac_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = cac_transition,
	MINVFUNC = cac_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = cac_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE cac(double precision, double precision, bigint) IS
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
-- 6. loyalty: shares, surveys, scores
-- ----------------------------------------------------------------

CREATE FUNCTION share_transition(internal, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_share_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_transition(internal, boolean) IS
	'aggregate support: takes in an answer';

CREATE FUNCTION share_transition(internal, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_share_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_transition(internal, boolean, double precision) IS
	'aggregate support: takes in an answer, with the confidence';

CREATE FUNCTION share_inverse(internal, boolean) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_share_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_inverse(internal, boolean) IS
	'aggregate support: takes an answer out of a moving frame, exactly';

CREATE FUNCTION share_inverse(internal, boolean, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_share_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_inverse(internal, boolean, double precision) IS
	'aggregate support: takes an answer out of a moving frame, exactly';

CREATE FUNCTION share_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_final(internal) IS
	'aggregate support: the share';

CREATE FUNCTION share_low_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_low_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_low_final(internal) IS
	'aggregate support: the lower bound of the share';

CREATE FUNCTION share_high_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_share_high_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION share_high_final(internal) IS
	'aggregate support: the upper bound of the share';

CREATE AGGREGATE share(condition boolean) (
	SFUNC = share_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share(boolean) IS
	'fraction of rows for which a condition is true, of those for which it is true or false: repeat rate, referral, cross-sell, involuntary churn; NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_low(condition boolean) (
	SFUNC = share_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_low(boolean) IS
	'lower 95 % confidence bound of share(condition), a fraction (Wilson 1927); NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_low(condition boolean, confidence double precision) (
	SFUNC = share_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_low_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_low_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_low(boolean, double precision) IS
	'lower confidence bound of share(condition), a fraction (Wilson 1927); confidence, such as 0.9, is that of both bounds together and one for the group. NULLs are skipped, NULL when nothing is left. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE AGGREGATE share_high(condition boolean) (
	SFUNC = share_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_high(boolean) IS
	'upper 95 % confidence bound of share(condition), a fraction (Wilson 1927); NULLs are skipped, NULL when nothing is left';

CREATE AGGREGATE share_high(condition boolean, confidence double precision) (
	SFUNC = share_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_high_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = share_transition,
	MINVFUNC = share_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_high_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE share_high(boolean, double precision) IS
	'upper confidence bound of share(condition), a fraction (Wilson 1927); confidence, such as 0.9, is that of both bounds together and one for the group. NULLs are skipped, NULL when nothing is left. Errors: confidence 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes within a group';

CREATE FUNCTION nps_transition(internal, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_nps_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(internal, bigint) IS
	'aggregate support: takes in a score';

CREATE FUNCTION nps_transition(internal, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_nps_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_transition(internal, bigint, double precision) IS
	'aggregate support: takes in a score, with the confidence';

CREATE FUNCTION nps_inverse(internal, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_nps_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(internal, bigint) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_inverse(internal, bigint, double precision) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_nps_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_inverse(internal, bigint, double precision) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE FUNCTION nps_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nps_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_final(internal) IS
	'aggregate support: the Net Promoter Score';

CREATE FUNCTION nps_margin_final(internal) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_nps_margin_final'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION nps_margin_final(internal) IS
	'aggregate support: the margin of error of the Net Promoter Score';

CREATE AGGREGATE nps(score bigint) (
	SFUNC = nps_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = nps_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = nps_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps(bigint) IS
	'Net Promoter Score in points, -100 to 100: 100 * (promoters, scores 9 and 10, - detractors, scores 0 to 6) / answers (Reichheld 2003); NULLs are no answers and skipped, NULL without answers; error 22003 for a score outside 0..10';

CREATE AGGREGATE nps_margin(score bigint) (
	SFUNC = nps_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(bigint) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence 95 %, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10';

CREATE AGGREGATE nps_margin(score bigint, confidence double precision) (
	SFUNC = nps_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = nps_margin_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = nps_transition,
	MINVFUNC = nps_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = nps_margin_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE nps_margin(bigint, double precision) IS
	'margin of error of nps(score) in points: the score is nps -+ nps_margin with the confidence given, by the normal approximation z * 100 * sqrt((p + d - (p - d)^2) / n) with the shares p of promoters and d of detractors of n answers; fit for some thirty answers and more, and 0 when all fall in one of the three classes. NULLs are skipped, NULL without answers; error 22003 for a score outside 0..10; confidence must be one for the group: 22003 unless above 0 and below 1, 22004 when NULL, 22023 when it changes';

CREATE FUNCTION csat_transition(internal, bigint, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_csat_transition'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_transition(internal, bigint, bigint) IS
	'aggregate support: takes in a score, with the lowest one of the satisfied';

CREATE FUNCTION csat_inverse(internal, bigint, bigint) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_csat_inverse'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION csat_inverse(internal, bigint, bigint) IS
	'aggregate support: takes a score out of a moving frame, exactly';

CREATE AGGREGATE csat(score bigint, satisfied_from bigint) (
	SFUNC = csat_transition,
	STYPE = internal,
	SSPACE = 144,
	FINALFUNC = share_final,
	FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = tally_combine,
	SERIALFUNC = tally_serialize,
	DESERIALFUNC = tally_deserialize,
	MSFUNC = csat_transition,
	MINVFUNC = csat_inverse,
	MSTYPE = internal,
	MSSPACE = 144,
	MFINALFUNC = share_final,
	MFINALFUNC_MODIFY = READ_ONLY,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE csat(bigint, bigint) IS
	'customer satisfaction: the fraction of answers with score >= satisfied_from, such as 4 on a scale from 1 to 5; for bounds use share_low(score >= 4). NULLs are no answers and skipped, NULL without answers. Errors: 22003 for a score or satisfied_from outside 0..10, satisfied_from 22004 when NULL, 22023 when it changes within a group';

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
