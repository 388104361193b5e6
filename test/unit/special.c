/*
 * special.c
 *		The special functions at odd numbers, as a program: prints one line of
 *		TAP for each.  Built with src/models/special.c and src/base/gamma.c.
 *
 * Whatever they are given, they come to an end: with a number, or with the
 * error of a sum that does not settle.  One that does not is ended by an alarm.
 */
#include "models/special.h"

#include <float.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "miscadmin.h"

#undef printf					/* the C library's, not the server's */

/* What the functions need of a server. */
volatile sig_atomic_t InterruptPending = false;
static sigjmp_buf refused;

void
ProcessInterrupts(void)
{
}

bool
errstart(int level, const char *domain)
{
	return true;
}

pg_attribute_cold bool
errstart_cold(int level, const char *domain)
{
	return true;
}

void
errfinish(const char *file, int line, const char *function)
{
	siglongjmp(refused, 1);
}

int
errcode(int code)
{
	return 0;
}

int
errmsg(const char *format,...)
{
	return 0;
}

int
errmsg_internal(const char *format,...)
{
	return 0;
}

int
errdetail(const char *format,...)
{
	return 0;
}

int
errhint(const char *format,...)
{
	return 0;
}

#ifdef USE_ASSERT_CHECKING
void
ExceptionalCondition(const char *condition, const char *file, int line)
{
	printf("Bail out! %s, %s:%d\n", condition, file, line);
	exit(1);
}
#endif

static const float8 odd[] = {
	0, -0.0, DBL_TRUE_MIN, -DBL_TRUE_MIN, DBL_MIN, -DBL_MIN, 1e-300, 1e-17, 1e-9, 0.1, 0.5, 1, -1, 1.5, 2, -2,
	9.999999, 10, 10.5, 99, -99, 1e3, 1e6, 1e9, 1e15, 9007199254740991, 9007199254740992, 9007199254740994,
	1e17, 9.2e18, -9.2e18, 1e30, 1e100, 1e154, 1e155, 1e300, DBL_MAX, -DBL_MAX, INFINITY, -INFINITY, NAN
};

#define N ((int) lengthof(odd))

static int	tests = 0;
static const char *volatile running;
static volatile float8 arguments[3];

/* Still at it: say where, and end. */
static void
on_alarm(int signal)
{
	printf("Bail out! %s(%g, %g, %g) does not end\n", running, arguments[0],
		   arguments[1], arguments[2]);
	fflush(stdout);
	_exit(1);
}

static float8
mean_of(float8 p, void *arg)
{
	return p;
}

typedef float8 (*Function) (float8 a, float8 b, float8 c);

static float8
call_digamma(float8 a, float8 b, float8 c)
{
	return digamma(a);
}

static float8
call_log_rising(float8 a, float8 b, float8 c)
{
	return log_rising(a, b);
}

static float8
call_digamma_rise(float8 a, float8 b, float8 c)
{
	return digamma_rise(a, b);
}

static float8
call_rising_to(float8 a, float8 b, float8 c)
{
	Rising		rising = {a, 0, 0, 0};

	rising_to(&rising, b);
	rising_to(&rising, c);
	return rising.log;
}

static float8
call_laplace(float8 a, float8 b, float8 c)
{
	return laplace_of_power(a, b);
}

static float8
call_beta_mean(float8 a, float8 b, float8 c)
{
	return beta_mean(mean_of, NULL, a, b, c);
}

static float8
call_fraction(float8 a, float8 b, float8 c)
{
	return gamma_upper_fraction(a, b);
}

static float8
call_gamma_upper(float8 a, float8 b, float8 c)
{
	return gamma_upper(a, b);
}

/* At all combinations of so many odd arguments. */
static void
sweep(const char *name, Function function, int n)
{
	volatile int ended = 0;
	volatile int errors = 0;

	running = name;
	for (int i = 0; i < N; i++)
		for (int j = 0; j < (n > 1 ? N : 1); j++)
			for (int k = 0; k < (n > 2 ? N : 1); k++)
			{
				arguments[0] = odd[i];
				arguments[1] = odd[j];
				arguments[2] = odd[k];
				alarm(60);
				if (sigsetjmp(refused, 0) == 0)
					(void) function(odd[i], odd[j], odd[k]);
				else
					errors++;
				ended++;
			}
	alarm(0);
	printf("ok %d - %s ends at %d places, at %d with an error\n", ++tests, name,
		   ended, errors);
}

int
main(void)
{
	signal(SIGALRM, on_alarm);
	sweep("digamma", call_digamma, 1);
	sweep("log_rising", call_log_rising, 2);
	sweep("digamma_rise", call_digamma_rise, 2);
	sweep("log_beta_ratio", log_beta_ratio, 3);
	sweep("rising_to", call_rising_to, 3);
	sweep("laplace_of_power", call_laplace, 2);
	sweep("beta_mean", call_beta_mean, 3);
	sweep("gamma_upper_fraction", call_fraction, 2);
	sweep("gamma_upper", call_gamma_upper, 2);
	printf("1..%d\n", tests);
	return 0;
}
