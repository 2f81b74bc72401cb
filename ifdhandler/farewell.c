#include <errno.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ifdhandler/clock.h"
#include "ifdhandler/farewell.h"
#include "ifdhandler/message.h"

void
farewells_init(struct farewells *farewells)
{
	for (unsigned i = 0; i < FAREWELLS_MAX; i++)
		farewells->list[i].link = -1;
}

static void
end(struct farewell *farewell)
{
	if (farewell->link >= 0)
		close(farewell->link);
	farewell->link = -1;
}

void
farewells_done(struct farewells *farewells)
{
	for (unsigned i = 0; i < FAREWELLS_MAX; i++)
		end(&farewells->list[i]);
}

void
farewells_add(struct farewells *farewells, int link, int64_t now)
{
	struct farewell *oldest = &farewells->list[0];

	for (unsigned i = 0; i < FAREWELLS_MAX && oldest->link >= 0; i++)
		if (farewells->list[i].link < 0 || farewells->list[i].due < oldest->due)
			oldest = &farewells->list[i];
	end(oldest);
	oldest->link = link;
	oldest->due = now + FAREWELL_MS;
	message_full(link);
}

/* An unread hello would reset the connection when it is closed. A card that says more than its hello
 * does not keep us reading: it is done with too. */
static bool
is_done_with(int link)
{
	char ignored;
	ssize_t got = recv(link, &ignored, sizeof ignored, MSG_DONTWAIT);

	if (got > 0)
		got = recv(link, &ignored, sizeof ignored, MSG_DONTWAIT);
	return got >= 0 || (errno != EAGAIN && errno != EINTR);
}

int64_t
farewells_look(struct farewells *farewells, int64_t now)
{
	int64_t due = CLOCK_NEVER;

	for (unsigned i = 0; i < FAREWELLS_MAX; i++) {
		struct farewell *farewell = &farewells->list[i];

		if (farewell->link < 0)
			continue;
		if (is_done_with(farewell->link) || farewell->due <= now)
			end(farewell);
		else
			due = clock_earlier(due, farewell->due);
	}
	return due;
}
