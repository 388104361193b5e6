-- the type grain: everything that is refused
SET timezone = 'Europe/Paris';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
SET extra_float_digits = 1;

-- units and counts
SELECT ''::grain;
SELECT '3'::grain;
SELECT 'monthly'::grain;
SELECT '2 mnths'::grain;
SELECT 'fortnight'::grain;
SELECT '0 days'::grain;
SELECT '1000001 days'::grain;
SELECT '99999999999999999999 days'::grain;
SELECT '-1 day'::grain;
SELECT '1.5 days'::grain;
SELECT 'day of month'::grain;
SELECT 'hour'::grain;
SELECT '24 hours at UTC'::grain;

-- starting
SELECT 'week starting'::grain;
SELECT 'week starting someday'::grain;
SELECT 'week starting april'::grain;
SELECT 'month starting sunday'::grain;
SELECT 'day starting sunday'::grain;
SELECT 'week starting sunday since start by month'::grain;
SELECT 'day since start by week starting sunday'::grain;

-- since start
SELECT 'day since'::grain;
SELECT 'day since signup'::grain;
SELECT 'day since start by'::grain;
SELECT 'day since start by hour'::grain;
SELECT 'day by week'::grain;
SELECT 'days 0,1,3 by week'::grain;

-- cut points
SELECT 'days 0'::grain;
SELECT 'days 1,3'::grain;
SELECT 'days 0,3,3'::grain;
SELECT 'days 0,3,'::grain;
SELECT 'days 0,-3'::grain;
SELECT 'days 0,1000001'::grain;
SELECT '2 days 0,1,3'::grain;
SELECT 'weeks 0,1,3 starting april'::grain;
SELECT length(('days 0' || string_agg(',' || i, '' ORDER BY i))::grain::text)
FROM generate_series(1, 999) AS i;
DO $$
BEGIN
	PERFORM ('days 0' || string_agg(',' || i, '' ORDER BY i))::grain
	FROM generate_series(1, 1000) AS i;
EXCEPTION WHEN invalid_text_representation THEN
	RAISE NOTICE '%', left(sqlerrm, 50);
END $$;

-- zones
SELECT 'month at'::grain;
SELECT 'month at Europe/Atlantis'::grain;
SELECT 'month at 99'::grain;
SELECT 'month at Europe/Paris since start'::grain;

-- binary: a right value first, then one wrong byte after another.  HEAD is
-- the head of a COPY file with one row of one 14-byte field.
CREATE TEMP TABLE back (grain grain);
\setenv HEAD 'PGCOPY\\n\\377\\r\\n\\000\\000\\000\\000\\000\\000\\000\\000\\000\\000\\001\\000\\000\\000'
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\007\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
SELECT grain FROM back;
-- version
\copy back FROM PROGRAM 'printf "$HEAD\016\002\002\002\000\007\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
-- unit, rows of another unit or by the hour, hours without since start
\copy back FROM PROGRAM 'printf "$HEAD\016\001\006\006\000\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\001\006\001\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\001\002\000\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\001\000\001\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\000\001\000\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
-- flags, starting (default, beyond a week, with days), reserved
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\004\000\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\001\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\010\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\001\001\000\002\000\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\007\001\000\000\000\000\000\002\000\000\377\377"' (FORMAT binary)
-- count
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\000\000\000\000\000\000\000\000\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\016\001\002\002\000\000\000\000\000\377\377\377\377\000\000\377\377"' (FORMAT binary)
-- cuts: too many, one alone, not from 0, not increasing, too far, with a
-- count, with a start of another unit
\copy back FROM PROGRAM 'printf "$HEAD\016\001\001\001\000\000\000\017\241\000\000\000\001\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\022\001\001\001\000\000\000\000\001\000\000\000\001\000\000\000\000\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\000\000\000\000\002\000\000\000\001\000\000\000\001\000\000\000\002\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\000\000\000\000\002\000\000\000\001\000\000\000\000\377\377\377\377\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\000\000\000\000\002\000\000\000\001\000\000\000\000\001\000\000\000\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\000\000\000\000\002\000\000\000\002\000\000\000\000\000\000\000\001\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\002\002\000\011\000\000\002\000\000\000\001\000\000\000\000\000\000\000\001\000\000\377\377"' (FORMAT binary)
-- dates: with a start, one alone, not increasing, infinite
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\002\007\000\000\002\000\000\000\001\000\000\000\000\000\000\000\001\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\022\001\001\001\002\000\000\000\001\000\000\000\001\000\000\000\000\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\002\000\000\000\002\000\000\000\001\000\000\000\001\000\000\000\001\000\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\026\001\001\001\002\000\000\000\002\000\000\000\001\000\000\000\001\177\377\377\377\000\000\377\377"' (FORMAT binary)
-- zones: utc for UTC, unknown, with a zero byte
\copy back FROM PROGRAM 'printf "$HEAD\021\001\001\001\000\000\000\000\000\000\000\000\001\000\003utc\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\021\001\001\001\000\000\000\000\000\000\000\000\001\000\003XYZ\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\021\001\001\001\000\000\000\000\000\000\000\000\001\000\003UT\000\377\377"' (FORMAT binary)
-- too short, too long
\copy back FROM PROGRAM 'printf "$HEAD\015\001\001\001\000\000\000\000\000\000\000\000\001\000\377\377"' (FORMAT binary)
\copy back FROM PROGRAM 'printf "$HEAD\017\001\001\001\000\000\000\000\000\000\000\000\001\000\000\000\377\377"' (FORMAT binary)
SELECT count(*) AS accepted FROM back;
