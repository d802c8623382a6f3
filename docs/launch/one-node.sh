#!/bin/bash
# All GPUs of one machine. Usage: bash one-node.sh RECIPE SHARDS [options of groundup train]
# A process that dies is started again with the others, up to three times; they go on from the last checkpoint.
set -euo pipefail
recipe=$1 shards=$2
shift 2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
exec torchrun --standalone --nproc-per-node "${GPUS:-gpu}" --max-restarts 3 \
    -m groundup train "$recipe" "$shards" --parallel "${PARALLEL:-ddp}" "$@"
