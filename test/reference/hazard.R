# hazard.R: makes hazard_r.csv, what R says of a hundred random Cox regressions.
# Rscript test/reference/hazard.R > test/reference/hazard_r.csv
#
# It needs the package survival (here 3.5-3); the test that reads the file,
# test/t/089_hazard_r.pl, does not.  The sets are made by the same recipe in both:
# x becomes 16807 x mod 2^31 - 1, which a double holds exactly, and u() is
# x / (2^31 - 1).
suppressMessages(library(survival))

x <- 1
u <- function() {
	x <<- (16807 * x) %% 2147483647
	x / 2147483647
}
upto <- function(n) floor(u() * n)

# Every fourth set has strata, every third weights, every second late entry.
rows <- function(set) {
	x <<- set * 7919
	for (i in 1:5) u()
	d <- NULL
	for (i in 1:(60 + upto(140))) {
		duration <- 1 + floor(u() * u() * 40)
		fraction <- upto(8) / 8
		if (set %% 5 == 0) duration <- duration + fraction
		entered <- floor(u() * duration * 0.7)
		d <- rbind(d, data.frame(duration, entered, churned = u() < 0.6, logins = upto(10) / 2,
			spend = upto(1000) / 10, invited = u() < 0.4, plan = letters[1 + floor(u() * 3.3)],
			region = upto(3), n = 1 + upto(3)))
	}
	d
}

put <- function(set, ...) {
	values <- sapply(list(...), function(v) {
		if (is.character(v)) v else if (is.na(v)) "" else sprintf("%.11g", v)
	})
	cat(set, values, sep = ",")
	cat("\n")
}

for (set in 1:100) {
	d <- rows(set)
	strata <- set %% 4 == 0
	d$w <- if (set %% 3 == 0) d$n else 1
	d$from <- if (set %% 2 == 0) d$entered else -1
	# the plan of most customers, of several the first
	most <- sapply(sort(unique(d$plan)), function(p) sum(d$w[d$plan == p]))
	d$plan <- relevel(factor(d$plan), names(most)[which.max(most)])
	what <- Surv(from, duration, churned) ~ logins + spend + invited + plan
	if (strata) what <- update(what, . ~ . + strata(region))
	f <- coxph(what, d, weights = w, ties = "efron", control = coxph.control(eps = 1e-14, iter.max = 60))
	s <- summary(f)
	for (i in seq_along(f$coefficients)) {
		name <- sub("TRUE$", "", sub("^plan", "plan ", names(f$coefficients)[i]))
		put(set, "term", name, f$coefficients[i], s$coefficients[i, "se(coef)"], s$coefficients[i, "z"],
			s$coefficients[i, "Pr(>|z|)"])
	}
	put(set, "fit", "", f$n, f$nevent, f$loglik[1], f$loglik[2], s$logtest["test"], f$wald.test, s$sctest["test"])
	put(set, "concordance", "", s$concordance[1], s$concordance[2])
	# a customer of the third row: risk against the mean of numbers, false and the
	# most frequent plan; survival in the middle
	one <- d[3, ]
	risk <- sum(f$coefficients * (c(one$logins, one$spend, one$invited, as.numeric(one$plan == levels(d$plan)[-1])) -
		c(sum(d$w * d$logins), sum(d$w * d$spend), rep(0, length(f$coefficients) - 2) * sum(d$w)) / sum(d$w)))
	at <- floor(median(d$duration))
	put(set, "customer", "", exp(risk), at, summary(survfit(f, newdata = one), times = at)$surv)
	for (transform in c("km", "rank", "identity", "log")) {
		z <- cox.zph(f, transform = transform)$table
		for (r in rownames(z)) put(set, transform, r, z[r, "chisq"], z[r, "df"], z[r, "p"])
	}
}
