/*
 * What the tests of the card image on disk share: a directory of their own with a card in it.
 */
#ifndef VICAR_TESTS_UNIT_TEST_IMAGE_H
#define VICAR_TESTS_UNIT_TEST_IMAGE_H

#include "emulator/image.h"

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "card-fixture.h"

/* A directory of its own for each test; the card's is cards/mine in it. */
struct scene {
	char root[64];
	char card[128];
	struct image written;
	struct image image;
	struct image_error error;
};

static inline int
set_up(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct image *written;

	assert_non_null(scene);
	set_text(scene->root, "/tmp/vicar-test-image.XXXXXX");
	assert_non_null(mkdtemp(scene->root));
	(void)snprintf(scene->card, sizeof(scene->card), "%s/cards/mine", scene->root);
	scene->image.lock = -1;
	written = &scene->written;
	set_text(written->name, "mine");
	set_text(written->directory, scene->card);
	set_text(written->personality, "cc-v1");
	set_text(written->options, "user-consent pin-tries=2");
	memcpy(written->serial, "\x01\x23\xAB", 3);
	written->serial_len = 3;
	written->lock = -1;
	fixture_add_image_key(written, "sign", "cmd");
	fixture_add_image_key(written, "auth", "file");
	fixture_certificate(fixture_rsa(), &written->authorities[0].certificate,
			    &written->authorities[0].certificate_len);
	written->authorities_count = 1;
	*state = scene;
	return 0;
}

static inline int
remove_entry(const char *entry, const struct stat *status, int kind, struct FTW *position)
{
	(void)status;
	(void)kind;
	(void)position;
	return remove(entry);
}

static inline int
tear_down(void **state)
{
	struct scene *scene = *state;

	image_free(&scene->image);
	for (size_t i = 0; i < IMAGE_KEYS_MAX; i++)
		OPENSSL_free(scene->written.keys[i].certificate);
	OPENSSL_free(scene->written.authorities[0].certificate);
	assert_int_equal(nftw(scene->root, remove_entry, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(scene);
	return 0;
}

#define image_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static inline const char *
path(const struct scene *scene, const char *name)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s/%s", scene->card, name);
	return text;
}

static inline void
put(const struct scene *scene, const char *name, const char *text)
{
	FILE *file = fopen(path(scene, name), "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static inline bool
load(struct scene *scene)
{
	image_free(&scene->image);
	return image_load(&scene->image, scene->card, &scene->error);
}

static inline void
create(struct scene *scene)
{
	assert_true(image_create(&scene->written, &scene->error));
}

static inline unsigned
mode_of(const struct scene *scene, const char *name)
{
	struct stat status;

	assert_int_equal(lstat(path(scene, name), &status), 0);
	return status.st_mode & 0777;
}

/* The image does not load, and the text holds each of the parts. */
#define assert_not_loaded(scene, part)                                                    \
	do {                                                                              \
		assert_false(load(scene));                                                \
		if (strstr((scene)->error.text, (part)) == NULL)                          \
			fail_msg("\"%s\" is not in \"%s\"", (part), (scene)->error.text); \
	} while (0)

#define CONF_HEAD "[card]\nformat = 1\npersonality = cc-v1\nserial = 01\n"

static inline void
assert_conf_refused(struct scene *scene, const char *text, const char *part)
{
	put(scene, "card.conf", text);
	assert_not_loaded(scene, part);
	assert_non_null(strstr(scene->error.text, "card.conf"));
}

#endif
