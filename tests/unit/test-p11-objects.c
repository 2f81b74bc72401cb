/*
 * Objects, searches and attributes; pkcs11.md section 3.
 */
#include "p11-one-card.h"

static CK_BYTE text[] = "not DER";

struct value {
	CK_BYTE data[4096];
	CK_ULONG len;
};

/* One attribute, as every program asks: first its length. */
static CK_RV
get(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type, struct value *value)
{
	CK_ATTRIBUTE asked = {type, NULL, 0};
	CK_RV rv = C_GetAttributeValue(session, object, &asked, 1);

	value->len = asked.ulValueLen;
	if (rv != CKR_OK)
		return rv;
	assert_true(asked.ulValueLen <= sizeof(value->data));
	asked.pValue = value->data;
	assert_ok(C_GetAttributeValue(session, object, &asked, 1));
	return CKR_OK;
}

static void
assert_same(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE one, CK_OBJECT_HANDLE two,
	    CK_ATTRIBUTE_TYPE type)
{
	struct value first = {.len = 0}, second = {.len = 0};

	assert_ok(get(session, one, type, &first));
	assert_ok(get(session, two, type, &second));
	assert_int_equal(first.len, second.len);
	assert_true(first.len > 0);
	assert_memory_equal(first.data, second.data, first.len);
}

static void
key_public_key_and_certificate_have_one_id(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	assert_same(session, key, p11_one(session, CKO_PUBLIC_KEY), CKA_ID);
	assert_same(session, key, p11_one(session, CKO_CERTIFICATE), CKA_ID);
}

static void
the_private_key_has_the_parts_of_its_public_half(void **state)
{
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_MODULUS, CKA_PUBLIC_EXPONENT, CKA_SUBJECT,
						  CKA_PUBLIC_KEY_INFO, CKA_MODULUS_BITS};
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		assert_same(session, key, p11_one(session, CKO_PUBLIC_KEY), types[i]);
}

static void
an_ec_key_has_curve_and_point(void **state)
{
	/* secp384r1, 1.3.132.0.34 */
	static const uint8_t curve[] = {0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22};
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_OBJECT_HANDLE key = p11_one(session, CKO_PRIVATE_KEY);
	struct value value = {.len = 0};

	(void)state;
	assert_ok(get(session, key, CKA_EC_PARAMS, &value));
	assert_int_equal(value.len, sizeof(curve));
	assert_memory_equal(value.data, curve, sizeof(curve));
	assert_ok(get(session, key, CKA_EC_POINT, &value));
	/* OCTET STRING of 97 bytes: 04, X, Y */
	assert_int_equal(value.len, 99);
	assert_int_equal(value.data[0], 0x04);
	assert_int_equal(value.data[1], 97);
	assert_int_equal(value.data[2], 0x04);
	assert_same(session, key, p11_one(session, CKO_PUBLIC_KEY), CKA_EC_POINT);
	assert_rv(get(session, key, CKA_MODULUS, &value), CKR_ATTRIBUTE_TYPE_INVALID);
}

static void
the_certificate_is_the_one_on_the_card(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_HANDLE object = p11_one(session, CKO_CERTIFICATE);
	struct value value = {.len = 0};

	(void)state;
	assert_ok(get(session, object, CKA_VALUE, &value));
	assert_int_equal(value.len, card->image.keys[0].certificate_len);
	assert_memory_equal(value.data, card->image.keys[0].certificate, value.len);
	/* its serial number is 1 */
	assert_ok(get(session, object, CKA_SERIAL_NUMBER, &value));
	assert_memory_equal(value.data, "\x02\x01\x01", 3);
	assert_ok(get(session, object, CKA_START_DATE, &value));
	assert_int_equal(value.len, 8);
	assert_memory_equal(value.data, "20", 2);
}

static void
an_attribute_that_is_not_there_spoils_no_other(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_BYTE id[64], secret[64], label[64];
	CK_ATTRIBUTE asked[] = {{CKA_ID, id, sizeof(id)},
				{CKA_VENDOR_DEFINED + 1, secret, sizeof(secret)},
				{CKA_PRIVATE_EXPONENT, secret, sizeof(secret)},
				{CKA_LABEL, label, sizeof(label)}};

	(void)state;
	assert_rv(C_GetAttributeValue(session, p11_one(session, CKO_PRIVATE_KEY), asked, 4),
		  CKR_ATTRIBUTE_SENSITIVE);
	assert_int_equal(asked[0].ulValueLen, 1);
	assert_int_equal(asked[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(asked[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	assert_int_equal(asked[3].ulValueLen, strlen("todentamis- ja salausavain"));
}

static void
room_that_is_too_small_is_told(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_BYTE room[4];
	CK_ATTRIBUTE asked = {CKA_VALUE, room, sizeof(room)};

	(void)state;
	assert_rv(C_GetAttributeValue(session, p11_one(session, CKO_CERTIFICATE), &asked, 1),
		  CKR_BUFFER_TOO_SMALL);
	assert_int_equal(asked.ulValueLen, CK_UNAVAILABLE_INFORMATION);
}

static CK_ULONG
count_of(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_OBJECT_HANDLE found[16];
	CK_ULONG found_count = 0;

	assert_ok(C_FindObjectsInit(session, template, count));
	assert_ok(C_FindObjects(session, found, 16, &found_count));
	assert_ok(C_FindObjectsFinal(session));
	return found_count;
}

static void
any_attribute_may_be_searched_for(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	struct value value = {.len = 0};
	CK_ATTRIBUTE template[2] = {{CKA_CLASS, &class, sizeof(class)}};
	static const CK_ATTRIBUTE_TYPE types[] = {CKA_VALUE, CKA_SUBJECT, CKA_ISSUER, CKA_ID,
						  CKA_LABEL};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_ok(get(session, p11_one(session, CKO_CERTIFICATE), types[i], &value));
		template[1] = (CK_ATTRIBUTE){types[i], value.data, value.len};
		assert_int_equal(count_of(session, template, 2), 1);
		value.data[value.len - 1] ^= 1;
		assert_int_equal(count_of(session, template, 2), 0);
	}
}

static void
a_search_gives_one_at_a_time_or_many(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_ULONG all = count_of(session, NULL, 0), seen = 0, count = 1;
	CK_OBJECT_HANDLE object;

	(void)state;
	/* profile, public key, certificate */
	assert_int_equal(all, 3);
	assert_ok(C_FindObjectsInit(session, NULL, 0));
	assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
	while (count > 0) {
		assert_ok(C_FindObjects(session, &object, 1, &count));
		seen += count;
	}
	assert_int_equal(seen, all);
	assert_ok(C_FindObjectsFinal(session));
}

static void
listing_names_and_ids_reads_no_certificate(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	unsigned before = fake.readers[0].commands;
	struct value value = {.len = 0};

	(void)state;
	assert_ok(get(session, p11_one(session, CKO_CERTIFICATE), CKA_ID, &value));
	assert_ok(get(session, p11_one(session, CKO_PUBLIC_KEY), CKA_LABEL, &value));
	assert_int_equal(fake.readers[0].commands, before);
	assert_ok(get(session, p11_one(session, CKO_CERTIFICATE), CKA_VALUE, &value));
	before = fake.readers[0].commands;
	assert_ok(get(session, p11_one(session, CKO_CERTIFICATE), CKA_SUBJECT, &value));
	assert_ok(get(session, p11_one(session, CKO_PUBLIC_KEY), CKA_MODULUS, &value));
	assert_int_equal(fake.readers[0].commands, before);
}

static void
vendor_classes_are_searched_in_vain(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_HANDLE found[4];

	(void)state;
	/* CKO_NSS_TRUST */
	assert_int_equal(p11_find(session, 0xCE534353, found, 4), 0);
	assert_int_equal(p11_find(session, CKO_SECRET_KEY, found, 4), 0);
}

static void
the_card_takes_no_new_objects_and_loses_none(void **state)
{
	CK_SESSION_HANDLE ro = p11_open(p11_slot(2, 0), 0);
	CK_SESSION_HANDLE rw = p11_open(p11_slot(2, 0), CKF_RW_SESSION);
	CK_OBJECT_HANDLE object = p11_one(ro, CKO_CERTIFICATE);
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
				   {CKA_TOKEN, &yes, sizeof(yes)},
				   {CKA_LABEL, text, 1}};

	(void)state;
	assert_rv(C_CreateObject(ro, template, 2, &object), CKR_SESSION_READ_ONLY);
	assert_rv(C_CreateObject(rw, template, 2, &object), CKR_TOKEN_WRITE_PROTECTED);
	assert_rv(C_DestroyObject(ro, object), CKR_SESSION_READ_ONLY);
	assert_rv(C_DestroyObject(rw, object), CKR_TOKEN_WRITE_PROTECTED);
	assert_rv(C_SetAttributeValue(rw, object, &template[2], 1), CKR_TOKEN_WRITE_PROTECTED);
}

static void
a_session_holds_certificates_until_it_is_closed(void **state)
{
	CK_SLOT_ID slot = p11_slot(2, 0);
	CK_SESSION_HANDLE one = p11_open(slot, 0), two = p11_open(slot, 0);
	CK_OBJECT_HANDLE object, found[4];
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_VALUE, card->image.keys[1].certificate, card->image.keys[1].certificate_len}};
	struct value value = {.len = 0};

	(void)state;
	assert_ok(C_CreateObject(one, template, 2, &object));
	assert_int_equal(p11_find(two, CKO_CERTIFICATE, found, 4), 2);
	assert_ok(get(two, object, CKA_SUBJECT, &value));
	assert_ok(C_DestroyObject(two, object));
	assert_rv(get(one, object, CKA_SUBJECT, &value), CKR_OBJECT_HANDLE_INVALID);
	assert_ok(C_CreateObject(one, template, 2, &object));
	assert_ok(C_CloseSession(one));
	assert_int_equal(p11_find(two, CKO_CERTIFICATE, found, 4), 1);
}

static void
a_template_that_makes_no_object_is_refused(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_CLASS certificate = CKO_CERTIFICATE, private = CKO_PRIVATE_KEY;
	CK_OBJECT_HANDLE object;
	CK_ATTRIBUTE no_class = {CKA_LABEL, text, 1};
	CK_ATTRIBUTE no_value = {CKA_CLASS, &certificate, sizeof(certificate)};
	CK_ATTRIBUTE private_key = {CKA_CLASS, &private, sizeof(private)};
	CK_ATTRIBUTE garbage[] = {no_value, {CKA_VALUE, text, 7}};
	CK_ATTRIBUTE twice[] = {no_value, no_value};
	CK_ATTRIBUTE endless[] = {no_value, {CKA_VALUE, text, CK_UNAVAILABLE_INFORMATION}};

	(void)state;
	assert_rv(C_CreateObject(session, &no_class, 1, &object), CKR_TEMPLATE_INCOMPLETE);
	assert_rv(C_CreateObject(session, &no_value, 1, &object), CKR_TEMPLATE_INCOMPLETE);
	assert_rv(C_CreateObject(session, &private_key, 1, &object), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(C_CreateObject(session, garbage, 2, &object), CKR_ATTRIBUTE_VALUE_INVALID);
	assert_rv(C_CreateObject(session, twice, 2, &object), CKR_TEMPLATE_INCONSISTENT);
	assert_rv(C_CreateObject(session, endless, 2, &object), CKR_ATTRIBUTE_VALUE_INVALID);
}

static void
a_public_key_of_a_session_verifies(void **state)
{
	CK_SESSION_HANDLE session = p11_logged_in(p11_slot(2, 0), AUTH_PIN);
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	struct value modulus = {.len = 0}, exponent = {.len = 0};
	CK_OBJECT_HANDLE card_key = p11_one(session, CKO_PUBLIC_KEY), object;
	CK_MECHANISM mechanism = {CKM_SHA256_RSA_PKCS, NULL, 0};
	CK_BYTE signature[256];
	CK_ULONG len = sizeof(signature);

	(void)state;
	assert_ok(get(session, card_key, CKA_MODULUS, &modulus));
	assert_ok(get(session, card_key, CKA_PUBLIC_EXPONENT, &exponent));
	{
		CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
					   {CKA_KEY_TYPE, &type, sizeof(type)},
					   {CKA_MODULUS, modulus.data, modulus.len},
					   {CKA_PUBLIC_EXPONENT, exponent.data, exponent.len}};

		assert_ok(C_CreateObject(session, template, 4, &object));
	}
	assert_ok(p11_sign_init(session, CKM_SHA256_RSA_PKCS, p11_one(session, CKO_PRIVATE_KEY)));
	assert_ok(p11_sign(session, signature, &len));
	assert_ok(C_VerifyInit(session, &mechanism, object));
	assert_ok(C_Verify(session, (CK_BYTE *)(uintptr_t)DOCUMENT, sizeof(DOCUMENT) - 1, signature,
			   len));
}

static void
nothing_private_is_made_without_a_login(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE;
	CK_OBJECT_HANDLE object;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_PRIVATE, &yes, sizeof(yes)},
	    {CKA_VALUE, card->image.keys[1].certificate, card->image.keys[1].certificate_len}};

	(void)state;
	assert_rv(C_CreateObject(session, template, 3, &object), CKR_USER_NOT_LOGGED_IN);
	assert_ok(p11_login(session, CKU_USER, AUTH_PIN));
	assert_ok(C_CreateObject(session, template, 3, &object));
}

/* Eight bytes have no room for the eleven of PKCS#1's padding. */
static void
a_key_that_is_shorter_than_the_padding_verifies_nothing(void **state)
{
	CK_SESSION_HANDLE session = p11_open(p11_slot(2, 0), 0);
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BYTE modulus[] = {0xC3, 0x5F, 0x11, 0x02, 0x99, 0x71, 0x0D, 0x0B}, exponent[] = {3},
		data[2000] = {1};
	CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
				   {CKA_KEY_TYPE, &type, sizeof(type)},
				   {CKA_MODULUS, modulus, sizeof(modulus)},
				   {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)}};
	CK_MECHANISM mechanism = {CKM_RSA_PKCS, NULL, 0};
	CK_OBJECT_HANDLE object;

	(void)state;
	assert_ok(C_CreateObject(session, template, 4, &object));
	assert_ok(C_VerifyInit(session, &mechanism, object));
	assert_rv(C_Verify(session, data, sizeof(data), modulus, sizeof(modulus)),
		  CKR_DATA_LEN_RANGE);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, p11_setup, p11_teardown)
#define EC_KEY_OF(name) cmocka_unit_test_setup_teardown(name, p11_setup_ec, p11_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(key_public_key_and_certificate_have_one_id),
	    TEST(the_private_key_has_the_parts_of_its_public_half),
	    EC_KEY_OF(an_ec_key_has_curve_and_point),
	    TEST(the_certificate_is_the_one_on_the_card),
	    TEST(an_attribute_that_is_not_there_spoils_no_other),
	    TEST(room_that_is_too_small_is_told),
	    TEST(any_attribute_may_be_searched_for),
	    TEST(a_search_gives_one_at_a_time_or_many),
	    TEST(listing_names_and_ids_reads_no_certificate),
	    TEST(vendor_classes_are_searched_in_vain),
	    TEST(the_card_takes_no_new_objects_and_loses_none),
	    TEST(a_session_holds_certificates_until_it_is_closed),
	    TEST(a_template_that_makes_no_object_is_refused),
	    TEST(a_public_key_of_a_session_verifies),
	    TEST(nothing_private_is_made_without_a_login),
	    TEST(a_key_that_is_shorter_than_the_padding_verifies_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
