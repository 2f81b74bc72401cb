# Fuzzers (tests/fuzz/README.md): SECONDS for each, FUZZ="card tlv" for some.
#   fuzz        libFuzzer, which comes with clang
#   fuzz-afl    the same harnesses, seeds and words under AFL++
#   check-fuzz  all of them for a few seconds each, two at a time

SECONDS ?= 60
FUZZ ?=
FUZZ_JOBS ?= 1
FUZZ_SHORT = 4
FUZZ_SANITIZE = address,undefined

# What they link: all that reads what strangers say, and not the tools around it, which would take most of
# the time that building takes.
FUZZ_PARTS = iso7816 emulator applets cmdbridge pkcs11
FUZZ_TOOLS = $(wildcard tools/*.c tools/apdu-replay/*.c tools/ccid-simulator/*.c tools/vicard/*.c)
FUZZ_ARCHIVE = $(BUILD)/tests/fuzz/libfuzzed.a
$(FUZZ_ARCHIVE): $(foreach part,$(FUZZ_PARTS),$(call objects,$(part))) \
		$(patsubst %.c,$(BUILD)/%.o,$(filter-out $(MAINS),$(FUZZ_TOOLS))) \
		$(patsubst %,$(BUILD)/ifdhandler/%.o,message vpcd) tests/fuzz/fuzz.mk
	@mkdir -p $(@D)
	@rm -f $@
	$(Q)$(AR) crs $@ $(filter %.o,$^)

# One more has a fault on purpose, for the test that faults are found.
FUZZERS = $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/fuzz-*.c))
FUZZ_PLANTED = $(BUILD)/tests/fuzz/planted
$(BUILD)/tests/fuzz/fuzz-pkcs11.o: EXTRA_CPPFLAGS = $(P11_CFLAGS) $(PCSC_CFLAGS)
# Functions in whose place a harness has its own, fuzz_NAME.
fuzz-wraps = $(foreach name,$(1),-Wl,--wrap=$(name),--defsym=__wrap_$(name)=fuzz_$(name))
FUZZ_WORLD = http_send prompt_confirm prompt_message prompt_secret peer_state peer_start peer_progress \
	poll time service_credentials_load service_account_load
$(BUILD)/tests/fuzz/fuzz-csc: FUZZ_WRAPS = $(FUZZ_WORLD) csc_token_load csc_token_save \
	csc_token_forget csc_browser_wait loopback_open loopback_close loopback_redirect_uri \
	loopback_lead_to
$(BUILD)/tests/fuzz/fuzz-cmd: FUZZ_WRAPS = $(FUZZ_WORLD)
$(BUILD)/tests/fuzz/fuzz-csc $(BUILD)/tests/fuzz/fuzz-cmd: $(BUILD)/tests/fuzz/lying.o
$(foreach name,card link pkcs11,$(BUILD)/tests/fuzz/fuzz-$(name)): $(BUILD)/tests/fuzz/cards.o
$(BUILD)/tests/fuzz/fuzz-pinentry: FUZZ_WRAPS = asker_start asker_wait asker_end poll
$(BUILD)/tests/fuzz/fuzz-verdict: $(patsubst %,$(BUILD)/tools/vicar/%.o,verdict verdict_cms timestamp chain)
# The simulated CCID reader has a slot too.
$(BUILD)/tests/fuzz/fuzz-slot: $(BUILD)/ifdhandler/slot.o
$(BUILD)/tests/fuzz/fuzz-slot: FUZZ_WRAPS = poll
$(FUZZERS) $(FUZZ_PLANTED): $(BUILD)/%: $(BUILD)/%.o $(FUZZ_ARCHIVE)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -fsanitize=fuzzer -pie $(ALL_LDFLAGS) $(call fuzz-wraps,$(FUZZ_WRAPS)) -o $@ \
		$(filter %.o,$^) $(FUZZ_ARCHIVE) \
		$(LIBS) $(HTTPD_LIBS)

.PHONY: fuzz fuzz-run deps-fuzz
fuzz: deps-fuzz
	@$(MAKE) --no-print-directory CC=clang CXX=clang++ WERROR= BUILD=$(BUILD)/fuzz \
		SANITIZE=fuzzer-no-link,$(FUZZ_SANITIZE) fuzz-run
fuzz-run: $(if $(FUZZ),$(FUZZ:%=$(BUILD)/tests/fuzz/fuzz-%),$(FUZZERS))
	@tests/fuzz/run --jobs $(FUZZ_JOBS) $(BUILD) $(SECONDS) $(FUZZ)

.PHONY: fuzz-afl fuzz-afl-run deps-fuzz-afl
fuzz-afl: deps-fuzz-afl
	@$(MAKE) --no-print-directory CC=afl-clang-fast CXX=afl-clang-fast++ WERROR= \
		BUILD=$(BUILD)/fuzz-afl SANITIZE=$(FUZZ_SANITIZE) fuzz-afl-run
fuzz-afl-run: $(if $(FUZZ),$(FUZZ:%=$(BUILD)/tests/fuzz/fuzz-%),$(FUZZERS))
	@tests/fuzz/run --afl --jobs $(FUZZ_JOBS) $(BUILD) $(SECONDS) $(FUZZ)

.PHONY: check-fuzz check-fuzz-run
check-fuzz: deps-fuzz
	@$(MAKE) --no-print-directory -j2 CC=clang CXX=clang++ WERROR= BUILD=$(BUILD)/fuzz \
		SANITIZE=fuzzer-no-link,$(FUZZ_SANITIZE) check-fuzz-run
check-fuzz-run: $(FUZZERS) $(FUZZ_PLANTED)
	@tests/fuzz/run --check --jobs 2 $(BUILD) $(FUZZ_SHORT)

deps-fuzz:
	@packaging/install-dependencies build fuzz
deps-fuzz-afl:
	@packaging/install-dependencies build fuzz fuzz-afl
