#!/bin/sh
# Installs the Debian packages that tests run against, without starting any service. Does nothing when all are there;
# without the rights or without apt it names them in one line, and the tests that need them will fail. With the word
# "benchmarks" also what only these need.
set -eu

PATH="$PATH:/usr/sbin:/sbin:/usr/lib/dovecot"
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done # Debian keeps the server's programs there
missing=""
need() { # command, package
    command -v "$1" >/dev/null 2>&1 || missing="$missing $2"
}

need smtp-sink postfix
need dovecot dovecot-imapd
need lmtp dovecot-lmtpd
need nginx nginx
need apache2 apache2
need caddy caddy
need postgres postgresql
need chromium chromium
need newsboat newsboat
need spamassassin spamassassin
need rspamd rspamd
need neomutt neomutt
need opendkim opendkim
need thunderbird thunderbird
need Xvfb xvfb
need node nodejs
need npm npm
[ "${1:-}" != benchmarks ] || need cc "gcc libc6-dev"

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "The tests need Debian's$missing: apt-get install --no-install-recommends$missing (as root)." >&2
    exit 0
fi

# A freshly installed service would start at once. This file forbids it; one that is there already is left alone.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT INT TERM
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections

export DEBIAN_FRONTEND=noninteractive
apt-get -qq -o DPkg::Lock::Timeout=300 update
# shellcheck disable=SC2086 # a list of packages
apt-get -qq -o DPkg::Lock::Timeout=300 install -y --no-install-recommends $missing >/dev/null
