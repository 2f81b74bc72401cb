# A long run with disturbances: tests/soak/soak.py says what. SEED= repeats the order of its events.
SOAK_PROGRAMS = $(BUILD)/tests/soak/soak-apdu $(BUILD)/tests/soak/soak-sign
SEED ?=
$(BUILD)/tests/soak/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS) $(P11_CFLAGS)
$(BUILD)/tests/soak/soak-apdu: $(BUILD)/tests/soak/script.o
$(SOAK_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BUILD)/tests/soak/board.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(PCSC_LIBS) \
		$(call pkg-libs,libcrypto)

.PHONY: soak check-soak soak-run
soak: deps-demo
	@$(MAKE) --no-print-directory soak-run
check-soak: deps-demo
	@$(MAKE) --no-print-directory SOAK=--short soak-run
soak-run: all $(SOAK_PROGRAMS)
	@/usr/bin/python3 tests/soak/soak.py $(BUILD) $(SOAK) $(if $(SEED),--seed $(SEED))
