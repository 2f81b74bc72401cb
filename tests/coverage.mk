# Coverage: which lines and branches of the product the tests run, into tests/coverage.txt.
#
#   make coverage                      everything, some 25 minutes on two cores
#   make coverage PARTS="units replay" a quick look; it stands in $(BUILD)/coverage/coverage.txt only
#
# A build of its own, by gcc without optimisation. Tests that fail in it are said and stop nothing: the
# figures are what was run. It ends badly when a goal of coverage/goals.txt is missed, which a quick look
# hardly avoids. $(BUILD)/coverage/missing.txt then has the lines that were not run.
PARTS ?= units replay driver system
WHOLE_PARTS = units replay driver system
COVERAGE_TEXT = $(if $(filter-out $(PARTS),$(WHOLE_PARTS)),$(BUILD)/coverage/coverage.txt,tests/coverage.txt)

.PHONY: coverage coverage-run
coverage: deps-check
	@mkdir -p $(BUILD)
	@ln -sfn $(CURDIR)/packaging $(BUILD)/packaging # where programs of a build look for their data
	@$(MAKE) --no-print-directory all check-programs # what is measured as it is shipped
	@VICAR_PLAIN_BUILD=$(abspath $(BUILD)) \
		$(MAKE) --no-print-directory CC=gcc CXX=g++ BUILD=$(BUILD)/coverage OPTIMISE='-O0 -g' \
		HARDEN='--coverage -fprofile-update=atomic' \
		HARDEN_LINK='--coverage $(BUILD)/coverage/tests/coverage/exit.o' coverage-run
	@python3 tests/coverage/report.py $(BUILD)/coverage tests/coverage/goals.txt '$(PARTS)' $(COVERAGE_TEXT)

# The counters of programs add up, so what an earlier run has left is removed. Programs of other users
# write into the same files.
coverage-run: $(BUILD)/tests/coverage/exit.o
	@$(MAKE) --no-print-directory all check-programs
	@find $(BUILD) -name '*.gcda' -delete
	@find $(BUILD) -name '*.gcno' | sed 's/gcno$$/gcda/' | xargs touch
	@find $(BUILD) -name '*.gcda' | xargs chmod a+rw
	@VICAR_TEST_TIMEOUT=1200 tests/run $(BUILD) $(PARTS) || \
		echo 'coverage: tests failed in the instrumented build, see above'
	@find $(BUILD) -name '*.gcda' -empty -delete
