# Benchmarks, read by the Makefile: tests/bench/bench, see docs/benchmarks/README.md.
#
# FIGURES="round-trip presence" measures these alone, and leaves docs/benchmarks/ as it is.
FIGURES ?=

# tests/bench/NAME.c is a program, tests/bench/NAME-handler.c a reader that pcscd can load; what programs
# share is in tests/bench/shared/.
BENCH_HANDLERS = $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/bench/*-handler.c))
BENCH_PROGRAMS = $(patsubst %.c,$(BUILD)/%,$(filter-out %-handler.c,$(wildcard tests/bench/*.c)))
BENCH_SHARED = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/bench/shared/*.c))

$(BUILD)/tests/bench/%.o: EXTRA_CPPFLAGS = $(PCSC_CFLAGS) $(P11_CFLAGS)
$(BENCH_HANDLERS): $(BUILD)/%.so: $(BUILD)/%.o
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -shared -o $@ $^
$(BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/%.o $(BENCH_SHARED) $(ARCHIVE_FILES)
	$(call say,LD)
	$(Q)$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $< $(BENCH_SHARED) \
		-Wl,--start-group $(ARCHIVE_FILES) -Wl,--end-group $(LIBS) $(PCSC_LIBS) -pthread

.PHONY: bench bench-run check-bench check-bench-run bench-programs deps-bench
bench-programs: all $(BENCH_HANDLERS) $(BENCH_PROGRAMS)
bench: deps-bench
	@$(MAKE) --no-print-directory bench-run
bench-run: bench-programs
	@/usr/bin/python3 tests/bench/bench $(BUILD) \
		$(if $(FIGURES),$(BUILD)/benchmarks,docs/benchmarks) $(FIGURES)
check-bench: deps-bench
	@$(MAKE) --no-print-directory check-bench-run
check-bench-run: bench-programs
	@/usr/bin/python3 tests/bench/bench --short $(BUILD) $(BUILD)/benchmarks $(FIGURES)
deps-bench:
	@packaging/install-dependencies build demo bench
