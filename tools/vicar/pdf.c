#include "pdf.h"

#include "chain.h"
#include "pdf_update.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Certificates of a chain, a time stamp with its own, and some air. */
	ROOM = 32 * 1024,
	RANGES = 4,
	NUMBER_DIGITS_MAX = 15,
};

static bool
begins_as_pdf(struct bytes content)
{
	static const char magic[] = "%PDF-";

	return content.len > sizeof(magic) && memcmp(content.data, magic, sizeof(magic) - 1) == 0;
}

bool
pdf_prepare(const char *path, struct bytes content, X509 *certificate, time_t now,
	    struct pdf_draft *draft, struct problem *error)
{
	char holder[CHAIN_NAME_MAX], why[PDF_UPDATE_ERROR_MAX] = "";
	struct pdf_signature found;
	uint8_t *updated = NULL;
	size_t len = 0;

	if (!begins_as_pdf(content))
		return problem(error, "%s is no PDF; leave --pades out", path);
	chain_subject(certificate, holder);
	if (!pdf_update(content.data, content.len, holder, now, ROOM, &updated, &len, why))
		return problem(error,
			       "%s cannot be given a signature: %s; leave --pades out, and its "
			       "signature is a file of its own",
			       path, why);
	*draft = (struct pdf_draft){.content = {updated, len}};
	/* Whatever the library did: the file as it was comes first, and all is signed. */
	if (len < content.len || memcmp(updated, content.data, content.len) != 0 ||
	    !pdf_find_signature(draft->content, &found, error) || !found.whole) {
		free(updated);
		return problem(error,
			       "%s cannot be given a signature: its form is too unusual; leave "
			       "--pades out, and its signature is a file of its own",
			       path);
	}
	draft->gap = found.gap;
	draft->gap_len = found.gap_len;
	return true;
}

bool
pdf_hash(const struct pdf_draft *draft, const EVP_MD *md, uint8_t hash[DIGEST_LEN_MAX], size_t *len)
{
	const size_t after = draft->gap + draft->gap_len + 1;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	unsigned hash_len = 0;
	bool ok = context != NULL && EVP_DigestInit_ex(context, md, NULL) == 1 &&
		  EVP_DigestUpdate(context, draft->content.data, draft->gap - 1) == 1 &&
		  EVP_DigestUpdate(context, draft->content.data + after,
				   draft->content.len - after) == 1 &&
		  EVP_DigestFinal_ex(context, hash, &hash_len) == 1;

	*len = hash_len;
	EVP_MD_CTX_free(context);
	return ok;
}

bool
pdf_fill(uint8_t *gap, size_t gap_len, struct bytes signature)
{
	static const char digits[] = "0123456789abcdef";

	if (2 * signature.len > gap_len)
		return false;
	for (size_t i = 0; i < signature.len; i++) {
		gap[2 * i] = (uint8_t)digits[signature.data[i] >> 4];
		gap[2 * i + 1] = (uint8_t)digits[signature.data[i] & 0x0F];
	}
	return true;
}

static void
skip_blanks(struct reader *reader)
{
	uint8_t c;
	bool taken;

	while (reader_peek(reader, &c) && isspace(c)) {
		taken = reader_u8(reader, &c);
		if (!taken)
			return;
	}
}

static bool
take_number(struct reader *reader, size_t *number)
{
	unsigned count = 0;
	uint8_t c;

	skip_blanks(reader);
	for (*number = 0; count < NUMBER_DIGITS_MAX && reader_peek(reader, &c) && isdigit(c);
	     count++) {
		if (!reader_u8(reader, &c))
			return false;
		*number = *number * 10 + (size_t)(c - '0');
	}
	return count > 0;
}

/* The last /ByteRange in the file, "[ 0 840 960 240 ]" behind it. */
static bool
find_range(struct bytes content, size_t range[RANGES], size_t *earlier)
{
	static const char key[] = "/ByteRange";
	const size_t key_len = sizeof(key) - 1;
	const uint8_t *found = NULL, *at = content.data;
	struct reader reader;
	uint8_t bracket;

	while (at != NULL) {
		at = memmem(at, (size_t)(content.data + content.len - at), key, key_len);
		if (at == NULL)
			break;
		*earlier += found != NULL;
		found = at;
		at += key_len;
	}
	if (found == NULL)
		return false;
	reader = reader_of((struct bytes){found + key_len,
					  (size_t)(content.data + content.len - found) - key_len});
	skip_blanks(&reader);
	if (!reader_u8(&reader, &bracket) || bracket != '[')
		return false;
	for (int i = 0; i < RANGES; i++)
		if (!take_number(&reader, &range[i]))
			return false;
	skip_blanks(&reader);
	return reader_u8(&reader, &bracket) && bracket == ']';
}

bool
pdf_find_signature(struct bytes content, struct pdf_signature *signature, struct problem *error)
{
	size_t *range = signature->range;

	memset(signature, 0, sizeof(*signature));
	if (!begins_as_pdf(content) || !find_range(content, range, &signature->earlier))
		return problem(error, "there is no signature in this PDF");
	if (range[0] != 0 || range[1] > content.len || range[2] > content.len ||
	    range[3] > content.len - range[2] || range[2] < range[1] + 2 ||
	    content.data[range[1]] != '<' || content.data[range[2] - 1] != '>')
		return problem(error, "what the PDF says of its signature does not fit the file");
	signature->gap = range[1] + 1;
	signature->gap_len = range[2] - range[1] - 2;
	signature->whole = range[2] + range[3] == content.len;
	return true;
}
