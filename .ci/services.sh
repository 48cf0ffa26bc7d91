#!/usr/bin/env bash
# What the tests of real services need, on Debian as root: a Docker engine, a static busybox for a tiny image,
# PostgreSQL, Slurm with munge and an SSH server, kubectl, a browser, and Node.js with npm. Run it as often as you like:
# what is there stays as it is. The tests start their own servers.
set -euo pipefail

wanted=()
command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ] || wanted+=(docker.io)
command -v docker >/dev/null || wanted+=(docker.io)
[ -x /bin/busybox ] || [ -x /usr/bin/busybox ] || wanted+=(busybox-static)
command -v iptables >/dev/null || [ -x /usr/sbin/iptables ] || wanted+=(iptables)
compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null || wanted+=(postgresql)
command -v slurmctld >/dev/null || [ -x /usr/sbin/slurmctld ] || wanted+=(slurm-wlm)
command -v munged >/dev/null || [ -x /usr/sbin/munged ] || wanted+=(munge)
command -v kubectl >/dev/null || wanted+=(kubernetes-client)
[ -x /usr/sbin/sshd ] || wanted+=(openssh-server)
command -v chromium-headless-shell >/dev/null || wanted+=(chromium-headless-shell)
command -v node >/dev/null || wanted+=(nodejs)
command -v npm >/dev/null || wanted+=(npm)

if [ ${#wanted[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        echo "tests of services are skipped here; to run them install: ${wanted[*]}" >&2
        exit 0
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Where the browser does not come without its windows, the whole one does.
    if ! apt-cache show chromium-headless-shell >/dev/null 2>&1; then
        wanted=("${wanted[@]/#chromium-headless-shell/chromium}")
    fi
    apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
fi
