/*
 * contract.h
 *		Models of how long contracts are renewed: a customer is lost in period
 *		t = 1, 2, ..., or still there after it.
 *
 * Survival S(t) = B(alpha, beta + u) / B(alpha, beta), the mean of (1-p)^u over
 * churn probabilities p ~ Beta(alpha, beta), where u = t in the shifted
 * beta-geometric model (Fader and Hardie, "How to project customer
 * retention", Journal of Interactive Marketing 21, 2007), and u = t^c in the
 * beta discrete Weibull one (Fader, Hardie, Liu, Davin and Steenburgh, "How to
 * project customer retention revisited", ibid. 43, 2018), in which the churn
 * probability of a customer may change.
 */
#ifndef RETENTION_CONTRACT_H
#define RETENTION_CONTRACT_H

#include "models/fitted.h"
#include "models/groups.h"

typedef enum ContractKind
{
	CONTRACT_SBG, CONTRACT_BDW
} ContractKind;

enum
{
	CONTRACT_ALPHA, CONTRACT_BETA, CONTRACT_C, CONTRACT_PARAMETERS
};

extern const FittedType contract_type;

/*
 * Fit a model to groups, whose x is the number of periods and whose u is 1 for
 * customers lost in the last of them, else 0; some are lost, and some live
 * past the first period.
 */
extern void contract_fit(ContractKind kind, const RowGroup *groups,
						 int64 ngroups, Fitted *fitted);

/* A model as the functions below take it: p[CONTRACT_C] is 1 for sbg. */
typedef struct Contract
{
	float8		alpha;
	float8		beta;
	float8		c;
} Contract;

extern Contract contract_of(const Fitted *fitted);

/* log S(t), t >= 0. */
extern float8 contract_log_survival(const Contract *m, float8 t);

/* The same with b instead of beta, t > 0. */
extern float8 contract_log_ratio(const Contract *m, float8 b, float8 t);

/* S(t) / S(t - 1), t >= 1. */
extern float8 contract_renewal_rate(const Contract *m, float8 t);

/*
 * Discounted expected number of payments still to come, the one due at once
 * included: of a new customer with renewals = 0, else just before the renewal
 * after so many.  False where the sum has no limit, which takes a discount of
 * 0.  An integral that does not settle is error 22003.
 */
extern bool contract_lifetime(const Contract *m, float8 discount,
							  int64 renewals, float8 *lifetime);

#endif							/* RETENTION_CONTRACT_H */
