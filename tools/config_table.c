/*
 * The whole of what may stand in vicar.conf(5), but for what the PKCS#11 module (pkcs11/settings.h) and the types
 * of services (tools/config_options.h) have of their own.
 */
#include "tools/config.h"

#include "ifdhandler/link.h"
#include "tools/config_key.h"
#include "tools/pin_policy.h"

#include <stddef.h>

#define IN_CONFIG(member) offsetof(struct config, member)
#define IN_SERVICE(member) offsetof(struct service_config, member)
#define AT_PATH "a path that begins with / or ~/"
#define A_COMMAND "a program's path that begins with / or ~/, and its arguments"

const struct key config_keys[] = {
    {SECTION_CARD, VALUE_PATH, "socket-directory", IN_CONFIG(socket_directory),
     .text = LINK_DIRECTORY, .allowed = AT_PATH},
    {SECTION_CARD, VALUE_TEXT, "pcscd-user", IN_CONFIG(pcscd_user), .allowed = "a user name"},
    {SECTION_CARD, VALUE_NUMBER, "pin-tries", IN_CONFIG(pin_tries), 1, 15, 2,
     .allowed = "a number from 1 to 15"},
    {SECTION_CARD, VALUE_SET, "drop-pin-on", IN_CONFIG(drop_pin_on),
     .number = CONFIG_DROP_LOCK | CONFIG_DROP_SLEEP | CONFIG_DROP_INACTIVE,
     .allowed = "none, or some of lock, sleep, inactive with commas between",
     .begins = {"lock", "sleep", "inactive"}},
    {SECTION_CARD, VALUE_NUMBER, "min-pin-length", IN_CONFIG(min_pin_length), 4, 8, 4,
     .allowed = "a number from 4 to 8"},
    {SECTION_CARD, VALUE_CHOICE, "digits-only", IN_CONFIG(digits_only), .allowed = "yes or no",
     .begins = {"no", "yes"}},
    {SECTION_CARD, VALUE_SET, "pin-complexity", IN_CONFIG(pin_complexity), .number = PIN_NOT_SAME,
     .allowed = "none, or some of same, run, repeat, date with commas between",
     .begins = {"same", "run", "repeat", "date"}},
    {SECTION_CARD, VALUE_NUMBER, "journal-size-kb", IN_CONFIG(journal_size_kb), 0, 1048576, 1024,
     .allowed = "a number from 0 to 1048576"},
    {SECTION_CARD, VALUE_NUMBER, "journal-keep", IN_CONFIG(journal_keep), 1, 99, 9,
     .allowed = "a number from 1 to 99"},
    {SECTION_CARD, VALUE_PATH, "on-insert", IN_CONFIG(on_insert), .allowed = A_COMMAND},
    {SECTION_CARD, VALUE_PATH, "on-ready", IN_CONFIG(on_ready), .allowed = A_COMMAND},
    {SECTION_CARD, VALUE_PATH, "on-remove", IN_CONFIG(on_remove), .allowed = A_COMMAND},
    {SECTION_CARD, VALUE_NUMBER, "event-timeout-s", IN_CONFIG(event_timeout_s), 1, 600, 10,
     .allowed = "seconds, from 1 to 600"},
    {SECTION_PROMPT, VALUE_TEXT, "pinentry", IN_CONFIG(pinentry), .text = "pinentry",
     .allowed = "a program's name or path"},
    {SECTION_PROMPT, VALUE_NUMBER, "timeout-s", IN_CONFIG(prompt_timeout_s), 1, 3600, 60,
     .allowed = "seconds, from 1 to 3600"},
    {SECTION_PROMPT, VALUE_NUMBER, "refusal-pause-ms", IN_CONFIG(refusal_pause_ms), 0, 600000, 5000,
     .allowed = "milliseconds, from 0 to 600000"},
    {SECTION_PROMPT, VALUE_NUMBER, "repeat-window-ms", IN_CONFIG(repeat_window_ms), 0, 600000, 3000,
     .allowed = "milliseconds, from 0 to 600000"},
    {SECTION_PROMPT, VALUE_WORD, "language", IN_CONFIG(language), .allowed = "en, pt or fi",
     .begins = {"en", "pt", "fi"}},
    {SECTION_PROMPT, VALUE_CHOICE, "notify", IN_CONFIG(notify), .number = 1, .allowed = "yes or no",
     .begins = {"no", "yes"}},
    {SECTION_PROMPT, VALUE_CHOICE, "prompt", IN_CONFIG(prompt_by), .number = CONFIG_PROMPT_PINENTRY,
     .allowed = "pinentry or command", .begins = {"pinentry", "command"}},
    {SECTION_PROMPT, VALUE_PATH, "command", IN_CONFIG(prompt_command), .allowed = A_COMMAND},
    {SECTION_SERVICE, VALUE_TYPE, "type", IN_SERVICE(type), .allowed = service_types},
    {SECTION_SERVICE, VALUE_CHOICE, "profile", IN_SERVICE(profile), .number = SERVICE_PRODUCTION,
     .allowed = "production, pre-production or simulator",
     .begins = {"production", "pre-production", "simulator"}},
    {SECTION_SERVICE, VALUE_URL, "endpoint", IN_SERVICE(endpoint),
     .allowed = "a URL that begins with https://", .begins = {"https://"}},
    {SECTION_SERVICE, VALUE_PATH, "ca-file", IN_SERVICE(ca_file), .allowed = AT_PATH},
    {SECTION_SERVICE, VALUE_PATH, "encryption-certificate", IN_SERVICE(encryption_certificate),
     .allowed = AT_PATH},
    {SECTION_SERVICE, VALUE_PATH, "credentials", IN_SERVICE(credentials), .allowed = AT_PATH},
    {SECTION_SERVICE, VALUE_URL, "proxy", IN_SERVICE(proxy),
     .allowed = "a URL that begins with http://, https:// or socks5h://",
     .begins = {"http://", "https://", "socks5h://"}},
    {SECTION_SERVICE, VALUE_NUMBER, "connect-timeout-ms", IN_SERVICE(connect_timeout_ms), 1, 600000,
     5000, .allowed = "milliseconds, from 1 to 600000"},
    {SECTION_SERVICE, VALUE_NUMBER, "transfer-timeout-ms", IN_SERVICE(transfer_timeout_ms), 1,
     600000, 60000, .allowed = "milliseconds, from 1 to 600000"},
    {SECTION_SERVICE, VALUE_NUMBER, "code-lifetime-s", IN_SERVICE(code_lifetime_s), 1, 3600, 120,
     .allowed = "seconds, from 1 to 3600"},
};

const size_t config_keys_count = sizeof(config_keys) / sizeof(config_keys[0]);

_Static_assert(sizeof(config_keys) / sizeof(config_keys[0]) <= CONFIG_KEYS_MAX,
	       "bits for keys seen");
