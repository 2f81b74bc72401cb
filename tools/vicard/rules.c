/*
 * When a remote key is not asked, tools/vicard/rules.h.
 */
#include "rules.h"

#include "iso7816/sw.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

void
rules_init(struct rules *rules, unsigned refusal_pause_ms, unsigned repeat_window_ms)
{
	memset(rules, 0, sizeof(*rules));
	rules->refusal_pause_ms = refusal_pause_ms;
	rules->repeat_window_ms = repeat_window_ms;
}

/* The key's name with its NUL, then the input: no two uses read the same. */
static bool
use_digest(const struct key_request *request, uint8_t digest[SHA256_DIGEST_LENGTH])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(context, request->key, strlen(request->key) + 1) == 1 &&
		  EVP_DigestUpdate(context, request->input.data, request->input.len) == 1 &&
		  EVP_DigestFinal_ex(context, digest, NULL) == 1;

	EVP_MD_CTX_free(context);
	return ok;
}

bool
rules_may_ask(const struct rules *rules, uint64_t now_ms, uint16_t *sw, const char **why)
{
	if (!rules->cancelled || now_ms - rules->cancelled_at >= rules->refusal_pause_ms)
		return true;
	*sw = SW_PROMPT_CANCELLED;
	*why = "a use of the card was refused a moment ago, so nobody was asked again; wait a few "
	       "seconds";
	return false;
}

void
rules_cancelled(struct rules *rules, uint64_t now_ms)
{
	rules->cancelled = true;
	rules->cancelled_at = now_ms;
}

bool
rules_allow(const struct rules *rules, uint64_t now_ms, const struct key_request *request,
	    bool expired, uint16_t *sw, const char **why)
{
	uint8_t use[SHA256_DIGEST_LENGTH];

	if (expired) {
		*sw = SW_CERTIFICATE_EXPIRED;
		*why = "the certificate of the card has expired, so the service was not asked; "
		       "renew it and type `vicar enrol` again";
		return false;
	}
	if (!rules_may_ask(rules, now_ms, sw, why))
		return false;
	if (rules->failed && now_ms - rules->failed_at < rules->repeat_window_ms &&
	    (!use_digest(request, use) || memcmp(use, rules->failed_use, sizeof(use)) == 0)) {
		*sw = rules->failed_sw;
		*why = "the same signature has just failed, so the service was not asked again; "
		       "see the reason above, wait a few seconds";
		return false;
	}
	return true;
}

bool
rules_tell(struct rules *rules, uint64_t now_ms, uint16_t sw)
{
	if (rules->told && rules->told_sw == sw && now_ms - rules->told_at < RULES_TELL_MS)
		return false;
	rules->told = true;
	rules->told_at = now_ms;
	rules->told_sw = sw;
	return true;
}

void
rules_learn(struct rules *rules, uint64_t now_ms, const struct key_request *request, uint16_t sw)
{
	if (sw == SW_PROMPT_CANCELLED)
		rules_cancelled(rules, now_ms);
	rules->failed =
	    sw != SW_OK && !sw_is_tries(sw, NULL) && use_digest(request, rules->failed_use);
	rules->failed_at = now_ms;
	rules->failed_sw = sw;
}

bool
rules_certificate_expired(struct bytes certificate, time_t now)
{
	const unsigned char *at = certificate.data;
	X509 *x509;
	bool expired;

	if (certificate.len == 0 || certificate.len > LONG_MAX)
		return false;
	x509 = d2i_X509(NULL, &at, (long)certificate.len);
	if (x509 == NULL)
		return false;
	expired = X509_cmp_time(X509_get0_notAfter(x509), &now) < 0;
	X509_free(x509);
	return expired;
}
