#include "cards.h"

#include "tools/paths.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int
is_name(const struct dirent *entry)
{
	return image_name_valid(entry->d_name);
}

static bool
room_for(struct cards *cards, size_t count, struct problem *error)
{
	*cards = (struct cards){0};
	if (count == 0)
		return true;
	if ((cards->names = calloc(count, sizeof(*cards->names))) == NULL)
		problem(error, "no memory for the list of cards; close some programs");
	return cards->names != NULL;
}

/* `name` is image_name_valid(), so that it fits. */
static void
add(struct cards *cards, const char *name)
{
	memcpy(cards->names[cards->count++], name, strnlen(name, IMAGE_NAME_MAX - 1));
}

bool
cards_list(struct cards *cards, struct problem *error)
{
	struct dirent **entries = NULL;
	char directory[PATH_MAX];
	int count;
	bool ok;

	*cards = (struct cards){0};
	if (!paths_cards(directory, error))
		return false;
	count = scandir(directory, &entries, is_name, alphasort);
	if (count < 0)
		return errno == ENOENT || problem(error,
						  "the directory of the cards, %s, cannot be read: "
						  "%s; see its permissions",
						  directory, strerror(errno));
	ok = room_for(cards, (size_t)count, error);
	for (int i = 0; i < count; i++) {
		if (ok)
			add(cards, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return ok;
}

void
cards_free(struct cards *cards)
{
	free(cards->names);
	*cards = (struct cards){0};
}

bool
cards_find(const char *name, char directory[PATH_MAX], struct problem *error)
{
	if (!image_name_valid(name))
		return problem(
		    error, "%s cannot be a card's name; to see the cards type: vicar list", name);
	if (!paths_card(name, directory, error))
		return false;
	/* A link that leads nowhere is there too: vicar create says so, vicar forget takes it away. */
	if (faccessat(AT_FDCWD, directory, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return true;
	if (errno == ENOENT)
		return problem(
		    error,
		    "there is no card %s; to see the cards type: vicar list; to make one: vicar "
		    "enrol, vicar create",
		    name);
	return problem(error, "card %s in %s cannot be read: %s; see its permissions", name,
		       directory, strerror(errno));
}

bool
cards_chosen(struct cards *cards, const char *name, struct problem *error)
{
	char directory[PATH_MAX];

	if (name == NULL)
		return cards_list(cards, error);
	if (!cards_find(name, directory, error) || !room_for(cards, 1, error))
		return false;
	add(cards, name);
	return true;
}
