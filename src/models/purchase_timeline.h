/*
 * purchase_timeline.h
 *		Timelines as the purchase and spend models take them: what
 *		purchase_summary says of a customer, to the last bit.
 */
#ifndef RETENTION_PURCHASE_TIMELINE_H
#define RETENTION_PURCHASE_TIMELINE_H

#include "metrics/plain/lifecycle.h"
#include "models/fitted.h"

/*
 * Arguments n and n + 1, a timeline and the day it is read as of.  False when
 * no day before as_of has an order.  Errors: 22023 for levels, 22008 for an
 * infinite as_of.
 */
extern bool purchase_timeline(FunctionCallInfo fcinfo, int n,
							  PurchaseSummary *summary);

/* The same; a timeline without amounts is error 22023. */
extern bool purchase_timeline_money(FunctionCallInfo fcinfo, int n,
									PurchaseSummary *summary);

/* Mean net amount of the repeat purchases; 0 when there are none. */
extern float8 purchase_timeline_spend(const PurchaseSummary *summary);

#endif							/* RETENTION_PURCHASE_TIMELINE_H */
