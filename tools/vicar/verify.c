/*
 * `vicar verify`: who signed a file, when, and what of that can be trusted.
 */
#include "pdf.h"
#include "trust.h"
#include "verify_report.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPTION_CERTIFICATE, OPTION_DIGEST, OPTION_CA_FILE, OPTION_TIMESTAMP_CA, OPTION_JSON };
enum { CONTENT_MAX = 512 * 1024 * 1024, SIGNATURE_MAX = 16 * 1024 * 1024 };

static const struct command_option options[] = {
    {"certificate", "FILE", "the signer's, PEM or DER: the signature is a bare one (--raw)"},
    {"digest", "NAME", "of a bare signature: sha256, sha384 or sha512; else any of them"},
    {"ca-file", "FILE", "trusted authorities, PEM; else the system's and those of your cards"},
    {"timestamp-ca", "FILE", "trusted for time stamps, PEM; else the same"},
    {"json", NULL, "tell it as JSON"},
    {NULL, NULL, NULL},
};

/* The caller frees the bytes. */
static bool
read_file(const char *path, size_t max, struct bytes *content, struct problem *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	uint8_t *bytes = NULL;
	struct stat is;
	size_t len = 0;
	ssize_t got = 1;
	bool ok = false;

	if (fd < 0 || fstat(fd, &is) != 0) {
		problem(error, "%s cannot be read: %s", path, strerror(errno));
		goto out;
	}
	if (!S_ISREG(is.st_mode) || (size_t)is.st_size > max) {
		problem(error, "%s is no file, or longer than %zu MiB", path, max / 1024 / 1024);
		goto out;
	}
	if ((bytes = malloc((size_t)is.st_size + 1)) == NULL) {
		problem(error, "no memory for %s", path);
		goto out;
	}
	while (len < (size_t)is.st_size && got != 0) {
		got = read(fd, bytes + len, (size_t)is.st_size - len);
		if (got < 0 && errno != EINTR) {
			problem(error, "%s cannot be read: %s", path, strerror(errno));
			goto out;
		}
		len += got > 0 ? (size_t)got : 0;
	}
	*content = (struct bytes){bytes, len};
	bytes = NULL;
	ok = true;
out:
	free(bytes);
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

static void
drop(struct bytes *content)
{
	free((void *)(uintptr_t)content->data);
	*content = BYTES_NONE;
}

static X509 *
read_certificate(const char *path, struct problem *error)
{
	struct bytes bytes = BYTES_NONE;
	const unsigned char *at;
	X509 *certificate = NULL;
	BIO *bio;

	if (!read_file(path, SIGNATURE_MAX, &bytes, error))
		return NULL;
	at = bytes.data;
	certificate = d2i_X509(NULL, &at, (long)bytes.len);
	if (certificate == NULL && (bio = BIO_new_mem_buf(bytes.data, (int)bytes.len)) != NULL) {
		certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
		BIO_free(bio);
	}
	drop(&bytes);
	if (certificate == NULL)
		problem(error, "%s is no certificate in PEM or DER", path);
	return certificate;
}

/* Where the signature is when the command line does not say: FILE.p7s or FILE.sig beside it; NULL: in the
 * file itself. */
static const char *
guess_signature(const char *file, bool raw, char path[PATH_MAX])
{
	const int len = snprintf(path, PATH_MAX, "%s%s", file, raw ? ".sig" : ".p7s");

	if (len < 0 || len >= PATH_MAX || access(path, F_OK) != 0)
		return NULL;
	return path;
}

/* What was signed of a PDF: all but the gap. The caller frees it. */
static bool
covered(struct bytes pdf, const struct pdf_signature *found, struct bytes *content,
	struct bytes *signature)
{
	const size_t len = found->range[1] + found->range[3];
	uint8_t *bytes = malloc(len + 1), *der = malloc(found->gap_len / 2 + 1);
	size_t der_len = 0;
	char *digits = strndup((const char *)pdf.data + found->gap, found->gap_len);
	/* A NUL is a blank to who reads the PDF, and not the end: nothing may hide behind it. */
	bool ok = bytes != NULL && der != NULL && digits != NULL &&
		  strlen(digits) == found->gap_len &&
		  bytes_from_hex(digits, der, found->gap_len / 2, &der_len);

	if (!ok)
		goto out;
	memcpy(bytes, pdf.data, found->range[1]);
	memcpy(bytes + found->range[1], pdf.data + found->range[2], found->range[3]);
	*content = (struct bytes){bytes, len};
	*signature = (struct bytes){der, der_len};
	bytes = der = NULL;
out:
	free(digits);
	free(bytes);
	free(der);
	return ok;
}

static void
verify_pdf(struct bytes file, const struct trusted *trusted, struct verification *verification)
{
	struct bytes content = BYTES_NONE, signature = BYTES_NONE;
	struct pdf_signature found;
	bool judged;

	verification->format = "pades";
	if (!pdf_find_signature(file, &found, &verification->problem))
		return;
	verification->whole = found.whole;
	verification->earlier = found.earlier;
	if (!covered(file, &found, &content, &signature)) {
		problem(&verification->problem, "its signature is not in hexadecimal digits");
		return;
	}
	judged = verdict_of_padded(signature, content, trusted, &verification->verdicts,
				   &verification->problem);
	if (!judged)
		verification->verdicts.count = 0;
	drop(&content);
	drop(&signature);
}

static void
verify_cms(struct bytes file, const struct trusted *trusted, struct verification *verification)
{
	struct bytes signature = BYTES_NONE;
	bool judged;

	verification->format = "cms";
	verification->whole = true;
	if (verification->signature != NULL &&
	    !read_file(verification->signature, SIGNATURE_MAX, &signature, &verification->problem))
		return;
	judged = verification->signature != NULL
		     ? verdict_of_cms(signature, file, trusted, &verification->verdicts,
				      &verification->problem)
		     : verdict_of_cms(file, BYTES_NONE, trusted, &verification->verdicts,
				      &verification->problem);
	if (!judged)
		verification->verdicts.count = 0;
	drop(&signature);
}

static void
verify_raw(struct bytes file, const char *certificate_path, const EVP_MD *md,
	   const struct trusted *trusted, struct verification *verification)
{
	struct bytes signature = BYTES_NONE;
	X509 *certificate = read_certificate(certificate_path, &verification->problem);

	verification->format = "raw";
	verification->whole = true;
	if (certificate == NULL)
		return;
	if (verification->signature == NULL)
		problem(&verification->problem,
			"its signature is not beside it, as FILE.sig; name it");
	else if (read_file(verification->signature, SIGNATURE_MAX, &signature,
			   &verification->problem))
		verdict_of_raw(signature, file, certificate, md, trusted, &verification->verdicts);
	drop(&signature);
	X509_free(certificate);
}

static bool
is_pdf(struct bytes file)
{
	return file.len > 5 && memcmp(file.data, "%PDF-", 5) == 0;
}

/* `vicar verify a.txt.p7s` is about a.txt, where that is beside it. */
static void
find_content(const char *operand, struct verification *verification)
{
	const size_t len = strlen(operand), suffix = strlen(".p7s");

	if (len <= suffix || len >= PATH_MAX ||
	    (strcmp(operand + len - suffix, ".p7s") != 0 &&
	     strcmp(operand + len - suffix, ".sig") != 0))
		return;
	(void)snprintf(verification->beside, PATH_MAX, "%.*s", (int)(len - suffix), operand);
	if (access(verification->beside, F_OK) != 0)
		return;
	verification->file = verification->beside;
	verification->signature = operand;
}

static void
find_signature(const struct command_arguments *arguments, bool raw,
	       struct verification *verification)
{
	if (arguments->operands_count > 1)
		verification->signature = arguments->operands[1];
	else
		find_content(arguments->operands[0], verification);
	if (verification->signature == NULL)
		verification->signature =
		    guess_signature(verification->file, raw, verification->beside);
}

/* NULL: none, or another than a bare signature may have. */
static const EVP_MD *
digest_named(const char *name)
{
	const bool known =
	    name != NULL && (strcmp(name, "sha256") == 0 || strcmp(name, "sha384") == 0 ||
			     strcmp(name, "sha512") == 0);

	return known ? EVP_get_digestbyname(name) : NULL;
}

static void
verify(const struct command_arguments *arguments, const struct trusted *trusted,
       struct verification *verification)
{
	const char *const *given = arguments->options;
	const EVP_MD *md = digest_named(given[OPTION_DIGEST]);
	const bool raw = given[OPTION_CERTIFICATE] != NULL;
	struct bytes file = BYTES_NONE;

	find_signature(arguments, raw, verification);
	if (!read_file(verification->file, CONTENT_MAX, &file, &verification->problem))
		return;
	if (raw)
		verify_raw(file, given[OPTION_CERTIFICATE], md, trusted, verification);
	else if (verification->signature == NULL && is_pdf(file))
		verify_pdf(file, trusted, verification);
	else
		verify_cms(file, trusted, verification);
	drop(&file);
}

static enum command_exit
run(const struct command_arguments *arguments)
{
	const char *const *given = arguments->options;
	struct verification verification = {.file = arguments->operands[0], .format = "cms"};
	struct trusted trusted = {NULL, NULL};
	struct problem error;
	enum command_exit r = COMMAND_FAILED;

	if (given[OPTION_DIGEST] != NULL && given[OPTION_CERTIFICATE] == NULL) {
		say_error("verify: --digest is for --certificate; type: vicar verify --help");
		return COMMAND_USAGE;
	}
	if (given[OPTION_DIGEST] != NULL && digest_named(given[OPTION_DIGEST]) == NULL) {
		say_error(
		    "verify: --digest takes sha256, sha384 or sha512; type: vicar verify --help");
		return COMMAND_USAGE;
	}
	trusted.signers = trust_store(given[OPTION_CA_FILE], true, &error);
	if (trusted.signers != NULL)
		trusted.stamps =
		    trust_store(given[OPTION_TIMESTAMP_CA] != NULL ? given[OPTION_TIMESTAMP_CA]
								   : given[OPTION_CA_FILE],
				true, &error);
	if (trusted.stamps == NULL) {
		say_error("%s", error.text);
		goto out;
	}
	verify(arguments, &trusted, &verification);
	r = verify_report_exit(&verification);
	if (given[OPTION_JSON] == NULL)
		verify_report_text(stdout, &verification);
	else if (!verify_report_json(stdout, &verification))
		r = COMMAND_FAILED;
out:
	verdicts_free(&verification.verdicts);
	X509_STORE_free(trusted.stamps);
	X509_STORE_free(trusted.signers);
	return r;
}

const struct command command_verify = {
    .name = "verify",
    .operands = "FILE [SIGNATURE]",
    .operands_min = 1,
    .operands_max = 2,
    .summary = "who signed FILE, when, and whether that can be trusted",
    .text =
	"Without SIGNATURE it is FILE.p7s, or in FILE itself: a signed PDF, or a CMS message with\n"
	"its content. Exit status 3: the signature is valid, but its signer is not trusted.",
    .options = options,
    .run = run,
};
