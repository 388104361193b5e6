/*
 * check/type.c
 *		The type data_check: the words of its findings, the table of its text
 *		and bytes, and what makes a value valid.
 *
 * Text form, see record.h:
 *
 *	{"ranges": false, "rows": 120, "finding": ["repeated rows"],
 *	 "severity": ["fault"], "found": [3], "among": [120],
 *	 "example": ["17, 2024-05-01 10:00:00, 19.9"]}
 *
 * What is to be done about a finding is no part of a value: it follows from
 * its name.
 */
#include "metrics/check/type.h"

#include "base/clip.h"
#include "base/record.h"

/*
 * Remedies are SQL with :table, :customer, :at, :during, :amount and :as_of in
 * the place of what was checked.
 */
const FindingWords finding_words[FINDING_COUNT] = {
	[FINDING_UNNAMED] = {
		"no customer or time", {
			"SELECT * FROM :table WHERE :customer IS NULL OR :at IS NULL",
			"SELECT * FROM :table WHERE :customer IS NULL OR :during IS NULL"
		}
	},
	[FINDING_NOT_FINITE] = {
		"time not finite", {
			"... FILTER (WHERE isfinite(:at))",
			NULL
		}
	},
	[FINDING_NO_START] = {
		"no start", {
			NULL,
			"... FILTER (WHERE NOT lower_inf(:during) AND isfinite(lower(:during)))"
		}
	},
	[FINDING_EMPTY] = {
		"empty range", {
			NULL,
			"SELECT * FROM :table WHERE isempty(:during)"
		}
	},
	[FINDING_LAST_SECOND] = {
		"ends at 23:59:59", {
			NULL,
			"daterange(lower(:during)::date, upper(:during)::date, '[]') in the place of :during"
		}
	},
	[FINDING_EARLY] = {
		"before 1990", {
			"SELECT * FROM :table WHERE :at < '1990-01-01'",
			"SELECT * FROM :table WHERE lower(:during) < '1990-01-01'"
		}
	},
	[FINDING_LATE] = {
		"after as_of", {
			"... FILTER (WHERE :at < :as_of)",
			"SELECT * FROM :table WHERE lower(:during) >= :as_of"
		}
	},
	[FINDING_NO_NUMBER] = {
		"amount out of range", {
			"nullif(:amount, 'NaN') in the place of :amount, or ... FILTER (WHERE abs(:amount) < 9.2e12)",
			"nullif(:amount, 'NaN') in the place of :amount, or ... FILTER (WHERE abs(:amount) < 9.2e12)"
		}
	},
	[FINDING_DECIMALS] = {
		"more than six decimals", {
			"round(:amount, 6) in the place of :amount, which is what is done",
			"round(:amount, 6) in the place of :amount, which is what is done"
		}
	},
	[FINDING_NEGATIVE] = {
		"mostly negative", {
			"-:amount in the place of :amount",
			"-:amount in the place of :amount"
		}
	},
	[FINDING_CENTS] = {
		"amounts in cents", {
			":amount / 100.0 in the place of :amount",
			":amount / 100.0 in the place of :amount"
		}
	},
	[FINDING_SPELLINGS] = {
		"one id, two spellings", {
			"lower(btrim(:customer)) in the place of :customer",
			"lower(btrim(:customer)) in the place of :customer"
		}
	},
	[FINDING_SINGLE] = {
		"a customer a row", {
			"SELECT :customer, count(*) FROM :table GROUP BY 1 ORDER BY 2 DESC LIMIT 10",
			NULL
		}
	},
	[FINDING_REPEATED] = {
		"repeated rows", {
			"FROM (SELECT DISTINCT :customer, :at, :amount FROM :table) AS t in the place of FROM :table",
			"FROM (SELECT DISTINCT :customer, :during, :amount FROM :table) AS t in the place of FROM :table"
		}
	},
	[FINDING_LINES] = {
		"several rows at once", {
			"FROM (SELECT :customer, :at, sum(:amount) AS amount FROM :table GROUP BY 1, 2) AS t in the place of FROM :table",
			NULL
		}
	},
	[FINDING_MIDNIGHT] = {
		"no time of day", {
			":at::date in the place of :at; of a timestamptz (:at AT TIME ZONE 'the zone of the dates')::date",
			NULL
		}
	},
	[FINDING_LAST_DAY] = {
		"ends on the last day paid", {
			NULL,
			"daterange(lower(:during)::date, upper(:during)::date, '[]') in the place of :during"
		}
	},
	[FINDING_GAPS] = {
		"gaps of one day", {
			NULL,
			"daterange(lower(:during)::date, upper(:during)::date, '[]') in the place of :during"
		}
	},
	[FINDING_SEAMS] = {
		"overlaps of one day", {
			NULL,
			"daterange(lower(:during)::date, upper(:during)::date - 1) in the place of :during: its ends were exclusive already"
		}
	},
	[FINDING_OVERLAPS] = {
		"overlaps with equal amounts", {
			NULL,
			"SELECT * FROM :table AS a JOIN :table AS b ON a.:customer = b.:customer AND a.:amount = b.:amount AND a.:during && b.:during AND a.:during < b.:during"
		}
	}
};

Finding
finding_of_name(const char *name)
{
	for (int i = 0; i < FINDING_COUNT; i++)
		if (strcmp(finding_words[i].name, name) == 0)
			return i;
	return FINDING_COUNT;
}

/* What is wrong with a finding; sets last to which it is. */
static const char *
finding_problem(const DataCheck *check, const CheckFinding *f, int *last)
{
	Finding		which = finding_of_name(f->name);

	if (which == FINDING_COUNT)
		return "There is no finding of such a name.";
	if (finding_words[which].remedy[check->flags & CHECK_RANGES] == NULL)
		return "A finding is not one of such rows.";
	if ((int) which <= *last)
		return "The findings are not in their order.";
	if (strcmp(f->severity, SEVERITY_FAULT) != 0 &&
		strcmp(f->severity, SEVERITY_LOOK) != 0)
		return "A severity is neither \"fault\" nor \"look\".";
	if (f->found < 1 || f->among < f->found || f->among > check->rows)
		return "The counts of a finding contradict one another.";
	if (strlen(f->example) > CLIP_BYTES + 3)
		return "An example is too long.";
	*last = which;
	return NULL;
}

static const char *
check_problem(const void *value)
{
	const DataCheck *check = value;
	const char *problem;
	int			last = -1;

	for (int64 i = 0; i < check->nfindings; i++)
		if ((problem = finding_problem(check, &check->findings[i], &last)) != NULL)
			return problem;
	return NULL;
}

static const RecordField fields[] = {
	{"ranges", RECORD_FLAG, 0, .flag = CHECK_RANGES},
	{"rows", RECORD_COUNT, offsetof(DataCheck, rows)},
	{"finding", RECORD_TEXT, offsetof(CheckFinding, name)},
	{"severity", RECORD_TEXT, offsetof(CheckFinding, severity)},
	{"found", RECORD_COUNT, offsetof(CheckFinding, found)},
	{"among", RECORD_COUNT, offsetof(CheckFinding, among)},
	{"example", RECORD_TEXT, offsetof(CheckFinding, example)}
};

static const RecordType check_type = {
	.name = "data_check", .what = "check",
	.version = 1, .flags = CHECK_RANGES,
	.flags_at = offsetof(DataCheck, flags), .size = sizeof(DataCheck),
	.head = {
		lengthof(fields), fields, 2,
		offsetof(DataCheck, nfindings), offsetof(DataCheck, findings),
		sizeof(CheckFinding), 5, "It has more findings than bytes for them."
	},
	.problem = check_problem,
	.whole_hint = "The text of a data_check is what its output writes; make one with check_events(customer, at, amount, as_of) or check_ranges(customer, during, amount, as_of).",
	.length_hint = "All arrays have one element for each finding."
};

RECORD_FUNCTIONS(data_check, &check_type);

struct varlena *
check_encode(const DataCheck *check)
{
	return record_encode(&check_type, check);
}

DataCheck *
check_from_varlena(const struct varlena *value)
{
	return record_decode(&check_type, VARDATA_ANY(value),
						 VARSIZE_ANY_EXHDR(value));
}
