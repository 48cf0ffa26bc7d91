#!/usr/bin/env bash
# Build the engine's image without any registry, out of this machine's Python and the environment that has
# skillbank with its extra engine: engine-image/build_local.sh [NAME]. Elsewhere use engine-image/Dockerfile.
set -euo pipefail
cd "$(dirname "$0")/.."
name="${1:-skillbank-engine:local}"
python="${PYTHON:-.venv/bin/python}"
"$python" engine-image/local_root.py | docker import \
    --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin' \
    --change 'ENV PYTHONUNBUFFERED=1' \
    --change 'WORKDIR /tmp' \
    --change 'CMD ["grounding_dino", "--help"]' \
    - "$name"
