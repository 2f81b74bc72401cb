/*
 * The card's end of vsmartcard's protocol: a stream in pieces of any length.
 */
#include "fuzz.h"

#include "tools/vicard/vpcd.h"

#include <string.h>
#include <sys/socket.h>

static struct vpcd vpcd;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t answer[] = {0x90, 0x00};
	struct reader input = reader_of((struct bytes){data, size});
	struct vpcd_request request;
	enum vpcd_result result;
	struct bytes piece;
	int ends[2];

	fuzz_must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
	memset(&vpcd, 0, sizeof(vpcd));
	vpcd.fd = ends[0];
	vpcd.where = "fuzz:1";
	while (fuzz_message(&input, &piece)) {
		(void)!send(ends[1], piece.data, piece.len, MSG_NOSIGNAL);
		while ((result = vpcd_receive(&vpcd, &request)) == VPCD_REQUEST) {
			if (request.kind == VPCD_TRANSMIT)
				fuzz_must(request.capdu.len >= 2 &&
					  request.capdu.len <= VPCD_BODY_MAX);
			if (request.kind == VPCD_TRANSMIT || request.kind == VPCD_ATR)
				fuzz_must(vpcd_answer(&vpcd, BYTES(answer)));
			while (recv(ends[1], (uint8_t[64]){0}, 64, MSG_DONTWAIT) > 0)
				;
		}
		if (result != VPCD_NOTHING)
			break;
	}
	vpcd_close(&vpcd);
	close(ends[1]);
	return 0;
}
