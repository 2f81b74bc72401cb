/* vicar cert: the certificates of a card, told and handed out. */
#include "test-vicar.h"

#include "tools/vicar/cert.h"
#include "tools/vicar/command.h"

#include <openssl/pem.h>

#define SIGNING "critical,nonRepudiation"
#define ISSUING "critical,keyCertSign,cRLSign"

/* A card of a key and two authorities; `der` is the certificates' memory. */
struct sample {
	struct image image;
	X509 *leaf, *ca, *root;
	uint8_t der[3][2048];
};

static size_t
der_of(X509 *certificate, uint8_t *der)
{
	return test_der(&certificate, 1, der);
}

static int
sample_set_up(void **state)
{
	static struct sample sample;

	sample.root = test_certificate(
	    &(struct test_certificate){.name = "Root", .key_usage = ISSUING, .authority = true});
	sample.ca = test_certificate(&(struct test_certificate){
	    .name = "CA", .issuer = sample.root, .key_usage = ISSUING, .authority = true});
	sample.leaf = test_certificate(&(struct test_certificate){
	    .name = "Maria", .key = test_key(3072), .issuer = sample.ca, .key_usage = SIGNING});
	sample.image = (struct image){
	    .name = "cc",
	    .keys = {{.name = "sign",
		      .service = "cmd",
		      .certificate = sample.der[0],
		      .certificate_len = der_of(sample.leaf, sample.der[0])}},
	    .keys_count = 1,
	    .authorities = {{sample.der[1], der_of(sample.ca, sample.der[1])},
			    {sample.der[2], der_of(sample.root, sample.der[2])}},
	    .authorities_count = 2,
	};
	*state = &sample;
	return 0;
}

static int
sample_tear_down(void **state)
{
	struct sample *sample = *state;

	X509_free(sample->leaf);
	X509_free(sample->ca);
	X509_free(sample->root);
	return 0;
}

/* ---- list ---- */

/* What is printed. Freed by the caller. */
static char *
listed(const struct sample *sample)
{
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);

	assert_true(cert_list(out, &sample->image));
	fclose(out);
	return text;
}

static void
assert_listed(void **state, const char *expected)
{
	char *text = listed(*state);

	if (strstr(text, expected) == NULL)
		fail_msg("\"%s\" is not in:\n%s", expected, text);
	free(text);
}

static void
the_key_s_certificate_is_first_and_its_issuer_next(void **state)
{
	char *text = listed(*state);
	const char *leaf = strstr(text, "certificate: sign\nsubject: CN=Maria\nissuer: CN=CA\n");
	const char *ca = strstr(text, "certificate: authority1\nsubject: CN=CA\nissuer: CN=Root\n");
	const char *root =
	    strstr(text, "certificate: authority2\nsubject: CN=Root\nissuer: CN=Root\n");

	assert_ptr_equal(leaf, text);
	assert_non_null(ca);
	assert_true(root > ca);
	free(text);
}

static void
the_serial_is_hexadecimal(void **state)
{
	struct sample *sample = *state;

	ASN1_INTEGER_set(X509_get_serialNumber(sample->leaf), 0x1A2B3C);
	assert_true(X509_sign(sample->leaf, test_key(2048), EVP_sha256()) > 0);
	sample->image.keys[0].certificate_len = der_of(sample->leaf, sample->der[0]);
	assert_listed(state, "serial: 1A2B3C\n");
}

static void
the_dates_are_first_and_last_day(void **state)
{
	struct sample *sample = *state;

	assert_int_equal(ASN1_TIME_set_string(X509_getm_notBefore(sample->leaf), "20260102030405Z"),
			 1);
	assert_int_equal(ASN1_TIME_set_string(X509_getm_notAfter(sample->leaf), "20310203040506Z"),
			 1);
	assert_true(X509_sign(sample->leaf, test_key(2048), EVP_sha256()) > 0);
	sample->image.keys[0].certificate_len = der_of(sample->leaf, sample->der[0]);
	assert_listed(state, "valid: 2026-01-02 to 2031-02-03\n");
}

static void
a_remote_key_is_told_with_its_service(void **state)
{
	assert_listed(state, "key: RSA-3072, at service cmd\nusage: nonRepudiation\n");
}

static void
a_local_key_is_told_to_be_in_a_file(void **state)
{
	struct sample *sample = *state;

	strcpy(sample->image.keys[0].service, IMAGE_SERVICE_FILE);
	assert_listed(state, "key: RSA-3072, in a file of the card\n");
}

static void
the_key_of_an_authority_is_nowhere(void **state)
{
	assert_listed(state, "key: RSA-2048\nusage: keyCertSign, cRLSign\n");
}

static void
an_elliptic_curve_is_told_by_its_usual_name(void **state)
{
	struct sample *sample = *state;
	EVP_PKEY *key = EVP_EC_gen("P-384");
	X509 *leaf = test_certificate(&(struct test_certificate){.name = "EC", .key = key});

	sample->image.keys[0].certificate_len = der_of(leaf, sample->der[0]);
	assert_listed(state, "key: P-384, at service cmd\nusage: not restricted\n");
	X509_free(leaf);
	EVP_PKEY_free(key);
}

static void
a_name_cannot_send_commands_to_the_terminal(void **state)
{
	struct sample *sample = *state;
	X509 *leaf = test_certificate(&(struct test_certificate){.name = "M\302\2332J\303\244"});

	sample->image.keys[0].certificate_len = der_of(leaf, sample->der[0]);
	assert_listed(state, "subject: CN=M?2J\303\244\n");
	X509_free(leaf);
}

static void
a_certificate_that_is_none_fails_and_the_others_are_listed(void **state)
{
	struct sample *sample = *state;
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);
	bool ok;

	sample->der[0][0] = 0;
	ok = cert_list(out, &sample->image);
	fclose(out);
	assert_false(ok);
	assert_non_null(strstr(text, "subject: CN=Root\n"));
	free(text);
}

/* ---- export ---- */

/* What was exported, to be closed and freed by the caller. */
struct exported {
	char *text;
	size_t len;
	BIO *reader;
};

static struct exported
export_of(const struct sample *sample, const char *which, bool der)
{
	struct exported exported = {0};
	struct problem error = {""};
	FILE *out = capture_begin(&exported.text, &exported.len);
	const bool ok = cert_export(out, &sample->image, which, der, &error);

	fclose(out);
	if (!ok)
		fail_msg("%s", error.text);
	exported.reader = BIO_new_mem_buf(exported.text, (int)exported.len);
	return exported;
}

static void
exported_free(struct exported *exported)
{
	BIO_free(exported->reader);
	free(exported->text);
}

static void
assert_next(const struct exported *exported, const X509 *expected)
{
	X509 *certificate = PEM_read_bio_X509(exported->reader, NULL, NULL, NULL);

	assert_non_null(certificate);
	assert_int_equal(X509_cmp(certificate, expected), 0);
	X509_free(certificate);
}

static void
assert_end(const struct exported *exported)
{
	assert_null(PEM_read_bio_X509(exported->reader, NULL, NULL, NULL));
}

static void
without_a_role_the_chain_is_exported(void **state)
{
	const struct sample *sample = *state;
	struct exported exported = export_of(sample, NULL, false);

	assert_next(&exported, sample->leaf);
	assert_next(&exported, sample->ca);
	assert_next(&exported, sample->root);
	assert_end(&exported);
	exported_free(&exported);
}

static void
a_role_exports_the_certificate_of_its_key(void **state)
{
	const struct sample *sample = *state;
	struct exported exported = export_of(sample, "sign", false);

	assert_next(&exported, sample->leaf);
	assert_end(&exported);
	exported_free(&exported);
}

static void
an_authority_is_exported_by_its_number(void **state)
{
	const struct sample *sample = *state;
	struct exported exported = export_of(sample, "authority2", false);

	assert_next(&exported, sample->root);
	assert_end(&exported);
	exported_free(&exported);
}

static void
der_is_the_certificate_as_the_card_has_it(void **state)
{
	const struct sample *sample = *state;
	struct exported exported = export_of(sample, "authority1", true);

	assert_int_equal(exported.len, sample->image.authorities[0].certificate_len);
	assert_memory_equal(exported.text, sample->der[1], exported.len);
	exported_free(&exported);
}

static void
assert_export_refused(void **state, const char *which, bool der, const char *reason)
{
	const struct sample *sample = *state;
	struct problem error = {""};
	char *text = NULL;
	size_t len;
	FILE *out = capture_begin(&text, &len);
	const bool ok = cert_export(out, &sample->image, which, der, &error);

	fclose(out);
	free(text);
	assert_false(ok);
	assert_int_equal(len, 0);
	if (strstr(error.text, reason) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", error.text, reason);
}

static void
a_role_that_the_card_has_not_is_refused_with_those_it_has(void **state)
{
	assert_export_refused(state, "auth", false, "only sign, authority1, authority2;");
}

static void
der_of_several_certificates_is_refused(void **state)
{
	assert_export_refused(state, NULL, true, "say which");
}

static void
a_certificate_that_is_none_is_not_exported_as_pem(void **state)
{
	struct sample *sample = *state;

	sample->der[0][0] = 0;
	assert_export_refused(state, "sign", false, "certificate sign cannot be read");
}

/* ---- the command ---- */

static void
make_card(void **state)
{
	struct sample *sample;
	struct image_error error = {""};
	struct home *home = *state;
	void *inner = NULL;

	assert_int_equal(sample_set_up(&inner), 0);
	sample = inner;
	strcpy(sample->image.personality, "cc-v1");
	sample->image.serial_len = 8;
	snprintf(sample->image.directory, sizeof(sample->image.directory), "%s/" CARD, home->path);
	if (!image_create(&sample->image, &error))
		fail_msg("%s", error.text);
	sample_tear_down(&inner);
}

#define VICAR_CERT(...) \
	vicar_cert((char *[]){(char[]){"vicar"}, (char[]){"cert"}, __VA_ARGS__, NULL})

static enum command_exit
vicar_cert(char **argv)
{
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	return command_main(argc, argv);
}

static char *
text_of(void **state, const char *file)
{
	static char text[16];
	FILE *in = fopen(home_file(state, file), "re");

	assert_non_null(in);
	assert_non_null(fgets(text, sizeof(text), in));
	fclose(in);
	return text;
}

static void
a_file_is_replaced_by_what_is_exported(void **state)
{
	char path[HOME_FILE_MAX];

	make_card(state);
	snprintf(path, sizeof(path), "%s", home_write(state, "out.pem", "old\n", 0600));
	assert_int_equal(VICAR_CERT((char[]){"export"}, (char[]){"cc"}, (char[]){"sign"},
				    (char[]){"--output"}, path),
			 COMMAND_OK);
	assert_string_equal(text_of(state, "out.pem"), "-----BEGIN CERT");
}

static void
a_file_is_left_as_it_was_when_there_is_nothing_to_export(void **state)
{
	char path[HOME_FILE_MAX];

	make_card(state);
	snprintf(path, sizeof(path), "%s", home_write(state, "out.pem", "old\n", 0600));
	assert_int_equal(VICAR_CERT((char[]){"export"}, (char[]){"cc"}, (char[]){"auth"},
				    (char[]){"--output"}, path),
			 COMMAND_FAILED);
	assert_string_equal(text_of(state, "out.pem"), "old\n");
}

static void
a_file_that_cannot_be_written_fails(void **state)
{
	make_card(state);
	assert_int_equal(VICAR_CERT((char[]){"export"}, (char[]){"cc"}, (char[]){"--output"},
				    (char[]){"/dev/full"}),
			 COMMAND_FAILED);
}

static void
a_card_that_is_not_there_fails(void **state)
{
	(void)state;
	assert_int_equal(VICAR_CERT((char[]){"list"}, (char[]){"cc"}), COMMAND_FAILED);
}

static void
neither_list_nor_export_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VICAR_CERT((char[]){"show"}, (char[]){"cc"}), COMMAND_USAGE);
}

static void
a_list_of_one_role_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VICAR_CERT((char[]){"list"}, (char[]){"cc"}, (char[]){"sign"}),
			 COMMAND_USAGE);
}

static void
a_list_in_der_is_wrong_usage(void **state)
{
	(void)state;
	assert_int_equal(VICAR_CERT((char[]){"list"}, (char[]){"cc"}, (char[]){"--der"}),
			 COMMAND_USAGE);
}

#define SAMPLE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, sample_set_up, sample_tear_down)
#define HOME_TEST(function) cmocka_unit_test_setup_teardown(function, home_set_up, home_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    SAMPLE_TEST(the_key_s_certificate_is_first_and_its_issuer_next),
	    SAMPLE_TEST(the_serial_is_hexadecimal),
	    SAMPLE_TEST(the_dates_are_first_and_last_day),
	    SAMPLE_TEST(a_remote_key_is_told_with_its_service),
	    SAMPLE_TEST(a_local_key_is_told_to_be_in_a_file),
	    SAMPLE_TEST(the_key_of_an_authority_is_nowhere),
	    SAMPLE_TEST(an_elliptic_curve_is_told_by_its_usual_name),
	    SAMPLE_TEST(a_name_cannot_send_commands_to_the_terminal),
	    SAMPLE_TEST(a_certificate_that_is_none_fails_and_the_others_are_listed),
	    SAMPLE_TEST(without_a_role_the_chain_is_exported),
	    SAMPLE_TEST(a_role_exports_the_certificate_of_its_key),
	    SAMPLE_TEST(an_authority_is_exported_by_its_number),
	    SAMPLE_TEST(der_is_the_certificate_as_the_card_has_it),
	    SAMPLE_TEST(a_role_that_the_card_has_not_is_refused_with_those_it_has),
	    SAMPLE_TEST(der_of_several_certificates_is_refused),
	    SAMPLE_TEST(a_certificate_that_is_none_is_not_exported_as_pem),
	    HOME_TEST(a_file_is_replaced_by_what_is_exported),
	    HOME_TEST(a_file_is_left_as_it_was_when_there_is_nothing_to_export),
	    HOME_TEST(a_file_that_cannot_be_written_fails),
	    HOME_TEST(a_card_that_is_not_there_fails),
	    HOME_TEST(neither_list_nor_export_is_wrong_usage),
	    HOME_TEST(a_list_of_one_role_is_wrong_usage),
	    HOME_TEST(a_list_in_der_is_wrong_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
