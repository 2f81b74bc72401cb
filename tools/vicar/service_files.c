#include "service_files.h"

#include "cmdbridge/cipher.h"
#include "cmdbridge/secrets.h"

static bool
check_credentials(const struct service_config *service, struct problem *problem_text)
{
	struct service_credentials credentials;
	char error[SECRETS_ERROR_MAX];
	bool ok;

	if (service->credentials == NULL)
		return true;
	ok = service_credentials_load(service->credentials, service_kind(service->type),
				      &credentials, error) &&
	     service_credentials_fit(service, &credentials, error);
	service_credentials_wipe(&credentials);
	return ok || problem(problem_text, "credentials file %s", error);
}

static bool
check_encryption(const struct service_config *service, struct service_files *files,
		 struct problem *problem_text)
{
	char error[CIPHER_ERROR_MAX];
	struct cipher cipher;

	if (service->encryption_certificate == NULL)
		return true;
	if (cipher_open(service->encryption_certificate, &cipher, error) != CIPHER_OK)
		return problem(problem_text, "encryption certificate %s", error);
	certificate_date(X509_get0_notAfter(cipher.certificate), files->encryption_until);
	files->encryption_ends_soon = cipher_ends_soon(&cipher);
	cipher_close(&cipher);
	return true;
}

bool
service_files_check(const struct service_config *service, struct service_files *files,
		    struct problem *error)
{
	*files = (struct service_files){.encryption_until = ""};
	return check_credentials(service, error) && check_encryption(service, files, error);
}
