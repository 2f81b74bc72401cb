# What `make install` puts where, and the Debian packages; read by the Makefile.
#
# DESTDIR is put in front of each path. The default prefix, /usr/local, is read by pcscd (through its
# reader.conf.d), systemd, bash and man as well as /usr; p11-kit is told through /etc. With prefix=/usr
# everything lands where Debian's own packages have it, which pkg-config knows.

PREFIX ?= /usr/local
prefix ?= $(PREFIX)
bindir ?= $(prefix)/bin
# Debian's directory of the machine, lib/x86_64-linux-gnu; elsewhere name it: libdir=/usr/lib64
triplet := $(shell $(CC) -print-multiarch 2>/dev/null)
libdir ?= $(prefix)/lib$(triplet:%=/%)
datadir ?= $(prefix)/share
mandir ?= $(datadir)/man
sysconfdir ?= /etc
# Programs find each other and the module from where they stand (tools/paths.h).
libexecdir = $(abspath $(bindir)/../libexec/vicar)

# $(call ask,VARIABLE,PACKAGE,FALLBACK); $(call of-debian,...) only where Debian's packages live.
ask = $(or $(shell pkg-config --variable=$(1) $(2) 2>/dev/null),$(3))
of-debian = $(if $(filter /usr,$(prefix)),$(call ask,$(1),$(2),$(3)),$(3))

drivers_dir ?= $(call of-debian,usbdropdir,libpcsclite,$(prefix)/lib/pcsc/drivers)
reader_conf_dir ?= $(call ask,serialconfdir,libpcsclite,$(sysconfdir)/reader.conf.d)
module_dir ?= $(call of-debian,p11_module_path,p11-kit-1,$(libdir)/pkcs11)
# p11-kit looks for a relative name in its own directory, so that is the same on every machine.
ifeq ($(prefix),/usr)
p11_kit_dir ?= $(call ask,p11_module_configs,p11-kit-1,$(datadir)/p11-kit/modules)
p11_kit_module ?= vicar-pkcs11.so
else
p11_kit_dir ?= $(sysconfdir)/pkcs11/modules
p11_kit_module ?= $(module_dir)/vicar-pkcs11.so
endif
user_units_dir ?= $(prefix)/lib/systemd/user
tmpfiles_dir ?= $(prefix)/lib/tmpfiles.d
sysusers_dir ?= $(prefix)/lib/sysusers.d
completions_dir ?= $(datadir)/bash-completion/completions
doc_dir ?= $(datadir)/doc/vicar

# A package's scripts write the reader's entry, from $(datadir)/vicar: READER_ENTRY=no
READER_ENTRY ?= yes

INSTALL = install
CONTENTS = $(drivers_dir)/vicar.bundle/Contents
ENTRY = $(reader_conf_dir)/vicar
LIBPATH = $(drivers_dir)/serial/libifdvicar.so

# One word for each file: what it is, and what it is called there. Those that name other files are
# made from *.in.
installed = $(foreach file,$(1),$(file):$(2)/$(notdir $(file)))
INSTALLED_PROGRAMS = \
	$(call installed,$(USER_PROGRAMS:%=$(BUILD)/%),$(bindir)) \
	$(call installed,$(filter-out $(USER_PROGRAMS:%=$(BUILD)/%),$(PROGRAMS:%=$(BUILD)/%)),$(libexecdir))
INSTALLED_FILES = \
	Info.plist:$(CONTENTS)/Info.plist \
	$(BUILD)/libifdvicar.so:$(CONTENTS)/Linux/libifdvicar.so \
	$(BUILD)/vicar-pkcs11.so:$(module_dir)/vicar-pkcs11.so \
	packaging/vicar.module.in:$(p11_kit_dir)/vicar.module \
	packaging/reader.conf.in:$(datadir)/vicar/reader.conf \
	packaging/cmd-cifra-2026.cer:$(datadir)/vicar/cmd-cifra-2026.cer \
	packaging/vicard@.service.in:$(user_units_dir)/vicard@.service \
	packaging/vicard@.socket:$(user_units_dir)/vicard@.socket \
	packaging/vicar.tmpfiles:$(tmpfiles_dir)/vicar.conf \
	packaging/vicar.sysusers:$(sysusers_dir)/vicar.conf \
	packaging/vicar.bash-completion:$(completions_dir)/vicar \
	packaging/vicar.conf:$(doc_dir)/examples/vicar.conf \
	$(call installed,README.md SECURITY.md $(wildcard docs/*.md),$(doc_dir)) \
	$(foreach page,$(MAN_PAGES),$(page):$(mandir)/man$(patsubst .%,%,$(suffix $(page)))/$(notdir $(page))) \
	$(foreach mo,$(CATALOGUES),$(mo):$(patsubst $(BUILD)/%,$(datadir)/%,$(mo)))
INSTALLED_LINKS = \
	../vicar.bundle/Contents/Linux/libifdvicar.so:$(LIBPATH) \
	$(foreach program,$(filter-out vicar,$(USER_PROGRAMS)),vicar:$(completions_dir)/$(program))

FILL_IN = sed 's|@DRIVER@|$(LIBPATH)|; s|@MODULE@|$(p11_kit_module)|; s|@BINDIR@|$(bindir)|'
source-of = $(firstword $(subst :, ,$(1)))
target-of = $(lastword $(subst :, ,$(1)))

.PHONY: install uninstall
install: all
	@for pair in $(INSTALLED_PROGRAMS); do \
		$(INSTALL) -D "$${pair%%:*}" "$(DESTDIR)$${pair#*:}" || exit 1; done
	@for pair in $(INSTALLED_FILES); do \
		$(INSTALL) -D -m 644 "$${pair%%:*}" "$(DESTDIR)$${pair#*:}" || exit 1; \
		case $$pair in *.in:*) $(FILL_IN) "$${pair%%:*}" > "$(DESTDIR)$${pair#*:}" || exit 1;; esac; done
	@for pair in $(INSTALLED_LINKS); do \
		$(INSTALL) -d "$$(dirname "$(DESTDIR)$${pair#*:}")" && \
		ln -sf "$${pair%%:*}" "$(DESTDIR)$${pair#*:}" || exit 1; done
	@[ -e $(DESTDIR)$(sysconfdir)/vicar/vicar.conf ] || \
		$(INSTALL) -D -m 644 packaging/vicar.conf $(DESTDIR)$(sysconfdir)/vicar/vicar.conf
ifeq ($(READER_ENTRY),yes)
	@$(INSTALL) -d $(DESTDIR)$(reader_conf_dir)
	@$(FILL_IN) packaging/reader.conf.in > $(DESTDIR)$(ENTRY)
endif
	@[ -n "$(DESTDIR)" ] || echo "installed; now type: systemd-sysusers;" \
		"systemd-tmpfiles --create vicar.conf; systemctl restart pcscd"

# The reader's entry goes first: an entry without its library keeps pcscd from starting.
uninstall:
	@rm -f $(DESTDIR)$(ENTRY)
	@rm -f $(foreach pair,$(INSTALLED_LINKS) $(INSTALLED_FILES) $(INSTALLED_PROGRAMS),\
		"$(DESTDIR)$(call target-of,$(pair))")
	@rmdir -p --ignore-fail-on-non-empty $(addprefix $(DESTDIR),\
		$(CONTENTS)/Linux $(libexecdir) $(datadir)/vicar $(doc_dir)/examples) 2>/dev/null || true

# The Debian packages, into $(BUILD)/deb. They are built from a copy that has what git knows, so that
# nothing built before is in them.
DEB = $(BUILD)/deb
.PHONY: deb deb-run
deb: deps-deb
	@$(MAKE) --no-print-directory deb-run
deb-run:
	@rm -rf $(DEB)
	@mkdir -p $(DEB)/vicar-$(VERSION)
	@{ git ls-files -z --cached --others --exclude-standard 2>/dev/null || \
		find . -path ./$(BUILD) -prune -o -type f -print0; } | \
		tar --create --null --files-from=- | tar --extract --directory=$(DEB)/vicar-$(VERSION)
	@cp -r packaging/debian $(DEB)/vicar-$(VERSION)/debian
	cd $(DEB)/vicar-$(VERSION) && env -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS="parallel=2 $$DEB_BUILD_OPTIONS" \
		dpkg-buildpackage --build=binary --no-sign >../build.log 2>&1 || { tail -n 40 ../build.log >&2; exit 1; }
	@rm -r $(DEB)/vicar-$(VERSION)
	@ls $(DEB)/*.deb
