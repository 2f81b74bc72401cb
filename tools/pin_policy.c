#include "tools/pin_policy.h"

#include "tools/config.h"

enum { MONTHS = 12, DAYS = 31, YEAR_FIRST = 1900, YEAR_LAST = 2099 };

struct pin_policy
pin_policy_of(const struct config *config)
{
	return (struct pin_policy){
	    .length_min = config->min_pin_length,
	    .digits_only = config->digits_only != 0,
	    .complexity = config->pin_complexity,
	};
}

bool
pin_policy_load(struct pin_policy *policy, struct problem *error)
{
	struct config config;

	if (!config_load(&config, error))
		return false;
	*policy = pin_policy_of(&config);
	config_free(&config);
	return true;
}

static bool
all_digits(struct bytes value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < '0' || value.data[i] > '9')
			return false;
	return true;
}

/* Each character is `step` from the one before. */
static bool
is_run(struct bytes value, int step)
{
	for (size_t i = 1; i < value.len; i++)
		if (value.data[i] != value.data[i - 1] + step)
			return false;
	return value.len > 1;
}

/* A shorter text, twice or more often. */
static bool
is_repeated(struct bytes value)
{
	for (size_t part = 2; part <= value.len / 2; part++) {
		size_t i = part;

		while (value.len % part == 0 && i < value.len &&
		       value.data[i] == value.data[i - part])
			i++;
		if (i == value.len)
			return true;
	}
	return false;
}

static unsigned
number_at(struct bytes value, size_t at, size_t len)
{
	unsigned number = 0;

	for (size_t i = 0; i < len; i++)
		number = number * 10 + (unsigned)(value.data[at + i] - '0');
	return number;
}

static bool
is_day(unsigned day, unsigned month)
{
	return day >= 1 && day <= DAYS && month >= 1 && month <= MONTHS;
}

static bool
is_year(unsigned year)
{
	return year >= YEAR_FIRST && year <= YEAR_LAST;
}

/* Day and month in either order, at `at`. */
static bool
is_day_at(struct bytes value, size_t at)
{
	const unsigned first = number_at(value, at, 2), second = number_at(value, at + 2, 2);

	return is_day(first, second) || is_day(second, first);
}

/* A day, a year, or a day with its year before or after it, of two or four digits. */
static bool
is_date(struct bytes value)
{
	if (!all_digits(value))
		return false;
	switch (value.len) {
	case 4: return is_day_at(value, 0) || is_year(number_at(value, 0, 4));
	case 6: return is_day_at(value, 0) || is_day_at(value, 2);
	case 8:
		return (is_day_at(value, 0) && is_year(number_at(value, 4, 4))) ||
		       (is_year(number_at(value, 0, 4)) && is_day_at(value, 4));
	default: return false;
	}
}

bool
pin_policy_allows(const struct pin_policy *policy, struct bytes value, bool is_puk,
		  struct problem *error)
{
	const unsigned complexity = policy->complexity;

	if (!is_puk && value.len < policy->length_min)
		return problem(error,
			       "the new value is shorter than %zu, which min-pin-length of "
			       "vicar.conf demands; choose another",
			       policy->length_min);
	if (policy->digits_only && !all_digits(value))
		return problem(error, "the new value has not only digits, which digits-only of "
				      "vicar.conf demands; choose another");
	if (((complexity & PIN_NOT_SAME) != 0 && is_run(value, 0)) ||
	    ((complexity & PIN_NOT_RUN) != 0 && (is_run(value, 1) || is_run(value, -1))) ||
	    ((complexity & PIN_NOT_REPEAT) != 0 && is_repeated(value)) ||
	    ((complexity & PIN_NOT_DATE) != 0 && is_date(value)))
		return problem(error, "the new value is too easily guessed, as pin-complexity of "
				      "vicar.conf sees it; choose another");
	return true;
}
