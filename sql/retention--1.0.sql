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
