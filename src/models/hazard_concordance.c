/*
 * hazard_concordance.c
 *		How often, of two customers, the one with the higher risk churns first.
 *
 * Pairs are those of one who churns at a time and another who is then at risk
 * and does not churn at that time, of one stratum, each counting the product of
 * the weights.  A pair is concordant when the first has the higher b'x, and
 * discordant when the lower; where both are the same it counts half:
 *
 *		C = (concordant + tied / 2) / (concordant + discordant + tied)
 *
 * Its standard error is that of the infinitesimal jackknife, from what each
 * customer adds to the three counts (R survival: concordance(), reverse).
 */
#include "models/hazard_fit.h"

#include <math.h>


/* What a customer adds, weights of the others. */
typedef struct Pairs
{
	float8		concordant;
	float8		discordant;
	float8		tied;
} Pairs;

/* Weights by place, and their sums from the first on (Fenwick 1994). */
typedef struct Tree
{
	int64		n;
	float8	   *sums;			/* from 1 */
	float8		all;
} Tree;

#define ST_SORT sort_numbers
#define ST_ELEMENT_TYPE float8
#define ST_COMPARE(a, b) ((*(a) > *(b)) - (*(a) < *(b)))
#define ST_SCOPE static
#define ST_CHECK_FOR_INTERRUPTS
#define ST_DECLARE
#define ST_DEFINE
#include "lib/sort_template.h"

static void
tree_empty(Tree *tree)
{
	memset(tree->sums, 0, (tree->n + 1) * sizeof(float8));
	tree->all = 0;
}

static void
tree_add(Tree *tree, int64 place, float8 weight)
{
	CHECK_FOR_INTERRUPTS();
	tree->all += weight;
	for (; place <= tree->n; place += place & -place)
		tree->sums[place] += weight;
}

/* The sum up to a place. */
static float8
tree_sum(const Tree *tree, int64 place)
{
	float8		sum = 0;

	for (; place > 0; place -= place & -place)
		sum += tree->sums[place];
	return sum;
}

/* Those in the tree beside one at a place: below, above, and with it. */
static void
tree_ask(const Tree *tree, int64 place, float8 *below, float8 *above,
		 float8 *with)
{
	float8		upto;

	CHECK_FOR_INTERRUPTS();
	upto = tree_sum(tree, place);
	*below = tree_sum(tree, place - 1);
	*with = upto - *below;
	*above = tree->all - upto;
}

/* Places of b'x of a stratum among its different ones, from 1; how many. */
static int64
find_places(const HazardWalk *walk, int s, float8 *sorted, int32 *places)
{
	int64		first = walk->data->first[s];
	int64		n = walk->data->first[s + 1] - first;
	int64		distinct = 0;

	memcpy(sorted, walk->eta + first, n * sizeof(float8));
	sort_numbers(sorted, n);
	for (int64 i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (distinct == 0 || sorted[i] != sorted[distinct - 1])
			sorted[distinct++] = sorted[i];
	}
	for (int64 i = first; i < first + n; i++)
	{
		int64		low = 0;
		int64		high = distinct - 1;

		CHECK_FOR_INTERRUPTS();
		while (low < high)
		{
			int64		middle = low + (high - low) / 2;

			if (sorted[middle] < walk->eta[i])
				low = middle + 1;
			else
				high = middle;
		}
		places[i] = (int32) low + 1;
	}
	return distinct;
}

/* Pairs of those who churn with those at risk, the last time first. */
static void
pairs_of_events(const HazardData *data, int s, const int32 *places, Tree *tree,
				Pairs *pairs, Pairs *all)
{
	int64		end = data->first[s + 1];
	int64		left = data->first[s];

	tree_empty(tree);
	for (int64 i = data->first[s]; i < end;)
	{
		float8		time = data->time[i];
		int64		from = i;
		int64		censored;

		/* events come first; who is last seen then is still there */
		while (i < end && data->time[i] == time && data->event[i])
			i++;
		censored = i;
		for (; i < end && data->time[i] == time; i++)
			tree_add(tree, places[i], data->weight[i]);
		for (; data->entry != NULL && left < end && data->entry[data->order[left]] >= time; left++)
			tree_add(tree, places[data->order[left]], -data->weight[data->order[left]]);
		for (int64 e = from; e < censored; e++)
		{
			float8		below;
			float8		above;
			float8		with;

			tree_ask(tree, places[e], &below, &above, &with);
			pairs[e].concordant += below;
			pairs[e].discordant += above;
			pairs[e].tied += with;
			all->concordant += data->weight[e] * below;
			all->discordant += data->weight[e] * above;
			all->tied += data->weight[e] * with;
		}
		for (int64 e = from; e < censored; e++)
			tree_add(tree, places[e], data->weight[e]);
	}
}

static void
pairs_at(const Tree *tree, int64 place, float8 sign, Pairs *pairs)
{
	float8		below;
	float8		above;
	float8		with;

	tree_ask(tree, place, &below, &above, &with);
	pairs->concordant += sign * above;
	pairs->discordant += sign * below;
	pairs->tied += sign * with;
}

/* Pairs of those at risk with those who churn, the first time first. */
static void
pairs_at_risk(const HazardData *data, int s, const int32 *places, Tree *tree,
			  Pairs *pairs)
{
	int64		first = data->first[s];
	int64		entered = data->first[s + 1] - 1;

	tree_empty(tree);
	for (int64 i = data->first[s + 1] - 1; i >= first;)
	{
		float8		time = data->time[i];
		int64		from = i;
		int64		e;

		/* events up to when they entered were not theirs */
		for (; data->entry != NULL && entered >= first && data->entry[data->order[entered]] < time; entered--)
			pairs_at(tree, places[data->order[entered]], -1, &pairs[data->order[entered]]);
		while (i >= first && data->time[i] == time && !data->event[i])
			i--;
		for (e = i; e >= first && data->time[e] == time; e--)
			pairs_at(tree, places[e], 1, &pairs[e]);
		for (e = i; e >= first && data->time[e] == time; e--)
			tree_add(tree, places[e], data->weight[e]);
		for (int64 c = from; c > i; c--)
			pairs_at(tree, places[c], 1, &pairs[c]);
		i = e;
	}
}

void
hazard_concordance(const HazardWalk *walk, float8 *concordance,
				   float8 *std_error)
{
	const HazardData *data = walk->data;
	int32	   *places = hazard_zeros(data->n, sizeof(int32));
	Pairs	   *pairs = hazard_zeros(data->n, sizeof(Pairs));
	Pairs		all = {0};
	Tree		tree;
	float8		n;
	float8		somers;
	float8		variance = 0;

	tree.sums = hazard_zeros(data->n + 1, sizeof(float8));
	for (int s = 0; s < data->nstrata; s++)
	{
		/* the sums are not needed yet */
		tree.n = find_places(walk, s, tree.sums, places);
		pairs_of_events(data, s, places, &tree, pairs, &all);
		pairs_at_risk(data, s, places, &tree, pairs);
	}
	n = all.concordant + all.discordant + all.tied;
	somers = n > 0 ? (all.concordant - all.discordant) / n : 0;
	for (int64 i = 0; n > 0 && i < data->n; i++)
	{
		const Pairs *p = &pairs[i];
		float8		influence = data->weight[i] / n *
			(p->concordant - p->discordant -
			 somers * (p->concordant + p->discordant + p->tied));

		CHECK_FOR_INTERRUPTS();
		variance += influence * influence;
	}
	*concordance = (somers + 1) / 2;
	*std_error = sqrt(variance) / 2;
	pfree(tree.sums);
	pfree(pairs);
	pfree(places);
}
