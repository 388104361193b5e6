/*
 * hazard_data.c
 *		The rows of a hazard_model, put into an order that follows from what
 *		they are, so that sums do not depend on how they came.
 */
#include "models/hazard_fit.h"

#include <math.h>

#include "common/shortest_dec.h"

/* A field that rows are ordered by. */
typedef struct Criterion
{
	int			field;
	const int  *ranks;			/* of texts */
	bool		descending;
} Criterion;

typedef struct Order
{
	int			n;
	Criterion  *criteria;
} Order;

static inline int
compare_rows(const float8 *a, const float8 *b, const Order *order)
{
	for (int i = 0; i < order->n; i++)
	{
		const Criterion *c = &order->criteria[i];
		float8		x = a[c->field];
		float8		y = b[c->field];

		if (x == y)
			continue;
		if (c->ranks != NULL)
			return c->ranks[(int) x] < c->ranks[(int) y] ? -1 : 1;
		return (x < y) != c->descending ? -1 : 1;
	}
	return 0;
}

typedef float8 *RowPointer;

#define ST_SORT sort_rows
#define ST_ELEMENT_TYPE RowPointer
#define ST_COMPARE_ARG_TYPE Order
#define ST_COMPARE(a, b, order) compare_rows(*(a), *(b), order)
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* Rows by when they entered, the last one first. */
#define ST_SORT sort_entries
#define ST_ELEMENT_TYPE int64
#define ST_COMPARE_ARG_TYPE float8
#define ST_COMPARE(a, b, entry) \
	((entry)[*(a)] != (entry)[*(b)] ? ((entry)[*(a)] > (entry)[*(b)] ? -1 : 1) : \
	 (*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

/* The field of a role; -1 when no key has it. */
static int
field_of(const HazardRows *rows, HazardRole role)
{
	for (int i = 0; i < rows->nkeys; i++)
		if (rows->keys[i].role == role)
			return ROW_KEYS + i;
	return -1;
}

/* ----------------------------------------------------------------
 *		Texts
 * ----------------------------------------------------------------
 */

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* Which texts of key k rows have; others are of rows that were left out. */
static bool *
find_used(const HazardRows *rows, int k)
{
	bool	   *used = palloc0((rows->keys[k].nlevels + 1) * sizeof(bool));
	int			weight = field_of(rows, HAZARD_WEIGHT);

	for (int64 r = 0; rows->keys[k].nlevels > 0 && r < rows->nrows; r++)
	{
		const float8 *row = rows->rows + r * rows->width;

		CHECK_FOR_INTERRUPTS();
		if (weight < 0 || row[weight] > 0)
			used[(int) row[ROW_KEYS + k]] = true;
	}
	return used;
}

/*
 * Places by bytes of the n texts of key k that rows have; sorted are the texts
 * themselves.
 */
static int *
rank_texts(const HazardRows *rows, int k, const char ***sorted, int *n)
{
	const HazardKey *key = &rows->keys[k];
	int		   *ranks = palloc((key->nlevels + 1) * sizeof(int));
	const char **texts = palloc((key->nlevels + 1) * sizeof(char *));
	bool	   *used = find_used(rows, k);

	*n = 0;
	for (int i = 0; i < key->nlevels; i++)
		if (used[i])
			texts[(*n)++] = key->texts[i];
	qsort(texts, *n, sizeof(char *), compare_texts);
	for (int i = 0; i < key->nlevels; i++)
	{
		const char **at = bsearch(&key->texts[i], texts, *n, sizeof(char *),
								  compare_texts);

		ranks[i] = at == NULL ? -1 : (int) (at - texts);
	}
	pfree(used);
	*sorted = texts;
	return ranks;
}

/* ----------------------------------------------------------------
 *		Covariates
 * ----------------------------------------------------------------
 */

static int
compare_covariates(const void *a, const void *b)
{
	return strcmp(((const HazardCovariate *) a)->key->name,
				  ((const HazardCovariate *) b)->key->name);
}

static void
find_covariates(HazardData *data, const HazardRows *rows)
{
	data->covariates = palloc0((rows->nkeys + 1) * sizeof(HazardCovariate));
	for (int i = 0; i < rows->nkeys; i++)
		if (rows->keys[i].role == HAZARD_COVARIATE)
		{
			HazardCovariate *cov = &data->covariates[data->ncovariates++];

			cov->key = &rows->keys[i];
			cov->field = ROW_KEYS + i;
			cov->ranks = rank_texts(rows, i, &cov->texts, &cov->nlevels);
		}
	qsort(data->covariates, data->ncovariates, sizeof(HazardCovariate),
		  compare_covariates);
	for (int c = 0; c < data->ncovariates; c++)
	{
		HazardCovariate *cov = &data->covariates[c];

		cov->first = data->nterms;
		cov->nterms = cov->key->kind == COVARIATE_TEXT ?
			Max(cov->nlevels - 1, 1) : 1;
		data->nterms += cov->nterms;
		cov->scale = 1;
		cov->reach = 1;
	}
	if (data->nterms > HAZARD_TERMS)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("too many terms in a hazard_model"),
				 errdetail("There are %d, where %d are the most.", data->nterms,
						   HAZARD_TERMS),
				 errhint("A text has a term for each of its values but one: keep fewer of them.")));
}

/* The text that most customers have, of several the first by bytes. */
static void
find_reference(HazardData *data, HazardCovariate *cov, float8 *const *sorted)
{
	float8	   *weights = palloc0((cov->nlevels + 1) * sizeof(float8));

	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		weights[cov->ranks[(int) sorted[i][cov->field]]] += data->weight[i];
	}
	for (int l = 1; l < cov->nlevels; l++)
		if (weights[l] > weights[cov->reference])
			cov->reference = l;
	cov->scale = cov->nlevels > 1 ? 1 : 0;
	pfree(weights);
}

/*
 * Mean and standard deviation by weight, so that sums of products keep their
 * digits whatever the unit; numbers are divided by the largest first, so that
 * the sums are finite.
 */
static void
find_scale(HazardData *data, HazardCovariate *cov, float8 *const *sorted)
{
	float8		most = 0;
	float8		mean = 0;
	float8		variance = 0;
	bool		varies = false;

	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		most = Max(most, fabs(sorted[i][cov->field]));
		varies |= sorted[i][cov->field] != sorted[0][cov->field];
	}
	cov->origin = sorted[0][cov->field];
	if (!varies)
	{
		cov->scale = 0;
		return;
	}
	if (cov->key->kind == COVARIATE_BOOLEAN)
	{
		cov->origin = 0;
		return;
	}
	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		mean += data->weight[i] * (sorted[i][cov->field] / most);
	}
	mean /= data->total;
	for (int64 i = 0; i < data->n; i++)
	{
		float8		off = sorted[i][cov->field] / most - mean;

		CHECK_FOR_INTERRUPTS();
		variance += data->weight[i] * off * off;
	}
	cov->origin = mean * most;
	cov->scale = sqrt(variance / data->total) * most;
	/* what varies by less than a double tells apart does not */
	if (!(cov->scale > 0 && isfinite(1 / cov->scale)))
		cov->scale = 0;
}

/* The difference first: it keeps the digits of what is far from 0. */
static inline float8
scaled(const HazardCovariate *cov, float8 value)
{
	float8		off = value - cov->origin;

	return isfinite(off) ? off / cov->scale :
		value / cov->scale - cov->origin / cov->scale;
}

/* The values of a covariate, as a row of the design has them. */
static void
take_covariate(HazardData *data, int c, float8 *const *sorted)
{
	HazardCovariate *cov = &data->covariates[c];
	bool		text = cov->key->kind == COVARIATE_TEXT;

	if (text)
		find_reference(data, cov, sorted);
	else
		find_scale(data, cov, sorted);
	if (cov->scale == 0)
		return;
	for (int64 i = 0; i < data->n; i++)
	{
		float8		value = sorted[i][cov->field];
		int			rank = text ? cov->ranks[(int) value] : 0;

		CHECK_FOR_INTERRUPTS();
		if (text)
			value = rank == cov->reference ? 0 : rank + (rank < cov->reference);
		else if (cov->key->kind == COVARIATE_NUMBER)
			value = scaled(cov, value);
		data->x[i * data->ncovariates + c] = value;
		if (!text)
			cov->reach = Max(cov->reach, fabs(value));
	}
}

/* ----------------------------------------------------------------
 *		Rows
 * ----------------------------------------------------------------
 */

/* All rows of a weight above 0, in order. */
static float8 **
sort_all(HazardData *data, const HazardRows *rows, const int *strata_ranks)
{
	float8	  **sorted = hazard_zeros(rows->nrows, sizeof(float8 *));
	int			weight = field_of(rows, HAZARD_WEIGHT);
	int			strata = field_of(rows, HAZARD_STRATA);
	Order		order = {0, palloc((rows->width + 1) * sizeof(Criterion))};

	for (int64 r = 0; r < rows->nrows; r++)
	{
		float8	   *row = rows->rows + r * rows->width;

		CHECK_FOR_INTERRUPTS();
		if (weight < 0 || row[weight] > 0)
			sorted[data->n++] = row;
	}
	if (strata >= 0)
		order.criteria[order.n++] = (Criterion) {
			strata, rows->keys[strata - ROW_KEYS].kind == COVARIATE_TEXT ? strata_ranks : NULL, false
		};
	order.criteria[order.n++] = (Criterion) {ROW_DURATION, NULL, true};
	order.criteria[order.n++] = (Criterion) {ROW_EVENT, NULL, true};
	for (int i = 0; i < rows->nkeys; i++)
		if (rows->keys[i].role == HAZARD_ENTERED || rows->keys[i].role == HAZARD_WEIGHT)
			order.criteria[order.n++] = (Criterion) {ROW_KEYS + i, NULL, false};
	for (int c = 0; c < data->ncovariates; c++)
		order.criteria[order.n++] = (Criterion) {
			data->covariates[c].field,
			data->covariates[c].key->kind == COVARIATE_TEXT ? data->covariates[c].ranks : NULL,
			false
		};
	sort_rows(sorted, data->n, &order);
	return sorted;
}

static const char *
stratum_name(const HazardKey *key, const char *const *texts, const int *ranks,
			 float8 value)
{
	char		text[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (key->kind == COVARIATE_TEXT)
		return texts[ranks[(int) value]];
	if (key->kind == COVARIATE_BOOLEAN)
		return value != 0 ? "true" : "false";
	double_to_shortest_decimal_buf(value, text);
	return pstrdup(text);
}

/* Where strata begin, and their names. */
static void
find_strata(HazardData *data, const HazardRows *rows, float8 *const *sorted,
			const char *const *texts, const int *ranks)
{
	int			field = field_of(rows, HAZARD_STRATA);

	data->first = palloc((HAZARD_MAX_STRATA + 1) * sizeof(int64));
	data->names = palloc((HAZARD_MAX_STRATA + 1) * sizeof(char *));
	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0 && (field < 0 || sorted[i][field] == sorted[i - 1][field]))
			continue;
		if (data->nstrata == HAZARD_MAX_STRATA)
			ereport(ERROR,
					(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
					 errmsg("too many strata in a hazard_model"),
					 errdetail("There are more than %d.", HAZARD_MAX_STRATA),
					 errhint("A stratum needs customers to compare: group them.")));
		data->names[data->nstrata] = field < 0 ? "" :
			stratum_name(&rows->keys[field - ROW_KEYS], texts, ranks, sorted[i][field]);
		data->first[data->nstrata++] = i;
	}
	data->first[data->nstrata] = data->n;
}

/* The times of events, and which of them rows are at risk for. */
static void
find_times(HazardData *data)
{
	int64		n = 0;

	data->at = hazard_zeros(data->events + data->nstrata, sizeof(float8));
	data->first_time = palloc((data->nstrata + 1) * sizeof(int64));
	for (int s = 0; s < data->nstrata; s++)
	{
		data->first_time[s] = n;
		for (int64 i = data->first[s]; i < data->first[s + 1]; i++)
		{
			CHECK_FOR_INTERRUPTS();
			if (data->event[i] && (n == data->first_time[s] || data->at[n - 1] != data->time[i]))
				data->at[n++] = data->time[i];
		}
		data->at[n++] = -1;		/* none */
	}
	data->first_time[data->nstrata] = n;
	data->ntimes = n;
	data->time_of = hazard_zeros(data->n, sizeof(int32));
	if (data->entry != NULL)
		data->time_before = hazard_zeros(data->n, sizeof(int32));
	for (int s = 0; s < data->nstrata; s++)
	{
		int64		last = data->first_time[s + 1] - 1;
		int64		e = data->first_time[s];
		int64		before = e;

		for (int64 i = data->first[s]; i < data->first[s + 1]; i++)
		{
			CHECK_FOR_INTERRUPTS();
			while (e < last && data->at[e] > data->time[i])
				e++;
			data->time_of[i] = (int32) e;
		}
		for (int64 i = data->first[s]; data->entry != NULL && i < data->first[s + 1]; i++)
		{
			int64		row = data->order[i];

			CHECK_FOR_INTERRUPTS();
			while (before < last && data->at[before] > data->entry[row])
				before++;
			data->time_before[row] = (int32) before;
		}
	}
}

static void
take_rows(HazardData *data, const HazardRows *rows, float8 *const *sorted)
{
	int			entered = field_of(rows, HAZARD_ENTERED);
	int			weight = field_of(rows, HAZARD_WEIGHT);

	data->time = hazard_zeros(data->n, sizeof(float8));
	data->weight = hazard_zeros(data->n, sizeof(float8));
	data->event = hazard_zeros(data->n, sizeof(bool));
	if (entered >= 0)
		data->entry = hazard_zeros(data->n, sizeof(float8));
	for (int64 i = 0; i < data->n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		data->time[i] = sorted[i][ROW_DURATION];
		data->event[i] = sorted[i][ROW_EVENT] != 0;
		data->events += data->event[i];
		data->weight[i] = weight < 0 ? 1 : sorted[i][weight];
		data->total += data->weight[i];
		if (entered >= 0)
			data->entry[i] = sorted[i][entered];
	}
	if (data->total > HAZARD_WHOLE_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("too many customers in a hazard_model"),
				 errdetail("The weights add up to more than 2^53."),
				 errhint("The weight is the number of customers a row stands for.")));
}

static void
refuse_data(const HazardRows *rows, int64 n)
{
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is nothing to fit a hazard_model to"),
				 errdetail("%lld rows were left out for a NULL, or a null in their covariates; no other has a weight.",
						   (long long) rows->left_out),
				 errhint("Leave out the covariate that is null everywhere, with covariates - 'name'.")));
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("there is nothing to fit a hazard_model to"),
			 errdetail("None of %lld rows is one of a customer who churned.", (long long) n),
			 errhint("churned is true for customers who left at the end of the duration.")));
}

HazardData *
hazard_data(const HazardRows *rows)
{
	HazardData *data = palloc0(sizeof(HazardData));
	int			strata = field_of(rows, HAZARD_STRATA);
	const char **texts = NULL;
	int			ntexts;
	int		   *ranks = strata < 0 ? NULL :
		rank_texts(rows, strata - ROW_KEYS, &texts, &ntexts);
	float8	  **sorted;

	find_covariates(data, rows);
	sorted = sort_all(data, rows, ranks);
	if (data->n == 0)
		refuse_data(rows, 0);
	take_rows(data, rows, sorted);
	if (data->events == 0)
		refuse_data(rows, data->n);
	find_strata(data, rows, sorted, texts, ranks);
	data->x = hazard_zeros(data->n * data->ncovariates, sizeof(float8));
	for (int c = 0; c < data->ncovariates; c++)
		take_covariate(data, c, sorted);
	pfree(sorted);
	if (data->entry != NULL)
	{
		data->order = hazard_zeros(data->n, sizeof(int64));
		for (int64 i = 0; i < data->n; i++)
			data->order[i] = i;
		for (int s = 0; s < data->nstrata; s++)
			sort_entries(data->order + data->first[s],
						 data->first[s + 1] - data->first[s], data->entry);
	}
	find_times(data);
	return data;
}
