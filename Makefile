# retention: customer retention, churn and lifetime value in PostgreSQL.
# "make help" lists the targets.

EXTENSION = retention
MODULE_big = retention

# The file lists are spelled out: a wildcard finds nothing in a build outside
# the source tree, and then silently installs nothing.
DATA = sql/retention--1.0.sql
DOCS = README.md doc/clients.md doc/clusters.md doc/cohorts.svg doc/coming-from.md doc/dashboard.md doc/functions.md doc/loader.md \
	doc/models.md doc/operations.md doc/questions.md doc/reference.md

OBJS = \
	src/retention.o \
	src/base/calendar.o \
	src/base/calendar_window.o \
	src/base/call_site.o \
	src/base/clip.o \
	src/base/constant.o \
	src/base/covariates.o \
	src/base/expanded.o \
	src/base/gamma.o \
	src/base/grain.o \
	src/base/grain_functions.o \
	src/base/grain_parse.o \
	src/base/json_object.o \
	src/base/json_parts.o \
	src/base/money.o \
	src/base/rate.o \
	src/base/reader.o \
	src/base/record.o \
	src/base/record_grain.o \
	src/base/record_text.o \
	src/base/record_write.o \
	src/base/retail_calendar.o \
	src/base/salt.o \
	src/base/tally.o \
	src/base/unit.o \
	src/base/value.o \
	src/base/value_image.o \
	src/base/wire.o \
	src/base/zone.o \
	src/history/argument.o \
	src/history/argument_plan.o \
	src/history/exchange.o \
	src/history/exchange_memory.o \
	src/history/exchange_order.o \
	src/history/exchange_visit.o \
	src/history/identity.o \
	src/history/identity_parts.o \
	src/history/intake.o \
	src/history/intake_columns.o \
	src/history/ledger.o \
	src/history/ledger_aggregate.o \
	src/history/ledger_append.o \
	src/history/ledger_compact.o \
	src/history/ledger_cost.o \
	src/history/ledger_finished.o \
	src/history/ledger_group.o \
	src/history/ledger_head.o \
	src/history/ledger_order.o \
	src/history/ledger_pack.o \
	src/history/ledger_periods.o \
	src/history/ledger_pieces.o \
	src/history/ledger_slab.o \
	src/history/ledger_spill.o \
	src/history/ledger_visit.o \
	src/history/timeline.o \
	src/history/timeline_aggregate.o \
	src/history/timeline_bridge.o \
	src/history/timeline_build.o \
	src/history/timeline_lasting.o \
	src/history/timeline_levels.o \
	src/history/timeline_readers.o \
	src/history/timeline_spells.o \
	src/history/timeline_text.o \
	src/metrics/check/judge.o \
	src/metrics/check/judge_events.o \
	src/metrics/check/judge_names.o \
	src/metrics/check/judge_ranges.o \
	src/metrics/check/readers.o \
	src/metrics/check/rows.o \
	src/metrics/check/sample.o \
	src/metrics/check/state.o \
	src/metrics/check/type.o \
	src/metrics/cohort_matrix/build.o \
	src/metrics/cohort_matrix/build_gross.o \
	src/metrics/cohort_matrix/build_pages.o \
	src/metrics/cohort_matrix/fold.o \
	src/metrics/cohort_matrix/fold_levels.o \
	src/metrics/cohort_matrix/fold_recurring.o \
	src/metrics/cohort_matrix/membership.o \
	src/metrics/cohort_matrix/read.o \
	src/metrics/cohort_matrix/read_curve.o \
	src/metrics/cohort_matrix/readers.o \
	src/metrics/cohort_matrix/summary.o \
	src/metrics/cohort_matrix/type.o \
	src/metrics/compare/compare_funnels.o \
	src/metrics/compare/compare_retention.o \
	src/metrics/compare/difference.o \
	src/metrics/compare/share_difference.o \
	src/metrics/funnel/any_order.o \
	src/metrics/funnel/build.o \
	src/metrics/funnel/chain.o \
	src/metrics/funnel/conditions.o \
	src/metrics/funnel/events.o \
	src/metrics/funnel/fold.o \
	src/metrics/funnel/instants.o \
	src/metrics/funnel/intake.o \
	src/metrics/funnel/merge.o \
	src/metrics/funnel/mode.o \
	src/metrics/funnel/outcome.o \
	src/metrics/funnel/readers.o \
	src/metrics/funnel/rows.o \
	src/metrics/funnel/rules.o \
	src/metrics/funnel/stored.o \
	src/metrics/funnel/sums.o \
	src/metrics/funnel/times.o \
	src/metrics/funnel/trend.o \
	src/metrics/funnel/tries.o \
	src/metrics/funnel/tries_rows.o \
	src/metrics/funnel/type.o \
	src/metrics/funnel/window_funnel.o \
	src/metrics/incidence/build.o \
	src/metrics/incidence/gray.o \
	src/metrics/incidence/readers.o \
	src/metrics/incidence/state.o \
	src/metrics/incidence/type.o \
	src/metrics/journey/fold.o \
	src/metrics/journey/intake.o \
	src/metrics/journey/merge.o \
	src/metrics/journey/places.o \
	src/metrics/journey/readers.o \
	src/metrics/journey/rows.o \
	src/metrics/journey/type.o \
	src/metrics/metric_head.o \
	src/metrics/movements/build.o \
	src/metrics/movements/changes.o \
	src/metrics/movements/lagged.o \
	src/metrics/movements/readers.o \
	src/metrics/movements/spans.o \
	src/metrics/movements/timeline_movements.o \
	src/metrics/movements/track.o \
	src/metrics/movements/type.o \
	src/metrics/plain/cac.o \
	src/metrics/plain/confidence.o \
	src/metrics/plain/earliest.o \
	src/metrics/plain/economics.o \
	src/metrics/plain/flags.o \
	src/metrics/plain/lifecycle.o \
	src/metrics/plain/loyalty.o \
	src/metrics/plain/rates.o \
	src/metrics/plain/scores.o \
	src/metrics/plain/touch_credit.o \
	src/metrics/plain/usage.o \
	src/metrics/sequence/intake.o \
	src/metrics/sequence/match.o \
	src/metrics/sequence/next.o \
	src/metrics/sequence/next_parallel.o \
	src/metrics/sequence/pattern.o \
	src/metrics/sequence/search.o \
	src/metrics/signals/build.o \
	src/metrics/signals/readers.o \
	src/metrics/signals/rows.o \
	src/metrics/signals/state.o \
	src/metrics/signals/type.o \
	src/metrics/summary.o \
	src/metrics/survival/bounds.o \
	src/metrics/survival/build.o \
	src/metrics/survival/curve_aggregate.o \
	src/metrics/survival/duration.o \
	src/metrics/survival/estimate.o \
	src/metrics/survival/groups.o \
	src/metrics/survival/lives.o \
	src/metrics/survival/log_rank.o \
	src/metrics/survival/quadratic.o \
	src/metrics/survival/readers.o \
	src/metrics/survival/state.o \
	src/metrics/survival/type.o \
	src/metrics/timeline_items.o \
	src/models/contract.o \
	src/models/contract_lifetime.o \
	src/models/contract_model.o \
	src/models/customer_ltv.o \
	src/models/evaluation.o \
	src/models/evaluation_measures.o \
	src/models/fitted.o \
	src/models/fitted_parse.o \
	src/models/groups.o \
	src/models/groups_aggregate.o \
	src/models/hazard.o \
	src/models/hazard_aggregate.o \
	src/models/hazard_concordance.o \
	src/models/hazard_data.o \
	src/models/hazard_fit.o \
	src/models/hazard_proportional.o \
	src/models/hazard_readers.o \
	src/models/hazard_rows.o \
	src/models/hazard_rows_wire.o \
	src/models/hazard_walk.o \
	src/models/multistart.o \
	src/models/optimizer.o \
	src/models/optimizer_climb.o \
	src/models/prediction.o \
	src/models/purchase.o \
	src/models/purchase_aggregate.o \
	src/models/purchase_bgnbd.o \
	src/models/purchase_counts.o \
	src/models/purchase_model.o \
	src/models/purchase_pareto.o \
	src/models/purchase_timeline.o \
	src/models/purchase_total.o \
	src/models/small_matrix.o \
	src/models/special.o \
	src/models/spend.o \
	src/models/spend_model.o \
	src/models/symmetric_matrix.o \
	src/render/cohort_svg.o \
	src/render/curve_svg.o \
	src/render/funnel_svg.o \
	src/render/funnel_text.o \
	src/render/journey_svg.o \
	src/render/journey_text.o \
	src/render/lines.o \
	src/render/movements_svg.o \
	src/render/movements_text.o \
	src/render/rfm_svg.o \
	src/render/survival_svg.o \
	src/render/survival_text.o \
	src/render/svg.o \
	src/render/svg_scale.o \
	src/render/text.o \
	src/render/value_svg.o \
	src/scan/deform.o \
	src/scan/deform_page.o \
	src/scan/exec.o \
	src/scan/explain.o \
	src/scan/feed.o \
	src/scan/finish.o \
	src/scan/groups.o \
	src/scan/ladder.o \
	src/scan/plan.o \
	src/scan/rows.o \
	src/scan/sieve.o \
	src/scan/sieve_rows.o

REGRESS = \
	bridged \
	calendar \
	calendar_zones \
	check_events \
	check_ranges \
	cohort_arguments \
	cohort_cells \
	cohort_matrix \
	cohort_matrix_type \
	cohort_vectors \
	comparisons \
	contract_model \
	customer_ltv \
	customer_ltv_errors \
	customer_movements \
	damaged_values \
	data_check_type \
	dashboard \
	dates \
	earliest \
	economics \
	evaluation \
	funnel \
	funnel_arguments \
	funnel_peers \
	funnel_trend \
	funnel_type \
	grain \
	grain_errors \
	hazard_model \
	hazard_model_errors \
	hazard_model_type \
	identity \
	incidence_curve \
	incidence_curve_type \
	intake \
	journey \
	journey_type \
	late_entry \
	ledger \
	lifecycle \
	log_rank \
	loyalty \
	money \
	movement_errors \
	movement_lag \
	movement_spans \
	movement_vectors \
	peer_manuals \
	peer_retention \
	pictures \
	purchase_counts \
	purchase_model \
	purchase_model_errors \
	purchase_model_fit \
	purchase_model_type \
	push_down \
	quoted_words \
	range_matrix \
	rates \
	recurring_matrix \
	recurring_rows \
	scan \
	sequence \
	sequence_errors \
	sequence_next \
	signup_matrix \
	signals \
	signals_type \
	spend_model \
	spend_model_ltv \
	spill \
	survival_curve \
	survival_curve_type \
	timeline \
	timeline_days \
	timeline_errors \
	timeline_of_levels \
	timeline_ranges \
	timeline_readers \
	timeline_type \
	touch_credit \
	usage \
	value_order \
	window_funnel \
	zones

# Every topic runs alone ("make test TESTS=grain"), so none of them creates
# the extension for the others.
REGRESS_OPTS = --load-extension=retention

PG_CPPFLAGS = -I$(patsubst %/,%,$(srcdir))/src
PG_CFLAGS = -MMD -MP
# Before PostgreSQL 16 modules do not hide their symbols: bind ours to ourselves,
# whatever another module that was loaded earlier calls its own.
comma = ,
SHLIB_LINK = -lm $(if $(filter linux freebsd,$(PORTNAME)),-Wl$(comma)-Bsymbolic)
EXTRA_CLEAN = tmp_check log $(OBJS:.o=.d)

# help, deps, test, demo, bench and lint must work where PostgreSQL, its build
# files or the compiler are still missing: they run scripts that install them
# first.  So the absence of PGXS is an error of the other targets only.
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

HERE := $(patsubst %/,%,$(dir $(abspath $(firstword $(MAKEFILE_LIST)))))

# The scripts find these in their environment.
export PG_CONFIG

.DEFAULT_GOAL := all

# PGXS has a rule named check, which only says that it is not supported: ours
# goes alone.
ifneq ($(filter check,$(MAKECMDGOALS)),)
PGXS :=
check:
	@'$(HERE)/test/check.sh'
endif

ifneq ($(wildcard $(PGXS)),)
include $(PGXS)

# Loops over columns and entries, for the compiler to take several at a time, as
# PostgreSQL has it do with its own.
COLUMN_LOOPS = \
	src/history/identity \
	src/history/intake_columns \
	src/history/ledger_append \
	src/history/ledger_group \
	src/history/ledger_order \
	src/metrics/funnel/intake \
	src/scan/deform_page \
	src/scan/ladder \
	src/scan/sieve_rows

$(COLUMN_LOOPS:=.o): CFLAGS += $(CFLAGS_UNROLL_LOOPS) $(CFLAGS_VECTORIZE)

# Our pages are many, and "reference.md" would be anybody's: a folder of our own.
docmoduledir := retention

# Objects lie in sub-folders, which a build outside the source tree must make.
# Absolute names, else make would find the folders of the source tree by VPATH.
OBJ_DIRS = $(addprefix $(CURDIR)/,$(sort $(patsubst %/,%,$(dir $(OBJS)))))
BITCODE_FILES = $(OBJS:.o=.bc)

$(OBJS) $(BITCODE_FILES): | $(OBJ_DIRS)

# What this compiler or server cannot do is said once, in one line, before
# anything is compiled.
$(OBJS): | fit
fit: $(srcdir)/src/base/compat.h
	@$(CC) $(filter-out -MMD -MP,$(CFLAGS)) $(CPPFLAGS) -w -Wfatal-errors -fsyntax-only -x c $<
.PHONY: fit

$(OBJ_DIRS):
	$(MKDIR_P) $@

# PostgreSQL's usual packages build without dependency tracking; the compiler
# writes down what each object includes, and a touched header rebuilds those.
-include $(OBJS:.o=.d)
$(BITCODE_FILES): %.bc: %.o

else

all install uninstall installcheck prove_installcheck clean:
	@echo "No PGXS at '$(PG_CONFIG) --pgxs': run 'make deps', or name another pg_config with PG_CONFIG=" >&2
	@exit 1

.PHONY: all install uninstall installcheck clean
endif

## help           list the targets
help:
	@echo 'usage: make [target] [NAME=value ...]'
	@echo
	@sed -n 's/^## /  /p' '$(HERE)/Makefile'

## deps           install what building and testing need (LINT=1, PACKAGE=1, PEERS=1, BROWSER=1, CLIENTS=1: and for those)
deps:
	@'$(HERE)/test/deps.sh'

## all            build the extension (the default)
## install        install it into the server of PG_CONFIG (uninstall removes it)
## installcheck   regression tests against a running server where it is installed (PGHOST, PGPORT, ...)

## prove_installcheck  TAP tests against the installed extension (needs IPC::Run)
ifneq ($(wildcard $(PGXS)),)
prove_installcheck:
	@'$(HERE)/test/prove.sh' '$(bindir)' '$(CURDIR)'
endif

## test           everything from nothing, leaving nothing behind (TESTS="grain ..." PROVE_TESTS=test/t/001_objects.pl)
test:
	@'$(HERE)/test/run.sh'

## check          a few tests, soon, in a copy and a cluster that are kept (TESTS="grain ..." PROVE_TESTS=...)

## check-stop     end what make check keeps
check-stop:
	@'$(HERE)/test/check.sh' stop

## reference      the pages of doc/ that are made of the catalog and its COMMENTs, and the picture of README.md
reference:
	@for page in functions.md cohorts.svg; do \
		'$(HERE)/test/reference.sh' $$page >'$(HERE)/doc/'$$page.new && mv '$(HERE)/doc/'$$page.new '$(HERE)/doc/'$$page || exit 1; \
	done

## demo           the extension at work on a generated CRM, and its page (DATA=orders.csv: on your orders; GRAIN=week PAGE=file.html; doc/loader.md)
demo:
	@'$(HERE)/test/demo/run.sh'

## bi             the examples for BI tools, built and looked at, and drivers over the views (BI_OUT=folder: the pictures)
bi:
	@'$(HERE)/test/bi/run.sh'

## cluster        every metric over three shards of postgres_fdw equals one node (CUSTOMERS= RUNS=)
cluster:
	@'$(HERE)/test/shards/run.sh'

## bench          speed as ratios in one run (ROWS= CUSTOMERS= MONTHS= RUNS= ONLY= PEERS=1 MEMORY=1 MODELS=1 GROWTH=1)
bench:
	@'$(HERE)/test/bench/run.sh'

## lint           cppcheck, clang-tidy, shellcheck, and a build where every warning is an error
lint:
	@'$(HERE)/test/lint.sh'

## cassert        every test on a server with assertions, built for it and kept (LANES=folder)
## asan           every test on a server with assertions and sanitizers, built for it and kept
## valgrind       the topics under Valgrind (TESTS="grain ..."; all of them take an hour or more)
## modes          the topics under parallel plans, compiled expressions, little memory, and without the scan (MODES="noscan ...")
## coverage       lines, branches and errors that the tests reach (COVERAGE_LINES=1: and lines not reached)
cassert asan valgrind modes coverage:
	@'$(HERE)/test/lanes/run.sh' $@

## fuzz           mutated texts, images and states of every type and aggregate (FUZZ_COUNT=1000000 FUZZ_SECONDS= TYPES= KINDS= SEED=; QUICK=1)
fuzz:
	@'$(HERE)/test/fuzz/run.sh'

## garden         every function, operator, cast and aggregate with odd values (CALLS=20000 SEED=...; KEEP=1: in the cluster of make check)
garden:
	@'$(HERE)/test/garden/run.sh'

## matrix         strict build, topics and TAP tests on PostgreSQL 15 to 19, in other releases of Debian (LANE=17 PARTS="topics")
matrix:
	@'$(HERE)/test/lanes/matrix.sh'

## upgrade        pg_upgrade from each major to the next, with every type stored
upgrade:
	@'$(HERE)/test/lanes/upgrade.sh'

## release-check  the lanes that are not in CI, one after the other (RELEASE_CHECK="asan ...": only these)
release-check:
	@'$(HERE)/test/lanes/release.sh'

## deb            the Debian package for the server of PG_CONFIG, in dist/, checked by lintian
deb:
	@'$(HERE)/packaging/deb.sh'

## dist           the source as PGXN takes it, a zip in dist/
dist:
	@'$(HERE)/packaging/dist.sh'

## bare           installs into a bare Debian as README.md says, the first example (BARE="deb source zip")
bare:
	@'$(HERE)/packaging/bare.sh'

## docker         the official image with the extension in it (PG=17), where docker is
docker:
	@'$(HERE)/packaging/docker.sh'

## clean          remove what was built

.PHONY: bi fuzz help reference deps prove_installcheck test check check-stop demo cluster bench lint deb dist bare docker \
	cassert asan valgrind modes coverage garden matrix upgrade release-check
