#!/bin/bash
# The same on several machines: run it on each of them, with one MASTER (the first machine's name) and NODES (how many).
# runs/ and the shards must lie on a disk that all of them see. A machine may fail and come back: the others wait for it.
# ID tells one launch from another: the same on all machines; another one to begin anew with --overwrite.
# Usage: MASTER=node1 NODES=4 bash many-nodes.sh RECIPE SHARDS [options of groundup train]
set -euo pipefail
recipe=$1 shards=$2
shift 2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=300  # seconds for the last step, validation and save; torchrun would wait for 30
export TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1  # each attempt meets anew; machines do not agree on how many there were
exec torchrun --nnodes "$NODES" --nproc-per-node "${GPUS:-gpu}" --max-restarts 3 \
    --rdzv-backend c10d --rdzv-endpoint "$MASTER:${PORT:-29500}" --rdzv-id "${ID:-groundup}" \
    -m groundup train "$recipe" "$shards" --parallel "${PARALLEL:-fsdp}" "$@"
