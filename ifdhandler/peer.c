#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ifdhandler/log.h"
#include "ifdhandler/peer.h"

static enum peer_result
check_file(const struct sockaddr_un *address, uid_t owner)
{
	struct stat file;

	if (lstat(address->sun_path, &file) != 0)
		return PEER_LATER;
	if (!S_ISSOCK(file.st_mode)) {
		log_line(LOG_DEBUG, "%s is not a socket; left alone", address->sun_path);
		return PEER_FOREIGN;
	}
	if (file.st_uid != owner) {
		log_line(LOG_DEBUG, "%s belongs to uid %u; left alone", address->sun_path,
			 (unsigned)file.st_uid);
		return PEER_FOREIGN;
	}
	return PEER_OK;
}

/* The file may be another one by now: who listens is what counts. */
static enum peer_result
check_listener(int link, const struct sockaddr_un *address, uid_t owner)
{
	struct ucred peer;
	socklen_t length = sizeof peer;

	if (getsockopt(link, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
		return PEER_LATER;
	if (peer.uid != owner) {
		log_line(LOG_DEBUG, "%s is served by uid %u; left alone", address->sun_path,
			 (unsigned)peer.uid);
		return PEER_FOREIGN;
	}
	return PEER_OK;
}

enum peer_result
peer_connect(const char *directory, const char *file, uid_t owner, int *link)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	enum peer_result r = PEER_FOREIGN;
	int s = -1;
	int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", directory, file);

	if (length < 0 || (size_t)length >= sizeof address.sun_path) {
		log_line(LOG_ERROR, "%s/%s is too long for a socket's address; use a shorter name",
			 directory, file);
		goto out;
	}
	r = check_file(&address, owner);
	if (r != PEER_OK)
		goto out;
	r = PEER_LATER;
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0 || connect(s, (struct sockaddr *)&address, sizeof address) != 0)
		goto out;
	r = check_listener(s, &address, owner);
	if (r == PEER_OK) {
		*link = s;
		s = -1;
	}
out:
	if (s >= 0)
		close(s);
	return r;
}
