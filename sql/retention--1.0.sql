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
	AS 'MODULE_PATHNAME', 'retention_value_send'
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
	AS 'MODULE_PATHNAME', 'retention_value_eq'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_eq(cohort_matrix, cohort_matrix) IS
	'implementation of the = operator';

CREATE FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_ne(cohort_matrix, cohort_matrix) IS
	'implementation of the <> operator';

CREATE FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_lt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_lt(cohort_matrix, cohort_matrix) IS
	'implementation of the < operator';

CREATE FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_le'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_le(cohort_matrix, cohort_matrix) IS
	'implementation of the <= operator';

CREATE FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_gt'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_gt(cohort_matrix, cohort_matrix) IS
	'implementation of the > operator';

CREATE FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ge'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_ge(cohort_matrix, cohort_matrix) IS
	'implementation of the >= operator';

CREATE FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_cmp'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_cmp(cohort_matrix, cohort_matrix) IS
	'below, at or above 0 as the first matrix sorts before, with or after the second; by the stored bytes, an order for indexes and DISTINCT without further meaning';

CREATE FUNCTION cohort_matrix_hash(cohort_matrix) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION cohort_matrix_hash(cohort_matrix) IS
	'hash of a cohort matrix';

CREATE FUNCTION cohort_matrix_hash_extended(cohort_matrix, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
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
-- 4. models: the support functions that aggregates fitting models share
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
-- 5. purchase_model
-- ----------------------------------------------------------------

CREATE TYPE purchase_model;

CREATE FUNCTION purchase_model_in(cstring) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'retention_purchase_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_in(cstring) IS
	'input of purchase_model: a JSON object as its output writes it, keys in any order; kind and parameters are enough; error 22P02 with a hint when the text is not one';

CREATE FUNCTION purchase_model_out(purchase_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_purchase_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_out(purchase_model) IS
	'output of purchase_model: one JSON object, lossless';

CREATE FUNCTION purchase_model_recv(internal) RETURNS purchase_model
	AS 'MODULE_PATHNAME', 'retention_purchase_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_recv(internal) IS
	'binary input of purchase_model; every field is checked, error 22P03';

CREATE FUNCTION purchase_model_send(purchase_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_eq(purchase_model, purchase_model) IS
	'implementation of the = operator';

CREATE FUNCTION purchase_model_ne(purchase_model, purchase_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_ne(purchase_model, purchase_model) IS
	'implementation of the <> operator';

CREATE FUNCTION purchase_model_hash(purchase_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_hash(purchase_model) IS
	'hash support';

CREATE FUNCTION purchase_model_hash_extended(purchase_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	HASHES
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION purchase_model_to_json(purchase_model) IS
	'a purchase_model as json, the object its text is';

CREATE CAST (purchase_model AS json)
	WITH FUNCTION purchase_model_to_json(purchase_model);
COMMENT ON CAST (purchase_model AS json) IS
	'the model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION purchase_model_to_jsonb(purchase_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_purchase_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	'fits a model of purchases to customers, one row each, by maximum likelihood. kind: ''bg/nbd'' (Fader, Hardie and Lee 2005), ''mbg/nbd'' (Batislam, Denizel and Filiztekin 2007) or ''pareto/nbd'' (Schmittlein, Morrison and Colombo 1987), constant in a group (22023) and not NULL (22004). frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in one unit. Rows with a NULL are skipped, no rows give NULL. Rows that are no history (recency above age, negative or infinite times, ...) are error 22023 with their count and an example, as are data without any repeat purchase. model_fit() says whether the data identify the parameters';

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
	'the same with the unit of recency and age: ''day'', ''week'' (7 days) or ''month'' (365/12 days), constant in a group (22023) and not NULL (22004). The model keeps it, so that intervals and discounts by the year can be converted';

-- readers

CREATE FUNCTION model_parameters(
	model purchase_model,
	OUT name text, OUT estimate double precision, OUT standard_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_purchase_model_parameters'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 4;
COMMENT ON FUNCTION model_parameters(purchase_model) IS
	'one row per parameter, in the order of the publications: r, alpha, a, b of bg/nbd and mbg/nbd, r, alpha, s, beta of pareto/nbd; alpha and beta are times in the unit of the model; standard_error is asymptotic, NULL where the likelihood is flat';

CREATE FUNCTION model_fit(
	model purchase_model,
	OUT log_likelihood double precision, OUT customers bigint,
	OUT distinct_rows bigint, OUT evaluations bigint, OUT status text,
	OUT identified boolean) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_purchase_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_fit(purchase_model) IS
	'how the fit went, one row: log_likelihood (as Fader and Hardie write it, without terms of the data alone), customers, distinct_rows among them, evaluations of the likelihood, status (converged, stalled, too many evaluations), identified (converged, and no standard error exceeds its parameter; if not, single parameters mean nothing while predictions may still be good). All NULL for a model that was not fitted here';

-- predictions

CREATE FUNCTION expected_purchases(
	model purchase_model, horizon double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_purchases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION expected_purchases(purchase_model, double precision, bigint, double precision, double precision) IS
	'purchases expected of a customer within the horizon after the age, in units of the model. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, or a horizon that is negative or not finite';

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

CREATE FUNCTION discounted_expected_purchases(
	model purchase_model, annual_discount double precision, frequency bigint, recency double precision,
	age double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_discounted_expected_purchases'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE COST 10000;
COMMENT ON FUNCTION discounted_expected_purchases(purchase_model, double precision, bigint, double precision, double precision) IS
	'purchases expected of a customer after the age, without end, each worth (1 + annual_discount)^(-years after the age); a year is 365 days. frequency: repeat purchases (days with a purchase without the first); recency: time from the first to the last purchase, 0 without a repeat; age: time from the first purchase to the end of the data; both times in the unit of the model; error 22023 for numbers that are no history, or a model without a unit; error 22003 for a discount that is not positive and finite (0.15 is 15 % a year)';

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


-- ----------------------------------------------------------------
-- 6. spend_model
-- ----------------------------------------------------------------

CREATE TYPE spend_model;

CREATE FUNCTION spend_model_in(cstring) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'retention_spend_model_in'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_in(cstring) IS
	'input of spend_model: a JSON object as its output writes it, keys in any order; kind and parameters are enough; error 22P02 with a hint when the text is not one';

CREATE FUNCTION spend_model_out(spend_model) RETURNS cstring
	AS 'MODULE_PATHNAME', 'retention_spend_model_out'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_out(spend_model) IS
	'output of spend_model: one JSON object, lossless';

CREATE FUNCTION spend_model_recv(internal) RETURNS spend_model
	AS 'MODULE_PATHNAME', 'retention_spend_model_recv'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_recv(internal) IS
	'binary input of spend_model; every field is checked, error 22P03';

CREATE FUNCTION spend_model_send(spend_model) RETURNS bytea
	AS 'MODULE_PATHNAME', 'retention_value_send'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_eq(spend_model, spend_model) IS
	'implementation of the = operator';

CREATE FUNCTION spend_model_ne(spend_model, spend_model) RETURNS boolean
	AS 'MODULE_PATHNAME', 'retention_value_ne'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_ne(spend_model, spend_model) IS
	'implementation of the <> operator';

CREATE FUNCTION spend_model_hash(spend_model) RETURNS integer
	AS 'MODULE_PATHNAME', 'retention_value_hash'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_hash(spend_model) IS
	'hash support';

CREATE FUNCTION spend_model_hash_extended(spend_model, bigint) RETURNS bigint
	AS 'MODULE_PATHNAME', 'retention_value_hash_extended'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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
	HASHES
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
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_to_json(spend_model) IS
	'a spend_model as json, the object its text is';

CREATE CAST (spend_model AS json)
	WITH FUNCTION spend_model_to_json(spend_model);
COMMENT ON CAST (spend_model AS json) IS
	'the model as a json object, so that to_json() and row_to_json() nest it';

CREATE FUNCTION spend_model_to_jsonb(spend_model) RETURNS jsonb
	AS 'MODULE_PATHNAME', 'retention_spend_model_to_jsonb'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
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

CREATE FUNCTION spend_model_transition(internal, bigint, numeric) RETURNS internal
	AS 'MODULE_PATHNAME', 'retention_spend_model_transition_numeric'
	LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION spend_model_transition(internal, bigint, numeric) IS
	'aggregate support: counts a customer, equal ones together';

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
	'fits the Gamma-Gamma model (Fader and Hardie 2013) to customers, one row each, by maximum likelihood. frequency: repeat purchases; monetary_value: their mean value, not their sum, in any one currency, in double precision. Customers without repeat purchases say nothing and are not counted; rows with a NULL are skipped, no rows give NULL. Values of repeat customers that are not above 0 or not finite, and negative frequencies, are error 22023 with their count and an example, as are data without any repeat customer';

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

-- readers

CREATE FUNCTION model_parameters(
	model spend_model,
	OUT name text, OUT estimate double precision, OUT standard_error double precision) RETURNS SETOF record
	AS 'MODULE_PATHNAME', 'retention_spend_model_parameters'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE ROWS 3;
COMMENT ON FUNCTION model_parameters(spend_model) IS
	'one row per parameter: p, q and gamma, the latter in the unit of the values; standard_error is asymptotic, NULL where the likelihood is flat';

CREATE FUNCTION model_fit(
	model spend_model,
	OUT log_likelihood double precision, OUT customers bigint,
	OUT distinct_rows bigint, OUT evaluations bigint, OUT status text,
	OUT identified boolean, OUT correlation double precision) RETURNS record
	AS 'MODULE_PATHNAME', 'retention_spend_model_fit'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION model_fit(spend_model) IS
	'how the fit went, one row: log_likelihood, customers with repeat purchases, distinct_rows among them, evaluations of the likelihood, status (converged, stalled, too many evaluations), identified (converged, and no standard error exceeds its parameter), and correlation of frequency and monetary value, which the model takes to be 0 (NULL when either is constant). All NULL for a model that was not fitted here';

-- predictions

CREATE FUNCTION expected_spend(
	model spend_model, frequency bigint, monetary_value double precision) RETURNS double precision
	AS 'MODULE_PATHNAME', 'retention_expected_spend'
	LANGUAGE C IMMUTABLE PARALLEL SAFE COST 20;
COMMENT ON FUNCTION expected_spend(spend_model, bigint, double precision) IS
	'mean value expected of a further purchase of a customer, an estimate in the unit of the values; between the customers own mean and that of all. monetary_value: mean value of the repeat purchases, of no meaning and possibly NULL when frequency is 0; other NULLs give NULL. Error 22003 where the mean is infinite (q of the model at most 1), 22023 for a negative frequency or a value that is not above 0';

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
