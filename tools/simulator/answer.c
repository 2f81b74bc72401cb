#include "answer.h"

#include <stdlib.h>
#include <string.h>

void
sim_answer_add_header(struct sim_answer *answer, const char *name, const char *value)
{
	char *copy = answer->headers_count < SIM_HEADERS_MAX ? strdup(value) : NULL;

	if (copy == NULL)
		return;
	answer->headers[answer->headers_count].name = name;
	answer->headers[answer->headers_count++].value = copy;
}

void
sim_answer_clear(struct sim_answer *answer)
{
	for (size_t i = 0; i < answer->headers_count; i++)
		free(answer->headers[i].value);
	free(answer->body);
	*answer = (struct sim_answer){0};
}
