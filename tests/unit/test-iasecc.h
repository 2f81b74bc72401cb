/*
 * For the tests of personality iasecc: cards and commands of iasecc.md 2 to 8, each sent through
 * card_transmit() with an image in memory.
 */
#ifndef VICAR_TESTS_UNIT_TEST_IASECC_H
#define VICAR_TESTS_UNIT_TEST_IASECC_H

#include "applet-card.h"

#define SERIAL "990000000101000F"
#define ROOT "F0496173456363526F6F74"
#define AID "E828BD080FD2504543432D654944"
#define SHA256_OF_ABC "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define SHA1_PREFIX "3021300906052B0E03021A05000414" /* 6.2 */
#define SHA256_PREFIX "3031300D060960864801650304020105000420"
#define VERIFY_USER "0020000104 31323334"
#define VERIFY_SIGN "0020008506 313233343536"
#define VERIFY_PUK "0020000208 3132333435363738"
#define SELECT_ROOT "00A4040C0B" ROOT
#define SELECT_ADF "00A4040C0E" AID
#define PIN_BODY(number) "00CB3FFF0B 4D09 7007 BF81" number "03 7F4180 00"
#define PIN_DOCP(number) "00CB3FFF0A 4D08 7006 BF81" number "02 A080 00"
#define KEY_BODY(number) "00CB3FFF0B 4D09 7007 BF90" number "03 7F4880 00"
#define KEY_DOCP(number) "00CB3FFF0A 4D08 7006 BF90" number "02 A080 00"
#define PUBLIC_BODY(number) "00CB3FFF0B 4D09 7007 BFA0" number "03 7F4980 00"
#define PUBLIC_DOCP(number) "00CB3FFF0A 4D08 7006 BFA0" number "02 A080 00"
#define SE_OBJECT(number) "00CB3FFF0A 4D08 7006 BFFB" number "02 7B80 00"

static inline void
add_authority(struct applet_card *card, EVP_PKEY *key, const char *subject)
{
	struct image_authority *authority =
	    &card->image.authorities[card->image.authorities_count++];

	authority->certificate =
	    applet_certificate(key, subject, applet_rsa(3072), "root", &authority->certificate_len);
}

static inline struct applet_card *
two_keys(const char *options)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, options);

	applet_add_key(card, "auth", IMAGE_SERVICE_FILE, 2048, AUTH_PIN);
	applet_add_key(card, "sign", IMAGE_SERVICE_FILE, 2048, SIGN_PIN);
	add_authority(card, applet_rsa(2048), "ca");
	add_authority(card, applet_rsa(3072), "root");
	applet_insert(card);
	return card;
}

static inline int
setup(void **state)
{
	*state = two_keys("");
	return 0;
}

/* One key of CMD's size at a service. */
static inline int
setup_remote(void **state)
{
	struct applet_card *card = applet_new("iasecc", SERIAL, "");

	applet_add_key(card, "sign", "cmd", 3072, SIGN_PIN);
	applet_insert(card);
	*state = card;
	return 0;
}

static inline int
teardown(void **state)
{
	applet_free(*state);
	return 0;
}

static inline const char *
content_of(struct applet_card *card, const char *fid)
{
	char command[32];

	snprintf(command, sizeof(command), "00A4020C02%s", fid);
	assert_answer(card, command, "9000");
	return applet_read(card);
}

/* `content` begins with `expected` and has nothing but zeros behind it, `size` bytes in all. */
static inline void
assert_filled(const char *content, const char *expected, size_t size)
{
	static char begin[2 * 0x8000 + 1];
	static uint8_t bytes[0x8000];
	size_t len;

	assert_true(bytes_from_hex(expected, bytes, sizeof(bytes), &len));
	snprintf(begin, sizeof(begin), "%.*s", (int)(2 * len), content);
	applet_assert_hex(begin, expected);
	assert_int_equal(strspn(content + 2 * len, "0"), 2 * (size - len));
	assert_int_equal(strlen(content), 2 * size);
}

static inline void
enter_adf(struct applet_card *card)
{
	assert_answer(card, SELECT_ADF, "9000");
}

static inline void
begin_hashing(struct applet_card *card, const char *hash, const char *algorithm)
{
	char command[64];

	enter_adf(card);
	assert_answer(card, VERIFY_SIGN, "9000");
	snprintf(command, sizeof(command), "002241AA03 8001%s", hash);
	assert_answer(card, command, "9000");
	snprintf(command, sizeof(command), "002241B606 840182 8001%s", algorithm);
	assert_answer(card, command, "9000");
}

#endif
