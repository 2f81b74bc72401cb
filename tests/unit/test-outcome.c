/* design.md, "Remote trouble": each row, and the words the service demands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/outcome.h"
#include "iso7816/sw.h"

static void
each_http_status_has_its_status_word(void **state)
{
	static const struct {
		long status;
		uint16_t sw;
	} rows[] = {
	    {401, 0x6F12}, {403, 0x6F12}, {407, 0x6F12}, {413, 0x6F1F}, {500, 0x6F10},
	    {503, 0x6F10}, {302, 0x6F1F}, {404, 0x6F1F}, {415, 0x6F1F}, {600, 0x6F1F},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(outcome_sw(outcome_of_status(rows[i].status)), rows[i].sw);
}

static void
each_trouble_has_its_status_word(void **state)
{
	static const struct {
		enum outcome outcome;
		uint16_t sw;
	} rows[] = {
	    {OUTCOME_NO_CONSENT, 0x6401},
	    {OUTCOME_CODE_CANCELLED, 0x6401},
	    {OUTCOME_NO_ANSWER, 0x6400},
	    {OUTCOME_NO_PROMPT, 0x6400},
	    {OUTCOME_CODE_EXPIRED, 0x6400},
	    {OUTCOME_UNREACHABLE, 0x6F10},
	    {OUTCOME_NO_NAME, 0x6F10},
	    {OUTCOME_NO_TLS, 0x6F10},
	    {OUTCOME_FORBIDDEN, 0x6F12},
	    {OUTCOME_UNTRUSTED, 0x6F11},
	    {OUTCOME_CREDENTIALS, 0x6F12},
	    {OUTCOME_PROXY_CREDENTIALS, 0x6F12},
	    {OUTCOME_ACCOUNT_UNKNOWN, 0x6F15},
	    {OUTCOME_SIGNATURE_WRONG, 0x6F16},
	    {OUTCOME_FATE_UNKNOWN, 0x6F17},
	    {OUTCOME_CERTIFICATE_EXPIRED, 0x6F18},
	    {OUTCOME_ENCRYPTION_EXPIRED, 0x6F19},
	    {OUTCOME_CODE_WRONG, 0x6F1A},
	    {OUTCOME_NOT_A_DIGESTINFO, 0x6A80},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(outcome_sw(rows[i].outcome), rows[i].sw);
}

static void
every_trouble_has_a_sentence_and_a_next_step(void **state)
{
	char text[OUTCOME_TEXT_MAX];

	(void)state;
	for (unsigned i = OUTCOME_OK + 1; i < OUTCOME_COUNT; i++) {
		if (i == OUTCOME_GONE) /* nobody is there to be told */
			continue;
		outcome_text((enum outcome)i, NULL, text);
		assert_int_equal(text[strlen(text) - 1], '.');
		assert_true(strlen(outcome_next((enum outcome)i)) > 0);
		assert_null(strchr(text, '\n'));
		assert_int_not_equal(outcome_sw((enum outcome)i), SW_OK);
	}
}

/* cmd.md 9, word for word. */
static void
code_901_has_the_demanded_words(void **state)
{
	char text[OUTCOME_TEXT_MAX];

	(void)state;
	outcome_text(OUTCOME_ALL_PINS_MUST_CHANGE, NULL, text);
	assert_string_equal(text, "Para continuar a usar a assinatura da CMD, tem de alterar o seu "
				  "PIN de assinatura. Para o alterar, basta iniciar sessão com CMD "
				  "em www.autenticacao.gov.pt.");
	assert_true(outcome_must_be_shown(OUTCOME_ALL_PINS_MUST_CHANGE));
}

static void
code_902_has_the_demanded_words(void **state)
{
	char text[OUTCOME_TEXT_MAX];

	(void)state;
	outcome_text(OUTCOME_SIGNATURE_PIN_MUST_CHANGE, NULL, text);
	assert_string_equal(
	    text, "Para continuar a usar a assinatura da CMD, tem de alterar o seu PIN de "
		  "assinatura em www.autenticacao.gov.pt. Inicie sessão e aceda a \"Área "
		  "Reservada -> A Minha Chave Móvel Digital\" e escolha editar em “Assinatura "
		  "Digital.");
	assert_true(outcome_must_be_shown(OUTCOME_SIGNATURE_PIN_MUST_CHANGE));
}

static void
details_stand_in_brackets(void **state)
{
	char text[OUTCOME_TEXT_MAX];

	(void)state;
	outcome_text(OUTCOME_PIN_REFUSED, "number +351 9*****678", text);
	assert_string_equal(text, "The service refused the signature PIN. (number +351 9*****678)");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_http_status_has_its_status_word),
	    cmocka_unit_test(each_trouble_has_its_status_word),
	    cmocka_unit_test(every_trouble_has_a_sentence_and_a_next_step),
	    cmocka_unit_test(code_901_has_the_demanded_words),
	    cmocka_unit_test(code_902_has_the_demanded_words),
	    cmocka_unit_test(details_stand_in_brackets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
