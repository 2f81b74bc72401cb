/*
 * A whole use of a CMD service that lies (lying.h): its SOAP in every place where it is read. The first
 * two bytes choose operation, documents and options, the third after how many looks the parent cancels;
 * then a message is what the owner answers; the rest are lies.
 */
#include "fuzz.h"
#include "lying.h"

#include "cmdbridge/cmd.h"
#include "cmdbridge/secrets.h"
#include "iso7816/digestinfo.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <string.h>

#define FIXTURES "tests/fixtures/cmd/"

enum { CHOICES = 3, DOCUMENTS = 2 };

/* What an honest service answers. There are no recorded answers to two of the operations, which are
 * those to a third but for the name. */
static struct answer {
	const char *action; /* the end of its SOAPAction */
	const char *file;
	const char *instead_of; /* in the file */
	struct bytes text;
} answers[] = {
    {"/GetCertificate\"", "01-GetCertificate.rsp.xml", NULL, {NULL, 0}},
    {"/GetCertificateWithPin\"", "04-SCMDSign.rsp.xml", "SCMDSign", {NULL, 0}},
    {"/SCMDSign\"", "04-SCMDSign.rsp.xml", NULL, {NULL, 0}},
    {"/SCMDMultipleSign\"", "04-SCMDSign.rsp.xml", "SCMDSign", {NULL, 0}},
    {"/ForceSMS\"", "11-ForceSMS.rsp.xml", NULL, {NULL, 0}},
};
enum { ANSWERS = sizeof(answers) / sizeof(answers[0]) };

/* To ValidateOtp: after a signature of one document, of many, and after the proof of an account. */
enum { ONE, MANY, PROOF, VALIDATIONS };
static struct bytes validations[VALIDATIONS];
static uint8_t digestinfos[DOCUMENTS][DIGESTINFO_LEN_MAX];
static size_t digestinfo_lens[DOCUMENTS];
static uint8_t *leaf;
static size_t leaf_len;
static struct bytes validation;

/* In the place of what they are named after, as in lying.c. */
bool fuzz_service_credentials_load(const char *path, const struct service_kind *kind,
				   struct service_credentials *credentials,
				   char error[SECRETS_ERROR_MAX]);
bool fuzz_service_account_load(const char *path, enum service_account_kind kind,
			       struct service_account *account, char error[SECRETS_ERROR_MAX]);

bool
fuzz_service_credentials_load(const char *path, const struct service_kind *kind,
			      struct service_credentials *credentials,
			      char error[SECRETS_ERROR_MAX])
{
	(void)path;
	(void)kind;
	(void)error;
	memset(credentials, 0, sizeof(*credentials));
	strcpy(credentials->application_id, "0245588e-e217-5a2f-ae28-eae31dd8a56a");
	strcpy(credentials->user, "vicar");
	strcpy(credentials->password, "segredo");
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
	strcpy(account->phone, "+351 910000000");
	return true;
}

static bool
ends_with(const char *text, const char *end)
{
	return strlen(text) >= strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

void
honest_answer(const struct http_request *request, struct writer *answer)
{
	const char *action = request->headers[0];

	for (size_t i = 0; i < ANSWERS; i++)
		if (ends_with(action, answers[i].action)) {
			writer_put(answer, answers[i].text);
			return;
		}
	fuzz_must(ends_with(action, "/ValidateOtp\""));
	writer_put(answer, validation);
}

/* The action's name in the place of another one's. */
static void
rename_answer(struct answer *answer)
{
	char *name = strdup(strrchr(answer->action, '/') + 1), *renamed = NULL;
	const char *at = (const char *)answer->text.data, *const end = at + answer->text.len;
	size_t len = 0;
	FILE *stream = open_memstream(&renamed, &len);

	name[strcspn(name, "\"")] = '\0';
	while (at < end) {
		const char *next =
		    memmem(at, (size_t)(end - at), answer->instead_of, strlen(answer->instead_of));

		fwrite(at, 1, (size_t)((next ? next : end) - at), stream);
		if (next != NULL)
			fputs(name, stream);
		at = next != NULL ? next + strlen(answer->instead_of) : end;
	}
	fclose(stream);
	free((void *)(uintptr_t)answer->text.data);
	free(name);
	answer->text = (struct bytes){(uint8_t *)renamed, len};
}

static struct bytes
fixture(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	return lying_fixture(path);
}

static void
load_leaf(void)
{
	const struct bytes pem = fixture("chain-leaf-root-ca.pem");
	BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	const int len = i2d_X509(certificate, &leaf);

	fuzz_must(len > 0);
	leaf_len = (size_t)len;
	X509_free(certificate);
	BIO_free(bio);
	free((void *)(uintptr_t)pem.data);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	/* What the recorded signatures are of. */
	static const char *const texts[DOCUMENTS] = {"", "abc"};

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < ANSWERS; i++) {
		answers[i].text = fixture(answers[i].file);
		if (answers[i].instead_of != NULL)
			rename_answer(&answers[i]);
	}
	validations[ONE] = fixture("06-ValidateOtp-single.rsp.xml");
	validations[MANY] = fixture("10-ValidateOtp-multiple.rsp.xml");
	validations[PROOF] = fixture("07-ValidateOtp-certificate.rsp.xml");
	for (size_t i = 0; i < DOCUMENTS; i++) {
		struct writer writer = writer_to(digestinfos[i], sizeof(digestinfos[i]));
		uint8_t hash[SHA256_DIGEST_LENGTH];

		SHA256((const uint8_t *)texts[i], strlen(texts[i]), hash);
		fuzz_must(digestinfo_build(DIGEST_SHA256, BYTES(hash), &writer));
		digestinfo_lens[i] = writer.len;
	}
	load_leaf();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char yes[] = "yes", no[] = "no";
	struct service_config config = {
	    .name = (char[]){"fuzz"},
	    .type = (char[]){"cmd"},
	    .profile = SERVICE_SIMULATOR,
	    .endpoint = (char[]){"https://localhost/"},
	    .credentials = (char[]){"credentials"},
	    .encryption_certificate = (char[]){"packaging/cmd-cifra-2026.cer"},
	    .connect_timeout_ms = 1000,
	    .transfer_timeout_ms = 1000,
	    .code_lifetime_s = 120,
	};
	struct bridge_request request = {
	    .use = KEYFILE_SIGN_PKCS1,
	    .digest = DIGEST_SHA256,
	    .service = BYTES_TEXT("fuzz"),
	    .account = BYTES_TEXT("account"),
	    .card = BYTES_TEXT("card"),
	    .key = BYTES_TEXT("sign"),
	};
	struct reader input = reader_of((struct bytes){data, size});
	struct bytes choice, people = BYTES_NONE;
	struct bridge_result result;

	if (!reader_take(&input, CHOICES, &choice))
		return 0;
	(void)!fuzz_message(&input, &people);
	request.operation = (enum bridge_operation)(choice.data[0] % BRIDGE_ASK);
	request.consent_given = (choice.data[0] & 0x80) != 0;
	request.tries_left = choice.data[0] >> 2 & 3;
	request.certificate = (struct bytes){leaf, leaf_len};
	if (request.operation == BRIDGE_SIGN || choice.data[1] & 1)
		request.pin = BYTES_TEXT("1234");
	if (request.operation == BRIDGE_SIGN) {
		request.documents_count = 1 + (choice.data[1] & 1);
		for (size_t i = 0; i < request.documents_count; i++)
			request.documents[i].input =
			    (struct bytes){digestinfos[i], digestinfo_lens[i]};
		validation = validations[request.documents_count > 1 ? MANY : ONE];
	} else {
		validation = validations[PROOF];
	}
	if (choice.data[1] & 2)
		config.options[CMD_BIOMETRIC_VALIDATION] = choice.data[1] & 4 ? yes : no;
	if (choice.data[1] & 8)
		config.options[CMD_BIOMETRIC_CODE] = choice.data[1] & 16 ? yes : no;
	lying_begin(input, people, choice.data[2]);
	(void)!lying_run(&config, &request, &result);
	return 0;
}
