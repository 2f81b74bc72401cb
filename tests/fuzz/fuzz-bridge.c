/*
 * Messages of the bridge, from a process that went mad: what is read can be written and reads the same
 * again.
 */
#include "fuzz.h"

#include "cmdbridge/bridge.h"

static uint8_t room[BRIDGE_MESSAGE_MAX];

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct bytes message = {data, size};
	struct writer writer = writer_to(room, sizeof(room));
	struct bridge_request request;
	struct bridge_progress progress;
	struct bridge_result result;
	enum bridge_kind kind;

	if (!bridge_kind(message, &kind))
		return 0;
	switch (kind) {
	case BRIDGE_REQUEST:
		if (bridge_request_decode(message, &request) &&
		    bridge_request_encode(&request, &writer))
			fuzz_must(bridge_request_decode(writer_bytes(&writer), &request));
		break;
	case BRIDGE_PROGRESS:
		if (bridge_progress_decode(message, &progress) &&
		    bridge_progress_encode(&progress, &writer))
			fuzz_must(bridge_progress_decode(writer_bytes(&writer), &progress));
		break;
	case BRIDGE_RESULT:
		if (bridge_result_decode(message, &result) &&
		    bridge_result_encode(&result, &writer))
			fuzz_must(bridge_result_decode(writer_bytes(&writer), &result));
		break;
	case BRIDGE_START:
	case BRIDGE_GO:
	case BRIDGE_CANCEL: break;
	}
	return 0;
}
