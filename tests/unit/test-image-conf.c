/* card.conf, and every way in which it is refused. */
#include "test-image.h"

static void
a_newer_format_says_so_before_anything_else(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, "[card]\nformat = 2\nnovelty = yes\n",
			    ":2: [card] format = 2: newer than the format this Vicar knows, which "
			    "is 1; install a newer Vicar");
}

static void
the_format_comes_first(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, "[card]\npersonality = cc-v1\nformat = 1\n", ":2: ");
	assert_conf_refused(scene, "[card]\nformat = 0\n", "allowed is 1");
	assert_conf_refused(scene, "[card]\nformat = one\n", "allowed is 1");
	assert_conf_refused(scene, "", "format in [card] is missing");
}

static void
unknown_keys_and_sections_name_what_is_allowed(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, CONF_HEAD "colour = red\n",
			    ":5: [card] colour = red: unknown key; allowed are format, "
			    "personality, serial, options");
	assert_conf_refused(scene, CONF_HEAD "[key sign]\npin = 1\n",
			    "allowed are service, certificate, credential, uses, label, "
			    "certificate-label, usage");
	assert_conf_refused(scene, CONF_HEAD "[certificate a]\nfile = x\n",
			    "allowed are certificate, key, label");
	assert_conf_refused(scene, CONF_HEAD "[authority 1]\nname = x\n", "allowed is certificate");
	assert_conf_refused(scene, CONF_HEAD "[cards]\na = b\n", "unknown section");
}

static void
bad_values_are_refused(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, "[card]\nformat = 1\npersonality = a/b\n", ":3: ");
	assert_conf_refused(scene, "[card]\nformat = 1\nserial = 0\n", "hexadecimal");
	assert_conf_refused(scene, "[card]\nformat = 1\nserial =\n", "hexadecimal");
	assert_conf_refused(scene, CONF_HEAD "personality = other\n", "given twice");
	assert_conf_refused(scene, CONF_HEAD "[key sign]\nservice = a b\n", "letters, digits");
	assert_conf_refused(scene, CONF_HEAD "[key a.b]\nservice = cmd\n", "the key's name");
	assert_conf_refused(scene, CONF_HEAD "[key s]\ncertificate = ../x\n", "certificates/");
	assert_conf_refused(scene, CONF_HEAD "[key s]\ncertificate = .x\n", "certificates/");
	assert_conf_refused(scene, CONF_HEAD "[key s]\ncertificate = a\ncertificate = b\n",
			    "given twice");
	assert_conf_refused(scene, CONF_HEAD "[authority 2]\ncertificate = a\n", "numbered from 1");
	assert_conf_refused(scene, CONF_HEAD "[authority x]\ncertificate = a\n", "numbered from 1");
	assert_conf_refused(scene,
			    CONF_HEAD "[key a]\nservice=x\n[key b]\nservice=x\n[key c]\nservice=x\n"
				      "[key d]\nservice=x\n[key e]\nservice=x\n",
			    "4 keys");
}

#define KEY "[key sign]\nservice = cmd\ncertificate = sign.der\n"

static void
bad_labels_are_refused(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene,
			    CONF_HEAD KEY
			    "label = 0123456789012345678901234567890123456789012345678901234567890"
			    "1234\n",
			    "allowed are 1 to 64 bytes of UTF-8");
	assert_conf_refused(scene, CONF_HEAD KEY "label = \xC3(\n", "UTF-8");
	assert_conf_refused(scene, CONF_HEAD KEY "label = a;b\n", "UTF-8");
	assert_conf_refused(scene, CONF_HEAD KEY "label = a\xC2\x9B\n", "control characters");
	assert_conf_refused(scene, CONF_HEAD KEY "certificate-label =\n", "UTF-8");
	assert_conf_refused(scene, CONF_HEAD KEY "label = a\nlabel = b\n", "given twice");
}

static void
bad_usages_are_refused(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, CONF_HEAD KEY "usage = sign, decrypt\n",
			    "words out of sign, decrypt, derive, non-repudiation");
	assert_conf_refused(scene, CONF_HEAD KEY "usage =\n", "words out of");
	assert_conf_refused(scene, CONF_HEAD KEY "usage = sign\nusage = sign\n", "given twice");
}

static void
bad_credentials_and_uses_are_refused(void **state)
{
	struct scene *scene = *state;
	char text[512];

	create(scene);
	assert_conf_refused(scene, CONF_HEAD KEY "credential =\n",
			    "allowed are 1 to 184 printable characters of ASCII");
	assert_conf_refused(scene, CONF_HEAD KEY "credential = \xC3\xA9\n", "printable");
	assert_conf_refused(scene, CONF_HEAD KEY "credential = a\ncredential = b\n", "given twice");
	(void)snprintf(text, sizeof(text), CONF_HEAD KEY "credential = %0184d\n", 0);
	put(scene, "card.conf", text);
	assert_true(load(scene));
	(void)snprintf(text, sizeof(text), CONF_HEAD KEY "credential=%0185d\n", 0);
	assert_conf_refused(scene, text, "1 to 184");
	assert_conf_refused(scene, CONF_HEAD KEY "uses = sign\n",
			    "words out of pkcs1, pss, ecdsa, decipher-pkcs1");
	assert_conf_refused(scene, CONF_HEAD KEY "uses =\n", "words out of");
	assert_conf_refused(scene, CONF_HEAD KEY "uses = pss\nuses = pss\n", "given twice");
}

static void
a_credential_that_libinih_would_cut_is_not_written(void **state)
{
	(void)state;
	assert_true(image_credential_valid("pkcs11:token=a;id=%01"));
	assert_false(image_credential_valid("a ;b"));
	assert_false(image_credential_valid(";b"));
	assert_false(image_credential_valid(" a"));
	assert_false(image_credential_valid("a "));
	assert_false(image_credential_valid("a\nservice = b"));
}

static void
bad_further_certificates_are_refused(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, CONF_HEAD KEY "[certificate a.b]\ncertificate = x.der\n",
			    "the certificate's name");
	assert_conf_refused(scene, CONF_HEAD KEY "[certificate a]\nlabel = x\n",
			    "certificate of a [certificate NAME] is missing");
	assert_conf_refused(scene, CONF_HEAD KEY "[certificate a]\ncertificate = x\nkey = auth\n",
			    "the [key NAME] that `key` of a [certificate NAME] names is missing");
	assert_conf_refused(scene,
			    CONF_HEAD KEY "[certificate 1]\nlabel = x\n[certificate 2]\nlabel = x\n"
					  "[certificate 3]\nlabel = x\n[certificate 4]\nlabel = x\n"
					  "[certificate 5]\nlabel = x\n[certificate 6]\nlabel = x\n"
					  "[certificate 7]\nlabel = x\n[certificate 8]\nlabel = x\n"
					  "[certificate 9]\nlabel = x\n",
			    "8 further certificates");
}

static void
what_is_missing_is_named(void **state)
{
	struct scene *scene = *state;

	create(scene);
	assert_conf_refused(scene, "[card]\nformat = 1\n", "personality in [card] is missing");
	assert_conf_refused(scene, "[card]\nformat = 1\npersonality = a\n", "serial in [card]");
	assert_conf_refused(scene, CONF_HEAD, "[key NAME]");
	assert_conf_refused(scene, CONF_HEAD "[key a]\ncertificate = a\n", "service of a key");
	assert_conf_refused(scene, CONF_HEAD "[key a]\nservice = a\n", "certificate of a key");
}

static void
a_line_that_libinih_would_cut_is_refused(void **state)
{
	struct scene *scene = *state;
	char text[512];

	create(scene);
	(void)snprintf(text, sizeof(text), "[card]\nformat = 1\noptions = %0250d\n", 0);
	assert_conf_refused(scene, text, ":3: the line has 260 bytes");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    image_test(a_newer_format_says_so_before_anything_else),
	    image_test(the_format_comes_first),
	    image_test(unknown_keys_and_sections_name_what_is_allowed),
	    image_test(bad_values_are_refused),
	    image_test(bad_labels_are_refused),
	    image_test(bad_usages_are_refused),
	    image_test(bad_credentials_and_uses_are_refused),
	    cmocka_unit_test(a_credential_that_libinih_would_cut_is_not_written),
	    image_test(bad_further_certificates_are_refused),
	    image_test(what_is_missing_is_named),
	    image_test(a_line_that_libinih_would_cut_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
