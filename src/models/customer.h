/*
 * customer.h
 *		One customer as the models take them, read from a timeline.
 */
#ifndef RETENTION_CUSTOMER_H
#define RETENTION_CUSTOMER_H

#include "models/purchase.h"

typedef struct ModelCustomer
{
	PurchaseHistory h;			/* in the unit that was asked for */
	int64		frequency;		/* repeat purchases: h.x */
	float8		spend;			/* their mean value, 0 without amounts or any */
} ModelCustomer;

/*
 * The customer on the eve of as_of, with times in a unit of a model
 * (FITTED_DAY, ...): the numbers of purchase_summary().  False without an
 * active day before.  Levels, and with need_money a timeline without amounts,
 * are error 22023, in which what names the function that was called.
 */
extern bool model_customer(const struct varlena *timeline, int64 as_of,
						   uint8 unit, const char *what, bool need_money,
						   ModelCustomer *customer);

#endif							/* RETENTION_CUSTOMER_H */
