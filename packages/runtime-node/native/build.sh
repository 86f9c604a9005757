#!/usr/bin/env bash
# Builds the addons for this machine: needs a C compiler and Node's headers (NODE_INCLUDE, default those of the node on
# PATH). Downloads nothing. The hashes of the sources are kept beside the binaries, and a test compares them.
set -euo pipefail
cd "$(dirname "$0")"
include=${NODE_INCLUDE:-$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")/include/node}
[ -f "$include/node_api.h" ] || { echo "no node_api.h in $include: set NODE_INCLUDE to Node's headers" >&2; exit 1; }
case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) arch=$(uname -m) ;; esac
libc=glibc
if ldd --version 2>&1 | grep -qi musl; then libc=musl; fi
to=../prebuilds/linux-$arch-$libc
mkdir -p "$to"
for name in batch-udp batch-tcp; do
  "${CC:-cc}" -std=c11 -O2 -fPIC -fvisibility=hidden -Wall -Wextra -Werror -shared -s -o "$to/$name.node" -I "$include" "$name.c"
  echo "built $to/$name.node ($(stat -c %s "$to/$name.node") bytes)"
done
sha256sum batch.h batch-udp.c batch-tcp.c > "$to/source.sha256"
