/*
 * Keys in another PKCS#11 module: vicar-bridge, SoftHSM, and a module between them that is as odd as a
 * test wants it (tests/modules/p11-odd.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cmdbridge/certificate.h"
#include "cmdbridge/keyuse.h"
#include "cmdbridge/service.h"
#include "test-service.h"

#include <openssl/ec.h>

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define TOKEN "Vault"
#define TOKEN_PIN "271828"
#define RSA_KEY "pkcs11:token=" TOKEN ";id=%01"
#define EC_KEY "pkcs11:token=" TOKEN ";id=%02"

static struct service world;
static struct use use;
static struct issued rsa, ec;
static uint8_t rsa_der[4096], ec_der[4096];
static size_t rsa_len, ec_len;
static const struct parent patient;
static char odd_module[PATH_MAX];

/* Its output goes nowhere. */
static void
run(const char *const argv[])
{
	int status = -1, null;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("%s %s failed", argv[0], argv[1]);
}

/* `usage` is an option of pkcs11-tool, or NULL. */
static void
put_object(const char *path, const char *type, const char *id, const char *usage)
{
	char label[32];

	snprintf(label, sizeof(label), "key%s", id);
	run((const char *[]){"pkcs11-tool", "--module", SOFTHSM, "--token-label", TOKEN, "--login",
			     "--pin", TOKEN_PIN, "--write-object", path, "--type", type, "--id", id,
			     "--label", label, usage ? "--usage-sign" : NULL, usage, NULL});
}

static void
write_pem(const char *name, const struct issued *issued, char path[PATH_MAX])
{
	FILE *stream;

	service_path(&world, name, path);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_int_equal(PEM_write_PKCS8PrivateKey(stream, issued->key, NULL, NULL, 0, NULL, NULL),
			 1);
	fclose(stream);
}

static size_t
write_der(const char *name, const struct issued *issued, uint8_t *der, char path[PATH_MAX])
{
	uint8_t *end = der;
	const int len = i2d_X509(issued->certificate, &end);
	FILE *stream;

	assert_true(len > 0);
	service_path(&world, name, path);
	stream = fopen(path, "we");
	assert_non_null(stream);
	assert_int_equal(fwrite(der, 1, (size_t)len, stream), len);
	fclose(stream);
	return (size_t)len;
}

static struct issued
issue_ec(void)
{
	struct issued issued = issue_self_signed(-1, 365, 2048);

	EVP_PKEY_free(issued.key);
	issued.key = EVP_EC_gen("P-256");
	assert_non_null(issued.key);
	X509_set_pubkey(issued.certificate, issued.key);
	assert_true(X509_sign(issued.certificate, issued.key, EVP_sha256()) > 0);
	return issued;
}

static size_t
put_key(const struct issued *issued, const char *id, uint8_t *der)
{
	char key[PATH_MAX], certificate[PATH_MAX];
	size_t len;

	write_pem("key.pem", issued, key);
	len = write_der("certificate.der", issued, der, certificate);
	put_object(key, "privkey", id,
		   EVP_PKEY_is_a(issued->key, "RSA") ? "--usage-decrypt" : "--usage-derive");
	put_object(certificate, "cert", id, NULL);
	return len;
}

static void
configure(const char *module, const char *more)
{
	char text[2 * PATH_MAX];

	snprintf(text, sizeof(text),
		 "[prompt]\npinentry = pinentry-tty\ntimeout-s = 10\n"
		 "[service hsm]\ntype = pkcs11\nmodule = %s\n%s\n",
		 module, more);
	service_write(&world, "vicar.conf", text);
}

static int
set_up_all(void **state)
{
	char self[PATH_MAX] = "", path[PATH_MAX], conf[2 * PATH_MAX];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_true(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	snprintf(world.programs, sizeof(world.programs), "%s", dirname(dirname(dirname(self))));
	strcpy(world.directory, "/tmp/vicar-p11maker-XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	service_path(&world, "tokens", path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(conf, sizeof(conf), "directories.tokendir = %s\nlog.level = ERROR\n", path);
	service_write(&world, "softhsm2.conf", conf);
	service_path(&world, "softhsm2.conf", path);
	setenv("SOFTHSM2_CONF", path, 1);
	service_path(&world, "vicar.conf", path);
	setenv("VICAR_CONF", path, 1);
	service_path(&world, "log", path);
	setenv("ODD_LOG", path, 1);
	setenv("ODD_MODULE", SOFTHSM, 1);
	setenv("ODD_PIN", TOKEN_PIN, 1);
	assert_true(snprintf(odd_module, sizeof(odd_module), "%s/tests/modules/p11-odd.so",
			     world.programs) < PATH_MAX);
	run((const char *[]){"softhsm2-util", "--init-token", "--free", "--label", TOKEN, "--pin",
			     TOKEN_PIN, "--so-pin", "12345678", NULL});
	rsa = issue_self_signed(-1, 365, 2048);
	ec = issue_ec();
	rsa_len = put_key(&rsa, "01", rsa_der);
	ec_len = put_key(&ec, "02", ec_der);
	return 0;
}

static int
tear_down_all(void **state)
{
	(void)state;
	nftw(world.directory, service_remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	issue_free(&rsa);
	issue_free(&ec);
	return 0;
}

static int
as_it_was(void **state)
{
	(void)state;
	configure(SOFTHSM, "confirm = never\n");
	service_write(&world, "log", "");
	unsetenv("ODD");
	return 0;
}

static struct bridge_request
request_of(enum bridge_operation operation, const char *credential)
{
	return (struct bridge_request){
	    .operation = operation,
	    .service = service_text("hsm"),
	    .credential = service_text(credential),
	    .card = service_text("cartao"),
	    .key = service_text("sign"),
	    .use = KEYFILE_SIGN_PKCS1,
	    .documents = {{service_text("contrato.pdf"), BYTES(digestinfo_empty)}},
	    .documents_count = 1,
	    .certificate = {rsa_der, rsa_len},
	    .pin = service_text(TOKEN_PIN),
	    .tries_left = 2,
	};
}

static struct bridge_request
ec_request(enum keyfile_operation operation, struct bytes input)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, EC_KEY);

	request.use = operation;
	request.documents[0].input = input;
	request.certificate = (struct bytes){ec_der, ec_len};
	return request;
}

static void
ask(const struct bridge_request *request)
{
	use_run(&world, request, &patient, &use);
}

static void
assert_sw(uint16_t sw, const char *words)
{
	if (!use.has_result)
		fail_msg("no result: %s", use.said);
	if (use.result.sw != sw || (words[0] != '\0' && !use_says(use.result.text, words)))
		fail_msg("%04X, not %04X with \"%s\": %.*s", use.result.sw, sw, words,
			 (int)use.result.text.len, (const char *)use.result.text.data);
}

/* Lines of p11-odd's log since the test began. */
static unsigned
calls(const char *name)
{
	static char text[4096];
	char *save = NULL;
	unsigned count = 0;

	service_read(&world, "log", text, sizeof(text));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		count += strcmp(line, name) == 0;
	return count;
}

static void
with_odd(const char *words)
{
	configure(odd_module, "confirm = never\n");
	setenv("ODD", words, 1);
}

static void
a_signature_from_consent_to_certificate(void **state)
{
	const struct keystroke keys[] = {
	    {"Sign with the card cartao?", "", 0},
	    {"Document: contrato.pdf e3b0c442", "", 0},
	    {"Service: hsm", "", 0},
	    {"The PIN has 2 tries left.", "", 0},
	    {"If you agree, it is done at once.", "", 0},
	    {"[sc]?", "s", 0},
	};
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);
	struct terminal terminal = terminal_open();

	(void)state;
	configure(SOFTHSM, "");
	terminal_start(&terminal, keys, sizeof(keys) / sizeof(keys[0]));
	ask(&request);
	assert_true(terminal_close(&terminal));
	assert_sw(0x9000, "");
	assert_int_equal(use.starts, 1);
	assert_int_equal(use.result.outputs_count, 1);
	assert_true(certificate_verifies_use(rsa.certificate, KEYFILE_SIGN_PKCS1, DIGEST_SHA256,
					     BYTES(digestinfo_empty), use.result.outputs[0]));
}

static void
without_consent_there_is_no_login(void **state)
{
	const struct keystroke keys[] = {{"[sc]?", "c", 0}};
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);
	struct terminal terminal = terminal_open();

	(void)state;
	configure(odd_module, "");
	terminal_start(&terminal, keys, 1);
	ask(&request);
	assert_true(terminal_close(&terminal));
	assert_sw(0x6401, "");
	assert_int_equal(use.starts, 0);
	assert_int_equal(calls("C_Login"), 0);
}

static void
without_go_there_is_no_login(void **state)
{
	const struct parent leaves = {.hang_up_at_start = true};
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("");
	use_run(&world, &request, &leaves, &use);
	assert_int_equal(use.starts, 1);
	assert_false(use.has_result);
	assert_int_equal(calls("C_Initialize"), 1);
	assert_int_equal(calls("C_Login"), 0);
}

static void
many_documents_are_signed_with_one_login(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("");
	for (size_t i = 1; i < BRIDGE_DOCUMENTS_MAX; i++)
		request.documents[i] = request.documents[0];
	request.documents_count = BRIDGE_DOCUMENTS_MAX;
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(use.result.outputs_count, BRIDGE_DOCUMENTS_MAX);
	assert_int_equal(calls("C_Login"), 1);
	assert_int_equal(calls("C_Sign"), BRIDGE_DOCUMENTS_MAX);
	assert_true(certificate_verifies_use(rsa.certificate, KEYFILE_SIGN_PKCS1, DIGEST_SHA256,
					     BYTES(digestinfo_empty),
					     use.result.outputs[BRIDGE_DOCUMENTS_MAX - 1]));
}

static void
pss_has_a_salt_as_long_as_the_hash(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);
	const struct bytes hash = {digestinfo_empty + sizeof(digestinfo_empty) - 32, 32};

	(void)state;
	request.use = KEYFILE_SIGN_PSS;
	request.digest = DIGEST_SHA256;
	request.documents[0].input = hash;
	ask(&request);
	assert_sw(0x9000, "");
	assert_true(certificate_verifies_use(rsa.certificate, KEYFILE_SIGN_PSS, DIGEST_SHA256, hash,
					     use.result.outputs[0]));
}

static void
ecdsa_gives_r_and_s(void **state)
{
	uint8_t hash[48] = {1, 2, 3};
	struct bridge_request request =
	    ec_request(KEYFILE_SIGN_ECDSA, (struct bytes){hash, sizeof(hash)});

	(void)state;
	request.digest = DIGEST_SHA384; /* longer than the order */
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(use.result.outputs[0].len, 64);
	assert_true(certificate_verifies_use(ec.certificate, KEYFILE_SIGN_ECDSA, DIGEST_SHA384,
					     BYTES(hash), use.result.outputs[0]));
}

static struct bytes
encrypted(const char *message, int padding)
{
	static uint8_t cryptogram[256];
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa.key, NULL);
	size_t len = sizeof(cryptogram);

	assert_int_equal(EVP_PKEY_encrypt_init(context), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(context, padding), 1);
	assert_int_equal(
	    EVP_PKEY_encrypt(context, cryptogram, &len, (const uint8_t *)message, strlen(message)),
	    1);
	EVP_PKEY_CTX_free(context);
	return (struct bytes){cryptogram, len};
}

static void
both_paddings_are_deciphered(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	request.use = KEYFILE_DECIPHER_PKCS1;
	request.documents[0].input = encrypted("olá", RSA_PKCS1_PADDING);
	ask(&request);
	assert_sw(0x9000, "");
	assert_true(bytes_equal(use.result.outputs[0], service_text("olá")));
	request.use = KEYFILE_DECIPHER_OAEP;
	request.digest = DIGEST_SHA1;
	request.documents[0].input = encrypted("adeus", RSA_PKCS1_OAEP_PADDING);
	ask(&request);
	assert_sw(0x9000, "");
	assert_true(bytes_equal(use.result.outputs[0], service_text("adeus")));
}

static void
what_is_not_for_the_key_is_not_deciphered(void **state)
{
	static uint8_t cryptogram[256] = {1};
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	request.use = KEYFILE_DECIPHER_OAEP;
	request.digest = DIGEST_SHA1;
	request.documents[0].input = BYTES(cryptogram);
	ask(&request);
	assert_true(use.has_result);
	assert_int_not_equal(use.result.sw, 0x9000);
	assert_int_equal(use.result.outputs_count, 0);
}

static void
a_secret_is_agreed_on(void **state)
{
	EVP_PKEY *other = EVP_EC_gen("P-256");
	uint8_t point[65], expected[32];
	struct writer writer = writer_to(expected, sizeof(expected));
	struct bridge_request request = ec_request(KEYFILE_DERIVE_ECDH, BYTES(point));
	size_t len;

	(void)state;
	assert_int_equal(EVP_PKEY_get_octet_string_param(other, "pub", point, sizeof(point), &len),
			 1);
	assert_int_equal(keyuse(ec.key, KEYFILE_DERIVE_ECDH, DIGEST_SHA256, BYTES(point), &writer),
			 KEYFILE_OK);
	ask(&request);
	assert_sw(0x9000, "");
	assert_true(bytes_equal(use.result.outputs[0], BYTES(expected)));
	EVP_PKEY_free(other);
}

static void
a_wrong_pin_is_tried_once(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("");
	request.pin = service_text("999999");
	ask(&request);
	assert_sw(0x63C0, "C_Login: CKR_PIN_INCORRECT");
	assert_int_equal(use.starts, 1);
	assert_int_equal(calls("C_Login"), 1);
	assert_int_equal(calls("C_Sign"), 0);
}

static void
a_blocked_pin_is_not_tried(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("locked");
	ask(&request);
	assert_sw(0x6983, "");
	assert_int_equal(use.starts, 0);
	assert_int_equal(calls("C_Login"), 0);
	with_odd("locks");
	ask(&request);
	assert_sw(0x6983, "C_Login: CKR_PIN_LOCKED");
	assert_int_equal(calls("C_Login"), 1);
}

static void
the_last_try_is_shown(void **state)
{
	const struct keystroke keys[] = {{"This is the last try of the PIN.", "", 0},
					 {"[sc]?", "s", 0}};
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);
	struct terminal terminal = terminal_open();

	(void)state;
	with_odd("final-try");
	configure(odd_module, "");
	terminal_start(&terminal, keys, 2);
	ask(&request);
	assert_true(terminal_close(&terminal));
	assert_sw(0x9000, "");
}

static void
a_token_with_a_pad_gets_no_pin(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("pad");
	request.pin = service_text("0000");
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(calls("C_Login at the pad"), 1);
}

static void
a_key_that_wants_a_login_each_time_gets_the_same_pin(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	with_odd("always");
	request.documents[1] = request.documents[0];
	request.documents_count = 2;
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(calls("C_Login"), 1);
	assert_int_equal(calls("C_Login again"), 2);
	service_write(&world, "log", "");
	request.pin = service_text("999999");
	ask(&request);
	assert_sw(0x63C0, "");
	assert_int_equal(calls("C_Login"), 1);
	assert_int_equal(calls("C_Login again"), 0);
}

static void
a_wrong_signature_does_not_leave(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);
	uint8_t other_der[4096], *end = other_der;
	struct issued other;

	(void)state;
	with_odd("wrong-signature");
	ask(&request);
	assert_sw(0x6F16, "");
	assert_int_equal(use.result.outputs_count, 0);
	with_odd("");
	other = issue_self_signed(-1, 365, 2048);
	request.certificate = (struct bytes){other_der, (size_t)i2d_X509(other.certificate, &end)};
	ask(&request);
	assert_sw(0x6F16, "");
	issue_free(&other);
}

static void
what_the_key_cannot_do_is_said(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, EC_KEY);

	(void)state;
	request.certificate = (struct bytes){ec_der, ec_len};
	ask(&request); /* PKCS #1 with an EC key */
	assert_sw(0x6985, "");
	request = request_of(BRIDGE_SIGN, RSA_KEY);
	request.documents[0].input = service_text("no DigestInfo");
	ask(&request);
	assert_sw(0x6A80, "");
	assert_int_equal(use.starts, 0);
}

static void
a_key_that_is_not_there_is_said(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, "pkcs11:token=" TOKEN ";id=%07");

	(void)state;
	ask(&request);
	assert_sw(0x6F15, "0 private keys have its name");
	request.credential = BYTES_NONE;
	ask(&request);
	assert_sw(0x6F15, "the token has 2 private keys, and no `credential` says which");
	request.credential = service_text("cred-01");
	ask(&request);
	assert_sw(0x6F15, "no PKCS#11 URI");
	assert_int_equal(use.starts, 0);
}

static void
a_module_that_counts_wrongly_is_not_followed(void **state)
{
	static const char *const odd[] = {"counts-objects", "counts-slots"};
	static const enum bridge_operation operations[] = {BRIDGE_SIGN, BRIDGE_LIST};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct bridge_request request = request_of(operations[i / 2], RSA_KEY);

		with_odd(odd[i % 2]);
		ask(&request);
		assert_sw(0x6F1F, i % 2 == 0 ? "C_FindObjects" : "C_GetSlotList");
	}
}

static void
a_token_that_is_not_there_is_said(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, "pkcs11:token=Other;id=%01");

	(void)state;
	ask(&request);
	assert_sw(0x6F10, "the module shows others: \"" TOKEN "\"");
	request.credential = service_text(RSA_KEY);
	configure(SOFTHSM, "confirm = never\ntoken = Nowhere\n");
	ask(&request);
	assert_sw(0x6F10, "the module shows others");
	configure(SOFTHSM, "confirm = never\ntoken = pkcs11:token=" TOKEN ";manufacturer=SoftHSM%20"
			   "project\n");
	ask(&request);
	assert_sw(0x9000, "");
}

static void
a_module_that_is_none_is_said(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	configure("/nowhere/module.so", "confirm = never\n");
	ask(&request);
	assert_sw(0x6F1F, "/nowhere/module.so: cannot open shared object file");
	configure("/lib/x86_64-linux-gnu/libm.so.6", "confirm = never\n");
	ask(&request);
	assert_true(use.has_result);
	assert_int_equal(use.result.sw, 0x6F1F);
	assert_int_equal(use.starts, 0);
}

/* Then nothing would stand between a program and the key. */
static void
neither_login_nor_consent_is_refused(void **state)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	(void)state;
	configure(SOFTHSM, "confirm = never\nlogin = none\n");
	ask(&request);
	assert_sw(0x6F1F, "confirm = never is for a token that is logged into");
	with_odd("open");
	ask(&request);
	assert_sw(0x6F1F, "confirm = never is for a token that is logged into");
	assert_int_equal(use.starts, 0);
}

static void
an_enrolment_gives_certificate_name_and_uses(void **state)
{
	struct bridge_request request = request_of(BRIDGE_ENROL, "pkcs11:id=%02");
	const struct bridge_credential *credential = &use.result.credentials[0];

	(void)state;
	request.pin = BYTES_NONE;
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(use.starts, 0);
	assert_true(bytes_equal(use.result.chain, (struct bytes){ec_der, ec_len}));
	assert_int_equal(use.result.credentials_count, 1);
	assert_true(use_says(credential->id, "token=" TOKEN));
	assert_true(use_says(credential->id, "id=%02"));
	assert_int_equal(credential->uses, SERVICE_SIGN_ECDSA | SERVICE_DERIVE_ECDH);
	request.credential = BYTES_NONE;
	ask(&request);
	assert_sw(0x6F1F, "choose one by --credential: pkcs11:");
	request.credential = service_text("pkcs11:object=key01");
	ask(&request);
	assert_sw(0x9000, "");
	assert_true(bytes_equal(use.result.chain, (struct bytes){rsa_der, rsa_len}));
	request.credential = service_text("pkcs11:id=%07");
	ask(&request);
	assert_sw(0x6F15, "pkcs11-tool --module");
}

static void
an_enrolment_with_the_pin_proves_that_the_key_is_there(void **state)
{
	struct bridge_request request = request_of(BRIDGE_ENROL, RSA_KEY);

	(void)state;
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(use.starts, 1);
	request.pin = service_text("999999");
	ask(&request);
	assert_sw(0x63C0, "");
}

static void
a_list_has_each_key(void **state)
{
	struct bridge_request request = request_of(BRIDGE_LIST, "");

	(void)state;
	request.pin = BYTES_NONE;
	ask(&request);
	assert_sw(0x9000, "");
	assert_int_equal(use.result.credentials_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct bridge_credential *credential = &use.result.credentials[i];

		assert_true(bytes_equal(credential->label, service_text("test")));
		if (use_says(credential->id, "id=%01"))
			assert_int_equal(credential->uses, SERVICE_SIGN_PKCS1 | SERVICE_SIGN_PSS |
							       SERVICE_DECIPHER_PKCS1 |
							       SERVICE_DECIPHER_OAEP);
	}
}

static void
use_pin(const char *pin)
{
	struct bridge_request request = request_of(BRIDGE_SIGN, RSA_KEY);

	request.pin = service_text(pin);
	ask(&request);
}

static void
a_check_says_how_the_pin_is(void **state)
{
	struct bridge_request request = request_of(BRIDGE_CHECK, "");

	(void)state;
	request.pin = BYTES_NONE;
	with_odd("");
	use_pin("999999");
	ask(&request);
	assert_sw(0x9000, "a wrong PIN was tried");
	use_pin(TOKEN_PIN);
	ask(&request);
	assert_sw(0x9000, "the token \"" TOKEN "\" is there, its PIN is set");
	service_write(&world, "log", "");
	with_odd("final-try");
	ask(&request);
	assert_sw(0x9000, "its PIN has one try left");
	with_odd("locked");
	ask(&request);
	assert_sw(0x9000, "its PIN is blocked");
	assert_int_equal(calls("C_Login"), 0);
}

#define TEST(function) cmocka_unit_test_setup(function, as_it_was)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(a_signature_from_consent_to_certificate),
	    TEST(without_consent_there_is_no_login),
	    TEST(without_go_there_is_no_login),
	    TEST(many_documents_are_signed_with_one_login),
	    TEST(pss_has_a_salt_as_long_as_the_hash),
	    TEST(ecdsa_gives_r_and_s),
	    TEST(both_paddings_are_deciphered),
	    TEST(what_is_not_for_the_key_is_not_deciphered),
	    TEST(a_secret_is_agreed_on),
	    TEST(a_wrong_pin_is_tried_once),
	    TEST(a_blocked_pin_is_not_tried),
	    TEST(the_last_try_is_shown),
	    TEST(a_token_with_a_pad_gets_no_pin),
	    TEST(a_key_that_wants_a_login_each_time_gets_the_same_pin),
	    TEST(a_wrong_signature_does_not_leave),
	    TEST(what_the_key_cannot_do_is_said),
	    TEST(a_key_that_is_not_there_is_said),
	    TEST(a_module_that_counts_wrongly_is_not_followed),
	    TEST(a_token_that_is_not_there_is_said),
	    TEST(a_module_that_is_none_is_said),
	    TEST(neither_login_nor_consent_is_refused),
	    TEST(an_enrolment_gives_certificate_name_and_uses),
	    TEST(an_enrolment_with_the_pin_proves_that_the_key_is_there),
	    TEST(a_list_has_each_key),
	    TEST(a_check_says_how_the_pin_is),
	};

	return cmocka_run_group_tests(tests, set_up_all, tear_down_all);
}
