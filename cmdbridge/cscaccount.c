#include "cscaccount.h"
#include "base64.h"
#include "cscoptions.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { HASH_LEN = 32, ID_BYTES = 16, PAYLOAD_MAX = 1024, TOKEN_MAX = 2048 };

static const char header[] = "{\"typ\":\"JWT\",\"alg\":\"HS256\"}";

static size_t
put(char *token, size_t used, struct bytes part, enum base64_form form)
{
	base64_encode(part, form, token + used);
	return used + strlen(token + used);
}

char *
csc_account_token_of(const char *payload, const char *client_secret, bool padded)
{
	const enum base64_form form = padded ? BASE64_PLAIN : BASE64_URL;
	char *token = OPENSSL_secure_zalloc(TOKEN_MAX);
	uint8_t key[HASH_LEN], mac[HASH_LEN];
	size_t used;
	bool ok;

	if (!token || strlen(payload) > PAYLOAD_MAX)
		goto failed;
	used = put(token, 0, BYTES_TEXT(header), form);
	token[used++] = '.';
	used = put(token, used, (struct bytes){(const uint8_t *)payload, strlen(payload)}, form);
	ok = EVP_Q_digest(NULL, "SHA-256", NULL, client_secret, strlen(client_secret), key, NULL) ==
		 1 &&
	     HMAC(EVP_sha256(), key, sizeof(key), (uint8_t *)token, used, mac, NULL);
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok)
		goto failed;
	token[used++] = '.';
	(void)put(token, used, BYTES(mac), BASE64_URL);
	return token;
failed:
	OPENSSL_secure_clear_free(token, TOKEN_MAX);
	return NULL;
}

char *
csc_account_token(const struct csc *csc)
{
	uint8_t random[ID_BYTES];
	char id[2 * ID_BYTES + 1], text[PAYLOAD_MAX + 1], *token = NULL;
	json_t *payload;
	size_t len;

	if (RAND_bytes(random, sizeof(random)) != 1)
		return NULL;
	bytes_to_hex(BYTES(random), id);
	payload = json_pack("{s:s, s:I, s:s, s:s, s:s}", "sub", csc->account->user, "iat",
			    (json_int_t)time(NULL), "jti", id, "iss", "Vicar", "azp",
			    csc->credentials->client_id);
	len = payload ? json_dumpb(payload, text, PAYLOAD_MAX, JSON_COMPACT) : 0;
	if (len > 0 && len <= PAYLOAD_MAX) {
		text[len] = '\0';
		token = csc_account_token_of(text, csc->credentials->client_secret,
					     csc_speaks(csc->use->config, CSC_PADDED_TOKEN));
	}
	json_decref(payload);
	return token;
}
