#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ifdhandler/cards.h"
#include "ifdhandler/clock.h"
#include "ifdhandler/log.h"
#include "ifdhandler/watch.h"

enum { STRANGERS_LOGGED = 16 };

static bool
same_file(const struct card_file *a, const struct card_file *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* What is known of a card still holds. One that we are connected to stays ours when its owner
 * changes the socket's mode; should it be another socket with the same number, then the connection
 * is about to end, and the card is tried again. */
static bool
holds(const struct card *known, const struct card_file *file)
{
	if (known->state == CARD_TAKEN)
		return known->file.dev == file->dev && known->file.ino == file->ino;
	return same_file(&known->file, file);
}

/* Where `name` is in the list, or belongs. */
static size_t
place(const struct cards *cards, const char *name)
{
	size_t i = 0;

	while (i < cards->count && strcmp(cards->list[i].name, name) < 0)
		i++;
	return i;
}

struct card *
cards_find(struct cards *cards, const char *name)
{
	size_t i = place(cards, name);

	return i < cards->count && strcmp(cards->list[i].name, name) == 0 ? &cards->list[i] : NULL;
}

/* The one that goes when there are too many: of the user who has most, the last that is in no slot. Cards of one
 * user stand together, since their names begin with the same number. */
static size_t
surplus(const struct cards *cards)
{
	size_t found = cards->count - 1, most = 0, first = 0;

	for (size_t i = 0; i < cards->count; i++) {
		if (cards->list[i].owner != cards->list[first].owner)
			first = i;
		if (cards->list[i].state != CARD_TAKEN && i - first + 1 >= most) {
			most = i - first + 1;
			found = i;
		}
	}
	return found;
}

static void
insert(struct cards *cards, const struct card *card)
{
	size_t i = place(cards, card->name), gone;

	memmove(&cards->list[i + 1], &cards->list[i], (cards->count - i) * sizeof cards->list[0]);
	cards->list[i] = *card;
	cards->count++;
	if (cards->count <= CARDS_MAX)
		return;
	gone = surplus(cards);
	cards->count--;
	memmove(&cards->list[gone], &cards->list[gone + 1],
		(cards->count - gone) * sizeof cards->list[0]);
}

/* `strangers` were seen before in this directory: of thousands each line would keep pcscd's log from others. */
static bool
examine(int directory, const char *name, int64_t now, unsigned *strangers, struct card *card)
{
	struct stat file;

	memset(card, 0, sizeof *card);
	if (!cardname_parse(name, &card->owner) ||
	    fstatat(directory, name, &file, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	if (!S_ISSOCK(file.st_mode) || file.st_uid != card->owner) {
		if ((*strangers)++ < STRANGERS_LOGGED)
			log_line(LOG_DEBUG,
				 "%s is not a socket of the user it is named after; left alone",
				 name);
		return false;
	}
	memcpy(card->name, name, strlen(name) + 1); /* cardname_parse() has measured it */
	card->file = (struct card_file){file.st_dev, file.st_ino, file.st_ctim};
	card->state = CARD_WAITING;
	card->delay_ms = RETRY_FIRST_MS;
	card->due = now;
	return true;
}

bool
cards_read(struct cards *cards, const char *directory, int64_t now)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool gone = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct cards found = {.count = 0};
	const struct dirent *entry;
	unsigned strangers = 0;

	while (stream != NULL && (entry = readdir(stream)) != NULL) {
		const struct card *known = cards_find(cards, entry->d_name);
		struct card card;

		if (!examine(fd, entry->d_name, now, &strangers, &card))
			continue;
		if (known != NULL && holds(known, &card.file))
			card = *known;
		insert(&found, &card);
	}
	if (stream != NULL)
		closedir(stream);
	else if (fd >= 0)
		close(fd);
	if (stream == NULL && !gone)
		return false;
	*cards = found;
	return true;
}

void
card_rest(struct card *card, int64_t now, int64_t stayed_ms)
{
	if (stayed_ms >= RETRY_LONGEST_MS)
		card->delay_ms = RETRY_FIRST_MS;
	card->state = CARD_WAITING;
	card->due = now + card->delay_ms;
	card->delay_ms *= 2;
	if (card->delay_ms > RETRY_LONGEST_MS)
		card->delay_ms = RETRY_LONGEST_MS;
}

void
cards_invite(struct cards *cards, int64_t now)
{
	for (size_t i = 0; i < cards->count; i++) {
		if (cards->list[i].state == CARD_FULL) {
			cards->list[i].state = CARD_WAITING;
			cards->list[i].due = now;
		}
	}
}

int64_t
cards_due(const struct cards *cards)
{
	int64_t due = CLOCK_NEVER;

	for (size_t i = 0; i < cards->count; i++)
		if (cards->list[i].state == CARD_WAITING)
			due = clock_earlier(due, cards->list[i].due);
	return due;
}
