#include "cscfactor.h"
#include "member.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DEPTH_MAX = 16 };

/* Reading of auth.expression: names with AND, OR, XOR and parentheses; `wanted` are those of the first
 * alternative everywhere. */
struct expression {
	const char *at;
	const struct csc_factors *named;
	bool wanted[CSC_FACTORS_MAX];
	unsigned depth;
	bool ok;
};

static bool
is_name(char c)
{
	return c != '\0' && !isspace((unsigned char)c) && c != '(' && c != ')';
}

/* The word that comes next, without taking it. */
static size_t
peek(struct expression *expression)
{
	size_t len = 0;

	while (isspace((unsigned char)*expression->at))
		expression->at++;
	while (is_name(expression->at[len]))
		len++;
	return len;
}

static bool
take(struct expression *expression, const char *word)
{
	const size_t len = peek(expression);

	if (len != strlen(word) || strncmp(expression->at, word, len) != 0)
		return false;
	expression->at += len;
	return true;
}

static void read_alternatives(struct expression *expression, bool wanted);

static void
read_one(struct expression *expression, bool wanted)
{
	const size_t len = peek(expression);
	const struct csc_factors *named = expression->named;

	if (len == 0 && *expression->at == '(' && expression->depth < DEPTH_MAX) {
		expression->at++;
		expression->depth++;
		read_alternatives(expression, wanted);
		expression->depth--;
		if (peek(expression) == 0 && *expression->at == ')') {
			expression->at++;
			return;
		}
	}
	for (size_t i = 0; len > 0 && i < named->count; i++) {
		if (strlen(named->list[i].id) != len ||
		    memcmp(named->list[i].id, expression->at, len) != 0)
			continue;
		expression->wanted[i] |= wanted;
		expression->at += len;
		return;
	}
	expression->ok = false;
}

static void
read_alternatives(struct expression *expression, bool wanted)
{
	do {
		do
			read_one(expression, wanted);
		while (expression->ok && take(expression, "AND"));
		wanted = false;
	} while (expression->ok && (take(expression, "OR") || take(expression, "XOR")));
}

/* Keeps those of the expression; all, when it cannot be read. */
static void
keep_expressed(const char *text, struct csc_factors *factors)
{
	struct expression expression = {.at = text, .named = factors, .ok = true};
	struct csc_factors kept = {.count = 0};

	read_alternatives(&expression, true);
	if (!expression.ok || peek(&expression) != 0 || *expression.at != '\0')
		return;
	for (size_t i = 0; i < factors->count; i++)
		if (expression.wanted[i])
			kept.list[kept.count++] = factors->list[i];
	*factors = kept;
}

static void
add(struct csc_factors *factors, enum csc_factor_kind kind, const char *id, const json_t *described)
{
	const char *format = member_text(described, "format");
	struct csc_factor *factor = &factors->list[factors->count];

	if (factors->count == CSC_FACTORS_MAX || !id || strlen(id) >= CSC_FACTOR_ID_MAX)
		return;
	factor->kind = kind;
	snprintf(factor->id, sizeof(factor->id), "%s", id);
	factor->digits_only = format && strcmp(format, "N") == 0;
	factors->count++;
}

static bool
is_present(const json_t *described, bool optional)
{
	const char *presence = member_text(described, "presence");

	if (optional && presence && strcmp(presence, "optional") == 0)
		return true;
	return member_is_true(described, "presence");
}

static void
read_v1(const json_t *info, struct csc_factors *factors)
{
	const json_t *pin = member_object(info, "PIN"), *otp = member_object(info, "OTP");
	const char *type = member_text(otp, "type");

	if (is_present(pin, true))
		add(factors, CSC_FACTOR_PIN, "PIN", pin);
	if (is_present(otp, false))
		add(factors,
		    type && strcmp(type, "online") == 0 ? CSC_FACTOR_SENT_CODE
							: CSC_FACTOR_OWN_CODE,
		    "OTP", otp);
}

static void
read_object(const json_t *object, struct csc_factors *factors)
{
	const char *type = member_text(object, "type"), *id = member_text(object, "id");
	const char *generator = member_text(object, "generator");

	if (!type)
		return;
	if (strcmp(type, "Password") == 0)
		add(factors, generator ? CSC_FACTOR_OWN_CODE : CSC_FACTOR_PIN, id, object);
	else if (strcmp(type, "ChallengeResponse") == 0)
		add(factors, CSC_FACTOR_SENT_CODE, id, object);
	else if (strcmp(type, "PasswordOOB") == 0 || strcmp(type, "ChallengeResponseOOB") == 0)
		add(factors, CSC_FACTOR_OUT_OF_BAND, id, object);
}

static void
read_v2(const json_t *info, struct csc_factors *factors)
{
	const json_t *auth = member_object(info, "auth");
	const json_t *objects = member_array(auth, "objects");
	const char *expression = member_text(auth, "expression");

	for (size_t i = 0; i < json_array_size(objects); i++)
		read_object(json_array_get(objects, i), factors);
	if (expression)
		keep_expressed(expression, factors);
}

void
csc_factors_read(const json_t *info, bool v2, struct csc_factors *factors)
{
	*factors = (struct csc_factors){.count = 0};
	if (v2)
		read_v2(info, factors);
	else
		read_v1(info, factors);
}

const struct csc_factor *
csc_factors_find(const struct csc_factors *factors, enum csc_factor_kind kind)
{
	for (size_t i = 0; i < factors->count; i++)
		if (factors->list[i].kind == kind)
			return &factors->list[i];
	return NULL;
}

bool
csc_factor_is_code(const struct csc_factor *factor)
{
	return factor->kind == CSC_FACTOR_OWN_CODE || factor->kind == CSC_FACTOR_SENT_CODE;
}
