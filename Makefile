# pulih: the one makefile. `make help` lists what it can do.
#
# Everything is built into build/$(MODE)/. What a daemon is made of follows from the tree: a SERVICE row of
# include/pulih/tbl/services.tbl.h names it, services/<name>/*.c are its sources, *.sql its statements.

MODE    ?= release# release, asan, cover, fuzz
WERROR  ?=# 1: a warning stops the build
V       ?=# 1: show commands
SECONDS ?= 60# for fuzz, torture and sim
STEP    ?= 1# for failures
SEED    ?=# for torture and sim: the plan comes from it
FRAMES  ?= 1000000# for hostile: at each door
POINTS  ?=# 1: tests may stop programs at points, see pulih/base/point.h
DATA    ?=# for model: the folder of labelled sets that the default models are made from
DUE     ?= 10000# for due: deadlines in the same second
OPEN    ?= 1000000# for due: open complaints beside them
MUTANT  ?=# for mutants: some of tests/mutants; all if empty
PREFIX  ?= /usr/local
BUILD   ?= build/$(MODE)$(if $(POINTS),-points)
VERSION := $(shell sed -n 's/^.define PULIH_VERSION "\(.*\)"/\1/p' include/pulih.h)
SYSCONFDIR ?= $(if $(filter /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(MODE)),clang,gcc)
endif
CLANG_FORMAT ?= $(firstword $(shell command -v clang-format-14 clang-format) clang-format)
CLANG_TIDY   ?= $(firstword $(shell command -v clang-tidy-14 clang-tidy) clang-tidy)
.DELETE_ON_ERROR:
.SUFFIXES:
.DEFAULT_GOAL := all

# --- what there is -------------------------------------------------------------------------------------
SERVICES := $(shell sed -n 's/^SERVICE.\([a-z]*\),.*/\1/p' include/pulih/tbl/services.tbl.h)
sources   = $(sort $(wildcard $(1)))
objects   = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))

COMMON   := $(call objects,services/common/base/*.c services/common/core/*.c services/common/learn/*.c services/common/host/*.c \
              proto/*.c $(if $(POINTS),tests/fault/point.c))
CLIENT   := $(call objects,services/client/*.c)
CTL      := $(call objects,services/ctl/*.c)
TEST_LIB := $(call objects,tests/lib/*.c)
TESTS    := $(call sources,$(foreach g,unit proto db flow fault,tests/$(g)/*_test.c))
TOOLS    := $(call sources,tests/check/*.c tests/bench/*.c tests/fault/flood.c)
SIM      := $(call sources,tests/sim/*.c)
FUZZERS  := $(call sources,tests/fuzz/*_fuzz.c)
SOURCES  := $(call sources,services/common/*/*.c proto/*.c services/client/*.c services/ctl/*.c \
              $(SERVICES:%=services/%/*.c) tests/lib/*.c $(if $(POINTS),tests/fault/point.c)) $(TESTS) $(TOOLS) $(SIM) \
              $(FUZZERS) tests/fuzz/replay.c
STATEMENTS := $(call sources,services/*/*.sql services/*/*/*.sql)
GEN      := $(foreach s,$(STATEMENTS),$(BUILD)/gen/$(notdir $(s)).h) $(BUILD)/gen/migrations.h
PRELOADED := failing full
FORMATTED = $(filter-out %.tbl.h,$(SOURCES) tests/fault/point.c $(PRELOADED:%=tests/fault/%.c) $(call sources,include/*.h include/pulih/*/*.h proto/*.h \
              services/*/*.h services/common/*/*.h tests/*.h tests/*/*.h))

DAEMONS    := $(foreach s,$(SERVICES),$(if $(wildcard services/$(s)/main.c),$(BUILD)/pulih-$(s)))
PROGRAMS   := $(DAEMONS) $(if $(CTL),$(BUILD)/pulihctl)
LIBRARIES  := $(BUILD)/libpulih-common.a $(if $(CLIENT),$(BUILD)/libpulih.a $(BUILD)/libpulih.so)
TEST_BINS  := $(TESTS:%.c=$(BUILD)/%)
TOOL_BINS  := $(TOOLS:%.c=$(BUILD)/%)
SIM_BIN    := $(BUILD)/tests/sim/sim
FUZZ_BINS  := $(FUZZERS:%.c=$(BUILD)/%)

# --- flags: one wish list, each compiler takes what it knows; found out once, see $(FLAGS) ----------------
WISHES := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes \
  -Wmissing-prototypes -Wwrite-strings -Wcast-qual -Wpointer-arith -Wundef -Wvla -Wformat=2 -Wswitch-enum \
  -Wimplicit-fallthrough -Woverride-init -Winitializer-overrides -Wdate-time -Wduplicated-cond \
  -Wduplicated-branches -Wlogical-op -Warith-conversion -Wjump-misses-init -Wcast-align=strict \
  -Wbidi-chars=any -Wno-overlength-strings -Wno-string-conversion -fno-common -fno-delete-null-pointer-checks \
  -fno-semantic-interposition -fstrict-flex-arrays=3
WISHES_release := -Wnull-dereference -D_FORTIFY_SOURCE=3 -fstack-protector-strong \
  -fstack-clash-protection -fcf-protection=full -ftrivial-auto-var-init=zero
LD_WISHES := -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,-z,nodlopen -Wl,--as-needed
PACKAGES  := libzmq libpq libconfig libsodium libmicrohttpd libutf8proc jansson cmocka

FLAGS_release := -O2 -U_FORTIFY_SOURCE
FLAGS_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
FLAGS_cover   := -O0 --coverage
FLAGS_fuzz    := $(FLAGS_asan) -fsanitize=fuzzer-no-link
ifeq ($(FLAGS_$(MODE)),)
$(error MODE is one of release, asan, cover, fuzz)
endif

# These goals bring in what the others need, so they must not ask the compiler anything.
OUTER := check docker-check demo run bench bench-stored bench-held torture due mutants deps clean clean-var help format-check docs docs-check sim sim-mutants hostile failures
FLAGS := build/flags.$(notdir $(firstword $(CC))).mk
ifneq ($(filter-out $(OUTER),$(or $(MAKECMDGOALS),all)),)
include $(FLAGS)
endif
BANNED   := $(wildcard include/pulih/base/banned.h)
CPPFLAGS_ALL := -I. -Iinclude -I$(BUILD) $(if $(POINTS),-DPULIH_POINTS) -DPULIH_VERSION='"$(VERSION)"' -ffile-prefix-map=$(CURDIR)=. $(PKG_CFLAGS) $(CPPFLAGS)
CFLAGS_ALL   := -std=gnu17 -g -fPIC $(FLAGS_$(MODE)) $(HAS) $(HAS_$(MODE)) $(if $(WERROR),-Werror) $(CFLAGS)
LDFLAGS_ALL  := $(FLAGS_$(MODE)) $(HAS_LD) $(LDFLAGS)
COMPILE = $(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL)
LINK    = $(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^) $(filter %.a,$^)
say     = $(if $(V),,@printf '  %-6s %s\n' '$(1)' '$(@:$(BUILD)/%=%)' &&)
try     = printf '$(1) :='; for f in $(2); do printf 'int main(void) { return 0; }\n' | \
            $(CC) -O2 -Werror $$f -x c - -o $@.$$$$ 2>/dev/null && printf ' %s' "$$f"; done; printf '\n'

$(FLAGS): Makefile
	@mkdir -p $(@D)
	@command -v $(firstword $(CC)) pkg-config >/dev/null || { echo "$(CC) or pkg-config is missing: make deps"; exit 1; }
	@m=msgpack; ! pkg-config --exists msgpack-c || m=msgpack-c; \
	  pkg-config --print-errors --exists $(PACKAGES) $$m || { echo "libraries are missing: make deps"; exit 1; }; \
	  p=$$(pkg-config --cflags $(PACKAGES) $$m | sed 's/-I */-isystem /g') && \
	  l=$$(pkg-config --libs $(filter-out cmocka,$(PACKAGES)) $$m) && \
	  { $(call try,HAS,$(WISHES)); $(call try,HAS_release,$(WISHES_release)); \
	    $(call try,HAS_LD,$(LD_WISHES)); \
	    echo "PKG_CFLAGS := $$p"; echo "PKG_LIBS := $$l -llinear -lm -lpthread"; } >$@.$$$$.new && \
	  rm -f $@.$$$$ && mv $@.$$$$.new $@

# A change of flags rebuilds everything.
ifneq ($(COMPILE) $(LDFLAGS_ALL) $(BANNED),$(file <$(BUILD)/flags.used))
.PHONY: $(BUILD)/flags.used
endif
$(BUILD)/flags.used: | $(BUILD)/
	$(file >$@,$(COMPILE) $(LDFLAGS_ALL) $(BANNED))

$(BUILD)/:
	@mkdir -p $@

# --- how things are made ------------------------------------------------------------------------------
.PHONY: all tests tools
all: $(PROGRAMS) $(LIBRARIES)
	@:
tests: $(TEST_BINS) $(FUZZ_BINS)
	@:
tools: $(TOOL_BINS) $(SIM_BIN) $(PRELOADED:%=$(BUILD)/%.so)
	@:

$(BUILD)/services/%.o $(BUILD)/proto/%.o: OWN = $(BANNED:%=-include %)
$(BUILD)/%.o: %.c $(BUILD)/flags.used | $(GEN)
	@mkdir -p $(@D)
	$(call say,CC)$(COMPILE) $(OWN) -MMD -MP -c $< -o $@

define embedded
$(BUILD)/gen/$(notdir $(1)).h: $(1) services/common/embed-sql.awk
	@mkdir -p $$(@D)
	$$(call say,SQL)awk -f services/common/embed-sql.awk $$< >$$@
endef
$(foreach s,$(STATEMENTS),$(eval $(call embedded,$(s))))
$(BUILD)/gen/migrations.h: $(call sources,deploy/sql/*.sql) services/common/embed-sql.awk
	@mkdir -p $(@D)
	$(call say,SQL)awk -v migrations=1 -f services/common/embed-sql.awk $(filter %.sql,$^) </dev/null >$@

%.a:
	@mkdir -p $(@D)
	$(call say,AR)rm -f $@ && $(AR) rcs $@ $(filter %.o,$^)
$(BUILD)/libpulih-common.a: $(COMMON)
$(BUILD)/lib/test.a: $(TEST_LIB)

# Tests of a daemon's parts link against its objects, main.o excepted.
define daemon
$(BUILD)/pulih-$(1): $(call objects,services/$(1)/*.c) $(BUILD)/libpulih-common.a
	$$(call say,LD)$$(LINK) $$(PKG_LIBS)
$(BUILD)/lib/$(1).a: $(filter-out %/main.o,$(call objects,services/$(1)/*.c))
endef
$(foreach s,$(SERVICES),$(eval $(call daemon,$(s))))
PARTS := $(BUILD)/lib/test.a $(SERVICES:%=$(BUILD)/lib/%.a) $(BUILD)/lib/ctl.a $(BUILD)/lib/client.a \
         $(BUILD)/libpulih-common.a
$(BUILD)/lib/ctl.a: $(filter-out %/main.o,$(CTL))
$(BUILD)/lib/client.a: $(CLIENT)

$(BUILD)/pulihctl: $(CTL) $(BUILD)/lib/client.a $(BUILD)/libpulih-common.a
	$(call say,LD)$(LINK) $(PKG_LIBS)
# A test may ask for linker flags of its own: a line ` * Link: -Wl,--wrap=malloc` in its head.
$(TEST_BINS) $(TOOL_BINS): $(BUILD)/%: $(BUILD)/%.o $(PARTS)
	$(call say,LD)$(LINK) $$(sed -n 's/^ \* Link: //p' $*.c) $(PKG_LIBS) $(if $(findstring _test,$@),-lcmocka)
# The simulation is made of the daemons as they are, main and all. What it puts in the place of the system stands in its
# own objects, or in the WRAP rows of system.c.
SIM_WRAPS = $$(sed -n 's/^WRAP([^,]*, \([a-z_]*\),.*/-Wl,--wrap=\1/p' tests/sim/system.c)
$(BUILD)/tests/sim/%_main.o: $(BUILD)/services/%/main.o
	@mkdir -p $(@D)
	$(call say,COPY)objcopy --redefine-sym main=$*_main $< $@
$(SIM_BIN): $(SIM:%.c=$(BUILD)/%.o) $(SERVICES:%=$(BUILD)/tests/sim/%_main.o) $(PARTS)
	$(call say,LD)$(LINK) $(SIM_WRAPS) $(PKG_LIBS)
# The same with one source changed, which tests/sim/mutants made: it stands in front of the archive that holds the other.
$(BUILD)/mutants/%: $(BUILD)/mutants/%.c $(SIM_BIN)
	$(call say,MUTANT)$(COMPILE) $(BANNED:%=-include %) -c $< -o $@.o && $(CC) $(LDFLAGS_ALL) -o $@ $@.o \
	  $(SIM:%.c=$(BUILD)/%.o) $(SERVICES:%=$(BUILD)/tests/sim/%_main.o) $(PARTS) $(SIM_WRAPS) $(PKG_LIBS)
# In other modes a fuzzer only runs over its corpus.
$(FUZZ_BINS): $(BUILD)/%: $(BUILD)/%.o $(PARTS) $(if $(filter-out fuzz,$(MODE)),$(BUILD)/tests/fuzz/replay.o)
	$(call say,LD)$(LINK) $$(sed -n 's/^ \* Link: \([^ ]*\).*/\1/p' $*.c) $(if $(filter fuzz,$(MODE)),-fsanitize=fuzzer) $(PKG_LIBS)

# Loaded before programs by tests; no sanitizer, as it stands in front of that, too.
$(BUILD)/failing.so: tests/fault/calls.tbl.h
$(PRELOADED:%=$(BUILD)/%.so): $(BUILD)/%.so: tests/fault/%.c
	@mkdir -p $(@D)
	$(call say,LD)$(CC) -std=gnu17 -O2 $(HAS) $(if $(WERROR),-Werror) -I. -fPIC -shared -o $@ tests/fault/$*.c

# libpulih shows what pulih.h declares and hides the rest.
$(BUILD)/libpulih.map: include/pulih.h
	@{ echo 'pulih_1 { global:'; grep -o '\bpulih_[a-z0-9_]*(' $< | sort -u | sed 's/.$$/;/'; \
	   echo 'local: *; };'; } >$@
$(BUILD)/libpulih.so: $(CLIENT) $(BUILD)/libpulih-common.a $(BUILD)/libpulih.map
	$(call say,LD)$(CC) -shared $(filter-out -pie %nodlopen,$(LDFLAGS_ALL)) -Wl,-soname,libpulih.so.1 \
	  -Wl,--version-script=$(BUILD)/libpulih.map -o $@ $(filter %.o %.a,$^) $(PKG_LIBS)
$(BUILD)/libpulih.o: $(CLIENT) $(BUILD)/libpulih-common.a $(BUILD)/libpulih.map
	$(call say,LD)$(CC) -r -nostdlib -o $@ $(filter %.o %.a,$^) && \
	  sed -n 's/^\(pulih_.*\);$$/\1/p' $(BUILD)/libpulih.map >$@.keep && \
	  objcopy --keep-global-symbols=$@.keep $@
$(BUILD)/libpulih.a: $(BUILD)/libpulih.o

-include $(patsubst %.c,$(BUILD)/%.d,$(SOURCES))

# --- trying it out ------------------------------------------------------------------------------------
GROUPS := unit proto db flow fault
.PHONY: $(OUTER) $(GROUPS) points fuzz model cover tidy analyze install
check: deps
	@$(MAKE) --no-print-directory all tests tools points
	@BUILD=$(BUILD) tests/run check $(GROUPS) fuzz $(if $(wildcard tests/model/*),model) sim
fault: points
points:
	@$(MAKE) --no-print-directory POINTS=1 BUILD=$(BUILD)-points all
$(GROUPS): all tests tools
	@BUILD=$(BUILD) tests/run $@
ifeq ($(DATA),)
model: tools
	@BUILD=$(BUILD) tests/run model
else
model: all
	@BUILD=$(BUILD) deploy/models/make $(DATA)
endif
fuzz:
ifeq ($(MODE),fuzz)
fuzz: $(FUZZ_BINS)
	@BUILD=$(BUILD) tests/fuzz/run $(SECONDS)
else
	@$(MAKE) --no-print-directory MODE=fuzz BUILD=build/fuzz CC=clang fuzz
endif
demo: deps
	@$(MAKE) --no-print-directory all && BUILD=$(BUILD) deploy/demo
run: deps
	@$(MAKE) --no-print-directory all && BUILD=$(BUILD) deploy/run
bench: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) tests/bench/run
bench-stored bench-held: bench-%: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) tests/bench/$*
mutants: deps
	@$(MAKE) --no-print-directory all && BUILD=$(BUILD) tests/mutants/run $(MUTANT)
hostile: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) FAULT_SCALE=$$(($(FRAMES) / 40000)) \
	  tests/run fault --only flood
failures: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) PULIH_FAILURES=$(STEP) /usr/bin/python3 tests/fault/failures_test.py
torture: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) tests/fault/torture $(SECONDS) $(SEED)
due: deps
	@$(MAKE) --no-print-directory all && BUILD=$(BUILD) PULIH_DUE=$(DUE) PULIH_OPEN=$(OPEN) /usr/bin/python3 tests/fault/due_test.py
docker-check: deps
	@$(MAKE) --no-print-directory all && BUILD=$(BUILD) tests/run docker
sim: deps
	@$(MAKE) --no-print-directory $(SIM_BIN) && $(SIM_BIN) $(if $(SEED),--seed $(SEED),--seconds $(SECONDS)) \
	  --first $${FIRST:-$$(date +%s)} deploy/policies/training.cfg
sim-mutants: deps
	@$(MAKE) --no-print-directory $(SIM_BIN) && BUILD=$(BUILD) tests/sim/mutants
cover:
	@$(MAKE) --no-print-directory MODE=cover BUILD=build/cover all tests tools && BUILD=build/cover tests/run unit proto && \
	  gcovr --root . --object-directory build/cover --filter services/ --filter proto/ --csv | \
	  awk -F, 'NR > 1 { sub("/[^/]*$$", "", $$1); all[$$1] += $$2; run[$$1] += $$3 } \
	    END { for (f in all) printf "%-26s %6d of %6d lines, %5.1f %%\n", f, run[f], all[f], 100 * run[f] / all[f] }' | sort

# --- reading it ---------------------------------------------------------------------------------------
tidy: $(GEN) compile_commands.json
	@printf '%s\n' $(filter-out tests/%,$(SOURCES)) | xargs -P2 -n4 $(CLANG_TIDY) --quiet -p . \
	  --extra-arg=-Wno-unknown-warning-option
analyze:
	@$(MAKE) --no-print-directory CC=gcc BUILD=build/analyze CFLAGS='-fanalyzer -Werror' build-objects
# What is not a test: gcc does not know that cmocka's assertions end one.
.PHONY: build-objects
build-objects: $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/%,$(SOURCES)))
format-check:
	@$(CLANG_FORMAT) --dry-run -Werror $(FORMATTED)
docs docs-check: deps
	@$(MAKE) --no-print-directory all tools && BUILD=$(BUILD) tests/check/printed $(if $(filter docs,$@),--write)
comma := ,
in_json = $(subst ",\\\",$(subst ',,$(1)))
compile_commands.json: $(FLAGS) $(SOURCES)
	$(file >$@,[$(foreach c,$(SOURCES),$(if $(filter-out $(firstword $(SOURCES)),$(c)),$(comma)){"directory": \
	  "$(CURDIR)"$(comma) "file": "$(c)"$(comma) "command": "$(call in_json,$(filter-out -ftrivial%,$(COMPILE)) \
	  $(if $(filter services/% proto/%,$(c)),$(BANNED:%=-include %)) -c $(c))"})])

# --- putting it somewhere -------------------------------------------------------------------------------
D = $(DESTDIR)$(PREFIX)
put = $(if $(2),install -d $(3) && install -m $(1) $(2) $(3)/,true)
install: all
	$(call put,755,$(PROGRAMS),$(D)/bin)
	$(call put,644,$(call sources,include/pulih.h),$(D)/include)
	$(call put,644,$(filter %/libpulih.a,$(LIBRARIES)),$(D)/lib)
	$(if $(CLIENT),install -m 755 $(BUILD)/libpulih.so $(D)/lib/libpulih.so.1 && ln -sf libpulih.so.1 $(D)/lib/libpulih.so)
	$(if $(CLIENT),install -d $(D)/lib/pkgconfig && printf '%s\n' 'Name: pulih' 'Description: client of pulih' \
	  'Version: $(VERSION)' 'Cflags: -I$(PREFIX)/include' \
	  'Libs: -L$(PREFIX)/lib -lpulih' 'Libs.private: $(filter-out -lpq -lconfig -lmicrohttpd -lutf8proc -llinear,$(PKG_LIBS))' >$(D)/lib/pkgconfig/pulih.pc)
	$(foreach n,1 3 5 7 8,$(call put,644,$(call sources,services/*/*.$(n) proto/*.$(n)),$(D)/share/man/man$(n)) &&) true
	$(call put,644,$(call sources,deploy/policies/*.*),$(D)/share/pulih/policies)
	$(call put,644,$(call sources,deploy/policies/packs/*),$(D)/share/pulih/policies/packs)
	$(call put,644,$(call sources,deploy/models/*.model),$(D)/share/pulih/models)
	$(call put,644,$(call sources,deploy/conf/*),$(D)/share/pulih/conf)
	install -d $(D)/lib/systemd/system
	for f in $(call sources,deploy/systemd/*); do t=$(D)/lib/systemd/system/$${f##*/}; \
	  sed 's|/usr/bin/|$(PREFIX)/bin/|; s|/etc/pulih/|$(SYSCONFDIR)/pulih/|' $$f >$$t && chmod 644 $$t || exit; done
	install -d $(DESTDIR)$(SYSCONFDIR)/pulih
	for f in $(call sources,deploy/conf/*); do t=$(DESTDIR)$(SYSCONFDIR)/pulih/$${f##*/}; \
	  test -e $$t || install -m 640 $$f $$t || exit; done
deps:
	@deploy/deps
clean:
	rm -rf build compile_commands.json
clean-var:
	@for d in $(wildcard var/*/pulih.cfg); do deploy/instance stop $${d%/pulih.cfg} || exit; done
	@for d in $(patsubst %/data,%,$(wildcard var/*/data var/*/pg/data)); do deploy/private-postgres remove $$d || exit; done
	rm -rf var
help:
	@sed -n 's/^#H //p' Makefile

#H make                   builds the daemons, pulihctl and libpulih into build/release/
#H make demo              installs what is missing, builds, runs the four daemons through real complaints
#H make run               the same, stays until Ctrl-C
#H make check             builds and runs every test; last line `N passed, N failed`
#H make unit proto db flow fault   one group of tests, with MODE=asan under the sanitizers
#H make fuzz SECONDS=60   each fuzzer that long        make model     the model checker
#H make docker-check      the containers: built, scaled, killed, stopped; needs Docker and docker-compose
#H make bench             throughput and latency      make torture SECONDS=60 SEED=1   kills and faults under load
#H make bench-stored STORED=10000000   beside what is stored already   make bench-held HELD_S=600   under an old snapshot
#H make hostile FRAMES=1000000        mutated frames at each door, and a good client beside them
#H make failures STEP=1  has the n-th call of each function fail, n from 1 on in such steps; hours with 1
#H make due DUE=10000 OPEN=1000000    so many deadlines in the same second, among so many open complaints
#H make sim SECONDS=60 SEED=n         simulated worlds; with SEED that one, and all that happens in it
#H make mutants           breaks the hand-over in many ways, each must be noticed; MUTANT=name for one
#H make model DATA=folder the default models, made anew from labelled sets; see deploy/models/README.md
#H make cover tidy analyze format-check               what the tools say
#H make docs              rewrites the printed parts of the documents; docs-check compares them
#H make install DESTDIR= PREFIX=/usr/local            programs, libraries, man pages, policies, units
#H make deps              installs missing packages   make clean clean-var
#H Variables: MODE=release|asan|cover|fuzz CC=clang WERROR=1 V=1 POINTS=1
