# survival.R: makes survival_r.csv, what R says of a hundred random sets of
# customers.  Rscript test/reference/survival.R > test/reference/survival_r.csv
#
# It needs the packages survival and cmprsk (here 3.5-3 and 2.2-11); the test
# that reads the file, test/t/086_incidence.pl, does not.  The sets are made by
# the same recipe in both: x becomes 16807 x mod 2^31 - 1, which a double holds
# exactly, and u() is x / (2^31 - 1).
suppressMessages({
	library(survival)
	library(cmprsk)
})

x <- 1
u <- function() {
	x <<- (16807 * x) %% 2147483647
	x / 2147483647
}
upto <- function(n) floor(u() * n)

rows <- function(set) {
	x <<- set * 7919
	for (i in 1:5) u()
	n <- 20 + upto(80)
	d <- NULL
	for (i in 1:n) {
		duration <- 1 + floor(u() * u() * 15)
		fraction <- upto(8) / 8
		if (set %% 4 == 0) duration <- duration + fraction
		late <- u() < 0.6
		entered <- floor(u() * duration)
		d <- rbind(d, data.frame(entered = if (late) entered else 0, duration,
			outcome = upto(4), group = upto(3), stratum = upto(3), weight = 1 + upto(3)))
	}
	d[rep(seq_len(n), d$weight), ]
}

put <- function(set, ...) {
	values <- sapply(list(...), function(v) {
		if (is.character(v)) v else if (is.na(v)) "" else sprintf("%.12g", v)
	})
	cat(set, values, sep = ",")
	cat("\n")
}

# The definition: who entered before t and left no earlier is at risk at t.
log_rank <- function(d, weight) {
	groups <- sort(unique(d$group))
	o <- e <- setNames(numeric(length(groups)), groups)
	v <- matrix(0, length(groups), length(groups))
	for (s in unique(d$stratum)) {
		k <- d[d$stratum == s, ]
		survival <- 1
		for (t in sort(unique(k$duration[k$outcome > 0]))) {
			risk <- sapply(groups, function(g) sum(k$group == g & k$entered < t & k$duration >= t))
			died <- sapply(groups, function(g) sum(k$group == g & k$outcome > 0 & k$duration == t))
			n <- sum(risk)
			m <- sum(died)
			w <- weight(n, survival)
			p <- risk / n
			o <- o + w * died
			e <- e + w * m * p
			if (n > 1) v <- v + w^2 * m * (n - m) / (n - 1) * (diag(p, length(p)) - p %*% t(p))
			survival <- survival * (1 - m / n)
		}
	}
	keep <- which(e > 0)[-1]
	list(chi = sum((o - e)[keep] * solve(v[keep, keep, drop = FALSE], (o - e)[keep])), o = o, e = e)
}

types <- c("log-log", "log", "plain")
reasons <- c("bugs", "price", "rival")
for (set in 1:100) {
	d <- rows(set)
	type <- types[set %% 3 + 1]

	f <- survfit(Surv(entered, duration, outcome > 0) ~ 1, d, conf.type = type)
	for (i in unique(ceiling(length(f$time) * c(0.3, 0.7))))
		put(set, "survival", f$time[i], f$n.risk[i], f$surv[i],
			if (f$surv[i] > 0) f$surv[i] * f$std.err[i] else NA,
			f$lower[i], f$upper[i], f$cumhaz[i], f$std.chaz[i])
	q <- quantile(f, 0.4)
	put(set, "quantile", q$quantile, q$lower, q$upper)

	for (rho in c(0, 1, 0.5)) {
		l <- survdiff(Surv(duration, outcome > 0) ~ group + strata(stratum), d, rho = rho)
		put(set, "strata", rho, l$chisq)
	}
	for (g in 1:length(l$n)) put(set, "group", sub("group=", "", names(l$n)[g]),
		l$n[g], sum(as.matrix(l$obs)[g, ]), sum(as.matrix(l$exp)[g, ]))
	put(set, "test", "log-rank", survdiff(Surv(duration, outcome > 0) ~ group, d)$chisq)
	put(set, "late", "log-rank", log_rank(d, function(n, s) 1)$chi)
	put(set, "late", "gehan-breslow", log_rank(d, function(n, s) n)$chi)
	put(set, "late", "tarone-ware", log_rank(d, function(n, s) sqrt(n))$chi)
	put(set, "late", "peto", log_rank(d, function(n, s) s)$chi)

	cause <- factor(d$outcome, 0:3, c("still there", reasons))
	f <- survfit(Surv(d$duration, cause) ~ 1, conf.type = type)
	for (i in unique(ceiling(length(f$time) * c(0.4, 1))))
		for (r in 1:3) put(set, "incidence", reasons[r], f$time[i], f$n.risk[i, 1],
			f$pstate[i, r + 1], f$std.err[i, r + 1], f$lower[i, r + 1], f$upper[i, r + 1])
	g <- cuminc(d$duration, cause, d$group, cencode = "still there")$Tests
	for (r in rownames(g)) put(set, "gray", r, g[r, "stat"], g[r, "df"], g[r, "pv"])
}
