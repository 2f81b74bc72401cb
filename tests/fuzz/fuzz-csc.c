/*
 * A whole use of a CSC service that lies (lying.h): its JSON in every place where one is read, in every
 * way to log in and to authorise, and in every dialect. The first eight bytes choose these, then two
 * messages are what the owner answers and what comes back with the browser; the rest are lies.
 */
#include "fuzz.h"
#include "lying.h"

#include "cmdbridge/base64.h"
#include "cmdbridge/cscbrowser.h"
#include "cmdbridge/cscoptions.h"
#include "cmdbridge/csctoken.h"
#include "cmdbridge/keyuse.h"
#include "cmdbridge/secrets.h"
#include "iso7816/digestinfo.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <string.h>

#define FIXTURES "tests/fixtures/replay/"

enum { DOCUMENTS = 3, USES = 3, SIGNATURE_MAX = 512, CHOICES = 8 };

/* The honest service's key of each use, and what it has signed. */
static const struct {
	enum keyfile_operation use;
	const char *name;
} uses[USES] = {
    {KEYFILE_SIGN_PKCS1, "sign-rsa2048"},
    {KEYFILE_SIGN_PSS, "sign-rsa2048"},
    {KEYFILE_SIGN_ECDSA, "sign-p256"},
};

static struct key {
	uint8_t *der;
	size_t der_len;
	char *certificate; /* base64 */
	char signatures[DOCUMENTS][BASE64_ROOM(SIGNATURE_MAX)];
} service_keys[USES];

static struct document {
	uint8_t hash[SHA256_DIGEST_LENGTH], digestinfo[DIGESTINFO_LEN_MAX];
	size_t digestinfo_len;
	char text[BASE64_ROOM(SHA256_DIGEST_LENGTH)];
} documents[DOCUMENTS];

static struct {
	const struct key *key;
	uint8_t secrets;
	struct loopback_answer came;
} now;

/* In the place of what they are named after, as in lying.c. */
bool fuzz_service_credentials_load(const char *path, const struct service_kind *kind,
				   struct service_credentials *credentials,
				   char error[SECRETS_ERROR_MAX]);
bool fuzz_service_account_load(const char *path, enum service_account_kind kind,
			       struct service_account *account, char error[SECRETS_ERROR_MAX]);
char *fuzz_csc_token_load(const struct service_config *config,
			  const struct service_account *account);
void fuzz_csc_token_save(const struct service_config *config, const struct service_account *account,
			 const char *token);
void fuzz_csc_token_forget(const struct service_config *config,
			   const struct service_account *account);
enum outcome fuzz_csc_browser_wait(struct csc *csc, struct loopback *loopback, bool signs,
				   const struct loopback_answer **came);
struct loopback *fuzz_loopback_open(const char *redirect_uri, const char *state, const char *page);
void fuzz_loopback_close(struct loopback *loopback);
const char *fuzz_loopback_redirect_uri(const struct loopback *loopback);
void fuzz_loopback_lead_to(struct loopback *loopback, const char *url);

bool
fuzz_service_credentials_load(const char *path, const struct service_kind *kind,
			      struct service_credentials *credentials,
			      char error[SECRETS_ERROR_MAX])
{
	(void)path;
	(void)kind;
	(void)error;
	memset(credentials, 0, sizeof(*credentials));
	if ((now.secrets & 1) == 0)
		strcpy(credentials->client_id, "vicar");
	if ((now.secrets & 2) == 0)
		strcpy(credentials->client_secret, "segredo");
	if ((now.secrets & 4) == 0)
		strcpy(credentials->password, "outra");
	return true;
}

bool
fuzz_service_account_load(const char *path, enum service_account_kind kind,
			  struct service_account *account, char error[SECRETS_ERROR_MAX])
{
	(void)path;
	(void)kind;
	(void)error;
	memset(account, 0, sizeof(*account));
	strcpy(account->user, "maria");
	return true;
}

char *
fuzz_csc_token_load(const struct service_config *config, const struct service_account *account)
{
	(void)config;
	(void)account;
	return (now.secrets & 8) == 0 ? NULL : csc_secret("token");
}

void
fuzz_csc_token_save(const struct service_config *config, const struct service_account *account,
		    const char *token)
{
	(void)config;
	(void)account;
	fuzz_must(token != NULL);
}

void
fuzz_csc_token_forget(const struct service_config *config, const struct service_account *account)
{
	(void)config;
	(void)account;
}

enum outcome
fuzz_csc_browser_wait(struct csc *csc, struct loopback *loopback, bool signs,
		      const struct loopback_answer **came)
{
	(void)csc;
	(void)loopback;
	(void)signs;
	*came = &now.came;
	return OUTCOME_OK;
}

struct loopback *
fuzz_loopback_open(const char *redirect_uri, const char *state, const char *page)
{
	fuzz_must(redirect_uri != NULL && state != NULL && page != NULL);
	return (struct loopback *)&now;
}

void
fuzz_loopback_close(struct loopback *loopback)
{
	(void)loopback;
}

const char *
fuzz_loopback_redirect_uri(const struct loopback *loopback)
{
	(void)loopback;
	return "http://127.0.0.1:1/callback";
}

void
fuzz_loopback_lead_to(struct loopback *loopback, const char *url)
{
	(void)loopback;
	fuzz_must(strlen(url) > 0);
}

__attribute__((format(printf, 2, 3))) static void
say(struct writer *answer, const char *format, ...)
{
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf((char *)answer->data + answer->len, answer->room - answer->len, format,
			arguments);
	va_end(arguments);
	fuzz_must(len >= 0 && (size_t)len < answer->room - answer->len);
	answer->len += (size_t)len;
}

/* For the hashes that are asked for, in their order. */
static void
say_signatures(const struct http_request *request, struct writer *answer)
{
	json_t *body = json_loadb((const char *)request->body.data, request->body.len, 0, NULL);
	const json_t *v1 = json_object_get(body, "hash"), *v2 = json_object_get(body, "hashes");
	const json_t *hashes = v1 != NULL ? v1 : v2;
	const char *comma = "";

	say(answer, "{\"signatures\":[");
	for (size_t i = 0; i < json_array_size(hashes); i++)
		for (size_t d = 0; d < DOCUMENTS; d++) {
			const char *hash = json_string_value(json_array_get(hashes, i));

			if (hash == NULL || strcmp(hash, documents[d].text) != 0)
				continue;
			say(answer, "%s\"%s\"", comma, now.key->signatures[d]);
			comma = ",";
		}
	say(answer, "]}");
	json_decref(body);
}

static void
say_key(struct writer *answer)
{
	say(answer,
	    "{\"description\":\"Work\",\"key\":{\"status\":\"enabled\",\"algo\":["
	    "\"1.2.840.113549.1.1.11\",\"1.2.840.113549.1.1.10\",\"1.2.840.113549.1.1.1\","
	    "\"1.2.840.10045.4.3.2\"],\"len\":2048},"
	    "\"cert\":{\"status\":\"valid\",\"certificates\":[\"%s\"]},\"authMode\":\"explicit\","
	    "\"SCAL\":\"2\",\"PIN\":{\"presence\":\"true\",\"format\":\"N\"},"
	    "\"OTP\":{\"presence\":\"true\",\"type\":\"online\",\"format\":\"N\"},"
	    "\"auth\":{\"mode\":\"explicit\",\"expression\":\"PIN AND (OTP OR TAN)\",\"objects\":["
	    "{\"type\":\"Password\",\"id\":\"PIN\",\"format\":\"N\"},"
	    "{\"type\":\"Password\",\"id\":\"TAN\",\"generator\":\"totp\"},"
	    "{\"type\":\"ChallengeResponse\",\"id\":\"OTP\",\"format\":\"N\"},"
	    "{\"type\":\"PasswordOOB\",\"id\":\"push\"}]},"
	    "\"multisign\":2,\"lang\":\"en-US\"}",
	    now.key->certificate);
}

static const struct {
	const char *end; /* of the URL */
	const char *answer;
} fixed[] = {
    {"/info", "{\"specs\":\"2.0.0.2\",\"name\":\"Fuzz\",\"authType\":[\"basic\",\"oauth2client\","
	      "\"oauth2code\"],\"oauth2\":\"https://localhost/csc\",\"methods\":[\"auth/login\","
	      "\"auth/revoke\",\"oauth2/pushed_authorize\",\"credentials/sendOTP\"]}"},
    {"/auth/login", "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"expires_in\":3600}"},
    {"/token", "{\"access_token\":\"a\",\"refresh_token\":\"r\",\"token_type\":\"Bearer\"}"},
    {"/pushed_authorize", "{\"request_uri\":\"urn:vicar:1\",\"expires_in\":60}"},
    {"/credentials/list", "{\"credentialIDs\":[\"sign\"]}"},
    {"/credentials/getChallenge", "{\"challenge\":\"4711\"}"},
    {"/credentials/authorize", "{\"SAD\":\"s\",\"expiresIn\":300}"},
    {"/credentials/authorise", "{\"SAD\":\"s\"}"},
    {"/credentials/authorizeCheck", "{\"SAD\":\"s\"}"},
    {"/credentials/extendTransaction", "{\"SAD\":\"t\"}"},
};

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

void
honest_answer(const struct http_request *request, struct writer *answer)
{
	if (ends_with(request->url, "/credentials/info"))
		say_key(answer);
	else if (ends_with(request->url, "/signatures/signHash") ||
		 ends_with(request->url, "/signatures/signPolling"))
		say_signatures(request, answer);
	else
		for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
			if (ends_with(request->url, fixed[i].end))
				say(answer, "%s", fixed[i].answer);
	if (answer->len == 0)
		say(answer, "{}");
}

static void
make_documents(void)
{
	for (size_t i = 0; i < DOCUMENTS; i++) {
		struct document *document = &documents[i];
		struct writer writer =
		    writer_to(document->digestinfo, sizeof(document->digestinfo));

		SHA256((const uint8_t *)"abc", i, document->hash);
		fuzz_must(digestinfo_build(DIGEST_SHA256, BYTES(document->hash), &writer));
		document->digestinfo_len = writer.len;
		base64_encode(BYTES(document->hash), BASE64_PLAIN, document->text);
	}
}

static struct bytes
input_of(const struct document *document, enum keyfile_operation use)
{
	return use == KEYFILE_SIGN_PKCS1
		   ? (struct bytes){document->digestinfo, document->digestinfo_len}
		   : BYTES(document->hash);
}

static void
make_key(struct key *key, enum keyfile_operation use, const char *name)
{
	char path[128];
	struct bytes pem;
	BIO *bio;
	X509 *certificate;
	EVP_PKEY *private;
	int len;

	snprintf(path, sizeof(path), FIXTURES "%s.crt", name);
	pem = lying_fixture(path);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	free((void *)(uintptr_t)pem.data);
	len = i2d_X509(certificate, &key->der);
	fuzz_must(len > 0);
	key->der_len = (size_t)len;
	key->certificate = malloc(BASE64_ROOM(key->der_len));
	base64_encode((struct bytes){key->der, key->der_len}, BASE64_PLAIN, key->certificate);
	snprintf(path, sizeof(path), FIXTURES "%s.key", name);
	pem = lying_fixture(path);
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	private = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	free((void *)(uintptr_t)pem.data);
	for (size_t i = 0; i < DOCUMENTS; i++) {
		uint8_t room[SIGNATURE_MAX];
		struct writer signature = writer_to(room, sizeof(room));

		fuzz_must(keyuse(private, use, DIGEST_SHA256, input_of(&documents[i], use),
				 &signature) == KEYFILE_OK);
		base64_encode(writer_bytes(&signature), BASE64_PLAIN, key->signatures[i]);
	}
	EVP_PKEY_free(private);
	X509_free(certificate);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_documents();
	for (size_t i = 0; i < USES; i++)
		make_key(&service_keys[i], uses[i].use, uses[i].name);
	return 0;
}

/* The word of that number, modulo how many there are. */
static void
choose_word(struct service_config *config, enum csc_option option, unsigned number, char room[32])
{
	const char *at = csc_options[option].words;
	unsigned count = 1;

	for (const char *c = at; *c != '\0'; c++)
		count += *c == ' ';
	for (number %= count; number > 0; number--)
		at = strchr(at, ' ') + 1;
	snprintf(room, 32, "%.*s", (int)strcspn(at, " "), at);
	config->options[option] = room;
}

static void
choose_dialect(struct service_config *config, unsigned bits, char room[256])
{
	const char *at = csc_options[CSC_DIALECT].words;

	room[0] = '\0';
	for (; *at != '\0'; bits >>= 1) {
		const size_t len = strcspn(at, " ");

		if (bits & 1)
			snprintf(room + strlen(room), 256 - strlen(room), "%s%.*s",
				 room[0] ? " " : "", (int)len, at);
		at += len + strspn(at + len, " ");
	}
	if (room[0] != '\0')
		config->options[CSC_DIALECT] = room;
}

static void
take_text(struct reader *message, char *text, size_t room)
{
	size_t len = 0;
	uint8_t byte;

	while (reader_u8(message, &byte) && byte != '\0')
		if (len + 1 < room)
			text[len++] = (char)byte;
	text[len] = '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char credential[] = "sign", pause[] = "2000", uri[] = "http://127.0.0.1/callback";
	char words[6][32], dialect[256];
	struct service_config config = {
	    .name = (char[]){"fuzz"},
	    .type = (char[]){"csc"},
	    .endpoint = (char[]){"https://localhost/csc/v1"},
	    .credentials = (char[]){"credentials"},
	    .connect_timeout_ms = 1000,
	    .transfer_timeout_ms = 1000,
	    .code_lifetime_s = 20,
	};
	struct bridge_request request = {
	    .digest = DIGEST_SHA256,
	    .service = BYTES_TEXT("fuzz"),
	    .account = BYTES_TEXT("account"),
	    .card = BYTES_TEXT("card"),
	    .key = BYTES_TEXT("sign"),
	    .pin = BYTES_TEXT("1234"),
	};
	struct reader input = reader_of((struct bytes){data, size}), back;
	struct bytes choice, people = BYTES_NONE, browser = BYTES_NONE;
	struct bridge_result result;

	if (!reader_take(&input, CHOICES, &choice))
		return 0;
	(void)!fuzz_message(&input, &people);
	(void)!fuzz_message(&input, &browser);
	request.operation = (enum bridge_operation)(choice.data[0] % BRIDGE_ASK);
	request.consent_given = (choice.data[0] & 0x80) != 0;
	request.use = uses[choice.data[1] % USES].use;
	now.key = &service_keys[choice.data[1] % USES];
	request.certificate = (struct bytes){now.key->der, now.key->der_len};
	request.documents_count = 1 + choice.data[1] / USES % DOCUMENTS;
	for (size_t i = 0; i < request.documents_count; i++)
		request.documents[i].input = input_of(&documents[i], request.use);
	if (choice.data[1] & 0x80)
		request.credential = BYTES_TEXT(credential);
	config.options[CSC_POLL_MS] = pause;
	config.options[CSC_REDIRECT_URI] = uri;
	choose_word(&config, CSC_API, choice.data[2] & 3, words[0]);
	choose_word(&config, CSC_LOGIN, choice.data[2] >> 2, words[1]);
	choose_word(&config, CSC_AUTHORIZATION, choice.data[3] & 3, words[2]);
	choose_word(&config, CSC_CLIENT_AUTHENTICATION, choice.data[3] >> 2 & 1, words[3]);
	choose_word(&config, CSC_ACCOUNT_TOKEN, choice.data[3] >> 3 & 1, words[4]);
	choose_dialect(&config, choice.data[4] | (unsigned)choice.data[5] << 8, dialect);
	now.secrets = choice.data[6];
	back = reader_of(browser.len > 0 ? browser : BYTES_TEXT("code"));
	take_text(&back, now.came.code, sizeof(now.came.code));
	take_text(&back, now.came.error, sizeof(now.came.error));
	take_text(&back, now.came.words, sizeof(now.came.words));
	lying_begin(input, people, choice.data[7]);
	(void)!lying_run(&config, &request, &result);
	return 0;
}
