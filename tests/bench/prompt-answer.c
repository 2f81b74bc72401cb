/*
 * `command` of [prompt] that agrees to everything at once, vicar.conf(5): prompt-answer MESSAGES, the simulator's
 * file of text messages, whose last one ends with the code.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { QUESTION_MAX = 4096, TAIL = 4096, CODE_LEN = 6, YES_FD = 3, CODE_FD = 4 };

int
main(int argc, char **argv)
{
	char text[TAIL];
	ssize_t got = read(STDIN_FILENO, text, sizeof(text) - 1);
	FILE *messages;
	size_t len;

	if (argc != 2 || got <= 0)
		return 1;
	text[got] = '\0';
	if (strstr(text, "answer: yes\n") != NULL)
		return write(YES_FD, "yes\n", 4) == 4 ? 0 : 1;
	messages = fopen(argv[1], "re");
	if (messages == NULL)
		return 1;
	(void)fseek(messages, -(long)sizeof(text), SEEK_END);
	len = fread(text, 1, sizeof(text), messages);
	while (len > 0 && (text[len - 1] < '0' || text[len - 1] > '9'))
		len--;
	if (len < CODE_LEN)
		return 1;
	return write(CODE_FD, text + len - CODE_LEN, CODE_LEN) == CODE_LEN ? 0 : 1;
}
