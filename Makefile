# Vicar. `make help` lists the targets.

# The one place where it stands is the first line of the changelog.
VERSION := $(shell sed -n '1s/^vicar (\(.*\)).*/\1/p' packaging/debian/changelog)
BUILD ?= build
CC ?= cc
CXX ?= c++

# SANITIZE=address,undefined builds everything with these sanitizers; use another BUILD with it.
SANITIZE ?=

# V=1 shows the commands.
ifneq ($(V),1)
Q = @
say = @echo '  $(1)  $(@:$(BUILD)/%=%)';
endif

WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wwrite-strings -Wvla $(WERROR)
WERROR ?= -Werror
OPTIMISE = -O2 -g
HARDEN = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
HARDEN_LINK = -Wl,-z,relro -Wl,-z,now
ifneq ($(SANITIZE),)
OPTIMISE = -O1 -g -fno-omit-frame-pointer
HARDEN = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all
HARDEN_LINK = -fsanitize=$(SANITIZE)
endif

# Libraries of each part, by pkg-config name; with --as-needed a program links only what it uses.
PKGS = libcrypto libcurl libxml-2.0 libassuan inih jansson libmicrohttpd p11-kit-1 libsystemd
pkg-cflags = $(shell pkg-config --cflags $(1) 2>/dev/null)
pkg-libs = $(shell pkg-config --libs $(1) 2>/dev/null)
PKGS_CFLAGS := $(call pkg-cflags,$(PKGS))
PKGS_LIBS := $(call pkg-libs,$(PKGS))
PCSC_CFLAGS := $(call pkg-cflags,libpcsclite)
PCSC_LIBS := $(call pkg-libs,libpcsclite)
P11_CFLAGS := $(call pkg-cflags,p11-kit-1)
HTTPD_LIBS := $(call pkg-libs,libmicrohttpd gnutls)
CMOCKA_LIBS := $(call pkg-libs,cmocka)
PODOFO_CFLAGS := $(patsubst -I%,-isystem %,$(call pkg-cflags,libpodofo))
PODOFO_LIBS := $(call pkg-libs,libpodofo) -lstdc++

MISSING := $(foreach pkg,$(PKGS) libpcsclite gnutls libpodofo,$\
	$(shell pkg-config --exists $(pkg) 2>/dev/null || echo $(pkg)))

ALL_CPPFLAGS = -D_GNU_SOURCE -I. -DVICAR_VERSION='"$(VERSION)"' $(PKGS_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 -fPIC -fvisibility=hidden $(WARNINGS) $(OPTIMISE) $(HARDEN) $(CFLAGS)
ALL_CXXFLAGS = -std=c++17 -fPIC -fvisibility=hidden -Wall -Wextra -Wshadow $(WERROR) $(OPTIMISE) \
	$(HARDEN) $(CXXFLAGS)
ALL_LDFLAGS = $(HARDEN_LINK) -Wl,--as-needed $(LDFLAGS)
LIBS = $(PKGS_LIBS) -lgpg-error

# Programs are tools/NAME.c; their parts stand in tools/NAME/, what they share in tools/*.c.
PROGRAMS = vicar vicard vicar-bridge cmd-simulator csc-simulator ccid-simulator apdu-replay
USER_PROGRAMS = vicar vicard cmd-simulator csc-simulator ccid-simulator apdu-replay
MAN_PAGES = $(wildcard docs/*.[1578])
MAINS = $(wildcard $(PROGRAMS:%=tools/%.c))
ARCHIVES = tools applets emulator cmdbridge pkcs11 iso7816
sources = $(filter-out $(MAINS),$(wildcard $(1)/*.c $(1)/*/*.c))
objects = $(patsubst %.c,$(BUILD)/%.o,$(call sources,$(1))) \
	$(patsubst %.cc,$(BUILD)/%.o,$(wildcard $(1)/*.cc $(1)/*/*.cc))
ARCHIVE_FILES = $(ARCHIVES:%=$(BUILD)/lib%.a)

UNIT_TESTS = $(patsubst tests/unit/%.c,$(BUILD)/tests/unit/%,$(wildcard tests/unit/*.c))

# Translations; without gettext everything is English.
LANGUAGES = $(patsubst po/%.po,%,$(wildcard po/*.po))
CATALOGUES := $(if $(shell command -v msgfmt),$(LANGUAGES:%=$(BUILD)/locale/%/LC_MESSAGES/vicar.mo))

.PHONY: all
all: $(patsubst tools/%.c,$(BUILD)/%,$(MAINS)) $(if $(wildcard ifdhandler/*.c),$(BUILD)/libifdvicar.so) \
	$(BUILD)/vicar-pkcs11.so $(CATALOGUES)

define archive-rule
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@rm -f $$@
	$(Q)$$(AR) crs $$@ $$^
endef
$(foreach room,$(ARCHIVES),$(eval $(call archive-rule,$(room))))

.PHONY: packages
packages:
	@[ -z "$(strip $(MISSING))" ] || { echo "not installed, or not known to pkg-config:" \
		"$(strip $(MISSING)); type: make deps-build" >&2; exit 1; }

$(BUILD)/%.o: %.c | packages
	@mkdir -p $(@D)
	$(call say,CC)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(EXTRA_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
	$(rename-calls)

# PoDoFo is C++.
$(BUILD)/%.o: %.cc | packages
	@mkdir -p $(@D)
	$(call say,CXX)
	$(Q)$(CXX) $(ALL_CPPFLAGS) $(PODOFO_CFLAGS) $(ALL_CXXFLAGS) -MMD -MP -c -o $@ $<
	$(rename-calls)

# The programs' own libraries.
$(BUILD)/cmd-simulator $(BUILD)/csc-simulator: LIBS += $(HTTPD_LIBS)
$(BUILD)/apdu-replay $(BUILD)/vicar: LIBS += $(PCSC_LIBS)
$(BUILD)/vicar: LIBS += $(PODOFO_LIBS)
$(BUILD)/tools/apdu-replay.o $(BUILD)/tools/apdu-replay/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(BUILD)/tools/vicar/pcsc.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(BUILD)/pkcs11/%.o: EXTRA_CPPFLAGS = $(P11_CFLAGS)
$(BUILD)/pkcs11/pcsc.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(BUILD)/ifdhandler/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
# Holds the file itself (.incbin), which the compiler's dependencies do not tell.
$(BUILD)/tools/cmd-simulator/wsdl.o: tools/cmd-simulator/SCMDService.wsdl

$(patsubst tools/%.c,$(BUILD)/%,$(MAINS)): $(BUILD)/%: $(BUILD)/tools/%.o $(ARCHIVE_FILES)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(FAULT_LIB) $(LIBS)

$(BUILD)/libifdvicar.so: $(call objects,ifdhandler) ifdhandler/libifdvicar.map
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,--version-script=ifdhandler/libifdvicar.map \
		-Wl,-z,defs -o $@ $(filter %.o,$^) $(FAULT_LIB) -pthread

$(BUILD)/vicar-pkcs11.so: $(call objects,pkcs11) $(BUILD)/libiso7816.a pkcs11/vicar-pkcs11.map
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -Wl,--version-script=pkcs11/vicar-pkcs11.map \
		-Wl,-z,defs -o $@ $(filter %.o,$^) $(BUILD)/libiso7816.a $(FAULT_LIB) \
		$(call pkg-libs,libcrypto inih) $(PCSC_LIBS) -pthread

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(ARCHIVE_FILES)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(TEST_OBJECTS) \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(FAULT_LIB) $(LIBS) \
		$(CMOCKA_LIBS) $(HTTPD_LIBS) $(PCSC_LIBS) $(PODOFO_LIBS)

# Those of the module call Cryptoki, with a PC/SC of their own (fake-pcsc.h).
$(BUILD)/tests/unit/test-p11-%.o: EXTRA_CPPFLAGS = $(P11_CFLAGS) $(PCSC_CFLAGS)

# The reader's tests link its objects, which are in no archive, and what tests/ifd/ shares.
IFD_TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/ifd/test-*.c))
IFD_UNIT_TESTS = $(filter $(BUILD)/tests/unit/test-ifdhandler%,$(UNIT_TESTS))
IFD_SHARED = $(patsubst %.c,$(BUILD)/%.o,$(filter-out tests/ifd/test-%,$(wildcard tests/ifd/*.c)))
$(BUILD)/tests/ifd/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(IFD_TESTS): $(IFD_SHARED)
$(IFD_TESTS) $(IFD_UNIT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(call objects,ifdhandler)
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(FAULT_LIB) $(CMOCKA_LIBS) -pthread
IFD_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/system/ifd-*.c))
$(BUILD)/tests/system/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)
$(IFD_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/ifd/fake-card.o
	@mkdir -p $(@D)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(PCSC_LIBS) -pthread

# Modules of PKCS#11 that are odd on purpose.
P11_MODULES = $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/modules/*.c))
$(P11_MODULES): $(BUILD)/%.so: $(BUILD)/%.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -o $@ $^
$(BUILD)/tests/unit/test-p11maker: | $(P11_MODULES)

P11_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/system/p11-*.c))
$(BUILD)/tests/system/p11-%.o: EXTRA_CPPFLAGS = $(P11_CFLAGS)
$(P11_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^

$(BUILD)/locale/%/LC_MESSAGES/vicar.mo: po/%.po
	@mkdir -p $(@D)
	$(call say,MSGFMT)
	$(Q)msgfmt --check -o $@ $<

# After a text that people see was changed; then translate what is empty or fuzzy in po/*.po.
.PHONY: po pot
pot:
	@po/extract > po/vicar.pot
po: pot
	@for language in $(LANGUAGES); do \
		msgmerge --quiet --update --backup=none --no-wrap po/$$language.po po/vicar.pot || exit 1; done

# Packages. `demo` and `check` install what they need; `all` says what is missing.
.PHONY: deps-build deps-demo deps-check deps-consumers deps-deb deps-system
deps-build:
	@packaging/install-dependencies build
deps-demo:
	@packaging/install-dependencies build demo
deps-check:
	@packaging/install-dependencies build demo check
deps-consumers:
	@packaging/install-dependencies build demo consumers
deps-deb:
	@packaging/install-dependencies build deb
deps-system:
	@packaging/install-dependencies build demo check deb system

# A second make, so that pkg-config is asked after the packages are there.
.PHONY: demo
demo: deps-demo
	@$(MAKE) --no-print-directory all
	@tests/system/demo $(BUILD)

.PHONY: check check-run
check: deps-check
	@$(MAKE) --no-print-directory check-run
check-run: all check-programs
	@tests/run $(BUILD) units replay driver system

# The Debian packages, on a machine of their own: root makes it, nobody else can.
.PHONY: check-system check-system-run
check-system: deps-system
	@$(MAKE) --no-print-directory check-system-run
check-system-run: all deb-run
	@tests/run $(BUILD) packages

# Programs that use the PKCS#11 module, browsers and an office suite among them: some 300 MB of packages.
.PHONY: check-consumers check-consumers-run
check-consumers: deps-consumers
	@$(MAKE) --no-print-directory check-consumers-run
check-consumers-run: all
	@tests/run $(BUILD) consumers

# pcscd cannot host a sanitized reader, nor other programs a sanitized module: there it is the plain
# one, with everything else sanitized, and the reader again under valgrind.
.PHONY: check-sanitize check-sanitize-run
check-sanitize: deps-check
	@$(MAKE) --no-print-directory all check-programs
	@ln -sfn $(CURDIR)/packaging $(BUILD)/packaging # where programs of a build look for their data
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/sanitize SANITIZE=address,undefined \
		VICAR_DRIVER=$(abspath $(BUILD))/libifdvicar.so \
		VICAR_TEST_MODULE=$(abspath $(BUILD))/vicar-pkcs11.so \
		VICAR_PLAIN_BUILD=$(abspath $(BUILD)) check-sanitize-run
	@tests/run $(BUILD) valgrind
check-sanitize-run: all check-programs
	@VICAR_DRIVER=$(VICAR_DRIVER) VICAR_TEST_MODULE=$(VICAR_TEST_MODULE) \
		VICAR_PLAIN_BUILD=$(VICAR_PLAIN_BUILD) tests/run $(BUILD) units replay driver system

# The threads of the module and of the reader under ThreadSanitizer, which goes with no other sanitizer.
.PHONY: check-threads check-threads-run
check-threads: deps-check
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/threads SANITIZE=thread check-threads-run
check-threads-run: $(BUILD)/tests/unit/test-p11-slots $(BUILD)/tests/unit/test-p11-storm $(IFD_TESTS)
	@tests/run $(BUILD) threads

# Everything that the tests run and users do not.
.PHONY: check-programs
check-programs: $(UNIT_TESTS) $(IFD_TESTS) $(IFD_PROGRAMS) $(P11_PROGRAMS) $(P11_MODULES)

.PHONY: units
units: $(UNIT_TESTS)
	@tests/run $(BUILD) units

SOURCES = $(shell git ls-files '*.c' '*.h' 2>/dev/null)
# Left out: checks that object to every memcpy and snprintf, to two parameters of one type side by
# side, and to results that nothing can be done about; of cppcheck the one that takes an error text
# to be filled in for one that is read.
TIDY = -*,bugprone-*,cert-*,clang-analyzer-*,-bugprone-easily-swappable-parameters,-cert-err33-c,$\
-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling
.PHONY: lint lint-run
lint: deps-check
	@$(MAKE) --no-print-directory lint-run
lint-run:
	clang-format --dry-run --Werror $(SOURCES)
	cppcheck --quiet --std=c11 --enable=warning,portability,performance --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem --suppress=ctuuninitvar -I. $(filter %.c,$(SOURCES))
	@printf '%s\n' $(filter %.c,$(SOURCES)) | xargs -P 2 -I FILE clang-tidy --quiet \
		--warnings-as-errors='*' --checks='$(TIDY)' \
		FILE -- -std=c17 $(ALL_CPPFLAGS) $(PCSC_CFLAGS) $(P11_CFLAGS)

include packaging/install.mk
include tests/bench/bench.mk
include tests/coverage.mk
include tests/fuzz/fuzz.mk
include tests/soak/soak.mk
include tests/faults/faults.mk

.PHONY: clean
clean:
	rm -rf $(BUILD)

.PHONY: help
help:
	@echo 'all             everything, into $(BUILD)/'
	@echo 'demo            one signature, end to end, with everything on this machine'
	@echo 'check           all tests; check-sanitize: again with sanitizers and valgrind'
	@echo 'check-system    the Debian packages and second users; wants root'
	@echo 'check-threads   the PKCS#11 module and the reader under ThreadSanitizer'
	@echo 'check-faults    tests with calls that fail, a few minutes; faults: with SEEDS= many more'
	@echo 'check-consumers the PKCS#11 module in browsers, Java, OpenSSH and other programs'
	@echo 'bench           speed and size against peers, into docs/benchmarks/; FIGURES=; check-bench: short'
	@echo 'coverage        lines and branches that the tests run, into tests/coverage.txt; PARTS= for some'
	@echo 'fuzz            each fuzzer for SECONDS=60, FUZZ="card tlv" for some; fuzz-afl: under AFL++'
	@echo 'check-fuzz      all fuzzers, a few seconds each'
	@echo 'soak            a long run with disturbances; check-soak: in two minutes; both want root'
	@echo 'lint            clang-format, clang-tidy, cppcheck'
	@echo 'install         under prefix, default /usr/local; uninstall. packaging/install.mk has the rest'
	@echo 'deb             the Debian packages, into $(BUILD)/deb/'
	@echo 'deps-build      the Debian packages to build; deps-demo, -check, -bench, -fuzz,'
	@echo '                -fuzz-afl, -consumers, -deb, -system'
	@echo 'po              the texts of po/, after one in the sources was changed'
	@echo 'clean           removes $(BUILD)/'

.SECONDARY:
-include $(shell find $(BUILD) -path $(BUILD)/deb -prune -o -name '*.d' -type f -print 2>/dev/null)
