EXTENSION = retention
MODULE_big = retention
DATA = sql/retention--1.0.sql
OBJS = $(patsubst %.c,%.o,$(wildcard src/*.c src/*/*.c))
PG_CPPFLAGS = -I$(srcdir)/src
SHLIB_LINK = -lm
PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)
