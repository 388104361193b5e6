#!/usr/bin/env bash
# docker.sh: the image of packaging/Dockerfile, where docker is; PG=17 the major.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! docker info >/dev/null 2>&1
then
	echo "skipped: no docker engine answers here" >&2
	exit 0
fi
exec docker build -f packaging/Dockerfile --build-arg "PG=${PG:-17}" -t "postgres-retention:${PG:-17}" .
