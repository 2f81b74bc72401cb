/*
 * Answers of the CMD service: the first byte says to which operation.
 */
#include "fuzz.h"

#include "cmdbridge/scmd.h"

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	xmlInitParser();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scmd_answer answer;
	enum scmd_result result;

	if (size == 0)
		return 0;
	result = scmd_answer_read((enum scmd_operation)(data[0] % (SCMD_FORCE_SMS + 1)),
				  (struct bytes){data + 1, size - 1}, &answer);
	fuzz_must(result == SCMD_ANSWERED || result == SCMD_FAULT || result == SCMD_GARBAGE);
	fuzz_must(answer.signature.len <= sizeof(answer.signature.data));
	for (size_t i = 0; answer.list != NULL && i < SCMD_DOCUMENTS_MAX; i++)
		fuzz_must(answer.list[i].len <= sizeof(answer.list[i].data));
	scmd_answer_free(&answer);
	return 0;
}
