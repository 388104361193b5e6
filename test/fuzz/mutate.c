/*
 * mutate.c
 *		Seeds with a few changes.
 */
#include "fuzz.h"

#include "mb/pg_wchar.h"

/* What texts are made of, and what is at the edge of it. */
static const char *const words[] = {
	"0", "1", "-1", "00", "1e9", "1e-9", "1e400", "-0", "0.1", "9223372036854775807",
	"9223372036854775808", "-9223372036854775808", "2147483647", "2147483648", "1000000", "1000001",
	"4294967296", "170141183460469231731687303715884105727", "NaN", "Infinity", "1.7976931348623157e308",
	"4.9e-324", "\"\"", "null", "true", "false", "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u0000", "\\ud800",
	"{}", "[]", "[[", "]]", " ", "\t", "month", "week", "day", "hour", "quarter", "year", "days 0,1,3,7",
	" since start", " by week", " starting sunday", " at Europe/Paris", " at UTC", " at XYZ5", "Europe/Paris",
	"2024-01-31", "2024-02-30", "4714-11-24 BC", "5874897-12-31", "0001-01-01 BC", "294276-12-31", "P1Y", "P1M2DT3H4.000001S",
	"PT0S", "strict order", "deduplicated", "bg/nbd", "sbg", "\303\244", "\360\237\220\230", "\342\202\254"
};

/* Bytes and numbers, as wire.h codes them, at the edges. */
static const struct
{
	int			len;
	const char *bytes;
}			edges[] = {
	{1, "\0"}, {1, "\1"}, {1, "\177"}, {1, "\200"}, {1, "\377"}, {2, "\200\1"}, {2, "\377\177"},
	{5, "\377\377\377\377\7"}, {5, "\377\377\377\377\17"}, {5, "\200\200\200\200\20"},
	{9, "\377\377\377\377\377\377\377\377\177"}, {10, "\377\377\377\377\377\377\377\377\377\1"},
	{10, "\376\377\377\377\377\377\377\377\377\1"}, {8, "\177\360\0\0\0\0\0\0"}, {8, "\177\370\0\0\0\0\0\0"},
	{8, "\200\0\0\0\0\0\0\0"}, {8, "\0\0\0\0\0\0\0\1"}, {8, "\177\357\377\377\377\377\377\377"},
	{4, "\0\0\0\0"}, {4, "\177\377\377\377"}, {4, "\377\377\377\377"}, {8, "\0\0\0\0\0\0\360\177"},
	{8, "\377\377\377\377\377\377\357\177"}, {2, "\377\377"}, {3, "UTC"}, {12, "Europe/Paris"}
};

static int
pick(pg_prng_state *random, int n)
{
	return n <= 1 ? 0 : (int) pg_prng_uint64_range(random, 0, n - 1);
}

/* Replace cut bytes at a place by len others. */
static void
splice(StringInfo s, int at, int cut, const char *bytes, int len)
{
	int			rest = s->len - at - cut;

	if (s->len - cut + len > MUTANT_MAX)
		return;
	enlargeStringInfo(s, len);
	memmove(s->data + at + len, s->data + at + cut, rest);
	memcpy(s->data + at, bytes, len);
	s->len += len - cut;
	s->data[s->len] = '\0';
}

/* Digits from a place on. */
static int
number_length(const StringInfoData *s, int at)
{
	int			n = 0;

	while (at + n < s->len && s->data[at + n] >= '0' && s->data[at + n] <= '9')
		n++;
	return n;
}

static void
insert_edge(pg_prng_state *random, bool text, StringInfo s, int at, bool over)
{
	if (text)
	{
		const char *word = words[pick(random, lengthof(words))];
		int			cut = number_length(s, at);

		/* a number for a number, as often as not */
		if (!over || (cut > 0 && pick(random, 2)))
			splice(s, at, over ? cut : 0, word, strlen(word));
		else
			splice(s, at, Min((int) strlen(word), s->len - at), word, strlen(word));
	}
	else
	{
		int			i = pick(random, lengthof(edges));

		splice(s, at, over ? Min(edges[i].len, s->len - at) : 0,
			   edges[i].bytes, edges[i].len);
	}
}

/* One change. */
static void
change(pg_prng_state *random, const Seed *seeds, int nseeds, bool text,
	   StringInfo s)
{
	int			at = pick(random, s->len + 1);
	int			some = pick(random, Min(s->len - at, 16) + 1);
	char		buffer[256];

	switch (pick(random, 10))
	{
		case 0:
			if (at < s->len)
				s->data[at] ^= 1 << pick(random, 8);
			break;
		case 1:
			if (at < s->len)
				s->data[at] = (char) pick(random, 256);
			break;
		case 2:
			if (at < s->len)
				s->data[at] += pick(random, 2) ? 1 : -1;
			break;
		case 3:
			insert_edge(random, text, s, at, false);
			break;
		case 4:
			insert_edge(random, text, s, at, true);
			break;
		case 5:
			splice(s, at, some, "", 0);
			break;
		case 6:					/* again */
			memcpy(buffer, s->data + at, some);
			splice(s, at, 0, buffer, some);
			break;
		case 7:					/* from another */
			{
				const Seed *other = &seeds[pick(random, nseeds)];
				int			from = pick(random, other->len + 1);
				int			len = pick(random, Min(other->len - from, 200) + 1);

				splice(s, at, pick(random, 2) ? some : 0, other->bytes + from, len);
			}
			break;
		case 8:
			if (pick(random, 8) == 0)
				splice(s, at, s->len - at, "", 0);
			break;
		default:
			buffer[0] = (char) pick(random, 256);
			splice(s, at, 0, buffer, 1);
			break;
	}
}

void
mutate(pg_prng_state *random, const Seed *seeds, int nseeds, bool text,
	   StringInfo out)
{
	const Seed *seed = &seeds[pick(random, nseeds)];
	int			n = 1 + pick(random, pick(random, 3) == 0 ? 8 : 2);

	resetStringInfo(out);
	appendBinaryStringInfo(out, seed->bytes, seed->len);
	while (n-- > 0)
		change(random, seeds, nseeds, text, out);
	if (!text)
		return;
	for (int i = 0; i < out->len; i++)
		if (out->data[i] == '\0')
			out->data[i] = ' ';
	/* no input function ever sees a text that its database cannot have */
	if (!pg_verifymbstr(out->data, out->len, true))
		for (int i = 0; i < out->len; i++)
			if (IS_HIGHBIT_SET(out->data[i]))
				out->data[i] = '?';
}
