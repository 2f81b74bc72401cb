/*
 * The inside of a card, for the engine's own files only: what personalities and drivers may see is
 * in personality.h and card.h.
 */
#ifndef VICAR_EMULATOR_ENGINE_H
#define VICAR_EMULATOR_ENGINE_H

#include "iso7816/program_text.h"
#include "partial_hash.h"
#include "personality.h"

enum {
	CARD_FILES_MAX = 64,
	CARD_PINS_MAX = IMAGE_COUNTERS_MAX,
	CARD_KEYS_MAX = 8,
	CARD_CHAIN_MAX = 4096, /* data of one chained command; RSA-4096 needs 513 */
	CARD_INPUT_MAX = KEY_OUTPUT_MAX,
	CARD_REFUSED_MAX = 16, /* refused values remembered of one PIN, the oldest goes first */
	FINGERPRINT_LEN = 32,  /* HMAC-SHA-256 */
	CLA_INTERINDUSTRY_OTHER =
	    0xE0, /* clause 5.4.1: all clear in the first interindustry class */
};

struct pin {
	struct pin_spec spec;
	bool remote;
	unsigned tries_max;
	unsigned tries_left; /* as on disk */
	bool verified;
	struct bytes value; /* into card_secrets, while verified */
	uint64_t typed;     /* card_transmit_typed(), while verified and not used; 0: not so */
	uint8_t refused[CARD_REFUSED_MAX][FINGERPRINT_LEN];
	size_t refused_count; /* all that were ever refused; the last ones are kept */
};

struct key {
	struct key_spec spec;
	bool remote;
	struct pin *pin;
	bool ec;             /* else RSA */
	unsigned usage;      /* enum image_usage; 0: all */
	unsigned operations; /* image_operations() */
	size_t block_len;    /* RSA: modulus; EC: uncompressed point */
};

/* A security environment's template, clause 10.2 (2013). */
struct environment {
	const struct algorithm *algorithm; /* NULL: not set */
	const struct key *key;
	const struct algorithm
	    *hashed; /* in its place while a hash is loaded: the row that it chose */
};

enum { ENVIRONMENT_AT, ENVIRONMENT_DST, ENVIRONMENT_CT, ENVIRONMENTS };

/* All that is secret, in OpenSSL's secure heap when the driver has initialised one. */
struct card_secrets {
	uint8_t values[CARD_PINS_MAX][PIN_VALUE_MAX]; /* pin.value */
	uint8_t pin[PIN_VALUE_MAX];                   /* request.pin */
	uint8_t new_pin[PIN_VALUE_MAX];               /* request.new_pin */
	uint8_t owner[PIN_VALUE_MAX];                 /* of owner_use */
	uint8_t fingerprint_key[FINGERPRINT_LEN];
};

/* The command that is being answered: what the cutting of its answer needs. */
struct answer_form {
	uint8_t cla, ins, p1, p2;
	bool has_data;
	bool has_le;
	size_t ne;
};

/* Response data that has not left yet. */
struct answer {
	uint8_t data[APDU_NE_MAX];
	size_t len;
	size_t at;
	uint16_t sw; /* after the last byte */
	enum answer_state {
		ANSWER_NONE,
		ANSWER_CONTINUED, /* the rest by GET RESPONSE */
		ANSWER_REPEATED,  /* 6Cxx was said: the whole by the same command with the right
				     Le, without executing it a second time */
	} state;
	struct answer_form form;
};

/* Completes a pending command: returns its status word. */
typedef uint16_t pending_handler(struct card *card, const struct key_result *result,
				 struct writer *response);

struct pending {
	struct key_request request;
	pending_handler *resume; /* NULL: nothing is pending */
	struct pin *tried;       /* whose try was counted before the request; NULL: none yet */
	struct pin *pin;         /* on which the command works */
	const struct key *key;
	bool consumes_hash;
	bool by_owner; /* card_renew(): there is no command to answer */
	uint8_t input[CARD_INPUT_MAX];
	uint8_t program[PROGRAM_TEXT_MAX];
};

/* A use of a remote key that the service was asked for and that failed. OpenSC repeats the same
 * PSO at once; the start call has consumed the PIN, but 6982 would make it forget why the first one
 * failed (seen: CKR_USER_NOT_LOGGED_IN for a refused PIN). Until the PIN is verified again the same
 * use gets the same answer. */
struct failed_use {
	const struct key *key; /* NULL: none */
	uint16_t sw;
	uint8_t input[CARD_INPUT_MAX];
	size_t len;
};

/* A use of a remote key by the card's owner, card_owner_begin(). It is beside `pending`, so that a
 * reset or another program's command does not end it. */
struct owner_use {
	struct pin *pin; /* NULL: none */
	size_t len;      /* of its value in card_secrets */
	bool started;
};

struct card {
	const struct image *image;
	const struct personality *personality;
	struct card_host host;
	struct atr atr;
	bool t0;

	struct file *files[CARD_FILES_MAX]; /* the MF first */
	size_t files_count;
	struct pin pins[CARD_PINS_MAX];
	size_t pins_count;
	struct key keys[CARD_KEYS_MAX];
	size_t keys_count;
	unsigned remote_tries;

	const struct file *df;
	const struct file *ef;
	struct environment environments[ENVIRONMENTS];
	const struct hash_algorithm *hash_template; /* NULL: not set */
	struct partial_hash running;                /* of the blocks that came, while is_hashing */
	bool is_hashing;
	uint8_t hash[CARD_INPUT_MAX];
	size_t hash_len; /* 0: none loaded */
	struct capdu_chain chain;
	uint8_t chain_data[CARD_CHAIN_MAX];
	struct pending pending;
	struct failed_use failed;
	struct owner_use owner;
	bool takes_program; /* card_take_program() */
	uint8_t program[PROGRAM_TEXT_MAX];
	/* Of what is said for the next use of a key; 0: nothing. Whoever verifies a PIN or selects an
	 * application begins anew: it may be another program. */
	size_t program_len;
	uint64_t
	    typed; /* of the command that is being answered; 0: its values were not typed here */
	struct answer answer;
	struct card_secrets *secrets;
};

/* The engine's commands. */
command_handler select_command;
command_handler read_binary_command;
command_handler update_binary_command;
command_handler verify_command;
command_handler change_reference_data_command;
command_handler reset_retry_counter_command;
command_handler manage_security_environment_command;
command_handler pso_hash_command;
command_handler pso_hash_blocks_command;
command_handler pso_sign_command;
command_handler pso_decipher_command;
command_handler put_program_command;

/* file.c */
struct file *file_find_child(const struct card *card, const struct file *df, uint16_t fid);
void files_free(struct card *card);
/* The content of an EF from now on, on disk too; of the size that it has. False: nothing changed. */
bool file_replace(struct card *card, const struct file *ef, struct bytes content) MUST_USE;

/* pin.c */
struct pin *pin_find(struct card *card, uint16_t reference);
struct pin *pin_find_counter(struct card *card, const char *counter);
void pin_forget(struct card *card, struct pin *pin); /* not verified any more; value wiped */
void pins_drop(struct card *card, enum pins_dropped dropped);
uint16_t pin_tries_sw(const struct pin *pin);
/* Sets the counter in memory and on disk; on failure both stay as they were. */
bool pin_save_tries(struct card *card, struct pin *pin, unsigned tries_left) MUST_USE;
/* The same for tries that are given back: when that fails they are lost, nothing else. */
void pin_give_tries(struct card *card, struct pin *pin, unsigned tries_left);

/* value.c: PIN values as they come in command data. */
enum value_purpose { VALUE_TRIED, VALUE_NEW };
uint16_t value_parse(const struct card *card, const struct pin *pin, struct bytes data,
		     enum value_purpose purpose, struct bytes *value) MUST_USE;
/* The same for a value without padding that came in no command. */
uint16_t value_check(const struct card *card, const struct pin *pin, struct bytes value,
		     enum value_purpose purpose) MUST_USE;
bool value_was_refused(struct card *card, const struct pin *pin, struct bytes value);
void value_remember_refused(struct card *card, struct pin *pin, struct bytes value);

/* environment.c */
struct environment *environment_of(struct card *card, uint8_t se); /* NULL: no such template */
void environments_clear(struct card *card);                        /* and all of hash.c */

/* The algorithm is of the key's kind, its service has it, and card.conf allows it. */
bool key_can(const struct key *key, const struct algorithm *algorithm);

/* hash.c */
uint16_t hash_template_set(struct card *card, struct bytes data);
void hash_drop(struct card *card); /* the loaded hash, and what the card was hashing */

/* security.c */
/* SW_OK when `len` bytes can be what the environment's algorithm takes with its key. */
uint16_t input_length_sw(const struct environment *environment, size_t len);

/* request.c */
/* Stops the command at a request about `key` of the image; copies the secrets. */
uint16_t request_pin(struct card *card, enum key_operation operation, const char *key,
		     struct bytes pin, struct bytes new_pin, pending_handler *resume);
uint16_t request_key(struct card *card, const struct key *key, const struct algorithm *algorithm,
		     struct bytes input);
/* The status word with which this very use has failed, or 0. */
uint16_t request_failed_sw(const struct card *card, const struct key *key, struct bytes input);
/* `pin` is verified again, or unblocked: what failed with it before may be asked anew. */
void request_forget_failed(struct card *card, const struct pin *pin);
/* The service judged the value of a remote PIN, or did not come to it, after the try was counted:
 * card.h, card_resume(). `doubtful` as in key.h. Returns the status word for the caller. */
uint16_t request_judge_started(struct card *card, struct pin *pin, struct bytes value, uint16_t sw,
			       bool doubtful);
void request_end(struct card *card); /* wipes */

/* answer.c */
struct answer_form answer_form_of(const struct capdu *command);
void answer_drop(struct card *card);
/* Gives as much of the answer's data as the command's form allows. */
void answer_send(struct card *card, uint16_t sw, struct writer *response);
/* GET RESPONSE, or the repetition after 6Cxx. False: the command is none of these. */
bool answer_continue(struct card *card, const struct capdu *command,
		     struct writer *response) MUST_USE;

#endif
