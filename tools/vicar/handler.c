#include "handler.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define REINSTALL "; install Vicar again, then type: systemctl restart pcscd"

static const char *const functions[] = {
    "IFDHCreateChannel",   "IFDHCreateChannelByName",   "IFDHCloseChannel", "IFDHGetCapabilities",
    "IFDHSetCapabilities", "IFDHSetProtocolParameters", "IFDHPowerICC",     "IFDHTransmitToICC",
    "IFDHControl",         "IFDHICCPresence",
};
enum { FUNCTIONS_COUNT = sizeof(functions) / sizeof(functions[0]) };

static bool
loads(const char *library, struct problem *error)
{
	void *handle = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
	bool ok = true;

	if (handle == NULL)
		return problem(error, "library %s does not load: %s" REINSTALL, library, dlerror());
	for (size_t i = 0; ok && i < FUNCTIONS_COUNT; i++)
		if (dlsym(handle, functions[i]) == NULL)
			ok = problem(error, "library %s lacks %s" REINSTALL, library, functions[i]);
	dlclose(handle);
	return ok;
}

/* `size` bytes of the file at `offset`; they may be unaligned. */
static bool
part(struct bytes file, size_t offset, void *to, size_t size)
{
	if (offset > file.len || file.len - offset < size)
		return false;
	memcpy(to, file.data + offset, size);
	return true;
}

static bool
section(struct bytes file, const ElfW(Ehdr) * header, size_t index, ElfW(Shdr) * found)
{
	return header->e_shentsize == sizeof(*found) && header->e_shoff <= file.len &&
	       part(file, (size_t)header->e_shoff + index * sizeof(*found), found, sizeof(*found));
}

static bool
is_exported(const ElfW(Sym) * symbol)
{
	const unsigned bind = ELF32_ST_BIND(symbol->st_info);
	const unsigned visibility = ELF32_ST_VISIBILITY(symbol->st_other);

	return symbol->st_shndx != SHN_UNDEF && bind != STB_LOCAL &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static bool
is_function(const char *name)
{
	for (size_t i = 0; i < FUNCTIONS_COUNT; i++)
		if (strcmp(functions[i], name) == 0)
			return true;
	return false;
}

/* System V ABI, chapter 4, "Symbol Table": the dynamic symbols and the string table they name. */
static bool
only_functions(struct bytes file, const char *library, struct problem *error)
{
	ElfW(Ehdr) header;
	ElfW(Shdr) symbols = {0}, strings;
	ElfW(Sym) symbol;

	if (!part(file, 0, &header, sizeof(header)) || memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return problem(error, "%s is no shared library" REINSTALL, library);
	for (size_t i = 0; i < header.e_shnum && symbols.sh_type != SHT_DYNSYM; i++)
		if (!section(file, &header, i, &symbols))
			break;
	if (symbols.sh_type != SHT_DYNSYM || !section(file, &header, symbols.sh_link, &strings) ||
	    strings.sh_offset > file.len || strings.sh_size > file.len - strings.sh_offset)
		return problem(error, "%s has no table of symbols" REINSTALL, library);

	for (size_t at = 0; at + sizeof(symbol) <= symbols.sh_size; at += sizeof(symbol)) {
		char name[64] = "";

		if (symbols.sh_offset > file.len ||
		    !part(file, symbols.sh_offset + at, &symbol, sizeof(symbol)) ||
		    symbol.st_name >= strings.sh_size)
			return problem(error, "%s has a broken table of symbols" REINSTALL,
				       library);
		snprintf(name, sizeof(name), "%.*s",
			 (int)(strings.sh_size - symbol.st_name < sizeof(name)
				   ? strings.sh_size - symbol.st_name
				   : sizeof(name)),
			 (const char *)file.data + strings.sh_offset + symbol.st_name);
		if (is_exported(&symbol) && !is_function(name))
			return problem(
			    error,
			    "library %s exports %s, which is none of the ten functions" REINSTALL,
			    library, name);
	}
	return true;
}

bool
handler_check(const char *library, struct problem *error)
{
	const int fd = open(library, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map = MAP_FAILED;
	bool ok = false;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size <= 0 ||
	    (map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) == MAP_FAILED) {
		problem(error, "library %s cannot be read: %s" REINSTALL, library, strerror(errno));
		goto out;
	}
	ok = only_functions((struct bytes){map, (size_t)st.st_size}, library, error) &&
	     loads(library, error);
out:
	if (map != MAP_FAILED)
		munmap(map, (size_t)st.st_size);
	if (fd >= 0)
		close(fd);
	return ok;
}
