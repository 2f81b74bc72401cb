/* Who the client is, and for whom it asks. */
#include "oauth.h"

#include "tools/simulator/base64.h"
#include "tools/simulator/basic.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

enum { JWT_PART_MAX = 1024 };

const char *
rssp_parameter(const struct rssp_call *call, const char *name)
{
	const char *text = json_string_value(json_object_get(call->in, name));

	return text != NULL && *text != '\0' ? text : NULL;
}

static bool
check_client(struct rssp_call *call, const char *id, const char *secret)
{
	const struct rssp_client *client = &call->rssp->client;

	if (id == NULL)
		return rssp_invalid(call, "Missing parameter client_id");
	if (strcmp(id, client->id) != 0)
		return rssp_invalid(call, "Invalid parameter client_id");
	if (secret == NULL)
		return rssp_speaks(call, RSSP_PUBLIC_CLIENT) ||
		       rssp_refuse(call, 401, "invalid_request", "Client authorization required");
	return sim_texts_are_equal(secret, client->secret) ||
	       rssp_refuse(call, 401, "invalid_request", "Invalid parameter client_secret");
}

bool
rssp_need_client(struct rssp_call *call)
{
	struct sim_basic basic;
	bool ok;

	if (call->http->authorization == NULL)
		return check_client(call, rssp_parameter(call, "client_id"),
				    rssp_parameter(call, "client_secret"));
	ok = sim_basic_parse(call->http->authorization, &basic) == SIM_BASIC_PARSED
		 ? check_client(call, basic.user, basic.password)
		 : rssp_refuse(call, 401, "invalid_request", "Client authorization required");
	OPENSSL_cleanse(&basic, sizeof(basic));
	return ok;
}

/* Padding and the digits of base64 are taken too: a service in the field makes them (csc.md part B,
 * A-Trust). */
static bool
decode_part(const char *text, size_t len, uint8_t *data, size_t room, size_t *data_len)
{
	char base64[JWT_PART_MAX];

	return sim_base64_from_url(text, len, base64, sizeof(base64)) &&
	       sim_base64_decode(base64, data, room, data_len);
}

/* The payload of a JWT with HS256 under SHA-256 of the secret; NULL when it is none. */
static json_t *
open_jwt(const char *jwt, const char *secret)
{
	const char *payload = strchr(jwt, '.'), *signature = strrchr(jwt, '.');
	uint8_t key[SHA256_DIGEST_LENGTH], mac[SHA256_DIGEST_LENGTH], given[JWT_PART_MAX],
	    text[JWT_PART_MAX];
	size_t given_len = 0, text_len = 0;
	json_t *object = NULL;

	if (payload == NULL || payload == signature ||
	    !decode_part(signature + 1, strlen(signature + 1), given, sizeof(given), &given_len) ||
	    !decode_part(payload + 1, (size_t)(signature - payload - 1), text, sizeof(text),
			 &text_len))
		return NULL;
	if (SHA256((const unsigned char *)secret, strlen(secret), key) != NULL &&
	    HMAC(EVP_sha256(), key, sizeof(key), (const unsigned char *)jwt,
		 (size_t)(signature - jwt), mac, NULL) != NULL &&
	    given_len == sizeof(mac) && CRYPTO_memcmp(given, mac, sizeof(mac)) == 0)
		object = json_loadb((const char *)text, text_len, 0, NULL);
	OPENSSL_cleanse(key, sizeof(key));
	return object;
}

static const struct rssp_user *
user_of_account(const struct rssp_accounts *accounts, const char *account)
{
	for (size_t i = 0; i < accounts->users_count; i++) {
		const struct rssp_user *user = &accounts->users[i];
		const char *name = user->account[0] != '\0' ? user->account : user->name;

		if (strcmp(name, account) == 0)
			return user;
	}
	return NULL;
}

bool
rssp_take_account(struct rssp_call *call, const struct rssp_user **user)
{
	const struct rssp_client *client = &call->rssp->client;
	const char *token = rssp_parameter(call, "account_token"), *sub, *azp;
	json_t *payload;

	*user = NULL;
	if (token == NULL)
		return !rssp_speaks(call, RSSP_ACCOUNT_TOKEN) ||
		       rssp_invalid(call, "Missing parameter account_token");
	payload = open_jwt(token, client->secret);
	sub = json_string_value(json_object_get(payload, "sub"));
	azp = json_string_value(json_object_get(payload, "azp"));
	if (sub != NULL && azp != NULL && strcmp(azp, client->id) == 0 &&
	    json_is_integer(json_object_get(payload, "iat")) &&
	    json_is_string(json_object_get(payload, "jti")))
		*user = user_of_account(&call->rssp->accounts, sub);
	json_decref(payload);
	return *user != NULL || rssp_invalid(call, "Invalid parameter account_token");
}
