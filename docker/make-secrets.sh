#!/bin/sh
# Makes the secrets that docker/compose.yaml mounts, in docker/secrets/; what is there already stays as it is.
#
# The directory is closed to others. The files in it are readable, because containers see them with the owner and the
# mode that they have here, and the programs in the containers are other users.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 0700 secrets

make() {
    if [ -e "secrets/$1" ]; then
        return
    fi
    (umask 0077 && "$2" >"secrets/$1.new")
    if [ ! -s "secrets/$1.new" ]; then
        echo "make-secrets.sh: openssl made nothing for $1" >&2
        exit 1
    fi
    chmod 0444 "secrets/$1.new"
    mv "secrets/$1.new" "secrets/$1"
    echo "made docker/secrets/$1"
}

random_word() {
    openssl rand -hex 32
}

# osTicket's salt has 32 characters; with an adopted database put the SECRET_SALT of its ost-config.php here instead.
salt() {
    openssl rand -hex 16
}

# A Fernet key: 32 bytes, base64 with - and _.
fernet_key() {
    openssl rand -base64 32 | tr '+/' '-_'
}

make db_password random_word
make secret_key random_word
make encryption_key fernet_key
make secret_salt salt

for name in tls_certificate tls_key; do
    [ -e "secrets/$name" ] || echo "profile nginx needs docker/secrets/$name (PEM, mode 0444), too"
done
echo "Keep a copy of docker/secrets with the backups of the database: one is worth nothing without the other."
