/*
 * What `vicar verify` says of somebody else's signature: the first byte picks how it is looked at, a
 * message is the content, the rest is the signature.
 */
#include "fuzz.h"

#include "tools/vicar/verdict.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#define ISSUER "tests/fixtures/replay/authority1.crt"
#define SIGNER "tests/fixtures/replay/sign-rsa2048.crt"

enum { OF_CMS, OF_CMS_WITH_CONTENT, PADDED, RAW, WAYS };

static X509_STORE *store;
static X509 *signer;

static X509 *
read_certificate(const char *path)
{
	BIO *file = BIO_new_file(path, "r");
	X509 *certificate = file != NULL ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;

	BIO_free(file);
	if (certificate == NULL) {
		fprintf(stderr, "%s cannot be read; run it in the project's directory\n", path);
		exit(1);
	}
	return certificate;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	X509 *issuer = read_certificate(ISSUER);

	(void)argc;
	(void)argv;
	store = X509_STORE_new();
	fuzz_must(store != NULL && X509_STORE_add_cert(store, issuer) == 1 &&
		  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1);
	X509_free(issuer);
	signer = read_certificate(SIGNER);
	return 0;
}

static void
must_end(const struct verdict *verdict)
{
	fuzz_must(memchr(verdict->why, '\0', sizeof(verdict->why)) != NULL);
	fuzz_must(memchr(verdict->anchor, '\0', sizeof(verdict->anchor)) != NULL);
	fuzz_must(memchr(verdict->stamp_why, '\0', sizeof(verdict->stamp_why)) != NULL);
	fuzz_must(verdict->sound || verdict->why[0] != '\0');
	fuzz_must(!verdict->trusted || verdict->anchor[0] != '\0');
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct verdicts verdicts;
	const struct trusted trusted = {.signers = store, .stamps = store};
	struct reader input = reader_of((struct bytes){data, size});
	struct problem error = {""};
	struct bytes content;
	uint8_t how;
	bool ok = true;

	if (!reader_u8(&input, &how) || !fuzz_message(&input, &content))
		return 0;
	memset(&verdicts, 0, sizeof(verdicts));
	switch (how % WAYS) {
	case OF_CMS:
		ok = verdict_of_cms(reader_rest(&input), content, &trusted, &verdicts, &error);
		break;
	case OF_CMS_WITH_CONTENT:
		ok = verdict_of_cms(reader_rest(&input), BYTES_NONE, &trusted, &verdicts, &error);
		break;
	case PADDED:
		ok = verdict_of_padded(reader_rest(&input), content, &trusted, &verdicts, &error);
		break;
	default:
		verdict_of_raw(reader_rest(&input), content, signer, NULL, &trusted, &verdicts);
		break;
	}
	fuzz_must(verdicts.count <= VERDICTS_MAX);
	fuzz_must(ok == (error.text[0] == '\0') && (!ok || verdicts.count > 0));
	for (size_t i = 0; i < verdicts.count; i++)
		must_end(&verdicts.each[i]);
	verdicts_free(&verdicts);
	ERR_clear_error();
	return 0;
}
