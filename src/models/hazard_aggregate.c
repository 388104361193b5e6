/*
 * hazard_aggregate.c
 *		The aggregates hazard_model(duration, churned, covariates [, options]).
 */
#include "models/hazard_fit.h"

#include "base/aggregate.h"

PG_FUNCTION_INFO_V1(retention_hazard_model_transition);
PG_FUNCTION_INFO_V1(retention_hazard_model_combine);
PG_FUNCTION_INFO_V1(retention_hazard_model_serialize);
PG_FUNCTION_INFO_V1(retention_hazard_model_deserialize);
PG_FUNCTION_INFO_V1(retention_hazard_model_final);

/* (internal, duration, churned, covariates [, options]) -> internal */
Datum
retention_hazard_model_transition(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	Jsonb	   *options = NULL;
	HazardRows *state;

	if (PG_NARGS() == 5)
	{
		if (PG_ARGISNULL(4))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("options of a hazard_model must not be NULL"),
					 errhint("Leave the argument out, or pass '{}'.")));
		options = PG_GETARG_JSONB_P(4);
	}
	if (PG_ARGISNULL(0))
		state = hazard_rows_create(context, options);
	else
	{
		state = hazard_rows_argument(fcinfo, 0);
		hazard_rows_options(state, options);
	}
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3))
		state->left_out++;
	else
		hazard_rows_add(state, PG_GETARG_FLOAT8(1), PG_GETARG_BOOL(2),
						PG_GETARG_JSONB_P(3));
	PG_RETURN_POINTER(state);
}

/* (internal, internal) -> internal: take the second state into the first. */
Datum
retention_hazard_model_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context = aggregate_context(fcinfo);
	HazardRows *into = PG_ARGISNULL(0) ? NULL : hazard_rows_argument(fcinfo, 0);
	HazardRows *from = PG_ARGISNULL(1) ? NULL : hazard_rows_argument(fcinfo, 1);

	if (from != NULL)
	{
		if (into == NULL)
			into = hazard_rows_like(context, from);
		hazard_rows_merge(into, from);
	}
	if (into == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(into);
}

/* (internal) -> bytea */
Datum
retention_hazard_model_serialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_BYTEA_P(hazard_rows_pack(hazard_rows_argument(fcinfo, 0)));
}

/* (bytea, internal) -> internal: to be combined at once. */
Datum
retention_hazard_model_deserialize(PG_FUNCTION_ARGS)
{
	(void) aggregate_context(fcinfo);
	PG_RETURN_POINTER(hazard_rows_unpack(PG_GETARG_BYTEA_PP(0)));
}

/* (internal) -> hazard_model; NULL without rows. */
Datum
retention_hazard_model_final(PG_FUNCTION_ARGS)
{
	MemoryContext work;
	MemoryContext old;
	Hazard	   *hazard;
	struct varlena *value;

	(void) aggregate_context(fcinfo);
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	work = AllocSetContextCreate(CurrentMemoryContext, "hazard_model", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(work);
	hazard = hazard_fit(hazard_rows_argument(fcinfo, 0));
	MemoryContextSwitchTo(old);
	value = hazard_encode(hazard);
	MemoryContextDelete(work);
	PG_RETURN_POINTER(value);
}
