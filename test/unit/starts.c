/*
 * starts.c
 *		Purchase models fitted from five starts, as a program: reads lines
 *		"frequency recency age customers" in order, prints for each kind and
 *		start its number, status, log-likelihood and parameters.
 */
#include "models/purchase.h"
#include "models/special.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "miscadmin.h"

#undef printf					/* the C library's, not the server's */
#undef fprintf

/* What the models need of a server. */
volatile sig_atomic_t InterruptPending = false;

void
ProcessInterrupts(void)
{
}

bool
errstart(int elevel, const char *domain)
{
	return true;
}

bool
errstart_cold(int elevel, const char *domain)
{
	return true;
}

int
errcode(int sqlerrcode)
{
	return 0;
}

int
errmsg(const char *fmt,...)
{
	printf("Bail out! %s\n", fmt);
	return 0;
}

int
errdetail(const char *fmt,...)
{
	return 0;
}

int
errhint(const char *fmt,...)
{
	return 0;
}

void
errfinish(const char *filename, int lineno, const char *funcname)
{
	exit(1);
}

#ifdef USE_ASSERT_CHECKING
void
ExceptionalCondition(const char *condition, const char *file, int line)
{
	printf("Bail out! %s, %s:%d\n", condition, file, line);
	exit(1);
}
#endif

#define ROWS_MAX 10000

int
main(void)
{
	static const float8 starts[5][4] = {{.1, .1, .1, .1}, {1, 1, 1, 1}, {5, 50, 5, 50}, {.5, 6, 2, 1}, {3, .2, .1, 8}};
	static RowGroup rows[ROWS_MAX];
	PurchaseData data = {.groups = rows, .scale = 1};
	long long	x;
	long long	count;

	while (data.ngroups < ROWS_MAX &&
		   scanf("%lld %lf %lf %lld", &x, &rows[data.ngroups].u,
				 &rows[data.ngroups].v, &count) == 4)
	{
		rows[data.ngroups].x = x;
		rows[data.ngroups].count = count;
		data.ngroups++;
	}
	for (int kind = PURCHASE_BG; kind <= PURCHASE_PARETO; kind++)
		for (int i = 0; i < 5; i++)
		{
			OptimizerResult r;
			const OptimizerProblem problem = {
				kind == PURCHASE_PARETO ? pareto_objective : bgnbd_objective,
				&data, PURCHASE_PARAMETERS, {false, false, true, true}
			};

			data.kind = kind;
			optimizer_maximize(&problem, starts[i], &r);
			printf("%d %d %d %d %.10g %.8g %.8g %.8g %.8g\n", kind, i,
				   (int) r.status, r.evaluations, r.value, r.p[0], r.p[1],
				   r.p[2], r.p[3]);
		}
	return 0;
}
