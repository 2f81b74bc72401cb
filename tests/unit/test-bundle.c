/* Info.plist, which says who the driver is: what it repeats stays what it repeats. */
#include <stdio.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int
read_bundle(void **state)
{
	static char text[4096];
	FILE *file = fopen("Info.plist", "re");
	size_t len;

	if (file == NULL)
		return -1;
	len = fread(text, 1, sizeof(text) - 1, file);
	(void)fclose(file);
	text[len] = '\0';
	*state = text;
	return 0;
}

/* What stands behind <key>KEY</key>, its element's tags and white space included, is `expected`. */
static void
expect(const char *bundle, const char *key, const char *expected)
{
	char element[128], whole[128] = "";
	const char *at;

	(void)snprintf(element, sizeof(element), "<key>%s</key>", key);
	at = strstr(bundle, element);
	assert_non_null(at);
	at += strlen(element);
	at += strspn(at, " \t\n");
	(void)snprintf(whole, sizeof(whole), "%.*s", (int)strlen(expected), at);
	assert_string_equal(whole, expected);
}

static void
the_bundle_has_the_version_of_the_programs(void **state)
{
	const char *version = "<string>" VICAR_VERSION "</string>";

	expect(*state, "CFBundleShortVersionString", version);
	expect(*state, "CFBundleVersion", version);
}

static void
the_bundle_names_the_library_that_is_installed_in_it(void **state)
{
	expect(*state, "CFBundleExecutable", "<string>libifdvicar.so</string>");
}

/* pcscd says nothing of a bundle whose arrays are there and empty. */
static void
the_bundle_claims_no_usb_device(void **state)
{
	const char *empty = "<array>\n\t</array>";

	expect(*state, "ifdVendorID", empty);
	expect(*state, "ifdProductID", empty);
	expect(*state, "ifdFriendlyName", empty);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_bundle_has_the_version_of_the_programs),
	    cmocka_unit_test(the_bundle_names_the_library_that_is_installed_in_it),
	    cmocka_unit_test(the_bundle_claims_no_usb_device),
	};

	return cmocka_run_group_tests(tests, read_bundle, NULL);
}
