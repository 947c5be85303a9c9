#!/bin/sh
# Run once by PostgreSQL's image, on an empty volume: a user and a database each for Synapse and careConnect.
set -eu
for name in synapse careconnect; do
  # \getenv and :'password' quote it; it never stands on a command line.
  password=$(cat "${SECRETS:-/run/secrets}/${name}_password") psql -v ON_ERROR_STOP=1 -v name="$name" --username postgres <<'SQL'
\getenv password password
CREATE USER :"name" PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0;
SQL
done
