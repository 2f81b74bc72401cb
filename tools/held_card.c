#include "held_card.h"

#include "applets/registry.h"
#include "paths.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { PERSONALITIES_TEXT_MAX = 256 };

/* Counters are read again once nobody else can change them. */
static bool
lock_and_load(struct image *image, const char *directory, struct problem *error)
{
	struct image_error reason = {""};
	struct image before;
	int holder = 0;
	bool ok;

	if (!image_load(&before, directory, &reason))
		return problem(error, "%s", reason.text);
	ok = image_lock(&before, &holder, &reason) && image_load(image, directory, &reason);
	if (ok) {
		image->lock = before.lock;
		before.lock = -1;
	} else {
		problem(error, "%s", reason.text);
	}
	image_free(&before);
	return ok;
}

bool
held_image(struct image *image, const char *name, struct problem *error)
{
	char directory[PATH_MAX];

	if (!image_name_valid(name))
		return problem(
		    error,
		    "%s is no card's name: it may have up to %d letters, digits, - and _, "
		    "first a letter or digit; type `vicar list`",
		    name, IMAGE_NAME_MAX - 1);
	if (!paths_card(name, directory, error))
		return false;
	if (access(directory, F_OK) != 0)
		return problem(error,
			       "there is no card %s in %s: %s; type `vicar list` for those that "
			       "are there, or `vicar enrol` to make it",
			       name, directory, strerror(errno));
	return lock_and_load(image, directory, error);
}

struct card *
held_card(const struct image *image, const struct card_host *host, struct problem *error)
{
	const struct personality *personality = registry_find(image->personality);
	char known[PERSONALITIES_TEXT_MAX];
	struct image_error reason = {""};
	struct card *card;

	if (personality == NULL) {
		registry_names(known, sizeof(known));
		problem(error,
			"card %s is a %s, which this Vicar does not know; it knows %s. Install a "
			"newer Vicar, or correct personality in %s/card.conf",
			image->name, image->personality, known, image->directory);
		return NULL;
	}
	card = card_new(image, personality, host, &reason);
	if (card == NULL)
		problem(error, "%s", reason.text);
	return card;
}
