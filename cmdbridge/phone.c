#include "phone.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

enum {
	DIGITS_MIN = 7,
	DIGITS_MAX = 15, /* ITU-T E.164 6.1 */
	NATIONAL_DIGITS = 9,
	MASK_LAST = 3,
};

#define PORTUGAL "351"

/* Country codes of one and two digits, ITU-T E.164 annex (list of 2016); all others have three. */
static const char one_digit[] = "17";
static const char *const two_digits[] = {
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46",
    "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63",
    "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
};

static int
country_len(const char *digits)
{
	if (strchr(one_digit, digits[0]))
		return 1;
	for (size_t i = 0; i < sizeof(two_digits) / sizeof(two_digits[0]); i++)
		if (strncmp(digits, two_digits[i], 2) == 0)
			return 2;
	return 3;
}

bool
phone_normalise(const char *typed, char phone[PHONE_SIZE])
{
	char digits[DIGITS_MAX + 3];
	const char *at, *number = digits;
	bool international = false, ok = false;
	size_t count = 0;
	int country;

	for (at = typed; *at; at++) {
		if (*at == '+' && count == 0 && !international) {
			international = true;
		} else if (isdigit((unsigned char)*at)) {
			if (count >= DIGITS_MAX + 2)
				goto out;
			digits[count++] = *at;
		} else if (!strchr(" .-()", *at)) {
			goto out;
		}
	}
	digits[count] = '\0';
	if (!international && count > 2 && digits[0] == '0' && digits[1] == '0') {
		international = true;
		number += 2;
		count -= 2;
	}
	if (!international) {
		if (count != NATIONAL_DIGITS)
			goto out;
		snprintf(phone, PHONE_SIZE, "+" PORTUGAL " %s", number);
		ok = true;
		goto out;
	}
	if (count < DIGITS_MIN || count > DIGITS_MAX || number[0] == '0')
		goto out;
	country = country_len(number);
	snprintf(phone, PHONE_SIZE, "+%.*s %s", country, number, number + country);
	ok = true;
out:
	OPENSSL_cleanse(digits, sizeof(digits));
	return ok;
}

void
phone_mask(const char *phone, char masked[PHONE_SIZE])
{
	size_t len = strnlen(phone, PHONE_SIZE - 1);
	const char *blank = memchr(phone, ' ', len);
	size_t keep = blank ? (size_t)(blank - phone) + 1 : 0;

	for (size_t i = 0; i < len; i++) {
		masked[i] = '*';
		if (i <= keep || i + MASK_LAST >= len)
			masked[i] = phone[i];
	}
	masked[len] = '\0';
}
