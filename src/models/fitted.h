/*
 * fitted.h
 *		Fitted models as values: what the types of all models share.
 *
 * Stored form: a varlena with either header, whose payload is the same in
 * binary I/O and in hashes:
 *
 *	byte	version (1)
 *	byte	kind
 *	byte	unit of time (TimeUnit), 0 for none
 *	byte	flags (FITTED_HAS_*, FITTED_IDENTIFIED)
 *	double	parameters, in the order of the kind (8 bytes, highest first)
 *	with FITTED_HAS_FIT:
 *		byte	status (OptimizerStatus)
 *		double	log-likelihood
 *		uint	customers (> 0), distinct rows (> 0, at most customers),
 *				evaluations
 *	with FITTED_HAS_COVARIANCE:
 *		double	lower triangle of the covariance of the parameters, row by row
 *	with FITTED_HAS_CORRELATION:
 *		double	correlation of frequency and spend, in -1 .. 1
 *
 * Doubles are finite and no negative zero.  A model may consist of parameters
 * alone, say of a publication.
 */
#ifndef RETENTION_FITTED_H
#define RETENTION_FITTED_H

#include "base/unit.h"
#include "base/value.h"
#include "models/optimizer.h"

#define FITTED_HAS_FIT 0x01
#define FITTED_HAS_COVARIANCE 0x02
#define FITTED_HAS_CORRELATION 0x04
#define FITTED_IDENTIFIED 0x08	/* goes with fit and covariance */

/* Parameters lie between these: products of several stay finite. */
#define FITTED_MIN 1e-30
#define FITTED_MAX 1e30

/* Words of OptimizerStatus, as far as a fitted model can have it. */
#define FITTED_STATUSES (OPTIMIZER_BOUNDARY + 1)
extern const char *const fitted_status_names[FITTED_STATUSES];

#define FITTED_MAX_KINDS 3

/* One of a type's kinds of models. */
typedef struct FittedKind
{
	const char *name;
	int			n;				/* parameters */
	const char *parameters[OPTIMIZER_MAX_PARAMETERS];
} FittedKind;

/* A type. */
typedef struct FittedType
{
	const char *name;
	const char *words;			/* the name, in a message */
	const char *whole_hint;		/* for texts of any other form */
	bool		has_unit;
	bool		has_correlation;
	int			nkinds;
	FittedKind	kinds[FITTED_MAX_KINDS];
} FittedType;

typedef struct Fitted
{
	uint8		kind;
	uint8		unit;
	uint8		flags;
	OptimizerStatus status;
	float8		p[OPTIMIZER_MAX_PARAMETERS];
	float8		log_likelihood;
	int64		customers;
	int64		distinct_rows;
	int64		evaluations;
	float8		covariance[OPTIMIZER_MAX_PARAMETERS][OPTIMIZER_MAX_PARAMETERS];
	float8		correlation;
} Fitted;

/* Number of a kind by its name in any case, or -1. */
extern int	fitted_kind(const FittedType *type, const char *name, int len);

/* Argument n, a kind; NULL is error 22004, an unknown one 22023. */
extern uint8 fitted_kind_argument(const FittedType *type,
								  FunctionCallInfo fcinfo, int n);

/* The names of the kinds, quoted, for a hint. */
extern char *fitted_kind_list(const FittedType *type);

/* What is wrong with a model, as a sentence for errdetail, or NULL. */
extern const char *fitted_problem(const FittedType *type, const Fitted *fitted);

/* To a datum (palloc'd). */
extern struct varlena *fitted_encode(const FittedType *type,
									 const Fitted *fitted);

/* Reads a text; false after a soft error. */
extern bool fitted_parse(const FittedType *type, const char *text,
						 Node *escape, Fitted *fitted);

/* What the SQL functions of a type are made of. */
extern struct varlena *fitted_value_parse(const void *type, const char *text,
										  Node *escape);
extern char *fitted_value_text(const void *type, const void *payload, Size len);
extern void fitted_value_check(const void *type, const void *payload, Size len);
extern Datum fitted_parameters(const FittedType *type, FunctionCallInfo fcinfo);
extern Datum fitted_fit(const FittedType *type, FunctionCallInfo fcinfo);

#define FITTED_FUNCTIONS(name, fitted_type) \
	static const ValueType name##_value = { \
		fitted_type, fitted_value_parse, fitted_value_text, fitted_value_check \
	}; \
	VALUE_FUNCTIONS(name, &name##_value)

/* From the bytes of a datum; anything wrong is error 22P03. */
extern void fitted_decode(const FittedType *type, const void *payload, Size len,
						  Fitted *fitted);

/* Argument n, decoded; corrupt bytes are error 22P03. */
extern void fitted_argument(const FittedType *type, FunctionCallInfo fcinfo,
							int n, Fitted *fitted);

/* Take over what an optimizer found. */
extern void fitted_from_optimizer(const OptimizerResult *result,
								  Fitted *fitted);

#endif							/* RETENTION_FITTED_H */
