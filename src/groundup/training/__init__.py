"""Training: the loss, the loop that yields a Step, and `fit`, which runs the loop and writes the run folder.

Reading order: loss, optim, schedule, precision, team, loop; then tensors, manifest, checkpoint; then settings, log,
plot, tally, record, interrupt, fit; then, for several processes, launch, micro, distributed, sharded, store.
"""
