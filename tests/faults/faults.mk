# Calls that fail now and then: tests/faults/README.md. FAULTS=1 is a build in which every object of the
# product, not those of the tests, has the calls of tests/faults/calls renamed; `faults` and `check-faults`
# make one in $(BUILD)/faults.

FAULTS ?=
comma = ,
space = $(subst ,, )
ifneq ($(FAULTS),)
FAULT_CALLS := $(shell awk '!/^\#/ && NF { print $$1 }' tests/faults/calls)
FAULT_OWN := $(shell awk '!/^\#/ && $$2 == "own" { print $$1 }' tests/faults/calls)
FAULT_LIB = $(BUILD)/libfaults.a
FAULT_PLANTED = tests/faults/planted.c

# The Makefile calls it after each compilation. What memory.c allocates is mostly the libraries' own.
rename-calls = $(if $(filter tests/%,$(filter-out $(FAULT_PLANTED),$<)),,$(Q)objcopy \
	$(if $(filter %/memory.c,$<),--redefine-sym malloc=fault_inner_malloc,$\
	--redefine-syms=$(BUILD)/tests/faults/renamed) $@)

$(BUILD)/tests/faults/renamed: tests/faults/calls
	@mkdir -p $(@D)
	@awk '!/^#/ && NF { print $$1, "fault_" $$1 }' $< > $@

$(BUILD)/tests/faults/call/%.o: tests/faults/call.S tests/faults/calls tests/faults/faults.h
	@mkdir -p $(@D)
	@awk -v symbol=$* '$$1 == symbol { split($$3, result, ","); print "-DSYMBOL=" symbol, \
		"-DKIND=FAULT_" toupper($$2), "-DRESULT_1=" result[1], \
		"-DRESULT_2=" (2 in result ? result[2] : result[1]), "-DERROR=" ($$4 == "-" ? 0 : $$4) }' \
		tests/faults/calls | xargs $(CC) -I. -c -o $@ $<

$(BUILD)/tests/faults/own/pcsc.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS)

$(FAULT_LIB): $(patsubst %,$(BUILD)/tests/faults/call/%.o,$(filter-out $(FAULT_OWN),$(FAULT_CALLS))) \
	$(patsubst %.c,$(BUILD)/%.o,tests/faults/faults.c $(wildcard tests/faults/own/*.c))
	@rm -f $@
	$(Q)$(AR) crs $@ $^

$(patsubst tools/%.c,$(BUILD)/%,$(MAINS)) $(UNIT_TESTS) $(IFD_TESTS) $(BUILD)/libifdvicar.so \
	$(BUILD)/vicar-pkcs11.so: $(FAULT_LIB)

FAULT_TESTS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/faults/test-*.c) $(FAULT_PLANTED))
$(BUILD)/tests/faults/test-%.o: EXTRA_CPPFLAGS = $(P11_CFLAGS) $(PCSC_CFLAGS)
$(FAULT_TESTS): $(BUILD)/%: $(BUILD)/%.o $(ARCHIVE_FILES) $(FAULT_LIB)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(FAULT_LIB) $(LIBS) $(CMOCKA_LIBS)

$(foreach room,$(ARCHIVES) ifdhandler,$(call objects,$(room))) $(MAINS:%.c=$(BUILD)/%.o) \
	$(FAULT_PLANTED:%.c=$(BUILD)/%.o): | $(BUILD)/tests/faults/renamed
endif

# SEEDS are the rounds, FAULTS_OF="own harmless test-csc" some parts or programs; see tests/faults/run.
SEEDS ?= 1-30
FAULTS_OF ?=
make-faults = @$(MAKE) --no-print-directory BUILD=$(BUILD)/faults SANITIZE=address,undefined FAULTS=1
.PHONY: faults faults-run check-faults check-faults-run
faults: deps-check
	$(make-faults) SEEDS=$(SEEDS) FAULTS_OF='$(FAULTS_OF)' faults-run
faults-run: all check-programs $(FAULT_TESTS)
	@tests/faults/run $(BUILD) $(SEEDS) $(FAULTS_OF)

# What a machine does in a few minutes. Found in these rounds and mended: a PIN taken for right (test-module,
# EC 13 and RSA 29), a file emptied (cert-export 9), interrupted calls in each of FAULT_HARMLESS.
FAULT_UNITS = test-card-file test-card-pin test-config test-image test-image-conf test-journal \
	test-keyfile test-p11-objects test-p11-sign test-soap
FAULT_HARMLESS = test-ask test-control test-csc-parts test-enrol test-journal test-loopback \
	test-p11-log test-prompt-command
FAULT_REPLAY = cc-v1-keys.apdu fineid-v4-keys.apdu
FAULT_SHORT = $(patsubst %,$(BUILD)/tests/unit/%,$(FAULT_UNITS) $(FAULT_HARMLESS)) \
	$(patsubst %,$(BUILD)/%,vicar vicard vicar-bridge cmd-simulator apdu-replay)
check-faults: deps-check
	$(make-faults) check-faults-run
check-faults-run: $(FAULT_SHORT) $(FAULT_TESTS)
	@tests/faults/test_cards.py $(BUILD) 9-9 cert-export
	@tests/faults/run $(BUILD) 1-4 planted own units=$(subst $(space),$(comma),$(FAULT_UNITS)) \
		replay=$(subst $(space),$(comma),$(FAULT_REPLAY)) \
		harmless=$(subst $(space),$(comma),$(FAULT_HARMLESS))
