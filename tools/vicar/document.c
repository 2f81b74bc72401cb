#include "document.h"

#include "pdf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}

static bool
is_directory(const char *path)
{
	struct stat is;

	return stat(path, &is) == 0 && S_ISDIR(is.st_mode);
}

/* contract.pdf becomes contract-signed.pdf; all others get a suffix. */
static int
put_name(char output[PATH_MAX], const char *directory, const char *slash, const char *name,
	 enum document_format format)
{
	static const char *const suffixes[DOCUMENT_FORMATS] = {".p7s", ".sig", "-signed.pdf"};
	size_t stem = strlen(name);

	if (format == DOCUMENT_PADES && stem > 4 && strcasecmp(name + stem - 4, ".pdf") == 0)
		stem -= 4;
	return snprintf(output, PATH_MAX, "%s%s%.*s%s", directory, slash, (int)stem, name,
			suffixes[format]);
}

bool
document_place(struct document *document, const char *path, enum document_format format,
	       const char *output, bool only, struct problem *error)
{
	int len;

	memset(document, 0, sizeof(*document));
	document->path = path;
	document->name = name_of(path);
	if (document->name[0] == '\0')
		return problem(error, "%s is no file that could be signed", path);
	if (output == NULL)
		len = put_name(document->output, "", "", path, format);
	else if (is_directory(output) || output[strlen(output) - 1] == '/')
		len =
		    put_name(document->output, output, output[strlen(output) - 1] == '/' ? "" : "/",
			     document->name, format);
	else if (only)
		len = snprintf(document->output, PATH_MAX, "%s", output);
	else
		return problem(error,
			       "%s is no directory, which is needed for several signatures; "
			       "make it first",
			       output);
	return (len > 0 && len < PATH_MAX) ||
	       problem(error, "the path of %s is too long; use a shorter one", path);
}

/* A regular file, open; -1 with the reason. */
static int
open_file(const char *path, struct stat *is, struct problem *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0 || fstat(fd, is) != 0)
		problem(error, "%s cannot be read: %s", path, strerror(errno));
	else if (!S_ISREG(is->st_mode))
		problem(error, "%s is no file", path);
	else
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Hashes what is there, without keeping it. */
static bool
hash_file(int fd, const EVP_MD *md, uint8_t hash[DIGEST_LEN_MAX], size_t *hash_len)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t room[65536];
	unsigned len = 0;
	ssize_t got = 1;
	bool ok = context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1;

	while (ok && got != 0) {
		got = read(fd, room, sizeof(room));
		if (got < 0 && errno == EINTR)
			continue;
		ok = got >= 0 && EVP_DigestUpdate(context, room, (size_t)got) == 1;
	}
	ok = ok && EVP_DigestFinal_ex(context, hash, &len) == 1;
	*hash_len = len;
	EVP_MD_CTX_free(context);
	return ok;
}

static bool
keep_file(struct document *document, int fd, size_t size, struct problem *error)
{
	uint8_t *content;
	size_t len = 0;
	ssize_t got = 1;

	if (size > DOCUMENT_CONTENT_MAX)
		return problem(error,
			       "%s is longer than %d MiB, which is too much to be kept in its "
			       "signature; sign it --detached",
			       document->path, DOCUMENT_CONTENT_MAX / 1024 / 1024);
	content = malloc(size + 1);
	if (content == NULL)
		return problem(error, "no memory for %s; sign it --detached", document->path);
	document->content.data = content;
	/* A file that grows meanwhile is signed as long as it was. */
	while (len < size && got != 0) {
		got = read(fd, content + len, size - len);
		if (got < 0 && errno != EINTR)
			return problem(error, "%s cannot be read: %s", document->path,
				       strerror(errno));
		len += got > 0 ? (size_t)got : 0;
	}
	document->content.len = len;
	return true;
}

static bool
read_content(struct document *document, const struct signer *signer, bool kept,
	     struct problem *error)
{
	unsigned len = 0;
	struct stat is;
	int fd = open_file(document->path, &is, error);
	bool ok;

	if (fd < 0)
		return false;
	if (kept) {
		ok = keep_file(document, fd, (size_t)is.st_size, error) &&
		     EVP_Digest(document->content.data, document->content.len, document->hash, &len,
				signer_md(signer), NULL) == 1;
		document->hash_len = len;
	} else {
		ok = hash_file(fd, signer_md(signer), document->hash, &document->hash_len) ||
		     problem(error, "%s cannot be read: %s", document->path, strerror(errno));
	}
	(void)close(fd);
	return ok;
}

/* The PDF with room for a signature takes the place of the content. */
static bool
prepare_pdf(struct document *document, const struct signer *signer, time_t now,
	    struct problem *error)
{
	struct pdf_draft pdf;
	bool ok;

	if (!pdf_prepare(document->path, document->content, signer->certificate, now, &pdf, error))
		return false;
	free((void *)(uintptr_t)document->content.data);
	document->content = pdf.content;
	document->gap = pdf.gap;
	document->gap_len = pdf.gap_len;
	ok = pdf_hash(&pdf, signer_md(signer), document->hash, &document->hash_len);
	return ok || problem(error, "OpenSSL cannot hash %s", document->path);
}

bool
document_read(struct document *document, const struct signer *signer, enum document_format format,
	      bool attached, time_t now, struct problem *error)
{
	const enum cms_kind kind = format == DOCUMENT_PADES             ? CMS_DRAFT_PDF
				   : attached && format == DOCUMENT_CMS ? CMS_DRAFT_ATTACHED
									: CMS_DRAFT_DETACHED;
	struct writer input = writer_to(document->input, sizeof(document->input));

	if (!read_content(document, signer, kind != CMS_DRAFT_DETACHED, error) ||
	    (format == DOCUMENT_PADES && !prepare_pdf(document, signer, now, error)))
		return false;
	document->to_sign = (struct bytes){document->hash, document->hash_len};
	if (format != DOCUMENT_RAW) {
		if (!cms_draft_new(&document->draft, signer, kind, document->to_sign,
				   document->content, now))
			return problem(error, "OpenSSL cannot make a CMS signature for %s",
				       document->path);
		document->to_sign = (struct bytes){document->draft.hash, document->draft.hash_len};
	}
	if (!signer_input(signer, document->to_sign, &input))
		return problem(error, "%s cannot be signed with this key and digest",
			       document->path);
	document->input_len = input.len;
	return true;
}

bool
document_unchanged(const struct document *document, const struct signer *signer)
{
	uint8_t hash[DIGEST_LEN_MAX];
	struct problem unused;
	size_t len = 0;
	struct stat is;
	int fd;
	bool same;

	if (document->content.data != NULL)
		return true;
	fd = open_file(document->path, &is, &unused);
	if (fd < 0)
		return false;
	same = hash_file(fd, signer_md(signer), hash, &len) &&
	       bytes_equal((struct bytes){hash, len},
			   (struct bytes){document->hash, document->hash_len});
	(void)close(fd);
	return same;
}

bool
document_result(struct document *document, enum document_format format, struct bytes signature,
		uint8_t **result, size_t *len)
{
	uint8_t *der = NULL;
	size_t der_len = 0;
	bool ok;

	if (format == DOCUMENT_RAW) {
		*result = OPENSSL_memdup(signature.data, signature.len);
		*len = signature.len;
		return *result != NULL;
	}
	if (!cms_draft_der(&document->draft, &der, &der_len))
		return false;
	if (format == DOCUMENT_CMS) {
		*result = der;
		*len = der_len;
		return true;
	}
	*result = OPENSSL_memdup(document->content.data, document->content.len);
	*len = document->content.len;
	ok = *result != NULL &&
	     pdf_fill(*result + document->gap, document->gap_len, (struct bytes){der, der_len});
	OPENSSL_free(der);
	return ok;
}

void
document_free(struct document *document)
{
	cms_draft_free(&document->draft);
	free((void *)(uintptr_t)document->content.data);
}
