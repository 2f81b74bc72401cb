#include "digestinfo.h"

/* RFC 8017 section 9.2 note 1; RIPEMD-160 is 1.3.36.3.2.1 in the same form. */
static const uint8_t md5[] = {0x30, 0x20, 0x30, 0x0C, 0x06, 0x08, 0x2A, 0x86, 0x48,
			      0x86, 0xF7, 0x0D, 0x02, 0x05, 0x05, 0x00, 0x04, 0x10};
static const uint8_t ripemd160[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x24,
				    0x03, 0x02, 0x01, 0x05, 0x00, 0x04, 0x14};
static const uint8_t sha1[] = {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E,
			       0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14};
static const uint8_t sha224[] = {0x30, 0x2D, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				 0x65, 0x03, 0x04, 0x02, 0x04, 0x05, 0x00, 0x04, 0x1C};
static const uint8_t sha256[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
static const uint8_t sha384[] = {0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30};
static const uint8_t sha512[] = {0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
				 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40};

static const struct {
	const char *name;
	size_t len;
	struct bytes prefix;
} digests[DIGEST_COUNT] = {
    [DIGEST_MD5] = {"MD5", 16, {md5, sizeof(md5)}},
    [DIGEST_RIPEMD160] = {"RIPEMD-160", 20, {ripemd160, sizeof(ripemd160)}},
    [DIGEST_SHA1] = {"SHA-1", 20, {sha1, sizeof(sha1)}},
    [DIGEST_SHA224] = {"SHA-224", 28, {sha224, sizeof(sha224)}},
    [DIGEST_SHA256] = {"SHA-256", 32, {sha256, sizeof(sha256)}},
    [DIGEST_SHA384] = {"SHA-384", 48, {sha384, sizeof(sha384)}},
    [DIGEST_SHA512] = {"SHA-512", 64, {sha512, sizeof(sha512)}},
};

size_t
digest_len(enum digest digest)
{
	return digests[digest].len;
}

const char *
digest_name(enum digest digest)
{
	return digests[digest].name;
}

bool
digestinfo_build(enum digest digest, struct bytes value, struct writer *writer)
{
	if (value.len != digests[digest].len)
		return false;
	writer_put(writer, digests[digest].prefix);
	writer_put(writer, value);
	return writer_ok(writer);
}

bool
digestinfo_parse(struct bytes bytes, enum digest *digest, struct bytes *value)
{
	for (size_t i = 0; i < DIGEST_COUNT; i++) {
		struct reader reader = reader_of(bytes);
		struct bytes prefix;

		if (reader_take(&reader, digests[i].prefix.len, &prefix) &&
		    reader.left == digests[i].len && bytes_equal(prefix, digests[i].prefix)) {
			*digest = (enum digest)i;
			*value = reader_rest(&reader);
			return true;
		}
	}
	return false;
}
