#!/bin/sh
# Runs a program as process 1 of an empty root: empty-root.sh PROGRAM ARGUMENT...
#
# The root is read-only and holds the program, /proc, the CA bundle, the names that containers have, and the
# folder TEST_ROOT under the path that it has outside. The network and the current folder stay what they are.
# It is gone when the program ends. Needs the super-user.
set -eu

if [ "$1" != --inside ]; then
  # unshare waits for the program and ends as it does; whoever kills unshare kills the program too.
  exec unshare --mount --pid --fork --kill-child "$0" --inside "$@"
fi
shift

case $1 in
  /*) program=$1 ;;
  *) program=$(dirname "$0")/../../$1 ;;
esac
shift
here=$PWD
root=/mnt

mount -t tmpfs -o mode=755 none "$root"
mkdir -p "$root/proc" "$root/etc/ssl/certs" "$root$TEST_ROOT"
mount -t proc proc "$root/proc"
mount --bind "$TEST_ROOT" "$root$TEST_ROOT"
mkdir -p "$root$here"
touch "$root/mote"
mount --bind "$program" "$root/mote"
printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"; fi
mount -o remount,ro "$root"

exec unshare --root="$root" --wd="$here" /mote "$@"
