#!/bin/bash
# All GPUs of one machine. Usage: bash one-node.sh RECIPE SHARDS [options of groundup train]
# A process that dies is started again with the others, up to three times; they go on from the last checkpoint.
set -euo pipefail
recipe=$1 shards=$2
shift 2
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-4}
export TORCH_ELASTIC_SHUTDOWN_TIMEOUT=300  # seconds for the last step, validation and save; torchrun would wait for 30
exec torchrun --standalone --nproc-per-node "${GPUS:-gpu}" --max-restarts 3 \
    -m groundup train "$recipe" "$shards" --parallel "${PARALLEL:-ddp}" "$@"
