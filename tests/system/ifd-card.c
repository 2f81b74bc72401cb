/*
 * tests/ifd/fake-card.h as a program: ifd-card DIRECTORY NAME. It serves until `80 1B` or a signal,
 * and says "listening" when it does.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/ifd/fake-card.h"

int
main(int argc, char **argv)
{
	struct fake_card card;
	int error;

	if (argc != 3) {
		fprintf(stderr, "usage: ifd-card DIRECTORY NAME\n");
		return 2;
	}
	error = fake_card_bind(&card, argv[1], argv[2], FAKE_GOOD);
	if (error != 0 || listen(card.listener, 4) != 0) {
		fprintf(stderr, "ifd-card: %s: %s\n", card.address.sun_path, strerror(error));
		return 1;
	}
	puts("listening");
	fflush(stdout);
	fake_card_serve(&card);
	return 0;
}
