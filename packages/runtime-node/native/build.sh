#!/usr/bin/env bash
# Builds the addon for this machine: needs a C compiler and Node's headers (NODE_INCLUDE, default those of the node on
# PATH). Downloads nothing. The hash of the source is kept beside the binary, and a test compares it.
set -euo pipefail
cd "$(dirname "$0")"
include=${NODE_INCLUDE:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node}
[ -f "$include/node_api.h" ] || { echo "no node_api.h in $include: set NODE_INCLUDE to Node's headers" >&2; exit 1; }
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
libc=glibc
if ldd --version 2>&1 | grep -qi musl; then libc=musl; fi
to=../prebuilds/linux-$arch-$libc
mkdir -p "$to"
"${CC:-cc}" -std=c11 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -shared -s -o "$to/batch-udp.node" -I "$include" batch-udp.c
sha256sum batch-udp.c | cut -d' ' -f1 > "$to/source.sha256"
echo "built $to/batch-udp.node ($(stat -c %s "$to/batch-udp.node") bytes)"
