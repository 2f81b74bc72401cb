#include "pattern.h"

#include <stdlib.h>
#include <string.h>

enum { SW_LEN = 2, ATR_LEN_MIN = 2 };

/* One element at `text`; returns how many characters it took, 0 when it is none. */
static size_t
take_element(const char *text, struct pattern *pattern)
{
	char digits[3] = {text[0], '\0', '\0'};
	size_t len = 0;

	if (text[0] == '*' && !pattern->star) {
		pattern->star = true;
		pattern->star_at = pattern->len;
		return 1;
	}
	digits[1] = text[1];
	pattern->any[pattern->len] = strcmp(digits, "..") == 0;
	if (!pattern->any[pattern->len] &&
	    (!bytes_from_hex(digits, &pattern->bytes[pattern->len], 1, &len) || len != 1))
		return 0;
	pattern->len++;
	return 2;
}

static bool
check_form(const struct pattern *pattern, enum pattern_form form, struct problem *error)
{
	if (form == PATTERN_ATR && pattern->star)
		return problem(error, "`*` cannot stand in an ATR; write `..` for each byte that "
				      "may be any");
	if (form == PATTERN_ATR && pattern->len < ATR_LEN_MIN)
		return problem(error, "an ATR has at least two bytes; write it in hex");
	if (form == PATTERN_RESPONSE && pattern->len < SW_LEN)
		return problem(error,
			       "an answer has at least a status word; end it with two bytes, "
			       "as 9000");
	if (pattern->star && pattern->len - pattern->star_at != SW_LEN)
		return problem(error, "behind `*` stands the status word alone; write it as two "
				      "bytes, as `* 9000`");
	return true;
}

bool
pattern_parse(const char *text, enum pattern_form form, struct pattern *pattern,
	      struct problem *error)
{
	const size_t room = strlen(text) + 1;
	size_t taken;

	*pattern = (struct pattern){
	    .text = strdup(text), .bytes = malloc(room), .any = malloc(room * sizeof(bool))};
	if (pattern->text == NULL || pattern->bytes == NULL || pattern->any == NULL) {
		(void)problem(error, "no memory for this line; end other programs and try again");
		goto fail;
	}
	while (*(text += strspn(text, " ")) != '\0') {
		taken = take_element(text, pattern);
		if (taken == 0) {
			(void)problem(error,
				      "`%.2s` is no byte; write two hex digits, `..` for any byte "
				      "or once `*` for any bytes",
				      text);
			goto fail;
		}
		text += taken;
	}
	if (check_form(pattern, form, error))
		return true;
fail:
	pattern_free(pattern);
	return false;
}

static bool
matches_at(const struct pattern *pattern, size_t from, size_t to, const uint8_t *bytes)
{
	for (size_t i = from; i < to; i++)
		if (!pattern->any[i] && pattern->bytes[i] != bytes[i - from])
			return false;
	return true;
}

bool
pattern_matches(const struct pattern *pattern, struct bytes bytes)
{
	const size_t head = pattern->star ? pattern->star_at : pattern->len;
	const size_t tail = pattern->len - head;

	if (bytes.len < pattern->len || (!pattern->star && bytes.len != pattern->len))
		return false;
	return matches_at(pattern, 0, head, bytes.data) &&
	       matches_at(pattern, head, pattern->len, bytes.data + bytes.len - tail);
}

void
pattern_free(struct pattern *pattern)
{
	free(pattern->text);
	free(pattern->bytes);
	free(pattern->any);
	*pattern = (struct pattern){0};
}
