# Vicar. `make help` lists the targets.

BUILD ?= build
PREFIX ?= /usr/local
CC ?= cc

# SANITIZE=address,undefined builds everything with these sanitizers; use another BUILD with it.
SANITIZE ?=

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla -Werror
OPTIMISE = -O2 -g
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDEN_LINK = -Wl,-z,relro -Wl,-z,now
ifneq ($(SANITIZE),)
OPTIMISE = -O1 -g -fno-omit-frame-pointer
HARDEN = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
HARDEN_LINK = -fsanitize=$(SANITIZE)
endif

# Libraries of each part, by pkg-config name; with --as-needed a program links only what it uses.
PKGS = libcrypto libcurl libxml-2.0 libassuan inih
pkg-cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg-libs = $(shell pkg-config --libs $(1) 2>/dev/null)
PKGS_CFLAGS := $(call pkg-cflags,$(PKGS))
PKGS_LIBS := $(call pkg-libs,$(PKGS))
PCSC_CFLAGS := $(call pkg-cflags,libpcsclite)
PCSC_LIBS := $(call pkg-libs,libpcsclite)
HTTPD_LIBS := $(call pkg-libs,libmicrohttpd gnutls)
CMOCKA_LIBS := $(call pkg-libs,cmocka)

ALL_CPPFLAGS = -D_GNU_SOURCE -I. $(PKGS_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 -fPIC -fvisibility=hidden $(WARNINGS) $(OPTIMISE) $(HARDEN) $(CFLAGS)
ALL_LDFLAGS = $(HARDEN_LINK) -Wl,--as-needed $(LDFLAGS)
LIBS = $(PKGS_LIBS) -lgpg-error

# Programs are tools/NAME.c; their parts stand in tools/NAME/, what they share in tools/*.c.
PROGRAMS = vicar vicard vicar-bridge cmd-simulator apdu-replay
MAINS = $(wildcard $(PROGRAMS:%=tools/%.c))
ARCHIVES = tools applets emulator cmdbridge iso7816
sources = $(filter-out $(MAINS),$(wildcard $(1)/*.c $(1)/*/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1)))
ARCHIVE_FILES = $(ARCHIVES:%=$(BUILD)/lib%.a)

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

.PHONY: all
all: $(patsubst tools/%.c,$(BUILD)/%,$(MAINS)) $(if $(wildcard ifdhandler/*.c),$(BUILD)/libifdvicar.so)

define archive-rule
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	$$(AR) crs $$@ $$^
endef
$(foreach room,$(ARCHIVES),$(eval $(call archive-rule,$(room))))

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(EXTRA_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The programs' own libraries.
$(BUILD)/cmd-simulator: LIBS += $(HTTPD_LIBS)
$(BUILD)/apdu-replay: LIBS += $(PCSC_LIBS)
$(BUILD)/tools/apdu-replay.o $(BUILD)/tools/apdu-replay/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(BUILD)/ifdhandler/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)

$(patsubst tools/%.c,$(BUILD)/%,$(MAINS)): $(BUILD)/%: $(BUILD)/tools/%.o $(ARCHIVE_FILES)
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(LIBS)

$(BUILD)/libifdvicar.so: $(call objects,ifdhandler) ifdhandler/libifdvicar.map
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,--version-script=ifdhandler/libifdvicar.map \
		-Wl,-z,defs -o $@ $(filter %.o,$^) -pthread

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVE_FILES)
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(TEST_OBJECTS) \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(LIBS) \
		$(CMOCKA_LIBS) $(HTTPD_LIBS)

.PHONY: units
units: $(UNIT_TESTS)
	@set -e; for t in $^; do $$t; done

.PHONY: clean
clean:
	rm -rf $(BUILD)

.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
