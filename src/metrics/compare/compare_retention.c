/*
 * compare/compare_retention.c
 *		compare_retention: do two groups of customers, or more of them, stay
 *		alike?
 */
#include "metrics/compare/difference.h"

#include "base/gamma.h"
#include "metrics/cohort_matrix/read.h"
#include "miscadmin.h"
#include "utils/array.h"

PG_FUNCTION_INFO_V1(retention_compare_retention);
PG_FUNCTION_INFO_V1(retention_compare_retention_all);

/* ----------------------------------------------------------------
 *		What may be compared
 * ----------------------------------------------------------------
 */

/*
 * The words of a grain without its zone: customers of two countries are cut in
 * their own.
 */
static char *
words_without_zone(const Grain *grain)
{
	char	   *words = grain_to_cstring(grain);
	char	   *zone = strstr(words, " at ");

	if (zone != NULL)
		*zone = '\0';
	return words;
}

/* A flag that one has and the other lacks. */
static void
check_flag(const Matrix *a, const Matrix *b, uint8 flag, const char *with,
		   const char *without)
{
	if ((a->flags ^ b->flags) & flag)
		comparison_refuse("cohort matrices",
						  psprintf("One of them was built %s, the other %s.",
								   a->flags & flag ? with : without,
								   a->flags & flag ? without : with),
						  "Build all matrices with the same form of the aggregate.");
}

/* An age must be the same in both, and a customer be counted once: 22023. */
static void
check_alike(const Matrix *a, const Matrix *b)
{
	const char *words = words_without_zone(a->grain);
	const char *other = words_without_zone(b->grain);

	if ((a->flags | b->flags) & MATRIX_RECURRING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("compare_retention does not go with a recurring cohort matrix"),
				 errdetail("A customer is in the cohort of every period they are active in, and so would count more than once."),
				 errhint("Build a first-time matrix with cohort_matrix(customer, at, grain).")));
	if (strcmp(words, other) != 0)
		comparison_refuse("cohort matrices",
						  psprintf("One of them has the grain \"%s\", the other \"%s\".",
								   words, other),
						  "Build all matrices with the same grain; only its zone may differ.");
	check_flag(a, b, MATRIX_LEVELS, "from ranges", "from events");
	check_flag(a, b, MATRIX_STARTED, "with started_at", "without started_at");
}

/* ----------------------------------------------------------------
 *		Two groups, age by age
 * ----------------------------------------------------------------
 */

typedef struct CurveAt
{
	MatrixReading reading;
	Curve	   *curve;
} CurveAt;

static void
begin_curve(CurveAt *at, const Matrix *matrix, FunctionCallInfo fcinfo,
			int as_of)
{
	DateADT		day = PG_ARGISNULL(as_of) ? 0 : PG_GETARG_DATEADT(as_of);

	matrix_reading_init(&at->reading, matrix, PG_ARGISNULL(as_of) ? NULL : &day);
	at->curve = curve_begin(&at->reading);
}

static void *
compare_begin(FunctionCallInfo fcinfo, const void *arg)
{
	Matrix	   *a = PG_GETARG_MATRIX(0);
	Matrix	   *b = PG_GETARG_MATRIX(1);
	CurveAt		at[2];
	Comparison *comparison;
	const CurveRow *row;

	check_alike(a, b);
	begin_curve(&at[0], a, fcinfo, 2);
	begin_curve(&at[1], b, fcinfo, 2);
	comparison = comparison_create(Max(curve_length(at[0].curve),
									   curve_length(at[1].curve)), 0);
	while ((row = curve_next(at[0].curve)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		comparison->rows[row->age].a.part = row->active;
		comparison->rows[row->age].a.whole = row->customers;
	}
	while ((row = curve_next(at[1].curve)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		comparison->rows[row->age].b.part = row->active;
		comparison->rows[row->age].b.whole = row->customers;
	}
	comparison_adjust(comparison);
	return comparison;
}

static const ReaderColumn compare_columns[] =
COMPARE_COLUMNS("age", "customers", "active", "retention");

/*
 * compare_retention(a, b, as_of): a row for each age at which a cohort of
 * either is complete.
 */
Datum
retention_compare_retention(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_SET(compare_columns, 2, compare_begin,
											comparison_next);

	return reader_rows(&reader, fcinfo, NULL);
}

/* ----------------------------------------------------------------
 *		Many groups at one age
 * ----------------------------------------------------------------
 */

/* Those active at an age, of those who have it. */
static ShareCount
share_at(const Matrix *matrix, int32 age, FunctionCallInfo fcinfo)
{
	ShareCount	share = {0, 0};
	const CurveRow *row = NULL;
	CurveAt		at;

	begin_curve(&at, matrix, fcinfo, 2);
	if (age < 0 || age >= curve_length(at.curve))
		return share;
	for (int64 k = 0; k <= age; k++)
	{
		CHECK_FOR_INTERRUPTS();
		row = curve_next(at.curve);
	}
	share.part = row->active;
	share.whole = row->customers;
	return share;
}

/* The shares of the matrices in argument 0 that are not NULL. */
static ShareCount *
take_shares(FunctionCallInfo fcinfo, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	Datum	   *values;
	bool	   *nulls;
	int			nvalues;
	ShareCount *shares;
	const Matrix *first = NULL;

	deconstruct_array(array, ARR_ELEMTYPE(array), -1, false, TYPALIGN_INT,
					  &values, &nulls, &nvalues);
	shares = palloc(Max(nvalues, 1) * sizeof(ShareCount));
	*n = 0;
	for (int i = 0; i < nvalues; i++)
	{
		const Matrix *matrix;

		if (nulls[i])
			continue;
		CHECK_FOR_INTERRUPTS();
		matrix = DatumGetMatrix(values[i]);
		if (first == NULL)
			first = matrix;
		check_alike(first, matrix);
		if (!PG_ARGISNULL(1))
			shares[(*n)++] = share_at(matrix, PG_GETARG_INT32(1), fcinfo);
	}
	return shares;
}

enum
{
	ALL_CHI_SQUARE, ALL_DEGREES, ALL_P_VALUE
};

static const ReaderColumn all_columns[] = {
	[ALL_CHI_SQUARE] = {"chi_square", FLOAT8OID},
	[ALL_DEGREES] = {"degrees_of_freedom", INT4OID},
	[ALL_P_VALUE] = {"p_value", FLOAT8OID},
};

/* compare_retention(matrices, age, as_of): one row. */
Datum
retention_compare_retention_all(PG_FUNCTION_ARGS)
{
	static const Reader reader = READER_ROW(all_columns);
	ReaderRow	row;
	int			n = 0;
	ShareCount *shares = PG_ARGISNULL(0) ? NULL : take_shares(fcinfo, &n);
	float8		chi_square;
	int			degrees;

	reader_row_begin(&row, &reader);
	if (shares_chi_square(shares, n, &chi_square, &degrees))
	{
		row_float8(&row, ALL_CHI_SQUARE, chi_square);
		row_int32(&row, ALL_DEGREES, degrees);
		row_float8(&row, ALL_P_VALUE, chi_square_tail(chi_square, degrees));
	}
	return reader_row_datum(&row, fcinfo);
}
